# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plays of the guide on evidence run as they are printed there, and find what uses addresses."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.simulator.estate import DEMO
from ansible_collections.edgecloud.nic.tests.unit.action import kubernetes
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import COLLECTIONS
from ansible_collections.edgecloud.nic.tests.unit.docs.printed import GUIDES, blocks

GUIDE = GUIDES / "in_use.rst"
CLEANUP = "edgecloud.nic.ens_private_ip_cleanup"

#: Stands in for ip(8), which the facts of a host are read with; the MAC addresses are those of this machine.
IP = """\
#!/bin/sh
case "$*" in
  "addr show primary dev {device}") echo "    inet 10.10.1.10/24 brd 10.10.1.255 scope global {device}" ;;
  "addr show secondary dev {device}") echo "    inet 10.10.1.12/24 scope global secondary {device}" ;;
  "addr show primary dev lo") echo "    inet 127.0.0.1/8 scope host lo" ;;
  "-4 route show table local") echo "local 10.10.1.13 dev lo scope host" ;;
  "addr show "*) ;;
  *) exit 1 ;;
esac
"""


def printed(words: str) -> list[dict[str, Any]]:
    """Give the playbook of the guide that has these words."""
    (block,) = [block for block in blocks(GUIDE, "yaml+jinja") if words in block.text]
    playbook: list[dict[str, Any]] = yaml.safe_load(block.text)
    return playbook


@dataclasses.dataclass
class Done:
    evidence: list[dict[str, Any]] | None
    plan: list[dict[str, Any]] | None
    output: str
    returncode: int


def run(
    directory: pathlib.Path,
    sim: Simulator,
    playbook: list[dict[str, Any]],
    inventory: dict[str, Any] | None = None,
    collections: tuple[pathlib.Path, ...] = (),
    **environment: str,
) -> Done:
    last = playbook[-1]
    assert next(task for task in last["tasks"] if CLEANUP in task)[CLEANUP]["in_use_elsewhere"] == "{{ evidence }}"
    report = directory / "report.json"
    content = "{{ {'evidence': evidence, 'plan': cleanup.plan | default(none)} | to_json }}"
    dump = {"content": content, "dest": str(report), "mode": "0600"}
    last["tasks"].append({"name": "Write down what was found", "ansible.builtin.copy": dump})
    file = directory / "playbook.yml"
    file.write_text(yaml.safe_dump(playbook, sort_keys=False, width=10**6), encoding="utf-8")
    (directory / "inventory.yml").write_text(yaml.safe_dump(inventory or {}), encoding="utf-8")
    account = {f"ALIBABA_CLOUD_{key.upper()}": str(value) for key, value in sim.account("ens").items()}
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "--inventory", str(directory / "inventory.yml"), str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        cwd=directory,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
            # Libraries that a run was given on the path are for modules, too.
            "PYTHONPATH": os.pathsep.join([str(COLLECTIONS), os.environ.get("PYTHONPATH", "")]),
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(map(str, (COLLECTIONS, *collections))),
            "ANSIBLE_HOME": str(directory / "ansible"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "HOME": str(directory),
            "TMPDIR": str(directory),
            "ENS_ENDPOINT": sim.url,
            **account,
            **environment,
        },
    )
    told = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {"evidence": None, "plan": None}
    assert sim.counts(write=True) == {}
    return Done(output=done.stdout + done.stderr, returncode=done.returncode, **told)


def spared(done: Done) -> set[tuple[str, str, str]]:
    assert done.returncode == 0 and done.evidence is not None, done.output[-3000:]
    uses = {(use["private_ip_address"], use["kind"], use["id"]) for use in done.evidence}
    assert len(uses) == len(done.evidence)
    return uses


def check_plan(done: Done, expected: dict[str, list[str]]) -> None:
    """Check what is left to remove; on the demo estate some addresses are in use by load balancers and the like."""
    assert done.plan is not None
    assert {entry["network_interface_id"]: entry["private_ip_addresses"] for entry in done.plan} == expected


# Hosts.


