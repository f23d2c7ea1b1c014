# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stopping, pausing and working side by side, the same for every part of a run."""

from __future__ import annotations

import concurrent.futures
import contextlib
import signal
import threading
import time
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import NicError
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import StopReason

#: The most calls that may be in flight.
MOST_CALLS = 64
_Item = t.TypeVar("_Item")
_Result = t.TypeVar("_Result")


def hear_no_signals() -> None:
    """Let the system hand no signals to this thread.

    Python acts on signals in the main thread only. One that reaches another thread does not wake it, and so what the
    main thread waits for would come first: the end of a module, for one.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


#: Kept from one run of this process to the next: to start eight takes as long as all else that is done for an item of a
#: loop. What stays in its queue where the system has no more threads finds nothing left to do.
_threads = concurrent.futures.ThreadPoolExecutor(MOST_CALLS, "edgecloud.nic call", hear_no_signals)


class InterruptedRunError(NicError):
    """The run was told to end while it was still reading."""


class RunControl:
    """One run of the engine. Safe to use from several threads and from signal handlers.

    :param concurrency: how many calls may be in flight.
    :param grace: seconds from an interruption until the run has to end.
    :param abandoned: tells whether nobody is left who waits for the run; asked before each call that changes something.
    """

    def __init__(
        self, concurrency: int = 1, grace: float = 30.0, abandoned: t.Callable[[], bool] = lambda: False
    ) -> None:
        self._concurrency = concurrency
        self._grace = grace
        self._abandoned = abandoned
        self._interrupt = threading.Event()
        self._deadline: float | None = None
        #: Why no new call that changes something is to be started, and the same in words; None while they may be.
        self.stop_reason: StopReason | None = None
        self.stop_detail: str | None = None

    @property
    def stopped(self) -> bool:
        """No new call that changes something is to be started."""
        if self.stop_reason is None and self._abandoned():
            self.interrupt("whoever started the run is gone")
        return self.stop_reason is not None

    @property
    def interrupted(self) -> bool:
        """Somebody waits for the run to end: nothing is to be waited for any more."""
        return self._interrupt.is_set()

    def time_left(self) -> float | None:
        """Return the seconds until the run has to end, 0 or less once it should have; None while nobody waits."""
        return None if self._deadline is None else self._deadline - time.monotonic()

    def stop(self, reason: StopReason, detail: str | None = None) -> None:
        """Start no new call that changes something; what was sent is still verified. The first reason stays."""
        if self.stop_reason is None:
            self.stop_detail, self.stop_reason = detail, reason

    def interrupt(self, detail: str | None = None) -> None:
        """Stop, and end soon."""
        if self._deadline is None:
            self._deadline = time.monotonic() + self._grace
        self.stop(StopReason.INTERRUPTED, detail)
        self._interrupt.set()

    def sleep(self, seconds: float) -> None:
        """Pause, but not beyond an interruption."""
        if seconds > 0:
            self._interrupt.wait(seconds)

    def read_all(self, function: t.Callable[[t.Any], t.Any], items: t.Iterable[t.Any], /) -> list[t.Any]:
        """Like C(map()), for what is read before anything is changed.

        :raises InterruptedRunError: the run was interrupted.
        """

        def read(item: t.Any) -> t.Any:
            if self.interrupted:
                raise InterruptedRunError("interrupted while reading; nothing was changed")
            return function(item)

        return self.map(read, items)

    def map(self, function: t.Callable[[_Item], _Result], items: t.Iterable[_Item]) -> list[_Result]:
        """Return the function's results in the order of the items, working on several items side by side.

        Must not be nested. After an exception no further item is begun, and the first exception is raised.
        """
        work = list(items)
        workers = min(self._concurrency, len(work))
        if workers <= 1:
            return [function(item) for item in work]
        results: list[t.Any] = [None] * len(work)
        indices = iter(range(len(work)))
        lock = threading.Lock()
        failed = threading.Event()

        def run() -> None:
            while not failed.is_set():
                with lock:
                    index = next(indices, None)
                if index is None:
                    return
                try:
                    results[index] = function(work[index])
                except BaseException:
                    failed.set()
                    raise

        # One task for each thread instead of one for each item: futures of 20,000 items would take their own memory.
        futures: list[concurrent.futures.Future[None]] = []
        # Where the system has no more threads, fewer do it, if need be this one alone.
        with contextlib.suppress(RuntimeError):
            while len(futures) < workers:
                futures.append(_threads.submit(run))
        if len(futures) < workers:
            run()
        concurrent.futures.wait(futures)
        for future in futures:
            future.result()
        return results
