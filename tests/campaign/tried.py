# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of the documentation that says what was tried, with the numbers that the runs have written.

Usage: python -m ansible_collections.edgecloud.nic.tests.campaign.tried
"""

from __future__ import annotations

import pathlib

from ansible_collections.edgecloud.nic.tests.benchmark.report import RESULTS_HEAD, guide, guide_head

_HERE = pathlib.Path(__file__).parent
CAMPAIGN, SOAK, MUTANTS = _HERE / "campaign.md", _HERE / "soak.md", _HERE.parent / "mutants.md"
PAGE = _HERE.parents[1] / "docs" / "docsite" / "rst" / "tried.rst"
_BEGINNING = """\
What was tried
==============

What tries to break the promises of the collection beside its tests, and what came of it the last time that it was run
as a whole. ``CONTRIBUTING.md`` in the repository says how each of these works. What is defended, and what is not, is in
the guide :ref:`threat_model <ansible_collections.edgecloud.nic.docsite.threat_model>`.
"""
_MUTANTS = """\
## Mutants

`make mutants` changes the code that decides what is sent and what is told, one thing at a time, and lets its quick unit
tests find it. `tests/mutants.md` in the repository names each change that no test finds, with the reason why it does no
harm.

"""


def page() -> str:
    """Word what the runs have written as one page; what has never been run as a whole is missing."""
    parts = [
        results.read_text(encoding="utf-8").removeprefix(RESULTS_HEAD).replace("# ", "## ", 1).strip()
        for results in (CAMPAIGN, SOAK)
        if results.exists()
    ]
    rows = [line for line in MUTANTS.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return f"{guide_head('tried')}{_BEGINNING}\n" + guide("\n\n".join([*parts, _MUTANTS + "\n".join(rows)]))


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
