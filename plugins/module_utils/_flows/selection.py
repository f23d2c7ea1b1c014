# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which network interfaces a task is about."""

from __future__ import annotations

import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.words import bad_character, first_few
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.options import network_interface_id
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskContext
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import READ_BATCH
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError, ErrorKind


def selection_spec(filters_spec: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "network_interface_ids": {"type": "list", "elements": "str"},
        "filters": {"type": "dict", "options": filters_spec},
    }


def checked_ids(ids: t.Sequence[str], option: str) -> list[str]:
    """Return the ids without repetitions, in their order.

    :raises InputError: the list is empty, or one of them cannot be an id.
    """
    if not ids:
        raise InputError(option, "the list is empty; name at least one network interface")
    return list(dict.fromkeys(network_interface_id(identifier, option) for identifier in ids))


def checked_filters(filters: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the filters that are given.

    :raises InputError: there is none, or one has an empty value, which would select more than was meant, or one that
        cannot be sent.
    """
    given = {name: value for name, value in filters.items() if value is not None}
    if not given:
        raise InputError("filters", "is empty; give at least one filter")
    for name, value in given.items():
        empty_items = isinstance(value, list) and any(not item for item in value)
        if value in ("", [], {}) or empty_items:
            raise InputError(f"filters.{name}", "is empty")
        if isinstance(value, dict) and any(item is None for item in value.values()):
            raise InputError(f"filters.{name}", "has a key without a value")
        if isinstance(value, dict) and any(isinstance(item, (list, dict)) for item in value.values()):
            raise InputError(f"filters.{name}", "has a key with a list or an object where a text belongs")
        bad = bad_character(value)
        if bad:
            raise InputError(f"filters.{name}", f"has {bad}, and so cannot be sent")
    return given


def read_by_ids(task: TaskContext, ids: t.Sequence[str]) -> dict[str, NetworkInterface]:
    """Read network interfaces by id, many at a time; those that do not exist are not in the answer.

    :raises ApiError: something could not be read, or an answer does not tell the addresses of one.
    """
    batches = [ids[start : start + READ_BATCH] for start in range(0, len(ids), READ_BATCH)]
    read: dict[str, NetworkInterface | None] = {}
    for answer in task.control.read_all(task.provider.read_network_interfaces, batches):
        read.update(answer)
    for identifier in ids:
        if identifier not in read:
            detail = f"the answer does not tell the addresses of {identifier}; nothing was changed"
            raise ApiError(task.provider.read_action, ErrorKind.NO_ANSWER, detail, final=True)
    return {identifier: nic for identifier, nic in read.items() if nic is not None}


def warn_of_missing(task: TaskContext, option: str, missing: t.Sequence[str]) -> None:
    """Name ids that the option has and no network interface."""
    if missing:
        hint = task.provider.id_hint(missing[0])
        task.warn(f"{option}: there is no network interface {first_few(missing)} at {task.provider.endpoint}{hint}")


def read_named(task: TaskContext) -> list[NetworkInterface]:
    """Read those that C(network_interface_ids) names; a warning tells which do not exist.

    :raises InputError: the list is empty, or one of them cannot be an id.
    :raises ApiError: something could not be read.
    """
    ids = checked_ids(task.options["network_interface_ids"], "network_interface_ids")
    found = read_by_ids(task, ids)
    warn_of_missing(task, "network_interface_ids", [identifier for identifier in ids if identifier not in found])
    return list(found.values())


def read_selected(task: TaskContext) -> list[NetworkInterface]:
    """Read the selected network interfaces, ordered by id; neither ids nor filters means all there are.

    :raises InputError: both are given, or one of them is empty.
    :raises ApiError: something could not be read.
    """
    ids, filters = task.options["network_interface_ids"], task.options["filters"]
    if ids is not None and filters is not None:
        raise InputError("network_interface_ids", "cannot be combined with filters")
    if ids is not None:
        network_interfaces = read_named(task)
    else:
        network_interfaces = task.provider.list_network_interfaces({} if filters is None else checked_filters(filters))
    return sorted(network_interfaces, key=lambda nic: nic.network_interface_id)
