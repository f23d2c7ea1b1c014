# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One cleanup over the simulator: an estate, the module's flow with validated options, and the truth afterwards."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskReport
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.clouds import Cloud

OUTCOMES = ("unassigned", "already_absent", "kept", "in_use", "failed", "unknown", "not_attempted")
DETAILED = ("kept", "in_use", "failed", "unknown")


VPCS = 4
#: Leaves an option out that tests give otherwise.
DEFAULT = object()


class Scene:
    """An estate on the simulator, and cleanups of it."""

    def __init__(self, simulator: Simulator, cloud: type[Cloud]) -> None:
        self.sim = simulator
        self.cloud = cloud
        self.definition = cloud.definition("private_ip_cleanup")
        self.region_is_list = self.definition.provider.filters_spec[cloud.region_filter]["type"] == "list"

    @staticmethod
    def id(number: int) -> str:
        return f"nic-{number:04}"

    @staticmethod
    def primary(number: int) -> str:
        return f"10.{number // 250}.{number % 250}.10"

    @staticmethod
    def secondary(number: int, index: int) -> str:
        """Give the index-th (from 1) secondary address of a network interface."""
        return f"10.{number // 250}.{number % 250}.{10 + index}"

    def nic(self, number: int, secondaries: int = 3, vpc: int = 1, **more: Any) -> dict[str, Any]:
        """Describe the network interface with this number (from 1)."""
        return {
            "network_interface_id": self.id(number),
            "name": f"host-{number}",
            "subnet_id": f"subnet-{vpc}",
            "instance_id": f"i-{number}",
            "primary_private_ip": self.primary(number),
            "secondary_private_ips": [self.secondary(number, index) for index in range(1, secondaries + 1)],
            **more,
        }

    def load(
        self,
        *nics: dict[str, Any],
        settings: dict[str, Any] | None = None,
        faults: list[dict[str, Any]] | None = None,
        events: list[dict[str, Any]] | None = None,
        **sections: Any,
    ) -> None:
        """Replace the estate; VPC v has the subnet subnet-v, in region-1 if v is odd, in region-2 if it is even."""
        subnets = [
            {
                "subnet_id": f"subnet-{vpc}",
                "vpc_id": f"vpc-{vpc}",
                "region_id": f"region-{2 - vpc % 2}",
                "cidr": "10.0.0.0/8",
            }
            for vpc in range(1, VPCS + 1)
        ]
        self.sim.load(
            {
                self.cloud.name: {"subnets": subnets, "network_interfaces": list(nics), **sections},
                "settings": settings or {},
                "faults": faults or [],
                "events": events or [],
            }
        )

    def balancer(self, *backends: tuple[int, str], vpc: int = 1) -> dict[str, Any]:
        """Describe a load balancer with these backends: number of the network interface, and address."""
        return {
            "load_balancer_id": f"lb-{vpc}",
            "subnet_id": f"subnet-{vpc}",
            "backends": [
                {"network_interface_id": self.id(number), "private_ip_address": address} for number, address in backends
            ],
        }

    def given(self, **options: Any) -> dict[str, Any]:
        """Give a task's arguments: these, and what makes it talk to the simulator without long pauses."""
        account = self.sim.account(self.cloud.name)
        given = {
            "endpoint": self.sim.url,
            "max_unassign": 100000,
            "max_missing_percent": 100,
            "retry_max_delay": 0.02,
            **account,
            **options,
        }
        return {name: value for name, value in given.items() if value is not DEFAULT}

    def run(self, check_mode: bool = False, forget: bool = True, **options: Any) -> TaskReport:
        """Run the module's flow; the simulator's log begins with it unless told otherwise."""
        if forget:
            self.sim.clear_calls()
        given = self.given(**options)
        definition = self.definition
        validation = ArgumentSpecValidator(definition.argument_spec).validate(copy.deepcopy(given))
        if validation.error_messages:  # a module would end here
            return TaskReport({"changed": False}, validation.error_messages[0])
        options = validation.validated_parameters
        report = definition.run(options, given, check_mode)
        assert "has a bug" not in (report.message or ""), report.message
        json.dumps(report.result, allow_nan=False)
        if "plan" in report.result:
            assert planned(report.result) <= set(accounted(report.result)), "a planned address has no outcome"
        return report

    def good(self, **options: Any) -> dict[str, Any]:
        """Run, and give the result of a success."""
        report = self.run(**options)
        assert report.message is None, report.message
        return report.result

    def all(self, **options: Any) -> dict[str, Any]:
        return self.good(all_network_interfaces=True, **options)

    def failure(self, **options: Any) -> str:
        """Run, and give the message of a failure."""
        report = self.run(**options)
        assert report.message is not None, report.result
        return report.message

    def refusal(self, **options: Any) -> str:
        """Run with options that must be refused before anything is read; give the message."""
        message = self.failure(**options)
        assert self.sim.calls() == []
        return message

    def writes(self) -> list[dict[str, Any]]:
        return self.sim.calls(write=True)

    def written(self) -> list[tuple[str, str]]:
        """List what write calls named, each time they named it: network interface and address."""
        return [
            (call["network_interface_ids"][0], address)
            for call in self.writes()
            for address in call["private_ip_addresses"]
        ]

    def count(self, action: str) -> int:
        return self.sim.counts().get(action, 0)

    def truth(self) -> dict[str, dict[str, Any]]:
        """Give the true addresses by network interface id."""
        truth: dict[str, dict[str, Any]] = self.sim.estate()[self.cloud.name]["network_interfaces"]
        return truth

    def secondaries(self, number: int) -> list[str]:
        return self.sim.addresses(self.id(number))[1]

    def target(self, number: int, *addresses: str) -> dict[str, Any]:
        return {"network_interface_id": self.id(number), "private_ip_addresses": list(addresses)}

    def in_region(self, region: str) -> dict[str, Any]:
        """Give the filter for one region."""
        return {self.cloud.region_filter: [region] if self.region_is_list else region}


