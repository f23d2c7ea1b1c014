# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts behaviour back that once was there and was wrong, one piece at a time: the campaign has to find each of them."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import cloud_address
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import Outcomes, StopReason
from ansible_collections.edgecloud.nic.plugins.module_utils._engine import journal
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.control import RunControl
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.pace import Pace
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.work import Work
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.writer import Writer
from ansible_collections.edgecloud.nic.plugins.module_utils._flows import private_ip_cleanup, task
from ansible_collections.edgecloud.nic.plugins.module_utils._http import session, trace
from ansible_collections.edgecloud.nic.plugins.module_utils._providers import answers, client, paging
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.base import CloudProvider
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.breaker import Breaker
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ErrorKind, kind_without_code
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS

Patch = Callable[[pytest.MonkeyPatch], None]
MODULES = ("private_ip", "private_ip_cleanup")


# --- The account -----------------------------------------------------------------------------------------------------


def a_refusal_ends_a_doubt(patch: pytest.MonkeyPatch) -> None:
    note = Work.note

    def old(self: Work, sent: list[str], error: Any, request_id: str | None) -> None:
        note(self, sent, error, request_id)
        for address in sent:
            if address in self.refused:
                self.doubtful.pop(address, None)

    patch.setattr(Work, "note", old)


def a_number_is_what_isdigit_says(patch: pytest.MonkeyPatch) -> None:
    def old(value: str | None) -> float | None:
        return float(int(value)) if value is not None and value.isdigit() else None

    patch.setattr(client, "parse_retry_after", old)


def what_was_accepted_and_not_verified_is_no_change(patch: pytest.MonkeyPatch) -> None:
    unknown = Outcomes.unknown

    def old(self: Outcomes, address: str, accepted: bool, *more: Any) -> None:
        unknown(self, address, False, *more)

    patch.setattr(Outcomes, "unknown", old)


def what_refused_calls_named_is_ours_once_it_is_gone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Work, "_done_in_part", lambda self, address, _done: address in self.refused)


def a_few_refusals_hold_for_the_network_interface(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Writer, "_any_accepted_alone", lambda _self, _shuffled: False)


def an_answer_without_addresses_says_that_there_are_none(patch: pytest.MonkeyPatch) -> None:
    identified = CloudProvider.identified

    def old(self: CloudProvider, item: dict[str, Any]) -> Any:
        nic = identified(self, item)
        return nic and dataclasses.replace(nic, addresses_told=True)

    patch.setattr(CloudProvider, "identified", old)


def refused_credentials_do_not_stop_the_others(patch: pytest.MonkeyPatch) -> None:
    _ignore(patch, StopReason.AUTH)


def _ignore(patch: pytest.MonkeyPatch, ignored: StopReason) -> None:
    stop = RunControl.stop

    def old(self: RunControl, reason: StopReason, detail: str | None = None) -> None:
        if reason is not ignored:
            stop(self, reason, detail)

    patch.setattr(RunControl, "stop", old)


# --- What is spared --------------------------------------------------------------------------------------------------


def what_has_no_name_matches_no_pattern(patch: pytest.MonkeyPatch) -> None:
    def old(self: Any, nic: Any) -> bool:
        return any(private_ip_cleanup._is_meant(nic, entry) for entry in self.keep_network_interfaces)

    patch.setattr(private_ip_cleanup._Policy, "spares", old)


def an_elastic_ip_protects_one_address(patch: pytest.MonkeyPatch) -> None:
    for module in MODULES:
        patch.setitem(CLOUDS["zec"].definition(module).argument_spec["eip_protects"], "default", "address")


def no_private_zones_are_looked_up(patch: pytest.MonkeyPatch) -> None:
    _forget(patch, "zec", "dns")


def no_ha_vips_are_looked_up(patch: pytest.MonkeyPatch) -> None:
    for cloud in CLOUDS:
        _forget(patch, cloud, "ha_vip")


def no_android_containers_are_looked_up(patch: pytest.MonkeyPatch) -> None:
    _forget(patch, "ens", "android")


def _forget(patch: pytest.MonkeyPatch, cloud: str, source: str) -> None:
    for module in MODULES:
        option = CLOUDS[cloud].definition(module).argument_spec["in_use_sources"]
        assert source in option["default"]
        patch.setitem(option, "default", [name for name in option["default"] if name != source])


def a_list_ends_where_its_count_says(patch: pytest.MonkeyPatch) -> None:
    read_pages = paging.read_pages

    def old(action: str, fetch: Any, page_size: int, concurrently: Any = None, to_the_end: bool = False) -> Any:
        return read_pages(action, fetch, page_size, concurrently, False)

    patch.setattr(paging, "read_pages", old)
    patch.setattr(paging, "_believable", lambda total, _items: total)


