# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists in messages are short, whatever their length."""

from __future__ import annotations

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.words import first_few
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "items, said",
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b", "c"], "a, b, c"),
        (["a", "b", "c", "d"], "a, b, c and 1 more"),
        (["a", "b", "a", "a", "c", "d", "e", "f"], "a, b, c and 3 more"),
    ],
)
def test_the_first_are_named_and_the_rest_is_counted(items: list[str], said: str) -> None:
    assert first_few(items) == said


@given(st.lists(st.integers(0, 30).map(str)))
def test_every_item_is_named_or_counted_once(items: list[str]) -> None:
    named, _and, more = first_few(items).partition(" and ")
    assert len(set(filter(None, named.split(", ")))) + int(more.split()[0] if more else 0) == len(set(items))
