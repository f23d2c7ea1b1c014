# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stopping, pausing and working side by side, the same for every part of a run."""

from __future__ import annotations

import concurrent.futures
import threading
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import NicError

_Item = t.TypeVar("_Item")
_Result = t.TypeVar("_Result")


class InterruptedRunError(NicError):
    """The run was told to end while it was still reading."""


class RunControl:
    """One run of the engine. Safe to use from several threads and from signal handlers.

    :param concurrency: how many calls may be in flight.
    """

    def __init__(self, concurrency: int = 1) -> None:
        self._concurrency = concurrency
        self._stop = threading.Event()
        self._interrupt = threading.Event()

    @property
    def stopped(self) -> bool:
        """No new call that changes something is to be started."""
        return self._stop.is_set()

    @property
    def interrupted(self) -> bool:
        """Somebody waits for the run to end: nothing is to be waited for any more."""
        return self._interrupt.is_set()

    def stop(self) -> None:
        """Start no new call that changes something; what was sent is still verified."""
        self._stop.set()

    def interrupt(self) -> None:
        """Stop, and end soon."""
        self._stop.set()
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
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            for future in [pool.submit(run) for _worker in range(workers)]:
                future.result()
        return results
