# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report accounts for every address of a plan once, over all its runs, and says it in one sentence."""

from __future__ import annotations

import csv
import json
import pathlib
import tracemalloc
import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import page, report, sentences
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.batches import split
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import (
    RefusedError,
    as_targets,
    keys,
)
from ansible_collections.edgecloud.nic.tests.unit.plugins.plugin_utils.record_scene import (
    CHECKED,
    CONTEXT,
    PLAN,
    TARGETS,
    answered,
    apply_started,
    entry,
    history_of,
    module_run,
    plan_of,
    result,
    sent,
    settled,
)
from hypothesis import given
from hypothesis import strategies as st

TEMPLATES = pathlib.Path(__file__).parents[4] / "roles/private_ip_cleanup/templates"
PLANNING = {**CONTEXT, "mode": "plan"}


def rows_of(content: dict[str, t.Any]) -> dict[str, dict[str, t.Any]]:
    return {row["private_ip_address"]: row for row in content["addresses"]}


def outcomes_of(content: dict[str, t.Any]) -> dict[str, str]:
    return {address: row["outcome"] for address, row in rows_of(content).items()}


class TestAccount:
    def test_has_every_address_once_whatever_became_of_its_batch(self):
        failure = {"private_ip_address": "10.0.0.10", "code": "C", "message": "no", "request_id": "req-2"}
        done = result(entry("nic-1", unassigned=["10.0.0.2"], failed=[failure]), msg="failed")
        content = report.make_report(CONTEXT, CHECKED, PLAN, split(TARGETS, 1), [done], error="failed")
        assert outcomes_of(content) == {"10.0.0.2": "unassigned", "10.0.0.10": "failed", "10.0.0.3": "not_attempted"}
        assert content["totals"]["api_calls"] == {"DescribeNetworkInterfaces": 2}
        assert not report.is_complete(content)
        message = sentences.describe(content)
        assert "1 failed, 1 not attempted" in message
        assert "10.0.0.10 on nic-1: C: no; running the same again continues" in message

    def test_says_why_a_ramp_ended_before_how_far_it_came(self):
        made = split(TARGETS, [1, 20])
        ending = sentences.describe_end_of_ramp(1, made)
        refused = {"msg": "AuthFailure", "changed": False}
        content = report.make_report(CONTEXT, CHECKED, PLAN, made, [refused], error=ending)
        # In the report, what was not tried comes first.
        assert content["addresses"][0]["message"] == ending
        assert sentences.describe(content, ending=ending).endswith(
            ": 10.0.0.2 on nic-1: AuthFailure; the ramp ended with batch 1 of 2, which failed, after 1 of 2 network "
            "interfaces; running the same again continues"
        )

    def test_believes_the_journal_about_a_batch_that_was_lost(self):
        history = history_of(apply_started(), *module_run(sent(1, "10.0.0.2")))
        content = report.make_report(CONTEXT, CHECKED, PLAN, split(TARGETS, 2), [{"msg": "killed"}], history=history)
        assert outcomes_of(content) == {
            "10.0.0.2": "unknown",
            "10.0.0.10": "not_attempted",
            "10.0.0.3": "not_attempted",
        }

    @pytest.mark.parametrize(
        ("lost", "outcome"),
        [
            ({"msg": "killed"}, "unknown"),
            ({"msg": "killed", "changed": False, "module_stdout": ""}, "unknown"),
            ({"msg": "AuthFailure", "changed": False}, "not_attempted"),
        ],
    )
    def test_without_a_journal_does_not_know_what_a_lost_batch_has_sent(self, lost, outcome):
        content = report.make_report(CONTEXT, CHECKED, PLAN, split(TARGETS, 2), [lost])
        assert set(outcomes_of(content).values()) == {outcome}

    def test_says_what_an_earlier_run_has_removed(self):
        checked = result(entry("nic-1", already_absent=["10.0.0.2", "10.0.0.10"]), plan=[])
        history = history_of(apply_started(), *module_run(sent(1, "10.0.0.2"), answered(1, "accepted", "req-1")))
        content = report.make_report(CONTEXT, checked, PLAN, history=history)
        rows = rows_of(content)
        assert (rows["10.0.0.2"]["outcome"], rows["10.0.0.2"]["run"]) == ("unassigned", "earlier")
        assert rows["10.0.0.2"]["request_id"] == "req-1"
        assert rows["10.0.0.10"]["outcome"] == "already_absent"
        assert content["totals"]["unassigned_by_earlier_runs"] == 1

    def test_of_this_run_is_not_taken_for_an_earlier_one_whatever_the_clock_says(self):
        checked = result(entry("nic-1", already_absent=["10.0.0.2"]), plan=[])
        history = history_of(apply_started(run="this-run"), *module_run(sent(1, "10.0.0.2")))
        content = report.make_report(CONTEXT, checked, PLAN, history=history)
        assert rows_of(content)["10.0.0.2"]["outcome"] == "already_absent"

    def test_leaves_alone_what_it_had_removed_and_somebody_assigned_again(self):
        gone = settled("nic-1", unassigned=["10.0.0.2"])
        history = history_of(apply_started(), *module_run(sent(1, "10.0.0.2"), answered(1, "accepted"), gone))
        assert history.gone(("nic-1", "10.0.0.2"))
        rest = [result(entry("nic-1", unassigned=["10.0.0.10"]), entry("nic-2", unassigned=["10.0.0.3"]))]
        content = report.make_report(CONTEXT, CHECKED, PLAN, split(TARGETS, 2), rest, history=history)
        row = rows_of(content)["10.0.0.2"]
        assert (row["outcome"], row["reason"]) == ("kept", "reassigned")
        assert report.is_complete(content)

    def test_tries_again_what_was_accepted_and_not_seen_to_be_gone(self):
        history = history_of(apply_started(), *module_run(sent(1, "10.0.0.2"), answered(1, "accepted")))
        assert not history.gone(("nic-1", "10.0.0.2"))

    @pytest.mark.parametrize("checked", [CHECKED, {}])
    @pytest.mark.parametrize("answers", [(), (answered(1, "in_doubt"),), (answered(1, "accepted", "req-1"),)])
    def test_says_that_it_does_not_know_where_an_earlier_call_was_never_settled(self, answers, checked):
        history = history_of(apply_started(), *module_run(sent(1, "10.0.0.2"), *answers))
        content = report.make_report(CONTEXT, checked, PLAN, history=history, error="the token has expired")
        # What was accepted is believed until a read shows the address.
        believed = "unassigned" if not checked and history.proven(("nic-1", "10.0.0.2")) else "unknown"
        assert outcomes_of(content) == {
            "10.0.0.2": believed,
            "10.0.0.10": "not_attempted",
            "10.0.0.3": "not_attempted",
        }

    @pytest.mark.parametrize(("became", "told"), [("already_absent", "unassigned"), ("failed", "unknown")])
    def test_does_not_take_the_refusal_of_a_call_for_the_end_of_an_earlier_one(self, became, told):
        failure = {"private_ip_address": "10.0.0.2", "code": "C", "message": "no", "request_id": "req-2"}
        outcome = {became: [failure if became == "failed" else "10.0.0.2"]}
        lines = [sent(1, "10.0.0.2"), answered(1, "refused"), settled("nic-1", **outcome)]
        history = history_of(
            apply_started(),
            *module_run(sent(1, "10.0.0.2")),
            apply_started(run="this-run"),
            *module_run(*lines, run="m2"),
        )
        content = report.make_report(
            CONTEXT, CHECKED, PLAN, split(TARGETS, 1), [result(entry("nic-1", **outcome))], history=history
        )
        assert outcomes_of(content)["10.0.0.2"] == told

    def test_loses_nothing_where_nothing_could_be_read(self):
        history = history_of(apply_started(), *module_run(sent(1, "10.0.0.2"), answered(1, "accepted", "req-1")))
        content = report.make_report(CONTEXT, {}, PLAN, history=history, error="no answer")
        assert outcomes_of(content)["10.0.0.2"] == "unassigned"
        assert content["totals"]["not_attempted"] == 2
        assert content["regions"][1]["region_id"] == "r-1"
        assert sentences.describe(content) == "Nothing was changed: no answer; 1 were unassigned by an earlier run"

    def test_gives_the_reason_also_where_every_address_is_settled(self):
        done = result(*CHECKED["outcomes"], msg="the journal is full")
        content = report.make_report(CONTEXT, CHECKED, PLAN, split(TARGETS, 2), [done], error="the journal is full")
        assert not report.is_complete(content)
        assert sentences.describe(content).endswith("on 2 network interfaces, but the journal is full")


