# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps the candidates of a run, and what is too young out of it."""

from __future__ import annotations

import math
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._module import ModuleDefinition
from ansible_collections.edgecloud.nic.plugins.plugin_utils._candidates_file import CandidatesFile, clock
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import age, candidates
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import (
    Json,
    Key,
    RefusedError,
    keys,
)
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.variables import PREFIX
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run import places
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.account import Account
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.calls import ModuleCalls, definition_of
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.records import read_history


class Ageing:
    """The candidates of one run, which may heed no age at all.

    :param begun: what is known of the run; it has its files for itself by now.
    """

    def __init__(self, calls: ModuleCalls, begun: Json, check_mode: bool) -> None:
        self._calls, self._begun, self._check_mode = calls, begun, check_mode
        self._min_age: float | None = begun["policy"].get("min_age")
        self._clock = clock()
        self._file: CandidatesFile | None = None

    def judge(self, account: Account) -> None:
        """Note what the run has found out, and keep what is young, as the policy would keep it.

        :raises RefusedError: the candidates are about another place, or could not be noted.
        """
        if self._min_age is None:
            return
        begun, checked = self._begun, account.checked
        file = self._read(checked)
        warnings = [file.warning()]
        definition = definition_of(begun["provider"])
        proves = _proves(definition, begun["policy"])
        if begun["selection"] and not proves:
            warnings.append(
                f"{PREFIX}min_age: this run does not look up everything that can use an address, or has force, so no "
                "address gets older by it"
            )
        self._note(file, account, definition, proves)
        self._file = file
        past = read_history(begun["journal"], begun["plan"]["digest"]) if begun["plan"] else None
        planned = keys(checked["plan"])
        digest = begun["plan"]["digest"] if begun["plan"] else None
        young = {
            key
            for key in planned
            if not file.record.is_old(key, self._min_age, digest) and not (past and past.gone(key))
        }
        account.ages = [self._age_of(key, key in young) for key in planned]
        account.checked = age.leave_out(checked, young)
        told = [warning for warning in warnings if warning]
        account.checked["warnings"] = [*(checked.get("warnings") or ()), *told]
        self._calls.warnings += told

    def go_on(self, account: Account) -> None:
        """Have the candidates again in another task of the run, which has judged them.

        :raises RefusedError: they cannot be had.
        """
        if self._min_age is not None:
            self._file = self._read(account.checked)

    def _read(self, checked: Json) -> CandidatesFile:
        begun = self._begun
        place = {
            **{name: begun[name] for name in ("provider", "scope")},
            **{name: checked.get(name) for name in ("account", "endpoint")},
        }
        return CandidatesFile(begun["candidates_file"], place, begun["run"], writes=not self._check_mode)

    def _note(self, file: CandidatesFile, account: Account, definition: ModuleDefinition, proves: bool) -> None:
        begun, policy = self._begun, self._begun["policy"]
        found, untold = age.found(file.record.candidates, account.checked, account.uses(), begun["selection"], policy)
        if untold:
            network_interfaces = self._read_again(definition, sorted({nic for nic, _address in untold}))
            found = found._replace(ended={**found.ended, **age.ended_elsewhere(untold, network_interfaces, policy)})
        is_plan = bool(begun["selection"]) and proves
        # How old an approved plan may be is said elsewhere.
        gap = candidates.longest_gap(policy["min_age"]) if begun["selection"] else math.inf
        lines = file.record.changes(found, self._clock, gap, proves=is_plan)
        if is_plan or lines:
            file.add(candidates.PLAN if is_plan else candidates.LOOK, lines, self._clock)

    def _age_of(self, key: Key, young: bool) -> Json:
        candidate = self._file.record.candidates.get(key) if self._file else None
        return age.age_of(key, candidate, young, self._clock, self._min_age or 0.0)

    def _read_again(self, definition: ModuleDefinition, identifiers: t.Sequence[str]) -> list[Json]:
        """Return network interfaces, as far as they exist.

        :raises RefusedError: that could not be found out.
        """
        warned = len(self._calls.warnings)
        result = self._calls.call(
            f"{self._begun['provider']}_private_ip_info",
            {**self._calls.connection_options(self._begun, definition), "network_interface_ids": identifiers},
            check_mode=True,
        )
        # Of those that are gone: nobody has named them.
        del self._calls.warnings[warned:]
        if result.get("failed"):
            raise RefusedError(str(result["msg"]))
        return t.cast("list[Json]", result["network_interfaces"])

    def take(self, targets: t.Sequence[Json], digest: str) -> None:
        """Note, before anything is sent, that targets may be gone from now on.

        :param digest: of the plan that is applied.
        :raises RefusedError: it could not be noted.
        """
        if self._file is not None:
            self._file.add(candidates.APPLY, candidates.taken(targets, digest), clock())

    def settle(self, result: Json) -> None:
        """Note what became of the targets. Where nothing is known of them, they stay taken.

        :raises RefusedError: it could not be noted.
        """
        if self._file is not None and "outcomes" in result:
            self._file.add(candidates.APPLY, candidates.applied(result["outcomes"]), clock())


def _proves(definition: ModuleDefinition, policy: Json) -> bool:
    """Tell whether a run asks for everything that can use an address, and heeds it."""
    every = set(definition.provider.in_use_sources)
    return policy["in_use_check"] and not policy["force"] and every <= set(policy.get("in_use_sources", every))


def refuse_half(given: Json, begun: Json) -> None:
    """Make sure that age has both its variables, and a file of its own.

    :raises RefusedError: one is missing, or the file is another record as well.
    """
    path = begun["candidates_file"]
    if (path is None) is ("min_age" in given):
        missing, there = ("candidates_file", "min_age") if path is None else ("min_age", "candidates_file")
        raise RefusedError(f"{PREFIX}{there} needs {PREFIX}{missing}")
    others = (begun["plan_file"], begun["journal"], begun["restore_from"], *places.report_files(begun["report_dir"]))
    if path is not None and path in others:
        raise RefusedError(f"{PREFIX}candidates_file: {path} is another record of this run")
