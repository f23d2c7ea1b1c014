# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan file: what was planned, under which policy, and whether somebody approved exactly that."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import parse_address
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import is_id
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import (
    FORMAT,
    Json,
    RefusedError,
    keys,
)
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.sentences import plural
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.variables import PREFIX

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
    "min_age",
)
_FIELDS = {
    "format",
    "collection",
    "scope",
    "account",
    "provider",
    "endpoint",
    "created",
    "selection",
    "policy",
    "limits",
    "totals",
    "uses",
    "uncertain",
    "warnings",
    "network_interfaces",
    "ages",
    "targets",
    "digest",
}
#: Parts of a policy.
_LISTS = ("keep", "keep_network_interfaces", "in_use_sources")
#: A clock that is this far behind does not make a plan look as if it came from the future.
_CLOCK_TOLERANCE = datetime.timedelta(minutes=5)
#: Hexadecimal digits of a digest that are enough to approve a plan.
_FEWEST_DIGITS = 12


def make_plan(result: Json, context: Json, uses: t.Sequence[Json], ages: t.Sequence[Json] = ()) -> Json:
    """Return a plan file's content.

    :param result: of the cleanup module in check mode.
    :param context: C(collection), C(scope), C(provider), C(created), C(selection) and C(policy).
    :param uses: as C(uses_of) returns them, of what is spared and of what is planned all the same.
    :param ages: as C(age_of) returns them, of what is planned and of what is too young to be.
    """
    planned = result["limits"]["planned"]
    percent = result["limits"]["planned_percent"]
    policy = context["policy"]
    limits = {
        "max_unassign": policy["max_unassign"],
        "max_unassign_percent": policy["max_unassign_percent"],
        "planned": planned,
        "planned_percent": percent,
    }
    content = {
        "format": FORMAT,
        **{name: context[name] for name in ("collection", "scope", "provider", "created", "selection", "policy")},
        "account": result.get("account"),
        "endpoint": result["endpoint"],
        "limits": {**limits, "exceeded": [name for name, _sentence in _exceeded(limits, policy)]},
        "totals": {
            "addresses": planned,
            **{name: result["summary"][name] for name in ("network_interfaces_read", "network_interfaces_planned")},
        },
        "uses": list(uses),
        "uncertain": result.get("uncertain") or [],
        "warnings": [str(warning) for warning in result.get("warnings") or ()],
        "network_interfaces": result["network_interfaces"],
        "ages": list(ages),
        "targets": result["plan"],
    }
    return {**content, "digest": digest(content)}


def digest(content: Json) -> str:
    """Return the digest of everything that is in a plan file, however it is laid out.

    :returns: C(sha256:) and the hexadecimal SHA-256 of its canonical JSON - keys sorted, separators C(,) and C(:),
        UTF-8 - without the digest itself.
    """
    signed = {name: value for name, value in content.items() if name != "digest"}
    text = json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_plan(text: str) -> Json:
    """Return what is in a plan file, once it is one and as it was written.

    :raises RefusedError: it is none, or was altered.
    """
    try:
        content = json.loads(text)
        own_digest = digest(content) if isinstance(content, dict) else None
    except (ValueError, RecursionError):
        raise RefusedError("it is not a plan file: it is no JSON") from None
    if not isinstance(content, dict) or "digest" not in content or "targets" not in content:
        raise RefusedError("it is not a plan file")
    if content.get("format") != FORMAT:
        raise RefusedError(f"its format is {content.get('format')!r}, and this release knows format {FORMAT}")
    if content["digest"] != own_digest:
        raise RefusedError("it was altered after it was written: its digest does not match its content")
    if content.keys() != _FIELDS or not _can_be_applied(content):
        raise RefusedError("it is not a complete plan file")
    return t.cast(Json, content)


def _can_be_applied(content: Json) -> bool:
    """Tell whether all that an apply reckons with is there: whoever makes a plan file by hand can make its digest."""
    try:
        for _identifier, address in keys(content["targets"]):
            parse_address(address, "targets")
        identified = [*content["targets"], *content["network_interfaces"]]
        limits, policy = content["limits"], content["policy"]
        return (
            datetime.datetime.fromisoformat(content["created"]).tzinfo is not None
            and limits["planned"] == len(keys(content["targets"]))
            and 0 <= limits["planned_percent"] <= 100
            and isinstance(policy["in_use_check"], bool)
            and isinstance(policy["force"], bool)
            and all(isinstance(policy.get(name, []), list) for name in _LISTS)
            # YAML makes numbers of texts that look like them, but of no source.
            and all(isinstance(entry, (str, int, float)) for name in _LISTS for entry in policy.get(name, ()))
            and all(isinstance(source, str) for source in policy.get("in_use_sources", ()))
            and isinstance(policy.get("min_age", 0), (int, float))
            and all(isinstance(content[name], list) for name in ("uses", "uncertain", "warnings"))
            and all(isinstance(age["young_until"], (str, type(None))) for age in content["ages"])
            and all(is_id(entry["network_interface_id"]) for entry in identified)
        )
    except (InputError, KeyError, TypeError, AttributeError, ValueError):
        return False


