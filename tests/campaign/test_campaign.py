# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever happens to the runs of a plan, what they tell is what the simulator saw; ``make campaign`` plays more."""

from __future__ import annotations

import dataclasses
import pathlib
import tempfile

import pytest
from ansible_collections.edgecloud.nic.tests.campaign import histories
from ansible_collections.edgecloud.nic.tests.campaign.drawing import draw, draw_nights
from ansible_collections.edgecloud.nic.tests.campaign.histories import play, play_nights

#: Short ones, of which each has something else in it.
SEEDS = {
    "killed while the cloud shows removals late": 71,
    "the disk is full": 54,
    "somebody else is at work": 103,
}


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(seed, id=what, marks=[] if what.startswith("killed") else pytest.mark.matrix)
        for what, seed in SEEDS.items()
    ],
)
def test_the_report_over_all_runs_is_what_the_simulator_saw(seed: int) -> None:
    wrong, seen = play(seed)
    assert not wrong, wrong
    assert seen["runs"] >= len(draw(seed).steps)


def test_a_seed_draws_the_same_history_again() -> None:
    assert draw(7) == draw(7)
    assert draw_nights(7) == draw_nights(7)


@pytest.mark.campaign
def test_nothing_is_removed_in_sixty_nights_that_was_not_unused_for_so_long() -> None:
    wrong, seen = play_nights(1)
    assert not wrong, wrong
    assert seen["addresses old enough"]


@pytest.mark.campaign
def test_the_judge_of_nights_tells_of_what_was_removed_too_early(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    # A wrong history leaves its files there.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    history = draw_nights(1, 4)
    early = dataclasses.replace(history, variables={**history.variables, "min_age": 20})
    monkeypatch.setattr(histories, "draw_nights", lambda *_arguments: early)
    wrong, _seen = play_nights(1)
    assert "was unused for 36 hours, and a call named it" in wrong
