# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One network interface, as a user sees it: what is returned, and at the cost of which calls."""

from __future__ import annotations

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._flows import private_ip
from ansible_collections.edgecloud.nic.tests.unit.clouds import (
    NIC,
    PRIMARY,
    READ,
    account_for,
    addresses,
    outcome,
)

A, B, C, D = addresses(4)


def once(cloud, *actions):
    return dict.fromkeys(actions, 1)


# What it costs.


def test_a_change_costs_one_read_the_look_ups_one_write_and_one_read(cloud):
    cloud.load([A, B, C])
    report = cloud.unassign(A, B)
    assert (report.message, report.result["changed"]) == (None, True)
    assert cloud.sim.counts() == {**once(cloud, *cloud.lookups, cloud.write), READ: 2}
    assert cloud.writes() == [[A, B]]
    assert cloud.secondary() == [C]


def test_without_the_look_ups_it_is_two_reads_and_a_write(cloud):
    cloud.load([A, B])
    assert cloud.unassign(A, in_use_check=False).result["changed"]
    assert cloud.sim.counts() == {READ: 2, cloud.write: 1}


def test_without_waiting_the_last_read_is_saved(cloud):
    cloud.load([A, B], settings={"removal_lag": 30})
    report = cloud.unassign(A, in_use_check=False, wait=False)
    assert (report.message, report.result["unassigned"]) == (None, [A])
    assert report.result["network_interface"]["secondary_private_ips"] == [B]
    assert cloud.sim.counts() == {READ: 1, cloud.write: 1}


@pytest.mark.parametrize("check", [True, False])
def test_where_nothing_is_to_be_done_it_is_one_read(check, cloud):
    cloud.load([B])
    for named in ([A, C], [A]):
        report = cloud.unassign(*named, check=check)
        assert (report.message, report.result["changed"]) == (None, False)
        assert outcome(report, "already_absent") == named
        assert report.result["diff"] == {"before": {}, "after": {}}
        assert report.result["network_interface"]["secondary_private_ips"] == [B]
    assert cloud.sim.counts() == {READ: 2}


def test_no_secondary_address_at_all_is_one_read(cloud):
    cloud.load([])
    assert not cloud.unassign().result["changed"]
    assert cloud.sim.counts() == {READ: 1}


def test_check_mode_only_reads(cloud):
    cloud.load([A, B])
    assert cloud.unassign(check=True).result["changed"]
    assert cloud.sim.counts() == once(cloud, READ, *cloud.lookups)
    assert cloud.secondary() == [A, B]


def test_each_attempt_is_signed_afresh(ens):
    """The simulator refuses a nonce that comes twice."""
    ens.load([A], faults=[{"kind": "error", "code": "Throttling", "status": 400, "times": 4}])
    assert ens.unassign(A).message is None


# Check mode, a run and a second run.

REQUESTS = {
    "named": {"private_ip_addresses": [A, C]},
    "some absent": {"private_ip_addresses": [A, "10.0.9.9"]},
    "all": {"all_secondary": True},
    "one kept": {"all_secondary": True, "keep": [B]},
    "a network kept": {"all_secondary": True, "keep": ["10.0.0.12/31"]},
    "all kept": {"all_secondary": True, "keep": ["0.0.0.0/0"]},
    "named and kept": {"private_ip_addresses": [A, B], "keep": [A]},
    "one in use": {"all_secondary": True, "in_use_check": True},
    "not waiting": {"private_ip_addresses": [A], "wait": False},
}


def balancer(address):
    return {"load_balancer_id": "lb-1", "subnet_id": "subnet-1", "backends": [{"private_ip_address": address}]}


def gateway(address):
    dnat = {"dnat_id": "dnat-1", "private_ip_address": address}
    return {"nat_gateway_id": "nat-1", "subnet_id": "subnet-1", "dnats": [dnat]}


