# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks, loops and the role leave an account alone that is not the expected one."""

from __future__ import annotations

import json
import pathlib
import subprocess
from typing import Any

import pytest
import yaml
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import PLAYBOOK, play, settings
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS

A, B = "1000000000000001", "1000000000000002"
IDENTITY = {cloud.identity for cloud in CLOUDS.values()}


def load(sim: Simulator, cloud: str) -> None:
    """Five network interfaces with two addresses each; the first key is of account A, the second of account B."""
    keys = [
        {"access_key_id": f"KEY-{account}", "access_key_secret": f"secret-of-{account}", "account_id": account}
        for account in (A, B)
    ]
    generated = {"network_interfaces": 5, "secondary_private_ips": 2}
    sim.load({"accounts": {cloud: keys}, cloud: {"generate": generated}})


def options(sim: Simulator, cloud: str, key: str) -> dict[str, str]:
    return {"endpoint": sim.url, **sim.account(cloud, (A, B).index(key))}


@pytest.mark.parametrize(
    ("cloud", "here"),
    [
        pytest.param("ens", True, id="ens in the worker"),
        pytest.param("zec", True, id="zec in the worker", marks=pytest.mark.matrix),
        pytest.param("zec", False, id="zec in a process", marks=pytest.mark.matrix),
    ],
)
def test_another_account_and_a_list_for_a_text_are_refused_wherever_a_module_runs(
    sim: Simulator, cloud: str, here: bool, tmp_path: pathlib.Path
) -> None:
    load(sim, cloud)
    nic = CLOUDS[cloud].generated_id.format(1)
    removal = {"network_interface_id": nic, "all_secondary": True, "state": "absent"}
    cleanup = {"all_network_interfaces": True}
    tasks: dict[str, dict[str, Any]] = {
        "one": {f"edgecloud.nic.{cloud}_private_ip": removal},
        "info": {f"edgecloud.nic.{cloud}_private_ip_info": {}},
        "cleanup": {f"edgecloud.nic.{cloud}_private_ip_cleanup": cleanup},
        "list": {f"edgecloud.nic.{cloud}_private_ip_info": {"filters": {"vpc_id": ["vpc-sim-1"]}}},
        "loop": {f"edgecloud.nic.{cloud}_private_ip": removal, "loop": [1, 2]},
    }
    ways = {"edgecloud_nic_in_process": here, "edgecloud_nic_in_process_cleanup": here}
    defaults = {cloud: {**options(sim, cloud, A), "expected_account": int(B)}}
    done = play(tmp_path, [{"name": name, **task} for name, task in tasks.items()], defaults, ways)
    refused = f"expected_account: the credentials belong to account {A}, not to {B}; nothing was changed"
    for name in ("one", "info", "cleanup"):
        assert done.ran_in_a_process_of_its_own(name) is not here
        assert (done.results[name]["msg"], done.results[name]["stopped"]) == (refused, "auth"), name
    assert done.results["list"]["msg"] == "filters.vpc_id: has a list where a text belongs"
    assert [item["msg"] for item in done.results["loop"]["results"]] == [refused] * 2
    # A task's items share what was told; tasks, and processes, do not.
    assert sim.counts() == {CLOUDS[cloud].identity: 4 if here else 5}


class Role:
    """The role in a playbook of its own, with a plan file."""

    def __init__(self, sim: Simulator, cloud: str, directory: pathlib.Path) -> None:
        self._sim = sim
        self._cloud = cloud
        self._directory = directory
        self.plan_file = directory / "plan.json"

    def run(self, mode: str, key: str, defaults: dict[str, Any] | None = None, **variables: Any) -> str:
        """Run it with the key of an account; gives what was shown."""
        self._sim.clear_calls()
        group = {**options(self._sim, self._cloud, key), **(defaults or {})}
        given = {
            "provider": self._cloud,
            "mode": mode,
            "all_network_interfaces": True,
            "plan_file": str(self.plan_file),
        }
        if mode == "apply" and "plan_file" not in variables:
            given["approved"] = self.plan()["digest"]
        playbook = {
            "hosts": "localhost",
            "gather_facts": False,
            "connection": "local",
            "module_defaults": {f"group/edgecloud.nic.{self._cloud}": group},
            "vars": {f"private_ip_cleanup_{name}": value for name, value in {**given, **variables}.items()},
            "roles": ["edgecloud.nic.private_ip_cleanup"],
        }
        file = self._directory / "playbook.yml"
        file.write_text(yaml.safe_dump([playbook]), encoding="utf-8")
        done = subprocess.run(
            [*PLAYBOOK, str(file)],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
            cwd=self._directory,
            env=settings(self._directory),
        )
        return done.stdout + done.stderr

    def plan(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.plan_file.read_text(encoding="utf-8"))
        return content


