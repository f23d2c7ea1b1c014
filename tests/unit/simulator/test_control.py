# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control API and the command line, as playbooks use them."""

from __future__ import annotations

import os
import pathlib
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import ansible_collections.edgecloud.nic.tests.simulator as package
import pytest
import requests
import yaml
from ansible_collections.edgecloud.nic.tests.simulator import Simulator

Ask = Callable[..., Any]
NIC = "nic-hongkong-game-1"


@pytest.fixture
def control(sim: Simulator) -> Ask:
    def ask(method: str, path: str, **options: Any) -> Any:
        return requests.request(method, f"{sim.url}/_simulator/{path}", timeout=5, **options)

    return ask


def test_health_tells_how_large_the_clouds_are(control: Ask) -> None:
    assert control("GET", "health").json() == {"status": "ok", "network_interfaces": {"ens": 6, "zec": 5}}


def test_calls_can_be_listed_filtered_and_forgotten(control: Ask, ask_ens: Ask, ask_zec: Ask) -> None:
    ask_ens("DescribeNetworkInterfaces", {"NetworkInterfaceId": "eni-gone"})
    ask_zec("DescribeNetworkInterfaces", {})
    ask_zec("UnassignNetworkInterfaceIpv4", {"nicId": "nic-gone", "ipAddresses": ["10.0.0.1"]})
    everything = control("GET", "calls").json()
    assert [call["seq"] for call in everything["calls"]] == [1, 2, 3]
    assert everything["counts"] == {"DescribeNetworkInterfaces": 2, "UnassignNetworkInterfaceIpv4": 1}
    assert control("GET", "calls?cloud=ens").json()["calls"][0]["parameters"] == {"NetworkInterfaceId": "eni-gone"}
    writes = control("GET", "calls?write=true&cloud=zec&action=UnassignNetworkInterfaceIpv4").json()["calls"]
    assert [(call["http_status"], call["code"], call["write"]) for call in writes] == [
        (404, "INVALID_NIC_NOT_FOUND", True)
    ]
    assert writes[0]["started"] <= writes[0]["finished"]
    control("DELETE", "calls")
    assert control("GET", "calls").json() == {"calls": [], "counts": {}}


def test_nothing_secret_can_be_read_back(control: Ask, sim: Simulator, ask_ens: Ask, ask_zec: Ask) -> None:
    ask_ens("DescribeNetworkInterfaces", {"SecurityToken": "secret-in-query"})
    ask_zec("DescribeNetworkInterfaces", {})
    text = control("GET", "calls").text + control("GET", "estate").text
    for secret in ("demo-secret", "demo-password", "demo-token", "demo-security-token", "secret-in-query"):
        assert secret not in text
    assert "Signature" not in text


def test_the_history_counts_what_was_forgotten_and_lists_what_is_secret(
    control: Ask, ask_ens: Ask, ask_zec: Ask
) -> None:
    sent = ask_ens("DescribeNetworkInterfaces", {}).request.headers
    ask_zec("DescribeNetworkInterfaces", {}, Authorization="Bearer nobody's")
    control("PUT", "estate", json={"accounts": {"zec": [{"token": "another-token"}]}})
    ask_zec("DescribeEips", {})
    history = control("GET", "history").json()
    assert history["counts"] == {"DescribeNetworkInterfaces": 2, "DescribeEips": 1}
    signature = sent["Authorization"].rpartition("=")[2]
    assert {signature, sent["x-acs-signature-nonce"], "nobody's", "another-token"} <= set(history["secrets"])
    assert {"LTAI-DEMO-OPERATOR", "demo-secret-operator", "demo-security-token"} <= set(history["secrets"])
    assert {"SECRET-JOIN-TOKEN-c-shenzhen", "token: SECRET-CLUSTER-CONFIG-c-shenzhen"} <= set(history["secrets"])


def test_estate_shows_the_truth_and_can_be_replaced(control: Ask) -> None:
    nics = control("GET", "estate").json()["zec"]["network_interfaces"]
    assert nics[NIC]["secondary_private_ips"] == ["10.30.1.11", "10.30.1.12", "10.30.1.13"]
    answer = control("PUT", "estate", data=yaml.safe_dump({"ens": {"generate": {"network_interfaces": 3}}}))
    assert answer.json()["network_interfaces"] == {"ens": 3, "zec": 0}
    answer = control("PUT", "estate", json={"zec": {"generate": {"network_interfaces": 2}}})
    assert answer.json()["network_interfaces"] == {"ens": 0, "zec": 2}


