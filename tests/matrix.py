# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the tests with every ansible-core, two sessions at a time, and write a table of the results.

Usage: python tests/matrix.py [--sessions modules,sanity] SERIES=RELEASE...
The table goes to docs/matrix.md, what the sessions print to .build/matrix. Run again, it repeats what did not pass,
of unit tests those that failed, and the rest only where what is tested has changed since; the table tells so.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

TABLE = pathlib.Path("docs/matrix.md")
LOGS = pathlib.Path(".build/matrix")
#: The longest ones first, so that those that run side by side end together.
COMMANDS = ("integration", "controller", "modules", "sanity")
#: Those whose failed tests can be repeated alone.
UNIT_TESTS = ("controller", "modules")
#: What is tested, as opposed to the tests.
TESTED = ("extensions", "meta", "playbooks", "plugins", "roles")
_HEADER = """\
<!--
Copyright (c) edgecloud.nic contributors
GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->

# Tested releases of ansible-core

Written by `make matrix`: what came of the tests with each release, on the Pythons that were there.

- sanity: `ansible-test sanity`, all tests, no ignore entries (without pylint for a release candidate), with the
  oldest and the newest release over the tests themselves as well
- controller: unit tests of what runs in the controller, and what a user does first, in both ways a module can run, with
  the oldest and the newest release those that take long as well
- modules: unit tests of what runs on managed nodes, with the newest release on every Python
- integration: `ansible-test integration`, with the oldest and the newest release the targets of single modules in both
  ways

"""


@dataclasses.dataclass(frozen=True)
class Cell:
    """One session and what came of it.

    :param commit: at which all of it was run.
    :param seconds: that all runs took.
    :param runs: how often it was run with what it tests.
    """

    command: str
    series: str
    commit: str
    result: str
    pythons: str
    seconds: float
    runs: int


def pythons_in(command: str, log: str) -> str:
    """Find in a session's output which Pythons it ran on."""
    if command == "sanity":
        found = set(re.findall(r'Running sanity test "(?:compile|import)" on Python (3\.\d+)', log))
    else:
        found = set(re.findall(rf"Session {command}-\S+?-(3\.\d+) was successful", log))
    if not found:
        found = set(re.findall(r"Creating virtual environment \(\w+\) using \S*python(3\.\d+)", log))
    return ", ".join(sorted(found, key=lambda version: int(version.partition(".")[2])))


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()


def commit_of_the_tree(*but: pathlib.Path) -> str:
    """Name the commit that is tested; what differs from it, but for these files, makes it a dirty one."""
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", *(f":!{path}" for path in but))
    return git("rev-parse", "--short=12", "HEAD") + ("-dirty" if changed else "")


def same_is_tested(before: str, now: str) -> bool:
    """Tell whether two clean commits differ in tests and documents at most."""
    if "-dirty" in before + now:
        return False
    return subprocess.run(["git", "diff", "--quiet", before, now, "--", *TESTED], check=False).returncode == 0


def run(command: str, series: str, commit: str) -> Cell:
    session = f"{command}-{series}"
    kept = LOGS / f"{session}.json"
    before = Cell(**json.loads(kept.read_text(encoding="utf-8"))) if kept.exists() else None
    if before is not None and not same_is_tested(before.commit, commit):
        before = None
    if before is not None and before.result != "failed":
        print(f"{session}: {before.result} at {before.commit}", flush=True)
        return before
    # The run of which only the failed tests are to be repeated.
    whole = before if command in UNIT_TESTS else None
    if whole is None:
        # What failed in another run is not what failed in this one.
        for cache in pathlib.Path(".build/pytest").glob(f"{session}*"):
            shutil.rmtree(cache)
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "nox", "-e", session, *([] if whole is None else ["--", "--last-failed"])],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    seconds = time.monotonic() - started
    with open(LOGS / f"{session}.log", "w" if before is None else "a", encoding="utf-8") as log:
        log.write(done.stdout)
    result = "passed" if done.returncode == 0 else "failed"
    if " was successful" not in done.stdout and result == "passed":
        result = "no Python for it"
    print(f"{session}: {result} ({seconds:.0f} s)", flush=True)
    cell = Cell(
        command,
        series,
        commit if whole is None else whole.commit,
        result,
        pythons_in(command, done.stdout),
        seconds if before is None else before.seconds + seconds,
        1 if before is None else before.runs + 1,
    )
    kept.write_text(json.dumps(dataclasses.asdict(cell)), encoding="utf-8")
    return cell


def table(cells: list[Cell], releases: dict[str, str], commit: str) -> Iterator[str]:
    by_place = {(cell.series, cell.command): cell for cell in cells}
    commands = [command for command in reversed(COMMANDS) if any(c.command == command for c in cells)]
    yield f"Commit: {commit}"
    if any(cell.commit != commit for cell in cells):
        yield (
            "; a cell that was run as a whole at an earlier one names it. Between them only tests and documents "
            "differ, and unit tests that failed there were repeated alone"
        )
    yield "\n\n"
    yield f"Time: {sum(cell.seconds for cell in cells) / 60:.0f} minutes of sessions, two at a time\n\n"
    yield "| ansible-core | " + " | ".join(commands) + " |\n"
    yield "|---" * (len(commands) + 1) + "|\n"
    for series, release in releases.items():
        columns = []
        for command in commands:
            cell = by_place[series, command]
            on = f" on {cell.pythons}" if cell.pythons else ""
            again = f", run {cell.runs}" if cell.runs > 1 else ""
            at = f", {cell.commit}" if cell.commit != commit else ""
            columns.append(f"{cell.result}{on} ({cell.seconds:.0f} s{again}{at})")
        yield f"| {release} | " + " | ".join(columns) + " |\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", default=",".join(COMMANDS))
    parser.add_argument("releases", nargs="+", metavar="SERIES=RELEASE")
    options = parser.parse_args()
    releases = dict(release.split("=") for release in options.releases)
    LOGS.mkdir(parents=True, exist_ok=True)
    commit = commit_of_the_tree(TABLE)
    wanted = [(command, series) for command in options.sessions.split(",") for series in releases]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        cells = list(pool.map(lambda each: run(each[0], each[1], commit), wanted))
    lines = "".join(table(cells, releases, commit))
    TABLE.write_text(_HEADER + lines, encoding="utf-8")
    print(f"\n{lines}\n{TABLE} is written, {LOGS} has what the sessions printed.")
    # A release that is still to come may break: that is what it is tried for.
    failed = [cell for cell in cells if cell.result == "failed" and re.fullmatch(r"[\d.]+", releases[cell.series])]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
