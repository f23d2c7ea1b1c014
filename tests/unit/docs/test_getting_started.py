# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who does what the guide for beginners says has the collection, and sees what the guide shows."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.docs.printed import GUIDES, HERE, Reader, blocks

GUIDE = GUIDES / "getting_started.rst"
INSTALL = ("Install", "Without a network")
NO_REQUESTS = '"Failed to import the required Python library (requests)"'
SIMULATOR, LOOK, REMOVE, RETURNED, PLAY = (
    "Start the simulator",
    "Look",
    "Remove an address",
    "What a task returns",
    "The first play",
)
ADDRESS = "http://127.0.0.1:8089"
REPOSITORY = "https://github.com/edgecloud-nic/edgecloud.nic"


def test_nothing_of_the_guide_is_left_out() -> None:
    assert list(dict.fromkeys(block.heading for block in blocks(GUIDE))) == [
        *INSTALL,
        NO_REQUESTS,
        SIMULATOR,
        LOOK,
        REMOVE,
        RETURNED,
        PLAY,
    ]


def test_the_simulator_starts_where_the_guide_says() -> None:
    assert "--port 8089 " in (HERE / "Makefile").read_text(encoding="utf-8")


@pytest.mark.matrix
@pytest.mark.parametrize("heading", [pytest.param(INSTALL[0], marks=pytest.mark.matrix), INSTALL[1]])
def test_the_collection_is_installed_and_listed(tmp_path: pathlib.Path, heading: str) -> None:
    installed = tmp_path / "installed"
    # Nothing but what is installed here is to be found.
    settings = {"ANSIBLE_COLLECTIONS_PATH": str(installed), "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "0"}
    checkout = HERE.resolve().as_uri()
    reader = Reader(tmp_path, settings, {f"git+{REPOSITORY}": f"git+{checkout}", REPOSITORY: checkout})
    reader.follow(blocks(GUIDE, heading=heading))
    reader.run("ansible-doc --list edgecloud.nic")
    assert reader.output.count("edgecloud.nic.") == len(list((HERE / "plugins" / "modules").glob("*.py")))
    assert (installed / "ansible_collections" / "edgecloud" / "nic" / "MANIFEST.json").is_file()


def removed(sim: Simulator) -> list[list[str]]:
    return [call["private_ip_addresses"] for call in sim.calls(write=True)]


def test_a_removal_returns_what_is_shown(sim: Simulator, tmp_path: pathlib.Path) -> None:
    reader = Reader(tmp_path, {}, {ADDRESS: sim.url})
    reader.follow(
        [*blocks(GUIDE, heading=SIMULATOR), blocks(GUIDE, heading=REMOVE)[-1], *blocks(GUIDE, heading=RETURNED)]
    )
    assert removed(sim) == [["10.10.1.11"]]


@pytest.mark.matrix
def test_each_command_shows_what_is_printed_and_removes_what_it_names(sim: Simulator, tmp_path: pathlib.Path) -> None:
    reader = Reader(tmp_path, {}, {ADDRESS: sim.url})
    for heading in (NO_REQUESTS, SIMULATOR, LOOK):
        reader.follow(blocks(GUIDE, heading=heading))
    *tried, removal = blocks(GUIDE, heading=REMOVE)
    reader.follow(tried, may_fail=True)
    assert removed(sim) == []
    reader.follow([removal, *blocks(GUIDE, heading=RETURNED), *blocks(GUIDE, heading=PLAY)])
    assert removed(sim) == [["10.10.1.11"], ["10.30.1.11", "10.30.1.13"]]
