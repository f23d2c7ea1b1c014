# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays scenarios and histories, damages what is read, and runs the campaign's tests; see ``make campaign``."""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import multiprocessing
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
from collections import Counter
from collections.abc import Iterator

from ansible_collections.edgecloud.nic.tests.benchmark.report import RESULTS_HEAD, results, surroundings

from . import tried
from .parts import PARTS, Part, timed

TESTS = ("tests/campaign", "tests/unit")


_HEAD = ("what", "how many", "what happened", "wrong", "minutes of one core")


@dataclasses.dataclass
class Sum:
    """What came of a part."""

    seen: Counter[str] = dataclasses.field(default_factory=Counter)
    seconds: float = 0.0

    def row(self, part: Part, count: int) -> tuple[str, ...]:
        happened = ", ".join(f"{number:,} {what}" for what, number in self.seen.items() if number and what != "wrong")
        wrong = f"**{self.seen['wrong']}**" if self.seen["wrong"] else "none"
        return part.what, f"{count:,}", happened, wrong, f"{self.seconds / 60:.1f}"


def play(counts: dict[str, int], seed: int) -> dict[str, Sum]:
    """Play so much of each part, two things at a time, and tell at once of what is wrong."""
    sums = {name: Sum() for name in counts}
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        plays = {
            name: [pool.submit(timed, name, number) for number in range(seed, seed + count)]
            for name, count in counts.items()
        }
        for name, futures in plays.items():
            for future in concurrent.futures.as_completed(futures):
                complaint, seen, seconds = future.result()
                sums[name].seen += seen
                sums[name].seconds += seconds
                if complaint:
                    print(complaint, flush=True)
            print(" | ".join(sums[name].row(PARTS[name], counts[name])), flush=True)
    return sums


def run_tests() -> Iterator[tuple[str, ...]]:
    """Run the tests that are marked for the campaign; yields a line of the table for each file of them."""
    with tempfile.TemporaryDirectory(prefix="edgecloud-nic-campaign.") as directory:
        told = pathlib.Path(directory, "junit.xml")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "--quiet",
            "--numprocesses=2",
            "-m",
            "campaign",
            f"--junitxml={told}",
        ]
        subprocess.run([*command, *TESTS], check=False)
        files: dict[str, list[xml.etree.ElementTree.Element]] = {}
        for case in xml.etree.ElementTree.parse(told).iter("testcase"):
            files.setdefault(case.get("classname", "").rpartition(".")[2], []).append(case)
    for file, cases in sorted(files.items()):
        wrong = sum(case.find(kind) is not None for case in cases for kind in ("failure", "error"))
        minutes = sum(float(case.get("time", "0")) for case in cases) / 60
        yield f"`{file}.py`", f"{len(cases)}", "tests", f"**{wrong}**" if wrong else "none", f"{minutes:.1f}"


def text(about: list[str], rows: list[tuple[str, ...]], minutes: float) -> str:
    """Word the table in Markdown."""
    introduction = (
        "`make campaign` wrote this on the simulator. A test that puts old behaviour back passes where that is found."
    )
    return results("Campaign", introduction, [*about, f"Minutes in all: {minutes:.0f}, two at a time"], _HEAD, rows)


def _part(given: str) -> tuple[str, int]:
    name, _equals, count = given.partition("=")
    if name not in PARTS:
        raise argparse.ArgumentTypeError(f"no part {name}; there are {', '.join(PARTS)}")
    return name, int(count or PARTS[name].count)


def main() -> int:
    """Fails where what was told was not what the simulator saw, or where a test does."""
    parser = argparse.ArgumentParser(prog="campaign", description="Hunt for what the collection does wrong.")
    parser.add_argument(
        "parts", nargs="*", type=_part, metavar="PART[=COUNT]", help="all of them, and tests, by default"
    )
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the first; the others follow it")
    arguments = parser.parse_args()
    counts = dict(arguments.parts) or {name: part.count for name, part in PARTS.items()}
    about, started = [*surroundings(), f"First seed: {arguments.seed}"], time.monotonic()
    print(about[-1], flush=True)
    sums = play(counts, arguments.seed)
    rows = [one.row(PARTS[name], counts[name]) for name, one in sums.items()]
    if not arguments.parts:
        rows += run_tests()
    told = text(about, rows, (time.monotonic() - started) / 60)
    print(told)
    if not arguments.parts:
        tried.CAMPAIGN.write_text(RESULTS_HEAD + told, encoding="utf-8")
        tried.write()
    return 1 if any("**" in cell for row in rows for cell in row) else 0


if __name__ == "__main__":
    sys.exit(main())
