# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a preflight concludes about pages, and that nothing it shows has an address in it."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.preflight import paging_fault, without_addresses
from hypothesis import given
from hypothesis import strategies as st

LETTERS = st.text(alphabet="ghijklmnop (),;-=/", max_size=10)
ids = st.lists(st.integers(0, 999).map(str), min_size=2, max_size=40, unique=True)


def pages_of(items: t.Sequence[str], size: int) -> list[list[str]]:
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


@given(LETTERS, st.ip_addresses(), LETTERS)
def test_no_address_is_left_wherever_it_stands(before: str, address: t.Any, after: str) -> None:
    shown = without_addresses({"a": [f"{before}{address}{after}"], "b": (str(address), None, 4)})
    assert str(address) not in str(shown)
    assert shown["b"][1:] == [None, 4]


@given(st.ip_addresses(v=4), st.integers(0, 32), st.integers(1, 65535))
def test_networks_and_ports_hide_nothing(address: ipaddress.IPv4Address, length: int, port: int) -> None:
    assert without_addresses(f"in {address}/{length} at {address}:{port}") == f"in (an address) at (an address):{port}"


@pytest.mark.parametrize(
    "text",
    [
        "it is 2026-03-02T08:11:35Z in the cloud",
        "filters: not heeded: filters.vpc_id",
        "DescribeHaVips: NoPermission: you may not (HTTP 400, request id 1C:2D)",
        "version 2017-11-10, 00:16:3e:0a:4c:01 and more",
        "",
    ],
)
def test_what_is_no_address_stays(text: str) -> None:
    assert without_addresses(text) == text


@given(ids, st.integers(1, 12))
def test_the_same_pages_twice_have_no_fault(items: list[str], size: int) -> None:
    pages = pages_of(items, size)
    assert paging_fault([pages, pages], len(items), True) is None
    assert paging_fault([pages, pages], None, True) is None
    assert paging_fault([pages, pages], len(items) + 1000, False) is None


@given(ids, st.integers(1, 12), st.data())
def test_an_item_on_two_pages_is_named(items: list[str], size: int, data: st.DataObject) -> None:
    twice = data.draw(st.sampled_from(items))
    pages = [*pages_of(items, size), [twice]]
    assert paging_fault([pages, pages], None, True) == f"{twice} came on more than one page"


@given(ids, st.integers(1, 12), st.data())
def test_an_item_that_is_counted_and_missing_is_noticed(items: list[str], size: int, data: st.DataObject) -> None:
    missing = data.draw(st.sampled_from(items))
    pages = pages_of([item for item in items if item != missing], size)
    assert "and the cloud counts" in (paging_fault([pages, pages], len(items), True) or "")


@given(ids, st.integers(1, 12), st.data())
def test_an_item_that_comes_one_time_only_is_named(items: list[str], size: int, data: st.DataObject) -> None:
    other = data.draw(st.sampled_from(items))
    rounds = [pages_of(items, size), pages_of([item for item in items if item != other], size)]
    assert other in (paging_fault(rounds, None, False) or "")
    assert other in (paging_fault(rounds[::-1], None, False) or "")
