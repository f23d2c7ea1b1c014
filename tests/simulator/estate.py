# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads an estate: accounts, subnets, network interfaces and what uses their addresses, for both clouds.

Both clouds share one vocabulary (a subnet is a vSwitch on ENS, a VPC is a network there); ``ens.py`` and
``zec.py`` translate it into each cloud's own field names.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import pathlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, NamedTuple, TypeVar

import yaml

from .schema import EstateError, build, build_all, mapping, sequence

T = TypeVar("T")

DEMO = pathlib.Path(__file__).with_name("estates") / "demo.yml"
CREATED_AT = "2026-01-15T08:30:00Z"


class CloudWords(NamedTuple):
    """What an estate has to know of a cloud.

    ``detached`` and ``attached`` are the statuses in which a network interface takes address changes;
    ``own_sections`` are those that no other cloud has.
    """

    detached: str
    attached: str
    generated_id: str
    generated_regions: tuple[str, ...]
    account_id: str
    own_sections: frozenset[str]


CLOUDS = {
    # ENS documents no such statuses; ECS asks for the same two.
    "ens": CloudWords(
        "Available",
        "InUse",
        "eni-sim",
        ("cn-hangzhou-44", "cn-beijing-15"),
        "1000000000000001",
        frozenset({"clusters", "arm_servers"}),
    ),
    # The page of assign names them.
    "zec": CloudWords(
        "AVAILABLE", "USED", "nic-sim", ("asia-east-1", "europe-west-1"), "2000001", frozenset({"dns_zones"})
    ),
}


@dataclass
class Account:
    """A key pair (perhaps with an STS token) or a bearer token, whose it is, and what it may not do.

    ``resource_groups`` are those that a ZEC key was granted; without, it sees all of them.
    """

    access_key_id: str = ""
    access_key_secret: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    expires: str | datetime | None = None
    deny: list[str] = field(default_factory=list)
    account_id: str = ""
    resource_groups: list[str] | None = None

    def __post_init__(self) -> None:
        self.account_id = str(self.account_id)  # YAML reads digits as a number
        if bool(self.token) == bool(self.access_key_id and self.access_key_secret):
            raise ValueError("give either access_key_id and access_key_secret, or token")

    def expired(self, now: float) -> bool:
        """Tell whether the token's time has passed."""
        if self.expires is None:
            return False
        when = self.expires
        if isinstance(when, str):
            when = datetime.fromisoformat(when.replace("Z", "+00:00"))
        if when.tzinfo is None:
            when = when.replace(tzinfo=timezone.utc)
        return when.timestamp() <= now

    def sees(self, resource_group_id: str) -> bool:
        """Tell whether the account was granted a resource group."""
        return self.resource_groups is None or resource_group_id in self.resource_groups


@dataclass
class Subnet:
    """A subnet (ZEC) or vSwitch (ENS), and through it the VPC (ENS: network) and the region."""

    subnet_id: str
    vpc_id: str
    region_id: str
    cidr: str
    network: ipaddress.IPv4Network = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.network = ipaddress.IPv4Network(self.cidr)


@dataclass
class NetworkInterface:
    """A network interface; ``secondary_private_ips`` is the truth, whatever a lagging Describe still shows.

    ``public_ip_addresses`` are those that no elastic IP of the estate explains.
    """

    network_interface_id: str
    subnet_id: str
    primary_private_ip: str
    secondary_private_ips: list[str] = field(default_factory=list)
    name: str = ""
    description: str = ""
    status: str = ""
    type: str = "Secondary"
    instance_id: str = ""
    mac_address: str = ""
    security_group_ids: list[str] = field(default_factory=list)
    ipv6_addresses: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    resource_group_id: str = "rg-default"
    created_at: str = CREATED_AT
    public_ip_addresses: list[str] = field(default_factory=list)


@dataclass
class Eip:
    """An elastic IP. Bound to a network interface without a private address, it is on the primary one.

    While its status is ASSIGNING, the cloud tells no private address, and without one here it is on none yet.
    """

    eip_id: str
    public_ip_address: str
    region_id: str = ""
    name: str = ""
    network_interface_id: str = ""
    private_ip_address: str = ""
    instance_id: str = ""
    nat_gateway_id: str = ""
    load_balancer_id: str = ""
    ha_vip_id: str = ""
    instance_type: str = ""
    status: str = ""
    is_default: bool = False
    resource_group_id: str = "rg-default"

    @property
    def assigning(self) -> bool:
        """Tell whether it is only being bound."""
        return self.status == "ASSIGNING"


@dataclass
class Backend:
    """A server behind a load balancer, found by its private address; without one, by what has it."""

    private_ip_address: str = ""
    network_interface_id: str = ""
    instance_id: str = ""
    port: int = 80
    weight: int = 100
    listener_id: str = "listener-1"

    def __post_init__(self) -> None:
        if not (self.private_ip_address or self.network_interface_id or self.instance_id):
            raise ValueError("give private_ip_address, network_interface_id or instance_id")


