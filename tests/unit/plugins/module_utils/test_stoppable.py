# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that can be stopped at any moment, and whether anybody is left who waits for it."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils import _caller, _stoppable
from ansible_collections.edgecloud.nic.plugins.module_utils._caller import Caller
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.control import RunControl
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskReport
from ansible_collections.edgecloud.nic.plugins.module_utils._stoppable import StoppableRun


class Work:
    """Runs until it is interrupted, and reports how."""

    def __init__(self, before_control=0.0):
        self.control = RunControl(grace=3)
        self.before_control = before_control

    def __call__(self, on_start):
        time.sleep(self.before_control)
        on_start(self.control)
        deadline = time.monotonic() + 10
        while not self.control.interrupted and time.monotonic() < deadline:
            time.sleep(0.005)
        return TaskReport({"thread": threading.current_thread().name, "detail": self.control.stop_detail})


def test_no_thread_of_a_run_hears_signals_but_the_main_one():
    """One that reached another thread would not wake the main one, which alone acts on it."""

    def deaf_threads(on_start):
        return TaskReport({"blocked": RunControl(concurrency=3).map(lambda _item: blocked(), range(9))})

    def blocked():
        return signal.pthread_sigmask(signal.SIG_BLOCK, ())

    before = blocked()
    seen = StoppableRun(deaf_threads, lambda: False).report().result["blocked"]
    assert all({signal.SIGINT, signal.SIGTERM, signal.SIGHUP} <= each for each in seen)
    assert blocked() == before


def later(seconds, function, *arguments):
    threading.Timer(seconds, function, arguments).start()


@pytest.mark.parametrize("before_control", [0, 0.3], ids=["running", "not yet begun"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_interrupts_the_run_and_the_report_comes(number, before_control):
    # Whoever runs the tests in the background may have them ignored.
    before = signal.signal(number, signal.SIG_DFL)
    try:
        run = StoppableRun(Work(before_control), lambda: False)
        later(0.1, os.kill, os.getpid(), number)
        with run.interrupted_by_signals():
            report = run.report()
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, before)
    assert report.result["detail"] == f"by {number.name}"
    assert report.result["thread"] != threading.main_thread().name
    assert run.signals == [number]


def test_whatever_is_raised_in_the_waiting_thread_interrupts_the_run_and_the_report_comes():
    class TaskTimeoutError(BaseException):
        """As ansible-core raises it."""

    def raise_it(_number, _frame):
        raise TaskTimeoutError

    before = signal.signal(signal.SIGALRM, raise_it)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        report = StoppableRun(Work(), lambda: False).report()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert report.result["detail"] == "the time limit of the task has passed"


def test_a_run_for_nobody_is_interrupted_though_it_asks_nothing():
    since = time.monotonic()
    report = StoppableRun(Work(), lambda: time.monotonic() > since + 0.1).report()
    assert report.result["detail"] == "whoever started the run is gone"
    assert time.monotonic() - since < 2


def test_an_ignored_hangup_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StoppableRun(Work(), lambda: False).interrupted_by_signals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_bug_in_the_run_comes_to_whoever_waits():
    def fail(_on_start):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        StoppableRun(fail, lambda: False).report()


def test_a_run_that_finds_no_thread_does_not_begin_with_the_next_one(monkeypatch):
    def no_thread(*_arguments):
        raise RuntimeError("can't start new thread")

    def begin(name):
        begun.append(name)
        return TaskReport({})

    begun: list[str] = []
    monkeypatch.setattr(_stoppable, "_runs", concurrent.futures.ThreadPoolExecutor(1))
    with monkeypatch.context() as without_threads:
        without_threads.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(RuntimeError, match="new thread"):
            StoppableRun(lambda _on_start: begin("first"), lambda: False).report()
    StoppableRun(lambda _on_start: begin("second"), lambda: False).report()
    assert begun == ["second"]


def test_the_caller_is_there_and_asking_costs_little():
    caller = Caller()
    started = time.perf_counter()
    gone = [caller.gone() for _time in range(1000)]
    assert not any(gone)
    assert (time.perf_counter() - started) / 1000 < 0.001


def test_threads_may_ask_side_by_side():
    reader, writer = os.pipe()
    told: list[bool] = []
    errors: list[Exception] = []

    def ask():
        try:
            told.extend(_caller._nobody_reads(writer) for _time in range(2000))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (errors, set(told)) == ([], {False})
    os.close(reader)
    assert _caller._nobody_reads(writer) == hasattr(select, "poll")
    os.close(writer)


#: A worker that starts a shell that starts a module, which tells on a file whether the worker's parent is gone.
_MODULE = """
import sys, time
from ansible_collections.edgecloud.nic.plugins.module_utils._caller import Caller
caller = Caller()
open(sys.argv[1] + ".ready", "w").close()
for _look in range(200):
    if caller.gone():
        open(sys.argv[1] + ".gone", "w").close()
        break
    time.sleep(0.05)
"""
_WORKER = """
import subprocess, sys
subprocess.call(["/bin/sh", "-c", '"$0" "$1" "$2"; true', sys.executable, sys.argv[1], sys.argv[2]])
"""
_PLAYBOOK = """
import subprocess, sys
worker = subprocess.Popen([sys.executable, *sys.argv[2:]])
print(worker.pid, flush=True)
if sys.argv[1] == "waits":
    worker.wait()
sys.stdin.read()
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="the system has no /proc")
@pytest.mark.parametrize(
    ("victim", "parent"),
    [
        ("worker", "waits"),
        pytest.param("worker", "does not wait", id="a worker that stays a zombie"),
        ("playbook", "waits"),
    ],
)
def test_the_end_of_the_worker_and_of_its_parent_is_noticed_behind_a_shell(tmp_path, victim, parent):
    for name, text in (("module.py", _MODULE), ("worker.py", _WORKER), ("playbook.py", _PLAYBOOK)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    mark = str(tmp_path / "mark")
    playbook = subprocess.Popen(
        [
            *(sys.executable, str(tmp_path / "playbook.py"), parent),
            *(str(tmp_path / "worker.py"), str(tmp_path / "module.py"), mark),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert playbook.stdout is not None
    worker = int(playbook.stdout.readline())
    wait_for(mark + ".ready")
    time.sleep(0.3)
    assert not os.path.exists(mark + ".gone")
    os.kill(worker if victim == "worker" else playbook.pid, signal.SIGKILL)
    wait_for(mark + ".gone")
    for pid in (worker, playbook.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    playbook.communicate()


def wait_for(path):
    deadline = time.monotonic() + 20
    while not os.path.exists(path):
        assert time.monotonic() < deadline
        time.sleep(0.02)