def refuse_unless_approved(plan: Json, approved: t.Sequence[str]) -> None:
    """Make sure that somebody approved this plan.

    :param approved: digests, or their first digits; one of them is to be the plan's.
    :raises RefusedError: none is, or what is given is no digest.
    """
    if not approved:
        raise RefusedError(
            f"it needs {PREFIX}approved: read the plan, and approve it by the digest that planning showed"
        )
    digests = [str(text).strip().lower().removeprefix("sha256:") for text in approved]
    for text, given in zip(digests, approved):
        if not re.fullmatch(rf"[0-9a-f]{{{_FEWEST_DIGITS},64}}", text):
            raise RefusedError(
                f"{PREFIX}approved has {given!r}, which is no digest: it takes at least the first {_FEWEST_DIGITS} "
                "hexadecimal digits"
            )
    own = plan["digest"].removeprefix("sha256:")
    if not any(own.startswith(text) for text in digests):
        raise RefusedError(
            f"{', '.join(map(str, approved))} was approved, and the digest of this plan is {plan['digest']}: it was "
            f"made at {plan['created']} or touched since, and needs an approval of its own"
        )


def refuse_where_it_does_not_belong(plan: Json, provider: str, scope: str, account: str | None) -> None:
    """Make sure that a plan is about this cloud, scope and account.

    :param account: the one that is expected; None where any is.
    :raises RefusedError: it is about another one.
    """
    if plan["provider"] != provider:
        raise RefusedError(f"it is a plan for {plan['provider']}, not for {provider}")
    if plan["scope"] != scope:
        raise RefusedError(f"it is the plan of {plan['scope']}, not of {scope}")
    if None not in (account, plan["account"]) and account != plan["account"]:
        raise RefusedError(f"it is a plan for account {plan['account']}, and {account} is expected")


def refuse_if_old(plan: Json, max_age: float, now: datetime.datetime) -> None:
    """Make sure that a plan is still about what is there.

    :param max_age: in hours.
    :raises RefusedError: it is older, or of the future.
    """
    age = now - datetime.datetime.fromisoformat(plan["created"])
    if age < -_CLOCK_TOLERANCE:
        raise RefusedError(f"it was made at {plan['created']}, which is in the future")
    if age > datetime.timedelta(hours=max_age):
        raise RefusedError(
            f"it is {age.total_seconds() / 3600:.1f} hours old (from {plan['created']}), and {max_age:g} are allowed"
        )


def narrow(approved: Json, now: Json) -> Json:
    """Return the policy under which a plan is applied: never wider than the approved one, nor than what is said now.

    :param approved: the policy of the plan.
    :param now: the policy of the run that applies it.
    """
    policy = dict(now)
    for name in ("keep", "keep_network_interfaces"):
        policy[name] = list(dict.fromkeys([*approved.get(name, ()), *now.get(name, ())]))
    policy["in_use_check"] = approved["in_use_check"] or now["in_use_check"]
    policy["force"] = approved["force"] and now["force"]
    ages = [p["min_age"] for p in (approved, now) if "min_age" in p]
    policy["min_age"] = max(ages) if ages else None
    # Left out, they mean all look-ups there are, and what is right for the cloud.
    sources = [p["in_use_sources"] for p in (approved, now) if "in_use_sources" in p]
    policy["in_use_sources"] = sorted({*sources[0], *sources[1]}) if len(sources) == 2 else []
    protects = [p.get("eip_protects") for p in (approved, now)]
    policy["eip_protects"] = (
        "network_interface" if "network_interface" in protects else protects[0] if protects[0] == protects[1] else None
    )
    return {name: value for name, value in policy.items() if value not in ([], None)}


def _exceeded(limits: Json, allowed: Json) -> list[tuple[str, str]]:
    planned = f"{plural(limits['planned'], 'address', 'addresses')} would be unassigned"
    found = []
    if limits["planned"] > allowed["max_unassign"]:
        sentence = f"{PREFIX}max_unassign: {planned}, and {allowed['max_unassign']} are allowed"
        found.append(("max_unassign", sentence))
    # What is no number exceeds every limit.
    if not limits["planned_percent"] <= allowed["max_unassign_percent"]:
        sentence = (
            f"{PREFIX}max_unassign_percent: {planned}, which is {limits['planned_percent']:.1f} % of all that were "
            f"selected, and {allowed['max_unassign_percent']:g} % are allowed"
        )
        found.append(("max_unassign_percent", sentence))
    return found


def over_limits(limits: Json, allowed: Json) -> str | None:
    """Say how a plan is larger than allowed, for each limit that it exceeds; None where it is not.

    :param limits: of the plan: how large it was when it was made, also as a share of all that was selected then.
    :param allowed: the policy with the limits that hold now.
    """
    return "; ".join(sentence for _name, sentence in _exceeded(limits, allowed)) or None


def too_many_missing(plan: Json, checked: Json, allowed: float) -> str | None:
    """Say that more of a plan's network interfaces are gone than allowed; None where it is not so.

    :param checked: result of the cleanup module in check mode, with the plan's targets.
    :param allowed: in percent.
    """
    planned = {target["network_interface_id"] for target in plan["targets"]}
    missing = planned - {nic["network_interface_id"] for nic in checked["network_interfaces"]}
    if 100 * len(missing) <= allowed * len(planned):
        return None
    return (
        f"{PREFIX}max_missing_percent: {len(missing)} of the plan's "
        f"{plural(len(planned), 'network interface', 'network interfaces')} do not exist, and {allowed:g} % are "
        "allowed; the credentials may be another account's"
    )
