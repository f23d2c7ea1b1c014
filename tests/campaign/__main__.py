# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays random scenarios of the modules and histories of the role, two side by side; see ``make campaign``."""

from __future__ import annotations

import argparse
import concurrent.futures
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Callable

from . import histories, playing

Play = Callable[[int], tuple[str, Counter[str]]]


def play_all(pool: concurrent.futures.Executor, play: Play, seeds: range, report_every: int) -> bool:
    """Play what these seeds draw, and tell what was wrong; tell whether anything was."""
    if not seeds:
        return False
    started, seen = time.monotonic(), Counter[str]()
    print(f"Seeds {seeds[0]} to {seeds[-1]}", flush=True)
    for number, (complaint, more) in enumerate(pool.map(play, seeds), start=1):
        seen += more
        if complaint or number % report_every == 0:
            print(complaint or ", ".join(f"{count} {what}" for what, count in seen.items()), flush=True)
    told = ", ".join(f"{count:,} {what}" for what, count in seen.items() if what != "wrong")
    print(f"In {time.monotonic() - started:.0f} s: {told}; {seen['wrong'] or 'none'} wrong", flush=True)
    return bool(seen["wrong"])


def main() -> int:
    """Fails where what was told was not what the simulator saw."""
    parser = argparse.ArgumentParser(prog="campaign", description="Play random scenarios and histories.")
    parser.add_argument("--scenarios", type=int, default=1900, help="of the modules, how many (%(default)s)")
    parser.add_argument("--histories", type=int, default=100, help="of the role, how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the first; the others follow it")
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        wrong = [
            play_all(pool, play, range(arguments.seed, arguments.seed + count), report_every)
            for play, count, report_every in (
                (playing.play, arguments.scenarios, 500),
                (histories.play_either, arguments.histories, 20),
            )
        ]
    return 1 if any(wrong) else 0


if __name__ == "__main__":
    sys.exit(main())
