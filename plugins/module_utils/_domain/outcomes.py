# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of each address: exactly one outcome an address, whatever happens on the way."""

from __future__ import annotations

import enum
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import sort_addresses
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.uses import Use

UNASSIGNED = "unassigned"
ALREADY_ABSENT = "already_absent"
ASSIGNED = "assigned"
ALREADY_PRESENT = "already_present"
KEPT = "kept"
IN_USE = "in_use"
FAILED = "failed"
UNKNOWN = "unknown"
NOT_ATTEMPTED = "not_attempted"

REMOVAL_OUTCOMES = (UNASSIGNED, ALREADY_ABSENT, KEPT, IN_USE, FAILED, UNKNOWN, NOT_ATTEMPTED)
ASSIGNMENT_OUTCOMES = (ASSIGNED, ALREADY_PRESENT)
#: Outcomes that make the task fail.
FAILING_OUTCOMES = (FAILED, UNKNOWN, NOT_ATTEMPTED)

KEPT_BY_POLICY = "keep"
KEPT_AS_PRIMARY = "primary"


class StopReason(str, enum.Enum):
    """Why no further call that changes something is started; the value is what a result says under C(stopped)."""

    AUTH = "auth"
    ON_ERROR = "on_error"
    INTERRUPTED = "interrupted"
    JOURNAL = "journal"
    ENDPOINT = "endpoint"


class Outcomes:
    """The outcomes of one network interface's addresses.

    :raises ValueError: when an address gets a second outcome, which would be a bug.
    """

    def __init__(self, network_interface_id: str) -> None:
        self.network_interface_id = network_interface_id
        self._kinds: dict[str, str] = {}
        self._addresses: dict[str, list[str]] = {}
        self._details: dict[str, list[dict[str, t.Any]]] = {}

    def __contains__(self, address: str) -> bool:
        return address in self._kinds

    def settle(self, address: str, outcome: str) -> None:
        """Give the address its outcome: one of those that need no detail."""
        if address in self._kinds:
            raise ValueError(f"{address} already has the outcome {self._kinds[address]}")
        self._kinds[address] = outcome
        self._addresses.setdefault(outcome, []).append(address)

    def keep(self, address: str, reason: str) -> None:
        """The address stays, for C(reason): KEPT_BY_POLICY or KEPT_AS_PRIMARY."""
        self.settle(address, KEPT)
        self._details[address] = [{"private_ip_address": address, "reason": reason}]

    def in_use(self, address: str, uses: t.Iterable[Use]) -> None:
        """The address stays, since these things use it (an entry for each)."""
        self.settle(address, IN_USE)
        self._details[address] = [use.of_address(address).as_result() for use in uses]

    def refused_in_use(self, address: str, kind: str) -> None:
        """The address stays, since the cloud says that something of this kind uses it, but not what."""
        self.in_use(address, [Use(kind, None)])

    def error(self, address: str, outcome: str, code: str | None, message: str, request_id: str | None) -> None:
        """The address is FAILED (or UNKNOWN), and this is what the cloud or the network said."""
        self.settle(address, outcome)
        self._details[address] = [
            {"private_ip_address": address, "code": code, "message": message, "request_id": request_id}
        ]

    def unknown(self, address: str, accepted: bool, code: str | None, message: str, request_id: str | None) -> None:
        """The address is UNKNOWN; C(accepted) tells whether the cloud said that it had taken the call."""
        self.error(address, UNKNOWN, code, message, request_id)
        self._details[address][0]["accepted"] = accepted

    @property
    def changed(self) -> set[str]:
        """Return the addresses that have changed, and those of which the cloud said that it would change them."""
        accepted = {entry["private_ip_address"] for entry in self.details(UNKNOWN) if entry["accepted"]}
        return accepted.union(self.of(UNASSIGNED), self.of(ASSIGNED))

    def of(self, *outcomes: str) -> list[str]:
        """Return the addresses with one of these outcomes, in numeric order."""
        found = [address for outcome in outcomes for address in self._addresses.get(outcome, ())]
        return sort_addresses(found) if len(found) > 1 else found

    def count(self, outcome: str) -> int:
        """Return how many addresses have this outcome."""
        return len(self._addresses.get(outcome, ()))

    def details(self, *outcomes: str) -> list[dict[str, t.Any]]:
        """Return the entries of the addresses with one of these outcomes, in numeric order."""
        return [entry for address in self.of(*outcomes) for entry in self._details.get(address, ())]

    def as_result(self, outcomes: t.Sequence[str] = REMOVAL_OUTCOMES) -> dict[str, t.Any]:
        """Return one entry of a module's C(outcomes)."""
        result: dict[str, t.Any] = {outcome: [] for outcome in outcomes}
        for outcome in self._addresses.keys() & result.keys():
            detailed = outcome in (KEPT, IN_USE, FAILED, UNKNOWN)
            result[outcome] = self.details(outcome) if detailed else self.of(outcome)
        return {"network_interface_id": self.network_interface_id, **result}
