# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The overview adds up what the reports of a run say, names every scope, and heeds one run only."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import REMOVAL_OUTCOMES
from ansible_collections.edgecloud.nic.plugins.plugin_utils import _cleanup_files as files
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import overview, page, report
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.places import ROLE
from ansible_collections.edgecloud.nic.tests.unit.plugins.plugin_utils.record_scene import CONTEXT, entry, result
from hypothesis import given
from hypothesis import strategies as st

TEMPLATES = ROLE / "templates"
NIGHT = "2026-03-01T02:00:00+00:00"
LATER = "2026-03-01T02:10:00+00:00"


def begun(*scopes: str, left_out: t.Sequence[str] = ()) -> dict[str, t.Any]:
    return overview.begin("cleanup", "run", NIGHT, dict.fromkeys(scopes, "cloudy"), left_out)


def told(content: dict[str, t.Any], *, failed: bool = False, written: bool = True, **more: t.Any) -> dict[str, t.Any]:
    """Give what the role's task returns, of a report."""
    scope = content["scope"]
    return {
        "msg": f"{scope} is told of",
        "failed": failed,
        "result": {
            "mode": content["mode"],
            "scope": scope,
            "totals": content["totals"],
            "digest": content["plan_digest"],
            "files": [f"/reports/{files.directory_name(scope)}/report.{kind}" for kind in ("json", "csv", "html")]
            if written
            else [],
        },
        **more,
    }


def report_of(scope: str, mode: str, outcomes: t.Sequence[str]) -> dict[str, t.Any]:
    """Give the report of addresses with these outcomes, as they were read."""
    details: dict[str, list[t.Any]] = {}
    for number, outcome in enumerate(outcomes):
        address = f"10.0.{number // 250}.{number % 250 + 1}"
        detail = {"private_ip_address": address}
        if outcome == "kept":
            detail["reason"] = "keep"
        if outcome == "in_use":
            detail |= {"kind": "eip", "id": "eip-1"}
        details.setdefault(outcome, []).append(detail)
    found = result(entry("nic-1", **details))
    return report.make_report({**CONTEXT, "scope": scope, "mode": mode}, found)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8),
        st.tuples(
            st.sampled_from(["plan", "apply"]), st.lists(st.sampled_from(REMOVAL_OUTCOMES), max_size=12), st.booleans()
        ),
        min_size=1,
        max_size=6,
    )
)
def test_totals_are_the_sums_of_the_reports_and_plans_are_not_deeds(
    scopes: dict[str, tuple[str, list[str], bool]],
) -> None:
    reports = {scope: report_of(scope, mode, outcomes) for scope, (mode, outcomes, _failed) in scopes.items()}
    content: dict[str, t.Any] | None = begun(*scopes)
    for scope, (_mode, _outcomes, failed) in scopes.items():
        assert content is not None
        outcome = overview.outcome_of_role(told(reports[scope], failed=failed))
        content = overview.tell(content, "run", scope, LATER, outcome)
    assert content is not None
    for mode in ("plan", "apply"):
        of_mode = [found["totals"] for found in reports.values() if found["mode"] == mode]
        assert (mode in content["totals"]) is bool(of_mode)
        for name in (*REMOVAL_OUTCOMES, "network_interfaces_read", "unassigned_by_earlier_runs"):
            assert content["totals"].get(mode, {}).get(name, 0) == sum(totals[name] for totals in of_mode)
    assert sorted(entry["scope"] for entry in content["scopes"]) == sorted(scopes)
    assert content["success"] is not any(failed for _mode, _outcomes, failed in scopes.values())
    assert sum(content["states"].values()) == len(scopes)
    order = [overview.STATES.index(entry["state"]) for entry in content["scopes"]]
    assert order == sorted(order)
    assert overview.read(json.dumps(content)) == content


def test_a_run_begins_with_every_scope_and_no_result() -> None:
    content = begun("b", "a", left_out=["c"])
    assert [(entry["scope"], entry["state"]) for entry in content["scopes"]] == [
        ("a", "no_result"),
        ("b", "no_result"),
        ("c", "not_in_run"),
    ]
    assert (content["success"], content["totals"]) == (False, {})


def test_another_run_changes_nothing() -> None:
    outcome = overview.outcome_of_refusal("no")
    assert overview.tell(begun("a"), "another", "a", LATER, outcome) is None
    assert overview.ended_early(begun("a"), "another", "a", LATER) is None
    for text in ("", "null", "[]", "{}", '{"format": 9, "scopes": []}', '{"format": 1, "scopes": 5}', "[" * 100_000):
        assert overview.read(text) == {}
        assert overview.tell(overview.read(text), "run", "a", LATER, outcome) is None


def part(there: dict[str, t.Any], *scopes: str, run: str = "run", left_out: t.Sequence[str] = ()) -> dict[str, t.Any]:
    """Begin another part of a run, where there is an overview already."""
    return overview.begin("cleanup", run, LATER, dict.fromkeys(scopes, "cloudy"), left_out, there)


