# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ends ansible-playbook, or a task, ends the writes at once, in the worker as well as in a process."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
import yaml
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import PLAYBOOK, WAYS, settings
from ansible_collections.edgecloud.nic.tests.unit.action.processes import alive, family, wait_until

NICS = 60
TIMEOUT = 5
#: Starts ansible-playbook as a terminal does, or as nohup does: what is ignored here is ignored there.
START = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL);"
    "signal.signal(signal.SIGHUP, getattr(signal, sys.argv[1])); os.execv(sys.argv[2], sys.argv[2:])"
)


class Run:
    """A run of ansible-playbook whose task cleans up sixty network interfaces, two at a time, for seconds."""

    def __init__(
        self,
        sim: Simulator,
        directory: pathlib.Path,
        here: bool,
        hangup: str = "SIG_DFL",
        latency: float = 0.15,
        **task: Any,
    ):
        self.sim = sim
        self.journal = directory / "journal.jsonl"
        self.result = directory / "result.json"
        sim.load(
            {
                "zec": {"generate": {"network_interfaces": NICS, "secondary_private_ips": 2}},
                "settings": {"latency": latency},
            }
        )
        self.before = self._everything()
        cleanup = {
            "edgecloud.nic.zec_private_ip_cleanup": {
                "all_network_interfaces": True,
                "concurrency": 2,
                "in_use_check": False,
                "timeout": TIMEOUT,
                "max_unassign": 1000,
                "journal": str(self.journal),
                "endpoint": sim.url,
                **sim.account("zec"),
            },
            "register": "result",
            "ignore_errors": True,
            "vars": {"edgecloud_nic_in_process_cleanup": here},
            **task,
        }
        dump = {"ansible.builtin.copy": {"content": "{{ result | to_json }}", "dest": str(self.result), "mode": "0600"}}
        playbook = directory / "playbook.yml"
        playbook.write_text(
            yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [cleanup, dump]}]), encoding="utf-8"
        )
        with (directory / "output.txt").open("w", encoding="utf-8") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", START, hangup, *PLAYBOOK, str(playbook)],
                stdout=output,
                stderr=output,
                cwd=directory,
                env=settings(directory),
                start_new_session=True,
            )

    def _everything(self) -> set[tuple[str, str]]:
        nics = self.sim.estate()["zec"]["network_interfaces"]
        return {(nic, address) for nic, entry in nics.items() for address in entry["secondary_private_ips"]}

    def writes(self) -> list[dict[str, Any]]:
        return self.sim.calls(write=True)

    def wait_for_writes(self, count: int = 6) -> None:
        wait_until(lambda: len(self.writes()) >= count, 60)

    def gone(self) -> set[tuple[str, str]]:
        """Give the addresses that are not there any more, once the cloud has carried out what it was sent."""
        wait_until(lambda: all(call["finished"] is not None for call in self.sim.calls()), 10)
        return self.before - self._everything()

    def journalled(self, event: str, field: str) -> set[tuple[str, str]]:
        return {
            (entry["network_interface_id"], address)
            for entry in self.entries()
            if entry["event"] == event
            for address in entry[field]
        }

    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.journal.read_text(encoding="utf-8").splitlines()]

    def check_that_it_stopped(self, at: float) -> None:
        """Check that no write was sent since then, but for those in flight, and that the journal tells the truth."""
        gone = self.gone()
        assert 0 < len(gone) < len(self.before)
        assert [call for call in self.writes() if call["started"] > at + 1] == []
        assert gone <= self.journalled("sent", "private_ip_addresses")
        assert self.journalled("settled", "unassigned") == gone
        assert self.entries()[-1]["event"] == "run_ended"


@WAYS
@pytest.mark.parametrize("name", ["SIGKILL", "SIGHUP", "SIGTERM", "SIGINT"])
def test_when_ansible_playbook_is_ended_nothing_more_is_written(
    sim: Simulator, tmp_path: pathlib.Path, name: str, here: bool
) -> None:
    run = Run(sim, tmp_path, here)
    run.wait_for_writes()
    processes = family(run.process.pid)
    assert len(processes) >= (2 if here else 3)
    run.process.send_signal(getattr(signal, name))
    at = time.time()
    wait_until(lambda: run.process.poll() is not None and not any(map(alive, processes)), TIMEOUT + 1)
    run.check_that_it_stopped(at)


@WAYS
def test_the_time_limit_of_a_task_ends_its_writes(sim: Simulator, tmp_path: pathlib.Path, here: bool) -> None:
    # Time enough for a process to begin on a slow machine, and not enough to be done.
    limit = 5 if here else 10
    run = Run(sim, tmp_path, here, latency=0.06 * limit, timeout=limit)
    run.wait_for_writes(1)
    wait_until(run.result.exists, 4 * limit)
    at = run.result.stat().st_mtime
    run.process.wait(10)
    wait_until(lambda: run.entries()[-1]["event"] == "run_ended", TIMEOUT)
    run.check_that_it_stopped(at)
    result = json.loads(run.result.read_text(encoding="utf-8"))
    assert result["failed"] is True
    if here:
        # Nothing is lost, since the run ends before the task does.
        assert result["changed"] is True
        assert result["msg"].startswith("interrupted")
        unassigned = {
            (entry["network_interface_id"], address) for entry in result["outcomes"] for address in entry["unassigned"]
        }
        assert unassigned == run.gone()
        assert result["summary"]["not_attempted"] == len(run.before) - len(unassigned)


@pytest.mark.matrix
@WAYS
def test_whoever_ignores_hangups_is_not_ended_by_one(sim: Simulator, tmp_path: pathlib.Path, here: bool) -> None:
    run = Run(sim, tmp_path, here, hangup="SIG_IGN")
    run.wait_for_writes()
    os.killpg(run.process.pid, signal.SIGHUP)
    assert run.process.wait(60) == 0
    assert len(run.gone()) == len(run.before)


@pytest.mark.matrix
def test_a_task_with_async_outlives_ansible_playbook(sim: Simulator, tmp_path: pathlib.Path) -> None:
    background: dict[str, Any] = {"async": 60, "poll": 0}
    run = Run(sim, tmp_path, False, **background)
    run.wait_for_writes()
    run.process.kill()
    run.process.wait(10)
    wait_until(lambda: run.entries()[-1]["event"] == "run_ended", 60)
    assert len(run.gone()) == len(run.before)
