# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who runs many scopes as the guide says sees what it shows, and finds in the overview what it names."""

from __future__ import annotations

import json
import pathlib

import pytest
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import overview
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.docs.printed import (
    GUIDES,
    Reader,
    blocks,
    environment,
    literals,
    tables,
)

GUIDE = GUIDES / "accounts_and_machines.rst"
PLAN, APPLY = "Scopes", "Review and apply"


@pytest.mark.parametrize("headings", [(PLAN,), pytest.param((PLAN, APPLY), marks=pytest.mark.matrix)])
def test_scopes_are_planned_and_applied_as_is_shown(
    sim: Simulator, tmp_path: pathlib.Path, headings: tuple[str, ...]
) -> None:
    reader = Reader(tmp_path, environment(sim))
    for heading in headings:
        reader.follow(blocks(GUIDE, heading=heading))
    content = json.loads((tmp_path / "cleanup" / "index.json").read_text(encoding="utf-8"))
    assert set(literals(tables(GUIDE, ":file:`index.json`")[0])) == set(content)
    assert (content["success"], content["states"]["done"]) == (True, 2)
    changed = {call["network_interface_ids"][0].partition("-")[0] for call in sim.calls(write=True)}
    assert changed == ({"eni", "nic"} if APPLY in headings else set())


def test_nothing_of_the_guide_is_left_out() -> None:
    assert {block.heading for block in blocks(GUIDE)} == {PLAN, APPLY}


def test_every_state_of_a_scope_is_explained() -> None:
    assert literals(tables(GUIDE, ":file:`index.json`")[1]) == list(overview.STATES)
