# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of the role C(private_ip_cleanup): plan files, batches, reports, and what a journal says was removed.

Pure: objects go in and come out, files are somebody else's. Plain Python rather than templates, since an estate has
more addresses than a template can walk through in good time.
"""

from __future__ import annotations

import contextlib
import csv
import datetime
import hashlib
import io
import json
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import parse_address, sort_addresses
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError, NicError
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import (
    ALREADY_ABSENT,
    FAILED,
    FAILING_OUTCOMES,
    IN_USE,
    KEPT,
    NOT_ATTEMPTED,
    REMOVAL_OUTCOMES,
    UNASSIGNED,
    UNKNOWN,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.plan import plan_digest

FORMAT = 1
SELECTION = ("network_interface_ids", "filters", "all_network_interfaces")
POLICY = (
    "only",
    "keep",
    "keep_network_interfaces",
    "max_unassign",
    "max_unassign_percent",
    "max_missing_percent",
    "in_use_check",
    "in_use_sources",
    "eip_protects",
    "force",
)

#: Of whom an outcome is: this run, or an earlier run of the same plan.
THIS_RUN = "this"
EARLIER_RUN = "earlier"

_COLUMNS = (
    "region_id",
    "network_interface_id",
    "network_interface_name",
    "private_ip_address",
    "outcome",
    "reason",
    "kind",
    "id",
    "code",
    "message",
    "request_id",
    "run",
)
#: A clock that is this far behind does not make a plan look as if it came from the future.
_CLOCK_TOLERANCE = datetime.timedelta(minutes=5)
#: A message is to be read by people; the full account is in the records.
_SHOWN_REASONS = 5

Json = dict[str, t.Any]
#: A network interface and one of its addresses.
Key = tuple[str, str]


class RefusedError(NicError):
    """Nothing was changed, and the message says why in one sentence."""


# --- Plan files ------------------------------------------------------------------------------------------------------


def _digest(content: Json) -> str:
    """Return the digest of everything that is in a plan file, however it is laid out."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode("utf-8")).hexdigest()


def make_plan(result: Json, context: Json) -> Json:
    """Return a plan file's content.

    :param result: of the cleanup module in check mode.
    :param context: C(collection), C(provider), C(created), C(selection) and C(policy).
    """
    content = {
        "format": FORMAT,
        "collection": context["collection"],
        "provider": context["provider"],
        "endpoint": result["endpoint"],
        "account": result["account"],
        "created": context["created"],
        "selection": context["selection"],
        "policy": context["policy"],
        "totals": {
            "addresses": sum(len(target["private_ip_addresses"]) for target in result["plan"]),
            **_read_and_planned(result),
        },
        "limits": result["limits"],
        "network_interfaces": result["network_interfaces"],
        "targets": result["plan"],
        "plan_digest": result["plan_digest"],
    }
    return {**content, "file_digest": _digest(content)}


def _read_and_planned(result: Json) -> dict[str, int]:
    return {name: result["summary"][name] for name in ("network_interfaces_read", "network_interfaces_planned")}


def over_limits(limits: Json, allowed: Json) -> str | None:
    """Say how a plan is larger than allowed; None where it is not.

    :param limits: of the cleanup module's result when the plan was made: how large it is, also as a share of all that
        was selected then.
    :param allowed: the policy with the limits that hold now.
    """
    planned = f"{_plural(limits['planned'], 'address', 'addresses')} would be unassigned"
    if limits["planned"] > allowed["max_unassign"]:
        return f"max_unassign: {planned}, and {allowed['max_unassign']} are allowed"
    if limits["planned_percent"] > allowed["max_unassign_percent"]:
        return (
            f"max_unassign_percent: {planned}, which is {limits['planned_percent']:.1f} % of all that were selected, "
            f"and {allowed['max_unassign_percent']:g} % are allowed"
        )
    return None


