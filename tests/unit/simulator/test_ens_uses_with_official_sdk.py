# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The official SDK of ENS reads from the simulator who calls, and all that can use an address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.simulator.estate import DEMO

models = pytest.importorskip("alibabacloud_ens20171110.models")
Client = pytest.importorskip("alibabacloud_ens20171110.client").Client
# STS has an SDK of its own, which does no more than hand these parameters to the client that all SDKs share.
OpenApiClient = pytest.importorskip("alibabacloud_tea_openapi.client").Client
open_api_models = pytest.importorskip("alibabacloud_tea_openapi.models")
exceptions = pytest.importorskip("alibabacloud_tea_openapi.exceptions")
RuntimeOptions = pytest.importorskip("darabonba.runtime").RuntimeOptions

USES = DEMO.with_name("uses.yml")
OPERATOR, TEMPORARY, NARROW = range(3)
MakeClient = Callable[..., Any]
GET_CALLER_IDENTITY = {
    "action": "GetCallerIdentity",
    "version": "2015-04-01",
    "protocol": "HTTPS",
    "pathname": "/",
    "method": "POST",
    "auth_type": "AK",
    "style": "RPC",
    "req_body_type": "formData",
    "body_type": "json",
}


@pytest.fixture
def connect(sim: Simulator) -> MakeClient:
    sim.load(USES)

    def make(kind: Any = Client, index: int = OPERATOR) -> Any:
        account = sim.account("ens", index)
        return kind(open_api_models.Config(endpoint=sim.host_port, protocol="http", **account))

    return make


@pytest.fixture
def client(connect: MakeClient) -> Any:
    return connect()


def identity(connect: MakeClient, index: int = OPERATOR) -> Any:
    params = open_api_models.Params(**GET_CALLER_IDENTITY)
    answer = connect(OpenApiClient, index).call_api(params, open_api_models.OpenApiRequest(), RuntimeOptions())
    body = dict(answer["body"])
    assert body.pop("RequestId")
    return body


def eips(client: Any, **wish: Any) -> dict[str, tuple[str, str]]:
    found = client.describe_ens_eip_addresses(models.DescribeEnsEipAddressesRequest(**wish)).body
    return {eip.allocation_id: (eip.instance_type, eip.instance_id) for eip in found.eip_addresses.eip_address}


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(exceptions.ClientException) as caught:
        call()
    return str(caught.value.code)


def test_caller_of_a_key_pair(connect: MakeClient, sim: Simulator) -> None:
    assert identity(connect) == {
        "AccountId": "1000000000000001",
        "IdentityType": "RAMUser",
        "Arn": "acs:ram::1000000000000001:user/user-1",
        "PrincipalId": "200000000000000001",
        "UserId": "200000000000000001",
    }
    call = sim.calls()[0]
    assert (call["service"], call["account"], call["write"]) == ("sts", OPERATOR, False)


def test_caller_with_a_token(connect: MakeClient, sim: Simulator) -> None:
    body = identity(connect, TEMPORARY)
    assert (body["IdentityType"], body["AccountId"]) == ("AssumedRoleUser", sim.account_id("ens", TEMPORARY))
    assert body["Arn"] == "acs:ram::1000000000000002:assumed-role/role-2/session"
    assert body["PrincipalId"] == f"{body['RoleId']}:session"


def test_caller_may_not_be_told(connect: MakeClient, sim: Simulator) -> None:
    assert refusal(lambda: identity(connect, NARROW)) == "NoPermission"
    sim.set(ens_caller_identity="refused")
    assert refusal(lambda: identity(connect)) == "NoPermission"
    sim.set(ens_caller_identity="without_account")
    assert sorted(identity(connect)) == ["IdentityType", "PrincipalId", "UserId"]


def test_account_id_of_an_estate_that_gives_none(connect: MakeClient, sim: Simulator) -> None:
    sim.load({})
    assert identity(connect)["AccountId"] == sim.account_id("ens") == "1000000000000001"


