# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What calls and reads have told of one network interface becomes the one true outcome of each address: promise 6."""

from __future__ import annotations

import time
import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import ASSIGNMENT_OUTCOMES, Outcomes
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.changes import Assignment, Unassignment
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.work import Work
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ABSENT, ApiError, ErrorKind
from ansible_collections.edgecloud.nic.tests.unit.clouds import NIC, PRIMARY, addresses

A, B, C, D = addresses(4)
# It sends nothing here, and whether something is done it sees in a read.
UNASSIGNMENT = Unassignment(t.cast(t.Any, None))
NEVER_CARRIED_OUT = (ErrorKind.THROTTLED, ErrorKind.AUTH, ErrorKind.NOT_SENT, ErrorKind.STOPPED)
IN_DOUBT = (ErrorKind.AMBIGUOUS, ErrorKind.NO_ANSWER)
REFUSALS = [kind for kind in ErrorKind if kind not in (*ABSENT, *IN_DOUBT, ErrorKind.IN_USE)]


def work_on(*wanted: str) -> Work:
    return Work(NIC, None, wanted, Outcomes(NIC))


def error(kind: ErrorKind, name: str = "1") -> ApiError:
    return ApiError("Unassign", kind, f"Detail {name}.", code=f"Code{name}", request_id=f"R-{name}", use_kind="eip")


def entry(address: str, name: str = "1", more: str = "", **accepted: bool) -> dict[str, t.Any]:
    told = {"private_ip_address": address, "code": f"Code{name}", "message": f"Detail {name}.{more}"}
    return {**told, "request_id": f"R-{name}", **accepted}


def read(work: Work, *secondary: str, primary: str = PRIMARY, began: float | None = None) -> None:
    nic = NetworkInterface(NIC, primary_private_ip=primary).with_secondary(secondary)
    work.read(UNASSIGNMENT, nic, time.monotonic() if began is None else began)


def outcomes(work: Work) -> dict[str, t.Any]:
    """Give what is not empty of the result."""
    result = work.outcomes.as_result()
    assert result.pop("network_interface_id") == NIC
    return {outcome: entries for outcome, entries in result.items() if entries}


def test_what_is_gone_is_ours_after_an_accepted_or_a_doubtful_call_alone():
    work = work_on(A, B, C, D)
    work.note([A], None, "R-1")
    work.note([B], error(ErrorKind.NO_ANSWER), None)
    work.note([C], error(ErrorKind.REFUSED), "R-2")
    read(work)
    assert outcomes(work) == {"unassigned": [A, B], "already_absent": [C, D]}
    assert work.request_ids == ["R-1", "R-2"]


def test_what_a_read_still_shows_stays_open_also_as_the_primary_address():
    work = work_on(A, B, C)
    work.note([A, B, C], None, None)
    read(work, B, primary=A)
    assert (outcomes(work), work.open(), work.unsettled()) == ({"unassigned": [C]}, [A, B], [A, B])


def test_a_network_interface_that_is_gone_has_none_of_its_addresses():
    work = work_on(A, B)
    work.note([A], None, None)
    work.read(UNASSIGNMENT, None, time.monotonic())
    assert (outcomes(work), work.network_interface) == ({"unassigned": [A], "already_absent": [B]}, None)


def test_what_is_to_be_assigned_is_done_where_a_read_shows_it():
    work = work_on(A, B, C)
    work.note([A, B], None, None)
    work.read(Assignment(t.cast(t.Any, None)), NetworkInterface(NIC).with_secondary([A, C]), time.monotonic())
    result = work.outcomes.as_result(ASSIGNMENT_OUTCOMES)
    assert (result["assigned"], result["already_present"], work.open()) == ([A], [C], [B])


@pytest.mark.parametrize("kind", [kind for kind in ErrorKind if kind not in IN_DOUBT])
def test_a_part_that_is_gone_of_a_refused_list_is_ours_unless_the_cloud_carries_out_nothing_of_it(kind):
    work = work_on(A, B, C)
    work.note([A, B], error(kind), None)
    read(work, B)
    assert outcomes(work) == {"already_absent": [A, C] if kind in NEVER_CARRIED_OUT else [C]} | (
        {} if kind in NEVER_CARRIED_OUT else {"unassigned": [A]}
    )


def test_a_refused_list_that_is_all_gone_was_removed_by_somebody_else():
    work = work_on(A, B, C)
    work.note([A, B], error(ErrorKind.REFUSED), None)
    read(work, C)
    assert outcomes(work) == {"already_absent": [A, B]}


