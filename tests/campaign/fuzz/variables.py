# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables of the role with values that nobody means: of every kind, for every one, in every mode."""

from __future__ import annotations

import json
import pathlib
import shutil
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.places import ROLE
from ansible_collections.edgecloud.nic.tests.campaign.worker import Told, Worker
from ansible_collections.edgecloud.nic.tests.simulator.calls import Call
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS

from .double import Double
from .judge import ACCOUNT, ESTATE, FREE, KEPT, NIC, QUICK, unsaid
from .options import VALUES, WIDENING, nested

_PREFIX = "private_ip_cleanup_"
_SPEC = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]
VARIABLES: dict[str, str] = {name.removeprefix(_PREFIX): spec["type"] for name, spec in _SPEC["options"].items()}
_PLAN = {"mode": "plan", "plan_file": "plan.json"}
#: What is done with an odd value, after what was done without.
DOINGS: dict[str, list[dict[str, Any]]] = {
    "plan": [{"mode": "plan"}],
    "apply": [{"mode": "apply"}],
    "approved": [_PLAN, {**_PLAN, "mode": "apply"}],
    "restore": [_PLAN, {**_PLAN, "mode": "apply"}, {"mode": "restore", "restore_from": "journal.jsonl"}],
}
#: What belongs together, or would be refused for that alone.
_TOGETHER: dict[str, dict[str, Any]] = {
    "min_age": {"candidates_file": "candidates.jsonl"},
    "candidates_file": {"min_age": 0},
    "network_interface_ids": {"all_network_interfaces": None},
    "filters": {"all_network_interfaces": None},
}
#: No odd value of these is a cloud, a mode that removes, the account, the plan or its digest.
_STOPS = {"provider", "mode", "expected_account", "plan_file", "approved"}
#: None of these selects anything, where it is not the plan that does.
_SELECTS_NOTHING = {"network_interface_ids", "filters"}


class Odd(NamedTuple):
    """A variable, or one below it, with an odd value."""

    cloud: str
    doing: str
    variable: str
    below: str | None
    value: str

    def given(self, directory: pathlib.Path) -> Any:
        """Give the value. What is a path stays in the directory, whatever it is there."""
        if VARIABLES[self.variable] == "path":
            places = {"directory": "a directory", "device": "a device", "no file": "nowhere/\u00e9/file"}
            if self.value == "directory":
                (directory / places[self.value]).mkdir(exist_ok=True)
            if self.value == "device" and not (directory / places[self.value]).exists():
                (directory / places[self.value]).symlink_to("/dev/null")
            if self.value in places:
                return str(directory / places[self.value])
        return nested(VALUES[self.value], self.below, VARIABLES[self.variable])


def odd_ones() -> Iterator[Odd]:
    """List every variable with each value, in each mode."""
    for cloud, words in CLOUDS.items():
        module = words.definition("private_ip_cleanup")
        for doing in DOINGS:
            if doing == "restore" and not module.provider.can_assign:
                continue
            for variable in VARIABLES:
                for below in (None, *module.argument_spec.get(variable, {}).get("options", ())):
                    for value in VALUES:
                        yield Odd(cloud, doing, variable, below, value)


def options_of(double: Double, cloud: str) -> dict[str, Any]:
    """Give what C(module_defaults) say."""
    account = double.world.states[cloud].estate.accounts[0]
    keys = {"access_key_id": account.access_key_id, "access_key_secret": account.access_key_secret}
    return {"endpoint": double.url, **keys, **QUICK}


def judge(double: Double, worker: Worker, odd: Odd) -> list[str]:
    """Run the role with an odd value; give what is wrong with what came of it."""
    return list(complaints(odd, *play(double, worker, odd), worker.directory))


