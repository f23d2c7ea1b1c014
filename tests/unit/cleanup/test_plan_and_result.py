# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cleanup tells: one shape of plan, outcomes, summary and diff, the same before and after."""

from __future__ import annotations

import math
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import (
    OUTCOMES,
    Scene,
    accounted,
    by_id,
    digest,
    nothing,
    planned,
)
from ansible_collections.edgecloud.nic.tests.unit.clouds import READ

RESULT = {"changed", "endpoint", "plan", "plan_digest", "network_interfaces", "outcomes", "summary", "diff"}
RESULT |= {"account", "limits", "stopped", "uncertain"}
SUMMARY = {
    *OUTCOMES,
    "network_interfaces_read",
    "network_interfaces_planned",
    "api_calls",
    "throttled_calls",
    "seconds",
}


def load(scene: Scene, **more: Any) -> None:
    """Two network interfaces with something to remove, one of them with an address behind a load balancer."""
    scene.load(
        scene.nic(2, 2),
        scene.nic(1, 3),
        scene.nic(3, 0),
        load_balancers=[scene.balancer((2, scene.secondary(2, 2)))],
        **more,
    )


def test_the_result_has_the_documented_shape(scene: Scene) -> None:
    load(scene)
    result = scene.all(keep=[scene.secondary(1, 2)])
    assert set(result) == RESULT
    assert result["changed"] is True
    assert result["endpoint"] == scene.sim.host_port
    assert result["network_interfaces"] == [
        {"network_interface_id": scene.id(number), "name": f"host-{number}", "region_id": "region-1"}
        for number in (1, 2)
    ]
    assert result["plan"] == [
        scene.target(1, scene.secondary(1, 1), scene.secondary(1, 3)),
        scene.target(2, scene.secondary(2, 1)),
    ]
    assert result["outcomes"] == [
        {
            "network_interface_id": scene.id(1),
            **nothing(),
            "unassigned": [scene.secondary(1, 1), scene.secondary(1, 3)],
            "kept": [{"private_ip_address": scene.secondary(1, 2), "reason": "keep"}],
        },
        {
            "network_interface_id": scene.id(2),
            **nothing(),
            "unassigned": [scene.secondary(2, 1)],
            "in_use": [{"private_ip_address": scene.secondary(2, 2), "kind": "load_balancer", "id": "lb-1"}],
        },
    ]
    assert result["diff"] == {
        "before": {
            scene.id(1): [scene.secondary(1, index) for index in (1, 2, 3)],
            scene.id(2): [scene.secondary(2, index) for index in (1, 2)],
        },
        "after": {scene.id(1): [scene.secondary(1, 2)], scene.id(2): [scene.secondary(2, 2)]},
    }
    summary = result["summary"]
    assert set(summary) == SUMMARY
    assert {name: summary[name] for name in SUMMARY - {"api_calls", "seconds"}} == {
        **dict.fromkeys(OUTCOMES, 0),
        "unassigned": 3,
        "kept": 1,
        "in_use": 1,
        "network_interfaces_read": 3,
        "network_interfaces_planned": 2,
        "throttled_calls": 0,
    }
    assert summary["api_calls"] == scene.sim.counts()
    assert 0 < summary["seconds"] < 30


def test_check_mode_only_reads_and_predicts_the_run(scene: Scene) -> None:
    load(scene)
    predicted = scene.all(check_mode=True)
    assert scene.writes() == []
    assert predicted["summary"]["api_calls"] == scene.sim.counts()
    real = scene.all()
    for part in ("changed", "plan", "plan_digest", "outcomes", "diff"):
        assert predicted[part] == real[part], part


def test_the_digest_is_what_anybody_can_compute_from_the_plan(scene: Scene) -> None:
    # 10.0.1.9 comes before 10.0.1.10 as a number, not as a text.
    scene.load(
        scene.nic(1, 0, primary_private_ip="10.0.1.200", secondary_private_ips=["10.0.1.10", "10.0.1.9", "10.0.1.100"]),
        scene.nic(2, 1),
    )
    result = scene.all(check_mode=True)
    assert result["plan"][0]["private_ip_addresses"] == ["10.0.1.9", "10.0.1.10", "10.0.1.100"]
    assert result["plan_digest"] == digest(result["plan"])
    assert result["plan_digest"] == digest(result["plan"][::-1])


