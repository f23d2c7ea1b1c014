# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The official SDK of ZEC and ZLB works against the simulator as it would against the cloud."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator

Config = pytest.importorskip("zenlayercloud.common.config").Config
credentials = pytest.importorskip("zenlayercloud.common.credential")
SdkException = pytest.importorskip(
    "zenlayercloud.common.excpetion.zenlayer_cloud_sdk_exception"
).ZenlayerCloudSdkException
models = pytest.importorskip("zenlayercloud.zec.v20250901.models")
ZecClient = pytest.importorskip("zenlayercloud.zec.v20250901.zec_client").ZecClient
ZecClient24 = pytest.importorskip("zenlayercloud.zec.v20240401.zec_client").ZecClient
zlb_models = pytest.importorskip("zenlayercloud.zlb.v20250401.models")
ZlbClient = pytest.importorskip("zenlayercloud.zlb.v20250401.zlb_client").ZlbClient

MakeClient = Callable[..., Any]
GAME_1, GAME_2 = "nic-hongkong-game-1", "nic-hongkong-game-2"


@pytest.fixture
def connect(sim: Simulator) -> MakeClient:
    def make(kind: Any = ZecClient, credential: Any = None, retries: int = 0) -> Any:
        account = sim.account("zec")
        credential = credential or credentials.Credential(account["access_key_id"], account["access_key_secret"])
        config = Config(scheme="http", domain=sim.host_port, request_timeout=5, rate_limit_max_retries=retries)
        return kind(credential, config)

    return make


@pytest.fixture
def client(connect: MakeClient) -> Any:
    return connect()


def request_of(kind: Any, **fields: Any) -> Any:
    request = kind()
    for name, value in fields.items():
        setattr(request, name, value)
    return request


def describe(client: Any, **wish: Any) -> Any:
    return client.DescribeNetworkInterfaces(request_of(models.DescribeNetworkInterfacesRequest, **wish))


def ids(client: Any, **wish: Any) -> list[str]:
    return [nic.nicId.removeprefix("nic-") for nic in describe(client, **wish).dataSet]


def unassign(client: Any, nic_id: str | None, *addresses: str) -> Any:
    request = request_of(models.UnassignNetworkInterfaceIpv4Request, nicId=nic_id, ipAddresses=list(addresses))
    return client.UnassignNetworkInterfaceIpv4(request).requestId


def assign(client: Any, nic_id: str, **wish: Any) -> Any:
    request = request_of(models.BatchAssignNetworkInterfaceIpv4Request, nicId=nic_id, **wish)
    return client.BatchAssignNetworkInterfaceIpv4(request).ipAddresses


def refusal(call: Callable[[], Any]) -> Any:
    with pytest.raises(SdkException) as caught:
        call()
    return caught.value.code


def test_network_interface_comes_with_every_field(client: Any) -> None:
    answer = describe(client, nicIds=[GAME_1])
    assert answer.totalCount == 1
    nic = answer.dataSet[0]
    assert (nic.primaryIpv4, nic.secondaryIpv4s) == ("10.30.1.10", ["10.30.1.11", "10.30.1.12", "10.30.1.13"])
    assert nic.privateIpList == [nic.primaryIpv4, *nic.secondaryIpv4s]
    assert (nic.name, nic.status, nic.nicType, nic.nicSubnetType) == ("game-1", "USED", "Primary", "IPv4")
    assert (nic.regionId, nic.vpcId, nic.subnetId) == ("asia-east-1", "vpc-game", "subnet-hongkong-game")
    assert (nic.instanceId, nic.securityGroupId) == ("zec-hongkong-game-1", "sg-game")
    assert {tag.key: tag.value for tag in nic.tags.tags} == {"env": "prod", "team": "game"}
    assert nic.resourceGroup.resourceGroupId == "rg-default"
    assert describe(client, nicIds=[GAME_2]).dataSet[0].publicIpList == ["198.51.100.10"]


