# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes a module of a flow and a cloud: the only place that knows AnsibleModule."""

from __future__ import annotations

import copy
import gc
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.edgecloud.nic.plugins.module_utils._caller import Caller
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import Flow, TaskReport, run_task
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import Provider
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.settings import url_passwords
from ansible_collections.edgecloud.nic.plugins.module_utils._secrets import hide
from ansible_collections.edgecloud.nic.plugins.module_utils._stoppable import StoppableRun


class ModuleDefinition(t.NamedTuple):
    """What a module is.

    :param options: argument specification of the flow's own options.
    :param impossible: by option, values that people ask for and the cloud cannot give, with the reason. They are none
        of the option's choices; the reason is said instead of these.
    :param judges_account: the flow itself compares the account with the expected one.
    """

    flow: Flow
    provider: type[Provider]
    options: dict[str, t.Any]
    impossible: t.Mapping[str, t.Mapping[str, str]] = {}
    judges_account: bool = False

    @property
    def argument_spec(self) -> dict[str, t.Any]:
        return {**self.provider.connection_spec, **self.options}

    def run(
        self, options: t.Mapping[str, t.Any], given: t.Mapping[str, t.Any], check_mode: bool, **more: t.Any
    ) -> TaskReport:
        """Do what the module does; whatever happens, the report says it.

        :param options: validated by the argument specification.
        :param given: as the user gave them, before anything was filled in.
        :param more: further arguments of C(run_task).
        """
        return run_task(
            self.flow,
            self.provider,
            options,
            given,
            self.argument_spec,
            check_mode,
            judges_account=self.judges_account,
            **more,
        )


#: What ansible-core's validation breaks off with over a number where an object belongs, and infinity as an int.
BREAKS_OFF = (TypeError, OverflowError)


def impossible_values(spec: t.Mapping[str, t.Any], given: t.Mapping[str, t.Any]) -> str:
    """Name the options over which ansible-core's validation broke off."""

    def breaks_off(name: str) -> bool:
        try:
            ArgumentSpecValidator({name: spec[name]}).validate({name: given[name]})
        except BREAKS_OFF:
            return True
        return False

    names = [name for name in given if name in spec and breaks_off(name)]
    return f"{', '.join(names)}: has a value of a kind that it cannot have"


class _Module(AnsibleModule):
    """Remembers the options as they were given, and hides passwords in URLs whatever it says."""

    #: Validation makes "null" and "not given" alike.
    given: dict[str, t.Any]

    def __init__(self, definition: ModuleDefinition) -> None:
        self._impossible = definition.impossible
        spec = definition.argument_spec
        try:
            super().__init__(argument_spec=spec, supports_check_mode=True)
        except BREAKS_OFF:
            # Nothing is known yet of which values are secret.
            self.params: dict[str, t.Any] = {}
            self.fail_json(msg=impossible_values(spec, self.given))

    def _load_params(self) -> None:
        super()._load_params()
        self.given = copy.deepcopy(self.params)

    def exit_json(self, **result: t.Any) -> None:
        """Print the result and exit."""
        super().exit_json(**self._hidden(result))

    def fail_json(self, msg: str, **result: t.Any) -> None:
        """Print the result and exit; also called for options that are not valid."""
        for option, reasons in self._impossible.items():
            reason = reasons.get(str(self.given.get(option)))
            msg = f"{option}: {reason}" if reason else msg
        super().fail_json(**self._hidden({"msg": msg, **result}))

    def _hidden(self, result: dict[str, t.Any]) -> dict[str, t.Any]:
        self.no_log_values.update(url_passwords(self.params))
        shown: dict[str, t.Any] = hide({"invocation": {"module_args": self.params}, **result}, self.no_log_values)
        return shown


def _spare_garbage_collection() -> None:
    """Let the collector look at new objects only, and not after every 700 of them.

    It holds up all threads of this process, which ends soon: where a thousand network interfaces are read, for a tenth
    of a second before the first write.
    """
    gc.freeze()
    gc.set_threshold(10_000)


def run_module(definition: ModuleDefinition) -> None:
    """Run as a module: reads the options, prints the result, exits."""
    module = _Module(definition)
    _spare_garbage_collection()
    caller = Caller()
    run = StoppableRun(
        lambda on_start: definition.run(
            module.params, module.given, module.check_mode, on_start=on_start, abandoned=caller.gone
        ),
        caller.gone,
    )
    with run.interrupted_by_signals():
        report = run.report()
        module.no_log_values.update(report.secrets | url_passwords(module.params))
        for warning in report.warnings:
            module.warn(hide(warning, module.no_log_values))
        if report.missing_library is not None:
            library = report.missing_library
            module.fail_json(msg=missing_required_lib(library.library), exception=library.traceback)
        if report.message is not None:
            module.fail_json(msg=report.message, **report.result)
        module.exit_json(**report.result)
