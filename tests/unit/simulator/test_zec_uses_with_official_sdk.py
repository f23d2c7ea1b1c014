# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The official SDK of Zenlayer reads from the simulator whose a key is, and all that can use an address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.simulator.estate import DEMO

Config = pytest.importorskip("zenlayercloud.common.config").Config
Credential = pytest.importorskip("zenlayercloud.common.credential").Credential
SdkException = pytest.importorskip(
    "zenlayercloud.common.excpetion.zenlayer_cloud_sdk_exception"
).ZenlayerCloudSdkException
zec = pytest.importorskip("zenlayercloud.zec.v20250901.models")
ZecClient = pytest.importorskip("zenlayercloud.zec.v20250901.zec_client").ZecClient
zlb = pytest.importorskip("zenlayercloud.zlb.v20250401.models")
ZlbClient = pytest.importorskip("zenlayercloud.zlb.v20250401.zlb_client").ZlbClient
zbc = pytest.importorskip("zenlayercloud.zbc.v20240809.models")
ZbcClient = pytest.importorskip("zenlayercloud.zbc.v20240809.zbc_client").ZbcClient
pvtdns = pytest.importorskip("zenlayercloud.pvtdns.v20251101.models")
PvtdnsClient = pytest.importorskip("zenlayercloud.pvtdns.v20251101.pvtdns_client").PvtdnsClient
zdns = pytest.importorskip("zenlayercloud.zdns.v20251101.models")
ZdnsClient = pytest.importorskip("zenlayercloud.zdns.v20251101.zdns_client").ZDNSClient

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK warns of a field of its own

USES = DEMO.with_name("uses.yml")
OPERATOR, GROUP, NARROW = range(3)
DNS = [(PvtdnsClient, pvtdns), (ZdnsClient, zdns)]
MakeClient = Callable[..., Any]


@pytest.fixture
def connect(sim: Simulator) -> MakeClient:
    sim.load(USES)

    def make(kind: Any = ZecClient, index: int = OPERATOR) -> Any:
        account = sim.account("zec", index)
        credential = Credential(account["access_key_id"], account["access_key_secret"])
        return kind(credential, Config(scheme="http", domain=sim.host_port, request_timeout=5))

    return make


def request_of(kind: Any, **fields: Any) -> Any:
    request = kind()
    for name, value in fields.items():
        assert hasattr(request, name), f"the SDK knows {name}"
        setattr(request, name, value)
    return request


def eips(client: Any, **wish: Any) -> dict[str, Any]:
    return {eip.eipId: eip for eip in client.DescribeEips(request_of(zec.DescribeEipsRequest, **wish)).dataSet}


def nics(client: Any, **wish: Any) -> dict[str, Any]:
    found = client.DescribeNetworkInterfaces(request_of(zec.DescribeNetworkInterfacesRequest, **wish)).dataSet
    return {nic.nicId: nic for nic in found}


def gateways(client: Any) -> list[str]:
    found = client.DescribeNatGateways(request_of(zec.DescribeNatGatewaysRequest, vpcId="vpc-game")).dataSet
    return [gateway.natGatewayId for gateway in found]


def gateway(client: Any, gateway_id: str) -> Any:
    return client.DescribeNatGatewayDetail(request_of(zec.DescribeNatGatewayDetailRequest, natGatewayId=gateway_id))


def balancers(client: Any) -> list[str]:
    found = client.DescribeLoadBalancers(request_of(zlb.DescribeLoadBalancersRequest, vpcId="vpc-game")).dataSet
    return [balancer.loadBalancerId for balancer in found]


def zones(client: Any, models: Any, **wish: Any) -> list[str]:
    return [
        zone.zoneId
        for zone in client.DescribePrivateZones(request_of(models.DescribePrivateZonesRequest, **wish)).dataSet
    ]