def test_settings_faults_events_and_changes_over_http(control: Ask, ask_zec: Ask, sim: Simulator) -> None:
    assert control("PATCH", "settings", json={"removal_lag": 2}).json()["removal_lag"] == 2
    assert control("POST", "faults", json={"faults": [{"kind": "empty"}, {"kind": "html"}]}).json() == {"pending": 2}
    assert ask_zec("DescribeNetworkInterfaces", {}).content == b""
    assert control("DELETE", "faults").ok
    change = {"kind": "remove_private_ip", "network_interface_id": NIC, "private_ip_address": "10.30.1.11"}
    event = {"after_action": "DescribeNetworkInterfaces", "change": change}
    assert control("POST", "events", json=event).json() == {"pending": 1}
    assert control("DELETE", "events").ok
    assert ask_zec("DescribeNetworkInterfaces", {}).ok
    assert len(sim.addresses(NIC)[1]) == 3
    assert control("POST", "change", json=change).ok
    assert len(sim.addresses(NIC)[1]) == 2
    assert control("POST", "reset").ok
    assert len(sim.addresses(NIC)[1]) == 3
    assert sim.estate()["settings"]["removal_lag"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "estate", "a: [b"),
        ("PATCH", "settings", "latncy: 1"),
        ("POST", "faults", "kind: earthquake"),
        ("POST", "events", "after_action: X"),
        ("POST", "change", "kind: move"),
        ("GET", "calls?write=perhaps", ""),
    ],
)
def test_mistake_gets_a_sentence_about_it(control: Ask, method: str, path: str, body: str) -> None:
    answer = control(method, path, data=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_sink_keeps_what_it_was_sent(control: Ask) -> None:
    control("POST", "sink", headers={"X-Seen": "yes"})
    requests_seen = control("GET", "sink-requests").json()["requests"]
    assert [(request["method"], request["headers"]["X-Seen"]) for request in requests_seen] == [("POST", "yes")]


def test_what_is_no_call_is_refused(sim: Simulator, ask_ens: Ask, ask_zec: Ask) -> None:
    assert ask_ens("DeleteNetworkInterfaces", {}).json()["Code"] == "InvalidApi.NotFound"
    assert ask_ens("DescribeNetworkInterfaces", {}, x_acs_version="2014-05-26").status_code == 404
    assert ask_zec("DescribeInstances", {}).json()["code"] == "INVALID_PARAMETER_VALUE"
    assert (
        ask_zec("DescribeNetworkInterfaces", {}, x_zc_version="2020-01-01").json()["code"] == "INVALID_PARAMETER_VALUE"
    )
    assert ask_zec("DescribeNetworkInterfaces", ["nicIds"]).json()["code"] == "INVALID_PARAMETER_TYPE"
    assert ask_ens("DescribeNetworkInterfaces", {"NetworkInterfaceIds": '["eni-1"]'}).json()["Code"] == (
        "InvalidNetworkInterfaceIds"
    )
    assert requests.get(f"{sim.url}/api/v2/zec", timeout=5).status_code == 405
    assert requests.post(f"{sim.url}/api/v2/vm", timeout=5).status_code == 404


def test_older_version_shows_fewer_fields_and_heeds_fewer_filters(ask_zec: Ask) -> None:
    body = {"securityGroupId": "sg-none", "tagKeys": ["none"]}
    assert ask_zec("DescribeNetworkInterfaces", body).json()["response"]["totalCount"] == 0
    older = ask_zec("DescribeNetworkInterfaces", body, x_zc_version="2024-04-01").json()["response"]
    assert older["totalCount"] == 5
    assert "tags" not in older["dataSet"][0]
    assert "securityGroupId" not in older["dataSet"][0]


def test_tls_is_trusted_only_through_its_own_authority() -> None:
    pytest.importorskip("trustme")
    with Simulator(tls=True) as sim:
        health = f"{sim.url}/_simulator/health"
        assert health.startswith("https://")
        assert requests.get(health, verify=sim.ca_path, timeout=5).ok
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(health, timeout=5)
        assert ssl.create_default_context(cafile=sim.ca_path).cert_store_stats()["x509_ca"] == 1


def test_stopping_does_not_wait_for_calls_that_hang(ask_zec: Ask, sim: Simulator) -> None:
    sim.add_fault(kind="hang", seconds=600)
    with pytest.raises(requests.Timeout):
        ask_zec("DescribeNetworkInterfaces", {}, timeout=0.2)
    start = time.monotonic()
    sim.stop()
    assert time.monotonic() - start < 5


@pytest.fixture
def command(tmp_path: pathlib.Path) -> Iterator[subprocess.Popen[str]]:
    root = pathlib.Path(package.__file__).parents[5]
    files = ["--ready-file", str(tmp_path / "ready"), "--pid-file", str(tmp_path / "pid")]
    process = subprocess.Popen(
        [sys.executable, "-m", package.__name__, "--port", "0", *files],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_command_says_where_it_is_and_stops_when_told(
    command: subprocess.Popen[str], tmp_path: pathlib.Path, stop: signal.Signals
) -> None:
    assert command.stdout is not None
    line = command.stdout.readline()
    deadline = time.monotonic() + 10
    while not (tmp_path / "ready").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    url = (tmp_path / "ready").read_text(encoding="utf-8").strip()
    for expected in (url, "LTAI-DEMO-OPERATOR / demo-secret-operator", "ZEC-DEMO-OPERATOR / demo-password-operator"):
        assert expected in line
    assert int((tmp_path / "pid").read_text(encoding="utf-8")) == command.pid
    assert requests.get(f"{url}/_simulator/health", timeout=5).ok
    command.send_signal(stop)
    rest, _none = command.communicate(timeout=10)
    assert (command.returncode, rest) == (0, "")
    assert list(tmp_path.iterdir()) == []
