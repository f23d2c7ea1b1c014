# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an elastic IP, a load balancer or a DNAT entry uses stays, at a price that grows with VPCs and not with NICs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import Scene, addresses_of, by_id
from ansible_collections.edgecloud.nic.tests.unit.clouds import READ


def sections(scene: Scene) -> dict[str, Any]:
    """Use the first secondary address of network interface 1 in every way that the clouds tell."""
    address = scene.secondary(1, 1)
    return {
        "load_balancers": [scene.balancer((1, address))],
        "nat_gateways": [
            {
                "nat_gateway_id": "nat-1",
                "subnet_id": "subnet-1",
                "dnats": [{"dnat_id": "dnat-1", "private_ip_address": scene.secondary(1, 2)}],
            }
        ],
    }


def test_used_addresses_are_an_outcome_and_no_failure(scene: Scene) -> None:
    scene.load(scene.nic(1, 3), **sections(scene))
    result = scene.all()
    assert by_id(result)[scene.id(1)]["in_use"] == [
        {"private_ip_address": scene.secondary(1, 1), "kind": "load_balancer", "id": "lb-1"},
        {"private_ip_address": scene.secondary(1, 2), "kind": "dnat", "id": "dnat-1"},
    ]
    assert scene.written() == [(scene.id(1), scene.secondary(1, 3))]


def test_an_elastic_ip_keeps_its_address_where_the_cloud_tells_which_it_is(scene: Scene) -> None:
    eip = {
        "eip_id": "eip-1",
        "public_ip_address": "203.0.113.1",
        "region_id": "region-1",
        "network_interface_id": scene.id(1),
        "private_ip_address": scene.secondary(1, 1),
    }
    scene.load(scene.nic(1, 3), scene.nic(2, 1), eips=[eip])
    report = scene.run(all_network_interfaces=True, eip_protects="address")
    if scene.cloud.name == "zec":
        assert report.message is None
        assert scene.secondary(1, 1) not in [address for _nic, address in scene.written()]
        assert by_id(report.result)[scene.id(1)]["in_use"] == [
            {"private_ip_address": scene.secondary(1, 1), "kind": "eip", "id": "eip-1"}
        ]
    else:
        # ENS tells the network interface and not the address: the user is warned, and the cloud has the last word.
        assert scene.id(1) in report.warnings[0]
        assert [entry["private_ip_address"] for entry in by_id(report.result)[scene.id(1)]["failed"]] == [
            scene.secondary(1, 1)
        ]
    assert scene.secondaries(1) == [scene.secondary(1, 1)]
    assert scene.secondaries(2) == []


def test_the_same_address_in_another_vpc_is_another_address(scene: Scene) -> None:
    twin = scene.nic(1, 2, vpc=2)
    twin["network_interface_id"] = "nic-twin"
    scene.load(scene.nic(1, 2), twin, load_balancers=[scene.balancer((1, scene.secondary(1, 1)))])
    scene.all()
    assert scene.secondaries(1) == [scene.secondary(1, 1)]
    assert scene.sim.addresses("nic-twin")[1] == []


@pytest.mark.parametrize("vpcs", [1, 3])
def test_lookups_grow_with_vpcs_and_not_with_network_interfaces(scene: Scene, vpcs: int) -> None:
    counts = []
    for number in (vpcs, 10, 100):
        scene.load(
            *(scene.nic(index, 1, vpc=1 + index % vpcs) for index in range(1, number + 1)),
            load_balancers=[scene.balancer((1, scene.primary(1)), vpc=1 + 1 % vpcs)],
        )
        scene.all(check_mode=True)
        counts.append({action: count for action, count in scene.sim.counts().items() if action != READ})
    assert counts[0] == counts[1] == counts[2]
    assert counts[0]["DescribeLoadBalancers"] == vpcs
    assert counts[0]["DescribeNatGateways"] == vpcs
    assert counts[0][scene.cloud.eips] == min(vpcs, 2)  # by region


def test_nothing_is_looked_up_where_nothing_is_planned(scene: Scene) -> None:
    scene.load(scene.nic(1, 0), scene.nic(2, 2, vpc=2))
    scene.all(only=["10.99.0.0/16"])
    assert scene.sim.counts() == {READ: 1}
    scene.all(keep_network_interfaces=[scene.id(2)])
    assert scene.sim.counts() == {READ: 1}


def test_only_vpcs_with_something_planned_are_looked_at(scene: Scene) -> None:
    scene.load(scene.nic(1, 1), scene.nic(2, 0, vpc=2), scene.nic(3, 2, vpc=3))
    scene.all(keep_network_interfaces=[scene.id(3)], check_mode=True)
    assert scene.count("DescribeLoadBalancers") == 1


def test_without_the_check_nothing_is_looked_up_and_the_cloud_decides(scene: Scene) -> None:
    scene.load(scene.nic(1, 3), **sections(scene))
    report = scene.run(all_network_interfaces=True, in_use_check=False)
    assert set(scene.sim.counts()) == {READ, scene.cloud.write}
    assert scene.secondary(1, 1) in [address for _nic, address in scene.written()]
    assert scene.secondary(1, 1) in scene.secondaries(1)  # refused by either cloud
    # ZEC has codes that say so, ENS has none.
    refused = scene.cloud.refused_for_use
    assert addresses_of(by_id(report.result)[scene.id(1)], refused) == scene.secondaries(1)


def test_force_tries_used_addresses_too_and_says_so(scene: Scene) -> None:
    scene.load(scene.nic(1, 3), settings={"ens_in_use_blocks": False}, **sections(scene))
    report = scene.run(all_network_interfaces=True, force=True)
    assert scene.secondary(1, 1) in report.warnings[0]
    assert {address for _nic, address in scene.written()} == {scene.secondary(1, index) for index in (1, 2, 3)}
    assert scene.secondary(1, 3) not in scene.secondaries(1)


def test_a_use_that_begins_after_the_look_is_refused_by_the_cloud_and_told(scene: Scene) -> None:
    """Nobody can look and write at once; what the cloud refuses is about that address alone."""
    used = scene.secondary(2, 2)
    change = {"kind": "add_backend", "network_interface_id": scene.id(2), "private_ip_address": used}
    scene.load(
        scene.nic(1, 1),
        scene.nic(2, 3),
        load_balancers=[scene.balancer()],
        events=[{"after_action": scene.cloud.write, "change": {**change, "load_balancer_id": "lb-1"}}],
    )
    report = scene.run(all_network_interfaces=True, concurrency=1)
    assert scene.secondaries(2) == [used]
    refused = scene.cloud.refused_for_use
    assert addresses_of(by_id(report.result)[scene.id(2)], refused) == [used]
