# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account of a cleanup: complete whatever breaks, reasons in fields, and nothing touched that may be spared."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._engine import verification
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import run_task
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import Scene, accounted, by_id, planned
from ansible_collections.edgecloud.nic.tests.unit.clouds import READ


def load(scene: Scene, nics: int = 3, **more: Any) -> None:
    scene.load(*(scene.nic(number, 2) for number in range(1, nics + 1)), **more)


# Why a run stopped.


def test_a_run_that_was_not_stopped_says_so(scene: Scene) -> None:
    load(scene)
    result = scene.all()
    assert (result["stopped"], result["account"], result["uncertain"]) == (None, None, [])


def test_credentials_that_are_lost_while_writing_stop_the_run(scene: Scene) -> None:
    load(scene, 12)
    code = scene.cloud.unknown_key
    scene.sim.add_fault(kind="error", status=401, code=code, match={"write": True}, skip=2, times=None)
    report = scene.run(all_network_interfaces=True, concurrency=1)
    assert report.result["stopped"] == "auth"
    assert len(scene.writes()) == 3
    assert report.result["summary"]["unassigned"] == 4
    assert report.result["summary"]["not_attempted"] == 18


def test_credentials_that_are_lost_while_verifying_stop_the_run_and_leave_a_change(scene: Scene) -> None:
    load(scene, 3)
    code = scene.cloud.unknown_key
    scene.sim.add_fault(kind="error", status=401, code=code, match={"action": READ}, skip=1, times=None)
    report = scene.run(all_network_interfaces=True)
    assert report.result["stopped"] == "auth"
    assert report.result["changed"] is True
    assert set(accounted(report.result).values()) == {"unknown"}
    assert scene.count(READ) == 2


def test_credentials_that_are_refused_at_once_are_a_reason_too(scene: Scene) -> None:
    load(scene)
    report = scene.run(all_network_interfaces=True, access_key_secret="wrong")
    assert report.result == {"changed": False, "stopped": "auth"}


def test_on_error_stop_is_a_reason(scene: Scene) -> None:
    refused = {"network_interface_id": scene.id(1), "code": scene.cloud.refusal[0], "status": 400}
    load(scene, settings={"refuse": [refused]})
    report = scene.run(all_network_interfaces=True, concurrency=1, on_error="stop")
    assert report.result["stopped"] == "on_error"
    assert [nic for nic, _address in scene.written()] == [scene.id(1)] * len(scene.written())


def test_an_endpoint_that_is_gone_leaves_what_never_left_not_attempted(scene: Scene) -> None:
    load(scene)
    report = scene.run(targets=[scene.target(1, scene.secondary(1, 1))], endpoint="http://127.0.0.1:1", max_retries=0)
    assert report.result["stopped"] == "endpoint"


# Nothing that happens after the first write costs the result.


