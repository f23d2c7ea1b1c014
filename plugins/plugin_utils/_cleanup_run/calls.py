# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls the modules of the cloud, within the time limit of the task."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import time
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.edgecloud.nic.plugins.module_utils._caller import Parent
from ansible_collections.edgecloud.nic.plugins.module_utils._http.shown import one_line
from ansible_collections.edgecloud.nic.plugins.module_utils._module import ModuleDefinition
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import variables
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import (
    LONGEST_MESSAGE,
    Json,
    RefusedError,
)
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run import places
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.health import CHECK_ARGUMENT, mark
from ansible_collections.edgecloud.nic.plugins.plugin_utils._in_process import InProcessAction

try:
    from ansible.errors import AnsibleValueOmittedError

    Omitted: type[Exception] = AnsibleValueOmittedError
except ImportError:  # ansible-core 2.18

    class _Omitted(Exception):  # noqa: N818
        """The variable is set to omit."""

    Omitted = _Omitted


_MODULES = "ansible_collections.edgecloud.nic.plugins.modules"
_MODULE = "_private_ip_cleanup"
#: The limits hold for the whole plan, as the role judges it: in a part of it there is nothing to stop.
NO_LIMITS = {"max_unassign": 1_000_000_000, "max_unassign_percent": 100, "max_missing_percent": 100}
#: Seconds between two looks at whether ansible-playbook is still there, while nothing is called.
_LOOK = 0.2
_LIMIT_PASSED = "the time limit of the task has passed"
#: The argument by which a task of a module is one of the role: the names of its variables.
ROLE_ARGUMENT = "private_ip_cleanup_variables"
#: What a task of the role has, and no task of the module.
OWN_ARGUMENTS = (ROLE_ARGUMENT, CHECK_ARGUMENT)