def test_pages_give_every_network_interface_once(client: Any) -> None:
    pages = [ids(client, pageSize=2, pageNum=number) for number in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert sorted(nic_id for page in pages for nic_id in page) == sorted(ids(client))


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"nicIds": ["nic-frankfurt-spare", "nic-gone"]}, ["frankfurt-spare"]),
        ({"name": "API"}, ["frankfurt-api-1", "frankfurt-api-2"]),
        ({"regionId": "asia-east-1"}, ["hongkong-game-1", "hongkong-game-2"]),
        ({"vpcId": "vpc-game", "instanceId": "zec-hongkong-game-2"}, ["hongkong-game-2"]),
        ({"subnetId": "subnet-frankfurt-api", "nicType": "Primary"}, ["frankfurt-api-1"]),
        ({"status": "AVAILABLE"}, ["frankfurt-spare"]),
        ({"resourceGroupId": "rg-other"}, []),
        ({"securityGroupId": "sg-api"}, ["frankfurt-api-1", "frankfurt-api-2"]),
        ({"nicSubnetType": "IPv6"}, []),
        ({"tagKeys": ["team"]}, ["hongkong-game-1", "hongkong-game-2"]),
        ({"tags": [{"key": "env", "value": "test"}]}, ["frankfurt-api-1"]),
    ],
    ids=str,
)
def test_filter(client: Any, wish: dict[str, Any], expected: list[str]) -> None:
    if "tags" in wish:
        wish = {"tags": [request_of(models.Tag, **tag) for tag in wish["tags"]]}
    assert ids(client, **wish) == expected


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"pageSize": 1001}, "INVALID_PARAMETER_EXCEED_MAXIMUM"),
        ({"pageNum": 0}, "INVALID_PARAMETER_LESS_MINIMUM"),
        ({"pageSize": "20"}, "INVALID_PARAMETER_TYPE"),
        ({"nicIds": [f"nic-{number}" for number in range(101)]}, "INVALID_PARAMETER_EXCEED_LENGTH"),
    ],
    ids=["large page", "page zero", "page as text", "101 ids"],
)
def test_read_beyond_the_limits_is_refused(client: Any, wish: dict[str, Any], code: str) -> None:
    assert refusal(lambda: describe(client, **wish)) == code


def test_unassign_takes_the_addresses_away(client: Any, sim: Simulator) -> None:
    request_id = unassign(client, GAME_1, "10.30.1.11", "10.30.1.13")
    assert sim.addresses(GAME_1) == ("10.30.1.10", ["10.30.1.12"])
    call = sim.calls(write=True)[0]
    assert (call["request_id"], call["http_status"], call["code"], call["applied"]) == (request_id, 200, None, True)


def test_list_wins_over_the_deprecated_single_address(client: Any, sim: Simulator) -> None:
    wish = {"nicId": GAME_1, "ipAddress": "10.30.1.11", "ipAddresses": ["10.30.1.12"]}
    client.UnassignNetworkInterfaceIpv4(request_of(models.UnassignNetworkInterfaceIpv4Request, **wish))
    del wish["ipAddresses"]
    assert sim.addresses(GAME_1)[1] == ["10.30.1.11", "10.30.1.13"]
    client.UnassignNetworkInterfaceIpv4(request_of(models.UnassignNetworkInterfaceIpv4Request, **wish))
    assert sim.addresses(GAME_1)[1] == ["10.30.1.13"]


