# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials are found where the guide to authentication says, and its policies are what tasks need and no more."""

from __future__ import annotations

import json
import pathlib
import re
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.simulator.estate import DEMO
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS, READ
from ansible_collections.edgecloud.nic.tests.unit.docs.printed import GUIDES, Reader, blocks, environment

GUIDE = GUIDES / "authentication.rst"
PROFILES = "Profiles"
VAULT = "Secrets in Ansible Vault"
ACCOUNT = "The right account"
ENS, ZEC = "Permissions on Alibaba Cloud ENS", "Permissions on Zenlayer ZEC"
PROXY = "Proxies and certificates"
ENDPOINTS = ("ENS_ENDPOINT", "ZENLAYER_ENDPOINT")


def test_nothing_of_the_guide_is_left_out() -> None:
    assert list(dict.fromkeys(block.heading for block in blocks(GUIDE))) == [PROFILES, VAULT, ACCOUNT, ENS, PROXY]


def endpoints(sim: Simulator) -> dict[str, str]:
    return dict.fromkeys(ENDPOINTS, sim.url)


def with_profiles(reader: Reader) -> None:
    """Write the files that the guide shows."""
    for block in blocks(GUIDE, "console", PROFILES):
        name = re.fullmatch(r"cat ~/(\S+)", block.commands[0])
        if name:
            path = reader.directory / name[1]
            path.parent.mkdir()
            path.write_text(block.shown, encoding="utf-8")


def with_credentials(reader: Reader) -> None:
    """Write the file of credentials that the guide encrypts, and the password of the vault."""
    (reader.directory / "vault-password").write_text("example\n", encoding="utf-8")
    reader.follow(blocks(GUIDE, "yaml", VAULT))


@pytest.mark.matrix
def test_a_profile_is_the_one_that_counts_or_is_named(sim: Simulator, tmp_path: pathlib.Path) -> None:
    reader = Reader(tmp_path, endpoints(sim))
    with_profiles(reader)
    reader.follow(blocks(GUIDE, heading=PROFILES))
    # By their places in the estate: a reader and a temporary key, an operator and a token.
    assert list(dict.fromkeys((call["cloud"], call["account"]) for call in sim.calls())) == [
        ("ens", 1),
        ("ens", 2),
        ("zec", 0),
        ("zec", 2),
    ]


@pytest.mark.matrix
def test_secrets_are_encrypted_and_set_once_for_all_tasks_of_a_cloud(sim: Simulator, tmp_path: pathlib.Path) -> None:
    reader = Reader(tmp_path, endpoints(sim))
    with_credentials(reader)
    reader.follow(blocks(GUIDE, heading=VAULT)[1:])
    assert (tmp_path / "credentials.yml").read_text(encoding="utf-8").startswith("$ANSIBLE_VAULT;")
    assert {CLOUDS[cloud].identity for cloud in ("ens", "zec")} <= set(sim.counts())


@pytest.mark.matrix
def test_another_account_is_refused(sim: Simulator, tmp_path: pathlib.Path) -> None:
    reader = Reader(tmp_path, environment(sim))
    reader.follow(blocks(GUIDE, heading=ACCOUNT), may_fail=True)
    assert reader.returncode != 0
    assert set(sim.counts()) == {CLOUDS["ens"].identity}


# What the credentials must be allowed to do.


def actions(policy: str) -> set[str]:
    (statement,) = json.loads(policy)["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Allow", "*")
    return set(statement["Action"])


def test_the_policies_are_what_tasks_need_and_no_more(sim: Simulator) -> None:
    # It has one of everything, so that every call is made that a cleanup can make.
    sim.load(DEMO.with_name("uses.yml"))
    ens = CLOUDS["ens"](sim)

    def called(kind: str, **options: Any) -> set[str]:
        sim.clear_calls()
        definition = ens.definition(kind)
        defaults = {name: entry.get("default") for name, entry in definition.argument_spec.items()}
        settings = {**defaults, **ens.options(), **options}
        report = definition.run(settings, options, False)
        assert report.message is None
        # Every valid key may ask whose it is.
        return set(map(ens.provider.permission, set(sim.counts()) - {ens.identity}))

    reading, planning, removing = (actions(block.text) for block in blocks(GUIDE, "json", ENS))
    assert called("private_ip_info") == reading
    assert called("preflight") == planning
    assert called("preflight", write_permission=True) == planning | removing


def test_the_calls_of_zec_are_named_as_they_are(sim: Simulator) -> None:
    text = GUIDE.read_text(encoding="utf-8").partition(f"\n{ZEC}\n")[2].partition(f"\n{PROXY}\n")[0]
    zec = CLOUDS["zec"](sim)
    for state in ("absent", "present"):
        zec.task(
            zec.definition("private_ip").flow,
            network_interface_id="nic-hongkong-game-1",
            private_ip_addresses=["10.30.1.11"],
            state=state,
            expected_account=sim.account_id("zec"),
        )
    written = set(sim.counts(write=True))
    assert len(written) == 2
    assert {*written, zec.identity} == set(re.findall(r"``([A-Z]\w+)``", text))


@pytest.mark.matrix
def test_a_key_that_only_reads_is_told_so(sim: Simulator, tmp_path: pathlib.Path) -> None:
    reader = Reader(tmp_path, endpoints(sim))
    with_profiles(reader)
    reader.follow([block for block in blocks(GUIDE, heading=ENS) if block.language != "json"], may_fail=True)
    assert reader.returncode != 0
    assert [call["http_status"] for call in sim.calls(write=True)] == [400]


# Ways to the cloud.


def look(reader: Reader, may_fail: bool = False) -> None:
    with_credentials(reader)
    reader.follow(blocks(GUIDE, heading=PROXY), may_fail)


@pytest.mark.matrix
def test_a_proxy_is_asked(sim: Simulator, tmp_path: pathlib.Path) -> None:
    # Nothing listens at the endpoint. The simulator is no proxy and refuses, but it is what was asked.
    replacements = {"proxy.example.com:3128": sim.host_port, "/etc/ssl/certs/proxy.example.com.pem": str(tmp_path)}
    look(Reader(tmp_path, {"ENS_ENDPOINT": "http://127.0.0.1:9"}, replacements), may_fail=True)
    assert [call["action"] for call in sim.calls()] == [READ]


@pytest.mark.matrix
def test_an_authority_is_trusted(tmp_path: pathlib.Path) -> None:
    with Simulator(tls=True) as sim:
        replacements = {"/etc/ssl/certs/proxy.example.com.pem": sim.ca_path}
        look(Reader(tmp_path, {"ENS_ENDPOINT": sim.url, "NO_PROXY": "127.0.0.1"}, replacements))
        assert len(sim.calls()) == 1
