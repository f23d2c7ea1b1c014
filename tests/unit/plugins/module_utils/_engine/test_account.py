# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task says it did is what it did: no removal told as a failure, no refusal told as ours, no result lost."""

from __future__ import annotations

import concurrent.futures
import json
import math
import random
import threading
import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._engine import control
from ansible_collections.edgecloud.nic.tests.unit.clouds import (
    NIC,
    READ,
    Cloud,
    account_for,
    addresses,
    outcome,
)

A, B, C = addresses(3)
WRITE = {"write": True}


def entry(report):
    return report.result["outcomes"][0]


def refuse(cloud: Cloud, refused: t.Iterable[str], code: str | None = None) -> dict[str, t.Any]:
    default_code, status = cloud.refusal
    rule = {"network_interface_id": NIC, "code": code or default_code, "status": status}
    return {"refuse": [{**rule, "private_ip_address": address} for address in refused]}


def refuse_everything(cloud: Cloud, code: str | None = None) -> dict[str, t.Any]:
    default_code, status = cloud.refusal
    return {"refuse": [{"network_interface_id": NIC, "code": code or default_code, "status": status}]}


def gone_meanwhile(*removed: str) -> list[dict[str, t.Any]]:
    """Let somebody else remove these after the first read."""
    change = {"kind": "remove_private_ip", "network_interface_id": NIC}
    return [{"after_action": READ, "change": {**change, "private_ip_address": address}} for address in removed]


# A removal of ours is never told as a failure.


@pytest.mark.parametrize("repeated", ["INVALID_NIC_STATUS", "IncorrectPrivateIpAddressStatus", "Never.Heard"])
def test_a_call_in_doubt_whose_repetition_is_refused_counts_once_a_read_shows_its_effect(repeated, cloud):
    """The repetition is refused because the removal is running."""
    faults = [
        {"kind": "apply_then_error", "status": 500, "match": WRITE},
        {"kind": "error", "status": 400, "code": repeated, "match": WRITE, "times": None},
    ]
    cloud.load([A, B], settings={"removal_lag": 0.6}, faults=faults)
    report = cloud.unassign(A, wait_timeout=5)
    assert (report.message, report.result["unassigned"]) == (None, [A])
    assert report.result["changed"] is True


@pytest.mark.parametrize("more", [{"wait_timeout": 0.0}, {"wait": False}, {"wait_timeout": 0.2}], ids=str)
@pytest.mark.parametrize("code", ["ens.interface.error", "InternalError"])
def test_an_opaque_error_is_unknown_however_short_the_wait(code, more, ens):
    fault = {"kind": "error", "apply": True, "status": 400, "code": code, "match": WRITE, "times": None}
    ens.load([A], settings={"removal_lag": 30}, faults=[fault])
    report = ens.unassign(A, max_retries=0, **more)
    assert outcome(report, "unknown") == [A]
    assert (entry(report)["unknown"][0]["code"], entry(report)["unknown"][0]["accepted"]) == (code, False)


@pytest.mark.parametrize("fault", [{"kind": "html"}, {"kind": "reset"}, {"kind": "error", "status": 500}], ids=str)
def test_what_the_cloud_accepted_is_a_change_though_no_read_confirms_it(fault, cloud):
    cloud.load([A, B], faults=[{**fault, "match": {"action": READ}, "skip": 1, "times": None}])
    report = cloud.unassign(A, max_retries=0, wait_timeout=0.3)
    assert (outcome(report, "unknown"), report.result["changed"]) == ([A], True)
    assert entry(report)["unknown"][0]["accepted"] is True
    assert entry(report)["unknown"][0]["request_id"] in report.result["request_ids"]
    assert report.result["diff"] == {"before": {NIC: [A, B]}, "after": {NIC: [B]}}
    assert "accepted by the cloud" in (report.message or "")