@pytest.mark.parametrize("wish", REQUESTS.values(), ids=REQUESTS)
def test_check_mode_predicts_the_run_and_a_second_run_does_nothing(wish, cloud):
    cloud.load([A, B, C, D], load_balancers=[balancer(D)])
    options = {"network_interface_id": NIC, "state": "absent", **wish}
    planned = cloud.task(private_ip.run, check=True, **options)
    assert cloud.writes() == []
    run = cloud.task(private_ip.run, **options)
    assert (planned.message, run.message) == (None, None)
    for field in ("changed", "diff", "unassigned", "outcomes", "network_interface"):
        assert planned.result[field] == run.result[field], field
    assert run.result["network_interface"]["secondary_private_ips"] == cloud.secondary()
    assert len(cloud.writes()) == run.result["changed"]

    again = cloud.task(private_ip.run, **options)
    assert (again.message, again.result["changed"], again.result["unassigned"]) == (None, False, [])
    assert again.result["diff"] == {"before": {}, "after": {}}
    assert len(cloud.writes()) == run.result["changed"], "a second run writes nothing"


def test_the_result_has_every_documented_field(cloud):
    cloud.load([A, B], nic={"name": "web-1", "security_group_ids": ["sg-1"]})
    result = cloud.unassign(A).result
    assert set(result) == {"changed", "network_interface", "unassigned", "outcomes", "uncertain", "request_ids", "diff"}
    assert result["diff"] == {"before": {NIC: [A, B]}, "after": {NIC: [B]}}
    assert len(result["request_ids"]) == 1
    nic = result["network_interface"]
    assert (nic["network_interface_id"], nic["name"], nic["primary_private_ip"]) == (NIC, "web-1", PRIMARY)
    assert (nic["vpc_id"], nic["subnet_id"], nic["region_id"]) == ("vpc-1", "subnet-1", "region-1")
    assert nic["security_group_ids"] == ["sg-1"]
    assert nic["tags"] == (None if cloud.name == "ens" else {})
    assert nic["secondary_private_ips"] == [B]
    assert set(nic) == {
        *("network_interface_id", "name", "status", "type", "region_id", "vpc_id", "subnet_id", "instance_id"),
        *("mac_address", "primary_private_ip", "secondary_private_ips", "security_group_ids", "tags", "created_at"),
    }


def test_addresses_are_sorted_as_numbers_everywhere(cloud):
    cloud.load(["10.0.0.100", "10.0.0.9", "10.0.1.1"])
    report = cloud.unassign("10.0.1.1", "10.0.0.100", "10.0.0.9")
    assert report.result["unassigned"] == ["10.0.0.9", "10.0.0.100", "10.0.1.1"]
    assert report.result["diff"]["before"] == {NIC: ["10.0.0.9", "10.0.0.100", "10.0.1.1"]}


# What is never touched.


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("more", [{}, {"force": True}, {"in_use_check": False}, {"keep": ["10.0.0.0/24"]}])
def test_naming_the_primary_address_fails_before_anything_is_changed(more, check, cloud):
    cloud.load([A])
    report = cloud.unassign(A, PRIMARY, check=check, **more)
    assert report.message == (
        f"private_ip_addresses: {PRIMARY} is the primary address of {NIC}, "
        "and only secondary addresses can be named; nothing was changed"
    )
    assert cloud.sim.counts() == {READ: 1}
    assert report.result["changed"] is False


USES = {
    "load_balancer": {"load_balancers": [balancer(B)]},
    "dnat": {"nat_gateways": [gateway(B)]},
    "ha_vip": {"ha_vips": [{"ha_vip_id": "vip-1", "subnet_id": "subnet-1", "ip_address": B}]},
    "eip": {
        "eips": [
            {
                "eip_id": "eip-1",
                "public_ip_address": "203.0.113.1",
                "region_id": "region-1",
                "network_interface_id": NIC,
                "private_ip_address": B,
            }
        ]
    },
}
WORDS = {
    "load_balancer": "load balancer lb-1",
    "dnat": "DNAT entry dnat-1",
    "ha_vip": "HaVip vip-1",
    "eip": "elastic IP eip-1",
}
IDS = {"load_balancer": "lb-1", "dnat": "dnat-1", "ha_vip": "vip-1", "eip": "eip-1"}


