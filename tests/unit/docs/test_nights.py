# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A night by timer, cron or controller removes what the example says, never meets another one, and is told of."""

from __future__ import annotations

import concurrent.futures
import configparser
import datetime
import fcntl
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import job, scope
from ansible_collections.edgecloud.nic.tests.unit.docs.printed import GUIDES, HERE, Reader, blocks, environment

EXAMPLES = HERE / "docs" / "examples" / "nights"
ALERT = EXAMPLES / "alert.py"
GUIDE = GUIDES / "nights.rst"
ADDRESSES = {"ens": 4, "zec": 4}


@pytest.fixture
def clouds(sim: Simulator) -> Simulator:
    sim.load({cloud: {"generate": {"network_interfaces": 2, "secondary_private_ips": 2}} for cloud in ADDRESSES})
    return sim


class Machine(Reader):
    """Has the example where its units and cron look for it.

    :param changes: what its owner has written into scopes.yml instead of what is there.
    """

    def __init__(self, sim: Simulator, directory: pathlib.Path, changes: dict[str, str] | None = None) -> None:
        places = {"/etc/nights": str(directory / "etc"), "/var/lib/nights": str(directory / "var")}
        super().__init__(directory, environment(sim), {**places, "/opt/ansible/bin": str(directory / "bin")})
        shutil.copytree(EXAMPLES, directory / "etc")
        (directory / "var").mkdir()
        credentials = "".join(f"{name}={value}\n" for name, value in environment(sim).items())
        (directory / "etc" / "credentials").write_text(credentials, encoding="utf-8")
        self.scopes = directory / "etc" / "scopes.yml"
        for old, new in (changes or {}).items():
            text = self.scopes.read_text(encoding="utf-8")
            assert old in text
            self.scopes.write_text(text.replace(old, new), encoding="utf-8")

    def night(self) -> None:
        self.run("cd /var/lib/nights && exec sh /etc/nights/night.sh")

    def states(self) -> dict[str, str]:
        content = json.loads((self.directory / "var" / "cleanup" / "index.json").read_text(encoding="utf-8"))
        return {entry["scope"]: entry["state"] for entry in content["scopes"]}

    def log(self) -> str:
        return (self.directory / "var" / "night.log").read_text(encoding="utf-8")


def left(sim: Simulator) -> dict[str, int]:
    return {
        cloud: sum(len(nic["secondary_private_ips"]) for nic in sim.estate()[cloud]["network_interfaces"].values())
        for cloud in ADDRESSES
    }


# One night.


def cron_commands() -> list[str]:
    """Give what cron starts, the night first: after five fields of time and the user."""
    lines = (EXAMPLES / "nights.cron").read_text(encoding="utf-8").splitlines()
    return [line.split(None, 6)[6] for line in lines if re.match(r"[\d*]", line)]


def by_cron(machine: Machine) -> None:
    machine.run(cron_commands()[0])


def by_systemd(machine: Machine) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(EXAMPLES / "nights.service")
    service = unit["Service"]
    machine.run(
        f"cd {service['WorkingDirectory']} && umask {service['UMask']} && set -a && . {service['EnvironmentFile']} && "
        f"env {service['Environment']} {service['ExecStart']}"
    )


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(by_systemd, marks=pytest.mark.matrix),
        pytest.param(by_cron, marks=pytest.mark.matrix),
        Machine.night,
    ],
)
def test_the_first_night_removes_nothing_and_says_nothing(
    clouds: Simulator, tmp_path: pathlib.Path, start: Callable[[Machine], None]
) -> None:
    machine = Machine(clouds, tmp_path)
    start(machine)
    assert (machine.returncode, machine.output) == (0, ""), machine.log()
    assert machine.states() == {"games": "done", "shop": "done"}
    assert clouds.calls(write=True) == []
    report = json.loads((tmp_path / "var" / "cleanup" / "shop" / "report.json").read_text(encoding="utf-8"))
    assert {row["reason"] for row in report["addresses"]} == {"young"}
    assert (tmp_path / "var" / "cleanup" / "shop" / "candidates.jsonl").is_file()


@pytest.mark.matrix
def test_what_is_old_enough_goes_a_little_first(clouds: Simulator, tmp_path: pathlib.Path) -> None:
    machine = Machine(clouds, tmp_path, {"min_age: 720": "min_age: 0"})
    machine.night()
    assert (machine.returncode, machine.output) == (0, ""), machine.log()
    assert left(clouds) == {"ens": 0, "zec": 0}
    assert "1 of 2 network interfaces done" in machine.log()
    machine.night()
    assert (machine.returncode, machine.output) == (0, ""), machine.log()


