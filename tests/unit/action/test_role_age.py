# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role removes only what every plan of the last so many hours has found unused."""

from __future__ import annotations

import concurrent.futures
import csv
import datetime
import json
import pathlib
import subprocess
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.candidates import (
    LOOK,
    Candidate,
    Clock,
    Record,
)
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.processes import wait_until
from ansible_collections.edgecloud.nic.tests.unit.action.test_role import report, run

AGE: dict[str, Any] = {"min_age": 72, "candidates_file": "candidates.jsonl", "eip_protects": "address"}
PLAN: dict[str, Any] = {**AGE, "plan_file": "plan.json"}
APPLY: dict[str, Any] = {**AGE, "mode": "apply"}
Key = tuple[str, str]


def matrix(value: Any) -> Any:
    return pytest.param(value, marks=pytest.mark.matrix)


@pytest.fixture
def cloud(sim: Simulator) -> Simulator:
    sim.load({"zec": {"generate": {"network_interfaces": 3, "secondary_private_ips": 2}}})
    return sim


def night(sim: Simulator, directory: pathlib.Path, *options: str, **variables: Any) -> str:
    """Run the role, which is to succeed, and return what it says."""
    done = run(sim, directory, *options, **{**PLAN, **variables})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def file(directory: pathlib.Path) -> pathlib.Path:
    return directory / "reports" / "candidates.jsonl"


def record(directory: pathlib.Path) -> Record:
    return Record(file(directory).read_bytes(), file(directory).with_name(".candidates.jsonl.last").read_text().strip())


def write(directory: pathlib.Path, candidates: dict[Key, Candidate], clock: Clock, place: dict[str, Any]) -> None:
    made = Record()
    made.candidates.update(candidates)
    text, _anew = made.add(LOOK, [], clock, "test", place)
    file(directory).parent.mkdir(exist_ok=True)
    file(directory).write_bytes(text)
    file(directory).with_name(".candidates.jsonl.last").write_text(f"{made.last}\n")


def pass_time(directory: pathlib.Path, hours: float) -> None:
    """Let everything that the file tells have been so many hours earlier."""
    back = datetime.timedelta(hours=hours)
    earlier = {}
    for key, candidate in record(directory).candidates.items():
        seen = candidate.seen
        seen = seen._replace(time=seen.time - back, uptime=(seen.uptime or 0.0) - hours * 3600)
        earlier[key] = candidate._replace(first_seen=candidate.first_seen - back, seen=seen)
    write(directory, earlier, seen, json.loads(file(directory).read_bytes().splitlines()[0]))


def let_get_old(sim: Simulator, directory: pathlib.Path, hours: float = 80) -> None:
    """Let plans of the last hours have found everything unused, the last of them a day ago."""
    seen = Clock(datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=24))
    candidate = Candidate(seen.time - datetime.timedelta(hours=hours), hours, seen)
    place = {"provider": "zec", "scope": "localhost", "account": None, "endpoint": sim.host_port}
    write(directory, dict.fromkeys(addresses(sim), candidate), seen, place)


def plan(directory: pathlib.Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((directory / "reports" / "plan.json").read_text(encoding="utf-8"))
    return content


def targets(directory: pathlib.Path) -> set[Key]:
    return {
        (target["network_interface_id"], address)
        for target in plan(directory)["targets"]
        for address in target["private_ip_addresses"]
    }


def addresses(sim: Simulator) -> set[Key]:
    nics = sim.estate()["zec"]["network_interfaces"]
    return {(identifier, address) for identifier, nic in nics.items() for address in nic["secondary_private_ips"]}


def young(directory: pathlib.Path) -> set[Key]:
    return {
        (row["network_interface_id"], row["private_ip_address"])
        for row in report(directory)["addresses"]
        if row["outcome"] == "kept" and row["reason"] == "young"
    }


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("given", "needed"),
    [({"min_age": 72}, "candidates_file"), ({"candidates_file": "candidates.jsonl"}, "min_age")],
)
def test_one_variable_without_the_other_is_refused(
    cloud: Simulator, tmp_path: pathlib.Path, given: dict[str, Any], needed: str
) -> None:
    refused = run(cloud, tmp_path, **given)
    assert f"private_ip_cleanup_{next(iter(given))} needs private_ip_cleanup_{needed}; nothing was" in refused.stdout
    assert cloud.calls() == []


