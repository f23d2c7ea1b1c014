# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The official SDK of ENS works against the simulator as it would against the cloud."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator

models = pytest.importorskip("alibabacloud_ens20171110.models")
Client = pytest.importorskip("alibabacloud_ens20171110.client").Client
Config = pytest.importorskip("alibabacloud_tea_openapi.models").Config
exceptions = pytest.importorskip("alibabacloud_tea_openapi.exceptions")

MakeClient = Callable[..., Any]


@pytest.fixture
def connect(sim: Simulator) -> MakeClient:
    def make(index: int = 0, **changed: str) -> Any:
        account = {**sim.account("ens", index), **changed}
        return Client(Config(endpoint=sim.host_port, protocol="http", **account))

    return make


@pytest.fixture
def client(connect: MakeClient) -> Any:
    return connect()


def describe(client: Any, **wish: Any) -> Any:
    return client.describe_network_interfaces(models.DescribeNetworkInterfacesRequest(**wish)).body


def ids(client: Any, **wish: Any) -> list[str]:
    found = describe(client, **wish).network_interface_sets.network_interface_set
    return [nic.network_interface_id.removeprefix("eni-") for nic in found]


def unassign(client: Any, nic_id: str, *addresses: str) -> Any:
    request = models.UnassignPrivateIpAddressesRequest(network_interface_id=nic_id, private_ip_address=list(addresses))
    return client.unassign_private_ip_addresses(request).body.request_id


def refusal(call: Callable[[], Any]) -> Any:
    with pytest.raises(exceptions.ClientException) as caught:
        call()
    return caught.value


def test_network_interface_comes_with_every_field(client: Any) -> None:
    body = describe(client, network_interface_id="eni-hangzhou-web-1")
    assert (body.total_count, body.page_number, body.page_size) == (1, 1, 50)
    nic = body.network_interface_sets.network_interface_set[0]
    shown = [(entry.private_ip_address, entry.primary) for entry in nic.private_ip_sets.private_ip_set]
    assert shown == [("10.10.1.10", True), ("10.10.1.11", False), ("10.10.1.12", False), ("10.10.1.13", False)]
    assert nic.primary_ip == "10.10.1.10"
    assert (nic.network_interface_name, nic.type, nic.status) == ("web-1", "Primary", "InUse")
    assert (nic.ens_region_id, nic.network_id, nic.v_switch_id) == ("cn-hangzhou-44", "n-shop", "vsw-hangzhou-web")
    assert (nic.instance_id, nic.security_group_ids.security_group) == ("i-hangzhou-web-1", ["sg-hangzhou-web"])
    assert nic.mac_address


def test_pages_give_every_network_interface_once(client: Any) -> None:
    pages = [ids(client, page_size="2", page_number=str(number)) for number in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [2, 2, 2, 0]
    assert sorted(nic_id for page in pages for nic_id in page) == sorted(ids(client, page_size="100"))


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"network_interface_ids": ["eni-beijing-spare", "eni-gone"]}, ["beijing-spare"]),
        ({"network_interface_id": "eni-gone"}, []),
        ({"ens_region_id": "cn-beijing-15"}, ["beijing-video-1", "beijing-spare"]),
        ({"ens_region_ids": ["cn-beijing-15"]}, ["beijing-video-1", "beijing-spare"]),
        ({"network_id": "n-video"}, ["beijing-video-1", "beijing-spare"]),
        ({"v_switch_id": "vsw-hangzhou-db"}, ["hangzhou-db-1"]),
        ({"instance_id": "i-hangzhou-web-2"}, ["hangzhou-web-2"]),
        ({"security_group_id": "sg-hangzhou-web"}, ["hangzhou-web-1", "hangzhou-web-2"]),
        ({"network_interface_name": "video-1"}, ["beijing-video-1"]),
        ({"primary_ip_address": "10.10.1.20"}, ["hangzhou-web-2"]),
        ({"primary_ip_address": "10.10.1.21"}, []),
        ({"status": "Available"}, ["beijing-spare"]),
        ({"type": "Secondary", "ens_region_id": "cn-beijing-15", "status": "InUse"}, ["beijing-video-1"]),
        ({"ipv_6address": ["2001:db8::1"]}, []),
    ],
    ids=str,
)
def test_filter(client: Any, wish: dict[str, Any], expected: list[str]) -> None:
    assert ids(client, **wish) == expected


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"page_size": "101"}, "InvalidPageSize"),
        ({"page_size": "many"}, "InvalidPageSize"),
        ({"page_number": "0"}, "InvalidPageNumber"),
        ({"network_interface_ids": [f"eni-{number}" for number in range(101)]}, "InvalidNetworkInterfaceIds"),
    ],
    ids=["large page", "page in words", "page zero", "101 ids"],
)
def test_read_beyond_the_limits_is_refused(client: Any, wish: dict[str, Any], code: str) -> None:
    assert refusal(lambda: describe(client, **wish)).code == code


