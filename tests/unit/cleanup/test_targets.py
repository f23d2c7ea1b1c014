# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Applying a plan: exactly that plan, and of it only what still holds."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import Scene, accounted, by_id, digest, nothing


def load(scene: Scene) -> None:
    scene.load(
        scene.nic(1, 3),
        scene.nic(2, 3),
        scene.nic(3, 3, vpc=2),
        load_balancers=[scene.balancer(vpc=1), scene.balancer(vpc=2)],
    )


def plan(scene: Scene) -> dict[str, Any]:
    """Plan everything, and give targets and plan_digest."""
    load(scene)
    result = scene.all(check_mode=True)
    return {"targets": result["plan"], "plan_digest": result["plan_digest"]}


def test_the_plan_of_check_mode_is_applied_as_it_is(scene: Scene) -> None:
    approved = plan(scene)
    # Somebody adds an address meanwhile: it is no part of the plan.
    scene.sim.change(kind="add_private_ip", network_interface_id=scene.id(1), private_ip_address="10.0.1.99")
    result = scene.good(**approved)
    assert (result["plan"], result["plan_digest"]) == (approved["targets"], approved["plan_digest"])
    assert result["summary"]["unassigned"] == 9
    assert scene.secondaries(1) == ["10.0.1.99"]


def test_a_plan_is_one_whatever_its_order(scene: Scene) -> None:
    approved = plan(scene)
    mixed = [
        {**target, "private_ip_addresses": target["private_ip_addresses"][::-1]} for target in approved["targets"][::-1]
    ]
    assert scene.good(targets=mixed, plan_digest=approved["plan_digest"])["summary"]["unassigned"] == 9


@pytest.mark.parametrize("other", ["sha256:" + "0" * 64, "sha256:", "0" * 64, "none"])
def test_another_digest_is_refused_before_anything_is_read(scene: Scene, other: str) -> None:
    approved = plan(scene)
    message = scene.refusal(targets=approved["targets"], plan_digest=other)
    assert "plan_digest" in message
    assert approved["plan_digest"] in message


def test_a_plan_that_was_edited_does_not_pass_for_the_approved_one(scene: Scene) -> None:
    approved = plan(scene)
    approved["targets"][0]["private_ip_addresses"].append("10.0.1.50")
    assert "plan_digest" in scene.refusal(**approved)
    del approved["targets"][0]
    assert "plan_digest" in scene.refusal(**approved)


def test_a_digest_without_targets_is_refused(scene: Scene) -> None:
    load(scene)
    assert "plan_digest" in scene.refusal(all_network_interfaces=True, plan_digest=digest([]))


@pytest.mark.parametrize(
    "targets",
    [
        [{"network_interface_id": "nic-0001", "private_ip_addresses": ["10.0.1.11", "10.0.1.11"]}],
        [{"network_interface_id": "nic-0001", "private_ip_addresses": ["10.0.1.0/24"]}],
        [{"network_interface_id": "nic-0001", "private_ip_addresses": ["::1"]}],
        [
            {"network_interface_id": "nic-0001", "private_ip_addresses": ["10.0.1.11"]},
            {"network_interface_id": "nic-0001", "private_ip_addresses": ["10.0.1.12"]},
        ],
        [{"network_interface_id": "nic 1", "private_ip_addresses": ["10.0.1.11"]}],
        [{"private_ip_addresses": ["10.0.1.11"]}],
        [{"network_interface_id": "nic-0001"}],
    ],
    ids=str,
)
def test_a_plan_that_cannot_be_meant_is_refused(scene: Scene, targets: list[dict[str, Any]]) -> None:
    load(scene)
    assert "targets" in scene.refusal(targets=targets)


def test_addresses_that_went_away_meanwhile_are_already_absent(scene: Scene) -> None:
    approved = plan(scene)
    scene.sim.change(
        kind="remove_private_ip", network_interface_id=scene.id(1), private_ip_address=scene.secondary(1, 2)
    )
    result = scene.good(**approved)
    assert by_id(result)[scene.id(1)]["already_absent"] == [scene.secondary(1, 2)]
    assert (scene.id(1), scene.secondary(1, 2)) not in scene.written()
    assert len(accounted(result)) == 9


