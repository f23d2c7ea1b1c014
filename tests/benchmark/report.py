# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was measured, and the tables made of it."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LICENCE = """\
Copyright (c) edgecloud.nic contributors
GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
"""
#: Of results in Markdown.
RESULTS_HEAD = f"<!--\n{LICENCE}-->\n\n"
Rows = Iterable[Sequence[str]]
_MET = {True: "yes", False: "**no**", None: ""}


@dataclass(frozen=True)
class Measurement:
    """One run of something that cleans network interfaces.

    :param own_seconds: without what it takes to start a command, or a task of a playbook.
    :param command_seconds: the whole command; None where it did other things too.
    """

    row: str
    cloud: str
    who: str
    network_interfaces: int
    own_seconds: float
    command_seconds: float | None = None
    calls: int | None = None
    note: str = ""

    @property
    def per_network_interface(self) -> float:
        return self.own_seconds / self.network_interfaces


@dataclass(frozen=True)
class Verdict:
    """A target, and whether it was met; None where it is only told."""

    row: str
    cloud: str
    work: str
    target: str
    measured: str
    met: bool | None


@dataclass
class Report:
    """:param wrong: what must not happen however slow the machine is."""

    measurements: list[Measurement] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def text(self, surroundings: Sequence[str]) -> str:
        """Word everything in Markdown."""
        parts = [
            "# Benchmark",
            "`make bench` wrote this on the simulator, over real HTTP on loopback. "
            "Simulator and client share the processor.",
            "\n".join(f"- {line}" for line in surroundings),
            "## Targets",
            table(
                ("row", "cloud", "work", "target", "measured", "met"),
                (
                    (one.row, one.cloud.upper(), one.work, one.target, one.measured, _MET[one.met])
                    for one in self.verdicts
                ),
            ),
            "## Measurements",
            "Own seconds leave out what starting a command or a task costs: they are `summary.seconds` of a cleanup "
            "module, the time between the first and the last call of a script, and the time of the task in a playbook "
            "that loops.",
            table(
                ("row", "cloud", "what", "NICs", "own seconds", "command", "ms per NIC", "API calls", "note"),
                (
                    (
                        one.row,
                        one.cloud.upper(),
                        one.who,
                        f"{one.network_interfaces:,}",
                        f"{one.own_seconds:.2f}",
                        "" if one.command_seconds is None else f"{one.command_seconds:.2f}",
                        f"{one.per_network_interface * 1000:.1f}",
                        "" if one.calls is None else f"{one.calls:,}",
                        one.note,
                    )
                    for one in self.measurements
                ),
            ),
        ]
        if self.wrong:
            parts += ["## Wrong", "\n".join(f"- {line}" for line in self.wrong)]
        return "\n\n".join(parts) + "\n"


def table(head: Sequence[str], rows: Rows) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def results(title: str, introduction: str, about: Iterable[str], head: Sequence[str], rows: Rows) -> str:
    """Word one table of results in Markdown, with what there is to say before it."""
    listed = "\n".join(f"- {line}" for line in about)
    return "\n\n".join([f"# {title}", introduction, listed, table(head, rows)]) + "\n"


def guide_head(page: str) -> str:
    """Return what a page of the documentation begins with."""
    return f"..\n{textwrap.indent(LICENCE, '  ')}\n.. _ansible_collections.edgecloud.nic.docsite.{page}:\n\n"


def guide(results: str) -> str:
    """Word results, as C(Report.text) has worded them, as a page of the documentation: the same figures."""
    return "\n\n".join(map(_as_rst, results.strip().split("\n\n"))) + "\n"


def _as_rst(part: str) -> str:
    text = part.replace("`", "``")
    if text.startswith("|"):
        head, _rule, *rows = (line.strip("|").split("|") for line in text.splitlines())
        lines = [".. list-table::", "   :header-rows: 1", ""]
        for row in (head, *rows):
            lines += [f"   {' ' if number else '*'} - {cell.strip()}".rstrip() for number, cell in enumerate(row)]
        return "\n".join(lines)
    underlined = {"# ": "=", "## ": "-"}
    for mark, line in underlined.items():
        if text.startswith(mark):
            title = text[len(mark) :]
            return f"{title}\n{line * len(title)}"
    return text


def _revision() -> str:
    """Name the commit that is measured."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--exclude=*"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.stdout.strip() or "unknown"


def surroundings() -> list[str]:
    """Describe the machine without naming it."""
    now = datetime.datetime.now(datetime.UTC)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ("ansible-core", "requests", "alibabacloud-ens20171110", "zenlayercloud-sdk-python")
    return [
        f"Commit: {_revision()}",
        f"Date: {now:%Y-%m-%d %H:%M} UTC",
        f"Machine: {_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB of memory, "
        f"load average at the start {os.getloadavg()[0]:.1f}",
        f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages),
    ]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