@pytest.mark.matrix
def test_a_file_that_is_something_else_is_refused(cloud: Simulator, tmp_path: pathlib.Path) -> None:
    refused = run(cloud, tmp_path, **{**AGE, "candidates_file": "journal.jsonl"})
    assert "journal.jsonl is another record of this run; nothing was changed" in refused.stdout
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    refused = run(cloud, tmp_path, **{**APPLY, "candidates_file": str(hosts)})
    assert "hosts is refused: it is no record of candidates" in refused.stdout
    assert hosts.read_text() == "127.0.0.1 localhost\n"
    assert cloud.calls(write=True) == []


def test_a_plan_has_what_is_old_and_keeps_what_is_young(cloud: Simulator, tmp_path: pathlib.Path) -> None:
    everything = addresses(cloud)
    used = min(everything)
    assert "6 kept (6 of them too young)" in night(cloud, tmp_path)
    assert (targets(tmp_path), young(tmp_path)) == (set(), everything)
    assert plan(tmp_path)["limits"]["planned"] == 0
    cloud.change(kind="attach_eip", network_interface_id=used[0], private_ip_address=used[1])
    pass_time(tmp_path, 36)
    night(cloud, tmp_path)
    assert young(tmp_path) == everything - {used}
    cloud.change(kind="detach_eip", network_interface_id=used[0], private_ip_address=used[1])
    pass_time(tmp_path, 36)
    night(cloud, tmp_path, "--diff")
    assert (targets(tmp_path), young(tmp_path)) == (everything - {used}, {used})
    limits = plan(tmp_path)["limits"]
    assert (limits["planned"], round(limits["planned_percent"])) == (5, 83)

    ages = {(age["network_interface_id"], age["private_ip_address"]): age for age in plan(tmp_path)["ages"]}
    assert ages.keys() == everything
    assert (ages[used]["unused_hours"], ages[max(everything)]["young_until"]) == (0, None)
    assert 72 <= ages[max(everything)]["unused_hours"] < 72.1
    rows = {(row["network_interface_id"], row["private_ip_address"]): row for row in report(tmp_path)["addresses"]}
    assert {name: rows[used][name] for name in ("first_seen", "unused_hours", "young_until")} == {
        name: ages[used][name] for name in ("first_seen", "unused_hours", "young_until")
    }
    until = datetime.datetime.fromisoformat(rows[used]["young_until"])
    left = until - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(hours=71.9) < left <= datetime.timedelta(hours=72)
    with (tmp_path / "reports" / "report.csv").open(encoding="utf-8", newline="") as text:
        by_address = {(row["network_interface_id"], row["private_ip_address"]): row for row in csv.DictReader(text)}
    assert (by_address[used]["reason"], by_address[used]["young_until"]) == ("young", rows[used]["young_until"])
    assert rows[used]["young_until"] in (tmp_path / "reports" / "report.html").read_text(encoding="utf-8")
    assert cloud.calls(write=True) == []


@pytest.mark.matrix
def test_applying_in_one_go_leaves_out_what_is_young(cloud: Simulator, tmp_path: pathlib.Path) -> None:
    let_get_old(cloud, tmp_path)
    cloud.change(kind="attach_eip", network_interface_id="nic-sim-000003", private_ip_address="10.0.0.9")
    night(cloud, tmp_path)
    cloud.change(kind="detach_eip", network_interface_id="nic-sim-000003", private_ip_address="10.0.0.9")
    done = run(cloud, tmp_path, **APPLY)
    assert "Unassigned 5 addresses on 3 network interfaces; 1 kept (1 of them too young)" in done.stdout, done.stdout
    assert len(cloud.calls(write=True)) == 3
    assert young(tmp_path) == addresses(cloud) == {("nic-sim-000003", "10.0.0.9")}
    assert record(tmp_path).candidates.keys() == young(tmp_path)

    # What comes back is another one, however soon.
    removed = report(tmp_path)["addresses"][0]["private_ip_address"]
    cloud.change(kind="add_private_ip", network_interface_id="nic-sim-000001", private_ip_address=removed)
    run(cloud, tmp_path, **APPLY)
    assert ("nic-sim-000001", removed) in young(tmp_path)
    assert len(cloud.calls(write=True)) == 3


