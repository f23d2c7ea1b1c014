# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal: complete, in time, private, and safe to use again."""

from __future__ import annotations

import datetime
import errno
import fcntl
import json
import os
import pathlib
import resource
import stat
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.journal import read_journal
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import OUTCOMES, Scene, accounted

COMMON = {"event", "time", "run"}
FIELDS = {
    "run_started": {"format", "provider", "endpoint"},
    "sent": {"write", "action", "network_interface_id", "private_ip_addresses"},
    "answered": {"write", "answer", "code", "message", "request_id"},
    "settled": {"network_interface_id", *OUTCOMES, "assigned", "already_present"},
    "run_ended": {*OUTCOMES},
}


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "cleanup.jsonl"


def lines(path: pathlib.Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def events(path: pathlib.Path, event: str) -> list[dict[str, Any]]:
    return [line for line in lines(path) if line["event"] == event]


def load(scene: Scene, number: int = 5, **more: Any) -> None:
    scene.load(*(scene.nic(index, 2) for index in range(1, number + 1)), **more)


def test_it_has_the_documented_lines(scene: Scene, path: pathlib.Path) -> None:
    refused = {"network_interface_id": scene.id(2), "code": scene.cloud.refusal[0], "message": "No."}
    load(scene, settings={"refuse": [refused]})
    scene.sim.add_fault(kind="apply_then_reset", match={"write": True, "network_interface_id": scene.id(3)})
    report = scene.run(all_network_interfaces=True, journal=str(path))
    for line in lines(path):
        assert set(line) == COMMON | FIELDS[line["event"]]
        assert datetime.datetime.fromisoformat(line["time"]).utcoffset() == datetime.timedelta(0)
        uuid.UUID(line["run"])
    assert len({line["run"] for line in lines(path)}) == 1
    [start] = events(path, "run_started")
    assert lines(path)[0] == start
    assert (start["format"], start["provider"], start["endpoint"]) == (
        1,
        scene.cloud.name.upper(),
        scene.sim.host_port,
    )
    [end] = events(path, "run_ended")
    assert lines(path)[-1] == end
    assert {outcome: end[outcome] for outcome in OUTCOMES} == {
        outcome: report.result["summary"][outcome] for outcome in OUTCOMES
    }
    sent = events(path, "sent")
    assert sorted(entry["write"] for entry in sent) == list(range(1, len(sent) + 1))
    assert {entry["action"] for entry in sent} == {"unassign"}
    answers = {entry["write"]: entry for entry in events(path, "answered")}
    assert set(answers) == {entry["write"] for entry in sent}
    by_nic = {entry["network_interface_id"]: answers[entry["write"]] for entry in sent}
    assert by_nic[scene.id(1)]["answer"] == "accepted"
    assert by_nic[scene.id(2)]["answer"] == "refused"
    assert (by_nic[scene.id(2)]["code"], by_nic[scene.id(2)]["message"]) == (scene.cloud.refusal[0], "No.")
    assert by_nic[scene.id(3)]["answer"] == "in_doubt"
    assert {answer["request_id"] for answer in answers.values()} <= {
        None,
        *(call["request_id"] for call in scene.writes()),
    }


def test_what_it_settles_is_what_the_result_says(scene: Scene, path: pathlib.Path) -> None:
    load(scene, settings={"refuse": [{"network_interface_id": scene.id(2), "code": scene.cloud.refusal[0]}]})
    report = scene.run(all_network_interfaces=True, journal=str(path), keep=[scene.secondary(4, 2)])
    settled = {
        entry["network_interface_id"]: {outcome: entry[outcome] for outcome in OUTCOMES}
        for entry in events(path, "settled")
    }
    assert settled == {
        entry["network_interface_id"]: {outcome: entry[outcome] for outcome in OUTCOMES}
        for entry in report.result["outcomes"]
    }
    assert len(events(path, "settled")) == 5


def test_each_call_is_in_it_before_the_cloud_sees_it(scene: Scene, path: pathlib.Path) -> None:
    load(scene, 40, settings={"latency": 0.01})
    missing: list[tuple[str, str]] = []
    over = threading.Event()

    def watch() -> None:
        """Look at the calls that the cloud has, and only then at the journal."""
        while not over.is_set():
            seen = scene.written()
            recorded = {
                (entry["network_interface_id"], address)
                for entry in read_journal(str(path))
                if entry["event"] == "sent"
                for address in entry["private_ip_addresses"]
            }
            missing.extend(pair for pair in seen if pair not in recorded)
            time.sleep(0.002)

    path.touch()
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        scene.all(journal=str(path), concurrency=8)
    finally:
        over.set()
        watcher.join()
    assert missing == []
    assert len(events(path, "sent")) == 40


def test_what_is_not_on_the_disk_is_not_sent(scene: Scene, path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that was written but could not be synced may be lost when the machine goes down."""
    load(scene, 10)
    synced = iter(range(5))
    fsync = os.fsync

    def fail_later(file: int) -> None:
        if next(synced, None) is None:
            raise OSError(errno.EIO, "Input/output error")
        fsync(file)

    monkeypatch.setattr(os, "fsync", fail_later)
    report = scene.run(all_network_interfaces=True, journal=str(path), concurrency=1)
    assert report.message is not None
    assert "journal" in report.message
    assert "Input/output error" in report.message
    # Two for the start of the run and its directory, two for the first network interface with its outcome still to
    # come, and then no more.
    assert 1 <= len(scene.writes()) <= 3
    outcomes = accounted(report.result)
    assert len(outcomes) == 20
    written = set(scene.written())
    assert {key for key, outcome in outcomes.items() if outcome == "unassigned"} == written


def test_check_mode_makes_no_journal(scene: Scene, path: pathlib.Path) -> None:
    load(scene)
    scene.all(journal=str(path), check_mode=True)
    assert not path.exists()


def test_only_its_owner_can_read_it(scene: Scene, path: pathlib.Path) -> None:
    load(scene)
    before = os.umask(0)
    try:
        scene.all(journal=str(path))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_there_are_no_secrets_in_it(scene: Scene, path: pathlib.Path) -> None:
    load(scene)
    scene.sim.add_fault(kind="error", status=500, message="internal", match={"write": True})
    scene.run(all_network_interfaces=True, journal=str(path))
    text = path.read_text(encoding="utf-8")
    for name, value in scene.sim.account(scene.cloud.name).items():
        if name != "access_key_id":
            assert value not in text
    assert "Authorization" not in text
    assert "Signature" not in text


def test_the_next_run_is_appended(scene: Scene, path: pathlib.Path) -> None:
    load(scene)
    scene.all(journal=str(path))
    first = path.read_bytes()
    scene.sim.change(kind="add_private_ip", network_interface_id=scene.id(1), private_ip_address="10.0.1.99")
    scene.all(journal=str(path))
    assert path.read_bytes().startswith(first)
    assert len({line["run"] for line in lines(path)}) == 2
    assert [entry["private_ip_addresses"] for entry in events(path, "sent")][-1] == ["10.0.1.99"]


@pytest.mark.parametrize("damage", [b'{"event": "sent", "wri', b"\xff\xfe\x00", b"[]", b'{"event": "sent"}'])
def test_a_damaged_last_line_is_tolerated(scene: Scene, path: pathlib.Path, damage: bytes) -> None:
    load(scene)
    scene.good(network_interface_ids=[scene.id(1)], journal=str(path))
    with path.open("ab") as file:
        file.write(damage)
    before = path.read_bytes()
    scene.all(journal=str(path))
    assert path.read_bytes().startswith(before + b"\n")
    runs = [entry["run"] for entry in read_journal(str(path)) if entry["event"] == "run_started"]
    assert len(runs) == 2
    assert sum(1 for entry in read_journal(str(path)) if entry.get("run") == runs[1]) == 14


def test_a_home_directory_is_expanded(scene: Scene, home: pathlib.Path) -> None:
    load(scene)
    scene.all(journal="~/cleanup.jsonl")
    assert (home / "cleanup.jsonl").exists()


@pytest.mark.parametrize("place", ["missing/cleanup.jsonl", "."])
def test_a_path_that_cannot_be_written_is_refused_before_any_call(
    scene: Scene, tmp_path: pathlib.Path, place: str
) -> None:
    load(scene)
    message = scene.refusal(all_network_interfaces=True, journal=str(tmp_path / place))
    assert message.startswith("journal:")
    assert str(tmp_path) in message


@pytest.mark.parametrize(
    ("journal", "why"),
    [
        ("", "is empty"),
        ("/tmp/a\0b", "has a NUL character, which no path can have"),
        ("/tmp/\ud800", "has a character that no path can have"),
    ],
)
def test_what_is_no_path_is_refused_before_any_call(scene: Scene, journal: str, why: str) -> None:
    load(scene)
    assert scene.refusal(all_network_interfaces=True, journal=journal) == f"journal: {why}"


def test_a_directory_that_cannot_be_read_is_refused_before_any_call(
    scene: Scene, path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_open = os.open

    def refuse(name: str, *args: Any) -> int:
        # As for anybody but root; tests may be run by root.
        if name == str(path.parent):
            raise PermissionError(errno.EACCES, "Permission denied")
        return really_open(name, *args)

    load(scene)
    monkeypatch.setattr(os, "open", refuse)
    message = scene.refusal(all_network_interfaces=True, journal=str(path))
    assert message == f"journal: its directory {path.parent} cannot be read: Permission denied"


@pytest.mark.parametrize("device", ["/dev/full", "/dev/null"])
def test_a_device_that_keeps_nothing_is_refused_before_any_call(scene: Scene, device: str) -> None:
    load(scene)
    assert "journal" in scene.refusal(all_network_interfaces=True, journal=device)


def test_a_file_that_another_run_is_writing_is_refused(scene: Scene, path: pathlib.Path) -> None:
    load(scene)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        message = scene.refusal(all_network_interfaces=True, journal=str(path))
    assert "another run" in message
    assert path.read_bytes() == b""
    scene.all(journal=str(path))


@pytest.fixture
def small_disk(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A file that cannot grow beyond 4 KiB, which a file system that is full looks like."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    yield path
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_disk_that_gets_full_stops_the_run_with_an_account_of_everything(
    scene: Scene, small_disk: pathlib.Path
) -> None:
    load(scene, 30)
    report = scene.run(all_network_interfaces=True, journal=str(small_disk), concurrency=4)
    assert report.message is not None
    assert "journal" in report.message
    outcomes = accounted(report.result)
    assert len(outcomes) == 60
    assert len(scene.writes()) < 30
    recorded = {
        (entry["network_interface_id"], address)
        for entry in read_journal(str(small_disk))
        if entry["event"] == "sent"
        for address in entry["private_ip_addresses"]
    }
    assert set(scene.written()) <= recorded
    for key, outcome in outcomes.items():
        assert (key in set(scene.written())) == (outcome == "unassigned")


def test_a_full_disk_with_a_damaged_line_is_told_clearly(scene: Scene, small_disk: pathlib.Path) -> None:
    load(scene)
    small_disk.write_bytes(b"x" * 4096)
    assert "journal" in scene.refusal(all_network_interfaces=True, journal=str(small_disk))


def test_a_run_without_anything_to_do_is_recorded_too(scene: Scene, path: pathlib.Path) -> None:
    scene.load(scene.nic(1, 0))
    scene.all(journal=str(path))
    assert [line["event"] for line in lines(path)] == ["run_started", "run_ended"]
