# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide to speed and limits shows what a cleanup calls, and its figures are those that were measured."""

from __future__ import annotations

import pathlib
import re

from ansible_collections.edgecloud.nic.tests.benchmark import __main__ as benchmark
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.docs.printed import GUIDES, HERE, Reader, blocks, environment, tables

GUIDE, PAGE = GUIDES / "speed_and_limits.rst", GUIDES / "benchmark.rst"
RESULTS = HERE / "tests" / "benchmark" / "RESULTS.md"


def test_a_cleanup_makes_the_calls_that_are_shown(sim: Simulator, tmp_path: pathlib.Path) -> None:
    Reader(tmp_path, environment(sim)).follow(blocks(GUIDE))
    assert [call["private_ip_addresses"] for call in sim.calls(write=True)] == [
        ["10.30.1.11", "10.30.1.12", "10.30.1.13"]
    ]


def test_the_page_of_the_benchmark_has_what_was_measured() -> None:
    # python -m ansible_collections.edgecloud.nic.tests.benchmark --guide writes it.
    assert PAGE.read_text(encoding="utf-8") == benchmark.guide_page()


def test_the_page_of_the_benchmark_has_every_row_and_cell() -> None:
    results = RESULTS.read_text(encoding="utf-8")
    lines = re.findall(r"^\| (.*) \|$", results, re.M)
    rows = [[cell.strip() for cell in line.split(" | ")] for line in lines if line.strip("-| ")]
    assert [row for table in tables(PAGE) for row in table] == rows
