# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many calls at once, how many a second, and what a stop stops."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.control import MOST_CALLS
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import Scene, accounted


def in_flight(calls: list[dict[str, Any]]) -> int:
    """Tell how many calls were in flight at the busiest moment."""
    moments = sorted(
        [(call["started"], 1) for call in calls] + [(call["finished"], -1) for call in calls],
        key=lambda moment: (moment[0], moment[1]),
    )
    busiest = now = 0
    for _time, step in moments:
        now += step
        busiest = max(busiest, now)
    return busiest


@pytest.mark.parametrize("concurrency", [1, 4, 16])
def test_never_more_calls_in_flight_than_allowed(scene: Scene, concurrency: int) -> None:
    # The more of them, the longer each: a busy machine takes its time to send as many.
    latency = 0.005 * concurrency
    scene.load(*(scene.nic(number, 1, vpc=1 + number % 3) for number in range(1, 121)), settings={"latency": latency})
    scene.all(concurrency=concurrency)
    assert in_flight(scene.sim.calls(write=False)) <= concurrency
    assert in_flight(scene.sim.calls()) <= concurrency
    # The other half of the promise: it is made use of.
    assert in_flight(scene.writes()) > concurrency / 2


def test_no_more_calls_a_second_than_allowed(scene: Scene) -> None:
    scene.load(*(scene.nic(number, 1) for number in range(1, 31)))
    scene.all(requests_per_second=40, concurrency=10)
    started = [call["started"] for call in scene.sim.calls()]
    for window in (5, len(started) - 1):
        for first, last in zip(started, started[window:], strict=False):
            # A call may be late on its way, so that a few come closer together than they were sent.
            assert last - first >= 0.8 * (window - 2) / 40


def test_throttling_slows_down_and_fails_nothing(scene: Scene) -> None:
    scene.load(
        *(scene.nic(number, 2) for number in range(1, 81)), settings={"throttle": {"write": {"rate": 80, "burst": 5}}}
    )
    result = scene.all(retry_max_delay=2, concurrency=10)
    assert result["summary"]["unassigned"] == 160
    assert result["summary"]["throttled_calls"] == len(
        [call for call in scene.sim.calls() if scene.cloud.throttling[0] in (call["code"] or "")]
    )
    assert 0 < result["summary"]["throttled_calls"] < 40


def test_throttled_reads_are_repeated(scene: Scene) -> None:
    scene.load(
        *(scene.nic(number, 1) for number in range(1, 201)), settings={"throttle": {"read": {"rate": 20, "burst": 2}}}
    )
    result = scene.all(retry_max_delay=2)
    assert result["summary"]["unassigned"] == 200
    assert result["summary"]["throttled_calls"] > 0


def accepted(scene: Scene) -> list[float]:
    """When each write began that the cloud accepted."""
    return sorted(call["started"] for call in scene.writes() if call["applied"])


@pytest.mark.parametrize("sliding", [False, True], ids=["fixed", "sliding"])
def test_a_quota_for_a_window_is_used_up_in_each_window(scene: Scene, sliding: bool) -> None:
    """Two pauses of three seconds at best; retries are not for calls that wait for a window."""
    throttle = {"limit": 40, "window": 3, "sliding": sliding}
    scene.load(*(scene.nic(number, 1) for number in range(1, 121)), settings={"throttle": {"write": throttle}})
    result = scene.all(retry_max_delay=30, max_retries=1)
    assert result["summary"]["unassigned"] == 120
    assert result["summary"]["throttled_calls"] < 80
    starts = accepted(scene)
    assert starts[-1] - starts[0] < 1.5 * 2 * 3


@pytest.mark.parametrize("before", [0, 60], ids=["from the start", "in between"])
def test_after_a_time_without_any_quota_it_is_quick_again(scene: Scene, before: int) -> None:
    throttle = {"closed_after": before, "closed_for": 4}
    scene.load(*(scene.nic(number, 1) for number in range(1, 201)), settings={"throttle": {"write": throttle}})
    result = scene.all(retry_max_delay=30)
    assert result["summary"]["unassigned"] == 200
    last_refused = max(call["started"] for call in scene.writes() if not call["applied"])
    # It was 0.4 calls a second once.
    assert accepted(scene)[-1] - last_refused < 5


@pytest.mark.parametrize("status", [429, 503])
def test_throttling_by_web_pages_is_throttling(scene: Scene, status: int) -> None:
    throttle = {"rate": 30, "burst": 5, "page_status": status}
    scene.load(*(scene.nic(number, 1) for number in range(1, 61)), settings={"throttle": {"write": throttle}})
    result = scene.all(retry_max_delay=2)
    assert result["summary"]["unassigned"] == 60
    pages = [call for call in scene.writes() if call["http_status"] == status]
    assert result["summary"]["throttled_calls"] == len(pages)
    assert 0 < len(pages) < 60


