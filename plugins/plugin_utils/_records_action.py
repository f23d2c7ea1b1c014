# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out a run of the role C(private_ip_cleanup), and keeps its records, in the worker process of ansible-core.

It is one task: a large estate does not pass through templates, or from task to task, in good time; what is decided
between reading and writing is in nobody else's reach; and whatever fails on the way, the account is still written.

The task is one of the module that it calls, so C(module_defaults) hold for it as they do for every task of that module.
What they say of credentials goes to the module as it is. What they say of the cleanup is taken as what a variable of
the role would say that is not set: a template could only pass an option or drop it, whoever has set it.
"""

from __future__ import annotations

import contextlib
import datetime
import difflib
import importlib
import json
import multiprocessing
import os
import pathlib
import signal
import time
import typing as t
import uuid

import yaml
from ansible import constants
from ansible import context as cli
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.journal import read_journal
from ansible_collections.edgecloud.nic.plugins.module_utils._module import ModuleDefinition
from ansible_collections.edgecloud.nic.plugins.plugin_utils import _cleanup_files as files
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import (
    batches,
    history,
    page,
    plan_file,
    preflight,
    report,
    sentences,
    variables,
)
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import (
    Json,
    RefusedError,
    as_targets,
    keys,
    uses_of,
)
from ansible_collections.edgecloud.nic.plugins.plugin_utils._in_process import InProcessAction

try:
    from ansible.errors import AnsibleValueOmittedError as _Omitted
except ImportError:  # ansible-core 2.18

    class _Omitted(Exception):  # type: ignore[no-redef]  # noqa: N818
        """The variable is set to omit."""


_COLLECTION = pathlib.Path(__file__).resolve().parents[2]
_ROLE = _COLLECTION / "roles" / "private_ip_cleanup"
_MODULES = "ansible_collections.edgecloud.nic.plugins.modules"
_MODULE = "_private_ip_cleanup"

#: What goes to the modules as it is, apart from the policy.
_PASSED_ON = (
    "in_use_elsewhere",
    "wait",
    "wait_timeout",
    "concurrency",
    "requests_per_second",
    "on_error",
    "expected_account",
)
#: The limits hold for the whole plan, as the role judges it: in a part of it there is nothing to stop.
_NO_LIMITS = {"max_unassign": 1_000_000_000, "max_unassign_percent": 100, "max_missing_percent": 100}
#: What the role finds out itself, and no default can say.
_OWN_OPTIONS = ("targets", "plan_digest")
#: Where the playbook keeps the directories of its scopes, unless it is told.
_SCOPES_DIR = "cleanup"
#: The argument by which a task of a module is one of the role: the names of its variables.
ROLE_ARGUMENT = "private_ip_cleanup_variables"
#: The name under which the action checks the variables and does nothing more.
CHECK_ACTION = "edgecloud.nic.__init__"


class RecordsAction(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        result: Json = super().run(tmp, task_vars)
        self._task_vars = task_vars or {}
        with open(_ROLE / "meta" / "argument_specs.yml", encoding="utf-8") as file:
            self._spec = yaml.safe_load(file)["argument_specs"]["main"]["options"]
        self._reservation = files.Reservation()
        self._time_limit = _TimeLimit()
        self._warnings: list[str] = []
        try:
            variables_of_role = self._variables()
            given = variables.read_variables(self._spec, variables_of_role)
            definition = _definition(given["provider"])
            if self._task.action != CHECK_ACTION:
                defaults = self._module_defaults(definition)
                given = variables.read_variables(self._spec, variables_of_role, defaults)
                result.update(self._carry_out(given, definition))
                if given["set_stats"]:
                    result["set_stats"] = True
        except RefusedError as error:
            raise AnsibleActionFail(f"{error}; nothing was changed") from None
        finally:
            self._reservation.release()
        if self._warnings:
            result["warnings"] = list(dict.fromkeys(self._warnings))
        return result

    # --- What Ansible knows ------------------------------------------------------------------------------------------

    def _plain(self, value: t.Any) -> t.Any:
        """Return a variable's value, in types that JSON has.

        :raises _Omitted: the variable says that it is none.
        """
        value = self._templar.template(value)
        if isinstance(value, str) and value == self._task_vars.get("omit"):
            # That is how ansible-core 2.18 says it.
            raise _Omitted
        return json.loads(json.dumps(value, default=str))

    def _variables(self) -> Json:
        """Return the role's variables, as far as they are set.

        :raises RefusedError: one would take the place of what the role finds out itself.
        """
        names = self._task.args[ROLE_ARGUMENT]
        for name in names:
            if name.startswith(variables.OWN_PREFIX) and self._task_vars.get(name) is not None:
                raise RefusedError(f"{name} is the role's own, and cannot be set")
        given = {}
        for name in names:
            if name.startswith(variables.PREFIX):
                with contextlib.suppress(_Omitted):
                    given[name] = self._plain(self._task_vars[name])
        return given

    def _module_defaults(self, definition: ModuleDefinition) -> Json:
        """Return what module_defaults say of the cleanup, by the names of the role's variables.

        :raises RefusedError: they say what only the role can know.
        """
        for name in _OWN_OPTIONS:
            if name in self._task.args:
                raise RefusedError(f"module_defaults set {name}, which the role decides itself")
        return {
            f"{variables.PREFIX}{name}": self._plain(self._task.args[name])
            for name in self._options_of_role(definition) & self._task.args.keys()
        }

    def _options_of_role(self, definition: ModuleDefinition) -> set[str]:
        """Return the options of the cleanup module for which the role has a variable."""
        return {name for name in definition.argument_spec if f"{variables.PREFIX}{name}" in self._spec}

    def _host(self) -> str:
        return str(self._task_vars["inventory_hostname"])

    def _playbook(self) -> int:
        """Return the process id of ansible-playbook."""
        parent = multiprocessing.parent_process()
        return os.getppid() if parent is None or parent.pid is None else parent.pid

    def _say(self, line: str, failed: bool = False) -> None:
        """Show a line at once: the result of the task is shown at its end only.

        Not on the standard output, which for some callbacks is to be JSON.
        """
        color = constants.COLOR_ERROR if failed else None
        self._display.display(f"[{self._host()}] {line}", color=color, stderr=True)

    # --- Calling modules ---------------------------------------------------------------------------------------------

    def _call(self, module: str, options: Json, *, check_mode: bool) -> Json:
        """Run a module and return its result, also where it failed.

        :param options: all of them.
        """
        task = self._task.copy()
        task.action = f"edgecloud.nic.{module}"
        task.args = options
        task.check_mode = check_mode
        action = InProcessAction(
            *(task, self._connection, self._play_context),
            *(self._loader, self._templar, self._shared_loader_obj),
        )
        result: Json
        try:
            with self._time_limit.holds():
                result = action.run(task_vars=self._task_vars)
        except AnsibleError as error:
            result = {"failed": True, "msg": str(error)}
        except BaseException as error:
            if "timeout" not in type(error).__name__.lower():
                raise
            result = {"failed": True, "msg": "the time limit of the task has passed", "stopped": "interrupted"}
        # From 2.19 on, those of a process are no texts.
        result["warnings"] = self._plain(result.get("warnings") or [])
        self._warnings += result["warnings"]
        return result

    def _other_options(self, definition: ModuleDefinition) -> Json:
        """Return what module_defaults say that is no matter of the role. What is no option the module refuses."""
        known = {*self._options_of_role(definition), ROLE_ARGUMENT}
        return {name: value for name, value in self._task.args.items() if name not in known}

    def _clean(self, begun: Json, options: Json, *, check_mode: bool) -> Json:
        """Run the cleanup module of the cloud with what is right for all of the run, and these options."""
        common = {**self._other_options(_definition(begun["provider"])), **begun["options"], **_NO_LIMITS}
        return self._call(f"{begun['provider']}{_MODULE}", {**common, **options}, check_mode=check_mode)

    # --- A run -------------------------------------------------------------------------------------------------------

    def _carry_out(self, given: Json, definition: ModuleDefinition) -> Json:
        """Carry out the mode and return what the task tells."""
        begun = self._begin(given, definition)
        if begun["told"]:
            return t.cast(Json, begun["told"])
        return self._restore(begun, definition) if begun["mode"] == "restore" else self._plan_or_apply(begun)

    def _begin(self, given: Json, definition: ModuleDefinition) -> Json:
        """Before the first call: have the files for this run, read the plan file."""
        if self._connection.transport != "local":
            raise RefusedError(
                "private_ip_cleanup needs connection: local, since its plan, journal and reports are files of the "
                "machine that runs ansible-playbook"
            )
        mode = given["mode"]
        scope = given.get("scope") or self._host()
        paths = _paths(given)
        policy = variables.chosen(given, plan_file.POLICY)
        begun: Json = {
            "run": str(uuid.uuid4()),
            "started": _now(),
            "mode": mode,
            "provider": given["provider"],
            "cloud": definition.provider.title,
            "scope": scope,
            "plan": None,
            "selection": {},
            "told": None,
            "approved": given.get("approved") or [],
            "batch_size": given["batch_size"],
            **paths,
        }
        if mode == "restore":
            self._begin_restore(begun, definition)
        elif mode == "plan" or not paths["plan_file"]:
            if mode == "apply" and begun["approved"]:
                raise RefusedError(f"{variables.PREFIX}approved needs {variables.PREFIX}plan_file")
            begun["selection"] = variables.selection(given)
        elif not os.path.exists(paths["plan_file"]):
            raise RefusedError(f"{paths['plan_file']} cannot be read: there is no such file; plan first")
        with self._time_limit.holds():
            self._take_files(begun)
        account = given.get("expected_account")
        begun["preflight"] = None
        if begun["selection"] and given["require_preflight"]:
            sources = given.get("in_use_sources") or definition.provider.in_use_sources
            begun["preflight"] = preflight.passed(
                paths["report_dir"], given["provider"], account, sources if given["in_use_check"] else ()
            )
            account = begun["preflight"]["account"]
        if mode == "apply" and paths["plan_file"]:
            plan = self._approved_plan(begun, account, given["plan_max_age"])
            policy = plan_file.narrow(plan["policy"], policy)
            account = account or plan["account"]
            begun["plan"] = plan
        begun["policy"] = policy
        options = {**policy, **variables.chosen(given, _PASSED_ON)}
        account = account or begun.pop("account", None)
        if account:
            options["expected_account"] = account
        begun["options"] = {name: value for name, value in options.items() if name not in _NO_LIMITS}
        return begun

    def _begin_restore(self, begun: Json, definition: ModuleDefinition) -> None:
        if not definition.provider.can_assign:
            raise RefusedError(
                f"{definition.provider.title} cannot assign an address of choice, so what was unassigned there cannot "
                "be restored"
            )
        if not begun["restore_from"]:
            raise RefusedError(f"{variables.PREFIX}restore_from is needed: a journal or a report.json")
        found = self._removals(begun)
        if found["scope"] != begun["scope"]:
            raise RefusedError(
                f"{begun['restore_from']} is refused: it is about {found['scope']}, not about {begun['scope']}"
            )
        begun["journal"] = found["journal"] or begun["journal"]
        begun["account"] = found["account"]
        if not begun["journal"]:
            raise RefusedError(
                f"{variables.PREFIX}report_dir or {variables.PREFIX}journal is needed, where the record of it goes"
            )

    def _take_files(self, begun: Json) -> None:
        """Have the files for this run, once it is sure that they can be written."""
        if self._task.check_mode:
            return
        mode, journal = begun["mode"], begun["journal"]
        written = [begun["plan_file"]] if mode == "plan" else [journal]
        written += _report_files(begun["report_dir"])
        files.refuse_unless_writable(path for path in written if path)
        reserved = [begun["report_dir"], begun["plan_file"], journal]
        inside = [p for p in reserved[1:] if p and begun["report_dir"] == os.path.dirname(p)]
        self._reservation = files.Reservation.of(
            [path for path in reserved if path and path not in inside],
            files.Owner(begun["scope"], self._host(), self._playbook()),
            self._display.display,
        )
        if journal:
            files.wait_for_modules(journal)
        if mode == "plan" and begun["plan_file"] and os.path.exists(begun["plan_file"]):
            _refuse_plan_of_other_scope(begun["plan_file"], begun["scope"])

    def _approved_plan(self, begun: Json, account: str | None, max_age: float) -> Json:
        """Return the plan that is to be applied; where it was applied already, C(told) says so.

        :raises RefusedError: it must not be applied.
        """
        path = begun["plan_file"]
        text = files.read(path)
        try:
            plan = plan_file.read_plan(text)
            plan_file.refuse_where_it_does_not_belong(plan, begun["provider"], begun["scope"], account)
            plan_file.refuse_unless_approved(plan, begun["approved"])
            past = _history(begun["journal"], plan["digest"])
            if past.restored_at:
                raise RefusedError(
                    f"what it removed was restored at {past.restored_at}, which ended it; plan anew to remove it again"
                )
            if past.applied_at:
                begun["told"] = self._told_of_the_past(begun, past, past.applied_at)
            else:
                plan_file.refuse_if_old(plan, max_age, datetime.datetime.now(datetime.timezone.utc))
        except RefusedError as error:
            raise RefusedError(f"{path} is refused: {error}") from None
        return plan

    def _told_of_the_past(self, begun: Json, past: history.PlanHistory, applied_at: str) -> Json:
        content = self._last_report(begun, past.digest)
        totals = content["totals"] if content else {"unassigned": len(past.unassigned)}
        return self._told(begun, past.digest, totals, sentences.describe_done(applied_at, totals), [], True)

    def _plan_or_apply(self, begun: Json) -> Json:
        """Read; where the mode says so, decide and carry out; and whatever has happened, write and say it."""
        account = _Account()
        with account.survives():
            selected = {"targets": begun["plan"]["targets"]} if begun["plan"] else begun["selection"]
            if begun["options"]["force"] and begun["options"]["in_use_check"]:
                # A cleanup with force does not tell what uses the addresses that it tries all the same.
                account.used = self._read(begun, {**selected, "force": False})
            account.checked = self._read(begun, selected)
            if begun["mode"] == "apply":
                self._prepare(begun, account)
                self._unassign(begun, account)
        told = self._report(begun, account)
        if account.interruption is not None:
            raise account.interruption
        return told

    def _read(self, begun: Json, options: Json) -> Json:
        """Return what the cleanup module would do.

        :raises RefusedError: it could not be found out.
        """
        result = self._clean(begun, options, check_mode=True)
        if result.get("failed"):
            raise RefusedError(str(result["msg"]))
        return result

    def _prepare(self, begun: Json, account: _Account) -> None:
        """Between reading and writing: decide what is carried out, in which batches.

        :raises RefusedError: nothing is, and what was read is not what the plan is about.
        """
        checked, plan, allowed = account.checked, begun["plan"], begun["policy"]
        if plan:
            if plan["endpoint"] != checked["endpoint"]:
                place = f"it is a plan for {plan['endpoint']}, not for {checked['endpoint']}"
                raise RefusedError(f"{begun['plan_file']} is refused: {place}")
            missing = plan_file.too_many_missing(plan, checked, allowed["max_missing_percent"])
            if missing:
                raise RefusedError(missing)
        planned = plan or self._plan(begun, account)
        error = plan_file.over_limits(planned["limits"], allowed)
        if error:
            account.errors.append(error)
            return
        if not self._task.check_mode:
            # What is written then is a report of about this size, three times over.
            size = 4 * len(json.dumps(checked["outcomes"]))
            files.refuse_unless_writable(_report_files(begun["report_dir"])[:1], size)
            self._note(
                begun,
                planned["digest"],
                "apply_started",
                provider=begun["provider"],
                endpoint=checked["endpoint"],
                scope=begun["scope"],
                account=checked.get("account"),
            )
        past = _history(begun["journal"], planned["digest"])
        targets = as_targets(key for key in keys(checked["plan"]) if not past.gone(key))
        account.batches = batches.split(targets, begun["batch_size"])

    def _unassign(self, begun: Json, account: _Account) -> None:
        journal = {"journal": begun["journal"]} if begun["journal"] else {}
        for batch in account.batches or ():
            options = {**journal, "targets": batch["targets"], "max_unassign": batch["addresses"]}
            result: Json = {"failed": True, "msg": "interrupted"}
            try:
                result = self._clean(begun, options, check_mode=self._task.check_mode)
            finally:
                # Whatever ends this process: what the batch has sent is to be told.
                account.results.append(result)
            self._say(sentences.describe_progress(batch, result, self._task.check_mode), bool(result.get("failed")))
            for line in sentences.describe_failures(result):
                self._say(line, True)
            if self._task.diff and result.get("diff"):
                self._show_diff(result["diff"])
            if result.get("stopped") or (result.get("failed") and begun["options"]["on_error"] == "stop"):
                return

    def _note(self, begun: Json, digest: str, event: str, **fields: t.Any) -> None:
        if begun["journal"] and not self._task.check_mode:
            files.JournalLines(begun["journal"], digest, begun["run"]).append(event, **fields)

    def _plan(self, begun: Json, account: _Account) -> Json:
        """Return the plan of this run, as a plan file has it.

        :raises RefusedError: it is for another endpoint than the preflight that it needs.
        """
        preflight.refuse_other_endpoint(begun["preflight"], account.checked["endpoint"])
        return plan_file.make_plan(account.checked, self._context(begun), account.uses())

    def _context(self, begun: Json) -> Json:
        fields = ("mode", "scope", "provider", "cloud", "run", "selection", "policy")
        return {
            **{name: begun[name] for name in fields},
            "collection": f"edgecloud.nic {_collection_version()}",
            "created": begun["started"],
            "journal": _link(begun["journal"], begun["report_dir"]) if begun["mode"] != "plan" else None,
        }

    def _report(self, begun: Json, account: _Account) -> Json:
        """At the end, whatever has happened: write what became of every address, and say it."""
        checked, results = account.checked, account.results
        mode, trouble, errors = begun["mode"], t.cast("list[str]", []), list(account.errors)
        could_read = "outcomes" in checked
        plan = begun["plan"] or (self._plan(begun, account) if could_read else None)
        past = None
        if mode == "apply" and plan:
            with _collected(trouble):
                if begun["journal"]:
                    if not all("outcomes" in result for result in results):
                        # What was cut short may still have something in flight.
                        files.wait_for_modules(begun["journal"])
                    past = _history(begun["journal"], plan["digest"])
        if mode == "plan" and plan:
            errors.append(plan_file.over_limits(plan["limits"], begun["policy"]) or "")
        errors += [str(result["msg"]) for result in results if "msg" in result]
        content = report.make_report(
            self._context(begun),
            checked,
            plan,
            account.batches or (),
            results,
            uses=account.uses(),
            history=past,
            error=next(filter(None, errors), None),
        )
        complete = report.is_complete(content)
        written: list[str] = []
        lines: list[str] = []
        if not self._task.check_mode:
            if mode == "plan" and plan and begun["plan_file"]:
                with _collected(trouble):
                    written.append(files.write(begun["plan_file"], _pretty(plan)))
            # What was found out earlier is worth more than that nothing could be found out now.
            if could_read or not any(map(os.path.exists, _report_files(begun["report_dir"]))):
                with _collected(trouble):
                    lines += self._write_reports(begun["report_dir"], content, written)
            if mode == "apply" and plan and account.batches is not None:
                with _collected(trouble):
                    # Where it was not told, the same again tells it.
                    self._note(begun, plan["digest"], "apply_ended", complete=complete and not trouble)
        if could_read and mode == "plan" and self._task.diff:
            self._show_diff(checked["diff"])
        if plan and begun["plan_file"] in written and not content["error"]:
            lines.insert(0, f"Once it is approved, apply exactly this plan: {self._command(plan)}")
        told = self._told(
            begun,
            content["plan_digest"],
            content["totals"],
            sentences.describe(content, self._task.check_mode),
            written,
            plan is not None and (mode == "plan" or complete),
            trouble=trouble,
            lines=lines,
        )
        return {**told, "changed": any(result.get("changed") for result in results)}

    def _command(self, plan: Json) -> str:
        return sentences.apply_command(
            plan["digest"],
            dict(cli.CLIARGS),
            list(constants.DEFAULT_HOST_LIST),
            self._host(),
            len(self._task_vars.get("ansible_play_hosts_all") or ()),
        )

    def _write_reports(self, directory: str | None, content: Json, written: list[str]) -> list[str]:
        """Write the reports; returns a line that says where those of an earlier plan are now, where there were any."""
        if not directory:
            return []
        texts = (
            json.dumps(content, indent=1, ensure_ascii=False) + "\n",
            report.to_csv(content),
            page.make_page(content, _ROLE / "templates"),
        )
        lines = _put_aside(directory, content["plan_digest"])
        for path, text in zip(_report_files(directory), texts):
            written.append(files.write(path, text))
        return lines

    def _told(
        self,
        begun: Json,
        digest: str | None,
        totals: Json,
        message: str,
        written: list[str],
        success: bool,
        *,
        trouble: t.Sequence[str] = (),
        lines: t.Sequence[str] = (),
    ) -> Json:
        """Return what the task tells at its end.

        :param lines: to be shown with the message.
        """
        if trouble:
            message += f"; not all of the record could be written: {'; '.join(dict.fromkeys(trouble))}"
        told: Json = {
            "changed": False,
            "msg": message,
            "result": {
                "mode": begun["mode"],
                "scope": begun["scope"],
                "totals": totals,
                "digest": digest,
                "files": written,
                "journal": begun["journal"] if begun["mode"] != "plan" else None,
            },
        }
        lines = [*lines, *written]
        if success and not trouble:
            return {**told, "lines": [message, *lines]}
        for line in lines:
            # A failed task shows its result in one piece, where nobody finds them.
            self._say(line)
        return {**told, "failed": True}

    def _show_diff(self, diff: Json) -> None:
        """Show what would change. A plan changes nothing, so Ansible itself shows no diff of it."""
        before, after = (_pretty(diff[side]).splitlines() for side in ("before", "after"))
        for line in difflib.unified_diff(before, after, "before", "after", lineterm=""):
            self._display.display(line)

    # --- Restoring ---------------------------------------------------------------------------------------------------

    def _removals(self, begun: Json) -> Json:
        """Return what is to be restored: C(history), C(report), C(journal), C(endpoint), C(scope) and C(account).

        :raises RefusedError: there is no such plan.
        """
        path = begun["restore_from"]
        text = files.read(path)
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            content = None
        try:
            if isinstance(content, dict) and "event" not in content:
                return _removals_of_report(path, report.removed_by_report(content, begun["provider"]), begun)
            past = _plan_of_journal(path, begun)
        except RefusedError as error:
            raise RefusedError(f"{path} is refused: {error}") from None
        if past.provider != begun["provider"]:
            raise RefusedError(f"{path} is refused: it is about {past.provider}, not about {begun['provider']}")
        place = {"endpoint": past.endpoint, "scope": past.scope, "account": past.account}
        return {"history": past, "report": None, "journal": path, **place}

    def _restore(self, begun: Json, definition: ModuleDefinition) -> Json:
        """Assign again what was unassigned, and write and say what came of it.

        :raises RefusedError: nothing was.
        """
        place = self._read(begun, {"targets": []})
        found = self._removals(begun)
        if found["endpoint"] != place["endpoint"]:
            raise RefusedError(
                f"{begun['restore_from']} is refused: it is about {found['endpoint']}, not about {place['endpoint']}"
            )
        past, content = found["history"], found["report"]
        targets = past.to_restore() if past.unassigned or not content else report.to_restore(content)
        if targets:
            self._note(begun, past.digest, "restore_started")
        account = _Account()
        with account.survives():
            self._assign(begun, definition, targets, account)
        told = self._report_restoration(begun, found, targets, account)
        if account.interruption is not None:
            raise account.interruption
        return told

    def _assign(self, begun: Json, definition: ModuleDefinition, targets: t.Sequence[Json], account: _Account) -> None:
        connection = _names(definition.provider.connection_spec)
        common = {name: value for name, value in self._other_options(definition).items() if name in connection}
        common.update(variables.chosen(begun["options"], ("wait", "wait_timeout", "expected_account")))
        for target in targets:
            options = {**common, **target, "state": "present"}
            result = self._call(f"{begun['provider']}_private_ip", options, check_mode=self._task.check_mode)
            account.results.append(result)
            addresses = ", ".join(target["private_ip_addresses"])
            reason = f": {result['msg']}" if result.get("failed") else ""
            self._say(f"{target['network_interface_id']}: {addresses}{reason}", bool(reason))
            if self._task.diff and result.get("diff"):
                self._show_diff(result["diff"])
            if result.get("stopped") or (result.get("failed") and begun["options"]["on_error"] == "stop"):
                return

    def _report_restoration(self, begun: Json, found: Json, targets: t.Sequence[Json], account: _Account) -> Json:
        """Write and say what was restored and what was not."""
        past = found["history"]
        content = found["report"] or self._last_report(begun, past.digest)
        content = content or report.report_of_history(past, self._context(begun))
        message, restored = sentences.describe_restoration(targets, account.results, self._task.check_mode)
        if not targets:
            message = f"Nothing is left to restore of the plan {past.digest}"
        written: list[str] = []
        trouble: list[str] = list(account.errors)
        lines: list[str] = []
        words = dict(past.restored)
        for entry in restored:
            with _collected(trouble):
                self._note(begun, past.digest, "restored", **entry)
            for outcome in history.RESTORED:
                words.update(((entry["network_interface_id"], address), outcome) for address in entry[outcome])
        content = report.add_restoration(content, words, found["history"], self._context(begun))
        if not self._task.check_mode:
            with _collected(trouble):
                self._note(begun, past.digest, "restore_ended")
            with _collected(trouble):
                lines += self._write_reports(begun["report_dir"], content, written)
        counts = sentences.count_restored(restored)
        success = not counts["not_restored"]
        told = self._told(begun, past.digest, counts, message, written, success, trouble=trouble, lines=lines)
        return {**told, "changed": any(result.get("changed") for result in account.results)}

    def _last_report(self, begun: Json, digest: str) -> Json | None:
        """Return the report of the plan that lies in the directory of reports; None where it is not there."""
        for path in _report_files(begun["report_dir"])[:1]:
            for place in (path, _aside(path, digest)):
                with contextlib.suppress(RefusedError, ValueError):
                    content = report.removed_by_report(json.loads(files.read(place)), begun["provider"])
                    if content["plan_digest"] == digest:
                        return content
        return None


class _Account:
    """What is known of a run, however far it got."""

    def __init__(self) -> None:
        self.used: Json = {}
        self.checked: Json = {}
        #: None where it was not decided to carry anything out.
        self.batches: list[Json] | None = None
        #: Of modules that may have written, in their order.
        self.results: list[Json] = []
        self.errors: list[str] = []
        #: What is to end this process as soon as the account is written.
        self.interruption: BaseException | None = None

    def uses(self) -> list[Json]:
        """Return what uses addresses: with force, a second look has told it."""
        return uses_of((self.used if "outcomes" in self.used else self.checked).get("outcomes") or ())

    @contextlib.contextmanager
    def survives(self) -> t.Iterator[None]:
        """Go on to the report, whatever happens."""
        try:
            yield
        except RefusedError as error:
            # What was read, if anything, is about another place.
            self.checked = {}
            self.errors.append(str(error))
        except Exception as error:
            self.errors.append(_bug(error))
        except BaseException as error:
            self.interruption = error
            self.errors.append(f"interrupted by {type(error).__name__}")


class _TimeLimit:
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


def _bug(error: Exception) -> str:
    return f"edgecloud.nic has a bug, please report it: {type(error).__name__}: {error}"


def _names(spec: t.Mapping[str, Json]) -> set[str]:
    """Return the names of options, and their aliases."""
    return {name for option, facts in spec.items() for name in (option, *facts.get("aliases", ()))}


@contextlib.contextmanager
def _collected(trouble: list[str]) -> t.Iterator[None]:
    """Go on after what could not be written: the rest of the account is wanted all the more."""
    try:
        yield
    except RefusedError as error:
        trouble.append(str(error))
    except OSError as error:
        trouble.append(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror))
    except Exception as error:
        trouble.append(_bug(error))


def _definition(provider: str) -> ModuleDefinition:
    """Return what the cleanup module of a cloud is.

    :raises RefusedError: there is none.
    """
    known = sorted(path.stem.removesuffix(_MODULE) for path in (_COLLECTION / "plugins/modules").glob(f"*{_MODULE}.py"))
    if provider not in known:
        raise RefusedError(f"{variables.PREFIX}provider is {provider}, and must be one of {', '.join(known)}")
    definition: ModuleDefinition = importlib.import_module(f"{_MODULES}.{provider}{_MODULE}").DEFINITION
    return definition


def _paths(given: Json) -> Json:
    """Return where the records lie. A name without directory is a file beside the reports."""
    directory = given.get("report_dir")
    if given.get("scope"):
        directory = os.path.join(directory or _SCOPES_DIR, files.directory_name(given["scope"]))

    def place(path: str | None) -> str | None:
        if not path:
            return None
        if directory and os.path.basename(path) == path:
            path = os.path.join(directory, path)
        return os.path.abspath(path)

    return {
        "report_dir": os.path.abspath(directory) if directory else None,
        "plan_file": place(given.get("plan_file")),
        "journal": place(given.get("journal") or (directory and "journal.jsonl")),
        "restore_from": place(given.get("restore_from")),
    }


def _report_files(directory: str | None) -> list[str]:
    return [os.path.join(directory, f"report.{kind}") for kind in ("json", "csv", "html")] if directory else []


def _aside(path: str, digest: str) -> str:
    """Return where a report goes that has to make room: beside it, with the first digits of its plan's digest."""
    stem, kind = os.path.splitext(path)
    return f"{stem}-{digest.removeprefix('sha256:')[:12]}{kind}"


