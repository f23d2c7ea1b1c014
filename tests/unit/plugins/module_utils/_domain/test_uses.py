# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which network interfaces a use is about: rather one too many than one too few, and without comparing all with all."""

from __future__ import annotations

import time

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.uses import Use, describe_uses, match_uses
from hypothesis import given
from hypothesis import strategies as st

ADDRESSES = [f"10.0.0.{number}" for number in (2, 3, 10, 11)]


def one_of(prefix):
    return st.one_of(st.none(), st.sampled_from([f"{prefix}-1", f"{prefix}-2"]))


uses = st.lists(
    st.builds(
        Use,
        kind=st.sampled_from(["eip", "load_balancer"]),
        id=st.sampled_from(["x", "y", None]),
        private_ip_address=st.one_of(st.none(), st.sampled_from(ADDRESSES)),
        vpc_id=one_of("vpc"),
        subnet_id=one_of("subnet"),
        instance_id=one_of("i"),
        network_interface_id=one_of("nic"),
        every_address=st.booleans(),
    ),
    max_size=12,
)
network_interfaces = st.lists(
    st.builds(
        NetworkInterface,
        network_interface_id=st.sampled_from(["nic-1", "nic-2", "nic-3"]),
        vpc_id=one_of("vpc"),
        subnet_id=one_of("subnet"),
        instance_id=one_of("i"),
        instance_told=st.booleans(),
        primary_private_ip=st.one_of(st.none(), st.sampled_from(ADDRESSES)),
        secondary_private_ips=st.lists(st.sampled_from(ADDRESSES), unique=True).map(tuple),
    ),
    max_size=3,
    unique_by=lambda nic: nic.network_interface_id,
)


def fits(wanted, told):
    return wanted is None or told is None or wanted == told


def leads_to(use, nic):
    """Say it once more, in the words of the promise."""
    if use.instance_id is not None and nic.instance_told and use.instance_id != nic.instance_id:
        return False
    if not fits(use.vpc_id, nic.vpc_id) or not fits(use.subnet_id, nic.subnet_id):
        return False
    if use.network_interface_id is not None:
        return use.network_interface_id == nic.network_interface_id
    addresses = {nic.primary_private_ip, *nic.secondary_private_ips}
    return use.private_ip_address is None or use.private_ip_address in addresses


@given(network_interfaces, uses)
def test_a_use_is_about_what_all_its_ties_lead_to_and_what_is_not_told_may_be_it(nics, told):
    found = match_uses(nics, told)
    assert list(found) == [nic.network_interface_id for nic in nics]
    for nic in nics:
        expected = {(use.private_ip_address, use.kind, use.id) for use in told if leads_to(use, nic)}
        shown = [(use.private_ip_address, use.kind, use.id) for use in found[nic.network_interface_id]]
        assert (set(shown), len(shown)) == (expected, len(expected))


@given(network_interfaces, uses)
def test_a_use_of_every_address_is_not_lost_behind_one_of_an_untold_address(nics, told):
    found = match_uses(nics, told)
    for nic in nics:
        whole = {(use.private_ip_address, use.kind, use.id) for use in told if leads_to(use, nic) and use.every_address}
        shown = found[nic.network_interface_id]
        assert whole == {(use.private_ip_address, use.kind, use.id) for use in shown if use.every_address}


@given(network_interfaces, uses, st.randoms(use_true_random=False))
def test_the_order_in_which_uses_are_told_does_not_matter(nics, told, shuffler):
    other = [*told, *told[:3]]
    shuffler.shuffle(other)
    results = [
        {identifier: [use.as_result() for use in found] for identifier, found in match_uses(nics, order).items()}
        for order in (told, other)
    ]
    assert results[0] == results[1]


def test_uses_are_shown_by_address_in_numeric_order_and_those_of_no_address_first():
    nic = NetworkInterface("nic-1").with_secondary(ADDRESSES)
    told = [Use("dns", "z", "10.0.0.10"), Use("dns", "b", "10.0.0.2"), Use("dns", "a", "10.0.0.2"), Use("eip", "e")]
    found = match_uses([nic], told)["nic-1"]
    assert [(use.private_ip_address, use.id) for use in found] == [
        (None, "e"),
        ("10.0.0.2", "a"),
        ("10.0.0.2", "b"),
        ("10.0.0.10", "z"),
    ]


@pytest.mark.parametrize("told", [True, False])
def test_an_instance_that_the_cloud_does_not_tell_may_be_any(told):
    nic = NetworkInterface("nic-1", instance_told=told)
    assert match_uses([nic], [Use("eip", "eip-1", instance_id="i-1")])["nic-1"] == (
        [] if told else [Use("eip", "eip-1", instance_id="i-1")]
    )


def test_the_same_addresses_in_thousands_of_vpcs_are_not_compared_with_each_other():
    count = 20_000
    nics = [
        NetworkInterface(f"nic-{number}", vpc_id=f"vpc-{number}", secondary_private_ips=("10.0.0.2", "10.0.0.3"))
        for number in range(count)
    ]
    told = [Use("load_balancer", f"lb-{number}", "10.0.0.2", f"vpc-{number}") for number in range(count)]
    started = time.process_time()
    found = match_uses(nics, told)
    assert time.process_time() - started < 5, "a comparison of all with all takes minutes"
    assert all(found[f"nic-{number}"] == [told[number]] for number in range(count))


def test_every_kind_has_words_and_what_the_user_knows_has_those_of_the_user():
    kinds = ["eip", "load_balancer", "dnat", "snat", "ha_vip", "kubernetes", "android", "dns", "host"]
    assert describe_uses(Use(kind, "x") for kind in kinds).split(" x") == [
        "elastic IP",
        ", load balancer",
        ", DNAT entry",
        ", SNAT entry",
        ", HaVip",
        ", Kubernetes cluster",
        ", Android container",
        ", DNS record",
        ", host",
        "",
    ]


@pytest.mark.parametrize("kind", ["eip", "kubernetes"])
@pytest.mark.parametrize("every_address", [True, False])
@pytest.mark.parametrize("eip_protects", ["address", "network_interface"])
def test_all_addresses_are_taken_by_what_says_so_and_by_an_elastic_ip_where_it_protects_them(
    kind, every_address, eip_protects
):
    use = Use(kind, "id-1", every_address=every_address)
    expected = every_address or (kind, eip_protects) == ("eip", "network_interface")
    assert use.takes_every_address(eip_protects) is expected


def test_a_use_is_shown_with_its_address_or_where_that_is_not_told_with_its_network_interface():
    use = Use("eip", "eip-1", "10.0.0.2", vpc_id="vpc-1")
    assert use.as_result() == {"private_ip_address": "10.0.0.2", "kind": "eip", "id": "eip-1"}
    assert use.as_uncertain("nic-1") == {"network_interface_id": "nic-1", "kind": "eip", "id": "eip-1"}