@pytest.mark.parametrize(
    ("nic_id", "addresses", "status", "code"),
    [
        ("nic-gone", ["10.30.1.11"], 404, "INVALID_NIC_NOT_FOUND"),
        (GAME_1, ["10.30.1.10"], 409, "INVALID_NIC_PRIMARY_IP_CANT_DETACH"),
        (GAME_2, ["10.30.1.21"], 409, "INVALID_NIC_HAS_PUBLIC_IP_CANT_DETACH"),
        (GAME_2, ["10.30.1.22"], 409, "INVALID_NIC_LB_ASSOCIATED"),
        (GAME_1, ["10.30.1.99"], 404, "OPERATION_FAILED_RESOURCE_NOT_FOUND"),
        (GAME_1, [], 400, "MISSING_PARAMETER"),
        (None, ["10.30.1.11"], 400, "MISSING_PARAMETER"),
        (GAME_1, ["10.30.1.300"], 400, "INVALID_PARAMETER_PATTERN_ERROR"),
    ],
    ids=["no such interface", "primary", "eip", "load balancer", "no such address", "no list", "no interface", "text"],
)
def test_refused_unassign(
    client: Any, sim: Simulator, *, nic_id: str | None, addresses: list[str], status: int, code: str
) -> None:
    before = sim.estate()["zec"]
    with pytest.raises(SdkException) as caught:
        unassign(client, nic_id, *addresses)
    assert caught.value.code == code
    assert sim.estate()["zec"] == before
    call = sim.calls(write=True)[0]
    assert (call["http_status"], call["code"], call["request_id"]) == (status, code, caught.value.request_id)


def test_network_interface_in_transition_is_refused(client: Any, sim: Simulator) -> None:
    sim.change(kind="set_network_interface", network_interface_id=GAME_1, values={"status": "ATTACHING"})
    assert refusal(lambda: unassign(client, GAME_1, "10.30.1.11")) == "INVALID_NIC_STATUS"
    assert refusal(lambda: assign(client, GAME_1, ipAddressCount=1)) == "INVALID_NIC_STATUS"


def test_assign_gives_the_chosen_address(client: Any, sim: Simulator) -> None:
    request = request_of(models.AssignNetworkInterfaceIpv4Request, nicId=GAME_1, ipAddress="10.30.1.55")
    client.AssignNetworkInterfaceIpv4(request)
    assert "10.30.1.55" in sim.addresses(GAME_1)[1]


def test_batch_assign_by_list_and_by_count(client: Any, sim: Simulator) -> None:
    assert assign(client, GAME_1, ipAddresses=["10.30.1.55", "10.30.1.56"], ipAddressCount=9) == [
        "10.30.1.55",
        "10.30.1.56",
    ]
    picked = assign(client, GAME_1, ipAddressCount=2)
    assert len(set(picked)) == 2
    assert sim.addresses(GAME_1)[1][-2:] == picked


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("10.31.0.1", "INVALID_IP_OUT_OF_RANGE"),
        ("10.30.1.0", "INVALID_IP_NETWORK_ADDRESS"),
        ("10.30.1.1", "INVALID_IP_FIRST_ADDRESS"),
        ("10.30.1.255", "INVALID_IP_BROADCAST_ADDRESS"),
        ("10.30.1.20", "INVALID_SUBNET_PRIVATE_IPV4_IN_USED"),
    ],
)
def test_batch_assign_is_all_or_nothing(client: Any, sim: Simulator, address: str, code: str) -> None:
    assert refusal(lambda: assign(client, GAME_1, ipAddresses=["10.30.1.55", address])) == code
    assert "10.30.1.55" not in sim.addresses(GAME_1)[1]


