# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One network interface in bad weather: lost answers, refusals, lag, throttling, and a world that changes meanwhile."""

from __future__ import annotations

import math
import time
import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._flows import private_ip
from ansible_collections.edgecloud.nic.tests.unit.clouds import (
    CLOUDS,
    NIC,
    PRIMARY,
    READ,
    account_for,
    addresses,
    outcome,
)
from hypothesis import given, settings
from hypothesis import strategies as st

A, B, C, D = addresses(4)
WRITE = {"write": True}


def refuse(cloud, *refused, code=None, status=None):
    """Make rules by which the cloud refuses these addresses, or everything where none is named."""
    default_code, default_status = cloud.refusal
    rule = {"network_interface_id": NIC, "code": code or default_code, "status": status or default_status}
    return {"refuse": [{**rule, "private_ip_address": address} for address in refused] or [rule]}


def error(pair, **more):
    return {"kind": "error", "code": pair[0], "status": pair[1], "match": WRITE, **more}


# An answer that is lost. Promise 4: no blind repeat of a write.

APPLIED: dict[str, dict[str, t.Any]] = {
    "reset": {"kind": "apply_then_reset"},
    "server error": {"kind": "apply_then_error", "status": 500},
    "server error without a known code": {"kind": "apply_then_error", "status": 503, "code": "NEVER_HEARD_OF"},
    "time-out": {"kind": "hang", "seconds": 0.6, "apply": True},
    "web page": {"kind": "html", "apply": True},
    "web page with 200": {"kind": "html", "apply": True, "status": 200},
    "empty": {"kind": "empty", "apply": True},
    "redirect": {"kind": "redirect", "apply": True},
    "truncated": {"kind": "truncate"},
    "bad JSON": {"kind": "bad_json"},
    "dripping": {"kind": "drip", "seconds": 0.1},
}


@pytest.mark.parametrize("fault", APPLIED.values(), ids=APPLIED)
def test_a_write_whose_answer_is_lost_is_read_again_and_not_repeated(fault, cloud):
    cloud.load([A, B, C], faults=[{**fault, "match": WRITE}])
    report = cloud.unassign(A, B, timeout=0.3)
    assert (report.message, report.result["changed"]) == (None, True)
    assert report.result["unassigned"] == [A, B]
    assert report.result["diff"]["after"] == {NIC: [C]}
    assert cloud.writes() == [[A, B]]
    assert cloud.sim.sink_requests() == []


@pytest.mark.parametrize("code", ["ens.interface.error", "SignatureNonceUsed", "InternalFailure", "ServiceUnavailable"])
def test_a_code_of_ens_that_tells_nothing_is_read_again(code, ens):
    ens.load([A, B], faults=[{"kind": "error", "apply": True, "status": 400, "code": code, "match": WRITE}])
    assert ens.unassign(A).result["unassigned"] == [A]
    assert ens.writes() == [[A]]
    ens.load([A, B], faults=[{"kind": "error", "status": 400, "code": code, "match": WRITE}])
    assert ens.unassign(A).result["unassigned"] == [A]
    assert ens.writes() == [[A], [A]]


NOT_APPLIED: dict[str, dict[str, t.Any]] = {
    name: {**fault, "kind": fault["kind"].replace("apply_then_", ""), "apply": False}
    for name, fault in APPLIED.items()
    if fault["kind"] not in ("truncate", "bad_json", "drip")
}


@pytest.mark.parametrize("fault", NOT_APPLIED.values(), ids=NOT_APPLIED)
def test_a_write_that_had_no_effect_is_sent_again_after_a_read(fault, cloud):
    cloud.load([A, B, C], faults=[{**fault, "match": WRITE}])
    report = cloud.unassign(A, B, timeout=0.3)
    assert (report.message, report.result["unassigned"]) == (None, [A, B])
    assert [call["action"] for call in cloud.sim.calls() if call["action"] in (READ, cloud.write)] == [
        READ,
        cloud.write,
        READ,
        cloud.write,
        READ,
    ]


