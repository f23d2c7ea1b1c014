# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan file is applied only as it was approved, where it belongs, and never wider."""

from __future__ import annotations

import datetime
import hashlib
import json
import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import plan_file
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import RefusedError
from ansible_collections.edgecloud.nic.tests.unit.plugins.plugin_utils.record_scene import (
    CHECKED,
    CONTEXT,
    MADE,
    PLAN,
    POLICY,
    TARGETS,
    entry,
    plan_of,
    result,
)
from hypothesis import given
from hypothesis import strategies as st


def read(content: t.Any) -> dict[str, t.Any]:
    return plan_file.read_plan(json.dumps(content))


def signed(**change: t.Any) -> dict[str, t.Any]:
    """What somebody makes who knows how digests are made."""
    content = {**PLAN, **change}
    return {**content, "digest": plan_file.digest(content)}


class TestContent:
    def test_is_read_as_it_was_made_however_it_is_laid_out(self):
        assert read(dict(reversed(PLAN.items()))) == PLAN

    def test_has_everything_that_a_reviewer_decides_about(self):
        use = {"private_ip_address": "10.0.0.4", "kind": "load_balancer", "id": "lb-1"}
        unsure = {"network_interface_id": "nic-1", "kind": "eip", "id": "eip-1"}
        checked = result(entry("nic-1", in_use=[use]), uncertain=[unsure], warnings=["look"], account="a-1")
        plan = plan_of(checked)
        assert plan["uses"] == [{"network_interface_id": "nic-1", **use}]
        assert plan["uncertain"] == [unsure]
        assert plan["warnings"] == ["look"]
        assert (plan["account"], plan["scope"], plan["endpoint"]) == ("a-1", "shop", "api.example.com")
        assert plan["totals"] == {"addresses": 3, "network_interfaces_read": 2, "network_interfaces_planned": 2}
        assert plan["limits"]["planned_percent"] == 30.0

    def test_is_all_that_a_plan_run_found_and_under_which_policy(self):
        checked = result(uncertain=None, warnings=[7])
        context = {**CONTEXT, "policy": {**POLICY, "max_unassign": 2}}
        uses, ages = [{"id": "lb-1"}], [{"young_until": None}]
        content = plan_file.make_plan(checked, context, uses, ages)
        assert content.pop("digest") == plan_file.digest(content)
        assert content == {
            "format": 1,
            "collection": "edgecloud.nic 1.0.0",
            "scope": "shop",
            "provider": "cloudy",
            "created": MADE.isoformat(),
            "selection": {"all_network_interfaces": True},
            "policy": context["policy"],
            "account": None,
            "endpoint": "api.example.com",
            "limits": {
                "max_unassign": 2,
                "max_unassign_percent": 50.0,
                "planned": 3,
                "planned_percent": 30.0,
                "exceeded": ["max_unassign"],
            },
            "totals": {"addresses": 3, "network_interfaces_read": 2, "network_interfaces_planned": 2},
            "uses": uses,
            "uncertain": [],
            "warnings": ["7"],
            "network_interfaces": checked["network_interfaces"],
            "ages": ages,
            "targets": TARGETS,
        }

    def test_the_digest_is_that_of_the_canonical_text_without_itself(self):
        text = '{"a":[1,"ü\ud800"],"b":{"c":1,"d":null}}'.encode("utf-8", "surrogatepass")
        content = {"digest": "sha256:0", "b": {"d": None, "c": 1}, "a": [1, "ü\ud800"]}
        assert plan_file.digest(content) == f"sha256:{hashlib.sha256(text).hexdigest()}"

    @pytest.mark.parametrize("field", sorted(PLAN.keys() - {"digest", "format"}))
    def test_the_digest_covers_every_field(self, field):
        assert plan_file.digest({**PLAN, field: "touched"}) != PLAN["digest"]
        altered = r"^it was altered after it was written: its digest does not match its content$"
        with pytest.raises(RefusedError, match=altered):
            read({**PLAN, field: "touched"})

    @pytest.mark.parametrize("text", ["[]", "{}", "null", "[1]", '{"targets": []}', '{"digest": "sha256:0"}'])
    def test_what_is_no_plan_is_refused(self, text):
        with pytest.raises(RefusedError, match=r"^it is not a plan file$"):
            plan_file.read_plan(text)

    @pytest.mark.parametrize("text", ["", '{"targets": [', "[" * 100_000])
    def test_what_is_no_json_is_refused(self, text):
        with pytest.raises(RefusedError, match=r"^it is not a plan file: it is no JSON$"):
            plan_file.read_plan(text)

    def test_what_can_be_read_and_is_too_deep_to_have_a_digest_is_refused(self):
        # How deep that is depends on who calls.
        for depth in range(800, 1000):
            text = json.dumps(PLAN)[:-1] + ', "more": ' + "[" * depth + "]" * depth + "}"
            with pytest.raises(RefusedError):
                plan_file.read_plan(text)

    @pytest.mark.parametrize(
        "change",
        [
            {"targets": None},
            {"targets": [{"network_interface_id": "nic-1"}]},
            {"targets": [{"network_interface_id": "nic-1", "private_ip_addresses": ["nonsense"]}]},
            {"targets": TARGETS[:1]},
            {"created": "2026-03-01T12:00:00"},
            {"created": None},
            {"limits": {}},
            {"limits": {**PLAN["limits"], "planned_percent": float("nan")}},
            {"limits": {**PLAN["limits"], "planned_percent": -0.1}},
            {"limits": {**PLAN["limits"], "planned_percent": 100.1}},
            {"limits": {**PLAN["limits"], "planned": 4}},
            {"targets": [{**target, "network_interface_id": []} for target in TARGETS]},
            {"network_interfaces": [{"network_interface_id": {}}]},
            {"policy": {}},
            {"policy": {**POLICY, "keep": [[]]}},
            {"policy": {**POLICY, "keep_network_interfaces": [{}]}},
            {"policy": {**POLICY, "in_use_sources": [None]}},
            {"policy": {**POLICY, "in_use_sources": [7]}},
            {"policy": {**POLICY, "in_use_check": 1}},
            {"policy": {**POLICY, "force": 0}},
            {"policy": {**POLICY, "min_age": "72"}},
            *({"policy": {**POLICY, name: "text"}} for name in ("keep", "keep_network_interfaces", "in_use_sources")),
            {"uses": None},
            {"uncertain": {}},
            {"warnings": "text"},
            {"ages": None},
            {"ages": [{}]},
            {"ages": [{"young_until": 7}]},
            {"targets": [{**target, "network_interface_id": "a b"} for target in TARGETS]},
            {"network_interfaces": [{"network_interface_id": ""}]},
            {"more": 1},
        ],
        ids=str,
    )
    def test_what_cannot_be_applied_is_refused_whatever_its_digest(self, change):
        with pytest.raises(RefusedError, match=r"^it is not a complete plan file$"):
            read(signed(**change))

    @pytest.mark.parametrize(
        "change",
        [
            {"limits": {**PLAN["limits"], "planned_percent": 0}},
            {"limits": {**PLAN["limits"], "planned_percent": 100}},
            {"policy": {**POLICY, "keep": ["10.0.0.1"], "keep_network_interfaces": [7, 1.5, "db-*"]}},
            {"policy": {**POLICY, "in_use_sources": ["eip"], "min_age": 1.5}},
            {"policy": {**POLICY, "in_use_check": False, "force": True, "min_age": 72}},
            {"ages": [{"young_until": None}, {"young_until": MADE.isoformat()}]},
        ],
        ids=str,
    )
    def test_what_can_be_applied_is_read_as_it_is(self, change):
        assert read(signed(**change)) == signed(**change)

    def test_of_another_format_is_refused(self):
        with pytest.raises(RefusedError, match=r"^its format is 2, and this release knows format 1$"):
            read(signed(format=2))