def test_unassign_takes_the_addresses_away(client: Any, sim: Simulator) -> None:
    request_id = unassign(client, "eni-hangzhou-web-1", "10.10.1.11", "10.10.1.13")
    assert sim.addresses("eni-hangzhou-web-1") == ("10.10.1.10", ["10.10.1.12"])
    call = sim.calls(write=True)[0]
    assert (call["request_id"], call["http_status"], call["code"], call["applied"]) == (request_id, 200, None, True)
    assert call["parameters"]["PrivateIpAddress"] == ["10.10.1.11", "10.10.1.13"]


def test_more_than_nine_addresses_arrive_in_their_order(client: Any, sim: Simulator) -> None:
    addresses = [f"10.10.1.{number}" for number in range(101, 113)]
    refusal(lambda: unassign(client, "eni-hangzhou-web-1", *addresses))
    assert sim.calls(write=True)[0]["private_ip_addresses"] == addresses


@pytest.mark.parametrize(
    ("nic_id", "addresses", "code"),
    [
        ("eni-gone", ["10.10.1.11"], "InvalidEniId.NotFound"),
        ("eni-hangzhou-web-1", ["10.10.1.99"], "InvalidPrivateIpAddress.NotFound"),
        ("eni-hangzhou-web-1", ["10.10.1.21"], "InvalidPrivateIpAddress.NotFound"),
        ("eni-hangzhou-web-1", ["10.10.1.10"], "IncorrectPrivateIpAddressStatus"),
        ("eni-hangzhou-web-2", ["10.10.1.21"], "IncorrectPrivateIpAddressStatus"),
        ("eni-hangzhou-web-2", ["10.10.1.22"], "IncorrectPrivateIpAddressStatus"),
        ("eni-hangzhou-web-2", ["10.10.1.24"], "IncorrectPrivateIpAddressStatus"),
        ("eni-hangzhou-web-1", [], "MissingPrivateIpAddress"),
        ("", ["10.10.1.11"], "MissingNetworkInterfaceId"),
        ("eni-hangzhou-web-1", ["10.10.1.300"], "InvalidPrivateIpAddress"),
    ],
    ids=[
        "no such interface",
        "no such address",
        "address of another",
        "primary",
        "load balancer",
        "dnat",
        "ha vip",
        "no list",
        "no interface",
        "no address at all",
    ],
)
def test_refused_unassign(client: Any, sim: Simulator, nic_id: str, addresses: list[str], code: str) -> None:
    before = sim.estate()["ens"]
    error = refusal(lambda: unassign(client, nic_id, *addresses))
    assert (error.status_code, error.code) == (400, code)
    assert sim.estate()["ens"] == before
    call = sim.calls(write=True)[0]
    assert (call["code"], call["request_id"], call["applied"]) == (code, error.request_id, False)


def test_network_interface_in_transition_is_refused(client: Any, sim: Simulator) -> None:
    nic_id = "eni-hangzhou-web-1"
    sim.change(kind="set_network_interface", network_interface_id=nic_id, values={"status": "Detaching"})
    assert refusal(lambda: unassign(client, nic_id, "10.10.1.11")).code == "IncorrectPrivateIpAddressStatus"
    request = models.AssignPrivateIpAddressesRequest(network_interface_id=nic_id)
    assert refusal(lambda: client.assign_private_ip_addresses(request)).code == "IncorrectInstanceStatus"


def test_assign_picks_a_free_address(client: Any, sim: Simulator) -> None:
    request = models.AssignPrivateIpAddressesRequest(network_interface_id="eni-hangzhou-web-1")
    given = client.assign_private_ip_addresses(request).body.assigned_private_ip_addresses_set
    assert (given.network_interface_id, len(given.private_ip_set)) == ("eni-hangzhou-web-1", 1)
    assert given.private_ip_set[0] in sim.addresses("eni-hangzhou-web-1")[1]


