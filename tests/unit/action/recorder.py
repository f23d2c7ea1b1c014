# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A callback that writes down whatever it is handed: results in one file, arguments of tasks in another.

The environment names the directory. The arguments come from ansible-core, whatever a module or an action does.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: recorder
type: aggregate
short_description: writes down whatever it is handed
description: Writes down whatever it is handed.
"""
RESULTS, ARGUMENTS = "callback-results.txt", "callback-arguments.txt"


def _write(name: str, *values: object) -> None:
    with open(os.path.join(os.environ["RECORDER_DIRECTORY"], name), "a", encoding="utf-8") as file:
        print(*values, file=file)


def _recorded(event: str) -> Callable[..., None]:
    def record(_self: CallbackBase, *values: Any, **named: Any) -> None:
        for value in (*values, *named.values()):
            fields = dict(getattr(value, "_task_fields", None) or {})
            _write(ARGUMENTS, event, fields.pop("args", None))
            parts = [
                fields,
                getattr(value, "_result", None),
                getattr(value, "args", None),
                getattr(value, "vars", None),
            ]
            # Statistics of the end, which set_stats adds to.
            _write(RESULTS, event, value, *parts, getattr(value, "custom", None))

    return record


class _Callback(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "recorder"
    CALLBACK_NEEDS_ENABLED = True


#: ansible-core calls only what is defined in a class of its own.
_EVENTS = {name: _recorded(name) for name in dir(CallbackBase) if name.startswith("v2_") and name != "v2_on_any"}
CallbackModule = type("CallbackModule", (_Callback,), _EVENTS)
