# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing grows from item to item; ``make soak`` does far more of them."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import time

import pytest
from ansible_collections.edgecloud.nic.tests.campaign.soak import PARTS, Sample, judge, sample, soak

#: Tells after each item how many there were, and has something left of each.
_LEAKING = """
import os, socket, sys, threading, time
kept, over, told = [], threading.Event(), open(sys.argv[1], "wb", buffering=0)
leaks = {
    "nothing": lambda: None,
    "memory": lambda: kept.append(bytes(300)),
    "threads": lambda: threading.Thread(target=over.wait, daemon=True).start(),
    "sockets": lambda: kept.append(socket.socket()),
    "files": lambda: kept.append(os.dup(0)),
}
count = int(sys.argv[3])
for number in range(count + 1):
    os.pwrite(told.fileno(), b"%9d" % number, 0)
    leaks[sys.argv[2]]()
    if number % (count // 100) == 0:
        time.sleep(0.02)
"""


def samples_of(path: pathlib.Path, leak: str, items: int) -> list[Sample]:
    """Look at a process that has so many items, and something left of each."""
    samples = []
    told = path / "told"
    told.write_text("0", encoding="utf-8")
    with subprocess.Popen([sys.executable, "-c", _LEAKING, str(told), leak, str(items)]) as process:
        while process.poll() is None:
            samples.append(sample(process.pid, int(told.read_text(encoding="utf-8") or 0)))
            time.sleep(0.02)
    return [one for one in samples if one is not None]


@pytest.mark.parametrize(
    ("leak", "items"), [("nothing", 20_000), ("memory", 20_000), ("threads", 100), ("sockets", 100), ("files", 100)]
)
def test_what_is_left_of_each_item_is_found_and_nothing_else(tmp_path: pathlib.Path, leak: str, items: int) -> None:
    verdicts = judge(samples_of(tmp_path, leak, items))
    assert {one.what for one in verdicts} == {"memory", "threads", "sockets", "files"}
    grown = {one.what for one in verdicts if not one.flat}
    # Each thread has its stack.
    assert grown - {"memory"} == {leak} - {"memory", "nothing"}
    assert ("memory" in grown) == (leak == "memory") or leak == "threads"


def test_what_has_to_be_kept_of_each_item_may_be() -> None:
    samples = [Sample(items, {"memory": 50 * 2**20 + 2000 * items}) for items in range(0, 10_000, 10)]
    assert [one.flat for one in judge(samples)] == [False]
    assert [one.flat for one in judge(samples, bytes_per_item=2000)] == [True]


def test_too_few_samples_tell_nothing() -> None:
    assert judge([Sample(items, {"memory": 0}) for items in range(8)]) == []
    assert judge([]) == []


@pytest.mark.campaign
@pytest.mark.parametrize("part", PARTS)
def test_nothing_grows(part: str) -> None:
    row, flat = soak(part, small=True)
    assert flat, row
