# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import (
    AddressSet,
    cloud_address,
    is_ipv6,
    parse_address,
    parse_addresses,
    sort_addresses,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError
from hypothesis import given
from hypothesis import strategies as st

addresses = st.ip_addresses(v=4).map(str)
# Few different ones, so that examples meet each other.
near_addresses = st.integers(0, 40).map(lambda number: str(ipaddress.IPv4Address("10.0.0.0") + number))
near_networks = st.tuples(near_addresses, st.integers(24, 32)).map(
    lambda pair: str(ipaddress.IPv4Network(f"{pair[0]}/{pair[1]}", strict=False))
)


@given(addresses)
def test_a_canonical_address_is_taken_as_it_is(address):
    assert parse_address(address, "private_ip_addresses") == address
    assert cloud_address(address) == address


# Where readers of addresses are lenient: signs, blanks, zeros in front, other bases, digits of other scripts.
almost_octets = st.text("0123456789.xXaf+- \0\n\t:\uff11", max_size=4)
almost_addresses = st.lists(almost_octets, min_size=1, max_size=6).map(".".join)


@given(st.one_of(st.text(), almost_addresses))
def test_what_a_cloud_sends_is_an_address_exactly_where_ipaddress_reads_it_as_one(text):
    try:
        expected = str(ipaddress.IPv4Address(text))
    except ValueError:
        expected = None
    assert cloud_address(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "an empty value is not an IPv4 address"),
        ("   ", "an empty value is not an IPv4 address"),
        ("10.0.0", "'10.0.0' is not an IPv4 address"),
        ("10.0.0.256", "'10.0.0.256' is not an IPv4 address"),
        ("10.0.0.1.2", "'10.0.0.1.2' is not an IPv4 address"),
        # C's inet_aton reads these as octal, hexadecimal or one number: another address than the one written.
        ("10.0.0.010", "'10.0.0.010' is not an IPv4 address"),
        ("010.0.0.1", "'010.0.0.1' is not an IPv4 address"),
        ("0x0a.0.0.1", "'0x0a.0.0.1' is not an IPv4 address"),
        ("167772161", "'167772161' is not an IPv4 address"),
        ("\uff110.0.0.1", "is not an IPv4 address"),  # a full-width digit
        ("10.0.0.1\n", "is not an IPv4 address"),
        ("10.0.0.1 ", "'10.0.0.1 ' is not an IPv4 address"),
        ("10.0.0.-1", "'10.0.0.-1' is not an IPv4 address"),
        ("fe80::1", "'fe80::1' is an IPv6 address, and only IPv4 addresses can be named here"),
        ("::ffff:10.0.0.1", "is an IPv6 address"),
        ("10.0.0.0/24", "'10.0.0.0/24' is a network, and only single IPv4 addresses can be named here"),
        ("10.0.0.1/32", "is a network"),
        ("web-1", "'web-1' is not an IPv4 address"),
    ],
)
def test_anything_else_is_refused_and_the_message_says_what_it_is(text, why):
    with pytest.raises(InputError) as caught:
        parse_address(text, "private_ip_addresses")
    assert str(caught.value).startswith("private_ip_addresses: ")
    assert why in str(caught.value)
    assert caught.value.option == "private_ip_addresses"
    with pytest.raises(InputError) as caught:
        AddressSet(["10.0.0.1", text], "keep") if "/" not in text else parse_addresses([text], "keep")
    assert caught.value.option == "keep"


@pytest.mark.parametrize("value", [None, 167772161, 10.5, True, ["10.0.0.1"], {"a": 1}, b"\x0a\x00\x00\x01"])
def test_a_value_that_is_no_text_is_refused(value):
    with pytest.raises(InputError) as caught:
        parse_address(value, "private_ip_addresses")
    assert str(caught.value) == f"private_ip_addresses: '{value}' is not an IPv4 address"
    assert cloud_address(value) is None


@given(st.text(max_size=20))
def test_no_text_does_more_than_parse_or_be_refused(text):
    try:
        parsed = parse_address(text, "private_ip_addresses")
    except InputError:
        assert cloud_address(text) is None
    else:
        assert str(ipaddress.IPv4Address(text)) == parsed == text == cloud_address(text)


