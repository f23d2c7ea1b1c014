# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notes how long each task took in ansible-core's own eyes, and the few parts of its result that are needed here."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: stopwatch
type: aggregate
short_description: Notes how long tasks take
description: Writes a line of JSON for each task to the file that the environment variable BENCHMARK_STOPWATCH names.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core has no types
    """Has to have this name."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "stopwatch"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._started = 0.0

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._started = time.monotonic()

    def v2_runner_on_ok(self, result: Any) -> None:
        self._note(result, failed=False)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._note(result, failed=True)

    def _note(self, result: Any, failed: bool) -> None:
        seconds = time.monotonic() - self._started
        returned = result.result
        items = returned.get("results", ())
        line = {
            "task": result.task.get_name(),
            "seconds": seconds,
            "changed": bool(returned.get("changed")),
            "failed": failed,
            "msg": returned.get("msg"),
            "items": [bool(item.get("changed")) for item in items if "ansible_loop_var" in item],
            "network_interfaces": len(returned.get("outcomes", ())),
            "summary": returned.get("summary"),
        }
        with open(os.environ["BENCHMARK_STOPWATCH"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
