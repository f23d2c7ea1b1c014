# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each kind of bad weather does to a client what the guide says."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from ansible_collections.edgecloud.nic.tests.simulator import EstateError, Simulator

Ask = Callable[..., Any]
UNASSIGN = "UnassignNetworkInterfaceIpv4"
READ = "DescribeNetworkInterfaces"
NIC = "nic-hongkong-game-1"
ALL = ["10.30.1.11", "10.30.1.12", "10.30.1.13"]
LESS = ["10.30.1.12", "10.30.1.13"]


def remove_first(ask_zec: Ask, **options: Any) -> Any:
    return ask_zec(UNASSIGN, {"nicId": NIC, "ipAddresses": ["10.30.1.11"]}, **options)


def shown(ask_zec: Ask) -> Any:
    return ask_zec(READ, {"nicIds": [NIC]}).json()["response"]["dataSet"][0]["secondaryIpv4s"]


def page(ask_zec: Ask, number: int, size: int = 2) -> tuple[list[str], int]:
    answer = ask_zec(READ, {"pageSize": size, "pageNum": number}).json()["response"]
    return [nic["nicId"] for nic in answer["dataSet"]], answer["totalCount"]


def test_latency_makes_calls_wait_side_by_side(ask_zec: Ask, sim: Simulator) -> None:
    sim.set(latency=1.5)
    threads = [threading.Thread(target=shown, args=(ask_zec,)) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    calls = sim.calls()
    assert all(call["finished"] - call["started"] >= 1.5 for call in calls)
    assert max(call["started"] for call in calls) < min(call["finished"] for call in calls)


def test_removed_address_is_shown_until_the_lag_is_over(ask_zec: Ask, sim: Simulator) -> None:
    sim.set(removal_lag=2.5)
    assert remove_first(ask_zec).status_code == 200
    assert sim.addresses(NIC)[1] == LESS
    assert sorted(shown(ask_zec)) == ALL
    time.sleep(2.6)
    assert shown(ask_zec) == LESS


def test_assigned_address_is_hidden_until_the_lag_is_over(ask_zec: Ask, sim: Simulator) -> None:
    sim.set(assign_lag=2.5)
    assert ask_zec("AssignNetworkInterfaceIpv4", {"nicId": NIC, "ipAddress": "10.30.1.55"}).status_code == 200
    assert shown(ask_zec) == ALL
    time.sleep(2.6)
    assert shown(ask_zec) == [*ALL, "10.30.1.55"]


def test_throttled_call_is_refused_and_logged(ask_zec: Ask, sim: Simulator) -> None:
    sim.set(throttle={"write": {"rate": 0.4, "burst": 2, "retry_after_ms": 1500}})
    answers = [ask_zec(UNASSIGN, {"nicId": NIC, "ipAddresses": [address]}) for address in ALL]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == "REQUEST_LIMIT_EXCEEDED"
    assert answers[2].headers["Retry-After"] == "2"
    assert [call["code"] for call in sim.calls(write=True)] == [None, None, "REQUEST_LIMIT_EXCEEDED"]
    assert shown(ask_zec) == ["10.30.1.13"]
    time.sleep(2.6)
    assert ask_zec(UNASSIGN, {"nicId": NIC, "ipAddresses": ["10.30.1.13"]}).status_code == 200


@pytest.mark.parametrize("sliding", [False, True])
def test_a_quota_holds_for_a_window(ask_zec: Ask, sim: Simulator, sliding: bool) -> None:
    sim.set(throttle={"read": {"limit": 2, "window": 2.5, "sliding": sliding}})

    def three() -> list[int]:
        return [ask_zec(READ, {}).status_code for _call in range(3)]

    assert three() == [200, 200, 429]
    time.sleep(2.6)
    assert three() == [200, 200, 429]


def test_everything_may_be_refused_for_a_while(ask_zec: Ask, sim: Simulator) -> None:
    sim.set(throttle={"read": {"closed_after": 1, "closed_for": 2}})
    assert [ask_zec(READ, {}).status_code for _call in range(2)] == [200, 429]
    time.sleep(2.1)
    assert [ask_zec(READ, {}).status_code for _call in range(2)] == [200, 200]


@pytest.mark.parametrize("status", [429, 503])
def test_a_front_end_refuses_with_a_web_page(ask_zec: Ask, sim: Simulator, status: int) -> None:
    sim.set(throttle={"read": {"rate": 0.1, "page_status": status}})
    answers = [ask_zec(READ, {}) for _call in range(2)]
    assert [answer.status_code for answer in answers] == [200, status]
    assert answers[1].headers["Content-Type"].startswith("text/html")
    assert "nginx" in answers[1].text
    assert sim.calls()[-1]["http_status"] == status


def test_clock_offset_shows_in_the_date_header(ask_zec: Ask, sim: Simulator) -> None:
    sim.set(clock_offset=-365 * 24 * 3600)
    year = time.gmtime(time.time() - 365 * 24 * 3600).tm_year
    assert f" {year} " in ask_zec(READ, {}).headers["Date"]


def test_paging_can_repeat_the_last_item_of_the_page_before(ask_zec: Ask, sim: Simulator) -> None:
    truth, _total = page(ask_zec, 1, size=100)
    sim.set(paging={"duplicate": True})
    pages = [page(ask_zec, number)[0] for number in range(1, 6)]
    assert all(earlier[-1] == later[0] for earlier, later in itertools.pairwise(pages))
    assert {nic_id for found in pages for nic_id in found} == set(truth)


def test_paging_can_change_its_order_between_pages(ask_zec: Ask, sim: Simulator) -> None:
    sim.load({"zec": {"generate": {"network_interfaces": 40}}})
    sim.set(paging={"shuffle": True})
    found = [nic_id for number in range(1, 5) for nic_id in page(ask_zec, number, size=10)[0]]
    assert (len(found), page(ask_zec, 1)[1]) == (40, 40)
    assert len(set(found)) < 40


def test_paging_can_leave_one_out_of_each_page(ask_zec: Ask, sim: Simulator) -> None:
    sim.set(paging={"drop": True})
    assert [len(page(ask_zec, number)[0]) for number in (1, 2)] == [1, 1]
    assert shown(ask_zec) == ALL, "what fits on one page is complete"


def test_paging_can_lie_about_the_total_and_never_end(ask_zec: Ask, sim: Simulator) -> None:
    sim.set(paging={"total_count": 3, "endless": True})
    assert page(ask_zec, 1)[1] == 3
    assert page(ask_zec, 1000)[0] == page(ask_zec, 3)[0] != []


def test_error_fault_refuses_without_applying(ask_zec: Ask, sim: Simulator) -> None:
    sim.add_fault(kind="error", status=503, code="SERVICE_TEMPORARY_UNAVAILABLE", message="later", headers={"X-A": "b"})
    answer = remove_first(ask_zec)
    assert (answer.status_code, answer.headers["X-A"]) == (503, "b")
    assert (answer.json()["code"], answer.json()["message"]) == ("SERVICE_TEMPORARY_UNAVAILABLE", "later")
    assert sim.addresses(NIC)[1] == ALL
    call = sim.calls(write=True)[0]
    assert (call["fault"], call["applied"], call["request_id"]) == ("error", False, answer.json()["requestId"])
    assert remove_first(ask_zec).status_code == 200, "a fault happens once"


def test_fault_for_ens_is_worded_as_ens_would(ask_ens: Ask, sim: Simulator) -> None:
    sim.add_fault(kind="error", status=400, code="ens.interface.error", message="back end")
    answer = ask_ens(READ, {})
    assert answer.status_code == 400
    assert set(answer.json()) == {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert answer.json()["HostId"] == sim.host_port


@pytest.mark.parametrize(("kind", "left"), [("apply_then_error", LESS), ("error", ALL)])
def test_error_can_come_after_the_change_was_made(ask_zec: Ask, sim: Simulator, kind: str, left: list[str]) -> None:
    sim.add_fault(kind=kind, status=500, code="INTERNAL_SERVER_ERROR")
    assert remove_first(ask_zec).status_code == 500
    assert sim.addresses(NIC)[1] == left


@pytest.mark.parametrize(("kind", "left"), [("apply_then_reset", LESS), ("reset", ALL)])
def test_connection_can_be_reset_before_or_after_the_change(
    ask_zec: Ask, sim: Simulator, kind: str, left: list[str]
) -> None:
    sim.add_fault(kind=kind)
    with pytest.raises(requests.ConnectionError):
        remove_first(ask_zec)
    assert sim.addresses(NIC)[1] == left
    call = sim.calls(write=True)[0]
    assert (call["fault"], call["http_status"], call["applied"]) == ("reset", None, left == LESS)


@pytest.mark.parametrize(("apply", "left"), [(True, LESS), (False, ALL)])
def test_answer_can_stay_away_for_longer_than_a_client_waits(
    ask_zec: Ask, sim: Simulator, apply: bool, left: list[str]
) -> None:
    sim.add_fault(kind="hang", seconds=60, apply=apply)
    with pytest.raises(requests.Timeout):
        remove_first(ask_zec, timeout=0.3)
    assert sim.addresses(NIC)[1] == left


def test_page_of_a_proxy_can_come_instead_of_an_answer(ask_zec: Ask, sim: Simulator) -> None:
    sim.add_fault(kind="html", status=502, body="<html>bad gateway</html>")
    answer = remove_first(ask_zec)
    assert (answer.status_code, answer.text) == (502, "<html>bad gateway</html>")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert sim.addresses(NIC)[1] == ALL


def test_empty_body_can_come_instead_of_an_answer(ask_zec: Ask, sim: Simulator) -> None:
    sim.add_fault(kind="empty", status=200, apply=True)
    answer = remove_first(ask_zec)
    assert (answer.status_code, answer.content) == (200, b"")
    assert sim.addresses(NIC)[1] == LESS


def test_answer_can_break_off(ask_zec: Ask, sim: Simulator) -> None:
    sim.add_fault(kind="truncate")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        remove_first(ask_zec)
    assert sim.addresses(NIC)[1] == LESS


def test_answer_can_be_no_json(ask_zec: Ask, sim: Simulator) -> None:
    sim.add_fault(kind="bad_json")
    answer = remove_first(ask_zec)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.text)
    assert sim.addresses(NIC)[1] == LESS


def test_answer_can_be_late_and_still_right(ask_zec: Ask, sim: Simulator) -> None:
    sim.add_fault(kind="delay", seconds=0.3)
    start = time.monotonic()
    assert shown(ask_zec) == ALL
    assert time.monotonic() - start >= 0.3


def test_answer_can_drip(ask_zec: Ask, sim: Simulator) -> None:
    sim.add_fault(kind="drip", seconds=0.002)
    start = time.monotonic()
    answer = remove_first(ask_zec)
    assert answer.json()["response"]
    assert time.monotonic() - start >= 0.002 * len(answer.content)


def test_redirect_leads_to_a_sink_that_tells_what_it_was_sent(ask_zec: Ask, sim: Simulator) -> None:
    sim.add_fault(kind="redirect", status=307)
    assert remove_first(ask_zec).headers["Location"] == "/_simulator/sink"
    assert sim.sink_requests() == []
    sim.add_fault(kind="redirect", status=307)
    remove_first(ask_zec, redirects=True)
    assert [request["headers"]["Authorization"] for request in sim.sink_requests()] == ["Bearer demo-token-operator"]
    assert sim.addresses(NIC)[1] == ALL


def test_fields_can_be_missing_and_lists_null(ask_zec: Ask, sim: Simulator) -> None:
    sim.add_fault(kind="missing_fields", fields=["totalCount", "primaryIpv4"])
    answer = ask_zec(READ, {}).json()["response"]
    assert "totalCount" not in answer
    assert all("primaryIpv4" not in nic and nic["nicId"] for nic in answer["dataSet"])
    sim.add_fault(kind="null_lists")
    nics = ask_zec(READ, {}).json()["response"]["dataSet"]
    assert [nic["secondaryIpv4s"] for nic in nics] == [None] * 5


@pytest.mark.parametrize(
    "match",
    [
        {"action": READ},
        {"cloud": "ens"},
        {"write": False},
        {"network_interface_id": "nic-frankfurt-spare"},
        {"network_interface_id": NIC, "private_ip_address": "10.30.1.12"},
    ],
    ids=str,
)
def test_fault_leaves_other_calls_alone(ask_zec: Ask, sim: Simulator, match: dict[str, Any]) -> None:
    sim.add_fault(kind="error", match=match, times=None)
    assert remove_first(ask_zec).status_code == 200


def test_fault_can_wait_and_can_last(ask_zec: Ask, sim: Simulator) -> None:
    sim.add_fault(kind="empty", match={"action": READ, "network_interface_id": NIC}, skip=1, times=2)
    statuses = [ask_zec(READ, {"nicIds": [NIC]}).status_code for _call in range(5)]
    assert statuses == [200, 502, 502, 200, 200]
    sim.add_fault(kind="empty", times=None)
    assert [ask_zec(READ, {}).status_code for _call in range(3)] == [502] * 3
    sim.clear_faults()
    assert ask_zec(READ, {}).status_code == 200


def test_mistake_in_a_fault_is_named(sim: Simulator) -> None:
    with pytest.raises(EstateError, match="earthquake"):
        sim.add_fault(kind="earthquake")
    with pytest.raises(EstateError, match="match must be one of"):
        sim.add_fault(kind="reset", match={"nic": NIC})


def test_world_can_change_between_a_read_and_a_write(ask_zec: Ask, sim: Simulator) -> None:
    change = {"kind": "make_primary", "network_interface_id": NIC, "private_ip_address": "10.30.1.11"}
    sim.add_event(after_action=READ, count=2, change=change)
    assert [len(shown(ask_zec)) for _call in range(2)] == [3, 3]
    assert sim.addresses(NIC) == ("10.30.1.11", ["10.30.1.10", "10.30.1.12", "10.30.1.13"])
    assert remove_first(ask_zec).json()["code"] == "INVALID_NIC_PRIMARY_IP_CANT_DETACH"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "remove_private_ip", "private_ip_address": "10.30.1.11"}, "OPERATION_FAILED_RESOURCE_NOT_FOUND"),
        ({"kind": "attach_eip", "private_ip_address": "10.30.1.11"}, "INVALID_NIC_HAS_PUBLIC_IP_CANT_DETACH"),
        (
            {"kind": "add_backend", "private_ip_address": "10.30.1.11", "load_balancer_id": "lb-hongkong-game"},
            "INVALID_NIC_LB_ASSOCIATED",
        ),
        ({"kind": "set_network_interface", "values": {"status": "DETACHING"}}, "INVALID_NIC_STATUS"),
        ({"kind": "delete_network_interface"}, "INVALID_NIC_NOT_FOUND"),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else value,
)
def test_change_of_the_world_shows_in_the_answer_to_a_write(
    ask_zec: Ask, sim: Simulator, change: dict[str, Any], code: str
) -> None:
    sim.change(network_interface_id=NIC, **change)
    assert remove_first(ask_zec).json()["code"] == code


def test_changes_can_be_taken_back(ask_zec: Ask, sim: Simulator) -> None:
    place = {"network_interface_id": NIC, "private_ip_address": "10.30.1.11"}
    sim.change(kind="attach_eip", **place)
    sim.change(kind="detach_eip", **place)
    sim.change(kind="add_backend", load_balancer_id="lb-hongkong-game", **place)
    sim.change(kind="remove_backend", load_balancer_id="lb-hongkong-game", **place)
    sim.change(kind="remove_private_ip", **place)
    sim.change(kind="add_private_ip", **place)
    assert sorted(shown(ask_zec)) == ALL
    assert remove_first(ask_zec).status_code == 200


def test_refused_change_is_explained(sim: Simulator) -> None:
    for change in (
        {"kind": "remove_private_ip", "network_interface_id": NIC, "private_ip_address": "10.30.1.99"},
        {"kind": "remove_private_ip", "network_interface_id": "nic-gone", "private_ip_address": "10.30.1.11"},
        {"kind": "move", "network_interface_id": NIC},
        {"kind": "make_primary", "network_interface_id": NIC},
    ):
        with pytest.raises(EstateError, match="change"):
            sim.change(**change)
