# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stop is kept with its first reason, a pause ends with it, and of what is done side by side nothing is lost."""

from __future__ import annotations

import threading
import time
import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import StopReason
from ansible_collections.edgecloud.nic.plugins.module_utils._engine import control as control_module
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.control import InterruptedRunError, RunControl


def test_the_first_reason_to_stop_is_the_one_that_is_told():
    control = RunControl()
    assert (control.stopped, control.stop_reason, control.interrupted, control.time_left()) == (
        False,
        None,
        False,
        None,
    )
    control.stop(StopReason.AUTH, "the key is unknown")
    control.stop(StopReason.JOURNAL, "the disk is full")
    control.interrupt("SIGTERM")
    assert (control.stop_reason, control.stop_detail) == (StopReason.AUTH, "the key is unknown")
    assert (control.stopped, control.interrupted) == (True, True)


def test_a_stop_waits_for_what_is_on_its_way_and_an_interruption_does_not():
    control = RunControl()
    control.stop(StopReason.ON_ERROR)
    assert (control.stopped, control.interrupted, control.time_left()) == (True, False, None)
    assert control.read_all(str, [1]) == ["1"]


def test_an_interruption_leaves_the_time_that_was_allowed_from_the_first_one_on():
    control = RunControl(grace=1000)
    control.interrupt("SIGTERM")
    left = control.time_left()
    assert left is not None and 900 < left <= 1000
    time.sleep(0.01)
    control.interrupt("SIGTERM again")
    assert (control.time_left() or 1000) < left
    assert (control.stop_reason, control.stop_detail) == (StopReason.INTERRUPTED, "SIGTERM")
    assert RunControl().time_left() is None
    usual = RunControl()
    usual.interrupt()
    assert 10 < (usual.time_left() or 0) <= 30


def test_a_run_that_nobody_waits_for_is_interrupted_and_asks_no_more_once_it_is_stopped():
    answers = iter([False, True])
    control = RunControl(abandoned=lambda: next(answers))
    assert [control.stopped for _time in range(3)] == [False, True, True]
    assert (control.stop_reason, control.stop_detail) == (StopReason.INTERRUPTED, "whoever started the run is gone")
    assert control.interrupted


def test_a_pause_ends_with_an_interruption():
    control = RunControl()
    started = time.monotonic()
    control.sleep(0.05)
    assert time.monotonic() - started >= 0.05
    threading.Timer(0.05, control.interrupt).start()
    control.sleep(60)
    assert control.interrupted
    assert time.monotonic() - started < 50
    RunControl().sleep(-1)


def test_nothing_is_read_after_an_interruption():
    control = RunControl()
    seen = []

    def read(item: int) -> int:
        seen.append(item)
        if item == 2:
            control.interrupt()
        return -item

    with pytest.raises(InterruptedRunError, match=r"^interrupted while reading; nothing was changed$"):
        control.read_all(read, [1, 2, 3])
    assert seen == [1, 2]


@pytest.mark.parametrize("concurrency", [1, 2, 8, 64])
@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_the_results_come_in_the_order_of_the_items_each_once(concurrency, count):
    seen = []

    def double(item: int) -> int:
        seen.append(item)
        return 2 * item

    assert RunControl(concurrency).map(double, iter(range(count))) == [2 * item for item in range(count)]
    assert sorted(seen) == list(range(count))


@pytest.mark.parametrize(("concurrency", "count", "expected"), [(1, 4, 1), (3, 9, 3), (9, 2, 2), (64, 64, 64)])
def test_as_many_items_are_worked_on_at_a_time_as_was_allowed(concurrency, count, expected):
    lock, arrived = threading.Lock(), threading.Condition()
    running, most = 0, 0

    def work(_item: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        with arrived:
            arrived.notify_all()
            arrived.wait_for(lambda: most >= expected, timeout=60)
            # One more than was allowed would come by now.
            arrived.wait_for(lambda: most > expected, timeout=0.05)
        with lock:
            running -= 1

    RunControl(concurrency).map(work, range(count))
    assert most == expected


def test_one_at_a_time_needs_no_thread_and_is_what_is_usual():
    for control in (RunControl(), RunControl(1)):
        assert control.map(lambda _item: threading.current_thread(), [1, 2]) == [threading.current_thread()] * 2


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_where_the_system_has_no_more_threads_fewer_do_all_of_it(threads, monkeypatch):
    begin = control_module._threads.submit
    begun: list[t.Callable[[], None]] = []

    def submit(run: t.Callable[[], None]) -> t.Any:
        if len(begun) == threads:
            raise RuntimeError("can't start new thread")
        begun.append(run)
        return begin(run)

    monkeypatch.setattr(control_module._threads, "submit", submit)
    assert RunControl(8).map(str, range(20)) == list(map(str, range(20)))
    assert len(begun) == threads


@pytest.mark.parametrize("concurrency", [1, 4])
def test_after_an_exception_no_item_is_begun_and_it_comes_to_the_caller(concurrency):
    seen = []

    def work(item: int) -> None:
        seen.append(item)
        if item == 3:
            raise KeyError("item 3")
        time.sleep(0.01)

    with pytest.raises(KeyError, match="item 3"):
        RunControl(concurrency).map(work, range(1000))
    assert len(seen) < 1000
