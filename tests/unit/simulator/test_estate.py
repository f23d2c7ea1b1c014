# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Estates are read with care, made large at will, and large ones stay quick."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible_collections.edgecloud.nic.tests.simulator import EstateError, Simulator
from ansible_collections.edgecloud.nic.tests.simulator.estate import DEMO, NetworkInterface, Subnet
from ansible_collections.edgecloud.nic.tests.simulator.state import CloudState

Ask = Callable[..., Any]
SUBNET = {"subnet_id": "s", "vpc_id": "v", "region_id": "r", "cidr": "10.0.0.0/24"}
NIC = {"network_interface_id": "nic-a", "subnet_id": "s", "primary_private_ip": "10.0.0.10"}


def test_demo_estate_has_what_the_demo_needs() -> None:
    estate = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    for cloud in ("ens", "zec"):
        nics = estate[cloud]["network_interfaces"]
        assert len({subnet["region_id"] for subnet in estate[cloud]["subnets"]}) >= 2
        assert len({subnet["vpc_id"] for subnet in estate[cloud]["subnets"]}) >= 2
        assert any(not nic.get("secondary_private_ips") for nic in nics), "one with only its primary address"
        assert any(not nic.get("instance_id") for nic in nics), "one detached"
        assert all(estate[cloud][kind] for kind in ("eips", "load_balancers", "nat_gateways", "ha_vips"))
    assert estate["ens"]["clusters"], "pods"


@pytest.mark.parametrize(
    ("estate", "complaint"),
    [
        ({"azure": {}}, "unknown key azure"),
        ({"zec": {"nics": []}}, "unknown key nics"),
        ({"zec": {"subnets": [SUBNET], "network_interfaces": [{**NIC, "ip": "x"}]}}, r"network_interfaces\[0\].*ip"),
        ({"zec": {"network_interfaces": [NIC]}}, "nic-a: unknown subnet s"),
        ({"zec": {"subnets": [SUBNET], "network_interfaces": [NIC, NIC]}}, "nic-a: more than once"),
        (
            {"zec": {"subnets": [SUBNET], "network_interfaces": [NIC, {**NIC, "network_interface_id": "nic-b"}]}},
            "10.0.0.10 is on nic-a and nic-b",
        ),
        (
            {"zec": {"subnets": [SUBNET], "network_interfaces": [{**NIC, "secondary_private_ips": ["10.1.0.1"]}]}},
            "10.1.0.1 is outside",
        ),
        ({"zec": {"load_balancers": [{"load_balancer_id": "lb", "subnet_id": "s"}]}}, "lb is in an unknown subnet"),
        ({"accounts": {"zec": [{"access_key_id": "a"}]}}, "access_key_secret"),
        ({"zec": []}, "expected a mapping"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_mistake_in_an_estate_is_named(estate: dict[str, Any], complaint: str) -> None:
    with pytest.raises(EstateError, match=complaint):
        Simulator(estate)


def test_reset_brings_back_what_was_loaded_last(ask_zec: Ask, sim: Simulator) -> None:
    estate = {
        "settings": {"latency": 0.01},
        "faults": [{"kind": "empty"}],
        "events": [
            {
                "after_action": "DescribeNetworkInterfaces",
                "change": {"kind": "delete_network_interface", "network_interface_id": "nic-a"},
            }
        ],
        "zec": {"subnets": [SUBNET], "network_interfaces": [{**NIC, "secondary_private_ips": ["10.0.0.11"]}]},
    }
    untouched = copy.deepcopy(estate)
    sim.load(estate)
    start = sim.estate()
    ask_zec("DescribeNetworkInterfaces", {})
    sim.set(latency=0)
    assert sim.estate()["zec"]["network_interfaces"] == {}
    sim.reset()
    assert sim.estate() == start
    assert sim.calls() == []
    assert estate == untouched


def test_mistake_in_a_new_estate_leaves_the_old_one(sim: Simulator) -> None:
    before = sim.estate()
    with pytest.raises(EstateError):
        sim.load({"zec": {"network_interfaces": [NIC]}})
    assert sim.estate() == before


def test_generated_estate_is_the_same_every_time() -> None:
    wish = {"network_interfaces": 10, "secondary_private_ips": 3, "vpcs": 2, "in_use_every": 5}
    estates = [Simulator({"ens": {"generate": wish}, "zec": {"generate": wish}}).estate() for _time in range(2)]
    assert estates[0] == estates[1]
    nics = estates[0]["zec"]["network_interfaces"]
    assert next(iter(nics)) == "nic-sim-000001"
    assert list(estates[0]["ens"]["network_interfaces"])[-1] == "eni-sim-000010"
    assert nics["nic-sim-000001"] == {
        "status": "USED",
        "primary_private_ip": "10.0.0.2",
        "secondary_private_ips": ["10.0.0.3", "10.0.0.4", "10.0.0.5"],
    }
    assert nics["nic-sim-000002"]["primary_private_ip"] == "10.0.0.2", "every VPC has the same addresses"


def test_every_nth_generated_address_is_in_use(ask_zec: Ask, sim: Simulator) -> None:
    wish = {"network_interfaces": 10, "secondary_private_ips": 3, "vpcs": 2, "in_use_every": 5}
    sim.load({"zec": {"generate": wish}})
    answers = [ask_zec("DescribeBackends", {"loadBalancerId": f"lb-sim-{vpc}"}).json() for vpc in (1, 2)]
    assert sum(len(answer["response"]["backends"]) for answer in answers) == 10 * 3 // 5
    body = {"nicId": "nic-sim-000002", "ipAddresses": ["10.0.0.4"]}
    assert ask_zec("UnassignNetworkInterfaceIpv4", body).json()["code"] == "INVALID_NIC_LB_ASSOCIATED"
    body["nicId"] = "nic-sim-000001"  # the same address, in the other VPC
    assert ask_zec("UnassignNetworkInterfaceIpv4", body).status_code == 200


def test_estate_of_20000_network_interfaces_is_paged_in_linear_time(
    ask_ens: Ask, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []
    subnet_of = CloudState.subnet

    def counting(state: CloudState, nic: NetworkInterface) -> Subnet:
        looked_at.append(nic.network_interface_id)
        return subnet_of(state, nic)

    monkeypatch.setattr(CloudState, "subnet", counting)
    sim.load({"ens": {"generate": {"network_interfaces": 20000, "secondary_private_ips": 5, "vpcs": 4}}})
    found: list[str] = []
    for number in range(1, 51):
        wish = {"NetworkId": "vpc-sim-2", "PageSize": "100", "PageNumber": str(number)}
        nics = ask_ens("DescribeNetworkInterfaces", wish).json()["NetworkInterfaceSets"]["NetworkInterfaceSet"]
        found.extend(nic["NetworkInterfaceId"] for nic in nics)
    assert (len(found), len(set(found))) == (5000, 5000)
    assert len(looked_at) == 20000 + 5000, "each is looked at once to filter, and once more to show it"
