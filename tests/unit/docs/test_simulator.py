# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who tests a playbook as the guide to the simulator says gets what it shows, and it names all that can be set."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import signal
import socket
import sys
from collections.abc import Iterator

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import settings, weather
from ansible_collections.edgecloud.nic.tests.unit.docs.printed import GUIDES, Reader, blocks, is_shown, literals, tables

GUIDE = GUIDES / "simulator.rst"
START, PLAYBOOK, JOB = "Start it", "A test of your playbook", "In continuous integration"
PORT = "8089"


@pytest.fixture
def reader(tmp_path: pathlib.Path) -> Iterator[Reader]:
    """A reader whose make starts the simulator from here, on a port that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    _get, exports, _use = blocks(GUIDE, "console", START)
    variables = dict(re.findall(r"(\w+)=(\S+)", exports.text.replace(PORT, port)))
    someone = Reader(tmp_path, variables, {PORT: port})
    module = "ansible_collections.edgecloud.nic.tests.simulator"
    someone.install("make", f'exec "{sys.executable}" -m {module} --port {port} --pid-file simulator.pid')
    try:
        yield someone
    finally:
        os.kill(int((tmp_path / "simulator.pid").read_text(encoding="utf-8")), signal.SIGTERM)


@pytest.mark.matrix
def test_a_playbook_is_tested_as_the_guide_says(reader: Reader) -> None:
    reader.follow(blocks(GUIDE, heading=PLAYBOOK))
    reader.follow(blocks(GUIDE, heading=JOB))
    (greeting,) = blocks(GUIDE, "ansible-output", START)
    log = (reader.directory / "simulator.log").read_text(encoding="utf-8")
    assert is_shown(greeting.text.replace(f":{PORT} ", ":… "), log)
    *_others, use = blocks(GUIDE, "console", START)
    reader.follow([use])
    assert '"network_interface_id": "nic-1"' in reader.output


def test_nothing_of_the_guide_is_left_out() -> None:
    assert {block.heading for block in blocks(GUIDE)} == {START, PLAYBOOK, JOB}


def test_every_setting_and_every_fault_is_explained() -> None:
    known = [field.name for field in dataclasses.fields(settings.Settings)]
    assert sorted(literals(tables(GUIDE, "\nSettings\n---")[0])) == sorted(known)
    assert sorted(literals(tables(GUIDE, "\nFaults\n---")[0])) == sorted(weather.FAULT_KINDS)
