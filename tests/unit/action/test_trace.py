# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role and the playbooks trace to one file a scope."""

from __future__ import annotations

import collections
import json
import pathlib
import subprocess
from typing import Any

import pytest
import yaml
from ansible_collections.edgecloud.nic.plugins.module_utils._http.trace import read_trace
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import PLAYBOOK, run, scope, settings

PREFLIGHT, CLEANUP = "edgecloud.nic.preflight", "edgecloud.nic.cleanup"


def traced(path: pathlib.Path) -> dict[str, int]:
    """Count the calls in a trace by action."""
    return dict(collections.Counter(line["action"] for line in read_trace(str(path)) if line["event"] == "call"))


def play(sim: Simulator, directory: pathlib.Path, *options: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    """Run the role over all of the cloud in two scopes, or in those of the option C(--limit)."""
    tasks = [{"ansible.builtin.include_role": {"name": "edgecloud.nic.private_ip_cleanup"}}]
    group = {"group/edgecloud.nic.all": {"endpoint": sim.url, **sim.account("zec")}}
    content = {"hosts": "all", "gather_facts": False, "connection": "local", "module_defaults": group, "tasks": tasks}
    (directory / "playbook.yml").write_text(yaml.safe_dump([content]), encoding="utf-8")
    given = {"provider": "zec", "all_network_interfaces": True, "scope": "{{ inventory_hostname }}", **variables}
    extra = {f"private_ip_cleanup_{name}": value for name, value in given.items()}
    return subprocess.run(
        [*PLAYBOOK, "-i", "one,two,", "--extra-vars", json.dumps(extra), *options, str(directory / "playbook.yml")],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        cwd=directory,
        env=settings(directory),
    )


@pytest.fixture
def small_cloud(sim: Simulator) -> Simulator:
    sim.load({"zec": {"generate": {"network_interfaces": 2, "secondary_private_ips": 2}}})
    return sim


def test_each_scope_has_a_trace_of_its_own_beside_its_reports(small_cloud: Simulator, tmp_path: pathlib.Path) -> None:
    done = play(small_cloud, tmp_path, trace="trace.jsonl")
    assert done.returncode == 0, done.stdout
    one, two = (traced(tmp_path / "cleanup" / scope / "trace.jsonl") for scope in ("one", "two"))
    assert one == two
    assert collections.Counter(one) + collections.Counter(two) == small_cloud.counts()
    assert small_cloud.account("zec")["access_key_id"] not in (tmp_path / "cleanup/one/trace.jsonl").read_text()


@pytest.mark.matrix
def test_scopes_that_name_one_file_are_refused(small_cloud: Simulator, tmp_path: pathlib.Path) -> None:
    for options in (("--check",), ()):
        done = play(small_cloud, tmp_path, *options, trace=str(tmp_path / "trace.jsonl"))
        assert done.returncode == 2
        assert "scopes share no file" in done.stdout


@pytest.mark.matrix
def test_apply_and_check_mode_are_traced_call_by_call(small_cloud: Simulator, tmp_path: pathlib.Path) -> None:
    for options in (("--check",), ()):
        done = play(small_cloud, tmp_path, "--limit", "one", *options, trace="trace.jsonl", mode="apply", batch_size=1)
        assert done.returncode == 0, done.stdout
        # Of both runs.
        assert traced(tmp_path / "cleanup/one/trace.jsonl") == small_cloud.counts()
    assert small_cloud.counts(write=True) == {"UnassignNetworkInterfaceIpv4": 2}


@pytest.mark.matrix
@pytest.mark.parametrize(
    "trace", ["plan.json", *(pytest.param(name, marks=pytest.mark.matrix) for name in ("journal.jsonl", "report.html"))]
)
def test_a_trace_that_is_another_file_of_the_run_is_refused(
    trace: str, small_cloud: Simulator, tmp_path: pathlib.Path
) -> None:
    done = play(small_cloud, tmp_path, "--limit", "one", "--check", trace=trace, plan_file="plan.json")
    assert done.returncode == 2
    assert "the trace has to be another file" in done.stdout
    assert small_cloud.calls() == []


def scopes(sim: Simulator, *names: str, **variables: Any) -> dict[str, dict[str, Any]]:
    """Make scopes of an inventory, all with these variables of the role."""
    return {
        name: {**scope(sim, "zec"), **{f"private_ip_cleanup_{n}": v for n, v in variables.items()}} for name in names
    }


def test_a_preflight_is_traced_beside_its_file(small_cloud: Simulator, tmp_path: pathlib.Path) -> None:
    done = run(tmp_path, scopes(small_cloud, "one", trace="trace.jsonl"))
    assert done.returncode == 0, done.stdout
    assert traced(tmp_path / "cleanup/one/trace.jsonl") == small_cloud.counts()


@pytest.mark.matrix
def test_a_preflight_of_scopes_that_name_one_file_is_refused_for_all_but_one(
    small_cloud: Simulator, tmp_path: pathlib.Path
) -> None:
    trace = tmp_path / "further" / "trace.jsonl"
    done = run(tmp_path, scopes(small_cloud, "one", "two", trace=str(trace)))
    assert done.returncode == 2
    refused = [name for name in ("one", "two") if f"give {name} another one" in done.stdout]
    assert len(refused) == 1
    assert "not made: " in done.stdout
    # Neither is a call of the other one in it, nor was any made.
    assert traced(trace) == small_cloud.counts()
    assert small_cloud.counts()["DescribeCustomerBalance"] == 1
    assert not (tmp_path / "cleanup" / refused[0] / "preflight.json").exists()


@pytest.mark.matrix
def test_a_trace_stays_with_the_scope_that_had_it_first(small_cloud: Simulator, tmp_path: pathlib.Path) -> None:
    given = {"trace": str(tmp_path / "trace.jsonl"), "all_network_interfaces": True}
    for name, playbook, returncode in (
        ("one", PREFLIGHT, 0),
        ("two", CLEANUP, 2),
        ("two", PREFLIGHT, 2),
        ("one", CLEANUP, 0),
        ("one", PREFLIGHT, 0),
    ):
        done = run(tmp_path, scopes(small_cloud, name, **given), playbook=playbook)
        assert (done.returncode, "scopes share no file" in done.stdout) == (returncode, returncode == 2), done.stdout


@pytest.mark.matrix
def test_a_preflight_is_not_traced_to_its_own_file(small_cloud: Simulator, tmp_path: pathlib.Path) -> None:
    done = run(tmp_path, scopes(small_cloud, "one", trace="preflight.json"))
    assert done.returncode == 2
    assert "the trace has to be another file" in done.stdout
    assert small_cloud.calls() == []
