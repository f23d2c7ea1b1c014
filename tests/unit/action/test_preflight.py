# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The preflight in real playbooks: the same wherever its module runs, and over an inventory of scopes."""

from __future__ import annotations

import json
import pathlib

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import comparable, defaults, play, run, scope

ACCOUNT = {"ens": "1000000000000001", "zec": "2000001"}


def lines(shown: str) -> list[str]:
    """Give the lines of the table, without what the callback puts around them."""
    block = shown.partition("TASK [Show what came of it]")[2].partition('"msg": [')[2].partition("    ]")[0]
    return json.loads(f"[{block}]") if block else []


@pytest.mark.matrix
@pytest.mark.parametrize("cloud", ["ens", "zec"])
def test_the_result_is_the_same_wherever_the_module_runs(sim: Simulator, tmp_path: pathlib.Path, cloud: str) -> None:
    module = f"edgecloud.nic.{cloud}_preflight"
    tasks = {
        "passes": {"expected_account": ACCOUNT[cloud], "write_permission": True},
        "fails": {"expected_account": "4711"},
    }
    results = []
    for here in (True, False):
        sim.reset()
        done = play(
            tmp_path / str(here),
            [{"name": name, module: options} for name, options in tasks.items()],
            defaults(sim),
            {"edgecloud_nic_in_process": here},
        )
        assert done.ran_in_a_process_of_its_own("passes") is not here
        results.append(done.results)
        assert (done.results["passes"]["failed"], done.results["fails"]["failed"]) == (False, True)
        assert [check["result"] for check in done.results["fails"]["checks"]].count("failed") == 1
        for entry in ("passes", "fails"):
            for check in done.results[entry]["checks"]:
                if check["id"] == "clock":
                    check["seen"] = ""
    here, there = (json.loads(comparable(json.dumps(entry))) for entry in results)
    assert here == there


def test_a_playbook_shows_a_line_a_scope_and_keeps_a_file_of_each(sim: Simulator, tmp_path: pathlib.Path) -> None:
    done = run(tmp_path, {"shop": scope(sim, "ens"), "games": scope(sim, "zec", expected_account=ACCOUNT["zec"])})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert lines(done.stdout) == [
        "SCOPE  CLOUD     ACCOUNT               CHECKS",
        "shop   ens       1000000000000001      2 skipped, 13 passed",
        "games  zec       2000001               1 skipped, 13 passed",
    ]
    for host, cloud in {"shop": "ens", "games": "zec"}.items():
        content = json.loads((tmp_path / "cleanup" / host / "preflight.json").read_text(encoding="utf-8"))
        assert (content["scope"], content["provider"], content["passed"]) == (host, cloud, True)
        assert (content["account"], content["endpoint"]) == (ACCOUNT[cloud], sim.host_port)
        assert content["checks"]
        assert content["facts"]["network_interfaces"] > 1
        assert sim.account(cloud)["access_key_secret"] not in json.dumps(content)
    assert sim.calls(write=True) == []
    assert "changed=0" in done.stdout


def test_what_is_wrong_is_told_below_its_scope_and_fails_the_run_once_all_are_told(
    sim: Simulator, tmp_path: pathlib.Path
) -> None:
    hosts = {
        "shop": scope(sim, "ens"),
        "games/hk": scope(sim, "zec", access_key_secret="another"),
        "nobody": {"private_ip_cleanup_provider": "zec"},
        "nowhere": {},
    }
    done = run(tmp_path, hosts)
    assert done.returncode == 2
    table = lines(done.stdout)
    assert [line.split()[0] for line in table if not line.startswith(" ")] == ["SCOPE", *hosts]
    assert "1 failed, 11 skipped, 2 passed" in table[2]
    assert table[3].startswith("    failed: identity: ")
    assert table[4].strip() == "Check access_key_secret; a proxy that changes requests spoils signatures, too."
    assert "not made: access_key_id: no credentials found" in table[5]
    assert "not made: " in table[6]
    written = sorted(
        str(path.relative_to(tmp_path / "cleanup")) for path in (tmp_path / "cleanup").rglob("preflight.json")
    )
    assert written == ["games%2Fhk/preflight.json", "shop/preflight.json"]
    failed = json.loads((tmp_path / "cleanup" / "games%2Fhk" / "preflight.json").read_text(encoding="utf-8"))
    assert failed["passed"] is False


@pytest.mark.matrix
def test_variables_of_the_role_and_the_one_check_more_reach_the_module(sim: Simulator, tmp_path: pathlib.Path) -> None:
    variables = {
        "private_ip_cleanup_expected_account": ACCOUNT["ens"],
        "private_ip_cleanup_in_use_sources": ["eip"],
        "private_ip_cleanup_report_dir": str(tmp_path / "elsewhere"),
        "preflight_write_permission": True,
    }
    done = run(tmp_path, {"shop": {**scope(sim, "ens"), **variables}})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert [call["action"] for call in sim.calls(write=True)] == ["UnassignPrivateIpAddresses"]
    assert "DescribeHaVips" not in sim.counts()
    content = json.loads((tmp_path / "elsewhere" / "shop" / "preflight.json").read_text(encoding="utf-8"))
    results = {check["id"]: check["result"] for check in content["checks"]}
    assert content["in_use_sources"] == ["eip"]
    assert (results["account"], results["write_permission"], results["kubernetes"]) == ("passed", "passed", "skipped")


def test_check_mode_writes_nothing_anywhere(sim: Simulator, tmp_path: pathlib.Path) -> None:
    done = run(tmp_path, {"shop": scope(sim, "ens")}, "--check", "-e", "preflight_write_permission=true")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert sim.calls(write=True) == []
    assert not (tmp_path / "cleanup").exists()


@pytest.mark.matrix
def test_a_plan_can_need_a_preflight_of_its_own_account_and_endpoint(sim: Simulator, tmp_path: pathlib.Path) -> None:
    hosts = {
        "shop": {
            **scope(sim, "zec"),
            "private_ip_cleanup_all_network_interfaces": True,
            "private_ip_cleanup_plan_file": "plan.json",
            "private_ip_cleanup_require_preflight": True,
        }
    }
    plan = tmp_path / "cleanup" / "shop" / "plan.json"

    def cleanup() -> str:
        done = run(tmp_path, hosts, playbook="edgecloud.nic.cleanup")
        assert plan.exists() is (done.returncode == 0), done.stdout[-3000:]
        return done.stdout + done.stderr

    assert "run the playbook edgecloud.nic.preflight" in cleanup()
    assert sim.calls() == []
    assert run(tmp_path, hosts).returncode == 0
    record = plan.with_name("preflight.json")
    passed = record.read_text(encoding="utf-8")
    record.write_text(passed.replace(sim.host_port, "elsewhere.example.com"), encoding="utf-8")
    assert "the preflight was at elsewhere.example.com" in cleanup()
    record.write_text(json.dumps({**json.loads(passed), "in_use_sources": ["eip", "dns"]}), encoding="utf-8")
    assert "it did not ask load_balancer, dnat, snat, ha_vip for uses of addresses" in cleanup()
    record.write_text(passed, encoding="utf-8")
    assert "Once it is approved, apply exactly this plan" in cleanup()
    assert json.loads(plan.read_text(encoding="utf-8"))["account"] == ACCOUNT["zec"]
