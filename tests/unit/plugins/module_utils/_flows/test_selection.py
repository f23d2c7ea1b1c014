# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A selection that is not meant is refused by the option's name, and never wider than it was written."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError
from ansible_collections.edgecloud.nic.plugins.module_utils._flows import selection


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({}, "filters: is empty; give at least one filter"),
        ({"vpc_id": None}, "filters: is empty; give at least one filter"),
        ({"vpc_id": ""}, "filters.vpc_id: is empty"),
        ({"vpc_id": "vpc-1", "name": ""}, "filters.name: is empty"),
        ({"security_group_ids": []}, "filters.security_group_ids: is empty"),
        ({"security_group_ids": ["sg-1", ""]}, "filters.security_group_ids: is empty"),
        ({"tags": {}}, "filters.tags: is empty"),
        ({"tags": {"a": "b", "c": None}}, "filters.tags: has a key without a value"),
        (
            {"tags": {"a": "b", "c": ["d"]}},
            "filters.tags: has a key with a list or an object where a text belongs",
        ),
        ({"tags": {"a": {"b": "c"}}}, "filters.tags: has a key with a list or an object where a text belongs"),
        ({"tags": {"a": "\udcff"}}, "filters.tags: has a character that is not whole, and so cannot be sent"),
        ({"tags": {"\ud800": "a"}}, "filters.tags: has a character that is not whole, and so cannot be sent"),
        ({"vpc_id": "vpc-\0"}, "filters.vpc_id: has a NUL character, and so cannot be sent"),
    ],
)
def test_a_filter_that_would_select_more_or_cannot_be_sent_is_refused(filters: dict[str, t.Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        selection.checked_filters(filters)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "filters", [{"vpc_id": "vpc-1"}, {"security_group_ids": ["sg-1"]}, {"tags": {"a": "b", "c": ""}}, {"name": "ü*"}]
)
def test_a_filter_is_taken_as_it_is_without_those_that_are_not_given(filters: dict[str, t.Any]) -> None:
    assert selection.checked_filters({**filters, "instance_id": None}) == filters


def test_ids_are_each_taken_once_in_their_order() -> None:
    assert selection.checked_ids(["nic-2", "nic-1", "nic-2"], "network_interface_ids") == ["nic-2", "nic-1"]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([], "network_interface_ids: the list is empty; name at least one network interface"),
        (["nic-1", "a b"], "network_interface_ids: "),
        (["nic-1", ""], "network_interface_ids: "),
    ],
)
def test_what_can_be_no_id_is_refused(ids: list[str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        selection.checked_ids(ids, "network_interface_ids")
    assert str(caught.value).startswith(message)
    assert len(str(caught.value)) > len("network_interface_ids: ")