@pytest.mark.matrix
def test_an_approved_plan_is_held_to_what_was_found_since(cloud: Simulator, tmp_path: pathlib.Path) -> None:
    let_get_old(cloud, tmp_path)
    night(cloud, tmp_path)
    assert len(targets(tmp_path)) == 6
    used = min(targets(tmp_path))
    cloud.change(kind="attach_eip", network_interface_id=used[0], private_ip_address=used[1])
    night(cloud, tmp_path, plan_file="later.json")
    cloud.change(kind="detach_eip", network_interface_id=used[0], private_ip_address=used[1])
    applying = {"mode": "apply", "plan_file": "plan.json", "approved": plan(tmp_path)["digest"]}
    refused = run(cloud, tmp_path, **applying)
    assert "it was planned with private_ip_cleanup_min_age, and needs private_ip_cleanup_cand" in refused.stdout
    assert "Unassigned 5 addresses on 3 network interfaces; 1 kept (1 of them too young)" in night(
        cloud, tmp_path, **applying
    )
    assert young(tmp_path) == {used} == addresses(cloud)


@pytest.mark.matrix
def test_an_apply_that_was_refused_in_part_goes_on_and_costs_no_age(cloud: Simulator, tmp_path: pathlib.Path) -> None:
    let_get_old(cloud, tmp_path)
    night(cloud, tmp_path)
    refused = "nic-sim-000002"
    cloud.set(refuse=[{"network_interface_id": refused, "code": "OPERATION_DENIED_BY_POLICY"}])
    applying = {**AGE, "mode": "apply", "plan_file": "plan.json", "approved": plan(tmp_path)["digest"]}
    assert run(cloud, tmp_path, **applying).returncode == 2
    assert {key[0] for key in record(tmp_path).candidates} == {refused}
    cloud.set(refuse=[])
    assert "Unassigned 6 addresses (4 of them by an earlier run)" in night(cloud, tmp_path, **applying)


@pytest.mark.matrix
@pytest.mark.parametrize("mode", ["plan", "apply"])
def test_check_mode_predicts_and_writes_nothing(cloud: Simulator, tmp_path: pathlib.Path, mode: str) -> None:
    given = PLAN if mode == "plan" else APPLY
    assert "6 of them too young" in run(cloud, tmp_path, "--check", **given).stdout
    assert not file(tmp_path).exists()
    let_get_old(cloud, tmp_path)
    before = file(tmp_path).read_bytes()
    words = "The plan is to unassign 6" if mode == "plan" else "Would have unassigned 6"
    assert words in run(cloud, tmp_path, "--check", **given).stdout
    assert file(tmp_path).read_bytes() == before
    assert cloud.calls(write=True) == []


@pytest.mark.matrix
def test_what_a_run_did_not_see_is_neither_aged_nor_forgotten(cloud: Simulator, tmp_path: pathlib.Path) -> None:
    let_get_old(cloud, tmp_path)
    everything = addresses(cloud)
    cloud.add_fault(kind="error", status=500, times=100)
    assert run(cloud, tmp_path, **PLAN, max_retries=0).returncode == 2
    cloud.clear_faults()
    assert record(tmp_path).candidates.keys() == everything

    night(cloud, tmp_path, network_interface_ids=["nic-sim-000001"])
    hours = {key: round(candidate.hours) for key, candidate in record(tmp_path).candidates.items()}
    assert hours == {key: 104 if key[0] == "nic-sim-000001" else 80 for key in everything}

    # Filters do not tell of what they leave out, so that is asked for.
    gone = max(everything)
    cloud.change(kind="remove_private_ip", network_interface_id=gone[0], private_ip_address=gone[1])
    estate = {"filters": {"name": "no such name"}}
    night(cloud, tmp_path, **estate)
    assert record(tmp_path).candidates.keys() == everything - {gone}
    night(cloud, tmp_path, **estate, keep=[min(everything)[1]])
    assert record(tmp_path).candidates.keys() == {key for key in everything - {gone} if key[1] != min(everything)[1]}