def play(double: Double, worker: Worker, odd: Odd) -> tuple[Told, list[Call]]:
    """Run the role with an odd value; give what came of it, and the calls that it made to change something."""
    for path in worker.directory.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    double.load(ESTATE, {})
    options = options_of(double, odd.cloud)
    for more in DOINGS[odd.doing][:-1]:
        told = worker.act_role(options, {**_common(odd, worker.directory), **more})
        assert not told.traceback and not told.result.get("failed"), told
    known = len(double.world.log.find(write=True))
    told = worker.act_role(options, variables_of(odd, worker.directory))
    return told, double.world.log.find(write=True)[known:]


def variables_of(odd: Odd, directory: pathlib.Path) -> dict[str, Any]:
    """Give the variables of the run with the odd value."""
    given = {**_common(odd, directory), **DOINGS[odd.doing][-1], **_TOGETHER.get(odd.variable, {})}
    given = {name: value for name, value in given.items() if value is not None}
    return {**given, odd.variable: odd.given(directory)}


def _common(odd: Odd, directory: pathlib.Path) -> dict[str, Any]:
    """Give the variables of every run. Where there is a plan, it is approved."""
    plan = directory / "reports" / "plan.json"
    return {
        "provider": odd.cloud,
        "all_network_interfaces": True,
        "keep": [KEPT],
        "report_dir": "reports",
        "expected_account": ACCOUNT[odd.cloud],
        "concurrency": 1,
        "wait_timeout": 0.05,
        **({"approved": json.loads(plan.read_text(encoding="utf-8"))["digest"]} if plan.exists() else {}),
    }


def complaints(odd: Odd, told: Told, writes: list[Call], directory: pathlib.Path) -> Iterator[str]:
    """Say what is wrong with what a run told, or did."""
    if told.traceback:
        yield told.traceback
        return
    result = told.result
    said = [result.get("msg"), *result.get("warnings", ()), *told.shown.splitlines()]
    value = str(VALUES[odd.value])
    if len(value) > 1000 or not value.isprintable():
        # ansible-core says it as it is.
        said = [(words or "").replace(value, "") for words in said]
    yield from unsaid(result, said)
    named = {(call.network_interface_ids[0], ip) for call in writes for ip in call.private_ip_addresses}
    done = {(call.network_interface_ids[0], ip) for call in writes if call.applied for ip in call.private_ip_addresses}
    nics = {nic["network_interface_id"]: nic for nic in ESTATE[odd.cloud]["network_interfaces"]}
    if odd.doing == "plan" and named:
        yield f"a plan wrote {named}"
    if named and (
        (odd.variable in _STOPS and odd.doing != "restore")
        or (odd.variable in _SELECTS_NOTHING and odd.doing == "apply")
    ):
        yield f"written: {named}"
    # What was approved, and what was removed, is what it is.
    may_be_wider = odd.variable in WIDENING and odd.doing == "apply"
    for nic, address in sorted(named):
        if address == nics[nic]["primary_private_ip"]:
            yield f"the primary address {address} of {nic} was written"
        elif not may_be_wider and (nic != NIC[odd.cloud] or address not in FREE):
            yield f"{address} of {nic} was written, and is kept, or something uses it"
    if result["changed"] != bool(done):
        yield f"changed is {result['changed']}, and {done or 'nothing'} was written"
    if done and odd.doing != "restore":
        yield from _untrue(result, done, directory)


def _untrue(result: dict[str, Any], done: set[tuple[str, str]], directory: pathlib.Path) -> Iterator[str]:
    """Hold what a run tells against what it has removed."""
    count = result["result"]["totals"]["unassigned"]
    if count != len(done):
        yield f"{len(done)} were removed, and {count} are told"
    for path in directory.glob("**/report.json"):
        rows = json.loads(path.read_text(encoding="utf-8"))["addresses"]
        told = {
            (row["network_interface_id"], row["private_ip_address"]) for row in rows if row["outcome"] == "unassigned"
        }
        if told != done:
            yield f"{done} were removed, and the report has {told}"
