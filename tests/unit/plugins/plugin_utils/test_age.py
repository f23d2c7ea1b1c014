# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is too young stays out of a plan, and its account says since when and until when."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.plan import plan_digest
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import age
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.candidates import Candidate, Clock, Found
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import Key, as_targets, keys
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.plan_file import make_plan, narrow
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.report import make_report, to_csv
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.sentences import describe
from ansible_collections.edgecloud.nic.tests.unit.plugins.plugin_utils.record_scene import CONTEXT, MADE, POLICY, entry
from hypothesis import given
from hypothesis import strategies as st

ALL = {"all_network_interfaces": True}
A, B, C, D = (("nic-1", "10.0.0.2"), ("nic-1", "10.0.0.3"), ("nic-2", "10.0.0.4"), ("nic-3", "10.0.0.5"))
USE = {"private_ip_address": B[1], "kind": "eip", "id": "eip-1"}


def result(unused: t.Collection[Key], *entries: dict[str, t.Any]) -> dict[str, t.Any]:
    """A result of the cleanup module in check mode that would remove all that is unused."""
    plan = as_targets(unused)
    others = {other["network_interface_id"]: other for other in entries}
    planned = {target["network_interface_id"]: target["private_ip_addresses"] for target in plan}
    outcomes = [
        {**others.get(nic, entry(nic)), "unassigned": planned.get(nic, [])} for nic in sorted(planned.keys() | others)
    ]
    return {
        "changed": bool(plan),
        "endpoint": "api.example.com",
        "account": None,
        "plan": plan,
        "outcomes": outcomes,
        "uncertain": [{"network_interface_id": nic, "kind": "eip", "id": "eip-9"} for nic in planned],
        "limits": {"planned": len(unused), "planned_percent": 50.0 if unused else 0.0},
        "network_interfaces": [{"network_interface_id": nic, "name": None, "region_id": None} for nic in planned],
        "summary": {
            "unassigned": len(unused),
            "kept": 0,
            "network_interfaces_read": 9,
            "network_interfaces_planned": len(plan),
            "api_calls": {},
            "throttled_calls": 0,
            "seconds": 0.0,
        },
        "diff": {
            "before": {nic: [*addresses, "10.9.9.9"] for nic, addresses in planned.items()},
            "after": {nic: ["10.9.9.9"] for nic in planned},
        },
    }


SEEN = result([A, C], entry("nic-1", in_use=[USE], kept=[{"private_ip_address": "10.0.0.9", "reason": "keep"}]))


class TestFound:
    @pytest.mark.parametrize(
        ("selection", "policy", "ended", "untold"),
        [
            (ALL, {}, {D: "not_planned"}, []),
            (ALL, {"only": ["10.0.0.0/30"]}, {}, []),
            ({"network_interface_ids": ["nic-3"]}, {}, {D: "not_planned"}, []),
            ({"network_interface_ids": ["nic-1", "nic-2"]}, {}, {}, []),
            ({"filters": {"name": "x"}}, {}, {}, [D]),
            ({}, {}, {}, []),
        ],
    )
    def test_of_what_it_did_not_plan_a_run_knows_what_it_selected(
        self, selection: t.Any, policy: t.Any, ended: t.Any, untold: t.Any
    ) -> None:
        found, left = age.found([A, B, D], SEEN, [], selection, policy)
        told = {B: "in_use", ("nic-1", "10.0.0.9"): "kept"}
        assert found == Found([A, C] if selection else (), {**told, **ended})
        assert left == untold

    def test_on_a_network_interface_that_it_tells_of_it_has_seen_everything(self) -> None:
        gone = ("nic-1", "10.0.0.8")
        found, untold = age.found([gone], SEEN, [], {"filters": {"name": "x"}}, {})
        assert (found.ended[gone], untold) == ("not_planned", [])

    def test_what_is_used_is_not_unused_though_it_is_planned(self) -> None:
        uses = [{"network_interface_id": A[0], "private_ip_address": A[1], "kind": "eip", "id": "eip-1"}]
        found, _untold = age.found([A], SEEN, uses, ALL, {})
        assert (found.unused, found.ended[A]) == ([C], "in_use")

    @pytest.mark.parametrize(
        ("nics", "policy", "ended"),
        [
            ([], {}, "gone"),
            ([{"secondary_private_ips": []}], {}, "gone"),
            ([{"secondary_private_ips": None}], {}, "gone"),
            ([{}], {}, None),
            ([{}], {"keep": ["10.0.0.0/24"]}, "kept"),
            ([{}], {"keep_network_interfaces": ["db-*"]}, "kept"),
            ([{}], {"keep_network_interfaces": ["nic-3"]}, "kept"),
            ([{"name": None}], {"keep_network_interfaces": ["?*"]}, None),
            ([{"name": None}], {"keep_network_interfaces": ["*"]}, "kept"),
            ([{}], {"keep_network_interfaces": ["web-*"], "keep": ["10.1.0.1"]}, None),
        ],
    )
    def test_what_filters_left_out_is_asked_for(self, nics: t.Any, policy: t.Any, ended: str | None) -> None:
        nic = {"network_interface_id": D[0], "name": "db-1", "secondary_private_ips": [D[1]]}
        found = age.ended_elsewhere([D], [{**nic, **other} for other in nics], policy)
        assert found.get(D) == ended


