# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A trace has whole lines whoever writes it, and what goes wrong with it costs nothing else."""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError
from ansible_collections.edgecloud.nic.plugins.module_utils._http.errors import (
    NoAnswerError,
    NotSentError,
    UnreadableAnswerError,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._http.session import HttpAnswer
from ansible_collections.edgecloud.nic.plugins.module_utils._http.trace import Request, Trace, read_trace

NOW = datetime.datetime(2026, 1, 15, 8, 30, tzinfo=datetime.timezone.utc)
REQUEST = Request(
    "cloud.example", "Describe", {"Ids": ("a",), "Name": None}, {"host": "h"}, frozenset({"s3cr3t"}), None
)
ANSWER = HttpAnswer(200, {"Date": "d"}, {"Items": ["x" * 3000]})
#: Calls, side by side, with answers that take several pages of memory, until somebody ends it.
WRITER = """
import sys, threading
from ansible_collections.edgecloud.nic.tests.unit.plugins.module_utils._http import test_trace as my
trace = my.Trace(sys.argv[1], print)
def calls():
    for number in range(int(sys.argv[2])):
        trace.call(my.REQUEST, my.NOW, 0.1, my.HttpAnswer(200, {}, {"Items": ["x" * (number * 997 % 30000)]}))
threads = [threading.Thread(target=calls) for _number in range(32)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
trace.close()
"""


@pytest.fixture
def path(tmp_path: pathlib.Path) -> str:
    return str(tmp_path / "trace.jsonl")


class Warned(list[str]):
    def __call__(self, message: str) -> None:
        self.append(message)


def told(path: str) -> list[dict[str, t.Any]]:
    """Read a trace of which every line is whole."""
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line != "\n"]


def calls(path: str) -> list[dict[str, t.Any]]:
    return [line for line in told(path) if line["event"] == "call"]


def traced(path: str, outcome: t.Any, **request: t.Any) -> dict[str, t.Any]:
    """Trace one call, and give its line."""
    trace = Trace(path, pytest.fail)
    trace.call(REQUEST._replace(**request), NOW, 0.1234, outcome)
    trace.close()
    return calls(path)[-1]


def start(path: str, count: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen([sys.executable, "-c", WRITER, path, str(count)], env=environment)


def test_a_line_tells_what_was_asked_and_answered(path: str) -> None:
    line = traced(path, HttpAnswer(200, {"Date": "d", "Set-Cookie": "a=b"}, {"Items": [{"Id": 1, "Note": "s3cr3t"}]}))
    run = line.pop("run")
    assert line == {
        "trace": 1,
        "event": "call",
        "time": "2026-01-15T08:30:00.000+00:00",
        "endpoint": "cloud.example",
        "action": "Describe",
        "seconds": 0.123,
        "parameters": {"Ids": ["a"]},
        "request_headers": {"host": "h"},
        "status": 200,
        "headers": {"Date": "d"},
        "body": {"Items": [{"Id": 1, "Note": "***"}]},
        "text": None,
        "error": None,
    }
    assert [(entry["event"], entry["run"]) for entry in told(path)] == [
        ("run_started", run),
        ("call", run),
        ("run_ended", run),
    ]
    assert (told(path)[-1]["calls"], told(path)[-1]["left_out"]) == (1, 0)
    assert os.stat(path).st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("error", "kind"), [(NotSentError("no way"), "not_sent"), (NoAnswerError("lost"), "no_answer")]
)
def test_a_line_tells_that_there_was_no_answer(error: Exception, kind: str, path: str) -> None:
    line = traced(path, error)
    assert line["error"] == {"kind": kind, "message": str(error)}
    assert [line[name] for name in ("status", "headers", "body", "text")] == [None] * 4


@pytest.mark.parametrize("fields", [None, ("Id",)])
def test_of_an_answer_that_cannot_be_read_a_part_is_kept_unless_it_is_confidential(fields: t.Any, path: str) -> None:
    line = traced(path, UnreadableAnswerError("what", 502, {"Server": "s"}, b'{"Config": s3cr3t'), fields=fields)
    assert (line["status"], line["headers"], line["body"]) == (502, {"Server": "s"}, None)
    assert line["text"] == (None if fields else '{"Config": ***')
    assert line["error"]["kind"] == "unreadable"


def test_of_a_confidential_answer_only_some_fields_are_kept(path: str) -> None:
    body = {"Clusters": [{"Id": "c", "Config": "kubeconfig"}]}
    assert traced(path, HttpAnswer(200, {}, body), fields=("Id",))["body"] == {"Clusters": [{"Id": "c"}]}


