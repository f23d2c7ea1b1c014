# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a task so that it can be stopped at any moment and still tells what it did."""

from __future__ import annotations

import concurrent.futures
import contextlib
import signal
import threading
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._engine.control import RunControl, hear_no_signals
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskReport

#: Seconds between two looks at whether anybody still waits for the run.
_LOOK = 0.5
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name))

#: Runs a task: is handed a function to call with the means to stop it.
Run = t.Callable[[t.Callable[[RunControl], object]], TaskReport]


#: Kept from one item of a loop to the next.
_runs = concurrent.futures.ThreadPoolExecutor(1, "edgecloud.nic run")


@contextlib.contextmanager
def deaf_threads() -> t.Iterator[None]:
    """Let threads that start in here hear no signals from their first moment on, nor their own threads."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    hear_no_signals()
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class StoppableRun:
    """One run of a task, in a thread of its own.

    Signals, and exceptions that ansible-core raises in the main thread when a task takes too long, would end the work
    in the middle of anything. So the main thread does nothing but wait, and what reaches it only interrupts the run.
    """

    def __init__(self, run: Run, abandoned: t.Callable[[], bool]) -> None:
        """
        :param abandoned: tells whether nobody is left who waits for the run.
        """
        self._run = run
        self._abandoned = abandoned
        self._control: RunControl | None = None
        self._order: str | None = None
        self._report: TaskReport | None = None
        self._error: BaseException | None = None
        self._ended = False
        #: Held as long as there is nothing to do. No lock of C(threading): a signal handler may have to open it.
        self._nothing_new = threading.Lock()
        #: The numbers of the signals that have come.
        self.signals: list[int] = []

    def report(self) -> TaskReport:
        """Run, and return what came of it, however many things interrupt it."""
        self._nothing_new.acquire()
        try:
            with deaf_threads():
                _runs.submit(self._work)
        except BaseException:
            # Without a thread the work still waits for one, and must not begin behind the caller's back.
            self._ended = True
            raise
        while not self._ended:
            try:
                self._wait()
            except BaseException as error:
                self._order = self._order or _reason(error)
        if self._error is not None:
            raise self._error
        return t.cast(TaskReport, self._report)

    @contextlib.contextmanager
    def interrupted_by_signals(self) -> t.Iterator[None]:
        """Let a signal interrupt the run; afterwards signals do what they did before."""
        before = {}
        # Only the main thread may do that, and what is ignored on purpose (by nohup, say) stays ignored.
        with contextlib.suppress(ValueError):
            for number in _SIGNALS:
                if number == signal.SIGTERM or signal.getsignal(number) is not signal.SIG_IGN:
                    before[number] = signal.signal(number, self._note_signal)
        try:
            yield
        finally:
            for number, handler in before.items():
                # None where it was set by something else than Python, which cannot be set again.
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _note_signal(self, number: int, _frame: object) -> None:
        # Nothing that takes a lock: the signal may have come while this very thread holds it.
        self.signals.append(number)
        self._order = self._order or f"by {signal.Signals(number).name}"
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(RuntimeError):
            self._nothing_new.release()

    def _wait(self) -> None:
        while not self._ended:
            if self._order is None and self._abandoned():
                self._order = "whoever started the run is gone"
            if self._order is not None and self._control is not None:
                self._control.interrupt(self._order)
            self._nothing_new.acquire(timeout=_LOOK)

    def _started(self, control: RunControl) -> None:
        self._control = control
        if self._order is not None:
            control.interrupt(self._order)

    def _work(self) -> None:
        if self._ended:
            return
        try:
            self._report = self._run(self._started)
        except BaseException as error:
            self._error = error
        finally:
            # A time limit of the task must not cost what the run has told.
            if hasattr(signal, "alarm"):
                signal.alarm(0)
            self._ended = True
            self._wake()


def _reason(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "by the keyboard"
    if "timeout" in type(error).__name__.lower():
        return "the time limit of the task has passed"
    return type(error).__name__