@given(st.lists(addresses, min_size=1, unique=True))
def test_a_list_comes_back_whole_and_in_numeric_order(values):
    assert parse_addresses(values, "x") == sorted(values, key=ipaddress.IPv4Address) == sort_addresses(values)


def test_order_is_numeric_and_not_that_of_text():
    assert sort_addresses(["10.0.0.10", "10.0.0.9", "9.255.0.1"]) == ["9.255.0.1", "10.0.0.9", "10.0.0.10"]


@given(st.lists(near_addresses, min_size=1, max_size=12))
def test_an_address_named_twice_is_refused_by_name(values):
    twice = [value for value in sort_addresses(set(values)) if values.count(value) > 1]
    if not twice:
        assert len(parse_addresses(values, "x")) == len(values)
        return
    with pytest.raises(InputError, match="named more than once") as caught:
        parse_addresses(values, "x")
    assert str(caught.value) == f"x: named more than once: {', '.join(twice)}"


@pytest.mark.parametrize("empty", [[], ()])
def test_an_empty_list_is_refused(empty):
    with pytest.raises(InputError) as caught:
        parse_addresses(empty, "private_ip_addresses")
    assert str(caught.value) == "private_ip_addresses: the list is empty; name at least one address"


def test_a_long_value_is_told_by_its_beginning():
    with pytest.raises(InputError) as caught:
        parse_address("x" * 61, "keep")
    assert str(caught.value) == f"keep: '{'x' * 59}…' is not an IPv4 address"
    with pytest.raises(InputError, match=f"'{'x' * 60}' is not"):
        parse_address("x" * 60, "keep")


@pytest.mark.parametrize("value", ["fe80::1", "fe80::1/64", "::ffff:10.0.0.1", "FE80::1"])
def test_an_ipv6_address_of_a_cloud_is_known_as_one(value):
    assert is_ipv6(value)


@pytest.mark.parametrize("value", ["10.0.0.1", "10.0.0.0/24", "", "x", None, 7, [], ["fe80::1"], 2**100, b"\0" * 16])
def test_nothing_else_is_an_ipv6_address(value):
    assert not is_ipv6(value)


@given(st.lists(st.one_of(near_addresses, near_networks), max_size=8), near_addresses)
def test_membership_is_that_of_ipaddress(values, address):
    expected = any(ipaddress.IPv4Address(address) in ipaddress.IPv4Network(value) for value in values)
    assert (address in AddressSet(values, "keep")) == expected


@given(st.lists(st.one_of(near_addresses, near_networks), max_size=8), st.lists(near_addresses, max_size=8))
def test_values_that_hold_none_of_the_addresses_are_named_as_they_were_written(values, addresses):
    parsed = [ipaddress.IPv4Address(address) for address in addresses]
    expected = [value for value in values if not any(address in ipaddress.IPv4Network(value) for address in parsed)]
    assert AddressSet(values, "keep").without_any(addresses) == list(dict.fromkeys(expected))


def test_an_empty_set_holds_nothing():
    assert "10.0.0.1" not in AddressSet((), "keep")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "10.0.0.1/24",
            "keep: '10.0.0.1/24' has host bits set; write 10.0.0.0/24 for the network, or 10.0.0.1 for the address",
        ),
        (
            "10.10.1.11/255.255.255.0",
            "keep: '10.10.1.11/255.255.255.0' has host bits set; "
            "write 10.10.1.0/24 for the network, or 10.10.1.11 for the address",
        ),
        ("10.0.0.0/33", "keep: '10.0.0.0/33' is not an IPv4 network"),
        ("10.0.0.0/", "keep: '10.0.0.0/' is not an IPv4 network"),
        ("fe80::/10", "keep: 'fe80::/10' is not an IPv4 network"),
        ("/", "keep: '/' is not an IPv4 network"),
        ("", "keep: an empty value is not an IPv4 address"),
    ],
)
def test_a_network_that_could_be_read_in_two_ways_is_refused(text, why):
    with pytest.raises(InputError) as caught:
        AddressSet([text], "keep")
    assert str(caught.value) == why