def records(client: Any, models: Any, **wish: Any) -> list[str]:
    found = client.DescribePrivateZoneRecords(request_of(models.DescribePrivateZoneRecordsRequest, **wish)).dataSet
    return [record.recordId for record in found]


def unassign(client: Any, nic_id: str, address: str) -> Any:
    wish = {"nicId": nic_id, "ipAddresses": [address]}
    return client.UnassignNetworkInterfaceIpv4(request_of(zec.UnassignNetworkInterfaceIpv4Request, **wish))


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(SdkException) as caught:
        call()
    return str(caught.value.code)


def test_balance_tells_whose_the_key_is(connect: MakeClient, sim: Simulator) -> None:
    answer = connect(ZbcClient).DescribeCustomerBalance(zbc.DescribeCustomerBalanceRequest())
    assert (answer.accountUid, answer.cashBalance, answer.creditValue) == ("2000001", 0.0, 1000.0)
    assert [name for name, value in vars(answer).items() if value is None] == []
    assert (sim.calls()[0]["service"], sim.calls()[0]["version"]) == ("zbc", "2024-08-09")
    sim.load({})
    answer = connect(ZbcClient).DescribeCustomerBalance(zbc.DescribeCustomerBalanceRequest())
    assert answer.accountUid == sim.account_id("zec")


def test_balance_can_be_denied_to_an_account(connect: MakeClient) -> None:
    narrow = connect(ZbcClient, NARROW)
    code = refusal(lambda: narrow.DescribeCustomerBalance(zbc.DescribeCustomerBalanceRequest()))
    assert code == "AUTHFAILURE_UNAUTHORIZED_OPERATION"


def test_snat_rules_come_with_their_ranges(connect: MakeClient) -> None:
    snat = gateway(connect(), "nat-game").snats[0]
    assert (snat.snatEntryId, snat.cidrs) == ("snat-one", ["10.30.1.11/32", "10.30.1.128/25"])
    assert (snat.eipIds, snat.isAllEip, snat.snatSubnets) == (["eip-nat"], False, [])


@pytest.mark.parametrize(("kind", "models"), DNS, ids=["pvtdns", "zdns"])
def test_private_zones(connect: MakeClient, kind: Any, models: Any) -> None:
    client = connect(kind)
    answer = client.DescribePrivateZones(request_of(models.DescribePrivateZonesRequest, vpcIds=["vpc-game"]))
    zone = answer.dataSet[0]
    assert (answer.totalCount, zone.zoneId, zone.zoneName) == (1, "zone-game", "game.internal")
    assert (zone.vpcIds, zone.recordCount, zone.resourceGroup.resourceGroupId) == (["vpc-game"], 3, "rg-default")
    assert zones(client, models) == ["zone-game", "zone-hidden"]
    assert zones(client, models, vpcIds=["vpc-gone"]) == []
    assert zones(client, models, zoneIds=["zone-hidden"], vpcIds=["vpc-game"]) == []
    assert zones(client, models, zoneName="HIDDEN", resourceGroupId="rg-other") == ["zone-hidden"]
    assert [zones(client, models, pageSize=1, pageNum=number) for number in (1, 2, 3)] == [
        ["zone-game"],
        ["zone-hidden"],
        [],
    ]
    assert refusal(lambda: zones(client, models, pageSize=1001)) == "INVALID_PARAMETER_EXCEED_MAXIMUM"
    many = [f"vpc-{number}" for number in range(101)]
    assert refusal(lambda: zones(client, models, vpcIds=many)) == "INVALID_PARAMETER_EXCEED_LENGTH"