def test_clusters_come_with_every_field_and_without_pages(client: Any) -> None:
    body = client.describe_clusters_v1(models.DescribeClustersV1Request()).body
    cluster = body.clusters[0]
    assert (cluster.cluster_id, cluster.name, cluster.vpc_id) == ("c-shop", "shop", "n-shop")
    assert (cluster.pod_vswitch_ids, cluster.vswitch_ids) == (["vsw-pods"], ["vsw-nodes"])
    assert (cluster.ens_region_id, cluster.ali_uid, cluster.state) == ("cn-hangzhou-44", "1000000000000001", "running")
    assert "SECRET-CLUSTER-CONFIG-c-shop" in cluster.config
    assert cluster.join_token == "SECRET-JOIN-TOKEN-c-shop"
    assert cluster.control_plane_config.size == 3
    unset = [name for name, value in vars(cluster).items() if value is None]
    assert unset == [], "each field of the model has a value"


@pytest.mark.parametrize(
    ("wish", "count"),
    [
        ({"cluster_id": "c-shop"}, 1),
        ({"ens_region_id": "cn-beijing-15"}, 0),
        ({"name": "shop", "ens_region_id": "cn-hangzhou-44"}, 1),
        ({"cluster_type": "Kubernetes", "profile": "Default"}, 1),
        ({"cluster_type": "ManagedKubernetes", "profile": "Serverless"}, 0),
    ],
    ids=str,
)
def test_cluster_filter(client: Any, wish: dict[str, str], count: int) -> None:
    assert len(client.describe_clusters_v1(models.DescribeClustersV1Request(**wish)).body.clusters) == count


def test_secrets_of_a_cluster_are_nowhere_else(client: Any, sim: Simulator) -> None:
    client.describe_clusters_v1(models.DescribeClustersV1Request())
    assert "SECRET" not in str((sim.calls(), sim.estate(), sim.uses("ens")))


def test_android_instances_and_their_addresses(client: Any, sim: Simulator) -> None:
    request = models.DescribeARMServerInstancesRequest(ens_region_ids=["cn-beijing-15"], describe_aicinstances=True)
    body = client.describe_armserver_instances(request).body
    assert (body.total_count, body.page_number, body.page_size) == (1, 1, 10)
    server = body.servers[0]
    assert (server.server_id, server.name, server.ens_region_id) == ("cas-phones-1", "phones-1", "cn-beijing-15")
    assert (server.state, server.status) == ("success", "running")
    instance = server.aicinstances[0]
    network = instance.network_attributes
    assert instance.instance_id == "aic-phones-1-0"
    assert (network.ip_address, network.network_id, network.v_switch_id) == ("10.20.1.11", "n-phones", "vsw-phones")
    unset = [name for model in (server, instance) for name, value in vars(model).items() if value is None]
    assert unset == [], "each field of the model has a value"
    # What goes over the wire for the list is JSON text, and not EnsRegionIds.1.
    assert sim.calls()[0]["parameters"]["EnsRegionIds"] == '["cn-beijing-15"]'


def test_android_instances_are_shown_to_who_asks_for_them_where_they_are(client: Any) -> None:
    def servers(**wish: Any) -> Any:
        return client.describe_armserver_instances(models.DescribeARMServerInstancesRequest(**wish)).body.servers

    assert [server.aicinstances for server in servers()] == [[]]
    assert servers(ens_region_ids=["cn-hangzhou-44"], describe_aicinstances=True) == []
    assert servers(page_number=2) == []
    assert refusal(lambda: servers(page_size=101)) == "InvalidPageSize"


def test_list_of_regions_of_arm_servers_is_no_numbered_list(ask_ens: Callable[..., Any]) -> None:
    answer = ask_ens("DescribeARMServerInstances", {"EnsRegionIds.1": "cn-beijing-15"}).json()
    assert answer["Code"] == "InvalidEnsRegionIds"


