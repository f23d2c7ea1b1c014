# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In any weather the modules remove nothing that they have to spare, and tell what became of each address.

This is a small part of what ``make campaign`` plays. What once went wrong is put back, one piece at a time, and found.
"""

from __future__ import annotations

import copy
import itertools

import pytest
from ansible_collections.edgecloud.nic.tests.campaign import old_engine, playing
from ansible_collections.edgecloud.nic.tests.campaign.scenarios import WEATHER, Played, Scenario, draw

#: So many seeds are played.
SEEDS = 20


@pytest.mark.parametrize("first", range(0, SEEDS, 10))
def test_what_is_told_is_what_the_simulator_saw(first: int) -> None:
    wrong = [complaint for complaint, _seen in map(playing.play, range(first, first + 10)) if complaint]
    assert wrong == []


def test_every_weather_is_drawn_and_a_seed_draws_the_same_again() -> None:
    assert {name for seed in range(200) for name in draw(seed).weather} == WEATHER.keys()
    assert draw(7) == draw(7)


@pytest.mark.campaign
@pytest.mark.parametrize("old", old_engine.OLD, ids=lambda old: old.__name__)
def test_what_once_went_wrong_is_found(old: old_engine.Patch, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = draw(old_engine.OLD[old])
    assert playing.complaints(scenario) == []
    old(monkeypatch)
    assert playing.complaints(scenario) != []


@pytest.mark.parametrize(("standstill", "times"), [(1000.0, 1), (0.0, 4)])
def test_what_is_wrong_on_a_machine_that_stood_still_is_played_again(
    standstill: float, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    judgements: list[int] = []

    def judge(_scenario: Scenario, runs: list[Played]) -> list[str]:
        judgements.append(len(runs))
        return ["wrong"]

    monkeypatch.setattr(playing, "judge", judge)
    monkeypatch.setattr(playing, "_STANDSTILL", standstill)
    assert playing.complaints(draw(1)) == ["wrong"]
    assert len(judgements) == times


def test_a_standstill_is_measured() -> None:
    with playing.Pulse() as pulse:
        pass
    assert pulse.longest < 1
    with playing.Pulse() as pulse:
        # Nothing else of this process goes on until this is counted.
        sum(itertools.repeat(1, 100_000_000))
    assert pulse.longest > 0.2


def test_of_a_scenario_that_fails_only_what_it_fails_for_is_left() -> None:
    scenario = draw(1)
    scenario.settings["latency"] = 0.1
    scenario.faults.append({"kind": "reset"})
    small = playing.shrunk(copy.deepcopy(scenario), lambda smaller: {"kind": "reset"} in smaller.faults)
    assert (small.settings, small.faults, small.events) == ({}, [{"kind": "reset"}], [])
    assert len(small.document[small.cloud]["network_interfaces"]) <= 2
    assert small.options.keys() <= {*playing._NEEDED}