@dataclass
class LoadBalancer:
    """A load balancer in one VPC."""

    load_balancer_id: str
    subnet_id: str
    name: str = ""
    address: str = ""
    status: str = ""
    backends: list[Backend] = field(default_factory=list)
    resource_group_id: str = "rg-default"


@dataclass
class Dnat:
    """A port of a public address that leads to a private one."""

    dnat_id: str
    private_ip_address: str
    private_port: int = 80
    public_ip_address: str = ""
    public_port: int = 80
    protocol: str = "TCP"
    eip_id: str = ""


@dataclass
class Snat:
    """Ranges of private addresses that leave through a public one; ENS knows a single range only."""

    snat_id: str
    source_cidr: str = ""
    public_ip_address: str = ""
    eip_id: str = ""
    source_cidrs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.source_cidrs = [self.source_cidr, *self.source_cidrs] if self.source_cidr else list(self.source_cidrs)
        if not self.source_cidrs:
            raise ValueError("give source_cidr or source_cidrs")
        for cidr in self.source_cidrs:
            ipaddress.IPv4Network(cidr)


@dataclass
class NatGateway:
    """A NAT gateway in one VPC."""

    nat_gateway_id: str
    subnet_id: str
    name: str = ""
    dnats: list[Dnat] = field(default_factory=list)
    snats: list[Snat] = field(default_factory=list)
    resource_group_id: str = "rg-default"


@dataclass
class HaVipMember:
    """Who may hold a HaVip; ENS also tells by which of the member's addresses."""

    instance_id: str = ""
    network_interface_id: str = ""
    private_ip_address: str = ""


@dataclass
class HaVip:
    """A highly available virtual address."""

    ha_vip_id: str
    subnet_id: str
    ip_address: str
    name: str = ""
    members: list[HaVipMember] = field(default_factory=list)


@dataclass
class Cluster:
    """A Kubernetes cluster of ENS; without pod subnets, its pods are in the subnets of its nodes."""

    cluster_id: str
    subnet_ids: list[str]
    pod_subnet_ids: list[str] = field(default_factory=list)
    name: str = ""
    state: str = "running"
    config: Any = field(default=None, repr=False)
    join_token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not self.subnet_ids:
            raise ValueError("subnet_ids must not be empty")
        self.config = self.config or f"apiVersion: v1\nkind: Config\ntoken: SECRET-CLUSTER-CONFIG-{self.cluster_id}\n"
        self.join_token = self.join_token or f"SECRET-JOIN-TOKEN-{self.cluster_id}"


@dataclass
class AndroidInstance:
    """An Android container (AIC) with an address of its own."""

    instance_id: str
    subnet_id: str
    private_ip_address: str
    name: str = ""
    status: str = "running"


@dataclass
class ArmServer:
    """An ARM server of ENS, which runs Android containers."""

    server_id: str
    region_id: str = ""
    name: str = ""
    namespace: str = ""
    spec: str = "cas.cf53r"
    state: str = "success"
    status: str = "running"
    instances: list[AndroidInstance] = field(default_factory=list)


@dataclass
class DnsRecord:
    """A record of a private zone. Which words the cloud has for ``status`` is documented nowhere."""

    record_id: str
    value: str
    name: str = "@"
    type: str = "A"
    status: str = "Enabled"
    ttl: int = 60
    line: str = "default"

    @property
    def disabled(self) -> bool:
        """Tell whether the record is switched off."""
        return self.status.lower().startswith("disable")


@dataclass
class DnsZone:
    """A private DNS zone, and the VPCs that ask it."""

    zone_id: str
    name: str
    vpc_ids: list[str] = field(default_factory=list)
    records: list[DnsRecord] = field(default_factory=list)
    resource_group_id: str = "rg-default"


@dataclass
class Generate:
    """A large estate in one line."""

    network_interfaces: int
    secondary_private_ips: int = 5
    vpcs: int = 1
    in_use_every: int = 0


@dataclass
class CloudEstate:
    """All that one cloud holds, by id."""

    cloud: str
    accounts: list[Account] = field(default_factory=list)
    subnets: dict[str, Subnet] = field(default_factory=dict)
    network_interfaces: dict[str, NetworkInterface] = field(default_factory=dict)
    eips: dict[str, Eip] = field(default_factory=dict)
    load_balancers: dict[str, LoadBalancer] = field(default_factory=dict)
    nat_gateways: dict[str, NatGateway] = field(default_factory=dict)
    ha_vips: dict[str, HaVip] = field(default_factory=dict)
    clusters: dict[str, Cluster] = field(default_factory=dict)
    arm_servers: dict[str, ArmServer] = field(default_factory=dict)
    dns_zones: dict[str, DnsZone] = field(default_factory=dict)

    def secrets(self) -> set[str]:
        """Give what nobody else may read: the keys and tokens of accounts, and what clusters are configured with."""
        names = ("access_key_id", "access_key_secret", "security_token", "token")
        found = {getattr(account, name) for account in self.accounts for name in names}
        for cluster in self.clusters.values():
            found.update((cluster.join_token, *str(cluster.config).splitlines()))
        return found - {""}