def _put_aside(directory: str, digest: str | None) -> list[str]:
    """Make room for the reports of a plan, unless those that are there are of the same plan or tell of no removal.

    :returns: a line that says where they are now, where there were any.
    """
    paths = _report_files(directory)
    try:
        earlier = json.loads(files.read(paths[0]))
        removed = earlier["tried"] or earlier["totals"]["unassigned"]
        if earlier["mode"] == "plan" or not removed or earlier["plan_digest"] == digest:
            return []
        places = {path: _aside(path, earlier["plan_digest"]) for path in paths if os.path.exists(path)}
    except (RefusedError, ValueError, KeyError, TypeError, AttributeError):
        return []
    for path, place in places.items():
        os.replace(path, place)
    stem = os.path.splitext(_aside(paths[0], earlier["plan_digest"]))[0]
    return [f"The reports of the plan {earlier['plan_digest']} are {stem}.* now"]


def _refuse_plan_of_other_scope(path: str, scope: str) -> None:
    try:
        owner = plan_file.read_plan(files.read(path))["scope"]
    except RefusedError:
        return
    if owner != scope:
        raise RefusedError(f"{path} is the plan of {owner}, and scopes share no file; give {scope} another one")


def _history(journal: str | None, digest: str) -> history.PlanHistory:
    """Return what the journal says of a plan.

    :raises RefusedError: the journal is there and cannot be read.
    """
    if not journal or not os.path.exists(journal):
        return history.PlanHistory(digest)
    try:
        return history.Journal(read_journal(journal)).of(digest)
    except OSError as error:
        raise RefusedError(f"{journal} cannot be read: {error.strerror}") from None


