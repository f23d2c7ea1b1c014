# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No estate has an address that is in use and is removed, and to know that costs a few calls, not thousands."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import Scene, accounted
from ansible_collections.edgecloud.nic.tests.unit.clouds import READ
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

#: A failure is shown as it was found: each example costs several runs, and to shrink it would take minutes.
QUICK = settings(max_examples=35, phases=[Phase.explicit, Phase.reuse, Phase.generate])
NICS, ADDRESSES, SHARED_VPCS = 6, 3, 2
Sections = dict[str, Any]
#: Fields of a network interface that tie it to what uses it.
TIES = (["NetworkId", "vpcId"], ["VSwitchId", "subnetId"], ["InstanceId", "instanceId", "Status", "status"])


def vpc_of(number: int) -> int:
    return 1 + number % SHARED_VPCS


def instance_of(number: int) -> str:
    """Two network interfaces of each VPC share an instance."""
    return f"i-{number % 4}"


def eips(scene: Scene, key: str, number: int, address: str, variant: int) -> Sections:
    bound: dict[str, Any] = {"network_interface_id": scene.id(number)}
    if scene.cloud.name == "ens" and variant % 2:
        bound = {"instance_id": instance_of(number)}
        if variant % 3 == 0:
            bound["instance_type"] = "Unheard"
    elif scene.cloud.name == "zec" and variant % 3 == 0:
        bound["status"] = "ASSIGNING"
    elif scene.cloud.name == "zec":
        bound["private_ip_address"] = address
    region = f"region-{2 - vpc_of(number) % 2}"
    return {"eips": [{"eip_id": key, "public_ip_address": f"203.0.113.{key}", "region_id": region, **bound}]}


def load_balancers(scene: Scene, key: str, number: int, address: str, variant: int) -> Sections:
    backend = [
        {"network_interface_id": scene.id(number), "private_ip_address": address},
        {"instance_id": instance_of(number), "private_ip_address": address},
        {"instance_id": instance_of(number)},
        {"network_interface_id": scene.id(number)} if scene.cloud.name == "ens" else {"private_ip_address": address},
    ][variant % 4]
    return {
        "load_balancers": [{"load_balancer_id": key, "subnet_id": f"subnet-{vpc_of(number)}", "backends": [backend]}]
    }


def nat_gateways(scene: Scene, key: str, number: int, address: str, variant: int) -> Sections:
    cidr = [f"{address}/32", "10.0.0.0/16", "10.0.0.0/8"][variant % 3]
    return {
        "nat_gateways": [
            {
                "nat_gateway_id": key,
                "subnet_id": f"subnet-{vpc_of(number)}",
                "dnats": [{"dnat_id": f"d{key}", "private_ip_address": address}] if variant % 2 else [],
                "snats": [{"snat_id": f"s{key}", "source_cidr": cidr}],
            }
        ]
    }


def ha_vips(scene: Scene, key: str, number: int, address: str, variant: int) -> Sections:
    vip: dict[str, Any] = {"ha_vip_id": key, "subnet_id": f"subnet-{vpc_of(number)}", "ip_address": address}
    if variant % 2 and scene.cloud.name == "ens":
        member = {"network_interface_id": scene.id(number), "private_ip_address": address}
        vip = {**vip, "ip_address": "10.200.0.1", "members": [member]}
    return {"ha_vips": [vip]}


def clusters(scene: Scene, key: str, number: int, address: str, variant: int) -> Sections:
    subnet = f"subnet-{vpc_of(number)}"
    pods = {"subnet_ids": ["subnet-4"], "pod_subnet_ids": [subnet]} if variant % 2 else {"subnet_ids": [subnet]}
    return {"clusters": [{"cluster_id": key, **pods}]}


def arm_servers(scene: Scene, key: str, number: int, address: str, variant: int) -> Sections:
    vpc = vpc_of(number)
    phone = {"instance_id": key, "subnet_id": f"subnet-{vpc}", "private_ip_address": address}
    return {"arm_servers": [{"server_id": f"server-{key}", "region_id": f"region-{2 - vpc % 2}", "instances": [phone]}]}


def dns_zones(scene: Scene, key: str, number: int, address: str, variant: int) -> Sections:
    vpcs = [f"vpc-{vpc_of(number)}", "vpc-1"] if variant % 2 else [f"vpc-{vpc_of(number)}"]
    records = [{"record_id": f"r{key}", "value": address}, {"record_id": f"t{key}", "value": "text", "type": "TXT"}]
    return {"dns_zones": [{"zone_id": key, "name": "z", "vpc_ids": sorted(set(vpcs)), "records": records}]}


SOURCES = {
    "ens": (eips, load_balancers, nat_gateways, ha_vips, clusters, arm_servers),
    "zec": (eips, load_balancers, nat_gateways, ha_vips, dns_zones),
}
places = st.lists(
    st.tuples(st.integers(0, 5), st.integers(1, NICS), st.integers(1, ADDRESSES), st.integers(0, 11)), max_size=6
)


