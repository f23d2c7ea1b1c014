# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads and writes the records of the role C(private_ip_cleanup), in the worker process of ansible-core.

Each file that the C(copy) module writes costs two processes of half a second, and a large estate does not pass through
templates in good time.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import json
import os
import tempfile
import time
import typing as t

import jinja2
import yaml
from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.validation import (
    check_type_bool,
    check_type_float,
    check_type_int,
    check_type_str,
)
from ansible.plugins.action import ActionBase
from ansible.plugins.filter import core, mathstuff, urls
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import FAILING_OUTCOMES
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.journal import read_journal
from ansible_collections.edgecloud.nic.plugins.plugin_utils import _cleanup_records as records

try:
    from ansible.errors import AnsibleValueOmittedError as _Omitted
except ImportError:  # ansible-core 2.18

    class _Omitted(Exception):  # type: ignore[no-redef]  # noqa: N818
        """The variable is set to omit."""


_PREFIX = "private_ip_cleanup_"
_STEPS = ("begin", "prepare", "report", "removed", "restored")
#: The variables that the role itself reckons with; all others go to the modules as they are.
_TYPES: dict[str, t.Callable[[t.Any], t.Any]] = {
    "batch_size": check_type_int,
    "expected_account": check_type_str,
    "force": check_type_bool,
    "in_use_check": check_type_bool,
    "max_missing_percent": check_type_float,
    "max_unassign": check_type_int,
    "max_unassign_percent": check_type_float,
    "plan_max_age": check_type_float,
}
#: Where the playbook edgecloud.nic.cleanup keeps the directories of its scopes, unless it is told.
_SCOPES_DIR = "cleanup"
#: A run that was killed leaves workers that finish the calls in flight; longer is another run's.
_JOURNAL_PATIENCE = 120


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(
            {"step": {"type": "str", "required": True, "choices": list(_STEPS)}}
        )
        self._task_vars = task_vars or {}
        self._variables = self._role_variables()
        scope = self._plain(self._task_vars.get("__private_ip_cleanup_scope"))
        self._scope = str(scope).replace(os.sep, "_") if scope else None
        try:
            result.update(getattr(self, f"_{arguments['step']}")())
        except records.RefusedError as error:
            raise AnsibleActionFail(f"{error}; nothing was changed") from None
        result["changed"] = False
        return result

    def _role_variables(self) -> dict[str, t.Any]:
        """Return the role's variables by their names without prefix.

        :raises AnsibleActionFail: one is null or empty, as a template that went wrong leaves it. Taken for "not given",
            it would make the cleanup wider.
        """
        variables = {}
        for name in sorted(name for name in self._task_vars if name.startswith(_PREFIX)):
            with contextlib.suppress(_Omitted):
                variables[name.removeprefix(_PREFIX)] = self._plain(self._task_vars[name])
        for name, value in variables.items():
            if value is None or (isinstance(value, str) and not value.strip()):
                raise AnsibleActionFail(
                    f"{_PREFIX}{name} is empty; leave the variable out where it is not meant; nothing was changed"
                )
            if name in _TYPES:
                variables[name] = self._typed(name, value)
        return variables

    @staticmethod
    def _typed(name: str, value: t.Any) -> t.Any:
        """Return what is meant: on the command line, every value is a text."""
        try:
            return _TYPES[name](value)
        except (TypeError, ValueError):
            raise AnsibleActionFail(f"{_PREFIX}{name}: {value!r} cannot be meant; nothing was changed") from None

    def _registered(self, name: str) -> dict[str, t.Any]:
        """Return the result of an earlier task of the role.

        As an option it would be templated, which takes seconds for a large estate and finds nothing to do.
        """
        result = dict(self._task_vars[f"__{_PREFIX}{name}"])
        if "warnings" in result:
            # From 2.19 on, ansible-core makes texts of them only where they are templated.
            result["warnings"] = self._plain(result["warnings"])
        return result

    def _loop_results(self, name: str) -> list[dict[str, t.Any]]:
        """Return the results of a module in a loop, as far as it was called."""
        results = self._registered(name).get("results") or []
        return [result for result in results if "outcomes" in result or "msg" in result]

    def _plain(self, value: t.Any) -> t.Any:
        """Return a variable's value, in types that JSON has.

        :raises _Omitted: the variable says that it is none.
        """
        value = self._templar.template(value)
        if isinstance(value, str) and value == self._task_vars.get("omit"):
            # That is how ansible-core 2.18 says it.
            raise _Omitted
        return json.loads(json.dumps(value, default=str))

    def _begin(self) -> dict[str, t.Any]:
        """Before the first call: read the plan file, wait for the journal, make the directory of the reports."""
        if self._connection.transport != "local":
            raise AnsibleActionFail(
                "private_ip_cleanup needs connection: local, since its plan, journal and reports are files of the "
                "machine that runs ansible-playbook; nothing was changed"
            )
        begun: dict[str, t.Any] = {"started": _now(), "plan": None}
        report_dir = self._report_dir()
        journal = self._path("journal") or (report_dir and os.path.join(report_dir, "journal.jsonl"))
        mode = self._variables["mode"]
        plan_file = self._plan_file()
        if mode == "apply" and plan_file:
            try:
                with open(plan_file, encoding="utf-8") as file:
                    begun["plan"] = records.read_plan(
                        file.read(),
                        self._variables["provider"],
                        self._variables["plan_max_age"],
                        datetime.datetime.now(datetime.timezone.utc),
                        self._variables.get("plan_digest"),
                    )
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not text"
                raise records.RefusedError(f"{plan_file} cannot be read: {reason}") from None
            except records.RefusedError as error:
                raise records.RefusedError(f"{plan_file} is refused: {error}") from None
        elif mode == "apply" and "plan_digest" in self._variables:
            raise records.RefusedError(f"{_PREFIX}plan_digest needs {_PREFIX}plan_file")
        account = self._expected_account(begun["plan"])
        if account is not None:
            begun["expected_account"] = account
        if report_dir and not self._task.check_mode:
            os.makedirs(report_dir, mode=0o700, exist_ok=True)
        if journal:
            begun["journal"] = journal
            if mode == "apply" and not self._task.check_mode:
                _wait_for_journal(journal)
        return begun

    def _expected_account(self, plan: dict[str, t.Any] | None) -> str | None:
        """Return the account that the role variable expects, or else the one that the plan was made in."""
        expected: str | None = self._variables.get("expected_account")
        planned = plan["account"] if plan else None
        if None not in (expected, planned) and expected != planned:
            raise records.RefusedError(
                f"{self._plan_file()} is refused: it is a plan for account {planned}, and {_PREFIX}expected_account is "
                f"{expected}"
            )
        return expected if planned is None else planned

    def _prepare(self) -> dict[str, t.Any]:
        """Between reading and writing: decide what is carried out, in which batches."""
        begun, checked = self._registered("begun"), self._registered("checked")
        plan = begun.get("plan")
        if checked.get("outcomes") is None:
            return {"batches": [], "error": checked.get("msg")}
        if plan and plan["endpoint"] != checked["endpoint"]:
            raise records.RefusedError(
                f"{self._plan_file()} is refused: it is a plan for {plan['endpoint']}, not for {checked['endpoint']}"
            )
        limits = (plan or checked)["limits"]
        error = records.over_limits(limits, self._policy())
        batches = [] if error else records.split(checked["plan"], max(1, self._variables["batch_size"]))
        return {"batches": batches, "error": error}

    def _report(self) -> dict[str, t.Any]:
        """At the end, whatever has happened: write what became of every address, and say it."""
        begun, checked = self._registered("begun"), self._registered("checked")
        plan, journal = begun.get("plan"), begun.get("journal")
        mode, provider = self._variables["mode"], self._variables["provider"]
        # What is registered may be of a plan that was applied before, in the same play.
        prepared = self._registered("prepared") if mode == "apply" else {}
        results = self._loop_results("batch") if mode == "apply" else []
        report_dir = self._report_dir()
        context = {
            "collection": f"edgecloud.nic {_collection_version()}",
            "mode": mode,
            "provider": provider,
            "created": _now("seconds"),
            "selection": {name: self._variables[name] for name in records.SELECTION if name in self._variables},
            "policy": self._policy(),
            "journal": _link(journal, report_dir) if mode == "apply" else None,
        }
        history = None
        if mode == "apply" and journal and os.path.exists(journal) and checked.get("endpoint"):
            since = plan["created"] if plan else begun["started"]
            history = records.History(read_journal(journal), provider, checked["endpoint"], since)
        report = records.make_report(
            context,
            checked,
            plan,
            prepared.get("batches", ()),
            results,
            history=history,
            started=begun["started"],
            error=prepared.get("error") or next((str(result["msg"]) for result in results if "msg" in result), None),
        )
        written: list[str] = []
        if not self._task.check_mode:
            if mode == "plan" and self._plan_file():
                written += [_write(self._plan_file(), _pretty(records.make_plan(checked, context)))]
            if report_dir:
                written += self._write_reports(report_dir, report)
        message = records.describe(report, self._task.check_mode)
        totals = report["totals"]
        if mode == "apply" and (any(totals[outcome] for outcome in FAILING_OUTCOMES) or report["error"]):
            message += f"; reports are in {report_dir}" if written else ""
            return {"failed": True, "msg": message, "totals": totals, "files": written}
        return {"msg": message, "totals": totals, "files": written}

    def _write_reports(self, directory: str, report: dict[str, t.Any]) -> list[str]:
        written = [
            _write(os.path.join(directory, "report.json"), json.dumps(report, indent=1, ensure_ascii=False) + "\n"),
            _write(os.path.join(directory, "report.csv"), records.to_csv(report)),
        ]
        template = os.path.join(str(self._plain(self._task_vars["role_path"])), "templates", "report.html.j2")
        with open(template, encoding="utf-8") as file:
            page = _render(file.read(), report)
        written.append(_write(os.path.join(directory, "report.html"), page))
        return written

    def _removed(self) -> dict[str, t.Any]:
        """Tell which addresses a journal or a report says were removed."""
        checked, provider = self._registered("checked"), self._variables["provider"]
        if "restore_from" not in self._variables:
            raise records.RefusedError(f"{_PREFIX}restore_from is needed: a journal or a report.json")
        path = t.cast(str, self._path("restore_from"))
        try:
            targets, endpoints = _read_removed(path, provider)
        except records.RefusedError as error:
            raise records.RefusedError(f"{path} is refused: {error}") from None
        except OSError as error:
            raise records.RefusedError(f"{path} cannot be read: {error.strerror}") from None
        if endpoints - {checked["endpoint"]}:
            raise records.RefusedError(
                f"{path} is refused: it is about {', '.join(sorted(endpoints))}, not about {checked['endpoint']}"
            )
        return {"targets": targets}

    def _restored(self) -> dict[str, t.Any]:
        """Say what was restored and what was not."""
        targets = self._registered("removed")["targets"]
        message, counts = records.describe_restoration(targets, self._loop_results("assigned"))
        return {"msg": message, "totals": counts, "failed": counts["not_restored"] > 0}

    def _policy(self) -> dict[str, t.Any]:
        return {name: self._variables[name] for name in records.POLICY if name in self._variables}

    def _path(self, name: str) -> str | None:
        value = self._variables.get(name)
        return None if value is None else os.path.abspath(os.path.expanduser(str(value)))

    def _report_dir(self) -> str | None:
        """Return the directory of the reports, one for each scope where the playbook runs over several."""
        if not self._scope:
            return self._path("report_dir")
        return os.path.join(self._path("report_dir") or os.path.abspath(_SCOPES_DIR), self._scope)

    def _plan_file(self) -> str | None:
        """Return the path of the plan. With scopes, a name without directory is a file beside the scope's reports."""
        name = str(self._variables.get("plan_file", ""))
        if self._scope and name and os.path.basename(name) == name:
            return os.path.join(t.cast(str, self._report_dir()), name)
        return self._path("plan_file")


