# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast calls may be sent: as fast as the cloud lets us, found out by listening to its throttling."""

from __future__ import annotations

import collections
import threading
import time
import typing as t

#: After a throttled call the rate falls to this share of what it was.
_CUT = 0.7
#: Seconds until the rate is back where it was throttled; longer where the rate is so low that few calls fit in.
_RECOVERY = 4.0
_RECOVERY_CALLS = 100.0
#: So many of the last calls tell the rate at which calls were sent without a limit.
_OBSERVED = 32


class _ActionPace:
    """The pace of one action: clouds count calls by action.

    The rate follows the curve that TCP CUBIC uses for its window: after a cut it returns quickly to near the rate at
    which the cloud last throttled, stays there for long, and then tries more, faster and faster, so that a limit that
    was lifted is noticed. Until the first throttled call there is no limit.
    """

    def __init__(self) -> None:
        self._throttled_rate: float | None = None
        self._cut_at = 0.0
        self._next_turn = 0.0
        self._sent: collections.deque[float] = collections.deque(maxlen=_OBSERVED)

    def reserve(self, now: float) -> float:
        """Return the time at which the next call may be sent."""
        turn = now
        if self._throttled_rate is not None:
            turn = max(now, self._next_turn)
            self._next_turn = turn + 1 / self._rate(turn)
        self._sent.append(turn)
        return turn

    def throttled(self, sent_at: float, now: float) -> None:
        """Slow down; calls that were on their way at the last cut say nothing new."""
        if sent_at < self._cut_at:
            return
        self._throttled_rate = self._observed() if self._throttled_rate is None else self._rate(now)
        self._cut_at = now
        self._next_turn = now + 1 / self._rate(now)

    def _observed(self) -> float:
        span = self._sent[-1] - self._sent[0] if self._sent else 0.0
        return max(1.0, (len(self._sent) - 1) / span) if span > 0 else 1.0

    def _rate(self, now: float) -> float:
        rate = t.cast(float, self._throttled_rate)
        recovery = max(_RECOVERY, _RECOVERY_CALLS / rate)
        return rate * (1 + (1 - _CUT) * ((now - self._cut_at) / recovery - 1) ** 3)


class Pace:
    """The pace of a run, shared by all that send calls. Safe to use from several threads.

    :param ceiling: calls a second that are never exceeded, whatever the cloud allows; None is no ceiling.
    """

    def __init__(self, sleep: t.Callable[[float], object], ceiling: float | None = None) -> None:
        self._sleep = sleep
        self._interval = 0.0 if ceiling is None else 1 / ceiling
        self._next_turn = 0.0
        self._actions: dict[str, _ActionPace] = collections.defaultdict(_ActionPace)
        self._lock = threading.Lock()

    def wait_turn(self, action: str) -> float:
        """Wait until a call of this action may be sent; returns the (monotonic) time at which it is."""
        with self._lock:
            now = time.monotonic()
            turn = max(self._actions[action].reserve(now), self._next_turn)
            self._next_turn = turn + self._interval if self._interval else 0.0
        self._sleep(turn - now)
        return turn

    def throttled(self, action: str, sent_at: float) -> None:
        """Note that the cloud refused a call that was sent at this time as one too many."""
        with self._lock:
            self._actions[action].throttled(sent_at, time.monotonic())