def test_an_address_that_became_primary_meanwhile_is_kept(scene: Scene) -> None:
    approved = plan(scene)
    scene.sim.change(kind="make_primary", network_interface_id=scene.id(1), private_ip_address=scene.secondary(1, 1))
    result = scene.good(**approved)
    assert by_id(result)[scene.id(1)]["kept"] == [{"private_ip_address": scene.secondary(1, 1), "reason": "primary"}]
    assert (scene.id(1), scene.secondary(1, 1)) not in scene.written()
    # The old primary address is a secondary one now, and nobody has approved that it goes.
    assert scene.sim.addresses(scene.id(1)) == (scene.secondary(1, 1), [scene.primary(1)])


def test_an_address_that_is_used_meanwhile_stays(scene: Scene) -> None:
    approved = plan(scene)
    scene.sim.change(
        kind="add_backend",
        network_interface_id=scene.id(3),
        private_ip_address=scene.secondary(3, 3),
        load_balancer_id="lb-2",
    )
    result = scene.good(**approved)
    assert by_id(result)[scene.id(3)]["in_use"] == [
        {"private_ip_address": scene.secondary(3, 3), "kind": "load_balancer", "id": "lb-2"}
    ]
    assert scene.secondaries(3) == [scene.secondary(3, 3)]


def test_an_address_that_got_an_elastic_ip_meanwhile_stays(scene: Scene) -> None:
    approved = plan(scene)
    scene.sim.change(kind="attach_eip", network_interface_id=scene.id(2), private_ip_address=scene.secondary(2, 2))
    report = scene.run(**approved, eip_protects="address")
    assert scene.secondaries(2) == [scene.secondary(2, 2)]
    outcome = accounted(report.result)[scene.id(2), scene.secondary(2, 2)]
    assert outcome == (scene.cloud.refused_for_use)


def test_a_network_interface_that_is_gone_has_nothing_left(scene: Scene) -> None:
    approved = plan(scene)
    scene.sim.change(kind="delete_network_interface", network_interface_id=scene.id(2))
    result = scene.good(**approved)
    assert by_id(result)[scene.id(2)] == {
        "network_interface_id": scene.id(2),
        **nothing(),
        "already_absent": [scene.secondary(2, index) for index in (1, 2, 3)],
    }
    assert len(result["outcomes"]) == 3
    assert result["summary"]["unassigned"] == 6


def test_addresses_on_another_network_interface_are_not_touched_there(scene: Scene) -> None:
    load(scene)
    result = scene.good(targets=[scene.target(1, scene.secondary(2, 1))])
    assert by_id(result)[scene.id(1)]["already_absent"] == [scene.secondary(2, 1)]
    assert scene.writes() == []


@pytest.mark.parametrize("kind", ["make_primary", "remove_private_ip"])
def test_a_change_between_the_read_and_the_write_is_noticed(scene: Scene, kind: str) -> None:
    approved = plan(scene)
    change = {"kind": kind, "network_interface_id": scene.id(1), "private_ip_address": scene.secondary(1, 2)}
    scene.sim.add_event(after_action=scene.cloud.eips, count=2, change=change)
    result = scene.good(**approved)
    outcome = accounted(result)[scene.id(1), scene.secondary(1, 2)]
    # A refused list of which a part is gone may have been carried out in part.
    assert outcome == {"make_primary": "kept", "remove_private_ip": "unassigned"}[kind]
    assert accounted(result)[scene.id(1), scene.secondary(1, 1)] == "unassigned"
    primary = scene.sim.addresses(scene.id(1))[0]
    assert primary == (scene.secondary(1, 2) if kind == "make_primary" else scene.primary(1))


def test_a_network_interface_that_goes_between_the_read_and_the_write_is_noticed(scene: Scene) -> None:
    approved = plan(scene)
    change = {"kind": "delete_network_interface", "network_interface_id": scene.id(1)}
    scene.sim.add_event(after_action=scene.cloud.eips, count=2, change=change)
    result = scene.good(**approved)
    assert by_id(result)[scene.id(1)]["already_absent"] == [scene.secondary(1, index) for index in (1, 2, 3)]
    assert result["summary"]["unassigned"] == 6


def test_a_plan_is_applied_twice_without_harm(scene: Scene) -> None:
    approved = plan(scene)
    scene.good(**approved)
    again = scene.good(**approved)
    assert (again["changed"], again["summary"]["already_absent"]) == (False, 9)
    assert scene.writes() == []
