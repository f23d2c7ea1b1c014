# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alibaba Cloud ENS, API version 2017-11-10, as far as network interfaces and their private addresses go.

Sources: Alibaba Cloud's pages of the named actions; field names and list encodings as the official SDK
(alibabacloud_ens20171110 12.1.0) sends and reads them.
"""

from __future__ import annotations

import itertools
import json
import os
import time
import typing as t
import uuid

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import cloud_address, sort_addresses
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.uses import EIP, EIP_PROTECTS_ADDRESS, Use
from ansible_collections.edgecloud.nic.plugins.module_utils._http.endpoint import Endpoint, is_loopback, parse_endpoint
from ansible_collections.edgecloud.nic.plugins.module_utils._http.session import HttpAnswer
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.answers import (
    needed_address,
    needed_id,
    objects,
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
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.ens.credentials import (
    EnsCredentials,
    ens_credentials,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.ens.errors import CODES
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.ens.signing import (
    EMPTY_BODY_SHA256,
    canonical_query,
    sign,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.in_use import (
    Answers,
    Asked,
    InUseSource,
    ListAction,
    Listed,
    Lookup,
    Places,
    in_each_region,
    in_each_vpc,
    more_of,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.paging import NumberedPages
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.settings import (
    CONNECTION_SPEC,
)

if t.TYPE_CHECKING:
    from ansible_collections.edgecloud.nic.plugins.module_utils._providers.ens.preflight import EnsPreflight

_DEFAULT_STS_ENDPOINT = "sts.aliyuncs.com"
_VERSION = "2017-11-10"
#: Versions of the actions that belong to another service.
_OTHER_VERSIONS = {"GetCallerIdentity": "2015-04-01"}
#: The documented statuses; the page's own example spells one of them "In_use".
_STATUSES = {name.casefold(): name for name in ("Available", "Attaching", "InUse", "Detaching", "Deleting")}
EIPS = ListAction("DescribeEnsEipAddresses", ("EipAddresses", "EipAddress"), "AllocationId")
_LOAD_BALANCERS = ListAction("DescribeLoadBalancers", ("LoadBalancers", "LoadBalancer"), "LoadBalancerId")
LOAD_BALANCER = ListAction("DescribeLoadBalancerAttribute", (), "LoadBalancerId", paged=False)
_NAT_GATEWAYS = ListAction("DescribeNatGateways", ("NatGateways",), "NatGatewayId")
_FORWARD_ENTRIES = ListAction("DescribeForwardTableEntries", ("ForwardTableEntries",), "ForwardEntryId")
_SNAT_ENTRIES = ListAction("DescribeSnatTableEntries", ("SnatTableEntries",), "SnatEntryId")
_HA_VIPS = ListAction("DescribeHaVips", ("HaVips",), "HaVipId")
#: What every answer may have beside what it is about.
_ENVELOPE = (
    *("Code", "Message", "RequestId", "HostId", "Recommend", "code", "message", "requestId"),
    *("TotalCount", "PageNumber", "PageSize"),
)
#: Beside these fields are kubeconfigs and tokens.
_CLUSTER_FIELDS = ("ClusterId", "VpcId", "PodVswitchIds", "VswitchIds")
CLUSTERS = ListAction("DescribeClustersV1", ("Clusters",), "ClusterId", paged=False, fields=_CLUSTER_FIELDS)
_ARM_SERVERS = ListAction("DescribeARMServerInstances", ("Servers",), "ServerId")
NETWORK = ListAction("DescribeNetworkAttribute", (), "NetworkId", paged=False)
#: No page says how many regions the list of ARM servers may be asked for; other lists take so many.
_MOST_REGIONS = 100
#: Where DescribeNetworkAttribute names what the lists have to show, and in words.
IN_NETWORK = (
    ("LoadBalancerIds", "LoadBalancerId", _LOAD_BALANCERS, "load balancer"),
    ("NatGatewayIds", "NatGatewayId", _NAT_GATEWAYS, "NAT gateway"),
    ("HaVipIds", "HaVipId", _HA_VIPS, "HaVip"),
)
_LISTED_IN_NETWORK = ("load_balancer", "dnat", "snat", "ha_vip")
#: The one type of resource in a network that the page of DescribeNetworkAttribute names; it uses no address.
_KNOWN_RESOURCES = ("VSwitch",)
_TRANSITIONAL = ("Attaching", "Detaching")


class EnsClient(ApiClient):
    """Signed calls to ENS, or to another service of its kind: all parameters in the query string, an empty body."""

    # As the official SDK reads it.
    wait_header_ms = "x-acs-retry-after"

    confidential: t.ClassVar[dict[str, tuple[str, ...]]] = {
        CLUSTERS.action: (*_ENVELOPE, *_CLUSTER_FIELDS),
        "GetCallerIdentity": (*_ENVELOPE, "AccountId"),
    }

    codes = CODES
    _credentials: EnsCredentials

    def __init__(self, *arguments: t.Any) -> None:
        super().__init__(*arguments)
        # Randomness is a system call, at which other threads take over: once for a run, not for each call.
        self._nonce, self._signed = uuid.uuid4().hex, itertools.count()

    def _sign(self, action: str, parameters: t.Mapping[str, t.Any]) -> tuple[str, dict[str, str], bytes]:
        query = canonical_query(parameters)
        headers = {
            "host": self.session.endpoint.authority,
            "x-acs-action": action,
            "x-acs-version": _OTHER_VERSIONS.get(action, _VERSION),
            "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "x-acs-signature-nonce": f"{self._nonce}{next(self._signed):x}",
            "x-acs-content-sha256": EMPTY_BODY_SHA256,
        }
        if self._credentials.security_token:
            headers["x-acs-security-token"] = self._credentials.security_token
            headers["x-acs-accesskey-id"] = self._credentials.access_key_id
        authorization = sign(
            "POST", query, headers, self._credentials.access_key_id, self._credentials.access_key_secret
        )
        return (
            f"/?{query}" if query else "/",
            {**headers, "accept": "application/json", "Authorization": authorization},
            b"",
        )

    def _parse(self, action: str, answer: HttpAnswer) -> dict[str, t.Any]:
        body = answer.body
        # The official SDK reads the lower-case spelling as well.
        code = text(body.get("Code")) or text(body.get("code"))
        if 200 <= answer.status < 300 and not code:
            return body
        message = text(body.get("Message")) or text(body.get("message"))
        request_id = text(body.get("RequestId")) or text(body.get("requestId"))
        raise self._refused(action, answer, code, message, request_id)


def _status(value: t.Any) -> str | None:
    status = text(value)
    return _STATUSES.get(status.replace("_", "").casefold(), status) if status else None


def _security_groups(item: t.Mapping[str, t.Any]) -> tuple[str, ...] | None:
    groups = item.get("SecurityGroupIds")
    return texts(groups.get("SecurityGroup")) if isinstance(groups, dict) else None


def _part(answer: t.Mapping[str, t.Any], name: str) -> dict[str, t.Any]:
    """Return a part of what DescribeNetworkAttribute tells; empty where it is missing or null."""
    part = answer.get(name)
    if part is not None and not isinstance(part, dict):
        raise unreadable(NETWORK.action, f"{name} in the answer is no object")
    return part or {}


def unknown_resources(network: t.Mapping[str, t.Any]) -> list[str | None]:
    """Return the types of resources that a network has and of which it is not known whether they use addresses."""
    resources = _part(network, "CloudResources").get("CloudResourceSetType")
    return [
        text(resource.get("ResourceType"))
        for resource in objects(resources, NETWORK.action, "CloudResourceSetType")
        if resource.get("ResourceType") not in _KNOWN_RESOURCES and number(resource.get("ResourceCount")) != 0
    ]


def _arm_servers(places: Places) -> list[Lookup]:
    """Ask for all regions at once: the official SDK sends them as JSON text, unlike other lists."""
    everywhere = places.regions is None or len(places.regions) > _MOST_REGIONS
    regions = None if everywhere else json.dumps(places.regions)
    return [Lookup(_ARM_SERVERS, (("EnsRegionIds", regions), ("DescribeAICInstances", "true")))]


def _uses_of_bound(kind: str, identifier: str | None, bound_to: str, type_is: str | None) -> list[Use]:
    """Return the uses of something that is bound to an instance or a network interface, and tells no address.

    :param type_is: C(instance_id) or C(network_interface_id); None where it is not known, so that it may be either.
    """
    whole = kind != EIP
    uses = {
        "instance_id": Use(kind, identifier, instance_id=bound_to, every_address=whole),
        "network_interface_id": Use(kind, identifier, network_interface_id=bound_to, every_address=whole),
    }
    return [uses[type_is]] if type_is else list(uses.values())


def _eip_uses(eips: list[Listed], _nics: t.Sequence[NetworkInterface]) -> t.Iterator[Use]:
    """Read EipAddress: an instance, the default, or a network interface, and never an address (no field is for it)."""
    types = {"EnsInstance": "instance_id", "NetworkInterface": "network_interface_id"}
    for eip, _vpc_id, _details in eips:
        bound_to = told_id(eip, EIPS.action, "InstanceId")
        refuse_if_untold(EIPS.action, text(eip.get("AllocationId")), bound_to)
        if bound_to:
            bound_type = types.get(text(eip.get("InstanceType")) or "")
            yield from _uses_of_bound(EIP, text(eip.get("AllocationId")), bound_to, bound_type)


def _backend_uses(balancers: list[Listed], _nics: t.Sequence[NetworkInterface]) -> t.Iterator[Use]:
    """Read BackendServers: Ip, which whoever adds a backend may leave out, or else ServerId and Type (ens or eni)."""
    action, types = LOAD_BALANCER.action, {"ens": "instance_id", "eni": "network_interface_id"}
    for balancer, vpc_id, details in balancers:
        identifier = text(balancer.get("LoadBalancerId"))
        for backend in (backend for told in details for backend in told_objects(told, action, "BackendServers")):
            address = told_address(backend.get("Ip"), action, f"backend of {identifier}")
            if address:
                yield Use("load_balancer", identifier, address, vpc_id)
            elif not backend.get("Ip"):
                server_type = types.get(text(backend.get("Type")) or "")
                server = needed_id(backend, action, "ServerId")
                yield from _uses_of_bound("load_balancer", identifier, server, server_type)


def _entry_uses(
    kind: str, action: ListAction, address_field: str, read: t.Callable[[t.Any, str, str], str | None]
) -> t.Callable[[list[Listed], t.Sequence[NetworkInterface]], t.Iterator[Use]]:
    """Return what reads the entries of NAT gateways, each of which may name one address."""

    def uses(gateways: list[Listed], _nics: t.Sequence[NetworkInterface]) -> t.Iterator[Use]:
        for _gateway, vpc_id, entries in gateways:
            for entry in entries:
                identifier = text(entry.get(action.id_field))
                address = read(entry.get(address_field), action.action, f"{kind.upper()} entry {identifier}")
                refuse_if_untold(action.action, identifier, address)
                if address:
                    yield Use(kind, identifier, address, vpc_id)

    return uses


_dnat_uses = _entry_uses("dnat", _FORWARD_ENTRIES, "InternalIp", needed_address)
_snat_uses = _entry_uses("snat", _SNAT_ENTRIES, "SourceCIDR", single_address)


def _ha_vip_uses(ha_vips: list[Listed], _nics: t.Sequence[NetworkInterface]) -> t.Iterator[Use]:
    action = _HA_VIPS.action
    for ha_vip, vpc_id, _details in ha_vips:
        identifier = text(ha_vip.get("HaVipId"))
        members = objects(ha_vip.get("AssociatedInstances"), action, "AssociatedInstances")
        for holder in (ha_vip, *members):
            address = told_address(holder.get("IpAddress"), action, f"HaVip {identifier}")
            refuse_if_untold(action, text(holder.get("HaVipId" if holder is ha_vip else "InstanceId")), address)
            if address:
                yield Use("ha_vip", identifier, address, vpc_id)
        own = told_address(ha_vip.get("IpAddress"), action, f"HaVip {identifier}")
        for eip in objects(ha_vip.get("AssociatedEipAddresses"), action, "AssociatedEipAddresses") if own else ():
            yield Use(EIP, text(eip.get("EipId")), own, vpc_id)


def pod_uses(clusters: list[Listed], _nics: t.Sequence[NetworkInterface]) -> t.Iterator[Use]:
    """Read Clusters: pods have secondary addresses of network interfaces in PodVswitchIds, by default VswitchIds."""
    action = CLUSTERS.action
    for cluster, _vpc_id, _details in clusters:
        identifier = text(cluster.get("ClusterId"))
        subnets = told_texts(cluster, action, "PodVswitchIds") or told_texts(cluster, action, "VswitchIds")
        for subnet_id in subnets:
            yield Use("kubernetes", identifier, subnet_id=subnet_id, every_address=True)
        if not subnets:
            yield Use("kubernetes", identifier, vpc_id=needed_id(cluster, action, "VpcId"), every_address=True)


def _android_uses(servers: list[Listed], _nics: t.Sequence[NetworkInterface]) -> t.Iterator[Use]:
    action = _ARM_SERVERS.action
    for server, _vpc_id, _details in servers:
        for container in told_objects(server, action, "AICInstances"):
            identifier, network = text(container.get("InstanceId")), container.get("NetworkAttributes")
            if not isinstance(network, dict):
                raise unreadable(action, f"NetworkAttributes of {identifier} in the answer is no object")
            address = needed_address(network.get("IpAddress"), action, f"Android container {identifier}")
            if address:
                yield Use("android", identifier, address, told_id(network, action, "NetworkId"))


_in_gateways = in_each_vpc(_NAT_GATEWAYS, "NetworkId")


class EnsProvider(CloudProvider):
    """Alibaba Cloud ENS."""

    name = "ENS"
    title = "Alibaba Cloud ENS"
    # Nothing but an instance or a network interface can be chosen when it is bound, so it is the primary address.
    eip_protects = EIP_PROTECTS_ADDRESS
    foreign_id_prefixes = ("nic-",)
    connection_spec: t.ClassVar[dict[str, t.Any]] = {
        "access_key_id": {"type": "str", "no_log": False},
        "access_key_secret": {"type": "str", "no_log": True},
        "security_token": {"type": "str", "no_log": True},
        "sts_endpoint": {"type": "str"},
        **CONNECTION_SPEC,
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

    client_class = EnsClient
    find_credentials = staticmethod(ens_credentials)
    default_endpoint = "ens.aliyuncs.com"
    endpoint_variable = "ENS_ENDPOINT"
    network_interfaces = ListAction(
        "DescribeNetworkInterfaces", ("NetworkInterfaceSets", "NetworkInterfaceSet"), "NetworkInterfaceId"
    )
    ids_parameter = "NetworkInterfaceIds"
    paging = NumberedPages("PageNumber", "PageSize", "TotalCount")
    vpc_field = "NetworkId"
    # Alibaba Cloud's page of GetCallerIdentity: no authorization is needed.
    identity = IdentityAction(
        "GetCallerIdentity", "AccountId", "every valid key may call it, unless a policy denies sts:GetCallerIdentity"
    )
    sources = (
        InUseSource(EIP, in_each_region(EIPS, "EnsRegionId"), _eip_uses),
        InUseSource(
            "load_balancer",
            in_each_vpc(_LOAD_BALANCERS, "NetworkId"),
            _backend_uses,
            more_of(_LOAD_BALANCERS, LOAD_BALANCER),
        ),
        InUseSource("dnat", _in_gateways, _dnat_uses, more_of(_NAT_GATEWAYS, _FORWARD_ENTRIES)),
        InUseSource("snat", _in_gateways, _snat_uses, more_of(_NAT_GATEWAYS, _SNAT_ENTRIES)),
        InUseSource("ha_vip", in_each_vpc(_HA_VIPS, "NetworkId"), _ha_vip_uses),
        InUseSource("kubernetes", lambda places: [Lookup(CLUSTERS)], pod_uses),
        InUseSource("android", _arm_servers, _android_uses),
    )

    @classmethod
    def identity_endpoint(cls, options: t.Mapping[str, t.Any], endpoint: Endpoint) -> Endpoint:
        sts_endpoint = options["sts_endpoint"] or os.environ.get("ALIBABA_CLOUD_STS_ENDPOINT")
        if sts_endpoint:
            return parse_endpoint(sts_endpoint, "sts_endpoint")
        # Who works on a double of the cloud on this machine must not send anything to the real one.
        return endpoint if is_loopback(endpoint.host) else parse_endpoint(_DEFAULT_STS_ENDPOINT)

    def filter_parameters(self, filters: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
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
        # Exactly one is primary: else an address that seems to be no secondary one any more may just be badly marked.
        told = told and (len(protected - {None}) == 1 or not marked)
        secondary = {
            address
            for address, mark in marked
            if address is not None and address not in protected and (mark is not None or protected != {None})
        }
        status = _status(item.get("Status"))
        instance_id = usable_id(item.get("InstanceId"))
        return NetworkInterface(
            network_interface_id=item["NetworkInterfaceId"],
            name=text(item.get("NetworkInterfaceName")),
            status=status,
            type=text(item.get("Type")),
            region_id=usable_id(item.get("EnsRegionId")),
            vpc_id=usable_id(item.get("NetworkId")),
            subnet_id=usable_id(item.get("VSwitchId")),
            instance_id=instance_id,
            mac_address=text(item.get("MacAddress")),
            primary_private_ip=primary or next((address for address in protected if address), None),
            secondary_private_ips=tuple(sort_addresses(secondary)),
            security_group_ids=_security_groups(item),
            tags=None,
            created_at=text(item.get("CreationTime")),
            transitional=status in _TRANSITIONAL,
            addresses_told=told,
            instance_told=instance_id is not None or (status == "Available" and not item.get("InstanceId")),
        )

    @classmethod
    def permission(cls, action: str) -> str:
        return f"ens:{action}"

    def cross_checks(self, places: Places, sources: t.Collection[str]) -> Asked:
        names = [name for name in _LISTED_IN_NETWORK if name in sources]
        vpc_ids = [vpc_id for vpc_id in places.vpc_ids if vpc_id and names]
        return {Lookup(NETWORK, (("NetworkId", vpc_id),), vpc_id): list(names) for vpc_id in vpc_ids}

    def _compare(self, lists: Answers) -> None:
        self.refuse_unlisted(lists)
        for lookup, (network, *_others) in [entry for entry in lists.items() if entry[0].action == NETWORK]:
            for resource_type in unknown_resources(network):
                self._runtime.warn(
                    f"the network {lookup.vpc_id} has resources of the type {resource_type}, "
                    "and whether they use addresses is not known"
                )

    @staticmethod
    def refuse_unlisted(lists: Answers) -> None:
        """
        :raises ApiError: a network has something that is missing from the lists, or its answer is about another one.
        """
        listed = {
            (lookup.action, lookup.vpc_id): {text(item.get(lookup.action.id_field)) for item in items}
            for lookup, items in lists.items()
        }
        for lookup, (network, *_others) in [entry for entry in lists.items() if entry[0].action == NETWORK]:
            if text(network.get("NetworkId")) != lookup.vpc_id:
                raise unreadable(NETWORK.action, f"the answer is not about the network {lookup.vpc_id}")
            for field, id_field, action, words in IN_NETWORK:
                named = told_texts(_part(network, field), NETWORK.action, id_field)
                ids = listed.get((action, lookup.vpc_id), set(named))
                missing = [identifier for identifier in named if identifier not in ids]
                if missing:
                    raise unreadable(
                        NETWORK.action,
                        f"the network {lookup.vpc_id} has the {words} {missing[0]}, which {action.action} does not "
                        "list, so what it uses is not known; if it is new, trying again may help",
                    )

    def preflight(self, sources: t.Collection[str]) -> EnsPreflight:
        # What it asks, and how it reads the answers, is in here.
        from ansible_collections.edgecloud.nic.plugins.module_utils._providers.ens.preflight import (  # noqa: PLC0415
            EnsPreflight,
        )

        return EnsPreflight(self, sources)

    def unassign(self, network_interface_id: str, addresses: t.Sequence[str]) -> str | None:
        body = self._client.write(
            "UnassignPrivateIpAddresses",
            {"NetworkInterfaceId": network_interface_id, "PrivateIpAddress": list(addresses)},
        )
        return text(body.get("RequestId"))