@given(st.sets(st.sampled_from([A, B, C, D])), st.sets(st.sampled_from([A, B, C, D])))
def test_what_is_left_out_is_kept_and_in_nothing_else(planned: set[Key], young: set[Key]) -> None:
    before = result(planned)
    after = age.leave_out(before, young)
    left = planned - young
    assert set(keys(after["plan"])) == left
    assert {(e["network_interface_id"], a) for e in after["outcomes"] for a in e["unassigned"]} == left
    kept = {(e["network_interface_id"], item["private_ip_address"]) for e in after["outcomes"] for item in e["kept"]}
    assert kept == planned & young
    assert {item["reason"] for e in after["outcomes"] for item in e["kept"]} <= {"young"}
    assert after["changed"] is bool(left)
    assert after["plan_digest"] == plan_digest(after["plan"])
    assert after["summary"]["network_interfaces_planned"] == len(after["plan"])
    limits = after["limits"]
    assert limits["planned"] == len(left)
    assert limits["planned_percent"] == pytest.approx(50 * len(left) / len(planned) if planned else 0)
    assert after["diff"]["before"].keys() == after["diff"]["after"].keys() == {nic for nic, _address in left}
    removed = {
        (nic, address)
        for nic, addresses in after["diff"]["before"].items()
        for address in addresses
        if address not in after["diff"]["after"][nic]
    }
    assert removed == left
    assert {entry["network_interface_id"] for entry in after["uncertain"]} == {nic for nic, _address in left}
    assert (after["summary"]["unassigned"], after["summary"]["kept"]) == (len(left), len(kept))
    assert before == result(planned)


@given(st.floats(0, 100), st.floats(0, 100))
def test_an_age_is_never_told_longer_than_it_is(hours: float, min_age: float) -> None:
    now = Clock(MADE)
    told = age.age_of(A, Candidate(MADE, hours, now), hours < min_age, now, min_age)
    assert hours - 0.011 <= told["unused_hours"] <= hours
    if hours < min_age:
        until = datetime.datetime.fromisoformat(told["young_until"])
        assert abs((until - MADE).total_seconds() / 3600 - (min_age - hours)) < 0.001
    else:
        assert told["young_until"] is None


def test_what_no_run_has_proved_unused_is_as_young_as_can_be() -> None:
    told = age.age_of(A, None, True, Clock(MADE), 72)
    assert told == {
        "network_interface_id": A[0],
        "private_ip_address": A[1],
        "first_seen": None,
        "unused_hours": 0.0,
        "young_until": (MADE + datetime.timedelta(hours=72)).isoformat(timespec="seconds"),
    }


def test_plan_and_report_tell_the_age_of_what_goes_and_of_what_stays() -> None:
    now = Clock(MADE)
    old, fresh = (Candidate(MADE - datetime.timedelta(hours=h), float(h), now) for h in (80, 24))
    ages = [age.age_of(A, old, False, now, 72), age.age_of(C, fresh, True, now, 72)]
    checked = age.leave_out(result([A, C]), {C})
    context = {**CONTEXT, "mode": "plan", "policy": {**POLICY, "min_age": 72.0}}
    plan = make_plan(checked, context, (), ages)
    assert plan["ages"] == ages
    assert make_plan(checked, context, (), ages[:1])["digest"] != plan["digest"]
    assert make_plan(checked, CONTEXT, (), ages)["digest"] != plan["digest"]
    report = make_report(context, checked, plan)
    rows = {row["private_ip_address"]: row for row in report["addresses"]}
    assert (rows[A[1]]["outcome"], rows[A[1]]["unused_hours"], rows[A[1]]["young_until"]) == ("unassigned", 80, None)
    young = rows[C[1]]
    assert (young["outcome"], young["reason"], young["unused_hours"]) == ("kept", "young", 24)
    assert young["first_seen"] == "2026-02-28T12:00:00+00:00"
    assert young["young_until"] == "2026-03-03T12:00:00+00:00"
    assert "kept,young,2026-02-28T12:00:00+00:00,24.0,2026-03-03T12:00:00+00:00" in "".join(to_csv(report))
    assert "1 kept (1 of them too young)" in describe(report)


@pytest.mark.parametrize(
    ("approved", "now", "narrowed"), [(72, 24, 72), (24, 72, 72), (72, None, 72), (None, 24, 24), (None, None, None)]
)
def test_an_apply_heeds_the_longer_age(approved: t.Any, now: t.Any, narrowed: t.Any) -> None:
    policies = [POLICY if hours is None else {**POLICY, "min_age": hours} for hours in (approved, now)]
    assert narrow(*policies).get("min_age") == narrowed
