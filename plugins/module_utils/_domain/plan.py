# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decision which addresses may be removed. Pure: what was read and what was asked for go in, a plan comes out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import AddressSet, sort_addresses
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import (
    ALREADY_ABSENT,
    KEPT_AS_PRIMARY,
    KEPT_BY_POLICY,
    Outcomes,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.uses import Use


@dataclasses.dataclass(frozen=True)
class RemovalPlan:
    """What is to be removed from one network interface, and why the rest is not.

    :param unassign: secondary addresses, just read as such, in numeric order.
    :param kept: pairs of an address and the reason it stays.
    :param in_use: what uses the addresses that stay for that reason.
    """

    network_interface: NetworkInterface
    unassign: tuple[str, ...] = ()
    already_absent: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    in_use: tuple[Use, ...] = ()

    def outcomes(self) -> Outcomes:
        """Return the outcomes that are certain before anything is sent: all but those of C(unassign)."""
        outcomes = Outcomes(self.network_interface.network_interface_id)
        for address in self.already_absent:
            outcomes.settle(address, ALREADY_ABSENT)
        for address, reason in self.kept:
            outcomes.keep(address, reason)
        for address in sort_addresses({use.private_ip_address for use in self.in_use if use.private_ip_address}):
            outcomes.in_use(address, [use for use in self.in_use if use.private_ip_address == address])
        return outcomes


def plan_removal(
    network_interface: NetworkInterface, requested: t.Iterable[str], keep: AddressSet, only: AddressSet | None = None
) -> RemovalPlan:
    """Sort the requested addresses into those that may be removed and those that stay.

    The primary address stays whatever else is said of it; an address that the network interface does not have
    as a secondary one is already absent; what C(keep) holds, or C(only) does not hold, is kept.
    """
    secondary = set(network_interface.secondary_private_ips)
    unassign: list[str] = []
    already_absent: list[str] = []
    kept: list[tuple[str, str]] = []
    for address in sort_addresses(set(requested)):
        if address == network_interface.primary_private_ip:
            kept.append((address, KEPT_AS_PRIMARY))
        elif address not in secondary:
            already_absent.append(address)
        elif address in keep or (only is not None and address not in only):
            kept.append((address, KEPT_BY_POLICY))
        else:
            unassign.append(address)
    return RemovalPlan(network_interface, tuple(unassign), tuple(already_absent), tuple(kept))


def spare_in_use(plan: RemovalPlan, uses: t.Iterable[Use], eip_protects: str) -> RemovalPlan:
    """Return the plan without the addresses that something uses.

    :param uses: those that are about the network interface.
    :param eip_protects: what an elastic IP on the network interface makes untouchable.
    """
    uses, planned = list(uses), set(plan.unassign)
    # What names an address says more of it than what takes them all.
    in_use = [use.of_address(use.private_ip_address) for use in uses if use.private_ip_address in planned]
    for use in uses:
        if use.takes_every_address(eip_protects):
            in_use += [use.of_address(address) for address in plan.unassign]
    used = {use.private_ip_address for use in in_use}
    return dataclasses.replace(
        plan,
        unassign=tuple(address for address in plan.unassign if address not in used),
        in_use=plan.in_use + tuple(dict.fromkeys(in_use)),
    )


def uncertain_uses(plan: RemovalPlan, uses: t.Iterable[Use], eip_protects: str) -> list[Use]:
    """Return what uses the network interface of a plan with something to remove, nobody knows where, and protects none
    of its addresses.

    :param uses: those that are about the network interface.
    :param eip_protects: what an elastic IP on the network interface makes untouchable.
    """
    if not plan.unassign:
        return []
    return [use for use in uses if use.private_ip_address is None and not use.takes_every_address(eip_protects)]


def plan_digest(targets: t.Iterable[t.Mapping[str, t.Any]]) -> str:
    """Return the digest of a plan, which is the same for the same addresses on the same network interfaces.

    :param targets: objects with C(network_interface_id) and C(private_ip_addresses), in any order.
    """
    canonical = [
        {
            "network_interface_id": target["network_interface_id"],
            "private_ip_addresses": sort_addresses(target["private_ip_addresses"]),
        }
        for target in sorted(targets, key=lambda target: target["network_interface_id"])
    ]
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode("utf-8")).hexdigest()
