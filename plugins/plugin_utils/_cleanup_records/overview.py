# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came of every scope in one run of a playbook: totals only, so that it is small however large the scopes are."""

from __future__ import annotations

import collections
import json
import typing as t

from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_files import directory_name
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import FORMAT, Json

FAILED = "failed"
REFUSED = "refused"
UNREACHABLE = "unreachable"
NO_RESULT = "no_result"
OVER_LIMITS = "over_limits"
NOT_IN_RUN = "not_in_run"
DONE = "done"
#: In the order in which scopes are shown: what somebody has to look at comes first.
STATES = (FAILED, REFUSED, UNREACHABLE, NO_RESULT, OVER_LIMITS, NOT_IN_RUN, DONE)
#: Scopes of which nothing more is to be done.
SUCCESSFUL = (DONE, NOT_IN_RUN)

#: The mode of scopes that were checked and not cleaned up.
PREFLIGHT = "preflight"

_NOTHING_TOLD = "Nothing has told what came of it: it is still running, was stopped, or ended before its report"
_NOT_IN_RUN = "Not part of this run"
_NOT_BEGUN = "No part of this run has begun it"
_ENDED_EARLY = "Ended before its report; what the playbook has shown says why"


def begin(
    playbook: str,
    run: str,
    time: str,
    in_run: t.Mapping[str, str | None],
    left_out: t.Sequence[str],
    shared_with: Json | None = None,
) -> Json:
    """Return the overview of a run that has just begun, in which no scope of it has a result yet.

    :param playbook: C(cleanup) or C(preflight).
    :param run: an id that no other run has.
    :param time: now, in ISO 8601.
    :param in_run: the provider of each scope of this run; None where it is not known.
    :param left_out: scopes of the same inventory that this run is not about, such as by C(--limit).
    :param shared_with: where several playbooks share the run, the overview that is there, whosever it is. Then another
        part of the run is to begin what this one leaves out, and what others of the same run have told is kept.
    """
    shared = shared_with is not None
    entries = {
        scope: _entry(scope, NO_RESULT, _NOT_BEGUN) if shared else _entry(scope, NOT_IN_RUN, _NOT_IN_RUN)
        for scope in left_out
    }
    started = time
    if shared_with and (shared_with.get("playbook"), shared_with.get("run")) == (playbook, run):
        started = shared_with["started"]
        entries.update({entry["scope"]: entry for entry in shared_with["scopes"]})
    entries.update({scope: {**_entry(scope), "provider": provider} for scope, provider in in_run.items()})
    return _summed_up(
        {
            "format": FORMAT,
            "playbook": playbook,
            "run": run,
            "started": started,
            "updated": time,
            "scopes": list(entries.values()),
        }
    )


def tell(overview: Json, run: str, scope: str, time: str, outcome: Json) -> Json | None:
    """Return the overview with what came of a scope; None where it is the overview of another run.

    :param outcome: as the functions below return it.
    """
    if overview.get("run") != run:
        return None
    scopes = [
        {**entry, **outcome, "updated": time} if entry["scope"] == scope else entry for entry in overview["scopes"]
    ]
    return _summed_up({**overview, "updated": time, "scopes": scopes})


def ended_early(overview: Json, run: str, scope: str, time: str) -> Json | None:
    """Return the overview once a scope has ended, where nothing has told what came of it; None where something has."""
    waiting = [entry for entry in overview.get("scopes") or () if entry["scope"] == scope]
    if not waiting or waiting[0]["state"] != NO_RESULT:
        return None
    message = _ENDED_EARLY if waiting[0]["mode"] is None else waiting[0]["message"]
    return tell(overview, run, scope, time, {"state": FAILED, "message": message})


def outcome_of_role(told: Json) -> Json:
    """Return what came of a scope that the role has cleaned up.

    :param told: what its task returns.
    """
    result = told["result"]
    failed = bool(told.get("failed"))
    # Of a plan that an earlier run has applied to its end, this run has done nothing.
    ours = failed or bool(result["files"])
    state = FAILED if failed else NO_RESULT if told.get("check") else OVER_LIMITS if told.get("over_limits") else DONE
    pages = [path for path in result["files"] if path.endswith("/report.html")]
    return {
        "state": state,
        "mode": result["mode"],
        "message": told["msg"],
        "totals": {name: count for name, count in result["totals"].items() if _is_count(count)} if ours else {},
        "digest": result["digest"],
        "report": f"{directory_name(result['scope'])}/report.html" if pages else None,
    }


def outcome_of_refusal(message: str) -> Json:
    """Return what came of a scope of which nothing could be told but why."""
    return {"state": REFUSED, "message": message}


def outcome_of_interruption(error: BaseException) -> Json:
    """Return what came of a scope whose run has ended before it could tell."""
    reason = str(error) if isinstance(error, Exception) else f"interrupted by {type(error).__name__}"
    return {"state": FAILED, "message": f"{reason}; its journal, if any, says how far it came"}


def outcome_of_preflight(result: Json, scope: str) -> Json:
    """Return what came of a scope that was checked, where its checks are kept.

    :param result: of the preflight module.
    """
    checks = result.get("checks")
    if checks is None:
        return {"state": UNREACHABLE if result.get("unreachable") else REFUSED, "message": str(result.get("msg"))}
    counts = collections.Counter(str(check["result"]) for check in checks)
    failed = [f"{check['id']}: {check['seen']}" for check in checks if check["result"] == "failed"]
    return {
        "state": FAILED if failed else DONE,
        "mode": PREFLIGHT,
        "message": "; ".join(failed) or f"{counts['passed']} of {len(checks)} checks passed, and none failed",
        "totals": dict(counts),
        "report": f"{directory_name(scope)}/preflight.json",
    }


def read(text: str) -> Json:
    """Return an overview, or an empty one where the text is none."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    is_one = isinstance(content, dict) and content.get("format") == FORMAT and isinstance(content.get("scopes"), list)
    return t.cast(Json, content) if is_one else {}


def _entry(scope: str, state: str = NO_RESULT, message: str = _NOTHING_TOLD) -> Json:
    return {
        "scope": scope,
        "provider": None,
        "state": state,
        "mode": None,
        "message": message,
        "totals": {},
        "digest": None,
        "report": None,
        "updated": None,
    }


def _is_count(value: t.Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _summed_up(overview: Json) -> Json:
    """Return the overview with its totals: what was planned is never added to what was done."""
    scopes = sorted(overview["scopes"], key=lambda entry: (STATES.index(entry["state"]), entry["scope"]))
    states = collections.Counter(entry["state"] for entry in scopes)
    totals: dict[str, collections.Counter[str]] = {}
    for entry in scopes:
        if entry["totals"]:
            totals.setdefault(entry["mode"], collections.Counter()).update(entry["totals"])
    return {
        **overview,
        "success": all(state in SUCCESSFUL for state in states),
        "states": {state: states[state] for state in STATES},
        "totals": {mode: dict(counts) for mode, counts in sorted(totals.items())},
        "scopes": scopes,
    }
