# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as a process that somebody ends: with SIGKILL at any moment, with SIGTERM or SIGINT in good order."""

from __future__ import annotations

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import Scene, accounted
from ansible_collections.edgecloud.nic.tests.unit.clouds import READ

KILLS = 6  # on each cloud
DONE = ("unassigned", "already_absent")


def start(scene: Scene, **options: Any) -> subprocess.Popen[str]:
    """Start the module as ansible-core would, with its arguments on standard input."""
    module = sys.modules[f"ansible_collections.edgecloud.nic.plugins.modules.{scene.cloud.name}_private_ip_cleanup"]
    assert module.__file__ is not None
    file = pathlib.Path(module.__file__)
    # Whoever runs the tests in the background may have it ignored, which processes inherit.
    hangup = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    process = subprocess.Popen(
        [sys.executable, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    signal.signal(signal.SIGHUP, hangup)
    assert process.stdin is not None
    json.dump({"ANSIBLE_MODULE_ARGS": scene.given(**options)}, process.stdin)
    process.stdin.close()
    process.stdin = None
    return process


def wait_for(condition: Callable[[], Any], process: subprocess.Popen[str]) -> None:
    """Wait until something is so, or the process has ended."""
    deadline = time.monotonic() + 30
    while not condition() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def settle(scene: Scene) -> None:
    """Wait until the cloud has carried out what it was sent."""
    deadline = time.monotonic() + 10
    while any(call["finished"] is None for call in scene.sim.calls()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def journal_entries(path: pathlib.Path) -> list[dict[str, Any]]:
    """Read a journal as anybody would, passing over a line that was cut off."""
    entries = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue
    return entries


def pairs(entries: list[dict[str, Any]], event: str, *fields: str) -> set[tuple[str, str]]:
    return {
        (entry["network_interface_id"], address)
        for entry in entries
        if entry["event"] == event
        for field in fields
        for address in entry[field]
    }


def everything(scene: Scene) -> set[tuple[str, str]]:
    return {(nic, address) for nic, entry in scene.truth().items() for address in entry["secondary_private_ips"]}


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=[pytest.mark.campaign] if seed % 4 else []) for seed in range(KILLS)]
)
def test_whenever_it_is_killed_the_journal_accounts_for_every_address_that_is_gone(
    scene: Scene, seed: int, tmp_path: pathlib.Path
) -> None:
    chance = random.Random(f"{scene.cloud.name} {seed}")
    lag = chance.choice([0.05, 0.3, 0.6])
    journal = tmp_path / "cleanup.jsonl"
    scene.load(
        *(scene.nic(number, 2) for number in range(1, 41)),
        settings={
            "latency": 0.004,
            "removal_lag": lag,
            "throttle": {"write": {"rate": 200, "burst": 10}},
            "mixed_list": chance.choice(["atomic", "partial"]),
        },
    )
    before = everything(scene)
    process = start(
        scene,
        all_network_interfaces=True,
        journal=str(journal),
        concurrency=chance.choice([1, 4, 10]),
        retry_max_delay=1,
    )
    wait_for(lambda: scene.count(scene.cloud.write) >= chance.randint(1, 38), process)
    time.sleep(chance.uniform(0, 0.05) if chance.random() < 0.7 else chance.uniform(0, 0.9))
    process.kill()
    process.communicate()
    settle(scene)

    gone = before - everything(scene)
    entries = journal_entries(journal)
    sent = pairs(entries, "sent", "private_ip_addresses")
    settled = pairs(entries, "settled", *DONE)
    assert gone - sent == set()
    assert settled <= gone

    result = scene.all(journal=str(journal))
    assert everything(scene) == set()
    assert set(scene.written()) & settled == set()
    both = journal_entries(journal)
    assert pairs(both, "settled", *DONE) | sent == before
    # The cloud may still show what is gone already; the run that follows must not stumble over it.
    assert result["summary"]["unassigned"] >= len(before - gone)
    # And that is the end of it.
    assert scene.all()["changed"] is False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_polite_signal_ends_it_in_good_order(scene: Scene, number: signal.Signals, tmp_path: pathlib.Path) -> None:
    journal = tmp_path / "cleanup.jsonl"
    scene.load(*(scene.nic(index, 2) for index in range(1, 61)), settings={"latency": 0.1})
    before = everything(scene)
    process = start(scene, all_network_interfaces=True, journal=str(journal), concurrency=4)
    wait_for(lambda: scene.count(scene.cloud.write) >= 6, process)
    process.send_signal(number)
    signalled = time.time()
    output, errors = process.communicate(timeout=10)
    assert time.time() - signalled < 3
    assert errors == ""
    assert process.returncode == 1
    result = json.loads(output)
    assert result["failed"] is True
    assert result["msg"].startswith("interrupted")
    assert [call for call in scene.writes() if call["started"] > signalled + 0.05] == []
    outcomes = accounted(result)
    assert set(outcomes) == before
    gone = before - everything(scene)
    assert gone == {key for key, outcome in outcomes.items() if outcome == "unassigned"}
    assert {key for key, outcome in outcomes.items() if outcome == "not_attempted"} == before - gone
    assert result["changed"] is True
    assert result["summary"]["not_attempted"] == len(before - gone) > 0
    entries = journal_entries(journal)
    assert entries[-1]["event"] == "run_ended"
    assert pairs(entries, "settled", "unassigned") == gone


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_while_reading_ends_it_before_anything_changes(scene: Scene, number: signal.Signals) -> None:
    scene.load(*(scene.nic(index, 1) for index in range(1, 601)), settings={"latency": 0.2})
    process = start(scene, all_network_interfaces=True, concurrency=1)
    wait_for(lambda: scene.count(READ) >= 2, process)
    process.send_signal(number)
    output, _errors = process.communicate(timeout=10)
    result = json.loads(output)
    assert (result["failed"], result["changed"]) == (True, False)
    assert "interrupted" in result["msg"]
    assert scene.writes() == []
    assert scene.count(READ) <= 4