def read_plan(
    text: str, provider: str, max_age: float, now: datetime.datetime, approved_digest: str | None = None
) -> Json:
    """Return what is in a plan file, once there is no doubt about it.

    :param max_age: in hours.
    :param approved_digest: the digest that somebody has approved; None where the file's own is good enough.
    :raises RefusedError: it is none, was altered, is too old, or belongs to another cloud.
    """
    try:
        content = json.loads(text)
    except ValueError:
        raise RefusedError("it is not a plan file: it is no JSON") from None
    if not isinstance(content, dict) or "plan_digest" not in content or "targets" not in content:
        raise RefusedError("it is not a plan file")
    if content.get("format") != FORMAT:
        raise RefusedError(f"its format is {content.get('format')!r}, and this release knows format {FORMAT}")
    signed = {name: value for name, value in content.items() if name != "file_digest"}
    if content.get("file_digest") != _digest(signed) or content["plan_digest"] != _checked_digest(content["targets"]):
        raise RefusedError("it was altered after it was written: its digest does not match its content")
    if approved_digest not in (None, content["plan_digest"]):
        raise RefusedError(f"its digest is {content['plan_digest']}, and {approved_digest} was approved")
    if content["provider"] != provider:
        raise RefusedError(f"it is a plan for {content['provider']}, not for {provider}")
    age = now - datetime.datetime.fromisoformat(content["created"])
    if age < -_CLOCK_TOLERANCE:
        raise RefusedError(f"it was made at {content['created']}, which is in the future")
    if age > datetime.timedelta(hours=max_age):
        raise RefusedError(
            f"it is {age.total_seconds() / 3600:.1f} hours old (from {content['created']}), and {max_age:g} are allowed"
        )
    return t.cast(Json, content)


def _checked_digest(targets: t.Any) -> str | None:
    """Return the digest of targets; None where they are none."""
    try:
        for target in targets:
            for address in target["private_ip_addresses"]:
                parse_address(address, "targets")
        return plan_digest(targets)
    except (InputError, KeyError, TypeError, AttributeError):
        return None


# --- Batches ---------------------------------------------------------------------------------------------------------


def split(targets: t.Sequence[Json], size: int) -> list[Json]:
    """Return the targets in batches of so many network interfaces, each with what its line of progress says."""
    left = sum(len(target["private_ip_addresses"]) for target in targets)
    batches = []
    for start in range(0, len(targets), size):
        batch = list(targets[start : start + size])
        addresses = sum(len(target["private_ip_addresses"]) for target in batch)
        left -= addresses
        batches.append(
            {
                "done": start + len(batch),
                "total": len(targets),
                "addresses": addresses,
                "left": left,
                "targets": batch,
            }
        )
    return batches


def must_stop(result: Json, on_error: str) -> bool:
    """Tell whether no further batch may be started after the one with this result of the cleanup module."""
    # It has a message where it failed; "failed" itself is for the role's tasks to say.
    return bool(result.get("stopped")) or (on_error == "stop" and result.get("msg") is not None)


# --- What journals say -----------------------------------------------------------------------------------------------


class History:
    """What a journal says of the addresses on one cloud at one endpoint.

    :param entries: of the journal, oldest first.
    :param since: (ISO 8601) leaves out runs that started earlier.
    """

    def __init__(
        self, entries: t.Iterable[Json], provider: str, endpoint: str | None = None, since: str | None = None
    ) -> None:
        #: Sent and not known to be without effect, with the request id where the cloud accepted it.
        self.unassigned: dict[Key, str | None] = {}
        #: When each of them was sent first.
        self.times: dict[Key, str] = {}
        self.endpoints: set[str] = set()
        self.providers: set[str] = set()
        self._wanted = provider, endpoint, None if since is None else datetime.datetime.fromisoformat(since)
        self._runs: set[str] = set()
        self._writes: dict[tuple[str, int], list[Key]] = {}
        self._ends: dict[Key, str] = {}
        readers = {
            "run_started": self._run_started,
            "sent": self._sent,
            "answered": self._answered,
            "settled": self._settled,
        }
        for entry in entries:
            # Whoever edits a journal loses what he edits, not the rest.
            with contextlib.suppress(KeyError, TypeError, AttributeError, ValueError):
                if entry["event"] == "run_started" or entry["run"] in self._runs:
                    readers.get(entry["event"], _pass_over)(entry)
        for key, outcome in self._ends.items():
            if outcome not in (UNASSIGNED, UNKNOWN):
                del self.unassigned[key]

    def _run_started(self, entry: Json) -> None:
        provider, endpoint, since = self._wanted
        cloud = entry["provider"].lower()
        self.providers.add(cloud)
        if cloud != provider or endpoint not in (None, entry["endpoint"]):
            return
        if since is not None and datetime.datetime.fromisoformat(entry["time"]) < since:
            return
        self.endpoints.add(entry["endpoint"])
        self._runs.add(entry["run"])

    def _sent(self, entry: Json) -> None:
        if entry["action"] != "unassign":
            return
        keys = [(entry["network_interface_id"], address) for address in entry["private_ip_addresses"]]
        self._writes[entry["run"], entry["write"]] = keys
        for key in keys:
            self.unassigned.setdefault(key, None)
            self.times.setdefault(key, entry["time"])
            self._ends.pop(key, None)

    def _answered(self, entry: Json) -> None:
        for key in self._writes.get((entry["run"], entry["write"]), ()):
            if entry["answer"] == "accepted":
                self.unassigned[key] = entry["request_id"]
            elif entry["answer"] == "refused" and self.unassigned[key] is None:
                self._ends[key] = FAILED

    def _settled(self, entry: Json) -> None:
        for outcome in REMOVAL_OUTCOMES:
            for item in entry[outcome]:
                address = item if isinstance(item, str) else item["private_ip_address"]
                key = entry["network_interface_id"], address
                if key in self.unassigned:
                    self._ends[key] = outcome

    def targets(self) -> list[Json]:
        return _as_targets(self.unassigned)


