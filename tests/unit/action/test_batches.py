# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of the role goes from batch to batch only as it was told to."""

from __future__ import annotations

import os
import pathlib
import re
import signal
import time
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import started, written_to
from ansible_collections.edgecloud.nic.tests.unit.action.processes import alive, family, wait_until
from ansible_collections.edgecloud.nic.tests.unit.action.test_role import PREFIX, report, run


@pytest.mark.matrix
def test_a_ramp_ends_with_the_batch_that_fails_and_the_same_again_continues(
    cloud_of_ten: Simulator, tmp_path: pathlib.Path
) -> None:
    run(cloud_of_ten, tmp_path, plan_file="plan.json")
    applying: dict[str, Any] = {
        "mode": "apply",
        "plan_file": "plan.json",
        "approved": report(tmp_path)["plan_digest"],
        "batch_size": [1, "30%", 200],
        "concurrency": 1,
    }
    cloud_of_ten.set(refuse=[{"network_interface_id": "nic-sim-000003", "code": "OPERATION_DENIED_BY_POLICY"}])
    ended = run(cloud_of_ten, tmp_path, **applying)
    assert ended.returncode == 2
    assert "Unassigned 3 addresses, and did not settle 7 (1 failed, 6 not attempted): 10.0.0." in ended.stdout
    ending = "the ramp ended with batch 2 of 3, which failed, after 4 of 10 network interfaces"
    assert f"OPERATION_DENIED_BY_POLICY: The request was refused; {ending}; running the same again" in ended.stdout
    assert ended.stderr.count("network interfaces done") == 2
    # In a batch the others are not held back, and of the batches after it nothing is tried.
    assert set(written_to(cloud_of_ten)) == {f"nic-sim-00000{n}" for n in range(1, 5)}
    content = report(tmp_path)
    assert content["error"] == ending
    assert [row["message"] for row in content["addresses"] if row["outcome"] == "not_attempted"] == [ending] * 6

    cloud_of_ten.set(refuse=[])
    cloud_of_ten.clear_calls()
    again = run(cloud_of_ten, tmp_path, **applying)
    assert again.returncode == 0, again.stdout
    assert "Unassigned 10 addresses (3 of them by an earlier run) on 10 network interfaces" in again.stdout
    assert written_to(cloud_of_ten) == ["nic-sim-000003", *(f"nic-sim-{n:06}" for n in range(5, 11))]
    done = re.findall("([0-9]+) of 7 network interfaces done", again.stderr)
    assert done == ["1", "4", "7"]


@pytest.mark.matrix
def test_a_ramp_ends_with_a_batch_that_left_something_unknown(cloud_of_ten: Simulator, tmp_path: pathlib.Path) -> None:
    # The cloud takes the call, and still shows the address when the time to wait is over.
    cloud_of_ten.set(removal_lag=60)
    ended = run(cloud_of_ten, tmp_path, mode="apply", batch_size=[1, 20], wait_timeout=0.5)
    assert "did not settle 10 (1 unknown, 9 not attempted)" in ended.stdout
    assert "the ramp ended with batch 1 of 2" in ended.stdout
    assert written_to(cloud_of_ten) == ["nic-sim-000001"]


@pytest.mark.matrix
def test_with_a_single_number_a_batch_that_fails_holds_back_no_other(
    cloud_of_ten: Simulator, tmp_path: pathlib.Path
) -> None:
    cloud_of_ten.set(refuse=[{"network_interface_id": "nic-sim-000001", "code": "OPERATION_DENIED_BY_POLICY"}])
    ended = run(cloud_of_ten, tmp_path, mode="apply", batch_size="10%")
    assert "Unassigned 9 addresses, and did not settle 1 (1 failed)" in ended.stdout
    assert "the ramp ended" not in ended.stdout
    assert set(written_to(cloud_of_ten)) == {f"nic-sim-{n:06}" for n in range(1, 11)}


@pytest.mark.parametrize("size", ["20 %", pytest.param([1, "0%"], marks=pytest.mark.matrix)])
def test_a_size_of_batches_that_is_none_is_refused_before_anything_is_read(
    cloud_of_ten: Simulator, tmp_path: pathlib.Path, size: Any
) -> None:
    refused = run(cloud_of_ten, tmp_path, mode="apply", batch_size=size)
    assert "private_ip_cleanup_batch_size must be 1 or more, a share from 1% to 100%" in refused.stdout
    assert cloud_of_ten.calls() == []


@pytest.mark.matrix
def test_a_pause_is_between_batches_and_not_in_check_mode(cloud_of_ten: Simulator, tmp_path: pathlib.Path) -> None:
    variables: dict[str, Any] = {"mode": "apply", "batch_size": [4, 5, 1], "pause": 2.5}
    run(cloud_of_ten, tmp_path, "--check", mode="apply", batch_size=1, pause=80000)
    assert cloud_of_ten.calls(write=True) == []
    done = run(cloud_of_ten, tmp_path, **variables)
    assert done.returncode == 0, done.stdout
    starts = [call["started"] for call in cloud_of_ten.calls(write=True)]
    assert [number for number, (a, b) in enumerate(zip(starts, starts[1:], strict=False), 1) if b - a >= 2.5] == [4, 9]


@pytest.mark.matrix
def test_the_time_limit_of_a_task_ends_a_pause_and_not_its_account(
    cloud_of_ten: Simulator, tmp_path: pathlib.Path
) -> None:
    keywords = {"timeout": 15}
    ended = run(cloud_of_ten, tmp_path, keywords=keywords, mode="apply", batch_size=[1, 9], pause=100)
    message = "Unassigned 1 address, and did not settle 9 (9 not attempted)"
    assert re.search(f"{re.escape(message)}.*the time limit of the task has passed", ended.stdout), ended.stdout
    assert report(tmp_path)["totals"]["not_attempted"] == 9
    assert written_to(cloud_of_ten) == ["nic-sim-000001"]


@pytest.mark.matrix
@pytest.mark.parametrize(
    "group",
    [
        pytest.param(False, id="ansible-playbook"),
        pytest.param(True, id="its process group", marks=pytest.mark.matrix),
    ],
)
@pytest.mark.parametrize(
    "name", ["SIGTERM", *(pytest.param(name, marks=pytest.mark.matrix) for name in ("SIGKILL", "SIGHUP", "SIGINT"))]
)
def test_whoever_ends_ansible_playbook_in_a_pause_ends_the_run_at_once(
    cloud_of_ten: Simulator, tmp_path: pathlib.Path, name: str, group: bool
) -> None:
    run(cloud_of_ten, tmp_path, plan_file="plan.json")
    approved = report(tmp_path)["plan_digest"]
    applying: dict[str, Any] = {"mode": "apply", "plan_file": "plan.json", "approved": approved, "batch_size": [2, 20]}
    extra = {"provider": "zec", "report_dir": str(tmp_path / "reports"), "pause": 4, **applying}
    with started(tmp_path, {f"{PREFIX}{key}": value for key, value in extra.items()}) as playbook:
        wait_until(lambda: b"2 of 10 network interfaces done" in (tmp_path / "output.txt").read_bytes(), 60)
        processes = family(playbook.pid)
        (os.killpg if group else os.kill)(playbook.pid, getattr(signal, name))
        wait_until(lambda: playbook.poll() is not None and not any(map(alive, processes)), 3)
    time.sleep(4)
    assert sorted(written_to(cloud_of_ten)) == ["nic-sim-000001", "nic-sim-000002"]
    again = run(cloud_of_ten, tmp_path, **applying)
    assert "Unassigned 10 addresses (2 of them by an earlier run) on 10 network interfaces" in again.stdout