@pytest.fixture
def role(sim: Simulator, tmp_path: pathlib.Path) -> Role:
    load(sim, "zec")
    return Role(sim, "zec", tmp_path)


def identity_alone(sim: Simulator) -> bool:
    return set(sim.counts()) <= IDENTITY


@pytest.mark.matrix
def test_a_plan_is_applied_in_its_own_account_only(sim: Simulator, role: Role) -> None:
    role.run("plan", A, expected_account=A)
    assert role.plan()["account"] == A
    shown = role.run("apply", B)
    assert f"the credentials belong to account {B}, not to {A}" in shown
    assert "failed=0" not in shown
    assert identity_alone(sim)
    # What module_defaults expect is no less.
    for shown in (role.run("apply", B, expected_account=B), role.run("apply", A, {"expected_account": B})):
        assert f"is refused: it is a plan for account {A}, and {B} is expected" in shown
        assert sim.calls() == []
    assert "Unassigned 10 addresses" in role.run("apply", A)


@pytest.mark.matrix
def test_an_account_that_module_defaults_expect_is_remembered_too(sim: Simulator, role: Role) -> None:
    role.run("plan", A, {"expected_account": A})
    assert role.plan()["account"] == A
    assert "Unassigned 10 addresses" in role.run("apply", A, {"expected_account": A}, batch_size=2)


@pytest.mark.matrix
def test_without_an_expectation_nobody_is_asked(sim: Simulator, role: Role) -> None:
    role.run("plan", A)
    assert role.plan()["account"] is None
    assert "Unassigned 10 addresses" in role.run("apply", B)
    assert not identity_alone(sim)
    assert not IDENTITY & set(sim.counts())


@pytest.mark.matrix
def test_a_plan_is_judged_as_a_whole_by_what_is_missing(sim: Simulator, role: Role) -> None:
    role.run("plan", A)
    gone = role.plan()["targets"][0]["network_interface_id"]
    sim.change(kind="delete_network_interface", network_interface_id=gone)
    shown = role.run("apply", A, max_missing_percent=19)
    assert "1 of the plan's 5 network interfaces" in shown
    assert "failed=0" not in shown
    assert sim.calls(write=True) == []
    # In the batch that it belongs to, it is more.
    assert "Unassigned 8 addresses" in role.run("apply", A, batch_size=2)


@pytest.mark.matrix
def test_what_matches_nothing_is_said_once_for_all_batches(sim: Simulator, role: Role) -> None:
    sim.clear_calls()
    shown = role.run("apply", A, plan_file="{{ omit }}", keep=["192.0.2.1"], batch_size=1, expected_account=A)
    assert shown.count("nothing that was selected matches 192.0.2.1") == 1
    assert "Unassigned 10 addresses" in shown


@pytest.mark.matrix
def test_nothing_is_put_back_in_another_account(sim: Simulator, role: Role, tmp_path: pathlib.Path) -> None:
    journal = str(tmp_path / "journal.jsonl")
    role.run("apply", A, plan_file="{{ omit }}", journal=journal)
    restore: dict[str, Any] = {"plan_file": "{{ omit }}", "restore_from": journal}
    for shown in (
        role.run("restore", B, expected_account=A, **restore),
        role.run("restore", B, {"expected_account": A}, **restore),
    ):
        assert f"the credentials belong to account {B}, not to {A}" in shown
        assert "failed=0" not in shown
        assert sim.counts() == {CLOUDS["zec"].identity: 1}
    assert "Assigned 10 addresses again" in role.run("restore", A, {"expected_account": A}, **restore)