def test_network_names_what_is_in_it(client: Any) -> None:
    network = client.describe_network_attribute(models.DescribeNetworkAttributeRequest(network_id="n-shop")).body
    assert network.load_balancer_ids.load_balancer_id == ["lb-nodes"]
    assert network.nat_gateway_ids.nat_gateway_id == ["nat-nodes"]
    assert network.ha_vip_ids.ha_vip_id == ["havip-nodes"]
    assert network.instance_ids.instance_id == ["i-node-1", "i-web-1"]
    assert network.network_interface_ids.network_interface_id == ["eni-pods-1", "eni-node-1", "eni-web-1"]
    assert network.v_switch_ids.v_switch_id == ["vsw-pods", "vsw-nodes"]
    assert (network.network_id, network.ens_region_id, network.cidr_block) == (
        "n-shop",
        "cn-hangzhou-44",
        "10.10.0.0/21",
    )
    kinds = network.cloud_resources.cloud_resource_set_type
    assert [(kind.resource_type, kind.resource_count) for kind in kinds] == [("VSwitch", 2)]
    assert [name for name, value in vars(network).items() if value is None] == []


def test_network_that_is_not_there(client: Any) -> None:
    def ask(**wish: str) -> Any:
        return client.describe_network_attribute(models.DescribeNetworkAttributeRequest(**wish))

    assert refusal(lambda: ask(network_id="n-gone")) == "InvalidNetworkId.NotFound"
    assert refusal(ask) == "MissingNetworkId"


def test_network_names_what_the_lists_do_not_give_and_what_nobody_knows(client: Any, sim: Simulator) -> None:
    sim.set(
        ens_unlisted=["lb-nodes", "nat-nodes", "havip-nodes"],
        ens_network_resources={"n-shop": {"Teapot": 2}, "n-phones": {"VSwitch": 7}},
    )
    assert client.describe_load_balancers(models.DescribeLoadBalancersRequest()).body.total_count == 0
    assert client.describe_nat_gateways(models.DescribeNatGatewaysRequest()).body.nat_gateways == []
    assert client.describe_ha_vips(models.DescribeHaVipsRequest()).body.ha_vips == []
    network = client.describe_network_attribute(models.DescribeNetworkAttributeRequest(network_id="n-shop")).body
    assert network.load_balancer_ids.load_balancer_id == ["lb-nodes"]
    assert network.nat_gateway_ids.nat_gateway_id == ["nat-nodes"]
    assert network.ha_vip_ids.ha_vip_id == ["havip-nodes"]
    kinds = network.cloud_resources.cloud_resource_set_type
    assert {kind.resource_type: kind.resource_count for kind in kinds} == {"VSwitch": 2, "Teapot": 2}
    assert {use["id"] for use in sim.uses("ens")} >= {"lb-nodes", "snat-one", "havip-nodes"}


def test_eip_shows_what_it_is_bound_to_by_type(client: Any) -> None:
    assert eips(client) == {
        "eip-of-instance": ("EnsInstance", "i-node-1"),
        "eip-of-nic": ("NetworkInterface", "eni-web-1"),
        "eip-of-balancer": ("SlbInstance", "lb-nodes"),
        "eip-of-gateway": ("Nat", "nat-nodes"),
        "eip-of-havip": ("HaVip", "havip-nodes"),
    }


def test_eip_of_an_instance_is_found_by_the_instance_only(client: Any) -> None:
    assert list(eips(client, associated_instance_id="i-node-1")) == ["eip-of-instance"]
    assert eips(client, associated_instance_id="eni-node-1") == {}
    assert list(eips(client, associated_instance_id="eni-web-1")) == ["eip-of-nic"]
    assert list(eips(client, associated_instance_type="EnsInstance")) == ["eip-of-instance"]


