# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans, results and journals as the cleanup modules and the role make them."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import REMOVAL_OUTCOMES
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import uses_of
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.history import Journal, PlanHistory
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.plan_file import make_plan

MADE = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.timezone.utc)
TARGETS = [
    {"network_interface_id": "nic-1", "private_ip_addresses": ["10.0.0.2", "10.0.0.10"]},
    {"network_interface_id": "nic-2", "private_ip_addresses": ["10.0.0.3"]},
]
POLICY: dict[str, t.Any] = {
    "max_unassign": 100,
    "max_unassign_percent": 50.0,
    "max_missing_percent": 20.0,
    "in_use_check": True,
    "force": False,
}
CONTEXT: dict[str, t.Any] = {
    "collection": "edgecloud.nic 1.0.0",
    "mode": "apply",
    "scope": "shop",
    "provider": "cloudy",
    "cloud": "Cloudy Sky",
    "created": MADE.isoformat(),
    "run": "this-run",
    "selection": {"all_network_interfaces": True},
    "policy": POLICY,
    "journal": None,
}


def entry(nic: str, **outcomes: t.Any) -> dict[str, t.Any]:
    return {"network_interface_id": nic, **{name: [] for name in REMOVAL_OUTCOMES}, **outcomes}


def result(*entries: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    return {
        "endpoint": "api.example.com",
        "account": None,
        "plan": TARGETS,
        "outcomes": list(entries),
        "uncertain": [],
        "limits": {"planned": 3, "planned_percent": 30.0},
        "network_interfaces": [
            {"network_interface_id": "nic-1", "name": "web", "region_id": "r-1"},
            {"network_interface_id": "nic-2", "name": None, "region_id": None},
        ],
        "summary": {
            "network_interfaces_read": 2,
            "network_interfaces_planned": 2,
            "api_calls": {"DescribeNetworkInterfaces": 1},
            "throttled_calls": 0,
            "seconds": 1.0,
        },
        **more,
    }


CHECKED = result(
    entry("nic-1", unassigned=["10.0.0.2", "10.0.0.10"]),
    entry("nic-2", unassigned=["10.0.0.3"]),
)


def plan_of(checked: dict[str, t.Any] | None = None, **context: t.Any) -> dict[str, t.Any]:
    checked = checked or CHECKED
    return make_plan(checked, {**CONTEXT, **context}, uses_of(checked["outcomes"]))


PLAN = plan_of()


def role_line(event: str, plan: str = PLAN["digest"], run: str = "run-1", **fields: t.Any) -> dict[str, t.Any]:
    return {"event": event, "time": MADE.isoformat(), "plan": plan, "run": run, **fields}


def apply_started(plan: str = PLAN["digest"], run: str = "run-1") -> dict[str, t.Any]:
    return role_line(
        "apply_started", plan, run, provider="cloudy", endpoint="api.example.com", scope="shop", account=None
    )


def module_run(*events: dict[str, t.Any], run: str = "m1") -> list[dict[str, t.Any]]:
    begin = {"event": "run_started", "format": 1, "provider": "CLOUDY", "endpoint": "api.example.com"}
    return [{"time": MADE.isoformat(), "run": run, **event} for event in (begin, *events)]


def sent(number: int, *addresses: str, nic: str = "nic-1", action: str = "unassign") -> dict[str, t.Any]:
    return {
        "event": "sent",
        "write": number,
        "action": action,
        "network_interface_id": nic,
        "private_ip_addresses": list(addresses),
    }


def answered(number: int, answer: str, request_id: str | None = "req") -> dict[str, t.Any]:
    return {"event": "answered", "write": number, "answer": answer, "request_id": request_id}


def settled(nic: str, **outcomes: t.Any) -> dict[str, t.Any]:
    return {"event": "settled", **entry(nic, **outcomes)}


def history_of(*lines: dict[str, t.Any]) -> PlanHistory:
    return Journal(lines).of(PLAN["digest"])


def preflight_of(when: datetime.datetime, **more: t.Any) -> dict[str, t.Any]:
    return {
        "scope": "shop",
        "provider": "cloudy",
        "checked": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "passed": True,
        "account": "4711",
        "endpoint": "api.example.com",
        "in_use_sources": ["eip", "dnat", "snat"],
        "checks": [{"id": "clock", "result": "passed"}, {"id": "account", "result": "skipped"}],
        "facts": {},
        **more,
    }
