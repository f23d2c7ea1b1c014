# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast calls may be sent: as fast as the cloud lets us, found out by listening to its throttling.

Clouds throttle in two ways. With a rate, a short pause is enough, and the best is to stay just below it. With a quota
for a window of time, everything is refused until the window ends, and then the best is to be quick again. So a refusal
is first taken for a rate; if the first call after the pause is refused as well, the action counts as closed: single
calls ask whether it is open again while all others wait, and once one gets through, the rest follows in growing
numbers.
"""

from __future__ import annotations

import collections
import math
import threading
import time
import typing as t

#: After a throttled call none is sent until the cloud has a few calls to spare again, but for a second at most.
_SPARE_CALLS = 4
_SHORTEST_PAUSE = 0.1
_LONGEST_PAUSE = 1.0
#: Seconds until a closed action is asked for the first time; each further time after twice as long, up to a second.
_FIRST_PROBE = 0.2
#: Where a new rate starts from, as a share of what the cloud was found to allow.
_CAUTION = 0.95
#: Seconds until the rate is back at what was found; longer where the rate is so low that few calls fit in.
_RECOVERY = 2.0
_RECOVERY_CALLS = 10.0
_LONGEST_RECOVERY = 10.0
#: So many recoveries later it is clear that the limit is not what it was: from then on, the rate doubles with each.
_SURE = 3.0
#: How far one finding may lower the rate: little where it rests on a few calls at least, and more where it does not.
_LOWEST = 0.85
_LOWEST_BLIND = 0.5
_FEW_CALLS = 3
#: So many of the last calls tell the rate at which calls were sent without a limit.
_OBSERVED = 32
#: Closed for longer than this, an action has a quota for a window, or an outage; for less, a rate that we met badly.
_WINDOW = 2.0
#: So often may an opened action close again after a few calls before these calls are taken for its rate.
_DISAPPOINTMENTS = 2
#: More calls than may be in flight.
_MANY = 64
#: How often those who wait look whether they still have to.
_LOOK = 0.2


class _ActionPace:
    """The pace of one action: clouds count calls by action.

    Until the first throttled call there is no limit. From then on, the calls that the cloud accepted between two
    throttled ones, over the time between them, are just what it allows, since it had nothing to spare at either end.
    The rate starts a little below that and grows, slowly at first and then faster and faster, so that it stays near
    the limit for long, and a limit that was lifted is noticed.
    """

    def __init__(self, longest_pause: float) -> None:
        self._longest_pause = longest_pause
        self.accepted_calls = 0
        #: Raised with each slowing down and opening: turns that were given before are void.
        self.era = 0
        #: Refused calls that said something new since the last accepted one, and when the first of them was.
        self.refusals = 0
        self.refused_since = 0.0
        self.closed = False
        self._allowed: float | None = None
        self._found_at = 0.0
        self._throttled_call = 0.0
        self._accepted = 0
        self._next_turn = 0.0
        self._in_flight = 0
        #: How many calls may be in flight while an opened action is being tried; None: any number.
        self._trial: int | None = None
        self._closed_at = self._closed_for = 0.0
        #: Between two calls that ask whether a closed action is open again.
        self._pause = 0.0
        self._opened_at = 0.0
        self._accepted_since_opening = 0
        self._disappointments = 0
        self._sent: collections.deque[float] = collections.deque(maxlen=_OBSERVED)

    def reserve(self, now: float) -> float:
        """Return the time at which the next call may be sent; infinite while that depends on what others find out."""
        if self.closed:
            if now < self._next_turn:
                return math.inf
            self._next_turn = now + self._pause
            return now
        if self._trial is not None:
            return now if self._in_flight < self._trial else math.inf
        turn = now
        if self._allowed is not None:
            turn = max(now, self._next_turn)
            self._next_turn = turn + 1 / self._rate(turn)
        return turn

    def until_probe(self, now: float) -> float:
        """Return the seconds until somebody has to ask whether a closed action is open again."""
        return max(0.0, self._next_turn - now) if self.closed else math.inf

    @property
    def being_tried(self) -> bool:
        """Whether what calls come to decides if others may be sent."""
        return self.closed or self._trial is not None

    def sent(self, now: float) -> None:
        self._in_flight += 1
        self._sent.append(now)

    def ended(self) -> None:
        self._in_flight -= 1

    def accepted(self, sent_at: float, now: float) -> None:
        self.accepted_calls += 1
        self.refusals = 0
        self._accepted_since_opening += 1
        if sent_at > self._throttled_call:
            self._accepted += 1
        if self.closed and sent_at >= self._closed_at:
            self._open(now)
        elif self._trial is not None:
            self._trial = self._trial + 1 if self._trial < _MANY else None

    def throttled(self, sent_at: float, now: float, wait: float) -> None:
        """Slow down; calls that were on their way when that was done last say nothing new but how long to wait.

        :param wait: seconds that the cloud asks to wait; 0 where it does not say.
        """
        if sent_at >= self._found_at:
            if self.refusals == 0:
                self.refused_since = now
            self.refusals += 1
            if self.closed:
                self._pause = min(2 * self._pause, self._longest_pause)
                self._next_turn = now + self._pause
            elif self._trial is not None and self._closed_for > _WINDOW:
                disappointed = self._accepted_since_opening <= _FEW_CALLS
                self._disappointments = self._disappointments + 1 if disappointed else 0
                self._close(sent_at, now)
            elif self.refusals > 1:
                self._close(sent_at, now)
            else:
                self._slow_down(sent_at, now)
        if wait and now + wait > self._next_turn:
            self._next_turn = now + wait
            self.era += 1

    def _slow_down(self, sent_at: float, now: float) -> None:
        if self._allowed is None:
            self._allowed = _LOWEST_BLIND * len(self._sent) / max(now - min(self._sent, default=sent_at), 0.001)
        else:
            rate = self._rate(now)
            # The throttled call itself came just before it would have been accepted.
            allowed = (self._accepted + 1) / max(sent_at - self._throttled_call, 0.001)
            lowest = rate * (_LOWEST if self._accepted >= _FEW_CALLS else _LOWEST_BLIND)
            self._allowed = min(rate, max(allowed, lowest))
        self._found(sent_at, now)
        self._next_turn = now + max(_SHORTEST_PAUSE, min(_LONGEST_PAUSE, _SPARE_CALLS / self._rate(now)))

    def _close(self, sent_at: float, now: float) -> None:
        self.closed = True
        self._closed_at = now
        self._pause = min(_FIRST_PROBE, self._longest_pause)
        self._found(sent_at, now)
        self._next_turn = now + self._pause

    def _open(self, now: float) -> None:
        self.closed = False
        self._closed_for = now - self._closed_at
        if self._disappointments >= _DISAPPOINTMENTS:
            # Only a few calls a time, again and again: that is a rate, if a low one.
            self._allowed = self._accepted_since_opening / max(now - self._opened_at, 0.001)
        elif self._allowed is not None and self._closed_for <= _WINDOW:
            self._allowed *= _LOWEST_BLIND
        else:
            self._allowed, self._trial = None, 2
        if self._allowed is not None:
            self._next_turn = now + 1 / self._allowed
        self._found(now, now)
        self._opened_at, self._accepted_since_opening = now, 1
        self._sent.clear()

    def _found(self, sent_at: float, now: float) -> None:
        """Something new is known; what happens from now on is measured afresh."""
        if self._allowed is not None or self.closed:
            self._trial = None
        self._found_at, self._throttled_call, self._accepted = now, sent_at, 0
        self.era += 1

    def _rate(self, now: float) -> float:
        allowed = t.cast(float, self._allowed)
        recovery = max(_RECOVERY, min(_LONGEST_RECOVERY, _RECOVERY_CALLS / allowed))
        age = (now - self._found_at) / recovery
        doublings = min(30.0, max(0.0, age - _SURE))
        growth: float = 2.0**doublings
        return allowed * (_CAUTION + (1 - _CAUTION) * min(age, _SURE) ** 2) * growth


class Pace:
    """The pace of a run, shared by all that send calls. Safe to use from several threads.

    :param ceiling: calls a second that are never exceeded, whatever the cloud allows; None is no ceiling.
    :param max_retries: an action that has refused more calls than this in a row is given up,
    :param patience: but not before so many seconds.
    :param longest_wait: seconds that are waited at most because the cloud asks for it.
    """

    def __init__(
        self, ceiling: float | None = None, max_retries: int = 5, patience: float = 150.0, longest_wait: float = 30.0
    ) -> None:
        self._interval = 0.0 if ceiling is None else 1 / ceiling
        self._max_retries = max_retries
        self._patience = patience
        self._longest_wait = longest_wait
        self._next_turn = 0.0
        longest_pause = max(_LOOK / 4, min(_LONGEST_PAUSE, longest_wait))
        self._actions: dict[str, _ActionPace] = collections.defaultdict(lambda: _ActionPace(longest_pause))
        self._news = threading.Condition()

    def wait_turn(self, action: str, must_wait: t.Callable[[], bool]) -> float | None:
        """Wait until a call of this action may be sent; C(ended()) must follow.

        :param must_wait: asked now and then; once it is false, the call may be sent whatever its turn.
        :returns: the (monotonic) time at which it may be sent; None if it may not, since the cloud has refused all
            calls for so long that there is no sense in waiting.
        """
        with self._news:
            pace = self._actions[action]
            while True:
                now = time.monotonic()
                turn, era = pace.reserve(now), pace.era
                if turn < math.inf and self._interval:
                    turn = max(turn, self._next_turn)
                    self._next_turn = turn + self._interval
                while turn > now and pace.era == era and must_wait():
                    if pace.closed and self._hopeless(pace, now):
                        return None
                    self._news.wait(min(_LOOK, turn - now, pace.until_probe(now)))
                    now = time.monotonic()
                    if turn == math.inf:
                        break
                if (now >= turn and pace.era == era) or not must_wait():
                    pace.sent(now)
                    return now

    def ended(self, action: str, sent_at: float, overloaded: bool | None, wait: float | None = None) -> None:
        """Note how a call ended.

        :param sent_at: what C(wait_turn()) returned.
        :param overloaded: whether it was answered as one too many; None where the answer, or its lack, does not tell.
        :param wait: seconds that the cloud asked to wait.
        """
        with self._news:
            pace = self._actions[action]
            era = pace.era
            pace.ended()
            now = time.monotonic()
            if overloaded:
                pace.throttled(sent_at, now, min(wait or 0.0, self._longest_wait))
            elif overloaded is not None:
                pace.accepted(sent_at, now)
            if pace.era != era or pace.being_tried:
                self._news.notify_all()

    def accepted(self, action: str) -> int:
        """Return how many calls of this action the cloud did not refuse as one too many."""
        with self._news:
            return self._actions[action].accepted_calls

    def worth_waiting(self, action: str) -> bool:
        """Tell whether a refused call of this action may get through after some waiting."""
        with self._news:
            return not self._hopeless(self._actions[action], time.monotonic())

    def _hopeless(self, pace: _ActionPace, now: float) -> bool:
        return pace.refusals > self._max_retries and now - pace.refused_since >= self._patience
