# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report: what became of every address, over all runs of one plan."""

from __future__ import annotations

import csv
import json
import socket
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import parse_address
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError
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
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.age import FIELDS as AGE_FIELDS
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import (
    FORMAT,
    Json,
    Key,
    RefusedError,
    as_targets,
    keys,
    uses_of,
)
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.history import PlanHistory

#: Of whom an outcome is: this run, or an earlier run of the same plan.
THIS_RUN = "this"
EARLIER_RUN = "earlier"
#: Why an address is kept that the plan has removed already: whoever assigned it again is not in the plan.
REASSIGNED = "reassigned"

_UNSETTLED = "an earlier run has sent it, and nothing has settled it since"

COLUMNS = (
    "region_id",
    "network_interface_id",
    "network_interface_name",
    "private_ip_address",
    "outcome",
    "reason",
    *AGE_FIELDS,
    "kind",
    "id",
    "uncertain",
    "code",
    "message",
    "request_id",
    "run",
    "restored",
)


def make_report(
    context: Json,
    checked: Json,
    plan: Json | None = None,
    batches: t.Sequence[Json] = (),
    batch_results: t.Sequence[Json] = (),
    *,
    uses: t.Sequence[Json] = (),
    ages: t.Sequence[Json] = (),
    history: PlanHistory | None = None,
    error: str | None = None,
) -> Json:
    """Return the report of a plan or of an applied one.

    :param context: C(collection), C(mode), C(scope), C(provider), C(cloud), C(created), C(run), C(policy) and
        C(journal).
    :param checked: result of the cleanup module in check mode; without C(outcomes) where nothing could be read.
    :param plan: what was planned, as a plan file has it; None where nothing could be read and there is no plan file.
    :param batches: as C(split) made them.
    :param batch_results: results of the cleanup module, as far as batches were started, in their order.
    :param uses: what uses addresses, of those that are removed all the same, too.
    :param ages: as C(age_of) returns them, where the plan does not tell, or a later look tells more.
    :param history: what the journal says of the plan; None where there is no journal.
    :param error: why nothing, or no more, was tried.
    """
    apply = context["mode"] == "apply"
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
        read = {key for key, row in rows.items() if row["outcome"] == NOT_ATTEMPTED}
        # Where nothing could be read, the plan is all there is.
        for key in keys(plan["targets"]) if plan else ():
            if key not in rows:
                rows[key] = _row(key, NOT_ATTEMPTED, message=error)
        if history is not None:
            _add_history(rows, history, context["run"], read)
    results = [checked, *batch_results]
    uncertain = _distinct(entry for source in (plan or {}, *results) for entry in source.get("uncertain") or ())
    found = [use for result in results for use in uses_of(result.get("outcomes") or ())]
    uses = _distinct([*(plan["uses"] if plan else ()), *uses, *found])
    _add_uses(rows, uses, uncertain)
    _add_ages(rows, [*(plan["ages"] if plan else ()), *ages])
    _add_places(rows, plan or {}, checked)
    addresses = list(rows.values())
    # In a large cleanup this room is needed.
    rows.clear()
    _sort(addresses)
    return {
        "format": FORMAT,
        **{name: context[name] for name in ("collection", "mode", "scope", "provider", "cloud", "created", "journal")},
        "account": checked.get("account") or (plan or {}).get("account"),
        "endpoint": checked.get("endpoint") or (plan or {}).get("endpoint"),
        "plan_digest": plan["digest"] if plan else None,
        "plan_created": plan["created"] if plan else None,
        "selection": plan["selection"] if plan else {},
        "policy": context["policy"],
        "limits": plan["limits"] if plan else None,
        "totals": _totals(addresses, checked, [result["summary"] for result in results if result.get("summary")]),
        "regions": _regions(addresses),
        "uses": uses,
        "uncertain": uncertain,
        "warnings": _warnings(plan, results),
        "addresses": addresses,
        "error": error,
        "tried": bool(batch_results),
    }


def _distinct(entries: t.Iterable[Json]) -> list[Json]:
    return [dict(entry) for entry in dict.fromkeys(tuple(entry.items()) for entry in entries)]


def _warnings(plan: Json | None, results: t.Sequence[Json]) -> list[str]:
    given = [*(plan["warnings"] if plan else ()), *(w for result in results for w in result.get("warnings") or ())]
    return list(dict.fromkeys(map(str, given)))


def _row(key: Key, outcome: str, **fields: t.Any) -> Json:
    row: Json = dict.fromkeys(COLUMNS)
    row.update(network_interface_id=key[0], private_ip_address=key[1], outcome=outcome)
    row.update(fields)
    return row


