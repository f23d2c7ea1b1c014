# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a journal says belongs to one plan, and is believed as far as it proves something."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.history import Journal
from ansible_collections.edgecloud.nic.tests.unit.plugins.plugin_utils.record_scene import (
    PLAN,
    answered,
    apply_started,
    history_of,
    module_run,
    role_line,
    sent,
    settled,
)


@pytest.mark.parametrize(
    ("events", "unassigned", "proven"),
    [
        ([sent(1, "10.0.0.2")], True, False),
        ([sent(1, "10.0.0.2"), answered(1, "in_doubt")], True, False),
        ([sent(1, "10.0.0.2"), answered(1, "accepted")], True, True),
        ([sent(1, "10.0.0.2"), answered(1, "refused")], False, False),
        ([sent(1, "10.0.0.2", "10.0.0.3"), answered(1, "refused"), sent(2, "10.0.0.2")], True, False),
        ([sent(1, "10.0.0.2"), settled("nic-1", unassigned=["10.0.0.2"])], True, True),
        ([sent(1, "10.0.0.2"), settled("nic-1", failed=[{"private_ip_address": "10.0.0.2"}])], False, False),
        ([sent(1, "10.0.0.2"), settled("nic-1", unknown=[{"private_ip_address": "10.0.0.2"}])], True, False),
        ([sent(1, "10.0.0.2"), settled("nic-1", already_absent=["10.0.0.2"])], False, False),
        ([settled("nic-1", already_absent=["10.0.0.2"])], False, False),
        ([sent(1, "10.0.0.2", action="assign")], False, False),
        ([{"event": "sent"}, {"event": "later"}, sent(1, "10.0.0.2")], True, False),
        # A refusal says nothing of what was accepted before it.
        ([sent(1, "10.0.0.2"), answered(1, "accepted"), sent(2, "10.0.0.2"), answered(2, "refused")], True, True),
        # A run knows what became of its own earlier calls.
        (
            [sent(1, "10.0.0.2"), answered(1, "in_doubt"), sent(2, "10.0.0.2"), settled("nic-1", failed=["10.0.0.2"])],
            False,
            False,
        ),
    ],
)
def test_knows_what_may_have_been_removed_and_what_was(events, unassigned, proven):
    history = history_of(apply_started(), *module_run(*events))
    assert (("nic-1", "10.0.0.2") in history.unassigned) is unassigned
    assert history.proven(("nic-1", "10.0.0.2")) is proven


@pytest.mark.parametrize("answers", [(), (answered(1, "in_doubt"),), (answered(1, "accepted"),)])
@pytest.mark.parametrize(
    ("last", "unassigned", "gone"),
    [
        # Read late, the cloud still showed it, and it was gone before this call came.
        (settled("nic-1", already_absent=["10.0.0.2"]), True, True),
        # What was sent before may still act.
        (settled("nic-1", failed=[{"private_ip_address": "10.0.0.2"}]), True, False),
        (settled("nic-1", in_use=[{"private_ip_address": "10.0.0.2"}]), False, False),
        (settled("nic-1", unassigned=["10.0.0.2"]), True, True),
        (settled("nic-1", unknown=[{"private_ip_address": "10.0.0.2"}]), True, False),
        (answered(1, "refused"), True, False),
    ],
)
def test_what_a_killed_run_has_sent_is_not_undone_by_the_refusal_of_the_next(answers, last, unassigned, gone):
    history = history_of(
        apply_started(run="run-1"),
        *module_run(sent(1, "10.0.0.2"), *answers, run="m1"),
        apply_started(run="run-2"),
        *module_run(sent(1, "10.0.0.2"), answered(1, "refused"), last, run="m2"),
    )
    assert (("nic-1", "10.0.0.2") in history.unassigned) is unassigned
    assert history.gone(("nic-1", "10.0.0.2")) is gone


