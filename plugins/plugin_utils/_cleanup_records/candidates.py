# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Candidates: for how long every plan run has found an address unused.

The record is a text of JSON lines that only grows, until it is written anew in short. Its first line says whose it is.
What a run has to add are lines for network interfaces and, after them, one that closes them (C(sha256), over all that
is before it and the line itself). What was never closed is of a run that was cut short: it protects, and ages nothing.

- C(candidates): C(format), C(provider), C(scope), C(account), C(endpoint), C(follows) (the C(sha256) that closed what
  is told here in short).
- C(unused): a plan run found these addresses unused for the first time, or for the first time since they had C(ended).
- C(ended): they are no candidates any more; C(reason) says why.
- C(unseen): the plan run that follows did not look at them; they get no older by it, and stay candidates.
- C(taken): the apply of C(plan) may remove them from now on; C(left): it did not touch them.
- Closing: C(plan) (every candidate it does not name is older now), C(look) (a run that proves too little for that),
  C(apply), C(short).

An age is the sum of the times between plan runs, not the time since the first one: what nobody watched does not count.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import typing as t

from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import (
    FORMAT,
    Json,
    Key,
    RefusedError,
    as_targets,
    keys,
)

PLAN = "plan"
LOOK = "look"
APPLY = "apply"
_SHORT = "short"

_OPENING = "candidates"
_PLACE = ("provider", "scope", "account", "endpoint")
#: A night that failed is no gap, for a plan every night; nor is a plan every week, for an age of a month.
_GAP_HOURS = 50.0
_GAPS_OF_AGE = 4
#: Clocks of machines that take turns may differ by this much.
_CLOCK_TOLERANCE_HOURS = 5 / 60
#: A record with so many lines beyond two for each network interface is written anew.
_SPARE_LINES = 1000


class Clock(t.NamedTuple):
    """What the clocks of a machine say.

    :param time: of the clock that people set.
    :param boot: names the boot of the machine; None where that is not known.
    :param uptime: seconds since that boot, which nobody can set; None where C(boot) is.
    """

    time: datetime.datetime
    boot: str | None = None
    uptime: float | None = None

    def hours_since(self, earlier: Clock) -> float:
        """Return how many hours have passed at least; less than 0 where a clock went back."""
        passed = (self.time - earlier.time).total_seconds()
        if self.boot is not None and self.boot == earlier.boot:
            passed = min(passed, (self.uptime or 0.0) - (earlier.uptime or 0.0))
        return passed / 3600

    def as_fields(self) -> Json:
        return {"time": self.time.isoformat(timespec="milliseconds"), "boot": self.boot, "uptime": self.uptime}

    @classmethod
    def of(cls, fields: Json) -> Clock:
        uptime = fields["uptime"]
        return cls(_time(fields["time"]), fields["boot"], None if uptime is None else float(uptime))


class Candidate(t.NamedTuple):
    """An address that plan runs have found unused, without exception.

    :param hours: between the first of them and the last one, as far as a clock can prove it.
    :param seen: when the last one looked.
    :param taken_by: digest of the plan whose apply may have removed it since.
    """

    first_seen: datetime.datetime
    hours: float
    seen: Clock
    taken_by: str | None = None


class Found(t.NamedTuple):
    """What a run found out.

    :param unused: that nothing uses, although everything was asked.
    :param ended: why others are no candidates; what is in neither was not looked at.
    """

    unused: t.Collection[Key] = ()
    ended: t.Mapping[Key, str] = {}


def longest_gap(min_age: float) -> float:
    """Return how many hours two plan runs may be apart, that what is unused in both counts as unused in between.

    :param min_age: in hours.
    """
    return max(_GAP_HOURS, min_age / _GAPS_OF_AGE)


