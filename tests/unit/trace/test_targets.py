# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the integration targets check their traces with finds what is wrong."""

from __future__ import annotations

import pathlib
import runpy

from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import Scene
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS

TARGETS = pathlib.Path(__file__).parents[2] / "integration" / "targets"
CHECK = TARGETS / "setup_simulator" / "files" / "check_traces.py"


def check(directory: pathlib.Path, sim: Simulator, killed: int = 0) -> str:
    """Give what is wrong with the traces in a directory."""
    problems: list[str] = runpy.run_path(str(CHECK))["problems"](directory, sim.url, killed)
    return "\n".join(problems)


def test_the_check_finds_a_missing_call_an_unfinished_run_and_a_secret(sim: Simulator, tmp_path: pathlib.Path) -> None:
    assert "no call was traced" in check(tmp_path, sim)
    for name in ("here", "there/further"):
        trace = tmp_path / name / "trace.jsonl"
        trace.parent.mkdir(parents=True)
        Scene(sim, CLOUDS["ens"]).all(trace=str(trace))
    assert check(tmp_path, sim) == ""
    whole = trace.read_text(encoding="utf-8")
    trace.write_text(whole.replace("DescribeHaVips", "DescribeHosts", 1), encoding="utf-8")
    assert "traced, and not logged: {'DescribeHosts': 1}\nlogged, and not traced: {'DescribeHa" in check(tmp_path, sim)
    trace.write_text("\n".join(whole.splitlines()[:-3]), encoding="utf-8")
    assert "logged, and not traced" in check(tmp_path, sim)
    assert "2 runs began, and 1 ended" in check(tmp_path, sim)
    assert check(tmp_path, sim, killed=2) == ""
    trace.write_text(f"{whole}{sim.account('ens')['access_key_secret'].encode().hex()}", encoding="utf-8")
    assert "further/trace.jsonl has a secret" in check(tmp_path, sim, killed=2)