@pytest.mark.matrix
def test_a_night_that_would_remove_too_much_removes_nothing_and_is_shown(
    clouds: Simulator, tmp_path: pathlib.Path
) -> None:
    machine = Machine(clouds, tmp_path, {"min_age: 720": "min_age: 0", "max_unassign: 50": "max_unassign: 3"})
    machine.night()
    assert machine.returncode == 1
    assert clouds.calls(write=True) == []
    assert re.search(r"(?m)^shop: \w+: ", machine.output)
    assert "PLAY RECAP" in machine.output


@pytest.mark.matrix
def test_a_scope_whose_preflight_fails_tonight_is_left_alone_and_the_others_are_not(
    clouds: Simulator, tmp_path: pathlib.Path
) -> None:
    machine = Machine(clouds, tmp_path, {"min_age: 720": "min_age: 0"})
    machine.scopes.write_text(machine.scopes.read_text().replace('account: "2000001"', 'account: "2000009"'))
    preflight = tmp_path / "var" / "cleanup" / "games" / "preflight.json"
    preflight.parent.mkdir(parents=True)
    preflight.write_text("of yesterday")
    machine.night()
    assert machine.returncode == 1
    assert machine.states() == {"games": "refused", "shop": "done"}
    assert machine.output.startswith("games: refused: ")
    assert left(clouds) == {"ens": 0, "zec": 4}


@pytest.mark.parametrize("start", [Machine.night, by_cron, by_systemd])
def test_two_nights_never_overlap(clouds: Simulator, tmp_path: pathlib.Path, start: Callable[[Machine], None]) -> None:
    machine = Machine(clouds, tmp_path)
    with open(tmp_path / "var" / "night.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        start(machine)
    assert machine.returncode == 75
    assert machine.output == "Another night still runs, so this one was left out.\n"
    assert (clouds.calls(), sorted(os.listdir(tmp_path / "var"))) == ([], ["night.lock"])


def test_the_lock_outlives_a_night_that_is_killed(clouds: Simulator, tmp_path: pathlib.Path) -> None:
    machine = Machine(clouds, tmp_path)
    # What it starts goes on without it.
    machine.install("ansible-playbook", "kill -9 $PPID; sleep 2 >/dev/null 2>&1")
    machine.night()
    assert machine.returncode != 0
    machine.night()
    assert machine.returncode == 75


def test_the_units_are_what_systemd_takes_them_for(tmp_path: pathlib.Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is needed")
    for name in ("nights.service", "nights.timer"):
        text = (EXAMPLES / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text)
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "nights.timer"), str(tmp_path / "nights.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    # That one may not be installed where this runs.
    told = [line for line in verified.stderr.splitlines() if str(tmp_path) in line or "nights" in line]
    assert told == []


# The guide.


def test_the_guide_has_the_scopes_of_the_example() -> None:
    printed = blocks(GUIDE, heading="What is cleaned up")[0].text
    assert yaml.safe_load(printed) == yaml.safe_load((EXAMPLES / "scopes.yml").read_text(encoding="utf-8"))


@pytest.mark.matrix
def test_the_commands_of_the_guide_show_what_is_printed_and_remove_nothing(
    clouds: Simulator, tmp_path: pathlib.Path
) -> None:
    reader = Reader(tmp_path, environment(clouds))
    shutil.copy(ALERT, tmp_path)
    reader.follow(blocks(GUIDE))
    assert clouds.calls(write=True) == []
    content = json.loads((tmp_path / "cleanup" / "index.json").read_text(encoding="utf-8"))
    assert (content["run"], content["success"], content["states"]["done"]) == ("monday", True, 2)
    reader.run("ansible-playbook -i scopes.yml slices.yml -e awx_workflow_job_id=12")
    assert json.loads((tmp_path / "cleanup" / "index.json").read_text(encoding="utf-8"))["run"] == "12", reader.output


# The alert.


def overview(**changes: Any) -> dict[str, Any]:
    done = {"scope": "shop", "state": "done", "message": "4 addresses removed"}
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    return {"playbook": "cleanup", "started": now, "scopes": [done], **changes}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (overview(), ""),
        (
            overview(scopes=[{"scope": "games", "state": "no_result", "message": "Killed"}, *overview()["scopes"]]),
            "games: no_result: Killed",
        ),
        (overview(started="2026-03-01T02:00:00+00:00"), "No night has begun since 2026-03-01T02:00:00+00:00"),
        (overview(playbook="preflight"), "Nothing was cleaned up after the latest preflight"),
        (overview(scopes=[]), "The night had no scope"),
        ({}, "tells of no night"),
        ([], "tells of no night"),
        (None, "tells of no night"),
    ],
)
def test_the_alert_tells_what_needs_attention_and_nothing_else(tmp_path: pathlib.Path, content: Any, told: str) -> None:
    index = tmp_path / "index.json"
    if content is not None:
        index.write_text(json.dumps(content), encoding="utf-8")
    done = subprocess.run([sys.executable, ALERT, index], capture_output=True, text=True, check=False)
    assert told in done.stderr
    assert (done.returncode, bool(done.stderr), done.stdout) == (int(bool(told)), bool(told), "")


