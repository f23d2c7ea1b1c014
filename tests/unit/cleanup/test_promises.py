# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The promises, held on estates, policies, refusals and faults that nobody thought of."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import (
    Scene,
    accounted,
    by_id,
    digest,
    planned,
)
from ansible_collections.edgecloud.nic.tests.unit.clouds import READ
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

#: A failure is shown as it was found: each example costs several runs, and to shrink it would take minutes.
QUICK = settings(
    max_examples=30,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
Pair = tuple[str, str]
REFUSALS = {
    "ens": [
        (400, "InvalidParameter.PrivateIpAddress"),
        (400, "IncorrectPrivateIpAddressStatus"),
        (400, "Operation.Conflict"),
        (400, "InvalidPrivateIpAddress.NotFound"),
        (400, "InvalidEniId.NotFound"),
        (400, "ens.interface.error"),
        (503, "ServiceUnavailable"),
    ],
    "zec": [
        (409, "INVALID_NIC_LB_ASSOCIATED"),
        (500, "OPERATION_DENIED_EIP_STATUS_NOT_SUPPORT"),
        (409, "INVALID_NIC_STATUS"),
        (404, "INVALID_NIC_NOT_FOUND"),
        (404, "OPERATION_FAILED_RESOURCE_NOT_FOUND"),
        (500, "INTERNAL_SERVER_ERROR"),
        (400, "SOMETHING_NEW"),
    ],
}


@dataclasses.dataclass
class Case:
    """An estate, what is asked of it, and how the cloud behaves."""

    sizes: list[int]
    vpcs: list[int]
    balanced: set[tuple[int, int]]
    translated: set[tuple[int, int]]
    selection: str
    chosen: list[int]
    targets: dict[int, list[str]]
    keep: list[tuple[int, int]]
    only: list[tuple[int, int]] | None
    spared: list[int]
    options: dict[str, Any]
    refusals: list[tuple[int, int, int]]
    faults: list[dict[str, Any]]
    weather: dict[str, Any]

    def secondaries(self, scene: Scene) -> set[Pair]:
        return {
            (scene.id(number), scene.secondary(number, index))
            for number, size in enumerate(self.sizes, start=1)
            for index in range(1, size + 1)
        }

    def primaries(self, scene: Scene) -> set[Pair]:
        return {(scene.id(number), scene.primary(number)) for number in range(1, len(self.sizes) + 1)}

    def used(self, scene: Scene) -> set[Pair]:
        return {(scene.id(number), scene.secondary(number, index)) for number, index in self.balanced | self.translated}

    def selected(self, scene: Scene) -> set[Pair]:
        """Give what the selection and the policy allow to go, worked out here once more."""
        numbers = set(range(1, len(self.sizes) + 1))
        if self.selection == "ids":
            numbers = set(self.chosen)
        if self.selection == "filter":
            numbers = {number for number in numbers if self.vpcs[number - 1] == 1}
        numbers -= set(self.spared)
        allowed = {pair for pair in self.secondaries(scene) if pair[0] in {scene.id(number) for number in numbers}}
        if self.selection == "targets":
            allowed &= {(scene.id(number), address) for number, listed in self.targets.items() for address in listed}
        allowed = {pair for pair in allowed if pair[1] not in {scene.secondary(*place) for place in self.keep}}
        if self.only is not None:
            allowed = {pair for pair in allowed if pair[1] in {scene.secondary(*place) for place in self.only}}
        if self.options["in_use_check"] and not self.options["force"]:
            allowed -= self.used(scene)
        return allowed

    def task(self, scene: Scene) -> dict[str, Any]:
        task = dict(self.options)
        if self.selection == "all":
            task["all_network_interfaces"] = True
        elif self.selection == "ids":
            task["network_interface_ids"] = [scene.id(number) for number in self.chosen]
        elif self.selection == "filter":
            task["filters"] = {"vpc_id": "vpc-1"}
        else:
            task["targets"] = [scene.target(number, *listed) for number, listed in self.targets.items()]
            task["plan_digest"] = digest(task["targets"])
        if self.keep:
            task["keep"] = [scene.secondary(*place) for place in self.keep]
        if self.only is not None:
            task["only"] = [scene.secondary(*place) for place in self.only]
        if self.spared:
            task["keep_network_interfaces"] = [
                scene.id(number) if number % 2 else f"host-{number}" for number in self.spared
            ]
        return task

    def load(self, scene: Scene) -> None:
        codes = REFUSALS[scene.cloud.name]
        refuse = []
        for number, index, code in self.refusals:
            entry: dict[str, Any] = {"network_interface_id": scene.id(number)}
            if index:
                entry["private_ip_address"] = scene.secondary(number, index)
            entry["status"], entry["code"] = codes[code % len(codes)]
            refuse.append(entry)
        scene.load(
            *(scene.nic(number, size, vpc=self.vpcs[number - 1]) for number, size in enumerate(self.sizes, start=1)),
            load_balancers=[
                scene.balancer(
                    *(
                        (number, scene.secondary(number, index))
                        for number, index in sorted(self.balanced)
                        if self.vpcs[number - 1] == vpc
                    ),
                    vpc=vpc,
                )
                for vpc in (1, 2)
            ],
            nat_gateways=[
                {
                    "nat_gateway_id": f"nat-{vpc}",
                    "subnet_id": f"subnet-{vpc}",
                    "dnats": [
                        {"dnat_id": f"dnat-{number}-{index}", "private_ip_address": scene.secondary(number, index)}
                        for number, index in sorted(self.translated)
                        if self.vpcs[number - 1] == vpc
                    ],
                }
                for vpc in (1, 2)
            ],
            settings={**self.weather, "refuse": refuse},
        )

    def break_things(self, scene: Scene) -> None:
        for fault in self.faults:
            match = {"action": scene.cloud.write} if fault["write"] else {"action": READ}
            scene.sim.add_fault(match=match, **{name: value for name, value in fault.items() if name != "write"})


@st.composite
def cases(draw: st.DrawFn) -> Case:
    sizes = draw(st.lists(st.integers(0, 6), min_size=1, max_size=5))
    places = [(number, index) for number, size in enumerate(sizes, start=1) for index in range(1, size + 1)]
    numbers = st.integers(1, len(sizes))
    some = st.sets(st.sampled_from(places), max_size=4) if places else st.just(set())
    written = st.fixed_dictionaries(
        {
            "write": st.just(True),
            "kind": st.sampled_from(
                ["error", "html", "empty", "reset", "apply_then_error", "apply_then_reset", "truncate", "bad_json"]
            ),
            "skip": st.integers(0, 3),
            "times": st.integers(1, 3),
        }
    )
    read = st.fixed_dictionaries(
        {
            "write": st.just(False),
            "kind": st.sampled_from(["error", "html", "reset", "bad_json", "truncate"]),
            "skip": st.integers(0, 4),
            "times": st.integers(1, 4),
        }
    )
    every = [Scene.primary(number) for number in range(1, len(sizes) + 1)]
    every += [Scene.secondary(*place) for place in places] + ["10.9.9.9"]
    return Case(
        sizes=sizes,
        vpcs=draw(st.lists(st.integers(1, 2), min_size=len(sizes), max_size=len(sizes))),
        balanced=draw(some),
        translated=draw(some),
        selection=draw(st.sampled_from(["all", "all", "ids", "filter", "targets"])),
        chosen=draw(st.lists(numbers, min_size=1, max_size=4)),
        targets=draw(
            st.dictionaries(numbers, st.lists(st.sampled_from(every), min_size=1, max_size=6, unique=True), min_size=1)
        ),
        keep=sorted(draw(some)),
        only=draw(st.none() | st.lists(st.sampled_from(places), min_size=1)) if places else None,
        spared=draw(st.lists(numbers, max_size=1)),
        options={
            "in_use_check": draw(st.sampled_from([True, True, True, False])),
            "force": draw(st.sampled_from([False, False, False, True])),
            "wait": draw(st.sampled_from([True, True, True, False])),
            "on_error": draw(st.sampled_from(["continue", "continue", "stop"])),
            "concurrency": draw(st.sampled_from([1, 2, 5])),
            "max_retries": draw(st.integers(0, 3)),
            "retry_max_delay": 0.005,
            "wait_timeout": 0.3,
        },
        refusals=draw(st.lists(st.tuples(numbers, st.integers(0, 6), st.integers(0, 6)), max_size=3)),
        faults=draw(st.lists(written | written | read, max_size=3)),
        weather={
            "mixed_list": draw(st.sampled_from(["atomic", "partial"])),
            "ens_in_use_blocks": draw(st.booleans()),
            "zec_absent_address": draw(st.sampled_from(["refuse", "ignore"])),
            "eip_blocks": "address",
        },
    )


def truth(scene: Scene) -> set[Pair]:
    return {(nic, address) for nic, entry in scene.truth().items() for address in entry["secondary_private_ips"]}


def in_doubt(call: dict[str, Any]) -> bool:
    """Tell whether the answer to a write leaves open what became of it; some final refusals of ZEC are HTTP 500."""
    if call["code"] is None:
        return True
    return call["http_status"] >= 500 and not call["code"].startswith(("OPERATION_DENIED_", "INVALID_"))


def check_writes(scene: Scene, case: Case) -> None:
    """No write call names what must stay, and none repeats another one blindly."""
    written = set(scene.written())
    assert not written & case.primaries(scene)
    assert written <= case.selected(scene)
    last: dict[Pair, dict[str, Any]] = {}
    looked: dict[str, int] = {}
    for call in scene.sim.calls():
        if call["action"] == READ:
            looked.update((nic, call["seq"]) for nic in call["network_interface_ids"])
        if not call["write"]:
            continue
        [nic] = call["network_interface_ids"]
        assert call["private_ip_addresses"], "an empty list was sent"
        assert len(set(call["private_ip_addresses"])) == len(call["private_ip_addresses"])
        for address in call["private_ip_addresses"]:
            before = last.get((nic, address))
            if before is not None and in_doubt(before):
                assert looked.get(nic, 0) > before["seq"], f"{address} was sent again without a look"
            last[nic, address] = call


def check_result(scene: Scene, result: dict[str, Any], before: set[Pair]) -> None:
    """The account is complete, and the world agrees with it."""
    outcomes = accounted(result)
    assert planned(result) <= set(outcomes)
    assert result["plan_digest"] == digest(result["plan"])
    unassigned = {pair for pair, outcome in outcomes.items() if outcome == "unassigned"}
    # What the cloud said it had taken is a change, though no read could confirm it.
    changed = unassigned | {
        (entry["network_interface_id"], detail["private_ip_address"])
        for entry in result["outcomes"]
        for detail in entry["unknown"]
        if detail["accepted"]
    }
    assert result["changed"] is bool(changed)
    now = truth(scene)
    written = set(scene.written())
    for pair, outcome in outcomes.items():
        if outcome == "unassigned":
            assert pair in written
            assert pair not in now
        elif outcome == "already_absent":
            assert pair not in now
        elif outcome in ("failed", "in_use"):
            assert pair in now, f"{pair} is {outcome}, and gone"
        elif outcome == "not_attempted":
            assert pair in now
            assert pair not in written
    # What is gone without being called unassigned is called unknown, and nothing else.
    assert {outcomes[pair] for pair in before - now - unassigned} <= {"unknown", "already_absent"}
    for nic, addresses in result["diff"]["before"].items():
        assert addresses == by_order(address for owner, address in before if owner == nic)
        gone = {address for owner, address in changed if owner == nic}
        assert gone
        assert result["diff"]["after"][nic] == [address for address in addresses if address not in gone]
    assert set(result["diff"]["before"]) == {nic for nic, _address in changed}
    assert set(by_id(result)) == {nic for nic, _address in outcomes}


def by_order(addresses: Any) -> list[str]:
    return sorted(addresses, key=lambda address: [int(part) for part in address.split(".")])


@QUICK
@given(case=cases())
def test_whatever_happens_the_promises_hold(scene: Scene, case: Case) -> None:
    case.load(scene)
    task = case.task(scene)
    before = truth(scene)

    predicted = scene.good(check_mode=True, **task)
    assert scene.writes() == []
    assert truth(scene) == before
    assert planned(predicted) == case.selected(scene)

    case.break_things(scene)
    report = scene.run(**task)
    check_writes(scene, case)
    if "plan" not in report.result:  # the estate could not be read
        assert report.message is not None
        assert scene.writes() == []
        assert truth(scene) == before
    else:
        check_result(scene, report.result, before)
        assert report.result["plan"] == predicted["plan"]
        outcomes = set(accounted(report.result).values())
        assert (report.message is None) == (not outcomes & {"failed", "unknown", "not_attempted"})
        found_in_use = report.result["summary"]["in_use"] != predicted["summary"]["in_use"]
        if report.message is None and not outcomes & {"already_absent"} and not found_in_use:
            for part in ("changed", "plan_digest", "outcomes", "diff"):
                assert report.result[part] == predicted[part], part

    scene.sim.clear_faults()
    scene.sim.set(refuse=[], ens_in_use_blocks=False)
    left = truth(scene) & case.selected(scene)
    blocked = case.used(scene) if scene.cloud.name == "zec" else set()
    task["on_error"] = "continue"
    second = scene.run(**task)
    check_writes(scene, case)
    assert set(scene.written()) <= left
    if not case.selected(scene) & blocked:
        assert second.message is None
        assert set(scene.written()) == left
        assert not truth(scene) & case.selected(scene)
        third = scene.good(**task)
        assert (third["changed"], third["plan"]) == (False, [])
        assert scene.writes() == []


KINDS = ("make_primary", "remove_private_ip", "delete_network_interface", "add_backend", "attach_eip")


@pytest.mark.parametrize("unhelpful", [False, True], ids=["", "gone means primary, too"])
@QUICK
@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    events=st.lists(
        st.tuples(
            st.sampled_from(KINDS),
            st.integers(1, 4),
            st.integers(1, 5),
            st.sampled_from(["read", "lookup"]),
        ),
        max_size=3,
        unique_by=lambda event: event[1],
    ),
    mixed=st.sampled_from(["atomic", "partial"]),
    concurrency=st.sampled_from([1, 4]),
)
def test_whatever_others_do_meanwhile_the_account_is_right(
    scene: Scene,
    unhelpful: bool,
    sizes: list[int],
    events: list[tuple[str, int, int, str]],
    mixed: str,
    concurrency: int,
) -> None:
    """Other people's changes come at any call; some clouds then answer with a code that means something else."""
    entries = []
    for kind, number, index, after in events:
        if number > len(sizes) or index > sizes[number - 1]:
            continue
        change: dict[str, Any] = {"kind": kind, "network_interface_id": scene.id(number)}
        if kind != "delete_network_interface":
            change["private_ip_address"] = scene.secondary(number, index)
        if kind == "add_backend":
            change["load_balancer_id"] = "lb-1"
        # A change that is not possible any more would be a mistake of the test: they come before any write.
        action = READ if after == "read" else scene.cloud.eips
        entries.append({"after_action": action, "change": change})
    scene.load(
        *(scene.nic(number, size) for number, size in enumerate(sizes, start=1)),
        load_balancers=[scene.balancer()],
        settings={
            "mixed_list": mixed,
            **({"ens_primary_code": "InvalidPrivateIpAddress.NotFound"} if unhelpful else {}),
        },
        events=entries,
    )
    before = truth(scene)
    report = scene.run(
        all_network_interfaces=True, concurrency=concurrency, max_retries=2, retry_max_delay=0.005, wait_timeout=0.3
    )
    outcomes = accounted(report.result)
    now = {nic: (entry["primary_private_ip"], entry["secondary_private_ips"]) for nic, entry in scene.truth().items()}
    assert set(scene.written()) <= before
    for (nic, address), outcome in outcomes.items():
        primary, secondaries = now.get(nic, ("", []))
        if outcome in ("unassigned", "already_absent"):
            assert address not in (primary, *secondaries)
        elif outcome == "kept":
            assert address == primary
        elif outcome in ("failed", "in_use"):
            assert address in secondaries
        else:
            raise AssertionError(f"{address} is {outcome}")
    assert report.result["changed"] is ("unassigned" in outcomes.values())
    removed = {pair for pair, outcome in outcomes.items() if outcome == "unassigned"}
    assert removed <= set(scene.written())