def test_eip_type_can_be_another_one(client: Any, sim: Simulator) -> None:
    eip = {"eip_id": "eip", "public_ip_address": "203.0.113.30", "load_balancer_id": "lb"}
    sim.load({"ens": {"eips": [{**eip, "instance_type": "NatSlbInstance", "status": "Associating"}]}})
    assert eips(client) == {"eip": ("NatSlbInstance", "lb")}
    assert eips(client, status="InUse") == {}


def test_filters_of_eips_may_not_be_heeded(client: Any, sim: Simulator) -> None:
    sim.set(ens_eip_instance_filter="ignored")
    assert len(eips(client, associated_instance_id="eni-web-1")) == 5
    sim.set(ens_eip_instance_filter="not_network_interfaces")
    assert eips(client, associated_instance_id="eni-web-1") == {}
    assert list(eips(client, associated_instance_id="i-node-1")) == ["eip-of-instance"]
    assert "eip-of-nic" in eips(client)
    sim.set(ens_eip_instance_filter=None, ens_eip_type_filter="ignored")
    assert len(eips(client, associated_instance_type="NetworkInterface")) == 5
    sim.set(ens_eip_type_filter="documented")
    assert refusal(lambda: eips(client, associated_instance_type="NetworkInterface")) == "InvalidAssociatedInstanceType"
    assert list(eips(client, associated_instance_type="SlbInstance")) == ["eip-of-balancer"]


def test_backends_may_come_without_their_addresses(client: Any, sim: Simulator) -> None:
    def backends() -> list[tuple[Any, ...]]:
        request = models.DescribeLoadBalancerAttributeRequest(load_balancer_id="lb-nodes")
        servers = client.describe_load_balancer_attribute(request).body.backend_servers
        return [(server.ip, server.type, server.server_id) for server in servers]

    without = [(None, "eni", "eni-web-1"), (None, "ens", "i-node-1")]
    assert backends() == [("10.10.4.12", "eni", "eni-node-1"), *without]
    sim.set(ens_backend_addresses=False)
    assert backends() == [(None, "eni", "eni-node-1"), *without]


def test_snat_of_a_single_address(client: Any) -> None:
    request = models.DescribeSnatTableEntriesRequest(nat_gateway_id="nat-nodes")
    entries = client.describe_snat_table_entries(request).body.snat_table_entries
    assert [(entry.snat_entry_id, entry.source_cidr) for entry in entries] == [
        ("snat-one", "10.10.4.11/32"),
        ("snat-all", "10.10.4.0/24"),
    ]
    request.source_cidr = "10.10.4.11/32"
    assert len(client.describe_snat_table_entries(request).body.snat_table_entries) == 1


def test_ha_vip_shows_its_elastic_ip(client: Any) -> None:
    vip = client.describe_ha_vips(models.DescribeHaVipsRequest()).body.ha_vips[0]
    assert [(eip.eip_id, eip.eip) for eip in vip.associated_eip_addresses] == [("eip-of-havip", "203.0.113.24")]


def test_pods_snat_and_android_keep_nothing_from_being_unassigned(client: Any, sim: Simulator) -> None:
    for nic_id, address in (
        ("eni-pods-1", "10.10.3.11"),
        ("eni-node-1", "10.10.4.11"),
        ("eni-phones-1", "10.20.1.11"),
    ):
        request = models.UnassignPrivateIpAddressesRequest(network_interface_id=nic_id, private_ip_address=[address])
        client.unassign_private_ip_addresses(request)
        assert address not in sim.addresses(nic_id)[1]


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.describe_clusters_v1(models.DescribeClustersV1Request()),
        lambda client: client.describe_armserver_instances(models.DescribeARMServerInstancesRequest()),
        lambda client: client.describe_network_attribute(models.DescribeNetworkAttributeRequest(network_id="n-shop")),
    ],
    ids=["clusters", "android", "network"],
)
def test_each_look_up_can_be_denied(connect: MakeClient, ask: Callable[[Any], Any]) -> None:
    assert refusal(lambda: ask(connect(index=NARROW))) == "NoPermission"