def test_a_second_run_changes_and_writes_nothing(scene: Scene) -> None:
    load(scene)
    scene.all()
    again = scene.all()
    assert (again["changed"], again["plan"], again["diff"]) == (False, [], {"before": {}, "after": {}})
    assert scene.writes() == []


def test_nothing_to_do_is_told_as_such(scene: Scene) -> None:
    scene.load(scene.nic(1, 0), scene.nic(2, 0))
    result = scene.all()
    assert (result["changed"], result["plan"], result["outcomes"]) == (False, [], [])
    assert result["plan_digest"] == digest([])
    assert scene.sim.counts() == {READ: 1}


@pytest.mark.parametrize("number", [1, 49, 50, 51, 120])
def test_reads_are_counted_by_pages_and_writes_by_network_interfaces(scene: Scene, number: int) -> None:
    scene.load(*(scene.nic(index, 2) for index in range(1, number + 1)), scene.nic(number + 1, 0))
    result = scene.all()
    assert result["summary"]["unassigned"] == 2 * number
    assert scene.count(scene.cloud.write) == number
    reads = [len(call["network_interface_ids"]) for call in scene.sim.calls(READ)]
    assert reads.count(0) == math.ceil((number + 1) / 50)
    assert sum(1 for size in reads if size) == math.ceil(number / 50)
    assert sum(reads) == number  # each changed network interface is read once more, and no other
    assert max(reads) <= 50


def test_reads_by_id_come_in_batches_too(scene: Scene) -> None:
    scene.load(*(scene.nic(index, 1) for index in range(1, 121)))
    scene.good(network_interface_ids=[scene.id(index) for index in range(1, 121)], check_mode=True)
    assert [len(call["network_interface_ids"]) for call in scene.sim.calls(READ)].count(50) == 2
    assert scene.count(READ) == 3


def test_without_waiting_nothing_is_read_again(scene: Scene) -> None:
    scene.load(*(scene.nic(index, 1) for index in range(1, 11)), settings={"removal_lag": 30})
    result = scene.all(wait=False)
    assert result["summary"]["unassigned"] == 10
    assert scene.count(READ) == 1


def test_a_removal_that_shows_late_is_waited_for(scene: Scene) -> None:
    scene.load(*(scene.nic(index, 2) for index in range(1, 6)), settings={"removal_lag": 0.4})
    result = scene.all()
    assert result["summary"]["unassigned"] == 10
    assert scene.count(scene.cloud.write) == 5
    assert 2 < scene.count(READ) < 8


def test_a_run_right_after_another_one_sees_addresses_that_are_gone_and_succeeds(scene: Scene) -> None:
    """A run that was killed, and the one that follows it while the cloud still shows what the first has removed."""
    scene.load(*(scene.nic(index, 2) for index in range(1, 4)), settings={"removal_lag": 0.5})
    scene.all(wait=False)
    result = scene.all()
    assert (result["changed"], result["summary"]["already_absent"]) == (False, 6)


def test_a_removal_that_never_shows_is_unknown_and_fails(scene: Scene) -> None:
    scene.load(scene.nic(1, 2), settings={"removal_lag": 600})
    report = scene.run(all_network_interfaces=True, wait_timeout=0.5)
    assert report.message is not None
    entry = by_id(report.result)[scene.id(1)]
    assert [detail["private_ip_address"] for detail in entry["unknown"]] == [
        scene.secondary(1, 1),
        scene.secondary(1, 2),
    ]
    assert set(entry["unknown"][0]) == {"private_ip_address", "code", "message", "request_id", "accepted"}
    assert entry["unknown"][0]["accepted"] is True
    assert entry["unknown"][0]["request_id"] == scene.writes()[0]["request_id"]
    assert report.result["changed"] is True
    assert report.result["diff"]["after"] == {scene.id(1): []}
    assert scene.count(scene.cloud.write) == 1