@given(st.permutations(list("abcdef")), st.booleans())
def test_parts_of_a_run_tell_what_one_run_tells_in_whatever_order(order: list[str], knows_others: bool) -> None:
    outcomes = {
        scope: overview.outcome_of_role(told(report_of(scope, "apply", outcomes), failed=scope == "c"))
        for scope, outcomes in zip("abcdef", (["unassigned"] * number for number in range(6)))
    }
    parts = ["ab", "c", "def"]
    everybody = list("abcdef")
    # A part's inventory has all scopes, as with --limit, or no others, as in a slice of a job.
    left_out = everybody if knows_others else []
    content: dict[str, t.Any] = {}
    waiting = list(parts)
    for scope in order:
        for scopes in [scopes for scopes in waiting if scope in scopes]:
            waiting.remove(scopes)
            content = part(content, *scopes, left_out=left_out)
        content = overview.tell(content, "run", scope, LATER, outcomes[scope]) or {}
    content["started"] = NIGHT
    whole = begun(*everybody)
    for scope in everybody:
        whole = overview.tell(whole, "run", scope, LATER, outcomes[scope]) or {}
    assert content == whole


def test_a_part_keeps_what_others_told_and_nothing_of_another_run() -> None:
    done = overview.tell(part({}, "a", left_out=["b", "c"]), "run", "a", LATER, {"state": "done"})
    assert done is not None
    joined = part(done, "b", left_out=["a", "c"])
    # Until somebody has begun it, the run is no success.
    assert {entry["scope"]: entry["state"] for entry in joined["scopes"]} == {
        "a": "done",
        "b": "no_result",
        "c": "no_result",
    }
    assert joined["success"] is False
    # What is done again has no result again.
    assert {entry["state"] for entry in part(done, "a")["scopes"]} == {"no_result"}
    for there in ({}, {**done, "run": "earlier"}, {**done, "playbook": "preflight"}):
        assert {entry["scope"]: entry["state"] for entry in part(there, "b", left_out=["a"])["scopes"]} == {
            "a": "no_result",
            "b": "no_result",
        }


def test_a_scope_that_ended_without_a_word_is_failed_and_one_that_told_is_left_alone() -> None:
    ended = overview.ended_early(begun("a", "b"), "run", "b", LATER)
    assert ended is not None
    assert [(entry["scope"], entry["state"]) for entry in ended["scopes"]] == [("b", "failed"), ("a", "no_result")]
    refused = overview.tell(begun("a"), "run", "a", LATER, overview.outcome_of_refusal("no; nothing was changed"))
    assert refused is not None
    assert overview.ended_early(refused, "run", "a", LATER) is None
    assert refused["scopes"][0]["message"] == "no; nothing was changed"


def test_what_an_earlier_run_has_done_is_no_total_of_this_one() -> None:
    content = report_of("shop", "apply", [])
    content["totals"]["unassigned"] = 5
    outcome = overview.outcome_of_role(told(content, written=False))
    assert (outcome["state"], outcome["totals"], outcome["report"]) == ("done", {}, None)


def test_a_report_that_could_not_be_written_is_not_linked_and_its_totals_count() -> None:
    content = report_of("shop", "apply", ["kept"])
    outcome = overview.outcome_of_role(told(content, failed=True, written=False))
    assert (outcome["state"], outcome["totals"]["kept"], outcome["report"]) == ("failed", 1, None)


def test_a_plan_over_its_limits_is_named() -> None:
    outcome = overview.outcome_of_role(told(report_of("shop", "plan", []), over_limits=True))
    assert outcome["state"] == "over_limits"


@pytest.mark.parametrize(
    ("given_result", "state", "message"),
    [
        (
            {"checks": [{"id": "clock", "result": "passed", "seen": "x"}]},
            "done",
            "1 of 1 checks passed, and none failed",
        ),
        ({"checks": [{"id": "clock", "result": "failed", "seen": "late"}]}, "failed", "clock: late"),
        ({"unreachable": True, "msg": "no route"}, "unreachable", "no route"),
        ({"failed": True, "msg": "no credentials"}, "refused", "no credentials"),
    ],
)
def test_a_preflight_is_told_by_its_checks(given_result: dict[str, t.Any], state: str, message: str) -> None:
    outcome = overview.outcome_of_preflight(given_result, "shop")
    assert (outcome["state"], outcome["message"]) == (state, message)


def test_ten_large_scopes_make_a_small_overview() -> None:
    content: dict[str, t.Any] | None = begun(*map(str, range(10)))
    found = report_of("0", "apply", [])
    found["totals"].update(unassigned=100_000, api_calls={"UnassignPrivateIpAddresses": 20_000})
    for scope in map(str, range(10)):
        assert content is not None
        outcome = overview.outcome_of_role(told({**found, "scope": scope}))
        content = overview.tell(content, "run", scope, LATER, outcome)
    assert content is not None
    assert content["totals"]["apply"]["unassigned"] == 1_000_000
    assert len("".join(page.make_overview(content, TEMPLATES))) < 100_000
