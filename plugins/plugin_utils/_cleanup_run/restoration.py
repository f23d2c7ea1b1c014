# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restores: assigns again what was unassigned, and says what came of it."""

from __future__ import annotations

import contextlib
import json
import os
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._engine.journal import read_journal
from ansible_collections.edgecloud.nic.plugins.module_utils._module import ModuleDefinition
from ansible_collections.edgecloud.nic.plugins.plugin_utils import _cleanup_files as files
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import (
    history,
    plan_file,
    report,
    sentences,
    variables,
)
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import Json, RefusedError
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.account import Account, collected
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.calls import ModuleCalls
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.records import Records, read_history
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.telling import Teller


class Restoration:
    """One run in the mode C(restore)."""

    def __init__(self, calls: ModuleCalls, records: Records, teller: Teller) -> None:
        self._calls, self._records, self._teller = calls, records, teller

    def restore(self, begun: Json, definition: ModuleDefinition) -> Json:
        """Assign again what was unassigned, and write and say what came of it.

        :raises RefusedError: nothing was.
        """
        place = self._calls.read(begun, {"targets": []})
        found = removals(begun)
        if found["endpoint"] != place["endpoint"]:
            raise RefusedError(
                f"{begun['restore_from']} is refused: it is about {found['endpoint']}, not about {place['endpoint']}"
            )
        past, content = found["history"], found["report"]
        targets = past.to_restore() if past.unassigned or not content else report.to_restore(content)
        if targets:
            self._records.note(past.digest, "restore_started")
        account = Account()
        with account.survives():
            self._assign(begun, definition, targets, account)
        told = self._report_restoration(begun, found, targets, account)
        if account.interruption is not None:
            raise account.interruption
        return told

    def _assign(self, begun: Json, definition: ModuleDefinition, targets: t.Sequence[Json], account: Account) -> None:
        common = self._calls.connection_options(begun, definition)
        common.update(variables.chosen(begun["options"], ("wait", "wait_timeout")))
        for target in targets:
            options = {**common, **target, "state": "present"}
            result = self._calls.call(f"{begun['provider']}_private_ip", options, check_mode=self._teller.check_mode)
            account.results.append(result)
            addresses = ", ".join(target["private_ip_addresses"])
            reason = f": {result['msg']}" if result.get("failed") else ""
            self._teller.say(f"{target['network_interface_id']}: {addresses}{reason}", bool(reason))
            if self._teller.diff and result.get("diff"):
                self._teller.show_diff(result["diff"])
            if result.get("stopped") or (result.get("failed") and begun["options"]["on_error"] == "stop"):
                return

    def _report_restoration(self, begun: Json, found: Json, targets: t.Sequence[Json], account: Account) -> Json:
        """Write and say what was restored and what was not."""
        past = found["history"]
        content = found["report"] or self._records.last_report(past.digest)
        content = content or report.report_of_history(past, self._records.context())
        message, restored = sentences.describe_restoration(targets, account.results, self._teller.check_mode)
        if not targets:
            message = f"Nothing is left to restore of the plan {past.digest}"
        written: list[str] = []
        trouble: list[str] = list(account.errors)
        lines: list[str] = []
        words = dict(past.restored)
        for entry in restored:
            with collected(trouble):
                self._records.note(past.digest, "restored", **entry)
            for outcome in history.RESTORED:
                words.update(((entry["network_interface_id"], address), outcome) for address in entry[outcome])
        content = report.add_restoration(content, words, found["history"], self._records.context())
        if not self._teller.check_mode:
            with collected(trouble):
                self._records.note(past.digest, "restore_ended")
            with collected(trouble):
                lines += self._records.write_reports(content, written)
        counts = sentences.count_restored(restored)
        success = not counts["not_restored"]
        told = self._teller.told(begun, past.digest, counts, message, written, success, trouble=trouble, lines=lines)
        return {**told, "changed": any(result.get("changed") for result in account.results)}


def removals(begun: Json) -> Json:
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


def _removals_of_report(path: str, content: Json, begun: Json) -> Json:
    journal = content.get("journal")
    journal = os.path.join(os.path.dirname(path), journal) if journal else None
    if journal and not os.path.exists(journal):
        journal = None
    past = read_history(journal, content["plan_digest"])
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
