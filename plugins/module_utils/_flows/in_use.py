# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What uses addresses, as far as the cloud and the user know."""

from __future__ import annotations

import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import parse_address
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import (
    Evidence,
    InUse,
    NetworkInterface,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskContext

IN_USE_SPEC: dict[str, t.Any] = {
    "in_use_check": {"type": "bool", "default": True},
    "in_use_elsewhere": {
        "type": "list",
        "elements": "dict",
        "options": {
            "private_ip_address": {"type": "str", "required": True},
            "kind": {"type": "str", "required": True},
            "id": {"type": "str"},
            "vpc_id": {"type": "str"},
            "network_interface_id": {"type": "str"},
        },
    },
}


def evidence(options: t.Mapping[str, t.Any]) -> list[Evidence]:
    """Return what the user knows of uses.

    :raises InputError: an entry cannot be meant, so that it would protect nothing.
    """
    entries = []
    for entry in options["in_use_elsewhere"] or ():
        address = parse_address(entry["private_ip_address"], "in_use_elsewhere")
        for field in ("kind", "id", "vpc_id", "network_interface_id"):
            if entry[field] == "":
                raise InputError("in_use_elsewhere", f"has an entry for {address} whose {field} is empty")
        use = InUse(address, entry["kind"], entry["id"])
        entries.append(Evidence(use, entry["vpc_id"], entry["network_interface_id"]))
    return entries


def find_uses(
    task: TaskContext, network_interfaces: t.Sequence[NetworkInterface], known: t.Iterable[Evidence]
) -> dict[str, list[InUse]]:
    """Return what uses addresses of these network interfaces, by their ids.

    :param known: what the user knows of uses.
    :raises ApiError: a look-up failed, so that nothing is known.
    """
    by_address: dict[str | None, list[Evidence]] = {}
    for entry in known:
        by_address.setdefault(entry.use.private_ip_address, []).append(entry)
    if task.options["in_use_check"]:
        uses = task.provider.find_in_use(network_interfaces)
    else:
        uses = {nic.network_interface_id: [] for nic in network_interfaces}
    for nic in network_interfaces:
        found = uses[nic.network_interface_id]
        for address in nic.secondary_private_ips:
            more = [entry.use for entry in by_address.get(address, ()) if entry.is_about(nic)]
            found += [use for use in dict.fromkeys(more) if use not in found]
    return uses
