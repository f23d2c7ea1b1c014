# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judges nights without a reviewer by what the simulator was like whenever a run looked at it."""

from __future__ import annotations

import dataclasses

from .drawing import MIN_AGE
from .oracle import Oracle, keys_of, rows_of
from .steps import Key, Run, Stage

#: In hours: plans that are further apart prove nothing about the time between them.
_GAP = 50
#: In hours: what all runs of a history take.
_TOLERANCE = 0.5


@dataclasses.dataclass(frozen=True)
class Look:
    """What the world was like when a run looked at it, as far as the run may have seen it.

    :param unused: what it may have found unused; C(surely_unused): what it must have found so, and noted.
    :param other: what it must have found used, or not there.
    """

    hours: float
    clock: int
    unused: frozenset[Key] = frozenset()
    surely_unused: frozenset[Key] = frozenset()
    other: frozenset[Key] = frozenset()


class NightWatch(Oracle):
    """Judges that each night removes what was unused long enough, and nothing else."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._looks: list[Look] = []
        self._undisturbed = True
        #: Every address there ever was.
        self._known: set[Key] = set()

    def judge(self, run: Run) -> None:
        self._judge_process(run)
        step = run.step
        if step.record is not None and self._undisturbed:
            # What a run has added that was cut short, its loss may not be noticed.
            self._looks.clear()
        self._undisturbed = step.undisturbed
        removed = {key for call in self._writes(run) if call["applied"] for key in keys_of(call)}
        self._known |= run.there | run.there_later | run.guarded.keys()
        unused, unused_later = run.there - run.guarded.keys(), (run.there_later - run.guarded_later.keys()) | removed
        named = {key for call in self._writes(run) for key in keys_of(call)}
        self._expect(step.mode == "apply" or not named, "a plan has written")
        for key in sorted(named):
            self._expect(key in unused | unused_later, f"{key} was used, kept or primary, and a call named it")
            hours = self._hours_unused(key, step.hours)
            self._expect(hours > MIN_AGE - _TOLERANCE, f"{key} was unused for {hours} hours, and a call named it")
        self.old += len(removed)
        if step.undisturbed:
            self._judge_undisturbed_night(run, unused & unused_later, removed)
        elif dataclasses.replace(step, healthy=True).undisturbed and removed:
            sizes = self.stage.history.variables["batch_size"]
            first = sizes[0] if isinstance(sizes, list) else sizes
            nics = {nic for nic, _address in removed}
            checked = "health_check" in self.stage.history.variables
            self._expect(len(nics) <= first or not checked, f"{len(nics)} went on after a failed health check")
        self._remember(run, unused, unused_later, removed)

    def judge_end(self) -> None:
        """Every night was judged by itself."""

    def _remember(self, run: Run, unused: set[Key], unused_later: set[Key], removed: set[Key]) -> None:
        step = run.step
        selected = step.variables.get("network_interface_ids")
        looked = {key for key in self._known if selected is None or key[0] in selected}
        calls = [call for call in self.stage.sim.calls() if run.first_call <= call["seq"] < run.calls_end]
        answered = any(call["applied"] and not call["write"] for call in calls)
        if answered and "in_use_sources" not in step.variables:
            perhaps, sure = (unused | unused_later) & looked, step.undisturbed
            self._looks.append(
                Look(
                    step.hours,
                    step.clock,
                    frozenset(perhaps),
                    frozenset(unused & unused_later & looked if sure else ()),
                    frozenset(looked - perhaps if sure else ()),
                )
            )
        # Whoever assigns one again has another one.
        self._looks.append(Look(step.hours, step.clock, other=frozenset(removed)))

    def _hours_unused(self, key: Key, now: float) -> float:
        """Tell for how many hours plans may have seen an address unused, none of them anything else."""
        oldest = now
        for look in reversed(self._looks):
            if key in look.other or (key in look.unused and oldest - look.hours > _GAP + _TOLERANCE):
                break
            if key in look.unused:
                oldest = look.hours
        return now - oldest

    def _hours_surely_unused(self, key: Key, now: float, clock: int) -> float:
        """Tell for how many hours plans must have seen an address unused, one night after the other."""
        oldest = now
        for look in reversed(self._looks):
            if not look.unused and key not in look.other:
                continue
            if key not in look.surely_unused or look.clock != clock or oldest - look.hours > _GAP - _TOLERANCE:
                break
            oldest = look.hours
        return now - oldest

    def _judge_undisturbed_night(self, run: Run, unused: set[Key], removed: set[Key]) -> None:
        step = run.step
        self._expect(set(run.returncodes) == {0}, f"the undisturbed night ended with {run.returncodes}")
        if step.mode != "apply" or step.variables or step.record is not None or step.twice:
            return
        for key in sorted(unused - removed):
            hours = self._hours_surely_unused(key, step.hours, step.clock)
            self._expect(hours < MIN_AGE + _TOLERANCE, f"{key} was unused for {hours} hours, and is still there")
        self.reports += 1
        rows = rows_of(self._read_report())
        told = {key for key, row in rows.items() if row["outcome"] == "unassigned"}
        self._expect(told == removed, f"told as removed, or removed: {told ^ removed}")
        young = {key for key, row in rows.items() if row["reason"] == "young"}
        self._expect(young == unused - removed, f"told as young, or left: {young ^ (unused - removed)}")
