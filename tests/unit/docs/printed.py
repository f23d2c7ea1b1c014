# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What documents print to be copied, whether Markdown or reStructuredText, and a reader who does as they say."""

from __future__ import annotations

import pathlib
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import COLLECTIONS, comparable, settings

HERE = COLLECTIONS / "ansible_collections" / "edgecloud" / "nic"
README = HERE / "README.md"
GUIDES = HERE / "docs" / "docsite" / "rst"

_PARTS = {
    ".md": re.compile(r"^#+ (?P<heading>[^\n]+)$|^```(?P<language>\S+)\n(?P<text>.*?)^```$", re.M | re.S),
    ".rst": re.compile(
        r"^(?P<heading>\S.*)\n(?:=+|-+|\^+)$|^\.\. code-block:: (?P<language>\S+)\n\n(?P<text>(?:   .*\n|\n)+)", re.M
    ),
}
_COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)$", re.M)
_FILE = re.compile(r"# (\S+\.yml)\n")
_TABLE = re.compile(r"^( *)\.\. list-table::.*\n(?:\1 +\S.*\n|\n)*", re.M)
#: Stands for anything: within a line, or lines where it stands alone.
LEFT_OUT = "…"
_COMMANDS = {
    "ansible": "adhoc",
    "ansible-doc": "doc",
    "ansible-galaxy": "galaxy",
    "ansible-playbook": "playbook",
    "ansible-vault": "vault",
}


class Block(NamedTuple):
    heading: str
    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        return _COMMAND.findall(self.text)

    @property
    def shown(self) -> str:
        """What the last command shows, as far as it is printed below it."""
        return _COMMAND.split(self.text)[-1].lstrip("\n")


def blocks(document: pathlib.Path, language: str | None = None, heading: str | None = None) -> list[Block]:
    """Give the blocks of a document in their order."""
    found = []
    current = ""
    for match in _PARTS[document.suffix].finditer(document.read_text(encoding="utf-8")):
        current = match["heading"] or current
        if match["language"]:
            found.append(Block(current, match["language"], textwrap.dedent(match["text"]).strip("\n") + "\n"))
    return [block for block in found if language in (None, block.language) and heading in (None, block.heading)]


def tables(guide: pathlib.Path, below: str = "") -> list[list[list[str]]]:
    """Give the tables of a guide as the cells of their rows, the head first.

    :param below: a text of the guide that the tables come after.
    """
    found = []
    text = guide.read_text(encoding="utf-8")
    for match in _TABLE.finditer(text, text.index(below)):
        rows = re.split(r"^ +\* - ", match[0], flags=re.M)[1:]
        found.append([[cell.strip() for cell in re.split(r"^ +-(?: |$)", row, flags=re.M)] for row in rows])
    return found


def literals(rows: Iterable[Sequence[str]]) -> list[str]:
    """Give what stands literally in the first cells of these rows of a table."""
    return [literal for row in rows for literal in re.findall("``(.+?)``", row[0], re.S)]


def is_shown(printed: str, output: str) -> bool:
    """Tell whether an output has these lines somewhere."""
    lines = [
        "(?:.*\n)*?" if line.strip() == LEFT_OUT else ".*".join(map(re.escape, line.split(LEFT_OUT))) + r" *\n"
        for line in comparable(printed).splitlines()
    ]
    return re.search("^" + "".join(lines), comparable(output), re.M) is not None


def environment(sim: Simulator) -> dict[str, str]:
    """Give what the modules read of their endpoints and credentials."""
    ens, zec = sim.account("ens"), sim.account("zec")
    return {
        "ENS_ENDPOINT": sim.url,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": ens["access_key_id"],
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ens["access_key_secret"],
        "ZENLAYER_ENDPOINT": sim.url,
        "ZENLAYER_ACCESS_KEY_ID": zec["access_key_id"],
        "ZENLAYER_ACCESS_KEY_SECRET": zec["access_key_secret"],
    }


class Reader:
    """Does what a document says, in a directory of their own and with what is installed here.

    :param environment: what is set where commands run; commands that export variables add to it.
    :param replacements: what a reader writes instead of what is printed.
    """

    def __init__(
        self, directory: pathlib.Path, environment: Mapping[str, str], replacements: Mapping[str, str] | None = None
    ) -> None:
        self.directory = directory
        self.output = ""
        self.returncode = 0
        self._replacements = replacements or {}
        self._environment = dict(environment)
        self._programs = directory / "bin"
        self._programs.mkdir(parents=True)
        for name, program in _COMMANDS.items():
            self.install(name, f'exec "{sys.executable}" -m ansible {program} "$@"')
        # Another Python could not do with the libraries of this one.
        self.install("python3", f'exec "{sys.executable}" "$@"')

    def install(self, name: str, script: str) -> None:
        """Put a program of this name before all others."""
        path = self._programs / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o700)

    def follow(self, printed: Iterable[Block], may_fail: bool = False) -> None:
        """Write files, run commands, and compare the output of the last command with what is printed of it."""
        for block in printed:
            if block.language == "ansible-output":
                self._compare(block.text)
            elif block.language == "console":
                assert block.commands
                for command in block.commands:
                    self.run(command)
                    assert may_fail or self.returncode == 0, f"{command}\n{self.output}"
                self._compare(block.shown)
            else:
                name = _FILE.match(block.text)
                assert name, f"A file without a name:\n{block.text}"
                (self.directory / name[1]).write_text(self._own(block.text), encoding="utf-8")

    def _compare(self, printed: str) -> None:
        text = self._own(printed)
        assert is_shown(text, self.output), f"{text}\n--- is not in ---\n{self.output}"

    def run(self, command: str) -> None:
        # Digests are other ones each time; their beginnings are printed, in the order in which they were shown.
        digests = iter(dict.fromkeys(re.findall(r"sha256:[0-9a-f]{64}", self.output)))
        command = re.sub(rf"sha256:[0-9a-f]+{LEFT_OUT}", lambda printed: next(digests, printed[0]), command)
        if command.startswith("export "):
            self._environment |= dict(word.split("=", 1) for word in shlex.split(self._own(command))[1:])
            return
        settled = settings(self.directory, **self._environment)
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", self._own(command)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=600,
            cwd=self.directory,
            env={**settled, "PATH": f"{self._programs}:{settled['PATH']}"},
        )
        self.output, self.returncode = done.stdout, done.returncode

    def _own(self, text: str) -> str:
        for printed, written in self._replacements.items():
            text = text.replace(printed, written)
        return text