def load(scene: Scene, used: list[tuple[int, int, int, int]], public: int, **more: Any) -> None:
    """The network interfaces of each VPC have the addresses of those of the other one."""
    sections: Sections = {}
    for key, (source, number, index, variant) in enumerate(used):
        sources = SOURCES[scene.cloud.name]
        address = scene.secondary(1 + number // SHARED_VPCS, index)
        for name, entries in sources[source % len(sources)](scene, f"{key}", number, address, variant).items():
            sections.setdefault(name, []).extend(entries)
    nics = [
        scene.nic(
            number,
            vpc=vpc_of(number),
            instance_id=instance_of(number),
            primary_private_ip=scene.primary(1 + number // SHARED_VPCS),
            secondary_private_ips=[
                scene.secondary(1 + number // SHARED_VPCS, index) for index in range(1, ADDRESSES + 1)
            ],
        )
        for number in range(1, NICS + 1)
    ]
    if scene.cloud.name == "zec" and public:
        nics[public - 1]["public_ip_addresses"] = ["203.0.113.200"]
    scene.load(*nics, **more, **sections)


def in_use(scene: Scene, eip_protects: str) -> set[tuple[str, str]]:
    """Give the secondary addresses that are in use in truth, as far as a cloud can tell them."""
    found: set[tuple[str, str]] = set()
    for use in scene.sim.uses(scene.cloud.name):
        nic, address = use["network_interface_id"], use["private_ip_address"]
        if nic is None:
            continue
        secondaries = scene.sim.addresses(nic)[1]
        whole = address is None and (use["kind"] != "eip" or scene.cloud.name == "zec")
        if whole or (use["kind"] == "eip" and eip_protects == "network_interface"):
            found.update((nic, secondary) for secondary in secondaries)
        elif address in secondaries:
            found.add((nic, address))
    return found


@QUICK
@given(
    used=places,
    public=st.integers(0, NICS),
    eip_protects=st.sampled_from(["address", "network_interface"]),
    addresses_told=st.sampled_from([True, True, False]),
    untold=st.lists(st.sampled_from(TIES), max_size=1),
)
def test_no_address_that_is_in_use_is_removed_and_every_other_one_is(
    scene: Scene,
    used: list[tuple[int, int, int, int]],
    public: int,
    eip_protects: str,
    addresses_told: bool,
    untold: list[list[str]],
) -> None:
    load(scene, used, public, settings={"ens_in_use_blocks": False, "ens_backend_addresses": addresses_told})
    for fields in untold:
        scene.sim.add_fault(kind="missing_fields", fields=fields, match={"action": READ}, times=None)
    protected = in_use(scene, eip_protects)
    every = {(nic, address) for nic, entry in scene.truth().items() for address in entry["secondary_private_ips"]}
    predicted = scene.all(check_mode=True, eip_protects=eip_protects)
    report = scene.run(all_network_interfaces=True, eip_protects=eip_protects)
    assert not set(scene.written()) & protected
    if addresses_told and not untold:
        assert report.message is None, report.message
        assert set(scene.written()) == every - protected
        assert report.result["outcomes"] == predicted["outcomes"]
        again = scene.all(eip_protects=eip_protects)
        assert (again["changed"], scene.writes()) == (False, [])


def test_network_interfaces_with_elastic_ips_cost_nothing_night_after_night(scene: Scene) -> None:
    """ZEC may refuse every address of a network interface that has an elastic IP, as its page says."""
    if scene.cloud.name != "zec":
        pytest.skip("ENS says nothing of the kind")
    elastic = {
        number: {
            "eip_id": f"eip-{number}",
            "public_ip_address": f"198.51.{number // 250}.{number % 250}",
            "region_id": f"region-{2 - (1 + number % 2) % 2}",
            "network_interface_id": scene.id(number),
            "private_ip_address": scene.secondary(number, 1 + number % 5) if number % 2 else scene.primary(number),
        }
        for number in range(3, 401, 4)
    }
    scene.load(
        *(scene.nic(number, 5, vpc=1 + number % 2) for number in range(1, 401)),
        eips=list(elastic.values()),
        settings={"eip_blocks": "network_interface"},
    )
    predicted = scene.all(check_mode=True)
    result = scene.all()
    assert result["outcomes"] == predicted["outcomes"]
    assert (result["summary"]["failed"], result["summary"]["in_use"]) == (0, 5 * len(elastic))
    assert result["summary"]["unassigned"] == 5 * (400 - len(elastic))
    assert len(scene.writes()) == 400 - len(elastic)
    again = scene.all()
    assert (again["changed"], again["plan"], scene.writes()) == (False, [], [])
    assert set(accounted(again).values()) <= {"in_use"}


def test_a_thousand_network_interfaces_in_a_vpc_cost_fifteen_look_ups_at_most(scene: Scene) -> None:
    sections: Sections = {}
    for source in SOURCES[scene.cloud.name]:
        # Pods would take them all.
        sections.update(source(scene, "1", 1 if source is clusters else 2, scene.secondary(2, 1), 1))
    scene.load(*(scene.nic(number, 1) for number in range(1, 1001)), settings={"ens_in_use_blocks": False}, **sections)
    result = scene.all()
    counts = scene.sim.counts()
    assert len(scene.written()) == result["summary"]["unassigned"] == counts.pop(scene.cloud.write)
    assert counts.pop(READ) == 20 + -(-result["summary"]["unassigned"] // 50)
    assert sum(counts.values()) <= 15