def digest(plan: list[dict[str, Any]]) -> str:
    """Compute a plan's digest from the words of the documentation alone, with none of the collection's code."""
    parts = []
    for target in sorted(plan, key=lambda target: target["network_interface_id"]):
        addresses = sorted(target["private_ip_addresses"], key=lambda a: [int(octet) for octet in a.split(".")])
        identifier = json.dumps(target["network_interface_id"], ensure_ascii=False)
        listed = ",".join(f'"{address}"' for address in addresses)
        parts.append(f'{{"network_interface_id":{identifier},"private_ip_addresses":[{listed}]}}')
    return "sha256:" + hashlib.sha256(("[" + ",".join(parts) + "]").encode("utf-8")).hexdigest()


def nothing() -> dict[str, list[Any]]:
    """Give the outcomes of an entry in which nothing has come of anything."""
    return {outcome: [] for outcome in OUTCOMES}


def by_id(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give a result's entries by network interface id."""
    return {entry["network_interface_id"]: entry for entry in result["outcomes"]}


def addresses_of(entry: dict[str, Any], outcome: str) -> list[str]:
    """List the addresses that have an outcome, each once."""
    if outcome in DETAILED:
        return list(dict.fromkeys(detail["private_ip_address"] for detail in entry[outcome]))
    return list(entry[outcome])


def accounted(result: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Give the outcome of every address, having checked that none has two, and that the summary counts them."""
    outcomes: dict[tuple[str, str], str] = {}
    counts = dict.fromkeys(OUTCOMES, 0)
    for entry in result["outcomes"]:
        assert set(entry) == {"network_interface_id", *OUTCOMES}
        for outcome in OUTCOMES:
            for address in addresses_of(entry, outcome):
                key = (entry["network_interface_id"], address)
                assert key not in outcomes, f"{key} is {outcomes[key]} and {outcome}"
                outcomes[key] = outcome
                counts[outcome] += 1
    assert counts == {outcome: result["summary"][outcome] for outcome in OUTCOMES}
    return outcomes


def planned(result: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (target["network_interface_id"], address)
        for target in result["plan"]
        for address in target["private_ip_addresses"]
    }
