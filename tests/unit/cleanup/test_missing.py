# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan of which too many network interfaces do not exist is the plan of another account, site or region."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import DEFAULT, Scene, by_id
from ansible_collections.edgecloud.nic.tests.unit.clouds import READ


def load(scene: Scene) -> None:
    scene.load(*(scene.nic(number, 1) for number in range(1, 5)))


def targets(scene: Scene, *numbers: int) -> list[dict[str, Any]]:
    return [scene.target(number, scene.secondary(number, 1)) for number in numbers]


@pytest.mark.parametrize("check_mode", [False, True])
def test_too_many_change_nothing_and_the_message_says_what_is_likelier(scene: Scene, check_mode: bool) -> None:
    load(scene)
    report = scene.run(check_mode, targets=targets(scene, 1, 2, 3, 98, 99), max_missing_percent=39.9)
    hint = scene.definition.provider.id_hint(scene.id(98))
    assert report.message == (
        f"max_missing_percent: 2 of the plan's 5 network interfaces ({scene.id(98)}, {scene.id(99)}) do not exist at "
        f"{scene.sim.host_port}, which is 40.0 %, and 39.9 % are allowed. A wrong account, site or region is likelier "
        f"than that they were deleted{hint}. max_missing_percent=40 would allow it. Nothing was changed"
    )
    assert report.result == {"changed": False}
    # Neither what uses addresses was looked up, nor anything written.
    assert set(scene.sim.counts()) == {READ}
    assert all(nic["secondary_private_ips"] for nic in scene.truth().values())


def test_the_account_is_named_where_it_is_known(scene: Scene) -> None:
    load(scene)
    account = scene.sim.account_id(scene.cloud.name)
    message = scene.failure(targets=targets(scene, 99), max_missing_percent=0, expected_account=account)
    assert f"do not exist in account {account} at {scene.sim.host_port}" in message


@pytest.mark.parametrize("allowed", [25, 100])
def test_as_many_as_are_allowed_are_named_in_a_warning_and_the_others_are_done(scene: Scene, allowed: float) -> None:
    load(scene)
    report = scene.run(targets=targets(scene, 1, 2, 3, 99), max_missing_percent=allowed)
    assert report.message is None
    (warning,) = report.warnings
    assert warning.startswith(f"targets: there is no network interface {scene.id(99)} at ")
    assert by_id(report.result)[scene.id(99)]["already_absent"] == [scene.secondary(99, 1)]
    assert report.result["summary"]["unassigned"] == 3


def test_a_fifth_may_be_missing_unless_told_otherwise(scene: Scene) -> None:
    load(scene)
    assert scene.run(targets=targets(scene, 1, 2, 3, 4, 99), max_missing_percent=DEFAULT).message is None
    message = scene.failure(targets=targets(scene, 1, 2, 3, 99), max_missing_percent=DEFAULT)
    assert "25.0 %, and 20 % are allowed" in message


def test_a_plan_that_is_all_gone_is_no_success(scene: Scene) -> None:
    load(scene)
    assert "3 of the plan's 3" in scene.failure(targets=targets(scene, 97, 98, 99), max_missing_percent=DEFAULT)


def test_an_empty_plan_lacks_nothing(scene: Scene) -> None:
    load(scene)
    assert scene.run(targets=[], max_missing_percent=0).message is None


def test_addresses_that_are_gone_are_not_network_interfaces_that_are(scene: Scene) -> None:
    load(scene)
    scene.good(targets=targets(scene, 1, 2, 3, 4))
    again = scene.run(targets=targets(scene, 1, 2, 3, 4), max_missing_percent=0)
    assert (again.message, again.warnings) == (None, [])


def test_ids_are_a_selection_and_no_plan(scene: Scene) -> None:
    load(scene)
    report = scene.run(network_interface_ids=[scene.id(98), scene.id(99)], max_missing_percent=0)
    assert report.message is None


@pytest.mark.parametrize("value", [-0.1, 100.1, "nan", "inf", None])
def test_a_percentage_that_cannot_be_meant_is_refused(scene: Scene, value: Any) -> None:
    load(scene)
    assert "max_missing_percent" in scene.refusal(targets=targets(scene, 1), max_missing_percent=value)