def _pass_over(entry: Json) -> None:
    """Nothing in this line says what was removed."""


def _as_targets(keys: t.Iterable[Key]) -> list[Json]:
    addresses: dict[str, list[str]] = {}
    for network_interface_id, address in keys:
        addresses.setdefault(network_interface_id, []).append(address)
    return [
        {"network_interface_id": identifier, "private_ip_addresses": sort_addresses(addresses[identifier])}
        for identifier in sorted(addresses)
    ]


def removed_by_report(report: Json, provider: str) -> tuple[list[Json], str]:
    """Return what an applied cleanup has removed, and at which endpoint.

    :raises RefusedError: the report is not of such a cleanup.
    """
    if report.get("format") != FORMAT or not isinstance(report.get("addresses"), list):
        raise RefusedError("it is neither a journal nor a report.json")
    if report.get("mode") != "apply":
        raise RefusedError("it is the report of a plan, with which nothing was removed")
    if report.get("provider") != provider:
        raise RefusedError(f"it is about {report.get('provider')}, not about {provider}")
    try:
        removed = [
            (str(row["network_interface_id"]), parse_address(row["private_ip_address"], "report"))
            for row in report["addresses"]
            if row["outcome"] == UNASSIGNED
        ]
        return _as_targets(removed), str(report["endpoint"])
    except (InputError, KeyError, TypeError):
        raise RefusedError("it is not a complete report.json") from None


# --- Reports ---------------------------------------------------------------------------------------------------------


def make_report(
    context: Json,
    checked: Json,
    plan: Json | None = None,
    batches: t.Sequence[Json] = (),
    batch_results: t.Sequence[Json] = (),
    *,
    history: History | None = None,
    started: str | None = None,
    error: str | None = None,
) -> Json:
    """Return the report of a plan or of an applied one.

    :param context: C(collection), C(mode), C(provider), C(created), C(selection), C(policy), C(journal).
    :param checked: result of the cleanup module in check mode.
    :param plan: the plan file that was applied; None where there was none.
    :param batches: as C(split) made them.
    :param batch_results: results of the cleanup module, as far as batches were started, in their order.
    :param history: what the journal says since the plan was made.
    :param started: when this run began; what was sent before it is an earlier run's.
    :param error: why nothing, or no more, was tried.
    """
    apply = context["mode"] == "apply"
    if not apply and "limits" in checked:
        error = error or over_limits(checked["limits"], context["policy"])
    rows: dict[Key, Json] = {}
    _add(rows, checked.get("outcomes") or ())
    if apply:
        for row in rows.values():
            if row["outcome"] == UNASSIGNED:
                row.update(outcome=NOT_ATTEMPTED, message=error)
        for batch, result in zip(batches, batch_results):
            if result.get("outcomes") is None:
                _add_lost_batch(rows, batch, result, history)
            else:
                _add(rows, result["outcomes"], run=THIS_RUN)
    for target in (plan or {}).get("targets", ()):
        # Where nothing could be read, the plan is all there is.
        for address in target["private_ip_addresses"]:
            key = target["network_interface_id"], address
            if key not in rows:
                rows[key] = _row(key, NOT_ATTEMPTED, message=error)
    if history is not None:
        _add_history(rows, history, started)
    places = {
        nic["network_interface_id"]: nic
        for source in (plan or {}, checked)
        for nic in source.get("network_interfaces") or ()
    }
    for row in rows.values():
        place = places.get(row["network_interface_id"], {})
        row["network_interface_name"] = place.get("name")
        row["region_id"] = place.get("region_id")
    addresses = sorted(rows.values(), key=_order)
    summaries = [result["summary"] for result in (checked, *batch_results) if result.get("summary")]
    return {
        "format": FORMAT,
        "collection": context["collection"],
        "mode": context["mode"],
        "provider": context["provider"],
        "endpoint": checked.get("endpoint") or (plan or {}).get("endpoint"),
        "created": context["created"],
        "plan_digest": (plan or checked).get("plan_digest"),
        "plan_created": plan["created"] if plan else None,
        "selection": plan["selection"] if plan else context["selection"],
        "policy": context["policy"],
        "totals": _totals(addresses, checked, summaries),
        "regions": _regions(addresses),
        "addresses": addresses,
        "journal": context["journal"],
        "error": error,
        "tried": bool(batch_results),
    }