class TestApproval:
    @given(digits=st.integers(12, 64), prefix=st.booleans(), upper=st.booleans())
    def test_is_the_digest_or_its_first_digits(self, digits, prefix, upper):
        text = PLAN["digest"].removeprefix("sha256:")[:digits]
        text = text.upper() if upper else text
        plan_file.refuse_unless_approved(PLAN, [f"sha256:{text}" if prefix else text])

    def test_may_be_one_of_several(self):
        plan_file.refuse_unless_approved(PLAN, ["0" * 64, PLAN["digest"]])

    @given(st.text("0123456789abcdef", min_size=12, max_size=64))
    def test_of_another_plan_is_refused(self, text):
        if not PLAN["digest"].removeprefix("sha256:").startswith(text):
            with pytest.raises(RefusedError) as caught:
                plan_file.refuse_unless_approved(PLAN, [text, "0" * 64])
            assert str(caught.value) == (
                f"{text}, {'0' * 64} was approved, and the digest of this plan is {PLAN['digest']}: it was "
                f"made at {MADE.isoformat()} or touched since, and needs an approval of its own"
            )

    @pytest.mark.parametrize("text", ["", "yes", "sha256:", PLAN["digest"][:18], PLAN["digest"] + "0"])
    def test_takes_no_word_for_a_digest(self, text):
        with pytest.raises(
            RefusedError, match=f"has {text!r}, which is no digest: it takes at least the first 12 hexa"
        ):
            plan_file.refuse_unless_approved(PLAN, [PLAN["digest"], text])

    def test_may_have_blanks_around_it(self):
        plan_file.refuse_unless_approved(PLAN, [f" {PLAN['digest']}\n"])

    def test_is_needed(self):
        with pytest.raises(RefusedError, match="needs private_ip_cleanup_approved"):
            plan_file.refuse_unless_approved(PLAN, [])


