# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user does first, with the installed ansible-core: ad hoc, a loop, the role; in the worker and as a process."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
from typing import Any

import pytest
import yaml
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import PLAYBOOK, WAYS, settings

NIC = "nic-hongkong-game-1"


def run(directory: pathlib.Path, here: bool, *command: str, **variables: Any) -> str:
    """Run a command of ansible-core with these variables; it is to succeed and to have nothing to complain about."""
    ways = {"edgecloud_nic_in_process": here, "edgecloud_nic_in_process_cleanup": here}
    done = subprocess.run(
        [*command, "--extra-vars", json.dumps({**ways, **variables})],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        cwd=directory,
        env=settings(directory),
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    for trouble in ("Traceback", "DEPRECATION WARNING", "[WARNING]", "has a bug"):
        assert trouble not in output, output
    return output


def write(directory: pathlib.Path, *tasks: dict[str, Any], **defaults: Any) -> str:
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/edgecloud.nic.zec": defaults},
        "tasks": list(tasks),
    }
    path = directory / "playbook.yml"
    path.write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    return str(path)


def changed(output: str) -> int:
    found = re.search(r"changed=(\d+) .*failed=0", output)
    assert found, output
    return int(found.group(1))


@pytest.mark.parametrize("here", [True, False], ids=["in the worker", "as a process"])
def test_ad_hoc(sim: Simulator, tmp_path: pathlib.Path, here: bool) -> None:
    _primary, (first, *others) = sim.addresses(NIC)
    options = {
        "nic_id": NIC,
        "private_ip_addresses": [first],
        "state": "absent",
        "endpoint": sim.url,
        **sim.account("zec"),
    }
    command = (sys.executable, "-m", "ansible", "adhoc", "localhost", "-m", "edgecloud.nic.zec_private_ip", "-a")
    assert "CHANGED" in run(tmp_path, here, *command, json.dumps(options))
    assert "SUCCESS" in run(tmp_path, here, *command, json.dumps(options))
    assert sim.addresses(NIC)[1] == others


@WAYS
def test_a_loop_with_diff(sim: Simulator, tmp_path: pathlib.Path, here: bool) -> None:
    task = {
        "edgecloud.nic.zec_private_ip": {
            "network_interface_id": NIC,
            "private_ip_addresses": ["{{ item }}"],
            "state": "absent",
        },
        "loop": sim.addresses(NIC)[1][:2],
    }
    playbook = write(tmp_path, task, endpoint=sim.url, **sim.account("zec"))
    rest = sim.addresses(NIC)[1][2:]
    assert changed(run(tmp_path, here, *PLAYBOOK, playbook, "--diff")) == 1
    assert changed(run(tmp_path, here, *PLAYBOOK, playbook, "--diff")) == 0
    assert sim.addresses(NIC)[1] == rest


@WAYS
def test_the_role_plans_and_applies(sim: Simulator, tmp_path: pathlib.Path, here: bool) -> None:
    sim.load({"zec": {"generate": {"network_interfaces": 3, "secondary_private_ips": 2}}})
    role = {"ansible.builtin.include_role": {"name": "edgecloud.nic.private_ip_cleanup"}}
    playbook = write(tmp_path, role, endpoint=sim.url, **sim.account("zec"))
    variables = {
        "private_ip_cleanup_provider": "zec",
        "private_ip_cleanup_all_network_interfaces": True,
        "private_ip_cleanup_report_dir": str(tmp_path / "report"),
        "private_ip_cleanup_plan_file": str(tmp_path / "plan.json"),
    }
    run(tmp_path, here, *PLAYBOOK, playbook, "--diff", **variables)
    assert sim.calls(write=True) == []
    plan = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    if "digest" in plan:
        variables["private_ip_cleanup_approved"] = plan["digest"]
    applied = {**variables, "private_ip_cleanup_mode": "apply"}
    assert changed(run(tmp_path, here, *PLAYBOOK, playbook, "--diff", **applied)) > 0
    assert len(sim.calls(write=True)) == 3