def _row(key: Key, outcome: str, **fields: t.Any) -> Json:
    row: Json = dict.fromkeys(_COLUMNS)
    row.update(network_interface_id=key[0], private_ip_address=key[1], outcome=outcome)
    row.update(fields)
    return row


def _add(rows: dict[Key, Json], results: t.Iterable[Json], run: str | None = None) -> None:
    for entry in results:
        nic = entry["network_interface_id"]
        for outcome in REMOVAL_OUTCOMES:
            added: dict[Key, Json] = {}
            for item in entry[outcome]:
                detail = {"private_ip_address": item} if isinstance(item, str) else item
                key = nic, detail["private_ip_address"]
                if key in added:
                    # More than one thing uses the address.
                    for name in ("kind", "id"):
                        added[key][name] = f"{added[key][name]}, {detail[name]}"
                    continue
                added[key] = _row(key, outcome, run=run)
                added[key].update({name: value for name, value in detail.items() if name in _COLUMNS})
            rows.update(added)


def _add_lost_batch(rows: dict[Key, Json], batch: Json, result: Json, history: History | None) -> None:
    """Account for a batch that returned no results: only the journal knows whether anything was sent."""
    message = result.get("msg")
    for target in batch["targets"]:
        for address in target["private_ip_addresses"]:
            key = target["network_interface_id"], address
            sent = history is not None and key in history.unassigned
            rows[key] = _row(key, UNKNOWN if sent else NOT_ATTEMPTED, message=message, run=THIS_RUN)


def _add_history(rows: dict[Key, Json], history: History, started: str | None) -> None:
    """Give removed addresses their request ids, and to earlier runs of the plan what they have removed."""
    for key, request_id in history.unassigned.items():
        row = rows.get(key)
        if row is None:
            continue
        if row["outcome"] == ALREADY_ABSENT and (started is None or history.times[key] < started):
            row.update(outcome=UNASSIGNED, run=EARLIER_RUN)
        if row["outcome"] == UNASSIGNED and row["request_id"] is None:
            row["request_id"] = request_id


def _order(row: Json) -> tuple[t.Any, ...]:
    address = tuple(map(int, row["private_ip_address"].split(".")))
    return row["region_id"] or "", row["network_interface_id"], address


def _totals(addresses: t.Sequence[Json], checked: Json, summaries: t.Sequence[Json]) -> Json:
    calls: dict[str, int] = {}
    for summary in summaries:
        for action, count in summary["api_calls"].items():
            calls[action] = calls.get(action, 0) + count
    checked_summary = checked.get("summary") or {}
    return {
        **_count(addresses),
        "unassigned_by_earlier_runs": sum(row["run"] == EARLIER_RUN for row in addresses),
        "network_interfaces_read": checked_summary.get("network_interfaces_read", 0),
        "network_interfaces_planned": len({row["network_interface_id"] for row in addresses if _was_planned(row)}),
        "api_calls": calls,
        "throttled_calls": sum(summary["throttled_calls"] for summary in summaries),
        "seconds": round(sum(summary["seconds"] for summary in summaries), 3),
    }


def _was_planned(row: Json) -> bool:
    return row["outcome"] not in (KEPT, IN_USE, ALREADY_ABSENT)


def _count(rows: t.Iterable[Json]) -> dict[str, int]:
    counts = dict.fromkeys(REMOVAL_OUTCOMES, 0)
    for row in rows:
        counts[row["outcome"]] += 1
    return counts


