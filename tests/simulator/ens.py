# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alibaba Cloud ENS, version 2017-11-10: the actions, their fields and their refusals.

Field names and nesting are those of the models in alibabacloud_ens20171110; error codes those of the API pages of
the same actions. What the pages leave open is a setting, its default the likeliest reading.
"""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from .calls import Call
from .errors import ApiError
from .estate import CREATED_AT, Eip, HaVip, LoadBalancer, NatGateway, NetworkInterface
from .signatures import Incoming, Nonces, verify_acs3
from .state import CloudState, same_status
from .weather import page_of

T = TypeVar("T")

VERSION = "2017-11-10"
WRITES = ("UnassignPrivateIpAddresses", "AssignPrivateIpAddresses")
NUMBERED = re.compile(r"(.+)\.([1-9][0-9]*)")
# RPC V1 signatures put these into the query; nothing of them belongs into a log.
SECRET_PARAMETERS = ("AccessKeyId", "SecurityToken", "Signature")


class Ens:
    """The ENS API over a cloud's state."""

    cloud = "ens"

    def __init__(self, state: CloudState, nonces: Nonces) -> None:
        self.state = state
        self.nonces = nonces
        self._actions: dict[str, Callable[[Parameters], dict[str, Any]]] = {
            "DescribeNetworkInterfaces": self._describe_network_interfaces,
            "UnassignPrivateIpAddresses": self._unassign_private_ip_addresses,
            "AssignPrivateIpAddresses": self._assign_private_ip_addresses,
            "DescribeEnsEipAddresses": self._describe_eips,
            "DescribeHaVips": self._describe_ha_vips,
            "DescribeLoadBalancers": self._describe_load_balancers,
            "DescribeLoadBalancerAttribute": self._describe_load_balancer_attribute,
            "DescribeNatGateways": self._describe_nat_gateways,
            "DescribeForwardTableEntries": self._describe_forward_table_entries,
            "DescribeSnatTableEntries": self._describe_snat_table_entries,
        }

    def read_call(self, incoming: Incoming) -> Call:
        """Tell what a request asks for, whether or not it may."""
        parameters = unflatten(incoming.query)
        action = incoming.headers.get("x-acs-action", "")
        addresses = parameters.get("PrivateIpAddress", [])
        ids = [parameters.get("NetworkInterfaceId"), *_as_list(parameters.get("NetworkInterfaceIds"))]
        return Call(
            cloud=self.cloud,
            action=action,
            version=incoming.headers.get("x-acs-version", ""),
            parameters=parameters,
            write=action in WRITES,
            network_interface_ids=[nic_id for nic_id in ids if isinstance(nic_id, str)],
            private_ip_addresses=_as_list(addresses),
            request_id=str(uuid.uuid4()).upper(),
        )

    def authorize(self, incoming: Incoming, call: Call, now: float) -> None:
        """Refuse a request whose signature is wrong or whose account may not make this call."""
        account = verify_acs3(incoming, self.state.estate.accounts, self.nonces, now)
        if call.action not in self._actions or call.version != VERSION:
            raise ApiError(404, "InvalidApi.NotFound", "Specified api is not found, please check your url and method.")
        if call.action in account.deny:
            raise ApiError(400, "NoPermission", f"You are not authorized to perform ens:{call.action}.")

    def run(self, call: Call) -> dict[str, Any]:
        """Carry out a call and give the fields of its answer."""
        return self._actions[call.action](Parameters(call.parameters))

    def success(self, fields: dict[str, Any], call: Call) -> dict[str, Any]:
        """Wrap the fields of an answer: they lie beside the request id."""
        return {"RequestId": call.request_id, **fields}

    def failure(self, error: ApiError, call: Call, host: str) -> dict[str, Any]:
        """Word a refusal."""
        return {
            "RequestId": call.request_id,
            "HostId": host,
            "Code": error.code,
            "Message": error.message,
            "Recommend": f"https://api.aliyun.com/troubleshoot?q={error.code}",
        }

    def throttled(self, retry_after_ms: int | None) -> ApiError:
        """Refuse a call that comes too soon; the header counts milliseconds."""
        headers = {} if retry_after_ms is None else {"x-acs-retry-after": str(retry_after_ms)}
        return ApiError(400, "Throttling.User", "Request was denied due to user flow control.", headers)

    # Network interfaces.

    def _describe_network_interfaces(self, asked: Parameters) -> dict[str, Any]:
        ids = asked.items("NetworkInterfaceIds", 100)
        if asked.text("NetworkInterfaceId"):
            # Both filters hold at once, as all filters do.
            if ids and asked.text("NetworkInterfaceId") not in ids:
                return self._listed(("NetworkInterfaceSets", "NetworkInterfaceSet"), [], asked, default_size=50)
            ids = [asked.text("NetworkInterfaceId")]
        self._refuse_unknown(ids)
        regions = asked.regions()
        addresses6 = asked.items("Ipv6Address", 100)

        def wanted(nic: NetworkInterface) -> bool:
            subnet = self.state.subnet(nic)
            return (
                (not regions or subnet.region_id in regions)
                and asked.fits("InstanceId", nic.instance_id)
                and asked.fits("NetworkId", subnet.vpc_id)
                and asked.fits("VSwitchId", nic.subnet_id)
                and (not asked.text("SecurityGroupId") or asked.text("SecurityGroupId") in nic.security_group_ids)
                # Exact or fuzzy is documented nowhere; exact widens no selection.
                and asked.fits("NetworkInterfaceName", nic.name)
                and asked.fits("PrimaryIpAddress", nic.primary_private_ip)
                and (not addresses6 or any(address in nic.ipv6_addresses for address in addresses6))
                and (not asked.text("Status") or same_status(asked.text("Status"), nic.status))
                and asked.fits("Type", nic.type)
            )

        found = self.state.select(ids, asked.filters(), wanted)
        return self._listed(
            ("NetworkInterfaceSets", "NetworkInterfaceSet"),
            found,
            asked,
            default_size=50,
            show=self._show_network_interface,
        )

    def _refuse_unknown(self, ids: list[str]) -> None:
        if self.state.settings.ens_unknown_network_interface == "error":
            for nic_id in ids:
                self._network_interface(nic_id)

    def _show_network_interface(self, nic: NetworkInterface) -> dict[str, Any]:
        subnet = self.state.subnet(nic)
        addresses = [nic.primary_private_ip, *self.state.shown_secondaries(nic)]
        return {
            "NetworkInterfaceId": nic.network_interface_id,
            "NetworkInterfaceName": nic.name,
            "Description": nic.description,
            "CreationTime": nic.created_at,
            "EnsRegionId": subnet.region_id,
            "InstanceId": nic.instance_id,
            "NetworkId": subnet.vpc_id,
            "VSwitchId": nic.subnet_id,
            "MacAddress": nic.mac_address,
            "PrimaryIp": nic.primary_private_ip,
            "PrimaryIpType": "Private",
            "PrivateIpSets": {
                "PrivateIpSet": [
                    {
                        "PrivateIpAddress": address,
                        "Primary": address == nic.primary_private_ip,
                        "PrivateIpStatus": "Available",
                    }
                    for address in addresses
                ]
            },
            "Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": address} for address in nic.ipv6_addresses]},
            "SecurityGroupIds": {"SecurityGroup": list(nic.security_group_ids)},
            "Status": nic.status,
            "Type": nic.type,
        }

    def _network_interface(self, nic_id: str) -> NetworkInterface:
        nic = self.state.network_interface(nic_id)
        if nic is None:
            raise ApiError(400, "InvalidEniId.NotFound", "The specified EniId does not exist.")
        return nic

    def _unassign_private_ip_addresses(self, asked: Parameters) -> dict[str, Any]:
        nic_id = asked.required("NetworkInterfaceId")
        limit = self.state.settings.ens_max_unassign_addresses
        addresses = asked.items("PrivateIpAddress", limit)
        if not addresses:
            raise _missing("PrivateIpAddress")
        for address in addresses:
            if not _is_ipv4(address):
                raise _invalid("PrivateIpAddress")
        nic = self._network_interface(nic_id)
        if not self.state.ready(nic):
            raise _wrong_address_status("The network interface is changing.")
        self.state.unassign_checked(nic, addresses, self._refuse_unassign)
        return {}

    def _refuse_unassign(self, nic: NetworkInterface, address: str) -> None:
        if address == nic.primary_private_ip:
            # ENS documents no answer; ECS gives its "already gone" code even here.
            code = self.state.settings.ens_primary_code
            raise ApiError(400, code, "The specified privateIpAddress cannot be unassigned.")
        if address not in nic.secondary_private_ips:
            raise ApiError(400, "InvalidPrivateIpAddress.NotFound", "The specified privateIpAddress does not exist.")
        if self.state.settings.ens_in_use_blocks and self.state.blockers(nic, address):
            code = self.state.settings.ens_in_use_code
            raise ApiError(400, code, "The specified privateIpAddress is in use.")

    def _assign_private_ip_addresses(self, asked: Parameters) -> dict[str, Any]:
        nic = self._network_interface(asked.required("NetworkInterfaceId"))
        if not self.state.ready(nic):
            raise ApiError(400, "IncorrectInstanceStatus", "The current status does not support this operation.")
        if not asked.fits("VSwitchId", nic.subnet_id):
            raise ApiError(400, "InvalidVSwitchId.NotFound", "The specified VSwitchId does not exist.")
        address = self.state.free_address(self.state.subnet(nic))
        if address is None:
            raise ApiError(400, "ens.interface.error", "The vSwitch has no free address.")
        self.state.assign(nic, [address])
        return {
            "AssignedPrivateIpAddressesSet": {
                "NetworkInterfaceId": nic.network_interface_id,
                "PrivateIpSet": [address],  # plain strings here, objects in Describe
            }
        }

    # What uses addresses.

    def _describe_eips(self, asked: Parameters) -> dict[str, Any]:
        allocation_ids, public_addresses = asked.commas("AllocationId", 50), asked.commas("EipAddress", 50)
        regions = asked.regions()
        found = []
        for eip in self.state.estate.eips.values():
            bound_to, bound_type = _eip_binding(eip)
            if (
                (not allocation_ids or eip.eip_id in allocation_ids)
                and (not public_addresses or eip.public_ip_address in public_addresses)
                and (not regions or eip.region_id in regions)
                and asked.fits("AssociatedInstanceId", bound_to)
                and asked.fits("AssociatedInstanceType", bound_type)
                and asked.fits("EipName", eip.name)
                and asked.fits("Status", "InUse" if bound_to else "Available")
            ):
                found.append(eip)
        return self._listed(("EipAddresses", "EipAddress"), found, asked, least_size=10, show=_show_eip)

    def _describe_ha_vips(self, asked: Parameters) -> dict[str, Any]:
        regions = asked.regions()

        def wanted(vip: HaVip) -> bool:
            subnet = self.state.estate.subnets[vip.subnet_id]
            return (
                (not regions or subnet.region_id in regions)
                and asked.fits("HaVipAddress", vip.ip_address)
                and asked.fits("HaVipId", vip.ha_vip_id)
                and asked.fits("Name", vip.name)
                and asked.fits("NetworkId", subnet.vpc_id)
                and asked.fits("VSwitchId", vip.subnet_id)
                and asked.fits("Status", _ha_vip_status(vip))
            )

        found = [vip for vip in self.state.estate.ha_vips.values() if wanted(vip)]
        answer = self._listed(("HaVips",), found, asked, show=self._show_ha_vip)
        return _numbers_as_text(answer)

    def _show_ha_vip(self, vip: HaVip) -> dict[str, Any]:
        subnet = self.state.estate.subnets[vip.subnet_id]
        return {
            "HaVipId": vip.ha_vip_id,
            "Name": vip.name,
            "IpAddress": vip.ip_address,
            "NetworkId": subnet.vpc_id,
            "VSwitchId": vip.subnet_id,
            "EnsRegionId": subnet.region_id,
            "Status": _ha_vip_status(vip),
            "CreationTime": CREATED_AT,
            "Description": "",
            "AssociatedEipAddresses": [],
            "AssociatedInstances": [
                {
                    "InstanceId": member.network_interface_id or member.instance_id,
                    "InstanceType": "NetworkInterface" if member.network_interface_id else "EnsInstance",
                    "IpAddress": member.private_ip_address,
                    "Status": "InUse",
                    "CreationTime": CREATED_AT,
                }
                for member in vip.members
            ],
        }

    def _describe_load_balancers(self, asked: Parameters) -> dict[str, Any]:
        regions = asked.regions()

        def wanted(balancer: LoadBalancer) -> bool:
            subnet = self.state.estate.subnets[balancer.subnet_id]
            servers = {backend.network_interface_id or backend.instance_id for backend in balancer.backends}
            return (
                (not regions or subnet.region_id in regions)
                and (not asked.text("ServerId") or asked.text("ServerId") in servers)
                and asked.fits("LoadBalancerId", balancer.load_balancer_id)
                and asked.fits("LoadBalancerName", balancer.name)
                and asked.fits("LoadBalancerStatus", balancer.status or "Active")
                and asked.fits("NetworkId", subnet.vpc_id)
                and asked.fits("VSwitchId", balancer.subnet_id)
                and asked.fits("Address", balancer.address)
            )

        found = [balancer for balancer in self.state.estate.load_balancers.values() if wanted(balancer)]
        return self._listed(("LoadBalancers", "LoadBalancer"), found, asked, show=self._show_load_balancer)

    def _show_load_balancer(self, balancer: LoadBalancer) -> dict[str, Any]:
        subnet = self.state.estate.subnets[balancer.subnet_id]
        return {
            "LoadBalancerId": balancer.load_balancer_id,
            "LoadBalancerName": balancer.name,
            "LoadBalancerStatus": balancer.status or "Active",
            "Address": balancer.address,
            "AddressIPVersion": "ipv4",
            "AddressType": "intranet",
            "EnsRegionId": subnet.region_id,
            "NetworkId": subnet.vpc_id,
            "VSwitchId": balancer.subnet_id,
            "CreateTime": CREATED_AT,
        }

    def _describe_load_balancer_attribute(self, asked: Parameters) -> dict[str, Any]:
        balancer = self.state.estate.load_balancers.get(asked.required("LoadBalancerId"))
        if balancer is None:
            raise _invalid("LoadBalancerId")
        return {
            **self._show_load_balancer(balancer),
            "BackendServers": [
                {
                    "Ip": backend.private_ip_address,
                    "Port": str(backend.port),
                    "ServerId": backend.network_interface_id or backend.instance_id,
                    "Type": "eni" if backend.network_interface_id else "ens",
                    "Weight": backend.weight,
                }
                for backend in balancer.backends
            ],
            "ListenerPorts": [str(port) for port in sorted({backend.port for backend in balancer.backends})],
            "ListenerPortsAndProtocols": [],
        }

    def _describe_nat_gateways(self, asked: Parameters) -> dict[str, Any]:
        regions, ids = asked.regions(), asked.items("NatGatewayIds", 100)

        def wanted(gateway: NatGateway) -> bool:
            subnet = self.state.estate.subnets[gateway.subnet_id]
            return (
                (not regions or subnet.region_id in regions)
                and (not ids or gateway.nat_gateway_id in ids)
                and asked.fits("NatGatewayId", gateway.nat_gateway_id)
                and asked.fits("Name", gateway.name)
                and asked.fits("NetworkId", subnet.vpc_id)
                and asked.fits("VSwitchId", gateway.subnet_id)
            )

        found = [gateway for gateway in self.state.estate.nat_gateways.values() if wanted(gateway)]
        return self._listed(("NatGateways",), found, asked, show=self._show_nat_gateway)

    def _show_nat_gateway(self, gateway: NatGateway) -> dict[str, Any]:
        subnet = self.state.estate.subnets[gateway.subnet_id]
        return {
            "NatGatewayId": gateway.nat_gateway_id,
            "Name": gateway.name,
            "NetworkId": subnet.vpc_id,
            "VSwitchId": gateway.subnet_id,
            "EnsRegionId": subnet.region_id,
            "Status": "Available",
            "Spec": "enat.default",
            "CreationTime": CREATED_AT,
            "IpLists": [],
            "Tags": [],
        }

    def _nat_gateway(self, asked: Parameters) -> NatGateway:
        gateway = self.state.estate.nat_gateways.get(asked.required("NatGatewayId"))
        if gateway is None:
            raise _invalid("NatGatewayId")
        return gateway

    def _describe_forward_table_entries(self, asked: Parameters) -> dict[str, Any]:
        gateway = self._nat_gateway(asked)
        found = [
            {
                "ForwardEntryId": dnat.dnat_id,
                "ForwardEntryName": dnat.dnat_id,
                "InternalIp": dnat.private_ip_address,
                "InternalPort": str(dnat.private_port),
                "ExternalIp": dnat.public_ip_address,
                "ExternalPort": str(dnat.public_port),
                "IpProtocol": dnat.protocol,
                "NatGatewayId": gateway.nat_gateway_id,
                "HealthCheckPort": "",
                "StandbyExternalIp": "",
                "StandbyStatus": "",
                "Status": "Available",
            }
            for dnat in gateway.dnats
            if asked.fits("InternalIp", dnat.private_ip_address)
            and asked.fits("ExternalIp", dnat.public_ip_address)
            and asked.fits("ForwardEntryId", dnat.dnat_id)
            and asked.fits("IpProtocol", dnat.protocol)
        ]
        return _numbers_as_text(self._listed(("ForwardTableEntries",), found, asked))

    def _describe_snat_table_entries(self, asked: Parameters) -> dict[str, Any]:
        gateway = self._nat_gateway(asked)
        addresses = asked.items("SnatIps", 100)
        found = [
            {
                "SnatEntryId": snat.snat_id,
                "SnatEntryName": snat.snat_id,
                "SnatIp": snat.public_ip_address,
                "SourceCIDR": snat.source_cidrs[0],
                "NatGatewayId": gateway.nat_gateway_id,
                "Status": "Available",
            }
            for snat in gateway.snats
            if asked.fits("SourceCIDR", snat.source_cidrs[0])
            and asked.fits("SnatIp", snat.public_ip_address)
            and asked.fits("SnatEntryId", snat.snat_id)
            and (not addresses or snat.public_ip_address in addresses)
        ]
        return self._listed(("SnatTableEntries",), found, asked)

    def _listed(
        self,
        nesting: tuple[str, ...],
        found: list[T],
        asked: Parameters,
        *,
        default_size: int = 10,
        least_size: int = 1,
        show: Callable[[T], dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """Cut the page that was asked for out of a list, in the nesting that this action uses."""
        size = asked.number("PageSize", default_size, least_size, 100)
        number = asked.number("PageNumber", 1, 1, None)
        items, total = page_of(found, size, number, self.state.settings.paging)
        shown: Any = [show(item) for item in items] if show else items
        for name in reversed(nesting[1:]):
            shown = {name: shown}
        return {
            nesting[0]: shown,
            "PageNumber": number,
            "PageSize": size,
            "TotalCount": total,
        }


class Parameters:
    """The parameters of a call, with ENS's refusals for bad ones: ``Missing%s`` and ``Invalid%s``."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        """Give one parameter, or an empty text."""
        value = self._values.get(name, "")
        if not isinstance(value, str):
            raise _invalid(name)
        return value

    def required(self, name: str) -> str:
        """Give one parameter that must be there."""
        if not self.text(name):
            raise _missing(name)
        return self.text(name)

    def fits(self, name: str, value: str) -> bool:
        """Tell whether a filter lets a value through."""
        return not self.text(name) or self.text(name) == value

    def items(self, name: str, limit: int | None) -> list[str]:
        """Give a list; ENS takes these as ``Name.1``, ``Name.2`` and not as JSON text."""
        value = self._values.get(name, [])
        if not isinstance(value, list) or (limit is not None and len(value) > limit):
            raise _invalid(name)
        return value

    def commas(self, name: str, limit: int) -> list[str]:
        """Give a list that comes as one text with commas."""
        values = [part for part in self.text(name).split(",") if part]
        if len(values) > limit:
            raise _invalid(name)
        return values

    def regions(self) -> list[str]:
        """Give the regions that were asked for, in either form."""
        regions = self.items("EnsRegionIds", 100)
        return [*regions, self.text("EnsRegionId")] if self.text("EnsRegionId") else regions

    def number(self, name: str, default: int, least: int, most: int | None) -> int:
        """Give a number within its bounds; on this wire every number is text."""
        text = self.text(name) or str(default)
        if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
            raise _invalid(name)
        return int(text)

    def filters(self) -> tuple[tuple[str, str], ...]:
        """Give all but the paging, to remember a selection by."""
        return tuple(
            sorted((name, str(value)) for name, value in self._values.items() if name not in ("PageNumber", "PageSize"))
        )


def unflatten(query: list[tuple[str, str]]) -> dict[str, Any]:
    """Make lists of ``Name.1=…&Name.2=…``; leave secrets out."""
    values: dict[str, Any] = {}
    numbered: dict[str, dict[int, str]] = {}
    for name, value in query:
        match = NUMBERED.fullmatch(name)
        if name in SECRET_PARAMETERS:
            continue
        if match:
            numbered.setdefault(match.group(1), {})[int(match.group(2))] = value
        else:
            values[name] = value
    for name, entries in numbered.items():
        values[name] = [entries[number] for number in sorted(entries)]
    return values


def _as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else []


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _missing(name: str) -> ApiError:
    return ApiError(400, f"Missing{name}", f"You must specify {name}.")


def _invalid(name: str) -> ApiError:
    return ApiError(400, f"Invalid{name}", f"The specified {name} is invalid.")


def _wrong_address_status(message: str) -> ApiError:
    return ApiError(400, "IncorrectPrivateIpAddressStatus", message)


def _numbers_as_text(answer: dict[str, Any]) -> dict[str, Any]:
    """Two actions give their counts as text, as the SDK's models for them say."""
    return {key: str(value) if isinstance(value, int) else value for key, value in answer.items()}


def _eip_binding(eip: Eip) -> tuple[str, str]:
    for bound_to, bound_type in (
        (eip.network_interface_id, "NetworkInterface"),
        (eip.instance_id, "EnsInstance"),
        (eip.nat_gateway_id, "Nat"),
        (eip.load_balancer_id, "SlbInstance"),
    ):
        if bound_to:
            return bound_to, bound_type
    return "", ""


def _show_eip(eip: Eip) -> dict[str, Any]:
    """Show an elastic IP; ENS does not tell the private address it leads to."""
    bound_to, bound_type = _eip_binding(eip)
    return {
        "AllocationId": eip.eip_id,
        "AllocationTime": CREATED_AT,
        "Name": eip.name,
        "IpAddress": eip.public_ip_address,
        "EnsRegionId": eip.region_id,
        "InstanceId": bound_to,
        "InstanceType": bound_type,
        "Status": "InUse" if bound_to else "Available",
        "Bandwidth": 5,
        "ChargeType": "PostPaid",
        "InternetChargeType": "95BandwidthByMonth",
        "Isp": "cmcc",
        "Standby": False,
        "OperationLocks": {"Lock": []},
        "Tags": {"Tag": []},
    }


def _ha_vip_status(vip: HaVip) -> str:
    return "InUse" if vip.members else "Available"
