# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists that shift under the reader: never a wrong removal, and always an end."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import Scene, accounted
from ansible_collections.edgecloud.nic.tests.unit.clouds import READ

NICS = 120
WEATHER: list[dict[str, Any]] = [
    {"duplicate": True},
    {"shuffle": True},
    {"drop": True},
    {"endless": True},
    {"total_count": 0},
    {"total_count": 1},
    {"total_count": 119},
    {"total_count": 100000},
    {"duplicate": True, "shuffle": True},
    {"duplicate": True, "drop": True, "shuffle": True, "total_count": 7},
    {"endless": True, "total_count": 100000},
    {"endless": True, "duplicate": True, "total_count": 100000},
    {"endless": True, "shuffle": True, "drop": True, "total_count": 100000},
]


def load(scene: Scene, paging: dict[str, Any], balancers: int = 0, **settings: Any) -> set[tuple[str, str]]:
    """Make an estate of several pages; of the first network interfaces, the first address is behind a balancer each.

    :returns: what may be removed.
    """
    scene.load(
        *(scene.nic(number, 2) for number in range(1, NICS + 1)),
        load_balancers=[
            {**scene.balancer((number, scene.secondary(number, 1))), "load_balancer_id": f"lb-{number:03}"}
            for number in range(balancers, 0, -1)  # those that are listed last use addresses that are listed first
        ],
        settings={"paging": paging, "ens_in_use_blocks": False, **settings},
    )
    return {(scene.id(n), scene.secondary(n, i)) for n in range(1, NICS + 1) for i in (1, 2) if i == 2 or n > balancers}


@pytest.mark.parametrize("paging", WEATHER, ids=str)
def test_only_what_may_be_removed_is_and_the_reading_ends(scene: Scene, paging: dict[str, Any]) -> None:
    allowed = load(scene, paging, balancers=60)
    report = scene.run(all_network_interfaces=True, wait_timeout=0.3)
    written = scene.written()
    assert set(written) <= allowed
    assert len(written) == len(set(written))
    assert scene.count(READ) < 130  # a count that is much too large costs a page or two of windows
    assert sum(scene.sim.counts().values()) < 2 * NICS + 150
    if "plan" in report.result:
        outcomes = accounted(report.result)
        for (nic, address), outcome in outcomes.items():
            if outcome == "unassigned":
                assert address not in scene.truth()[nic]["secondary_private_ips"]
            elif outcome != "unknown":
                assert address in scene.truth()[nic]["secondary_private_ips"]


@pytest.mark.parametrize("paging", [{}, {"duplicate": True}, {"endless": True}], ids=str)
def test_nothing_is_missed_where_every_item_comes_on_some_page(scene: Scene, paging: dict[str, Any]) -> None:
    allowed = load(scene, paging, balancers=60)
    scene.all()
    assert set(scene.written()) == allowed


@pytest.mark.parametrize("paging", [{"drop": True}, {"total_count": 130}], ids=str)
def test_network_interfaces_that_were_counted_and_not_shown_are_told(scene: Scene, paging: dict[str, Any]) -> None:
    load(scene, paging)
    report = scene.run(check_mode=True, all_network_interfaces=True, in_use_check=False)
    assert any("more network interfaces than it lists" in warning for warning in report.warnings)


@pytest.mark.parametrize("paging", [{"drop": True}, {"total_count": 100000}], ids=str)
def test_uses_that_were_counted_and_not_shown_stop_everything(scene: Scene, paging: dict[str, Any]) -> None:
    """What uses addresses has to be known completely; a network interface that is missing does no harm."""
    load(scene, paging, balancers=110)
    report = scene.run(all_network_interfaces=True)
    assert report.message is not None
    assert "the cloud counts" in report.message
    assert report.result == {"changed": False}
    assert scene.writes() == []


@pytest.mark.parametrize("total", [0, 1, 99])
def test_a_count_that_is_too_small_does_not_hide_uses(scene: Scene, total: int) -> None:
    allowed = load(scene, {"total_count": total}, balancers=110)
    scene.run(all_network_interfaces=True)
    assert set(scene.written()) <= allowed


@pytest.mark.parametrize("total", [20, 40])
def test_nor_where_the_pages_are_shorter_than_was_asked_for(scene: Scene, total: int) -> None:
    allowed = load(scene, {}, balancers=60, page_size_limit=20)
    counts = {"TotalCount": total, "totalCount": total}
    scene.sim.add_fault(kind="replace_fields", match={"action": "DescribeLoadBalancers"}, values=counts, times=None)
    scene.run(all_network_interfaces=True)
    assert set(scene.written()) == allowed


@pytest.mark.parametrize("names", [["TotalCount", "totalCount"]])
def test_without_a_count_all_pages_are_read(scene: Scene, names: list[str]) -> None:
    allowed = load(scene, {}, balancers=60)
    scene.sim.add_fault(kind="missing_fields", fields=names, times=None, match={"write": False})
    scene.all()
    assert set(scene.written()) == allowed


def test_an_answer_without_its_list_is_no_empty_list(scene: Scene) -> None:
    load(scene, {})
    fields = ["NetworkInterfaceSets", "dataSet", "TotalCount", "totalCount"]
    scene.sim.add_fault(kind="missing_fields", fields=fields, match={"action": READ}, times=None)
    report = scene.run(all_network_interfaces=True, max_retries=1)
    assert report.message is not None
    assert scene.writes() == []


def test_lists_that_are_null_are_empty(scene: Scene) -> None:
    load(scene, {})
    scene.sim.add_fault(kind="null_lists", match={"action": READ}, times=None)
    report = scene.run(all_network_interfaces=True, max_retries=1)
    assert report.result["changed"] is False
    assert scene.writes() == []


def test_what_a_verification_does_not_show_is_not_taken_for_gone(scene: Scene) -> None:
    """A read that leaves network interfaces out says nothing about their addresses."""
    scene.load(*(scene.nic(number, 1) for number in range(1, 61)), settings={"removal_lag": 600})
    scene.sim.add_fault(
        kind="missing_fields",
        fields=["NetworkInterfaceSet", "dataSet"],
        match={"action": READ},
        skip=2,
        times=1,
    )
    report = scene.run(all_network_interfaces=True, wait_timeout=0.6, max_retries=1)
    assert set(accounted(report.result).values()) == {"unknown"}