# Automation controller.


class Controller:
    """Runs jobs as automation controller does: by ansible-runner, with what earlier ones hand on as variables."""

    def __init__(self, directory: pathlib.Path, hosts: dict[str, dict[str, Any]]) -> None:
        pytest.importorskip("ansible_runner")
        self.directory, self.hosts = directory, hosts
        given = yaml.safe_load((EXAMPLES / "workflow.yml").read_text(encoding="utf-8"))
        (workflow,) = given["controller_workflows"]
        self.templates = {template["name"]: template for template in given["controller_templates"]}
        assert not any(one["allow_simultaneous"] for one in (workflow, *self.templates.values()))
        self.nodes = {node["identifier"]: node for node in workflow["workflow_nodes"]}
        self.report_dir = {"private_ip_cleanup_report_dir": str(directory / "cleanup")}
        self.artifacts: dict[str, Any] = {}

    def launch(self, name: str, hosts: dict[str, dict[str, Any]], playbook: str, extra_vars: dict[str, Any]) -> Any:
        """Run a job; returns what ansible-runner does, once it has ended."""
        return job(self.directory / name, hosts, playbook, extra_vars)

    def follow(self, identifier: str | None, approve: Callable[[], bool]) -> list[str]:
        """Go through the workflow from a node on; returns how each job ended."""
        ended = []
        while identifier:
            template = self.nodes[identifier]["unified_job_template"]
            successful = template["type"] != "workflow_approval" or approve()
            if template["type"] == "job_template":
                job_template = self.templates[template["name"]]
                variables = {**job_template["extra_vars"], **self.report_dir, **self.artifacts}
                playbook = str(EXAMPLES / job_template["playbook"])
                job = self.launch(f"{identifier}-job", self.hosts, playbook, variables)
                (stats,) = (e["event_data"] for e in job.events if e["event"] == "playbook_on_stats")
                self.artifacts.update(stats["artifact_data"])
                successful = job.status == "successful"
                ended.append(job.status)
            following = self.nodes[identifier].get("related", {}).get("success_nodes", []) if successful else []
            identifier = following[0]["identifier"] if following else None
        return ended


def scopes(sim: Simulator) -> dict[str, dict[str, Any]]:
    hosts = {"shop": scope(sim, "ens"), "games": scope(sim, "zec")}
    return {name: {**host, "private_ip_cleanup_all_network_interfaces": True} for name, host in hosts.items()}


@pytest.mark.matrix
def test_a_workflow_applies_what_was_approved_in_all_scopes(clouds: Simulator, tmp_path: pathlib.Path) -> None:
    controller = Controller(tmp_path, scopes(clouds))

    def approve() -> bool:
        assert clouds.calls(write=True) == []
        assert left(clouds) == ADDRESSES
        planned = controller.artifacts["private_ip_cleanup_results"]
        assert sorted(result["scope"] for result in planned) == ["games", "shop"]
        return True

    assert controller.follow("plan", approve) == ["successful", "successful"]
    assert left(clouds) == {"ens": 0, "zec": 0}
    # The last job tells of its own deeds, although the first one's results were variables of it.
    assert {result["mode"] for result in controller.artifacts["private_ip_cleanup_results"]} == {"apply"}
    assert controller.artifacts["private_ip_cleanup_result"]["mode"] == "apply"