def _regions(addresses: t.Iterable[Json]) -> list[Json]:
    by_region: dict[str | None, list[Json]] = {}
    for row in addresses:
        by_region.setdefault(row["region_id"], []).append(row)
    return [
        {
            "region_id": region,
            "network_interfaces": len({row["network_interface_id"] for row in rows}),
            **_count(rows),
        }
        for region, rows in by_region.items()
    ]


def to_csv(report: Json) -> str:
    """Return a table with one line an address."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    writer.writerows([_cell(row[column]) for column in _COLUMNS] for row in report["addresses"])
    return text.getvalue()


def _cell(value: t.Any) -> str:
    """Return the text of a cell that no spreadsheet takes for a formula: names and messages are other people's."""
    text = "" if value is None else str(value)
    return "'" + text if text.lstrip()[:1] in ("=", "+", "-", "@") or text[:1] in ("\t", "\r", "\n") else text


def describe(report: Json, check_mode: bool = False) -> str:
    """Say in one sentence what came of it."""
    totals = report["totals"]
    stay = ", ".join(
        f"{totals[outcome]} {words}"
        for outcome, words in ((KEPT, "kept"), (IN_USE, "in use"), (ALREADY_ABSENT, "already absent"))
        if totals[outcome]
    )
    stay = f"; {stay}" if stay else ""
    addresses = _plural(totals[UNASSIGNED], "address", "addresses")
    nics = _plural(totals["network_interfaces_planned"], "network interface", "network interfaces")
    if report["mode"] == "plan":
        limit = f"; it will not be applied: {report['error'].rstrip('.')}" if report["error"] else ""
        return f"The plan is to unassign {addresses} on {nics}{stay}; its digest is {report['plan_digest']}{limit}"
    earlier = totals["unassigned_by_earlier_runs"]
    if report["error"] and not report["tried"]:
        done = f"; {earlier} were unassigned by an earlier run" if earlier else ""
        return f"Nothing was changed: {report['error'].rstrip('.')}{done}"
    earlier_words = f" ({earlier} of them by an earlier run)" if earlier else ""
    not_done = {outcome: totals[outcome] for outcome in FAILING_OUTCOMES if totals[outcome]}
    if not not_done:
        return f"{'Would have unassigned' if check_mode else 'Unassigned'} {addresses}{earlier_words} on {nics}{stay}"
    words = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in not_done.items())
    return (
        f"Unassigned {addresses}{earlier_words}, and did not settle {sum(not_done.values())} ({words}){stay}: "
        f"{_first_reason(report)}; running the same again continues"
    )


def describe_restoration(targets: t.Sequence[Json], results: t.Sequence[Json]) -> tuple[str, dict[str, int]]:
    """Say in one sentence what came of restoring the targets, and return how many addresses had which outcome.

    :param results: of the module for one network interface, as far as it was called, in the order of the targets.
    """
    counts = {"assigned": 0, "already_present": 0, "not_restored": 0}
    reasons = []
    for number, target in enumerate(targets):
        result = results[number] if number < len(results) else {}
        entry = (result.get("outcomes") or [{}])[0]
        restored = 0
        for outcome in ("assigned", "already_present"):
            restored += len(entry.get(outcome, ()))
            counts[outcome] += len(entry.get(outcome, ()))
        missing = len(target["private_ip_addresses"]) - restored
        counts["not_restored"] += missing
        if missing and result.get("msg"):
            reasons.append(f"{target['network_interface_id']}: {str(result['msg']).rstrip('.')}")
    message = f"Assigned {_plural(counts['assigned'], 'address', 'addresses')} again"
    if counts["already_present"]:
        message += f", {counts['already_present']} were there already"
    if counts["not_restored"]:
        more = f" (and {len(reasons) - _SHOWN_REASONS} more)" if len(reasons) > _SHOWN_REASONS else ""
        message += f", and could not restore {counts['not_restored']}: {'; '.join(reasons[:_SHOWN_REASONS])}{more}"
    return message, counts


def _plural(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _first_reason(report: Json) -> str:
    for outcome in (FAILED, UNKNOWN, NOT_ATTEMPTED):
        for row in report["addresses"]:
            if row["outcome"] == outcome and row["message"]:
                code = f"{row['code']}: " if row["code"] else ""
                return f"{row['private_ip_address']} on {row['network_interface_id']}: {code}{row['message']}".rstrip(
                    "."
                )
    return report["error"] or "see the report"
