# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A trace becomes a recording, and a recording answers as the cloud did."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskReport
from ansible_collections.edgecloud.nic.tests.recorder import Recording, Replay, TraceError, read, record
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.simulator.weather import APPLIED_KINDS, FAULT_KINDS
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import OUTCOMES, Scene, addresses_of
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS

KEPT = pathlib.Path(__file__).parents[1] / "recorded" / "traces"
RECORDER = (sys.executable, "-m", "ansible_collections.edgecloud.nic.tests.recorder")
#: What is another one each time.
PASSING = ("requestid", "summary", "endpoint", "request_ids")
KINDS = (*FAULT_KINDS, *APPLIED_KINDS)
#: How long somebody waited is not replayed either: an answer that was late, or came in drops, comes at once.
WITHOUT_ANSWER = ("reset", "hang", "truncate", "apply_then_reset")
EMPTIED = ("missing_fields", "null_lists")
#: What a fault takes from an answer is nothing that a run needs.
HARMLESS: dict[str, dict[str, Any]] = {
    "hang": {"seconds": 0.7},
    "delay": {"seconds": 0.05},
    "drip": {"seconds": 0},
    "missing_fields": {"fields": ["Description", "TotalCount", "totalCount"]},
    "replace_fields": {"values": {"Description": "x", "name": "x"}},
}


@pytest.fixture
def scene(request: pytest.FixtureRequest, sim: Simulator) -> Scene:
    return Scene(sim, CLOUDS[request.param])


CLOUD = pytest.mark.parametrize("scene", CLOUDS, indirect=True)


def lasting(value: Any) -> Any:
    """Leave out what is another one each time."""
    if isinstance(value, dict):
        return {name: lasting(entry) for name, entry in value.items() if name.lower() not in PASSING}
    return [lasting(entry) for entry in value] if isinstance(value, list) else value


def kinds(*quick: str) -> list[Any]:
    """Give all kinds of faults, of which only some are tried each time."""
    return [kind if kind in quick else pytest.param(kind, marks=pytest.mark.matrix) for kind in KINDS]


def outcomes(result: dict[str, Any]) -> Any:
    """Give what became of each address, without the words."""
    return [{name: addresses_of(entry, name) for name in OUTCOMES} for entry in result["outcomes"]]


def told(report: TaskReport, url: str) -> str:
    """Give all that a task tells, whatever the address of who answered."""
    text = json.dumps([lasting(report.result), report.message, report.warnings], sort_keys=True)
    return text.replace(urlsplit(url).netloc, "the-endpoint")


def in_order(recording: Recording) -> list[str]:
    """Give the calls, those that were sent side by side in an order that is always the same."""
    return sorted(json.dumps(lasting(call), sort_keys=True) for call in recording["calls"])


def clean(scene: Scene, trace: pathlib.Path | None = None, **options: Any) -> dict[str, Any]:
    given = {} if trace is None else {"trace": str(trace)}
    return scene.all(expected_account=scene.sim.account_id(scene.cloud.name), **given, **options)


@CLOUD
def test_the_recording_that_is_kept_was_made_from_the_simulator(scene: Scene, tmp_path: pathlib.Path) -> None:
    clean(scene, tmp_path / "trace")
    recording = tmp_path / "recording.json"
    subprocess.run([*RECORDER, str(tmp_path / "trace"), str(recording)], check=True)
    assert recording.stat().st_mode & 0o777 == 0o600
    assert in_order(read(recording)) == in_order(read(KEPT / f"{scene.cloud.name}_cleanup.json"))


@CLOUD
def test_the_recording_that_is_kept_answers_as_the_simulator_does(scene: Scene) -> None:
    from_simulator = clean(scene)
    with Replay(read(KEPT / f"{scene.cloud.name}_cleanup.json")) as replay:
        replayed = clean(scene, endpoint=replay.url)
    assert replay.unexpected == []
    assert replay.left == []
    assert replayed["changed"] and lasting(replayed) == lasting(from_simulator)


