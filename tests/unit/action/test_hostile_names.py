# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whoever may name a network interface must not run anything on the machine that cleans it up."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import WAYS, defaults, play, run, scope
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS

# What is data and what is a template is ansible-core's to say, and each release has its own way.
pytestmark = pytest.mark.matrix

CLEANUP = "edgecloud.nic.cleanup"
SUBNETS = {"ens": ("vpc-1", "cn-hangzhou-44"), "zec": ("vpc-1", "asia-east-1")}


def hostile(directory: pathlib.Path) -> str:
    """Give a name that leaves a file behind wherever it is taken for a template."""
    return "{{ lookup('ansible.builtin.pipe', 'touch " + str(directory / "ran") + "') }}"


@pytest.fixture
def named(sim: Simulator, tmp_path: pathlib.Path) -> Simulator:
    """The clouds with one network interface each, of that name."""
    estate: dict[str, Any] = {}
    for cloud in CLOUDS:
        vpc, region = SUBNETS[cloud]
        estate[cloud] = {
            "subnets": [{"subnet_id": "subnet-1", "vpc_id": vpc, "region_id": region, "cidr": "10.9.0.0/24"}],
            "network_interfaces": [
                {
                    "network_interface_id": f"{cloud}-nic-1",
                    "name": hostile(tmp_path),
                    "subnet_id": "subnet-1",
                    "primary_private_ip": "10.9.0.10",
                    "secondary_private_ips": ["10.9.0.11", "10.9.0.12"],
                }
            ],
        }
    sim.load(estate)
    return sim


@WAYS
@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_name_is_data_in_every_task_that_shows_it(
    named: Simulator, cloud: str, here: bool, tmp_path: pathlib.Path
) -> None:
    info = f"edgecloud.nic.{cloud}_private_ip_info"
    cleanup = {"all_network_interfaces": True, "max_unassign": 10}
    spared = {**cleanup, "keep_network_interfaces": [f"{cloud}-nic-1"]}
    tasks = [
        {"name": "info", info: {}},
        {"name": "shown", "ansible.builtin.debug": {"msg": "{{ result_0.network_interfaces }}"}},
        {"name": "cleanup", f"edgecloud.nic.{cloud}_private_ip_cleanup": cleanup},
        {"name": "spared", f"edgecloud.nic.{cloud}_private_ip_cleanup": spared},
        {
            "name": "again",
            "ansible.builtin.debug": {"msg": "{{ result_2.network_interfaces | map(attribute='name') }}"},
        },
    ]
    variables = {"edgecloud_nic_in_process": here, "edgecloud_nic_in_process_cleanup": here}
    results = play(tmp_path, tasks, defaults(named), variables).results
    assert results["info"]["network_interfaces"][0]["name"] == hostile(tmp_path)
    assert results["shown"]["msg"][0]["name"] == hostile(tmp_path)
    assert results["cleanup"]["network_interfaces"][0]["name"] == hostile(tmp_path)
    assert results["again"]["msg"] == [hostile(tmp_path)]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_name_is_data_in_plan_report_and_overview(named: Simulator, cloud: str, tmp_path: pathlib.Path) -> None:
    hosts = {"scope": {**scope(named, cloud), "private_ip_cleanup_all_network_interfaces": True}}
    hosts["scope"].update(private_ip_cleanup_mode="apply", private_ip_cleanup_set_stats=True)
    done = run(tmp_path, hosts, "--diff", "-vvv", playbook=CLEANUP)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert named.addresses(f"{cloud}-nic-1") == ("10.9.0.10", [])
    # As JSON and as CSV have it.
    report = tmp_path / "cleanup" / "scope"
    assert hostile(tmp_path) in (report / "report.json").read_text(encoding="utf-8")
    assert hostile(tmp_path) in (report / "report.csv").read_text(encoding="utf-8")
    assert not (tmp_path / "ran").exists()
