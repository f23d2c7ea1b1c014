# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role tells survives what happens while it runs."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import threading
import time
from typing import Any

import pytest
import yaml
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import PLAYBOOK, settings

PREFIX = "private_ip_cleanup_"


def run(
    sim: Simulator,
    directory: pathlib.Path,
    *options: str,
    keywords: dict[str, Any] | None = None,
    **variables: Any,
) -> subprocess.CompletedProcess[str]:
    """Run the role over everything in the simulated cloud.

    :param keywords: of all its tasks.
    """
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/edgecloud.nic.all": {"endpoint": sim.url, **sim.account("zec")}},
        "tasks": [
            {"ansible.builtin.include_role": {"name": "edgecloud.nic.private_ip_cleanup", "apply": keywords or {}}},
            {"ansible.builtin.debug": {"msg": "{{ private_ip_cleanup_result | to_json }}"}},
        ],
    }
    file = directory / "playbook.yml"
    file.write_text(yaml.safe_dump([play]), encoding="utf-8")
    given = {"provider": "zec", "report_dir": str(directory / "reports"), **variables}
    if not given.keys() & {"network_interface_ids", "filters"}:
        given["all_network_interfaces"] = True
    extra = {f"{PREFIX}{name}": value for name, value in given.items()}
    return subprocess.run(
        [*PLAYBOOK, "--extra-vars", json.dumps(extra), *options, str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        cwd=directory,
        env=settings(directory, ANSIBLE_SHOW_CUSTOM_STATS="1"),
    )


def report(directory: pathlib.Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((directory / "reports" / "report.json").read_text(encoding="utf-8"))
    return content


@pytest.fixture
def small_cloud(sim: Simulator) -> Simulator:
    sim.load({"zec": {"generate": {"network_interfaces": 3, "secondary_private_ips": 2}}})
    return sim


@pytest.mark.matrix
def test_a_report_that_cannot_be_written_costs_no_word_and_the_same_again_writes_it(
    small_cloud: Simulator, tmp_path: pathlib.Path
) -> None:
    planned = run(small_cloud, tmp_path, plan_file="plan.json")
    assert planned.returncode == 0, planned.stdout
    digest = report(tmp_path)["plan_digest"]
    page = tmp_path / "reports" / "report.html"

    def put_a_directory_in_its_place() -> None:
        while not small_cloud.calls(write=True):
            time.sleep(0.02)
        page.unlink()
        (page / "x").mkdir(parents=True)

    threading.Thread(target=put_a_directory_in_its_place, daemon=True).start()
    applying: dict[str, Any] = {"mode": "apply", "plan_file": "plan.json", "approved": digest, "batch_size": 1}
    applied = run(small_cloud, tmp_path, **applying)
    assert applied.returncode == 2, applied.stdout
    assert "Unassigned 6 addresses on 3 network interfaces; not all of the record could be written" in applied.stdout
    assert "report.html: Is a directory" in applied.stdout
    assert report(tmp_path)["totals"]["unassigned"] == 6

    (page / "x").rmdir()
    page.rmdir()
    # Whoever takes an address again in between keeps it, and the plan is told with one less from then on.
    removed = report(tmp_path)["addresses"][0]
    address = {name: removed[name] for name in ("network_interface_id", "private_ip_address")}
    small_cloud.change(kind="add_private_ip", **address)
    again = run(small_cloud, tmp_path, **applying)
    assert again.returncode == 0, again.stdout
    assert "Unassigned 5 addresses (5 of them by an earlier run) on 3 network interfaces; 1 kept" in again.stdout
    assert page.is_file()
    assert len(small_cloud.calls(write=True)) == 3
    told = run(small_cloud, tmp_path, **applying)
    assert re.search("This plan was applied to its end at .*: 5 addresses unassigned; nothing is left", told.stdout)


def test_planning_shows_its_diff_and_the_command_that_applies_it(
    small_cloud: Simulator, tmp_path: pathlib.Path
) -> None:
    planned = run(small_cloud, tmp_path, "--diff", plan_file="plan.json", set_stats=True)
    plan = json.loads((tmp_path / "reports" / "plan.json").read_text(encoding="utf-8"))
    assert '-    "10.0.0.3",' in planned.stdout
    assert "changed=0" in planned.stdout
    assert f"-e private_ip_cleanup_mode=apply -e private_ip_cleanup_approved={plan['digest']}" in planned.stdout
    assert "secret" not in planned.stdout
    assert plan["digest"] == report(tmp_path)["plan_digest"]
    stats = planned.stdout.partition("CUSTOM STATS")[2]
    assert plan["digest"] in stats
    assert "private_ip_cleanup_result" in stats


AS_A_PROCESS = ("--extra-vars", "edgecloud_nic_in_process_cleanup=false")
WAYS = pytest.mark.parametrize(
    "way",
    [pytest.param((), id="in the worker"), pytest.param(AS_A_PROCESS, id="as a process", marks=pytest.mark.matrix)],
)


@WAYS
def test_what_failed_is_told_in_lines_and_fails_the_run_once(
    sim: Simulator, tmp_path: pathlib.Path, way: tuple[str, ...]
) -> None:
    estate = {"zec": {"generate": {"network_interfaces": 3, "secondary_private_ips": 8}}}
    sim.load(estate)
    refused = sim.addresses("nic-sim-000002")[1][:7]
    refusals = [
        {"network_interface_id": "nic-sim-000002", "private_ip_address": address, "code": "OPERATION_DENIED_BY_POLICY"}
        for address in refused
    ]
    sim.load({**estate, "settings": {"refuse": refusals}})
    done = run(sim, tmp_path, *way, mode="apply", batch_size=1)
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    begin = lines.index(
        "[localhost] 2 of 3 network interfaces done, 1 addresses removed and 7 failed in this batch of 8, 8 of 24 left"
    )
    assert lines[begin + 1 : begin + 7] == [
        *(
            f"[localhost] {address} on nic-sim-000002: OPERATION_DENIED_BY_POLICY: The request was refused"
            for address in refused[:5]
        ),
        "[localhost] and 2 more",
    ]
    (fatal,) = (line for line in done.stdout.splitlines() if line.startswith("fatal: [localhost]: FAILED!"))
    assert "Unassigned 17 addresses, and did not settle 7 (7 failed)" in fatal
    assert "outcomes" not in fatal
    assert "changed=1" in done.stdout
    assert "failed=1" in done.stdout
    assert report(tmp_path)["totals"]["failed"] == 7
    assert [row["code"] for row in report(tmp_path)["addresses"] if row["outcome"] == "failed"] == [
        "OPERATION_DENIED_BY_POLICY"
    ] * 7


def test_a_batch_of_which_nothing_was_done_looks_failed_and_ends_the_run(
    small_cloud: Simulator, tmp_path: pathlib.Path
) -> None:
    small_cloud.set(refuse=[{"network_interface_id": "nic-sim-000001", "code": "AUTHFAILURE_UNAUTHORIZED_OPERATION"}])
    done = run(small_cloud, tmp_path, mode="apply", batch_size=1)
    assert "0 addresses removed and 2 failed in this batch of 2, 4 of 6 left" in done.stderr
    assert "[localhost] 10.0.0.3 on nic-sim-000001: AUTHFAILURE_UNAUTHORIZED_OPERATION" in done.stderr
    assert "fatal: [localhost]: FAILED!" in done.stdout
    assert done.stderr.count("network interfaces done") == 1


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("way", "seconds"),
    [
        pytest.param((), 15, id="in the worker"),
        pytest.param(AS_A_PROCESS, 30, id="as a process", marks=pytest.mark.matrix),
    ],
)
def test_the_time_limit_of_a_task_ends_the_run_and_not_its_account(
    sim: Simulator, tmp_path: pathlib.Path, way: tuple[str, ...], seconds: int
) -> None:
    estate = {"zec": {"generate": {"network_interfaces": 300, "secondary_private_ips": 1}}}
    sim.load({**estate, "settings": {"latency": 0.2}})
    done = run(
        sim,
        tmp_path,
        *way,
        keywords={"timeout": seconds},
        mode="apply",
        batch_size=100,
        max_unassign=300,
        concurrency=1,
    )
    assert "the time limit of the task has passed" in done.stdout
    assert "failed=1" in done.stdout
    left = {a for nic in sim.estate()["zec"]["network_interfaces"].values() for a in nic["secondary_private_ips"]}
    outcomes = {row["private_ip_address"]: row["outcome"] for row in report(tmp_path)["addresses"]}
    assert len(outcomes) == 300
    assert {address for address, outcome in outcomes.items() if outcome == "not_attempted"} <= left
    assert not {address for address, outcome in outcomes.items() if outcome == "unassigned"} & left
    assert 0 < len(left) < 300


@pytest.mark.matrix
def test_a_new_plan_puts_aside_what_tells_of_the_one_that_was_applied(
    small_cloud: Simulator, tmp_path: pathlib.Path
) -> None:
    reports = tmp_path / "reports"
    assert run(small_cloud, tmp_path, mode="apply", keep=["10.0.0.3"]).returncode == 0
    applied = {path.suffix: path.read_bytes() for path in reports.glob("report.*")}
    digest = report(tmp_path)["plan_digest"]
    planned = run(small_cloud, tmp_path, plan_file="plan.json")
    aside = f"report-{digest.removeprefix('sha256:')[:12]}"
    assert f"The reports of the plan {digest} are {reports}/{aside}.* now" in planned.stdout
    assert {path.suffix: path.read_bytes() for path in reports.glob(f"{aside}.*")} == applied
    assert report(tmp_path)["mode"] == "plan"
    assert report(tmp_path)["plan_digest"] != digest

    # The report of a plan that removed nothing makes no room for itself.
    run(small_cloud, tmp_path, plan_file="plan.json", keep=["10.0.0.3"])
    assert len(list(reports.glob("report*"))) == 6

    restored = run(small_cloud, tmp_path, mode="restore", restore_from=f"{aside}.json")
    assert "Assigned 5 addresses again" in restored.stdout
    assert (report(tmp_path)["mode"], report(tmp_path)["plan_digest"]) == ("restore", digest)


@pytest.mark.matrix
def test_a_restore_ends_its_plan(small_cloud: Simulator, tmp_path: pathlib.Path) -> None:
    run(small_cloud, tmp_path, plan_file="plan.json")
    applying: dict[str, Any] = {"mode": "apply", "plan_file": "plan.json", "approved": report(tmp_path)["plan_digest"]}
    assert "Unassigned 6 addresses" in run(small_cloud, tmp_path, **applying).stdout
    restoring: dict[str, Any] = {"mode": "restore", "restore_from": "report.json"}
    assert "Would assign 6 addresses again" in run(small_cloud, tmp_path, "--check", **restoring).stdout
    assert report(tmp_path)["mode"] == "apply"
    assert "Assigned 6 addresses again" in run(small_cloud, tmp_path, **restoring).stdout
    assert report(tmp_path)["totals"]["restored"] == 6
    small_cloud.clear_calls()
    again = run(small_cloud, tmp_path, **applying)
    assert "is refused: what it removed was restored at" in again.stdout
    assert small_cloud.calls() == []


@pytest.mark.matrix
def test_a_restore_from_a_journal_is_of_one_plan(small_cloud: Simulator, tmp_path: pathlib.Path) -> None:
    digests = []
    for number in (1, 2):
        nic = f"nic-sim-00000{number}"
        run(small_cloud, tmp_path, mode="apply", network_interface_ids=[nic])
        digests.append(report(tmp_path)["plan_digest"])
    restoring: dict[str, Any] = {"mode": "restore", "restore_from": "journal.jsonl"}
    refused = run(small_cloud, tmp_path, **restoring).stdout
    assert "it has removals of several plans" in refused
    assert all(digest in refused for digest in digests)
    assert "Assigned 2 addresses again" in run(small_cloud, tmp_path, **restoring, approved=digests[0]).stdout
    assert [len(small_cloud.addresses(f"nic-sim-00000{number}")[1]) for number in (1, 2)] == [2, 0]


@pytest.mark.matrix
def test_a_plan_over_both_limits_is_not_applied_where_one_is_raised(
    small_cloud: Simulator, tmp_path: pathlib.Path
) -> None:
    planned = run(small_cloud, tmp_path, plan_file="plan.json", max_unassign=1, max_unassign_percent=10)
    assert "it will not be applied: private_ip_cleanup_max_unassign: 6 addresses would be unassigned" in planned.stdout
    assert "Without check mode" not in planned.stdout
    applying: dict[str, Any] = {"mode": "apply", "plan_file": "plan.json", "approved": report(tmp_path)["plan_digest"]}
    refused = run(small_cloud, tmp_path, **applying, max_unassign=1000, max_unassign_percent=10)
    assert "private_ip_cleanup_max_unassign_percent: 6 addresses" in refused.stdout
    assert small_cloud.calls(write=True) == []


@pytest.mark.matrix
def test_a_path_begins_where_ansible_playbook_was_started(small_cloud: Simulator, tmp_path: pathlib.Path) -> None:
    for name in ("plans/plan.json", "plan.json"):
        assert run(small_cloud, tmp_path, plan_file=name, report_dir="some/reports").returncode == 0
    assert (tmp_path / "plans/plan.json").is_file()
    assert (tmp_path / "some/reports/plan.json").is_file()


def test_a_journal_that_is_none_is_refused_in_a_sentence(small_cloud: Simulator, tmp_path: pathlib.Path) -> None:
    refused = run(small_cloud, tmp_path, mode="apply", journal=str(tmp_path))
    assert f"{tmp_path} cannot be written: it is a directory; nothing was changed" in refused.stdout
    assert small_cloud.calls() == []


def test_a_machine_that_has_no_records_is_refused(small_cloud: Simulator, tmp_path: pathlib.Path) -> None:
    refused = run(small_cloud, tmp_path, "--extra-vars", "ansible_connection=ssh", mode="apply")
    assert "private_ip_cleanup needs connection: local" in refused.stdout
    assert small_cloud.calls() == []


def test_a_cloud_that_there_is_not_is_refused_with_those_that_there_are(
    small_cloud: Simulator, tmp_path: pathlib.Path
) -> None:
    assert "must be one of ens, zec; nothing was changed" in run(small_cloud, tmp_path, provider="aws").stdout


@pytest.mark.parametrize("name", ["told", "anything"])
def test_nothing_takes_the_place_of_what_the_role_finds_out(
    small_cloud: Simulator, tmp_path: pathlib.Path, name: str
) -> None:
    value = json.dumps({f"__private_ip_cleanup_{name}": {"batches": []}})
    refused = run(small_cloud, tmp_path, "--extra-vars", value, mode="apply")
    assert refused.returncode == 2
    assert f"__private_ip_cleanup_{name} is the role's own, and cannot be set; nothing was changed" in refused.stdout
    assert small_cloud.calls() == []
