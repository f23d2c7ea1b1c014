# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who follows the guide to bulk cleanups sees what it shows, and finds in the records what it names."""

from __future__ import annotations

import json
import pathlib

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.docs.printed import (
    GUIDES,
    Reader,
    blocks,
    environment,
    literals,
    tables,
)

GUIDE = GUIDES / "safe_bulk_cleanup.rst"
#: What is followed. All else is parts of files, and what the role shows of other estates.
TASKS, ROLE = "In tasks", "With a reviewer"


def follow(sim: Simulator, directory: pathlib.Path, heading: str) -> list[tuple[str, list[str]]]:
    """Do what is below a heading; give the addresses of each call that changed something."""
    Reader(directory, environment(sim)).follow(blocks(GUIDE, heading=heading))
    return [(call["network_interface_ids"][0], call["private_ip_addresses"]) for call in sim.calls(write=True)]


def test_every_command_and_play_is_in_a_step() -> None:
    assert {b.heading for b in blocks(GUIDE) if b.language in ("console", "yaml+jinja")} == {TASKS, ROLE}


def test_tasks_show_what_is_printed_and_remove_what_they_planned(sim: Simulator, tmp_path: pathlib.Path) -> None:
    assert sorted(follow(sim, tmp_path, TASKS)) == [
        ("eni-hangzhou-web-1", ["10.10.1.11", "10.10.1.12"]),
        ("eni-hangzhou-web-2", ["10.10.1.23"]),
    ]


@pytest.mark.matrix
def test_the_role_shows_what_is_printed_and_its_records_have_what_is_named(
    sim: Simulator, tmp_path: pathlib.Path
) -> None:
    before = sim.addresses("nic-hongkong-game-1")
    # Removed, and put back.
    assert follow(sim, tmp_path, ROLE) == [("nic-hongkong-game-1", ["10.30.1.11", "10.30.1.12"])] * 2
    primary, secondary = sim.addresses("nic-hongkong-game-1")
    assert (primary, sorted(secondary)) == before
    for name, heading in (("report.json", "Reports\n"), ("plan.json", "The plan file:\n")):
        content = json.loads((tmp_path / "cleanup" / name).read_text(encoding="utf-8"))
        assert set(literals(tables(GUIDE, heading)[0])) == set(content), name
