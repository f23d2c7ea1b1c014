# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process that carries out tasks of the collection, and does it in far less time than a playbook has one done."""

from __future__ import annotations

import json
import pathlib
import select
import subprocess
import sys
from types import TracebackType
from typing import Any, NamedTuple

from ansible_collections.edgecloud.nic.tests.unit.action.playbook import settings

_SCRIPT = pathlib.Path(__file__).with_name("acting.py")
#: Seconds after which something hangs, also on a machine that is busy with other things.
_PATIENCE = 300
_PREFIX = "private_ip_cleanup_"


class Told(NamedTuple):
    """What came of tasks.

    :param result: of the last one.
    :param traceback: of what no task may raise.
    :param shown: what was shown meanwhile.
    """

    result: dict[str, Any]
    traceback: str | None
    shown: str


class Worker:
    """
    :param directory: where it works, and where its playbook would be.
    :param behaviours: names of old ones of the role that it has.
    """

    def __init__(self, directory: pathlib.Path, *behaviours: str) -> None:
        self.directory = directory
        self._process = subprocess.Popen(
            [sys.executable, str(_SCRIPT), *behaviours],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=directory,
            env=settings(directory, NO_PROXY="*"),
        )
        self.pid = self._process.pid

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def act(self, *tasks: dict[str, Any]) -> Told:
        """Carry out tasks, of which the first that fails is the last one.

        :param tasks: each with its C(action), the full name of a module, C(arguments) and C(variables).
        :raises TimeoutError: nothing came of them for too long; the process is ended.
        :raises ChildProcessError: the process has ended.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        tasks_here = [{"variables": {}, "directory": str(self.directory), **task} for task in tasks]
        print(json.dumps(tasks_here), file=self._process.stdin, flush=True)
        if not select.select([self._process.stdout], [], [], _PATIENCE)[0]:
            self.close()
            raise TimeoutError(f"nothing came of it within {_PATIENCE} s")
        line = self._process.stdout.readline()
        if not line:
            raise ChildProcessError(f"the process ended with {self._process.wait()}")
        return Told(**json.loads(line))

    def act_role(self, options: dict[str, Any], variables: dict[str, Any]) -> Told:
        """Carry out those tasks of the role that do all of its work.

        :param options: what C(module_defaults) say.
        :param variables: those of the role, without their prefix.
        """
        given = {f"{_PREFIX}{name}": value for name, value in variables.items()}
        names = {f"{_PREFIX}variables": list(given)}
        given["edgecloud_nic_in_process_cleanup"] = True
        return self.act(
            {"action": "edgecloud.nic.__init__", "arguments": names, "variables": given},
            {
                "action": f"edgecloud.nic.{variables.get('provider')}_private_ip_cleanup",
                "arguments": {**options, **names},
                "variables": given,
            },
        )