NICS = st.sampled_from(["nic-1", "nic-2", "nic-3"])
ADDRESSES = st.integers(1, 9).map(lambda number: f"10.0.0.{number}")
KEYS = st.sets(st.tuples(NICS, ADDRESSES), min_size=1)
BECAME = st.sampled_from(["unassigned", "already_absent", "failed", "unknown", "kept", "in_use", "not_attempted"])
#: What an outcome has beside the address.
DETAILS: dict[str, dict[str, t.Any]] = {
    "failed": {"code": "C", "message": "no", "request_id": "r"},
    "unknown": {"code": None, "message": "no answer", "request_id": None, "accepted": False},
    "kept": {"reason": "keep"},
    "in_use": {"kind": "eip", "id": "eip-1"},
}


def outcomes_entry(target: dict[str, t.Any], became: dict[tuple[str, str], str]) -> dict[str, t.Any]:
    nic = target["network_interface_id"]
    made = entry(nic)
    for address in target["private_ip_addresses"]:
        outcome = became[nic, address]
        detail = {"private_ip_address": address, **DETAILS[outcome]} if outcome in DETAILS else address
        made[outcome] = [*made[outcome], detail]
    return made


@given(KEYS, st.data())
def test_every_planned_address_is_in_the_report_once_whatever_became_of_it(planned, data):
    targets = as_targets(planned)
    checked = result(
        *(entry(x["network_interface_id"], unassigned=x["private_ip_addresses"]) for x in targets), plan=targets
    )
    plan = plan_of(checked)
    batches = split(targets, 1)
    became = {key: data.draw(BECAME) for key in planned}
    started = batches[: data.draw(st.integers(0, len(batches)))]
    results: list[dict[str, t.Any]] = [
        data.draw(st.sampled_from([result(*(outcomes_entry(x, became) for x in batch["targets"])), {"msg": "killed"}]))
        for batch in started
    ]
    content = report.make_report(CONTEXT, checked, plan, batches, results)
    told = {(row["network_interface_id"], row["private_ip_address"]): row["outcome"] for row in content["addresses"]}
    assert len(content["addresses"]) == len(planned)
    for batch, outcome in zip(started, results):
        for key in keys(batch["targets"]):
            assert told.pop(key) == (became[key] if "outcomes" in outcome else "unknown")
    assert set(told.values()) <= {"not_attempted"}
    counted = sum(content["totals"][name] for name in entry("") if name != "network_interface_id")
    assert counted == len(planned)
    lines = csv.DictReader(report.to_csv(content))
    assert {(line["network_interface_id"], line["private_ip_address"]) for line in lines} == planned


