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

import pytest
from ansible_collections.edgecloud.nic.tests.recorder import Recording, Replay, TraceError, read, record
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import Scene
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS

KEPT = pathlib.Path(__file__).parents[1] / "recorded" / "traces"
RECORDER = (sys.executable, "-m", "ansible_collections.edgecloud.nic.tests.recorder")
#: What is another one each time.
PASSING = ("requestid", "summary", "endpoint", "request_ids")


@pytest.fixture
def scene(request: pytest.FixtureRequest, sim: Simulator) -> Scene:
    return Scene(sim, CLOUDS[request.param])


CLOUD = pytest.mark.parametrize("scene", CLOUDS, indirect=True)


def lasting(value: Any) -> Any:
    """Leave out what is another one each time."""
    if isinstance(value, dict):
        return {name: lasting(entry) for name, entry in value.items() if name.lower() not in PASSING}
    return [lasting(entry) for entry in value] if isinstance(value, list) else value


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
