# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the providers leave open can be set, and each setting does what the guide says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import EstateError, Simulator

Ask = Callable[..., Any]
WEB_1, WEB_2 = "eni-hangzhou-web-1", "eni-hangzhou-web-2"
GAME_1, GAME_2 = "nic-hongkong-game-1", "nic-hongkong-game-2"


def ens_unassign(ask_ens: Ask, nic_id: str, *addresses: str) -> Any:
    numbered = {f"PrivateIpAddress.{number}": address for number, address in enumerate(addresses, 1)}
    return ask_ens("UnassignPrivateIpAddresses", {"NetworkInterfaceId": nic_id, **numbered}).json().get("Code")


def zec_unassign(ask_zec: Ask, nic_id: str, *addresses: str) -> Any:
    body = {"nicId": nic_id, "ipAddresses": list(addresses)}
    return ask_zec("UnassignNetworkInterfaceIpv4", body).json().get("code")


def test_list_with_one_bad_address_changes_nothing(ask_ens: Ask, ask_zec: Ask, sim: Simulator) -> None:
    assert ens_unassign(ask_ens, WEB_1, "10.10.1.11", "10.10.1.99") == "InvalidPrivateIpAddress.NotFound"
    assert zec_unassign(ask_zec, GAME_2, "10.30.1.24", "10.30.1.22") == "INVALID_NIC_LB_ASSOCIATED"
    assert sim.addresses(WEB_1)[1] == ["10.10.1.11", "10.10.1.12", "10.10.1.13"]
    assert sim.addresses(GAME_2)[1] == ["10.30.1.21", "10.30.1.22", "10.30.1.23", "10.30.1.24"]


def test_mixed_list_can_be_applied_in_part(ask_ens: Ask, ask_zec: Ask, sim: Simulator) -> None:
    sim.set(mixed_list="partial")
    assert ens_unassign(ask_ens, WEB_1, "10.10.1.11", "10.10.1.99") == "InvalidPrivateIpAddress.NotFound"
    assert zec_unassign(ask_zec, GAME_2, "10.30.1.24", "10.30.1.22") == "INVALID_NIC_LB_ASSOCIATED"
    assert sim.addresses(WEB_1)[1] == ["10.10.1.12", "10.10.1.13"]
    assert sim.addresses(GAME_2)[1] == ["10.30.1.21", "10.30.1.22", "10.30.1.23"]


def test_eip_can_freeze_its_address_or_the_whole_network_interface(ask_zec: Ask, sim: Simulator) -> None:
    sim.set(eip_blocks="network_interface")
    assert zec_unassign(ask_zec, GAME_2, "10.30.1.24") == "INVALID_NIC_HAS_PUBLIC_IP_CANT_DETACH"
    assert zec_unassign(ask_zec, GAME_1, "10.30.1.11") is None
    sim.set(eip_blocks="address")
    assert zec_unassign(ask_zec, GAME_2, "10.30.1.24") is None


def test_ens_may_let_addresses_in_use_go(ask_ens: Ask, sim: Simulator) -> None:
    sim.set(ens_in_use_blocks=False)
    assert ens_unassign(ask_ens, WEB_2, "10.10.1.21", "10.10.1.22", "10.10.1.24") is None
    assert sim.addresses(WEB_2)[1] == ["10.10.1.23"]


def test_ens_codes_for_primary_and_in_use_addresses_can_be_set(ask_ens: Ask, sim: Simulator) -> None:
    sim.set(ens_primary_code="InvalidPrivateIpAddress.NotFound", ens_in_use_code="ens.interface.error")
    assert ens_unassign(ask_ens, WEB_1, "10.10.1.10") == "InvalidPrivateIpAddress.NotFound"
    assert ens_unassign(ask_ens, WEB_2, "10.10.1.21") == "ens.interface.error"
    assert sim.addresses(WEB_1)[0] == "10.10.1.10"


def test_ens_may_refuse_to_describe_what_it_does_not_know(ask_ens: Ask, sim: Simulator) -> None:
    sim.set(ens_unknown_network_interface="error")
    answer = ask_ens("DescribeNetworkInterfaces", {"NetworkInterfaceIds.1": WEB_1, "NetworkInterfaceIds.2": "eni-gone"})
    assert (answer.status_code, answer.json()["Code"]) == (400, "InvalidEniId.NotFound")


def test_ens_may_bound_the_length_of_an_unassign(ask_ens: Ask, sim: Simulator) -> None:
    sim.set(ens_max_unassign_addresses=2)
    assert ens_unassign(ask_ens, WEB_1, "10.10.1.11", "10.10.1.12", "10.10.1.13") == "InvalidPrivateIpAddress"
    assert ens_unassign(ask_ens, WEB_1, "10.10.1.11", "10.10.1.12") is None


