# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tasks run in ansible-core's worker, and what they have there."""

from __future__ import annotations

import os
import pathlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.edgecloud.nic.plugins.modules import ens_private_ip
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import PYTHONPATH, defaults, play
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS

ROUTE = {"action_plugin": "edgecloud.nic.__init__"}


@pytest.mark.matrix
def test_whatever_asks_for_a_process_of_its_own_gets_one(sim: Simulator, tmp_path: pathlib.Path) -> None:
    info: dict[str, Any] = {"edgecloud.nic.zec_private_ip_info": {}}
    cleanup: dict[str, Any] = {
        "edgecloud.nic.zec_private_ip_cleanup": {"all_network_interfaces": True},
        "check_mode": True,
    }
    here = {
        "plain": info,
        "its own interpreter": {**info, "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}},
        "no wish for an interpreter": {**info, "vars": {"ansible_python_interpreter": "auto_silent"}},
        "switched on": {**info, "vars": {"edgecloud_nic_in_process": "yes"}},
        "async without time": {**info, "async": 0},
        "not become": {**info, "become": False},
        "empty environment": {**info, "environment": {}},
        "delegated to itself": {**info, "delegate_to": "localhost"},
        "cleanup switched on": {**cleanup, "vars": {"edgecloud_nic_in_process_cleanup": True}},
    }
    elsewhere = {
        "become": {**info, "become": True},
        "async": {**info, "async": 20, "poll": 1},
        "environment": {**info, "environment": {"SOMETHING": "else"}},
        "other interpreter": {**info, "vars": {"ansible_python_interpreter": "/usr/bin/env python3"}},
        "missing interpreter": {**info, "vars": {"ansible_python_interpreter": "/nowhere/python"}},
        "remote_tmp": {**info, "vars": {"ansible_remote_tmp": str(tmp_path / "remote")}},
        "switched off": {**info, "vars": {"edgecloud_nic_in_process": "{{ 1 == 2 }}"}},
        "switched off by text": {**info, "vars": {"edgecloud_nic_in_process": "no"}},
        "cleanup": cleanup,
        "cleanup with the switch of the others": {**cleanup, "vars": {"edgecloud_nic_in_process": True}},
    }
    away = {"other connection": {**info, "vars": {"ansible_connection": "ssh", "ansible_port": 1}}}
    tasks = [{"name": name, **task} for name, task in {**here, **elsewhere, **away}.items()]
    done = play(tmp_path, tasks, defaults(sim))
    assert {name for name in here if done.ran_in_a_process_of_its_own(name)} == set()
    assert {name for name in elsewhere if not done.ran_in_a_process_of_its_own(name)} == set()
    for name in (*here, "async", "environment", "remote_tmp", "switched off", "switched off by text", "cleanup"):
        assert done.results[name]["failed"] is False, (name, done.results[name])
        assert done.results[name].get("network_interfaces") or done.results[name].get("plan"), name
    # Over another connection, nothing may happen here: this one leads nowhere.
    assert done.results["other connection"].get("unreachable") or done.results["other connection"]["failed"]
    assert done.results["missing interpreter"]["failed"] is True


def hide_from_python(directory: pathlib.Path, name: str, where: str = "") -> str:
    """Make a module impossible to import, in processes whose command line has this word; gives a PYTHONPATH."""
    directory.mkdir()
    (directory / "sitecustomize.py").write_text(
        f"import sys\nif {where!r} in ' '.join(sys.orig_argv):\n    sys.modules[{name!r}] = None\n", encoding="utf-8"
    )
    return f"{directory}{os.pathsep}{PYTHONPATH}"


@pytest.mark.matrix
def test_without_requests_here_the_task_gets_a_process_and_a_clear_message(
    sim: Simulator, tmp_path: pathlib.Path
) -> None:
    """The process may have another Python; here it has the same one, without requests."""
    tasks = [{"name": "info", "edgecloud.nic.ens_private_ip_info": {}}]
    done = play(tmp_path, tasks, defaults(sim), PYTHONPATH=hide_from_python(tmp_path / "blocker", "requests"))
    assert done.ran_in_a_process_of_its_own("info")
    assert done.results["info"]["failed"] is True
    assert "requests" in done.results["info"]["msg"]
    assert sim.calls() == []


@pytest.mark.matrix
@pytest.mark.parametrize(
    "missing",
    [
        pytest.param("ansible_collections.edgecloud.nic.plugins.plugin_utils._in_process", marks=pytest.mark.matrix),
        "ansible_collections.edgecloud.nic.plugins.modules.ens_private_ip_info",
    ],
)
def test_what_cannot_be_imported_here_stops_no_task_and_is_told_once(
    sim: Simulator, tmp_path: pathlib.Path, missing: str
) -> None:
    tasks: list[dict[str, Any]] = [
        {
            "name": "info",
            "edgecloud.nic.ens_private_ip_info": {"network_interface_ids": ["{{ item }}"]},
            "loop": [*CLOUDS["ens"].demo_ids],
        }
    ]
    path = hide_from_python(tmp_path / "blocker", missing, "ansible playbook")
    done = play(tmp_path, tasks, defaults(sim), PYTHONPATH=path)
    assert done.ran_in_a_process_of_its_own("info")
    assert [entry["failed"] for entry in done.results["info"]["results"]] == [False, False]
    assert done.output.count("of its own: ") + done.output.count("of their own: ") == 1
    assert missing in done.output


def test_every_module_of_a_cloud_is_led_to_the_action() -> None:
    modules = pathlib.Path(str(ens_private_ip.__file__)).parent
    runtime = yaml.safe_load((modules.parents[1] / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    routed = {name for name, route in runtime["plugin_routing"]["modules"].items() if route == ROUTE}
    assert routed == {
        path.stem for path in modules.glob("*.py") if "\nDEFINITION = " in path.read_text(encoding="utf-8")
    }


class CountingProxy:
    """Passes bytes on to the simulator, and counts the connections that it gets."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._server.accept()
            except OSError:
                return
            self.connections += 1
            cloud = socket.create_connection(("127.0.0.1", self._port))
            for source, sink in ((client, cloud), (cloud, client)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def proxy(sim: Simulator) -> Iterator[CountingProxy]:
    counting = CountingProxy(sim.port)
    yield counting
    counting.close()


def test_a_loop_has_one_connection_and_each_item_its_own_credentials(
    sim: Simulator, proxy: CountingProxy, tmp_path: pathlib.Path
) -> None:
    reader, operator = sim.account("ens", 1), sim.account("ens", 0)
    keys = [{**operator, "access_key_secret": "quite-wrong"}, reader, operator]
    one, other = CLOUDS["ens"].demo_ids
    removal = {
        "edgecloud.nic.ens_private_ip": {
            "network_interface_id": one,
            "state": "absent",
            "private_ip_addresses": [sim.addresses(one)[1][0]],
            "access_key_id": "{{ keys[item].access_key_id }}",
            "access_key_secret": "{{ keys[item].access_key_secret }}",
            "in_use_check": False,
        },
        "vars": {"keys": keys},
        "loop": [0, 1, 2],
    }
    info: dict[str, Any] = {"edgecloud.nic.ens_private_ip_info": {"network_interface_ids": ["{{ item }}"]}}
    tasks = [{"name": "loop", **info, "loop": [one, other] * 3}, {"name": "keys", **removal}]
    before = sim.addresses(one)[1]
    done = play(tmp_path, tasks, defaults(sim, proxy.url))
    assert [entry["failed"] for entry in done.results["loop"]["results"]] == [False] * 6
    # The first are wrong, the second may only read, the third may do it.
    failed = [entry["failed"] for entry in done.results["keys"]["results"]]
    assert failed == [True, True, False]
    assert sim.addresses(one)[1] == before[1:]
    assert "quite-wrong" not in done.output
    # One connection for each task: a task's items share a worker process, and the next task has another one.
    assert proxy.connections == 2