class TestUses:
    def test_are_all_named(self):
        uses = [{"private_ip_address": "10.0.0.4", "kind": kind, "id": f"{kind}-1"} for kind in ("eip", "dnat")]
        checked = result(entry("nic-1", in_use=uses))
        content = report.make_report(PLANNING, checked, plan_of(checked))
        (row,) = content["addresses"]
        assert (row["kind"], row["id"], row["region_id"]) == ("eip, dnat", "eip-1, dnat-1", "r-1")
        assert content["uses"] == [{"network_interface_id": "nic-1", **use} for use in uses]

    def test_stand_beside_what_is_removed_all_the_same(self):
        use = {"network_interface_id": "nic-1", "private_ip_address": "10.0.0.2", "kind": "eip", "id": "eip-1"}
        content = report.make_report(PLANNING, CHECKED, PLAN, uses=[use])
        row = rows_of(content)["10.0.0.2"]
        assert (row["outcome"], row["kind"], row["id"]) == ("unassigned", "eip", "eip-1")
        assert "1 of them is in use" in sentences.describe(content)

    def test_that_the_cloud_tells_by_refusing_have_no_id(self):
        use = {"private_ip_address": "10.0.0.2", "kind": "load_balancer", "id": None}
        content = report.make_report(CONTEXT, CHECKED, PLAN, split(TARGETS, 1), [result(entry("nic-1", in_use=[use]))])
        row = rows_of(content)["10.0.0.2"]
        assert (row["outcome"], row["kind"], row["id"]) == ("in_use", "load_balancer", None)

    def test_of_no_known_address_stand_on_every_address_of_the_network_interface(self):
        checked = {**CHECKED, "uncertain": [{"network_interface_id": "nic-1", "kind": "eip", "id": "eip-1"}]}
        content = report.make_report(PLANNING, checked, plan_of(checked))
        assert {row["private_ip_address"] for row in content["addresses"] if row["uncertain"] == "eip eip-1"} == {
            "10.0.0.2",
            "10.0.0.10",
        }


