# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which network interfaces a cleanup is about: exactly what was asked for, and never more by accident."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import Scene, digest
from ansible_collections.edgecloud.nic.tests.unit.clouds import READ


def load(scene: Scene) -> None:
    """Two network interfaces in region-1, one in region-2."""
    scene.load(scene.nic(1, 2), scene.nic(2, 2, vpc=2), scene.nic(3, 2, vpc=3, name="db-3"))


def changed(result: dict[str, Any]) -> list[str]:
    return [target["network_interface_id"] for target in result["plan"]]


def test_everything_is_cleaned_only_when_asked_for_by_name(scene: Scene) -> None:
    load(scene)
    assert changed(scene.all()) == [scene.id(1), scene.id(2), scene.id(3)]
    assert all(not nic["secondary_private_ips"] for nic in scene.truth().values())


@pytest.mark.parametrize("options", [{}, {"all_network_interfaces": False}])
def test_no_selection_is_refused_rather_than_taken_for_everything(scene: Scene, options: dict[str, Any]) -> None:
    load(scene)
    assert "all_network_interfaces" in scene.refusal(**options)


def test_ids_select_these_and_no_others(scene: Scene) -> None:
    load(scene)
    assert changed(scene.good(network_interface_ids=[scene.id(2), scene.id(1), scene.id(2)])) == [
        scene.id(1),
        scene.id(2),
    ]
    assert len(scene.secondaries(3)) == 2


def test_an_id_that_does_not_exist_changes_nothing(scene: Scene) -> None:
    load(scene)
    result = scene.good(network_interface_ids=["nic-gone"])
    assert (result["changed"], result["plan"], result["summary"]["network_interfaces_read"]) == (False, [], 0)


def test_filters_select_what_matches(scene: Scene) -> None:
    load(scene)
    assert changed(scene.good(filters=scene.in_region("region-1"))) == [scene.id(1), scene.id(3)]
    assert len(scene.secondaries(2)) == 2


def test_a_filter_with_half_a_character_is_refused_before_anything_is_asked(scene: Scene) -> None:
    load(scene)
    # What ansible-core makes of a byte that is no UTF-8.
    assert "filters.vpc_id: has a character that is not whole" in scene.refusal(filters={"vpc_id": "vpc-\udcff"})


@pytest.mark.parametrize("name, value", [("vpc_id", "vpc-2"), ("subnet_id", "subnet-2"), ("instance_id", "i-2")])
def test_each_filter_narrows(scene: Scene, name: str, value: str) -> None:
    load(scene)
    assert changed(scene.good(filters={name: value})) == [scene.id(2)]


def test_filters_combine(scene: Scene) -> None:
    load(scene)
    assert changed(scene.good(filters={**scene.in_region("region-1"), "vpc_id": "vpc-2"})) == []


def test_targets_select_addresses(scene: Scene) -> None:
    load(scene)
    result = scene.good(targets=[scene.target(2, scene.secondary(2, 1))])
    assert result["plan"] == [scene.target(2, scene.secondary(2, 1))]
    assert scene.secondaries(2) == [scene.secondary(2, 2)]
    assert len(scene.secondaries(1)) == 2


def test_two_kinds_of_selection_are_refused(scene: Scene) -> None:
    load(scene)
    kinds: dict[str, Any] = {
        "network_interface_ids": [scene.id(1)],
        "filters": {"vpc_id": "vpc-1"},
        "targets": [scene.target(1, scene.secondary(1, 1))],
        "all_network_interfaces": True,
    }
    names = list(kinds)
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            message = scene.refusal(**{one: kinds[one], other: kinds[other]})
            assert one in message
            assert other in message


WIDENING = [
    {"network_interface_ids": None},
    {"network_interface_ids": []},
    {"network_interface_ids": [""]},
    {"network_interface_ids": ""},
    {"network_interface_ids": ["nic-0001", ""]},
    {"network_interface_ids": ["nic-0001 "]},
    {"filters": None},
    {"filters": {}},
    {"filters": {"vpc_id": None}},
    {"filters": {"vpc_id": ""}},
    {"filters": {"instance_id": "", "vpc_id": "vpc-1"}},
    {"filters": {"name": None, "vpc_id": "vpc-1"}},
    {"targets": None},
    {"targets": [{"network_interface_id": "nic-0001", "private_ip_addresses": []}]},
    {"targets": [{"network_interface_id": "nic-0001", "private_ip_addresses": None}]},
    {"targets": [{"network_interface_id": "nic-0001", "private_ip_addresses": [""]}]},
    {"targets": [{"network_interface_id": "", "private_ip_addresses": ["10.0.1.11"]}]},
    {"targets": [{"network_interface_id": None, "private_ip_addresses": ["10.0.1.11"]}]},
    {"all_network_interfaces": None},
    {"all_network_interfaces": True, "network_interface_ids": None},
    {"all_network_interfaces": True, "filters": None},
    {"all_network_interfaces": True, "targets": None},
    {"all_network_interfaces": True, "only": None},
    {"all_network_interfaces": True, "only": []},
    {"all_network_interfaces": True, "only": ""},
    {"all_network_interfaces": True, "only": [""]},
    {"all_network_interfaces": True, "only": [None]},
    {"all_network_interfaces": True, "keep": None},
    {"all_network_interfaces": True, "keep": ""},
    {"all_network_interfaces": True, "keep": [""]},
    {"all_network_interfaces": True, "keep": [None]},
    {"all_network_interfaces": True, "keep_network_interfaces": None},
    {"all_network_interfaces": True, "keep_network_interfaces": ""},
    {"all_network_interfaces": True, "keep_network_interfaces": [""]},
    {"all_network_interfaces": True, "max_unassign": None},
    {"all_network_interfaces": True, "max_unassign_percent": None},
    {"targets": [{"network_interface_id": "nic-0001", "private_ip_addresses": ["10.0.1.11"]}], "plan_digest": None},
    {"targets": [{"network_interface_id": "nic-0001", "private_ip_addresses": ["10.0.1.11"]}], "plan_digest": ""},
]


