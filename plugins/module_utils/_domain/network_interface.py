# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A network interface, the same for every cloud, and what uses its addresses."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import sort_addresses


def is_id(value: t.Any) -> bool:
    """Tell whether this can be the id of something in a cloud: text without blanks or control characters."""
    return isinstance(value, str) and value != "" and value.isprintable() and not any(map(str.isspace, value))


@dataclasses.dataclass(frozen=True)
class InUse:
    """Something of the cloud that uses a private address.

    :param private_ip_address: None where the cloud says which network interface it uses but not which address.
    :param kind: C(eip), C(load_balancer), C(dnat), C(ha_vip), or the user's own word for what the cloud does not know.
    :param id: the id of that thing.
    """

    private_ip_address: str | None
    kind: str
    id: str | None

    def as_result(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Evidence:
    """A use that the user knows of and the cloud does not.

    :param vpc_id: where the address is; None for anywhere. Likewise C(network_interface_id).
    """

    use: InUse
    vpc_id: str | None = None
    network_interface_id: str | None = None

    def is_about(self, nic: NetworkInterface) -> bool:
        """Tell whether it may be about this network interface; the cloud may not tell the VPC of one."""
        return self.network_interface_id in (None, nic.network_interface_id) and (
            None in (self.vpc_id, nic.vpc_id) or self.vpc_id == nic.vpc_id
        )


@dataclasses.dataclass(frozen=True)
class NetworkInterface:
    """A network interface as just read. A field that the cloud does not give is None.

    :param secondary_private_ips: what the cloud says are secondary addresses, never the primary; numeric order.
    :param transitional: the status is one that the cloud leaves by itself.
    :param addresses_told: the cloud gave all its addresses in a form that can be read and does not contradict itself.
    """

    network_interface_id: str
    name: str | None = None
    status: str | None = None
    type: str | None = None
    region_id: str | None = None
    vpc_id: str | None = None
    subnet_id: str | None = None
    instance_id: str | None = None
    mac_address: str | None = None
    primary_private_ip: str | None = None
    secondary_private_ips: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] | None = None
    tags: dict[str, str] | None = None
    created_at: str | None = None
    transitional: bool = False
    addresses_told: bool = True

    def with_secondary(self, addresses: t.Iterable[str]) -> NetworkInterface:
        """Return the same network interface with other secondary addresses."""
        return dataclasses.replace(self, secondary_private_ips=tuple(sort_addresses(addresses)))

    def as_result(self, in_use: t.Iterable[InUse] | None = None) -> dict[str, t.Any]:
        """Return what a module returns; C(in_use) is there only where it was asked for."""
        result: dict[str, t.Any] = {
            "network_interface_id": self.network_interface_id,
            "name": self.name,
            "status": self.status,
            "type": self.type,
            "region_id": self.region_id,
            "vpc_id": self.vpc_id,
            "subnet_id": self.subnet_id,
            "instance_id": self.instance_id,
            "mac_address": self.mac_address,
            "primary_private_ip": self.primary_private_ip,
            "secondary_private_ips": list(self.secondary_private_ips),
            "security_group_ids": None if self.security_group_ids is None else list(self.security_group_ids),
            "tags": None if self.tags is None else dict(self.tags),
            "created_at": self.created_at,
        }
        if in_use is not None:
            result["in_use"] = [use.as_result() for use in in_use]
        return result


_KINDS = {"eip": "elastic IP", "load_balancer": "load balancer", "dnat": "DNAT entry", "ha_vip": "HaVip"}


def describe_uses(uses: t.Iterable[InUse]) -> str:
    """Name what uses an address, for messages."""
    # What the user knows of has a kind of its own.
    return ", ".join(f"{_KINDS.get(use.kind, use.kind)} {use.id}" for use in uses)
