# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan files, batches, reports and what journals say."""

from __future__ import annotations

import csv
import datetime
import io
import json
import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import REMOVAL_OUTCOMES
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.plan import plan_digest
from ansible_collections.edgecloud.nic.plugins.plugin_utils import _cleanup_records as records

MADE = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.timezone.utc)
TARGETS = [
    {"network_interface_id": "eni-1", "private_ip_addresses": ["10.0.0.2", "10.0.0.10"]},
    {"network_interface_id": "eni-2", "private_ip_addresses": ["10.0.0.3"]},
]
CONTEXT: dict[str, t.Any] = {
    "collection": "edgecloud.nic 0.1.0",
    "mode": "apply",
    "provider": "ens",
    "created": MADE.isoformat(),
    "selection": {"all_network_interfaces": True},
    "policy": {"max_unassign": 100, "max_unassign_percent": 50.0},
    "journal": None,
}


LIMITS: dict[str, t.Any] = {
    "max_unassign": 100,
    "max_unassign_percent": 50.0,
    "planned": 3,
    "planned_percent": 30.0,
    "exceeded": [],
}


def entry(nic: str, **outcomes: t.Any) -> dict[str, t.Any]:
    return {"network_interface_id": nic, **{name: [] for name in REMOVAL_OUTCOMES}, **outcomes}


def result(*entries: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    return {
        "endpoint": "ens.aliyuncs.com",
        "account": "1000000000000001",
        "plan": TARGETS,
        "plan_digest": plan_digest(TARGETS),
        "outcomes": list(entries),
        "limits": LIMITS,
        "network_interfaces": [{"network_interface_id": "eni-1", "name": "web", "region_id": "cn-1"}],
        "summary": {
            "network_interfaces_read": 2,
            "network_interfaces_planned": 2,
            "api_calls": {"DescribeNetworkInterfaces": 1},
            "throttled_calls": 0,
            "seconds": 1.0,
        },
        **more,
    }


CHECKED = result(
    entry("eni-1", unassigned=["10.0.0.2", "10.0.0.10"]),
    entry("eni-2", unassigned=["10.0.0.3"]),
)
PLAN = records.make_plan(CHECKED, CONTEXT)


def read(content: dict[str, t.Any], **options: t.Any) -> dict[str, t.Any]:
    arguments = {"provider": "ens", "max_age": 24, "now": MADE, **options}
    return records.read_plan(json.dumps(content), **arguments)


class TestPlanFiles:
    def test_is_read_as_it_was_made_however_it_is_laid_out(self):
        assert read(dict(reversed(PLAN.items())), now=MADE + datetime.timedelta(hours=24)) == PLAN

    def test_has_neither_more_nor_less_than_the_contract_says(self):
        assert {"format", "provider", "endpoint", "selection", "policy", "created", "totals", "targets"} <= set(PLAN)
        assert PLAN["totals"] == {"addresses": 3, "network_interfaces_read": 2, "network_interfaces_planned": 2}

    @pytest.mark.parametrize(
        "change",
        [
            {"targets": []},
            {"targets": None},
            {"targets": [{"network_interface_id": "eni-1"}]},
            {"targets": [{"network_interface_id": "eni-1", "private_ip_addresses": ["nonsense"]}]},
            {"created": "2099-01-01T00:00:00+00:00"},
            {"endpoint": "elsewhere"},
            {"limits": {}},
            {"more": 1},
            {"targets": TARGETS[:1], "plan_digest": plan_digest(TARGETS[:1])},
        ],
        ids=str,
    )
    def test_any_alteration_is_refused(self, change):
        with pytest.raises(records.RefusedError, match="altered"):
            read({**PLAN, **change})

    @pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"targets": [', "[1]"])
    def test_what_is_no_plan_is_refused(self, text):
        with pytest.raises(records.RefusedError, match="not a plan file"):
            records.read_plan(text, "ens", 24, MADE)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"provider": "zec"}, "a plan for ens, not for zec"),
            ({"now": MADE + datetime.timedelta(hours=24, seconds=1)}, "24.0 hours old"),
            ({"now": MADE - datetime.timedelta(minutes=6)}, "in the future"),
            ({"approved_digest": "sha256:0"}, "sha256:0 was approved"),
        ],
    )
    def test_is_refused_where_it_does_not_belong(self, options, message):
        with pytest.raises(records.RefusedError, match=message):
            read(PLAN, **options)

    def test_of_another_format_is_refused(self):
        with pytest.raises(records.RefusedError, match="format is 2"):
            read({**PLAN, "format": 2})


class TestLimits:
    def test_hold_for_the_number_and_the_share_of_what_was_planned(self):
        assert records.over_limits(LIMITS, {"max_unassign": 3, "max_unassign_percent": 30.0}) is None
        count = records.over_limits(LIMITS, {"max_unassign": 2, "max_unassign_percent": 30.0})
        assert count == "max_unassign: 3 addresses would be unassigned, and 2 are allowed"
        share = records.over_limits(LIMITS, {"max_unassign": 3, "max_unassign_percent": 29.9})
        assert "30.0 % of all that were selected, and 29.9 % are allowed" in str(share)

    def test_of_a_plan_file_are_those_of_its_making(self):
        assert PLAN["limits"] == LIMITS


