# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast calls may be sent: as fast as the cloud lets us, found out by listening to its throttling."""

from __future__ import annotations

import collections
import threading
import time
import typing as t

#: After a throttled call none is sent until the cloud has a few calls to spare again, but for a second at most.
_SPARE_CALLS = 4
_SHORTEST_PAUSE = 0.2
_LONGEST_PAUSE = 1.0
#: Where a new rate starts from, as a share of what the cloud was found to allow.
_CAUTION = 0.95
#: Seconds until the rate is back at what was found; longer where the rate is so low that few calls fit in.
_RECOVERY = 2.0
_RECOVERY_CALLS = 10.0
#: How far one finding may lower the rate: little where it rests on a few calls at least, and more where it does not.
_LOWEST = 0.85
_LOWEST_BLIND = 0.5
_FEW_CALLS = 3
#: So many of the last calls tell the rate at which calls were sent without a limit.
_OBSERVED = 32


class _ActionPace:
    """The pace of one action: clouds count calls by action.

    Until the first throttled call there is no limit. From then on, the calls that the cloud accepted between two
    throttled ones, over the time between them, are just what it allows, since it had nothing to spare at either end.
    The rate starts a little below that and grows, slowly at first and then faster and faster, so that it stays near
    the limit for long, and a limit that was lifted is noticed.
    """

    def __init__(self) -> None:
        self._allowed: float | None = None
        self._found_at = 0.0
        self._throttled_call = 0.0
        self._accepted = 0
        self._next_turn = 0.0
        self._sent: collections.deque[float] = collections.deque(maxlen=_OBSERVED)

    def reserve(self, now: float) -> float:
        """Return the time at which the next call may be sent."""
        turn = now
        if self._allowed is not None:
            turn = max(now, self._next_turn)
            self._next_turn = turn + 1 / self._rate(turn)
        self._sent.append(turn)
        return turn

    def accepted(self, sent_at: float) -> None:
        if sent_at > self._throttled_call:
            self._accepted += 1

    def throttled(self, sent_at: float, now: float) -> None:
        """Slow down; calls that were on their way when that was done last say nothing new."""
        if sent_at < self._found_at:
            return
        if self._allowed is None:
            self._allowed = _LOWEST_BLIND * len(self._sent) / max(now - self._sent[0], 0.001)
        else:
            rate = self._rate(now)
            # The throttled call itself came just before it would have been accepted.
            allowed = (self._accepted + 1) / max(sent_at - self._throttled_call, 0.001)
            lowest = rate * (_LOWEST if self._accepted >= _FEW_CALLS else _LOWEST_BLIND)
            self._allowed = min(rate, max(allowed, lowest))
        self._found_at, self._throttled_call, self._accepted = now, sent_at, 0
        self._next_turn = now + max(_SHORTEST_PAUSE, min(_LONGEST_PAUSE, _SPARE_CALLS / self._rate(now)))

    def _rate(self, now: float) -> float:
        allowed = t.cast(float, self._allowed)
        recovery = max(_RECOVERY, _RECOVERY_CALLS / allowed)
        return allowed * (_CAUTION + (1 - _CAUTION) * ((now - self._found_at) / recovery) ** 2)


class Pace:
    """The pace of a run, shared by all that send calls. Safe to use from several threads.

    :param ceiling: calls a second that are never exceeded, whatever the cloud allows; None is no ceiling.
    """

    def __init__(self, sleep: t.Callable[[float], object], ceiling: float | None = None) -> None:
        self._sleep = sleep
        self._interval = 0.0 if ceiling is None else 1 / ceiling
        self._next_turn = 0.0
        self._actions: dict[str, _ActionPace] = collections.defaultdict(_ActionPace)
        self._accepted: collections.Counter[str] = collections.Counter()
        self._lock = threading.Lock()

    def wait_turn(self, action: str) -> float:
        """Wait until a call of this action may be sent; returns the (monotonic) time at which it is."""
        with self._lock:
            now = time.monotonic()
            turn = max(self._actions[action].reserve(now), self._next_turn)
            self._next_turn = turn + self._interval if self._interval else 0.0
        self._sleep(turn - now)
        return turn

    def accepted(self, action: str) -> int:
        """Return how many calls of this action the cloud did not refuse as one too many."""
        with self._lock:
            return self._accepted[action]

    def answered(self, action: str, sent_at: float, throttled: bool) -> None:
        """Note that a call that was sent at this time was answered, and whether as one too many."""
        with self._lock:
            if throttled:
                self._actions[action].throttled(sent_at, time.monotonic())
            else:
                self._actions[action].accepted(sent_at)
                self._accepted[action] += 1
