# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adds a cloud to a copy of the collection: new files, and lines that are added to meta/runtime.yml."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

OVERLAY = pathlib.Path(__file__).parent
EDITED = pathlib.PurePath("meta/runtime.yml")
MODULES = pathlib.PurePath("plugins/modules")
#: What a module begins with, and no other file may.
_SHEBANG = "#!/usr/bin/python\n\n"


def files() -> Iterator[pathlib.PurePath]:
    """Yield what the cloud brings along, as paths in the collection; the last one is its part of C(EDITED)."""
    for folder in ("plugins", "meta"):
        yield from sorted(
            path.relative_to(OVERLAY) for path in (OVERLAY / folder).rglob("*.*") if path.suffix != ".pyc"
        )


def apply(collection: pathlib.Path) -> None:
    """Add the cloud.

    :raises FileExistsError: one of its files is there already.
    """
    for path in files():
        source, target = OVERLAY / path, collection / path
        if path == EDITED:
            known, added = (file.read_text(encoding="utf-8").splitlines() for file in (target, source))
            target.write_text("\n".join(with_lines(known, added)) + "\n", encoding="utf-8")
        elif target.exists():
            raise FileExistsError(target)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shebang = _SHEBANG if path.parent == MODULES else ""
            target.write_text(shebang + source.read_text(encoding="utf-8"), encoding="utf-8")


def with_lines(known: list[str], added: list[str]) -> list[str]:
    """Add lines of YAML below the lines that both have, each at the end of its block."""
    blocks = _blocks(known)
    for head, *below in _blocks(added):
        twin = next((block for block in blocks if block[0] == head), None)
        if twin is not None:
            twin[1:] = with_lines(twin[1:], below)
        elif head and not head.startswith("#"):
            blocks.append([head, *below])
    return [line for block in blocks for line in block]


def _blocks(lines: list[str]) -> list[list[str]]:
    """Split lines into blocks: a line, and those below that are indented more. An empty line is a block."""
    blocks: list[list[str]] = []
    for line in lines:
        if blocks and line and _indentation(line) > _indentation(lines[0]):
            blocks[-1].append(line)
        else:
            blocks.append([line])
    return blocks


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())
