# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the fuzzers; see ``make campaign``."""

from __future__ import annotations

import argparse
import random
import sys
import time

from .double import Double
from .fuzzers import FUZZERS, RARELY, fuzz
from .judge import ESTATE


def main() -> int:
    """Fails where what a run did or told is wrong."""
    parser = argparse.ArgumentParser(prog="fuzz", description="Damage answers, options and files.")
    parser.add_argument("fuzzers", nargs="*", metavar=f"{{{','.join(FUZZERS)}}}", help="all by default")
    parser.add_argument("--count", type=int, default=4000, help="how often each (%(default)s); variables: a tenth")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the first; the others follow it")
    arguments = parser.parse_args()
    wrong = 0
    with Double(ESTATE) as double:
        for fuzzer in arguments.fuzzers or FUZZERS:
            started = time.monotonic()
            count = -(-arguments.count // RARELY.get(fuzzer, 1))
            for seed in range(arguments.seed, arguments.seed + count):
                complaint = fuzz(double, fuzzer, seed)
                if complaint:
                    wrong += 1
                    print(complaint, flush=True)
            seconds = time.monotonic() - started
            print(f"{fuzzer}: {count} from seed {arguments.seed} on in {seconds:.0f} s", flush=True)
    print(f"{wrong or 'none'} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
