# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gives the role behaviours back that it once had, to show that the campaign finds them.

C(ansible-playbook) loads a callback that does so before it starts the workers in which the role runs.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import pathlib
import types
from collections.abc import Callable, Iterator
from typing import Any

from ansible_collections.edgecloud.nic.plugins.module_utils._engine.journal import read_journal
from ansible_collections.edgecloud.nic.plugins.plugin_utils import _cleanup_files as files
from ansible_collections.edgecloud.nic.plugins.plugin_utils import _records_action as action
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import (
    history,
    page,
    plan_file,
    report,
    sentences,
    variables,
)
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run import (
    account,
    places,
    removal,
    restoration,
    telling,
)

#: C(setattr), or what undoes it after a test.
Replace = Callable[[Any, str, Any], None]
_CALLBACK = """\
from ansible.plugins.callback import CallbackBase
from ansible_collections.edgecloud.nic.tests.campaign import old_role

old_role.BEHAVIOURS[{name!r}](setattr)


class CallbackModule(CallbackBase):
    CALLBACK_NAME = {name!r}
"""


def environment(name: str, directory: pathlib.Path) -> dict[str, str]:
    """Give the environment in which a run has an old behaviour.

    :param name: one of C(BEHAVIOURS).
    :param directory: where the callback may be written.
    """
    (directory / f"{name}.py").write_text(_CALLBACK.format(name=name), encoding="utf-8")
    return {"ANSIBLE_CALLBACK_PLUGINS": str(directory)}


def _nothing(*_arguments: Any) -> None:
    """Stand where something was refused, or added."""


def _only_the_first_exceeded_limit_holds(replace: Replace) -> None:
    now = plan_file._exceeded

    def exceeded(limits: Any, allowed: Any) -> list[tuple[str, str]]:
        return [one for one in now(limits, allowed) if one[0] in limits.get("exceeded", [one[0]])[:1]]

    replace(plan_file, "_exceeded", exceeded)


def _a_share_may_be_any_number(replace: Replace) -> None:
    ranges = {name: limits for name, limits in variables._RANGES.items() if name != "max_unassign_percent"}
    replace(variables, "_RANGES", ranges)


def _any_number_is_a_time(replace: Replace) -> None:
    ranges = {name: limits for name, limits in variables._RANGES.items() if not name.endswith(("age", "pause"))}
    replace(variables, "_RANGES", ranges)


def _what_lies_there_is_taken_for_approved(replace: Replace) -> None:
    replace(plan_file, "refuse_unless_approved", _nothing)


def _a_digest_is_of_the_targets_alone(replace: Replace) -> None:
    def digest(content: Any) -> str:
        return "sha256:" + hashlib.sha256(json.dumps(content["targets"]).encode()).hexdigest()

    replace(plan_file, "digest", digest)


def _scopes_share_files(replace: Replace) -> None:
    for module, name in (
        (files, "_refuse_other_scope"),
        (places, "_refuse_plan_of_other_scope"),
        (plan_file, "refuse_where_it_does_not_belong"),
    ):
        replace(module, name, _nothing)


def _scopes_share_directories(replace: Replace) -> None:
    replace(files, "directory_name", lambda scope: scope.replace("/", "_"))


def _what_is_unknown_or_empty_is_passed_over(replace: Replace) -> None:
    now = variables.read_variables

    def read_variables(spec: Any, given: Any, defaults: Any = None) -> Any:
        known = {name: given[name] for name in given if name in spec and given[name] not in ("", [])}
        return now(spec, known, defaults)

    replace(variables, "read_variables", read_variables)


def _what_the_role_registers_may_be_set(replace: Replace) -> None:
    replace(variables, "OWN_PREFIX", "no variable begins like this")


def _what_cannot_be_written_ends_the_account(replace: Replace) -> None:
    @contextlib.contextmanager
    def collected(_trouble: list[str]) -> Iterator[None]:
        yield

    replace(removal, "collected", collected)


def _a_run_that_could_not_read_writes_over_what_is_known(replace: Replace) -> None:
    now = report._add_history

    def add_history(rows: Any, past: Any, run: str, read: Any = ()) -> None:
        if read:
            now(rows, past, run, read)

    replace(report, "_add_history", add_history)
    # It asks for nothing else than whether there is a report.
    replace(removal, "os", types.SimpleNamespace(path=types.SimpleNamespace(exists=lambda _path: False)))