def kinds_of(cloud):
    # ENS does not tell which address an elastic IP belongs to.
    return [kind for kind in USES if (cloud.name, kind) != ("ens", "eip")]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("kind", USES)
def test_naming_an_address_in_use_fails_before_anything_is_changed(kind, check, cloud):
    cloud.load([A, B], **USES[kind])
    report = cloud.unassign(A, B, check=check, eip_protects="address")
    if kind not in kinds_of(cloud):
        assert "ENS does not tell which of its addresses it belongs to" in report.warnings[0]
        return
    assert report.message == (
        f"private_ip_addresses: {B} is used by {WORDS[kind]}; nothing was changed (force=true lets the cloud decide)"
    )
    assert cloud.writes() == []
    assert cloud.secondary() == [A, B]


@pytest.mark.parametrize("kind", USES)
def test_all_secondary_leaves_out_what_is_in_use_and_says_why(kind, cloud):
    if kind not in kinds_of(cloud):
        pytest.skip("ENS does not tell")
    cloud.load([A, B, C], **USES[kind])
    report = cloud.unassign(eip_protects="address")
    assert (report.message, report.result["unassigned"]) == (None, [A, C])
    assert report.result["outcomes"][0]["in_use"] == [{"private_ip_address": B, "kind": kind, "id": IDS[kind]}]
    assert cloud.writes() == [[A, C]]


@pytest.mark.parametrize("kind", ["load_balancer", "eip"])
def test_with_force_the_cloud_decides(kind, zec):
    zec.load([A, B, C], **USES[kind])
    report = zec.unassign(A, B, force=True, eip_protects="address")
    assert report.warnings == [f"{NIC}: {B} is used by {WORDS[kind]}; tried all the same, since force is true"]
    assert outcome(report, "unassigned") == [A]
    assert outcome(report, "failed") == [B]
    assert report.result["changed"] is True
    assert "INVALID_NIC_" in (report.message or "")
    # A DNAT entry does not keep the cloud from it.
    zec.load([A, B], **USES["dnat"])
    assert zec.unassign(B, force=True).result["unassigned"] == [B]


def test_without_the_check_the_cloud_decides_without_a_warning(cloud):
    cloud.load([A, B], **USES["load_balancer"])
    report = cloud.unassign(in_use_check=False, max_retries=0)
    refused = cloud.refused_for_use
    assert (outcome(report, "unassigned"), outcome(report, refused), report.warnings) == ([A], [B], [])


def test_the_same_address_in_use_in_another_vpc_does_not_matter(cloud):
    other = {"subnet_id": "subnet-2", "vpc_id": "vpc-2", "region_id": "region-1", "cidr": "10.0.0.0/16"}
    subnets = [
        {"subnet_id": "subnet-1", "vpc_id": "vpc-1", "region_id": "region-1", "cidr": "10.0.0.0/16"},
        other,
    ]
    used = [{"load_balancer_id": "lb-1", "subnet_id": "subnet-2", "backends": [{"private_ip_address": A}]}]
    cloud.load([A], subnets=subnets, load_balancers=used)
    assert cloud.unassign(A).result["unassigned"] == [A]


@pytest.mark.parametrize("failing", range(7))
def test_a_look_up_that_fails_stops_the_task_before_any_change(failing, cloud):
    if failing >= len(cloud.lookups):
        pytest.skip("fewer look-ups")
    action = cloud.lookups[failing]
    cloud.load([A], faults=[{"kind": "html", "match": {"action": action}, "times": None}])
    report = cloud.unassign(A, max_retries=1)
    assert action in (report.message or "")
    assert cloud.writes() == []
    assert cloud.sim.counts()[action] == 2


