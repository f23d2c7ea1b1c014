# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person is told: one sentence that says what came of it."""

from __future__ import annotations

import shlex
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import (
    ALREADY_ABSENT,
    FAILED,
    FAILING_OUTCOMES,
    IN_USE,
    KEPT,
    NOT_ATTEMPTED,
    UNASSIGNED,
    UNKNOWN,
)
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.age import YOUNG
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import Json
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.variables import PREFIX

#: A message is to be read by people; the full account is in the records.
_SHOWN_REASONS = 5


def plural(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def describe(report: Json, check_mode: bool = False, ending: str | None = None) -> str:
    """Say in one sentence what came of a plan or of an apply.

    :param ending: why batches are left that were not begun.
    """
    totals = report["totals"]
    young = sum(row["reason"] == YOUNG for row in report["addresses"])
    kept = f"kept ({young} of them too young)" if young else "kept"
    stay = ", ".join(
        f"{totals[outcome]} {words}"
        for outcome, words in ((KEPT, kept), (IN_USE, "in use"), (ALREADY_ABSENT, "already absent"))
        if totals[outcome]
    )
    stay = f"; {stay}" if stay else ""
    addresses = plural(totals[UNASSIGNED], "address", "addresses")
    nics = plural(totals["network_interfaces_planned"], "network interface", "network interfaces")
    error = (report["error"] or "").rstrip(".")
    if report["mode"] == "plan":
        if report["plan_digest"] is None:
            return f"Nothing was planned: {error}"
        used = _removed_in_use(report)
        force = f"; {used} of them {'is' if used == 1 else 'are'} in use" if used else ""
        limit = f"; it will not be applied: {error}" if error else ""
        return (
            f"The plan is to unassign {addresses} on {nics}{force}{stay}; its digest is {report['plan_digest']}{limit}"
        )
    earlier = totals["unassigned_by_earlier_runs"]
    if error and not report["tried"]:
        done = f"; {earlier} were unassigned by an earlier run" if earlier else ""
        return f"Nothing was changed: {error}{done}"
    earlier_words = f" ({earlier} of them by an earlier run)" if earlier else ""
    not_done = {outcome: totals[outcome] for outcome in FAILING_OUTCOMES if totals[outcome]}
    did = "Would have unassigned" if check_mode else "Unassigned"
    if not not_done:
        reason = f", but {error}" if error else ""
        return f"{did} {addresses}{earlier_words} on {nics}{stay}{reason}"
    words = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in not_done.items())
    reason = _first_reason(report)
    if ending:
        tried = any(row["run"] and row["outcome"] in FAILING_OUTCOMES for row in report["addresses"])
        reason = f"{reason}; {ending}" if tried else ending
    return (
        f"{did} {addresses}{earlier_words}, and did not settle {sum(not_done.values())} ({words}){stay}: "
        f"{reason}; running the same again continues"
    )


def _removed_in_use(report: Json) -> int:
    return sum(row["outcome"] == UNASSIGNED and row["kind"] is not None for row in report["addresses"])


def _first_reason(report: Json) -> str:
    # What was tried and failed says more than why the rest was not.
    rows = sorted(report["addresses"], key=lambda row: row["run"] is None)
    for outcome in (FAILED, UNKNOWN, NOT_ATTEMPTED):
        for row in rows:
            if row["outcome"] == outcome and row["message"]:
                return f"{row['private_ip_address']} on {row['network_interface_id']}: {_reason(row)}"
    return report["error"] or "see the report"


def describe_progress(batch: Json, result: Json, check_mode: bool = False) -> str:
    """Say how far a run has come.

    :param batch: as C(split) made it.
    :param result: of the cleanup module, which may be lost.
    """
    summary = result.get("summary") or {}
    failed = sum(summary[outcome] for outcome in FAILING_OUTCOMES) if summary else batch["addresses"]
    return (
        f"{batch['done']} of {batch['total']} network interfaces done, {summary.get(UNASSIGNED, 0)} addresses "
        f"{'would be ' if check_mode else ''}removed and {failed} failed in this batch of {batch['addresses']}, "
        f"{batch['left']} of {batch['all']} left"
    )


def describe_end_of_ramp(number: int, batches: t.Sequence[Json]) -> str:
    """Say how far a ramp came that a batch has ended.

    :param number: of that batch, from 1.
    :param batches: as C(split) made them.
    """
    batch = batches[number - 1]
    return (
        f"the ramp ended with batch {number} of {len(batches)}, which failed, "
        f"after {batch['done']} of {batch['total']} network interfaces"
    )


