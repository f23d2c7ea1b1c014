# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Age: what a run says of candidates, and what of a plan is still too young to be removed."""

from __future__ import annotations

import datetime
import fnmatch
import math
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import AddressSet
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import KEPT, UNASSIGNED
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.plan import plan_digest
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.candidates import (
    Candidate,
    Clock,
    Found,
    ended_by,
)
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import Json, Key, as_targets, keys

#: Why an address is kept that nothing uses.
YOUNG = "young"
#: What a report and a plan tell of an address's age.
FIELDS = ("first_seen", "unused_hours", "young_until")


def found(
    known: t.Iterable[Key], result: Json, uses: t.Iterable[Json], selection: Json, policy: Json
) -> tuple[Found, list[Key]]:
    """Return what a run found out of addresses.

    :param known: the candidates so far.
    :param result: of the cleanup module in check mode.
    :param uses: what uses addresses, also of those that are planned all the same.
    :param selection: what the run selected; empty where it looked at the targets of a plan.
    :param policy: with C(only), where it is set.
    :returns: that, and the candidates of which the result does not tell whether the run selected them.
    """
    ended = ended_by(result["outcomes"])
    ended.update(((use["network_interface_id"], use["private_ip_address"]), "in_use") for use in uses)
    unused = [key for key in keys(result["plan"]) if key not in ended]
    if not selection:
        return Found((), ended), []
    told = {entry["network_interface_id"] for entry in result["outcomes"]}
    told.update(selection.get("network_interface_ids", ()))
    only = AddressSet(policy["only"], "only") if "only" in policy else None
    planned, untold = set(unused), []
    for key in known:
        if key in planned or key in ended or (only is not None and key[1] not in only):
            continue
        if key[0] in told or "all_network_interfaces" in selection:
            ended[key] = "not_planned"
        elif "filters" in selection:
            untold.append(key)
    return Found(unused, ended), untold


def ended_elsewhere(untold: t.Iterable[Key], network_interfaces: t.Iterable[Json], policy: Json) -> dict[Key, str]:
    """Return which of the candidates, that filters may have left out, are none any more, and why.

    :param network_interfaces: theirs, as far as they exist.
    :param policy: with C(keep) and C(keep_network_interfaces), where they are set.
    """
    by_id = {nic["network_interface_id"]: nic for nic in network_interfaces}
    keep = AddressSet(policy.get("keep", ()), "keep")
    ended = {}
    for key in untold:
        nic = by_id.get(key[0])
        if nic is None or key[1] not in (nic["secondary_private_ips"] or ()):
            ended[key] = "gone"
        elif key[1] in keep or _is_spared(nic, policy.get("keep_network_interfaces", ())):
            ended[key] = KEPT
    return ended


def _is_spared(nic: Json, entries: t.Iterable[str]) -> bool:
    return any(
        entry in (nic["network_interface_id"], nic["name"]) or fnmatch.fnmatchcase(nic["name"] or "", entry)
        for entry in entries
    )


def age_of(key: Key, candidate: Candidate | None, young: bool, clock: Clock, min_age: float) -> Json:
    """Return how old an address is as a candidate, as plans and reports tell it.

    :param young: whether it is too young to be removed.
    :returns: C(first_seen) (null where no plan run has proved anything), C(unused_hours), and C(young_until), before
        which it stays (null where it is old enough).
    """
    hours = candidate.hours if candidate else 0.0
    left = datetime.timedelta(hours=max(0.0, min_age - hours))
    return {
        "network_interface_id": key[0],
        "private_ip_address": key[1],
        "first_seen": candidate.first_seen.isoformat(timespec="seconds") if candidate else None,
        # Never shown older than it is.
        "unused_hours": math.floor(hours * 100) / 100,
        "young_until": (clock.time + left).isoformat(timespec="seconds") if young else None,
    }


def leave_out(result: Json, young: t.Container[Key]) -> Json:
    """Return the result of the cleanup module in check mode as if it had kept the young ones.

    :param result: what it would do.
    """
    planned = keys(result["plan"])
    left = [key for key in planned if key not in young]
    by_id: dict[str, list[str]] = {}
    for nic, address in planned:
        if (nic, address) in young:
            by_id.setdefault(nic, []).append(address)
    outcomes = []
    for entry in result["outcomes"]:
        kept = by_id.get(entry["network_interface_id"], [])
        outcomes.append(
            {
                **entry,
                UNASSIGNED: [address for address in entry[UNASSIGNED] if address not in kept],
                KEPT: entry[KEPT] + [{"private_ip_address": address, "reason": YOUNG} for address in kept],
            }
        )
    targets = as_targets(left)
    changing = {nic for nic, _address in left}
    limits, diff = result["limits"], result["diff"]
    share = len(left) / len(planned) if planned else 0.0
    return {
        **result,
        "changed": bool(left),
        "plan": targets,
        "plan_digest": plan_digest(targets),
        "outcomes": outcomes,
        "limits": {**limits, "planned": len(left), "planned_percent": limits["planned_percent"] * share},
        "uncertain": [entry for entry in result["uncertain"] if entry["network_interface_id"] in changing],
        "summary": {
            **result["summary"],
            UNASSIGNED: len(left),
            KEPT: sum(len(entry[KEPT]) for entry in outcomes),
            "network_interfaces_planned": len(changing),
        },
        "diff": {
            "before": {nic: addresses for nic, addresses in diff["before"].items() if nic in changing},
            "after": {
                nic: [a for a in diff["before"][nic] if a in addresses or (nic, a) in young]
                for nic, addresses in diff["after"].items()
                if nic in changing
            },
        },
    }
