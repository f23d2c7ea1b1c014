# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A third cloud is new files and lines in meta/runtime.yml, and then everything works with it: modules, docs, role."""

from __future__ import annotations

import collections
import difflib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.edgecloud.nic.tests import check_collection
from ansible_collections.edgecloud.nic.tests.example_cloud import overlay
from ansible_collections.edgecloud.nic.tests.example_cloud.server import ACCOUNT, TOKEN, ExampleCloud
from ansible_collections.edgecloud.nic.tests.unit.action import playbook

HERE = pathlib.Path(check_collection.__file__).parents[1]
COPIED = (
    *("README.md", "galaxy.yml", "requirements.txt"),
    *("docs", "meta", "playbooks", "plugins", "roles", "tests/config.yml", "tests/unit/docs"),
)
NIC = "if-001"
UNUSED, BOUND, CONTAINED = "10.0.1.11", "10.0.1.12", "10.0.1.13"
IN_USE = [
    {"private_ip_address": BOUND, "kind": "eip", "id": "fip-1"},
    {"private_ip_address": CONTAINED, "kind": "container", "id": "ct-1"},
]
LOOKUPS = {"list_floating_ips": 1, "list_containers": 1}


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Give a copy of the collection to which the cloud was added."""
    copy = tmp_path_factory.mktemp("example") / "ansible_collections" / "edgecloud" / "nic"
    for name in COPIED:
        source, target = HERE / name, copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    overlay.apply(copy)
    return copy


@pytest.fixture
def cloud() -> Iterator[ExampleCloud]:
    with ExampleCloud() as running:
        yield running


def environment(collection: pathlib.Path) -> dict[str, str]:
    path = str(collection.parents[2])
    return {
        "ANSIBLE_COLLECTIONS_PATH": path,
        "PYTHONPATH": os.pathsep.join([path, *filter(None, sys.path)]),
        "EXAMPLE_TOKEN": TOKEN,
    }


def play(
    collection: pathlib.Path, cloud: ExampleCloud, directory: pathlib.Path, tasks: dict[str, Any], here: bool = True
) -> tuple[dict[str, Any], dict[str, collections.Counter[str]]]:
    """Run tasks by name, each of them a module with its options; give the results and the calls by name.

    :param here: in the worker process of ansible-core, or in a process for each task.
    """
    defaults = {"example": {"endpoint": cloud.url, "expected_account": ACCOUNT}}
    given = [
        {"name": name, "check_mode": name.startswith("check"), f"edgecloud.nic.example_{module}": options}
        for name, (module, options) in tasks.items()
    ]
    switches = {"edgecloud_nic_in_process_cleanup": True} if here else {"edgecloud_nic_in_process": False}
    done = playbook.play(directory, given, defaults, switches, **environment(collection))
    assert TOKEN not in done.output
    assert {done.ran_in_a_process_of_its_own(name) for name in tasks} == {not here}
    calls: list[collections.Counter[str]] = []
    for action in cloud.calls:
        # Each task begins with whose the credentials are.
        if action == "whoami":
            calls.append(collections.Counter())
        else:
            calls[-1][action] += 1
    return done.results, dict(zip(tasks, calls, strict=True))


# What a cloud takes.


def test_it_adds_files_and_edits_one_that_is_there() -> None:
    added = list(overlay.files())
    assert [path for path in added if (HERE / path).exists()] == [overlay.EDITED]


def test_the_edit_only_adds_lines(collection: pathlib.Path) -> None:
    before, after = ((place / overlay.EDITED).read_text(encoding="utf-8").splitlines() for place in (HERE, collection))
    changed = [line[0] for line in difflib.ndiff(before, after) if line[0] != " "]
    assert set(changed) == {"+"}


def test_whatever_else_the_collection_has_stays_as_it_is(collection: pathlib.Path) -> None:
    added = set(overlay.files())
    for path in (path.relative_to(collection) for path in collection.rglob("*") if path.is_file()):
        if path not in added and "__pycache__" not in path.parts:
            assert (collection / path).read_bytes() == (HERE / path).read_bytes(), path


def test_the_guide_walks_through_its_files() -> None:
    text = (HERE / "docs/docsite/rst/adding_a_cloud.rst").read_text(encoding="utf-8")
    steps = re.findall(r"^\d+\. ``([^`]+)``", text, flags=re.MULTILINE)
    assert sorted(steps) == sorted(map(str, overlay.files()))
    assert steps[-1] == str(overlay.EDITED)


def test_its_provider_is_small() -> None:
    lines = [
        len((overlay.OVERLAY / path).read_text().splitlines())
        for path in overlay.files()
        if "module_utils" in path.parts
    ]
    assert sum(lines) < 200


def test_it_is_listed_where_every_cloud_is(collection: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(collection)
    assert list(check_collection.layout_problems()) == []
    routed = yaml.safe_load((collection / overlay.EDITED).read_text())["plugin_routing"]["modules"]
    assert {name for name in routed if name.startswith("example_")} == {
        path.stem for path in overlay.files() if "modules" in path.parts
    }


@pytest.mark.parametrize("known", ["known: 1\n", "", "a:\n  - x\n  - y\n\nb:\n  c: 1\n"])
def test_lines_are_added_at_the_end_of_their_blocks(known: str) -> None:
    added = ["# no line of ours", "a:", "  - z", "b:", "  d:", "    e: 2"]
    merged = yaml.safe_load("\n".join(overlay.with_lines(known.splitlines(), added)))
    before = yaml.safe_load(known) or {}
    assert merged == {
        **before,
        "a": [*before.get("a", []), "z"],
        "b": {**before.get("b", {}), "d": {"e": 2}},
    }


# What then works.

ABSENT = {"network_interface_id": NIC, "state": "absent"}
UNUSED_ABSENT = ("private_ip", {**ABSENT, "private_ip_addresses": [UNUSED]})


ONE = {"check": UNUSED_ABSENT, "remove": UNUSED_ABSENT, "again": UNUSED_ABSENT}


def check_one(results: dict[str, Any], calls: dict[str, collections.Counter[str]]) -> None:
    assert calls["check"] == {"list_interfaces": 1, **LOOKUPS}
    assert calls["remove"] == {"list_interfaces": 2, **LOOKUPS, "remove_ips": 1}
    assert calls["again"] == {"list_interfaces": 1}
    assert [results[name]["changed"] for name in ONE] == [True, True, False]
    assert results["check"]["diff"] == results["remove"]["diff"]
    assert results["remove"]["unassigned"] == [UNUSED]
    assert results["remove"]["network_interface"]["secondary_private_ips"] == [BOUND, CONTAINED]
    assert results["again"]["outcomes"][0]["already_absent"] == [UNUSED]


@pytest.mark.matrix
def test_one_network_interface_in_processes(
    collection: pathlib.Path, cloud: ExampleCloud, tmp_path: pathlib.Path
) -> None:
    check_one(*play(collection, cloud, tmp_path, ONE, here=False))
    assert cloud.interfaces[NIC]["extra_ips"] == [BOUND, CONTAINED]


def test_one_network_interface_many_and_what_must_not_be_touched(
    collection: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    everything = {"filters": {"region_id": "north"}, "max_unassign": 178}
    tasks = {
        **ONE,
        "primary": ("private_ip", {**ABSENT, "private_ip_addresses": ["10.0.1.10"]}),
        "in use": ("private_ip", {**ABSENT, "private_ip_addresses": [BOUND, CONTAINED]}),
        "forced": ("private_ip", {**ABSENT, "private_ip_addresses": [BOUND], "force": True}),
        "others": ("private_ip", {**UNUSED_ABSENT[1], "expected_account": "acc-2"}),
        "assign": ("private_ip", {**UNUSED_ABSENT[1], "state": "present"}),
        "info": ("private_ip_info", {"include_in_use": True}),
        "check all": ("private_ip_cleanup", everything),
        "clean": ("private_ip_cleanup", everything),
        "clean again": ("private_ip_cleanup", everything),
    }
    with ExampleCloud(interfaces=60) as cloud:
        results, calls = play(collection, cloud, tmp_path, tasks)
    check_one(results, calls)
    assert "is the primary address" in results["primary"]["msg"]
    assert "elastic IP fip-1" in results["in use"]["msg"]
    assert "container ct-1" in results["in use"]["msg"]
    assert results["forced"]["outcomes"][0]["failed"][0]["code"] == "ip_has_floating_ip"
    assert f"belong to account {ACCOUNT}, not to acc-2" in results["others"]["msg"]
    assert calls["others"] == {}
    assert results["assign"]["assigned"] == [UNUSED]
    shown = {nic["network_interface_id"]: nic["in_use"] for nic in results["info"]["network_interfaces"]}
    assert (len(shown), shown[NIC], shown["if-002"]) == (60, IN_USE, [])
    # 50 to a page.
    assert calls["info"] == calls["check all"] == calls["clean again"] == {"list_interfaces": 2, **LOOKUPS}
    assert results["check all"]["plan"] == results["clean"]["plan"]
    assert results["clean"]["summary"]["unassigned"] == 178
    assert results["clean"]["outcomes"][0]["in_use"] == IN_USE
    assert calls["clean"]["remove_ips"] == 60
    assert results["clean again"]["changed"] is False
    assert {name for name in calls if calls[name]["remove_ips"]} == {"remove", "forced", "clean"}
    assert cloud.interfaces[NIC]["extra_ips"] == [BOUND, CONTAINED]


@pytest.mark.matrix
def test_the_role_plans_applies_what_was_approved_and_puts_it_back(
    collection: pathlib.Path, cloud: ExampleCloud, tmp_path: pathlib.Path
) -> None:
    def run(*arguments: str, **variables: Any) -> dict[str, Any]:
        given = {"provider": "example", "report_dir": "reports", "plan_file": "plan.json", **variables}
        connection = {"endpoint": cloud.url, "expected_account": ACCOUNT}
        prefixed = {f"private_ip_cleanup_{name}": value for name, value in given.items()}
        extra = json.dumps({"cleanup_connection": connection, **prefixed})
        done = subprocess.run(
            [*playbook.PLAYBOOK, "-i", "night,", "-e", extra, *arguments, "edgecloud.nic.cleanup"],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
            cwd=tmp_path,
            env=playbook.settings(tmp_path, **environment(collection)),
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert TOKEN not in done.stdout + done.stderr
        report: dict[str, Any] = json.loads((tmp_path / "reports/night/report.json").read_text(encoding="utf-8"))
        return report

    planned = run(all_network_interfaces=True)
    assert planned["totals"]["in_use"] == 2
    assert "remove_ips" not in cloud.calls
    applied = run(mode="apply", approved=planned["plan_digest"])
    assert applied["totals"]["unassigned"] == 1
    assert cloud.calls.count("remove_ips") == 1
    assert cloud.interfaces[NIC]["extra_ips"] == [BOUND, CONTAINED]
    run(mode="restore", restore_from="report.json")
    assert cloud.calls.count("add_ips") == 1
    assert sorted(cloud.interfaces[NIC]["extra_ips"]) == [UNUSED, BOUND, CONTAINED]


def test_its_documentation_passes_the_tests_that_all_modules_pass(
    collection: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    tests = ("tests/unit/docs/test_documentation.py", "-k", "not readme and not guide")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", *tests],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        cwd=collection,
        env=playbook.settings(tmp_path, **environment(collection)),
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