def _add(rows: dict[Key, Json], results: t.Iterable[Json], run: str | None = None) -> None:
    for entry in results:
        nic = entry["network_interface_id"]
        for outcome in REMOVAL_OUTCOMES:
            for item in entry[outcome]:
                detail = {"private_ip_address": item} if isinstance(item, str) else item
                row = _row((nic, detail["private_ip_address"]), outcome, run=run)
                if outcome != IN_USE:
                    row.update({name: value for name, value in detail.items() if name in COLUMNS})
                rows[nic, detail["private_ip_address"]] = row


def _add_uses(rows: dict[Key, Json], uses: t.Iterable[Json], uncertain: t.Iterable[Json]) -> None:
    """Name everything that uses an address, also where it is removed all the same."""
    by_key: dict[Key, list[Json]] = {}
    for use in uses:
        by_key.setdefault((use["network_interface_id"], use["private_ip_address"]), []).append(use)
    for key, entries in by_key.items():
        if key in rows:
            for name in ("kind", "id"):
                rows[key][name] = ", ".join(str(entry[name]) for entry in entries if entry[name] is not None) or None
    by_id: dict[str, list[str]] = {}
    for entry in uncertain:
        by_id.setdefault(entry["network_interface_id"], []).append(" ".join(filter(None, (entry["kind"], entry["id"]))))
    for row in rows.values():
        if row["network_interface_id"] in by_id:
            row["uncertain"] = ", ".join(by_id[row["network_interface_id"]])


def _add_ages(rows: dict[Key, Json], ages: t.Iterable[Json]) -> None:
    for entry in ages:
        row = rows.get((entry["network_interface_id"], entry["private_ip_address"]))
        if row is not None:
            row.update({name: entry[name] for name in AGE_FIELDS})


def _add_places(rows: dict[Key, Json], *sources: Json) -> None:
    places = {nic["network_interface_id"]: nic for source in sources for nic in source.get("network_interfaces") or ()}
    for row in rows.values():
        place = places.get(row["network_interface_id"], {})
        row["network_interface_name"] = place.get("name")
        row["region_id"] = place.get("region_id")


def _add_lost_batch(rows: dict[Key, Json], batch: Json, result: Json, history: PlanHistory | None) -> None:
    """Account for a batch that returned no results: only the journal knows whether anything was sent.

    Without one, that is known only where the module itself says that nothing was changed.
    """
    told = result.get("changed") is False and "module_stdout" not in result
    for key in keys(batch["targets"]):
        sent = not told if history is None else key in history.unassigned
        rows[key] = _row(key, UNKNOWN if sent else NOT_ATTEMPTED, message=result.get("msg"), run=THIS_RUN)


def _add_history(rows: dict[Key, Json], history: PlanHistory, run: str, read: t.Container[Key] = ()) -> None:
    """Give removed addresses their request ids, and to earlier runs of the plan what they have removed.

    :param read: of those not attempted, the ones that this run has seen, and could have removed.
    """
    for key, request_id in history.unassigned.items():
        row = rows.get(key)
        if row is None:
            continue
        earlier = history.runs[key] != run
        if earlier and row["outcome"] == NOT_ATTEMPTED and key in read and history.gone(key):
            row.update(outcome=KEPT, reason=REASSIGNED, message=None)
        unread = row["outcome"] == NOT_ATTEMPTED and key not in read and history.proven(key)
        if earlier and (row["outcome"] == ALREADY_ABSENT or unread):
            row.update(outcome=UNASSIGNED, run=EARLIER_RUN, message=None)
        elif earlier and row["outcome"] == NOT_ATTEMPTED:
            row.update(outcome=UNKNOWN, message=_UNSETTLED)
        elif earlier and row["outcome"] == FAILED:
            row.update(outcome=UNKNOWN, message=f"{row['message']}; {_UNSETTLED}")
        if row["outcome"] == UNASSIGNED and row["request_id"] is None:
            row["request_id"] = request_id


def _sort(addresses: list[Json]) -> None:
    """Sort rows by region, network interface and address: what counts least first, so that no key has to be made."""
    addresses.sort(key=lambda row: socket.inet_aton(row["private_ip_address"]))
    addresses.sort(key=lambda row: row["network_interface_id"])
    addresses.sort(key=lambda row: row["region_id"] or "")


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


def is_complete(report: Json) -> bool:
    """Tell whether every address of the plan is settled."""
    return report["error"] is None and not any(report["totals"][outcome] for outcome in FAILING_OUTCOMES)


# --- Restorations ----------------------------------------------------------------------------------------------------


