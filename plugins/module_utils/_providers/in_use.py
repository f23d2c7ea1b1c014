# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the in-use look-ups of all clouds have in common: which network interface an address in a VPC belongs to."""

from __future__ import annotations

import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import cloud_address, is_ipv6
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import InUse, NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.client import text
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError, ErrorKind


def use(address: t.Any, kind: str, identifier: t.Any, action: str) -> InUse | None:
    """Make an entry from a cloud's fields; None where they name no IPv4 address, or none at all.

    :param action: that gave them.
    :raises ApiError: what they name cannot be read, so that nothing is known.
    """
    if address in (None, ""):
        return None
    parsed = cloud_address(address)
    if parsed is None and not is_ipv6(address):
        detail = f"an entry of the answer has an address that cannot be read ({kind} {identifier})"
        raise ApiError(action, ErrorKind.NO_ANSWER, detail, final=True)
    return InUse(parsed, kind, text(identifier)) if parsed else None


def match_in_use(
    network_interfaces: t.Sequence[NetworkInterface],
    uses_in_vpc: t.Mapping[str | None, t.Iterable[InUse]],
    uses_of_network_interfaces: t.Iterable[tuple[str, InUse]],
) -> dict[str, list[InUse]]:
    """Sort uses to the network interfaces whose addresses they name.

    Private addresses repeat between VPCs, so a use counts only within its own. For a network interface whose VPC the
    cloud does not tell, the uses of all VPCs count: rather one address too many is spared than one too few.

    :param uses_in_vpc: what uses addresses in each VPC; under None what uses any anywhere.
    :param uses_of_network_interfaces: pairs of a network interface id and a use that the cloud ties to it.
    """
    by_address: dict[tuple[str | None, str | None], set[InUse]] = {}
    for vpc_id, uses in uses_in_vpc.items():
        for entry in uses:
            by_address.setdefault((vpc_id, entry.private_ip_address), set()).add(entry)
    found: dict[str, set[InUse]] = {}
    for nic in network_interfaces:
        addresses = (nic.primary_private_ip, *nic.secondary_private_ips)
        found[nic.network_interface_id] = set().union(*(by_address.get((nic.vpc_id, a), ()) for a in addresses))
    for network_interface_id, entry in uses_of_network_interfaces:
        if network_interface_id in found:
            found[network_interface_id].add(entry)
    return {identifier: sorted(uses, key=_order) for identifier, uses in found.items()}


def _order(entry: InUse) -> tuple[t.Any, ...]:
    address = entry.private_ip_address
    return (tuple(map(int, address.split("."))) if address else (), entry.kind, entry.id or "")
