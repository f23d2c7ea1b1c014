# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays a history from its seed to the judgement."""

from __future__ import annotations

import pathlib
import shutil
import signal
import tempfile
from collections import Counter

from ansible_collections.edgecloud.nic.tests.simulator import Simulator

from .drawing import History, draw, draw_nights
from .nights import NightWatch
from .oracle import Oracle
from .steps import Run, Stage


def play(seed: int, environment: dict[str, str] | None = None) -> tuple[str, Counter[str]]:
    """Play the history of a seed; see C(_play)."""
    return _play(draw(seed), Oracle, environment)


def play_nights(seed: int, count: int = 60) -> tuple[str, Counter[str]]:
    """Play so many nights of a seed; see C(_play)."""
    return _play(draw_nights(seed, count), NightWatch)


def play_either(seed: int) -> tuple[str, Counter[str]]:
    """Play the nights of a seed that 20 divides, and the history of any other; see C(_play)."""
    return play(seed) if seed % 20 else play_nights(seed)


def _play(history: History, judge: type[Oracle], environment: dict[str, str] | None = None) -> tuple[str, Counter[str]]:
    """Play a history.

    :param environment: of its runs, beside what all of them have.
    :returns: what was wrong with it, with its steps and where its files are, or nothing; and how much happened in it.
    """
    for one in (signal.SIGINT, signal.SIGHUP):
        # What is ignored here, as in the background of a shell, would be ignored in the runs.
        if signal.getsignal(one) is signal.SIG_IGN:
            signal.signal(one, signal.SIG_DFL)
    directory = pathlib.Path(tempfile.mkdtemp(prefix=f"edgecloud-nic-history-{history.seed}."))
    runs: list[Run] = []
    with Simulator(history.document) as sim:
        stage = Stage(history, directory, sim, environment)
        oracle = judge(stage)
        for number, step in enumerate(history.steps):
            if step.mode != "apply":
                stage.calm()
            runs.append(stage.carry_out(step))
            known = len(oracle.complaints)
            oracle.judge(runs[-1])
            oracle.complaints[known:] = [f"step {number}: {text}" for text in oracle.complaints[known:]]
            (directory / f"step-{number}.txt").write_text("\n".join(runs[-1].outputs), encoding="utf-8")
        oracle.judge_end()
        seen = Counter(
            {
                "runs": sum(len(run.returncodes) for run in runs),
                "kills": sum(run.killed for run in runs),
                "changes by others": sum(done for run in runs for _change, done in run.done),
                "calls that removed": sum(c["applied"] and "Unassign" in c["action"] for c in sim.calls(write=True)),
                "calls without their answer": sum(call["fault"] is not None for call in sim.calls()),
                "judged reports": oracle.reports,
                "addresses old enough": oracle.old,
                "wrong": bool(oracle.complaints),
            }
        )
    if not oracle.complaints:
        shutil.rmtree(directory, ignore_errors=True)
        return "", seen
    steps = [f"  {number}: {step}" for number, step in enumerate(history.steps)]
    wrong = [f"  ! {complaint}" for complaint in oracle.complaints]
    again = f"make campaign ONLY=histories=1 SEED={history.seed}"
    return "\n".join([f"Seed {history.seed} ({again}; {history.cloud}, {directory}):", *steps, *wrong]), seen
