# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan that needs a preflight stands on a passed one of the same place, and on no other."""

from __future__ import annotations

import contextlib
import datetime
import json
import pathlib
from collections.abc import Collection
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import preflight
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import RefusedError
from ansible_collections.edgecloud.nic.tests.unit.plugins.plugin_utils import record_scene as scene
from hypothesis import given
from hypothesis import strategies as st


def content(hours: float = 0, **more: Any) -> dict[str, Any]:
    when = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=hours)
    return scene.preflight_of(when, **{"provider": "cloud", **more})


def passed(
    directory: pathlib.Path, expected: str | None = None, sources: Collection[str] = ("eip",), **more: Any
) -> dict[str, Any]:
    (directory / "preflight.json").write_text(json.dumps(content(**more)), encoding="utf-8")
    return preflight.passed(str(directory), "cloud", expected, sources)


@pytest.mark.parametrize("account", [None, "4711"])
def test_a_passed_one_of_the_same_account_will_do(tmp_path: pathlib.Path, account: str | None) -> None:
    found = passed(tmp_path, account, hours=23.9)
    assert found["account"] == "4711"
    preflight.refuse_other_endpoint(found, "api.example.com")
    preflight.refuse_other_endpoint(None, "api.example.com")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"hours": 24.1}, "24.1 hours old"),
        ({"hours": -1}, "in the future"),
        ({"provider": "other"}, "it is one of other, not of cloud"),
        ({"account": "4712"}, "about account 4712, not about 4711"),
        ({"account": None}, "does not tell whose"),
        ({"checks": [{"id": "clock", "result": "failed"}]}, "a check failed"),
        ({"checks": []}, "no result of a preflight"),
        ({"checked": "yesterday"}, "no result of a preflight"),
        ({"checked": None}, "no result of a preflight"),
        ({"endpoint": 1}, "no result of a preflight"),
        ({"account": 4711}, "no result of a preflight"),
        ({"in_use_sources": None}, "no result of a preflight"),
        ({"in_use_sources": "eip"}, "no result of a preflight"),
        ({"in_use_sources": [1]}, "no result of a preflight"),
        ({"in_use_sources": []}, "did not ask eip for uses"),
        *(
            ({"checks": [{"id": "clock", "result": result}]}, "no result of a preflight")
            for result in (None, "FAILED", "abc", 1, [], ["failed"])
        ),
        (
            {"sources": ["snat", "dns", "eip", "ha_vip"]},
            "did not ask dns, ha_vip for uses of addresses",
        ),
    ],
)
def test_any_other_is_refused_with_the_reason(tmp_path: pathlib.Path, more: dict[str, Any], why: str) -> None:
    with pytest.raises(RefusedError, match=why) as caught:
        passed(tmp_path, "4711", **more)
    assert str(caught.value).startswith("private_ip_cleanup_require_preflight: ")


def test_one_that_is_nested_too_deeply_is_none(tmp_path: pathlib.Path) -> None:
    (tmp_path / "preflight.json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(RefusedError, match="no result of a preflight"):
        preflight.passed(str(tmp_path), "cloud", None, ())


@pytest.mark.parametrize("sources", [(), ("eip",), ("snat", "dnat", "eip")])
def test_one_that_asked_what_the_plan_asks_or_more_will_do(tmp_path: pathlib.Path, sources: tuple[str, ...]) -> None:
    assert passed(tmp_path, sources=sources)


def test_without_one_it_says_how_to_get_one(tmp_path: pathlib.Path) -> None:
    with pytest.raises(RefusedError, match=r"run the playbook edgecloud\.nic\.preflight"):
        preflight.passed(str(tmp_path), "cloud", None, ())
    with pytest.raises(RefusedError, match="needs private_ip_cleanup_report_dir"):
        preflight.passed(None, "cloud", None, ())


def test_one_at_another_endpoint_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(RefusedError, match=r"was at api\.example\.com, not at other\.example\.com"):
        preflight.refuse_other_endpoint(passed(tmp_path), "other.example.com")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(content())), inner, max_size=8),
    max_leaves=12,
)


@given(JSON)
def test_whatever_is_in_the_file_is_refused_or_read(value: Any) -> None:
    with contextlib.suppress(RefusedError):
        assert preflight.read(json.dumps(value))["results"]
