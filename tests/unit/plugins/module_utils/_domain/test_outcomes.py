# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain import outcomes as names
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import Outcomes
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.uses import Use
from hypothesis import given
from hypothesis import strategies as st

ADDRESS = "10.0.0.9"

SETTLERS = {
    names.UNASSIGNED: lambda outcomes, address: outcomes.settle(address, names.UNASSIGNED),
    names.ALREADY_ABSENT: lambda outcomes, address: outcomes.settle(address, names.ALREADY_ABSENT),
    names.KEPT: lambda outcomes, address: outcomes.keep(address, names.KEPT_BY_POLICY),
    names.IN_USE: lambda outcomes, address: outcomes.in_use(address, [Use("eip", "eip-1")]),
    names.FAILED: lambda outcomes, address: outcomes.error(address, names.FAILED, "Code", "Because.", "R-1"),
    names.UNKNOWN: lambda outcomes, address: outcomes.error(address, names.UNKNOWN, None, "No answer.", None),
    names.NOT_ATTEMPTED: lambda outcomes, address: outcomes.settle(address, names.NOT_ATTEMPTED),
}


def test_there_is_a_case_for_every_outcome():
    assert set(SETTLERS) == set(names.REMOVAL_OUTCOMES)


@pytest.mark.parametrize("first", SETTLERS)
@pytest.mark.parametrize("second", SETTLERS)
def test_a_second_outcome_is_a_bug_and_leaves_the_first(first, second):
    outcomes = Outcomes("nic-1")
    assert ADDRESS not in outcomes
    SETTLERS[first](outcomes, ADDRESS)
    assert ADDRESS in outcomes
    before = outcomes.as_result()
    with pytest.raises(ValueError, match=f"{ADDRESS} already has the outcome {first}"):
        SETTLERS[second](outcomes, ADDRESS)
    assert outcomes.as_result() == before


@given(st.dictionaries(st.integers(1, 254).map(lambda n: f"10.0.0.{n}"), st.sampled_from(sorted(SETTLERS))))
def test_the_result_names_every_address_once_in_numeric_order(wanted):
    outcomes = Outcomes("nic-1")
    for address, outcome in wanted.items():
        SETTLERS[outcome](outcomes, address)
    result = outcomes.as_result()
    assert list(result) == ["network_interface_id", *names.REMOVAL_OUTCOMES]
    shown = []
    for outcome in names.REMOVAL_OUTCOMES:
        entries = [entry if isinstance(entry, str) else entry["private_ip_address"] for entry in result[outcome]]
        assert all(wanted[address] == outcome for address in entries)
        assert entries == sorted(entries, key=lambda address: int(address.rpartition(".")[2]))
        shown += entries
    assert sorted(shown) == sorted(wanted)


def test_the_result_has_all_that_is_known_of_each_address():
    outcomes = Outcomes("nic-1")
    told = {"code": "Code", "message": "Because.", "request_id": "R-1"}
    outcomes.settle("10.0.0.10", names.UNASSIGNED)
    outcomes.settle("10.0.0.9", names.UNASSIGNED)
    outcomes.keep("10.0.0.1", names.KEPT_AS_PRIMARY)
    outcomes.in_use("10.0.0.2", [Use("dnat", "dnat-1"), Use("eip", "eip-1", vpc_id="vpc-1")])
    outcomes.refused_in_use("10.0.0.3", "load_balancer")
    outcomes.error("10.0.0.4", names.FAILED, "Code", "Because.", "R-1")
    outcomes.unknown("10.0.0.6", True, "Code", "Because.", "R-1")
    outcomes.unknown("10.0.0.5", False, "Code", "Because.", "R-1")
    assert outcomes.as_result() == {
        "network_interface_id": "nic-1",
        "unassigned": ["10.0.0.9", "10.0.0.10"],
        "already_absent": [],
        "kept": [{"private_ip_address": "10.0.0.1", "reason": "primary"}],
        "in_use": [
            {"private_ip_address": "10.0.0.2", "kind": "dnat", "id": "dnat-1"},
            {"private_ip_address": "10.0.0.2", "kind": "eip", "id": "eip-1"},
            {"private_ip_address": "10.0.0.3", "kind": "load_balancer", "id": None},
        ],
        "failed": [{"private_ip_address": "10.0.0.4", **told}],
        "unknown": [
            {"private_ip_address": "10.0.0.5", **told, "accepted": False},
            {"private_ip_address": "10.0.0.6", **told, "accepted": True},
        ],
        "not_attempted": [],
    }
    assert {outcome: outcomes.count(outcome) for outcome in names.REMOVAL_OUTCOMES} == {
        "unassigned": 2,
        "already_absent": 0,
        "kept": 1,
        "in_use": 2,
        "failed": 1,
        "unknown": 2,
        "not_attempted": 0,
    }
    assert set(outcomes.as_result(names.ASSIGNMENT_OUTCOMES)) == {"network_interface_id", "assigned", "already_present"}
    # What is done, and what the cloud said that it would do.
    outcomes.settle("10.0.0.8", names.ASSIGNED)
    assert outcomes.changed == {"10.0.0.6", "10.0.0.8", "10.0.0.9", "10.0.0.10"}


def test_where_nothing_happened_nothing_has_changed() -> None:
    assert Outcomes("eni-1").changed == set()
