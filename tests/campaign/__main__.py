# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays random histories, two side by side; see ``make campaign``."""

from __future__ import annotations

import argparse
import concurrent.futures
import multiprocessing
import random
import sys
import time
from collections import Counter

from .histories import play_either


def main() -> int:
    """Fails where what the role told was not what the simulator saw."""
    parser = argparse.ArgumentParser(prog="campaign", description="Play random histories of the role.")
    parser.add_argument("--histories", type=int, default=200, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the first; the others follow it")
    arguments = parser.parse_args()
    seeds = range(arguments.seed, arguments.seed + arguments.histories)
    started, seen = time.monotonic(), Counter[str]()
    print(f"Histories of the seeds {seeds[0]} to {seeds[-1]}", flush=True)
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        for number, (complaint, more) in enumerate(pool.map(play_either, seeds), start=1):
            seen += more
            if complaint or number % 20 == 0:
                print(complaint or ", ".join(f"{count} {what}" for what, count in seen.items()), flush=True)
    told = ", ".join(f"{count} {what}" for what, count in seen.items())
    print(f"In {time.monotonic() - started:.0f} s: {told}; {seen['wrong'] or 'none'} wrong")
    return 1 if seen["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
