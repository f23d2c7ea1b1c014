# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator knows what truly uses which address, whatever its APIs tell of it."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from ansible_collections.edgecloud.nic.tests.simulator import EstateError, Simulator
from ansible_collections.edgecloud.nic.tests.simulator.estate import DEMO

USES = DEMO.with_name("uses.yml")
SUBNET = {"subnet_id": "s", "vpc_id": "v", "region_id": "r", "cidr": "10.0.0.0/24"}


def listed(sim: Simulator, cloud: str) -> set[tuple[Any, ...]]:
    uses = sim.uses(cloud)
    found = {(use["network_interface_id"], use["private_ip_address"], use["kind"], use["id"]) for use in uses}
    assert len(found) == len(uses), "each once"
    return found


def test_ens_uses_of_every_kind(sim: Simulator) -> None:
    sim.load(USES)
    assert listed(sim, "ens") == {
        *(("eni-pods-1", f"10.10.3.{number}", "kubernetes", "c-shop") for number in (11, 12, 13, 14)),
        ("eni-node-1", "10.10.4.11", "snat", "snat-one"),
        ("eni-node-1", "10.10.4.12", "load_balancer", "lb-nodes"),
        ("eni-node-1", None, "load_balancer", "lb-nodes"),
        ("eni-pods-1", None, "load_balancer", "lb-nodes"),
        ("eni-web-1", None, "load_balancer", "lb-nodes"),
        ("eni-node-1", None, "eip", "eip-of-instance"),
        ("eni-pods-1", None, "eip", "eip-of-instance"),
        ("eni-web-1", "10.10.4.20", "eip", "eip-of-nic"),
        ("eni-web-1", "10.10.4.21", "ha_vip", "havip-nodes"),
        (None, "10.10.4.100", "ha_vip", "havip-nodes"),
        (None, "10.10.4.100", "eip", "eip-of-havip"),
        ("eni-phones-1", "10.20.1.11", "android", "aic-phones-1-0"),
    }


def test_zec_uses_of_every_kind(sim: Simulator) -> None:
    sim.load(USES)
    assert listed(sim, "zec") == {
        ("nic-game-1", "10.30.1.11", "snat", "snat-one"),
        ("nic-game-1", "10.30.1.12", "dns", "record-a"),
        ("nic-game-1", "10.30.1.13", "eip", "eip-hidden"),
        ("nic-game-2", "10.30.1.21", "load_balancer", "lb-hidden"),
        ("nic-game-2", "10.30.1.22", "dnat", "dnat-hidden"),
        ("nic-game-2", None, "eip", "198.51.100.29"),
        ("nic-game-3", None, "eip", "eip-assigning"),
        ("nic-hidden-1", "10.30.1.41", "dns", "record-hidden"),
        (None, "10.30.1.100", "ha_vip", "havip-game"),
        (None, "10.30.1.100", "eip", "eip-havip"),
    }


def test_uses_follow_changes_of_the_world(sim: Simulator) -> None:
    sim.load(USES)
    sim.change(kind="remove_private_ip", network_interface_id="eni-pods-1", private_ip_address="10.10.3.11")
    sim.change(kind="delete_network_interface", network_interface_id="eni-phones-1")
    sim.change(kind="make_primary", network_interface_id="nic-game-1", private_ip_address="10.30.1.12")
    ens = listed(sim, "ens")
    assert {use[1] for use in ens if use[2] == "kubernetes"} == {f"10.10.3.{number}" for number in (12, 13, 14)}
    assert (None, "10.20.1.11", "android", "aic-phones-1-0") in ens
    assert ("nic-game-1", "10.30.1.12", "dns", "record-a") in listed(sim, "zec")


def test_pods_are_where_the_nodes_are_unless_said_otherwise(sim: Simulator) -> None:
    nic = {"network_interface_id": "eni", "subnet_id": "s", "primary_private_ip": "10.0.0.10"}
    nic["secondary_private_ips"] = ["10.0.0.11"]  # type: ignore[assignment]
    cluster = {"cluster_id": "c", "subnet_ids": ["s"]}
    sim.load({"ens": {"subnets": [SUBNET], "network_interfaces": [nic], "clusters": [cluster]}})
    assert listed(sim, "ens") == {("eni", "10.0.0.11", "kubernetes", "c")}


def test_uses_over_http(sim: Simulator) -> None:
    answer = requests.get(f"{sim.url}/_simulator/uses", timeout=5).json()
    assert answer == {cloud: sim.uses(cloud) for cloud in ("ens", "zec")}
    assert {
        "kind": "dnat",
        "id": "fwd-hangzhou-ssh",
        "network_interface_id": "eni-hangzhou-web-2",
        "private_ip_address": "10.10.1.22",
    } in answer["ens"]


@pytest.mark.parametrize(
    ("cloud", "section", "entry", "complaint"),
    [
        ("zec", "clusters", {"cluster_id": "c", "subnet_ids": ["s"]}, "unknown key clusters"),
        ("ens", "dns_zones", {"zone_id": "z", "name": "z"}, "unknown key dns_zones"),
        ("ens", "clusters", {"cluster_id": "c", "subnet_ids": []}, "subnet_ids must not be empty"),
        ("ens", "clusters", {"cluster_id": "c", "subnet_ids": ["s"], "pod_subnet_ids": ["t"]}, "c is in an unknown"),
        (
            "ens",
            "arm_servers",
            {"server_id": "a", "instances": [{"instance_id": "b", "subnet_id": "t", "private_ip_address": "10.0.0.9"}]},
            "b is in an unknown subnet",
        ),
        (
            "ens",
            "load_balancers",
            {"load_balancer_id": "l", "subnet_id": "s", "backends": [{"port": 1}]},
            "give private",
        ),
        ("ens", "nat_gateways", {"nat_gateway_id": "n", "subnet_id": "s", "snats": [{"snat_id": "x"}]}, "source_cidr"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_mistake_in_what_uses_addresses_is_named(
    cloud: str, section: str, entry: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(EstateError, match=complaint):
        Simulator({cloud: {"subnets": [SUBNET], section: [entry]}})
