# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a journal says of plans: what was removed for each, by which run, and what was put back.

The cleanup modules write what they send and what became of it (see C(module_utils/_engine/journal.py)). Around that the
role writes lines of its own, with C(plan) (its digest) and C(run) (the run of the role):

- C(apply_started): C(provider), C(endpoint), C(scope), C(account). The module runs that follow belong to this plan.
- C(apply_ended): C(complete), whether every address of the plan is settled.
- C(restore_started): from here on the plan cannot be applied again.
- C(restored): C(network_interface_id), C(assigned), C(already_present), C(not_restored) (lists of addresses).
- C(restore_ended).
"""

from __future__ import annotations

import contextlib
import sys
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import cloud_address
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import (
    ALREADY_ABSENT,
    FAILED,
    REMOVAL_OUTCOMES,
    UNASSIGNED,
    UNKNOWN,
)
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import Json, Key, as_targets

RESTORED = ("assigned", "already_present", "not_restored")


class PlanHistory:
    """What became of one plan."""

    def __init__(self, digest: str) -> None:
        self.digest = digest
        #: Sent and not known to be without effect, with the request id where the cloud accepted it.
        self.unassigned: dict[Key, str | None] = {}
        #: The run of the role that sent each of them first.
        self.runs: dict[Key, str] = {}
        #: What was said last of each address that was to be put back, one of RESTORED.
        self.restored: dict[Key, str] = {}
        #: When a run ended with everything settled, and when a restoration began.
        self.applied_at: str | None = None
        self.restored_at: str | None = None
        self.provider: str | None = None
        self.endpoint: str | None = None
        self.scope: str | None = None
        self.account: str | None = None
        self._ends: dict[Key, str] = {}
        #: The module run that sent each of them last.
        self._senders: dict[Key, str] = {}
        #: Sent by a module run that ended without knowing what became of it, and again by a later one.
        self._left_open: set[Key] = set()

    def settle(self) -> None:
        """Drop what turned out to be without effect, once all lines are read."""
        for key, outcome in self._ends.items():
            if outcome not in (UNASSIGNED, UNKNOWN):
                self.unassigned.pop(key, None)
        self._senders.clear()
        self._left_open.clear()

    def proven(self, key: Key) -> bool:
        """Tell whether the address was removed, for all that was read or that the cloud has said."""
        return key in self.unassigned and (
            self._ends.get(key) == UNASSIGNED or (key not in self._ends and self.unassigned[key] is not None)
        )

    def gone(self, key: Key) -> bool:
        """Tell whether a run ended with the address removed: if it is there now, somebody assigned it again."""
        return self._ends.get(key) == UNASSIGNED

    def to_restore(self) -> list[Json]:
        """Return what was removed and was not yet put back, as targets."""
        return as_targets(key for key in self.unassigned if self.restored.get(key, "not_restored") == "not_restored")

    def sent(self, key: Key, run: str, module_run: str) -> None:
        if self._senders.get(key, module_run) != module_run and self._ends.get(key, UNKNOWN) == UNKNOWN:
            self._left_open.add(key)
        self._senders[key] = module_run
        self.unassigned.setdefault(key, None)
        self.runs.setdefault(key, run)
        self._ends.pop(key, None)

    def answered(self, key: Key, entry: Json) -> None:
        if entry["answer"] == "accepted":
            self.unassigned[key] = entry["request_id"]
        elif entry["answer"] == "refused" and self.unassigned.get(key) is None and key not in self._left_open:
            self._ends[key] = FAILED

    def settled(self, key: Key, outcome: str) -> None:
        """Note what became of an address: the refusal of one call says nothing of an earlier one that was left open."""
        if key in self._left_open:
            outcome = {ALREADY_ABSENT: UNASSIGNED, FAILED: UNKNOWN}.get(outcome, outcome)
        if key in self.unassigned:
            self._ends[key] = outcome


class Journal:
    """Reads a journal.

    :param entries: oldest first. Whoever edits a journal loses what he edits, not the rest.
    """

    def __init__(self, entries: t.Iterable[Json]) -> None:
        self.plans: dict[str, PlanHistory] = {}
        self._current: tuple[PlanHistory, str] | None = None
        self._modules: dict[str, tuple[PlanHistory, str]] = {}
        self._writes: dict[tuple[str, int], list[Key]] = {}
        for entry in entries:
            with contextlib.suppress(KeyError, TypeError, AttributeError, ValueError):
                self._read(entry)
        for plan in self.plans.values():
            plan.settle()

    def of(self, digest: str) -> PlanHistory:
        """Return what became of this plan, which may be nothing."""
        return self.plans.get(digest) or PlanHistory(digest)

    def _read(self, entry: Json) -> None:
        event = entry["event"]
        if "plan" in entry:
            self._read_role(event, entry)
        elif event == "run_started":
            if self._current is not None:
                self._modules[entry["run"]] = self._current
        elif entry["run"] in self._modules:
            self._read_module(event, entry, *self._modules[entry["run"]])

    def _read_role(self, event: str, entry: Json) -> None:
        plan = self.plans.setdefault(str(entry["plan"]), PlanHistory(str(entry["plan"])))
        if event == "apply_started":
            self._current = plan, entry["run"]
            plan.provider, plan.endpoint = entry["provider"], entry["endpoint"]
            plan.scope, plan.account = entry["scope"], entry["account"]
            return
        if event == "restored":
            for outcome in RESTORED:
                plan.restored.update(((entry["network_interface_id"], str(a)), outcome) for a in entry[outcome])
            return
        self._current = None
        if event == "apply_ended" and entry["complete"]:
            plan.applied_at = entry["time"]
        elif event == "restore_started":
            plan.restored_at = entry["time"]

    def _read_module(self, event: str, entry: Json, plan: PlanHistory, run: str) -> None:
        if event == "sent" and entry["action"] == "unassign":
            # Of a large cleanup there are many, and reports have them as well.
            nic = sys.intern(str(entry["network_interface_id"]))
            keys = [(nic, sys.intern(a)) for a in map(cloud_address, entry["private_ip_addresses"]) if a]
            self._writes[entry["run"], entry["write"]] = keys
            for key in keys:
                plan.sent(key, run, entry["run"])
        elif event == "answered":
            for key in self._writes.get((entry["run"], entry["write"]), ()):
                plan.answered(key, entry)
        elif event == "settled":
            for outcome in REMOVAL_OUTCOMES:
                for item in entry[outcome]:
                    address = item if isinstance(item, str) else item["private_ip_address"]
                    plan.settled((entry["network_interface_id"], address), outcome)
