# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(*_private_ip_cleanup): the secondary addresses of many network interfaces in one task."""

from __future__ import annotations

import contextlib
import fnmatch
import math
import time
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import AddressSet, parse_addresses
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError, TaskFailedError
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import (
    NetworkInterface,
    describe_uses,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import (
    KEPT_BY_POLICY,
    NOT_ATTEMPTED,
    REMOVAL_OUTCOMES,
    UNASSIGNED,
    Outcomes,
    describe_failures,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.plan import (
    RemovalPlan,
    plan_digest,
    plan_removal,
    spare_in_use,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.changes import Unassignment
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.engine import Engine
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.journal import Journal, JournalError
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.work import Work
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.options import (
    engine_settings,
    network_interface_id,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.selection import (
    checked_filters,
    checked_ids,
    read_by_ids,
    selection_spec,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskContext


def argument_spec(filters_spec: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the options of the flow, given the filters that a cloud has."""
    return {
        **selection_spec(filters_spec),
        "all_network_interfaces": {"type": "bool", "default": False},
        "targets": {
            "type": "list",
            "elements": "dict",
            "options": {
                "network_interface_id": {"type": "str", "required": True},
                "private_ip_addresses": {"type": "list", "elements": "str", "required": True},
            },
        },
        "plan_digest": {"type": "str"},
        "only": {"type": "list", "elements": "str"},
        "keep": {"type": "list", "elements": "str"},
        "keep_network_interfaces": {"type": "list", "elements": "str"},
        "max_unassign": {"type": "int", "default": 100},
        "max_unassign_percent": {"type": "float", "default": 100.0},
        "in_use_check": {"type": "bool", "default": True},
        "force": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "float", "default": 60.0},
        "concurrency": {"type": "int", "default": 10},
        "requests_per_second": {"type": "float"},
        "on_error": {"type": "str", "default": "continue", "choices": ["continue", "stop"]},
        "journal": {"type": "path"},
    }


class _Policy(t.NamedTuple):
    """What the user asked for, checked.

    :param targets: the addresses by network interface id; None where they are to be found.
    :param only: None for every address.
    """

    targets: dict[str, list[str]] | None
    only: AddressSet | None
    keep: AddressSet
    keep_network_interfaces: list[str]

    def spares(self, nic: NetworkInterface) -> bool:
        """Tell whether the user wants this network interface to be left alone."""
        return nic.network_interface_id in self.keep_network_interfaces or any(
            nic.name is not None and fnmatch.fnmatchcase(nic.name, pattern) for pattern in self.keep_network_interfaces
        )


def _policy(options: t.Mapping[str, t.Any]) -> _Policy:
    kinds = ("network_interface_ids", "filters", "targets")
    given = [kind for kind in kinds if options[kind] is not None]
    given += ["all_network_interfaces"] if options["all_network_interfaces"] else []
    if not given:
        raise InputError(
            "network_interface_ids",
            "say which network interfaces: network_interface_ids, filters, targets, or all_network_interfaces=true",
        )
    if len(given) > 1:
        raise InputError(given[0], f"cannot be combined with {', '.join(given[1:])}")
    if options["only"] is not None and not options["only"]:
        raise InputError("only", "the list is empty")
    if options["max_unassign"] < 0:
        raise InputError("max_unassign", "must be 0 or more")
    if not 0 <= options["max_unassign_percent"] <= 100:
        raise InputError("max_unassign_percent", "must be between 0 and 100")
    spared = options["keep_network_interfaces"] or []
    if not all(spared):
        raise InputError("keep_network_interfaces", "has an empty entry")
    return _Policy(
        _targets(options),
        None if options["only"] is None else AddressSet(options["only"], "only"),
        AddressSet(options["keep"] or (), "keep"),
        spared,
    )


def _targets(options: t.Mapping[str, t.Any]) -> dict[str, list[str]] | None:
    """Return the targets by network interface id, once their digest is the one that was approved."""
    if options["targets"] is None:
        if options["plan_digest"] is not None:
            raise InputError("plan_digest", "belongs to targets, which are not given")
        return None
    targets: dict[str, list[str]] = {}
    for target in options["targets"]:
        identifier = network_interface_id(target["network_interface_id"], "targets")
        if identifier in targets:
            raise InputError("targets", f"{identifier} is named more than once")
        targets[identifier] = parse_addresses(target["private_ip_addresses"], f"targets: {identifier}")
    digest = plan_digest(_as_targets(targets))
    if options["plan_digest"] not in (None, digest):
        raise InputError("plan_digest", f"the targets have the digest {digest}; nothing was changed")
    return targets


def _as_targets(addresses: t.Mapping[str, t.Sequence[str]]) -> list[dict[str, t.Any]]:
    return [
        {"network_interface_id": identifier, "private_ip_addresses": list(addresses[identifier])}
        for identifier in sorted(addresses)
    ]


class _Estate(t.NamedTuple):
    """What was read: the plans for network interfaces that matter, and how much was looked at."""

    plans: list[RemovalPlan]
    gone: list[Outcomes]
    network_interfaces: int
    secondary_addresses: int


def run(task: TaskContext) -> dict[str, t.Any]:
    """Remove what the policy says and return the module's result.

    :raises InputError: nothing was changed, because of what the options say.
    :raises TaskFailedError: the plan is larger than allowed, or an address could not be settled.
    :raises ApiError: the estate, or what uses its addresses, could not be read; nothing was changed.
    """
    started = time.monotonic()
    policy = _policy(task.options)
    settings = engine_settings(task.options)
    journal = None
    if task.options["journal"] is not None and not task.check_mode:
        journal = Journal(task.options["journal"], task.provider.name, task.provider.endpoint)
    try:
        estate = _read(task, policy)
        works = [
            Work(plan.network_interface.network_interface_id, plan.network_interface, plan.unassign, plan.outcomes())
            for plan in estate.plans
        ]
        planned = [work for work in works if work.addresses]
        before = {work.network_interface_id: work.network_interface for work in planned}
        too_many = _over_cap(task.options, planned, estate)
        if too_many and task.check_mode:
            task.warn(f"{too_many} Without check mode this run fails")
        if task.check_mode or too_many:
            for work in planned:
                for address in work.addresses:
                    work.outcomes.settle(address, UNASSIGNED if task.check_mode else NOT_ATTEMPTED)
        else:
            Engine(task.provider, Unassignment(task.provider), settings, task.control, journal).carry_out(planned)
        outcomes = sorted([work.outcomes for work in works] + estate.gone, key=lambda entry: entry.network_interface_id)
        result = _result(task, estate, planned, before, outcomes, started)
        if journal is not None:
            _end(journal, result)
    finally:
        if journal is not None:
            journal.close()
    if too_many and not task.check_mode:
        raise TaskFailedError(f"{too_many} Nothing was changed", result)
    failures = describe_failures(outcomes)
    if journal is not None and journal.error:
        failures = f"{journal.error}; {failures or 'everything else is done'}"
    if failures:
        interrupted = "interrupted: " if task.control.interrupted else ""
        raise TaskFailedError(interrupted + failures, result)
    return result


def _read(task: TaskContext, policy: _Policy) -> _Estate:
    """Read the selected network interfaces and decide what may be removed."""
    options = task.options
    gone: list[Outcomes] = []
    if policy.targets is not None:
        found = read_by_ids(task, list(policy.targets))
        gone = [
            _gone(identifier, policy.targets[identifier]) for identifier in policy.targets if identifier not in found
        ]
        network_interfaces = list(found.values())
    elif options["network_interface_ids"] is not None:
        ids = checked_ids(options["network_interface_ids"], "network_interface_ids")
        found = read_by_ids(task, ids)
        missing = [identifier for identifier in ids if identifier not in found]
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            task.warn(f"network_interface_ids: there is no network interface {missing[0]}{more}")
        network_interfaces = list(found.values())
    else:
        filters = {} if options["filters"] is None else checked_filters(options["filters"])
        network_interfaces = task.provider.list_network_interfaces(filters)
    plans = [_plan(nic, policy) for nic in network_interfaces]
    if policy.targets is None:
        plans = [plan for plan in plans if plan.unassign]
    plans.sort(key=lambda plan: plan.network_interface.network_interface_id)
    return _Estate(
        _spare_in_use(task, plans),
        gone,
        len(network_interfaces),
        sum(len(nic.secondary_private_ips) for nic in network_interfaces),
    )


def _gone(identifier: str, addresses: t.Sequence[str]) -> Outcomes:
    outcomes = Outcomes(identifier)
    for address in addresses:
        outcomes.settle(address, "already_absent")
    return outcomes


def _plan(nic: NetworkInterface, policy: _Policy) -> RemovalPlan:
    if policy.targets is not None:
        requested: t.Sequence[str] = policy.targets[nic.network_interface_id]
        if policy.spares(nic):
            return RemovalPlan(nic, kept=tuple((address, KEPT_BY_POLICY) for address in requested))
        return plan_removal(nic, requested, policy.keep, policy.only)
    if policy.spares(nic):
        return RemovalPlan(nic)
    only = policy.only
    requested = [address for address in nic.secondary_private_ips if only is None or address in only]
    return plan_removal(nic, requested, policy.keep)


def _spare_in_use(task: TaskContext, plans: list[RemovalPlan]) -> list[RemovalPlan]:
    """Take the addresses that something uses out of the plans."""
    asked = [plan.network_interface for plan in plans if plan.unassign]
    if not asked or not task.options["in_use_check"]:
        return plans
    uses = task.provider.find_in_use(asked)
    unclear = [identifier for identifier in uses if any(use.private_ip_address is None for use in uses[identifier])]
    if unclear:
        more = f" and {len(unclear) - 1} more" if len(unclear) > 1 else ""
        task.warn(
            f"{unclear[0]}{more}: there is an elastic IP on the network interface, and {task.provider.name} does not "
            "tell which of its addresses it belongs to"
        )
    spared = [spare_in_use(plan, uses.get(plan.network_interface.network_interface_id, ())) for plan in plans]
    used = [use for plan in spared for use in plan.in_use]
    if used and task.options["force"]:
        more = f" and {len(used) - 1} more" if len(used) > 1 else ""
        task.warn(
            f"{used[0].private_ip_address} is used by {describe_uses(used[:1])}{more}; tried all the same, "
            "since force is true"
        )
        return plans
    return spared


def _over_cap(options: t.Mapping[str, t.Any], planned: t.Sequence[Work], estate: _Estate) -> str | None:
    """Say how the plan is larger than allowed; None where it is not."""
    count = sum(len(work.addresses) for work in planned)
    size = f"The plan is to unassign {count} addresses on {len(planned)} network interfaces"
    if count > options["max_unassign"]:
        return f"max_unassign: {size}, and {options['max_unassign']} are allowed; max_unassign={count} would allow it."
    percent = 100 * count / estate.secondary_addresses if count else 0.0
    if percent > options["max_unassign_percent"]:
        return (
            f"max_unassign_percent: {size}, which is {percent:.1f} % of the {estate.secondary_addresses} secondary "
            f"addresses there, and {options['max_unassign_percent']:g} % are allowed; "
            f"max_unassign_percent={math.ceil(percent)} would allow it."
        )
    return None


def _result(
    task: TaskContext,
    estate: _Estate,
    planned: t.Sequence[Work],
    before: t.Mapping[str, NetworkInterface | None],
    outcomes: t.Sequence[Outcomes],
    started: float,
) -> dict[str, t.Any]:
    plan = _as_targets({work.network_interface_id: work.addresses for work in planned})
    diff: dict[str, dict[str, list[str]]] = {"before": {}, "after": {}}
    for work in planned:
        unassigned = set(work.outcomes.of(UNASSIGNED))
        nic = before[work.network_interface_id]
        if unassigned and nic is not None:
            addresses = nic.secondary_private_ips
            diff["before"][work.network_interface_id] = list(addresses)
            diff["after"][work.network_interface_id] = [a for a in addresses if a not in unassigned]
    return {
        "changed": bool(diff["before"]),
        "endpoint": task.provider.endpoint,
        "plan": plan,
        "plan_digest": plan_digest(plan),
        "outcomes": [entry.as_result() for entry in outcomes],
        "network_interfaces": [
            {
                "network_interface_id": plan.network_interface.network_interface_id,
                "name": plan.network_interface.name,
                "region_id": plan.network_interface.region_id,
            }
            for plan in estate.plans
        ],
        "summary": {
            **{outcome: sum(len(entry.of(outcome)) for entry in outcomes) for outcome in REMOVAL_OUTCOMES},
            "network_interfaces_read": estate.network_interfaces,
            "network_interfaces_planned": len(planned),
            "api_calls": task.provider.calls,
            "throttled_calls": task.provider.throttled,
            "seconds": round(time.monotonic() - started, 3),
        },
        "diff": diff,
    }


def _end(journal: Journal, result: t.Mapping[str, t.Any]) -> None:
    # That the last line is missing is said with the other failures; it must not cost the result.
    with contextlib.suppress(JournalError):
        journal.ended({outcome: result["summary"][outcome] for outcome in REMOVAL_OUTCOMES})