def test_when_nobody_reads_its_result_any_more_nothing_more_is_written(scene: Scene, tmp_path: pathlib.Path) -> None:
    journal = tmp_path / "cleanup.jsonl"
    scene.load(*(scene.nic(index, 2) for index in range(1, 61)), settings={"latency": 0.1})
    before = everything(scene)
    process = start(scene, all_network_interfaces=True, journal=str(journal), concurrency=2)
    wait_for(lambda: scene.count(scene.cloud.write) >= 6, process)
    assert process.stdout is not None
    process.stdout.close()
    closed = time.time()
    process.wait(10)
    process.stdout = None
    process.communicate()
    settle(scene)
    assert [call for call in scene.writes() if call["started"] > closed + 0.5] == []
    gone = before - everything(scene)
    assert 0 < len(gone) < len(before)
    assert pairs(journal_entries(journal), "settled", "unassigned") == gone


def test_a_signal_ends_the_wait_for_a_removal_to_show(scene: Scene) -> None:
    scene.load(scene.nic(1, 2), settings={"removal_lag": 600})
    process = start(scene, all_network_interfaces=True, wait_timeout=300)
    wait_for(lambda: scene.count(READ) >= 3, process)
    process.terminate()
    output, _errors = process.communicate(timeout=10)
    result = json.loads(output)
    assert set(accounted(result).values()) == {"unknown"}
    assert result["msg"].startswith("interrupted")


def test_a_signal_ends_the_wait_for_a_cloud_that_throttles(scene: Scene) -> None:
    scene.load(
        *(scene.nic(index, 2) for index in range(1, 21)),
        settings={"throttle": {"write": {"rate": 0.01, "burst": 1, "retry_after_ms": 20000}}},
    )
    process = start(scene, all_network_interfaces=True, retry_max_delay=30)
    wait_for(lambda: scene.count(scene.cloud.write) >= 3, process)
    process.terminate()
    output, _errors = process.communicate(timeout=10)
    assert json.loads(output)["failed"] is True


def test_no_call_that_waits_for_its_turn_is_sent_after_a_signal(scene: Scene) -> None:
    scene.load(*(scene.nic(index, 1) for index in range(1, 61)))
    process = start(scene, all_network_interfaces=True, concurrency=16, requests_per_second=10, in_use_check=False)
    wait_for(lambda: scene.count(scene.cloud.write) >= 2, process)
    process.terminate()
    output, _errors = process.communicate(timeout=10)
    assert set(accounted(json.loads(output)).values()) == {"unassigned", "not_attempted"}
    assert len(scene.writes()) <= 4  # those that were seen, and perhaps one or two that were on their way


def test_the_process_says_nothing_but_its_result(scene: Scene) -> None:
    scene.load(scene.nic(1, 2))
    process = start(scene, all_network_interfaces=True)
    output, errors = process.communicate(timeout=30)
    result = json.loads(output)
    assert (process.returncode, errors, result["changed"]) == (0, "", True)
    for name, value in scene.sim.account(scene.cloud.name).items():
        if name != "access_key_id":
            assert value not in output
