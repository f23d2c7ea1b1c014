# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No address is called older than plan runs have proved it to be."""

from __future__ import annotations

import datetime
import json
import random
import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import candidates
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.candidates import (
    APPLY,
    LOOK,
    PLAN,
    Clock,
    Found,
    Record,
    longest_gap,
)
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import Key, RefusedError, as_targets
from hypothesis import given
from hypothesis import strategies as st

BEGIN = datetime.datetime(2026, 3, 1, 2, tzinfo=datetime.timezone.utc)
LONG = pytest.mark.campaign
PLACE = {"provider": "cloudy", "scope": "shop", "account": "17", "endpoint": "api.example.com"}
A, B, C = (("nic-1", "10.0.0.2"), ("nic-1", "10.0.0.3"), ("nic-2", "10.0.0.2"))


def at(hours: float, boot: str | None = None, uptime: float | None = None) -> Clock:
    return Clock(BEGIN + datetime.timedelta(hours=hours), boot, uptime)


class Scope:
    """The file of a scope, and what lies beside it."""

    def __init__(self) -> None:
        self.content = b""
        self.last: str | None = None

    def record(self) -> Record:
        record = Record(self.content, self.last)
        record.refuse_other_place(PLACE)
        return record

    def write(self, record: Record, event: str, lines: list[dict[str, t.Any]], clock: Clock) -> Record:
        text, anew = record.add(event, lines, clock, "run", PLACE)
        self.content = text if anew else self.content + text
        self.last = record.last
        assert self.record().candidates == record.candidates
        return record

    def plan(
        self,
        clock: Clock,
        *unused: Key,
        ended: t.Mapping[Key, str] | None = None,
        min_age: float = 72,
        proves: bool = True,
    ) -> Record:
        record = self.record()
        lines = record.changes(Found(unused, ended or {}), clock, longest_gap(min_age), proves=proves)
        return self.write(record, PLAN if proves else LOOK, lines, clock)

    def hours(self) -> dict[Key, float]:
        return {key: candidate.hours for key, candidate in self.record().candidates.items()}


@pytest.fixture
def scope() -> Scope:
    return Scope()


def test_what_every_plan_finds_unused_gets_old(scope: Scope) -> None:
    for night in range(4):
        scope.plan(at(24 * night), A, B)
    assert scope.hours() == {A: 72, B: 72}
    assert scope.record().is_old(A, 72)
    assert not scope.record().is_old(A, 72.01)
    assert not scope.record().is_old(C, 0)
    assert scope.record().candidates[A].first_seen == BEGIN


@pytest.mark.parametrize("ended", [{A: "in_use"}, {A: "kept"}, {A: "gone"}])
def test_what_something_used_in_between_begins_anew(scope: Scope, ended: dict[Key, str]) -> None:
    scope.plan(at(0), A, B)
    scope.plan(at(24), B, ended=ended)
    assert scope.hours() == {B: 24}
    scope.plan(at(48), A, B)
    assert scope.hours() == {A: 0, B: 48}


def test_what_a_plan_did_not_look_at_is_neither_aged_nor_forgotten(scope: Scope) -> None:
    scope.plan(at(0), A, C)
    scope.plan(at(24), A)
    assert scope.hours() == {A: 24, C: 0}
    scope.plan(at(48), A, C)
    assert scope.hours() == {A: 48, C: 48}


def test_what_is_out_of_sight_for_longer_than_the_gap_is_forgotten(scope: Scope) -> None:
    scope.plan(at(0), A, C)
    for night in (1, 2, 3):
        scope.plan(at(24 * night), A)
    assert scope.hours() == {A: 72}


@pytest.mark.parametrize(("min_age", "gap"), [(1, 50), (72, 50), (720, 180)])
def test_a_gap_in_the_schedule_proves_nothing(min_age: float, gap: float) -> None:
    assert longest_gap(min_age) == gap
    for hours, expected in ((gap, gap), (gap + 0.01, 0)):
        scope = Scope()
        scope.plan(at(0), A, min_age=min_age)
        scope.plan(at(hours), A, min_age=min_age)
        assert scope.hours() == {A: pytest.approx(expected)}