class TestTable:
    def test_has_no_formulas(self):
        nics = [{"network_interface_id": "nic-1", "name": '=HYPERLINK("x")', "region_id": "\t@x"}]
        checked = {**CHECKED, "network_interfaces": nics}
        rows = list(csv.DictReader(report.to_csv(report.make_report(CONTEXT, checked, plan_of(checked)))))
        assert len(rows) == 3
        assert {row["network_interface_name"] for row in rows} == {"", '\'=HYPERLINK("x")'}
        assert {row["region_id"] for row in rows} == {"", "'\t@x"}

    def test_ends_with_the_warnings(self):
        checked = {**CHECKED, "warnings": ["keep: 10.9.0.0/16 matches nothing"]}
        content = report.make_report(PLANNING, checked, plan_of(checked))
        *_rows, last = csv.DictReader(report.to_csv(content))
        assert (last["outcome"], last["message"]) == ("warning", "keep: 10.9.0.0/16 matches nothing")


class TestTexts:
    @pytest.mark.parametrize(
        "make", [report.to_json, report.to_csv, lambda content: page.make_page(content, TEMPLATES)]
    )
    def test_of_many_addresses_are_never_in_memory_as_a_whole(self, make: t.Callable[..., t.Iterator[str]]):
        addresses = [f"10.0.{number // 250}.{number % 250}" for number in range(4000)]
        checked = result(entry("nic-1", unassigned=addresses))
        content = report.make_report(PLANNING, checked, plan_of(checked))
        pieces = iter(make(content))
        # The template is read by then.
        next(pieces)
        tracemalloc.start()
        try:
            size = sum(map(len, pieces))
            assert tracemalloc.get_traced_memory()[1] < size / 2
        finally:
            tracemalloc.stop()

    def test_as_json_is_the_report(self):
        content = report.make_report(PLANNING, CHECKED, PLAN)
        assert json.loads("".join(report.to_json(content))) == content


