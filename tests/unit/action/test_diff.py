# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With C(--diff), everybody sees what changes, in loops as well: ansible-core's default callback shows it."""

from __future__ import annotations

import itertools
import pathlib
import re
from typing import Any, NamedTuple

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import WAYS, play
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS

#: A task for one network interface and one for many, each with two items that have something to remove.
LOOPS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "ens_private_ip": (
        {"network_interface_id": "{{ item }}", "all_secondary": True, "state": "absent"},
        ["eni-hangzhou-web-1", "eni-hangzhou-web-2"],
    ),
    "zec_private_ip_cleanup": (
        {"network_interface_ids": ["{{ item }}"], "eip_protects": "address"},
        ["nic-hongkong-game-1", "nic-hongkong-game-2"],
    ),
}


class ShownDiff(NamedTuple):
    """Lines of a diff by their sign."""

    removed: str
    added: str
    same: str


def shown_diffs(output: str) -> list[ShownDiff]:
    diffs = []
    for part in output.split("--- before\n+++ after\n")[1:]:
        lines = list(itertools.takewhile(lambda line: line[:1] in ("@", " ", "-", "+"), part.splitlines()))
        diffs.append(
            ShownDiff(*("\n".join(line for line in lines if line.startswith(sign)) for sign in ("-", "+", " ")))
        )
    return diffs


def addresses(text: str) -> set[str]:
    return set(re.findall(r'"(\d+\.\d+\.\d+\.\d+)"', text))


@pytest.mark.matrix
@WAYS
def test_a_loop_shows_the_diff_of_every_item(sim: Simulator, here: bool, tmp_path: pathlib.Path) -> None:
    tasks = [
        {"name": f"{module} {mode}", f"edgecloud.nic.{module}": options, "loop": nics, "check_mode": mode == "check"}
        for mode in ("check", "change", "again")
        for module, (options, nics) in LOOPS.items()
    ]
    before = {nic: set(sim.addresses(nic)[1]) for _options, nics in LOOPS.values() for nic in nics}
    switches = {"edgecloud_nic_in_process": here, "edgecloud_nic_in_process_cleanup": here}
    done = play(tmp_path, tasks, {cloud: {"endpoint": sim.url, **sim.account(cloud)} for cloud in CLOUDS}, switches)
    for module, (_options, nics) in LOOPS.items():
        for mode in ("check", "change"):
            name = f"{module} {mode}"
            assert done.ran_in_a_process_of_its_own(name) is not here
            diffs = shown_diffs(done.shown()[name])
            assert len(diffs) == len(nics), done.shown()[name]
            for nic, diff in zip(nics, diffs, strict=True):
                after = set(sim.addresses(nic)[1])
                # A line may come again without its comma.
                assert addresses(diff.removed) - addresses(diff.added) == before[nic] - after != set()
                assert addresses(diff.added + diff.same) == after
                assert f'"{nic}": ' in diff.added + diff.same
        assert shown_diffs(done.shown()[f"{module} again"]) == []
