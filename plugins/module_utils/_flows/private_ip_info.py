# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(*_private_ip_info): network interfaces, their addresses, and what uses each address."""

from __future__ import annotations

import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.uses import match_uses
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.in_use import checked_sources, sources_spec
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.selection import (
    read_selected,
    selection_spec,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskContext
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import Provider


def argument_spec(provider: type[Provider]) -> dict[str, t.Any]:
    """Return the options of the flow for a cloud."""
    return {
        **selection_spec(provider.filters_spec),
        "include_in_use": {"type": "bool", "default": False},
        **sources_spec(provider),
    }


def run(task: TaskContext) -> dict[str, t.Any]:
    """Return the selected network interfaces, ordered by id; one that does not exist is left out.

    :raises InputError: the selection, or what to ask about uses, cannot be used.
    :raises ApiError: something could not be read.
    """
    sources = checked_sources(task.options)
    network_interfaces = read_selected(task)
    shown = [nic.as_result() for nic in network_interfaces]
    if task.options["include_in_use"] and network_interfaces:
        uses = match_uses(network_interfaces, task.provider.find_uses(network_interfaces, sources))
        for nic in shown:
            nic["in_use"] = [use.as_result() for use in uses[nic["network_interface_id"]]]
    return {"changed": False, "network_interfaces": shown}
