# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Between two batches a run goes on only once the user's health check has passed, and is one run all the same."""

from __future__ import annotations

import json
import os
import pathlib
import re
import signal
import subprocess
import time
from typing import Any

import pytest
import yaml
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import run as run_playbook
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import scope, started, written_to
from ansible_collections.edgecloud.nic.tests.unit.action.processes import wait_until
from ansible_collections.edgecloud.nic.tests.unit.action.test_role import PREFIX, report, run

Tasks = list[dict[str, Any]]
ASK: Tasks = [
    {"name": "Ask the shop", "ansible.builtin.assert": {"that": "private_ip_cleanup_result.totals.unassigned > 0"}}
]
#: As the variables and the options that lead to the cloud must not become.
CHANGE: Tasks = [
    {
        "name": "Change the variables",
        "ansible.builtin.set_fact": {
            "private_ip_cleanup_keep": ["10.0.0.0/8"],
            "private_ip_cleanup_no_such_variable": 1,
            "private_ip_cleanup_mode": "restore",
        },
    }
]
FAIL = {"ansible.builtin.fail": {"msg": "the shop is down"}}
RESULT = re.compile(r'"msg": (.*)$', re.MULTILINE)
NOBODY_TOLD = "nothing has told that the health check after batch 1 of 3 (1 of 10 network interfaces) passed"


def nics(*numbers: int) -> list[str]:
    return [f"nic-sim-{number:06}" for number in numbers]


def apply(
    sim: Simulator, directory: pathlib.Path, health_check: Tasks | None, *options: str, **variables: Any
) -> subprocess.CompletedProcess[str]:
    """Plan and apply in one go, in the batches of one, four and five."""
    if health_check is not None:
        (directory / "health.yml").write_text(yaml.safe_dump(health_check, sort_keys=False), encoding="utf-8")
        variables.setdefault("health_check", "health.yml")
    return run(sim, directory, *options, mode="apply", concurrency=1, batch_size=[1, 4, 20], **variables)


def failed(number: int, done: int, failure: str) -> str:
    return f"the health check after batch {number} of 3 ({done} of 10 network interfaces) failed: {failure}"


def role_runs(directory: pathlib.Path) -> list[str]:
    lines = (directory / "reports" / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys(entry["run"] for entry in map(json.loads, lines) if "plan" in entry))


def comparable(content: dict[str, Any]) -> dict[str, Any]:
    """Give what a report says but for what no two runs have in common."""
    rows = [{**row, "request_id": None} for row in content["addresses"]]
    totals = {name: value for name, value in content["totals"].items() if name != "seconds"}
    return {**content, "addresses": rows, "totals": totals, "created": None, "plan_created": None, "plan_digest": None}


def test_a_health_check_that_fails_ends_the_run_by_name(cloud_of_ten: Simulator, tmp_path: pathlib.Path) -> None:
    ended = apply(cloud_of_ten, tmp_path, [{"name": "Ask the shop", **FAIL}])
    assert ended.returncode == 2, ended.stdout
    reason = failed(1, 1, "Ask the shop: the shop is down")
    settled = "Unassigned 1 address, and did not settle 9 (9 not attempted)"
    assert f"{settled}: {reason}; running the same again continues" in ended.stdout
    assert written_to(cloud_of_ten) == nics(1)
    content = report(tmp_path)
    assert content["error"] == reason
    assert [row["message"] for row in content["addresses"] if row["outcome"] == "not_attempted"] == [reason] * 9


@pytest.mark.matrix
def test_a_health_check_that_is_not_there_is_refused_before_anything_is_read(
    cloud_of_ten: Simulator, tmp_path: pathlib.Path
) -> None:
    refused = run(cloud_of_ten, tmp_path, health_check="health.yml")
    assert f"private_ip_cleanup_health_check: {tmp_path}/health.yml cannot be read: there is no such" in refused.stdout
    assert cloud_of_ten.calls() == []


@pytest.mark.matrix
@pytest.mark.parametrize("text", ["", "a: 1", "- a: [", "- a"])
def test_what_is_no_list_of_tasks_is_refused_before_anything_is_read(
    cloud_of_ten: Simulator, tmp_path: pathlib.Path, text: str
) -> None:
    (tmp_path / "health.yml").write_text(text, encoding="utf-8")
    refused = run(cloud_of_ten, tmp_path, health_check=str(tmp_path / "health.yml"))
    assert re.search("health.yml (is no list of tasks|cannot be read: .*); nothing was changed", refused.stdout)
    assert cloud_of_ten.calls() == []


