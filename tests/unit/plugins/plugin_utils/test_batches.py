# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Batches have every address once, in order, and are as large as C(serial) of a play would have them."""

from __future__ import annotations

import typing as t

import pytest
from ansible.utils.helpers import pct_to_int
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import FAILING_OUTCOMES, REMOVAL_OUTCOMES
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import batches
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import keys
from hypothesis import given
from hypothesis import strategies as st

TARGETS = st.lists(st.integers(1, 5), max_size=150).map(
    lambda counts: [
        {"network_interface_id": f"nic-{n}", "private_ip_addresses": [f"10.0.{n}.{i}" for i in range(count)]}
        for n, count in enumerate(counts)
    ]
)
SIZE = st.integers(1, 200) | st.integers(1, 100).map("{}%".format)


def serial(sizes: list[int | str], planned: int, count: int) -> list[int]:
    """How many hosts of so many the batches of a play have."""
    made: list[int] = []
    while sum(made) < count:
        made.append(min(pct_to_int(sizes[min(len(made), len(sizes) - 1)], planned), count - sum(made)))
    return made


@given(TARGETS, SIZE | st.lists(SIZE, min_size=1, max_size=5), st.integers(0, 50))
def test_have_every_address_once_and_say_how_far_they_get(targets, size, removed):
    planned = len(targets) + removed
    made = batches.split(targets, batches.read_size(size, "size"), planned)
    assert [target for batch in made for target in batch["targets"]] == targets
    sizes = size if isinstance(size, list) else [size]
    assert [len(batch["targets"]) for batch in made] == serial(sizes, planned, len(targets))
    addresses = nics = 0
    for batch in made:
        addresses += batch["addresses"]
        nics += len(batch["targets"])
        assert addresses + batch["left"] == batch["all"] == len(keys(targets))
        assert (batch["done"], batch["total"]) == (nics, len(targets))


@pytest.mark.parametrize(
    ("size", "made"),
    [
        (2, [2] * 5),
        ([1, 3], [1, 3, 3, 3]),
        (["10%", "30%", "100%"], [1, 3, 6]),
        ("1%", [1] * 10),
        ([200], [10]),
    ],
)
def test_for_example(size: t.Any, made: list[int]) -> None:
    targets = [{"network_interface_id": f"nic-{n}", "private_ip_addresses": ["10.0.0.2"]} for n in range(10)]
    assert [len(batch["targets"]) for batch in batches.split(targets, size, 10)] == made


@pytest.mark.parametrize("outcome", REMOVAL_OUTCOMES)
def test_one_with_anything_left_open_is_not_settled(outcome):
    entry = {**{name: [] for name in REMOVAL_OUTCOMES}, outcome: ["10.0.0.2"]}
    assert batches.is_settled({"outcomes": [entry]}) == (outcome not in FAILING_OUTCOMES)
    assert not batches.is_settled({"failed": True, "outcomes": [entry]})


def test_one_of_which_nothing_is_known_is_not_settled():
    assert not batches.is_settled({})