def read_document(source: str | pathlib.Path | dict[str, Any]) -> dict[str, Any]:
    """Read an estate document from a file; a mapping is one already."""
    if isinstance(source, dict):
        return source
    path = pathlib.Path(source)
    try:
        return parse_document(path.read_bytes(), str(path))
    except OSError as exc:
        raise EstateError(f"{path}: {exc.strerror}") from exc


def parse_document(text: bytes, where: str) -> dict[str, Any]:
    """Parse YAML (of which JSON is a part)."""
    try:
        return mapping(yaml.safe_load(text), where)
    except yaml.YAMLError as exc:
        raise EstateError(f"{where}: not YAML: {exc}") from exc


def read_clouds(document: dict[str, Any]) -> dict[str, CloudEstate]:
    """Make the clouds of an estate document."""
    known = {*CLOUDS, "accounts", "settings", "faults", "events"}
    unknown = sorted(str(key) for key in document if key not in known)
    if unknown:
        raise EstateError(f"estate: unknown key {', '.join(unknown)} (known: {', '.join(sorted(known))})")
    accounts = document.get("accounts")
    if accounts is None:  # so that an estate written for a test need not repeat them
        accounts = read_document(DEMO)["accounts"]
    accounts = mapping(accounts, "accounts")
    return {
        cloud: _read_cloud(cloud, mapping(document.get(cloud), cloud), sequence(accounts.get(cloud), "accounts"))
        for cloud in CLOUDS
    }


def _read_cloud(cloud: str, data: dict[str, Any], accounts: list[Any]) -> CloudEstate:
    sections = {"subnets", "network_interfaces", "eips", "load_balancers", "nat_gateways", "ha_vips", "generate"}
    sections |= CLOUDS[cloud].own_sections
    unknown = sorted(str(key) for key in data if key not in sections)
    if unknown:
        raise EstateError(f"{cloud}: unknown key {', '.join(unknown)} (known: {', '.join(sorted(sections))})")
    estate = CloudEstate(cloud, build_all(Account, accounts, f"accounts.{cloud}"))
    for account in estate.accounts:
        account.account_id = account.account_id or CLOUDS[cloud].account_id
    for subnet in build_all(Subnet, data.get("subnets"), f"{cloud}.subnets"):
        estate.subnets[subnet.subnet_id] = subnet
    for nic in build_all(NetworkInterface, data.get("network_interfaces"), f"{cloud}.network_interfaces"):
        add_network_interface(estate, nic)
    estate.eips = _by_id(build_all(Eip, data.get("eips"), f"{cloud}.eips"))
    estate.load_balancers = _by_id(_with_parts(LoadBalancer, data, "load_balancers", cloud, backends=Backend))
    estate.nat_gateways = _by_id(_with_parts(NatGateway, data, "nat_gateways", cloud, dnats=Dnat, snats=Snat))
    estate.ha_vips = _by_id(_with_parts(HaVip, data, "ha_vips", cloud, members=HaVipMember))
    estate.clusters = _by_id(build_all(Cluster, data.get("clusters"), f"{cloud}.clusters"))
    estate.arm_servers = _by_id(_with_parts(ArmServer, data, "arm_servers", cloud, instances=AndroidInstance))
    estate.dns_zones = _by_id(_with_parts(DnsZone, data, "dns_zones", cloud, records=DnsRecord))
    if data.get("generate"):
        _generate(estate, build(Generate, data["generate"], f"{cloud}.generate"))
    for key, subnet_id in _places(estate):
        if subnet_id not in estate.subnets:
            raise EstateError(f"{cloud}: {key} is in an unknown subnet")
    return estate


def _places(estate: CloudEstate) -> Iterator[tuple[str, str]]:
    """Give the id of each thing that is in a subnet, with that subnet's."""
    kinds: tuple[dict[str, Any], ...] = (estate.load_balancers, estate.nat_gateways, estate.ha_vips)
    for kind in kinds:
        for key, item in kind.items():
            yield key, item.subnet_id
    for cluster in estate.clusters.values():
        for subnet_id in (*cluster.subnet_ids, *cluster.pod_subnet_ids):
            yield cluster.cluster_id, subnet_id
    for server in estate.arm_servers.values():
        for instance in server.instances:
            yield instance.instance_id, instance.subnet_id