def test_a_bug_after_the_first_write_does_not_cost_the_result(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    def break_down(*_args: object) -> None:
        raise RecursionError("on purpose")

    load(scene)
    monkeypatch.setattr(verification.Verification, "look", break_down)
    monkeypatch.setattr(verification.Verification, "verify", break_down)
    given = scene.given(all_network_interfaces=True, journal=str(tmp_path / "journal"))
    options = {name: entry.get("default") for name, entry in scene.definition.argument_spec.items()}
    flow, provider, spec = (
        scene.definition.flow,
        scene.definition.provider,
        scene.definition.argument_spec,
    )
    report = run_task(flow, provider, {**options, **given}, given, spec, False)
    assert set(accounted(report.result).values()) == {"unknown"}
    assert all(entry["accepted"] for nic in report.result["outcomes"] for entry in nic["unknown"])
    assert report.result["changed"] is True
    assert report.result["diff"]["after"] == {scene.id(number): [] for number in (1, 2, 3)}
    assert "has a bug" in (report.message or "")
    assert "on purpose" in (report.message or "")


def test_one_network_interface_that_cannot_be_read_leaves_the_others_their_account(scene: Scene) -> None:
    """In one answer with fifty, one entry has lost its addresses."""
    load(scene, 5)
    odd = scene.id(2)
    fields = ["PrivateIpSets", "secondaryIpv4s", "privateIpList"]
    match = {"action": READ, "network_interface_id": odd}
    scene.sim.add_fault(kind="missing_fields", fields=fields, match=match, times=1)
    result = scene.all()
    assert set(accounted(result).values()) == {"unassigned"}


@pytest.mark.parametrize("identifier", ["nic-\ud800", "a b", "", 7, None])
def test_a_network_interface_without_a_usable_id_is_left_alone_and_told(scene: Scene, identifier: Any) -> None:
    load(scene, 1)
    values = {"NetworkInterfaceId": identifier, "nicId": identifier}
    scene.sim.add_fault(kind="replace_fields", values=values, match={"action": READ}, times=None)
    report = scene.run(all_network_interfaces=True)
    assert (report.message, report.result["plan"]) == (None, [])
    assert "without a usable id" in report.warnings[0]
    assert scene.writes() == []


# What is spared.


@pytest.mark.parametrize("pattern", ["prod-*", "*", "prod-[ab]", "prod-?"])
def test_a_network_interface_without_a_name_is_left_alone_as_soon_as_there_is_a_pattern(
    scene: Scene, pattern: str
) -> None:
    load(scene)
    scene.sim.add_fault(
        kind="replace_fields",
        values={"NetworkInterfaceName": None, "name": None},
        match={"action": READ},
        times=None,
    )
    result = scene.all(keep_network_interfaces=[pattern])
    assert (result["plan"], result["changed"]) == ([], False)
    assert scene.writes() == []


def test_without_a_pattern_the_name_does_not_matter(scene: Scene) -> None:
    load(scene)
    scene.sim.add_fault(kind="missing_fields", fields=["NetworkInterfaceName", "name"], times=None)
    result = scene.all(keep_network_interfaces=["prod", scene.id(1)])
    assert {nic for nic, _address in planned(result)} == {scene.id(2), scene.id(3)}


def test_a_name_with_brackets_is_meant_as_it_is_as_well(scene: Scene) -> None:
    scene.load(scene.nic(1, 1, name="db[1]"), scene.nic(2, 1, name="db1"), scene.nic(3, 1, name="web"))
    result = scene.all(keep_network_interfaces=["db[1]"])
    assert {nic for nic, _address in planned(result)} == {scene.id(3)}


# What uses addresses has to be known completely.


@pytest.mark.parametrize("count", [99, 100, 101, 200, 201])
def test_a_count_of_uses_that_is_one_too_small_hides_none(scene: Scene, count: int) -> None:
    """The last balancer of the list uses the address."""
    balancers = [scene.balancer() | {"load_balancer_id": f"lb-{number:04}"} for number in range(1, count)]
    used = scene.balancer((1, scene.secondary(1, 1))) | {"load_balancer_id": "lb-9999"}
    scene.load(
        scene.nic(1, 2),
        load_balancers=[*balancers, used],
        settings={"paging": {"total_count": count - 1}},
    )
    report = scene.run(all_network_interfaces=True)
    assert (scene.id(1), scene.secondary(1, 1)) not in scene.written()
    if report.message is None:
        assert by_id(report.result)[scene.id(1)]["in_use"][0]["id"] == "lb-9999"


WRONG: dict[str, dict[str, Any]] = {
    "balancers are a text": {"LoadBalancer": "none", "dataSet": "none"},
    "balancers are an object": {"LoadBalancer": {}, "dataSet": {}},
    "balancers are texts": {"LoadBalancer": ["lb"], "dataSet": ["lb"]},
    "balancers without ids": {"LoadBalancer": [{}], "dataSet": [{}]},
}
WRONG_BACKENDS: dict[str, dict[str, Any]] = {
    "backends are a text": {"BackendServers": "none", "backends": "none"},
    "backends are an object": {"BackendServers": {"a": 1}, "backends": {"a": 1}},
    "backends are texts": {"BackendServers": ["10.0.1.11"], "backends": ["10.0.1.11"]},
    "an address that is a number": {"Ip": 7, "privateIpAddress": 7},
    "an address that cannot be read": {"Ip": "10.0.1.011", "privateIpAddress": "10.0.1"},
}


@pytest.mark.parametrize("values", WRONG.values(), ids=WRONG)
def test_a_list_of_uses_that_cannot_be_read_leaves_everything_untouched(scene: Scene, values: dict[str, Any]) -> None:
    load(scene, load_balancers=[scene.balancer((1, scene.secondary(1, 1)))])
    scene.sim.add_fault(kind="replace_fields", values=values, match={"action": "DescribeLoadBalancers"}, times=None)
    report = scene.run(all_network_interfaces=True, max_retries=0)
    assert "DescribeLoadBalancers" in (report.message or "")
    assert scene.writes() == []


@pytest.mark.parametrize("values", WRONG_BACKENDS.values(), ids=WRONG_BACKENDS)
def test_a_use_that_cannot_be_read_leaves_everything_untouched(scene: Scene, values: dict[str, Any]) -> None:
    load(scene, load_balancers=[scene.balancer((1, scene.secondary(1, 1)))])
    action = scene.cloud.backends
    scene.sim.add_fault(kind="replace_fields", values=values, match={"action": action}, times=None)
    report = scene.run(all_network_interfaces=True, max_retries=0)
    assert action in (report.message or "")
    assert scene.writes() == []


def test_limits_tell_the_size_of_the_plan_and_what_it_exceeds(scene: Scene) -> None:
    load(scene, 4)
    only = [scene.secondary(1, 1), scene.secondary(2, 1)]
    limits = scene.all(check_mode=True, only=only, max_unassign=1, max_unassign_percent=25)["limits"]
    assert limits == {
        "max_unassign": 1,
        "max_unassign_percent": 25.0,
        "planned": 2,
        "planned_percent": 25.0,
        "exceeded": ["max_unassign"],
    }
    both = scene.run(all_network_interfaces=True, only=only, max_unassign=0, max_unassign_percent=1).result["limits"]
    assert both["exceeded"] == ["max_unassign", "max_unassign_percent"]


def test_uncertain_uses_are_listed(scene: Scene) -> None:
    """ENS does not tell which address an elastic IP on a network interface belongs to; ZEC does."""
    eip = {
        "eip_id": "eip-1",
        "public_ip_address": "203.0.113.7",
        "region_id": "region-1",
        "network_interface_id": scene.id(2),
        "private_ip_address": scene.secondary(2, 1),
    }
    load(scene, eips=[eip])
    result = scene.all(check_mode=True)
    expected = [{"network_interface_id": scene.id(2), "kind": "eip", "id": "eip-1"}]
    assert result["uncertain"] == (expected if scene.cloud.name == "ens" else [])
