# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes a module of a flow and a cloud: the only place that knows AnsibleModule."""

from __future__ import annotations

import copy
import signal
import threading
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.control import RunControl
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import Flow, run_task
from ansible_collections.edgecloud.nic.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.edgecloud.nic.plugins.module_utils._http.session import HttpSession, HttpSettings
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import Provider


class ModuleDefinition(t.NamedTuple):
    """What a module is.

    :param options: argument specification of the flow's own options.
    :param impossible: by option, values that people ask for and the cloud cannot give, with the reason. They are none
        of the option's choices; the reason is said instead of these.
    """

    flow: Flow
    provider: type[Provider]
    options: dict[str, t.Any]
    impossible: t.Mapping[str, t.Mapping[str, str]] = {}

    @property
    def argument_spec(self) -> dict[str, t.Any]:
        return {**self.provider.connection_spec, **self.options}


class _Module(AnsibleModule):
    """Remembers the options as they were given: validation makes "null" and "not given" alike."""

    given: dict[str, t.Any]

    def __init__(self, definition: ModuleDefinition) -> None:
        self._impossible = definition.impossible
        super().__init__(argument_spec=definition.argument_spec, supports_check_mode=True)

    def _load_params(self) -> None:
        super()._load_params()
        self.given = copy.deepcopy(self.params)

    def fail_json(self, msg: str, **kwargs: t.Any) -> None:
        """Print the result and exit; also called for options that are not valid."""
        for option, reasons in self._impossible.items():
            reason = reasons.get(str(self.given.get(option)))
            msg = f"{option}: {reason}" if reason else msg
        super().fail_json(msg, **kwargs)


def _interrupt_on_signals(control: RunControl) -> None:
    """Let a signal end the run in good order: calls in flight are awaited, and the result tells what was done."""

    def interrupt(_number: int, _frame: object) -> None:
        # In a thread of its own: the signal may have come while this one holds the lock that it takes.
        threading.Thread(target=control.interrupt, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupt)


def run_module(
    definition: ModuleDefinition,
    on_start: t.Callable[[RunControl], object] = _interrupt_on_signals,
    open_session: t.Callable[[Endpoint, HttpSettings], HttpSession] = HttpSession,
) -> None:
    """Run as a module: reads the options, prints the result, exits.

    :param on_start: is handed the means to stop the run.
    :param open_session: makes, or finds, the connections to an endpoint.
    """
    module = _Module(definition)
    report = run_task(
        definition.flow,
        definition.provider,
        module.params,
        module.given,
        module.check_mode,
        on_start,
        open_session,
    )
    module.no_log_values.update(report.secrets)
    for warning in report.warnings:
        module.warn(warning)
    if report.missing_library is not None:
        library = report.missing_library
        module.fail_json(msg=missing_required_lib(library.library), exception=library.traceback)
    if report.message is not None:
        module.fail_json(msg=report.message, **report.result)
    module.exit_json(**report.result)
