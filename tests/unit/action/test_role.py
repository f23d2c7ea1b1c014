# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role tells survives what happens while it runs."""

from __future__ import annotations

import json
import pathlib
import subprocess
import threading
import time
from typing import Any

import pytest
import yaml
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import PLAYBOOK, settings

PREFIX = "private_ip_cleanup_"


def run(sim: Simulator, directory: pathlib.Path, *options: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    """Run the role over everything in the simulated cloud."""
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/edgecloud.nic.all": {"endpoint": sim.url, **sim.account("zec")}},
        "tasks": [
            {"ansible.builtin.include_role": {"name": "edgecloud.nic.private_ip_cleanup"}},
            {"ansible.builtin.debug": {"msg": "{{ private_ip_cleanup_result | to_json }}"}},
        ],
    }
    file = directory / "playbook.yml"
    file.write_text(yaml.safe_dump([play]), encoding="utf-8")
    given = {"provider": "zec", "all_network_interfaces": True, "report_dir": str(directory / "reports"), **variables}
    extra = {f"{PREFIX}{name}": value for name, value in given.items()}
    return subprocess.run(
        [*PLAYBOOK, "--extra-vars", json.dumps(extra), *options, str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=settings(directory),
    )


def report(directory: pathlib.Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((directory / "reports" / "report.json").read_text(encoding="utf-8"))
    return content


@pytest.fixture
def small_cloud(sim: Simulator) -> Simulator:
    sim.load({"zec": {"generate": {"network_interfaces": 3, "secondary_private_ips": 2}}})
    return sim


def test_a_report_that_cannot_be_written_costs_no_word_and_the_same_again_writes_it(
    small_cloud: Simulator, tmp_path: pathlib.Path
) -> None:
    planned = run(small_cloud, tmp_path, plan_file="plan.json")
    assert planned.returncode == 0, planned.stdout
    digest = report(tmp_path)["plan_digest"]
    page = tmp_path / "reports" / "report.html"

    def put_a_directory_in_its_place() -> None:
        while not small_cloud.calls(write=True):
            time.sleep(0.02)
        page.unlink()
        (page / "x").mkdir(parents=True)

    threading.Thread(target=put_a_directory_in_its_place, daemon=True).start()
    applying = {"mode": "apply", "plan_file": "plan.json", "approved": digest, "batch_size": 1}
    applied = run(small_cloud, tmp_path, **applying)
    assert applied.returncode == 2, applied.stdout
    assert "Unassigned 6 addresses on 3 network interfaces; not all of the record could be written" in applied.stdout
    assert "report.html: Is a directory" in applied.stdout
    assert report(tmp_path)["totals"]["unassigned"] == 6

    (page / "x").rmdir()
    page.rmdir()
    again = run(small_cloud, tmp_path, **applying)
    assert again.returncode == 0, again.stdout
    assert "Unassigned 6 addresses (6 of them by an earlier run)" in again.stdout
    assert page.is_file()
    assert len(small_cloud.calls(write=True)) == 3
    assert "applied to its end" in run(small_cloud, tmp_path, **applying).stdout


def test_planning_shows_its_diff_and_the_command_that_applies_it(
    small_cloud: Simulator, tmp_path: pathlib.Path
) -> None:
    planned = run(small_cloud, tmp_path, "--diff", plan_file="plan.json", set_stats=True)
    plan = json.loads((tmp_path / "reports" / "plan.json").read_text(encoding="utf-8"))
    assert '-    "10.0.0.3",' in planned.stdout
    assert "changed=0" in planned.stdout
    assert f"-e private_ip_cleanup_mode=apply -e private_ip_cleanup_approved={plan['digest']}" in planned.stdout
    assert "secret" not in planned.stdout
    assert plan["digest"] == report(tmp_path)["plan_digest"]


@pytest.mark.parametrize("name", ["begun", "checked", "prepared", "batches", "module", "item", "anything"])
def test_nothing_takes_the_place_of_what_the_role_finds_out(
    small_cloud: Simulator, tmp_path: pathlib.Path, name: str
) -> None:
    value = json.dumps({f"__private_ip_cleanup_{name}": {"batches": []}})
    refused = run(small_cloud, tmp_path, "--extra-vars", value, mode="apply")
    assert refused.returncode == 2
    assert f"__private_ip_cleanup_{name} is the role's own, and cannot be set; nothing was changed" in refused.stdout
    assert small_cloud.calls() == []
