# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What C(module_defaults) say of a cleanup holds in the role as it does for a task of the module."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import subprocess
from collections.abc import Callable, Collection
from typing import Any

import pytest
import yaml
from ansible_collections.edgecloud.nic.plugins.modules import zec_private_ip_cleanup
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import PLAYBOOK, settings

MODULE = "edgecloud.nic.zec_private_ip_cleanup"
#: Long enough for a run that does not wait to be told from one that does.
LAG = 0.5
CLEANUP = zec_private_ip_cleanup.DEFINITION
OPTIONS = {*CLEANUP.options, "expected_account", "trace"}


@dataclasses.dataclass
class Run:
    """What came of the role over two network interfaces with two addresses each."""

    nics: tuple[str, str]
    addresses: list[str]
    #: By address; None of what the role does not tell.
    outcomes: dict[str, str]
    reasons: set[str | None]
    policy: dict[str, Any]
    message: str
    #: Lists of addresses in the order in which they were sent.
    sent: list[list[str]]
    journal: pathlib.Path

    def became(self, *outcomes: str) -> bool:
        return [self.outcomes.get(address) for address in self.addresses] == list(outcomes)


GONE = "unassigned"
#: For each option what module_defaults say, as a template of the two network interfaces and of their addresses, and how
#: one sees that it was heard.
CASES: dict[str, tuple[Any, Callable[[Run], bool]]] = {
    "only": (["{a[0]}"], lambda run: run.outcomes == {run.addresses[0]: GONE}),
    "keep": (["{a[1]}"], lambda run: run.sent == [[run.addresses[0]], run.addresses[2:]]),
    "keep_network_interfaces": (["{n[0]}"], lambda run: run.sent == [run.addresses[2:]]),
    "max_unassign": (3, lambda run: not run.sent and "4 addresses would be unassigned, and 3 are" in run.message),
    "max_unassign_percent": (99, lambda run: not run.sent and "of all that were selected, and 99 %" in run.message),
    "max_missing_percent": (7, lambda run: run.policy["max_missing_percent"] == 7),
    "in_use_check": (False, lambda run: run.policy["in_use_check"] is False),
    "in_use_sources": (["eip"], lambda run: run.policy["in_use_sources"] == ["eip"]),
    "in_use_elsewhere": (
        [{"private_ip_address": "{a[0]}", "kind": "host", "id": "h-1"}],
        lambda run: run.became("in_use", GONE, GONE, GONE),
    ),
    "eip_protects": ("address", lambda run: run.policy["eip_protects"] == "address"),
    "force": (True, lambda run: run.policy["force"] is True),
    "wait": (False, lambda run: run.became(*[GONE] * 4)),
    "wait_timeout": (0.05, lambda run: run.became(*["unknown"] * 4)),
    "concurrency": (65, lambda run: not run.sent and run.message.startswith("Nothing was changed: concurrency")),
    "requests_per_second": (-1, lambda run: not run.sent and "requests_per_second" in run.message),
    "on_error": ("stop", lambda run: run.became("failed", GONE, "not_attempted", "not_attempted")),
    "journal": ("{journal}", lambda run: run.journal.exists()),
    "trace": ("{journal}", lambda run: run.journal.exists() and run.became(*[GONE] * 4)),
    "expected_account": ("nobody", lambda run: not run.sent and "not to nobody" in run.message),
    "targets": ([], lambda run: not run.sent and "module_defaults set targets" in run.message),
    "plan_digest": ("sha256:ab", lambda run: not run.sent and "module_defaults set plan_digest" in run.message),
    "filters": ({"status": "AVAILABLE"}, lambda run: not run.sent and "exactly one of" in run.message),
    "all_network_interfaces": (True, lambda run: not run.sent and "exactly one of" in run.message),
    # The two that the role is told, and another one that it is not.
    "network_interface_ids": (["nic-sim-000001"], lambda run: run.became(*[GONE] * 4)),
    "keeps": ([], lambda run: not run.sent and "keeps" in run.message),
}


def filled(value: Any, **names: Any) -> Any:
    """Fill in the names wherever a text has them."""
    if isinstance(value, list):
        return [filled(entry, **names) for entry in value]
    if isinstance(value, dict):
        return {name: filled(entry, **names) for name, entry in value.items()}
    return value.format(**names) if isinstance(value, str) else value