def describe_health_check(number: int, batches: t.Sequence[Json], failure: str | None = None) -> str:
    """Say which health check ended a run.

    :param number: of the batch before it, from 1.
    :param batches: as C(split) made them.
    :param failure: what failed in it; None where nothing is known of its end.
    """
    batch = batches[number - 1]
    after = f"after batch {number} of {len(batches)} ({batch['done']} of {batch['total']} network interfaces)"
    if failure is None:
        return f"nothing has told that the health check {after} passed"
    return f"the health check {after} failed: {failure.rstrip('.')}"


def describe_failures(result: Json) -> list[str]:
    """Say what failed in a batch and why, an address a line; the first few of them."""
    if not result.get("failed"):
        return []
    reasons = [
        f"{item['private_ip_address']} on {entry['network_interface_id']}: {_reason(item)}"
        for outcome in (FAILED, UNKNOWN)
        for entry in result.get("outcomes") or ()
        for item in entry[outcome]
    ]
    if not reasons:
        return [str(result.get("msg", ""))]
    more = len(reasons) - _SHOWN_REASONS
    return reasons[:_SHOWN_REASONS] + ([f"and {more} more"] if more > 0 else [])


def _reason(item: Json) -> str:
    return ": ".join(filter(None, (item["code"], item["message"]))).rstrip(".")


def describe_restoration(
    targets: t.Sequence[Json], results: t.Sequence[Json], check_mode: bool = False
) -> tuple[str, list[Json]]:
    """Say in one sentence what came of restoring the targets, and return what became of each.

    :param results: of the module for one network interface, as far as it was called, in the order of the targets.
    :returns: for each target C(network_interface_id), and the addresses that were C(assigned), C(already_present) and
        C(not_restored).
    """
    restored, reasons = [], []
    for number, target in enumerate(targets):
        result = results[number] if number < len(results) else {}
        entry = (result.get("outcomes") or [{}])[0]
        outcomes = {outcome: list(entry.get(outcome, ())) for outcome in ("assigned", "already_present")}
        there = {*outcomes["assigned"], *outcomes["already_present"]}
        missing = [address for address in target["private_ip_addresses"] if address not in there]
        restored.append({"network_interface_id": target["network_interface_id"], **outcomes, "not_restored": missing})
        if missing and result.get("msg"):
            reasons.append(f"{target['network_interface_id']}: {str(result['msg']).rstrip('.')}")
    counts = count_restored(restored)
    message = (
        f"{'Would assign' if check_mode else 'Assigned'} {plural(counts['assigned'], 'address', 'addresses')} again"
    )
    if counts["already_present"]:
        message += f", {counts['already_present']} were there already"
    if counts["not_restored"]:
        more = f" (and {len(reasons) - _SHOWN_REASONS} more)" if len(reasons) > _SHOWN_REASONS else ""
        message += f", and could not restore {counts['not_restored']}: {'; '.join(reasons[:_SHOWN_REASONS])}{more}"
    untried = sum(len(target["private_ip_addresses"]) for target in targets[len(results) :])
    if untried:
        message += f"; stopped there, with {plural(untried, 'address', 'addresses')} not tried"
    return message, restored


def count_restored(restored: t.Sequence[Json]) -> dict[str, int]:
    return {name: sum(len(e[name]) for e in restored) for name in ("assigned", "already_present", "not_restored")}


def apply_command(
    digest: str, command: t.Mapping[str, t.Any], default_inventory: t.Sequence[str], host: str, hosts: int
) -> str:
    """Return the command that applies exactly the plan with this digest.

    :param command: the options of the command line that planned.
    :param default_inventory: what need not be said.
    :param host: whose plan it is, of so many C(hosts).
    """
    needed = [f"{PREFIX}mode=apply", f"{PREFIX}approved={digest}"]
    playbooks = command.get("args")
    if not playbooks or isinstance(playbooks, str):
        # It was another command.
        return f"run the same again with {' and '.join(needed)}"
    words = ["ansible-playbook", *playbooks]
    if list(command.get("inventory") or ()) != list(default_inventory):
        words += [word for inventory in command["inventory"] for word in ("-i", inventory)]
    limit = host if hosts > 1 else command.get("subset")
    words += ["--limit", limit] if limit else []
    hidden = False
    for entry in command.get("extra_vars") or ():
        name = entry.partition("=")[0]
        if entry.startswith("@") or (name.startswith(PREFIX) and " " not in entry):
            words += [] if name in (f"{PREFIX}mode", f"{PREFIX}approved") else ["-e", entry]
        else:
            # It may hold a secret.
            hidden = True
    for variable in needed:
        words += ["-e", variable]
    text = shlex.join(words)
    return f"{text} (and the other --extra-vars of this run)" if hidden else text


def describe_done(applied_at: str, totals: Json) -> str:
    """Say that a plan was applied to its end, and when."""
    removed = plural(totals[UNASSIGNED], "address", "addresses")
    return f"This plan was applied to its end at {applied_at}: {removed} unassigned; nothing is left to do"