def _now(precision: str = "milliseconds") -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec=precision)


def _pretty(content: dict[str, t.Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _render(template: str, report: dict[str, t.Any]) -> str:
    """Return the page. Names and messages of others are no templates here, and an estate is not too large for it."""
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined)
    for library in (core, mathstuff, urls):
        environment.filters.update(library.FilterModule().filters())
    return environment.from_string(template).render(__private_ip_cleanup_report=report)


def _link(path: str | None, directory: str | None) -> str | None:
    """Return a path as a page in the directory can link to it."""
    return os.path.relpath(path, directory) if path and directory and path.startswith(directory + os.sep) else path


def _write(path: str | None, content: str) -> str:
    """Write a file for nobody but its owner, completely or not at all."""
    path = t.cast(str, path)
    directory = os.path.dirname(path)
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=directory, prefix=f".{os.path.basename(path)}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(content)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise AnsibleActionFail(f"{path} cannot be written: {error.strerror}") from None
    return path


def _wait_for_journal(path: str) -> None:
    """Wait until no run writes the journal: what it has in flight belongs to what this run has to read."""
    if not os.path.exists(path):
        return
    deadline = time.monotonic() + _JOURNAL_PATIENCE
    with open(path, "rb") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise records.RefusedError(f"{path} is being written by another run") from None
                time.sleep(0.2)


def _read_removed(path: str, provider: str) -> tuple[list[dict[str, t.Any]], set[str]]:
    with open(path, encoding="utf-8", errors="replace") as file:
        try:
            report = json.load(file)
        except ValueError:
            report = None
    if isinstance(report, dict) and "event" not in report:
        targets, endpoint = records.removed_by_report(report, provider)
        return targets, {endpoint}
    history = records.History(read_journal(path), provider)
    if not history.endpoints:
        about = f"it is about {', '.join(sorted(history.providers))}, not about {provider}"
        raise records.RefusedError(about if history.providers else "it is neither a journal nor a report.json")
    return history.targets(), history.endpoints


def _collection_version() -> str:
    """Return the version of this collection, installed or in a checkout."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    for name, section in (("MANIFEST.json", "collection_info"), ("galaxy.yml", None)):
        path = os.path.join(root, name)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                content = yaml.safe_load(file)
            return str((content[section] if section else content)["version"])
    return "unknown"