class TestBatches:
    def test_say_how_far_they_get(self):
        first, second = records.split(TARGETS, 1)
        assert (first["done"], first["total"], first["addresses"], first["left"]) == (1, 2, 2, 1)
        assert (second["done"], second["total"], second["addresses"], second["left"]) == (2, 2, 1, 0)
        assert first["targets"] + second["targets"] == TARGETS
        assert records.split([], 5) == []

    @pytest.mark.parametrize("stopped", [None, "auth", "on_error", "interrupted", "journal", "endpoint"])
    @pytest.mark.parametrize("on_error", ["continue", "stop"])
    @pytest.mark.parametrize("failed", [False, True])
    def test_end_where_nothing_more_may_be_sent(self, stopped, on_error, failed):
        """The module says it in a field; no message is taken apart."""
        outcome = result(entry("eni-1"), stopped=stopped)
        if failed:
            outcome["msg"] = "DescribeX: SignatureDoesNotMatch: no"
        assert records.must_stop(outcome, on_error) is (stopped is not None or (failed and on_error == "stop"))

    def test_go_on_after_a_batch_that_could_not_be_read(self):
        assert records.must_stop({"msg": "DescribeX: NoPermission: no"}, "continue") is False


def journal(*events: dict[str, t.Any], run: str = "r1", **started: t.Any) -> list[dict[str, t.Any]]:
    begin = {"event": "run_started", "format": 1, "provider": "ENS", "endpoint": "ens.aliyuncs.com", **started}
    return [{"time": MADE.isoformat(), "run": run, **event} for event in (begin, *events)]


def sent(number: int, *addresses: str, nic: str = "eni-1", action: str = "unassign") -> dict[str, t.Any]:
    return {
        "event": "sent",
        "write": number,
        "action": action,
        "network_interface_id": nic,
        "private_ip_addresses": list(addresses),
    }


def answered(number: int, answer: str, request_id: str | None = "req") -> dict[str, t.Any]:
    return {"event": "answered", "write": number, "answer": answer, "request_id": request_id}


def settled(nic: str, **outcomes: t.Any) -> dict[str, t.Any]:
    return {"event": "settled", **entry(nic, **outcomes)}


class TestHistory:
    @pytest.mark.parametrize(
        ("events", "unassigned"),
        [
            ([sent(1, "10.0.0.2")], {"10.0.0.2"}),
            ([sent(1, "10.0.0.2"), answered(1, "in_doubt")], {"10.0.0.2"}),
            ([sent(1, "10.0.0.2"), answered(1, "accepted")], {"10.0.0.2"}),
            ([sent(1, "10.0.0.2"), answered(1, "refused")], set()),
            ([sent(1, "10.0.0.2", "10.0.0.3"), answered(1, "refused"), sent(2, "10.0.0.2")], {"10.0.0.2"}),
            ([sent(1, "10.0.0.2"), settled("eni-1", unassigned=["10.0.0.2"])], {"10.0.0.2"}),
            ([sent(1, "10.0.0.2"), settled("eni-1", failed=[{"private_ip_address": "10.0.0.2"}])], set()),
            ([sent(1, "10.0.0.2"), settled("eni-1", unknown=[{"private_ip_address": "10.0.0.2"}])], {"10.0.0.2"}),
            ([sent(1, "10.0.0.2"), settled("eni-1", already_absent=["10.0.0.2"])], set()),
            ([settled("eni-1", already_absent=["10.0.0.2"])], set()),
            ([sent(1, "10.0.0.2", action="assign")], set()),
            ([{"event": "sent"}, {"event": "later"}, sent(1, "10.0.0.2")], {"10.0.0.2"}),
        ],
    )
    def test_knows_what_may_have_been_removed(self, events, unassigned):
        history = records.History(journal(*events), "ens")
        assert {address for _nic, address in history.unassigned} == unassigned

    def test_leaves_out_what_is_not_meant(self):
        entries = [
            *journal(sent(1, "10.0.0.2"), run="a", endpoint="elsewhere"),
            *journal(sent(1, "10.0.0.3"), run="b", provider="ZEC"),
            *journal(sent(1, "10.0.0.4"), run="c"),
            {"event": "answered"},
        ]
        for number, line in enumerate(journal(sent(1, "10.0.0.5"), run="d")):
            entries.append({**line, "time": (MADE + datetime.timedelta(hours=1, seconds=number)).isoformat()})
        history = records.History(
            entries, "ens", "ens.aliyuncs.com", (MADE + datetime.timedelta(minutes=1)).isoformat()
        )
        assert history.targets() == [{"network_interface_id": "eni-1", "private_ip_addresses": ["10.0.0.5"]}]
        assert history.providers == {"ens", "zec"}