def _all_plans(journal: history.Journal, digest: str) -> history.PlanHistory:
    """Return what became of a plan, with what was removed for any other."""
    own = journal.plans.setdefault(digest, history.PlanHistory(digest))
    for plan in journal.plans.values():
        for name in ("unassigned", "runs", "restored", "_ends"):
            setattr(own, name, {**getattr(plan, name), **getattr(own, name)})
    return own


def _removals_of_another_plan_are_of_an_earlier_run(replace: Replace) -> None:
    replace(history.Journal, "of", _all_plans)


def _all_that_a_journal_tells_is_restored(replace: Replace) -> None:
    def plan_of_journal(path: str, _begun: Any) -> history.PlanHistory:
        journal = history.Journal(read_journal(path))
        return _all_plans(journal, list(journal.plans)[-1])

    replace(restoration, "_plan_of_journal", plan_of_journal)


def _a_restored_plan_may_be_applied_again(replace: Replace) -> None:
    replace(history.PlanHistory, "restored_at", property(lambda _plan: None, _nothing))


def _clocks_tell_which_run_was_earlier(replace: Replace) -> None:
    begin, read = action.RecordsAction._begin, history.Journal.__init__
    current: dict[str, str] = {}

    def begin_and_note(self: Any, *arguments: Any) -> Any:
        begun = begin(self, *arguments)
        current.update(run=begun["run"], started=begun["started"])
        return begun

    def read_earlier(self: Any, entries: Any) -> None:
        known, own, modules = [], False, set()
        for entry in entries:
            if "plan" in entry:
                own = entry["run"] == current.get("run")
            elif own:
                modules.add(entry["run"])
            if not current or own or entry["run"] in modules or entry["time"] < current["started"]:
                known.append(entry)
        read(self, known)

    replace(action.RecordsAction, "_begin", begin_and_note)
    replace(history.Journal, "__init__", read_earlier)


def _records_do_not_tell_what_uses_an_address(replace: Replace) -> None:
    replace(account.Account, "uses", lambda _account: [])
    replace(report, "_add_uses", _nothing)


def _no_result_is_handed_on(replace: Replace) -> None:
    now = telling.Teller.told

    @functools.wraps(now)
    def told(*arguments: Any, **more: Any) -> Any:
        return {name: value for name, value in now(*arguments, **more).items() if name != "result"}

    replace(telling.Teller, "told", told)


def _progress_mixes_batches_and_totals(replace: Replace) -> None:
    now = sentences.describe_progress

    def describe_progress(batch: Any, result: Any, check_mode: bool = False) -> str:
        return now({**batch, "all": batch["addresses"]}, result, check_mode)

    replace(sentences, "describe_progress", describe_progress)


def _the_page_does_not_say_that_an_earlier_run_did_it(replace: Replace) -> None:
    now = page._data

    def data(outcomes: Any, addresses: Any) -> Any:
        earlier = report.EARLIER_RUN
        return now(outcomes, ({**row, "run": None} if row["run"] == earlier else row for row in addresses))

    replace(page, "_data", data)


def _whoever_makes_a_plan_by_hand_is_believed(replace: Replace) -> None:
    replace(plan_file, "_can_be_applied", lambda _content: True)


def _whoever_edits_a_journal_is_believed(replace: Replace) -> None:
    replace(history, "contextlib", types.SimpleNamespace(suppress=lambda *_errors: contextlib.nullcontext()))


#: What each does, under a name that says it.
BEHAVIOURS: dict[str, Callable[[Replace], None]] = {
    function.__name__.removeprefix("_"): function
    for function in (
        _only_the_first_exceeded_limit_holds,
        _a_share_may_be_any_number,
        _any_number_is_a_time,
        _what_lies_there_is_taken_for_approved,
        _a_digest_is_of_the_targets_alone,
        _scopes_share_files,
        _scopes_share_directories,
        _what_is_unknown_or_empty_is_passed_over,
        _what_the_role_registers_may_be_set,
        _what_cannot_be_written_ends_the_account,
        _a_run_that_could_not_read_writes_over_what_is_known,
        _removals_of_another_plan_are_of_an_earlier_run,
        _all_that_a_journal_tells_is_restored,
        _a_restored_plan_may_be_applied_again,
        _clocks_tell_which_run_was_earlier,
        _records_do_not_tell_what_uses_an_address,
        _no_result_is_handed_on,
        _progress_mixes_batches_and_totals,
        _the_page_does_not_say_that_an_earlier_run_did_it,
        _whoever_makes_a_plan_by_hand_is_believed,
        _whoever_edits_a_journal_is_believed,
    )
}