@pytest.mark.parametrize(("kind", "models"), DNS, ids=["pvtdns", "zdns"])
def test_records_of_a_private_zone(connect: MakeClient, kind: Any, models: Any) -> None:
    client = connect(kind)
    wish = {"zoneId": "zone-game", "type": "A", "value": "10.30.1.12"}
    answer = client.DescribePrivateZoneRecords(request_of(models.DescribePrivateZoneRecordsRequest, **wish))
    record = answer.dataSet[0]
    assert (answer.totalCount, record.recordId, record.zoneId) == (1, "record-a", "zone-game")
    assert (record.type, record.recordName, record.value, record.status) == ("A", "db", "10.30.1.12", "Enabled")
    assert (record.ttl, record.line) == (60, "default")
    assert records(client, models, zoneId="zone-game") == ["record-a", "record-off", "record-text"]
    assert records(client, models, zoneId="zone-game", value="10.30.1.14", type="TXT") == ["record-text"]
    assert records(client, models, zoneId="zone-game", recordIds=["record-off"]) == ["record-off"]
    assert records(client, models, zoneId="zone-game", pageSize=2, pageNum=2) == ["record-text"]
    assert refusal(lambda: records(client, models, zoneId="zone-gone")) == "OPERATION_FAILED_RESOURCE_NOT_FOUND"
    assert refusal(lambda: records(client, models)) == "MISSING_PARAMETER"


def test_newer_name_of_private_dns_filters_and_tells_more(connect: MakeClient) -> None:
    client = connect(ZdnsClient)
    assert records(client, zdns, zoneId="zone-game", status="Disabled") == ["record-off"]
    assert records(client, zdns, zoneId="zone-game", recordName="note", line="default") == ["record-text"]
    wish = request_of(zdns.DescribePrivateZoneRecordsRequest, zoneId="zone-game")
    assert client.DescribePrivateZoneRecords(wish).dataSet[0].lineInfo.line == "default"


def test_private_dns_can_be_denied_to_an_account(connect: MakeClient) -> None:
    narrow = connect(PvtdnsClient, NARROW)
    assert refusal(lambda: zones(narrow, pvtdns)) == "AUTHFAILURE_UNAUTHORIZED_OPERATION"
    assert refusal(lambda: records(narrow, pvtdns, zoneId="zone-game")) == "AUTHFAILURE_UNAUTHORIZED_OPERATION"


def test_public_addresses_of_a_nic_are_its_elastic_ips_and_what_none_explains(connect: MakeClient) -> None:
    client = connect()
    public = {nic_id: nic.publicIpList for nic_id, nic in nics(client, vpcId="vpc-game").items()}
    assert public == {
        "nic-game-1": ["198.51.100.20"],
        "nic-game-2": ["198.51.100.29"],
        "nic-game-3": ["198.51.100.21"],
    }
    explained = {address for eip in eips(client).values() for address in eip.publicIpAddresses}
    assert explained == {"198.51.100.20", "198.51.100.21", "198.51.100.22"}


def test_key_sees_only_the_resource_groups_that_it_was_granted(connect: MakeClient) -> None:
    everything, granted = connect(), connect(index=GROUP)
    assert set(eips(everything)) - set(eips(granted)) == {"eip-hidden"}
    assert eips(granted, associatedId="nic-game-1") == {}
    assert nics(granted)["nic-game-1"].publicIpList == ["198.51.100.20"], "which no elastic IP explains to this key"
    assert (gateways(everything), gateways(granted)) == (["nat-game", "nat-hidden"], ["nat-game"])
    assert balancers(connect(ZlbClient)) == ["lb-hidden"]
    assert balancers(connect(ZlbClient, GROUP)) == []
    assert zones(connect(PvtdnsClient, GROUP), pvtdns) == ["zone-game"]
    # The same question of two keys, which a remembered answer must not mix up.
    assert set(nics(everything)) - set(nics(granted)) == {"nic-hidden-1"}


def test_details_of_another_resource_group_are_not_there(connect: MakeClient) -> None:
    granted, absent = connect(index=GROUP), "OPERATION_FAILED_RESOURCE_NOT_FOUND"
    assert refusal(lambda: gateway(granted, "nat-hidden")) == absent
    backends = request_of(zlb.DescribeBackendsRequest, loadBalancerId="lb-hidden")
    assert refusal(lambda: connect(ZlbClient, GROUP).DescribeBackends(backends)) == absent
    assert refusal(lambda: records(connect(PvtdnsClient, GROUP), pvtdns, zoneId="zone-hidden")) == absent
    assert refusal(lambda: unassign(granted, "nic-hidden-1", "10.30.1.41")) == "INVALID_NIC_NOT_FOUND"