class TestPlace:
    @pytest.mark.parametrize(
        ("place", "message"),
        [
            (("other", "shop", None), "a plan for cloudy, not for other"),
            (("cloudy", "video", None), "the plan of shop, not of video"),
            (("cloudy", "shop", "a-2"), "account a-1, and a-2 is expected"),
        ],
    )
    def test_another_one_is_refused(self, place, message):
        with pytest.raises(RefusedError, match=message):
            plan_file.refuse_where_it_does_not_belong({**PLAN, "account": "a-1"}, *place)

    @pytest.mark.parametrize(("known", "expected"), [(None, "a-1"), ("a-1", None), ("a-1", "a-1"), (None, None)])
    def test_an_account_that_is_not_known_contradicts_none(self, known, expected):
        plan_file.refuse_where_it_does_not_belong({**PLAN, "account": known}, "cloudy", "shop", expected)

    def test_is_refused_when_it_is_old_or_of_the_future(self):
        plan_file.refuse_if_old(PLAN, 24, MADE + datetime.timedelta(hours=24))
        plan_file.refuse_if_old(PLAN, 24, MADE - datetime.timedelta(minutes=5))
        with pytest.raises(RefusedError, match=r"it is 24\.0 hours old \(from 2026.*\), and 24 are allowed"):
            plan_file.refuse_if_old(PLAN, 24, MADE + datetime.timedelta(hours=24, seconds=1))
        with pytest.raises(RefusedError, match=r"it is 5000\.0 hours old"):
            plan_file.refuse_if_old(PLAN, 24, MADE + datetime.timedelta(hours=5000))
        with pytest.raises(RefusedError, match=r"it was made at 2026.*, which is in the future"):
            plan_file.refuse_if_old(PLAN, 24, MADE - datetime.timedelta(minutes=5, seconds=1))