def _by_id(items: list[T]) -> dict[str, T]:
    """Index things by their first field, which is the id of each kind."""
    return {getattr(item, dataclasses.fields(item)[0].name): item for item in items}  # type: ignore[arg-type]


def _with_parts(cls: type[Any], data: dict[str, Any], section: str, cloud: str, **parts: type[Any]) -> list[Any]:
    """Build the entries of a section whose fields named in ``parts`` hold lists of entries themselves."""
    items = []
    for index, entry in enumerate(sequence(data.get(section), f"{cloud}.{section}")):
        where = f"{cloud}.{section}[{index}]"
        values = dict(mapping(entry, where))
        for name, part in parts.items():
            values[name] = build_all(part, values.get(name), f"{where}.{name}")
        items.append(build(cls, values, where))
    return items


def add_network_interface(estate: CloudEstate, nic: NetworkInterface) -> None:
    """Put a network interface into its subnet, filling in what follows from the rest."""
    where = f"{estate.cloud}: {nic.network_interface_id}"
    if nic.network_interface_id in estate.network_interfaces:
        raise EstateError(f"{where}: more than once")
    subnet = estate.subnets.get(nic.subnet_id)
    if subnet is None:
        raise EstateError(f"{where}: unknown subnet {nic.subnet_id}")
    addresses = [nic.primary_private_ip, *nic.secondary_private_ips]
    for address in addresses:
        try:
            inside = ipaddress.IPv4Address(address) in subnet.network
        except ValueError as exc:
            raise EstateError(f"{where}: {exc}") from exc
        if not inside:
            raise EstateError(f"{where}: {address} is outside {subnet.cidr}")
    if len(set(addresses)) < len(addresses):
        raise EstateError(f"{where}: an address more than once")
    _complete(estate, nic)


def _complete(estate: CloudEstate, nic: NetworkInterface) -> None:
    words = CLOUDS[estate.cloud]
    nic.status = nic.status or (words.attached if nic.instance_id else words.detached)
    number = len(estate.network_interfaces) + 1
    nic.mac_address = nic.mac_address or ":".join(f"{octet:02x}" for octet in (0x00, 0x16, *number.to_bytes(4, "big")))
    estate.network_interfaces[nic.network_interface_id] = nic


def _generate(estate: CloudEstate, wish: Generate) -> None:
    """Fill the cloud with numbered network interfaces, the same ones every time.

    Every VPC uses the same address range, as VPCs in the wild do: an address alone does not tell the VPC.
    """
    per_interface = 1 + wish.secondary_private_ips
    per_subnet = (4096 - 3) // per_interface  # a /20 without network, gateway and broadcast address
    secondaries = 0
    for index in range(wish.network_interfaces):
        vpc, place = index % wish.vpcs, index // wish.vpcs
        subnet = _generated_subnet(estate, vpc, place // per_subnet)
        free = _hosts(subnet, place % per_subnet * per_interface)
        nic = NetworkInterface(
            network_interface_id=f"{CLOUDS[estate.cloud].generated_id}-{index + 1:06d}",
            subnet_id=subnet.subnet_id,
            primary_private_ip=next(free),
            secondary_private_ips=[next(free) for _number in range(wish.secondary_private_ips)],
            name=f"sim-{index + 1:06d}",
            instance_id=f"i-sim-{index + 1:06d}",
            security_group_ids=["sg-sim"],
        )
        _complete(estate, nic)
        if wish.in_use_every:
            for address in nic.secondary_private_ips:
                secondaries += 1
                if secondaries % wish.in_use_every == 0:
                    _generated_balancer(estate, vpc, subnet).backends.append(
                        Backend(address, nic.network_interface_id, nic.instance_id)
                    )


def _generated_subnet(estate: CloudEstate, vpc: int, number: int) -> Subnet:
    subnet_id = f"subnet-sim-{vpc + 1}-{number + 1}"
    if subnet_id not in estate.subnets:
        regions = CLOUDS[estate.cloud].generated_regions
        start = ipaddress.IPv4Address("10.0.0.0") + number * 4096
        estate.subnets[subnet_id] = Subnet(subnet_id, f"vpc-sim-{vpc + 1}", regions[vpc % len(regions)], f"{start}/20")
    return estate.subnets[subnet_id]


def _generated_balancer(estate: CloudEstate, vpc: int, subnet: Subnet) -> LoadBalancer:
    key = f"lb-sim-{vpc + 1}"
    if key not in estate.load_balancers:
        estate.load_balancers[key] = LoadBalancer(key, subnet.subnet_id, name=f"sim-{vpc + 1}")
    return estate.load_balancers[key]


def _hosts(subnet: Subnet, skip: int) -> Iterator[str]:
    """Give the host addresses after the gateway's, without the cost of address objects."""
    number = int(subnet.network.network_address) + 2 + skip
    while True:
        yield f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        number += 1