def what_cannot_be_read_uses_nothing(patch: pytest.MonkeyPatch) -> None:
    def objects(value: Any, _action: str, _name: str) -> list[dict[str, Any]]:
        return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []

    for module in (answers, paging):
        patch.setattr(module, "objects", objects)
    # An address that nothing has, instead of none.
    patch.setattr(answers, "cloud_address", lambda value: cloud_address(value) or "0.0.0.0")


def what_matches_nothing_is_silent(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(private_ip_cleanup._Policy, "unmatched", lambda _self, _nics: {})


def a_plan_of_another_account_is_done(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(private_ip_cleanup, "_refuse_if_too_many", lambda *_arguments: None)


# --- Pace, stops, transport ------------------------------------------------------------------------------------------


def each_call_is_throttled_for_itself(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Pace, "wait_turn", lambda _self, _action, _must_wait: time.monotonic())
    patch.setattr(Pace, "ended", lambda *_arguments: None)
    patch.setattr(Pace, "worth_waiting", lambda _self, _action: False)


def a_page_is_never_throttling(patch: pytest.MonkeyPatch) -> None:
    def old(status: int) -> ErrorKind:
        kind = kind_without_code(status)
        return ErrorKind.NO_ANSWER if kind is ErrorKind.THROTTLED else kind

    patch.setattr(client, "kind_without_code", old)


def a_page_never_refuses_the_credentials(patch: pytest.MonkeyPatch) -> None:
    def old(status: int) -> ErrorKind:
        kind = kind_without_code(status)
        return ErrorKind.NO_ANSWER if kind is ErrorKind.AUTH else kind

    patch.setattr(client, "kind_without_code", old)


def each_call_finds_out_that_the_endpoint_is_dead(patch: pytest.MonkeyPatch) -> None:
    _ignore(patch, StopReason.ENDPOINT)
    patch.setattr(Breaker, "enter", lambda *_arguments: None)
    tries: dict[str, int] = {}

    def old(_self: Breaker, trouble: str, _started: float, final: bool) -> bool:
        tries[trouble] = tries.get(trouble, 0) + 1
        return final or tries[trouble] % 6 == 0

    patch.setattr(Breaker, "failed", old)


def retries_go_on_after_an_interruption(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RunControl, "interrupted", property(lambda _self: False))
    patch.setattr(RunControl, "time_left", lambda _self: None)


def nobody_asks_whether_anybody_waits(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RunControl, "stopped", property(lambda self: self.stop_reason is not None))


# --- Messages --------------------------------------------------------------------------------------------------------


def a_message_is_as_long_as_the_cloud_makes_it(patch: pytest.MonkeyPatch) -> None:
    for module in (client, task):
        patch.setattr(module, "one_line", lambda text, *_longest: text)


def any_path_is_tried(patch: pytest.MonkeyPatch) -> None:
    for module in (journal, session, task, trace):
        patch.setattr(module, "own_path", lambda path, _option: os.path.expanduser(path))


#: Each with the seed of a scenario that finds it.
OLD: dict[Patch, int] = {
    a_refusal_ends_a_doubt: 115,
    a_number_is_what_isdigit_says: 5,
    what_was_accepted_and_not_verified_is_no_change: 4,
    what_refused_calls_named_is_ours_once_it_is_gone: 250,
    a_few_refusals_hold_for_the_network_interface: 60,
    an_answer_without_addresses_says_that_there_are_none: 161,
    refused_credentials_do_not_stop_the_others: 35,
    what_has_no_name_matches_no_pattern: 49,
    an_elastic_ip_protects_one_address: 21,
    no_private_zones_are_looked_up: 131,
    no_ha_vips_are_looked_up: 24,
    no_android_containers_are_looked_up: 81,
    a_list_ends_where_its_count_says: 114,
    what_matches_nothing_is_silent: 15,
    a_plan_of_another_account_is_done: 36,
    each_call_is_throttled_for_itself: 40,
    a_page_is_never_throttling: 204,
    a_page_never_refuses_the_credentials: 35,
    each_call_finds_out_that_the_endpoint_is_dead: 167,
    retries_go_on_after_an_interruption: 30,
    nobody_asks_whether_anybody_waits: 101,
}
#: Each with the fuzzer and the seed that find it, and a part of what is told of it.
FUZZED: dict[Patch, tuple[str, int, str]] = {
    what_cannot_be_read_uses_nothing: ("answers", 51, "and something uses it"),
    a_message_is_as_long_as_the_cloud_makes_it: ("wire", 7, "characters are said"),
    any_path_is_tried: ("options", 259, "has a bug"),
}