class TestLimits:
    def test_hold_for_the_number_and_the_share_of_what_was_planned(self):
        allowed = {"max_unassign": 3, "max_unassign_percent": 30.0}
        assert plan_file.over_limits(PLAN["limits"], allowed) is None
        both = str(plan_file.over_limits(PLAN["limits"], {"max_unassign": 2, "max_unassign_percent": 29.9}))
        assert both == (
            "private_ip_cleanup_max_unassign: 3 addresses would be unassigned, and 2 are allowed; "
            "private_ip_cleanup_max_unassign_percent: 3 addresses would be unassigned, which is 30.0 % of all that "
            "were selected, and 29.9 % are allowed"
        )

    def test_of_one_address_are_told_as_of_one(self):
        told = plan_file.over_limits({"planned": 1, "planned_percent": 1.0}, {**POLICY, "max_unassign": 0})
        assert told == "private_ip_cleanup_max_unassign: 1 address would be unassigned, and 0 are allowed"

    def test_a_share_that_is_no_number_exceeds_every_limit(self):
        limits = {**PLAN["limits"], "planned_percent": float("nan")}
        assert plan_file.over_limits(limits, {"max_unassign": 3, "max_unassign_percent": 100.0}) is not None

    def test_one_that_is_exceeded_is_not_hidden_by_the_other(self):
        limits = {**PLAN["limits"], "planned_percent": 100.0}
        assert plan_file.over_limits(limits, {"max_unassign": 1000, "max_unassign_percent": 10.0}) is not None

    def test_stand_in_the_plan_with_what_it_exceeds(self):
        policy = {**POLICY, "max_unassign": 2, "max_unassign_percent": 10.0}
        assert plan_of(policy=policy)["limits"]["exceeded"] == ["max_unassign", "max_unassign_percent"]

    @pytest.mark.parametrize(("allowed", "refused"), [(50, False), (49, True), (0, True), (100, False)])
    def test_hold_for_network_interfaces_that_are_gone(self, allowed, refused):
        gone = {**CHECKED, "network_interfaces": CHECKED["network_interfaces"][:1]}
        assert plan_file.too_many_missing(PLAN, gone, allowed) == (
            "private_ip_cleanup_max_missing_percent: 1 of the plan's 2 network interfaces do not exist, and "
            f"{allowed} % are allowed; the credentials may be another account's"
            if refused
            else None
        )

    @given(planned=st.integers(1, 12), missing=st.integers(0, 12), allowed=st.integers(0, 100))
    def test_are_a_share_of_all_network_interfaces_of_the_plan(self, planned, missing, allowed):
        nics = [{"network_interface_id": f"nic-{number}"} for number in range(planned)]
        left = {"network_interfaces": nics[missing:]}
        message = plan_file.too_many_missing({"targets": nics}, left, allowed)
        assert (message is not None) is (min(missing, planned) / planned > allowed / 100)
        assert planned > 1 or message is None or "1 of the plan's 1 network interface do" in message


POLICIES = st.fixed_dictionaries(
    {"in_use_check": st.booleans(), "force": st.booleans()},
    optional={
        "only": st.just(["10.0.0.0/8"]),
        "keep": st.lists(st.sampled_from(["10.0.0.1", "10.0.0.2", "10.1.0.0/16"]), min_size=1, unique=True),
        "keep_network_interfaces": st.lists(st.sampled_from(["db-*", "nic-1"]), min_size=1, unique=True),
        "in_use_sources": st.lists(st.sampled_from(["eip", "dnat", "snat"]), min_size=1, unique=True),
        "eip_protects": st.sampled_from(["address", "network_interface"]),
    },
)


class TestPolicy:
    @given(POLICIES, POLICIES)
    def test_an_apply_is_never_wider_than_what_was_approved_or_is_said_now(self, approved, now):
        policy = plan_file.narrow(approved, now)
        for one in (approved, now):
            for name in ("keep", "keep_network_interfaces"):
                assert set(one.get(name, ())) <= set(policy.get(name, ()))
            assert policy["in_use_check"] or not one["in_use_check"]
            assert one["force"] or not policy["force"]
            # Left out, all of them are looked up.
            assert "in_use_sources" not in policy or set(one["in_use_sources"]) <= set(policy["in_use_sources"])
            assert one.get("eip_protects") != "network_interface" or policy["eip_protects"] == "network_interface"
            assert policy.get("eip_protects") != "address" or one["eip_protects"] == "address"
        assert policy.get("only") == now.get("only")

    @given(POLICIES)
    def test_the_same_policy_is_the_policy(self, policy):
        narrowed = plan_file.narrow(policy, policy)
        assert {name: sorted(v) if isinstance(v, list) else v for name, v in narrowed.items()} == {
            name: sorted(v) if isinstance(v, list) else v for name, v in policy.items()
        }