def test_network_interface_holds_ten_addresses(client: Any, sim: Simulator) -> None:
    assert refusal(lambda: assign(client, GAME_1, ipAddressCount=7)) == "INVALID_NIC_PRIVATE_IP_EXCEED_LIMIT"
    assert sim.calls(write=True)[0]["http_status"] == 403
    assert len(assign(client, GAME_1, ipAddressCount=6)) == 6


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK warns of a field of its own
def test_what_uses_addresses_can_be_looked_up(client: Any, connect: MakeClient) -> None:
    wish = request_of(models.DescribeEipsRequest, associatedId=GAME_2, privateIpAddress="10.30.1.21")
    eips = client.DescribeEips(wish).dataSet
    assert [(eip.eipId, eip.publicIpAddresses, eip.associatedType, eip.status) for eip in eips] == [
        ("eip-hongkong-game", ["198.51.100.10"], "NIC", "BINDED")
    ]
    vips = client.DescribeHaVips(request_of(models.DescribeHaVipsRequest, vpcIds=["vpc-game"])).dataSet
    assert [(vip.ipAddress, vip.masterInstanceId) for vip in vips] == [("10.30.1.100", "zec-hongkong-game-1")]
    gateways = client.DescribeNatGateways(request_of(models.DescribeNatGatewaysRequest, vpcId="vpc-game")).dataSet
    wish = request_of(models.DescribeNatGatewayDetailRequest, natGatewayId=gateways[0].natGatewayId)
    detail = client.DescribeNatGatewayDetail(wish)
    assert [(dnat.dnatEntryId, dnat.privateIp) for dnat in detail.dnats] == [("dnat-hongkong-ssh", "10.30.1.23")]
    assert detail.snats[0].cidrs == ["10.30.1.0/24"]
    zlb = connect(ZlbClient)
    balancers = zlb.DescribeLoadBalancers(request_of(zlb_models.DescribeLoadBalancersRequest)).dataSet
    assert {entry.loadBalancerId: entry.backendServerCount for entry in balancers} == {
        "lb-hongkong-game": 1,
        "lb-frankfurt-empty": 0,
    }
    wish = request_of(zlb_models.DescribeBackendsRequest, loadBalancerId="lb-hongkong-game")
    assert [entry.privateIpAddress for entry in zlb.DescribeBackends(wish).backends] == ["10.30.1.22"]


def test_older_version_works_with_its_own_spelling_of_unassign(connect: MakeClient, sim: Simulator) -> None:
    unassign(connect(ZecClient24), GAME_1, "10.30.1.11")
    assert sim.calls()[0]["version"] == "2024-04-01"
    assert sim.addresses(GAME_1)[1] == ["10.30.1.12", "10.30.1.13"]


def test_credentials_are_checked(connect: MakeClient, sim: Simulator) -> None:
    key_id = sim.account("zec")["access_key_id"]
    wrong = connect(credential=credentials.Credential(key_id, "wrong"))
    assert refusal(lambda: describe(wrong)) == "AUTHFAILURE_SIGNATURE_FAILURE"
    unknown = connect(credential=credentials.Credential("ZEC-UNKNOWN", "wrong"))
    assert refusal(lambda: describe(unknown)) == "AUTHFAILURE_INVALID_AUTHORIZATION"
    assert describe(connect(credential=credentials.TokenCredential("demo-token-operator"))).totalCount == 5
    for token in ("demo-token-expired", "demo-token-unknown"):
        with pytest.raises(SdkException, match="AUTHFAILURE_INVALID_AUTHORIZATION"):
            describe(connect(credential=credentials.TokenCredential(token)))


def test_denied_action_is_refused_and_others_are_not(connect: MakeClient) -> None:
    reader = connect(credential=credentials.Credential("ZEC-DEMO-READER", "demo-password-reader"))
    assert describe(reader).totalCount == 5
    assert refusal(lambda: unassign(reader, GAME_1, "10.30.1.11")) == "AUTHFAILURE_UNAUTHORIZED_OPERATION"


def test_clock_that_is_far_off_is_refused(client: Any, sim: Simulator) -> None:
    sim.set(clock_offset=-6 * 60)
    assert refusal(lambda: describe(client)) == "AUTHFAILURE_SIGNATURE_EXPIRED"


def test_sdk_gets_through_throttling_by_itself(connect: MakeClient, sim: Simulator) -> None:
    sim.set(throttle={"DescribeNetworkInterfaces": {"rate": 1.2}})
    client = connect(retries=1)
    assert [describe(client).totalCount for _call in range(2)] == [5, 5]
    assert [call["http_status"] for call in sim.calls()] == [200, 429, 200]