def test_a_doubt_does_not_end_with_a_refusal_but_a_refusal_with_a_doubt():
    work = work_on(A, B)
    work.note([A], error(ErrorKind.NO_ANSWER, "1"), None)
    work.note([A], error(ErrorKind.REFUSED, "2"), None)
    work.note([B], error(ErrorKind.REFUSED, "2"), None)
    work.note([B], error(ErrorKind.NO_ANSWER, "1"), None)
    read(work, A, B)
    work.settle_refused(force=False)
    assert outcomes(work) == {}
    work.give_up(force=False)
    told = entry(A, "2", "; an earlier call is in doubt: Detail 1.", accepted=False)
    assert outcomes(work) == {"unknown": [told, entry(B, "1", accepted=False)]}


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_is_a_failure_once_a_read_since_then_still_shows_the_address(kind):
    work = work_on(A, B, C)
    work.note([A], error(ErrorKind.CONFLICT, "2"), None)
    work.note([A], None, None)
    before = time.monotonic()
    work.note([B], error(kind), None)
    read(work, A, B, C, began=before - 1)
    work.settle_refused(force=False)
    assert outcomes(work) == {}
    read(work, A, B, C)
    work.settle_refused(force=False)
    assert (outcomes(work), work.open()) == ({"failed": [entry(B)]}, [A, C])


@pytest.mark.parametrize("kind", [kind for kind in ErrorKind if kind in ABSENT])
def test_that_an_address_is_gone_is_neither_believed_nor_a_failure_while_reads_show_it(kind):
    work = work_on(A, B)
    work.note([A], error(kind), None)
    work.note([B], error(ErrorKind.REFUSED, "2"), None)
    read(work, A, B)
    assert not work_on(A).in_trouble
    assert work.in_trouble
    work.settle_refused(force=False)
    assert (outcomes(work), work.in_trouble) == ({"failed": [entry(B, "2")]}, False)
    work.give_up(force=False, reason="reads show it")
    assert outcomes(work)["unknown"] == [entry(A, more="; reads show it", accepted=False)]


@pytest.mark.parametrize("settle", [Work.settle_refused, Work.give_up], ids=["settled", "given up"])
def test_what_the_cloud_says_is_in_use_is_in_use_or_with_force_a_failure(settle):
    told = {"private_ip_address": A, "kind": "eip", "id": None}
    for force, expected in ((False, {"in_use": [told]}), (True, {"failed": [entry(A)]})):
        work = work_on(A)
        work.note([A], error(ErrorKind.IN_USE), None)
        read(work, A)
        settle(work, force)
        assert outcomes(work) == expected


def test_a_refusal_that_was_only_given_to_lists_says_so():
    work = work_on(A, B, C, D)
    work.note([A, B], error(ErrorKind.REFUSED, "1"), None)
    work.note([A], error(ErrorKind.REFUSED, "2"), None)
    work.note([C, D], error(ErrorKind.THROTTLED, "3"), None)
    read(work, A, B, C, D)
    work.settle_refused(force=False)
    never_alone = " (refused in lists only, never alone)"
    assert outcomes(work) == {"failed": [entry(A, "2"), entry(B, "1", never_alone), entry(C, "3"), entry(D, "3")]}


def test_what_is_given_up_is_unknown_where_a_call_may_have_acted_and_else_was_not_attempted():
    work = work_on(A, B, C, D)
    work.note([C], error(ErrorKind.REFUSED, "3"), None)
    work.note([A], None, "R-9")
    work.note([B], error(ErrorKind.AMBIGUOUS, "2"), None)
    work.give_up(force=False, reason="nothing was read")
    accepted = {"private_ip_address": A, "code": None, "message": "accepted by the cloud, but nothing was read"}
    assert outcomes(work) == {
        "unknown": [
            {**accepted, "request_id": "R-9", "accepted": True},
            entry(B, "2", accepted=False),
            entry(C, "3", "; nothing was read", accepted=False),
        ],
        "not_attempted": [D],
    }


def test_a_refusal_that_nothing_else_is_known_of_is_told_as_it_was_given():
    work = work_on(A)
    work.note([A], error(ErrorKind.REFUSED), None)
    work.give_up(force=False)
    assert outcomes(work) == {"unknown": [entry(A, accepted=False)]}
