# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zenlayer Elastic Compute (ZEC), API version 2025-09-01, as far as network interfaces and their addresses go.

Sources: Zenlayer's pages of the named actions; field names as the official SDK (zenlayercloud-sdk-python 2.0.77) sends
and reads them.
"""

from __future__ import annotations

import json
import time
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import (
    cloud_address,
    is_ipv6,
    sort_addresses,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.uses import (
    EIP,
    EIP_PROTECTS_NETWORK_INTERFACE,
    Use,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._http.session import HttpAnswer
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.answers import (
    needed_address,
    needed_id,
    refuse_if_untold,
    single_address,
    told_address,
    told_id,
    told_objects,
    told_texts,
    unreadable,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.base import (
    CloudProvider,
    IdentityAction,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.client import (
    ApiClient,
    listed,
    number,
    text,
    texts,
    usable_id,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.in_use import (
    InUseSource,
    ListAction,
    Listed,
    Lookup,
    in_each_region,
    in_each_vpc,
    more_of,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.paging import NumberedPages
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.settings import (
    CONNECTION_SPEC,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.zec.credentials import (
    ZecCredentials,
    zec_credentials,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.zec.errors import CODES
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.zec.signing import METHOD, sign

if t.TYPE_CHECKING:
    from ansible_collections.edgecloud.nic.plugins.module_utils._providers.zec.preflight import ZecPreflight

_SERVICE = ("zec", "2025-09-01")
#: Service and version of the actions that do not belong to it.
_OTHER_SERVICES = {
    "DescribeLoadBalancers": ("zlb", "2025-04-01"),
    "DescribeBackends": ("zlb", "2025-04-01"),
    "DescribePrivateZones": ("pvtdns", "2025-11-01"),
    "DescribePrivateZoneRecords": ("pvtdns", "2025-11-01"),
    "DescribeCustomerBalance": ("zbc", "2024-08-09"),
}
_CONTENT_TYPE = "application/json"
_STATUSES = ("PENDING", "AVAILABLE", "ATTACHING", "DETACHING", "DELETING", "CREATE_FAILED", "USED")
_NETWORK_INTERFACES = ListAction("DescribeNetworkInterfaces", ("dataSet",), "nicId")
EIPS = ListAction("DescribeEips", ("dataSet",), "eipId")
_LOAD_BALANCERS = ListAction("DescribeLoadBalancers", ("dataSet",), "loadBalancerId")
BACKENDS = ListAction("DescribeBackends", (), "loadBalancerId", paged=False)
_NAT_GATEWAYS = ListAction("DescribeNatGateways", ("dataSet",), "natGatewayId")
_NAT_GATEWAY = ListAction("DescribeNatGatewayDetail", (), "natGatewayId", paged=False)
_HA_VIPS = ListAction("DescribeHaVips", ("dataSet",), "haVipId")
_ZONES = ListAction("DescribePrivateZones", ("dataSet",), "zoneId")
_RECORDS = ListAction("DescribePrivateZoneRecords", ("dataSet",), "recordId")
_TRANSITIONAL = ("PENDING", "ATTACHING", "DETACHING")


class ZecClient(ApiClient):
    """Signed calls to Zenlayer: parameters as a JSON object in the body."""

    codes = CODES
    # Beside the account are its balance and its credit.
    confidential: t.ClassVar[dict[str, tuple[str, ...]]] = {
        "DescribeCustomerBalance": ("code", "message", "requestId", "accountUid")
    }
    _credentials: ZecCredentials

    def _sign(self, action: str, parameters: t.Mapping[str, t.Any]) -> tuple[str, dict[str, str], bytes]:
        service, version = _OTHER_SERVICES.get(action, _SERVICE)
        body = json.dumps({name: value for name, value in parameters.items() if value is not None}).encode()
        host = self.session.endpoint.authority
        headers = {
            "host": host,
            "Content-Type": _CONTENT_TYPE,
            "x-zc-service": service,
            "x-zc-version": version,
            "x-zc-action": action,
        }
        keys = self._credentials
        if keys.token:
            headers["Authorization"] = f"Bearer {keys.token}"
        else:
            timestamp = int(time.time())
            headers["x-zc-signature-method"] = METHOD
            headers["x-zc-timestamp"] = str(timestamp)
            headers["Authorization"] = sign(
                body, _CONTENT_TYPE, host, timestamp, keys.access_key_id or "", keys.access_key_secret or ""
            )
        return f"/api/v2/{service}", headers, body

    def _parse(self, action: str, answer: HttpAnswer) -> dict[str, t.Any]:
        body = answer.body
        code = text(body.get("code"))
        request_id = text(body.get("requestId"))
        if 200 <= answer.status < 300 and not code and isinstance(body.get("response"), dict):
            return {"requestId": request_id, **body["response"]}
        raise self._refused(action, answer, code, text(body.get("message")), request_id)


def secondary_addresses(item: t.Mapping[str, t.Any], primary: str | None) -> tuple[set[str], bool]:
    """Return the secondary addresses, and whether the answer tells all of them.

    C(secondaryIpv4s) may be null where there is none; but then C(privateIpList), which has all addresses, must not show
    any, and an address in there that is neither primary nor secondary contradicts the answer in any case. So does a
    secondary address without a primary one.
    """
    listed_secondary, listed_private = item.get("secondaryIpv4s"), item.get("privateIpList")
    known = [entries for entries in (listed_secondary, listed_private) if entries is not None]
    if not known or not all(isinstance(entries, list) for entries in known):
        return set(), False
    if not all(cloud_address(address) or is_ipv6(address) for entries in known for address in entries):
        return set(), False
    secondary = {address for address in map(cloud_address, listed_secondary or ()) if address and address != primary}
    private = {address for address in map(cloud_address, listed_private or ()) if address}
    if primary is None:
        return secondary, not secondary and not private
    return secondary, private <= secondary | {primary}


def _public_ips(value: t.Any) -> tuple[str, ...] | None:
    """Read publicIpList; whatever is no IPv6 address is taken for an IPv4 address, so that it does not get lost."""
    if value is None:
        return ()
    addresses = [text(address) for address in value] if isinstance(value, list) else [None]
    if None in addresses:
        return None
    return tuple(cloud_address(address) or address for address in addresses if address and not is_ipv6(address))


def _tags(value: t.Any) -> dict[str, str] | None:
    if not isinstance(value, dict):
        return None
    tags = [(text(str(tag.get("key") or "")), text(str(tag.get("value") or ""))) for tag in listed(value, "tags")]
    return {key: told or "" for key, told in tags if key}


def eip_uses(eips: list[Listed], nics: t.Sequence[NetworkInterface]) -> t.Iterator[Use]:
    """Read dataSet of DescribeEips: an elastic IP is bound to one private address of a network interface.

    A public address of a network interface that none of its elastic IPs explains belongs to one that this key may not
    see, or that the cloud gave by itself.
    """
    explained: set[tuple[str | None, str]] = set()
    for eip, _vpc_id, _details in eips:
        identifier = text(eip.get("eipId"))
        address = told_address(eip.get("privateIpAddress"), EIPS.action, f"elastic IP {identifier}")
        # nicId is the older name of associatedId.
        bound_to = {told_id(eip, EIPS.action, name) for name in ("associatedId", "nicId")} - {None}
        for network_interface_id in bound_to:
            yield Use(
                EIP, identifier, address, network_interface_id=network_interface_id, every_address=address is None
            )
        refuse_if_untold(EIPS.action, identifier, *bound_to, eip.get("instanceId"))
        if not bound_to:
            instance_id = told_id(eip, EIPS.action, "instanceId")
            if instance_id:
                yield Use(EIP, identifier, address, instance_id=instance_id, every_address=address is None)
        public_ips = told_texts(eip, EIPS.action, "publicIpAddresses")
        explained.update((one, cloud_address(public_ip) or public_ip) for one in bound_to for public_ip in public_ips)
    for nic in nics:
        if nic.public_ips is None:
            raise unreadable(_NETWORK_INTERFACES.action, f"publicIpList of {nic.network_interface_id} cannot be read")
        for public_ip in nic.public_ips:
            if (nic.network_interface_id, public_ip) not in explained:
                yield Use(EIP, public_ip, network_interface_id=nic.network_interface_id, every_address=True)


def _backend_uses(balancers: list[Listed], _nics: t.Sequence[NetworkInterface]) -> t.Iterator[Use]:
    """Read backends of DescribeBackends: privateIpAddress, or else the instance."""
    action = BACKENDS.action
    for balancer, vpc_id, details in balancers:
        identifier = text(balancer.get("loadBalancerId"))
        for backend in (backend for told in details for backend in told_objects(told, action, "backends")):
            address = told_address(backend.get("privateIpAddress"), action, f"backend of {identifier}")
            if address:
                yield Use("load_balancer", identifier, address, vpc_id)
            elif not backend.get("privateIpAddress"):
                instance_id = needed_id(backend, action, "instanceId")
                yield Use("load_balancer", identifier, instance_id=instance_id, every_address=True)


def _dnat_uses(gateways: list[Listed], _nics: t.Sequence[NetworkInterface]) -> t.Iterator[Use]:
    action = _NAT_GATEWAY.action
    for _gateway, vpc_id, details in gateways:
        for entry in (entry for told in details for entry in told_objects(told, action, "dnats")):
            identifier = text(entry.get("dnatEntryId"))
            address = needed_address(entry.get("privateIp"), action, f"DNAT entry {identifier}")
            if address:
                yield Use("dnat", identifier, address, vpc_id)


def _snat_uses(gateways: list[Listed], _nics: t.Sequence[NetworkInterface]) -> t.Iterator[Use]:
    action = _NAT_GATEWAY.action
    for _gateway, vpc_id, details in gateways:
        for entry in (entry for told in details for entry in told_objects(told, action, "snats")):
            identifier = text(entry.get("snatEntryId"))
            cidrs = told_texts(entry, action, "cidrs")
            refuse_if_untold(action, identifier, cidrs)
            for cidr in cidrs:
                address = single_address(cidr, action, f"SNAT entry {identifier}")
                if address:
                    yield Use("snat", identifier, address, vpc_id)


def _ha_vip_uses(ha_vips: list[Listed], _nics: t.Sequence[NetworkInterface]) -> t.Iterator[Use]:
    for ha_vip, vpc_id, _details in ha_vips:
        identifier = text(ha_vip.get("haVipId"))
        address = told_address(ha_vip.get("ipAddress"), _HA_VIPS.action, f"HaVip {identifier}")
        refuse_if_untold(_HA_VIPS.action, identifier, address)
        if address:
            yield Use("ha_vip", identifier, address, vpc_id)


def _dns_uses(zones: list[Listed], _nics: t.Sequence[NetworkInterface]) -> t.Iterator[Use]:
    """Read dataSet of DescribePrivateZoneRecords, whatever a record's status: no page says what they are."""
    for _zone, vpc_id, records in zones:
        for record in records:
            identifier = text(record.get("recordId"))
            kind = record.get("type")
            # What is no text is no type, and may be that of any.
            if not isinstance(kind, str) or kind == "A":
                address = needed_address(record.get("value"), _RECORDS.action, f"DNS record {identifier}")
                if address:
                    yield Use("dns", identifier, address, vpc_id)