class ModuleCalls:
    """Calls of modules by the task of the role.

    :param action: which carries out the task.
    :param options: names of the variables of the role.
    """

    def __init__(self, action: ActionBase, task_vars: Json, options: t.Collection[str]) -> None:
        self._action, self.task_vars, self._variables = action, task_vars, options
        self.time_limit = TimeLimit()
        #: File in which every call of a module tells of its calls to the cloud.
        self.trace: str | None = None
        #: Of all calls, in their order.
        self.warnings: list[str] = []

    def plain(self, value: t.Any) -> t.Any:
        """Return a variable's value, in types that JSON has.

        :raises Omitted: the variable says that it is none.
        """
        value = self._action._templar.template(value)
        if isinstance(value, str) and value == self.task_vars.get("omit"):
            # That is how ansible-core 2.18 says it.
            raise Omitted
        return json.loads(json.dumps(value, default=str))

    def options_of_role(self, definition: ModuleDefinition) -> set[str]:
        """Return the options of the cleanup module for which the role has a variable."""
        return {name for name in definition.argument_spec if f"{variables.PREFIX}{name}" in self._variables}

    def call(self, module: str, options: Json, *, check_mode: bool) -> Json:
        """Run a module and return its result, also where it failed.

        :param options: all of them.
        """
        task = self._action._task.copy()
        task.action = f"edgecloud.nic.{module}"
        task.args = {**options, "trace": self.trace} if self.trace else options
        task.check_mode = check_mode
        action = InProcessAction(
            *(task, self._action._connection, self._action._play_context),
            *(self._action._loader, self._action._templar, self._action._shared_loader_obj),
        )
        result: Json
        try:
            with self.time_limit.holds():
                result = action.run(task_vars=self.task_vars)
        except AnsibleError as error:
            result = {"failed": True, "msg": str(error)}
        except BaseException as error:
            if not _is_time_limit(error):
                raise
            result = {"failed": True, "msg": _LIMIT_PASSED, "stopped": "interrupted"}
        if "msg" in result:
            result["msg"] = one_line(str(result["msg"]), LONGEST_MESSAGE)
        # From 2.19 on, those of a process are no texts.
        result["warnings"] = self.plain(result.get("warnings") or [])
        self.warnings += result["warnings"]
        return result

    def other_options(self, definition: ModuleDefinition) -> Json:
        """Return what module_defaults say that is no matter of the role. What is no option the module refuses."""
        known = {*self.options_of_role(definition), *OWN_ARGUMENTS}
        return {name: value for name, value in self._action._task.args.items() if name not in known}

    def connection_mark(self, begun: Json) -> str:
        """Return what stands for the place at the cloud that the options of this task lead to, and whose it is."""
        options = self.other_options(definition_of(begun["provider"]))
        if "expected_account" in begun["options"]:
            # The module makes sure of the account, so that temporary credentials may be new ones.
            options = {"endpoint": options.get("endpoint")}
        return mark([self._action._task.action, self.plain(options)], begun["run"])

    def connection_options(self, begun: Json, definition: ModuleDefinition) -> Json:
        """Return what every module of the cloud needs to reach it, as the right account."""
        connection = names_of(definition.provider.connection_spec)
        common = {name: value for name, value in self.other_options(definition).items() if name in connection}
        return {**common, **variables.chosen(begun["options"], ("expected_account",))}

    def clean(self, begun: Json, options: Json, *, check_mode: bool) -> Json:
        """Run the cleanup module of the cloud with what is right for all of the run, and these options."""
        common = {**self.other_options(definition_of(begun["provider"])), **begun["options"], **NO_LIMITS}
        return self.call(f"{begun['provider']}{_MODULE}", {**common, **options}, check_mode=check_mode)

    def pause(self, seconds: float) -> str | None:
        """Wait between two calls. Signals do what they always do to this process, and it ends with ansible-playbook.

        :returns: why there must be no further call; None where nothing speaks against it.
        """
        parent, end = Parent(), time.monotonic() + seconds
        try:
            with self.time_limit.holds():
                while (left := end - time.monotonic()) > 0:
                    if parent.gone():
                        # As within a call: nobody is left to be told.
                        os._exit(1)
                    time.sleep(min(_LOOK, left))
        except BaseException as error:
            if not _is_time_limit(error):
                raise
            return _LIMIT_PASSED
        return None

    def read(self, begun: Json, options: Json) -> Json:
        """Return what the cleanup module would do.

        :raises RefusedError: it could not be found out.
        """
        result = self.clean(begun, options, check_mode=True)
        if result.get("failed"):
            raise RefusedError(str(result["msg"]))
        return result


def _is_time_limit(error: BaseException) -> bool:
    """Tell whether this is what ansible-core raises when a task takes too long: each release has its own."""
    return "timeout" in type(error).__name__.lower()


class TimeLimit:
    """The time limit of the task, which is to end its calls, and not what it has to tell of them."""

    def __init__(self) -> None:
        left = signal.setitimer(signal.ITIMER_REAL, 0)[0]
        self._end = time.monotonic() + left if left else None

    @contextlib.contextmanager
    def holds(self) -> t.Iterator[None]:
        """Let the limit hold meanwhile."""
        if self._end is not None:
            signal.setitimer(signal.ITIMER_REAL, max(0.001, self._end - time.monotonic()))
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


def names_of(spec: t.Mapping[str, Json]) -> set[str]:
    """Return the names of options, and their aliases."""
    return {name for option, facts in spec.items() for name in (option, *facts.get("aliases", ()))}


def definition_of(provider: str) -> ModuleDefinition:
    """Return what the cleanup module of a cloud is.

    :raises RefusedError: there is none.
    """
    known = sorted(
        path.stem.removesuffix(_MODULE) for path in (places.COLLECTION / "plugins/modules").glob(f"*{_MODULE}.py")
    )
    if provider not in known:
        raise RefusedError(f"{variables.PREFIX}provider is {provider}, and must be one of {', '.join(known)}")
    definition: ModuleDefinition = importlib.import_module(f"{_MODULES}.{provider}{_MODULE}").DEFINITION
    return definition