def removed_by_report(report: t.Any, provider: str) -> Json:
    """Return an applied cleanup's report, once it is one.

    :raises RefusedError: the report is not of such a cleanup.
    """
    if not isinstance(report, dict) or report.get("format") != FORMAT or not isinstance(report.get("addresses"), list):
        raise RefusedError("it is neither a journal nor a report.json")
    if report.get("mode") == "plan":
        raise RefusedError("it is the report of a plan, with which nothing was removed")
    if report.get("provider") != provider:
        raise RefusedError(f"it is about {report.get('provider')}, not about {provider}")
    try:
        for row in report["addresses"]:
            parse_address(row["private_ip_address"], "report")
            if row["outcome"] not in REMOVAL_OUTCOMES or not isinstance(row["network_interface_id"], str):
                raise ValueError
        if not all(isinstance(report[name], str) for name in ("endpoint", "plan_digest", "scope")) or not isinstance(
            report["account"], (str, type(None))
        ):
            raise ValueError
    except (InputError, KeyError, TypeError, ValueError, AttributeError):
        raise RefusedError("it is not a complete report.json") from None
    return t.cast(Json, report)


def to_restore(report: Json) -> list[Json]:
    """Return what a report says was removed and was not yet put back, as targets."""
    return as_targets(
        (row["network_interface_id"], row["private_ip_address"])
        for row in report["addresses"]
        if row["outcome"] == UNASSIGNED and row.get("restored") in (None, "not_restored")
    )


def report_of_history(history: PlanHistory, context: Json) -> Json:
    """Return the report of a plan of which only the journal is left."""
    report = make_report({**context, "mode": "apply"}, {"endpoint": history.endpoint})
    rows = {key: _row(key, NOT_ATTEMPTED) for key in history.unassigned}
    _add_history(rows, history, context["run"])
    addresses = list(rows.values())
    _sort(addresses)
    return {
        **report,
        "plan_digest": history.digest,
        "totals": _totals(addresses, {}, ()),
        "regions": _regions(addresses),
        "addresses": addresses,
    }


def add_restoration(report: Json, restored: t.Mapping[Key, str], history: PlanHistory, context: Json) -> Json:
    """Return the report with what was put back, as C(restored) of each address.

    :param history: what the journal says of the plan: a run that was killed has told no report what it removed.
    """
    addresses = []
    for row in report["addresses"]:
        key = row["network_interface_id"], row["private_ip_address"]
        word = restored.get(key, row.get("restored"))
        addresses.append({**row, "restored": word, **_known_since(row, key, word, history)})
    words = [row["restored"] for row in addresses if row["restored"]]
    return {
        **report,
        "mode": "restore",
        "created": context["created"],
        "addresses": addresses,
        "regions": _regions(addresses),
        "totals": {
            **report["totals"],
            **_count(addresses),
            "unassigned_by_earlier_runs": sum(row["run"] == EARLIER_RUN for row in addresses),
            "restored": len(words) - words.count("not_restored"),
            "not_restored": words.count("not_restored"),
        },
    }


def _known_since(row: Json, key: Key, word: str | None, history: PlanHistory) -> Json:
    """Return what is known by now of an address that the report does not tell as settled."""
    if row["outcome"] not in FAILING_OUTCOMES or key not in history.unassigned:
        return {}
    if history.proven(key) or word == "assigned":
        request_id = history.unassigned[key] or row["request_id"]
        return {"outcome": UNASSIGNED, "run": EARLIER_RUN, "code": None, "message": None, "request_id": request_id}
    return {"outcome": UNKNOWN, "message": row["message"] or _UNSETTLED}


# --- The texts -------------------------------------------------------------------------------------------------------


def to_csv(report: Json) -> t.Iterator[str]:
    """Yield the lines of a table: one an address, and then one a warning."""
    writer = csv.writer(_Passing(), lineterminator="\r\n")
    yield writer.writerow(COLUMNS)
    for row in report["addresses"]:
        yield writer.writerow([_cell(row.get(column)) for column in COLUMNS])
    for warning in report["warnings"]:
        row = {"outcome": "warning", "message": warning}
        yield writer.writerow([_cell(row.get(column)) for column in COLUMNS])


class _Passing:
    """A file that passes on what is written: C(writerow) returns it."""

    def write(self, text: str) -> str:
        return text


def to_json(report: Json) -> t.Iterator[str]:
    """Yield the pieces of the report as JSON: in one piece it would take more memory than all that it tells."""
    yield from json.JSONEncoder(indent=1, ensure_ascii=False).iterencode(report)
    yield "\n"


def _cell(value: t.Any) -> str:
    """Return the text of a cell that no spreadsheet takes for a formula: names and messages are other people's."""
    text = "" if value is None else str(value)
    return "'" + text if text.lstrip()[:1] in ("=", "+", "-", "@") or text[:1] in ("\t", "\r", "\n") else text
