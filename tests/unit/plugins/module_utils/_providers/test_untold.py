# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cloud leaves out of an answer is not taken for nothing."""

from __future__ import annotations

from ansible_collections.edgecloud.nic.tests.unit.clouds import NIC

A = "10.0.0.11"


def test_an_answer_without_the_addresses_of_ens_says_nothing_about_them(ens):
    """After a lost answer, a read that shows no addresses at all must not look like a removal."""
    ens.load([A])
    ens.sim.add_fault(kind="apply_then_reset", match={"write": True})
    ens.sim.add_fault(
        kind="missing_fields",
        fields=["PrivateIpSets"],
        times=None,
        skip=1,
        match={"action": "DescribeNetworkInterfaces"},
    )
    report = ens.unassign(A, max_retries=1, wait_timeout=0.2)
    assert report.message is not None
    assert [entry["private_ip_address"] for entry in report.result["outcomes"][0]["unknown"]] == [A]
    assert report.result["changed"] is False


def test_a_load_balancer_without_its_backends_stops_everything(cloud):
    cloud.load(
        [A],
        load_balancers=[
            {
                "load_balancer_id": "lb-1",
                "subnet_id": "subnet-1",
                "backends": [{"network_interface_id": NIC, "private_ip_address": A}],
            }
        ],
    )
    cloud.sim.add_fault(kind="missing_fields", fields=["BackendServers", "backends"], times=None)
    report = cloud.unassign(A)
    assert "the answer has no" in (report.message or "")
    assert cloud.writes() == []
