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
import os
import typing as t
import uuid

import yaml
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.edgecloud.nic.plugins.module_utils._caller import Parent
from ansible_collections.edgecloud.nic.plugins.module_utils._http.shown import one_line
from ansible_collections.edgecloud.nic.plugins.module_utils._module import ModuleDefinition
from ansible_collections.edgecloud.nic.plugins.plugin_utils import _cleanup_files as files
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import (
    history,
    plan_file,
    preflight,
    sentences,
    variables,
)
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import (
    LONGEST_MESSAGE,
    Json,
    RefusedError,
)
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run import health, places
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.ageing import refuse_half
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.calls import (
    NO_LIMITS,
    ROLE_ARGUMENT,
    ModuleCalls,
    Omitted,
    definition_of,
)
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.health import CHECK_ARGUMENT
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.records import Records, read_history
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.removal import Removal
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.restoration import Restoration, removals
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.telling import Teller

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
#: What the role finds out itself, and no default can say.
_OWN_OPTIONS = ("targets", "plan_digest")
#: The name under which the action checks the variables and does nothing more.
CHECK_ACTION = "edgecloud.nic.__init__"


class RecordsAction(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        result: Json = super().run(tmp, task_vars)
        self._task_vars = task_vars or {}
        with open(places.ROLE / "meta" / "argument_specs.yml", encoding="utf-8") as file:
            self._spec = yaml.safe_load(file)["argument_specs"]["main"]["options"]
        self._reservation = files.Reservation()
        self._calls = ModuleCalls(self, self._task_vars, self._spec)
        self._teller = Teller(self._task_vars, self._task.check_mode, self._task.diff)
        check = self._task.args.get(CHECK_ARGUMENT)
        try:
            if check is not None:
                result.update(self._go_on(str(check)))
            else:
                variables_of_role = self._variables()
                given = variables.read_variables(self._spec, variables_of_role)
                definition = definition_of(given["provider"])
                health_check = given.get("health_check")
                if health_check is not None:
                    health_check = health.find(health_check, self._loader)
                if self._task.action != CHECK_ACTION:
                    defaults = self._module_defaults(definition)
                    given = variables.read_variables(self._spec, variables_of_role, defaults)
                    result.update(self._carry_out({**given, "health_check": health_check}, definition))
        except RefusedError as error:
            told = f"{one_line(str(error), LONGEST_MESSAGE)}; nothing {'more ' if check else ''}was changed"
            raise AnsibleActionFail(told) from None
        finally:
            self._reservation.release()
        if self._calls.warnings:
            result["warnings"] = list(dict.fromkeys(self._calls.warnings))
        return result

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
                with contextlib.suppress(Omitted):
                    given[name] = self._calls.plain(self._task_vars[name])
        return given

    def _module_defaults(self, definition: ModuleDefinition) -> Json:
        """Return what module_defaults say of the cleanup, by the names of the role's variables.

        :raises RefusedError: they say what only the role can know.
        """
        for name in _OWN_OPTIONS:
            if name in self._task.args:
                raise RefusedError(f"module_defaults set {name}, which the role decides itself")
        return {
            f"{variables.PREFIX}{name}": self._calls.plain(self._task.args[name])
            for name in self._calls.options_of_role(definition) & self._task.args.keys()
        }

    def _carry_out(self, given: Json, definition: ModuleDefinition) -> Json:
        """Carry out the mode and return what the task tells."""
        begun = self._begin(given, definition)
        if begun["told"]:
            told = t.cast(Json, begun["told"])
        elif begun["mode"] == "restore":
            told = Restoration(self._calls, self._records, self._teller).restore(begun, definition)
        else:
            told = Removal(self._calls, self._records, self._teller).plan_or_apply(begun)
        return self._with_statistics(begun, told)

    def _go_on(self, check: str) -> Json:
        """Go on with a run after a health check, or end it there, and return what the task tells.

        Whatever the variables of the role say by now: the run is the one that was begun.

        :raises RefusedError: nothing is known of the run.
        """
        handover = health.take(check)
        begun, account = handover.begun, handover.account
        failure = None
        if not health.has_passed(check, self._task_vars):
            failure = health.failure(self._task_vars, handover.failed, self._templar.template)
        refusal = None
        self._records = Records(begun, self._task.check_mode)
        self._calls.trace = begun["trace"]
        try:
            self._reserve(begun)
            health.refuse_where_another_run_was(begun, handover.files)
        except RefusedError as error:
            account.displaced, refusal = True, str(error)
        if refusal is None and self._calls.connection_mark(begun) != handover.connection:
            refusal = (
                "the options that lead to the cloud, or the credentials, are other ones since the health check; with "
                f"{variables.PREFIX}expected_account, credentials may be new ones"
            )
        removal = Removal(self._calls, self._records, self._teller)
        return self._with_statistics(begun, removal.go_on(begun, account, refusal, failure))

    def _reserve(self, begun: Json) -> None:
        owner = files.Owner(begun["scope"], self._teller.host(), Parent().pid)
        with self._calls.time_limit.holds():
            self._reservation = places.reserve(begun, owner, self._display.display, self._task.check_mode)

    @staticmethod
    def _with_statistics(begun: Json, told: Json) -> Json:
        return {**told, "set_stats": True} if begun["set_stats"] else told

    def _begin(self, given: Json, definition: ModuleDefinition) -> Json:
        """Before the first call: have the files for this run, read the plan file."""
        if self._connection.transport != "local":
            raise RefusedError(
                "private_ip_cleanup needs connection: local, since its plan, journal and reports are files of the "
                "machine that runs ansible-playbook"
            )
        mode = given["mode"]
        scope = given.get("scope") or self._teller.host()
        paths = places.paths(given)
        policy = variables.chosen(given, plan_file.POLICY)
        begun: Json = {
            "run": str(uuid.uuid4()),
            "started": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds"),
            "mode": mode,
            "provider": given["provider"],
            "cloud": definition.provider.title,
            "scope": scope,
            "plan": None,
            "selection": {},
            "told": None,
            "approved": given.get("approved") or [],
            "batch_size": given["batch_size"],
            "pause": given["pause"],
            "health_check": given["health_check"],
            "set_stats": given["set_stats"],
            **paths,
        }
        refuse_half(given, begun)
        self._records = Records(begun, self._task.check_mode)
        self._calls.trace = begun["trace"]
        if mode == "restore":
            self._begin_restore(begun, definition)
        elif mode == "plan" or not paths["plan_file"]:
            if mode == "apply" and begun["approved"]:
                raise RefusedError(f"{variables.PREFIX}approved needs {variables.PREFIX}plan_file")
            begun["selection"] = variables.selection(given)
        elif not os.path.exists(paths["plan_file"]):
            raise RefusedError(f"{paths['plan_file']} cannot be read: there is no such file; plan first")
        self._reserve(begun)
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
            if "min_age" in policy and not paths["candidates_file"]:
                raise RefusedError(
                    f"{paths['plan_file']} is refused: it was planned with {variables.PREFIX}min_age, and needs "
                    f"{variables.PREFIX}candidates_file"
                )
        begun["policy"] = policy
        options = {**policy, **variables.chosen(given, _PASSED_ON)}
        account = account or begun.pop("account", None)
        if account:
            options["expected_account"] = account
        begun["options"] = {name: value for name, value in options.items() if name not in (*NO_LIMITS, "min_age")}
        return begun

    def _begin_restore(self, begun: Json, definition: ModuleDefinition) -> None:
        if not definition.provider.can_assign:
            raise RefusedError(
                f"{definition.provider.title} cannot assign an address of choice, so what was unassigned there cannot "
                "be restored"
            )
        if not begun["restore_from"]:
            raise RefusedError(f"{variables.PREFIX}restore_from is needed: a journal or a report.json")
        found = removals(begun)
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
            past = read_history(begun["journal"], plan["digest"])
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
        content = self._records.last_report(past.digest)
        totals = content["totals"] if content else {"unassigned": len(past.unassigned)}
        return self._teller.told(begun, past.digest, totals, sentences.describe_done(applied_at, totals), [], True)