def test_reads_that_fail_for_a_while_are_repeated_until_the_time_is_up(cloud):
    cloud.load([A, B], faults=[{"kind": "html", "match": {"action": READ}, "skip": 1, "times": 3}])
    report = cloud.unassign(A, max_retries=0, wait_timeout=20)
    assert (report.message, report.result["unassigned"]) == (None, [A])


# What others did is never told as ours.


@pytest.mark.parametrize("removed", [[A], [A, B], [A, B, C]], ids=len)
def test_what_somebody_else_removed_is_absent_where_the_cloud_only_refused(removed, ens):
    ens.load([A, B, C], events=gone_meanwhile(*removed))
    report = ens.unassign(*removed, in_use_check=False)
    assert (report.message, report.result["changed"]) == (None, False)
    assert outcome(report, "already_absent") == removed
    assert report.result["diff"] == {"before": {}, "after": {}}


def test_another_refusal_than_not_found_does_not_make_it_ours_either(cloud):
    fault = {"kind": "error", "status": 400, "code": "Never.Heard", "match": WRITE, "times": None}
    cloud.load([A, B], faults=[fault], events=gone_meanwhile(A, B))
    report = cloud.unassign(in_use_check=False)
    assert (report.result["changed"], outcome(report, "already_absent")) == (False, [A, B])


def test_a_refused_list_that_was_carried_out_in_part_is_ours_in_that_part(cloud):
    cloud.load([A, B, C], settings={"mixed_list": "partial", **refuse(cloud, [B])})
    report = cloud.unassign(in_use_check=False)
    assert (outcome(report, "unassigned"), outcome(report, "failed")) == ([A, C], [B])
    assert report.result["changed"] is True


def test_a_throttled_call_removed_nothing(cloud):
    fault = {"kind": "error", "code": cloud.throttling[0], "status": cloud.throttling[1], "match": WRITE}
    cloud.load([A, B], faults=[fault, {**fault}], events=gone_meanwhile(A))
    report = cloud.unassign(in_use_check=False, max_retries=1)
    assert (report.result["changed"], outcome(report, "already_absent")) == (False, [A])


def test_a_part_of_a_refused_list_that_goes_late_is_not_told_as_refused(ens):
    """What was carried out of the list shows in reads for a while, and is answered as absent when it is sent again."""
    pool = addresses(9)
    ens.load(pool, settings={"mixed_list": "partial", "removal_lag": 0.6, **refuse(ens, pool[5:7])})
    report = ens.unassign(in_use_check=False, wait_timeout=0.1)
    assert set(outcome(report, "failed")) <= set(ens.secondary()) == set(pool[5:7])
    assert set(outcome(report, "unknown")) >= set(pool) - set(pool[5:7]) - set(outcome(report, "unassigned"))


# A refusal needs a read that confirms it.


def test_a_refusal_that_no_read_confirms_is_unknown(cloud):
    reads = {"kind": "html", "match": {"action": READ}, "skip": 1, "times": None}
    cloud.load([A, B], settings=refuse(cloud, [A]), faults=[reads])
    report = cloud.unassign(A, in_use_check=False, max_retries=0, wait_timeout=0.2)
    assert (outcome(report, "unknown"), report.result["changed"]) == ([A], False)
    assert entry(report)["unknown"][0]["code"] == cloud.refusal[0]


def test_an_endpoint_that_was_never_there_leaves_no_outcomes(cloud):
    cloud.load([A, B])
    report = cloud.unassign(A, endpoint="http://127.0.0.1:1", max_retries=0)
    assert report.result == {"changed": False, "stopped": "endpoint"}
    assert "127.0.0.1:1" in (report.message or "")


# Isolation.