@pytest.fixture
def device() -> tuple[str, str]:
    """Give name and MAC address of an interface of this machine."""
    for path in sorted(pathlib.Path("/sys/class/net").glob("*/address")):
        mac = path.read_text(encoding="utf-8").strip()
        if re.fullmatch(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", mac) and mac != "00:00:00:00:00:00":
            return path.parent.name, mac
    pytest.skip("This machine has no network interface with a MAC address.")


@pytest.fixture
def estate(device: tuple[str, str]) -> dict[str, Any]:
    """Give the demo estate, in which this machine is the instance of eni-hangzhou-web-1."""
    estate: dict[str, Any] = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    for nic in estate["ens"]["network_interfaces"]:
        if nic["network_interface_id"] == "eni-hangzhou-web-1":
            nic["mac_address"] = device[1].upper()
    return estate


HOSTS = "Gather what hosts have configured"
ON_WEB_1 = {(f"10.10.1.{number}", "host", "web-1") for number in (10, 12, 13)}
OF_WEB_2 = {(f"10.10.1.{number}", "host_unknown", "i-hangzhou-web-2") for number in (21, 22, 23, 24)}
OF_WEB_1 = {(f"10.10.1.{number}", "host_unknown", "i-hangzhou-web-1") for number in (11, 12, 13)}
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
#: No directory for modules can be made there.
UNREACHABLE = {**LOCAL, "ansible_remote_tmp": "/proc/nowhere"}


@pytest.fixture
def path(tmp_path: pathlib.Path, device: tuple[str, str]) -> str:
    """Give a PATH on which ip(8) is ours."""
    ip = tmp_path / "bin" / "ip"
    ip.parent.mkdir()
    ip.write_text(IP.format(device=device[0]), encoding="utf-8")
    ip.chmod(0o700)
    return os.pathsep.join([str(ip.parent), os.environ["PATH"]])


@pytest.mark.parametrize(
    ("hosts", "expected", "plan"),
    [
        pytest.param(
            {"web-1": LOCAL, "web-2": UNREACHABLE},
            ON_WEB_1 | OF_WEB_2,
            {"eni-hangzhou-web-1": ["10.10.1.11"]},
            id="one of two is reachable",
        ),
        pytest.param(
            {"web-1": UNREACHABLE, "web-2": UNREACHABLE},
            OF_WEB_1 | OF_WEB_2,
            {},
            id="none is reachable",
            marks=pytest.mark.matrix,
        ),
    ],
)
def test_what_hosts_have_configured(
    tmp_path: pathlib.Path,
    estate: dict[str, Any],
    path: str,
    hosts: dict[str, Any],
    expected: set[Any],
    plan: dict[str, Any],
) -> None:
    inventory = {"all": {"children": {"edge": {"hosts": hosts}}}}
    with Simulator(estate=estate) as sim:
        done = run(tmp_path, sim, printed(HOSTS), inventory, PATH=path)
        assert spared(done) == expected
        assert "UNREACHABLE" in done.output
        check_plan(done, plan)


@pytest.mark.matrix
def test_facts_from_a_cache_prove_use_and_do_not_make_a_host_known(
    tmp_path: pathlib.Path, estate: dict[str, Any], path: str
) -> None:
    inventory: dict[str, Any] = {"all": {"children": {"edge": {"hosts": {"web-1": LOCAL}}}}}
    cache = tmp_path / "cache"
    cached: dict[str, Any] = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(cache)}
    with Simulator(estate=estate) as sim:
        first = run(tmp_path, sim, printed(HOSTS), inventory, PATH=path, **cached)
        assert spared(first) == ON_WEB_1 | OF_WEB_2
        (file,) = cache.glob("*web-1")
        text = file.read_text(encoding="utf-8")
        (epoch,) = set(re.findall(r"epoch\W+(\d+)", text))
        file.write_text(text.replace(epoch, str(int(epoch) - 4000)), encoding="utf-8")
        (tmp_path / "report.json").unlink()
        inventory["all"]["children"]["edge"]["hosts"]["web-1"] = UNREACHABLE
        second = run(tmp_path, sim, printed(HOSTS), inventory, PATH=path, **cached)
        assert spared(second) == ON_WEB_1 | OF_WEB_1 | OF_WEB_2


# Kubernetes.

PODS = [
    kubernetes.pod("web-0", phase="Running", podIP="10.10.1.13", podIPs=[{"ip": "10.10.1.13"}, {"ip": "fd00::13"}]),
    kubernetes.pod("web-1", phase="Running", podIP="fd00::14", podIPs=[{"ip": "fd00::14"}, {"ip": "10.10.1.23"}]),
    kubernetes.pod("new", phase="Pending"),
]
VSWITCHES = '{"version": "1", "vswitches": {"n-video": ["vsw-beijing-video", "vsw-beijing-more"]}}'


