# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What uses addresses, as far as the cloud and the user know."""

from __future__ import annotations

import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import parse_address
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.plan import (
    RemovalPlan,
    spare_in_use,
    uncertain_uses,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.uses import (
    EIP_PROTECTS_ADDRESS,
    EIP_PROTECTS_NETWORK_INTERFACE,
    Use,
    match_uses,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskContext
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import Provider
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError


def sources_spec(provider: type[Provider]) -> dict[str, t.Any]:
    sources = list(provider.in_use_sources)
    return {"in_use_sources": {"type": "list", "elements": "str", "choices": sources, "default": sources}}


def in_use_spec(provider: type[Provider]) -> dict[str, t.Any]:
    """Return the options about what counts as in use."""
    return {
        "in_use_check": {"type": "bool", "default": True},
        **sources_spec(provider),
        "eip_protects": {
            "type": "str",
            "choices": [EIP_PROTECTS_ADDRESS, EIP_PROTECTS_NETWORK_INTERFACE],
            "default": provider.eip_protects,
        },
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


class InUsePolicy(t.NamedTuple):
    """What counts as in use, checked.

    :param known: the uses that the user knows of.
    """

    sources: list[str]
    eip_protects: str
    known: list[Use]

    def spare(self, plan: RemovalPlan, uses: t.Iterable[Use]) -> RemovalPlan:
        """Return the plan without the addresses that something uses."""
        return spare_in_use(plan, uses, self.eip_protects)

    def uncertain(self, plan: RemovalPlan, uses: t.Iterable[Use]) -> list[Use]:
        """Return what uses the network interface of the plan, nobody knows where, and protects nothing."""
        return uncertain_uses(plan, uses, self.eip_protects)

    def eip_hint(self, plan: RemovalPlan, uses: t.Iterable[Use]) -> str:
        """Return a clause for where an elastic IP protects more than the address that it is bound to; else nothing."""
        if self.spare(plan, uses) == spare_in_use(plan, uses, EIP_PROTECTS_ADDRESS):
            return ""
        return "; eip_protects=address spares only the address that an elastic IP is bound to"


def checked_sources(options: t.Mapping[str, t.Any]) -> list[str]:
    """Return the sources to ask.

    :raises InputError: there is none, which the option in_use_check is for.
    """
    sources: list[str] = options["in_use_sources"]
    if not sources:
        raise InputError("in_use_sources", "the list is empty; to look nothing up, say in_use_check=false")
    return sources


def in_use_policy(options: t.Mapping[str, t.Any]) -> InUsePolicy:
    """
    :raises InputError: there is no source to ask, or what the user knows cannot be meant, so that nothing would be
        protected.
    """
    known = []
    for entry in options["in_use_elsewhere"] or ():
        address = parse_address(entry["private_ip_address"], "in_use_elsewhere")
        for field in ("kind", "id", "vpc_id", "network_interface_id"):
            if entry[field] == "":
                raise InputError("in_use_elsewhere", f"has an entry for {address} whose {field} is empty")
        known.append(
            Use(
                entry["kind"],
                entry["id"],
                address,
                vpc_id=entry["vpc_id"],
                network_interface_id=entry["network_interface_id"],
            )
        )
    return InUsePolicy(checked_sources(options), options["eip_protects"], known)


def find_uses(
    task: TaskContext, network_interfaces: t.Sequence[NetworkInterface], policy: InUsePolicy
) -> dict[str, list[Use]]:
    """Return what uses addresses of these network interfaces, by their ids.

    :raises ApiError: a look-up failed, so that nothing is known; with force, that is no more than a warning.
    """
    uses = list(policy.known)
    if task.options["in_use_check"]:
        try:
            uses += task.provider.find_uses(network_interfaces, policy.sources)
        except ApiError as error:
            if not task.options["force"] or task.control.stopped:
                raise
            task.warn(f"{error}; so what uses the addresses is not known; tried all the same, since force is true")
    return match_uses(network_interfaces, uses)
