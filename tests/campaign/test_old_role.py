# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The campaign finds what the role once did wrong, as soon as it does so again."""

from __future__ import annotations

import functools
import pathlib
import random
import tempfile

import pytest
from ansible_collections.edgecloud.nic.tests.campaign import old_role
from ansible_collections.edgecloud.nic.tests.campaign.fuzz import files, fuzzers, judge, variables
from ansible_collections.edgecloud.nic.tests.campaign.fuzz.double import Double
from ansible_collections.edgecloud.nic.tests.campaign.histories import play
from ansible_collections.edgecloud.nic.tests.campaign.worker import Worker
from ansible_collections.edgecloud.nic.tests.unit.plugins.plugin_utils import record_scene as scene

#: A seed among the first 300, and a part of what its history is told to be wrong with.
HISTORIES = {
    "only_the_first_exceeded_limit_holds": (107, "step 1: it has written, and had to be refused for its limits"),
    "a_share_may_be_any_number": (181, "step 1: planned anew, in spite of its variables"),
    "what_lies_there_is_taken_for_approved": (121, "step 2: it has written, and had to be refused for its outdated"),
    "scopes_share_files": (58, "step 1: it has written, and had to be refused for its scope"),
    "scopes_share_directories": (252, "step 1: another scope has written"),
    "what_is_unknown_or_empty_is_passed_over": (97, "step 1: it has written, and had to be refused for its variables"),
    "what_the_role_registers_may_be_set": (188, "step 1: it has written, and had to be refused for its variables"),
    "what_cannot_be_written_ends_the_account": (174, "step 1: it has written, or succeeds, and hands no result on"),
    "a_run_that_could_not_read_writes_over_what_is_known": (55, "is told as not_attempted: a call of ours removed it"),
    "removals_of_another_plan_are_of_an_earlier_run": (26, "it is still there, and nothing keeps it"),
    "all_that_a_journal_tells_is_restored": (110, "step 6: assigned without having been removed"),
    "a_restored_plan_may_be_applied_again": (16, "step 4: applied after a restoration"),
    "clocks_tell_which_run_was_earlier": (11, "is told as already_absent: a call of ours removed it"),
    "records_do_not_tell_what_uses_an_address": (168, "step 0: plan and report do not tell what uses"),
    "progress_mixes_batches_and_totals": (50, " left after a batch of "),
    "the_page_does_not_say_that_an_earlier_run_did_it": (51, "report.html differs"),
    "no_result_is_handed_on": (58, "it has written, or succeeds, and hands no result on"),
}
#: A part of what is wrong with what came of a damaged file.
FILES = {
    "a_digest_is_of_the_targets_alone": "a damaged plan was read",
    "whoever_makes_a_plan_by_hand_is_believed": "TypeError: ",
    "whoever_edits_a_journal_is_believed": "KeyError: 'already_absent'",
}
#: A seed among the first 300, and a part of what is wrong with what came of an odd variable.
VARIABLES = {"any_number_is_a_time": (135, "Traceback")}
#: How many are tried, and how often each.
_MANY = 300
_TIMES = 6


def test_every_old_behaviour_is_looked_for() -> None:
    assert sorted([*HISTORIES, *FILES, *VARIABLES]) == sorted(old_role.BEHAVIOURS)
    assert all(1 <= seed <= _MANY for seed, _complaint in (*HISTORIES.values(), *VARIABLES.values()))


@pytest.mark.campaign
@pytest.mark.parametrize("behaviour", HISTORIES)
def test_a_history_tells_of_it(behaviour: str, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    # A wrong history leaves its files there.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seed, complaint = HISTORIES[behaviour]
    environment = old_role.environment(behaviour, tmp_path)
    # Which of two runs at a time is the first one, and what a kill meets, the machine decides anew each time.
    assert any(complaint in play(seed, environment)[0] for _time in range(_TIMES))


@pytest.mark.parametrize("behaviour", FILES)
def test_a_damaged_file_tells_of_it(behaviour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    old_role.BEHAVIOURS[behaviour](monkeypatch.setattr)
    # What is damaged has to be as it is made now.
    monkeypatch.setattr(files, "PLAN", scene.plan_of(policy=files.PLAN["policy"]))
    monkeypatch.setattr(fuzzers, "_structural", functools.cache(fuzzers._structural.__wrapped__))
    with Double(judge.ESTATE) as double:
        found = (fuzzers.fuzz(double, "files", seed) for seed in range(_MANY))
        assert any(FILES[behaviour] in complaint for complaint in found if complaint)


@pytest.mark.parametrize("behaviour", VARIABLES)
def test_an_odd_variable_tells_of_it(behaviour: str, tmp_path: pathlib.Path) -> None:
    seed, complaint = VARIABLES[behaviour]
    odd = random.Random(seed).choice(fuzzers._odd_variables())
    with Double(judge.ESTATE) as double:
        for behaviours, words in (((), ""), ((behaviour,), complaint)):
            with Worker(tmp_path, *behaviours) as worker:
                found = "\n".join(variables.judge(double, worker, odd))
                assert words in found and bool(words) == bool(found)
