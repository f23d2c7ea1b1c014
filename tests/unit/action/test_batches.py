# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of the role goes from batch to batch only as it was told to."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.test_role import report, run


@pytest.fixture
def cloud_of_ten(sim: Simulator) -> Simulator:
    sim.load({"zec": {"generate": {"network_interfaces": 10, "secondary_private_ips": 1}}})
    return sim


def written_to(sim: Simulator) -> list[str]:
    """Give the network interfaces that were written to, in order."""
    return [call["network_interface_ids"][0] for call in sim.calls(write=True)]


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


def test_a_ramp_ends_with_a_batch_that_left_something_unknown(cloud_of_ten: Simulator, tmp_path: pathlib.Path) -> None:
    # The cloud takes the call, and still shows the address when the time to wait is over.
    cloud_of_ten.set(removal_lag=60)
    ended = run(cloud_of_ten, tmp_path, mode="apply", batch_size=[1, 20], wait_timeout=0.5)
    assert "did not settle 10 (1 unknown, 9 not attempted)" in ended.stdout
    assert "the ramp ended with batch 1 of 2" in ended.stdout
    assert written_to(cloud_of_ten) == ["nic-sim-000001"]


def test_with_a_single_number_a_batch_that_fails_holds_back_no_other(
    cloud_of_ten: Simulator, tmp_path: pathlib.Path
) -> None:
    cloud_of_ten.set(refuse=[{"network_interface_id": "nic-sim-000001", "code": "OPERATION_DENIED_BY_POLICY"}])
    ended = run(cloud_of_ten, tmp_path, mode="apply", batch_size="10%")
    assert "Unassigned 9 addresses, and did not settle 1 (1 failed)" in ended.stdout
    assert "the ramp ended" not in ended.stdout
    assert set(written_to(cloud_of_ten)) == {f"nic-sim-{n:06}" for n in range(1, 11)}


@pytest.mark.parametrize("size", ["20 %", [1, "0%"]])
def test_a_size_of_batches_that_is_none_is_refused_before_anything_is_read(
    cloud_of_ten: Simulator, tmp_path: pathlib.Path, size: Any
) -> None:
    refused = run(cloud_of_ten, tmp_path, mode="apply", batch_size=size)
    assert "private_ip_cleanup_batch_size must be 1 or more, a share from 1% to 100%" in refused.stdout
    assert cloud_of_ten.calls() == []