def test_one_refused_address_does_not_hold_back_the_others(scene: Scene) -> None:
    refused = scene.secondary(2, 3)
    scene.load(
        scene.nic(1, 3),
        scene.nic(2, 5),
        settings={
            "refuse": [
                {
                    "network_interface_id": scene.id(2),
                    "private_ip_address": refused,
                    "code": scene.cloud.refusal[0],
                    "message": "Not this one.",
                }
            ]
        },
    )
    report = scene.run(all_network_interfaces=True)
    assert report.message is not None
    assert f"{refused} on {scene.id(2)}: {scene.cloud.refusal[0]}: Not this one." in report.message
    failed = by_id(report.result)[scene.id(2)]["failed"]
    assert [(entry["private_ip_address"], entry["code"], entry["message"]) for entry in failed] == [
        (refused, scene.cloud.refusal[0], "Not this one.")
    ]
    assert failed[0]["request_id"] in [call["request_id"] for call in scene.writes()]
    assert report.result["changed"] is True
    assert report.result["diff"]["after"] == {scene.id(1): [], scene.id(2): [refused]}
    assert scene.secondaries(2) == [refused]
    outcomes = accounted(report.result)
    assert set(outcomes) >= planned(report.result)


def test_what_a_refused_list_has_done_is_not_told_without_a_read(scene: Scene) -> None:
    """It is documented nowhere whether a cloud carries out the part of a list that it does not refuse."""
    refused = scene.secondary(1, 2)
    scene.load(
        scene.nic(1, 3),
        settings={
            "mixed_list": "partial",
            "refuse": [
                {"network_interface_id": scene.id(1), "private_ip_address": refused, "code": scene.cloud.refusal[0]}
            ],
        },
    )
    scene.sim.add_fault(kind="html", match={"action": READ}, skip=1, times=2)
    report = scene.run(all_network_interfaces=True, max_retries=1)
    assert scene.secondaries(1) == [refused]
    outcomes = accounted(report.result)
    for index in (1, 3):
        assert outcomes[scene.id(1), scene.secondary(1, index)] in ("unassigned", "unknown")
    assert outcomes[scene.id(1), refused] in ("failed", "unknown")


@pytest.mark.parametrize("size", [8, 32, 128])
def test_a_refusal_of_one_among_many_is_isolated_in_a_logarithm_of_calls(scene: Scene, size: int) -> None:
    refused = scene.secondary(1, size // 3)
    scene.load(
        scene.nic(1, size),
        settings={
            "refuse": [
                {
                    "network_interface_id": scene.id(1),
                    "private_ip_address": refused,
                    "code": scene.cloud.refusal[0],
                }
            ]
        },
    )
    assert scene.run(all_network_interfaces=True).message is not None
    assert scene.secondaries(1) == [refused]
    assert len(scene.writes()) <= 2 * (math.ceil(math.log2(size)) + 1)


@pytest.mark.parametrize("size", [8, 32, 128])
def test_a_refusal_of_the_whole_network_interface_is_recognised_as_cheaply(scene: Scene, size: int) -> None:
    scene.load(
        scene.nic(1, size),
        scene.nic(2, 2),
        settings={"refuse": [{"network_interface_id": scene.id(1), "code": scene.cloud.refusal[0]}]},
    )
    report = scene.run(all_network_interfaces=True)
    assert report.result["summary"]["failed"] == size
    assert scene.secondaries(2) == []
    writes = [call for call in scene.writes() if call["network_interface_ids"] == [scene.id(1)]]
    assert len(writes) <= 4 * math.ceil(math.log2(size)) + 2


def test_refused_credentials_stop_everything_at_once(scene: Scene) -> None:
    scene.load(*(scene.nic(index, 2) for index in range(1, 41)))
    reader: dict[str, Any] = dict(scene.sim.account(scene.cloud.name, 1))
    report = scene.run(all_network_interfaces=True, concurrency=4, **reader)
    assert report.message is not None
    assert report.result["changed"] is False
    assert 1 <= len(scene.writes()) <= 4
    summary = report.result["summary"]
    assert summary["failed"] == 2 * len(scene.writes())
    assert summary["not_attempted"] == 80 - summary["failed"]


def test_an_estate_that_cannot_be_read_is_not_touched(scene: Scene) -> None:
    scene.load(*(scene.nic(index, 2) for index in range(1, 121)))
    scene.sim.add_fault(kind="html", match={"action": READ}, skip=2, times=None)
    report = scene.run(all_network_interfaces=True, max_retries=1)
    assert report.message is not None
    assert report.result == {"changed": False}
    assert scene.writes() == []


def test_uses_that_cannot_be_read_leave_everything_untouched(scene: Scene) -> None:
    load(scene)
    scene.sim.add_fault(kind="error", status=500, match={"action": "DescribeLoadBalancers"}, times=None)
    report = scene.run(all_network_interfaces=True, max_retries=1)
    assert report.message is not None
    assert "DescribeLoadBalancers" in report.message
    assert scene.writes() == []