def test_only_what_is_still_there_is_sent_again(cloud):
    """Half of the list is gone when the network interface is read again."""
    gone = {"kind": "remove_private_ip", "network_interface_id": NIC, "private_ip_address": B}
    event = {"after_action": cloud.write, "change": gone}
    cloud.load([A, B, C], faults=[{"kind": "reset", "match": WRITE}], events=[event])
    report = cloud.unassign()
    assert report.result["unassigned"] == [A, B, C]
    assert cloud.writes() == [[A, B, C], [A, C]]


@pytest.mark.parametrize("retries", [0, 2])
def test_doubt_that_does_not_end_is_given_up_and_told(retries, cloud):
    cloud.load([A, B], faults=[error(cloud.broken, times=None)])
    report = cloud.unassign(A, max_retries=retries, wait_timeout=0.2)
    assert outcome(report, "unknown") == [A], "the last call may still act"
    assert report.result["changed"] is False
    assert report.result["diff"] == {"before": {}, "after": {}}
    assert len(cloud.writes()) == retries + 1
    assert cloud.secondary() == [A, B]
    doubt = report.result["outcomes"][0]["unknown"][0]
    assert (doubt["code"], doubt["accepted"]) == (cloud.broken[0], False)
    assert doubt["request_id"] in report.result["request_ids"]


@pytest.mark.parametrize("kind", ["reset", "html", "empty"])
def test_silence_that_does_not_end_is_unknown(kind, cloud):
    """The last call may still be on its way to the back end."""
    cloud.load([A, B], faults=[{"kind": kind, "match": WRITE, "times": None}])
    report = cloud.unassign(A, max_retries=1, wait_timeout=0.2)
    assert (outcome(report, "unknown"), report.result["changed"]) == ([A], False)
    assert len(cloud.writes()) == 2
    assert "unknown" in (report.message or "")


def test_nothing_is_sent_again_when_the_read_in_between_fails(cloud):
    reads_fail = {"kind": "html", "match": {"action": READ}, "skip": 1, "times": None}
    cloud.load([A, B], faults=[reads_fail, {"kind": "reset", "match": WRITE}])
    report = cloud.unassign(A, max_retries=1, wait_timeout=0.2)
    assert cloud.writes() == [[A]]
    assert outcome(report, "unknown") == [A]


def test_an_effect_that_shows_late_after_a_lost_answer_counts(cloud):
    cloud.load([A, B], settings={"removal_lag": 0.3}, faults=[{"kind": "apply_then_reset", "match": WRITE}])
    report = cloud.unassign(A, max_retries=0)
    assert (report.message, report.result["unassigned"]) == (None, [A])
    assert cloud.writes() == [[A]]


# Refusals. Promise 5: one refused address does not hold back the others.


def bound(count):
    return 2 * (math.ceil(math.log2(count)) + 1)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 7, 8, 16, 31, 64])