def test_what_uses_addresses_can_be_looked_up(client: Any) -> None:
    eips = client.describe_ens_eip_addresses(
        models.DescribeEnsEipAddressesRequest(
            associated_instance_id="eni-beijing-video-1", associated_instance_type="NetworkInterface", page_size=10
        )
    ).body.eip_addresses.eip_address
    assert [(eip.allocation_id, eip.ip_address, eip.status) for eip in eips] == [
        ("eip-beijing-video", "203.0.113.10", "InUse")
    ]
    vips = client.describe_ha_vips(models.DescribeHaVipsRequest(network_id="n-shop")).body.ha_vips
    assert [member.ip_address for vip in vips for member in vip.associated_instances] == ["10.10.1.24"]
    for wish in ({"network_id": "n-shop"}, {"server_id": "eni-hangzhou-web-2"}):
        found = client.describe_load_balancers(models.DescribeLoadBalancersRequest(**wish)).body
        assert [entry.load_balancer_id for entry in found.load_balancers.load_balancer] == ["lb-hangzhou-web"]
    attribute = models.DescribeLoadBalancerAttributeRequest(load_balancer_id="lb-hangzhou-web")
    backends = client.describe_load_balancer_attribute(attribute).body.backend_servers
    assert [(entry.ip, entry.server_id, entry.type) for entry in backends] == [
        ("10.10.1.21", "eni-hangzhou-web-2", "eni")
    ]
    gateways = client.describe_nat_gateways(models.DescribeNatGatewaysRequest(network_id="n-shop")).body.nat_gateways
    assert [gateway.nat_gateway_id for gateway in gateways] == ["nat-hangzhou"]
    forward = models.DescribeForwardTableEntriesRequest(nat_gateway_id="nat-hangzhou", internal_ip="10.10.1.22")
    entries = client.describe_forward_table_entries(forward).body.forward_table_entries
    assert [(entry.forward_entry_id, entry.internal_ip) for entry in entries] == [("fwd-hangzhou-ssh", "10.10.1.22")]
    snat = models.DescribeSnatTableEntriesRequest(nat_gateway_id="nat-hangzhou")
    assert client.describe_snat_table_entries(snat).body.snat_table_entries[0].source_cidr == "10.10.1.0/24"


def test_eip_pages_have_at_least_ten_entries(client: Any) -> None:
    request = models.DescribeEnsEipAddressesRequest(page_size=9)
    assert refusal(lambda: client.describe_ens_eip_addresses(request)).code == "InvalidPageSize"


def test_credentials_are_checked(connect: MakeClient) -> None:
    error = refusal(lambda: describe(connect(access_key_secret="wrong")))
    assert (error.status_code, error.code) == (400, "SignatureDoesNotMatch")
    error = refusal(lambda: describe(connect(access_key_id="LTAI-UNKNOWN")))
    assert (error.status_code, error.code) == (404, "InvalidAccessKeyId.NotFound")
    assert describe(connect(2)).total_count == 6  # STS
    assert refusal(lambda: describe(connect(3))).code == "InvalidSecurityToken.Expired"
    wrong_token = connect(2, security_token="other")
    assert refusal(lambda: describe(wrong_token)).code == "InvalidSecurityToken.MismatchWithAccessKey"


def test_denied_action_is_refused_and_others_are_not(connect: MakeClient) -> None:
    reader = connect(1)
    assert describe(reader).total_count == 6
    assert refusal(lambda: unassign(reader, "eni-hangzhou-web-1", "10.10.1.11")).code == "NoPermission"


def test_clock_that_is_far_off_is_refused(client: Any, sim: Simulator) -> None:
    sim.set(clock_offset=16 * 60)
    assert refusal(lambda: describe(client)).code == "InvalidTimeStamp.Expired"


def test_throttling_names_the_pause_in_milliseconds(client: Any, sim: Simulator) -> None:
    sim.set(throttle={"write": {"rate": 0.1, "retry_after_ms": 2500}})
    unassign(client, "eni-hangzhou-web-1", "10.10.1.11")
    with pytest.raises(exceptions.ThrottlingException) as caught:
        unassign(client, "eni-hangzhou-web-1", "10.10.1.12")
    assert (caught.value.code, caught.value.retry_after) == ("Throttling.User", 2500)
    assert sim.addresses("eni-hangzhou-web-1")[1] == ["10.10.1.12", "10.10.1.13"]
    assert describe(client).total_count == 6, "reads have a bucket of their own"
