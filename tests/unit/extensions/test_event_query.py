# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What automation controller counts as managed: the network interfaces of every task, and nothing else."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import COLLECTIONS, job, scope

jq = pytest.importorskip("jq")

HERE = COLLECTIONS / "ansible_collections" / "edgecloud" / "nic"
QUERIES = {
    name: entry["query"]
    for name, entry in yaml.safe_load((HERE / "extensions" / "audit" / "event_query.yml").read_text("utf-8")).items()
}
ONE = {"infra_type": "PublicCloud", "infra_bucket": "Networking", "device_type": "Network Interface"}

PLAYBOOK = """
- hosts: all
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    edgecloud_nic_in_process_cleanup: true
  module_defaults:
    group/edgecloud.nic.ens: "{{ clouds.ens.cleanup_connection }}"
    group/edgecloud.nic.zec: "{{ clouds.zec.cleanup_connection }}"
  tasks:
    - name: Read, which manages nothing
      edgecloud.nic.zec_private_ip_info:
        network_interface_ids: [nic-hongkong-game-2]
    - name: Change one
      edgecloud.nic.ens_private_ip:
        network_interface_id: eni-hangzhou-web-1
        private_ip_addresses: [10.10.1.11]
        state: absent
    - name: One that does not exist
      edgecloud.nic.ens_private_ip:
        network_interface_id: eni-nobody
        all_secondary: true
        state: absent
        missing_ok: true
    - name: Be refused, which tells of none
      edgecloud.nic.ens_private_ip:
        network_interface_id: eni-hangzhou-web-2
        private_ip_addresses: [10.10.1.20]
        state: absent
      ignore_errors: true
    - name: Be left out
      edgecloud.nic.ens_private_ip:
        network_interface_id: eni-hangzhou-web-2
        all_secondary: true
        state: absent
      when: false
    - name: Change two
      edgecloud.nic.zec_private_ip:
        network_interface_id: "{{ item }}"
        all_secondary: true
        state: absent
      loop: [nic-hongkong-game-1, nic-hongkong-game-2]
    - name: Clean up
      edgecloud.nic.zec_private_ip_cleanup:
        filters: {region_id: europe-west-1}
    - name: Name none
      edgecloud.nic.ens_private_ip_cleanup:
      ignore_errors: true
"""


def counted(events: Iterator[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give what the controller finds, by the action that it is found with: results of tasks, and of items of loops."""
    for event in events:
        data = event.get("event_data", {})
        if "res" in data and data["resolved_action"] in QUERIES:
            for found in jq.compile(QUERIES[data["resolved_action"]]).input_value(data["res"]).all():
                yield data["resolved_action"], found


def test_what_can_change_something_has_a_query_and_nothing_else_has_one() -> None:
    modules = {path.stem for path in (HERE / "plugins" / "modules").glob("*.py")}
    reading = {name for name in modules if name.endswith(("_info", "_preflight"))}
    assert set(QUERIES) == {f"edgecloud.nic.{name}" for name in modules - reading}


def test_a_job_counts_the_network_interfaces_that_its_tasks_had_to_do_with(
    sim: Simulator, tmp_path: pathlib.Path
) -> None:
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(PLAYBOOK, encoding="utf-8")
    hosts = {cloud: scope(sim, cloud) for cloud in ("ens", "zec")}
    done = job(tmp_path / "job", {"localhost": {"clouds": hosts}}, str(playbook))
    assert done.status == "successful", done.stdout.read()
    found = list(counted(done.events))
    assert {
        (action.rpartition(".")[2], one["canonical_facts"]["network_interface_id"], one["name"])
        for action, one in found
    } == {
        ("ens_private_ip", "eni-hangzhou-web-1", "web-1"),
        ("zec_private_ip", "nic-hongkong-game-1", "game-1"),
        ("zec_private_ip", "nic-hongkong-game-2", "game-2"),
        ("zec_private_ip_cleanup", "nic-frankfurt-api-2", "api-2"),
        ("zec_private_ip_cleanup", "nic-frankfurt-spare", "spare"),
    }
    assert all(one["facts"] == ONE for _action, one in found)
