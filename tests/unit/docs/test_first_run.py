# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who does what the guide to the first run says sees what it shows, and changes what it says and nothing else."""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.simulator.estate import DEMO
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS, READ
from ansible_collections.edgecloud.nic.tests.unit.docs.printed import (
    GUIDES,
    Reader,
    blocks,
    environment,
    is_shown,
    tables,
)

GUIDE = GUIDES / "first_run.rst"
STEPS = ("Set up", "Preflight", "Look", "One address", "A few addresses", "The estate", "When something differs")
#: What each step takes off, call by call.
REMOVED = {
    "One address": [("eni-hangzhou-web-1", ["10.10.1.11"])],
    "A few addresses": [("eni-hangzhou-web-1", ["10.10.1.12"]), ("eni-hangzhou-web-2", ["10.10.1.23"])],
    "The estate": [("eni-beijing-spare", ["10.20.1.21"]), ("eni-hangzhou-web-1", ["10.10.1.13"])],
}
ELASTIC_IP = "What an elastic IP protects, on ZEC"
PRIMARY = "What ENS answers for a primary address"
#: What the guide tells a reader with a key for ZEC to write instead.
FOR_ZEC = {
    ".ens_": ".zec_",
    "nic.ens:": "nic.zec:",
    "hosts: shop": "hosts: games",
    "ansible shop": "ansible games",
    "--limit shop": "--limit games",
    " shop-trace": " games-trace",
    '6 "action": "UnassignPrivateIpAddresses"': '7 "action": "UnassignNetworkInterfaceIpv4"',
    "cleanup/shop": "cleanup/games",
    "eni-hangzhou-web-1": "nic-hongkong-game-1",
    "eni-hangzhou-web-2": "nic-frankfurt-api-2",
    "10.10.1.11": "10.30.1.11",
    "10.10.1.12": "10.30.1.12",
    "10.10.1.23": "10.40.1.21",
}
#: Stands in for Alibaba Cloud's command line: sends what its own library sends for these arguments.
ALIYUN = """\
import sys
from alibabacloud_tea_openapi import models
from alibabacloud_tea_openapi.client import Client
from darabonba.runtime import RuntimeOptions

product, action, *rest = sys.argv[1:]
assert product == "ens"
options = dict(zip((name.removeprefix("--") for name in rest[::2]), rest[1::2], strict=True))
config = models.Config(
    endpoint=options.pop("endpoint"), protocol="http", access_key_id={key!r}, access_key_secret={secret!r}
)
params = models.Params(
    action=action, version="2017-11-10", protocol="HTTPS", pathname="/", method="POST", auth_type="AK", style="RPC",
    req_body_type="formData", body_type="json",
)
print(Client(config).call_api(params, models.OpenApiRequest(query=options), RuntimeOptions())["body"])
"""


def removed(sim: Simulator) -> list[tuple[str, list[str]]]:
    """List what each call took off, in the order of the calls."""
    return [
        (call["network_interface_ids"][0], call["private_ip_addresses"])
        for call in sim.calls(write=True)
        if call["applied"]
    ]


def follow(reader: Reader, *headings: str, may_fail: bool = False) -> None:
    for heading in headings:
        found = blocks(GUIDE, heading=heading)
        assert found, heading
        reader.follow(found, may_fail)


def test_a_line_that_is_not_there_is_missed() -> None:
    output = "one\ntwo words\nthree\nfour\n"
    assert is_shown("one\ntwo …\n", output)
    assert is_shown("one\n  …\nfour\n", output)
    for printed in ("one\nthree\n", "two\n", "four\n…\none\n", "wo words\n"):
        assert not is_shown(printed, output)


def test_nothing_of_the_guide_is_left_out() -> None:
    headings = {block.heading for block in blocks(GUIDE)}
    assert headings == {*STEPS, ELASTIC_IP, PRIMARY}


@pytest.mark.parametrize(
    "headings", [("Set up", "One address"), pytest.param(STEPS, marks=pytest.mark.matrix, id="every step")]
)
def test_a_step_shows_what_is_printed_and_removes_what_it_names(
    sim: Simulator, tmp_path: pathlib.Path, headings: tuple[str, ...]
) -> None:
    reader = Reader(tmp_path, environment(sim))
    for heading in headings:
        sim.clear_calls()
        follow(reader, heading)
        # Calls about several network interfaces are in flight at a time.
        assert sorted(removed(sim)) == REMOVED.get(heading, []), heading
    trace = (tmp_path / "shop-trace.jsonl").read_text(encoding="utf-8")
    assert {READ, CLOUDS["ens"].write} <= {json.loads(line).get("action") for line in trace.splitlines()}
    if headings == STEPS:
        for text in (trace, (tmp_path / "cleanup" / "shop" / "preflight.json").read_text(encoding="utf-8")):
            assert [word for word in ("hangzhou-web", "10.10.1.", *sim.account("ens").values()) if word in text] == []


