# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Change what decides, one thing at a time, and see whether a unit test notices; see ``make mutants``.

Usage: python -m ansible_collections.edgecloud.nic.tests.mutants [FILE...]
A file is one of C(TESTS), or the end of its path. The numbers go to tests/mutants.md, where every mutant that no test
kills has to stand with the reason why it does no harm. Each file is tried anew, since a test may have come to it.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

from mutmut.mutation.diff_apply import get_diff_for_mutant

from .campaign import tried
from .matrix import commit_of_the_tree

ACCOUNT, PAGE = pathlib.Path("tests/mutants.md"), pathlib.Path("docs/docsite/rst/tried.rst")
_ROOT = "ansible_collections/edgecloud/nic"
_DOMAIN = "tests/unit/plugins/module_utils/_domain"
_ENGINE = "tests/unit/plugins/module_utils/_engine"
_FLOWS = "tests/unit/plugins/module_utils/_flows"
_CLEANUP = "tests/unit/cleanup"
_RECORDS = "tests/unit/plugins/plugin_utils"
#: What is mutated below plugins, and what has to kill its mutants: the quick tests of it, and of what stands on it.
TESTS = {
    "module_utils/_domain/plan.py": (f"{_DOMAIN}/test_plan.py",),
    "module_utils/_domain/outcomes.py": (f"{_DOMAIN}/test_outcomes.py", f"{_DOMAIN}/test_failures.py"),
    "module_utils/_domain/uses.py": (f"{_DOMAIN}/test_uses.py", f"{_DOMAIN}/test_plan.py"),
    "module_utils/_domain/addresses.py": (f"{_DOMAIN}/test_addresses.py",),
    "module_utils/_domain/failures.py": (f"{_DOMAIN}/test_failures.py",),
    "module_utils/_domain/network_interface.py": (f"{_DOMAIN}/test_network_interface.py",),
    "module_utils/_engine/work.py": (f"{_ENGINE}/test_work.py",),
    "module_utils/_engine/writer.py": (f"{_ENGINE}/test_engine.py",),
    "module_utils/_engine/verification.py": (f"{_ENGINE}/test_engine.py",),
    "module_utils/_engine/engine.py": (f"{_ENGINE}/test_engine.py",),
    "module_utils/_engine/control.py": (f"{_ENGINE}/test_engine.py", f"{_ENGINE}/test_control.py"),
    "plugin_utils/_cleanup_records/plan_file.py": (f"{_RECORDS}/test_plan_file.py", f"{_RECORDS}/test_age.py"),
    "plugin_utils/_cleanup_records/candidates.py": (f"{_RECORDS}/test_candidates.py", f"{_RECORDS}/test_age.py"),
    "plugin_utils/_cleanup_records/history.py": (f"{_RECORDS}/test_history.py",),
    "plugin_utils/_cleanup_records/age.py": (f"{_RECORDS}/test_age.py",),
    "module_utils/_flows/private_ip.py": (f"{_FLOWS}/test_private_ip.py",),
    "module_utils/_flows/in_use.py": (f"{_FLOWS}/test_uses.py", f"{_CLEANUP}/test_in_use.py"),
    "module_utils/_flows/selection.py": (
        *(f"{_FLOWS}/test_selection.py", f"{_FLOWS}/test_uses.py"),
        *(f"{_CLEANUP}/test_selection.py", f"{_CLEANUP}/test_unmatched.py"),
    ),
    "module_utils/_flows/private_ip_cleanup.py": (_CLEANUP,),
}
_CONFIGURATION = """\
[mutmut]
source_paths = {root}/plugins
only_mutate = {root}/plugins/{file}
also_copy =
    {root}/roles
    {root}/tests
pytest_add_cli_args =
    -m
    not matrix and not campaign
pytest_add_cli_args_test_selection =
    {tests}
process_isolation = forkserver
timeout_constant = 4
timeout_multiplier = 3
"""


class Run:
    """The mutants of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.directory = pathlib.Path(".build/mutants", pathlib.Path(file).stem)
        self.commit = commit_of_the_tree(ACCOUNT, PAGE)

    def _mutmut(self, *arguments: str, show: bool = False) -> str:
        environment = {**os.environ, "PYTHONPATH": str((self.directory / "mutants").absolute())}
        done = subprocess.run(
            ["mutmut", *arguments],
            cwd=self.directory,
            env=environment,
            stdout=None if show else subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout or ""

    def run(self) -> None:
        """Make the mutants, and let the tests try each of them."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        collections = pathlib.Path(".build/collections/ansible_collections").absolute()
        (self.directory / "ansible_collections").symlink_to(collections)
        tests = "\n    ".join(f"{_ROOT}/{test}" for test in TESTS[self.file])
        configuration = _CONFIGURATION.format(root=_ROOT, file=self.file, tests=tests)
        (self.directory / "setup.cfg").write_text(configuration, encoding="utf-8")
        (self.directory / "pyproject.toml").write_bytes(pathlib.Path("pyproject.toml").read_bytes())
        self._mutmut("run", "--max-children=1", show=True)
        self.results = dict(
            line.strip().rsplit(": ", 1) for line in self._mutmut("results", "--all=1").splitlines() if line
        )

    def row(self) -> str:
        """Return the row of the table."""
        counts = Counter(self.results.values())
        alive = len(self.results) - counts["killed"] - counts["timeout"]
        return (
            f"| `{self.file}` | {len(self.results)} | {counts['killed']} | {counts['timeout']} | {alive} "
            f"| {self.commit} |"
        )

    def alive(self) -> Iterator[str]:
        """Yield what distinguishes each mutant that was not killed: function, old and new code."""
        for mutant, result in self.results.items():
            # One that was not ended in time may only have been slow: why it never ends is to be said as well.
            if result == "killed":
                continue
            with contextlib.chdir(self.directory):
                lines = get_diff_for_mutant(mutant, path=f"{_ROOT}/plugins/{self.file}").splitlines()
            diff = [line for line in lines if line[:3] not in ("---", "+++")]
            old, new = (" ".join(line[1:].strip() for line in diff if line[:1] == sign) for sign in "-+")
            function = re.sub(r"^x_?|__mutmut_\d+$", "", mutant.rpartition(".")[2]).strip("ǁ").replace("ǁ", ".")
            told = "" if result == "survived" else f" ({result})"
            yield f"- `{function}`: `{old}` → `{new}`{told}"


def compare(run: Run, account: str) -> list[str]:
    """Return what the account does not say of the mutants of one file, or says of none."""
    section = account.partition(f"\n### `{run.file}`\n")[2].partition("\n##")[0]
    told = {line for line in section.splitlines() if line.startswith("- ")}
    alive = set(run.alive())
    return [f"not in {ACCOUNT}:\n{line}" for line in sorted(alive - told)] + [
        f"in {ACCOUNT}, and no longer alive:\n{line}" for line in sorted(told - alive)
    ]


def main() -> int:
    """Fails where a mutant is alive, and nothing says why it may be."""
    wanted = sys.argv[1:] or [""]
    files = [file for file in TESTS if any(file.endswith(end) for end in wanted)]
    if not files:
        print(f"{', '.join(wanted)}: none of {', '.join(TESTS)}")
        return 2
    complaints = []
    for file in files:
        run = Run(file)
        run.run()
        account = ACCOUNT.read_text(encoding="utf-8")
        account = re.sub(rf"^\| `{re.escape(file)}` \|.*$", run.row(), account, flags=re.MULTILINE)
        ACCOUNT.write_text(account, encoding="utf-8")
        tried.write()
        print(run.row())
        complaints += compare(run, account)
    print("\n".join(complaints))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
