# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs ansible and the peers as commands of their own, and measures them from outside and inside."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .stage import ACCOUNTS, TOKEN, Stage

HERE = Path(__file__).parent
PACKAGE = "ansible_collections.edgecloud.nic.tests.benchmark"
#: Seconds that nothing here takes unless it says so; a command that hangs must not hold up the rest.
LIMIT = 300


class WrongRunError(Exception):
    """A run that is wrong, not slow; its times mean nothing."""


def expect(right: bool, otherwise: str) -> None:
    """
    :raises WrongRunError: what must hold however slow the machine is does not hold.
    """
    if not right:
        raise WrongRunError(otherwise)


def _tool(name: str) -> str:
    """Find a command next to the Python that runs this."""
    return str(Path(sys.executable).parent / name)


@dataclass
class Task:
    """One task of a playbook.

    :param seconds: from its start to its result, as ansible-core saw it.
    :param items: of a loop: whether each item changed something.
    :param network_interfaces: how many entries the result of a cleanup has.
    """

    task: str
    seconds: float
    changed: bool
    failed: bool
    msg: str | None
    items: list[bool]
    network_interfaces: int
    summary: dict[str, Any]


@dataclass
class PlaybookRun:
    """
    :param seconds: the whole command.
    :param output: what it printed.
    """

    seconds: float
    tasks: list[Task]
    output: str


class Commands:
    """:param scratch: where they may leave files, and their home."""

    def __init__(self, stage: Stage, scratch: Path) -> None:
        self._stage = stage
        self._scratch = scratch
        self._stopwatch = scratch / "stopwatch"
        self._taken = scratch / "taken"
        self._no_settings = scratch / "ansible.cfg"
        self._no_settings.touch()

    def playbook(
        self, name: str, *options: str, measured: str | None = None, limit: float = LIMIT, **variables: Any
    ) -> PlaybookRun:
        """Run one of the playbooks; its tasks may fail.

        :param name: of a playbook of this benchmark, or with dots of one of a collection.
        :param options: of the command.
        :param measured: C(module) or C(command): measure what its process, or those of all the command, take, see
            C(taken()).
        :param limit: seconds that it may take.
        """
        self._stopwatch.unlink(missing_ok=True)
        python = self._measuring_python() if measured == "module" else sys.executable
        variables = {"endpoint": self._stage.url, "ansible_python_interpreter": python, **variables}
        playbook = name if "." in name else str(HERE / "playbooks" / f"{name}.yml")
        command = [_tool("ansible-playbook"), playbook, *options, "--extra-vars", json.dumps(variables)]
        if measured == "command":
            command = [*self._measuring, *command]
        seconds, output = self._run(command, may_fail=True, limit=limit)
        lines = self._stopwatch.read_text(encoding="utf-8").splitlines() if self._stopwatch.exists() else []
        return PlaybookRun(seconds, [Task(**json.loads(line)) for line in lines], output)

    def ad_hoc(self, module: str, arguments: dict[str, Any]) -> float:
        """Run a module on localhost as on a command line; gives the seconds of the whole command."""
        return self._run([_tool("ansible"), "localhost", "-m", module, "-a", json.dumps(arguments)])[0]

    def peer(self, name: str, cloud: str, count: int, width: int = 1) -> tuple[float, float]:
        """Run a peer; gives the seconds of the whole command and its own, those of its imports left out."""
        command = [sys.executable, "-m", f"{PACKAGE}.peers.{name}"]
        options = [f"--cloud={cloud}", f"--endpoint={self._stage.host_port}", f"--count={count}", f"--width={width}"]
        seconds, output = self._run([*command, *options])
        return seconds, float(output)

    def taken(self) -> dict[str, float]:
        """Tell what was measured of the last measured playbook, see C(memory.py)."""
        taken: dict[str, float] = json.loads(self._taken.read_text(encoding="utf-8"))
        return taken

    @property
    def _measuring(self) -> list[str]:
        return [sys.executable, str(HERE / "memory.py"), str(self._taken)]

    def _measuring_python(self) -> str:
        script = self._scratch / "measuring-python"
        script.write_text(f'#!/bin/sh\nexec {shlex.join(self._measuring)} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
        return str(script)

    def _run(self, command: list[str], may_fail: bool = False, limit: float = LIMIT) -> tuple[float, str]:
        started = time.monotonic()
        try:
            run = subprocess.run(
                command,
                cwd=self._scratch,
                env=self._environment(),
                capture_output=True,
                text=True,
                timeout=limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise WrongRunError(f"{shlex.join(command)}: did not end within {limit:g} s") from None
        seconds = time.monotonic() - started
        if run.returncode and not may_fail:
            raise WrongRunError(f"{shlex.join(command)}: {(run.stdout + run.stderr).strip()}")
        return seconds, run.stdout + (run.stderr if may_fail else "")

    def _environment(self) -> dict[str, str]:
        """Make an environment in which only this benchmark's settings and credentials count."""
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG", "LC_ALL") if name in os.environ}
        return {
            "LC_ALL": "C.UTF-8",
            **kept,
            "HOME": str(self._scratch),
            "ANSIBLE_CONFIG": str(self._no_settings),
            "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"],
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "stopwatch",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "BENCHMARK_STOPWATCH": str(self._stopwatch),
            "ENS_ENDPOINT": self._stage.url,
            "ZENLAYER_ENDPOINT": self._stage.url,
            "ALIBABA_CLOUD_ACCESS_KEY_ID": ACCOUNTS["ens"][0],
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ACCOUNTS["ens"][1],
            "ZENLAYERCLOUD_ACCESS_KEY_ID": ACCOUNTS["zec"][0],
            "ZENLAYERCLOUD_ACCESS_KEY_PASSWORD": ACCOUNTS["zec"][1],
            "BENCHMARK_BEARER_TOKEN": TOKEN,
        }
