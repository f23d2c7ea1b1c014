# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a call asks for, and the log of all calls."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Call:
    """One call to one of the APIs: what was asked, and how it ended. Holds no credentials."""

    cloud: str
    action: str
    version: str
    parameters: dict[str, Any]
    write: bool
    network_interface_ids: list[str] = field(default_factory=list)
    private_ip_addresses: list[str] = field(default_factory=list)
    service: str = ""
    account: int | None = None  # the caller's place among the accounts of the estate; None: not known
    seq: int = 0
    request_id: str = ""
    http_status: int | None = None  # None: no answer was sent, or not yet
    code: str | None = None
    fault: str | None = None
    applied: bool = False  # the action ran to its end and was not refused
    started: float = 0.0
    finished: float | None = None

    def end(self, http_status: int | None, code: str | None = None) -> None:
        """Note what was answered."""
        self.http_status, self.code = http_status, code


class CallLog:
    """Every call that reached the API, refused, throttled and faulted ones included."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._seq = 0
        #: How often each action was called, whatever was forgotten since.
        self.ever: Counter[str] = Counter()

    def begin(self, call: Call, came: float) -> None:
        """Note that a call has come in.

        :param came: when the server began to look at it, in seconds since 1970.
        """
        self._seq += 1
        call.seq = self._seq
        call.started = came
        self._calls.append(call)
        self.ever[call.action] += 1

    def clear(self) -> None:
        """Forget all calls; the numbering goes on, so that calls of before and after cannot be confused."""
        self._calls = []

    def find(self, cloud: str | None = None, action: str | None = None, write: bool | None = None) -> list[Call]:
        """List the calls that match, oldest first."""
        return [
            call
            for call in self._calls
            if (cloud is None or call.cloud == cloud)
            and (action is None or call.action == action)
            and (write is None or call.write == write)
        ]


def as_data(call: Call) -> dict[str, Any]:
    """Give a call as plain data."""
    return asdict(call)


def counts(calls: list[Call]) -> dict[str, int]:
    """Count calls by action."""
    found: dict[str, int] = {}
    for call in calls:
        found[call.action] = found.get(call.action, 0) + 1
    return found
