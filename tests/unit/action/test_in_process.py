# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task that runs in ansible-core's worker and one that runs in a process of its own tell the same, to the letter."""

from __future__ import annotations

import json
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
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import PYTHONPATH, Play, comparable, play

#: A network interface whose addresses nothing uses, and one whose addresses are used.
NICS = {
    "ens": ("eni-hangzhou-web-1", "eni-hangzhou-web-2"),
    "zec": ("nic-hongkong-game-1", "nic-hongkong-game-2"),
}
#: As they stand in a URL, and what they mean.
PASSWORDS = ("pr%40xy-word", "pr@xy-word", "end-p0int-word", "environ-w0rd")
ROUTE = {"action_plugin": "edgecloud.nic.__init__"}
#: Tasks of which the module itself says what is wrong.
NOT_VALID = ("unknown option", "missing option", "wrong type", "password of a proxy, and an unknown option")


def defaults(sim: Simulator, endpoint: str | None = None) -> dict[str, Any]:
    common = {"endpoint": endpoint or sim.url, "retry_max_delay": 0.05, "max_retries": 1}
    return {cloud: {**common, **sim.account(cloud)} for cloud in ("ens", "zec")}


def all_kinds_of_tasks(sim: Simulator, cloud: str) -> list[dict[str, Any]]:
    """Tasks that end in every way a task can end in; secrets in them are to be found nowhere in the output."""
    module, info = f"edgecloud.nic.{cloud}_private_ip", f"edgecloud.nic.{cloud}_private_ip_info"
    alias = {"ens": "eni_id", "zec": "nic_id"}[cloud]
    one, used = NICS[cloud]
    primary, secondaries = sim.addresses(one)

    def absent(**options: Any) -> dict[str, Any]:
        return {"network_interface_id": one, "state": "absent", **options}

    return [
        {"name": "info", info: {"include_in_use": True}},
        {"name": "info of ids, as text", info: {"network_interface_ids": f"{one},{used}"}},
        {"name": "check mode", module: absent(private_ip_addresses=[secondaries[0]]), "check_mode": True},
        {"name": "absent", module: absent(private_ip_addresses=[secondaries[0]])},
        {"name": "absent already", module: absent(private_ip_addresses=[secondaries[0]])},
        {"name": "alias", module: {alias: one, "state": "absent", "private_ip_addresses": secondaries[1]}},
        {"name": "in use", module: absent(network_interface_id=used, private_ip_addresses=sim.addresses(used)[1])},
        {"name": "force", module: absent(network_interface_id=used, all_secondary=True, force=True)},
        {"name": "primary", module: absent(private_ip_addresses=[primary])},
        {"name": "unknown network interface", module: absent(network_interface_id="nic-gone", all_secondary=True)},
        {"name": "missing ok", module: absent(network_interface_id="nic-gone", all_secondary=True, missing_ok=True)},
        {"name": "no address", module: absent(private_ip_addresses=["nonsense"])},
        {"name": "null", module: absent(private_ip_addresses=None)},
        {"name": "unknown option", module: absent(nonsense=1)},
        {"name": "missing option", module: {"network_interface_id": one}},
        {"name": "wrong type", module: absent(all_secondary="perhaps", timeout="soon")},
        {"name": "refused", info: {"access_key_secret": "quite-wrong-secret"}},
        {"name": "no answer", info: {"endpoint": "http://127.0.0.1:1"}},
        {"name": "hidden", info: {}, "no_log": True},
        {"name": "loop", info: {"network_interface_ids": ["{{ item }}"]}, "loop": [one, used]},
        {"name": "password of a proxy", info: {"proxy": "http://user:pr%40xy-word@127.0.0.1:1"}},
        {
            "name": "password of a proxy, and an unknown option",
            info: {"proxy": "http://user:pr%40xy-word@127.0.0.1:1", "nonsense": "pr@xy-word"},
        },
        {"name": "password in an endpoint", info: {"endpoint": "https://user:end-p0int-word@localhost/environ-w0rd"}},
        {"name": "relative path", info: {"ca_path": "beside.pem", "endpoint": "https://127.0.0.1:1"}},
        {"name": "templated action", "action": "edgecloud.nic.{{ cloud }}_private_ip_info", "vars": {"cloud": cloud}},
        {"name": "again and again", info: {"endpoint": "http://127.0.0.1:1"}, "retries": 1, "delay": 1},
        {"name": "templates", info: {"network_interface_ids": "{{ [nic] }}"}, "vars": {"nic": one}},
    ]


@pytest.mark.parametrize("cloud", ["ens", "zec"])
def test_both_ways_tell_the_same(sim: Simulator, cloud: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "beside.pem").write_text("no certificate", encoding="utf-8")
    plays: dict[bool, Play] = {}
    counts = {}
    for here in (True, False):
        sim.reset()
        tasks = all_kinds_of_tasks(sim, cloud)
        plays[here] = play(
            tmp_path,
            tasks,
            defaults(sim),
            {"edgecloud_nic_in_process": here},
            https_proxy="http://user:environ-w0rd@127.0.0.1:1",
        )
        counts[here] = sim.counts()
    for name in plays[True].results:
        # What is wrong with options is told in the module's own words.
        assert plays[True].ran_in_a_process_of_its_own(name) == (name in NOT_VALID), name
        assert plays[False].ran_in_a_process_of_its_own(name), name
        results = [comparable(json.dumps(plays[here].results[name], sort_keys=True)) for here in (True, False)]
        assert results[0] == results[1], name
        assert plays[True].told(name) == plays[False].told(name), name
    assert counts[True] == counts[False]
    assert plays[True].returncode == plays[False].returncode == 0
    check_what_the_tasks_were_about(plays[True], cloud)
    for secret in (*sim.account(cloud).values(), "quite-wrong-secret", *PASSWORDS):
        if secret != sim.account(cloud).get("access_key_id"):
            for one in plays.values():
                assert secret not in one.output
                assert secret not in repr(one.results)


def check_what_the_tasks_were_about(done: Play, cloud: str) -> None:
    """Twice the same nonsense would be the same, too."""
    results = done.results
    for name in ("check mode", "absent"):
        assert (results[name]["changed"], results[name]["failed"]) == (True, False)
        assert results[name]["diff"]["before"] != results[name]["diff"]["after"]
        assert '"VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"' in done.shown()[name]
        assert '"state": "absent"' in done.shown()[name]  # the invocation
    assert results["absent already"]["changed"] is False
    assert results["force"]["warnings"]
    for name in (
        "primary",
        "in use",
        "unknown network interface",
        "no address",
        "null",
        "unknown option",
        "refused",
        "no answer",
    ):
        assert results[name]["failed"] is True
        assert results[name].get("msg"), (name, results[name])
    assert "nonsense" in results["unknown option"]["msg"]
    assert results["missing ok"]["failed"] is False
    assert "output has been hidden" in done.shown()["hidden"]
    assert len(results["loop"]["results"]) == 2
    assert "http://user:********@127.0.0.1:1" in done.shown()["password of a proxy"]
    assert "must not contain a user name or password" in results["password in an endpoint"]["msg"]
    assert "holds no certificate" in results["relative path"]["msg"]
    # The group's defaults hold for it.
    assert results["templated action"]["network_interfaces"]
    assert "attempts" in results["again and again"]


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


@pytest.mark.parametrize(
    "missing",
    [
        "ansible_collections.edgecloud.nic.plugins.plugin_utils._in_process",
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
            "loop": [*NICS["ens"]],
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
    one, other = NICS["ens"]
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
