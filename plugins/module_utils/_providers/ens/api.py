# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alibaba Cloud ENS, API version 2017-11-10, as far as network interfaces and their private addresses go.

Sources: Alibaba Cloud's pages of the named actions; field names and list encodings as the official SDK
(alibabacloud_ens20171110 12.1.0) sends and reads them.
"""

from __future__ import annotations

import os
import time
import typing as t
import uuid

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import cloud_address, sort_addresses
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import InUse, NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._http.endpoint import parse_endpoint
from ansible_collections.edgecloud.nic.plugins.module_utils._http.session import HttpAnswer, HttpSession
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.base import (
    CloudProvider,
    EipSource,
    InUseSource,
    ListAction,
    PagingFields,
    objects,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.client import (
    ApiClient,
    ClientSettings,
    listed,
    text,
    texts,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import Runtime
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.ens.credentials import (
    EnsCredentials,
    ens_credentials,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.ens.errors import classify
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.ens.signing import (
    EMPTY_BODY_SHA256,
    canonical_query,
    sign,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError, ErrorKind
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.in_use import use
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.settings import (
    TRANSPORT_SPEC,
    client_settings,
    http_settings,
)

DEFAULT_ENDPOINT = "ens.aliyuncs.com"
_VERSION = "2017-11-10"
#: The documented statuses; the page's own example spells one of them "In_use".
_STATUSES = {name.casefold(): name for name in ("Available", "Attaching", "InUse", "Detaching", "Deleting")}
_LOAD_BALANCERS = ListAction("DescribeLoadBalancers", ("LoadBalancers", "LoadBalancer"), "LoadBalancerId")
_NAT_GATEWAYS = ListAction("DescribeNatGateways", ("NatGateways",), "NatGatewayId")
_FORWARD_ENTRIES = ListAction("DescribeForwardTableEntries", ("ForwardTableEntries",), "ForwardEntryId")
_HA_VIPS = ListAction("DescribeHaVips", ("HaVips",), "HaVipId")
_EIPS = ListAction("DescribeEnsEipAddresses", ("EipAddresses", "EipAddress"), "AllocationId")
_TRANSITIONAL = ("Attaching", "Detaching")


class EnsClient(ApiClient):
    """Signed calls to ENS: all parameters in the query string, an empty body."""

    # As the official SDK reads it.
    wait_header_ms = "x-acs-retry-after"

    def __init__(
        self,
        session: HttpSession,
        credentials: EnsCredentials,
        settings: ClientSettings,
        runtime: Runtime,
    ) -> None:
        super().__init__(session, settings, runtime)
        self._credentials = credentials

    def _sign(self, action: str, parameters: t.Mapping[str, t.Any]) -> tuple[str, dict[str, str], bytes]:
        query = canonical_query(parameters)
        headers = {
            "host": self._session.endpoint.authority,
            "x-acs-action": action,
            "x-acs-version": _VERSION,
            "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "x-acs-signature-nonce": uuid.uuid4().hex,
            "x-acs-content-sha256": EMPTY_BODY_SHA256,
        }
        if self._credentials.security_token:
            headers["x-acs-security-token"] = self._credentials.security_token
            headers["x-acs-accesskey-id"] = self._credentials.access_key_id
        authorization = sign(
            "POST", query, headers, self._credentials.access_key_id, self._credentials.access_key_secret
        )
        return f"/?{query}", {**headers, "accept": "application/json", "Authorization": authorization}, b""

    def _parse(self, action: str, answer: HttpAnswer) -> dict[str, t.Any]:
        body = answer.body
        # The official SDK reads the lower-case spelling as well.
        code = text(body.get("Code")) or text(body.get("code"))
        if 200 <= answer.status < 300 and not code:
            return body
        kind = classify(code, answer.status)
        detail = text(body.get("Message")) or text(body.get("message")) or f"HTTP {answer.status} without a message"
        raise ApiError(
            action,
            kind,
            f"{detail} ({self._credentials.origin})" if kind is ErrorKind.AUTH else detail,
            code=code,
            status=answer.status,
            request_id=text(body.get("RequestId")) or text(body.get("requestId")),
        )


def _status(value: t.Any) -> str | None:
    status = text(value)
    return _STATUSES.get(status.replace("_", "").casefold(), status) if status else None


def _security_groups(item: t.Mapping[str, t.Any]) -> tuple[str, ...] | None:
    groups = item.get("SecurityGroupIds")
    return texts(groups.get("SecurityGroup")) if isinstance(groups, dict) else None


class EnsProvider(CloudProvider):
    """Alibaba Cloud ENS."""

    name = "ENS"
    title = "Alibaba Cloud ENS"
    foreign_id_prefixes = ("nic-",)
    connection_spec: t.ClassVar[dict[str, t.Any]] = {
        "access_key_id": {"type": "str", "no_log": False},
        "access_key_secret": {"type": "str", "no_log": True},
        "security_token": {"type": "str", "no_log": True},
        "profile": {"type": "str"},
        "credentials_file": {"type": "path"},
        "endpoint": {"type": "str"},
        **TRANSPORT_SPEC,
    }
    filters_spec: t.ClassVar[dict[str, t.Any]] = {
        "region_ids": {"type": "list", "elements": "str"},
        "vpc_id": {"type": "str"},
        "subnet_id": {"type": "str"},
        "instance_id": {"type": "str"},
        "security_group_id": {"type": "str"},
        "status": {"type": "str", "choices": list(_STATUSES.values())},
        "type": {"type": "str", "choices": ["Primary", "Secondary"]},
        "name": {"type": "str"},
    }

    network_interfaces = ListAction(
        "DescribeNetworkInterfaces", ("NetworkInterfaceSets", "NetworkInterfaceSet"), "NetworkInterfaceId"
    )
    ids_parameter = "NetworkInterfaceIds"
    paging = PagingFields("PageNumber", "PageSize", "TotalCount")

    @classmethod
    def connect(cls, options: t.Mapping[str, t.Any], runtime: Runtime) -> EnsProvider:
        endpoint = parse_endpoint(options["endpoint"] or os.environ.get("ENS_ENDPOINT") or DEFAULT_ENDPOINT)
        credentials = ens_credentials(options)
        session = runtime.session(endpoint, http_settings(options))
        client = EnsClient(session, credentials, client_settings(options), runtime)
        return cls(client, credentials.secrets, endpoint.authority, runtime)

    def _filter_parameters(self, filters: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        return {
            "EnsRegionIds": filters.get("region_ids"),
            "NetworkId": filters.get("vpc_id"),
            "VSwitchId": filters.get("subnet_id"),
            "InstanceId": filters.get("instance_id"),
            "SecurityGroupId": filters.get("security_group_id"),
            "Status": filters.get("status"),
            "Type": filters.get("type"),
            "NetworkInterfaceName": filters.get("name"),
        }

    def _network_interface(self, item: dict[str, t.Any]) -> NetworkInterface:
        """Read one entry of NetworkInterfaceSet.

        Only an address that is marked as not primary, or differs from a known primary one, counts as secondary;
        whenever the marks and PrimaryIp contradict each other, the address counts as primary.
        """
        primary = cloud_address(item.get("PrimaryIp"))
        sets = item.get("PrivateIpSets")
        entries = sets.get("PrivateIpSet") if isinstance(sets, dict) else None
        marked = [
            (cloud_address(entry.get("PrivateIpAddress")), entry.get("Primary"))
            for entry in listed(item, "PrivateIpSets", "PrivateIpSet")
        ]
        told = isinstance(entries, list) and len(marked) == len(entries) and all(address for address, _mark in marked)
        protected = {address for address, mark in marked if mark not in (False, None, "false", "False")} | {primary}
        secondary = {
            address
            for address, mark in marked
            if address is not None and address not in protected and (mark is not None or protected != {None})
        }
        status = _status(item.get("Status"))
        return NetworkInterface(
            network_interface_id=item["NetworkInterfaceId"],
            name=text(item.get("NetworkInterfaceName")),
            status=status,
            type=text(item.get("Type")),
            region_id=text(item.get("EnsRegionId")),
            vpc_id=text(item.get("NetworkId")),
            subnet_id=text(item.get("VSwitchId")),
            instance_id=text(item.get("InstanceId")),
            mac_address=text(item.get("MacAddress")),
            primary_private_ip=primary or next((address for address in protected if address), None),
            secondary_private_ips=tuple(sort_addresses(secondary)),
            security_group_ids=_security_groups(item),
            tags=None,
            created_at=text(item.get("CreationTime")),
            transitional=status in _TRANSITIONAL,
            addresses_told=told,
        )

    def _in_use_sources(self) -> tuple[InUseSource, ...]:
        def scope(vpc_id: str | None) -> dict[str, t.Any]:
            return {"NetworkId": vpc_id}

        return (
            InUseSource(_LOAD_BALANCERS, scope, self._backends),
            InUseSource(_NAT_GATEWAYS, scope, self._forward_entries),
            InUseSource(_HA_VIPS, scope, self._ha_vip),
        )

    def _backends(self, balancer: dict[str, t.Any]) -> t.Iterator[InUse | None]:
        balancer_id = self._id(balancer, _LOAD_BALANCERS)
        attributes = self._client.read("DescribeLoadBalancerAttribute", {"LoadBalancerId": balancer_id})
        for backend in self._told(attributes, "DescribeLoadBalancerAttribute", "BackendServers"):
            yield use(backend.get("Ip"), "load_balancer", balancer_id, "DescribeLoadBalancerAttribute")

    def _forward_entries(self, gateway: dict[str, t.Any]) -> t.Iterator[InUse | None]:
        for entry in self._list_all(_FORWARD_ENTRIES, {"NatGatewayId": self._id(gateway, _NAT_GATEWAYS)}):
            yield use(entry.get("InternalIp"), "dnat", entry.get("ForwardEntryId"), _FORWARD_ENTRIES.action)

    def _ha_vip(self, ha_vip: dict[str, t.Any]) -> t.Iterator[InUse | None]:
        action, identifier = _HA_VIPS.action, ha_vip.get("HaVipId")
        yield use(ha_vip.get("IpAddress"), "ha_vip", identifier, action)
        for member in objects(ha_vip.get("AssociatedInstances") or [], action, "AssociatedInstances"):
            yield use(member.get("IpAddress"), "ha_vip", identifier, action)
        for eip in objects(ha_vip.get("AssociatedEipAddresses") or [], action, "AssociatedEipAddresses"):
            yield use(ha_vip.get("IpAddress"), "eip", eip.get("EipId"), action)

    def _eip_source(self) -> EipSource:
        def uses(eip: dict[str, t.Any]) -> t.Iterator[tuple[str, InUse]]:
            # ENS does not tell to which of the network interface's addresses the elastic IP belongs.
            if text(eip.get("InstanceId")):
                yield eip["InstanceId"], InUse(None, "eip", text(eip.get("AllocationId")))

        return EipSource(_EIPS, "AssociatedInstanceId", "EnsRegionId", uses)

    def unassign(self, network_interface_id: str, addresses: t.Sequence[str]) -> str | None:
        body = self._client.write(
            "UnassignPrivateIpAddresses",
            {"NetworkInterfaceId": network_interface_id, "PrivateIpAddress": list(addresses)},
        )
        return text(body.get("RequestId"))