def test_a_look_that_leaves_something_out_ends_and_never_ages(scope: Scope) -> None:
    scope.plan(at(0), A, B)
    scope.plan(at(24), A, C, ended={B: "in_use"}, proves=False)
    assert scope.hours() == {A: 0}


def test_a_clock_that_went_forward_ages_only_as_long_as_the_machine_ran(scope: Scope) -> None:
    scope.plan(at(0, "boot", 100.0), A)
    scope.plan(at(49, "boot", 100.0 + 3600), A)
    assert scope.hours() == {A: 1}


def test_a_clock_that_went_back_begins_anew_but_not_for_minutes(scope: Scope) -> None:
    scope.plan(at(0), A)
    scope.plan(at(24), A)
    scope.plan(at(24 - 0.05), A)
    assert scope.hours() == {A: 24}
    scope.plan(at(25), A)
    assert scope.hours() == {A: 25}
    scope.plan(at(20), A)
    assert scope.hours() == {A: 0}


class TestRemoval:
    def test_what_an_apply_may_have_removed_begins_anew(self, scope: Scope) -> None:
        scope.plan(at(0), A, B, C)
        record = scope.plan(at(24), A, B, C)
        targets = [{"network_interface_id": "nic-1", "private_ip_addresses": ["10.0.0.2", "10.0.0.3"]}]
        scope.write(record, APPLY, candidates.taken(targets, "sha256:1"), at(24))
        record = scope.record()
        assert record.is_old(A, 24, "sha256:1")
        assert not record.is_old(A, 24, "sha256:2")
        assert not record.is_old(A, 24)
        assert record.is_old(C, 24)
        scope.plan(at(48), A, B, C)
        assert scope.hours() == {A: 0, B: 0, C: 48}

    @pytest.mark.parametrize(
        ("outcome", "hours"),
        [
            ("unassigned", None),
            ("already_absent", None),
            ("in_use", None),
            ("kept", None),
            ("unknown", 0),
            ("failed", 48),
            ("not_attempted", 48),
        ],
    )
    def test_only_what_is_surely_untouched_keeps_its_age(self, scope: Scope, outcome: str, hours: float | None) -> None:
        scope.plan(at(0), A)
        record = scope.plan(at(24), A)
        targets = [{"network_interface_id": "nic-1", "private_ip_addresses": ["10.0.0.2"]}]
        scope.write(record, APPLY, candidates.taken(targets, "sha256:1"), at(24))
        outcomes = dict.fromkeys(
            ("unassigned", "already_absent", "kept", "in_use", "failed", "unknown", "not_attempted"), ()
        )
        entry = {"network_interface_id": "nic-1", **outcomes, outcome: [{"private_ip_address": "10.0.0.2"}]}
        scope.write(record, APPLY, candidates.applied([entry]), at(24))
        assert (A in scope.record().candidates) is (hours is not None)
        scope.plan(at(48), A)
        assert scope.hours() == {A: hours or 0}