def _removals_of_report(path: str, content: Json, begun: Json) -> Json:
    journal = content.get("journal")
    journal = os.path.join(os.path.dirname(path), journal) if journal else None
    if journal and not os.path.exists(journal):
        journal = None
    past = _history(journal, content["plan_digest"])
    if begun["approved"]:
        plan_file.refuse_unless_approved(
            {"digest": content["plan_digest"], "created": content["plan_created"]}, begun["approved"]
        )
    place = {name: content[name] for name in ("endpoint", "scope", "account")}
    return {"history": past, "report": content, "journal": journal, **place}


def _plan_of_journal(path: str, begun: Json) -> history.PlanHistory:
    """Return the plan of a journal that is to be restored: the approved one, or the only one."""
    try:
        entries = list(read_journal(path))
    except OSError as error:
        raise RefusedError(f"it cannot be read: {error.strerror}") from None
    if not entries:
        raise RefusedError("it is neither a journal nor a report.json")
    plans = [plan for plan in history.Journal(entries).plans.values() if plan.unassigned]
    if not plans:
        raise RefusedError("it has no removals of a plan")
    for plan in plans:
        with contextlib.suppress(RefusedError):
            plan_file.refuse_unless_approved({"digest": plan.digest, "created": None}, begun["approved"])
            return plan
    left = [plan for plan in plans if plan.to_restore()] or plans[-1:]
    if begun["approved"] or len(left) > 1:
        digests = ", ".join(f"{plan.digest} ({len(plan.unassigned)})" for plan in plans)
        raise RefusedError(
            f"it has removals of several plans; say with {variables.PREFIX}approved which one is restored: {digests}"
        )
    return left[0]


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")


def _pretty(content: t.Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _link(path: str | None, directory: str | None) -> str | None:
    """Return a path as a page in the directory can link to it."""
    return os.path.relpath(path, directory) if path and directory and path.startswith(directory + os.sep) else path


def _collection_version() -> str:
    """Return the version of this collection, installed or in a checkout."""
    for name, section in (("MANIFEST.json", "collection_info"), ("galaxy.yml", None)):
        path = _COLLECTION / name
        if path.exists():
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            return str((content[section] if section else content)["version"])
    return "unknown"