@pytest.fixture(params=["installed", "stand-in"])
def k8s_collections(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> tuple[pathlib.Path, ...]:
    if request.param == "stand-in":
        return (kubernetes.stand_in_collection(tmp_path / "collections"),)
    installed = kubernetes.installed_collection()
    if installed is None:
        pytest.skip("kubernetes.core or the library kubernetes is not installed.")
    return (installed,)


def run_on_cluster(
    directory: pathlib.Path, sim: Simulator, collections: tuple[pathlib.Path, ...], pods: list[Any], config: Any
) -> Done:
    with kubernetes.api_server(pods, config) as url:
        kubeconfig = directory / "kubeconfig"
        kubeconfig.write_text(json.dumps(kubernetes.kubeconfig(url)), encoding="utf-8")
        return run(directory, sim, printed("k8s_info"), None, collections, K8S_AUTH_KUBECONFIG=str(kubeconfig))


@pytest.mark.matrix
def test_what_pods_have_and_what_is_there_for_pods(
    tmp_path: pathlib.Path, sim: Simulator, k8s_collections: tuple[pathlib.Path, ...]
) -> None:
    done = run_on_cluster(tmp_path, sim, k8s_collections, PODS, kubernetes.config_map(eni_conf=VSWITCHES))
    assert spared(done) == {
        ("10.10.1.13", "kubernetes", "shop/web-0"),
        ("10.10.1.23", "kubernetes", "shop/web-1"),
        ("10.20.1.11", "kubernetes", "vsw-beijing-video"),
        ("10.20.1.12", "kubernetes", "vsw-beijing-video"),
        ("10.20.1.21", "kubernetes", "vsw-beijing-video"),
    }
    assert done.evidence is not None
    assert {use.get("network_interface_id") for use in done.evidence} == {
        None,
        "eni-beijing-spare",
        "eni-beijing-video-1",
    }
    check_plan(done, {"eni-hangzhou-web-1": ["10.10.1.11", "10.10.1.12"]})


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("pods", "config"),
    [
        pytest.param([], kubernetes.config_map(eni_conf=VSWITCHES), id="no pods", marks=pytest.mark.matrix),
        pytest.param(PODS, None, id="no ConfigMap"),
        pytest.param(
            PODS, kubernetes.config_map(eni_conf='{"version": "1"}'), id="no vSwitches", marks=pytest.mark.matrix
        ),
    ],
)
def test_a_cluster_that_does_not_tell_ends_the_play(
    tmp_path: pathlib.Path,
    sim: Simulator,
    k8s_collections: tuple[pathlib.Path, ...],
    pods: list[Any],
    config: Any,
) -> None:
    done = run_on_cluster(tmp_path, sim, k8s_collections, pods, config)
    assert done.returncode == 2 and done.evidence is None
    assert "TASK [Stop unless the cluster has told both]" in done.output
    assert "TASK [Read the network interfaces]" not in done.output


# An address plan.


def example() -> str:
    (block,) = blocks(GUIDE, "console", "An address plan")
    assert block.commands == ["cat addresses.csv"]
    return block.shown


@pytest.mark.matrix
@pytest.mark.parametrize(
    "rewritten",
    [
        pytest.param(lambda text: text, id="as it is printed"),
        pytest.param(
            lambda text: "\ufeff" + text.replace("\n", "\r\n") + "\r\n", id="of Windows", marks=pytest.mark.matrix
        ),
        pytest.param(lambda text: re.sub(r"(?m)^([0-9.]+),", r'"\1";', text), id="quoted", marks=pytest.mark.matrix),
    ],
)
def test_what_an_address_plan_names(tmp_path: pathlib.Path, sim: Simulator, rewritten: Any) -> None:
    (tmp_path / "addresses.csv").write_bytes(rewritten(example()).encode())
    done = run(tmp_path, sim, printed("addresses.csv"))
    assert {use[:2] for use in spared(done)} == {("10.10.1.12", "address_plan"), ("10.10.1.23", "address_plan")}
    assert ("10.10.1.12", "address_plan", "reserved for the migration") in spared(done)
    check_plan(
        done,
        {
            "eni-beijing-spare": ["10.20.1.21"],
            "eni-beijing-video-1": ["10.20.1.11", "10.20.1.12"],
            "eni-hangzhou-web-1": ["10.10.1.11", "10.10.1.13"],
        },
    )


@pytest.fixture
def broken_plan(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    (tmp_path / "addresses.csv").write_text(example() + "web-7,10.10.1.11\n", encoding="utf-8")
    yield tmp_path


@pytest.mark.matrix
def test_an_address_plan_with_a_line_that_cannot_be_read_ends_the_play(
    broken_plan: pathlib.Path, sim: Simulator
) -> None:
    done = run(broken_plan, sim, printed("addresses.csv"))
    assert done.returncode == 2 and done.evidence is None
    assert "TASK [Stop unless every line could be read]" in done.output