class TestFile:
    @pytest.fixture
    def old(self, scope: Scope) -> Scope:
        for night in range(4):
            scope.plan(at(24 * night), A, C)
        return scope

    @pytest.mark.parametrize("name", PLACE)
    @pytest.mark.parametrize("value", ["another", None])
    def test_another_place_is_refused(self, old: Scope, name: str, value: str | None) -> None:
        record = Record(old.content, old.last)
        with pytest.raises(RefusedError, match=rf"it is about the {name} {PLACE[name]}, not about"):
            record.refuse_other_place({**PLACE, name: value})

    @pytest.mark.parametrize("text", ["{}", "# Hosts\n127.0.0.1 localhost\n", '{"event": "candidates"}\n', "\n"])
    def test_what_is_no_such_file_is_refused(self, text: str) -> None:
        with pytest.raises(RefusedError, match=r"no record of candidates|its format is None"):
            Record(text.encode())

    def test_a_run_that_was_cut_short_ages_nothing_and_protects(self, old: Scope) -> None:
        record = old.record()
        lines = record.changes(Found([A], {C: "in_use"}), at(96), 50)
        text, anew = record.add(PLAN, lines, at(96), "run", PLACE)
        assert not anew
        before = old.content
        ended = text.index(b"\n")
        for cut in range(text.rindex(b"}")):
            old.content = before + text[:cut]
            assert old.record().damage is None
            assert old.hours() == ({A: 72} if cut >= ended else {A: 72, C: 72})
            content = old.content
            old.plan(at(97), A, C)
            assert old.hours() == ({A: 97, C: 0} if cut >= ended else {A: 97, C: 97})
            old.content, old.last = content, record.last
            old.last = json.loads(before.splitlines()[-1])["sha256"]

    @given(st.data())
    def test_damage_makes_everything_begin_anew(self, data: st.DataObject) -> None:
        scope = Scope()
        for night in range(4):
            scope.plan(at(24 * night), A, C)
        good = scope.content
        start = data.draw(st.integers(good.index(b"\n") + 1, len(good) - 1))
        if data.draw(st.booleans()):
            scope.content = good[:start]
        else:
            changed = bytes([good[start] ^ data.draw(st.integers(1, 255))])
            scope.content = good[:start] + changed + good[start + 1 :]
        if scope.record().damage is None:
            # White space: the content is what it was.
            assert scope.hours() == {A: 72, C: 72}
            return
        scope.plan(at(96), A, C)
        assert scope.hours() == {A: 0, C: 0}
        assert scope.record().damage is None

    def test_a_copy_of_an_earlier_day_is_found_out(self, old: Scope) -> None:
        earlier = old.content
        old.plan(at(80), A, ended={C: "in_use"})
        old.content = earlier
        assert old.record().damage == "the end of it is lost"
        old.content = b""
        assert old.record().damage == "it is lost"

    def test_stays_small_and_loses_nothing(self, scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(candidates, "_SPARE_LINES", 50)
        keys = [(f"nic-{number}", "10.0.0.2") for number in range(20)]
        sizes = []
        for night in range(100):
            scope.plan(at(24 * night), *keys[night % 2 :])
            sizes.append(scope.content.count(b"\n"))
        assert max(sizes) < 150
        assert scope.record().candidates[keys[5]].hours == 24 * 99
        assert scope.record().candidates[keys[5]].first_seen == BEGIN

    def test_is_readable(self, old: Scope) -> None:
        old.plan(at(80), A, ended={C: "in_use"})
        lines = [json.loads(line) for line in old.content.splitlines()]
        assert {**PLACE, "event": "candidates", "format": 1}.items() <= lines[0].items()
        assert {
            "event": "ended",
            "network_interface_id": "nic-2",
            "private_ip_addresses": ["10.0.0.2"],
            "reason": "in_use",
        } in lines


# --- Sixty nights ----------------------------------------------------------------------------------------------------

KEYS = [(f"nic-{nic}", f"10.0.0.{address}") for nic in (1, 2, 3) for address in (2, 3)]
MIN_AGE = 72.0
CALM = {"hours": 24.0}
#: What may happen to a night, however clocks are judged.
NIGHTS: list[dict[str, t.Any]] = [
    *({"hours": hours} for hours in (1.0, 23.9, 48.0, 51.0, 200.0)),
    *({"seen": seen} for seen in ({"nic-1"}, {"nic-2", "nic-3"}, set())),
    *({"damage": part} for part in (0.0, 0.5, 0.9, 0.97, 0.999)),
    {"proves": False},
    {"end": "failed"},
    *({"end": "killed", "bytes": size} for size in (0, 100, 200, 300)),
    {"end": "removed"},
    {"end": "removed in part"},
]
#: A cloud that checks signatures turns a clock away that is off by more than minutes.
SIGNED = [{"reboot": True}, {"reboot": True, "hours": 48.0}]
UNSIGNED = [{"jump": hours} for hours in (0.02, -0.02, 10.0, 48.0, 800.0, -10.0, -48.0, -800.0)]


def histories(signed: bool) -> st.SearchStrategy[list[dict[str, t.Any]]]:
    unusual = [*NIGHTS, *(SIGNED if signed else UNSIGNED)]
    states = st.dictionaries(
        st.sampled_from(KEYS), st.sampled_from(["unused", "unused", "unused", "in_use", "gone", "kept"]), max_size=1
    )
    night = st.sampled_from([CALM] * 3 * len(unusual) + unusual)
    return st.lists(st.builds(lambda night, states: {**CALM, **night, "states": states}, night, states), max_size=60)


@pytest.mark.parametrize("signed", [True, False])
@given(data=st.data())
def test_nothing_is_old_that_a_plan_of_the_time_saw_used_or_did_not_know(signed: bool, data: st.DataObject) -> None:
    live_through(data.draw(histories(signed)))


@pytest.mark.parametrize(
    ("signed", "count"),
    [(True, 10), (False, 10), pytest.param(True, 2000, marks=LONG), pytest.param(False, 2000, marks=LONG)],
)
def test_sixty_nights_let_much_get_old_and_nothing_too_early(signed: bool, count: int) -> None:
    unusual = [*NIGHTS, *(SIGNED if signed else UNSIGNED)]
    for seed in range(count):
        draw = random.Random(seed)
        nights = [
            {
                **CALM,
                **(draw.choice(unusual) if draw.random() < 0.25 else {}),
                "states": {
                    key: draw.choice(["unused", "unused", "in_use", "gone", "kept"])
                    for key in KEYS
                    if draw.random() < 0.1
                },
            }
            for _night in range(60)
        ]
        assert live_through(nights)


def live_through(nights: t.Sequence[dict[str, t.Any]]) -> int:
    """Let plans be made, and judge what they call old by what they saw.

    :returns: how often something was old.
    """
    scope, now, offset, boot, booted, count = Scope(), 0.0, 0.0, 0, 0.0, 0
    states = dict.fromkeys(KEYS, "unused")
    #: The true time of plans, with what each found of what it looked at.
    history: list[tuple[float, dict[Key, str]]] = []
    for night in nights:
        now, offset = now + night["hours"], offset + night.get("jump", 0.0)
        if "reboot" in night:
            boot, booted = boot + 1, now
        clock = at(now + offset, f"boot-{boot}", (now - booted) * 3600)
        states.update(night["states"])
        if "damage" in night and scope.content:
            # What the plans saw that are lost is over.
            states = dict.fromkeys(KEYS, "unused")
            header = scope.content.index(b"\n") + 1
            scope.content = scope.content[: header + int((len(scope.content) - header) * night["damage"])]
        end = night.get("end", "whole")
        if end == "failed":
            continue
        told = {key: state for key, state in states.items() if key[0] in night.get("seen", {key[0]})}
        unused = [key for key, state in told.items() if state == "unused"]
        ended = {key: state for key, state in told.items() if state != "unused"}
        before, last = scope.content, scope.last
        record = scope.plan(clock, *unused, ended=ended, min_age=MIN_AGE, proves=night.get("proves", True))
        if end == "killed" and before and scope.content.startswith(before):
            scope.content, scope.last = scope.content[: len(before) + night["bytes"]], last
            # What it found unused was so, and may have come into the record; what it found in use may be lost with it.
            history.append((now, dict.fromkeys(unused if night.get("proves", True) else (), "unused")))
            continue
        history.append((now, told if night.get("proves", True) else ended))
        old = [key for key in unused if record.is_old(key, MIN_AGE)]
        count += len(old)
        judge(old, history, now)
        if end.startswith("removed") and old:
            remove(scope, record, old, clock, settled=end == "removed")
            # Somebody may assign them again before the next plan.
            history.append((now, dict.fromkeys(old, "gone")))
    return count


def judge(old: t.Iterable[Key], history: t.Sequence[tuple[float, dict[Key, str]]], now: float) -> None:
    begin = now - MIN_AGE + 0.001
    for key in old:
        assert {seen[key] for when, seen in history if key in seen and when > begin} == {"unused"}
        first = [seen[key] for when, seen in history if key in seen and when <= begin]
        assert first
        assert first[-1] == "unused"


def remove(scope: Scope, record: Record, old: t.Iterable[Key], clock: Clock, *, settled: bool) -> None:
    targets = as_targets(old)
    scope.write(record, APPLY, candidates.taken(targets, "sha256:1"), clock)
    if settled:
        outcomes = dict.fromkeys(("failed", "not_attempted", "already_absent", "kept", "in_use"), ())
        entries = [{**target, **outcomes, "unassigned": target["private_ip_addresses"]} for target in targets]
        scope.write(record, APPLY, candidates.applied(entries), clock)