class TestRestoration:
    applied = report.make_report(
        CONTEXT, CHECKED, PLAN, split(TARGETS, 1), [result(entry("nic-1", unassigned=["10.0.0.2"]))]
    )

    def test_takes_what_an_applied_report_says_was_unassigned(self):
        content = report.removed_by_report(self.applied, "cloudy")
        assert report.to_restore(content) == [{"network_interface_id": "nic-1", "private_ip_addresses": ["10.0.0.2"]}]

    def test_stands_in_the_report_and_is_not_done_twice(self):
        nothing = history_of(apply_started())
        content = report.add_restoration(self.applied, {("nic-1", "10.0.0.2"): "assigned"}, nothing, CONTEXT)
        assert (content["mode"], content["totals"]["restored"]) == ("restore", 1)
        assert rows_of(content)["10.0.0.2"]["restored"] == "assigned"
        assert rows_of(content)["10.0.0.2"]["outcome"] == "unassigned"
        assert report.to_restore(report.removed_by_report(content, "cloudy")) == []

    def test_tells_what_was_removed_after_the_report_was_written(self):
        accepted = history_of(
            apply_started(), *module_run(sent(1, "10.0.0.3", nic="nic-2"), answered(1, "accepted", "req-3"))
        )
        content = report.add_restoration(self.applied, {("nic-2", "10.0.0.3"): "assigned"}, accepted, CONTEXT)
        assert outcomes_of(content) == {
            "10.0.0.2": "unassigned",
            "10.0.0.10": "not_attempted",
            "10.0.0.3": "unassigned",
        }
        assert rows_of(content)["10.0.0.3"]["request_id"] == "req-3"
        assert (content["totals"]["unassigned"], content["totals"]["not_attempted"]) == (2, 1)
        assert sum(region["unassigned"] for region in content["regions"]) == 2

    @pytest.mark.parametrize(("word", "outcome"), [("assigned", "unassigned"), ("already_present", "unknown")])
    def test_tells_a_call_without_answer_as_a_removal_only_where_the_address_was_gone(self, word, outcome):
        history = history_of(apply_started(), *module_run(sent(1, "10.0.0.2")))
        content = report.report_of_history(history, {**CONTEXT, "mode": "restore"})
        assert outcomes_of(content) == {"10.0.0.2": "unknown"}
        content = report.add_restoration(content, {("nic-1", "10.0.0.2"): word}, history, CONTEXT)
        assert outcomes_of(content) == {"10.0.0.2": outcome}
        assert content["totals"][outcome] == 1

    def test_has_a_report_where_only_the_journal_is_left(self):
        history = history_of(apply_started(), *module_run(sent(1, "10.0.0.2"), answered(1, "accepted", "req-1")))
        content = report.report_of_history(history, {**CONTEXT, "mode": "restore"})
        assert rows_of(content)["10.0.0.2"]["request_id"] == "req-1"
        assert content["totals"]["unassigned"] == 1
        assert (content["plan_digest"], content["endpoint"]) == (PLAN["digest"], "api.example.com")

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"mode": "plan"}, "of a plan"),
            ({"provider": "other"}, "about other"),
            ({"format": 9}, "neither"),
            ({"addresses": [{}]}, "complete"),
            ({"addresses": [[]]}, "complete"),
            (
                {"addresses": [{"network_interface_id": 1, "private_ip_address": "10.0.0.2", "outcome": "kept"}]},
                "complete",
            ),
            ({"addresses": [{"network_interface_id": "n", "private_ip_address": 1, "outcome": "kept"}]}, "complete"),
            ({"endpoint": None}, "complete"),
            ({"scope": None}, "complete"),
        ],
    )
    def test_refuses_other_reports(self, change, message):
        with pytest.raises(RefusedError, match=message):
            report.removed_by_report({**self.applied, **change}, "cloudy")

    def test_says_what_could_not_be_restored(self):
        results: list[dict[str, t.Any]] = [
            {"outcomes": [{"assigned": ["10.0.0.2"], "already_present": ["10.0.0.10"]}]},
            {"msg": "is gone."},
        ]
        message, restored = sentences.describe_restoration(TARGETS, results)
        assert message == "Assigned 1 address again, 1 were there already, and could not restore 1: nic-2: is gone"
        assert restored[1]["not_restored"] == ["10.0.0.3"]
        assert sentences.count_restored(restored) == {"assigned": 1, "already_present": 1, "not_restored": 1}
        assert sentences.describe_restoration(TARGETS, results, True)[0].startswith("Would assign 1 address again")

    def test_says_what_restoring_did_not_come_to(self):
        message, restored = sentences.describe_restoration(TARGETS[::-1], [{"msg": "is gone."}])
        assert message.endswith("could not restore 3: nic-2: is gone; stopped there, with 2 addresses not tried")
        assert sentences.count_restored(restored)["not_restored"] == 3


class TestCommand:
    def command(self, **options: t.Any) -> str:
        given = {"args": ("site.yml",), "inventory": ["/etc/hosts"], **options}
        return sentences.apply_command("sha256:ab", given, ["/etc/hosts"], "shop", options.pop("hosts", 1))

    def test_is_that_of_the_run_that_planned(self):
        extra = ("private_ip_cleanup_report_dir=a b", "private_ip_cleanup_mode=plan", "@vars.yml")
        assert self.command(extra_vars=extra, inventory=["/tmp/my inventory"]) == (
            "ansible-playbook site.yml -i '/tmp/my inventory' -e @vars.yml -e private_ip_cleanup_mode=apply "
            "-e private_ip_cleanup_approved=sha256:ab (and the other --extra-vars of this run)"
        )

    def test_shows_no_variable_that_may_be_a_secret(self):
        for extra in ("access_key_secret=hush", '{"token": "hush"}', "private_ip_cleanup_scope=a token=hush"):
            assert "hush" not in self.command(extra_vars=(extra,))

    def test_is_for_one_scope_of_several(self):
        assert "--limit shop" in self.command(hosts=3)
        assert "--limit east" in self.command(subset="east")

    def test_is_said_in_words_where_it_was_another_command(self):
        assert self.command(args="localhost") == (
            "run the same again with private_ip_cleanup_mode=apply and private_ip_cleanup_approved=sha256:ab"
        )