@pytest.mark.matrix
def test_the_plays_work_on_zec_as_the_guide_says_they_are_to_be_changed(sim: Simulator, tmp_path: pathlib.Path) -> None:
    reader = Reader(tmp_path, environment(sim), FOR_ZEC)
    for heading in STEPS:
        # What is printed of the output is of ENS.
        found = [block for block in blocks(GUIDE, heading=heading) if block.language != "ansible-output"]
        reader.follow(found)
    assert {nic.partition("-")[0] for nic, _addresses in removed(sim)} == {"nic"}
    first = [("nic-frankfurt-api-2", ["10.40.1.21"]), ("nic-hongkong-game-1", ["10.30.1.12"])]
    assert removed(sim)[:3] == [("nic-hongkong-game-1", ["10.30.1.11"]), *first]


# What it takes.


def preflight(sim: Simulator) -> list[dict[str, Any]]:
    """Make every call that a cleanup can make, once, in an estate that has one of everything."""
    sim.load(DEMO.with_name("uses.yml"))
    ens = CLOUDS["ens"](sim)
    report = ens.task(ens.definition("preflight").flow, write_permission=True, concurrency=10)
    checks: list[dict[str, Any]] = report.result["checks"]
    return checks


def test_the_table_names_every_check_in_its_order(sim: Simulator) -> None:
    (rows,) = (rows for head, *rows in tables(GUIDE) if head[0] == "Check")
    assert [row[0].strip("`") for row in rows] == [check["id"] for check in preflight(sim)]


# What no read call can settle.


@pytest.mark.parametrize(
    ("blocks_what", "shown"),
    [
        pytest.param("address", '"unassigned": [\n                "10.40.1.39"\n', marks=pytest.mark.matrix),
        ("network_interface", "the cloud says that something uses 10.40.1.39"),
    ],
)
def test_what_an_elastic_ip_protects_shows_in_one_removal(
    sim: Simulator, tmp_path: pathlib.Path, blocks_what: str, shown: str
) -> None:
    sim.set(eip_blocks=blocks_what)
    sim.change(
        kind="attach_eip",
        network_interface_id="nic-frankfurt-spare",
        private_ip_address="10.40.1.30",
        eip_id="eip-for-the-test",
        public_ip_address="198.51.100.99",
    )
    before = sim.addresses("nic-frankfurt-spare")
    reader = Reader(tmp_path, environment(sim))
    follow(reader, "Set up")
    follow(reader, ELASTIC_IP, may_fail=True)
    assert shown in reader.output
    spared = blocks_what == "network_interface"
    assert (reader.returncode != 0) is spared
    assert sim.addresses("nic-frankfurt-spare") == (before[0], [*before[1], *(["10.40.1.39"] if spared else [])])


@pytest.mark.parametrize(
    "code",
    ["InvalidPrivateIpAddress.NotFound", pytest.param("IncorrectPrivateIpAddressStatus", marks=pytest.mark.matrix)],
)
def test_what_the_cloud_answers_for_a_primary_address_shows_with_its_own_client(
    sim: Simulator, tmp_path: pathlib.Path, code: str
) -> None:
    pytest.importorskip("alibabacloud_tea_openapi.client")
    sim.set(ens_primary_code=code)
    account: dict[str, Any] = sim.account("ens")
    script = tmp_path / "aliyun.py"
    script.write_text(ALIYUN.format(key=account["access_key_id"], secret=account["access_key_secret"]))
    reader = Reader(tmp_path, {}, {"ens.aliyuncs.com": sim.host_port})
    reader.install("aliyun", f'exec "{sys.executable}" -W ignore "{script}" "$@"')
    unassign, describe = blocks(GUIDE, "console", PRIMARY)
    reader.follow([unassign], may_fail=True)
    assert code in reader.output
    reader.follow([describe])
    assert "'PrivateIpAddress': '10.20.1.20'" in reader.output
    assert [call["action"] for call in sim.calls()] == ["UnassignPrivateIpAddresses", "DescribeNetworkInterfaces"]
    assert removed(sim) == []
