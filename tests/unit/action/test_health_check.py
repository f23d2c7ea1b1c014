# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Between two batches a run goes on only once the user's health check has passed, and is one run all the same."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
from typing import Any

import pytest
import yaml
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.test_role import report, run

Tasks = list[dict[str, Any]]
#: Passes until somebody creates a file.
ASK: Tasks = [
    {
        "name": "Ask the shop",
        "ansible.builtin.assert": {"that": "not lookup('ansible.builtin.fileglob', playbook_dir ~ '/down')"},
    }
]
RESULT = re.compile(r'"msg": (.*)$', re.MULTILINE)


@pytest.fixture
def cloud_of_ten(sim: Simulator) -> Simulator:
    sim.load({"zec": {"generate": {"network_interfaces": 10, "secondary_private_ips": 1}}})
    return sim


def written_to(sim: Simulator) -> list[str]:
    """Give the network interfaces that were written to, in order."""
    return [call["network_interface_ids"][0] for call in sim.calls(write=True)]


def nics(*numbers: int) -> list[str]:
    return [f"nic-sim-{number:06}" for number in numbers]


def apply(
    sim: Simulator, directory: pathlib.Path, health_check: Tasks | None, *options: str, **variables: Any
) -> subprocess.CompletedProcess[str]:
    """Plan and apply in one go, in the batches of one, four and five."""
    if health_check is not None:
        (directory / "health.yml").write_text(yaml.safe_dump(health_check, sort_keys=False), encoding="utf-8")
        variables.setdefault("health_check", "health.yml")
    return run(sim, directory, *options, mode="apply", concurrency=1, batch_size=[1, 4, 20], **variables)


def test_a_health_check_that_fails_ends_the_run_by_name_and_the_same_again_goes_on(
    cloud_of_ten: Simulator, tmp_path: pathlib.Path
) -> None:
    failing: Tasks = [
        {
            "name": "Ask the shop",
            "ansible.builtin.fail": {"msg": "the shop is down"},
            "when": "private_ip_cleanup_result.totals.unassigned == 5",
        }
    ]
    run(cloud_of_ten, tmp_path, plan_file="plan.json")
    variables: dict[str, Any] = {"plan_file": "plan.json", "approved": report(tmp_path)["plan_digest"]}
    cloud_of_ten.clear_calls()
    ended = apply(cloud_of_ten, tmp_path, failing, **variables)
    assert ended.returncode == 2, ended.stdout
    reason = "the health check after batch 2 of 3 (5 of 10 network interfaces) failed: Ask the shop: the shop is down"
    message = (
        f"Unassigned 5 addresses, and did not settle 5 (5 not attempted): {reason}; running the same again continues"
    )
    assert f"{settled}: {reason}; running the same again continues" in ended.stdout
    assert written_to(cloud_of_ten) == nics(1, 2, 3, 4, 5)
    content = report(tmp_path)
    assert content["error"] == reason
    assert [row["message"] for row in content["addresses"] if row["outcome"] == "not_attempted"] == [reason] * 5
    assert {row["run"] for row in content["addresses"] if row["outcome"] == "unassigned"} == {"this"}

    cloud_of_ten.clear_calls()
    again = apply(cloud_of_ten, tmp_path, ASK, **variables)
    assert again.returncode == 0, again.stdout
    assert "Unassigned 10 addresses (5 of them by an earlier run) on 10 network interfaces" in again.stdout
    assert written_to(cloud_of_ten) == nics(6, 7, 8, 9, 10)


def role_runs(directory: pathlib.Path) -> set[str]:
    lines = (directory / "reports" / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    return {entry["run"] for entry in map(json.loads, lines) if "plan" in entry}


def comparable(content: dict[str, Any]) -> dict[str, Any]:
    """Give what a report says but for what no two runs have in common."""
    rows = [{**row, "request_id": None} for row in content["addresses"]]
    totals = {name: value for name, value in content["totals"].items() if name != "seconds"}
    return {**content, "addresses": rows, "totals": totals, "created": None, "plan_created": None, "plan_digest": None}


def test_a_run_with_health_checks_is_the_same_run(cloud_of_ten: Simulator, tmp_path: pathlib.Path) -> None:
    told = []
    for health_check in (None, ASK):
        cloud_of_ten.load({"zec": {"generate": {"network_interfaces": 10, "secondary_private_ips": 1}}})
        done = apply(cloud_of_ten, tmp_path, health_check, keep=["10.0.0.3"])
        assert done.returncode == 0, done.stdout
        calls = [(call["action"], call["network_interface_ids"]) for call in cloud_of_ten.calls()]
        told.append((calls, comparable(report(tmp_path)), re.findall(r"\[localhost\] .*", done.stderr)))
        result = json.loads(json.loads(RESULT.findall(done.stdout)[-1]))
        assert result["totals"] == report(tmp_path)["totals"]
    assert told[1] == told[0]
    assert len(role_runs(tmp_path)) == 2
