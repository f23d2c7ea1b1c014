# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever answers, options and files hold, nothing protected is written and nothing is told that is not so.

This is a small part of what ``make campaign`` tries.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator

import pytest
from ansible_collections.edgecloud.nic.tests.campaign import old_engine
from ansible_collections.edgecloud.nic.tests.campaign.fuzz import answers, fuzzers, judge, variables
from ansible_collections.edgecloud.nic.tests.campaign.fuzz.double import Double
from ansible_collections.edgecloud.nic.tests.campaign.fuzz.fuzzers import FUZZERS, fuzz
from ansible_collections.edgecloud.nic.tests.campaign.worker import Worker

COUNTS = {"answers": 25, "wire": 15, "options": 25, "files": 60, "variables": 6}


@pytest.fixture(scope="module")
def double() -> Iterator[Double]:
    with Double(judge.ESTATE) as running:
        yield running


@pytest.mark.parametrize("fuzzer", FUZZERS)
def test_nothing_is_wrong_with_what_comes_of_damage(fuzzer: str, double: Double) -> None:
    found = [fuzz(double, fuzzer, seed) for seed in range(COUNTS[fuzzer])]
    assert [complaint for complaint in found if complaint] == []


@pytest.mark.parametrize("cloud", judge.NIC)
@pytest.mark.parametrize("way", ["object in object", pytest.param("list of lists", marks=pytest.mark.campaign)])
def test_no_entry_of_a_look_up_that_tells_nothing_is_passed_over(cloud: str, way: str, double: Double) -> None:
    case = judge.Case(cloud, "private_ip_cleanup")
    damages = [
        damage
        for damage in fuzzers._damages(double, case)
        if damage.way == way and (isinstance(damage.path[-1], int) or damage.path[-1] == "type")
    ]
    assert len(damages) > 10
    for damage in damages:
        assert fuzzers._complaints(double, case, answers.spoil(damage), may_be_meant=False) == [], str(damage)


@pytest.mark.parametrize("field", [("Status",), ("PrivateIpSets", "PrivateIpSet", 1, "PrivateIpStatus")], ids=str)
def test_half_a_character_in_a_status_costs_no_preflight_its_result(field: answers.Path, double: Double) -> None:
    case = judge.Case("ens", "preflight")
    path = ("NetworkInterfaceSets", "NetworkInterfaceSet", 0, *field)
    half = answers.spoil(answers.Damage(("DescribeNetworkInterfaces", 0), path, "surrogate"))
    assert fuzzers._complaints(double, case, half, may_be_meant=False) == []


@pytest.mark.parametrize("cloud", judge.NIC)
def test_without_damage_exactly_what_nobody_uses_is_removed(cloud: str, double: Double) -> None:
    case = judge.Case(cloud, "private_ip_cleanup")
    told = judge.play(double, case, {})
    assert list(judge.complaints(double, case, told, may_be_meant=False)) == []
    assert {address for entry in told.report.result["outcomes"] for address in entry["unassigned"]} == judge.FREE


@pytest.mark.parametrize("old", old_engine.FUZZED, ids=lambda old: old.__name__)
def test_what_once_went_wrong_is_found(old: old_engine.Patch, double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    fuzzer, seed, words = old_engine.FUZZED[old]
    assert seed < 300
    assert fuzz(double, fuzzer, seed) is None
    old(monkeypatch)
    assert words in (fuzz(double, fuzzer, seed) or "")


def test_the_judge_finds_what_is_wrong(double: Double) -> None:
    case = judge.Case("zec", "private_ip_cleanup")
    told = judge.play(double, case, {}, keep=["10.1.0.13"], in_use_check=False)
    found = "\n".join(judge.complaints(double, case, told, may_be_meant=False))
    assert f"the kept or primary address {judge.KEPT} of nic-1 was written" in found
    assert "10.1.0.15 of nic-1 was written, and something uses it" in found
    told.report.result["outcomes"][0]["unassigned"] = ["10.1.0.14"]
    told.report.result["changed"] = False
    told.report.message = "edgecloud.nic has a bug"
    found = "\n".join(judge.complaints(double, case, told, may_be_meant=False))
    for words in ("10.1.0.12') has no outcome", "10.1.0.14') is told as unassigned, and", "changed is False", "a bug"):
        assert words in found


def test_the_judge_of_variables_finds_what_is_wrong(double: Double, tmp_path: pathlib.Path) -> None:
    odd = variables.Odd("zec", "apply", "pause", None, "zero")
    with Worker(tmp_path) as worker:
        told, writes = variables.play(double, worker, odd)
    assert list(variables.complaints(odd, told, writes, tmp_path)) == []

    def found(doing: str = "apply", variable: str = "pause") -> str:
        other = odd._replace(doing=doing, variable=variable)
        return "\n".join(variables.complaints(other, told, writes, tmp_path))

    assert "a plan wrote {(" in found("plan")
    assert "written: {(" in found(variable="filters") and "written: {(" in found(variable="mode")
    told.result.update(changed=False, msg="a\0, and edgecloud.nic has a bug")
    told.result["result"]["totals"]["unassigned"] = 3
    writes[0].private_ip_addresses = ["10.1.0.10", judge.KEPT]
    for words in ("a bug", "cannot be printed", "the primary address 10.1.0.10", f"{judge.KEPT} of nic-1 was written"):
        assert words in found()
    for words in ("changed is False", "2 were removed, and 3 are told", "and the report has"):
        assert words in found()
    assert found() and "Traceback" in "".join(
        variables.complaints(odd, told._replace(traceback="Traceback"), writes, tmp_path)
    )


def test_damage_is_what_it_is_called() -> None:
    body = {"a": [{"b": 1}], "c": "x"}
    assert answers.damaged(body, [(("a", 0, "b"), "nan"), (("c",), answers.GONE)]) == '{"a": [{"b": NaN}]}'
    assert answers.damaged(body, [(("c",), answers.TWICE)]) == '{"a": [{"b": 1}], "c": "x", "c": null}'
    assert answers.damaged(body, [(("no", 7), "null")]) == json.dumps(body)
