# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(*_private_ip_info): network interfaces, their addresses, and what uses each address."""

from __future__ import annotations

import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._flows.selection import (
    read_selected,
    selection_spec,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskContext


def argument_spec(filters_spec: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the options of the flow, given the filters that a cloud has."""
    return {**selection_spec(filters_spec), "include_in_use": {"type": "bool", "default": False}}


def run(task: TaskContext) -> dict[str, t.Any]:
    """Return the selected network interfaces, ordered by id; one that does not exist is left out.

    :raises InputError: the selection cannot be used.
    :raises ApiError: something could not be read.
    """
    network_interfaces = read_selected(task)
    in_use = None
    if task.options["include_in_use"] and network_interfaces:
        in_use = task.provider.find_in_use(network_interfaces)
    elif task.options["include_in_use"]:
        in_use = {}
    return {
        "changed": False,
        "network_interfaces": [
            nic.as_result(None if in_use is None else in_use[nic.network_interface_id]) for nic in network_interfaces
        ],
    }