@pytest.mark.parametrize("options", WIDENING, ids=str)
def test_an_empty_or_undefined_value_is_refused_before_any_call(scene: Scene, options: dict[str, Any]) -> None:
    load(scene)
    message = scene.refusal(**options)
    named = [name for name in options if name != "all_network_interfaces" or len(options) == 1]
    assert any(name in message for name in named)


def test_an_empty_plan_is_a_plan_and_touches_nothing(scene: Scene) -> None:
    load(scene)
    result = scene.good(targets=[], plan_digest=digest([]))
    assert (result["changed"], result["plan"], result["outcomes"]) == (False, [], [])
    assert scene.sim.calls() == []


@pytest.mark.parametrize("value", [None, "", []])
def test_an_empty_region_is_refused(scene: Scene, value: Any) -> None:
    load(scene)
    if value == [] and not scene.region_is_list:
        return
    assert scene.cloud.region_filter in scene.refusal(filters={scene.cloud.region_filter: value})


def test_nothing_to_keep_is_no_wish_at_all(scene: Scene) -> None:
    load(scene)
    assert len(scene.all(keep=[], keep_network_interfaces=[])["plan"]) == 3


def test_only_narrows_to_addresses_and_networks(scene: Scene) -> None:
    load(scene)
    result = scene.all(only=[scene.secondary(1, 1), "10.0.3.0/24"])
    assert result["plan"] == [
        scene.target(1, scene.secondary(1, 1)),
        scene.target(3, scene.secondary(3, 1), scene.secondary(3, 2)),
    ]


def test_keep_wins_over_only(scene: Scene) -> None:
    load(scene)
    result = scene.all(only=["10.0.1.0/24"], keep=["10.0.1.12/32"])
    assert result["plan"] == [scene.target(1, scene.secondary(1, 1))]
    assert scene.secondaries(1) == [scene.secondary(1, 2)]


@pytest.mark.parametrize("option", ["only", "keep"])
@pytest.mark.parametrize("value", ["10.0.1.11/24", "10.0.1", "nic-0001", "::1", "10.0.1.0/33", "10.0.1.11 "])
def test_an_address_that_is_none_is_refused(scene: Scene, option: str, value: str) -> None:
    load(scene)
    assert scene.refusal(all_network_interfaces=True, **{option: [value]}).startswith(f"{option}:")


@pytest.mark.parametrize("pattern", ["nic-0003", "db-3", "db-*", "*-3", "d[ab]-?"])
def test_network_interfaces_are_kept_by_id_or_by_a_pattern_of_their_name(scene: Scene, pattern: str) -> None:
    load(scene)
    assert changed(scene.all(keep_network_interfaces=[pattern])) == [scene.id(1), scene.id(2)]
    assert len(scene.secondaries(3)) == 2


@pytest.mark.parametrize("pattern", ["DB-3", "nic-*", "db", "3"])
def test_a_pattern_is_about_the_whole_name_and_not_about_ids(scene: Scene, pattern: str) -> None:
    load(scene)
    assert scene.id(3) in changed(scene.all(keep_network_interfaces=[pattern], check_mode=True))


def test_a_kept_network_interface_is_kept_from_targets_too(scene: Scene) -> None:
    load(scene)
    result = scene.good(targets=[scene.target(3, scene.secondary(3, 1))], keep_network_interfaces=["db-*"])
    assert result["outcomes"][0]["kept"] == [{"private_ip_address": scene.secondary(3, 1), "reason": "keep"}]
    assert scene.writes() == []


def test_only_and_keep_narrow_targets_too(scene: Scene) -> None:
    load(scene)
    result = scene.good(
        targets=[scene.target(1, scene.secondary(1, 1), scene.secondary(1, 2)), scene.target(3, scene.secondary(3, 1))],
        only=["10.0.1.0/24"],
        keep=[scene.secondary(1, 2)],
    )
    assert result["plan"] == [scene.target(1, scene.secondary(1, 1))]
    assert scene.written() == [(scene.id(1), scene.secondary(1, 1))]


def test_the_reads_of_a_selection_by_id_name_no_other_network_interface(scene: Scene) -> None:
    load(scene)
    scene.good(network_interface_ids=[scene.id(1)])
    assert {tuple(call["network_interface_ids"]) for call in scene.sim.calls(READ)} == {(scene.id(1),)}