def cost(refused: int, count: int) -> float:
    return 2 * refused * (1 + math.log2(count / refused)) + 2


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 8, 11, 16])
def test_up_to_sixteen_addresses_none_that_can_go_stays_behind_and_the_cost_is_bounded(count, cloud):
    pool = addresses(count)
    for size in range(1, count + 1):
        refused = sorted(random.sample(pool, size), key=pool.index)
        cloud.load(pool, settings=refuse(cloud, refused))
        report = cloud.unassign(in_use_check=False, max_retries=0)
        assert cloud.secondary() == refused, (count, size)
        assert outcome(report, "failed") == refused
        assert outcome(report, "unassigned") == [address for address in pool if address not in refused]
        assert len(cloud.writes()) <= cost(size, count), (count, size)
        assert not any("never alone" in failure["message"] for failure in entry(report)["failed"])


@pytest.mark.parametrize("size", [1, 3, 10, 30])
def test_of_many_addresses_the_refused_ones_are_found_at_the_same_cost(size, cloud):
    pool = addresses(64)
    refused = sorted(random.sample(pool, size), key=pool.index)
    cloud.load(pool, settings=refuse(cloud, refused))
    report = cloud.unassign(in_use_check=False, max_retries=0)
    assert len(cloud.writes()) <= cost(size, 64)
    assert sorted(account_for(report)) == sorted(pool)


@pytest.mark.parametrize("count", [32, 64, 256])
def test_an_opaque_refusal_of_everything_stops_early_and_says_what_was_never_tried_alone(count, cloud):
    pool = addresses(count)
    cloud.load(pool, settings=refuse_everything(cloud))
    report = cloud.unassign(in_use_check=False, max_retries=0)
    writes = cloud.writes()
    assert len(writes) <= 3 * math.ceil(math.log2(count)) + 2
    assert outcome(report, "failed") == pool
    tried_alone = {sent[0] for sent in writes if len(sent) == 1}
    for failure in entry(report)["failed"]:
        assert ("never alone" in failure["message"]) == (failure["private_ip_address"] not in tried_alone)


def test_re_runs_get_on_where_nearly_everything_is_refused(cloud):
    pool = addresses(40)
    refused = pool[:-2]
    cloud.load(pool, settings=refuse(cloud, refused))
    for _run in range(40):
        cloud.unassign(in_use_check=False, max_retries=0)
        if cloud.secondary() == refused:
            return
    pytest.fail(f"left: {cloud.secondary()}")


@pytest.mark.parametrize("code", ["INVALID_NIC_STATUS", "OPERATION_DENIED_INSTANCE_STATUS_NOT_SUPPORT"])
@pytest.mark.parametrize("count", [2, 5, 10])
def test_a_code_that_holds_for_the_network_interface_costs_one_write_and_one_read(count, code, zec):
    pool = addresses(count)
    zec.load(pool, settings=refuse_everything(zec, code))
    report = zec.unassign(in_use_check=False)
    assert outcome(report, "failed") == pool
    assert (len(zec.writes()), zec.reads()) == (1, 2)


# An answer that cannot be read proves nothing.

NOTHING_TOLD: dict[str, dict[str, t.Any]] = {
    "no id": {"kind": "missing_fields", "fields": ["NetworkInterfaceId", "nicId"]},
    "an id that is none": {"kind": "replace_fields", "values": {"NetworkInterfaceId": 7, "nicId": "a b"}},
    "another id": {"kind": "replace_fields", "values": {"NetworkInterfaceId": "eni-other", "nicId": "nic-other"}},
    "no addresses": {"kind": "missing_fields", "fields": ["PrivateIpSet", "secondaryIpv4s"]},
    "no list of addresses": {"kind": "replace_fields", "values": {"PrivateIpSet": "none", "secondaryIpv4s": {}}},
    "null": {"kind": "null_lists"},
    "addresses that cannot be read": {
        "kind": "replace_fields",
        "values": {"PrivateIpAddress": "10.0.0.1111", "secondaryIpv4s": ["10.0.0.x"]},
    },
    "no objects": {"kind": "replace_fields", "values": {"NetworkInterfaceSet": [7], "dataSet": ["x"]}},
    "a list that is none": {"kind": "replace_fields", "values": {"NetworkInterfaceSet": {}, "dataSet": "none"}},
    "nothing, and a count": {"kind": "replace_fields", "values": {"NetworkInterfaceSet": [], "dataSet": []}},
}