def test_resource_group_is_shown_and_can_be_asked_for(connect: MakeClient) -> None:
    client = connect()
    assert eips(client)["eip-hidden"].resourceGroupId == "rg-other"
    assert list(eips(client, resourceGroupId="rg-other")) == ["eip-hidden"]
    assert list(nics(client, resourceGroupId="rg-other")) == ["nic-hidden-1"]
    found = connect(ZlbClient).DescribeLoadBalancers(request_of(zlb.DescribeLoadBalancersRequest)).dataSet
    assert [balancer.resourceGroup.resourceGroupId for balancer in found] == ["rg-other"]


def test_hidden_elastic_ip_still_keeps_its_address(connect: MakeClient) -> None:
    granted = connect(index=GROUP)
    assert refusal(lambda: unassign(granted, "nic-game-1", "10.30.1.13")) == "INVALID_NIC_HAS_PUBLIC_IP_CANT_DETACH"
    assert unassign(granted, "nic-game-1", "10.30.1.14").requestId


def test_elastic_ip_that_is_being_bound_tells_no_private_address(connect: MakeClient) -> None:
    client = connect()
    eip = eips(client, associatedId="nic-game-3")["eip-assigning"]
    assert (eip.status, eip.associatedType, eip.privateIpAddress) == ("ASSIGNING", "NIC", None)
    assert list(eips(client, status="ASSIGNING")) == ["eip-assigning"]
    assert "eip-assigning" not in eips(client, privateIpAddress="10.30.1.30")


def test_elastic_ip_of_a_ha_vip(connect: MakeClient) -> None:
    client = connect()
    eip = eips(client, associatedId="havip-game")["eip-havip"]
    assert (eip.associatedType, eip.status, eip.privateIpAddress) == ("HAVIP", "BINDED", "10.30.1.100")
    vip = client.DescribeHaVips(request_of(zec.DescribeHaVipsRequest)).dataSet[0]
    assert [(entry.eipId, entry.eipAddress) for entry in vip.associatedEips] == [("eip-havip", "198.51.100.22")]


@pytest.mark.parametrize(
    ("nic_id", "addresses"),
    [
        ("nic-game-1", ["10.30.1.10", "10.30.1.11", "10.30.1.12", "10.30.1.13", "10.30.1.14"]),
        ("nic-game-2", ["10.30.1.20", "10.30.1.21", "10.30.1.22"]),
        ("nic-game-3", ["10.30.1.30", "10.30.1.31"]),
    ],
    ids=["elastic IP", "unexplained public address", "elastic IP that is being bound"],
)
def test_public_address_can_freeze_every_private_one(
    connect: MakeClient, sim: Simulator, nic_id: str, addresses: list[str]
) -> None:
    client = connect()
    sim.set(eip_blocks="network_interface")
    for address in addresses:
        assert refusal(lambda address=address: unassign(client, nic_id, address)) == (  # type: ignore[misc]
            "INVALID_NIC_HAS_PUBLIC_IP_CANT_DETACH"
        )
    assert sim.calls(write=True)[-1]["http_status"] == 409
    assert unassign(client, "nic-api-1", "10.30.1.11").requestId, "this one has none"


def test_snat_and_dns_keep_nothing_from_being_unassigned(connect: MakeClient, sim: Simulator) -> None:
    client = connect()
    for address in ("10.30.1.11", "10.30.1.12"):
        unassign(client, "nic-game-1", address)
    assert sim.addresses("nic-game-1")[1] == ["10.30.1.13", "10.30.1.14"]