class Record:
    """The candidates of one scope, as the record tells them.

    :param content: what is there; empty where there is no record yet.
    :param last: the C(sha256) that closed it last, as was noted beside it; None where nothing was.
    :raises RefusedError: it is no such record.
    """

    def __init__(self, content: bytes = b"", last: str | None = None) -> None:
        self.candidates: dict[Key, Candidate] = {}
        #: Why nothing that the record says can be relied on; None where it can.
        self.damage: str | None = None
        self.last: str | None = None
        self._place: Json | None = None
        self._lines = 0
        self._hash = hashlib.sha256()
        #: What ends a line that was cut short.
        self._line_end = b""
        try:
            self._read(content, last)
        except (ValueError, TypeError, KeyError, AttributeError):
            self._spoil("a line of it makes no sense")

    # --- Reading -----------------------------------------------------------------------------------------------------

    def _read(self, content: bytes, last: str | None) -> None:
        *lines, rest = content.split(b"\n")
        if rest:
            lines.append(rest)
            self._line_end = b"\n"
        if lines:
            self._open(_parsed(lines[0]))
            self._take_in(lines[0])
        elif last is not None:
            return self._spoil("it is lost")
        closed = {self._place["follows"]} if self._place else set()
        waiting: list[Json | None] = []
        for line in lines[1:]:
            entry = _parsed(line)
            if entry is None or "sha256" not in entry:
                waiting.append(entry)
            else:
                if entry.pop("sha256") != self._closing_hash(entry):
                    return self._spoil("it was altered")
                count = entry["lines"]
                self._protect(waiting[: len(waiting) - count])
                self._close(entry, t.cast("list[Json]", waiting[len(waiting) - count :]))
                waiting = []
                self.last = str(_parsed(line)["sha256"])  # type: ignore[index]
                closed.add(self.last)
            self._take_in(line)
        if content and (last is None or last not in closed):
            return self._spoil("the end of it is lost")
        self._protect(waiting)
        return None

    def _open(self, entry: Json | None) -> None:
        if entry is None or entry.get("event") != _OPENING:
            raise RefusedError("it is no record of candidates")
        if entry.get("format") != FORMAT:
            raise RefusedError(f"its format is {entry.get('format')!r}, and this release knows format {FORMAT}")
        self._place = entry

    def _take_in(self, line: bytes) -> None:
        self._hash.update(line + b"\n")
        self._lines += 1

    def _closing_hash(self, entry: Json) -> str:
        closing = self._hash.copy()
        closing.update(_line(entry))
        return closing.hexdigest()

    def _spoil(self, why: str) -> None:
        self.damage = why
        self.candidates = {}

    def _protect(self, unclosed: t.Iterable[Json | None]) -> None:
        """Heed a run that was cut short as far as it makes nothing older."""
        for entry in unclosed:
            if entry is not None and entry.get("event") == "ended":
                for key in keys([entry]):
                    self.candidates.pop(key, None)

    def _close(self, closing: Json, entries: t.Sequence[Json]) -> None:
        clock = Clock.of(closing)
        by_event: dict[str, list[Json]] = {}
        for entry in entries:
            by_event.setdefault(entry["event"], []).append(entry)
        for key in keys(by_event.get("ended", ())):
            self.candidates.pop(key, None)
        if closing["event"] == PLAN:
            unseen = set(keys(by_event.get("unseen", ())))
            for key, candidate in self.candidates.items():
                if key not in unseen:
                    passed = clock.hours_since(candidate.seen)
                    if passed < 0:
                        raise ValueError
                    self.candidates[key] = candidate._replace(hours=candidate.hours + passed, seen=clock)
        for entry in by_event.get("unused", ()):
            candidate = _candidate(entry) if closing["event"] == _SHORT else Candidate(clock.time, 0.0, clock)
            self.candidates.update(dict.fromkeys(keys([entry]), candidate))
        for event in ("taken", "left"):
            for entry in by_event.get(event, ()):
                for key in keys([entry]):
                    if key in self.candidates:
                        self.candidates[key] = self.candidates[key]._replace(taken_by=entry.get("plan"))

    # --- Judging -----------------------------------------------------------------------------------------------------

    def refuse_other_place(self, place: Json) -> None:
        """
        :param place: C(provider), C(scope), C(account) (None where it is not known) and C(endpoint) of the run.
        :raises RefusedError: the record is about another one.
        """
        for name in _PLACE:
            known = None if self._place is None else self._place.get(name)
            if self._place is not None and known != place[name]:
                raise RefusedError(
                    f"it is about the {name} {known or '(not known)'}, not about {place[name] or '(not known)'}"
                )

    def is_old(self, key: Key, min_age: float, plan: str | None = None) -> bool:
        """Tell whether all plan runs of the last hours found an address unused.

        :param min_age: how many hours.
        :param plan: digest of the plan that is applied: its own attempts do not count as a removal.
        """
        candidate = self.candidates.get(key)
        return candidate is not None and candidate.hours >= min_age and candidate.taken_by in (None, plan)

    # --- Adding ------------------------------------------------------------------------------------------------------

    def changes(self, found: Found, clock: Clock, gap: float, *, proves: bool = True) -> list[Json]:
        """Return the lines of a run.

        :param gap: how many hours may lie between two plan runs.
        :param proves: whether what it found unused is unused, and it closes with C(plan).
        """
        unused = set(found.unused) if proves else set()
        ended: dict[str, list[Key]] = {}
        unseen: list[Key] = []
        for key, candidate in self.candidates.items():
            passed = clock.hours_since(candidate.seen)
            if key in found.ended:
                ended.setdefault(found.ended[key], []).append(key)
            elif passed < -_CLOCK_TOLERANCE_HOURS:
                ended.setdefault("clock", []).append(key)
            elif passed > gap:
                ended.setdefault("gap", []).append(key)
            elif candidate.taken_by is not None and key in unused:
                ended.setdefault("taken", []).append(key)
            elif key not in unused or passed < 0:
                unseen.append(key)
                unused.discard(key)
            else:
                unused.discard(key)
        return [
            *(line for reason in ended for line in _lines("ended", ended[reason], reason=reason)),
            *(_lines("unseen", unseen) if proves else ()),
            *_lines("unused", unused - found.ended.keys()),
        ]

    def add(self, event: str, entries: t.Sequence[Json], clock: Clock, run: str, place: Json) -> tuple[bytes, bool]:
        """Add the lines of a run.

        :param event: C(PLAN), C(LOOK) or C(APPLY).
        :param place: as in C(refuse_other_place).
        :returns: what is to be written, and whether it takes the place of all that is there.
        """
        closing = {"event": event, **clock.as_fields(), "run": run}
        if self._place is not None and self.damage is None:
            added = self._added(closing, entries)
            if self._lines <= _SPARE_LINES + 2 * len({nic for nic, _address in self.candidates}):
                return added, False
        else:
            self._close(closing, entries)
        return self._in_short({**closing, "event": _SHORT}, place), True

    def _added(self, closing: Json, entries: t.Sequence[Json]) -> bytes:
        text, self._line_end = self._line_end, b""
        lines = [_line(entry) for entry in entries]
        for line in lines:
            self._take_in(line)
        closing = {**closing, "lines": len(entries)}
        self.last = self._closing_hash(closing)
        closed = _line({**closing, "sha256": self.last})
        self._close(closing, entries)
        self._take_in(closed)
        return text + b"\n".join([*lines, closed, b""])

    def _in_short(self, closing: Json, place: Json) -> bytes:
        """Return all that is known now, as a record of its own."""
        follows = self.last
        alike: dict[Candidate, list[Key]] = {}
        for key, candidate in self.candidates.items():
            alike.setdefault(candidate, []).append(key)
        entries = [
            line
            for candidate, together in alike.items()
            for line in _lines(
                "unused",
                together,
                first_seen=candidate.first_seen.isoformat(timespec="milliseconds"),
                hours=candidate.hours,
                seen=candidate.seen.as_fields(),
                plan=candidate.taken_by,
            )
        ]
        opening = {
            "event": _OPENING,
            "format": FORMAT,
            **{name: place[name] for name in _PLACE},
            "follows": follows,
        }
        self._place, self._lines, self._hash, self._line_end, self.damage = opening, 0, hashlib.sha256(), b"", None
        self._take_in(_line(opening))
        return _line(opening) + b"\n" + self._added(closing, entries)