def test_zec_may_not_mind_an_address_that_is_gone(ask_zec: Ask, sim: Simulator) -> None:
    sim.set(zec_absent_address="ignore")
    assert zec_unassign(ask_zec, GAME_1, "10.30.1.11", "10.30.1.99") is None
    assert sim.addresses(GAME_1)[1] == ["10.30.1.12", "10.30.1.13"]


def test_zec_limit_of_addresses_can_be_set(ask_zec: Ask, sim: Simulator) -> None:
    sim.set(zec_private_ip_limit=4)
    answer = ask_zec("BatchAssignNetworkInterfaceIpv4", {"nicId": GAME_1, "ipAddressCount": 1})
    assert (answer.status_code, answer.json()["code"]) == (403, "INVALID_NIC_PRIVATE_IP_EXCEED_LIMIT")


def test_single_addresses_and_whole_network_interfaces_can_be_refused(ask_ens: Ask, sim: Simulator) -> None:
    sim.set(
        refuse=[
            {"network_interface_id": WEB_1, "private_ip_address": "10.10.1.12", "code": "ens.interface.error"},
            {"network_interface_id": WEB_2, "code": "Operation.Conflict", "status": 409, "message": "busy"},
        ]
    )
    assert ens_unassign(ask_ens, WEB_1, "10.10.1.11", "10.10.1.12") == "ens.interface.error"
    assert ens_unassign(ask_ens, WEB_1, "10.10.1.11") is None
    assert ens_unassign(ask_ens, WEB_2, "10.10.1.23") == "Operation.Conflict"
    assert sim.calls(write=True)[-1]["http_status"] == 409


def test_settings_merge_and_null_goes_back_to_the_default(sim: Simulator) -> None:
    sim.set(throttle={"write": {"rate": 5}}, latency=0.25)
    sim.set(throttle={"read": {"rate": 9}}, latency=None)
    settings = sim.estate()["settings"]
    assert {group: bucket["rate"] for group, bucket in settings["throttle"].items()} == {"write": 5, "read": 9}
    assert settings["latency"] == 0.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"latncy": 1},
        {"mixed_list": "some"},
        {"throttle": {"write": {"rate": 0}}},
        {"throttle": {"write": {}}},
        {"throttle": {"read": {"limit": 3}}},
        {"latency": "slow"},
    ],
    ids=str,
)
def test_mistake_in_settings_is_named_and_changes_nothing(sim: Simulator, wrong: dict[str, Any]) -> None:
    before = sim.estate()["settings"]
    with pytest.raises(EstateError, match=next(iter(wrong))):
        sim.set(**wrong)
    assert sim.estate()["settings"] == before


def test_pages_and_lists_of_ids_can_have_limits_of_their_own(ask_ens: Ask, ask_zec: Ask, sim: Simulator) -> None:
    sim.set(page_size_limit=2, id_list_limit=1)
    ens = ask_ens("DescribeNetworkInterfaces", {"PageSize": "50"}).json()
    assert (ens["PageSize"], len(ens["NetworkInterfaceSets"]["NetworkInterfaceSet"]), ens["TotalCount"]) == (2, 2, 6)
    zec = ask_zec("DescribeNetworkInterfaces", {"pageSize": 50}).json()["response"]
    assert (len(zec["dataSet"]), zec["totalCount"]) == (2, 5)
    ids = {"NetworkInterfaceIds.1": WEB_1, "NetworkInterfaceIds.2": WEB_2}
    assert ask_ens("DescribeNetworkInterfaces", ids).json()["Code"] == "InvalidNetworkInterfaceIds"
    refused = ask_zec("DescribeNetworkInterfaces", {"nicIds": [GAME_1, GAME_2]}).json()
    assert refused["code"] == "INVALID_PARAMETER_EXCEED_LENGTH"


def test_filters_can_be_ignored(ask_ens: Ask, ask_zec: Ask, sim: Simulator) -> None:
    sim.set(ignored_filters=["NetworkInterfaceIds", "vpcId"])
    assert ask_ens("DescribeNetworkInterfaces", {"NetworkInterfaceIds.1": WEB_1}).json()["TotalCount"] == 6
    assert ask_ens("DescribeNetworkInterfaces", {"NetworkInterfaceId": WEB_1}).json()["TotalCount"] == 1
    assert ask_zec("DescribeNetworkInterfaces", {"vpcId": "nowhere"}).json()["response"]["totalCount"] == 5
    assert ask_zec("DescribeNetworkInterfaces", {"nicIds": [GAME_1]}).json()["response"]["totalCount"] == 1
