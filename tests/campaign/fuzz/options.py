# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options with values that nobody means: of every kind, for every option of every module, and below."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS

from .double import Double
from .judge import Case, complaints, play

VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "negative": -1,
    "fraction": 0.5,
    "nan": float("nan"),
    "infinite": float("inf"),
    "huge": 10**40,
    "empty": "",
    "blank": " ",
    "line break": "\n",
    "text": "abc",
    "digits": "7",
    "other digits": "\u0663\u00b2",
    "text of nan": "nan",
    "text of infinity": "-inf",
    "template": "{{ undefined_variable }}",
    "control": "a\0\x1b[31m",
    "surrogate": "\ud800",
    "right to left": "\u202e10.1.0.13",
    "long": "x" * 100_000,
    "commas": ",,,",
    "JSON": '{"a": [1]}',
    "broken JSON": '{"a": [1',
    "list": [],
    "list of null": [None],
    "list of empty": [""],
    "list of lists": [[[]]],
    "list of objects": [{}],
    "many": ["10.1.0.13"] * 2000,
    "object": {},
    "object of null": {"a": None},
    "wide network": "0.0.0.0/0",
    "network of a mask": "10.1.0.0/255.255.255.0",
    "IPv6": "::1",
    "octal": "010.001.000.013",
    "number of an address": 167837709,
    "address and port": "10.1.0.13:80",
    "directory": "/",
    "device": "/dev/null",
    "no file": "/nonexistent/\u00e9/file",
}
#: What a user may set so that more is removed, or elsewhere, and means it.
WIDENING = (
    *("keep", "in_use_check", "in_use_sources", "eip_protects", "force", "in_use_elsewhere", "state", "endpoint"),
    *("only", "max_unassign", "max_unassign_percent"),
)


def nested(value: Any, below: str | None, kind: str) -> Any:
    """Give a value for an option of this kind, or for one of this name below it."""
    if below is None:
        return value
    return [{below: value}] if kind == "list" else {below: value}


class Odd(NamedTuple):
    """An option, or one below it, with an odd value."""

    case: Case
    option: str
    below: str | None
    value: str

    def given(self) -> dict[str, Any]:
        """Give the option."""
        spec = CLOUDS[self.case.cloud].definition(self.case.module).argument_spec[self.option]
        return {self.option: nested(VALUES[self.value], self.below, spec.get("type", "str"))}


def odd_ones() -> Iterator[Odd]:
    """List every option of every module with each value."""
    for cloud, words in CLOUDS.items():
        for module in ("private_ip", "private_ip_cleanup", "private_ip_info", "preflight"):
            for option, spec in words.definition(module).argument_spec.items():
                for below in (None, *spec.get("options", ())):
                    for value in VALUES:
                        yield Odd(Case(cloud, module), option, below, value)


def judge(double: Double, odd: Odd) -> list[str]:
    """Run a module with an odd value; give what is wrong with what came of it."""
    given = odd.given()
    # Else there would be two selections, which is refused whatever they are.
    if odd.case.module == "private_ip_cleanup" and odd.option in ("network_interface_ids", "filters", "targets"):
        given["all_network_interfaces"] = False
    if odd.option == "private_ip_addresses":
        given["all_secondary"] = False
    try:
        told = play(double, odd.case, {}, **given)
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]
    found = list(complaints(double, odd.case, told, may_be_meant=False))
    if odd.option == "requests_per_second":
        # A slow pace is meant.
        found = [one for one in found if not one.startswith("it took ")]
    if odd.option in WIDENING:
        found = [one for one in found if " was written" not in one]
    return found