@pytest.mark.parametrize("told", NOTHING_TOLD.values(), ids=NOTHING_TOLD)
def test_a_read_that_tells_nothing_does_not_make_an_address_gone(told, cloud):
    """The write had no effect, and every read after it is of no use."""
    faults = [
        {"kind": "error", "status": 500, "match": WRITE, "times": None},
        {**told, "match": {"action": READ}, "skip": 1, "times": None},
    ]
    cloud.load([A, B], faults=faults)
    report = cloud.unassign(A, max_retries=0, wait_timeout=0.2)
    assert (outcome(report, "unknown"), report.result["changed"]) == ([A], False)
    assert cloud.secondary() == [A, B]
    assert len(cloud.writes()) == 1


@pytest.mark.parametrize("told", NOTHING_TOLD.values(), ids=NOTHING_TOLD)
def test_a_first_read_that_tells_nothing_is_an_error(told, cloud):
    cloud.load([A, B], faults=[{**told, "match": {"action": READ}, "times": None}])
    for options in ({}, {"missing_ok": True}):
        report = cloud.unassign(A, max_retries=0, **options)
        assert report.message and report.result["changed"] is False
        assert "outcomes" not in report.result
    assert cloud.writes() == []


def test_one_empty_answer_does_not_make_a_network_interface_gone(cloud):
    """As an answer to another call would be that came late on the same connection."""
    empty = {"NetworkInterfaceSet": [], "dataSet": [], "TotalCount": 0, "totalCount": 0}
    faults = [
        {"kind": "error", "status": 500, "match": WRITE},
        {"kind": "replace_fields", "values": empty, "match": {"action": READ}, "skip": 1},
    ]
    cloud.load([A, B], faults=faults)
    report = cloud.unassign(A)
    assert (report.message, outcome(report, "unassigned")) == (None, [A])
    assert cloud.secondary() == [B]


# Nothing that happens after the first write costs the result.


def test_odd_headers_and_counts_in_a_verification_do_not_cost_the_result(cloud):
    for odd in ("²", "9" * 5000, "-1", "soon", ""):
        header = {"Retry-After": "7" * 50, "x-acs-retry-after": odd} if odd.isascii() else {}
        faults = [
            {"kind": "error", "status": 503, "match": {"action": READ}, "skip": 1, "headers": header},
            {
                "kind": "replace_fields",
                "values": {"TotalCount": odd, "totalCount": odd},
                "match": {"action": READ},
                "skip": 1,
            },
        ]
        cloud.load([A, B], faults=faults)
        report = cloud.unassign(A, wait_timeout=5)
        assert (report.message, report.result["unassigned"]) == (None, [A]), odd


def test_a_system_without_more_threads_gets_the_work_done_with_fewer(cloud, monkeypatch):
    cloud.load([A, B])

    def refuse_to_start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    # None is left from an earlier run either.
    monkeypatch.setattr(control, "_threads", concurrent.futures.ThreadPoolExecutor(2))
    monkeypatch.setattr(threading.Thread, "start", refuse_to_start)
    report = cloud.unassign(A)
    assert (report.message, report.result["unassigned"]) == (None, [A])


def test_half_a_character_in_a_field_of_the_cloud_can_be_shown(cloud):
    values = {"NetworkInterfaceName": "web\ud800", "name": "web\ud800"}
    cloud.load([A, B], faults=[{"kind": "replace_fields", "values": values, "match": {"action": READ}, "times": None}])
    report = cloud.unassign(A)
    assert report.message is None
    assert json.dumps(report.result, ensure_ascii=False).encode()