@pytest.mark.matrix
def test_a_workflow_applies_nothing_that_nobody_approved(clouds: Simulator, tmp_path: pathlib.Path) -> None:
    controller = Controller(tmp_path, scopes(clouds))
    assert controller.follow("plan", lambda: False) == ["successful"]
    assert clouds.calls(write=True) == []


@pytest.mark.matrix
def test_a_plan_that_was_made_during_the_review_is_not_applied(clouds: Simulator, tmp_path: pathlib.Path) -> None:
    controller = Controller(tmp_path, scopes(clouds))

    def plan_anew() -> bool:
        again = {
            **controller.templates["Cleanup: plan"]["extra_vars"],
            **controller.report_dir,
            "private_ip_cleanup_keep": ["192.0.2.1"],
        }
        assert controller.launch("again", controller.hosts, "edgecloud.nic.cleanup", again).status == "successful"
        return True

    assert controller.follow("plan", plan_anew) == ["successful", "failed"]
    assert clouds.calls(write=True) == []


# Slices of a job.


def comparable_report(directory: pathlib.Path, name: str) -> Any:
    """Give a report without what differs from run to run: times, ids and the digest over them."""
    text = (directory / name / "report.json").read_text(encoding="utf-8")
    content = json.loads(text)
    for changing in ("created", "plan_created", "plan_digest"):
        content.pop(changing)
    content["totals"].pop("seconds")
    return re.sub(r'"request_id": "[^"]*"', "", json.dumps(content, sort_keys=True))


def comparable_overview(directory: pathlib.Path) -> Any:
    content = json.loads((directory / "index.json").read_text(encoding="utf-8"))
    for changing in ("run", "started", "updated"):
        content.pop(changing)
    for entry in content["scopes"]:
        entry.pop("updated")
        entry.pop("digest")
        entry["totals"].pop("seconds", None)
    for totals in content["totals"].values():
        totals.pop("seconds", None)
    return content


@pytest.mark.matrix
@pytest.mark.parametrize(("count", "size"), [(3, 2), pytest.param(5, 400, marks=pytest.mark.campaign)])
def test_slices_side_by_side_leave_what_one_run_leaves(
    sim: Simulator, tmp_path: pathlib.Path, count: int, size: int
) -> None:
    # In each cloud so many scopes, each with so many network interfaces.
    estate: dict[str, Any] = {
        cloud: {"generate": {"network_interfaces": count * size, "secondary_private_ips": 2}} for cloud in ADDRESSES
    }
    sim.load(estate)
    found = {cloud: sorted(nics["network_interfaces"]) for cloud, nics in sim.estate().items() if cloud in ADDRESSES}
    hosts = {
        f"{cloud}-{number}": {
            **scope(sim, cloud),
            "private_ip_cleanup_network_interface_ids": found[cloud][size * number : size * number + size],
            "private_ip_cleanup_max_unassign": 2 * size,
        }
        for cloud in ADDRESSES
        for number in range(count)
    }
    controller = Controller(tmp_path, hosts)

    def run(name: str, part: dict[str, Any], report_dir: str) -> str:
        variables = {
            "private_ip_cleanup_mode": "apply",
            "private_ip_cleanup_report_dir": str(tmp_path / report_dir),
            # What the controller tells every job that it starts for one sliced job.
            "awx_workflow_job_id": 12,
            "cleanup_run": "{{ awx_workflow_job_id }}",
        }
        status: str = controller.launch(name, part, "edgecloud.nic.cleanup", variables).status
        return status

    assert run("whole", hosts, "one") == "successful"
    sim.load(estate)
    # Of so many slices, the controller gives each every third host.
    parts = [dict(sorted(hosts.items())[number::3]) for number in range(3)]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        statuses = list(pool.map(run, ["first", "second", "third"], parts, ["sliced"] * 3))
    assert statuses == ["successful"] * 3
    for host in hosts:
        assert comparable_report(tmp_path / "sliced", host) == comparable_report(tmp_path / "one", host)
        csv = [(tmp_path / place / host / "report.csv").read_text(encoding="utf-8") for place in ("one", "sliced")]
        assert len(csv[0].splitlines()) == len(csv[1].splitlines())
    assert comparable_overview(tmp_path / "sliced") == comparable_overview(tmp_path / "one")
    assert comparable_overview(tmp_path / "sliced")["success"] is True
