# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads and writes the records of the role C(private_ip_cleanup), in the worker process of ansible-core.

Each file that the C(copy) module writes costs two processes of half a second, and a large estate does not pass through
templates in good time: so results of earlier tasks are named, not handed over.
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
import typing as t
import uuid

import yaml
from ansible import constants
from ansible import context as cli
from ansible.errors import AnsibleActionFail
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
#: Judged by the role, over the whole plan and not batch by batch.
_JUDGED_HERE = ("max_unassign", "max_unassign_percent", "max_missing_percent")
#: Where the playbook keeps the directories of its scopes, unless it is told.
_SCOPES_DIR = "cleanup"
_STEPS = ("begin", "prepare", "report", "removed", "restored")
#: The names of variables that have results of earlier tasks.
_RESULTS = ("begun", "checked", "used", "prepared", "batches", "assigned")


class RecordsAction(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        result: Json = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(
            {
                "step": {"type": "str", "required": True, "choices": list(_STEPS)},
                "variables": {"type": "list", "elements": "str"},
                **{name: {"type": "str"} for name in _RESULTS},
            }
        )
        self._arguments = arguments
        self._task_vars = task_vars or {}
        self._reservation = files.Reservation(None)
        try:
            result.update({"changed": False, **getattr(self, f"_{arguments['step']}")()})
        except RefusedError as error:
            raise AnsibleActionFail(f"{error}; nothing was changed") from None
        finally:
            if "changed" not in result and arguments["step"] != "prepare":
                # After that one, the report is still to be written.
                self._reservation.release()
                self._release()
        return result

    # --- What Ansible knows ------------------------------------------------------------------------------------------

    def _registered(self, name: str) -> Json:
        """Return the result of an earlier task of the role; empty where it was not run."""
        value = self._task_vars.get(self._arguments[name] or "") or {}
        result = dict(value)
        if "warnings" in result:
            # From 2.19 on, ansible-core makes texts of them only where they are templated.
            result["warnings"] = self._plain(result["warnings"])
        return result

    def _loop_results(self, name: str) -> list[Json]:
        """Return the results of a module in a loop, as far as it was called."""
        results = self._registered(name).get("results") or []
        return [result for result in results if "outcomes" in result or "msg" in result]

    def _changed(self, name: str) -> bool:
        """Tell whether a loop that failed has changed something: ansible-core counts a failed task as no change."""
        loop = self._registered(name)
        return bool(loop.get("failed") and any(result.get("changed") for result in self._loop_results(name)))

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
        """Return the role's variables by their names without prefix.

        :raises RefusedError: one cannot be meant, or would take the place of what the role finds out itself.
        """
        names = self._arguments["variables"] or ()
        for name in names:
            if name.startswith(variables.OWN_PREFIX) and self._task_vars.get(name) is not None:
                raise RefusedError(f"{name} is the role's own, and cannot be set")
        given = {}
        for name in names:
            if name.startswith(variables.PREFIX):
                with contextlib.suppress(_Omitted):
                    given[name] = self._plain(self._task_vars[name])
        with open(_ROLE / "meta" / "argument_specs.yml", encoding="utf-8") as file:
            spec = yaml.safe_load(file)["argument_specs"]["main"]["options"]
        return variables.read_variables(spec, given)

    def _host(self) -> str:
        return str(self._task_vars["inventory_hostname"])

    def _playbook(self) -> int:
        """Return the process id of ansible-playbook."""
        parent = multiprocessing.parent_process()
        return os.getppid() if parent is None or parent.pid is None else parent.pid

    def _release(self) -> None:
        """Let other runs have the files, if this one got as far as to have them."""
        files.Reservation(self._registered("begun").get("holder")).release()

    # --- Steps -------------------------------------------------------------------------------------------------------

    def _begin(self) -> Json:
        """Before the first call: check the variables, have the files for this run, read the plan file."""
        if self._connection.transport != "local":
            raise RefusedError(
                "private_ip_cleanup needs connection: local, since its plan, journal and reports are files of the "
                "machine that runs ansible-playbook"
            )
        given = self._variables()
        definition = _definition(given["provider"])
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
            "on_error": given["on_error"],
            "set_stats": given["set_stats"],
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
        self._take_files(begun)
        account = given.get("expected_account")
        begun["preflight"] = None
        if begun["selection"] and given["require_preflight"]:
            begun["preflight"] = preflight.passed(paths["report_dir"], given["provider"], account)
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
        begun["options"] = {name: value for name, value in options.items() if name not in _JUDGED_HERE}
        if "max_missing_percent" in definition.options:
            begun["options"]["max_missing_percent"] = 100
        begun["holder"] = self._reservation.holder
        begun["tasks"] = "restore" if mode == "restore" else "cleanup"
        if begun["told"]:
            begun["tasks"] = "tell"
            self._reservation.release()
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
                begun["told"] = self._told_of_the_past(begun, past)
            else:
                plan_file.refuse_if_old(plan, max_age, datetime.datetime.now(datetime.timezone.utc))
        except RefusedError as error:
            raise RefusedError(f"{path} is refused: {error}") from None
        return plan

    def _told_of_the_past(self, begun: Json, past: history.PlanHistory) -> Json:
        content = self._last_report(begun, past.digest)
        message = sentences.describe_done(past)
        totals = content["totals"] if content else {"unassigned": len(past.unassigned)}
        return self._told(begun, past.digest, totals, message, [], True)

    def _prepare(self) -> Json:
        """Between reading and writing: decide what is carried out, in which batches."""
        begun, checked = self._registered("begun"), self._registered("checked")
        plan = begun["plan"]
        allowed = begun["policy"]
        if plan:
            if plan["endpoint"] != checked["endpoint"]:
                place = f"it is a plan for {plan['endpoint']}, not for {checked['endpoint']}"
                raise RefusedError(f"{begun['plan_file']} is refused: {place}")
            missing = plan_file.too_many_missing(plan, checked, allowed["max_missing_percent"])
            if missing:
                raise RefusedError(missing)
        planned = plan or self._plan(begun, checked)
        error = plan_file.over_limits(planned["limits"], allowed)
        if error:
            return {"batches": [], "error": error}
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
        return {"batches": batches.split(targets, begun["batch_size"]), "error": None}

    def _note(self, begun: Json, digest: str, event: str, **fields: t.Any) -> None:
        if begun["journal"] and not self._task.check_mode:
            files.JournalLines(begun["journal"], digest, begun["run"]).append(event, **fields)

    def _plan(self, begun: Json, checked: Json) -> Json:
        """Return the plan of this run, as a plan file has it.

        :raises RefusedError: it is for another endpoint than the preflight that it needs.
        """
        preflight.refuse_other_endpoint(begun["preflight"], checked["endpoint"])
        return plan_file.make_plan(checked, self._context(begun), self._uses(checked))

    def _uses(self, checked: Json) -> list[Json]:
        """Return what uses addresses: with force, a second look has told it."""
        used = self._registered("used")
        return uses_of((used if "outcomes" in used else checked).get("outcomes") or ())

    def _context(self, begun: Json) -> Json:
        fields = ("mode", "scope", "provider", "cloud", "run", "selection", "policy")
        return {
            **{name: begun[name] for name in fields},
            "collection": f"edgecloud.nic {_collection_version()}",
            "created": begun["started"],
            "journal": _link(begun["journal"], begun["report_dir"]) if begun["mode"] != "plan" else None,
        }

    def _report(self) -> Json:
        """At the end, whatever has happened: write what became of every address, and say it."""
        begun, checked = self._registered("begun"), self._registered("checked")
        prepared, results = self._registered("prepared"), self._loop_results("batches")
        mode, trouble = begun["mode"], t.cast("list[str]", [])
        errors = [
            str(r["msg"]) for r in (self._registered("used"), checked, prepared) if r.get("failed") and "msg" in r
        ]
        if errors:
            # What was read, if anything, is about another place.
            checked = {}
        could_read = "outcomes" in checked
        plan = begun["plan"] or (self._plan(begun, checked) if could_read else None)
        past = None
        if mode == "apply" and plan:
            with _collected(trouble):
                past = _history(begun["journal"], plan["digest"])
        if mode == "plan" and plan:
            errors.append(plan_file.over_limits(plan["limits"], begun["policy"]) or "")
        errors += [prepared.get("error") or "", *(str(result["msg"]) for result in results if "msg" in result)]
        content = report.make_report(
            self._context(begun),
            checked,
            plan,
            prepared.get("batches", ()),
            results,
            uses=self._uses(checked),
            history=past,
            error=next(filter(None, errors), None),
        )
        complete = report.is_complete(content)
        written: list[str] = []
        if not self._task.check_mode:
            if mode == "plan" and plan and begun["plan_file"]:
                with _collected(trouble):
                    written.append(files.write(begun["plan_file"], _pretty(plan)))
            # What was found out earlier is worth more than that nothing could be found out now.
            if could_read or not any(map(os.path.exists, _report_files(begun["report_dir"]))):
                with _collected(trouble):
                    self._write_reports(begun["report_dir"], content, written)
            if mode == "apply" and plan and "batches" in prepared and not prepared["error"]:
                with _collected(trouble):
                    # Where it was not told, the same again tells it.
                    self._note(begun, plan["digest"], "apply_ended", complete=complete and not trouble)
        if could_read and mode == "plan" and self._task.diff:
            self._show_diff(checked["diff"])
        told = self._told(
            begun,
            content["plan_digest"],
            content["totals"],
            sentences.describe(content, self._task.check_mode),
            written,
            plan is not None and (mode == "plan" or complete),
            trouble,
        )
        if plan and begun["plan_file"] in written and not content["error"]:
            told["lines"].insert(1, f"Once it is approved, apply exactly this plan: {self._command(plan)}")
        return {**told, "changed": self._changed("batches")}

    def _command(self, plan: Json) -> str:
        return sentences.apply_command(
            plan["digest"],
            dict(cli.CLIARGS),
            list(constants.DEFAULT_HOST_LIST),
            self._host(),
            len(self._task_vars.get("ansible_play_hosts_all") or ()),
        )

    def _write_reports(self, directory: str | None, content: Json, written: list[str]) -> None:
        if directory:
            texts = (
                json.dumps(content, indent=1, ensure_ascii=False) + "\n",
                report.to_csv(content),
                page.make_page(content, _ROLE / "templates"),
            )
            for path, text in zip(_report_files(directory), texts):
                written.append(files.write(path, text))

    def _told(
        self,
        begun: Json,
        digest: str | None,
        totals: Json,
        message: str,
        written: list[str],
        success: bool,
        trouble: t.Sequence[str] = (),
    ) -> Json:
        """Return what the role tells at its end, and let other runs have the files."""
        self._release()
        if trouble:
            message += f"; not all of the record could be written: {'; '.join(dict.fromkeys(trouble))}"
        return {
            "msg": message,
            "success": success and not trouble,
            "lines": [message, *written],
            "result": {
                "mode": begun["mode"],
                "scope": begun["scope"],
                "message": message,
                "totals": totals,
                "digest": digest,
                "files": written,
                "journal": begun["journal"] if begun["mode"] != "plan" else None,
            },
        }

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

    def _removed(self) -> Json:
        """Tell which addresses are to be put back, and note that it begins."""
        begun, checked = self._registered("begun"), self._registered("checked")
        found = self._removals(begun)
        if found["endpoint"] != checked["endpoint"]:
            raise RefusedError(
                f"{begun['restore_from']} is refused: it is about {found['endpoint']}, not about {checked['endpoint']}"
            )
        past, content = found["history"], found["report"]
        targets = past.to_restore() if past.unassigned or not content else report.to_restore(content)
        if targets:
            self._note(begun, past.digest, "restore_started")
        return {"targets": targets, "digest": past.digest}

    def _restored(self) -> Json:
        """Write and say what was restored and what was not."""
        begun, removed = self._registered("begun"), self._registered("prepared")
        digest = removed["digest"]
        found = self._removals(begun)
        content = found["report"] or self._last_report(begun, digest)
        content = content or report.report_of_history(found["history"], self._context(begun))
        message, restored = sentences.describe_restoration(
            removed["targets"], self._loop_results("assigned"), self._task.check_mode
        )
        if not removed["targets"]:
            message = f"Nothing is left to restore of the plan {digest}"
        written: list[str] = []
        trouble: list[str] = []
        words = dict(found["history"].restored)
        for entry in restored:
            with _collected(trouble):
                self._note(begun, digest, "restored", **entry)
            for outcome in history.RESTORED:
                words.update(((entry["network_interface_id"], address), outcome) for address in entry[outcome])
        content = report.add_restoration(content, words, self._context(begun))
        if not self._task.check_mode:
            with _collected(trouble):
                self._note(begun, digest, "restore_ended")
            with _collected(trouble):
                self._write_reports(begun["report_dir"], content, written)
        counts = sentences.count_restored(restored)
        told = self._told(begun, digest, counts, message, written, not counts["not_restored"], trouble)
        return {**told, "changed": self._changed("assigned")}

    def _last_report(self, begun: Json, digest: str) -> Json | None:
        """Return the report of the plan that lies in the directory of reports; None where it is not there."""
        for path in _report_files(begun["report_dir"])[:1]:
            with contextlib.suppress(RefusedError, ValueError):
                content = report.removed_by_report(json.loads(files.read(path)), begun["provider"])
                if content["plan_digest"] == digest:
                    return content
        return None


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
        trouble.append(f"edgecloud.nic has a bug, please report it: {type(error).__name__}: {error}")


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
