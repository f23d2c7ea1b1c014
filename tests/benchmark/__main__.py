# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures, prints the tables, and writes them to RESULTS.md and the documentation; see ``make bench``."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from .commands import Commands, WrongRunError
from .report import RESULTS_HEAD, Report, guide, guide_head, surroundings
from .rows import Rows
from .stage import Stage

RESULTS = Path(__file__).parent / "RESULTS.md"
GUIDE = Path(__file__).parents[2] / "docs" / "docsite" / "rst" / "benchmark.rst"


def guide_page() -> str:
    """Word RESULTS.md as the page of the documentation."""
    return guide_head("benchmark") + guide(RESULTS.read_text(encoding="utf-8").removeprefix(RESULTS_HEAD))


def main() -> int:
    """Fails only where a run is wrong; what is slow is told."""
    parser = argparse.ArgumentParser(prog="benchmark", description="Measure the collection on the simulator.")
    parser.add_argument("rows", nargs="*", help="rows to run, such as A C; RESULTS.md is written by a run of all")
    parser.add_argument("--guide", action="store_true", help="only word RESULTS.md for the documentation once more")
    arguments = parser.parse_args()
    if arguments.guide:
        GUIDE.write_text(guide_page(), encoding="utf-8")
        return 0
    chosen = {letter.upper() for rows in arguments.rows for letter in rows if letter.isalpha()}
    report = Report()
    about = surroundings()
    with tempfile.TemporaryDirectory(prefix="edgecloud-nic-bench.") as name, Stage(Path(name)) as stage:
        rows = Rows(stage, Commands(stage, Path(name)), report).all
        unknown = sorted(chosen - rows.keys())
        if unknown:
            parser.error(f"no row {', '.join(unknown)}; there are {', '.join(rows)}")
        for letter, (run, clouds) in rows.items():
            if chosen and letter not in chosen:
                continue
            started = time.monotonic()
            for cloud in clouds:
                try:
                    run(cloud)
                except WrongRunError as error:
                    report.wrong.append(f"{letter}, {cloud.upper()}: {error}")
            print(f"{letter}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    text = report.text(about)
    print(text)
    if not chosen:
        RESULTS.write_text(RESULTS_HEAD + text, encoding="utf-8")
        GUIDE.write_text(guide_page(), encoding="utf-8")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
