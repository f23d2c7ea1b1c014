# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays scenarios from their seeds to the judgement, and makes those that are wrong smaller."""

from __future__ import annotations

import copy
import functools
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Self

from ansible_collections.edgecloud.nic.tests.simulator import Simulator

from .referee import judge
from .scenarios import Played, Scenario, Theatre, draw

#: Options without which a task is another one, or a scenario takes for ever.
_NEEDED = (
    *("network_interface_id", "state", "all_secondary", "private_ip_addresses", "all_network_interfaces", "targets"),
    *("network_interface_ids", "timeout", "connect_timeout", "retry_max_delay", "wait_timeout", "max_unassign"),
)
#: Seconds: between two beats, and what a referee allows at the least for what is on its way.
_BEAT = 0.02
_STANDSTILL = 0.2
#: So often a scenario is played on a machine that stands still.
_TIMES = 4


@functools.cache
def _theatre() -> Theatre:
    """Give the theatre of this process, whose simulator ends with it."""
    # Clients that have gone away are what scenarios are about.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    return Theatre(Simulator().start())


class Pulse:
    """Measures for how long this process stood still at a time, at the longest."""

    def __enter__(self) -> Self:
        self.longest = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        before = time.monotonic()
        while not self._over.wait(_BEAT):
            now = time.monotonic()
            self.longest = max(self.longest, now - before - _BEAT)
            before = now


def judged(scenario: Scenario) -> tuple[list[Played], list[str]]:
    """Play a scenario; give its runs, and what is wrong with them.

    Where the machine stood still for as long as a client here waits, time has passed that nobody meant to pass, and
    what is wrong may be nothing but that: then it is played again.
    """
    for _time in range(_TIMES):
        with Pulse() as pulse:
            runs = list(_theatre().play(scenario))
        wrong = list(judge(scenario, runs))
        if not wrong or pulse.longest < _STANDSTILL:
            break
    return runs, wrong


def complaints(scenario: Scenario) -> list[str]:
    """Play a scenario; say what is wrong with it."""
    return judged(scenario)[1]


def play(seed: int) -> tuple[str, Counter[str]]:
    """Play the scenario of a seed.

    :returns: what was wrong with it and how to play it again, or nothing; and how much happened in it.
    """
    scenario = draw(seed)
    runs, wrong = judged(scenario)
    calls = [call for run in runs for call in run.calls]
    seen = Counter(
        {
            "runs of modules": len(runs),
            "calls": len(calls),
            "calls that removed": sum(call["applied"] and call["write"] for call in calls),
            "calls without their answer": sum(call["fault"] is not None for call in calls),
            "wrong": bool(wrong),
        }
    )
    if not wrong:
        return "", seen
    again = f"make campaign ONLY=scenarios=1 SEED={seed}"
    small = shrunk(scenario, lambda smaller: bool(complaints(smaller)))
    lines = [f"Seed {seed} ({again}): {scenario}", *(f"  ! {one}" for one in wrong), f"  as little is enough: {small}"]
    return "\n".join(lines), seen


def shrunk(scenario: Scenario, fails: Callable[[Scenario], bool]) -> Scenario:
    """Take away from a scenario what it fails without."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(scenario):
            if fails(candidate):
                scenario, smaller = candidate, True
                break
    return scenario


def _smaller(scenario: Scenario) -> Iterator[Scenario]:
    """Give the scenario without each of its parts."""
    estate = scenario.document[scenario.cloud]
    for place, number in [
        *(("network_interfaces", number) for number in range(len(estate["network_interfaces"]))),
        *((section, None) for section in estate if section not in ("subnets", "network_interfaces")),
    ]:
        candidate = copy.deepcopy(scenario)
        section = candidate.document[scenario.cloud]
        if number is None:
            del section[place]
        else:
            gone = section[place].pop(number)["network_interface_id"]
            if not section[place] or _is_named(scenario, gone):
                continue
        yield candidate
    for place in ("faults", "events"):
        for number in range(len(scenario.document[place])):
            candidate = copy.deepcopy(scenario)
            del candidate.document[place][number]
            yield candidate
    for held, needed in ((scenario.settings, ()), (scenario.options, _NEEDED)):
        for name in [name for name in held if name not in needed]:
            candidate = copy.deepcopy(scenario)
            del (candidate.settings if held is scenario.settings else candidate.options)[name]
            yield candidate


def _is_named(scenario: Scenario, nic: str) -> bool:
    """Tell whether something else than the list of network interfaces names it."""
    rest: dict[str, Any] = {**scenario.document[scenario.cloud], "network_interfaces": None}
    return any(f"'{nic}'" in str(part) for part in (rest, scenario.options, scenario.events, scenario.settings))
