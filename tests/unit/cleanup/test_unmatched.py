# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was written and matches nothing is named: nobody writes it for nothing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import Scene
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS


def load(scene: Scene) -> None:
    """Network interfaces in two regions, with addresses 10.0.N.11 and .12, and a primary 10.0.N.10."""
    scene.load(scene.nic(1, 2), scene.nic(2, 2, vpc=2), scene.nic(3, 2, vpc=3, name="db-3"))


def warnings(scene: Scene, **options: Any) -> list[str]:
    report = scene.run(**options)
    assert report.message is None
    return report.warnings


@pytest.mark.parametrize("check_mode", [False, True])
def test_ids_that_do_not_exist_are_named_once(scene: Scene, check_mode: bool) -> None:
    load(scene)
    ids = [scene.id(1), *(f"nic-gone-{number}" for number in range(5))]
    hint = scene.definition.provider.id_hint(ids[1])
    assert warnings(scene, network_interface_ids=ids, check_mode=check_mode) == [
        "network_interface_ids: there is no network interface nic-gone-0, nic-gone-1, nic-gone-2 and 2 more "
        f"at {scene.sim.host_port}{hint}"
    ]


@pytest.mark.parametrize("filters", [{"vpc_id": "vpc-misspelt"}, {"name": "nobody", "vpc_id": "vpc-1"}], ids=str)
def test_filters_that_match_nothing_are_named(scene: Scene, filters: dict[str, str]) -> None:
    load(scene)
    (warning,) = warnings(scene, filters=filters)
    assert warning.startswith("filters: no network interface matches {")
    for name, value in filters.items():
        assert f'"{name}": "{value}"' in warning


def test_a_misspelt_region_is_named(scene: Scene) -> None:
    load(scene)
    (warning,) = warnings(scene, filters=scene.in_region("region-misspelt"))
    assert "region-misspelt" in warning


def test_regions_are_named_of_which_only_some_match(simulator: Simulator) -> None:
    scene = Scene(simulator, CLOUDS["ens"])
    load(scene)
    regions = ["region-1", "region-3", "region-2", "region-4"]
    assert warnings(scene, filters={"region_ids": regions}) == [
        "filters.region_ids: no network interface matches region-3, region-4"
    ]


def test_an_estate_without_any_network_interface_is_worth_a_word(scene: Scene) -> None:
    scene.load()
    assert warnings(scene, all_network_interfaces=True) == [f"there is no network interface at {scene.sim.host_port}"]


@pytest.mark.parametrize("option", ["keep", "only"])
def test_addresses_and_networks_that_hold_nothing_are_named(scene: Scene, option: str) -> None:
    load(scene)
    values = ["10.0.1.11", "10.99.0.0/16", "10.0.2.0/24", "10.0.1.99", "10.0.9.0/24", "192.168.1.1", "10.98.0.0/16"]
    assert warnings(scene, all_network_interfaces=True, **{option: values}) == [
        f"{option}: nothing that was selected matches 10.99.0.0/16, 10.0.1.99, 10.0.9.0/24 and 2 more"
    ]


def test_a_primary_address_is_one_to_keep(scene: Scene) -> None:
    load(scene)
    assert warnings(scene, all_network_interfaces=True, keep=[scene.primary(1)]) == []


def test_an_address_outside_of_the_selection_matches_nothing(scene: Scene) -> None:
    load(scene)
    (warning,) = warnings(scene, filters=scene.in_region("region-1"), keep=[scene.secondary(2, 1)])
    assert warning.startswith("keep: ")


@pytest.mark.parametrize(
    "entry, matches",
    [("nic-0003", True), ("db-3", True), ("db-*", True), ("game_*", False), ("nic-*", False), ("db", False)],
)
def test_network_interfaces_to_keep_that_there_are_not_are_named(scene: Scene, entry: str, matches: bool) -> None:
    load(scene)
    named = [] if matches else [f"keep_network_interfaces: nothing that was selected matches {entry}"]
    assert warnings(scene, all_network_interfaces=True, keep_network_interfaces=["host-1", entry]) == named


def test_there_is_one_warning_for_each_option(scene: Scene) -> None:
    load(scene)
    options = {"keep": ["10.9.0.1", "10.9.0.2"], "only": ["10.0.0.0/8", "11.0.0.0/8"], "keep_network_interfaces": ["x"]}
    told = warnings(scene, all_network_interfaces=True, **options)
    assert sorted(warning.partition(":")[0] for warning in told) == sorted(options)


def test_a_selection_of_nothing_is_said_once_and_not_of_everything_else(scene: Scene) -> None:
    load(scene)
    told = warnings(scene, filters={"vpc_id": "vpc-misspelt"}, keep=["10.0.1.11"], keep_network_interfaces=["db-3"])
    assert len(told) == 1


def test_with_targets_entries_may_be_about_other_parts_of_the_plan(scene: Scene) -> None:
    load(scene)
    targets = [scene.target(1, scene.secondary(1, 1))]
    options = {"keep": ["10.0.2.11"], "only": ["10.0.0.0/8", "10.9.0.0/16"], "keep_network_interfaces": ["db-*"]}
    assert warnings(scene, targets=targets, **options) == []


LISTS = [
    {"filters": {"vpc_id": ["vpc-1"]}},
    {"filters": {"name": {"a": "b"}}},
    {"network_interface_ids": [["nic-0001"]]},
    {"targets": [{"network_interface_id": ["nic-0001"], "private_ip_addresses": ["10.0.1.11"]}]},
    {"all_network_interfaces": True, "keep": [["10.0.1.11"]]},
    {"all_network_interfaces": True, "keep_network_interfaces": [{"name": "db-*"}]},
    {"all_network_interfaces": True, "journal": ["journal"]},
    {"all_network_interfaces": True, "access_key_id": ["LTAI"]},
]


@pytest.mark.parametrize("options", LISTS, ids=str)
def test_a_list_where_a_text_belongs_is_refused_before_any_call(scene: Scene, options: dict[str, Any]) -> None:
    load(scene)
    message = scene.refusal(**options)
    assert list(options)[-1] in message


@pytest.mark.parametrize("value", [["a", "b"], {"a": "b"}])
def test_a_tag_has_one_text(simulator: Simulator, value: Any) -> None:
    scene = Scene(simulator, CLOUDS["zec"])
    load(scene)
    assert "filters.tags: " in scene.refusal(filters={"tags": {"env": value}})
