# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(*_private_ip): the secondary addresses of one network interface."""

from __future__ import annotations

import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import (
    AddressSet,
    parse_addresses,
    sort_addresses,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError, NicError, TaskFailedError
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.failures import describe_failures
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import (
    ALREADY_ABSENT,
    ALREADY_PRESENT,
    ASSIGNED,
    ASSIGNMENT_OUTCOMES,
    IN_USE,
    KEPT_AS_PRIMARY,
    REMOVAL_OUTCOMES,
    UNASSIGNED,
    Outcomes,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.plan import (
    RemovalPlan,
    plan_removal,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.uses import Use, describe_uses
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.changes import Assignment, Change, Unassignment
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.engine import Engine
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.work import Work
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.in_use import (
    InUsePolicy,
    find_uses,
    in_use_policy,
    in_use_spec,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.options import (
    engine_settings,
    network_interface_id,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.selection import read_by_ids
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskContext
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import Provider


def argument_spec(provider: type[Provider], id_alias: str) -> dict[str, t.Any]:
    """Return the options of the flow for a cloud.

    :param id_alias: what the cloud calls the id of a network interface.
    """
    states = ["absent", "present"] if provider.can_assign else ["absent"]
    return {
        "network_interface_id": {"type": "str", "required": True, "aliases": [id_alias]},
        "state": {"type": "str", "required": True, "choices": states},
        "private_ip_addresses": {"type": "list", "elements": "str"},
        "all_secondary": {"type": "bool", "default": False},
        "keep": {"type": "list", "elements": "str"},
        "missing_ok": {"type": "bool", "default": False},
        **in_use_spec(provider),
        "force": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "float", "default": 60.0},
    }


class _Request(t.NamedTuple):
    """What the user asked for, checked; C(addresses) is None for every secondary address."""

    network_interface_id: str
    present: bool
    addresses: list[str] | None
    keep: AddressSet
    in_use: InUsePolicy


def _request(options: t.Mapping[str, t.Any]) -> _Request:
    present = options["state"] == "present"
    named = options["private_ip_addresses"]
    if named is not None and options["all_secondary"]:
        raise InputError("private_ip_addresses", "cannot be combined with all_secondary")
    if named is None and not options["all_secondary"]:
        raise InputError("private_ip_addresses", "name the addresses, or ask for all of them with all_secondary")
    if present and named is None:
        raise InputError("all_secondary", "cannot be combined with state=present, which needs private_ip_addresses")
    return _Request(
        network_interface_id(options["network_interface_id"], "network_interface_id"),
        present,
        None if named is None else parse_addresses(named, "private_ip_addresses"),
        AddressSet(options["keep"] or (), "keep"),
        in_use_policy(options),
    )


def run(task: TaskContext) -> dict[str, t.Any]:
    """Bring the addresses to the wanted state and return the module's result.

    :raises InputError: nothing was changed, because of what the options say.
    :raises TaskFailedError: at least one address did not reach the state.
    :raises ApiError: the network interface, or what uses its addresses, could not be read; nothing was changed.
    """
    request = _request(task.options)
    settings = engine_settings(task.options)
    nic = read_by_ids(task, [request.network_interface_id]).get(request.network_interface_id)
    if nic is None:
        return _missing(task, request)
    uncertain: list[dict[str, t.Any]] = []
    if request.present:
        outcomes, addresses = _plan_assignment(nic, request.addresses or [])
        change: Change = Assignment(task.provider)
    else:
        plan, uncertain = _plan_removal(task, nic, request)
        outcomes, addresses = plan.outcomes(), list(plan.unassign)
        change = Unassignment(task.provider)
    work = Work(nic.network_interface_id, nic, tuple(addresses), outcomes)
    if task.check_mode:
        for address in addresses:
            outcomes.settle(address, change.done_by_us)
    else:
        Engine(task.provider, change, settings, task.control).carry_out([work])
    return _result(task, nic, work, change, uncertain)


def _missing(task: TaskContext, request: _Request) -> dict[str, t.Any]:
    if request.present or not task.options["missing_ok"]:
        hint = task.provider.id_hint(request.network_interface_id)
        hint += "" if request.present else "; with missing_ok=true that is no error"
        raise NicError(
            f"network_interface_id: there is no network interface {request.network_interface_id} "
            f"at {task.provider.endpoint}{hint}"
        )
    outcomes = Outcomes(request.network_interface_id)
    for address in request.addresses or ():
        outcomes.settle(address, ALREADY_ABSENT)
    return {
        "changed": False,
        "network_interface": None,
        "unassigned": [],
        "outcomes": [outcomes.as_result()],
        "uncertain": [],
        "request_ids": [],
        "diff": {"before": {}, "after": {}},
    }


def _plan_assignment(nic: NetworkInterface, addresses: list[str]) -> tuple[Outcomes, list[str]]:
    if nic.primary_private_ip in addresses:
        raise NicError(_primary_message(nic))
    outcomes = Outcomes(nic.network_interface_id)
    for address in addresses:
        if address in nic.secondary_private_ips:
            outcomes.settle(address, ALREADY_PRESENT)
    return outcomes, [address for address in addresses if address not in outcomes]


def _plan_removal(
    task: TaskContext, nic: NetworkInterface, request: _Request
) -> tuple[RemovalPlan, list[dict[str, t.Any]]]:
    """Decide what to remove, and return the entries of C(uncertain) as well.

    A named address that must not be removed fails the task here, before any change.
    """
    plan = plan_removal(
        nic, nic.secondary_private_ips if request.addresses is None else request.addresses, request.keep
    )
    if any(reason == KEPT_AS_PRIMARY for _address, reason in plan.kept):
        raise NicError(_primary_message(nic))
    if not plan.unassign:
        return plan, []
    uses = find_uses(task, [nic], request.in_use)[nic.network_interface_id]
    spared = request.in_use.spare(plan, uses)
    if spared.in_use:
        message = _in_use_message(spared)
        if task.options["force"]:
            task.warn(f"{nic.network_interface_id}: {message}; tried all the same, since force is true")
        elif request.addresses is not None:
            hint = request.in_use.eip_hint(plan, uses)
            raise NicError(
                f"private_ip_addresses: {message}; nothing was changed (force=true lets the cloud decide{hint})"
            )
    if not task.options["force"]:
        plan = spared
    uncertain = request.in_use.uncertain(plan, uses)
    if uncertain:
        task.warn(
            f"{nic.network_interface_id} has {describe_uses(uncertain)}, and {task.provider.name} does not tell "
            "which of its addresses it belongs to"
        )
    return plan, [use.as_uncertain(nic.network_interface_id) for use in uncertain]


def _in_use_message(spared: RemovalPlan) -> str:
    uses: dict[str, list[Use]] = {}
    for use in spared.in_use:
        uses.setdefault(str(use.private_ip_address), []).append(use)
    return "; ".join(f"{address} is used by {describe_uses(uses[address])}" for address in sort_addresses(uses))


def _primary_message(nic: NetworkInterface) -> str:
    return (
        f"private_ip_addresses: {nic.primary_private_ip} is the primary address of {nic.network_interface_id}, "
        "and only secondary addresses can be named; nothing was changed"
    )


def _result(
    task: TaskContext, before: NetworkInterface, work: Work, change: Change, uncertain: list[dict[str, t.Any]]
) -> dict[str, t.Any]:
    outcomes = work.outcomes
    unassigned, assigned = outcomes.of(UNASSIGNED), outcomes.of(ASSIGNED)
    changed = bool(outcomes.changed)
    removing = isinstance(change, Unassignment)
    secondary, moved = set(before.secondary_private_ips), outcomes.changed
    after = before.with_secondary(secondary - moved if removing else secondary | moved)
    read_again = bool(work.request_ids) and task.options["wait"]
    shown = work.network_interface if read_again else after
    result = {
        "changed": changed,
        "network_interface": None if shown is None else shown.as_result(),
        "unassigned": unassigned,
        "outcomes": [outcomes.as_result(REMOVAL_OUTCOMES if removing else REMOVAL_OUTCOMES + ASSIGNMENT_OUTCOMES)],
        "uncertain": uncertain,
        "request_ids": work.request_ids,
        "diff": {
            "before": {before.network_interface_id: list(before.secondary_private_ips)} if changed else {},
            "after": {before.network_interface_id: list(after.secondary_private_ips)} if changed else {},
        },
    }
    if not removing:
        result["assigned"] = assigned
    failures = describe_failures([outcomes], task.control.stop_detail)
    if not failures and work.request_ids and not task.options["all_secondary"] and outcomes.of(IN_USE):
        used = ", ".join(outcomes.of(IN_USE))
        failures = f"private_ip_addresses: the cloud says that something uses {used}, which stays"
    if failures:
        raise TaskFailedError(failures, result)
    return result
