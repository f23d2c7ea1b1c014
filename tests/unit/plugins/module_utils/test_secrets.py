# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets in what a task tells, and those in URLs."""

from __future__ import annotations

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.settings import url_passwords
from ansible_collections.edgecloud.nic.plugins.module_utils._secrets import hide


def test_secrets_are_hidden_wherever_they_are_and_flags_stay():
    told = {"a": "s3cret", "b": ["x s3cret y", {"c": 12345}], "d": True, "e": None, "f": ("s3",), "g": 5}
    shown = hide(told, {"s3cret", "12345", "True"})
    whole = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    assert shown == {"a": whole, "b": ["x ******** y", {"c": whole}], "d": True, "e": None, "f": ["s3"], "g": 5}
    assert told["a"] == "s3cret"


def test_the_longest_secret_is_hidden_whole():
    assert hide("token-long", {"token", "token-long", "x"}) == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    assert hide("a token-long b", {"token", "token-long"}) == "a ******** b"


@pytest.mark.parametrize(
    ("url", "passwords"),
    [
        ("http://proxy:3128", set()),
        ("http://user@proxy:3128", set()),
        ("http://user:@proxy:3128", set()),
        ("http://user:word@proxy:3128", {"word"}),
        ("user:word@proxy:3128", {"word"}),
        ("socks5://user:a%40b%2Fc@[::1]:1", {"a%40b%2Fc", "a@b/c"}),
        ("http://user:with:colon@proxy", {"with:colon"}),
        ("http://user:with@at@proxy", {"with@at"}),
        ("http://user:slash/es@proxy", {"slash/es"}),
        ("http://user:word@host/a@b", {"word", "word@host/a"}),
        ("http://user:word@proxy:no-port", {"word"}),
        ("http://user:word@[bad", {"word"}),
    ],
)
def test_passwords_in_urls_are_found_as_written_and_as_meant(url, passwords, monkeypatch):
    assert url_passwords({"proxy": url, "access_key_id": "user:word@x"}) == passwords
    assert url_passwords({"endpoint": url}) == passwords
    monkeypatch.setenv("HTTPS_PROXY", url)
    assert url_passwords({"proxy": None, "endpoint": 5}) == passwords