class TestReports:
    def test_account_for_every_address_once_whatever_became_of_its_batch(self):
        batches = records.split(TARGETS, 1)
        failure = {"private_ip_address": "10.0.0.10", "code": "C", "message": "no", "request_id": "req-2"}
        done = result(entry("eni-1", unassigned=["10.0.0.2"], failed=[failure]), msg="failed")
        report = records.make_report(CONTEXT, CHECKED, PLAN, batches, [done])
        outcomes = {row["private_ip_address"]: row["outcome"] for row in report["addresses"]}
        assert outcomes == {"10.0.0.2": "unassigned", "10.0.0.10": "failed", "10.0.0.3": "not_attempted"}
        assert report["totals"]["api_calls"] == {"DescribeNetworkInterfaces": 2}
        assert "1 failed, 1 not attempted" in records.describe(report)
        assert "10.0.0.10 on eni-1: C: no; running the same again continues" in records.describe(report)

    def test_believe_the_journal_about_a_batch_that_was_lost(self):
        batches = records.split(TARGETS, 2)
        history = records.History(journal(sent(1, "10.0.0.2")), "ens")
        report = records.make_report(CONTEXT, CHECKED, None, batches, [{"msg": "killed"}], history=history)
        outcomes = {row["private_ip_address"]: row["outcome"] for row in report["addresses"]}
        assert outcomes == {"10.0.0.2": "unknown", "10.0.0.10": "not_attempted", "10.0.0.3": "not_attempted"}

    def test_say_what_an_earlier_run_has_removed(self):
        checked = result(entry("eni-1", already_absent=["10.0.0.2", "10.0.0.10"]), plan=[])
        history = records.History(journal(sent(1, "10.0.0.2"), answered(1, "accepted", "req-1")), "ens")
        later = (MADE + datetime.timedelta(hours=1)).isoformat()
        report = records.make_report(CONTEXT, checked, None, history=history, started=later)
        rows = {row["private_ip_address"]: row for row in report["addresses"]}
        assert (rows["10.0.0.2"]["outcome"], rows["10.0.0.2"]["run"]) == ("unassigned", "earlier")
        assert rows["10.0.0.2"]["request_id"] == "req-1"
        assert rows["10.0.0.10"]["outcome"] == "already_absent"
        assert report["totals"]["unassigned_by_earlier_runs"] == 1

    def test_name_everything_that_uses_an_address(self):
        uses = [{"private_ip_address": "10.0.0.2", "kind": kind, "id": f"{kind}-1"} for kind in ("eip", "dnat")]
        report = records.make_report({**CONTEXT, "mode": "plan"}, result(entry("eni-1", in_use=uses)))
        (row,) = report["addresses"]
        assert (row["kind"], row["id"], row["region_id"]) == ("eip, dnat", "eip-1, dnat-1", "cn-1")

    def test_know_the_plan_where_nothing_could_be_read(self):
        report = records.make_report(CONTEXT, {"msg": "no answer"}, PLAN, error="no answer")
        assert report["totals"]["not_attempted"] == 3
        assert report["regions"][1]["region_id"] == "cn-1"
        assert records.describe(report) == "Nothing was changed: no answer"

    def test_a_table_has_no_formulas(self):
        nics = [{"network_interface_id": "eni-1", "name": '=HYPERLINK("x")', "region_id": "\t@x"}]
        report = records.make_report(CONTEXT, {**CHECKED, "network_interfaces": nics})
        rows = list(csv.DictReader(io.StringIO(records.to_csv(report))))
        assert len(rows) == 3
        assert {row["network_interface_name"] for row in rows} == {"", '\'=HYPERLINK("x")'}
        assert {row["region_id"] for row in rows} == {"", "'\t@x"}


class TestRestoration:
    def test_takes_what_an_applied_report_says_was_unassigned(self):
        done = [result(entry("eni-1", unassigned=["10.0.0.2"]))]
        report = records.make_report(CONTEXT, CHECKED, PLAN, records.split(TARGETS, 1), done)
        expected = [{"network_interface_id": "eni-1", "private_ip_addresses": ["10.0.0.2"]}]
        assert records.removed_by_report(report, "ens") == (expected, "ens.aliyuncs.com")

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"mode": "plan"}, "of a plan"),
            ({"provider": "zec"}, "about zec"),
            ({"format": 9}, "neither"),
            ({"addresses": [{}]}, "complete"),
        ],
    )
    def test_refuses_other_reports(self, change, message):
        report = records.make_report(CONTEXT, CHECKED, PLAN)
        with pytest.raises(records.RefusedError, match=message):
            records.removed_by_report({**report, **change}, "ens")

    def test_says_what_could_not_be_restored(self):
        results: list[dict[str, t.Any]] = [
            {"outcomes": [{"assigned": ["10.0.0.2"], "already_present": ["10.0.0.10"]}]},
            {"msg": "is gone."},
        ]
        message, counts = records.describe_restoration(TARGETS, results)
        assert message == ("Assigned 1 address again, 1 were there already, and could not restore 1: eni-2: is gone")
        assert counts == {"assigned": 1, "already_present": 1, "not_restored": 1}
