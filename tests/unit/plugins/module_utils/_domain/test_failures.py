# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sentence about a failed task: one reason is said once."""

from __future__ import annotations

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.failures import describe_failures
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import (
    FAILED,
    NOT_ATTEMPTED,
    UNASSIGNED,
    UNKNOWN,
    Outcomes,
)
from hypothesis import given
from hypothesis import strategies as st


def refused(network_interface_id, numbers, code="NoPermission", message="You are not authorized.", request_id="R-1"):
    outcomes = Outcomes(network_interface_id)
    for number in numbers:
        outcomes.error(f"10.0.0.{number}", FAILED, code, message, request_id)
    return outcomes


def test_one_refusal_of_many_addresses_is_said_once():
    assert describe_failures([refused("eni-1", range(1, 6))]) == (
        "5 addresses were not settled (5 failed): 10.0.0.1, 10.0.0.2 (and 3 more) on eni-1: "
        "NoPermission: You are not authorized. (request id R-1)"
    )


def test_few_addresses_are_all_named():
    assert describe_failures([refused("eni-1", [1])]) == (
        "1 address was not settled (1 failed): 10.0.0.1 on eni-1: "
        "NoPermission: You are not authorized. (request id R-1)"
    )
    assert str(describe_failures([refused("eni-1", [1, 2])])).startswith("2 addresses were not settled (2 failed): ")
    assert " 10.0.0.1, 10.0.0.2, 10.0.0.3 on eni-1: " in str(describe_failures([refused("eni-1", [1, 2, 3])]))


def test_one_refusal_on_many_network_interfaces_is_said_once():
    message = describe_failures([refused(f"eni-{number}", [1, 2], request_id=f"R-{number}") for number in range(1, 41)])
    assert message == (
        "80 addresses were not settled (80 failed): 10.0.0.1, 10.0.0.2 on eni-1, "
        "78 addresses on 39 other network interfaces: "
        "NoPermission: You are not authorized. (request id R-1 and 39 more)"
    )
    assert "1 address on 1 other network interface: " in str(describe_failures([refused("a", [1]), refused("b", [1])]))


def test_different_reasons_are_kept_apart():
    outcomes = refused("eni-1", [1, 2])
    outcomes.error("10.0.0.3", FAILED, "Locked", "The address is locked.", None)
    outcomes.error("10.0.0.4", UNKNOWN, None, "no answer within 30 s", None)
    outcomes.settle("10.0.0.5", NOT_ATTEMPTED)
    assert describe_failures([outcomes]) == (
        "5 addresses were not settled (3 failed, 1 unknown, 1 not attempted): "
        "10.0.0.1, 10.0.0.2 on eni-1: NoPermission: You are not authorized. (request id R-1); "
        "10.0.0.3 on eni-1: Locked: The address is locked.; "
        "10.0.0.4 on eni-1: no answer within 30 s"
    )


def test_of_many_reasons_some_are_shown_and_the_others_counted():
    for reasons, left in ((8, "3 addresses"), (6, "1 address")):
        outcomes = Outcomes("eni-1")
        for number in range(1, reasons + 1):
            outcomes.error(f"10.0.0.{number}", FAILED, f"Code{number}", "No.", None)
        message = str(describe_failures([outcomes]))
        assert "Code5" in message
        assert "Code6" not in message
        assert message.endswith(f"; and {left} for other reasons")


def test_where_nothing_was_sent_the_count_is_all_there_is_to_say():
    outcomes = Outcomes("eni-1")
    outcomes.settle("10.0.0.1", NOT_ATTEMPTED)
    assert describe_failures([outcomes]) == "1 address was not settled (1 not attempted)"


def test_why_a_run_stopped_is_said_where_no_address_says_it():
    outcomes = refused("eni-1", [1])
    outcomes.settle("10.0.0.2", NOT_ATTEMPTED)
    assert "stopped, since the disk is full" in str(describe_failures([outcomes], "the disk is full"))
    assert "stopped" not in str(describe_failures([outcomes], "Unassign: NoPermission: You are not authorized."))


def test_what_went_well_is_no_failure():
    outcomes = Outcomes("eni-1")
    outcomes.settle("10.0.0.1", UNASSIGNED)
    assert describe_failures([outcomes]) is None
    assert describe_failures([]) is None


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([FAILED, UNKNOWN]), st.integers(0, 8)), max_size=60))
def test_the_sentence_is_short_and_counts_every_address(entries):
    all_outcomes = [Outcomes(f"eni-{number}") for number in range(4)]
    for number, (nic, outcome, reason) in enumerate(entries):
        all_outcomes[nic].error(f"10.0.0.{number}", outcome, f"Code{reason}", "No.", None)
    message = describe_failures(all_outcomes)
    assert (message is None) == (not entries)
    if message is not None:
        assert message.startswith(f"{len(entries)} address")
        assert len(message) < 1000
