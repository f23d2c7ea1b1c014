# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The three calls of each cloud that a cleanup needs, through its official SDK."""

from __future__ import annotations

import argparse
import importlib
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

PAGE_SIZE = 50


class Cloud(ABC):
    """One client of the SDK."""

    @abstractmethod
    def page(self, number: int) -> tuple[dict[str, list[str]], int]:
        """Give the secondary addresses by network interface on one page, and how many network interfaces there are."""

    @abstractmethod
    def read(self, identifiers: Sequence[str]) -> dict[str, list[str]]:
        """Give the secondary addresses of up to a page of network interfaces."""

    @abstractmethod
    def unassign(self, identifier: str, addresses: list[str]) -> None:
        """Take addresses off a network interface."""


class Ens(Cloud):
    """Alibaba Cloud ENS. The SDK keeps connections open between calls."""

    def __init__(self, endpoint: str) -> None:
        # Imported by name: the SDK has no types, and not every machine that checks them has the SDK.
        self._models: Any = importlib.import_module("alibabacloud_ens20171110.models")
        client: Any = importlib.import_module("alibabacloud_ens20171110.client")
        config: Any = importlib.import_module("alibabacloud_tea_openapi.models")
        self._client = client.Client(
            config.Config(
                endpoint=endpoint,
                protocol="http",
                access_key_id=os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
                access_key_secret=os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
            )
        )

    def page(self, number: int) -> tuple[dict[str, list[str]], int]:
        return self._describe(page_size=str(PAGE_SIZE), page_number=str(number))

    def read(self, identifiers: Sequence[str]) -> dict[str, list[str]]:
        return self._describe(network_interface_ids=list(identifiers), page_size=str(PAGE_SIZE))[0]

    def _describe(self, **wish: Any) -> tuple[dict[str, list[str]], int]:
        body = self._client.describe_network_interfaces(self._models.DescribeNetworkInterfacesRequest(**wish)).body
        found = {
            nic.network_interface_id: [
                entry.private_ip_address for entry in nic.private_ip_sets.private_ip_set if not entry.primary
            ]
            for nic in body.network_interface_sets.network_interface_set
        }
        return found, int(body.total_count)

    def unassign(self, identifier: str, addresses: list[str]) -> None:
        self._client.unassign_private_ip_addresses(
            self._models.UnassignPrivateIpAddressesRequest(
                network_interface_id=identifier, private_ip_address=addresses
            )
        )


class Zec(Cloud):
    """Zenlayer ZEC. The SDK opens a connection for every call, whatever its C(keep_alive) says."""

    def __init__(self, endpoint: str) -> None:
        self._models: Any = importlib.import_module("zenlayercloud.zec.v20250901.models")
        client: Any = importlib.import_module("zenlayercloud.zec.v20250901.zec_client")
        config: Any = importlib.import_module("zenlayercloud.common.config")
        credential: Any = importlib.import_module("zenlayercloud.common.credential")
        self._client = client.ZecClient(
            credential.Credential(
                os.environ["ZENLAYERCLOUD_ACCESS_KEY_ID"], os.environ["ZENLAYERCLOUD_ACCESS_KEY_PASSWORD"]
            ),
            config.Config(scheme="http", domain=endpoint, keep_alive=True),
        )

    def page(self, number: int) -> tuple[dict[str, list[str]], int]:
        return self._describe(pageSize=PAGE_SIZE, pageNum=number)

    def read(self, identifiers: Sequence[str]) -> dict[str, list[str]]:
        return self._describe(nicIds=list(identifiers), pageSize=PAGE_SIZE)[0]

    def _describe(self, **wish: Any) -> tuple[dict[str, list[str]], int]:
        answer = self._client.DescribeNetworkInterfaces(
            _filled(self._models.DescribeNetworkInterfacesRequest(), **wish)
        )
        found = {
            nic.nicId: [address for address in nic.privateIpList if address != nic.primaryIpv4]
            for nic in answer.dataSet
        }
        return found, int(answer.totalCount)

    def unassign(self, identifier: str, addresses: list[str]) -> None:
        self._client.UnassignNetworkInterfaceIpv4(
            _filled(self._models.UnassignNetworkInterfaceIpv4Request(), nicId=identifier, ipAddresses=addresses)
        )


def _filled(request: Any, **fields: Any) -> Any:
    for name, value in fields.items():
        setattr(request, name, value)
    return request


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cloud", choices=["ens", "zec"], required=True)
    parser.add_argument("--endpoint", required=True, help="host:port")
    parser.add_argument("--count", type=int, required=True, help="clean so many network interfaces")
    parser.add_argument("--width", type=int, required=True, help="calls in flight")
    return parser.parse_args()


def connect(options: argparse.Namespace) -> Cloud:
    return Ens(options.endpoint) if options.cloud == "ens" else Zec(options.endpoint)