def play(directory: pathlib.Path, options: Collection[str]) -> dict[str, Run]:
    """Run the role for each option in one play, each with network interfaces of its own."""
    estate = {"zec": {"generate": {"network_interfaces": 2 * len(options), "secondary_private_ips": 2}}}
    with Simulator(estate=estate) as sim:
        found = sim.estate()["zec"]["network_interfaces"]
        nics = dict(zip(options, zip(sorted(found)[::2], sorted(found)[1::2], strict=True), strict=True))
        addresses = {case: [a for n in pair for a in found[n]["secondary_private_ips"]] for case, pair in nics.items()}
        refused = [
            {
                "network_interface_id": nics[case][0],
                "private_ip_address": addresses[case][0],
                "code": "OPERATION_DENIED",
            }
            for case in options
            if case == "on_error"
        ]
        sim.load({**estate, "settings": {"removal_lag": LAG, "refuse": refused}})
        blocks = []
        for case in options:
            said = filled(CASES[case][0], n=nics[case], a=addresses[case], journal=directory / f"{case}.jsonl")
            role = {
                "ansible.builtin.include_role": {
                    "name": "edgecloud.nic.private_ip_cleanup",
                    "apply": {"module_defaults": {MODULE: {case: said}}},
                },
                "vars": {
                    "private_ip_cleanup_network_interface_ids": list(nics[case]),
                    **({} if case == "journal" else {"private_ip_cleanup_report_dir": str(directory / case)}),
                    # With which nothing but not to wait gets everything settled.
                    **({"private_ip_cleanup_wait_timeout": 0.05} if case == "wait" else {}),
                },
            }
            note = {
                "ansible.builtin.copy": {
                    "content": "{{ ansible_failed_result.msg }}",
                    "dest": str(directory / f"{case}.txt"),
                    "mode": "0600",
                }
            }
            blocks.append({"block": [role], "rescue": [note]})
        group = {"endpoint": sim.url, **sim.account("zec")}
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": {"group/edgecloud.nic.zec": group},
            "vars": {
                "private_ip_cleanup_provider": "zec",
                "private_ip_cleanup_mode": "apply",
                "private_ip_cleanup_batch_size": 1,
            },
            "tasks": blocks,
        }
        (directory / "playbook.yml").write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
        done = subprocess.run(
            [*PLAYBOOK, str(directory / "playbook.yml")],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
            env=settings(directory),
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        writes = [call["parameters"] for call in sim.calls(write=True)]
        return {
            case: run_of(case, directory, nics[case], addresses[case], [w for w in writes if w["nicId"] in nics[case]])
            for case in options
        }


def run_of(
    case: str, directory: pathlib.Path, nics: tuple[str, str], addresses: list[str], writes: list[dict[str, Any]]
) -> Run:
    report = directory / case / "report.json"
    content: dict[str, Any] = {"addresses": [], "policy": {}}
    if report.exists():
        content = json.loads(report.read_text(encoding="utf-8"))
    message = directory / f"{case}.txt"
    return Run(
        nics,
        addresses,
        {row["private_ip_address"]: row["outcome"] for row in content["addresses"]},
        {row["reason"] for row in content["addresses"]},
        content["policy"],
        message.read_text(encoding="utf-8") if message.exists() else "",
        [list(write["ipAddresses"]) for write in writes],
        directory / f"{case}.jsonl",
    )


def test_no_option_is_left_out() -> None:
    assert CASES.keys() - {"keeps"} == OPTIONS


def check(runs: dict[str, Run]) -> None:
    assert {case: run for case, run in runs.items() if not CASES[case][1](run)} == {}


@pytest.mark.matrix
def test_what_protects_is_heard_where_no_variable_says_something_else(tmp_path: pathlib.Path) -> None:
    check(play(tmp_path, ("keep", "max_unassign", "in_use_elsewhere")))


@pytest.mark.matrix
def test_every_option_is_heard_where_no_variable_says_something_else(tmp_path: pathlib.Path) -> None:
    check(play(tmp_path, CASES))