@pytest.mark.matrix
def test_after_a_health_check_that_failed_the_same_again_goes_on(
    cloud_of_ten: Simulator, tmp_path: pathlib.Path
) -> None:
    failing: Tasks = [{"name": "Ask", **FAIL, "when": "private_ip_cleanup_result.totals.unassigned == 5"}]
    run(cloud_of_ten, tmp_path, plan_file="plan.json")
    variables: dict[str, Any] = {"plan_file": "plan.json", "approved": report(tmp_path)["plan_digest"]}
    cloud_of_ten.clear_calls()
    ended = apply(cloud_of_ten, tmp_path, failing, **variables)
    assert failed(2, 5, "Ask: the shop is down") in ended.stdout
    assert written_to(cloud_of_ten) == nics(1, 2, 3, 4, 5)
    removed = [row["run"] for row in report(tmp_path)["addresses"] if row["outcome"] == "unassigned"]
    assert removed == ["this"] * 5

    cloud_of_ten.clear_calls()
    again = apply(cloud_of_ten, tmp_path, ASK, **variables)
    assert again.returncode == 0, again.stdout
    assert "Unassigned 10 addresses (5 of them by an earlier run) on 10 network interfaces" in again.stdout
    assert written_to(cloud_of_ten) == nics(6, 7, 8, 9, 10)
    assert len(role_runs(tmp_path)) == 2


@pytest.mark.matrix
@pytest.mark.parametrize("health_check", [ASK, CHANGE], ids=["asks", "changes variables"])
def test_a_run_with_health_checks_is_the_same_one_run(
    cloud_of_ten: Simulator, tmp_path: pathlib.Path, health_check: Tasks
) -> None:
    told = []
    for tasks in (None, health_check):
        cloud_of_ten.load({"zec": {"generate": {"network_interfaces": 10, "secondary_private_ips": 1}}})
        done = apply(cloud_of_ten, tmp_path, tasks)
        assert done.returncode == 0, done.stdout
        calls = [(call["action"], call["network_interface_ids"]) for call in cloud_of_ten.calls()]
        told.append((calls, comparable(report(tmp_path)), re.findall(r"\[localhost\] .*", done.stderr)))
        result = json.loads(json.loads(RESULT.findall(done.stdout)[-1]))
        assert result["totals"] == report(tmp_path)["totals"]
    assert told[1] == told[0]
    assert len(role_runs(tmp_path)) == 2


