# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the engine sends and tells after each kind of answer, in the order of its calls: promises 1, 4, 5, 6 and 11.

The cloud is a list of addresses here, without HTTP: what is asked is the engine alone, and each step of it.
"""

from __future__ import annotations

import math
import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import Outcomes, StopReason
from ansible_collections.edgecloud.nic.plugins.module_utils._engine import verification
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.changes import Unassignment
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.control import RunControl
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.engine import Engine
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.journal import JournalError
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.work import EngineSettings, Work
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError, ErrorKind
from ansible_collections.edgecloud.nic.tests.unit.clouds import NIC, PRIMARY, addresses

A, B, C, D = addresses(4)
READ = "read"
Answer = t.Union[ErrorKind, ApiError, Exception, None]


def spelt(word: str) -> list[str]:
    """Give the addresses that a word has as its letters: A is the first one."""
    pool = addresses(26)
    return [pool[ord(letter) - ord("A")] for letter in word]


def failure(kind: ErrorKind, **more: t.Any) -> ApiError:
    return ApiError("Unassign", kind, "No.", code="Code", request_id="R-0", **more)


class Cloud:
    """Network interfaces in memory, and what happened to them in order.

    :ivar answers: to the next writes; after them, each is carried out. An error is of a call without effect.
    :ivar refused: addresses with which no call is accepted.
    :ivar reads: what the next reads raise, or None for one that is answered.
    :ivar late: whether accepted removals do not show by themselves.
    :ivar after: what happens before a read of that number is answered, the first one being 1.
    """

    def __init__(self, *secondary: str, count: int = 1) -> None:
        self.ids = [NIC, *(f"nic-{number}" for number in range(2, count + 1))]
        self.nics = {nic: list(secondary) for nic in self.ids}
        self.primary = PRIMARY
        self.transitional = False
        self.answers: list[Answer] = []
        self.refused: dict[str, ErrorKind] = {}
        self.reads: list[Answer] = []
        self.after: dict[int, t.Callable[[], object]] = {}
        self.late = False
        self.log: list[t.Any] = []

    @property
    def writes(self) -> list[list[str]]:
        return [entry for entry in self.log if entry != READ]

    def unassign(self, nic: str, sent: t.Sequence[str]) -> str:
        self.log.append(list(sent))
        answer = self.answers.pop(0) if self.answers else None
        kinds = [self.refused[address] for address in sent if address in self.refused]
        if answer is None and kinds:
            answer = kinds[0]
        if isinstance(answer, ErrorKind):
            answer = failure(answer)
        if answer is not None:
            raise answer
        if not self.late:
            self.nics[nic] = [address for address in self.nics[nic] if address not in sent]
        return f"R-{len(self.writes)}"

    def lose(self, gone: str) -> None:
        """Let an address be gone from every network interface."""
        self.nics = {nic: [address for address in held if address != gone] for nic, held in self.nics.items()}

    def read_network_interfaces(self, ids: t.Sequence[str]) -> dict[str, NetworkInterface | None]:
        assert len(ids) <= 50
        self.log.append(READ)
        self.after.get(self.log.count(READ), lambda: None)()
        answer = self.reads.pop(0) if self.reads else None
        if answer is not None:
            raise failure(answer) if isinstance(answer, ErrorKind) else answer
        told = NetworkInterface(NIC, primary_private_ip=self.primary, transitional=self.transitional)
        return {nic: told.with_secondary(self.nics[nic]) for nic in ids if nic in self.nics}


class Journal:
    """Takes lines until it is full, and none of the kind that fails."""

    def __init__(self, room: int = 1000, failing: str = "") -> None:
        self.room = room
        self.failing = failing
        self.lines: list[tuple[t.Any, ...]] = []

    def _write(self, *line: t.Any) -> None:
        if len(self.lines) >= self.room or line[0] == self.failing:
            raise JournalError("the disk is full")
        self.lines.append(line)

    def sent(self, action: str, nic: str, sent: t.Sequence[str]) -> int:
        self._write("sent", action, nic, list(sent))
        return len(self.lines)

    def answered(self, number: int, answer: str, *details: str | None) -> None:
        self._write("answered", number, answer, *details)

    def settled(self, all_outcomes: t.Sequence[Outcomes]) -> None:
        for outcomes in all_outcomes:
            self._write(
                "settled", outcomes.network_interface_id, sorted(outcomes.of("unassigned", "failed", "unknown"))
            )


class Run:
    """The engine at work on some addresses of every network interface of a cloud.

    :param prepare: is handed the control of the run before anything happens.
    """

    def __init__(
        self,
        cloud: Cloud,
        *wanted: str,
        journal: Journal | None = None,
        prepare: t.Callable[[RunControl], object] = lambda _control: None,
        **settings: t.Any,
    ) -> None:
        quick = {"retry_max_delay": 0.001, "max_retries": 2, "wait_timeout": 0.05, **settings}
        self.control = RunControl(quick.pop("concurrency", 1), abandoned=quick.pop("abandoned", lambda: False))
        prepare(self.control)
        provider = t.cast(t.Any, cloud)
        self.works = [Work(nic, None, wanted, Outcomes(nic)) for nic in cloud.ids]
        engine = Engine(provider, Unassignment(provider), EngineSettings(**quick), self.control, t.cast(t.Any, journal))
        engine.carry_out(self.works)

    @property
    def outcomes(self) -> dict[str, t.Any]:
        """What is not empty of the first result, the addresses alone."""
        outcomes = self.works[0].outcomes
        return {outcome: outcomes.of(outcome) for outcome in outcomes.as_result() if outcomes.of(outcome)}

    @property
    def stopped(self) -> tuple[StopReason | None, str | None]:
        return self.control.stop_reason, self.control.stop_detail

    def message(self, outcome: str) -> str:
        return str(self.works[0].outcomes.details(outcome)[0]["message"])


# Fair weather.


def test_one_write_and_one_read_settle_what_the_cloud_accepts():
    cloud, journal = Cloud(A, B, C), Journal()
    run = Run(cloud, A, B, journal=journal)
    assert (cloud.log, run.outcomes, run.stopped) == ([[A, B], READ], {"unassigned": [A, B]}, (None, None))
    assert run.works[0].request_ids == ["R-1"]
    assert journal.lines == [
        ("sent", "unassign", NIC, [A, B]),
        ("answered", 1, "accepted", None, None, "R-1"),
        ("settled", NIC, [A, B]),
    ]


def test_without_waiting_the_word_of_the_cloud_is_taken_for_what_it_accepted_alone():
    cloud = Cloud(A, B)
    cloud.answers = [None]
    assert Run(cloud, A, wait=False).outcomes == {"unassigned": [A]}
    assert cloud.log == [[A]]
    cloud = Cloud(A, B)
    cloud.answers = [ErrorKind.NO_ANSWER] * 9
    assert Run(cloud, A, wait=False, max_retries=0).outcomes == {"unknown": [A]}


def test_nothing_is_sent_or_read_for_nothing():
    cloud, journal = Cloud(A), Journal()
    assert Run(cloud, journal=journal).outcomes == {}
    assert cloud.log == []


@pytest.mark.parametrize("concurrency", [1, 8])
def test_changed_network_interfaces_are_read_in_batches_of_fifty(concurrency):
    cloud, journal = Cloud(A, count=120), Journal()
    run = Run(cloud, A, journal=journal, concurrency=concurrency)
    assert {nic: work.outcomes.of("unassigned") for nic, work in zip(cloud.ids, run.works)} == {
        nic: [A] for nic in cloud.ids
    }
    assert (len(cloud.writes), cloud.log.count(READ)) == (120, 3)
    # A batch is read as soon as it is written.
    assert concurrency > 1 or cloud.log.index(READ) == 50
    assert sorted(line[1] for line in journal.lines if line[0] == "settled") == sorted(cloud.ids)


def test_while_removals_show_late_nothing_is_read_before_all_is_written():
    cloud = Cloud(A, count=120)
    cloud.late = True
    cloud.after = {4: lambda: cloud.lose(A)}
    run = Run(cloud, A, wait_timeout=60)
    assert all(work.outcomes.of("unassigned") == [A] for work in run.works)
    assert [number for number, entry in enumerate(cloud.log) if entry == READ][:2] == [50, 121]
    # One while it is written, three that show it late, and two once it shows.
    assert cloud.log.count(READ) == 6


# A call in doubt.


@pytest.mark.parametrize("kind", [ErrorKind.NO_ANSWER, ErrorKind.AMBIGUOUS])
def test_after_a_call_in_doubt_only_what_a_read_still_shows_is_sent_again(kind):
    cloud, journal = Cloud(A, B, C), Journal()
    cloud.answers = [kind]
    cloud.after = {1: lambda: cloud.lose(B)}
    run = Run(cloud, A, B, C, journal=journal)
    assert cloud.log == [[A, B, C], READ, [A, C], READ]
    assert run.outcomes == {"unassigned": [A, B, C]}
    assert journal.lines[1] == ("answered", 1, "in_doubt", "Code", "No.", "R-0")


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_doubt_is_repeated_so_many_times_and_then_unknown(retries):
    cloud = Cloud(A)
    cloud.answers = [ErrorKind.NO_ANSWER] * 20
    run = Run(cloud, A, max_retries=retries)
    assert cloud.writes == [[A]] * (retries + 1)
    assert cloud.log[: 2 * retries + 2] == [[A], READ] * (retries + 1)
    assert run.outcomes == {"unknown": [A]}
    assert run.works[0].outcomes.details("unknown")[0]["accepted"] is False
    assert (run.message("unknown"), run.stopped) == ("No.", (None, None))


def test_a_doubtful_list_is_halved_once_the_retries_are_used_up_but_not_where_nothing_answers():
    cloud = Cloud(A, B)
    cloud.answers = [ErrorKind.AMBIGUOUS]
    assert Run(cloud, A, B, max_retries=0).outcomes == {"unassigned": [A, B]}
    assert cloud.writes == [[A, B], [A], [B]]
    cloud = Cloud(A, B)
    cloud.answers = [ErrorKind.NO_ANSWER]
    assert Run(cloud, A, B, max_retries=0).outcomes == {"unknown": [A, B]}
    assert cloud.writes == [[A, B]]


def test_where_no_read_comes_after_a_doubt_nothing_is_sent_again():
    cloud = Cloud(A, B)
    cloud.answers, cloud.reads = [ErrorKind.NO_ANSWER], [ErrorKind.NO_ANSWER] * 50
    run = Run(cloud, A)
    assert (cloud.writes, run.outcomes, run.stopped) == ([[A]], {"unknown": [A]}, (None, None))
    cloud = Cloud(A, B)
    cloud.answers = [ErrorKind.NO_ANSWER]
    del cloud.nics[NIC]
    cloud.after = {2: lambda: cloud.nics.update({NIC: [B]})}
    run = Run(cloud, A)
    assert (cloud.writes, run.outcomes) == ([[A]], {"unassigned": [A]})


def test_that_a_network_interface_is_gone_takes_two_reads():
    cloud = Cloud(A, B)
    told = iter([None, NetworkInterface(NIC, primary_private_ip=PRIMARY).with_secondary([A, B])])
    read = cloud.read_network_interfaces

    def empty_once(ids: t.Sequence[str]) -> dict[str, NetworkInterface | None]:
        found = read(ids)
        return {NIC: next(told, found[NIC])}

    cloud.answers = [ErrorKind.NO_ANSWER]
    cloud.read_network_interfaces = empty_once  # type: ignore[method-assign]
    assert Run(cloud, A).outcomes == {"unassigned": [A]}
    assert cloud.log == [[A], READ, READ, [A], READ]


def test_an_overloaded_server_that_serves_others_is_asked_again_in_turn_and_not_for_ever():
    busy = failure(ErrorKind.NO_ANSWER, overloaded=True)
    busy.overtaken = True
    cloud = Cloud(A)
    cloud.answers = [busy] * 30
    assert Run(cloud, A, max_retries=0).outcomes == {"unassigned": [A]}
    cloud = Cloud(A)
    cloud.answers = [busy] * 99
    assert Run(cloud, A, max_retries=1).outcomes == {"unknown": [A]}
    assert len(cloud.writes) == 52
    for alone in ({"overloaded": True, "overtaken": False}, {"overloaded": False, "overtaken": True}):
        error = failure(ErrorKind.NO_ANSWER, overloaded=alone["overloaded"])
        error.overtaken = alone["overtaken"]
        cloud = Cloud(A)
        cloud.answers = [error] * 99
        assert Run(cloud, A, max_retries=1).outcomes == {"unknown": [A]}
        assert len(cloud.writes) == 2


# A refusal.


@pytest.mark.parametrize("count", [2, 5, 16, 17, 64])
def test_one_refused_address_does_not_hold_back_the_others(count):
    pool = addresses(count)
    for refused in (pool[0], pool[count // 2], pool[-1]):
        cloud, journal = Cloud(*pool), Journal()
        cloud.refused = {refused: ErrorKind.REFUSED}
        run = Run(cloud, *pool, journal=journal)
        assert cloud.nics[NIC] == [refused]
        assert run.outcomes == {"unassigned": [each for each in pool if each != refused], "failed": [refused]}
        assert run.message("failed") == "No."
        # One more than halving takes: where nothing was accepted before, another address is tried alone.
        assert len(cloud.writes) <= 2 * math.ceil(math.log2(count)) + 2
        assert cloud.writes.count([refused]) == 1
        answers = {line[2:] for line in journal.lines if line[0] == "answered" and line[2] != "accepted"}
        assert answers == {("refused", "Code", "No.", "R-0")}


@pytest.mark.parametrize(
    ("refused", "sent"),
    [
        ("E", "ABCDEFGH ABCD EF E F GH"),
        ("EF", "ABCDEFGH ABCD EF E F GH"),
        ("D", "ABCDEFGH ABCD AB C D EFGH"),
        ("AH", "ABCDEFGH ABCD AB A B CD EFGH EF G H"),
        ("GH", "ABCDEFGH ABCD EF G H"),
        ("BCD", "ABCDEFGH ABCD AB A B CD C D EFGH"),
        # Until one is accepted alone, the refusal may hold for the network interface.
        ("ABCD", "ABCDEFGH ABCD AB A B C D E FGH"),
        ("ABCDEFGH", "ABCDEFGH ABCD AB A B C D E F G H"),
    ],
)
def test_halves_are_sent_in_order_and_none_of_which_the_answer_is_known(refused, sent):
    pool = addresses(8)
    cloud = Cloud(*pool)
    cloud.refused = dict.fromkeys(spelt(refused), ErrorKind.REFUSED)
    run = Run(cloud, *pool)
    assert cloud.writes == [spelt(word) for word in sent.split()]
    assert run.outcomes["failed"] == spelt(refused)


def test_few_are_tried_alone_in_their_order_and_of_many_others_each_time():
    def alone(count: int) -> tuple[str, ...]:
        cloud = Cloud(*addresses(count))
        cloud.refused = dict.fromkeys(addresses(count), ErrorKind.REFUSED)
        Run(cloud, *addresses(count))
        return tuple(sent[0] for sent in cloud.writes if len(sent) == 1)

    assert alone(16) == tuple(addresses(16))
    assert len({alone(64) for _time in range(3)}) == 3


def test_one_read_is_enough_for_all_plain_refusals_but_one_that_confirms_them():
    pool = addresses(8)
    cloud = Cloud(*pool)
    cloud.refused = {pool[3]: ErrorKind.REFUSED, pool[6]: ErrorKind.REFUSED}
    run = Run(cloud, *pool)
    assert run.outcomes["failed"] == [pool[3], pool[6]]
    assert cloud.log.count(READ) <= 3
    assert cloud.log[1] == READ


@pytest.mark.parametrize("kind", [ErrorKind.NETWORK_INTERFACE_REFUSED, ErrorKind.NETWORK_INTERFACE_STATUS])
def test_what_holds_for_the_network_interface_costs_one_write(kind):
    cloud = Cloud(A, B, C)
    cloud.refused = dict.fromkeys((A, B, C), kind)
    run = Run(cloud, A, B, C)
    assert (cloud.log, run.outcomes) == ([[A, B, C], READ], {"failed": [A, B, C]})


def test_what_holds_for_the_network_interface_ends_it_also_after_another_refusal():
    pool = addresses(8)
    cloud = Cloud(*pool)
    cloud.answers = [ErrorKind.REFUSED, *[ErrorKind.NETWORK_INTERFACE_REFUSED] * 20]
    run = Run(cloud, *pool)
    assert (cloud.writes, run.outcomes) == ([pool, pool[:4]], {"failed": pool})


@pytest.mark.parametrize("count", [1, 2, 5, 16, 17, 64])
def test_where_all_is_refused_few_are_all_tried_alone_and_of_many_some(count):
    pool = addresses(count)
    cloud = Cloud(*pool)
    cloud.refused = dict.fromkeys(pool, ErrorKind.REFUSED)
    run = Run(cloud, *pool)
    alone = [sent for sent in cloud.writes if len(sent) == 1]
    assert run.outcomes == {"failed": pool}
    assert len(alone) == len({sent[0] for sent in alone})
    if count <= 16:
        assert len(alone) == count
        assert len(cloud.writes) <= count + math.ceil(math.log2(count))
    else:
        assert len(alone) == 2 * math.ceil(math.log2(count))
        assert len(cloud.writes) <= 3 * math.ceil(math.log2(count)) + 1


def test_what_is_refused_for_now_is_sent_again_as_one_list_after_a_read():
    cloud = Cloud(A, B, C)
    cloud.answers = [ErrorKind.CONFLICT] * 5
    run = Run(cloud, A, B, C)
    assert run.outcomes == {"unassigned": [A, B, C]}
    assert cloud.writes[-1] == [A, B, C]
    cloud = Cloud(A)
    cloud.answers = [ErrorKind.CONFLICT] * 9
    run = Run(cloud, A, max_retries=2)
    assert (cloud.writes, run.outcomes) == ([[A]] * 3, {"failed": [A]})


def test_of_what_is_refused_for_now_each_that_passes_by_the_end_is_removed():
    cloud = Cloud(A, B, C, D)
    cloud.refused = {C: ErrorKind.CONFLICT, D: ErrorKind.CONFLICT}
    cloud.after = {2: lambda: cloud.refused.pop(C)}
    run = Run(cloud, A, B, C, D, max_retries=2)
    assert run.outcomes == {"unassigned": [A, B, C], "failed": [D]}
    # Alone both were refused at first, together they are because of one.
    assert cloud.writes == [[A, B, C, D], [A, B], [C], [D], [C, D], [C, D], [C, D], [C], [D]]


@pytest.mark.parametrize(
    ("refused", "retries", "sent"),
    [
        ("D", 2, "ABCD AB C D D D"),
        ("CD", 0, "ABCD AB C D"),
        ("CD", 1, "ABCD AB C D CD CD C D"),
        ("BD", 1, "ABCD AB A B CD C D BD BD B D"),
    ],
)
def test_only_what_was_sent_again_together_is_tried_alone_in_the_end(refused, retries, sent):
    cloud = Cloud(A, B, C, D)
    cloud.refused = dict.fromkeys(spelt(refused), ErrorKind.CONFLICT)
    Run(cloud, A, B, C, D, max_retries=retries)
    assert cloud.writes == [spelt(word) for word in sent.split()]


@pytest.mark.parametrize("retries", [0, 1, 3])
@pytest.mark.parametrize(
    ("first", "then", "sent", "again"),
    [
        (None, ErrorKind.CONFLICT, "ABC AB A B C", "ABC"),
        (ErrorKind.REFUSED, ErrorKind.CONFLICT, "ABC AB A B C", "ABC"),
        (None, ErrorKind.NETWORK_INTERFACE_STATUS, "ABC", "ABC"),
        (ErrorKind.REFUSED, ErrorKind.NETWORK_INTERFACE_STATUS, "ABC AB", "AB"),
    ],
)
def test_what_is_refused_for_now_and_for_all_is_sent_again_as_often_as_is_allowed(first, then, sent, again, retries):
    cloud = Cloud(A, B, C)
    cloud.transitional = True
    cloud.refused = dict.fromkeys((A, B, C), then)
    cloud.answers = [first]
    run = Run(cloud, A, B, C, max_retries=retries)
    assert run.outcomes == {"failed": [A, B, C]}
    assert cloud.writes == [spelt(word) for word in [*sent.split(), *[again] * retries]]


@pytest.mark.parametrize("transitional", [True, False])
def test_a_status_is_waited_for_where_it_passes_by_itself(transitional):
    cloud = Cloud(A)
    cloud.transitional = transitional
    cloud.answers = [ErrorKind.NETWORK_INTERFACE_STATUS]
    assert Run(cloud, A).outcomes == ({"unassigned": [A]} if transitional else {"failed": [A]})


def test_throttling_that_does_not_end_is_no_reason_to_halve():
    cloud = Cloud(A, B)
    cloud.answers = [ErrorKind.THROTTLED] * 9
    run = Run(cloud, A, B)
    assert (cloud.writes, run.outcomes) == ([[A, B]], {"failed": [A, B]})
    assert cloud.log[-1] == READ


def test_an_address_that_a_read_shows_as_primary_is_kept_and_not_sent_again():
    cloud = Cloud(A, B)
    cloud.answers = [ErrorKind.REFUSED]

    def switch() -> None:
        cloud.primary = A
        cloud.lose(A)

    cloud.after = {1: switch}
    run = Run(cloud, A, B)
    assert cloud.writes == [[A, B], [B]]
    assert run.outcomes == {"unassigned": [B], "kept": [A]}
    assert run.works[0].outcomes.details("kept") == [{"private_ip_address": A, "reason": "primary"}]


def test_where_a_part_of_a_refused_list_was_carried_out_the_rest_is_tried_alone_in_the_end():
    cloud = Cloud(A, B, C, D)
    cloud.refused = dict.fromkeys((B, C, D), ErrorKind.CONFLICT)
    cloud.after = {1: lambda: cloud.lose(A)}
    run = Run(cloud, A, B, C, D, max_retries=1)
    once = [[B, C, D], [B, C], [B], [C], [D]]
    assert cloud.writes == [[A, B, C, D], *once, [B, C, D], *once]
    assert run.outcomes["failed"] == [B, C, D]


@pytest.mark.parametrize(("force", "outcome"), [(False, "in_use"), (True, "failed")])
@pytest.mark.parametrize("reads", [[], [ErrorKind.NO_ANSWER]], ids=["confirmed at once", "confirmed late"])
def test_what_the_cloud_finds_in_use_is_so_or_has_failed_where_force_was_given(reads, force, outcome):
    cloud = Cloud(A)
    cloud.refused, cloud.reads = {A: ErrorKind.IN_USE}, list(reads)
    assert Run(cloud, A, force=force).outcomes == {outcome: [A]}


def test_that_an_address_is_absent_is_looked_at_each_time():
    cloud = Cloud(A, B, C, D)
    cloud.refused = {A: ErrorKind.ADDRESS_ABSENT, C: ErrorKind.ADDRESS_ABSENT}
    cloud.after = {1: lambda: cloud.lose(A), 2: lambda: cloud.lose(C)}
    run = Run(cloud, A, B, C, D)
    assert cloud.writes == [[A, B, C, D], [B, C, D], [B, D]]
    assert set(run.outcomes) == {"unassigned"}


# A stop.


def test_what_never_reached_the_cloud_stops_the_run_and_was_not_attempted():
    cloud, journal = Cloud(A, B, count=3), Journal()
    cloud.answers = [ErrorKind.NOT_SENT]
    run = Run(cloud, A, B, journal=journal)
    assert (cloud.log, run.outcomes) == ([[A, B]], {"not_attempted": [A, B]})
    assert run.stopped[0] is StopReason.ENDPOINT
    assert "No." in str(run.stopped[1])
    assert journal.lines[1] == ("answered", 1, "not_sent", "Code", "No.", "R-0")


def test_a_call_that_was_stopped_before_it_left_was_not_attempted():
    cloud, journal = Cloud(A), Journal()
    cloud.answers = [ErrorKind.STOPPED]
    run = Run(cloud, A, journal=journal)
    assert (cloud.log, run.outcomes, run.stopped) == ([[A]], {"not_attempted": [A]}, (None, None))
    assert journal.lines[1][2] == "not_sent"


def test_refused_credentials_stop_the_run_at_once():
    cloud = Cloud(A, B, count=3)
    cloud.answers = [ErrorKind.AUTH]
    run = Run(cloud, A, B)
    assert cloud.writes == [[A, B]]
    assert run.outcomes == {"failed": [A, B]}
    assert run.stopped[0] is StopReason.AUTH
    assert "Code: No." in str(run.stopped[1])
    assert run.works[1].outcomes.of("not_attempted") == [A, B]


@pytest.mark.parametrize("first", [ErrorKind.NO_ANSWER, None], ids=["in between", "while verifying"])
def test_credentials_that_a_read_finds_refused_stop_the_run_too(first):
    cloud = Cloud(A, count=2)
    # The next read finds them good again.
    cloud.answers, cloud.reads, cloud.late = [first], [ErrorKind.AUTH], True
    run = Run(cloud, A)
    assert run.outcomes == {"unknown": [A]}
    assert run.stopped[0] is StopReason.AUTH
    assert "Code: No." in str(run.stopped[1])
    assert len(cloud.writes) == (2 if first is None else 1)
    # With them, no other read would be worth more than the one that verified.
    assert first is not None or cloud.log == [[A], [A], READ]


@pytest.mark.parametrize("wait", [True, False])
def test_after_an_interruption_one_read_has_to_do(wait):
    cloud = Cloud(A)
    cloud.answers, cloud.late = [None if wait else ErrorKind.NO_ANSWER], True

    def prepare(control: RunControl) -> None:
        cloud.after = {1: control.interrupt}

    run = Run(cloud, A, wait=wait, wait_timeout=60, prepare=prepare)
    assert run.outcomes == {"unknown": [A]}
    # A call in doubt had one before it.
    assert cloud.log == [[A], READ] if wait else [[A], READ, READ]


def test_after_an_error_no_new_call_is_started_where_that_is_wished():
    for stop_on_error, sent in ((True, 1), (False, 3)):
        cloud = Cloud(A, count=3)
        cloud.refused = {A: ErrorKind.REFUSED}
        run = Run(cloud, A, stop_on_error=stop_on_error)
        assert len(cloud.writes) == sent
        assert run.stopped == ((StopReason.ON_ERROR, None) if stop_on_error else (None, None))
    cloud = Cloud(A, count=3)
    cloud.answers = [ErrorKind.NO_ANSWER] * 9
    Run(cloud, A, stop_on_error=True, max_retries=0)
    assert len(cloud.writes) == 1


def test_a_run_that_nobody_waits_for_sends_nothing_more_once_something_went_wrong():
    cloud = Cloud(A, B)
    cloud.answers = [ErrorKind.REFUSED]
    run = Run(cloud, A, B, abandoned=lambda: True)
    assert cloud.writes == [[A, B]]
    assert run.stopped == (StopReason.INTERRUPTED, "whoever started the run is gone")


# The journal.


def test_what_cannot_be_recorded_is_not_sent():
    cloud, journal = Cloud(A), Journal(room=0)
    run = Run(cloud, A, journal=journal)
    assert (cloud.log, run.outcomes) == ([], {"not_attempted": [A]})
    assert run.stopped == (StopReason.JOURNAL, "the disk is full")


def test_what_cannot_be_recorded_stops_the_run_though_other_lines_can():
    cloud, journal = Cloud(A, count=2), Journal(failing="sent")
    run = Run(cloud, A, journal=journal)
    assert (cloud.log, run.stopped) == ([], (StopReason.JOURNAL, "the disk is full"))


@pytest.mark.parametrize("room", [1, 2], ids=["the answer", "the outcome"])
def test_a_call_whose_end_cannot_be_recorded_counts_and_is_the_last_one(room):
    cloud, journal = Cloud(A, count=2), Journal(room)
    run = Run(cloud, A, journal=journal)
    assert run.outcomes == {"unassigned": [A]}
    assert run.stopped == (StopReason.JOURNAL, "the disk is full")
    assert len(cloud.writes) == 1 or room == 2


def test_an_answer_that_cannot_be_recorded_ends_the_run_though_other_lines_can():
    cloud, journal = Cloud(A, count=2), Journal(failing="answered")
    run = Run(cloud, A, journal=journal)
    assert (cloud.writes, run.stopped) == ([[A]], (StopReason.JOURNAL, "the disk is full"))


def test_outcomes_that_cannot_be_recorded_are_told_and_end_the_run():
    cloud, journal = Cloud(A), Journal(failing="settled")
    run = Run(cloud, A, journal=journal)
    assert (run.outcomes, run.stopped) == ({"unassigned": [A]}, (StopReason.JOURNAL, "the disk is full"))


# Verification.


def test_where_a_call_was_in_doubt_a_read_tells_also_without_waiting():
    cloud = Cloud(A)
    cloud.answers, cloud.reads = [ErrorKind.NO_ANSWER], [ErrorKind.NO_ANSWER]
    cloud.after = {2: lambda: cloud.lose(A)}
    assert Run(cloud, A, wait=False).outcomes == {"unassigned": [A]}
    assert cloud.log == [[A], READ, READ]


@pytest.mark.parametrize("count", [1, 60])
def test_reads_come_less_often_the_longer_it_takes(count):
    cloud = Cloud(A, count=count)
    cloud.late = True
    pauses: list[float] = []

    def prepare(control: RunControl) -> None:
        def sleep(seconds: float) -> None:
            pauses.append(round(seconds, 2))
            if len(pauses) == 9:
                control.interrupt()

        control.sleep = sleep  # type: ignore[method-assign]

    Run(cloud, A, wait_timeout=1000, prepare=prepare)
    # The first read, while others were still written, showed that it is late.
    assert pauses == [*verification._POLL_DELAYS[1:], *[verification._POLL_DELAYS[-1]] * 9][:9]


def test_reads_are_repeated_until_one_shows_it():
    cloud = Cloud(A, B)
    cloud.late = True
    cloud.after = {3: lambda: cloud.lose(A)}
    cloud.reads = [ErrorKind.NO_ANSWER]
    assert Run(cloud, A, wait_timeout=60).outcomes == {"unassigned": [A]}
    assert cloud.log == [[A], READ, READ, READ]


def test_what_no_read_shows_in_time_is_unknown_and_says_why():
    cloud = Cloud(A)
    cloud.late = True
    run = Run(cloud, A, wait_timeout=0.25)
    assert run.works[0].outcomes.details("unknown") == [
        {
            "private_ip_address": A,
            "accepted": True,
            "code": None,
            "message": "accepted by the cloud, but reads did not show it within 0.25 s",
            "request_id": "R-1",
        }
    ]
    assert cloud.log[:2] == [[A], READ]
    cloud = Cloud(A, B)
    cloud.reads = [ErrorKind.REFUSED] * 50
    run = Run(cloud, A, wait_timeout=0)
    assert run.message("unknown") == (
        "accepted by the cloud, but it could not be read again: Unassign: Code: No. (request id R-0)"
    )
    assert cloud.log == [[A], READ]


# A bug.


def test_a_bug_after_the_first_write_costs_no_outcome_and_stops_the_run():
    bug = RuntimeError("a bug of ours")
    cloud = Cloud(A, count=2)
    cloud.answers = [bug]
    run = Run(cloud, A)
    assert run.outcomes == {"unknown": [A]}
    assert run.works[1].outcomes.of("not_attempted") == [A]
    message = "edgecloud.nic has a bug, please report it: RuntimeError('a bug of ours')"
    assert (run.message("unknown"), run.stopped) == (message, (StopReason.ON_ERROR, message))
    cloud = Cloud(A)
    cloud.reads = [bug] * 50
    run = Run(cloud, A)
    assert run.message("unknown") == (
        "accepted by the cloud, but it could not be read again: edgecloud.nic has a bug: RuntimeError('a bug of ours')"
    )


def test_a_bug_does_not_put_what_was_accepted_in_doubt():
    cloud = Cloud(A, B)
    cloud.answers = [ErrorKind.REFUSED, None, RuntimeError("a bug of ours")]
    run = Run(cloud, A, B)
    assert run.outcomes == {"unassigned": [A], "unknown": [B]}


def test_a_bug_while_verifying_leaves_what_was_accepted_unknown():
    cloud, broken = Cloud(A, count=2), Journal()
    cloud.late = True
    cloud.after = {1: cloud.nics["nic-2"].clear}
    broken.settled = lambda _outcomes: 1 / 0  # type: ignore[method-assign, assignment]
    run = Run(cloud, A, journal=broken, wait_timeout=60)
    bug = "edgecloud.nic has a bug, please report it: ZeroDivisionError('division by zero')"
    assert run.works[1].outcomes.of("unassigned") == [A]
    assert run.message("unknown") == f"accepted by the cloud, but {bug}"
    assert run.stopped == (StopReason.ON_ERROR, bug)


def test_a_bug_between_the_calls_leaves_each_address_an_outcome():
    cloud = Cloud(A)
    broken = Journal()
    broken.settled = lambda _outcomes: 1 / 0  # type: ignore[method-assign, assignment]
    run = Run(cloud, A, journal=broken)
    assert (run.outcomes, run.stopped[0]) == ({"unassigned": [A]}, StopReason.ON_ERROR)