def test_kept_addresses_stay_and_say_so(cloud):
    cloud.load([A, B, C])
    report = cloud.unassign(keep=[A, "10.0.0.12/32"])
    assert report.result["unassigned"] == [C]
    assert report.result["outcomes"][0]["kept"] == [
        {"private_ip_address": A, "reason": "keep"},
        {"private_ip_address": B, "reason": "keep"},
    ]


# What cannot be meant.


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"private_ip_addresses": []}, "private_ip_addresses: the list is empty"),
        ({"private_ip_addresses": None}, "private_ip_addresses: is null"),
        ({"private_ip_addresses": None, "all_secondary": True}, "private_ip_addresses: is null"),
        ({"all_secondary": True, "keep": None}, "keep: is null"),
        ({"private_ip_addresses": [""]}, "private_ip_addresses: an empty value"),
        ({"private_ip_addresses": ["10.0.0.0/24"]}, "is a network"),
        ({"private_ip_addresses": [A, A]}, f"named more than once: {A}"),
        ({"private_ip_addresses": [A, "10.0.0.011"]}, "'10.0.0.011' is not an IPv4 address"),
        ({"private_ip_addresses": [A], "all_secondary": True}, "cannot be combined with all_secondary"),
        ({}, "private_ip_addresses: name the addresses"),
        ({"all_secondary": True, "keep": ["10.0.0.1/8"]}, "keep: '10.0.0.1/8' has host bits set"),
        ({"all_secondary": True, "keep": [""]}, "keep: an empty value"),
        ({"all_secondary": True, "network_interface_id": ""}, "network_interface_id: is empty"),
        ({"all_secondary": True, "network_interface_id": "a b"}, "network_interface_id: has a blank"),
        ({"all_secondary": True, "network_interface_id": "a\n"}, "network_interface_id: has a blank"),
        ({"all_secondary": True, "wait_timeout": -1.0}, "wait_timeout: must be"),
        ({"all_secondary": True, "wait_timeout": float("nan")}, "wait_timeout: must be"),
        ({"all_secondary": True, "timeout": 0.0}, "timeout: must be"),
        ({"all_secondary": True, "timeout": float("inf")}, "timeout: must be"),
        ({"all_secondary": True, "connect_timeout": -1.0}, "connect_timeout: must be"),
        ({"all_secondary": True, "max_retries": -1}, "max_retries: must be"),
        ({"all_secondary": True, "max_retries": 101}, "max_retries: must be"),
        ({"all_secondary": True, "retry_max_delay": float("nan")}, "retry_max_delay: must be"),
        ({"all_secondary": True, "endpoint": "http://example.com"}, "endpoint: plain http://"),
        ({"all_secondary": True, "proxy": "::"}, "proxy: is not"),
        ({"all_secondary": True, "ca_path": "/does/not/exist"}, "ca_path: "),
        ({"all_secondary": True, "access_key_id": None}, "access_key_id: is missing"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_what_cannot_be_meant_is_refused_before_any_call(given, why, check, cloud):
    cloud.load([A, B])
    report = cloud.task(private_ip.run, check, **{"network_interface_id": NIC, "state": "absent", **given})
    assert why in (report.message or ""), report.message
    assert report.result == {"changed": False}
    assert cloud.sim.calls() == []


def test_a_network_interface_that_does_not_exist_is_an_error_or_success_as_the_user_chose(cloud):
    cloud.load([A])
    report = cloud.unassign(A, network_interface_id="nowhere")
    assert report.message == (
        f"network_interface_id: there is no network interface nowhere at {cloud.sim.host_port}; "
        "with missing_ok=true that is no error"
    )
    for named in ([A, B], []):
        for check in (True, False):
            report = cloud.unassign(*named, network_interface_id="nowhere", missing_ok=True, check=check)
            assert report.message is None
            assert (report.result["changed"], report.result["network_interface"]) == (False, None)
            assert outcome(report, "already_absent") == named
            assert report.result["diff"] == {"before": {}, "after": {}}
    assert cloud.writes() == []


def test_an_error_for_an_unknown_id_is_understood_too(ens):
    ens.load([A], settings={"ens_unknown_network_interface": "error"})
    assert "there is no network interface" in (ens.unassign(A, network_interface_id="eni-nowhere").message or "")
    assert ens.unassign(A, network_interface_id="eni-nowhere", missing_ok=True).message is None


@pytest.mark.parametrize("code", ["InvalidAccessKeyId.NotFound", "InvalidProduct.NotFound", "InvalidApi.NotFound"])
def test_another_not_found_is_not_taken_for_a_missing_network_interface(code, ens):
    ens.load([A], faults=[{"kind": "error", "status": 404, "code": code, "times": None}])
    report = ens.unassign(A, missing_ok=True)
    assert code in (report.message or "")
    assert ens.reads() == 1


def test_a_404_without_a_known_code_is_not_taken_for_a_missing_network_interface(cloud):
    cloud.load([A], faults=[{"kind": "html", "status": 404, "times": None}])
    report = cloud.unassign(A, missing_ok=True, max_retries=1)
    assert "HTTP 404" in (report.message or "")


# Credentials.


def test_a_wrong_secret_is_refused_once(cloud):
    cloud.load([A])
    report = cloud.unassign(A, access_key_secret="wrong")
    assert cloud.sim.counts() == {READ: 1}
    code = "SignatureDoesNotMatch" if cloud.name == "ens" else "AUTHFAILURE_SIGNATURE_FAILURE"
    assert code in (report.message or "")
    assert "wrong" in report.secrets


def test_a_missing_permission_to_write_stops_at_once(cloud):
    cloud.load([A, B, C, D])
    report = cloud.unassign(**cloud.credentials(1))
    assert len(cloud.writes()) == 1
    assert cloud.reads() == 2, "the second one confirms the refusal"
    assert sorted(account_for(report)) == [A, B, C, D]
    assert outcome(report, "failed") == [A, B, C, D]
    assert report.result["changed"] is False
    assert (cloud.denied) in (report.message or "")


def test_a_clock_that_is_wrong_is_told(cloud):
    cloud.load([A], settings={"clock_offset": 3600})
    message = cloud.unassign(A).message or ""
    assert ("InvalidTimeStamp.Expired" if cloud.name == "ens" else "AUTHFAILURE_SIGNATURE_EXPIRED") in message
    assert cloud.sim.counts() == {READ: 1}


def test_an_sts_token_and_a_bearer_token_work(ens, zec):
    ens.load([A])
    assert ens.unassign(A, **ens.credentials(2)).result["unassigned"] == [A]
    zec.load([A])
    token = {"access_key_id": None, "access_key_secret": None, **zec.credentials(2)}
    assert zec.unassign(A, **token).result["unassigned"] == [A]


def test_an_expired_token_is_refused_once(ens, zec):
    ens.load([A])
    assert "InvalidSecurityToken.Expired" in (ens.unassign(A, **ens.credentials(3)).message or "")
    assert ens.sim.counts() == {READ: 1}
    zec.load([A])
    token = {"access_key_id": None, "access_key_secret": None, **zec.credentials(3)}
    assert "AUTHFAILURE_INVALID_AUTHORIZATION" in (zec.unassign(A, **token).message or "")
    assert zec.sim.counts() == {READ: 1}


@pytest.mark.parametrize("write", [True, False])
def test_a_secret_that_the_cloud_repeats_is_hidden(write, cloud):
    """In the message already; and the module hides what the report names as secrets wherever else it may be."""
    secret = cloud.credentials()["access_key_secret"]
    fault = {"kind": "error", "status": 400, "code": "X", "message": f"bad {secret}", "match": {"write": write}}
    cloud.load([A], faults=[{**fault, "times": None}])
    report = cloud.unassign(A)
    assert report.message and "X: bad ***" in report.message
    assert secret not in report.message + repr(report.result)
    assert secret in report.secrets


@pytest.mark.parametrize("kind", ["reset", "html", "empty", "truncate", "bad_json", "redirect"])
def test_no_secret_is_in_a_message_about_the_transport(kind, cloud):
    cloud.load([A], faults=[{"kind": kind, "times": None}])
    report = cloud.unassign(A, max_retries=0)
    assert report.message
    for secret in report.secrets:
        assert secret not in report.message + repr(report.result)
    assert "?" not in report.message
    assert cloud.sim.sink_requests() == []


# A chosen address (ZEC only).


def present(cloud, *named, check=False, **given):
    return cloud.task(
        private_ip.run,
        check,
        **{"network_interface_id": NIC, "state": "present", "private_ip_addresses": list(named), **given},
    )


def test_present_assigns_what_is_missing_and_a_second_run_nothing(zec):
    zec.load([A])
    planned = present(zec, A, B, C, check=True)
    assert zec.writes() == []
    report = present(zec, A, B, C)
    assert (report.message, report.result["assigned"]) == (None, [B, C])
    assert outcome(report, "already_present") == [A]
    assert report.result["diff"] == {"before": {NIC: [A]}, "after": {NIC: [A, B, C]}}
    for field in ("changed", "diff", "assigned", "outcomes", "network_interface"):
        assert planned.result[field] == report.result[field], field
    assert zec.sim.counts() == {READ: 3, "BatchAssignNetworkInterfaceIpv4": 1}
    assert zec.secondary() == [A, B, C]
    again = present(zec, A, B, C)
    assert (again.result["changed"], again.result["assigned"], len(zec.writes())) == (False, [], 1)


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("10.1.0.1", "INVALID_IP_OUT_OF_RANGE"),
        ("10.0.0.0", "INVALID_IP_NETWORK_ADDRESS"),
        ("10.0.0.1", "INVALID_IP_FIRST_ADDRESS"),
        ("10.0.255.255", "INVALID_IP_BROADCAST_ADDRESS"),
    ],
)
def test_present_isolates_an_address_that_the_cloud_refuses(address, code, zec):
    zec.load([A])
    report = present(zec, B, address, C)
    assert outcome(report, "failed") == [address]
    assert report.result["outcomes"][0]["failed"][0]["code"] == code
    assert (report.result["changed"], report.result["assigned"]) == (True, [B, C])
    assert sorted(zec.secondary()) == [A, B, C]


