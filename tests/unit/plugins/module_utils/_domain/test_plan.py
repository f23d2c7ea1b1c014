# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decision what may be removed: promise 1 before anything is sent."""

from __future__ import annotations

import hashlib
import random

from ansible_collections.edgecloud.nic.plugins.module_utils._domain import outcomes as names
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import AddressSet, sort_addresses
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.plan import (
    plan_digest,
    plan_removal,
    spare_in_use,
    uncertain_uses,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.uses import Use
from hypothesis import given
from hypothesis import strategies as st

address = st.integers(1, 30).map(lambda number: f"10.0.0.{number}")
some = st.lists(address, max_size=15, unique=True)
keeping = st.lists(st.one_of(address, st.sampled_from(["10.0.0.0/28", "10.0.0.16/30", "10.0.0.4/32"])), max_size=4)
uses = st.lists(
    st.builds(
        Use,
        kind=st.sampled_from(["eip", "load_balancer", "kubernetes"]),
        id=st.sampled_from(["id-1", "id-2"]),
        private_ip_address=st.one_of(st.none(), address),
        every_address=st.integers(0, 9).map(lambda number: number == 0),
    ),
    max_size=8,
)
eip_protects = st.sampled_from(["address", "network_interface"])
# A cloud may contradict itself and list the primary address as a secondary one, or not tell the primary one.
network_interface = st.builds(
    lambda primary, secondary: NetworkInterface("nic-1", primary_private_ip=primary).with_secondary(secondary),
    st.one_of(st.none(), address),
    some,
)


@given(network_interface, some, keeping, uses, eip_protects)
def test_only_a_secondary_address_that_nothing_protects_is_planned(nic, requested, keep, in_use, mode):
    plan = spare_in_use(plan_removal(nic, requested, AddressSet(keep, "keep")), in_use, mode)
    for planned in plan.unassign:
        assert planned in requested
        assert planned in nic.secondary_private_ips
        assert planned != nic.primary_private_ip
        assert planned not in AddressSet(keep, "keep")
        assert planned not in {use.private_ip_address for use in in_use}
    if any(use.every_address or (use.kind == "eip" and mode == "network_interface") for use in in_use):
        assert plan.unassign == ()


@given(network_interface, some, keeping, keeping)
def test_only_what_is_inside_only_and_outside_keep_is_planned(nic, requested, keep, only):
    keep, only = AddressSet(keep, "keep"), AddressSet(only, "only")
    candidates = plan_removal(nic, requested, AddressSet((), "keep")).unassign
    plan = plan_removal(nic, requested, keep, only)
    assert list(plan.unassign) == [each for each in candidates if each in only and each not in keep]
    kept = [each for each, reason in plan.kept if reason == names.KEPT_BY_POLICY]
    assert kept == [each for each in candidates if each not in plan.unassign]


@given(network_interface, some, keeping, uses, eip_protects)
def test_every_requested_address_lands_in_exactly_one_place(nic, requested, keep, in_use, mode):
    plan = spare_in_use(plan_removal(nic, requested, AddressSet(keep, "keep")), in_use, mode)
    kept = [kept_address for kept_address, _reason in plan.kept]
    used = {str(use.private_ip_address) for use in plan.in_use}
    assert sort_addresses([*plan.unassign, *plan.already_absent, *kept, *used]) == sort_addresses(requested)


@given(network_interface, some, keeping, uses, eip_protects)
def test_nothing_is_spared_without_a_reason(nic, requested, keep, in_use, mode):
    plan = spare_in_use(plan_removal(nic, requested, AddressSet(keep, "keep")), in_use, mode)
    for absent in plan.already_absent:
        assert absent not in nic.secondary_private_ips
    for kept, reason in plan.kept:
        assert (reason == names.KEPT_AS_PRIMARY) == (kept == nic.primary_private_ip)
        assert reason == names.KEPT_AS_PRIMARY or kept in AddressSet(keep, "keep")
    for spared in plan.in_use:
        reasons = [use for use in in_use if (use.kind, use.id) == (spared.kind, spared.id)]
        assert any(
            use.private_ip_address == spared.private_ip_address
            or use.every_address
            or (use.kind == "eip" and mode == "network_interface")
            for use in reasons
        )


@given(network_interface, some, keeping, uses, eip_protects)
def test_every_use_of_what_is_planned_protects_or_is_uncertain_or_is_about_something_else(
    nic, requested, keep, in_use, mode
):
    plan = spare_in_use(plan_removal(nic, requested, AddressSet(keep, "keep")), in_use, mode)
    uncertain = uncertain_uses(plan, in_use, mode)
    if plan.unassign:
        assert uncertain == [use for use in in_use if use.private_ip_address is None]
        assert not {(use.kind, use.id) for use in uncertain if use.every_address}
    else:
        assert uncertain == []


@given(network_interface, some, keeping, uses, eip_protects, st.randoms(use_true_random=False))
def test_order_and_repetition_of_the_request_do_not_matter(nic, requested, keep, in_use, mode, shuffler: random.Random):
    other = [*requested, *requested[:3]]
    shuffler.shuffle(other)
    one = spare_in_use(plan_removal(nic, requested, AddressSet(keep, "keep")), in_use, mode)
    assert one == spare_in_use(plan_removal(nic, other, AddressSet(keep[::-1], "keep")), in_use, mode)


@given(network_interface, some, keeping, uses, eip_protects)
def test_a_second_plan_after_the_first_one_is_empty(nic, requested, keep, in_use, mode):
    plan = spare_in_use(plan_removal(nic, requested, AddressSet(keep, "keep")), in_use, mode)
    after = nic.with_secondary(set(nic.secondary_private_ips) - set(plan.unassign))
    again = spare_in_use(plan_removal(after, requested, AddressSet(keep, "keep")), in_use, mode)
    assert again.unassign == ()
    assert set(again.already_absent) == {*plan.already_absent, *plan.unassign}
    assert (again.kept, again.in_use) == (plan.kept, plan.in_use)


@given(network_interface, some, keeping, uses, eip_protects)
def test_sparing_twice_is_sparing_once(nic, requested, keep, in_use, mode):
    once = spare_in_use(plan_removal(nic, requested, AddressSet(keep, "keep")), in_use, mode)
    assert spare_in_use(once, in_use, mode) == once


@given(network_interface, some, keeping, uses, eip_protects)
def test_the_outcomes_of_a_plan_leave_open_only_what_is_to_be_sent(nic, requested, keep, in_use, mode):
    plan = spare_in_use(plan_removal(nic, requested, AddressSet(keep, "keep")), in_use, mode)
    outcomes = plan.outcomes()
    assert [wanted for wanted in sort_addresses(requested) if wanted not in outcomes] == list(plan.unassign)
    for planned in plan.unassign:
        outcomes.settle(planned, names.UNASSIGNED)
    result = outcomes.as_result()
    assert result["network_interface_id"] == "nic-1"
    assert result["kept"] == [{"private_ip_address": kept, "reason": reason} for kept, reason in plan.kept]
    settled = [*result["unassigned"], *result["already_absent"]]
    settled += [entry["private_ip_address"] for entry in result["kept"]]
    settled += {entry["private_ip_address"] for entry in result["in_use"]}
    assert sort_addresses(settled) == sort_addresses(requested)


def test_an_address_with_two_uses_is_one_address_with_an_entry_for_each():
    nic = NetworkInterface("nic-1").with_secondary(["10.0.0.1"])
    plan = plan_removal(nic, ["10.0.0.1"], AddressSet((), "keep"))
    plan = spare_in_use(plan, [Use("eip", "eip-1", "10.0.0.1"), Use("dnat", "dnat-1", "10.0.0.1")], "address")
    assert plan.outcomes().as_result()["in_use"] == [
        {"private_ip_address": "10.0.0.1", "kind": "eip", "id": "eip-1"},
        {"private_ip_address": "10.0.0.1", "kind": "dnat", "id": "dnat-1"},
    ]


def test_what_takes_every_address_does_not_hide_what_uses_one_of_them():
    nic = NetworkInterface("nic-1").with_secondary(["10.0.0.1"])
    plan = plan_removal(nic, ["10.0.0.1"], AddressSet((), "keep"))
    plan = spare_in_use(plan, [Use("dnat", "dnat-1", "10.0.0.1"), Use("eip", "eip-1")], "network_interface")
    assert plan.in_use == (Use("dnat", "dnat-1", "10.0.0.1"), Use("eip", "eip-1", "10.0.0.1"))


def test_what_protects_every_address_is_not_uncertain_though_it_is_overridden():
    plan = plan_removal(NetworkInterface("nic-1").with_secondary(["10.0.0.1"]), ["10.0.0.1"], AddressSet((), "keep"))
    elastic_ip = Use("eip", "eip-1")
    assert uncertain_uses(plan, [elastic_ip], "network_interface") == []
    assert uncertain_uses(plan, [elastic_ip], "address") == [elastic_ip]


def test_the_digest_is_that_of_the_canonical_text_whatever_the_order():
    canonical = (
        '[{"network_interface_id":"nic-1","private_ip_addresses":["10.0.0.9","10.0.0.10"]},'
        '{"network_interface_id":"nic-ü","private_ip_addresses":["10.0.0.1"]}]'
    )
    targets = [
        {"private_ip_addresses": ["10.0.0.1"], "network_interface_id": "nic-ü"},
        {"private_ip_addresses": ["10.0.0.10", "10.0.0.9"], "network_interface_id": "nic-1", "name": "not in it"},
    ]
    assert plan_digest(targets) == f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
