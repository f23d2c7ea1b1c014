# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zenlayer Elastic Compute (ZEC), API version 2025-09-01, as far as network interfaces and their addresses go.

Sources: Zenlayer's pages of the named actions; field names as the official SDK (zenlayercloud-sdk-python 2.0.77) sends
and reads them.
"""

from __future__ import annotations

import json
import os
import time
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import (
    cloud_address,
    is_ipv6,
    sort_addresses,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import InUse, NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._http.endpoint import parse_endpoint
from ansible_collections.edgecloud.nic.plugins.module_utils._http.session import HttpAnswer, HttpSession
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.base import (
    CloudProvider,
    EipSource,
    InUseSource,
    ListAction,
    PagingFields,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.client import (
    ApiClient,
    ClientSettings,
    listed,
    text,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import Runtime
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError, ErrorKind
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.in_use import use
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.settings import (
    TRANSPORT_SPEC,
    client_settings,
    http_settings,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.zec.credentials import (
    ZecCredentials,
    zec_credentials,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.zec.errors import USE_KINDS, classify
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.zec.signing import METHOD, sign

DEFAULT_ENDPOINT = "console.zenlayer.com"
#: Load balancers are a service of their own; all other actions belong to zec.
_LOAD_BALANCER_ACTIONS = ("DescribeLoadBalancers", "DescribeBackends")
_CONTENT_TYPE = "application/json"
_STATUSES = ("PENDING", "AVAILABLE", "ATTACHING", "DETACHING", "DELETING", "CREATE_FAILED", "USED")
_LOAD_BALANCERS = ListAction("DescribeLoadBalancers", ("dataSet",), "loadBalancerId")
_NAT_GATEWAYS = ListAction("DescribeNatGateways", ("dataSet",), "natGatewayId")
_HA_VIPS = ListAction("DescribeHaVips", ("dataSet",), "haVipId")
_EIPS = ListAction("DescribeEips", ("dataSet",), "eipId")
_TRANSITIONAL = ("PENDING", "ATTACHING", "DETACHING")


class ZecClient(ApiClient):
    """Signed calls to Zenlayer: parameters as a JSON object in the body."""

    def __init__(
        self,
        session: HttpSession,
        credentials: ZecCredentials,
        settings: ClientSettings,
        runtime: Runtime,
    ) -> None:
        super().__init__(session, settings, runtime)
        self._credentials = credentials

    def _sign(self, action: str, parameters: t.Mapping[str, t.Any]) -> tuple[str, dict[str, str], bytes]:
        service, version = ("zlb", "2025-04-01") if action in _LOAD_BALANCER_ACTIONS else ("zec", "2025-09-01")
        body = json.dumps({name: value for name, value in parameters.items() if value is not None}).encode()
        host = self._session.endpoint.authority
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
        kind = classify(code, answer.status)
        detail = text(body.get("message")) or f"HTTP {answer.status} without a message"
        raise ApiError(
            action,
            kind,
            f"{detail} ({self._credentials.origin})" if kind is ErrorKind.AUTH else detail,
            code=code,
            status=answer.status,
            request_id=request_id,
            use_kind=USE_KINDS.get(code or "", ""),
        )


def _secondary(item: t.Mapping[str, t.Any], primary: str | None) -> tuple[set[str], bool]:
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


def _tags(value: t.Any) -> dict[str, str] | None:
    if not isinstance(value, dict):
        return None
    return {str(tag["key"]): str(tag.get("value") or "") for tag in listed(value, "tags") if tag.get("key")}


class ZecProvider(CloudProvider):
    """Zenlayer ZEC."""

    name = "ZEC"
    title = "Zenlayer ZEC"
    can_assign = True
    foreign_id_prefixes = ("eni-",)
    connection_spec: t.ClassVar[dict[str, t.Any]] = {
        "access_key_id": {"type": "str", "no_log": False},
        "access_key_secret": {"type": "str", "no_log": True, "aliases": ["access_key_password"]},
        "token": {"type": "str", "no_log": True},
        "profile": {"type": "str"},
        "credentials_file": {"type": "path"},
        "endpoint": {"type": "str"},
        **TRANSPORT_SPEC,
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

    network_interfaces = ListAction("DescribeNetworkInterfaces", ("dataSet",), "nicId")
    ids_parameter = "nicIds"
    paging = PagingFields("pageNum", "pageSize", "totalCount")

    @classmethod
    def connect(cls, options: t.Mapping[str, t.Any], runtime: Runtime) -> ZecProvider:
        endpoint = parse_endpoint(options["endpoint"] or os.environ.get("ZENLAYER_ENDPOINT") or DEFAULT_ENDPOINT)
        credentials = zec_credentials(options)
        session = runtime.session(endpoint, http_settings(options))
        client = ZecClient(session, credentials, client_settings(options), runtime)
        return cls(client, credentials.secrets, endpoint.authority, runtime)

    def _filter_parameters(self, filters: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
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
        secondary, told = _secondary(item, primary)
        status = text(item.get("status"))
        group = item.get("securityGroupId")
        return NetworkInterface(
            network_interface_id=item["nicId"],
            name=text(item.get("name")),
            status=status,
            type=text(item.get("nicType")),
            region_id=text(item.get("regionId")),
            vpc_id=text(item.get("vpcId")),
            subnet_id=text(item.get("subnetId")),
            instance_id=text(item.get("instanceId")),
            mac_address=text(item.get("macAddress")),
            primary_private_ip=primary,
            secondary_private_ips=tuple(sort_addresses(secondary)),
            security_group_ids=None if group is None else ((group,) if text(group) else ()),
            tags=_tags(item.get("tags")),
            created_at=text(item.get("createTime")),
            transitional=status in _TRANSITIONAL,
            addresses_told=told,
        )

    def _in_use_sources(self) -> tuple[InUseSource, ...]:
        def scope(vpc_id: str | None) -> dict[str, t.Any]:
            return {"vpcId": vpc_id}

        def ha_vip_scope(vpc_id: str | None) -> dict[str, t.Any]:
            return {"vpcIds": [vpc_id] if vpc_id else None}

        return (
            InUseSource(_LOAD_BALANCERS, scope, self._backends),
            InUseSource(_NAT_GATEWAYS, scope, self._dnat_entries),
            InUseSource(_HA_VIPS, ha_vip_scope, self._ha_vip),
        )

    def _backends(self, balancer: dict[str, t.Any]) -> t.Iterator[InUse | None]:
        if balancer.get("backendServerCount") == 0:
            return
        balancer_id = self._id(balancer, _LOAD_BALANCERS)
        answer = self._client.read("DescribeBackends", {"loadBalancerId": balancer_id})
        for backend in self._told(answer, "DescribeBackends", "backends"):
            yield use(backend.get("privateIpAddress"), "load_balancer", balancer_id, "DescribeBackends")

    def _dnat_entries(self, gateway: dict[str, t.Any]) -> t.Iterator[InUse | None]:
        detail = self._client.read("DescribeNatGatewayDetail", {"natGatewayId": self._id(gateway, _NAT_GATEWAYS)})
        for entry in self._told(detail, "DescribeNatGatewayDetail", "dnats"):
            yield use(entry.get("privateIp"), "dnat", entry.get("dnatEntryId"), "DescribeNatGatewayDetail")

    @staticmethod
    def _ha_vip(ha_vip: dict[str, t.Any]) -> t.Iterator[InUse | None]:
        yield use(ha_vip.get("ipAddress"), "ha_vip", ha_vip.get("haVipId"), _HA_VIPS.action)

    def _eip_source(self) -> EipSource:
        def uses(eip: dict[str, t.Any]) -> t.Iterator[tuple[str, InUse]]:
            # nicId is the older name of associatedId.
            for network_interface_id in filter(None, {text(eip.get("associatedId")), text(eip.get("nicId"))}):
                address = cloud_address(eip.get("privateIpAddress"))
                yield network_interface_id, InUse(address, "eip", text(eip.get("eipId")))

        return EipSource(_EIPS, "associatedId", "regionId", uses)

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
