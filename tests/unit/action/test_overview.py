# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The overview of a run of the playbooks names every scope, and says of none what is not of this run."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import socket
import subprocess
import time
from typing import Any

import pytest
import yaml
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import PLAYBOOK, run, scope, settings

CLEANUP = "edgecloud.nic.cleanup"


def cleaned(sim: Simulator, cloud: str, **variables: Any) -> dict[str, Any]:
    """Give a scope all of which is cleaned up."""
    given = {"all_network_interfaces": True, "plan_file": "plan.json", **variables}
    return {**scope(sim, cloud), **{f"private_ip_cleanup_{name}": value for name, value in given.items()}}


def overview(directory: pathlib.Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((directory / "index.json").read_text(encoding="utf-8"))
    page = (directory / "index.html").read_text(encoding="utf-8")
    for entry in content["scopes"]:
        assert f"<h3>{entry['scope']}</h3>" in page
    return content


def states(content: dict[str, Any]) -> dict[str, str]:
    return {entry["scope"]: entry["state"] for entry in content["scopes"]}


def messages(content: dict[str, Any]) -> dict[str, str]:
    return {entry["scope"]: entry["message"] for entry in content["scopes"]}


@pytest.fixture
def small_clouds(sim: Simulator) -> Simulator:
    sim.load({cloud: {"generate": {"network_interfaces": 3, "secondary_private_ips": 2}} for cloud in ("ens", "zec")})
    return sim


@pytest.mark.matrix
def test_a_night_ends_with_the_totals_of_all_scopes(small_clouds: Simulator, tmp_path: pathlib.Path) -> None:
    hosts = {"shop": cleaned(small_clouds, "ens"), "games/hk": cleaned(small_clouds, "zec")}
    done = run(tmp_path, hosts, playbook=CLEANUP)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert str(tmp_path / "cleanup" / "index.html") in done.stdout.partition("TASK [Say where the overview is]")[2]
    content = overview(tmp_path / "cleanup")
    assert (content["playbook"], content["success"]) == ("cleanup", True)
    assert states(content) == {"games/hk": "done", "shop": "done"}
    assert {mode: totals["unassigned"] for mode, totals in content["totals"].items()} == {"plan": 12}
    for entry in content["scopes"]:
        report = tmp_path / "cleanup" / entry["report"]
        assert report.is_file()
        beside = json.loads(report.with_suffix(".json").read_text(encoding="utf-8"))
        assert entry["digest"] == beside["plan_digest"]
        assert entry["totals"].items() <= beside["totals"].items()
    assert 'href="./games%252Fhk/report.html"' in (tmp_path / "cleanup" / "index.html").read_text(encoding="utf-8")

    digests = ",".join(entry["digest"] for entry in content["scopes"])
    approved = ("-e", "private_ip_cleanup_mode=apply", "-e", f"private_ip_cleanup_approved={digests}")
    assert run(tmp_path, hosts, *approved, playbook=CLEANUP).returncode == 0
    assert overview(tmp_path / "cleanup")["totals"]["apply"]["unassigned"] == 12
    # What an earlier run has done is none of this one's doing.
    assert run(tmp_path, hosts, *approved, playbook=CLEANUP).returncode == 0
    again = overview(tmp_path / "cleanup")
    assert (states(again), again["totals"]) == (states(content), {})
    assert all("was applied to its end" in message for message in messages(again).values())


def test_what_failed_stands_first_whatever_kept_it_from_its_report(
    small_clouds: Simulator, tmp_path: pathlib.Path
) -> None:
    hosts: dict[str, dict[str, Any]] = {
        "a": cleaned(small_clouds, "zec"),
        "b": cleaned(small_clouds, "zec"),
        "c": cleaned(small_clouds, "zec", max_unassin=3),
        "d": cleaned(small_clouds, "zec", provider="nowhere"),
        "e": cleaned(small_clouds, "zec", mode="aply"),
        "f": cleaned(small_clouds, "zec", max_unassign=3),
        "g": {**cleaned(small_clouds, "zec"), "ansible_connection": "ssh"},
        "h": {name: value for name, value in cleaned(small_clouds, "zec").items() if "provider" not in name},
    }
    hosts["b"]["cleanup_connection"]["access_key_secret"] = "another"
    done = run(tmp_path, hosts, playbook=CLEANUP)
    assert done.returncode == 2
    content = overview(tmp_path / "cleanup")
    assert content["success"] is False
    # Wrong words are found by ansible-core before the role begins, so nothing can tell more of them.
    assert list(states(content).items()) == [
        ("b", "failed"),
        *((host, "failed") for host in "eh"),
        *((host, "refused") for host in "cdg"),
        ("f", "over_limits"),
        ("a", "done"),
    ]
    told = messages(content)
    assert "there is no variable private_ip_cleanup_max_unassin" in told["c"]
    assert "needs connection: local" in told["g"]
    assert "it will not be applied" in told["f"]
    assert content["totals"]["plan"]["unassigned"] == 12


@pytest.mark.matrix
def test_nothing_of_an_earlier_night_is_shown_as_of_this_one(small_clouds: Simulator, tmp_path: pathlib.Path) -> None:
    hosts = {"shop": cleaned(small_clouds, "ens"), "games": cleaned(small_clouds, "zec")}
    assert run(tmp_path, hosts, playbook=CLEANUP).returncode == 0
    hosts["shop"]["cleanup_connection"]["access_key_secret"] = "another"
    # Even where all scopes fail, of which ansible-core does not run another play.
    assert run(tmp_path, hosts, "--limit", "shop", playbook=CLEANUP).returncode == 2
    content = overview(tmp_path / "cleanup")
    assert list(states(content).items()) == [("shop", "failed"), ("games", "not_in_run")]
    assert all(entry["report"] is None and not entry["totals"].get("unassigned") for entry in content["scopes"])
    assert (tmp_path / "cleanup" / "shop" / "report.html").is_file()
    assert "report.html" not in (tmp_path / "cleanup" / "index.html").read_text(encoding="utf-8")
    # The same where nothing is carried out at all.
    assert run(tmp_path, hosts, "--tags", "nothing", playbook=CLEANUP).returncode == 0
    assert states(overview(tmp_path / "cleanup")) == {"shop": "no_result", "games": "no_result"}


@pytest.mark.matrix
def test_any_errors_fatal_leaves_no_scope_out(small_clouds: Simulator, tmp_path: pathlib.Path) -> None:
    hosts = {"a": cleaned(small_clouds, "zec", max_unassin=3), "b": cleaned(small_clouds, "zec")}
    done = run(tmp_path, hosts, playbook=CLEANUP, ANSIBLE_ANY_ERRORS_FATAL="1")
    assert done.returncode == 2
    found = states(overview(tmp_path / "cleanup"))
    assert found["a"] == "refused"
    assert found["b"] in ("done", "failed", "no_result")
    assert (found["b"] == "done") is (tmp_path / "cleanup" / "b" / "report.html").is_file()


def test_a_run_that_is_killed_leaves_what_it_knew(small_clouds: Simulator, tmp_path: pathlib.Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hosts = {"quick": cleaned(small_clouds, "zec"), "slow": cleaned(small_clouds, "zec")}
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        hosts["slow"]["cleanup_connection"] |= {"endpoint": endpoint, "timeout": 60}
        inventory = tmp_path / "scopes.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
        playbook = subprocess.Popen(
            [*PLAYBOOK, "-i", str(inventory), CLEANUP],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=tmp_path,
            env=settings(tmp_path),
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + 60
            while not (tmp_path / "cleanup" / "quick" / "report.html").exists() or states(
                overview(tmp_path / "cleanup")
            ) == {"slow": "no_result", "quick": "no_result"}:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        finally:
            os.killpg(playbook.pid, signal.SIGKILL)
            playbook.wait()
    content = overview(tmp_path / "cleanup")
    assert list(states(content).items()) == [("slow", "no_result"), ("quick", "done")]
    assert content["success"] is False


@pytest.mark.matrix
def test_check_mode_writes_no_overview(small_clouds: Simulator, tmp_path: pathlib.Path) -> None:
    done = run(tmp_path, {"shop": cleaned(small_clouds, "ens")}, "--check", playbook=CLEANUP)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert not (tmp_path / "cleanup").exists()


@pytest.mark.matrix
def test_an_overview_that_cannot_be_written_costs_no_cleanup(small_clouds: Simulator, tmp_path: pathlib.Path) -> None:
    (tmp_path / "cleanup" / "index.html").mkdir(parents=True)
    done = run(tmp_path, {"shop": cleaned(small_clouds, "ens")}, playbook=CLEANUP)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "The overview could not be written" in " ".join((done.stdout + done.stderr).split())
    assert (tmp_path / "cleanup" / "shop" / "report.html").is_file()


@pytest.mark.matrix
def test_each_directory_has_the_overview_of_its_scopes(small_clouds: Simulator, tmp_path: pathlib.Path) -> None:
    hosts = {
        "shop": cleaned(small_clouds, "ens", report_dir=str(tmp_path / "one")),
        "games": cleaned(small_clouds, "zec", report_dir="{{ 'two' }}"),
    }
    assert run(tmp_path, hosts, playbook=CLEANUP).returncode == 0
    assert states(overview(tmp_path / "one")) == {"shop": "done"}
    assert states(overview(tmp_path / "two")) == {"games": "done"}


def test_a_preflight_has_an_overview_too(sim: Simulator, tmp_path: pathlib.Path) -> None:
    hosts = {
        "good": scope(sim, "ens"),
        "bad": scope(sim, "zec", access_key_secret="another"),
        "far": {**scope(sim, "zec"), "ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1},
        "nowhere": {},
    }
    done = run(tmp_path, hosts)
    assert done.returncode == 4
    content = overview(tmp_path / "cleanup")
    assert content["playbook"] == "preflight"
    assert list(states(content).items()) == [
        ("bad", "failed"),
        ("nowhere", "failed"),
        ("far", "unreachable"),
        ("good", "done"),
    ]
    assert messages(content)["bad"].startswith("identity: ")
    assert content["totals"]["preflight"]["failed"] == 1
    assert content["scopes"][0]["report"] == "bad/preflight.json"