@CLOUD
def test_what_went_wrong_is_replayed_too(scene: Scene, tmp_path: pathlib.Path) -> None:
    scene.load(scene.nic(1))
    for kind in ("apply_then_reset", "html", "error"):
        scene.sim.add_fault(kind=kind, match={"action": scene.cloud.write})
    traced = scene.run(all_network_interfaces=True, trace=str(tmp_path / "trace"), max_retries=5)
    recording = record(tmp_path / "trace")
    assert [call["error"]["kind"] for call in recording["calls"] if call["error"]] == ["no_answer"]
    with Replay(recording) as replay:
        replayed = scene.run(all_network_interfaces=True, endpoint=replay.url, max_retries=5)
    assert (replay.unexpected, replay.left) == ([], [])
    assert lasting(replayed.result) == lasting(traced.result)


@CLOUD
@pytest.mark.parametrize("kind", kinds("error"))
def test_a_run_at_full_concurrency_is_replayed_whatever_went_wrong(
    kind: str, scene: Scene, tmp_path: pathlib.Path
) -> None:
    nics = [scene.nic(number, vpc=1 + number % 4) for number in range(1, 41)]
    given: dict[str, Any] = {"all_network_interfaces": True, "concurrency": 32, "max_retries": 5, "timeout": 0.5}
    scene.load(*nics)
    scene.run(**given)
    # What has nothing in place of its network interfaces ends a run, so that there would be little to replay.
    actions = scene.sim.counts().keys() - ({"DescribeNetworkInterfaces"} if kind in EMPTIED else set())
    faults = [
        {"kind": kind, "match": {"action": action}, "skip": skip, **HARMLESS.get(kind, {})}
        for action in sorted(actions)
        for skip in (0, 1)
    ]
    scene.load(*nics, settings={"latency": 0.02}, faults=faults)
    traced = scene.run(**given, trace=str(tmp_path / "trace"))
    assert traced.message is None
    assert {call["fault"] for call in scene.sim.calls()} == {None, APPLIED_KINDS.get(kind, kind)}
    with Replay(record(tmp_path / "trace")) as replay:
        replayed = scene.run(**given, endpoint=replay.url)
    assert (replay.unexpected, replay.left) == ([], [])
    assert told(replayed, replay.url) == told(traced, scene.sim.url)


@CLOUD
@pytest.mark.parametrize("kind", kinds("html", "reset"))
def test_a_failure_is_replayed_in_its_own_words_if_it_was_answered(
    kind: str, scene: Scene, tmp_path: pathlib.Path
) -> None:
    given: dict[str, Any] = {"all_network_interfaces": True, "max_retries": 0, "timeout": 0.2, "wait_timeout": 0.1}
    scene.load(scene.nic(1))
    scene.sim.add_fault(kind=kind, match={"write": True}, times=None, **HARMLESS.get(kind, {}))
    traced = scene.run(**given, trace=str(tmp_path / "trace"))
    recording = record(tmp_path / "trace")
    with Replay(recording) as replay:
        replayed = scene.run(**given, endpoint=replay.url)
    assert (replay.unexpected, replay.left) == ([], [])
    assert outcomes(replayed.result) == outcomes(traced.result)
    # Why no answer came is told by whoever waited for it: in a replay, the connection is closed.
    answered = kind not in WITHOUT_ANSWER
    assert answered == all(call["answer"] for call in recording["calls"])
    if answered:
        assert told(replayed, replay.url) == told(traced, scene.sim.url)


def test_a_recording_that_does_not_fit_is_found_out(sim: Simulator) -> None:
    recording = read(KEPT / "ens_cleanup.json")
    with Replay(recording) as replay:
        Scene(sim, CLOUDS["ens"]).run(network_interface_ids=["eni-other"], endpoint=replay.url, max_retries=0)
    assert "eni-other" in replay.unexpected[0]
    assert len(replay.left) == len(recording["calls"])


@CLOUD
def test_of_several_runs_one_is_named(scene: Scene, tmp_path: pathlib.Path) -> None:
    trace = tmp_path / "trace"
    for number in (1, 2):
        scene.load(scene.nic(number))
        scene.all(trace=str(trace))
    with pytest.raises(TraceError, match="2 runs"):
        record(trace)
    runs = list(dict.fromkeys(json.loads(line)["run"] for line in trace.read_text().splitlines()))
    assert [scene.id(number) in json.dumps(record(trace, run)) for number, run in enumerate(runs, 1)] == [True, True]
    with pytest.raises(TraceError, match="no call of the run"):
        record(trace, "another")
    failed = subprocess.run([*RECORDER, str(trace), str(tmp_path / "r")], check=False, capture_output=True, text=True)
    assert (failed.returncode, failed.stderr[:9]) == (1, "recorder:")
