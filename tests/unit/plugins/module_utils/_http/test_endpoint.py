# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError
from ansible_collections.edgecloud.nic.plugins.module_utils._http.endpoint import is_loopback, parse_endpoint
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("ens.aliyuncs.com", "https://ens.aliyuncs.com"),
        ("  ens.aliyuncs.com\n", "https://ens.aliyuncs.com"),
        ("ENS.Aliyuncs.COM", "https://ens.aliyuncs.com"),
        ("ens.aliyuncs.com:8443", "https://ens.aliyuncs.com:8443"),
        ("https://ens.aliyuncs.com", "https://ens.aliyuncs.com"),
        ("https://ens.aliyuncs.com/", "https://ens.aliyuncs.com"),
        # The default port is in no Host header, and so in no signature.
        ("https://ens.aliyuncs.com:443", "https://ens.aliyuncs.com"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("https://127.0.0.1:80", "https://127.0.0.1:80"),
        ("http://localhost:8089", "http://localhost:8089"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:8089", "http://[::1]:8089"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ("https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443"),
        ("localhost", "https://localhost"),
    ],
)
def test_a_host_with_or_without_port_or_scheme(text, url):
    endpoint = parse_endpoint(text)
    assert endpoint.base_url == url
    assert url.endswith(f"://{endpoint.authority}")


@pytest.mark.parametrize(
    "text",
    [
        "http://ens.aliyuncs.com",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost@example.com",
        "http://[2001:db8::1]",
        "http://2130706433",
        "http://0x7f.1",
    ],
)
def test_plain_http_goes_to_this_machine_only(text):
    with pytest.raises(InputError, match=r"^endpoint: "):
        parse_endpoint(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not a host"),
        ("https://", "is not a host"),
        ("ftp://ens.aliyuncs.com", "must be an https:// URL"),
        ("file:///etc/passwd", "must be an https:// URL"),
        ("https://user@ens.aliyuncs.com", "must not contain a user name or password"),
        ("https://user:hunter2@ens.aliyuncs.com", "must not contain a user name or password"),
        ("https://@ens.aliyuncs.com", "must not contain a user name or password"),
        ("https://ens.aliyuncs.com/api", "must not have a path or a query"),
        ("ens.aliyuncs.com/api", "must not have a path or a query"),
        ("https://ens.aliyuncs.com?x=1", "must not have a path or a query"),
        ("https://ens.aliyuncs.com#x", "must not have a path or a query"),
        ("ens.aliyuncs.com:port", "is not a host"),
        ("ens.aliyuncs.com:99999", "is not a host"),
        ("ens.aliyuncs.com:-1", "is not a host"),
        ("https://[::1", "is not a host"),
        ("https://[fe80::1%25eth0]", "is not a host"),
        ("https://[::1]:x", "is not a host"),
        ("ens aliyuncs com", "is not a host"),
        ("ens.aliyuncs.com\r\nX-Evil: 1", "is not a host"),
        ("ens.aliyuncs\n.com", "is not a host"),
        ("-ens.aliyuncs.com", "is not a host"),
        ("ens..aliyuncs.com", "is not a host"),
        ("ens.aliyuncs.com:0", "is not a host"),
        ("::1", "is not a host"),
        ("bücher.example", "is not a host"),
    ],
)
def test_anything_else_is_refused(text, why):
    with pytest.raises(InputError, match=f"^endpoint: .*{why}") as caught:
        parse_endpoint(text)
    assert "hunter2" not in str(caught.value)


@given(st.text(max_size=40))
def test_no_text_does_more_than_parse_or_be_refused(text):
    try:
        endpoint = parse_endpoint(text)
    except InputError as error:
        assert error.option == "endpoint"
    else:
        assert endpoint.scheme == "https" or is_loopback(endpoint.host)
        assert endpoint.authority.isascii()
        assert endpoint.authority.isprintable()
        assert not set(endpoint.authority) & set("/@?# ")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.255.0.3", "::1"])
def test_loopback(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "10.0.0.1", "localhost.localdomain", "128.0.0.1", "::2", "LOCALHOST.example"])
def test_not_loopback(host):
    assert not is_loopback(host)
