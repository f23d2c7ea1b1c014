# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What uses private addresses, as a cloud or the user tells it, and which network interfaces that is about."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import sort_addresses
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface

EIP = "eip"
#: What an elastic IP makes untouchable: the address that it is bound to, or all of the network interface.
EIP_PROTECTS_ADDRESS = "address"
EIP_PROTECTS_NETWORK_INTERFACE = "network_interface"

_KINDS = {
    EIP: "elastic IP",
    "load_balancer": "load balancer",
    "dnat": "DNAT entry",
    "snat": "SNAT entry",
    "ha_vip": "HaVip",
    "kubernetes": "Kubernetes cluster",
    "android": "Android container",
    "dns": "DNS record",
}


@dataclasses.dataclass(frozen=True)
class Use:
    """Something that uses a private address, or a network interface.

    It is about the network interfaces to which all of its ties lead; a tie that is None leads to all.

    :param kind: what it is, in the words of the option in_use_sources, or the user's own word.
    :param id: the id of that thing.
    :param private_ip_address: None where it is not told.
    :param every_address: it takes all secondary addresses of what it is tied to.
    """

    kind: str
    id: str | None
    private_ip_address: str | None = None
    vpc_id: str | None = None
    subnet_id: str | None = None
    instance_id: str | None = None
    network_interface_id: str | None = None
    every_address: bool = False

    def as_result(self) -> dict[str, t.Any]:
        """Return an entry of a module's C(in_use)."""
        return {"private_ip_address": self.private_ip_address, "kind": self.kind, "id": self.id}

    def as_uncertain(self, network_interface_id: str) -> dict[str, t.Any]:
        """Return an entry of a module's C(uncertain)."""
        return {"network_interface_id": network_interface_id, "kind": self.kind, "id": self.id}

    def is_about(self, nic: NetworkInterface) -> bool:
        """Tell whether it is, or may be, about this network interface.

        A cloud may not tell a tie of the network interface: rather one address too many is spared than one too few.
        """
        ties = [
            (self.network_interface_id, nic.network_interface_id),
            (self.vpc_id, nic.vpc_id),
            (self.subnet_id, nic.subnet_id),
        ]
        if nic.instance_told:
            ties.append((self.instance_id, nic.instance_id or ""))
        if any(None not in tie and tie[0] != tie[1] for tie in ties):
            return False
        named = self.network_interface_id is not None or self.private_ip_address is None
        return named or self.private_ip_address in nic.private_ips

    def takes_every_address(self, eip_protects: str) -> bool:
        """Tell whether it protects all secondary addresses of a network interface that it is about."""
        return self.every_address or (self.kind == EIP and eip_protects == EIP_PROTECTS_NETWORK_INTERFACE)

    def of_address(self, address: str) -> Use:
        """Return the use of this one address."""
        return Use(self.kind, self.id, address)


def describe_uses(uses: t.Iterable[Use]) -> str:
    """Name what uses an address, for messages."""
    # What the user knows of has a kind of its own.
    return ", ".join(f"{_KINDS.get(use.kind, use.kind)} {use.id}" for use in uses)


_Key = tuple[t.Any, ...]


class _Index:
    """Finds the uses that may be about a network interface without looking at each of them.

    A use is filed under its narrowest tie, together with its VPC.
    """

    def __init__(self, uses: t.Iterable[Use]) -> None:
        self._uses: dict[_Key, list[Use]] = {}
        for use in dict.fromkeys(uses):
            tie = next((tie for tie in _ties_of_use(use) if tie[1] is not None), ("anything", ""))
            # What is not told of a network interface is looked for in the wider drawers.
            for key in ((*tie, use.vpc_id), tie, tie[:1]):
                self._uses.setdefault(key, []).append(use)

    def about(self, nic: NetworkInterface) -> t.Iterator[Use]:
        for name, value in _ties_of_network_interface(nic):
            if (name,) not in self._uses:
                continue
            keys: tuple[_Key, ...] = ((name, value, nic.vpc_id), (name, value, None))
            if value is None:
                keys = ((name,),)
            elif nic.vpc_id is None or name == "network_interface_id":
                keys = ((name, value),)
            for key in keys:
                for use in self._uses.get(key, ()):
                    if use.is_about(nic):
                        yield use


def _ties_of_use(use: Use) -> tuple[tuple[str, str | None], ...]:
    """Return the ties of a use, the narrowest first."""
    return (
        ("network_interface_id", use.network_interface_id),
        ("private_ip_address", use.private_ip_address),
        ("instance_id", use.instance_id),
        ("subnet_id", use.subnet_id),
        ("vpc_id", use.vpc_id),
    )


def _ties_of_network_interface(nic: NetworkInterface) -> t.Iterator[tuple[str, str | None]]:
    """Yield by what a use may be tied to a network interface; None for what the cloud does not tell."""
    yield "network_interface_id", nic.network_interface_id
    for address in nic.private_ips:
        yield "private_ip_address", address
    yield "instance_id", (nic.instance_id or "") if nic.instance_told else None
    yield "subnet_id", nic.subnet_id
    yield "vpc_id", nic.vpc_id
    yield "anything", ""


def match_uses(network_interfaces: t.Iterable[NetworkInterface], uses: t.Iterable[Use]) -> dict[str, list[Use]]:
    """Return what uses addresses of each network interface, by its id; ordered by address, kind and id.

    The time it takes grows with the number of network interfaces and of uses, not with their product.
    """
    index = _Index(uses)
    return {nic.network_interface_id: _distinct(index.about(nic)) for nic in network_interfaces}


def _distinct(uses: t.Iterable[Use]) -> list[Use]:
    """Return the uses in order, one of those that differ in their ties alone."""
    distinct: dict[_Key, Use] = {}
    for use in uses:
        key = (use.kind, use.id, use.private_ip_address)
        if key not in distinct or use.every_address:
            distinct[key] = use
    addresses = sort_addresses({use.private_ip_address for use in distinct.values() if use.private_ip_address})
    place = {address: number for number, address in enumerate(addresses)}
    return sorted(
        distinct.values(), key=lambda use: (place.get(use.private_ip_address or "", -1), use.kind, use.id or "")
    )
