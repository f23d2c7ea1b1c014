# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module of this collection in the worker process of ansible-core instead of in a process of its own.

A module process costs about half a second before its first API call, and tasks are looped over. The module's flow
runs here, with the same options going in and the same result coming out, so nobody can tell the difference but by the
clock. Whenever a task asks for anything that only a process of its own can give, or has options that are not valid, it
gets one.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import pkgutil
import signal
import sys
import threading
import typing as t

from ansible import constants
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.edgecloud.nic.plugins.module_utils._caller import Parent
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskReport
from ansible_collections.edgecloud.nic.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.edgecloud.nic.plugins.module_utils._http.session import HttpSession, HttpSettings
from ansible_collections.edgecloud.nic.plugins.module_utils._module import ModuleDefinition
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.settings import url_passwords
from ansible_collections.edgecloud.nic.plugins.module_utils._secrets import hide
from ansible_collections.edgecloud.nic.plugins.module_utils._stoppable import StoppableRun, deaf_threads

_MODULES = "ansible_collections.edgecloud.nic.plugins.modules"
_ANY_INTERPRETER = ("auto", "auto_silent", "auto_legacy", "auto_legacy_silent")
_HAS_REQUESTS = importlib.util.find_spec("requests") is not None
#: Seconds between two looks at whether ansible-playbook is still there, while a module runs as a process.
_LOOK = 0.5

Result = dict[str, t.Any]

#: The connections of this worker process, so that the items of a loop share them.
_sessions: dict[tuple[Endpoint, HttpSettings], HttpSession] = {}
#: Whether it was said why a task does not run here.
_said: list[bool] = []


def _import_modules() -> None:
    """Import the modules where ansible-core reads its actions: in the process from which it forks every worker.

    Otherwise each of them, one for every host and task, takes 50 ms for it.
    """
    for module in pkgutil.iter_modules(importlib.import_module(_MODULES).__path__):
        # A task with it says why it cannot be used.
        with contextlib.suppress(Exception):
            importlib.import_module(f"{_MODULES}.{module.name}")


_import_modules()


def _session(endpoint: Endpoint, settings: HttpSettings) -> HttpSession:
    key = (endpoint, settings)
    if key not in _sessions:
        _sessions[key] = HttpSession(endpoint, settings)
    return _sessions[key]


class InProcessAction(NormalAction):
    """The normal action of ansible-core, but for where the module runs."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        """Run the task and return its result."""
        task = None
        try:
            if self._may_run_here(task_vars or {}):
                task = self._prepare(task_vars or {})
        except Exception as error:
            # Nothing has begun. A module as a process needs nothing of what failed here.
            if not _said:
                _said.append(True)
                self._display.v(f"{self._task.action} runs as a process of its own: {type(error).__name__}: {error}")
        if task is not None:
            return task()
        with _end_with_the_parent():
            result: Result = super().run(tmp, task_vars)
        if not _shows_tracebacks(task_vars or {}) and "module_stdout" not in result:
            _drop_traces_of_a_process(result)
        return result

    def _may_run_here(self, task_vars: dict[str, t.Any]) -> bool:
        """Tell whether the task asks for nothing that this process cannot give."""
        is_cleanup = self._task.action.endswith("_cleanup")
        # A large cleanup has memory of its own; the role's batches are small and many.
        switch = "edgecloud_nic_in_process_cleanup" if is_cleanup else "edgecloud_nic_in_process"
        return (
            _HAS_REQUESTS
            and self._connection.transport == "local"
            and not self._task.async_val
            and not self._play_context.become
            and boolean(self._templar.template(task_vars.get(switch, not is_cleanup)), strict=False)
            and not self._has_environment()
            and not self._wants_other_interpreter(task_vars)
            and self.get_shell_option("remote_tmp", default="~/.ansible/tmp") == "~/.ansible/tmp"
            and not _shows_tracebacks(task_vars)
        )

    def _has_environment(self) -> bool:
        environment = self._task.environment or []
        return any(environment if isinstance(environment, list) else [environment])

    def _wants_other_interpreter(self, task_vars: dict[str, t.Any]) -> bool:
        if self._task.delegate_to:
            task_vars = task_vars.get("ansible_delegated_vars", {}).get(self._task.delegate_to, {})
        wanted = constants.config.get_config_value("INTERPRETER_PYTHON", variables=task_vars)
        interpreter = self._templar.template(wanted)
        # Links are not followed: the interpreter of a virtual environment is one, and has other libraries.
        return interpreter not in _ANY_INTERPRETER and os.path.abspath(str(interpreter)) != os.path.abspath(
            sys.executable
        )

    def _prepare(self, task_vars: dict[str, t.Any]) -> t.Callable[[], Result] | None:
        """Return a function that runs the task; None where its options need the words of the module itself."""
        name = self._task.action.rpartition(".")[2]
        definition: ModuleDefinition = importlib.import_module(f"{_MODULES}.{name}").DEFINITION
        given = _plain(self._task.args)
        if given is None or _has_twins(definition.argument_spec, given):
            return None
        validation = ArgumentSpecValidator(definition.argument_spec).validate(given)
        if validation.error_messages:
            return None
        options = {**given, **validation.validated_parameters}
        check_mode = bool(self._task.check_mode)
        shows_invocation = bool(_setting("INJECT_INVOCATION", task_vars, True))
        directory = self._loader.get_basedir()
        no_log = {*_no_log_values(definition.argument_spec, given), *url_passwords(options)}

        def task() -> Result:
            # A module's process has this working directory, which relative paths begin at.
            with _working_directory(directory):
                report = _run(definition, options, given, check_mode)
            return _result(report, {"module_args": options} if shows_invocation else None, no_log)

        return task


def _setting(name: str, task_vars: dict[str, t.Any], default: t.Any) -> t.Any:
    """Return a setting of ansible-core; the default where this release does not have it."""
    try:
        return constants.config.get_config_value(name, variables=task_vars)
    except Exception:
        return default


def _shows_tracebacks(task_vars: dict[str, t.Any]) -> bool:
    """Tell whether failures show where in the code they happened, which is somewhere else in another process."""
    return bool(_setting("DISPLAY_TRACEBACK", task_vars, ["never"]) != ["never"])


def _drop_traces_of_a_process(result: Result) -> None:
    """Take out of a module's result what only tells that a process was its source."""
    # From 2.19 on, an object that says no more than the message does, but makes ansible-core begin it with "Module
    # failed" instead of "Action failed"; up to 2.18, a traceback.
    if not isinstance(result.get("exception", ""), str):
        del result["exception"]
    # Shown from 2.22 on.
    result.pop("ansible_parsed", None)