def test_present_of_the_primary_address_is_refused(zec):
    zec.load([A])
    assert "is the primary address" in (present(zec, PRIMARY).message or "")
    assert zec.writes() == []


def test_present_needs_addresses_and_a_network_interface(zec):
    zec.load([A])
    report = zec.task(private_ip.run, network_interface_id=NIC, state="present", all_secondary=True)
    assert "cannot be combined with state=present" in (report.message or "")
    report = present(zec, A, network_interface_id="nic-nowhere", missing_ok=True)
    assert report.message == f"network_interface_id: there is no network interface nic-nowhere at {zec.sim.host_port}"
    assert zec.writes() == []


@pytest.mark.parametrize("kind", ["apply_then_reset", "apply_then_error"])
def test_present_whose_answer_is_lost_is_sent_once(kind, zec):
    zec.load([], faults=[{"kind": kind, "match": {"write": True}}])
    report = present(zec, A, B)
    assert (report.message, report.result["assigned"], len(zec.writes())) == (None, [A, B], 1)


def test_present_waits_until_a_read_shows_it(zec):
    zec.load([], settings={"assign_lag": 0.3})
    report = present(zec, A)
    assert (report.message, report.result["assigned"]) == (None, [A])
    assert report.result["network_interface"]["secondary_private_ips"] == [A]
    zec.load([], settings={"assign_lag": 60})
    report = present(zec, A, wait_timeout=0.2)
    assert (outcome(report, "unknown"), report.result["changed"]) == ([A], True)


def test_ens_has_no_present(ens):
    spec = ens.spec["state"]
    assert spec["choices"] == ["absent"]