@pytest.mark.parametrize(
    "less", [{"in_use_sources": ["eip"]}, matrix({"in_use_check": False}), matrix({"force": True})], ids=str
)
def test_a_plan_that_looks_up_less_makes_nothing_older(
    cloud: Simulator, tmp_path: pathlib.Path, less: dict[str, Any]
) -> None:
    let_get_old(cloud, tmp_path, 60)
    used = min(addresses(cloud))
    cloud.change(kind="attach_eip", network_interface_id=used[0], private_ip_address=used[1])
    assert "no address gets older by it" in night(cloud, tmp_path, **less).replace("\n", " ")
    found = record(tmp_path).candidates
    assert {candidate.hours for candidate in found.values()} == {60}
    assert (used in found) is ("in_use_check" in less)
    assert targets(tmp_path) == set()


@pytest.mark.matrix
def test_another_place_is_refused_before_anything_is_changed(cloud: Simulator, tmp_path: pathlib.Path) -> None:
    let_get_old(cloud, tmp_path)
    before = file(tmp_path).read_bytes()
    with Simulator({"zec": {"generate": {"network_interfaces": 3, "secondary_private_ips": 2}}}) as other:
        refused = run(other, tmp_path, **APPLY)
        assert f"it is about the endpoint {cloud.host_port}, not about" in refused.stdout
        assert refused.returncode == 2
        assert other.calls(write=True) == []
    refused = run(cloud, tmp_path, **APPLY, expected_account=cloud.account_id("zec"))
    assert "it is about the account (not known), not about" in refused.stdout
    assert file(tmp_path).read_bytes() == before
    assert cloud.calls(write=True) == []


@pytest.mark.matrix
@pytest.mark.parametrize("damage", ["cut", "lost", "changed", "end of it is lost"])
def test_a_damaged_file_lets_everything_begin_anew_and_says_so(
    cloud: Simulator, tmp_path: pathlib.Path, damage: str
) -> None:
    let_get_old(cloud, tmp_path)
    content = file(tmp_path).read_bytes()
    if damage == "lost":
        file(tmp_path).unlink()
    elif damage == "cut":
        file(tmp_path).write_bytes(content[: len(content) * 3 // 4])
    elif damage == "changed":
        file(tmp_path).write_bytes(content.replace(b'"hours": 80', b'"hours": 90'))
    else:
        file(tmp_path).with_name(".candidates.jsonl.last").unlink()
    said = " ".join(night(cloud, tmp_path).split())
    assert "so every address begins anew" in said
    assert targets(tmp_path) == set()
    assert young(tmp_path) == addresses(cloud)
    assert any("every address begins anew" in warning for warning in report(tmp_path)["warnings"])
    assert file(tmp_path).with_name("candidates.jsonl.damaged").exists() is (damage != "lost")
    assert "begins anew" not in " ".join(night(cloud, tmp_path).split()).replace("begins anew, as", "")


@pytest.mark.matrix
def test_two_runs_at_a_time_wait_for_each_other(cloud: Simulator, tmp_path: pathlib.Path) -> None:
    # Until the second one has started, on a busy machine, too.
    cloud.set(latency=10)
    directories = [tmp_path / name for name in ("one", "two")]
    for directory in directories:
        directory.mkdir()

    def plan_in(directory: pathlib.Path) -> subprocess.CompletedProcess[str]:
        return run(cloud, directory, **{**AGE, "candidates_file": str(tmp_path / "candidates.jsonl")})

    with concurrent.futures.ThreadPoolExecutor() as pool:
        first = pool.submit(plan_in, directories[0])
        wait_until(cloud.calls, 60)
        second = pool.submit(plan_in, directories[1])
        done = [first.result()]
        cloud.set(latency=0)
        done.append(second.result())
    assert [run.returncode for run in done] == [0, 0]
    assert any("candidates.jsonl: waiting for its end" in run.stdout + run.stderr for run in done)
    content = (tmp_path / "candidates.jsonl").read_bytes()
    found = Record(content, (tmp_path / ".candidates.jsonl.last").read_text().strip())
    assert found.damage is None
    assert found.candidates.keys() == addresses(cloud)
