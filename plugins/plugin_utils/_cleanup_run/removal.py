# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans and removes: reads, decides, carries out in batches, and says what came of it."""

from __future__ import annotations

import json
import os
import typing as t

from ansible_collections.edgecloud.nic.plugins.plugin_utils import _cleanup_files as files
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import (
    batches,
    plan_file,
    preflight,
    report,
    sentences,
)
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import (
    Json,
    RefusedError,
    as_targets,
    keys,
)
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run import health, places
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.account import Account, collected, compact
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.ageing import Ageing
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.calls import ModuleCalls
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.records import Records, pretty, read_history
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.telling import Teller


class Removal:
    """One run in the modes C(plan) and C(apply)."""

    def __init__(self, calls: ModuleCalls, records: Records, teller: Teller) -> None:
        self._calls, self._records, self._teller = calls, records, teller

    def plan_or_apply(self, begun: Json) -> Json:
        """Read; where the mode says so, decide and carry out; and whatever has happened, write and say it."""
        account = Account()
        self._ageing = Ageing(self._calls, begun, self._teller.check_mode)
        with account.survives():
            selected = {"targets": begun["plan"]["targets"]} if begun["plan"] else begun["selection"]
            if begun["options"]["force"] and begun["options"]["in_use_check"]:
                # A cleanup with force does not tell what uses the addresses that it tries all the same.
                account.used = self._calls.read(begun, {**selected, "force": False})
            account.checked = self._calls.read(begun, selected)
            self._ageing.judge(account)
            if begun["mode"] == "apply" or not self._teller.diff:
                account.checked.pop("diff", None)
            account.checked = compact(account.checked)
            if begun["mode"] == "apply":
                self._prepare(begun, account)
                self._unassign(begun, account)
        return self._told(begun, account)

    def go_on(self, begun: Json, account: Account, refusal: str | None, failure: str | None) -> Json:
        """After a health check: carry the next batch out, or end; and whatever has happened, write and say it.

        :param account: of the run so far.
        :param refusal: why there must be no further batch, whatever the health check has said.
        :param failure: what failed in the health check; None where it passed.
        """
        self._ageing = Ageing(self._calls, begun, self._teller.check_mode)
        if failure is not None:
            account.ending = sentences.describe_health_check(len(account.results), account.batches or (), failure)
        account.errors += filter(None, (account.ending, refusal))
        if not account.errors:
            with account.survives():
                try:
                    self._ageing.go_on(account)
                    self._note_start(begun, account)
                except RefusedError as error:
                    account.errors.append(str(error))
                else:
                    self._unassign(begun, account)
        return self._told(begun, account)

    def _told(self, begun: Json, account: Account) -> Json:
        told = self._report(begun, account)
        if account.interruption is not None:
            raise account.interruption
        return told

    def _prepare(self, begun: Json, account: Account) -> None:
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
        account.digest = planned["digest"]
        error = plan_file.over_limits(planned["limits"], allowed)
        if error:
            account.errors.append(error)
            return
        if not self._teller.check_mode:
            # What is written then is a report of about this size, three times over.
            size = 4 * len(json.dumps(checked["outcomes"]))
            files.refuse_unless_writable(places.report_files(begun["report_dir"])[:1], size)
            self._note_start(begun, account)
        past = read_history(begun["journal"], planned["digest"])
        targets = as_targets(key for key in keys(checked["plan"]) if not past.gone(key))
        account.batches = batches.split(targets, begun["batch_size"], len(planned["targets"]))

    def _note_start(self, begun: Json, account: Account) -> None:
        self._records.note(
            account.digest or "",
            "apply_started",
            provider=begun["provider"],
            endpoint=account.checked["endpoint"],
            scope=begun["scope"],
            account=account.checked.get("account"),
        )

    def _unassign(self, begun: Json, account: Account) -> None:
        journal = {"journal": begun["journal"]} if begun["journal"] else {}
        todo, done = account.batches or [], len(account.results)
        for number, batch in enumerate(todo[done:], done + 1):
            if number > done + 1 and not self._teller.check_mode:
                error = self._calls.pause(begun["pause"])
                if error:
                    account.errors.append(error)
                    return
                if begun["health_check"]:
                    account.waits = True
                    return
            options = {**journal, "targets": batch["targets"], "max_unassign": batch["addresses"]}
            result: Json = {"failed": True, "msg": "interrupted"}
            try:
                self._ageing.take(batch["targets"], account.digest or "")
                result = self._calls.clean(begun, options, check_mode=self._teller.check_mode)
            except RefusedError as error:
                # Nothing was sent: what cannot be noted before must not happen.
                result = {"failed": True, "changed": False, "stopped": "candidates", "msg": str(error)}
            finally:
                # Whatever ends this process: what the batch has sent is to be told.
                account.add(result)
            self._teller.say(
                sentences.describe_progress(batch, result, self._teller.check_mode), bool(result.get("failed"))
            )
            for line in sentences.describe_failures(result):
                self._teller.say(line, True)
            if self._teller.diff and result.get("diff"):
                self._teller.show_diff(result["diff"])
            with collected(account.errors):
                self._ageing.settle(result)
            if number < len(todo) and isinstance(begun["batch_size"], list) and not batches.is_settled(result):
                account.ending = sentences.describe_end_of_ramp(number, todo)
                account.errors.append(account.ending)
                return
            ends = result.get("stopped") or (result.get("failed") and begun["options"]["on_error"] == "stop")
            if ends or account.errors:
                return

    def _wait(self, begun: Json, account: Account) -> Json:
        """Leave what is known to the task that goes on with the run; returns what the role has to know."""
        check = f"{begun['run']}-{len(account.results)}"
        handover = health.Handover(
            begun,
            account,
            self._calls.connection_mark(begun),
            health.look(begun),
            health.failed(self._calls.task_vars),
        )
        handover.leave(check)
        return {"batches": len(account.batches or ()), "check": check, "health_check": begun["health_check"]}

    def _plan(self, begun: Json, account: Account) -> Json:
        """Return the plan of this run, as a plan file has it.

        :raises RefusedError: it is for another endpoint than the preflight that it needs.
        """
        preflight.refuse_other_endpoint(begun["preflight"], account.checked["endpoint"])
        return plan_file.make_plan(account.checked, self._records.context(), account.uses(), account.ages)

    def _report(self, begun: Json, account: Account) -> Json:
        """At the end, whatever has happened: write what became of every address, and say it."""
        checked, results, ending = account.checked, account.results, account.ending
        mode, trouble, errors = begun["mode"], t.cast("list[str]", []), list(account.errors)
        if account.waits:
            # What is written now stays, unless the health check passes.
            ending = sentences.describe_health_check(len(results), account.batches or ())
            errors.append(ending)
        could_read = "outcomes" in checked
        plan = begun["plan"] or (self._plan(begun, account) if could_read else None)
        past = None
        if mode == "apply" and plan and not account.displaced:
            with collected(trouble):
                if begun["journal"]:
                    if not all("outcomes" in result for result in results):
                        # What was cut short may still have something in flight.
                        files.wait_for_modules(begun["journal"])
                    past = read_history(begun["journal"], plan["digest"])
        if mode == "plan" and plan:
            errors.append(plan_file.over_limits(plan["limits"], begun["policy"]) or "")
        errors += [str(result["msg"]) for result in results if "msg" in result]
        content = report.make_report(
            self._records.context(),
            checked,
            plan,
            account.batches or (),
            results,
            uses=account.uses(),
            ages=account.ages,
            history=past,
            error=next(filter(None, errors), None),
        )
        complete = report.is_complete(content)
        written: list[str] = []
        lines: list[str] = []
        if not self._teller.check_mode and not account.displaced:
            if mode == "plan" and plan and begun["plan_file"]:
                with collected(trouble):
                    written.append(files.write(begun["plan_file"], pretty(plan)))
            # What was found out earlier is worth more than that nothing could be found out now.
            if could_read or not any(map(os.path.exists, places.report_files(begun["report_dir"]))):
                with collected(trouble):
                    lines += self._records.write_reports(content, written)
            if mode == "apply" and plan and account.batches is not None:
                with collected(trouble):
                    # Where it was not told, the same again tells it.
                    self._records.note(plan["digest"], "apply_ended", complete=complete and not trouble)
        waiting: Json = {}
        if account.waits and not trouble:
            with collected(trouble):
                waiting = self._wait(begun, account)
        if could_read and mode == "plan" and self._teller.diff:
            self._teller.show_diff(checked["diff"])
        if plan and begun["plan_file"] in written and not content["error"]:
            lines.insert(0, f"Once it is approved, apply exactly this plan: {self._teller.command(plan)}")
        told = self._teller.told(
            begun,
            content["plan_digest"],
            content["totals"],
            sentences.describe(content, self._teller.check_mode, ending),
            written,
            plan is not None and (mode == "plan" or complete or bool(waiting)),
            trouble=trouble,
            lines=lines,
        )
        over_limits = mode == "plan" and content["error"] is not None
        return {
            **told,
            **waiting,
            "changed": any(result.get("changed") for result in results),
            "over_limits": over_limits,
        }