def _backends(balancer: dict[str, t.Any]) -> Lookup | None:
    without = number(balancer.get("backendServerCount")) == 0
    return None if without else more_of(_LOAD_BALANCERS, BACKENDS)(balancer)


_in_gateways, _gateway = in_each_vpc(_NAT_GATEWAYS, "vpcId"), more_of(_NAT_GATEWAYS, _NAT_GATEWAY)


class ZecProvider(CloudProvider):
    """Zenlayer ZEC."""

    name = "ZEC"
    title = "Zenlayer ZEC"
    can_assign = True
    # The page of UnassignNetworkInterfaceIpv4: "When a vNIC has elastic public IPs assigned, its private IP cannot be
    # unassigned".
    eip_protects = EIP_PROTECTS_NETWORK_INTERFACE
    foreign_id_prefixes = ("eni-",)
    connection_spec: t.ClassVar[dict[str, t.Any]] = {
        "access_key_id": {"type": "str", "no_log": False},
        "access_key_secret": {"type": "str", "no_log": True, "aliases": ["access_key_password"]},
        "token": {"type": "str", "no_log": True},
        **CONNECTION_SPEC,
    }
    filters_spec: t.ClassVar[dict[str, t.Any]] = {
        "region_id": {"type": "str"},
        "vpc_id": {"type": "str"},
        "subnet_id": {"type": "str"},
        "instance_id": {"type": "str"},
        "status": {"type": "str", "choices": list(_STATUSES)},
        "type": {"type": "str", "choices": ["Primary", "Secondary"]},
        "name": {"type": "str"},
        "resource_group_id": {"type": "str"},
        "security_group_id": {"type": "str"},
        "tags": {"type": "dict"},
        "tag_keys": {"type": "list", "elements": "str", "no_log": False},
    }

    client_class = ZecClient
    find_credentials = staticmethod(zec_credentials)
    default_endpoint = "console.zenlayer.com"
    endpoint_variable = "ZENLAYER_ENDPOINT"
    network_interfaces = _NETWORK_INTERFACES
    ids_parameter = "nicIds"
    paging = NumberedPages("pageNum", "pageSize", "totalCount")
    vpc_field = "vpcId"
    # No other action of Zenlayer's tells the account; the field as the official SDK reads it.
    identity = IdentityAction(
        "DescribeCustomerBalance",
        "accountUid",
        "nothing else tells the account, so grant the key the permission to call DescribeCustomerBalance (service zbc)",
    )
    sources = (
        InUseSource(EIP, in_each_region(EIPS, "regionId"), eip_uses),
        InUseSource("load_balancer", in_each_vpc(_LOAD_BALANCERS, "vpcId"), _backend_uses, _backends),
        InUseSource("dnat", _in_gateways, _dnat_uses, _gateway),
        InUseSource("snat", _in_gateways, _snat_uses, _gateway),
        InUseSource("ha_vip", in_each_vpc(_HA_VIPS, "vpcIds", listed=True), _ha_vip_uses),
        InUseSource("dns", in_each_vpc(_ZONES, "vpcIds", listed=True), _dns_uses, more_of(_ZONES, _RECORDS, type="A")),
    )

    def filter_parameters(self, filters: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        tags = filters.get("tags")
        return {
            "regionId": filters.get("region_id"),
            "vpcId": filters.get("vpc_id"),
            "subnetId": filters.get("subnet_id"),
            "instanceId": filters.get("instance_id"),
            "status": filters.get("status"),
            "nicType": filters.get("type"),
            "name": filters.get("name"),
            "resourceGroupId": filters.get("resource_group_id"),
            "securityGroupId": filters.get("security_group_id"),
            "tags": [{"key": key, "value": str(value)} for key, value in tags.items()] if tags else None,
            "tagKeys": filters.get("tag_keys"),
        }

    def _network_interface(self, item: dict[str, t.Any]) -> NetworkInterface:
        """Read one entry of dataSet; C(secondaryIpv4s) is what can be removed, C(primaryIpv4) never."""
        primary = cloud_address(item.get("primaryIpv4"))
        secondary, told = secondary_addresses(item, primary)
        status = text(item.get("status"))
        instance_id = usable_id(item.get("instanceId"))
        group = item.get("securityGroupId")
        return NetworkInterface(
            network_interface_id=item["nicId"],
            name=text(item.get("name")),
            status=status,
            type=text(item.get("nicType")),
            region_id=usable_id(item.get("regionId")),
            vpc_id=usable_id(item.get("vpcId")),
            subnet_id=usable_id(item.get("subnetId")),
            instance_id=instance_id,
            mac_address=text(item.get("macAddress")),
            primary_private_ip=primary,
            secondary_private_ips=tuple(sort_addresses(secondary)),
            security_group_ids=None if group is None else texts([group]),
            tags=_tags(item.get("tags")),
            created_at=text(item.get("createTime")),
            transitional=status in _TRANSITIONAL,
            addresses_told=told,
            instance_told=instance_id is not None or (status == "AVAILABLE" and not item.get("instanceId")),
            public_ips=_public_ips(item.get("publicIpList")),
        )

    @classmethod
    def permission(cls, action: str) -> str:
        return f"{action} of the service {_OTHER_SERVICES.get(action, _SERVICE)[0]}"

    def preflight(self, sources: t.Collection[str]) -> ZecPreflight:
        # What it asks, and how it reads the answers, is in here.
        from ansible_collections.edgecloud.nic.plugins.module_utils._providers.zec.preflight import (  # noqa: PLC0415
            ZecPreflight,
        )

        return ZecPreflight(self, sources)

    def unassign(self, network_interface_id: str, addresses: t.Sequence[str]) -> str | None:
        body = self._client.write(
            "UnassignNetworkInterfaceIpv4", {"nicId": network_interface_id, "ipAddresses": list(addresses)}
        )
        return text(body.get("requestId"))

    def assign(self, network_interface_id: str, addresses: t.Sequence[str]) -> str | None:
        body = self._client.write(
            "BatchAssignNetworkInterfaceIpv4", {"nicId": network_interface_id, "ipAddresses": list(addresses)}
        )
        return text(body.get("requestId"))
