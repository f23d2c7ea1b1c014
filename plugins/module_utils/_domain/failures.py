# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a task failed, in one sentence that people can read: each reason once, whatever the number of addresses."""

from __future__ import annotations

import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import (
    FAILING_OUTCOMES,
    Outcomes,
)

#: The full account is in the result.
_SHOWN_REASONS = 5
_SHOWN_ADDRESSES = 3


class _Reason:
    """What the cloud or the network said, and of which addresses, by network interface."""

    def __init__(self) -> None:
        self.addresses: dict[str, list[str]] = {}
        self.request_ids: list[str] = []

    @property
    def count(self) -> int:
        return sum(map(len, self.addresses.values()))

    def add(self, network_interface_id: str, entry: t.Mapping[str, t.Any]) -> None:
        self.addresses.setdefault(network_interface_id, []).append(entry["private_ip_address"])
        if entry["request_id"] and entry["request_id"] not in self.request_ids:
            self.request_ids.append(entry["request_id"])

    def __str__(self) -> str:
        (first, addresses), *others = self.addresses.items()
        shown = len(addresses) if len(addresses) <= _SHOWN_ADDRESSES else _SHOWN_ADDRESSES - 1
        more = f" (and {len(addresses) - shown} more)" if shown < len(addresses) else ""
        where = f"{', '.join(addresses[:shown])}{more} on {first}"
        if others:
            left = _counted(self.count - len(addresses), "address", "addresses")
            where += f", {left} on {_counted(len(others), 'other network interface', 'other network interfaces')}"
        return where

    @property
    def requests(self) -> str:
        if not self.request_ids:
            return ""
        more = f" and {len(self.request_ids) - 1} more" if len(self.request_ids) > 1 else ""
        return f" (request id {self.request_ids[0]}{more})"


def describe_failures(all_outcomes: t.Iterable[Outcomes], stop_detail: str | None = None) -> str | None:
    """Return one sentence about the addresses that make the task fail; None where there are none.

    :param stop_detail: why no further call was started.
    """
    counts: dict[str, int] = {}
    reasons: dict[tuple[str, str | None, str], _Reason] = {}
    for outcomes in all_outcomes:
        for outcome in FAILING_OUTCOMES:
            count = outcomes.count(outcome)
            if not count:
                continue
            counts[outcome] = counts.get(outcome, 0) + count
            for entry in outcomes.details(outcome):
                reason = reasons.setdefault((outcome, entry["code"], entry["message"]), _Reason())
                reason.add(outcomes.network_interface_id, entry)
    if not counts:
        return None
    summary = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in counts.items())
    total = sum(counts.values())
    shown = list(reasons.items())[:_SHOWN_REASONS]
    sentences = [
        f"{reason}: {code + ': ' if code else ''}{message}{reason.requests}"
        for (_outcome, code, message), reason in shown
    ]
    left = sum(reason.count for reason in reasons.values()) - sum(reason.count for _key, reason in shown)
    if left:
        sentences.append(f"and {_counted(left, 'address', 'addresses')} for other reasons")
    head = f"{total} address{'es were' if total > 1 else ' was'} not settled ({summary})"
    if stop_detail and not any(message in stop_detail for _outcome, _code, message in reasons):
        sentences.append(f"stopped, since {stop_detail}")
    return f"{head}: {'; '.join(sentences)}" if sentences else head


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