def test_a_low_rate_is_kept_to_as_well(scene: Scene) -> None:
    scene.load(
        *(scene.nic(number, 1) for number in range(1, 13)), settings={"throttle": {"write": {"rate": 2, "burst": 2}}}
    )
    result = scene.all(retry_max_delay=5)
    assert result["summary"]["unassigned"] == 12
    assert result["summary"]["throttled_calls"] < 40


def test_the_wait_that_the_cloud_asks_for_holds_for_all_calls(scene: Scene) -> None:
    throttle = {"closed_after": 10, "closed_for": 2, "retry_after_ms": 2000}
    scene.load(*(scene.nic(number, 1) for number in range(1, 41)), settings={"throttle": {"write": throttle}})
    result = scene.all(retry_max_delay=30)
    assert result["summary"]["unassigned"] == 40
    # Those that were on their way, and none that asks in between.
    assert result["summary"]["throttled_calls"] <= 10


def refuse_second(scene: Scene) -> None:
    scene.load(
        *(scene.nic(number, 2) for number in range(1, 21)),
        settings={"refuse": [{"network_interface_id": scene.id(2), "code": scene.cloud.refusal[0]}]},
    )


def test_after_a_failure_the_others_go_on(scene: Scene) -> None:
    refuse_second(scene)
    report = scene.run(all_network_interfaces=True)
    assert report.message is not None
    assert report.result["summary"]["unassigned"] == 38
    assert report.result["summary"]["failed"] == 2


def test_or_stop_where_that_is_wanted(scene: Scene) -> None:
    refuse_second(scene)
    report = scene.run(all_network_interfaces=True, on_error="stop", concurrency=1)
    assert report.message is not None
    outcomes = accounted(report.result)
    assert {outcomes[scene.id(1), scene.secondary(1, index)] for index in (1, 2)} == {"unassigned"}
    assert {outcomes[scene.id(2), scene.secondary(2, index)] for index in (1, 2)} == {"failed"}
    assert {outcome for (nic, _address), outcome in outcomes.items() if nic > scene.id(2)} == {"not_attempted"}
    assert {call["network_interface_ids"][0] for call in scene.writes()} == {scene.id(1), scene.id(2)}
    assert len(scene.secondaries(3)) == 2
    assert list(report.result["diff"]["before"]) == [scene.id(1)]


def test_a_stop_lets_calls_in_flight_end_and_starts_none(scene: Scene) -> None:
    scene.load(
        *(scene.nic(number, 1) for number in range(1, 61)),
        settings={
            "latency": 0.05,
            "refuse": [{"network_interface_id": scene.id(2), "code": scene.cloud.refusal[0]}],
        },
    )
    report = scene.run(all_network_interfaces=True, on_error="stop", concurrency=5)
    assert report.message is not None
    # Those of the first round, and those that began while the refusal was being looked into.
    assert len(scene.writes()) < 25
    written = {nic for nic, _address in scene.written()}
    for (nic, _address), outcome in accounted(report.result).items():
        assert (nic in written) == (outcome != "not_attempted")


def test_a_stop_holds_for_calls_that_wait_for_their_turn(scene: Scene) -> None:
    """With a ceiling, most workers wait for their turn at any time; a stop in between must reach them."""
    scene.load(
        *(scene.nic(number, 1) for number in range(1, 31)),
        settings={"refuse": [{"network_interface_id": scene.id(1), "code": scene.cloud.refusal[0]}]},
    )
    report = scene.run(
        all_network_interfaces=True, on_error="stop", concurrency=16, requests_per_second=20, in_use_check=False
    )
    refused = next(call for call in scene.writes() if call["code"])
    # The read that shows whether the refusal left an effect is one more call; the rest stops.
    looked = next(call for call in scene.sim.calls(write=False) if call["seq"] > refused["seq"])
    late = [call for call in scene.writes() if call["started"] > looked["finished"] + 0.1]
    assert report.message is not None
    assert late == []


def test_a_large_estate_is_cleaned_side_by_side_without_mixing_anything_up(scene: Scene) -> None:
    scene.load(*(scene.nic(number, 3, vpc=1 + number % 4) for number in range(1, 201)))
    result = scene.all(concurrency=32)
    assert result["summary"]["unassigned"] == 600
    assert sorted(scene.written()) == sorted(
        (scene.id(number), scene.secondary(number, index)) for number in range(1, 201) for index in (1, 2, 3)
    )
    assert [entry["network_interface_id"] for entry in result["outcomes"]] == sorted(
        entry["network_interface_id"] for entry in result["outcomes"]
    )


def test_no_thread_is_left_behind_but_those_kept_for_calls(scene: Scene) -> None:
    def threads() -> dict[bool, int]:
        return Counter(thread.name.startswith("edgecloud.nic call") for thread in threading.enumerate())

    before = threads()
    for _run in range(6):
        scene.load(*(scene.nic(number, 1) for number in range(1, 31)))
        scene.all(concurrency=16)
    for _look in range(100):
        if threads()[False] <= before[False]:
            break
        time.sleep(0.05)
    assert threads()[False] <= before[False]
    assert threads()[True] <= MOST_CALLS
