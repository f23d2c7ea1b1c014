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
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.failures import describe_failures
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import (
    KEPT_BY_POLICY,
    NOT_ATTEMPTED,
    REMOVAL_OUTCOMES,
    UNASSIGNED,
    Outcomes,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.plan import (
    RemovalPlan,
    plan_digest,
    plan_removal,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.uses import describe_uses
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.words import first_few
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.changes import Unassignment
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.engine import Engine
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.journal import Journal, JournalError
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
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.selection import (
    checked_filters,
    read_by_ids,
    read_named,
    selection_spec,
    warn_of_missing,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskContext
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import Provider


def argument_spec(provider: type[Provider]) -> dict[str, t.Any]:
    """Return the options of the flow for a cloud."""
    return {
        **selection_spec(provider.filters_spec),
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
        "max_missing_percent": {"type": "float", "default": 20.0},
        **in_use_spec(provider),
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
    in_use: InUsePolicy

    def spares(self, nic: NetworkInterface) -> bool:
        """Tell whether the user wants this network interface to be left alone, or may want it for all that is known."""
        entries = self.keep_network_interfaces
        if nic.name is None and any(character in entry for entry in entries for character in "*?["):
            return True
        return any(_is_meant(nic, entry) for entry in entries)

    def unmatched(self, network_interfaces: t.Sequence[NetworkInterface]) -> dict[str, list[str]]:
        """Return the entries, by option, that match none of these network interfaces or none of their addresses."""
        addresses = {nic.primary_private_ip for nic in network_interfaces if nic.primary_private_ip is not None}
        addresses.update(address for nic in network_interfaces for address in nic.secondary_private_ips)
        return {
            "only": [] if self.only is None else self.only.without_any(addresses),
            "keep": self.keep.without_any(addresses),
            "keep_network_interfaces": [
                entry
                for entry in self.keep_network_interfaces
                if not any(_is_meant(nic, entry) for nic in network_interfaces)
            ],
        }


def _is_meant(nic: NetworkInterface, entry: str) -> bool:
    """Tell whether an entry of C(keep_network_interfaces) is the id, or a pattern for the name, of this one."""
    if entry in (nic.network_interface_id, nic.name):
        return True
    return nic.name is not None and fnmatch.fnmatchcase(nic.name, entry)


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
    for percentage in ("max_unassign_percent", "max_missing_percent"):
        if not 0 <= options[percentage] <= 100:
            raise InputError(percentage, "must be between 0 and 100")
    spared = options["keep_network_interfaces"] or []
    if not all(spared):
        raise InputError("keep_network_interfaces", "has an empty entry")
    return _Policy(
        _targets(options),
        None if options["only"] is None else AddressSet(options["only"], "only"),
        AddressSet(options["keep"] or (), "keep"),
        spared,
        in_use_policy(options),
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
    """What was read: the plans for network interfaces that matter, and how much was looked at.

    :param gone: outcomes of targets whose network interfaces do not exist.
    :param uncertain: uses of which the cloud does not tell the address.
    """

    plans: list[RemovalPlan]
    gone: list[Outcomes]
    uncertain: list[dict[str, t.Any]]
    network_interfaces: int
    secondary_addresses: int


class _Run:
    """A cleanup from what was read on.

    :param started: monotonic time.
    """

    def __init__(self, task: TaskContext, estate: _Estate, started: float) -> None:
        self._task = task
        self._estate = estate
        self._started = started
        works = [
            Work(plan.network_interface.network_interface_id, plan.network_interface, plan.unassign, plan.outcomes())
            for plan in estate.plans
        ]
        self.planned = [work for work in works if work.addresses]
        self._before = {work.network_interface_id: work.network_interface for work in self.planned}
        self.outcomes = sorted(
            [work.outcomes for work in works] + estate.gone, key=lambda entry: entry.network_interface_id
        )
        self.limits = _limits(task.options, sum(len(work.addresses) for work in self.planned), estate)
        # All that could fail is done before the first write.
        plan = _as_targets({work.network_interface_id: work.addresses for work in self.planned})
        self._certain = {
            "endpoint": task.provider.endpoint,
            "account": task.account,
            "plan": plan,
            "plan_digest": plan_digest(plan),
            "limits": self.limits,
            "uncertain": estate.uncertain,
            "network_interfaces": [
                {
                    "network_interface_id": plan.network_interface.network_interface_id,
                    "name": plan.network_interface.name,
                    "region_id": plan.network_interface.region_id,
                }
                for plan in estate.plans
            ],
        }

        self.too_large = _over_limits(self.limits, len(self.planned), estate.secondary_addresses)

    def carry_out(self, journal: Journal | None) -> None:
        """Do what is planned; afterwards every address has its outcome."""
        task = self._task
        if task.check_mode or self.too_large:
            for work in self.planned:
                for address in work.addresses:
                    work.outcomes.settle(address, UNASSIGNED if task.check_mode else NOT_ATTEMPTED)
            return
        engine = Engine(
            task.provider, Unassignment(task.provider), engine_settings(task.options), task.control, journal
        )
        engine.carry_out(self.planned)

    def failure(self, journal: Journal | None) -> str | None:
        """Say why the task failed; None where it did not."""
        control = self._task.control
        if self.too_large:
            return None if self._task.check_mode else f"{self.too_large} Nothing was changed"
        failures = describe_failures(self.outcomes, control.stop_detail)
        if journal is not None and journal.error:
            failures = f"{journal.error}; {failures or 'everything else is done'}"
        return f"interrupted: {failures}" if failures and control.interrupted else failures

    def result(self) -> dict[str, t.Any]:
        """Return the module's result."""
        diff: dict[str, dict[str, list[str]]] = {"before": {}, "after": {}}
        for work in self.planned:
            changed = work.outcomes.changed
            nic = self._before[work.network_interface_id]
            if changed and nic is not None:
                addresses = nic.secondary_private_ips
                diff["before"][work.network_interface_id] = list(addresses)
                diff["after"][work.network_interface_id] = [a for a in addresses if a not in changed]
        provider = self._task.provider
        return {
            "changed": bool(diff["before"]),
            **self._certain,
            "stopped": self._task.control.stop_reason and self._task.control.stop_reason.value,
            "outcomes": [entry.as_result() for entry in self.outcomes],
            "summary": {
                **{outcome: sum(entry.count(outcome) for entry in self.outcomes) for outcome in REMOVAL_OUTCOMES},
                "network_interfaces_read": self._estate.network_interfaces,
                "network_interfaces_planned": len(self.planned),
                "api_calls": provider.calls,
                "throttled_calls": provider.throttled,
                "seconds": round(time.monotonic() - self._started, 3),
            },
            "diff": diff,
        }


def run(task: TaskContext) -> dict[str, t.Any]:
    """Remove what the policy says and return the module's result.

    :raises InputError: nothing was changed, because of what the options say.
    :raises TaskFailedError: the plan is larger than allowed, or an address could not be settled.
    :raises ApiError: the estate, or what uses its addresses, could not be read; nothing was changed.
    """
    started = time.monotonic()
    policy = _policy(task.options)
    # Refused before anything is read.
    engine_settings(task.options)
    journal = None
    if task.options["journal"] is not None and not task.check_mode:
        journal = Journal(task.options["journal"], task.provider.name, task.provider.endpoint)
    try:
        cleanup = _Run(task, _read(task, policy), started)
        cleanup.carry_out(journal)
        result = cleanup.result()
        if journal is not None:
            _end(journal, result)
    finally:
        if journal is not None:
            journal.close()
    if cleanup.too_large and task.check_mode:
        task.warn(f"{cleanup.too_large} Without check mode this run fails")
    failure = cleanup.failure(journal)
    if failure:
        raise TaskFailedError(failure, result)
    return result


def _read(task: TaskContext, policy: _Policy) -> _Estate:
    """Read the selected network interfaces and decide what may be removed."""
    options = task.options
    gone: list[Outcomes] = []
    if policy.targets is not None:
        found = read_by_ids(task, list(policy.targets))
        missing = [identifier for identifier in policy.targets if identifier not in found]
        _refuse_if_too_many(task, missing, len(policy.targets))
        warn_of_missing(task, "targets", missing)
        gone = [_gone(identifier, policy.targets[identifier]) for identifier in missing]
        network_interfaces = list(found.values())
    elif options["network_interface_ids"] is not None:
        network_interfaces = read_named(task)
    else:
        filters = {} if options["filters"] is None else checked_filters(options["filters"])
        network_interfaces = task.provider.list_network_interfaces(filters)
    # Targets come from a plan that was warned of, and may be a part of it.
    if policy.targets is None and network_interfaces:
        for option, entries in policy.unmatched(network_interfaces).items():
            if entries:
                task.warn(f"{option}: nothing that was selected matches {first_few(entries)}")
    plans = [_plan(nic, policy) for nic in network_interfaces]
    if policy.targets is None:
        plans = [plan for plan in plans if plan.unassign]
    plans.sort(key=lambda plan: plan.network_interface.network_interface_id)
    plans, uncertain = _spare_in_use(task, plans, policy)
    return _Estate(
        plans,
        gone,
        uncertain,
        len(network_interfaces),
        sum(len(nic.secondary_private_ips) for nic in network_interfaces),
    )


def _refuse_if_too_many(task: TaskContext, missing: t.Sequence[str], targets: int) -> None:
    """
    :raises InputError: more of the plan's network interfaces do not exist than are allowed to.
    """
    allowed = task.options["max_missing_percent"]
    percent = 100 * len(missing) / targets if missing else 0.0
    if percent <= allowed:
        return
    account = "" if task.account is None else f" in account {task.account}"
    raise InputError(
        "max_missing_percent",
        f"{len(missing)} of the plan's {targets} network interfaces ({first_few(missing)}) do not exist{account} at "
        f"{task.provider.endpoint}, which is {percent:.1f} %, and {allowed:g} % are allowed. A wrong account, site or "
        f"region is likelier than that they were deleted{task.provider.id_hint(missing[0])}. "
        f"max_missing_percent={math.ceil(percent)} would allow it. Nothing was changed",
    )


def _gone(identifier: str, addresses: t.Sequence[str]) -> Outcomes:
    outcomes = Outcomes(identifier)
    for address in addresses:
        outcomes.settle(address, "already_absent")
    return outcomes


def _plan(nic: NetworkInterface, policy: _Policy) -> RemovalPlan:
    if not nic.addresses_told:
        return RemovalPlan(nic)
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


def _spare_in_use(
    task: TaskContext, plans: list[RemovalPlan], policy: _Policy
) -> tuple[list[RemovalPlan], list[dict[str, t.Any]]]:
    """Take the addresses that something uses out of the plans, and return the entries of C(uncertain) as well."""
    asked = [plan.network_interface for plan in plans if plan.unassign]
    if not asked:
        return plans, []
    found = find_uses(task, asked, policy.in_use)
    uses = [found.get(plan.network_interface.network_interface_id, []) for plan in plans]
    spared = [policy.in_use.spare(plan, about) for plan, about in zip(plans, uses)]
    used = [use for plan in spared for use in plan.in_use]
    if task.options["force"] and used:
        more = f" and {len(used) - 1} more" if len(used) > 1 else ""
        task.warn(
            f"{used[0].private_ip_address} is used by {describe_uses(used[:1])}{more}; tried all the same, "
            "since force is true"
        )
    planned = plans if task.options["force"] else spared
    uncertain = [
        use.as_uncertain(plan.network_interface.network_interface_id)
        for plan, about in zip(planned, uses)
        for use in policy.in_use.uncertain(plan, about)
    ]
    if uncertain:
        more = f" and {len(uncertain) - 1} more" if len(uncertain) > 1 else ""
        task.warn(
            f"{uncertain[0]['network_interface_id']}{more}: there is an elastic IP on the network interface, and "
            f"{task.provider.name} does not tell which of its addresses it belongs to"
        )
    return planned, uncertain


def _limits(options: t.Mapping[str, t.Any], planned: int, estate: _Estate) -> dict[str, t.Any]:
    """Compare the size of the plan with what is allowed."""
    percent = 100 * planned / estate.secondary_addresses if planned else 0.0
    sizes = {"max_unassign": planned, "max_unassign_percent": percent}
    return {
        "max_unassign": options["max_unassign"],
        "max_unassign_percent": options["max_unassign_percent"],
        "planned": planned,
        "planned_percent": percent,
        "exceeded": [name for name, size in sizes.items() if size > options[name]],
    }


def _over_limits(limits: t.Mapping[str, t.Any], nics: int, secondary_addresses: int) -> str | None:
    """Say how the plan is larger than allowed; None where it is not."""
    count, percent = limits["planned"], limits["planned_percent"]
    size = f"The plan is to unassign {count} addresses on {nics} network interfaces"
    if "max_unassign" in limits["exceeded"]:
        return f"max_unassign: {size}, and {limits['max_unassign']} are allowed; max_unassign={count} would allow it."
    if "max_unassign_percent" in limits["exceeded"]:
        return (
            f"max_unassign_percent: {size}, which is {percent:.1f} % of the {secondary_addresses} secondary addresses "
            f"there, and {limits['max_unassign_percent']:g} % are allowed; max_unassign_percent={math.ceil(percent)} "
            "would allow it."
        )
    return None


def _end(journal: Journal, result: t.Mapping[str, t.Any]) -> None:
    # That the last line is missing is said with the other failures; it must not cost the result.
    with contextlib.suppress(JournalError):
        journal.ended({outcome: result["summary"][outcome] for outcome in REMOVAL_OUTCOMES})
