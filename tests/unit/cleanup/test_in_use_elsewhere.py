# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user knows of uses protects, and nothing that may be meant is passed over."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import Scene, by_id


def known(address: str, **more: Any) -> dict[str, Any]:
    return {"private_ip_address": address, "kind": "host", "id": "web-1", **more}


def load(scene: Scene) -> None:
    """The same addresses in two VPCs."""
    scene.load(scene.nic(1, 3), scene.nic(2, 3, vpc=2, secondary_private_ips=[scene.secondary(1, 1)]))


def used(scene: Scene, number: int, result: dict[str, Any]) -> list[dict[str, Any]]:
    entries = by_id(result)
    return list(entries[scene.id(number)]["in_use"]) if scene.id(number) in entries else []


@pytest.mark.parametrize("check", [True, False])
def test_an_address_that_is_used_elsewhere_stays_and_says_by_what(scene: Scene, check: bool) -> None:
    load(scene)
    entry = known(scene.secondary(1, 2), network_interface_id=scene.id(1))
    result = scene.all(in_use_elsewhere=[entry], in_use_check=check)
    assert used(scene, 1, result) == [{"private_ip_address": scene.secondary(1, 2), "kind": "host", "id": "web-1"}]
    assert scene.secondaries(1) == [scene.secondary(1, 2)]


def test_it_counts_in_its_vpc_or_network_interface_and_without_them_anywhere(scene: Scene) -> None:
    address = None
    for place, spared in (
        ({"vpc_id": "vpc-2"}, (2,)),
        ({"network_interface_id": "nic-0001"}, (1,)),
        ({"vpc_id": "vpc-1", "network_interface_id": "nic-0002"}, ()),
        ({}, (1, 2)),
    ):
        load(scene)
        address = scene.secondary(1, 1)
        scene.all(in_use_elsewhere=[known(address, **place)])
        assert tuple(number for number in (1, 2) if address in scene.secondaries(number)) == spared, place


def test_where_the_cloud_does_not_tell_the_vpc_it_counts(scene: Scene) -> None:
    load(scene)
    scene.sim.add_fault(kind="missing_fields", fields=["NetworkId", "vpcId"], times=None)
    scene.all(in_use_elsewhere=[known(scene.secondary(1, 1), vpc_id="vpc-9")])
    assert scene.secondary(1, 1) in scene.secondaries(1)


def test_check_mode_predicts_it_and_force_overrides_it(scene: Scene) -> None:
    load(scene)
    options: dict[str, Any] = {"in_use_elsewhere": [known(scene.secondary(1, 1))]}
    predicted = scene.all(check_mode=True, **options)
    assert predicted["plan"] == scene.all(**options)["plan"]
    report = scene.run(all_network_interfaces=True, force=True, **options)
    assert "host web-1" in report.warnings[0]
    assert scene.secondaries(1) == []


@pytest.mark.parametrize(
    "entry",
    [
        {"private_ip_address": "10.0.0", "kind": "host"},
        {"private_ip_address": "", "kind": "host"},
        {"private_ip_address": "10.0.1.0/24", "kind": "host"},
        {"private_ip_address": "10.0.1.11", "kind": ""},
        {"private_ip_address": "10.0.1.11", "kind": "host", "vpc_id": ""},
        {"private_ip_address": "10.0.1.11", "kind": "host", "network_interface_id": ""},
        {"private_ip_address": "10.0.1.11"},
        {"kind": "host"},
        {"private_ip_address": "10.0.1.11", "kind": "host", "vpc": "vpc-1"},
    ],
    ids=str,
)
def test_an_entry_that_would_protect_nothing_is_refused(scene: Scene, entry: dict[str, Any]) -> None:
    load(scene)
    scene.refusal(all_network_interfaces=True, in_use_elsewhere=[entry])


def test_null_is_refused_and_an_empty_list_is_not(scene: Scene) -> None:
    load(scene)
    assert "in_use_elsewhere" in scene.refusal(all_network_interfaces=True, in_use_elsewhere=None)
    assert scene.all(in_use_elsewhere=[])["summary"]["unassigned"] == 4