def _plain(arguments: t.Any) -> dict[str, t.Any] | None:
    """Return the arguments as a module's process gets them; None where they have what plain JSON has not."""
    try:
        plain: dict[str, t.Any] = json.loads(json.dumps(arguments))
    except (TypeError, ValueError):
        return None
    return plain


def _has_twins(spec: dict[str, t.Any], given: dict[str, t.Any]) -> bool:
    """Tell whether an option is given under two of its names, about which a module warns."""
    names = [{name, *option.get("aliases", ())} for name, option in spec.items()]
    return any(len(twins & given.keys()) > 1 for twins in names)


def _no_log_values(spec: dict[str, t.Any], given: dict[str, t.Any]) -> set[str]:
    """Return the given values of options that are not to be shown."""
    secrets = set()
    for name, option in spec.items():
        for value in (given.get(each) for each in (name, *option.get("aliases", ()))):
            if option.get("no_log") and value is not None and not isinstance(value, bool):
                secrets.add(str(value))
    return secrets - {""}


@contextlib.contextmanager
def _working_directory(path: str) -> t.Iterator[None]:
    before = os.getcwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)


def _run(
    definition: ModuleDefinition, options: dict[str, t.Any], given: dict[str, t.Any], check_mode: bool
) -> TaskReport:
    """Run the flow to its end. Where nobody is left to be told about it, so does this process."""
    parent = Parent()
    run = StoppableRun(
        lambda on_start: definition.run(
            options, given, check_mode, on_start=on_start, open_session=_session, abandoned=parent.gone
        ),
        parent.gone,
    )
    with run.interrupted_by_signals():
        report = run.report()
    if parent.gone():
        # It would hang on a pipe that nobody reads.
        os._exit(1)
    for number in run.signals[:1]:
        # What ansible-core does about it could not be done before the run had ended.
        signal.raise_signal(number)
    return report


def _result(report: TaskReport, invocation: dict[str, t.Any] | None, no_log: set[str]) -> Result:
    """Make what a module would have printed."""
    result = dict(report.result)
    if report.message is not None:
        result.update(failed=True, msg=report.message)
    if report.warnings:
        result["warnings"] = report.warnings
    if invocation is not None:
        result["invocation"] = invocation
    # As a process prints it, and ansible-core reads it.
    shown: Result = json.loads(json.dumps(hide(result, no_log | report.secrets), default=str))
    return shown


@contextlib.contextmanager
def _end_with_the_parent() -> t.Iterator[None]:
    """While a module runs as a process: end this one, and so the module's pipe, when ansible-playbook is gone.

    Otherwise the worker would wait for the module, and the module's result for nobody.
    """
    parent, over = Parent(), threading.Event()

    def watch() -> None:
        while not over.wait(_LOOK):
            if parent.gone():
                if os.getpgrp() == os.getpid():
                    # Workers lead a group of their own from ansible-core 2.19 on: the module is in it, or its ssh.
                    os.killpg(0, signal.SIGTERM)
                os._exit(1)

    if not parent.gone():
        with deaf_threads():
            threading.Thread(target=watch, name="edgecloud.nic parent", daemon=True).start()
    try:
        yield
    finally:
        over.set()