def test_what_a_run_has_settled_is_not_open_for_the_next():
    history = history_of(
        apply_started(run="run-1"),
        *module_run(sent(1, "10.0.0.2"), settled("nic-1", failed=["10.0.0.2"]), run="m1"),
        apply_started(run="run-2"),
        *module_run(sent(1, "10.0.0.2"), settled("nic-1", already_absent=["10.0.0.2"]), run="m2"),
    )
    assert history.unassigned == {}


def test_a_plan_has_its_own_removals_and_no_others():
    history = history_of(
        *module_run(sent(1, "10.0.0.1"), run="before"),
        apply_started("sha256:other", "run-0"),
        *module_run(sent(1, "10.0.0.2"), run="other"),
        apply_started(),
        *module_run(sent(1, "10.0.0.3"), run="own"),
        role_line("apply_ended", complete=False),
        *module_run(sent(1, "10.0.0.4"), run="after"),
        {"time": "", "run": "own", **answered(1, "accepted", "req-3")},
    )
    assert history.unassigned == {("nic-1", "10.0.0.3"): "req-3"}
    assert history.runs == {("nic-1", "10.0.0.3"): "run-1"}
    assert (history.provider, history.endpoint) == ("cloudy", "api.example.com")


def test_it_is_known_where_and_when_a_plan_was_applied_and_restored():
    lines = [
        apply_started() | {"account": "a-1"},
        role_line("apply_ended", complete=True) | {"time": "first"},
        role_line("restore_started") | {"time": "second"},
        role_line("restore_ended") | {"time": "third"},
    ]
    history = history_of(*lines)
    assert (history.digest, history.scope, history.account) == (PLAN["digest"], "shop", "a-1")
    assert (history.applied_at, history.restored_at) == ("first", "second")
    other = Journal(lines).of("sha256:other")
    assert (other.digest, other.applied_at, other.unassigned) == ("sha256:other", None, {})
    assert {other.provider, other.endpoint, other.scope, other.account, other.restored_at} == {None}


def test_an_address_is_of_the_run_that_sent_it_first():
    history = history_of(
        apply_started(run="run-1"),
        *module_run(sent(1, "10.0.0.2"), run="m1"),
        apply_started(run="run-2"),
        *module_run(sent(1, "10.0.0.2", "10.0.0.3"), run="m2"),
    )
    assert history.runs == {("nic-1", "10.0.0.2"): "run-1", ("nic-1", "10.0.0.3"): "run-2"}


@pytest.mark.parametrize("complete", [True, False])
def test_a_plan_is_done_once_a_run_has_settled_all_of_it(complete):
    history = history_of(apply_started(), role_line("apply_ended", complete=complete))
    assert (history.applied_at is not None) is complete


def test_what_was_put_back_need_not_be_put_back_again():
    removed = module_run(sent(1, "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"))
    put_back = role_line(
        "restored",
        network_interface_id="nic-1",
        assigned=["10.0.0.2"],
        already_present=["10.0.0.3"],
        not_restored=["10.0.0.4"],
    )
    history = history_of(apply_started(), *removed, role_line("restore_started"), put_back)
    assert history.restored_at is not None
    assert history.to_restore() == [{"network_interface_id": "nic-1", "private_ip_addresses": ["10.0.0.4", "10.0.0.5"]}]


def test_lines_that_somebody_spoilt_cost_only_themselves():
    wrong = sent(9, "10.0.0.9") | {"private_ip_addresses": [5, {}, None, "nonsense"], "run": "m1"}
    broken: list[dict[str, t.Any]] = [
        wrong,
        {},
        {"event": None},
        {"event": "sent", "run": []},
        role_line("restored"),
        {"event": "settled", "run": "m1"},
    ]
    lines = [*broken, apply_started(), *broken, *module_run(sent(1, "10.0.0.2")), *broken]
    assert set(Journal(lines).of(PLAN["digest"]).unassigned) == {("nic-1", "10.0.0.2")}
