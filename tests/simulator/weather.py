# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What makes a real cloud hard to use: throttling, faults, lists that shift under the reader, and other people."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .calls import Call
from .schema import EstateError, build, mapping, one_of
from .settings import Paging, Throttle

T = TypeVar("T")

FAULT_KINDS = (
    "error",
    "reset",
    "html",
    "empty",
    "redirect",
    "hang",
    "delay",
    "truncate",
    "bad_json",
    "drip",
    "missing_fields",
    "null_lists",
    "replace_fields",
)
# Shorthands: the same fault, after the action was carried out.
APPLIED_KINDS = {"apply_then_error": "error", "apply_then_reset": "reset"}
# These spoil the answer of an action, so it is always carried out.
SPOILING_KINDS = ("delay", "truncate", "bad_json", "drip", "missing_fields", "null_lists", "replace_fields")
MATCHABLE = ("cloud", "action", "write", "network_interface_id", "private_ip_address")


def page_of(found: list[T], size: int, number: int, paging: Paging) -> tuple[list[T], int]:
    """Cut a page out of a list, and tell the total count, as truthfully as the settings ask for."""
    step = size
    if paging.duplicate and size > 1:
        step = size - 1  # every page begins with the last item of the page before
    if paging.endless and found:
        number = min(number, max(1, -(-len(found) // step)))
    if paging.shuffle:
        found = random.Random(number).sample(found, len(found))
    start = (number - 1) * step
    end = start + size
    page = found[start:end]
    if paging.drop and len(found) > size:  # what shifts between two pages; a single page cannot lose anything
        page = page[:-1]
    return page, len(found) if paging.total_count is None else paging.total_count


class Meter:
    """What one cloud has admitted of one group of actions."""

    def __init__(self, limit: Throttle, now: float) -> None:
        self._tokens, self._filled = limit.burst, now
        self._window_start = now
        self._recent: deque[float] = deque()
        self._admitted = 0
        self._closed_at: float | None = None

    def admit(self, limit: Throttle, now: float) -> bool:
        """Count a call, unless it is one too many."""
        self._tokens = min(limit.burst, self._tokens + (now - self._filled) * (limit.rate or 0.0))
        self._filled = now
        if limit.window is not None:
            passed = (now - self._window_start) // limit.window
            if not limit.sliding and passed:
                self._window_start += passed * limit.window
                self._recent.clear()
            while limit.sliding and self._recent and self._recent[0] <= now - limit.window:
                self._recent.popleft()
        if limit.closed_for and self._admitted >= limit.closed_after and self._closed_at is None:
            self._closed_at = now
        closed = self._closed_at is not None and now < self._closed_at + limit.closed_for
        full = limit.limit is not None and len(self._recent) >= limit.limit
        if closed or full or (limit.rate is not None and self._tokens < 1):
            return False
        self._tokens -= 1
        self._admitted += 1
        self._recent.append(now)
        return True


class Throttles:
    """What is allowed, for each cloud and group of actions (``write``, ``read`` or the name of an action)."""

    def __init__(self) -> None:
        self._meters: dict[tuple[str, str], Meter] = {}

    def admit(self, call: Call, limits: dict[str, Throttle]) -> Throttle | None:
        """Count a call in each group that it belongs to; give the limit that it ran into, if any."""
        now = time.monotonic()
        for group in ("write" if call.write else "read", call.action):
            limit = limits.get(group)
            if limit is None:
                continue
            if (call.cloud, group) not in self._meters:
                self._meters[call.cloud, group] = Meter(limit, now)
            if not self._meters[call.cloud, group].admit(limit, now):
                return limit
        return None


@dataclass
class Fault:
    """Something that goes wrong for some calls; the guide tells what each kind takes."""

    kind: str
    match: dict[str, Any] = field(default_factory=dict)
    skip: int = 0
    times: int | None = 1
    apply: bool = False
    status: int | None = None
    code: str = "InternalError"
    message: str = "An internal error occurred."
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "<html><body><h1>502 Bad Gateway</h1></body></html>"
    seconds: float = 1.0
    location: str = "/_simulator/sink"
    fields: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind in APPLIED_KINDS:
            self.kind, self.apply = APPLIED_KINDS[self.kind], True
        one_of(self.kind, FAULT_KINDS, "kind")
        for name in mapping(self.match, "match"):
            one_of(name, MATCHABLE, "match")

    @property
    def runs_action(self) -> bool:
        """Tell whether the action is carried out all the same."""
        return self.apply or self.kind in SPOILING_KINDS

    def hits(self, call: Call) -> bool:
        """Tell whether this fault is meant for a call."""
        facts: dict[str, Callable[[Any], bool]] = {
            "cloud": lambda wanted: call.cloud == wanted,
            "action": lambda wanted: call.action == wanted,
            "write": lambda wanted: call.write == wanted,
            "network_interface_id": lambda wanted: wanted in call.network_interface_ids,
            "private_ip_address": lambda wanted: wanted in call.private_ip_addresses,
        }
        return all(facts[name](wanted) for name, wanted in self.match.items())


class Faults:
    """The faults still to come."""

    def __init__(self, entries: list[Any]) -> None:
        self.pending: list[Fault] = []
        for entry in entries:
            self.add(entry)

    def add(self, entry: Any) -> None:
        """Add a fault behind those that wait already."""
        self.pending.append(build(Fault, entry, "fault"))

    def take(self, call: Call) -> Fault | None:
        """Give the fault that a call meets: the first one meant for it that is not to be skipped."""
        for fault in self.pending:
            if not fault.hits(call):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.pending.remove(fault)
            return fault
        return None


@dataclass
class Event:
    """A change of the world right after the n-th call of an action, before that call is answered."""

    after_action: str
    change: dict[str, Any]
    count: int = 1
    cloud: str | None = None


class Events:
    """The events still to come."""

    def __init__(self, entries: list[Any]) -> None:
        self.pending: list[Event] = []
        for entry in entries:
            self.add(entry)

    def add(self, entry: Any) -> None:
        """Add an event; it counts calls from now on."""
        event = build(Event, entry, "event")
        if event.count < 1:
            raise EstateError("event: count must be at least 1")
        self.pending.append(event)

    def due(self, call: Call) -> list[dict[str, Any]]:
        """Count a call, and give the changes that it sets off."""
        changes = []
        for event in list(self.pending):
            if event.after_action == call.action and event.cloud in (None, call.cloud):
                event.count -= 1
                if event.count == 0:
                    self.pending.remove(event)
                    changes.append(event.change)
        return changes