@pytest.mark.parametrize("place", ["first", "middle", "last"])
@pytest.mark.parametrize("mixed_list", ["atomic", "partial"])
def test_one_refused_address_is_isolated_in_a_logarithmic_number_of_writes(count, place, mixed_list, cloud):
    all_of_them = addresses(count)
    refused = all_of_them[{"first": 0, "middle": count // 2, "last": -1}[place]]
    cloud.load(all_of_them, settings={"mixed_list": mixed_list, **refuse(cloud, refused)})
    report = cloud.unassign(in_use_check=False)
    assert outcome(report, "failed") == [refused]
    assert report.result["unassigned"] == [address for address in all_of_them if address != refused]
    assert report.result["changed"] is True
    assert cloud.secondary() == [refused]
    assert len(cloud.writes()) <= bound(count)
    failure = report.result["outcomes"][0]["failed"][0]
    assert failure["code"] == cloud.refusal[0]
    assert failure["request_id"] in report.result["request_ids"]
    assert f"{refused} on {NIC}: {cloud.refusal[0]}" in (report.message or "")


@pytest.mark.parametrize("code", ["InvalidPrivateIpAddress.NotFound", "InvalidEniId.NotFound"])
def test_a_code_that_claims_absence_is_not_believed(code, ens):
    """ECS says so even of the primary address; here it says so of one that the network interface has."""
    all_of_them = addresses(16)
    ens.load(all_of_them, settings=refuse(ens, all_of_them[5], code=code))
    report = ens.unassign(wait_timeout=0.3)
    assert outcome(report, "unknown") == [all_of_them[5]], "the answer and the reads contradict each other"
    assert outcome(report, "already_absent") == []
    assert ens.secondary() == [all_of_them[5]]
    assert len(ens.writes()) <= bound(16)


@pytest.mark.parametrize("mixed_list", ["atomic", "partial"])
@given(count=st.integers(2, 40), data=st.data())
@settings(max_examples=12)
def test_several_refused_addresses_are_isolated(mixed_list, cloud, count, data):
    all_of_them = addresses(count)
    refused = sorted(
        data.draw(st.sets(st.sampled_from(all_of_them), min_size=1, max_size=min(4, count - 1))), key=all_of_them.index
    )
    cloud.load(all_of_them, settings={"mixed_list": mixed_list, **refuse(cloud, *refused)})
    report = cloud.unassign(in_use_check=False)
    assert sorted(account_for(report)) == sorted(all_of_them)
    assert len(cloud.writes()) <= len(refused) * bound(count) + 2 * bound(count)
    if cloud.secondary() == refused:
        assert outcome(report, "failed") == refused
    assert set(outcome(report, "unassigned")) == set(all_of_them) - set(cloud.secondary())
    if 2 * len(refused) <= count:
        assert cloud.secondary() == refused, "where most addresses can go, all of them go"


WHOLE = {
    "a plain refusal": {},
    "a refusal that may pass": {"ens": "IncorrectPrivateIpAddressStatus", "zec": "INVALID_NIC_STATUS"},
    "a claim that it is gone": {"ens": "InvalidEniId.NotFound", "zec": "INVALID_NIC_NOT_FOUND"},
    "a claim about one address": {
        "ens": "InvalidPrivateIpAddress.NotFound",
        "zec": "INVALID_NIC_PRIMARY_IP_CANT_DETACH",
    },
    "a code nobody knows": {"ens": "Never.Heard", "zec": "NEVER_HEARD"},
}


@pytest.mark.parametrize("codes", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("count", [16, 64, 256])
def test_a_refusal_for_the_whole_network_interface_is_recognised_whatever_its_code(codes, count, cloud):
    all_of_them = addresses(count)
    cloud.load(all_of_them, settings=refuse(cloud, code=codes.get(cloud.name)))
    report = cloud.unassign(in_use_check=False, max_retries=2, wait_timeout=0.2)
    assert sorted(account_for(report)) == sorted(all_of_them)
    # Where the cloud says that they are gone, and reads show them, nothing is settled.
    gone = (codes.get(cloud.name) or "").upper().endswith("NOT_FOUND") or "NotFound" in (codes.get(cloud.name) or "")
    assert outcome(report, "unknown" if gone else "failed") == all_of_them
    assert report.result["changed"] is False
    assert len(cloud.writes()) <= 4 * math.ceil(math.log2(count)) + 4 + 2
    assert cloud.secondary() == all_of_them


@pytest.mark.parametrize("count", [4, 8])
def test_a_refusal_that_holds_for_a_short_list_is_not_split_again_with_each_retry(count, ens):
    ens.load(addresses(count), settings=refuse(ens, code="IncorrectPrivateIpAddressStatus"))
    report = ens.unassign(max_retries=4)
    assert outcome(report, "failed") == addresses(count)
    assert len(ens.writes()) <= 2 * count - 1 + 4


def test_an_opaque_error_for_the_whole_network_interface_is_given_up_in_time(ens):
    all_of_them = addresses(64)
    ens.load(all_of_them, settings=refuse(ens, code="ens.interface.error"))
    report = ens.unassign(max_retries=2, wait_timeout=0.2)
    assert outcome(report, "unknown") == all_of_them
    assert len(ens.writes()) <= 4 * 6 + 4 + 2


def test_an_opaque_error_about_one_address_does_not_hold_back_the_others(ens):
    all_of_them = addresses(16)
    ens.load(all_of_them, settings=refuse(ens, all_of_them[3], code="ens.interface.error"))
    report = ens.unassign(max_retries=1, wait_timeout=0.2)
    assert ens.secondary() == [all_of_them[3]]
    assert outcome(report, "unknown") == [all_of_them[3]]


def test_a_list_that_is_too_long_for_the_cloud_is_cut(ens):
    all_of_them = addresses(40)
    ens.load(all_of_them, settings={"ens_max_unassign_addresses": 10})
    report = ens.unassign()
    assert (report.message, ens.secondary()) == (None, [])
    assert report.result["unassigned"] == all_of_them


def test_a_refusal_that_passes_is_tried_again(ens):
    ens.load([A, B], faults=[error(("IncorrectPrivateIpAddressStatus", 400), times=4)])
    report = ens.unassign(A, B)
    assert (report.message, report.result["unassigned"]) == (None, [A, B])


@pytest.mark.parametrize(("status", "tries"), [("ATTACHING", 3), ("DELETING", 1)])
def test_a_status_of_zec_is_waited_for_only_where_it_passes_by_itself(status, tries, zec):
    zec.load([A], nic={"status": status})
    report = zec.unassign(A, max_retries=2)
    assert outcome(report, "failed") == [A]
    assert len(zec.writes()) == tries


def test_a_transitional_status_that_passes_is_waited_for(zec):
    ready = {"kind": "set_network_interface", "network_interface_id": NIC, "values": {"status": "USED"}}
    zec.load([A], nic={"status": "ATTACHING"}, events=[{"after_action": READ, "count": 2, "change": ready}])
    report = zec.unassign(A)
    assert (report.message, report.result["unassigned"]) == (None, [A])


# A world that changes between the read and the write.


def between(kind, **change):
    return [{"after_action": READ, "change": {"kind": kind, "network_interface_id": NIC, **change}}]


@pytest.mark.parametrize("primary_code", ["IncorrectPrivateIpAddressStatus", "InvalidPrivateIpAddress.NotFound"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_address_that_becomes_primary_is_kept_and_the_others_go(primary_code, place, cloud):
    turned = [A, B, C][place]
    cloud.load(
        [A, B, C],
        settings={"ens_primary_code": primary_code},
        events=between("make_primary", private_ip_address=turned),
    )
    report = cloud.unassign(in_use_check=False)
    assert report.message is None
    assert report.result["outcomes"][0]["kept"] == [{"private_ip_address": turned, "reason": "primary"}]
    assert report.result["unassigned"] == [address for address in (A, B, C) if address != turned]
    assert cloud.sim.addresses(NIC) == (turned, [PRIMARY])
    assert [turned in write for write in cloud.writes()] == [True] + [False] * (len(cloud.writes()) - 1)
    assert report.result["network_interface"]["primary_private_ip"] == turned


@pytest.mark.parametrize("kind", ["make_primary", "remove_private_ip"])
def test_what_any_read_shows_as_changed_is_not_sent_after_it(kind, cloud):
    """The read after the doubtful second call is about another part of the list, but it shows all addresses."""
    change = {"kind": kind, "network_interface_id": NIC, "private_ip_address": D}
    doubt = error(cloud.broken, skip=1)
    doubt["match"] = {"write": True, "private_ip_address": B}
    cloud.load(
        [A, B, C, D],
        settings=refuse(cloud, A),
        faults=[doubt],
        events=[{"after_action": READ, "count": 2, "change": change}],
    )
    report = cloud.unassign(in_use_check=False, wait_timeout=0.5)
    assert sorted(account_for(report)) == [A, B, C, D]
    assert A in outcome(report, "failed") + outcome(report, "unknown"), "unknown where it was in the doubtful call"
    third_read = cloud.sim.calls(action=READ)[2]["seq"]
    assert not [
        call for call in cloud.sim.calls(write=True) if call["seq"] > third_read and D in call["private_ip_addresses"]
    ]


@pytest.mark.parametrize("absent", ["refuse", "ignore"])
def test_an_address_that_somebody_else_removes_meanwhile_is_accounted_for(absent, cloud):
    cloud.load(
        [A, B, C],
        settings={"zec_absent_address": absent},
        events=between("remove_private_ip", private_ip_address=B),
    )
    report = cloud.unassign(in_use_check=False)
    assert report.message is None
    assert cloud.secondary() == []
    # No page says whether a cloud carries out a part of what it refuses, so B may have gone by our refused list.
    assert outcome(report, "unassigned") == [A, B, C]


def test_a_single_address_that_somebody_else_removes_meanwhile_is_no_change(cloud):
    cloud.load([A, B], events=between("remove_private_ip", private_ip_address=B))
    report = cloud.unassign(B, in_use_check=False)
    assert (report.message, report.result["changed"]) == (None, False)
    assert outcome(report, "already_absent") == [B]


def test_a_network_interface_that_is_deleted_meanwhile_leaves_nothing_to_do(cloud):
    cloud.load([A, B], events=between("delete_network_interface"))
    report = cloud.unassign(in_use_check=False)
    assert (report.message, report.result["changed"]) == (None, False)
    assert outcome(report, "already_absent") == [A, B]
    assert report.result["network_interface"] is None
    assert len(cloud.writes()) == 1


def test_an_elastic_ip_that_is_bound_meanwhile_is_a_use_of_its_address(zec):
    zec.load([A, B, C], events=between("attach_eip", private_ip_address=B))
    report = zec.unassign(in_use_check=False)
    assert (report.message, outcome(report, "unassigned")) == (None, [A, C])
    assert report.result["outcomes"][0]["in_use"] == [{"private_ip_address": B, "kind": "eip", "id": None}]


def test_with_force_a_use_that_the_cloud_tells_of_is_a_failure(zec):
    zec.load([A, B, C], events=between("attach_eip", private_ip_address=B))
    report = zec.unassign(in_use_check=False, force=True)
    assert (outcome(report, "unassigned"), outcome(report, "failed")) == ([A, C], [B])


def test_naming_an_address_that_the_cloud_finds_in_use_fails_with_the_account(zec):
    zec.load([A, B, C], events=between("attach_eip", private_ip_address=B))
    report = zec.unassign(A, B, in_use_check=False)
    assert B in (report.message or "")
    assert (outcome(report, "unassigned"), outcome(report, "in_use")) == ([A], [B])
    assert report.result["changed"] is True


def test_an_address_that_is_added_meanwhile_is_left_alone(cloud):
    cloud.load([A, B], events=between("add_private_ip", private_ip_address=C))
    report = cloud.unassign(in_use_check=False)
    assert report.result["unassigned"] == [A, B]
    assert cloud.secondary() == [C]
    assert report.result["network_interface"]["secondary_private_ips"] == [C]


# Time.


def test_a_removal_that_shows_late_is_waited_for(cloud):
    cloud.load([A, B], settings={"removal_lag": 0.4})
    start = time.monotonic()
    report = cloud.unassign(A)
    assert time.monotonic() - start < 2
    assert (report.message, report.result["unassigned"]) == (None, [A])
    assert report.result["network_interface"]["secondary_private_ips"] == [B]
    assert len(cloud.writes()) == 1


def test_a_removal_that_does_not_show_in_time_is_unknown_and_a_change(cloud):
    cloud.load([A, B], settings={"removal_lag": 60})
    start = time.monotonic()
    report = cloud.unassign(A, wait_timeout=0.4)
    assert 0.4 <= time.monotonic() - start < 2
    assert (outcome(report, "unknown"), report.result["changed"]) == ([A], True)
    assert report.result["outcomes"][0]["unknown"][0]["accepted"] is True
    assert report.result["diff"]["after"] == {NIC: [B]}
    assert "accepted by the cloud" in (report.message or "")
    assert report.result["network_interface"]["secondary_private_ips"] == [A, B]


def test_a_wait_time_of_zero_is_one_read(cloud):
    cloud.load([A], settings={"removal_lag": 60})
    assert outcome(cloud.unassign(A, in_use_check=False, wait_timeout=0.0), "unknown") == [A]
    assert cloud.reads() == 2


def test_a_read_that_fails_for_good_while_waiting_leaves_it_unknown(cloud):
    cloud.load([A], faults=[{"kind": "html", "match": {"action": READ}, "skip": 1, "times": None}])
    report = cloud.unassign(A, max_retries=1, wait_timeout=0.5)
    assert outcome(report, "unknown") == [A]
    assert "accepted by the cloud, but it could not be read again" in (report.message or "")


# Throttling.


def test_a_throttled_write_is_sent_again_without_a_read(cloud):
    cloud.load([A, B], faults=[error(cloud.throttling, times=2)])
    report = cloud.unassign(A, in_use_check=False)
    assert (report.message, report.result["unassigned"]) == (None, [A])
    assert cloud.writes() == [[A]] * 3
    assert cloud.reads() == 2


def test_throttling_that_does_not_end_is_told(cloud):
    cloud.load([A, B, C, D], faults=[error(cloud.throttling, times=None)])
    report = cloud.unassign(max_retries=1)
    assert outcome(report, "failed") == [A, B, C, D]
    assert cloud.throttling[0] in (report.message or "")
    assert cloud.writes() == [[A, B, C, D]] * 2, "a smaller list would be throttled as well"


def test_a_bucket_with_few_tokens_is_got_along_with(cloud):
    all_of_them = addresses(8)
    rates = {group: {"rate": 20, "burst": 2} for group in ("read", "write")}
    cloud.load(all_of_them, settings={"throttle": rates, **refuse(cloud, all_of_them[2])})
    report = cloud.unassign(retry_max_delay=0.3, max_retries=10)
    assert outcome(report, "failed") == [all_of_them[2]]
    assert cloud.secondary() == [all_of_them[2]]


# Everything at once.

_FAULTS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                {"kind": "reset"},
                {"kind": "apply_then_reset"},
                {"kind": "apply_then_error", "status": 500},
                {"kind": "html"},
                {"kind": "empty", "apply": True},
                {"kind": "bad_json"},
                {"kind": "null_lists"},
                {"kind": "missing_fields", "fields": ["PrimaryIp", "primaryIpv4"]},
                {"kind": "missing_fields", "fields": ["PrivateIpSets", "secondaryIpv4s"]},
                {"kind": "missing_fields", "fields": ["Primary"]},
            ]
        ),
        st.builds(
            lambda code, status: {"kind": "error", "code": code, "status": status},
            st.sampled_from(
                [
                    "ens.interface.error",
                    "InvalidPrivateIpAddress.NotFound",
                    "InvalidEniId.NotFound",
                    "INVALID_NIC_NOT_FOUND",
                    "IncorrectPrivateIpAddressStatus",
                    "INVALID_NIC_STATUS",
                    "Throttling",
                    "REQUEST_LIMIT_EXCEEDED",
                    "Whatever",
                ]
            ),
            st.sampled_from([400, 404, 409, 500]),
        ),
    ).flatmap(
        lambda fault: st.builds(
            lambda write, skip: {**fault, "match": {"write": write}, "skip": skip}, st.booleans(), st.integers(0, 2)
        )
    ),
    max_size=3,
)
_CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["remove_private_ip", "add_private_ip", "attach_eip"]), st.integers(0, 9), st.integers(1, 3)
    ),
    max_size=2,
)


