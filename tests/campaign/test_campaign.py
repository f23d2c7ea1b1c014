# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever happens to the runs of a plan, what they tell is what the simulator saw; ``make campaign`` plays more."""

from __future__ import annotations

import pytest
from ansible_collections.edgecloud.nic.tests.campaign.drawing import draw
from ansible_collections.edgecloud.nic.tests.campaign.histories import play

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
