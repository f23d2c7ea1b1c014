# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs one flow against one cloud: from options to a result, without knowing who asked for it."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import (
    InputError,
    MissingLibraryError,
    NicError,
    TaskFailedError,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import StopReason
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.paths import own_path
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.control import RunControl
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.pace import Pace
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.options import (
    concurrency_and_ceiling,
    reject_null,
    reject_structures,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.edgecloud.nic.plugins.module_utils._http.session import HttpSession, HttpSettings
from ansible_collections.edgecloud.nic.plugins.module_utils._http.shown import one_line
from ansible_collections.edgecloud.nic.plugins.module_utils._http.trace import Trace
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import Provider, Runtime
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError, ErrorKind

#: Messages name what clouds and users call things, whatever that is.
_LONGEST_MESSAGE = 5000
#: Far longer than the account ids of any cloud.
_LONGEST_ACCOUNT = 100
#: What a flow is: options, check mode and a connected provider go in, a result comes out.
Flow = t.Callable[["TaskContext"], "dict[str, t.Any]"]


@dataclasses.dataclass(frozen=True)
class TaskContext:
    """What a flow works with.

    :param account: whose the credentials are; None where the cloud was not asked.
    :param options: the module's options, validated by its argument specification.
    """

    provider: Provider
    account: str | None
    options: t.Mapping[str, t.Any]
    check_mode: bool
    control: RunControl
    warn: t.Callable[[str], object]


@dataclasses.dataclass
class TaskReport:
    """What came of a task.

    :param result: the module's result; complete as far as things went, also on failure.
    :param message: why the task failed; None where it did not.
    :param secrets: values to be hidden in everything that is shown.
    :param missing_library: set where a Python library is missing.
    """

    result: dict[str, t.Any]
    message: str | None = None
    warnings: list[str] = dataclasses.field(default_factory=list)
    secrets: frozenset[str] = frozenset()
    missing_library: MissingLibraryError | None = None


def run_task(
    flow: Flow,
    provider_class: type[Provider],
    options: t.Mapping[str, t.Any],
    given: t.Mapping[str, t.Any],
    argument_spec: t.Mapping[str, t.Any],
    check_mode: bool,
    on_start: t.Callable[[RunControl], object] = lambda control: None,
    open_session: t.Callable[[Endpoint, HttpSettings], HttpSession] = HttpSession,
    abandoned: t.Callable[[], bool] = lambda: False,
    judges_account: bool = False,
) -> TaskReport:
    """Run the flow; whatever happens, the report says it.

    :param options: validated by the argument specification.
    :param given: as the user gave them, before anything was filled in.
    :param argument_spec: of all of them.
    :param on_start: is handed the means to stop the run.
    :param open_session: makes, or finds, the connections to an endpoint.
    :param abandoned: tells whether nobody is left who waits for the run.
    :param judges_account: the flow itself compares the account with the expected one.
    """
    report = TaskReport(result={"changed": False})
    control = RunControl()
    trace: Trace | None = None

    def warn(message: str) -> None:
        said = one_line(message, _LONGEST_MESSAGE)
        if said not in report.warnings:
            report.warnings.append(said)

    try:
        reject_null(given)
        reject_structures(given, argument_spec)
        concurrency, ceiling = concurrency_and_ceiling(options)
        control = RunControl(concurrency, options["timeout"], abandoned)
        on_start(control)
        retries, longest_delay = options["max_retries"], options["retry_max_delay"]
        pace = Pace(ceiling, retries, retries * longest_delay, longest_delay)
        trace = _trace(options, warn)
        runtime = Runtime(
            session=open_session,
            sleep=control.sleep,
            pace=pace,
            map=control.read_all,
            warn=warn,
            stopped=lambda: control.stopped,
            stop=control.stop,
            interrupted=lambda: control.interrupted,
            time_left=control.time_left,
            trace=trace,
        )
        provider = provider_class.connect(options, runtime)
        report.secrets = provider.secrets
        expected = _expected_account(options)
        account = None if judges_account or expected is None else _account(provider, expected, control)
        report.result = flow(TaskContext(provider, account, options, check_mode, control, warn))
    except TaskFailedError as error:
        report.result, report.message = error.result, str(error)
    except MissingLibraryError as error:
        report.message, report.missing_library = str(error), error
    except NicError as error:
        report.message = str(error)
        if isinstance(error, ApiError) and error.kind is ErrorKind.AUTH:
            control.stop(StopReason.AUTH, str(error))
    except Exception as error:
        report.message = f"edgecloud.nic has a bug, please report it: {type(error).__name__}: {error}"
    finally:
        if trace is not None:
            trace.close()
    if report.message is not None:
        report.message = one_line(report.message, _LONGEST_MESSAGE)
    if report.message is not None and control.stop_reason is not None:
        # Whoever loops over tasks need not try the next one.
        report.result["stopped"] = control.stop_reason.value
    return report


def _trace(options: t.Mapping[str, t.Any], warn: t.Callable[[str], object]) -> Trace | None:
    """Return where calls are told of; None where nobody wants to know.

    :raises InputError: that cannot be written, or is the journal.
    """
    path, journal = options["trace"], options.get("journal")
    if path is None:
        return None
    if journal and os.path.realpath(own_path(path, "trace")) == os.path.realpath(own_path(journal, "journal")):
        raise InputError("trace", "is the same file as the journal")
    return Trace(path, warn)


def _expected_account(options: t.Mapping[str, t.Any]) -> str | None:
    """Return whose the credentials have to be; None where nobody in particular is expected.

    :raises InputError: it is empty, or no id.
    """
    expected: str | None = options["expected_account"]
    if expected is not None and not expected.strip():
        raise InputError("expected_account", "is empty")
    if expected is not None and len(expected) > _LONGEST_ACCOUNT:
        raise InputError("expected_account", "is longer than any account id")
    return expected


def _account(provider: Provider, expected: str, control: RunControl) -> str:
    """Return whose the credentials are, once that is who is expected.

    :raises InputError: they belong to another account, or the cloud does not tell.
    """
    try:
        account = provider.account()
    except ApiError as error:
        if error.kind is ErrorKind.AUTH:
            control.stop(StopReason.AUTH, str(error))
        message = f"{provider.name} does not tell whether the credentials belong to {expected}"
        raise InputError("expected_account", f"{message}: {error}; nothing was changed") from None
    if account != expected:
        message = f"the credentials belong to account {account}, not to {expected}"
        control.stop(StopReason.AUTH, message)
        raise InputError("expected_account", f"{message}; nothing was changed")
    return account
