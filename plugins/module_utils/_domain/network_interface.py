# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A network interface, the same for every cloud."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import sort_addresses


def is_id(value: t.Any) -> bool:
    """Tell whether this can be the id of something in a cloud: text without blanks or control characters."""
    # No white space but the blank itself is printable.
    return isinstance(value, str) and value != "" and value.isprintable() and " " not in value


@dataclasses.dataclass(frozen=True)
class NetworkInterface:
    """A network interface as just read. A field that the cloud does not give is None.

    :param secondary_private_ips: what the cloud says are secondary addresses, never the primary; numeric order.
    :param transitional: the status is one that the cloud leaves by itself.
    :param addresses_told: the cloud gave all its addresses in a form that can be read and does not contradict itself.
    :param instance_told: the cloud tells to which instance it is attached, or that it is to none.
    :param public_ips: its public IPv4 addresses, where the cloud tells them; None where they cannot be read.
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
    instance_told: bool = True
    public_ips: tuple[str, ...] | None = ()

    @property
    def private_ips(self) -> list[str]:
        """All its private addresses, the primary one first."""
        return [address for address in (self.primary_private_ip, *self.secondary_private_ips) if address]

    def with_secondary(self, addresses: t.Iterable[str]) -> NetworkInterface:
        """Return the same network interface with other secondary addresses."""
        return dataclasses.replace(self, secondary_private_ips=tuple(sort_addresses(addresses)))

    def as_result(self) -> dict[str, t.Any]:
        """Return what a module returns."""
        return {
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
