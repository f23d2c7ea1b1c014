# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs real playbooks against the simulator, and tells where their modules ran."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.edgecloud.nic.plugins.modules import ens_private_ip
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS

assert ens_private_ip.__file__ is not None
COLLECTIONS = pathlib.Path(ens_private_ip.__file__).parents[5]
#: ansible-test brings ansible-core along on it.
PYTHONPATH = os.pathsep.join([str(COLLECTIONS), *filter(None, sys.path)])
#: Whether a task runs in ansible-core's worker.
WAYS = pytest.mark.parametrize(
    "here", [pytest.param(True, id="in the worker"), pytest.param(False, id="as a process", marks=pytest.mark.matrix)]
)
PLAYBOOK = (sys.executable, "-m", "ansible", "playbook")
_ID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_TIMES = re.compile(r'"(start|end|delta)": "[^"]*"')
#: What ansible-core says about how it starts a module, which is what the two ways differ in.
_MECHANICS = re.compile(r"^(<\S+> |Using module file |Pipelining is enabled|task path: |redirecting )")


@dataclasses.dataclass
class Play:
    """What came of a playbook: results by task name, and what was shown."""

    results: dict[str, Any]
    output: str
    returncode: int

    def shown(self) -> dict[str, str]:
        """Give what was shown of each task, by its name, without the mechanics of how a module is started."""
        parts = re.split(r"^TASK \[(.*?)\] \**$", self.output, flags=re.MULTILINE)
        return dict(zip(parts[1::2], parts[2::2], strict=True))

    def ran_in_a_process_of_its_own(self, task: str) -> bool:
        return "Using module file" in self.shown()[task]

    def told(self, task: str) -> str:
        """Give what was shown of a task, made comparable: without ids that each call has of its own, and times."""
        lines = [line for line in self.shown()[task].splitlines() if not _MECHANICS.match(line)]
        return comparable("\n".join(lines))


def defaults(sim: Simulator, endpoint: str | None = None) -> dict[str, Any]:
    """Give what all tasks of each cloud have in common: where it is, and how to get in."""
    common = {"endpoint": endpoint or sim.url, "retry_max_delay": 0.05, "max_retries": 1}
    return {cloud: {**common, **sim.account(cloud)} for cloud in CLOUDS}


def comparable(text: str) -> str:
    return _TIMES.sub("", _ID.sub("an-id", text))


def settings(directory: pathlib.Path, **environment: str) -> dict[str, str]:
    """Give the environment of a run of ansible-core that finds nothing of the machine's settings."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
        "PYTHONPATH": PYTHONPATH,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_HOME": str(directory / "ansible"),
        "ANSIBLE_NOCOLOR": "1",
        # From 2.21 on, ansible-core leaves it out unless it is asked.
        "ANSIBLE_INJECT_INVOCATION": "1",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
        "ANSIBLE_ASYNC_DIR": str(directory / "async"),
        "HOME": str(directory),
        **environment,
    }


def play(
    directory: pathlib.Path,
    tasks: list[dict[str, Any]],
    defaults: dict[str, Any],
    extra_vars: dict[str, Any] | None = None,
    **environment: str,
) -> Play:
    """Run these tasks on localhost, and go on after failures.

    :param defaults: options of all modules of each cloud.
    """
    directory.mkdir(parents=True, exist_ok=True)
    report = directory / "results.json"
    names = [task["name"] for task in tasks]
    assert len(set(names)) == len(names)
    report.unlink(missing_ok=True)
    for number, task in enumerate(tasks):
        task.setdefault("ignore_errors", True)
        task.setdefault("ignore_unreachable", True)
        task["register"] = f"result_{number}"
    dump = {
        "name": "Write the results down",
        "ansible.builtin.copy": {
            "content": "{{ {"
            + ", ".join(f"'{name}': result_{number}" for number, name in enumerate(names))
            + "} | to_json }}",
            "dest": str(report),
            "mode": "0600",
        },
    }
    groups = {f"group/edgecloud.nic.{cloud}": options for cloud, options in defaults.items()}
    playbook = [
        {"hosts": "localhost", "gather_facts": False, "module_defaults": groups, "tasks": [*tasks, dump]},
    ]
    file = directory / "playbook.yml"
    file.write_text(yaml.safe_dump(playbook, sort_keys=False), encoding="utf-8")
    done = subprocess.run(
        [*PLAYBOOK, "-vvv", "--diff", "--extra-vars", json.dumps(extra_vars or {}), str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        # Not where the playbook is: relative paths are to be found from there all the same.
        cwd=directory.parent,
        env=settings(directory, **environment),
    )
    assert report.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    return Play(json.loads(report.read_text(encoding="utf-8")), done.stdout + done.stderr, done.returncode)


def run(
    directory: pathlib.Path,
    hosts: dict[str, dict[str, Any]],
    *options: str,
    playbook: str = "edgecloud.nic.preflight",
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Run a playbook of the collection over these scopes."""
    inventory = directory / "scopes.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}, sort_keys=False), encoding="utf-8")
    return subprocess.run(
        [*PLAYBOOK, "-i", str(inventory), *options, playbook],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        cwd=directory,
        env=settings(directory, **environment),
    )


def scope(sim: Simulator, cloud: str, **more: Any) -> dict[str, Any]:
    connection = {"endpoint": sim.url, "max_retries": 1, "retry_max_delay": 0.05, **sim.account(cloud)}
    return {"private_ip_cleanup_provider": cloud, "cleanup_connection": {**connection, **more}}


def job(
    directory: pathlib.Path,
    hosts: dict[str, dict[str, Any]],
    playbook: str,
    extra_vars: dict[str, Any] | None = None,
) -> Any:
    """Run a playbook as automation controller does, by ansible-runner; returns what that returns, once it has ended."""
    runner = pytest.importorskip("ansible_runner")
    directory.mkdir()
    inventory = directory / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
    variables = settings(directory)
    return runner.run(
        private_data_dir=str(directory),
        playbook=playbook,
        inventory=str(inventory),
        extravars=extra_vars or {},
        envvars={**variables, "PATH": f"{pathlib.Path(sys.executable).parent}:{variables['PATH']}"},
        quiet=True,
        rotate_artifacts=0,
    )


def written_to(sim: Simulator) -> list[str]:
    """Give the network interfaces that were written to, in order."""
    return [call["network_interface_ids"][0] for call in sim.calls(write=True)]


@contextlib.contextmanager
def started(directory: pathlib.Path, variables: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    """Start the playbook.yml of a directory, in a session of its own; what it shows goes to output.txt there."""
    with (directory / "output.txt").open("wb") as output:
        playbook = subprocess.Popen(
            [*PLAYBOOK, "-e", json.dumps(variables), "playbook.yml"],
            cwd=directory,
            env=settings(directory),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield playbook
    finally:
        playbook.kill()
        playbook.wait()
