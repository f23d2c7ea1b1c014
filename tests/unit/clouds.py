# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clouds in words that tests can share: what each of them calls things, a task on one network interface of an
estate, and what it sent."""

from __future__ import annotations

import importlib
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._flows import private_ip
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskContext, TaskReport, run_task
from ansible_collections.edgecloud.nic.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.edgecloud.nic.plugins.module_utils._http.session import HttpSession, HttpSettings
from ansible_collections.edgecloud.nic.plugins.module_utils._module import ModuleDefinition
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.base import CloudProvider

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
    """One of the clouds: what it calls things, and the simulator that plays it."""

    name: t.ClassVar[str]
    #: How the variables begin that its modules read.
    variables: t.ClassVar[tuple[str, ...]]
    #: What it calls the id of a network interface.
    id_alias: t.ClassVar[str]
    #: Ids of generated network interfaces, and two of the demo estate: of one that nothing uses, and of a used one.
    generated_id: t.ClassVar[str]
    demo_ids: t.ClassVar[tuple[str, str]]
    region_filter: t.ClassVar[str]
    write: t.ClassVar[str]
    identity: t.ClassVar[str]
    eips: t.ClassVar[str]
    #: What is called for the backends of each load balancer.
    backends: t.ClassVar[str]
    #: What is called to find what uses addresses where nothing does: in each VPC, in each region, and once.
    in_each_vpc: t.ClassVar[tuple[str, ...]]
    in_each_region: t.ClassVar[tuple[str, ...]]
    once: t.ClassVar[tuple[str, ...]] = ()
    #: Codes with their HTTP status.
    refusal: t.ClassVar[tuple[str, int]]
    throttling: t.ClassVar[tuple[str, int]]
    broken: t.ClassVar[tuple[str, int]]
    nic_gone: t.ClassVar[tuple[str, int]]
    #: Codes of a key that is not known, and of one that may not call an action.
    unknown_key: t.ClassVar[str]
    denied: t.ClassVar[str]
    #: The outcome of an address that the cloud refuses since something uses it: its code may not tell so.
    refused_for_use: t.ClassVar[str]

    @classmethod
    def definition(cls, kind: str) -> ModuleDefinition:
        """Give what a module is: C(private_ip), C(private_ip_info) or C(private_ip_cleanup)."""
        modules = "ansible_collections.edgecloud.nic.plugins.modules"
        definition: ModuleDefinition = importlib.import_module(f"{modules}.{cls.name}_{kind}").DEFINITION
        return definition

    @property
    def provider(self) -> type[CloudProvider]:
        provider = self.definition("private_ip").provider
        assert issubclass(provider, CloudProvider)
        return provider

    @property
    def spec(self) -> dict[str, t.Any]:
        return self.definition("private_ip").argument_spec

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
        defaults = {name: entry.get("default") for name, entry in self.spec.items()}
        return {**defaults, **QUICK, "endpoint": self.sim.url, **self.credentials(), **given}

    def task(
        self, flow: t.Callable[[TaskContext], dict[str, t.Any]], check: bool = False, **given: t.Any
    ) -> TaskReport:
        """Run any flow."""
        return run_task(flow, self.provider, self.options(**given), given, self.spec, check)

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
    variables = ("ALIBABA_CLOUD_", "ALICLOUD_", "ENS_")
    id_alias = "eni_id"
    generated_id = "eni-sim-{:06d}"
    demo_ids = ("eni-hangzhou-web-1", "eni-hangzhou-web-2")
    region_filter = "region_ids"
    identity = "GetCallerIdentity"
    eips = "DescribeEnsEipAddresses"
    backends = "DescribeLoadBalancerAttribute"
    write = "UnassignPrivateIpAddresses"
    in_each_vpc = ("DescribeLoadBalancers", "DescribeNatGateways", "DescribeHaVips", "DescribeNetworkAttribute")
    in_each_region = (eips,)
    once = ("DescribeClustersV1", "DescribeARMServerInstances")
    refusal = ("InvalidParameter.EniServiceManaged", 400)
    throttling = ("Throttling.User", 400)
    broken = ("InternalError", 500)
    nic_gone = ("InvalidEniId.NotFound", 400)
    unknown_key = "InvalidAccessKeyId.NotFound"
    denied = "NoPermission"
    refused_for_use = "failed"


class Zec(Cloud):
    name = "zec"
    variables = ("ZENLAYER",)
    id_alias = "nic_id"
    generated_id = "nic-sim-{:06d}"
    demo_ids = ("nic-hongkong-game-1", "nic-hongkong-game-2")
    region_filter = "region_id"
    identity = "DescribeCustomerBalance"
    eips = "DescribeEips"
    backends = "DescribeBackends"
    write = "UnassignNetworkInterfaceIpv4"
    in_each_vpc = ("DescribeLoadBalancers", "DescribeNatGateways", "DescribeHaVips", "DescribePrivateZones")
    in_each_region = (eips,)
    refusal = ("OPERATION_DENIED_BY_POLICY", 409)
    throttling = ("REQUEST_LIMIT_EXCEEDED", 429)
    broken = ("INTERNAL_SERVER_ERROR", 500)
    nic_gone = ("INVALID_NIC_NOT_FOUND", 404)
    unknown_key = "AUTHFAILURE_INVALID_AUTHORIZATION"
    denied = "AUTHFAILURE_UNAUTHORIZED_OPERATION"
    refused_for_use = "in_use"


def run_module(
    definition: ModuleDefinition,
    options: t.Mapping[str, t.Any],
    given: t.Mapping[str, t.Any],
    check_mode: bool = False,
    **more: t.Any,
) -> TaskReport:
    """Run what a module does, and close the connections that it leaves open for the next one.

    :param options: validated by its argument specification.
    :param given: as they were before.
    :param more: arguments of C(run_task).
    """
    opened: list[HttpSession] = []

    def open_session(endpoint: Endpoint, settings: HttpSettings) -> HttpSession:
        opened.append(HttpSession(endpoint, settings))
        return opened[-1]

    report = definition.run(options, given, check_mode, open_session=open_session, **more)
    for session in opened:
        session.close()
    return report


CLOUDS: dict[str, type[Cloud]] = {cloud.name: cloud for cloud in (Ens, Zec)}


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
