# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays a history from its seed to the judgement."""

from __future__ import annotations

import pathlib
import shutil
import tempfile

from ansible_collections.edgecloud.nic.tests.simulator import Simulator

from .drawing import draw
from .oracle import Oracle
from .steps import Run, Stage


def play(seed: int) -> str:
    """Play the history of a seed; returns what was wrong with it, its steps and where its files are, or nothing."""
    history = draw(seed)
    directory = pathlib.Path(tempfile.mkdtemp(prefix=f"edgecloud-nic-history-{seed}."))
    runs: list[Run] = []
    with Simulator(history.document) as sim:
        stage = Stage(history, directory, sim)
        oracle = Oracle(stage)
        for number, step in enumerate(history.steps):
            if step.mode != "apply":
                stage.calm()
            runs.append(stage.carry_out(step))
            known = len(oracle.complaints)
            oracle.judge(runs[-1])
            oracle.complaints[known:] = [f"step {number}: {text}" for text in oracle.complaints[known:]]
            (directory / f"step-{number}.txt").write_text("\n".join(runs[-1].outputs), encoding="utf-8")
        oracle.judge_end()
    if not oracle.complaints:
        shutil.rmtree(directory, ignore_errors=True)
        return ""
    steps = [f"  {number}: {step}" for number, step in enumerate(history.steps)]
    wrong = [f"  ! {complaint}" for complaint in oracle.complaints]
    return "\n".join([f"Seed {seed} ({history.cloud}, {directory}):", *steps, *wrong])
