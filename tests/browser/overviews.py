# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Overviews to look at: one with every state, in whose names somebody hid traps, and one of a million addresses."""

from __future__ import annotations

from typing import Any

from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_files import directory_name
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import overview

from .reports import HOSTILE_NAMES, OUTCOMES

BEGUN = "2026-11-22T02:00:00+00:00"
ENDED = "2026-11-22T02:41:09+00:00"
ASSIGNMENTS = {"assigned": 40, "already_present": 3, "not_restored": 2}
CHECKS = {"passed": 12, "failed": 1, "unknown": 1, "skipped": 1}


def outcome(state: str, mode: str | None, totals: dict[str, int], message: str) -> dict[str, Any]:
    return {"state": state, "mode": mode, "totals": totals, "message": message}


def told(outcomes: dict[str, dict[str, Any]], left_out: list[str] | None = None) -> dict[str, Any]:
    """Give the overview of a run in which this came of its scopes; nothing of those of which it is empty."""
    content = overview.begin("cleanup", "run", BEGUN, dict.fromkeys(outcomes, "ens"), left_out or [])
    for scope, of_scope in outcomes.items():
        if of_scope:
            report = f"{directory_name(scope)}/report.html" if of_scope["totals"] else None
            following = overview.tell(content, "run", scope, ENDED, {**of_scope, "report": report})
            assert following is not None
            content = following
    return content


def every_state() -> dict[str, Any]:
    counts = {outcome: 5 + 31 * number for number, outcome in enumerate(OUTCOMES)}
    trap = HOSTILE_NAMES["image"] + HOSTILE_NAMES["quotes"]
    return told(
        {
            HOSTILE_NAMES["script"]: outcome("failed", "apply", counts, HOSTILE_NAMES["end"]),
            HOSTILE_NAMES["quotes"]: outcome("refused", None, {}, trap),
            "a" * 120: outcome("unreachable", None, {}, "x" * 400),
            "silent": {},
            "too much": outcome("over_limits", "plan", {"unassigned": 700}, "it will not be applied"),
            "games/hk": outcome("done", "apply", {"unassigned": 250, "unassigned_by_earlier_runs": 50}, "Unassigned"),
            "back": outcome("done", "restore", ASSIGNMENTS, "Assigned"),
            "checked": outcome("done", "preflight", CHECKS, "12 of 15"),
        },
        [HOSTILE_NAMES["letters"]],
    )


def large() -> dict[str, Any]:
    """The overview of 10 scopes with 20,000 network interfaces of 5 addresses each."""
    totals = {"unassigned": 91_000, "kept": 4_000, "in_use": 4_990, "failed": 10}
    message = "Unassigned 91000 addresses, and did not settle 10 (10 failed)"
    return told({f"account-{number}": outcome("failed", "apply", totals, message) for number in range(10)})
