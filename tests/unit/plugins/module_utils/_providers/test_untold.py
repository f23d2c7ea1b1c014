# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cloud leaves out of an answer is not taken for nothing."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import run_task
from ansible_collections.edgecloud.nic.tests.unit.clouds import NIC, QUICK, READ, outcome

A, B = "10.0.0.11", "10.0.0.12"


def run(cloud, kind):
    """Run a module that only reads, with all that it can look up."""
    definition = cloud.definition(kind)
    given = {"endpoint": cloud.sim.url, **cloud.credentials(), **QUICK}
    given = {**given, "include_in_use": True} if kind == "private_ip_info" else given
    given.pop("wait_timeout")
    options = ArgumentSpecValidator(definition.argument_spec).validate(given).validated_parameters
    return run_task(definition.flow, definition.provider, options, given, definition.argument_spec, False)


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


@pytest.mark.parametrize("mark", [True, [None], 7])
def test_an_address_that_is_badly_marked_is_not_taken_for_removed(mark, ens):
    """After a call without effect, a read whose marks contradict PrimaryIp must not look like a removal."""
    ens.load([A, B])
    ens.sim.add_fault(kind="error", match={"write": True}, times=None)
    ens.sim.add_fault(kind="replace_fields", values={"Primary": mark}, times=None, skip=1, match={"action": READ})
    report = ens.unassign(A, max_retries=1, wait_timeout=0.2)
    assert outcome(report, "unknown") == [A]
    assert report.result["changed"] is False


def test_a_count_of_backends_that_is_none_does_not_mean_that_there_are_none(zec):
    balancer = {
        "load_balancer_id": "lb-1",
        "subnet_id": "subnet-1",
        "backends": [{"network_interface_id": NIC, "private_ip_address": A}],
    }
    zec.load([A], load_balancers=[balancer])
    zec.sim.add_fault(kind="replace_fields", values={"backendServerCount": False}, times=None)
    assert outcome(zec.unassign(), "in_use") == [A]
    assert zec.writes() == []


@pytest.mark.parametrize("garbage", [" ", "\ud800", "n 1", 7, {"a": 1}])
def test_a_place_that_can_be_none_is_not_compared(garbage, ens):
    """Where a network interface or a container is, is not told: so the container may use the address."""
    server = {
        "server_id": "cas-1",
        "region_id": "region-1",
        "instances": [{"instance_id": "aic-1", "subnet_id": "subnet-1", "private_ip_address": A}],
    }
    for action, field in ((READ, "EnsRegionId"), (READ, "NetworkId"), ("DescribeARMServerInstances", "NetworkId")):
        ens.load([A], arm_servers=[server])
        ens.sim.add_fault(kind="replace_fields", values={field: garbage}, match={"action": action})
        report = ens.unassign()
        assert ens.writes() == [], (action, field)
        assert report.message is not None or outcome(report, "in_use") == [A]


#: What was no reason to fail: values of fields that are compared, or looked into, by cloud.
OF_ANOTHER_KIND = [
    ("ens", "AllocationId", []),
    ("ens", "InstanceId", []),
    ("ens", "HaVipId", []),
    ("ens", "ServerId", []),
    ("zec", "eipId", []),
    ("zec", "associatedId", []),
    ("zec", "resourceGroup", "abc"),
]


@pytest.mark.parametrize(("cloud", "field", "value"), OF_ANOTHER_KIND, indirect=["cloud"])
def test_a_field_of_another_kind_than_it_should_be_is_no_bug(cloud, field, value):
    eip = {
        "eip_id": "eip-1",
        "region_id": "region-1",
        "public_ip_address": "203.0.113.1",
        "network_interface_id": NIC,
        **({"private_ip_address": A} if cloud.name == "zec" else {}),
    }
    ha_vip = {"ha_vip_id": "havip-1", "subnet_id": "subnet-1", "ip_address": "10.0.0.100"}
    servers = {"arm_servers": [{"server_id": "cas-1", "region_id": "region-1"}]} if cloud.name == "ens" else {}
    for kind in ("private_ip_info", "preflight"):
        cloud.load([A], eips=[eip], ha_vips=[ha_vip], **servers)
        cloud.sim.add_fault(kind="replace_fields", values={field: value}, times=None)
        assert "has a bug" not in (run(cloud, kind).message or "")


def test_halves_of_surrogate_pairs_are_in_no_result(cloud):
    cloud.load([A], nic={"security_group_ids": ["sg-1"], **({"tags": {"a": "b"}} if cloud.name == "zec" else {})})
    values = dict.fromkeys(("SecurityGroup", "securityGroupId", "key", "value", "name"), "a\ud800")
    cloud.sim.add_fault(kind="replace_fields", values={**values, "SecurityGroup": ["a\ud800"]})
    result = run(cloud, "private_ip_info").result
    assert "a?" in json.dumps(result, ensure_ascii=False).encode("utf-8").decode()


@pytest.mark.parametrize("name", ["x" * 100_000, "a\u0000\n\u001b[31mb"])
def test_whatever_a_cloud_calls_things_what_is_said_is_one_line_that_ends(name, ens):
    ens.load([A], settings={"ens_network_resources": {"vpc-1": {"Something": 1}}})
    ens.sim.add_fault(kind="replace_fields", values={"ResourceType": name}, times=None)
    report = ens.unassign()
    assert report.message is None
    (warning,) = report.warnings
    assert f"of the type {name[0]}" in warning
    assert warning.isprintable()
    assert len(warning) <= 5000
