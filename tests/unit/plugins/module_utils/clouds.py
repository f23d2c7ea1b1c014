# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Both clouds in words that a test can share: an estate of one network interface, a task, and what it sent."""

from __future__ import annotations

import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._flows import private_ip
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskContext, TaskReport, run_task
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.base import CloudProvider
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.ens.api import EnsProvider
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.zec.api import ZecProvider
from ansible_collections.edgecloud.nic.plugins.modules import ens_private_ip, zec_private_ip

if t.TYPE_CHECKING:
    from ansible_collections.edgecloud.nic.tests.simulator import Simulator

NIC = "nic-under-test"
PRIMARY = "10.0.0.10"
VPC = {"subnet_id": "subnet-1", "vpc_id": "vpc-1", "region_id": "region-1", "cidr": "10.0.0.0/16"}
READ = "DescribeNetworkInterfaces"
#: Sections of an estate that belong to no cloud.
_GENERAL = ("accounts", "settings", "faults", "events")

#: Enough for every test but those about time, and nothing that makes a test slow.
QUICK = {"retry_max_delay": 0.02, "timeout": 5.0, "connect_timeout": 5.0, "wait_timeout": 5.0}


def addresses(count: int, first: int = 11) -> list[str]:
    """Give so many secondary addresses, in numeric order."""
    return [f"10.0.{number // 256}.{number % 256}" for number in range(first, first + count)]


class Cloud:
    """One of the clouds, and the simulator that plays it."""

    name: t.ClassVar[str]
    provider: t.ClassVar[type[CloudProvider]]
    spec: t.ClassVar[dict[str, t.Any]]
    write: t.ClassVar[str]
    #: What is called to find what uses addresses where nothing does: in each VPC, in each region, and once.
    in_each_vpc: t.ClassVar[tuple[str, ...]]
    in_each_region: t.ClassVar[tuple[str, ...]]
    once: t.ClassVar[tuple[str, ...]] = ()
    #: Codes with their HTTP status.
    refusal: t.ClassVar[tuple[str, int]]
    throttling: t.ClassVar[tuple[str, int]]
    broken: t.ClassVar[tuple[str, int]]
    nic_gone: t.ClassVar[tuple[str, int]]

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim

    @property
    def lookups(self) -> tuple[str, ...]:
        """Tell what is called for one network interface."""
        return (*self.in_each_vpc, *self.in_each_region, *self.once)

    def load(self, secondary: t.Sequence[str] = (), **more: t.Any) -> None:
        """Put one network interface into the cloud; what belongs to no cloud as in an estate file."""
        general: dict[str, t.Any] = {key: more.pop(key) for key in _GENERAL if key in more}
        nic = {
            "network_interface_id": NIC,
            "subnet_id": "subnet-1",
            "primary_private_ip": PRIMARY,
            "secondary_private_ips": list(secondary),
            "instance_id": "i-1",
            **more.pop("nic", {}),
        }
        sections: dict[str, t.Any] = {"subnets": [VPC], "network_interfaces": [nic], **more}
        self.sim.load({self.name: sections, **general})

    def credentials(self, index: int = 0) -> dict[str, str]:
        return self.sim.account(self.name, index)

    def options(self, **given: t.Any) -> dict[str, t.Any]:
        """Make the options of the private_ip module as its argument specification would."""
        spec = {**self.provider.connection_spec, **self.spec}
        defaults = {name: entry.get("default") for name, entry in spec.items()}
        return {**defaults, **QUICK, "endpoint": self.sim.url, **self.credentials(), **given}

    def task(
        self, flow: t.Callable[[TaskContext], dict[str, t.Any]], check: bool = False, **given: t.Any
    ) -> TaskReport:
        """Run any flow."""
        spec = {**self.provider.connection_spec, **self.spec}
        return run_task(flow, self.provider, self.options(**given), given, spec, check)

    def unassign(self, *named: str, check: bool = False, **given: t.Any) -> TaskReport:
        """Run a task that removes these addresses, or all secondary ones where none is named."""
        what: dict[str, t.Any] = {"private_ip_addresses": list(named)} if named else {"all_secondary": True}
        return self.task(private_ip.run, check, **{"network_interface_id": NIC, "state": "absent", **what, **given})

    def ask(self, question: t.Callable[[t.Any], t.Any], **given: t.Any) -> t.Any:
        """Ask the provider something; gives the answer, and raises what it raised."""
        caught: list[BaseException] = []
        answered: list[t.Any] = []

        def flow(task: TaskContext) -> dict[str, t.Any]:
            try:
                answered.append(question(task.provider))
            except BaseException as error:
                caught.append(error)
            return {}

        report = self.task(flow, **given)
        assert report.message is None, report.message
        if caught:
            raise caught[0]
        return answered[0]

    def secondary(self) -> list[str]:
        """Tell the true secondary addresses."""
        return self.sim.addresses(NIC)[1]

    def writes(self) -> list[list[str]]:
        """List the addresses of each write call."""
        return [call["private_ip_addresses"] for call in self.sim.calls(write=True)]

    def reads(self) -> int:
        return len(self.sim.calls(action=READ))


class Ens(Cloud):
    name = "ens"
    provider = EnsProvider
    spec = ens_private_ip.DEFINITION.options
    write = "UnassignPrivateIpAddresses"
    in_each_vpc = ("DescribeLoadBalancers", "DescribeNatGateways", "DescribeHaVips", "DescribeNetworkAttribute")
    in_each_region = ("DescribeEnsEipAddresses",)
    once = ("DescribeClustersV1", "DescribeARMServerInstances")
    refusal = ("InvalidParameter.EniServiceManaged", 400)
    throttling = ("Throttling.User", 400)
    broken = ("InternalError", 500)
    nic_gone = ("InvalidEniId.NotFound", 400)


class Zec(Cloud):
    name = "zec"
    provider = ZecProvider
    spec = zec_private_ip.DEFINITION.options
    write = "UnassignNetworkInterfaceIpv4"
    in_each_vpc = ("DescribeLoadBalancers", "DescribeNatGateways", "DescribeHaVips", "DescribePrivateZones")
    in_each_region = ("DescribeEips",)
    refusal = ("OPERATION_DENIED_BY_POLICY", 409)
    throttling = ("REQUEST_LIMIT_EXCEEDED", 429)
    broken = ("INTERNAL_SERVER_ERROR", 500)
    nic_gone = ("INVALID_NIC_NOT_FOUND", 404)


CLOUDS: dict[str, type[Cloud]] = {"ens": Ens, "zec": Zec}


def outcome(report: TaskReport, name: str) -> list[str]:
    """List the addresses with this outcome."""
    entries = report.result["outcomes"][0][name]
    return [entry if isinstance(entry, str) else entry["private_ip_address"] for entry in entries]


def account_for(report: TaskReport) -> list[str]:
    """List every address that has an outcome, one for each outcome that it has."""
    result = report.result["outcomes"][0]
    found: list[str] = []
    for name in result:
        if name == "in_use":  # an entry for each use
            found += set(outcome(report, name))
        elif name != "network_interface_id":
            found += outcome(report, name)
    return found
