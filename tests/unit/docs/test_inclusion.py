# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the page for distributors says: that its evidence is there, and which versions the documentation names."""

from __future__ import annotations

import re

import yaml
from ansible_collections.edgecloud.nic.tests.unit.docs.printed import HERE


def test_files_and_commands_exist() -> None:
    named = set(re.findall(r"`([^`]+)`", (HERE / "docs" / "inclusion.md").read_text(encoding="utf-8")))
    targets = set(re.findall(r"^([a-z-]+):", (HERE / "Makefile").read_text(encoding="utf-8"), re.M))
    commands = {name for name in named if name.startswith("make ")}
    files = {name for name in named if re.search(r"/|\.(md|yml|toml|py)$", name)}
    assert len(commands) > 5 and {name.removeprefix("make ") for name in commands} <= targets
    assert len(files) > 10 and [name for name in sorted(files) if not (HERE / name).exists()] == []


def test_everything_was_added_by_this_version_or_an_earlier_one() -> None:
    current = yaml.safe_load((HERE / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    files = [*HERE.glob("plugins/**/*.py"), *HERE.glob("roles/*/meta/argument_specs.yml")]
    added = {
        (path.name, found)
        for path in files
        for found in re.findall(r"version_added: *(\S+)", path.read_text(encoding="utf-8"))
    }
    assert {name for name, _version in added} >= {path.name for path in HERE.glob("plugins/modules/*.py")}
    later = [(name, version) for name, version in added if numbers(version) > numbers(current)]
    assert later == []


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
