# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module in this process against spoilt answers, and holds what it tells against what the clouds saw."""

from __future__ import annotations

import copy
import json
import pathlib
import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskReport
from ansible_collections.edgecloud.nic.plugins.module_utils._module import BREAKS_OFF
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import DETAILED, OUTCOMES
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS, run_module

from .double import Double, Moment, Spoil

ESTATE: dict[str, Any] = yaml.safe_load(pathlib.Path(__file__).with_name("estate.yml").read_text(encoding="utf-8"))
KEPT = "10.1.0.11"
FREE = {"10.1.0.12", "10.1.0.13"}
NIC = {"ens": "eni-1", "zec": "nic-1"}
ACCOUNT = {"ens": "1000000000000001", "zec": "2000001"}
QUICK = {
    "max_retries": 1,
    "retry_max_delay": 0.001,
    "timeout": 0.5,
    "connect_timeout": 0.5,
}
#: No run takes longer: a few calls that each take as long as they may, or the time that a removal is waited for.
LONGEST = 20.0
_LONGEST_WORDS = 5000
_PATIENCE = {"wait_timeout": 0.05}
MODULES: dict[str, dict[str, Any]] = {
    "private_ip": {"state": "absent", "all_secondary": True, "keep": [KEPT], **_PATIENCE},
    "private_ip_cleanup": {"all_network_interfaces": True, "keep": [KEPT], "concurrency": 1, **_PATIENCE},
    "private_ip_info": {"include_in_use": True},
    "preflight": {"concurrency": 1, "write_permission": True},
}
#: What the first write meets, so that what is read after it matters.
WEATHER: dict[str, list[dict[str, Any]]] = {
    "calm": [],
    "refused": [{"kind": "error", "match": {"write": True}, "times": None, "status": 400, "code": "OTHER"}],
    "lost": [{"kind": "error", "match": {"write": True}, "times": None, "status": 500}],
    "applied": [{"kind": "apply_then_error", "match": {"write": True}, "times": 1, "status": 500}],
}


class Case(NamedTuple):
    """What runs, and in which weather."""

    cloud: str
    module: str
    weather: str = "calm"


CASES = [
    Case(cloud, module, weather)
    for cloud in CLOUDS
    for module in MODULES
    for weather in (WEATHER if module.startswith("private_ip") and module != "private_ip_info" else ("calm",))
]


class Told(NamedTuple):
    """What a run told, and how long it took in seconds."""

    report: TaskReport
    seconds: float


def play(double: Double, case: Case, spoils: dict[Moment, Spoil], **given: Any) -> Told:
    """Run a module against answers that are spoilt."""
    double.load({**ESTATE, "faults": copy.deepcopy(WEATHER[case.weather])}, spoils)
    definition = CLOUDS[case.cloud].definition(case.module)
    account = double.world.states[case.cloud].estate.accounts[0]
    options = {
        "endpoint": double.url,
        "access_key_id": account.access_key_id,
        "access_key_secret": account.access_key_secret,
        "expected_account": ACCOUNT[case.cloud],
        **({"network_interface_id": NIC[case.cloud]} if case.module == "private_ip" else {}),
        **QUICK,
        **MODULES[case.module],
        **given,
    }
    started = time.monotonic()
    try:
        validation = ArgumentSpecValidator(definition.argument_spec).validate(copy.deepcopy(options))
    except BREAKS_OFF as error:
        return Told(TaskReport({"changed": False}, str(error)), 0.0)
    if validation.error_messages:
        # In ansible-core's own words, which have the whole value.
        return Told(TaskReport({"changed": False}, "refused by the argument specification"), 0.0)
    report = run_module(definition, validation.validated_parameters, options)
    return Told(report, time.monotonic() - started)


