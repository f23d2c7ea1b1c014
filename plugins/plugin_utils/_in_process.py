# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module of this collection in the worker process of ansible-core instead of in a process of its own.

A module process costs about half a second before its first API call, and tasks are looped over. The module's own code
runs here, with the same options going in and the same JSON coming out, so nobody can tell the difference but by the
clock. Whenever a task asks for anything that only a process of its own can give, it gets one.
"""

from __future__ import annotations

import contextlib
import copy
import importlib.util
import inspect
import io
import json
import os
import sys
import typing as t

from ansible import constants
from ansible.module_utils import basic
from ansible.module_utils.common import warnings as module_warnings
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.vars.clean import remove_internal_keys
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.control import RunControl
from ansible_collections.edgecloud.nic.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.edgecloud.nic.plugins.module_utils._http.session import HttpSession, HttpSettings
from ansible_collections.edgecloud.nic.plugins.module_utils._module import ModuleDefinition, run_module

try:
    from ansible.module_utils.common.json import Direction, get_module_encoder

    _ENCODING: dict[str, t.Any] = {"cls": get_module_encoder("legacy", Direction.CONTROLLER_TO_MODULE)}
except ImportError:  # ansible-core 2.18
    from ansible.module_utils.common.json import AnsibleJSONEncoder

    _ENCODING = {"cls": AnsibleJSONEncoder, "vault_to_text": True}

#: How ansible-core exchanges data with modules; it encodes the options, and decodes the result, in this way.
_PROFILE = "legacy"
_ANY_INTERPRETER = ("auto", "auto_silent", "auto_legacy", "auto_legacy_silent")
_HAS_REQUESTS = importlib.util.find_spec("requests") is not None

#: The connections of this worker process, so that the items of a loop share them.
_sessions: dict[tuple[Endpoint, HttpSettings], HttpSession] = {}


def _session(endpoint: Endpoint, settings: HttpSettings) -> HttpSession:
    key = (endpoint, settings)
    if key not in _sessions:
        _sessions[key] = HttpSession(endpoint, settings)
    return _sessions[key]


def _leave_signals(control: RunControl) -> None:
    """Signals to the worker are ansible-core's business."""


class InProcessAction(NormalAction):
    """The normal action of ansible-core, but for where the module runs."""

    definition: t.ClassVar[ModuleDefinition]
    #: The variable that says whether the module may run here, and what it is where nobody sets it.
    switch: t.ClassVar[str] = "edgecloud_nic_in_process"
    switched_on: t.ClassVar[bool] = True

    def _execute_module(self, *args: t.Any, **kwargs: t.Any) -> dict[str, t.Any]:
        task_vars = kwargs.get("task_vars") or {}
        if kwargs.get("wrap_async") or not self._may_run_here(task_vars):
            return t.cast("dict[str, t.Any]", super()._execute_module(*args, **kwargs))
        return self._run_here(task_vars)

    def _may_run_here(self, task_vars: dict[str, t.Any]) -> bool:
        """Tell whether the task asks for nothing that this process cannot give."""
        return (
            _HAS_REQUESTS
            and self._connection.transport == "local"
            and not self._task.async_val
            and not self._play_context.become
            and boolean(self._templar.template(task_vars.get(self.switch, self.switched_on)), strict=False)
            and not self._has_environment()
            and not self._wants_other_interpreter(task_vars)
            and self.get_shell_option("remote_tmp", default="~/.ansible/tmp") == "~/.ansible/tmp"
        )

    def _has_environment(self) -> bool:
        environment: dict[str, t.Any] = {}
        self._compute_environment_string(environment)
        return bool(environment)

    def _wants_other_interpreter(self, task_vars: dict[str, t.Any]) -> bool:
        if self._task.delegate_to:
            task_vars = task_vars.get("ansible_delegated_vars", {}).get(self._task.delegate_to, {})
        wanted = constants.config.get_config_value("INTERPRETER_PYTHON", variables=task_vars)
        interpreter = self._templar.template(wanted)
        # Links are not followed: the interpreter of a virtual environment is one, and has other libraries.
        return interpreter not in _ANY_INTERPRETER and os.path.abspath(str(interpreter)) != os.path.abspath(
            sys.executable
        )

    def _run_here(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        module_args = copy.deepcopy(self._task.args)
        self._update_module_args(self._task.action, module_args, task_vars)
        _give_to_module({"ANSIBLE_MODULE_ARGS": module_args})
        output = io.StringIO()
        returncode: t.Any = 0
        with contextlib.redirect_stdout(output):
            try:
                run_module(self.definition, on_start=_leave_signals, open_session=_session)
            except SystemExit as end:
                returncode = end.code
        printed = {"stdout": output.getvalue(), "stderr": "", "rc": returncode}
        parse = self._parse_returned_data
        # ansible-core 2.18 has but one way to decode a result.
        has_profile = "profile" in inspect.signature(parse).parameters
        result: dict[str, t.Any] = parse(printed, _PROFILE) if has_profile else parse(printed)
        remove_internal_keys(result)
        return result


def _give_to_module(arguments: dict[str, t.Any]) -> None:
    """Put the arguments where a module finds them, in the very form in which its process would get them."""
    basic._ANSIBLE_ARGS = json.dumps(arguments, **_ENCODING).encode()
    basic._ANSIBLE_PROFILE = _PROFILE
    # Up to ansible-core 2.18, warnings of the item before would be in the result of this one.
    module_warnings._global_warnings.clear()