def applied(entries: t.Iterable[Json]) -> list[Json]:
    """Return the lines for outcomes of an apply: what it left alone is as old as it was, the rest is no candidate.

    What is C(unknown) stays taken.
    """
    left: list[Key] = []
    ended: dict[str, list[Key]] = {}
    for entry in entries:
        for outcome in ("failed", "not_attempted"):
            left += _keys_of(entry, outcome)
        for outcome in ("unassigned", "already_absent", "kept", "in_use"):
            ended.setdefault(outcome, []).extend(_keys_of(entry, outcome))
    return [
        *_lines("left", left),
        *(line for reason, gone in ended.items() for line in _lines("ended", gone, reason=reason)),
    ]


def taken(targets: t.Iterable[Json], plan: str) -> list[Json]:
    """Return the lines that come before the removal of targets.

    :param plan: digest of the plan that is applied.
    """
    return _lines("taken", keys(targets), plan=plan)


def ended_by(outcomes: t.Iterable[Json]) -> dict[Key, str]:
    """Return what outcomes of a cleanup say is no candidate, and why."""
    return {
        key: outcome
        for entry in outcomes
        for outcome in ("already_absent", "kept", "in_use")
        for key in _keys_of(entry, outcome)
    }


def _keys_of(entry: Json, outcome: str) -> list[Key]:
    return [
        (entry["network_interface_id"], item if isinstance(item, str) else item["private_ip_address"])
        for item in entry[outcome]
    ]


def _lines(event: str, about: t.Iterable[Key], **fields: t.Any) -> list[Json]:
    return [{"event": event, **target, **fields} for target in as_targets(dict.fromkeys(about))]


def _line(entry: Json) -> bytes:
    return json.dumps(entry).encode()


def _parsed(line: bytes) -> Json | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _candidate(entry: Json) -> Candidate:
    return Candidate(_time(entry["first_seen"]), float(entry["hours"]), Clock.of(entry["seen"]), entry["plan"])


def _time(text: str) -> datetime.datetime:
    time = datetime.datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(text)
    return time
