# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Example Cloud, an imaginary one, as far as network interfaces and their addresses go."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import cloud_address, sort_addresses
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.uses import EIP, EIP_PROTECTS_ADDRESS, Use
from ansible_collections.edgecloud.nic.plugins.module_utils._http.session import HttpAnswer
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.answers import needed_address, told_id
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.base import CloudProvider, IdentityAction
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.client import ApiClient, text
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.example.credentials import (
    ExampleCredentials,
    example_credentials,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.example.errors import CODES
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.in_use import (
    InUseSource,
    ListAction,
    Listed,
    in_each_region,
    in_each_vpc,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.paging import PageTokens
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.settings import CONNECTION_SPEC

_FLOATING_IPS = ListAction("list_floating_ips", ("floating_ips",), "id")
_CONTAINERS = ListAction("list_containers", ("containers",), "id")


class ExampleClient(ApiClient):
    """Calls to Example Cloud: parameters as a JSON object, the token in a header of its own."""

    codes = CODES
    _credentials: ExampleCredentials

    def _sign(self, action: str, parameters: t.Mapping[str, t.Any]) -> tuple[str, dict[str, str], bytes]:
        given = {name: value for name, value in parameters.items() if value is not None}
        headers = {"Content-Type": "application/json", "X-Example-Token": self._credentials.token}
        return f"/v1/{action}", headers, json.dumps(given).encode()

    def _parse(self, action: str, answer: HttpAnswer) -> dict[str, t.Any]:
        error = answer.body.get("error")
        if answer.status == 200 and error is None:
            return answer.body
        told = error if isinstance(error, dict) else {}
        request_id = text(answer.body.get("request"))
        raise self._refused(action, answer, text(told.get("code")), text(told.get("text")), request_id)


def _floating_ip_uses(floating_ips: list[Listed], _nics: t.Sequence[NetworkInterface]) -> t.Iterator[Use]:
    for floating_ip, _vpc_id, _details in floating_ips:
        interface = told_id(floating_ip, _FLOATING_IPS.action, "interface")
        if interface:
            identifier = text(floating_ip.get("id"))
            address = needed_address(floating_ip.get("ip"), _FLOATING_IPS.action, f"floating IP {identifier}")
            yield Use(EIP, identifier, address, network_interface_id=interface, every_address=address is None)


def _container_uses(containers: list[Listed], _nics: t.Sequence[NetworkInterface]) -> t.Iterator[Use]:
    for container, vpc_id, _details in containers:
        identifier = text(container.get("id"))
        address = needed_address(container.get("ip"), _CONTAINERS.action, f"container {identifier}")
        if address:
            yield Use("container", identifier, address, vpc_id)


class ExampleProvider(CloudProvider):
    """Example Cloud."""

    name = "Example"
    title = "Example Cloud"
    can_assign = True
    eip_protects = EIP_PROTECTS_ADDRESS
    connection_spec: t.ClassVar[dict[str, t.Any]] = {"token": {"type": "str", "no_log": True}, **CONNECTION_SPEC}
    filters_spec: t.ClassVar[dict[str, t.Any]] = {"region_id": {"type": "str"}, "name": {"type": "str"}}
    client_class = ExampleClient
    find_credentials = staticmethod(example_credentials)
    default_endpoint = "api.example.com"
    endpoint_variable = "EXAMPLE_ENDPOINT"
    network_interfaces = ListAction("list_interfaces", ("interfaces",), "id")
    ids_parameter = "ids"
    paging = PageTokens(page_size="limit", token="after", next_token="next")
    vpc_field = "network"
    identity = IdentityAction("whoami", "account", "every token may call it")
    sources = (
        InUseSource(EIP, in_each_region(_FLOATING_IPS, "region"), _floating_ip_uses),
        InUseSource("container", in_each_vpc(_CONTAINERS, "network"), _container_uses),
    )

    def filter_parameters(self, filters: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        return {"region": filters.get("region_id"), "label": filters.get("name")}

    def _network_interface(self, item: dict[str, t.Any]) -> NetworkInterface:
        """Read one entry of interfaces: C(ip) is the primary address, C(extra_ips) are the others."""
        primary, listed = cloud_address(item.get("ip")), item.get("extra_ips")
        secondary = [cloud_address(address) for address in listed] if isinstance(listed, list) else [None]
        return NetworkInterface(
            network_interface_id=item["id"],
            name=text(item.get("label")),
            status=text(item.get("state")),
            region_id=text(item.get("region")),
            vpc_id=text(item.get("network")),
            subnet_id=text(item.get("subnet")),
            instance_id=text(item.get("server")),
            primary_private_ip=primary,
            secondary_private_ips=tuple(sort_addresses({one for one in secondary if one and one != primary})),
            transitional=item.get("state") == "moving",
            addresses_told=primary is not None and None not in secondary,
            instance_told="server" in item,
        )

    def unassign(self, network_interface_id: str, addresses: t.Sequence[str]) -> str | None:
        answer = self._client.write("remove_ips", {"id": network_interface_id, "ips": list(addresses)})
        return text(answer.get("request"))

    def assign(self, network_interface_id: str, addresses: t.Sequence[str]) -> str | None:
        answer = self._client.write("add_ips", {"id": network_interface_id, "ips": list(addresses)})
        return text(answer.get("request"))
