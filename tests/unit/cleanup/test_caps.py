# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two caps: a plan that is larger than anybody expected changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import DEFAULT, Scene, accounted

OVER: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"max_unassign": 11},
        ["max_unassign", "12 addresses", "3 network interfaces", "11 are allowed", "max_unassign=12"],
    ),
    ({"max_unassign": 0}, ["max_unassign", "12 addresses", "max_unassign=12"]),
    (
        {"max_unassign_percent": 99.9},
        ["max_unassign_percent", "12 addresses", "3 network interfaces", "100.0 % of the 12", "99.9 % are allowed"],
    ),
    ({"max_unassign_percent": 0}, ["max_unassign_percent", "0 % are allowed"]),
    ({"max_unassign_percent": 24.9, "only": ["10.0.1.11", "10.0.2.11", "10.0.3.11"]}, ["3 addresses", "25.0 %"]),
]


def load(scene: Scene) -> None:
    """Twelve secondary addresses."""
    scene.load(*(scene.nic(number, 4) for number in (1, 2, 3)))


@pytest.mark.parametrize("options, said", OVER, ids=str)
def test_a_plan_over_a_cap_changes_nothing_and_says_how_large_it_is(
    scene: Scene, options: dict[str, Any], said: list[str]
) -> None:
    load(scene)
    report = scene.run(all_network_interfaces=True, **options)
    assert report.message is not None
    for words in (*said, "Nothing was changed"):
        assert words in report.message
    assert scene.writes() == []
    assert report.result["changed"] is False
    assert report.result["diff"] == {"before": {}, "after": {}}
    assert report.result["plan"]
    assert set(accounted(report.result).values()) == {"not_attempted"}


@pytest.mark.parametrize("options, said", OVER, ids=str)
def test_in_check_mode_it_warns_only(scene: Scene, options: dict[str, Any], said: list[str]) -> None:
    load(scene)
    report = scene.run(check_mode=True, all_network_interfaces=True, **options)
    assert report.message is None
    assert len(report.warnings) == 1
    for words in said:
        assert words in report.warnings[0]
    assert report.result["changed"] is True
    assert set(accounted(report.result).values()) == {"unassigned"}


@pytest.mark.parametrize(
    "options",
    [
        {"max_unassign": 12},
        {"max_unassign_percent": 100},
        {"max_unassign_percent": 25, "only": ["10.0.1.11", "10.0.2.11", "10.0.3.11"]},
        {"max_unassign": 0, "max_unassign_percent": 0, "keep": ["10.0.0.0/8"]},
    ],
    ids=str,
)
def test_a_plan_of_just_the_allowed_size_is_carried_out(scene: Scene, options: dict[str, Any]) -> None:
    load(scene)
    report = scene.run(all_network_interfaces=True, **options)
    assert (report.message, report.warnings) == (None, [])


def test_the_caps_are_on_unless_raised(scene: Scene) -> None:
    scene.load(scene.nic(1, 101))
    assert "101 addresses" in scene.failure(all_network_interfaces=True, max_unassign=DEFAULT)
    assert scene.writes() == []


@pytest.mark.parametrize("options", [{"max_unassign": 1}, {"max_unassign_percent": 49.9}], ids=str)
def test_targets_have_the_same_caps(scene: Scene, options: dict[str, Any]) -> None:
    load(scene)
    targets = [scene.target(1, scene.secondary(1, 1), scene.secondary(1, 2))]
    assert "2 addresses" in scene.failure(targets=targets, **options)
    assert scene.writes() == []


def test_what_is_not_going_to_be_removed_counts_for_nothing(scene: Scene) -> None:
    scene.load(scene.nic(1, 4), load_balancers=[scene.balancer((1, "10.0.1.11"), (1, "10.0.1.12"))])
    report = scene.run(all_network_interfaces=True, keep=["10.0.1.13"], max_unassign=1, max_unassign_percent=25)
    assert report.message is None
    assert scene.written() == [(scene.id(1), "10.0.1.14")]


@pytest.mark.parametrize(
    "options",
    [
        {"max_unassign": -1},
        {"max_unassign_percent": -0.1},
        {"max_unassign_percent": 100.1},
        {"max_unassign_percent": "nan"},
        {"concurrency": 0},
        {"concurrency": 65},
        {"requests_per_second": 0},
        {"requests_per_second": -1},
        {"requests_per_second": "nan"},
        {"requests_per_second": "inf"},
        {"wait_timeout": -1},
        {"wait_timeout": "nan"},
        {"wait_timeout": "inf"},
        *({name: 86_401} for name in ("timeout", "connect_timeout", "retry_max_delay", "wait_timeout")),
    ],
    ids=str,
)
def test_a_number_that_cannot_be_meant_is_refused(scene: Scene, options: dict[str, Any]) -> None:
    load(scene)
    message = scene.refusal(all_network_interfaces=True, **options)
    assert next(iter(options)) in message
