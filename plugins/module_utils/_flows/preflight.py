# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(*_preflight): whether the collection can be trusted with an account at an endpoint, before it changes anything."""

from __future__ import annotations

import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import TaskFailedError
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.preflight import (
    FAILED,
    PASSED,
    SKIPPED,
    UNKNOWN,
    without_addresses,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.in_use import checked_sources, sources_spec
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskContext
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import (
    Check,
    Known,
    NotAskedError,
    Preflight,
    Provider,
    Question,
    Seen,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError, ErrorKind

#: Repetitions are not counted; one more may be the call that needs the permission to write.
MOST_QUESTIONS = 59
#: What a result has under C(facts); null where it was not learnt.
FACTS = (
    "network_interfaces",
    "statuses",
    "private_ip_statuses",
    "primary_in_list",
    "resource_groups",
    "page_sizes",
    "unknown_id",
    "name_filter",
    "eip_filter",
    "backends_tell_addresses",
    "pod_subnet_ids",
)


def argument_spec(provider: type[Provider]) -> dict[str, t.Any]:
    """Return the options of the flow for a cloud."""
    return {
        "write_permission": {"type": "bool", "default": False},
        **sources_spec(provider),
        "concurrency": {"type": "int", "default": 10},
        "requests_per_second": {"type": "float"},
    }


def run(task: TaskContext) -> dict[str, t.Any]:
    """Return what each check saw, in the order in which a failure explains those after it.

    :raises InputError: an option cannot be used.
    :raises TaskFailedError: a check failed.
    """
    expected = task.options["expected_account"]
    sources = checked_sources(task.options)
    preflight = task.provider.preflight(sources)
    first_contact, checks = preflight.first_contact(), preflight.checks()
    known: Known = {}
    if expected is not None:
        _ask(task, preflight, first_contact, known)
    if expected in (None, preflight.account(known)):
        _ask(task, preflight, [*first_contact, *checks], known)
    account = preflight.account(known)
    judged = _judge([*first_contact, _account_check(expected, account), *checks, *_last_checks(task, preflight)], known)
    facts: dict[str, t.Any] = dict.fromkeys(FACTS)
    for _check, seen in judged:
        facts.update(seen.facts or {})
    result = {
        "changed": False,
        "account": account,
        "endpoint": task.provider.endpoint,
        "in_use_sources": sources,
        "checks": without_addresses(
            [
                {
                    "id": check.id,
                    "result": seen.result,
                    "seen": seen.seen,
                    "expected": check.expected,
                    "remedy": seen.remedy,
                }
                for check, seen in judged
            ]
        ),
        "facts": without_addresses(facts),
    }
    failed = [entry for entry in result["checks"] if entry["result"] == FAILED]
    if failed:
        words = " ".join(f"{entry['id']}: {entry['seen']}. {entry['remedy']}" for entry in failed)
        raise TaskFailedError(f"{len(failed)} of {len(judged)} checks failed. {words}", result)
    return result


def _ask(task: TaskContext, preflight: Preflight, checks: t.Sequence[Check], known: Known) -> None:
    """Ask what these checks want to know, side by side, until nothing new comes up or one of them ends it."""

    def answer(question: Question) -> dict[str, t.Any] | ApiError:
        try:
            return preflight.ask(question)
        except ApiError as error:
            if error.kind is ErrorKind.STOPPED:
                raise
            return error

    while True:
        wanted = [question for check in _reached(checks, known) for question in check.questions(known)]
        batch = [question for question in dict.fromkeys(wanted) if question not in known]
        batch = batch[: MOST_QUESTIONS - len(known)]
        if not batch:
            return
        known.update(zip(batch, task.control.read_all(answer, batch)))


def _reached(checks: t.Iterable[Check], known: Known) -> t.Iterator[Check]:
    for check in checks:
        yield check
        if _look(check, known).ends:
            return


def _judge(checks: t.Iterable[Check], known: Known) -> list[tuple[Check, Seen]]:
    judged: list[tuple[Check, Seen]] = []
    end = None
    for check in checks:
        seen = Seen(SKIPPED, f"{end} comes first") if end else _look(check, known)
        judged.append((check, seen))
        if seen.ends:
            end = check.id
    return judged


def _look(check: Check, known: Known) -> Seen:
    try:
        return check.judge(known)
    except NotAskedError as error:
        return Seen(SKIPPED, str(error) or "what it takes is not known")
    except ApiError as error:
        denied = error.kind is ErrorKind.AUTH
        return Seen(UNKNOWN, str(error), "Permit the call." if denied else "Run the preflight again.")


def _account_check(expected: str | None, account: str | None) -> Check:
    def judge(_known: Known) -> Seen:
        if expected is None:
            remedy = f'Set expected_account: "{account}" beside the credentials.' if account else None
            return Seen(SKIPPED, "expected_account is not given", remedy)
        if account is None:
            remedy = "Permit the key to ask whose it is, or do without expected_account."
            return Seen(FAILED, "the cloud does not tell whose the credentials are", remedy, ends=True)
        if account != expected:
            remedy = "Use the credentials of that account, or correct expected_account."
            return Seen(FAILED, f"the credentials belong to account {account}", remedy, ends=True)
        return Seen(PASSED, f"the credentials belong to account {account}")

    return Check("account", "no account in particular" if expected is None else f"account {expected}", judge)


def _last_checks(task: TaskContext, preflight: Preflight) -> list[Check]:
    def judge_pace(known: Known) -> Seen:
        side_by_side = f"{task.options['concurrency']} side by side"
        throttled = task.provider.throttled
        if not throttled:
            return Seen(PASSED, f"none of {len(known)} calls, {side_by_side}, was refused as one too many")
        remedy = "Set requests_per_second or a lower concurrency, or let tasks find the pace, which takes them longer."
        return Seen(FAILED, f"{throttled} calls, {side_by_side}, were refused as too many", remedy)

    def judge_write_permission(known: Known) -> Seen:
        if not task.options["write_permission"]:
            return Seen(SKIPPED, "write_permission is not set")
        if task.check_mode:
            return Seen(SKIPPED, "check mode sends nothing that could change something")
        return preflight.try_to_write(known)

    return [
        Check("pace", "the cloud takes calls side by side", judge_pace),
        Check("write_permission", "the key may unassign addresses", judge_write_permission),
    ]