@pytest.mark.parametrize("name", sorted(CLOUDS))
@given(
    held=st.sets(st.integers(0, 9), max_size=9),
    named=st.one_of(st.none(), st.sets(st.integers(0, 12), min_size=1, max_size=10)),
    keep=st.sets(st.integers(0, 9), max_size=3),
    refused=st.sets(st.integers(0, 9), max_size=2),
    faults=_FAULTS,
    mixed_list=st.sampled_from(["atomic", "partial"]),
    data=st.data(),
)
@settings(max_examples=60)
def test_whatever_happens_the_promises_hold(name, sim, held, named, keep, refused, faults, mixed_list, data):
    cloud = CLOUDS[name](sim)
    pool = addresses(13)
    secondary = [pool[number] for number in sorted(held)]
    kept = [pool[number] for number in sorted(keep)]
    rules = refuse(cloud, *(pool[number] for number in refused)) if refused else {}
    cloud.load(secondary, settings={"mixed_list": mixed_list, **rules}, faults=faults)
    options = {
        "network_interface_id": NIC,
        "state": "absent",
        "keep": kept,
        "max_retries": data.draw(st.sampled_from([0, 3])),
        "retry_max_delay": 0.001,
        "wait_timeout": 0.05,
        **({"all_secondary": True} if named is None else {"private_ip_addresses": [pool[n] for n in sorted(named)]}),
    }
    report = cloud.task(private_ip.run, **options)

    assert "has a bug" not in (report.message or ""), report.message
    sent = {address for write in cloud.writes() for address in write}
    assert PRIMARY not in sent, "promise 1"
    assert not sent & set(kept)
    assert sent <= set(secondary), "nothing is sent that was not read as a secondary address"
    assert [] not in cloud.writes(), "promise 8"
    if "outcomes" in report.result:
        requested = secondary if named is None else [pool[number] for number in sorted(named)]
        accounted = account_for(report)
        assert len(accounted) == len(set(accounted)), "promise 6"
        assert set(accounted) == set(requested) or (named is None and set(accounted) <= set(secondary))
        accepted = [entry for entry in report.result["outcomes"][0]["unknown"] if entry["accepted"]]
        assert report.result["changed"] == bool(outcome(report, "unassigned") or accepted)
        assert not set(outcome(report, "unassigned")) & set(cloud.secondary()), "what is told to be gone is gone"
        assert not set(outcome(report, "already_absent")) & set(cloud.secondary())
        removed = set(secondary) - set(cloud.secondary())
        told = (
            set(outcome(report, "unassigned"))
            | set(outcome(report, "unknown"))
            | set(outcome(report, "already_absent"))
        )
        assert removed <= told, "what is gone is told"
        failing = [*outcome(report, "failed"), *outcome(report, "unknown"), *outcome(report, "not_attempted")]
        assert (report.message is not None) == bool(failing)
    else:
        assert report.message
        assert cloud.secondary() == secondary


@pytest.mark.parametrize("name", sorted(CLOUDS))
@given(held=st.sets(st.integers(0, 9), min_size=1, max_size=9), keep=st.sets(st.integers(0, 9), max_size=3))
@settings(max_examples=25)
def test_in_fair_weather_a_second_run_is_silent(name, sim, held, keep):
    cloud = CLOUDS[name](sim)
    pool = addresses(10)
    secondary, kept = [pool[number] for number in sorted(held)], [pool[number] for number in sorted(keep)]
    cloud.load(secondary)
    planned, run, again = (cloud.unassign(keep=kept, in_use_check=False, check=check) for check in (True, False, False))
    assert planned.result["diff"] == run.result["diff"]
    assert planned.result["outcomes"] == run.result["outcomes"]
    assert cloud.secondary() == [address for address in secondary if address in kept]
    assert (again.message, again.result["changed"], len(cloud.writes())) == (None, False, int(run.result["changed"]))