def complaints(double: Double, case: Case, told: Told, may_be_meant: bool) -> Iterator[str]:
    """Say what is wrong with what a run told, or did.

    :param may_be_meant: what was spoilt may be what the cloud means: then the run need not know better.
    """
    report = told.report
    if told.seconds > LONGEST:
        yield f"it took {told.seconds:.1f} s"
    yield from unsaid(report.result, [report.message, *report.warnings])
    writes = double.world.log.find(write=True)
    named = {
        (nic, address)
        for call in writes
        for nic in call.network_interface_ids[:1]
        for address in call.private_ip_addresses
    }
    nics = {nic["network_interface_id"]: nic for nic in ESTATE[case.cloud]["network_interfaces"]}
    if case.module in ("preflight", "private_ip_info"):
        wrong = {key for key in named if key[0] in nics}
        if wrong:
            yield f"written: {wrong}"
        return
    for nic, address in sorted(named):
        if address == KEPT or address == nics.get(nic, {}).get("primary_private_ip"):
            yield f"the kept or primary address {address} of {nic} was written"
        elif not may_be_meant and (nic != NIC[case.cloud] or address not in FREE):
            yield f"{address} of {nic} was written, and something uses it"
    yield from _untrue(double, case, report, named, may_be_meant)


def unsaid(result: dict[str, Any], said: Iterable[str | None]) -> Iterator[str]:
    """Say what is wrong with a result and with what is said of it, whatever it is about."""
    try:
        json.dumps(result, allow_nan=False, ensure_ascii=False).encode("utf-8")
    except (TypeError, ValueError) as error:
        yield f"the result cannot be written: {error}"
    for words in filter(None, said):
        if "has a bug" in words:
            yield words
        if len(words) > _LONGEST_WORDS or not words.isprintable():
            yield f"{len(words)} characters are said, or some that cannot be printed: {words[:100]!r}"


def _untrue(
    double: Double, case: Case, report: TaskReport, named: set[tuple[str, str]], may_be_meant: bool
) -> Iterator[str]:
    outcomes: dict[tuple[str, str], str] = {}
    result = report.result
    accepted = False
    for entry in result.get("outcomes", ()):
        nic = entry["network_interface_id"]
        for outcome in OUTCOMES:
            for one in entry[outcome]:
                key = (nic, one["private_ip_address"] if outcome in DETAILED else one)
                accepted = accepted or (outcome == "unknown" and one["accepted"])
                if outcomes.setdefault(key, outcome) != outcome:
                    yield f"{key} is {outcomes[key]} and {outcome}"
    if "outcomes" not in result and named:
        yield f"something was written, and there are no outcomes: {report.message}"
    planned = {
        (one["network_interface_id"], ip) for one in result.get("plan", ()) for ip in one["private_ip_addresses"]
    }
    for key in sorted((planned | named) - outcomes.keys()):
        yield f"{key} has no outcome"
    tried = {
        (call.network_interface_ids[0], address)
        for call in double.world.log.find(write=True)
        # Of a refused list a part may be carried out; one alone is refused unless it is that answer that was spoilt.
        if len(call.private_ip_addresses) > 1 or call.http_status not in (400, 403, 404, 409) or call in double.spoilt
        for address in call.private_ip_addresses
    }
    there = {
        (nic, address)
        for nic, entry in double.world.states[case.cloud].addresses().items()
        for address in entry["secondary_private_ips"]
    }
    for key, outcome in sorted(outcomes.items()):
        if outcome == "unassigned" and key not in tried:
            yield f"{key} is told as unassigned, and no accepted or doubtful call named it"
        if outcome in ("unassigned", "already_absent") and key in there and not may_be_meant:
            yield f"{key} is told as {outcome}, and is still there"
    changed = "unassigned" in outcomes.values() or accepted
    if result["changed"] != changed:
        yield f"changed is {result['changed']}"
    unsettled = {"failed", "unknown", "not_attempted"} & set(outcomes.values())
    if unsettled and report.message is None:
        yield f"it succeeds with something {unsettled}"