def test_an_answer_that_cannot_be_written_is_named(path: str) -> None:
    deep: dict[str, t.Any] = {}
    for _level in range(100_000):
        deep = {"a": deep}
    line = traced(path, HttpAnswer(200, {}, deep))
    assert (line["action"], line["left_out"]) == ("Describe", "RecursionError")


@pytest.mark.parametrize("kind", ["directory", "pipe", "journal", "no directory", "empty", "nul", "surrogate"])
def test_what_cannot_be_a_trace_is_refused_and_left_alone(kind: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "trace"
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "journal":
        path.write_text('{"event": "run_started"}\n', encoding="utf-8")
    places = {"no directory": str(path / "x"), "empty": "", "nul": "a\0b", "surrogate": "\ud800"}
    with pytest.raises(InputError, match=r"^trace: "):
        Trace(places.get(kind, str(path)), pytest.fail)
    if kind == "journal":
        assert path.read_text(encoding="utf-8") == '{"event": "run_started"}\n'


def test_a_trace_goes_on_after_a_line_that_was_left_unfinished(path: str) -> None:
    traced(path, ANSWER)
    whole = pathlib.Path(path).read_bytes()
    for cut in (len(whole) - 40, 20):
        pathlib.Path(path).write_bytes(whole[:cut])
        trace = Trace(path, pytest.fail)
        trace.call(REQUEST, NOW, 0, ANSWER)
        # Somebody else is killed meanwhile.
        with open(path, "ab") as file:
            file.write(whole[:100])
        trace.call(REQUEST, NOW, 0, ANSWER)
        trace.close()
        events = [line["event"] for line in read_trace(path)]
        assert events[-4:] == ["run_started", "call", "call", "run_ended"]


def test_two_processes_with_many_threads_write_whole_lines(path: str) -> None:
    processes = [start(path, 20) for _number in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert len(calls(path)) == 2 * 32 * 20
    assert [line["left_out"] for line in told(path) if line["event"] == "run_ended"] == [0, 0]


@pytest.mark.parametrize("kill", [0, *(pytest.param(kill, marks=pytest.mark.matrix) for kill in (1, 2, 3))])
def test_it_can_be_read_whenever_its_writer_was_killed(kill: int, path: str) -> None:
    process = start(path, 100_000)
    deadline = time.monotonic() + 60
    while not (os.path.exists(path) and os.path.getsize(path) > 100_000 * (1 + kill)):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    with open(path, "rb") as file:
        lines = file.read().split(b"\n")
    before = len(list(read_trace(path)))
    # No more than the last one is cut off.
    assert before >= len(lines) - 1
    assert traced_after(path) == before + 3


def traced_after(path: str) -> int:
    trace = Trace(path, pytest.fail)
    trace.call(REQUEST, NOW, 0, ANSWER)
    trace.close()
    return len(list(read_trace(path)))


def test_what_does_not_fit_is_counted(path: str) -> None:
    warned = Warned()
    trace = Trace(path, warned, limit=10_000)
    threads = [threading.Thread(target=trace.call, args=(REQUEST, NOW, 0, ANSWER)) for _number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    trace.close()
    assert [line["event"] for line in told(path)] == ["run_started", "call", "call", "limit_reached", "run_ended"]
    assert (told(path)[-1]["calls"], told(path)[-1]["left_out"]) == (20, 18)
    assert os.path.getsize(path) < 11_000
    assert len(warned) == 1
    assert "later calls are not in it" in warned[0]
    # Another run has a limit of its own.
    assert traced_after(path) == 8


def test_a_full_disk_is_warned_of_once() -> None:
    warned = Warned()
    trace = Trace("/dev/full", warned)
    for _number in range(3):
        trace.call(REQUEST, NOW, 0, ANSWER)
    trace.close()
    assert warned == ["trace: /dev/full cannot be written: No space left on device; calls are missing from it"]


@pytest.mark.parametrize("line", ["", "[", "[" * 100_000, '{"a":' * 100_000, "1" * 5000, "\x00", "[]"])
def test_a_line_that_is_no_object_is_passed_over(line: str, path: str) -> None:
    good = json.dumps({"trace": 1, "event": "ended"})
    pathlib.Path(path).write_text(f"{good}\n{line}\n{good}\n", encoding="utf-8")
    assert [entry["event"] for entry in read_trace(path)] == ["ended", "ended"]
