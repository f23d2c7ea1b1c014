# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An endpoint that cannot be reached is found out by one call at a time, for all of them."""

from __future__ import annotations

import threading
import time
import typing as t

#: How often those who wait look whether they still have to.
_LOOK = 0.2


class Breaker:
    """Holds calls back while the endpoint cannot be reached. Safe to use from several threads.

    After the first request that could not be sent, one call at a time tries again, with growing pauses, and all others
    wait for what comes of it. When the tries are used up, the endpoint counts as dead: nothing waits for it any more.
    Calls that only read may go on trying, one at a time, and the first of any kind that gets through ends it all.

    :param delays: makes the pauses in seconds before each further try.
    :param limit: seconds from the start of the first failed call within which the endpoint is found dead, if the last
        try takes no longer than C(longest_try) seconds.
    """

    def __init__(self, delays: t.Callable[[], t.Iterator[float]], limit: float, longest_try: float) -> None:
        self._make_delays = delays
        self._last_start = limit - longest_try
        self._news = threading.Condition()
        #: Why it cannot be reached; None while it can.
        self._trouble: str | None = None
        self._dead = False
        self._tried_by: object = None
        self._tries = 0
        self._delays: t.Iterator[float] = iter(())
        self._troubled_at = self._next_try = self._give_up_at = 0.0

    @property
    def in_trouble(self) -> bool:
        """Whether the endpoint could not be reached the last time."""
        return self._trouble is not None

    def enter(self, may_revive: bool, must_wait: t.Callable[[], bool]) -> str | None:
        """Wait until a call may try to reach the endpoint.

        :param may_revive: whether it may try even a dead one.
        :param must_wait: asked now and then; once it is false, the call may try at once.
        :returns: None; for a dead endpoint, why it cannot be reached.
        """
        if not self.in_trouble:  # without the lock, which every call would have to take
            return None
        with self._news:
            before = self._tries
            while (trouble := self._trouble) is not None:
                if self._dead and (not may_revive or self._tries > before):
                    return trouble
                if not must_wait():
                    return None
                now = time.monotonic()
                if self._tried_by is None and now >= self._next_try:
                    self._tried_by = threading.current_thread()
                    return None
                left = self._next_try - now if self._tried_by is None else _LOOK
                self._news.wait(min(_LOOK, left))
            return None

    def failed(self, trouble: str, started: float, final: bool) -> bool:
        """Note that a request could not be sent.

        :param started: the (monotonic) time at which that was begun.
        :param final: whether trying again cannot help.
        :returns: whether the endpoint is dead.
        """
        with self._news:
            first = self._trouble is None
            if first:
                self._delays = self._make_delays()
                self._troubled_at = time.monotonic()
                self._give_up_at = started + self._last_start
            trying = self._tried_by is threading.current_thread()
            if first or trying or final:
                self._trouble = trouble
                self._tries += 1
                now = time.monotonic()
                delay = None if self._dead or final else next(self._delays, None)
                if delay is None or now + delay > self._give_up_at:
                    self._dead, delay = True, 0.0
                self._next_try = now + delay
            if trying:
                self._tried_by = None
            self._news.notify_all()
            return self._dead

    def reached(self, started: float) -> None:
        """Note that a request was sent, whatever came of it.

        :param started: the (monotonic) time at which that was begun: what had left before the trouble proves nothing.
        """
        if self._trouble is None:
            return
        with self._news:
            if started >= self._troubled_at:
                self._trouble, self._dead, self._tried_by = None, False, None
                self._news.notify_all()

    def left(self) -> None:
        """Note that a call is over that may have been the one to try, and perhaps did not come to it."""
        if self._tried_by is not threading.current_thread():
            return
        with self._news:
            self._tried_by = None
            self._news.notify_all()
