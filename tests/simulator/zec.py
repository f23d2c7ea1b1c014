# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zenlayer ZEC, ZLB, private DNS and billing: the actions, their fields and their refusals.

Field names are those of the models in zenlayercloud-sdk-python; error codes those of the API pages. Where a page does
not give a common code's HTTP status, 400 stands in. What the pages leave open is a setting.
"""

from __future__ import annotations

import ipaddress
import json
import uuid
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from .calls import Call
from .errors import ApiError
from .estate import (
    CREATED_AT,
    Account,
    DnsRecord,
    DnsZone,
    Eip,
    HaVip,
    LoadBalancer,
    NatGateway,
    NetworkInterface,
    Subnet,
)
from .signatures import Incoming, verify_zenlayer
from .state import CloudState
from .weather import page_of

T = TypeVar("T")

VERSIONS = {
    "zec": ("2025-09-01", "2024-04-01"),
    "zlb": ("2025-04-01",),
    "zbc": ("2024-08-09",),
    # The SDK has private DNS twice; the second one filters and tells a little more.
    "pvtdns": ("2025-11-01",),
    "zdns": ("2025-11-01",),
}
WRITES = ("UnassignNetworkInterfaceIpv4", "AssignNetworkInterfaceIpv4", "BatchAssignNetworkInterfaceIpv4")
# The Python SDK for 2024-04-01 spells this one action with a capital A, the Go SDK does not.
OLD_SPELLINGS = {("2024-04-01", "UnAssignNetworkInterfaceIpv4"): "UnassignNetworkInterfaceIpv4"}
NEW_FIELDS = ("securityGroupId", "tags")


class Zec:
    """Zenlayer's services over a cloud's state."""

    cloud: ClassVar[str] = "zec"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/api/v2/{service:zec|zlb|zbc|pvtdns|zdns}"),)

    def __init__(self, state: CloudState) -> None:
        self.state = state
        self._actions: dict[tuple[str, str], Callable[[Body], dict[str, Any]]] = {
            ("zec", "DescribeNetworkInterfaces"): self._describe_network_interfaces,
            ("zec", "UnassignNetworkInterfaceIpv4"): self._unassign,
            ("zec", "AssignNetworkInterfaceIpv4"): self._assign,
            ("zec", "BatchAssignNetworkInterfaceIpv4"): self._batch_assign,
            ("zec", "DescribeEips"): self._describe_eips,
            ("zec", "DescribeHaVips"): self._describe_ha_vips,
            ("zec", "DescribeNatGateways"): self._describe_nat_gateways,
            ("zec", "DescribeNatGatewayDetail"): self._describe_nat_gateway_detail,
            ("zlb", "DescribeLoadBalancers"): self._describe_load_balancers,
            ("zlb", "DescribeBackends"): self._describe_backends,
            ("zbc", "DescribeCustomerBalance"): self._describe_customer_balance,
            ("pvtdns", "DescribePrivateZones"): self._describe_zones,
            ("pvtdns", "DescribePrivateZoneRecords"): self._describe_records,
            ("zdns", "DescribePrivateZones"): self._describe_zones,
            ("zdns", "DescribePrivateZoneRecords"): self._describe_records,
        }

    def read_call(self, incoming: Incoming) -> Call:
        """Tell what a request asks for, whether or not it may."""
        version = incoming.headers.get("x-zc-version", "")
        action = incoming.headers.get("x-zc-action", "")
        action = OLD_SPELLINGS.get((version, action), action)
        try:
            parameters = json.loads(incoming.body)
        except ValueError:
            parameters = None
        if not isinstance(parameters, dict):
            parameters = {}
        ids = [parameters.get("nicId"), *_as_list(parameters.get("nicIds"))]
        addresses = _as_list(parameters.get("ipAddresses")) or [parameters.get("ipAddress")]
        return Call(
            cloud=self.cloud,
            service=incoming.headers.get("x-zc-service", ""),
            action=action,
            version=version,
            parameters=parameters,
            write=action in WRITES,
            network_interface_ids=[nic_id for nic_id in ids if isinstance(nic_id, str)],
            private_ip_addresses=[address for address in addresses if isinstance(address, str)],
            request_id=str(uuid.uuid4()),
        )

    def authorize(self, incoming: Incoming, call: Call, now: float) -> None:
        """Refuse a request whose signature is wrong or whose account may not make this call."""
        account = verify_zenlayer(incoming, self.state.estate.accounts, now)
        call.account = self.state.estate.accounts.index(account)
        service = call.service
        if incoming.target != f"/api/v2/{service}" or call.version not in VERSIONS.get(service, ()):
            raise ApiError(400, "INVALID_PARAMETER_VALUE", "x-zc-service or x-zc-version is not valid here.")
        if (service, call.action) not in self._actions:
            raise ApiError(400, "INVALID_PARAMETER_VALUE", f"The action {call.action} does not exist.")
        if call.action in account.deny:
            raise ApiError(403, "AUTHFAILURE_UNAUTHORIZED_OPERATION", f"{call.action} is not permitted.")
        try:
            body = json.loads(incoming.body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise _wrong_type("the body")

    def run(self, call: Call) -> dict[str, Any]:
        """Carry out a call and give the fields of its answer."""
        account = self.state.estate.accounts[call.account or 0]
        return self._actions[call.service, call.action](Body(call.parameters, call.version, call.service, account))

    def success(self, fields: dict[str, Any], call: Call) -> dict[str, Any]:
        """Wrap the fields of an answer: they lie under ``response``, with the request id again."""
        return {"requestId": call.request_id, "response": {"requestId": call.request_id, **fields}}

    def failure(self, error: ApiError, call: Call, _host: str) -> dict[str, Any]:
        """Word a refusal."""
        return {"requestId": call.request_id, "code": error.code, "message": error.message}

    def throttled(self, retry_after_ms: int | None) -> ApiError:
        """Refuse a call that comes too soon; a Retry-After, which nobody promises, counts whole seconds."""
        headers = {} if retry_after_ms is None else {"Retry-After": str(max(1, -(-retry_after_ms // 1000)))}
        return ApiError(429, "REQUEST_LIMIT_EXCEEDED", "The request limit is exceeded.", headers)

    # Network interfaces.

    def _describe_network_interfaces(self, asked: Body) -> dict[str, Any]:
        asked = asked.without(self.state.settings.ignored_filters)
        ids = asked.texts("nicIds", self.state.settings.id_list_limit)
        tag_keys, tags = asked.tag_filters()
        name, security_group_id = asked.text("name"), asked.text("securityGroupId")
        if asked.version == "2024-04-01":  # does not know these filters, and so does not heed them
            tag_keys, tags, security_group_id = [], [], ""

        def wanted(nic: NetworkInterface) -> bool:
            subnet = self.state.subnet(nic)
            return (
                asked.account.sees(nic.resource_group_id)
                and name.lower() in nic.name.lower()
                and asked.fits("regionId", subnet.region_id)
                and asked.fits("vpcId", subnet.vpc_id)
                and asked.fits("subnetId", nic.subnet_id)
                and asked.fits("instanceId", nic.instance_id)
                and asked.fits("status", nic.status)
                and asked.fits("nicType", nic.type)
                and asked.fits("nicSubnetType", _subnet_type(nic))
                and asked.fits("resourceGroupId", nic.resource_group_id)
                and (not security_group_id or security_group_id in nic.security_group_ids)
                and (not tag_keys or any(key in nic.tags for key in tag_keys))
                and (not tags or any(nic.tags.get(key) == value for key, value in tags))
            )

        found = self.state.select(ids, asked.filters(), wanted)

        def show(nic: NetworkInterface) -> dict[str, Any]:
            return self._show_network_interface(nic, asked.version)

        return self._listed(found, asked, show)

    def _show_network_interface(self, nic: NetworkInterface, version: str) -> dict[str, Any]:
        subnet = self.state.subnet(nic)
        secondaries = self.state.shown_secondaries(nic)
        shown = {
            "nicId": nic.network_interface_id,
            "name": nic.name,
            "status": nic.status,
            "nicType": nic.type,
            "regionId": subnet.region_id,
            "nicSubnetType": _subnet_type(nic),
            "publicIpList": [*(eip.public_ip_address for eip in self.state.eips_on(nic)), *nic.public_ip_addresses],
            "privateIpList": [nic.primary_private_ip, *secondaries],
            "primaryIpv4": nic.primary_private_ip,
            "primaryIpv6": nic.ipv6_addresses[0] if nic.ipv6_addresses else None,
            "ipv6Cidr": None,
            "secondaryIpv4s": secondaries,
            "macAddress": nic.mac_address,
            "instanceId": nic.instance_id or None,
            "vpcId": subnet.vpc_id,
            "subnetId": nic.subnet_id,
            "createTime": nic.created_at,
            "updateTime": nic.created_at,
            "resourceGroup": _show_group(nic.resource_group_id),
            "securityGroupId": nic.security_group_ids[0] if nic.security_group_ids else None,
            "tags": {"tags": [{"key": key, "value": value} for key, value in nic.tags.items()]},
        }
        if version == "2024-04-01":
            for name in NEW_FIELDS:
                del shown[name]
        return shown

    def _network_interface(self, asked: Body) -> NetworkInterface:
        nic = self.state.network_interface(asked.required("nicId"))
        if nic is None or not asked.account.sees(nic.resource_group_id):
            raise ApiError(404, "INVALID_NIC_NOT_FOUND", "The specified vNIC does not exist.")
        return nic

    def _ready_network_interface(self, asked: Body) -> NetworkInterface:
        nic = self._network_interface(asked)
        if not self.state.ready(nic):
            raise ApiError(400, "INVALID_NIC_STATUS", "The current status of the vNIC does not allow this operation.")
        return nic

    def _unassign(self, asked: Body) -> dict[str, Any]:
        # The list wins over the deprecated single address.
        addresses = asked.addresses("ipAddresses") or asked.address("ipAddress")
        asked.required("nicId")
        if not addresses:
            raise _missing("ipAddresses")
        self.state.unassign_checked(self._ready_network_interface(asked), addresses, self._refuse_unassign)
        return {}

    def _refuse_unassign(self, nic: NetworkInterface, address: str) -> None:
        if self.state.settings.eip_blocks == "network_interface" and self._has_public_address(nic):
            raise _has_public_ip()
        if address == nic.primary_private_ip:
            raise ApiError(409, "INVALID_NIC_PRIMARY_IP_CANT_DETACH", "The primary IP of the vNIC cannot be detached.")
        if address not in nic.secondary_private_ips:
            if self.state.settings.zec_absent_address == "ignore":
                return
            # The current page lists no code for this; an older one had this code.
            raise ApiError(404, "OPERATION_FAILED_RESOURCE_NOT_FOUND", f"{address} is not on the vNIC.")
        kinds = self.state.blockers(nic, address)
        if "load_balancer" in kinds:
            raise ApiError(409, "INVALID_NIC_LB_ASSOCIATED", "The IP is associated with a load balancer.")
        if "eip" in kinds:
            raise _has_public_ip()

    def _has_public_address(self, nic: NetworkInterface) -> bool:
        return bool(self.state.eips_on(nic) or nic.public_ip_addresses)

    def _assign(self, asked: Body) -> dict[str, Any]:
        addresses = asked.address("ipAddress")
        asked.required("nicId")
        if not addresses:
            raise _missing("ipAddress")
        self._assign_all(self._ready_network_interface(asked), addresses)
        return {}

    def _batch_assign(self, asked: Body) -> dict[str, Any]:
        addresses = asked.addresses("ipAddresses")  # wins over the count
        count = asked.number("ipAddressCount", 0, 1, None)
        asked.required("nicId")
        if not addresses and not count:
            raise _missing("ipAddresses")
        nic = self._ready_network_interface(asked)
        if not addresses:
            for _number in range(count):
                address = self.state.free_address(self.state.subnet(nic), addresses)
                if address is None:
                    raise ApiError(400, "INVALID_IP_OUT_OF_RANGE", "The subnet has no free address.")
                addresses.append(address)
        self._assign_all(nic, addresses)
        return {"ipAddresses": addresses}

    def _assign_all(self, nic: NetworkInterface, addresses: list[str]) -> None:
        """Assign addresses, all or none of them (documented for the batch)."""
        subnet = self.state.subnet(nic)
        for address in addresses:
            self._refuse_assign(subnet, address)
        if len(set(addresses)) < len(addresses):
            raise _address_in_use(addresses[0])
        if 1 + len(nic.secondary_private_ips) + len(addresses) > self.state.settings.zec_private_ip_limit:
            raise ApiError(403, "INVALID_NIC_PRIVATE_IP_EXCEED_LIMIT", "The vNIC cannot hold that many private IPs.")
        self.state.assign(nic, addresses)

    def _refuse_assign(self, subnet: Subnet, address: str) -> None:
        network, wish = subnet.network, ipaddress.IPv4Address(address)
        if wish not in network:
            raise ApiError(400, "INVALID_IP_OUT_OF_RANGE", f"{address} is outside the subnet.")
        if wish == network.network_address:
            raise ApiError(400, "INVALID_IP_NETWORK_ADDRESS", f"{address} is the network address.")
        if wish == network.broadcast_address:
            raise ApiError(400, "INVALID_IP_BROADCAST_ADDRESS", f"{address} is the broadcast address.")
        if wish == network.network_address + 1:
            raise ApiError(400, "INVALID_IP_FIRST_ADDRESS", f"{address} is the gateway's.")
        if self.state.holder(subnet, address) is not None:
            raise _address_in_use(address)

    # What uses addresses.

    def _describe_eips(self, asked: Body) -> dict[str, Any]:
        ids, public_addresses = asked.texts("eipIds", 100), asked.texts("ipAddresses", 100)
        if asked.text("ipAddress"):
            public_addresses = [*public_addresses, asked.text("ipAddress")]

        def wanted(eip: Eip) -> bool:
            return (
                asked.account.sees(eip.resource_group_id)
                and asked.fits("resourceGroupId", eip.resource_group_id)
                and (not ids or eip.eip_id in ids)
                and (not public_addresses or eip.public_ip_address in public_addresses)
                and asked.text("name").lower() in eip.name.lower()
                and asked.fits("regionId", eip.region_id)
                and asked.fits("status", _eip_status(eip))
                and asked.fits("privateIpAddress", self._eip_private_address(eip))
                and asked.fits("associatedId", _eip_binding(eip)[0])
                and asked.fits("instanceId", self._eip_instance(eip))
            )

        found = [eip for eip in self.state.estate.eips.values() if wanted(eip)]
        return self._listed(found, asked, self._show_eip)

    def _eip_private_address(self, eip: Eip) -> str:
        if eip.assigning:
            return ""
        vip = self.state.estate.ha_vips.get(eip.ha_vip_id)
        if vip is not None:
            return vip.ip_address
        nic = self.state.network_interface(eip.network_interface_id)
        return eip.private_ip_address or (nic.primary_private_ip if nic else "")

    def _eip_instance(self, eip: Eip) -> str:
        nic = self.state.network_interface(eip.network_interface_id)
        return nic.instance_id if nic else eip.instance_id

    def _show_eip(self, eip: Eip) -> dict[str, Any]:
        bound_to, bound_type = _eip_binding(eip)
        return {
            "eipId": eip.eip_id,
            "name": eip.name,
            "regionId": eip.region_id,
            "isDefault": eip.is_default,
            "status": _eip_status(eip),
            "publicIpAddresses": [eip.public_ip_address],
            "privateIpAddress": self._eip_private_address(eip) or None,
            "associatedId": bound_to or None,
            "associatedType": bound_type or None,
            "nicId": eip.network_interface_id or None,
            "instanceId": self._eip_instance(eip) or None,
            "bindType": "FullNat" if bound_to else None,
            "createTime": CREATED_AT,
            "resourceGroupId": eip.resource_group_id,
            "resourceGroupName": eip.resource_group_id,
        }

    def _describe_ha_vips(self, asked: Body) -> dict[str, Any]:
        ids, addresses = asked.texts("haVipIds", 100), asked.texts("ipAddresses", 100)
        vpc_ids, subnet_ids = asked.texts("vpcIds", 100), asked.texts("subnetIds", 100)
        instances = asked.texts("instanceIds", 100)

        def wanted(vip: HaVip) -> bool:
            subnet = self.state.estate.subnets[vip.subnet_id]
            return (
                (not ids or vip.ha_vip_id in ids)
                and asked.text("name").lower() in vip.name.lower()
                and asked.fits("regionId", subnet.region_id)
                and (not vpc_ids or subnet.vpc_id in vpc_ids)
                and (not subnet_ids or vip.subnet_id in subnet_ids)
                and (not addresses or vip.ip_address in addresses)
                and (not instances or any(member.instance_id in instances for member in vip.members))
            )

        found = [vip for vip in self.state.estate.ha_vips.values() if wanted(vip)]
        return self._listed(found, asked, self._show_ha_vip)

    def _show_ha_vip(self, vip: HaVip) -> dict[str, Any]:
        subnet = self.state.estate.subnets[vip.subnet_id]
        instances = [member.instance_id for member in vip.members]
        return {
            "haVipId": vip.ha_vip_id,
            "name": vip.name,
            "regionId": subnet.region_id,
            "vpcId": subnet.vpc_id,
            "subnetId": vip.subnet_id,
            "securityGroupId": None,
            "ipAddress": vip.ip_address,
            "associatedInstances": instances,
            "masterInstanceId": instances[0] if instances else None,
            "associatedEips": [
                {"eipId": eip.eip_id, "eipAddress": eip.public_ip_address}
                for eip in self.state.estate.eips.values()
                if eip.ha_vip_id == vip.ha_vip_id
            ],
            "createTime": CREATED_AT,
            "tags": {"tags": []},
        }

    def _describe_nat_gateways(self, asked: Body) -> dict[str, Any]:
        ids = asked.texts("natGatewayIds", 100)

        def wanted(gateway: NatGateway) -> bool:
            subnet = self.state.estate.subnets[gateway.subnet_id]
            return (
                asked.account.sees(gateway.resource_group_id)
                and asked.fits("resourceGroupId", gateway.resource_group_id)
                and (not ids or gateway.nat_gateway_id in ids)
                and asked.text("name").lower() in gateway.name.lower()
                and asked.fits("regionId", subnet.region_id)
                and asked.fits("vpcId", subnet.vpc_id)
                and asked.fits("status", "RUNNING")
            )

        found = [gateway for gateway in self.state.estate.nat_gateways.values() if wanted(gateway)]
        return self._listed(found, asked, self._show_nat_gateway)

    def _show_nat_gateway(self, gateway: NatGateway) -> dict[str, Any]:
        subnet = self.state.estate.subnets[gateway.subnet_id]
        return {
            "natGatewayId": gateway.nat_gateway_id,
            "name": gateway.name,
            "vpcId": subnet.vpc_id,
            "regionId": subnet.region_id,
            "status": "RUNNING",
            "subnetIds": [gateway.subnet_id],
            "isAllSubnets": False,
            "eipIds": [dnat.eip_id for dnat in gateway.dnats if dnat.eip_id],
            "resourceGroupId": gateway.resource_group_id,
            "resourceGroupName": gateway.resource_group_id,
            "createTime": CREATED_AT,
        }

    def _describe_nat_gateway_detail(self, asked: Body) -> dict[str, Any]:
        gateway = self.state.estate.nat_gateways.get(asked.required("natGatewayId"))
        if gateway is None or not asked.account.sees(gateway.resource_group_id):
            raise ApiError(404, "OPERATION_FAILED_RESOURCE_NOT_FOUND", "The NAT gateway does not exist.")
        return {
            "natGatewayId": gateway.nat_gateway_id,
            "name": gateway.name,
            "dnats": [
                {
                    "dnatEntryId": dnat.dnat_id,
                    "status": "RUNNING",
                    "privateIp": dnat.private_ip_address,
                    "eipId": dnat.eip_id,
                    "protocol": dnat.protocol,
                    "listenerPort": str(dnat.public_port),
                    "internalPort": str(dnat.private_port),
                }
                for dnat in gateway.dnats
            ],
            "snats": [
                {
                    "snatEntryId": snat.snat_id,
                    "cidrs": list(snat.source_cidrs),
                    "eipIds": [snat.eip_id] if snat.eip_id else [],
                    "isAllEip": not snat.eip_id,
                    "snatSubnets": [],
                }
                for snat in gateway.snats
            ],
        }

    def _describe_load_balancers(self, asked: Body) -> dict[str, Any]:
        ids = asked.texts("loadBalancerIds", 100)

        def wanted(balancer: LoadBalancer) -> bool:
            subnet = self.state.estate.subnets[balancer.subnet_id]
            return (
                asked.account.sees(balancer.resource_group_id)
                and asked.fits("resourceGroupId", balancer.resource_group_id)
                and (not ids or balancer.load_balancer_id in ids)
                and asked.text("loadBalancerName").lower() in balancer.name.lower()
                and asked.fits("regionId", subnet.region_id)
                and asked.fits("vpcId", subnet.vpc_id)
            )

        found = [balancer for balancer in self.state.estate.load_balancers.values() if wanted(balancer)]
        return self._listed(found, asked, self._show_load_balancer)

    def _show_load_balancer(self, balancer: LoadBalancer) -> dict[str, Any]:
        subnet = self.state.estate.subnets[balancer.subnet_id]
        return {
            "regionId": subnet.region_id,
            "loadBalancerId": balancer.load_balancer_id,
            "loadBalancerName": balancer.name,
            "vpcId": subnet.vpc_id,
            "subnetId": balancer.subnet_id,
            "ipStackType": "IPv4",
            "status": balancer.status or "RUNNING",
            "privateIpAddress": [balancer.address] if balancer.address else [],
            "publicIpAddress": [],
            "listenerCount": len({backend.listener_id for backend in balancer.backends}),
            "backendServerCount": len(balancer.backends),
            "createTime": CREATED_AT,
            "resourceGroup": _show_group(balancer.resource_group_id),
        }

    def _describe_backends(self, asked: Body) -> dict[str, Any]:
        balancer = self.state.estate.load_balancers.get(asked.required("loadBalancerId"))
        if balancer is None or not asked.account.sees(balancer.resource_group_id):
            raise ApiError(404, "OPERATION_FAILED_RESOURCE_NOT_FOUND", "The load balancer does not exist.")
        return {
            "backends": [
                {
                    "instanceId": backend.instance_id or None,
                    "privateIpAddress": backend.private_ip_address or None,
                    "weight": backend.weight,
                    "backendPort": backend.port,
                    "listenerId": backend.listener_id,
                    "listenerName": backend.listener_id,
                    "protocol": "TCP",
                    "listenerPort": str(backend.port),
                }
                for backend in balancer.backends
                if asked.fits("listenerId", backend.listener_id)
            ]
        }

    def _describe_zones(self, asked: Body) -> dict[str, Any]:
        ids, vpc_ids = asked.texts("zoneIds", 100), asked.texts("vpcIds", 100)

        def wanted(zone: DnsZone) -> bool:
            return (
                asked.account.sees(zone.resource_group_id)
                and asked.fits("resourceGroupId", zone.resource_group_id)
                and (not ids or zone.zone_id in ids)
                and (not vpc_ids or any(vpc_id in vpc_ids for vpc_id in zone.vpc_ids))
                and asked.text("zoneName").lower() in zone.name.lower()
            )

        found = [zone for zone in self.state.estate.dns_zones.values() if wanted(zone)]
        return self._listed(found, asked, _show_zone)

    def _describe_records(self, asked: Body) -> dict[str, Any]:
        zone = self.state.estate.dns_zones.get(asked.required("zoneId"))
        if zone is None or not asked.account.sees(zone.resource_group_id):
            raise ApiError(404, "OPERATION_FAILED_RESOURCE_NOT_FOUND", "The zone does not exist.")
        zone_id, ids, more = zone.zone_id, asked.texts("recordIds", 100), asked.service == "zdns"

        def wanted(record: DnsRecord) -> bool:
            own = (
                (not ids or record.record_id in ids)
                and asked.fits("type", record.type)
                and asked.fits("value", record.value)
            )
            return own and (
                not more
                or (
                    asked.fits("recordName", record.name)
                    and asked.fits("line", record.line)
                    and asked.fits("status", record.status)
                )
            )

        def show(record: DnsRecord) -> dict[str, Any]:
            shown = _show_record(zone_id, record)
            return {**shown, "lineInfo": {"line": record.line, "city": None}} if more else shown

        return self._listed([record for record in zone.records if wanted(record)], asked, show)

    # Whose the key is.

    def _describe_customer_balance(self, asked: Body) -> dict[str, Any]:
        return {
            "accountUid": asked.account.account_id,
            "cashBalance": 0.0,
            "creditValue": 1000.0,
            "purchasingPower": 1000.0,
            "orderFrozenAmount": 0.0,
        }

    def _listed(self, found: list[T], asked: Body, show: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
        """Cut the page that was asked for out of a list."""
        size = asked.number("pageSize", 20, 1, 1000)
        size = min(size, self.state.settings.page_size_limit or size)
        number = asked.number("pageNum", 1, 1, None)
        items, total = page_of(found, size, number, self.state.settings.paging)
        return {"totalCount": total, "dataSet": [show(item) for item in items]}


class Body:
    """The JSON body of a call, with Zenlayer's refusals for bad fields."""

    def __init__(self, values: dict[str, Any], version: str, service: str, account: Account) -> None:
        self._values = values
        self.version = version
        self.service = service
        self.account = account

    def without(self, names: list[str]) -> Body:
        """Give the other fields."""
        kept = {name: value for name, value in self._values.items() if name not in names}
        return Body(kept, self.version, self.service, self.account)

    def text(self, name: str) -> str:
        """Give a text, or an empty one."""
        value = self._values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise _wrong_type(name)
        return value

    def required(self, name: str) -> str:
        """Give a text that must be there."""
        if not self.text(name):
            raise _missing(name)
        return self.text(name)

    def fits(self, name: str, value: str) -> bool:
        """Tell whether an exact filter lets a value through."""
        return not self.text(name) or self.text(name) == value

    def texts(self, name: str, limit: int | None = None) -> list[str]:
        """Give a list of texts."""
        value = self._values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise _wrong_type(name)
        if limit is not None and len(value) > limit:
            raise ApiError(400, "INVALID_PARAMETER_EXCEED_LENGTH", f"{name} holds more than {limit} entries.")
        return list(value)

    def addresses(self, name: str) -> list[str]:
        """Give a list of IPv4 addresses."""
        for address in self.texts(name):
            _check_ipv4(address, name)
        return self.texts(name)

    def address(self, name: str) -> list[str]:
        """Give a single IPv4 address, as a list of one or none."""
        if not self.text(name):
            return []
        _check_ipv4(self.text(name), name)
        return [self.text(name)]

    def number(self, name: str, default: int, least: int, most: int | None) -> int:
        """Give a number within its bounds."""
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            raise _wrong_type(name)
        if value < least:
            raise ApiError(400, "INVALID_PARAMETER_LESS_MINIMUM", f"{name} is less than {least}.")
        if most is not None and value > most:
            raise ApiError(400, "INVALID_PARAMETER_EXCEED_MAXIMUM", f"{name} is more than {most}.")
        return value

    def tag_filters(self) -> tuple[list[str], list[tuple[str, str]]]:
        """Give the tag keys and the tags that were asked for."""
        tags = self._values.get("tags") or []
        if not isinstance(tags, list) or not all(isinstance(tag, dict) for tag in tags):
            raise _wrong_type("tags")
        if len(tags) > 20:
            raise ApiError(400, "INVALID_PARAMETER_EXCEED_LENGTH", "tags holds more than 20 entries.")
        return self.texts("tagKeys", 20), [(str(tag.get("key")), str(tag.get("value"))) for tag in tags]

    def filters(self) -> tuple[str, ...]:
        """Give all but the paging, and what the caller may see, to remember a selection by."""
        kept = {name: value for name, value in self._values.items() if name not in ("pageSize", "pageNum")}
        return self.version, json.dumps(kept, sort_keys=True), json.dumps(self.account.resource_groups)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _check_ipv4(text: str, name: str) -> None:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        raise ApiError(400, "INVALID_PARAMETER_PATTERN_ERROR", f"{name}: {text} is no IPv4 address.") from None


