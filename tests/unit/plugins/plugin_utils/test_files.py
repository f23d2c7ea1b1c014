# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files are written whole or not at all, and by one run at a time."""

from __future__ import annotations

import json
import multiprocessing
import os
import pathlib
import time

import pytest
from ansible_collections.edgecloud.nic.plugins.plugin_utils import _cleanup_files as files
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import RefusedError
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run import health, places
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.records import Records
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.text(st.characters(exclude_categories=()), min_size=1, max_size=20)


@given(NAMES, NAMES)
def test_each_scope_has_a_directory_of_its_own_and_none_leads_elsewhere(one, other):
    name = files.directory_name(one)
    assert (name == files.directory_name(other)) is (one == other)
    assert os.path.basename(name) == name
    assert not name.startswith(".")


@pytest.mark.parametrize("name", ["shop-hangzhou", "shop_1", "a.b"])
def test_a_plain_scope_is_its_directory(name):
    assert files.directory_name(name) == name


def test_a_file_that_cannot_be_written_is_what_it_was(tmp_path: pathlib.Path, monkeypatch):
    path = tmp_path / "report.json"
    files.write(str(path), "old")

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space"):
            files.write(str(path), "new")
        with pytest.raises(RefusedError, match=r"report\.json cannot be written: No space left on device"):
            files.refuse_unless_writable([str(path)])
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.json"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_written_is_found_out_before(tmp_path: pathlib.Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RefusedError, match="it is a directory"):
        files.refuse_unless_writable([str(tmp_path)])
    with pytest.raises(RefusedError, match=r"file/report\.json cannot be written"):
        files.refuse_unless_writable([str(tmp_path / "file" / "report.json")])


def test_a_line_begins_after_one_that_was_never_ended(tmp_path: pathlib.Path):
    path = tmp_path / "journal.jsonl"
    path.write_text('{"event": "se')
    files.JournalLines(str(path), "sha256:ab", "run-1").append("apply_started", scope="shop")
    line = json.loads(path.read_text().splitlines()[1])
    assert (line["event"], line["plan"], line["run"], line["scope"]) == ("apply_started", "sha256:ab", "run-1", "shop")


def reserve(
    path: pathlib.Path, scope: str = "shop", playbook: int | None = None, host: str = "h1"
) -> files.Reservation:
    owner = files.Owner(scope, host, os.getpid() if playbook is None else playbook)
    return files.Reservation.of([str(path)], owner, lambda _text: None)


@pytest.fixture
def other_run(tmp_path: pathlib.Path):
    """Another process that has the directory of reports, until it is told to release it or is killed."""
    fork = multiprocessing.get_context("fork")
    taken, over = fork.Event(), fork.Event()

    def hold() -> None:
        reservation = reserve(tmp_path, playbook=os.getpid())
        taken.set()
        over.wait(60)
        reservation.release()
        time.sleep(60)

    process = fork.Process(target=hold)
    process.start()
    assert taken.wait(20)
    yield process, over
    process.kill()
    process.join()


def test_a_second_run_waits_for_the_end_of_the_first(tmp_path: pathlib.Path, other_run, monkeypatch):
    process, _over = other_run
    said: list[str] = []
    monkeypatch.setattr(files, "_PATIENCE", 0.5)
    with pytest.raises(RefusedError, match=r"another run has .* and does not end"):
        files.Reservation.of([str(tmp_path)], files.Owner("shop", "h1", os.getpid()), said.append)
    assert said == [f"Another run has {tmp_path}: waiting for its end"]
    monkeypatch.setattr(files, "_PATIENCE", 20)
    # However it ends.
    process.kill()
    reserve(tmp_path).release()


def test_a_released_file_is_free_at_once(tmp_path: pathlib.Path, other_run, monkeypatch):
    _process, over = other_run
    monkeypatch.setattr(files, "_PATIENCE", 5)
    over.set()
    begun = time.monotonic()
    reserve(tmp_path).release()
    assert time.monotonic() - begun < 2


def test_a_host_does_not_wait_for_another_one_of_its_own_play(tmp_path: pathlib.Path):
    reservation = reserve(tmp_path, host="h1")
    with pytest.raises(RefusedError, match="that of the host h1 in the same play"):
        reserve(tmp_path, host="h2")
    reservation.release()


@pytest.mark.parametrize("released", [True, False])
def test_scopes_never_share_a_file(tmp_path: pathlib.Path, released):
    reservation = reserve(tmp_path / "plan.json", "shop")
    if released:
        reservation.release()
    with pytest.raises(
        RefusedError, match="belongs to the scope shop, and scopes share no file; give video another one"
    ):
        reserve(tmp_path / "plan.json", "video")
    reservation.release()


def test_a_record_that_is_nested_too_deeply_is_as_good_as_none(tmp_path: pathlib.Path, monkeypatch):
    deep = "[" * 4000
    (tmp_path / "report.json").write_text(deep, encoding="utf-8")
    assert places.put_aside(str(tmp_path), "sha256:0") == []
    assert Records({"report_dir": str(tmp_path), "provider": "cloudy"}, True).last_report("sha256:0") is None
    (tmp_path / ".plan.json.lock").write_text(deep, encoding="utf-8")
    reserve(tmp_path / "plan.json").release()
    check = f"{'0' * 36}-1"
    monkeypatch.setattr(health, "_place", lambda _check: str(tmp_path / "report.json"))
    with pytest.raises(RefusedError, match="what was known before the health check is lost"):
        health.take(check)
