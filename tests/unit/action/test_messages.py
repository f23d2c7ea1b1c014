# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages that only a real playbook shows: about options that ansible-core itself finds wrong."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import WAYS, play


@pytest.mark.matrix
@WAYS
def test_a_state_that_the_cloud_cannot_give_is_refused_with_the_reason(
    sim: Simulator, here: bool, tmp_path: pathlib.Path
) -> None:
    options = {"network_interface_id": "eni-hangzhou-web-1", "private_ip_addresses": ["10.10.1.99"]}
    states = {"asked": "present", "misspelt": "absnet", "wrong type": ["present"]}
    tasks = [
        {"name": name, "edgecloud.nic.ens_private_ip": {**options, "state": state}} for name, state in states.items()
    ]
    defaults = {"ens": {"endpoint": sim.url, **sim.account("ens")}}
    results = play(tmp_path, tasks, defaults, {"edgecloud_nic_in_process": here}).results
    assert all(result["failed"] for result in results.values())
    assert results["asked"]["msg"] == (
        "state: ENS cannot assign a chosen address, since its API takes none; the only state is absent"
    )
    assert results["misspelt"]["msg"] == "value of state must be one of: absent, got: absnet"
    assert "cannot assign" not in results["wrong type"]["msg"]
    assert sim.calls() == []
