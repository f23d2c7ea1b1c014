# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task does with a trace, and that it does nothing else differently."""

from __future__ import annotations

import collections
import os
import pathlib
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._http.trace import read_trace
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import Scene
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS

PASSING = ("summary", "request_ids")


@pytest.fixture(params=CLOUDS)
def scene(request: pytest.FixtureRequest, sim: Simulator) -> Scene:
    scene = Scene(sim, CLOUDS[request.param])
    scene.load(scene.nic(1), scene.nic(2))
    return scene


def calls(path: pathlib.Path) -> dict[str, int]:
    return dict(collections.Counter(line["action"] for line in read_trace(str(path)) if line["event"] == "call"))


def lasting(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name not in PASSING}


@pytest.mark.parametrize("check_mode", [False, True])
def test_every_call_is_traced_also_in_check_mode_and_repetitions_too(
    check_mode: bool, scene: Scene, tmp_path: pathlib.Path
) -> None:
    scene.sim.add_fault(kind="html", match={"action": scene.cloud.eips}, status=503)
    account = scene.sim.account_id(scene.cloud.name)
    report = scene.run(check_mode, all_network_interfaces=True, expected_account=account, trace=str(tmp_path / "trace"))
    assert report.message is None
    assert calls(tmp_path / "trace") == scene.sim.counts()
    assert scene.sim.counts()[scene.cloud.eips] > 1
    assert scene.sim.counts()[scene.cloud.identity] == 1
    assert os.stat(tmp_path / "trace").st_mode & 0o777 == 0o600


def test_a_trace_that_cannot_be_opened_fails_the_task_before_the_first_call(
    scene: Scene, tmp_path: pathlib.Path
) -> None:
    message = scene.refusal(all_network_interfaces=True, trace=str(tmp_path / "missing" / "trace"))
    assert message == f"trace: {tmp_path}/missing/trace cannot be written: No such file or directory"


def test_a_file_that_is_no_trace_is_left_alone(scene: Scene, tmp_path: pathlib.Path) -> None:
    other = tmp_path / "credentials.json"
    other.write_text("{}", encoding="utf-8")
    assert "is no trace" in scene.refusal(all_network_interfaces=True, trace=str(other))
    assert other.read_text(encoding="utf-8") == "{}"


def test_the_journal_is_another_file(scene: Scene, tmp_path: pathlib.Path) -> None:
    (tmp_path / "link").symlink_to("journal")
    options = {"trace": str(tmp_path / "link"), "journal": str(tmp_path / "journal")}
    assert "the same file as the journal" in scene.refusal(all_network_interfaces=True, **options)


def test_a_full_disk_costs_a_warning_and_nothing_else(scene: Scene) -> None:
    full = scene.run(all_network_interfaces=True, trace="/dev/full")
    scene.load(scene.nic(1), scene.nic(2))
    without = scene.run(all_network_interfaces=True)
    assert full.warnings == [
        "trace: /dev/full cannot be written: No space left on device; calls are missing from it",
        *without.warnings,
    ]
    assert full.message is None
    assert full.result["changed"] and lasting(full.result) == lasting(without.result)


def test_tasks_append_to_one_file(scene: Scene, tmp_path: pathlib.Path) -> None:
    for number in (1, 2):
        scene.good(network_interface_ids=[scene.id(number)], trace=str(tmp_path / "trace"), forget=number == 1)
    assert calls(tmp_path / "trace") == scene.sim.counts()
    assert len({line["run"] for line in read_trace(str(tmp_path / "trace"))}) == 2