def _missing(name: str) -> ApiError:
    return ApiError(400, "MISSING_PARAMETER", f"The parameter {name} is missing.")


def _wrong_type(name: str) -> ApiError:
    return ApiError(400, "INVALID_PARAMETER_TYPE", f"{name} is of the wrong type.")


def _address_in_use(address: str) -> ApiError:
    return ApiError(409, "INVALID_SUBNET_PRIVATE_IPV4_IN_USED", f"{address} is in use.")


def _has_public_ip() -> ApiError:
    return ApiError(409, "INVALID_NIC_HAS_PUBLIC_IP_CANT_DETACH", "An elastic IP is bound to the vNIC.")


def _show_group(resource_group_id: str) -> dict[str, Any]:
    return {"resourceGroupId": resource_group_id, "resourceGroupName": resource_group_id}


def _show_zone(zone: DnsZone) -> dict[str, Any]:
    return {
        "zoneId": zone.zone_id,
        "zoneName": zone.name,
        "proxyPattern": "RECURSION",
        "remark": None,
        "recordCount": len(zone.records),
        "vpcIds": list(zone.vpc_ids),
        "tags": {"tags": []},
        "resourceGroup": _show_group(zone.resource_group_id),
        "createTime": CREATED_AT,
    }


def _show_record(zone_id: str, record: DnsRecord) -> dict[str, Any]:
    return {
        "recordId": record.record_id,
        "zoneId": zone_id,
        "type": record.type,
        "recordName": record.name,
        "value": record.value,
        "weight": None,
        "ttl": record.ttl,
        "line": record.line,
        "priority": None,
        "remark": None,
        "status": record.status,
        "createTime": CREATED_AT,
    }


def _subnet_type(nic: NetworkInterface) -> str:
    return "IPv4_IPv6" if nic.ipv6_addresses else "IPv4"


def _eip_status(eip: Eip) -> str:
    return eip.status or ("BINDED" if _eip_binding(eip)[0] else "UNBIND")


def _eip_binding(eip: Eip) -> tuple[str, str]:
    for bound_to, bound_type in (
        (eip.network_interface_id, "NIC"),
        (eip.nat_gateway_id, "NAT"),
        (eip.load_balancer_id, "LB"),
        (eip.ha_vip_id, "HAVIP"),
    ):
        if bound_to:
            return bound_to, bound_type
    return "", ""