@pytest.mark.matrix
def test_a_plan_and_check_mode_do_without_a_health_check(cloud_of_ten: Simulator, tmp_path: pathlib.Path) -> None:
    failing: Tasks = [{"name": "Ask the shop", **FAIL}]
    planned = apply(cloud_of_ten, tmp_path, failing, "--check")
    assert planned.returncode == 0, planned.stdout
    assert "Would have unassigned 10 addresses" in planned.stdout
    assert run(cloud_of_ten, tmp_path, health_check="health.yml").returncode == 0
    assert cloud_of_ten.calls(write=True) == []


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("tasks", "keywords", "told"),
    [
        pytest.param([{**FAIL, "name": "A", "no_log": True}], {}, "A: the message is hidden by no_log", id="no_log"),
        pytest.param(
            [{"name": "A", "ansible.builtin.fail": {"msg": "{{ item }}"}, "when": "item > 1", "loop": [1, 2, 3]}],
            {},
            "A: 2",
            id="a loop",
        ),
        pytest.param([{"block": [FAIL], "always": ASK}], {}, "ansible.builtin.fail: the shop is down", id="a block"),
        pytest.param(
            [{"name": "A", "ansible.builtin.command": "sleep 60", "timeout": 1}],
            {},
            "A: (Task failed: T|.*t)ime",
            id="hangs",
        ),
        pytest.param([{"import_role": {"name": "shop"}}], {}, "Ask: the role is down", id="a role"),
        pytest.param([{"name": "A", "mine": {}}], {}, "A: my module", id="a module beside the playbook"),
        pytest.param([{"include_tasks": "more.yml"}], {}, "More: nested", id="a file beside it"),
        pytest.param([{"name": "A", **FAIL}], {"ignore_errors": True}, "A: the shop is down", id="errors ignored"),
        pytest.param(
            [{"include_role": {"name": "edgecloud.nic.private_ip_cleanup"}}], {}, "Check the variables: ", id="itself"
        ),
    ],
)
def test_whatever_fails_in_a_health_check_is_named(
    cloud_of_ten: Simulator, tmp_path: pathlib.Path, tasks: Tasks, keywords: dict[str, Any], told: str
) -> None:
    files = {
        "roles/shop/tasks/main.yml": "- name: Ask\n  fail: {msg: the role is down}\n",
        "more.yml": "- name: More\n  fail: {msg: nested}\n",
        "library/mine.py": '#!/usr/bin/python\nprint(\'{"failed": true, "msg": "my module"}\')\n',
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    ended = apply(cloud_of_ten, tmp_path, tasks, keywords=keywords)
    assert re.match(re.escape(failed(1, 1, "")) + told, report(tmp_path)["error"]), ended.stdout
    assert written_to(cloud_of_ten) == nics(1)


@pytest.mark.matrix
@pytest.mark.parametrize(
    "task",
    [
        pytest.param({"ansible.builtin.meta": "end_play"}, id="end_play"),
        pytest.param({"ansible.builtin.meta": "end_role"}, id="end_role"),
        pytest.param(
            {"ping": {}, "vars": {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}},
            id="unreachable",
        ),
        pytest.param({"no_such_module": {}}, id="no such module"),
    ],
)
def test_whatever_else_ends_a_health_check_ends_the_run_and_its_records_tell_so(
    cloud_of_ten: Simulator, tmp_path: pathlib.Path, task: dict[str, Any]
) -> None:
    apply(cloud_of_ten, tmp_path, [task])
    assert written_to(cloud_of_ten) == nics(1)
    content = report(tmp_path)
    assert content["error"] == NOBODY_TOLD
    assert (content["totals"]["unassigned"], content["totals"]["not_attempted"]) == (1, 9)
    last = (tmp_path / "reports" / "journal.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    assert (json.loads(last)["event"], json.loads(last)["complete"]) == ("apply_ended", False)


@pytest.mark.matrix
def test_a_run_ends_where_another_one_has_written_its_records(cloud_of_ten: Simulator, tmp_path: pathlib.Path) -> None:
    journal = tmp_path / "reports" / "journal.jsonl"
    write: Tasks = [{"ansible.builtin.shell": f"echo >> {journal}"}]
    ended = apply(cloud_of_ten, tmp_path, write)
    assert ended.returncode == 2
    assert re.search(rf"9 not attempted\): \S+ on \S+: another run has written {journal} during", ended.stdout)
    assert written_to(cloud_of_ten) == nics(1)
    # Its own records were written before, and are not written anew.
    assert report(tmp_path)["error"] == NOBODY_TOLD


@pytest.mark.matrix
@pytest.mark.parametrize("name", ["SIGKILL", "SIGHUP", "SIGTERM"])
def test_whoever_ends_ansible_playbook_in_a_health_check_ends_the_run(
    cloud_of_ten: Simulator, tmp_path: pathlib.Path, name: str
) -> None:
    waits: Tasks = [{"ansible.builtin.command": "sleep 5"}]
    (tmp_path / "health.yml").write_text(yaml.safe_dump(waits), encoding="utf-8")
    run(cloud_of_ten, tmp_path, plan_file="plan.json")
    approved = report(tmp_path)["plan_digest"]
    applying: dict[str, Any] = {
        "mode": "apply",
        "plan_file": "plan.json",
        "approved": approved,
        "batch_size": [1, 4, 20],
    }
    extra = {"provider": "zec", "report_dir": str(tmp_path / "reports"), "health_check": "health.yml", **applying}
    with started(tmp_path, {f"{PREFIX}{key}": value for key, value in extra.items()}) as playbook:
        wait_until(lambda: b"included: " + bytes(tmp_path) in (tmp_path / "output.txt").read_bytes(), 60)
        time.sleep(1)
        os.kill(playbook.pid, getattr(signal, name))
        playbook.wait(10)
    time.sleep(5)
    assert written_to(cloud_of_ten) == nics(1)
    assert report(tmp_path)["error"] == NOBODY_TOLD
    again = run(cloud_of_ten, tmp_path, **applying)
    assert "Unassigned 10 addresses (1 of them by an earlier run) on 10 network interfaces" in again.stdout


def cleaned(sim: Simulator, directory: pathlib.Path, tasks: Tasks, *clouds: str) -> dict[str, dict[str, Any]]:
    """Clean up a scope of each cloud, all with this health check, and return what the overview says of each."""
    sim.load({cloud: {"generate": {"network_interfaces": 3, "secondary_private_ips": 1}} for cloud in clouds})
    file = directory / "health.yml"
    file.write_text(yaml.safe_dump(tasks), encoding="utf-8")
    given = {"mode": "apply", "all_network_interfaces": True, "batch_size": 1, "health_check": str(file)}
    variables = {f"{PREFIX}{name}": value for name, value in given.items()}
    hosts = {cloud: {**scope(sim, cloud), **variables} for cloud in clouds}
    done = run_playbook(directory, hosts, playbook="edgecloud.nic.cleanup")
    # All at a time.
    assert f"tasks/next_batch.yml for {', '.join(clouds)}\n" in done.stdout
    content = json.loads((directory / "cleanup" / "index.json").read_text(encoding="utf-8"))
    return {entry["scope"]: entry for entry in content["scopes"]}


@pytest.mark.matrix
def test_scopes_have_health_checks_of_their_own(sim: Simulator, tmp_path: pathlib.Path) -> None:
    failing: Tasks = [{"name": "Ask", **FAIL, "when": "inventory_hostname == 'ens'"}]
    scopes = cleaned(sim, tmp_path, failing, "ens", "zec")
    assert (scopes["ens"]["state"], scopes["zec"]["state"]) == ("failed", "done")
    assert scopes["ens"]["totals"]["not_attempted"] == 2
    assert "failed: Ask: the shop is down" in scopes["ens"]["message"]
    assert len(sim.calls(write=True, cloud="ens")) == 1
    assert len(sim.calls(write=True, cloud="zec")) == 3


@pytest.mark.matrix
def test_a_health_check_that_is_one_for_all_hosts_ends_all_their_runs(sim: Simulator, tmp_path: pathlib.Path) -> None:
    scopes = cleaned(sim, tmp_path, [{"name": "Ask", **FAIL, "run_once": True}], "ens", "zec")
    assert [entry["state"] for entry in scopes.values()] == ["failed", "failed"]
    assert sum("failed: Ask: the shop is down" in entry["message"] for entry in scopes.values()) == 1
    assert sum("no task of it failed on this host" in entry["message"] for entry in scopes.values()) == 1
    assert len(sim.calls(write=True)) == 2


@pytest.mark.matrix
def test_no_batch_is_carried_out_elsewhere_than_the_run_began(sim: Simulator, tmp_path: pathlib.Path) -> None:
    with Simulator(estate={"zec": {"generate": {"network_interfaces": 3, "secondary_private_ips": 1}}}) as other:
        moved = "{{ cleanup_connection | combine({'endpoint': '" + other.url + "'}) }}"
        scopes = cleaned(sim, tmp_path, [{"ansible.builtin.set_fact": {"cleanup_connection": moved}}], "zec")
        assert other.calls() == []
    assert "the options that lead to the cloud, or the credentials, are other ones" in scopes["zec"]["message"]
    assert len(sim.calls(write=True)) == 1


@pytest.mark.matrix
def test_age_holds_from_health_check_to_health_check(cloud_of_ten: Simulator, tmp_path: pathlib.Path) -> None:
    age: dict[str, Any] = {"min_age": 0, "candidates_file": "candidates.jsonl", "eip_protects": "address"}
    done = apply(cloud_of_ten, tmp_path, ASK, **age)
    assert done.returncode == 0, done.stdout
    assert written_to(cloud_of_ten) == nics(*range(1, 11))
    # Whatever was taken is settled: the file has no candidate that may be gone.
    again = run(cloud_of_ten, tmp_path, **age)
    assert "The plan is to unassign 0 addresses" in again.stdout
    assert "damaged" not in again.stdout + again.stderr
