# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all rooms of the records share."""

from __future__ import annotations

import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import sort_addresses
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import NicError

#: Of plan files and reports; stable within a major version of the collection.
FORMAT = 1

#: Messages name what users call things, and ansible-core's have whole values, whatever those are.
LONGEST_MESSAGE = 2000

Json = dict[str, t.Any]
#: A network interface and one of its addresses.
Key = tuple[str, str]


class RefusedError(NicError):
    """Nothing was changed, and the message says why in one sentence."""


def keys(targets: t.Iterable[Json]) -> list[Key]:
    """Return every address of the targets with its network interface, in their order."""
    return [
        (target["network_interface_id"], address) for target in targets for address in target["private_ip_addresses"]
    ]


def as_targets(addresses: t.Iterable[Key]) -> list[Json]:
    """Return the addresses as targets of the cleanup modules, ordered by network interface and numerically."""
    by_id: dict[str, list[str]] = {}
    for network_interface_id, address in addresses:
        by_id.setdefault(network_interface_id, []).append(address)
    return [
        {"network_interface_id": identifier, "private_ip_addresses": sort_addresses(by_id[identifier])}
        for identifier in sorted(by_id)
    ]


def uses_of(outcomes: t.Iterable[Json]) -> list[Json]:
    """Return what uses addresses, an entry for each use, from outcomes of a cleanup that spares it."""
    return [
        {"network_interface_id": entry["network_interface_id"], **use} for entry in outcomes for use in entry["in_use"]
    ]
