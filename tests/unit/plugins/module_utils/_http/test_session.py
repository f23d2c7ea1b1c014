# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests over real sockets: promise 9 (never a hang, always a clear error) and promise 10 (no secret anywhere)."""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import email.utils
import gzip
import json
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import time

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError, MissingLibraryError
from ansible_collections.edgecloud.nic.plugins.module_utils._http import session as session_module
from ansible_collections.edgecloud.nic.plugins.module_utils._http.endpoint import parse_endpoint
from ansible_collections.edgecloud.nic.plugins.module_utils._http.errors import (
    HttpError,
    NoAnswerError,
    NotSentError,
    TlsError,
    UnreadableAnswerError,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._http.session import (
    HttpSession,
    HttpSettings,
    parse_retry_after,
)
from ansible_collections.edgecloud.nic.tests.unit.plugins.module_utils.certificates import make_certificate
from ansible_collections.edgecloud.nic.tests.unit.plugins.module_utils.raw_server import (
    OK,
    RawServer,
    answer,
    drip,
    reset,
    send,
    silence,
)

# What must not be in any message: the query, a signature, a body and a proxy's password are all made of this.
SECRET = "hunter2"
TARGET = f"/?SecurityToken={SECRET}&a=%2F%7E%20"
HEADERS = {"Authorization": f"Signature={SECRET}", "x-acs-action": "Do"}
BODY = f'{{"token": "{SECRET}"}}'.encode()


@pytest.fixture
def serve():
    with contextlib.ExitStack() as stack:

        def start(handle, context=None):
            server = RawServer(handle, context)
            stack.callback(server.close)
            return server

        yield start


@pytest.fixture
def open_session():
    with contextlib.ExitStack() as stack:

        def start(endpoint, **settings):
            session = HttpSession(
                parse_endpoint(endpoint), HttpSettings(**{"timeout": 5.0, "connect_timeout": 5.0, **settings})
            )
            stack.callback(session.close)
            return session

        yield start


def post(session):
    return session.post(TARGET, HEADERS, BODY)


def failure(session, kind, within=3.0):
    """Make a call that has to fail in this way and in this time; give the message."""
    start = time.monotonic()
    with pytest.raises(HttpError) as caught:
        post(session)
    took = time.monotonic() - start
    assert caught.type == kind, caught.value
    assert took < within
    message = str(caught.value)
    assert session.endpoint.authority in message
    assert SECRET not in message + repr(caught.value)
    assert "/?" not in message
    assert "object at 0x" not in message
    return message


# What goes out.


def test_a_request_is_sent_byte_by_byte_as_it_was_signed(serve, open_session):
    server = serve(send(OK))
    answered = post(open_session(f"http://{server.host_port}"))
    assert (answered.status, answered.body) == (200, {"ok": True})
    assert answered.headers["content-type"] == "application/json"
    head, _end, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == f"POST {TARGET} HTTP/1.1"
    assert f"Host: {server.host_port}" in lines
    assert "Authorization: Signature=hunter2" in lines
    assert f"Content-Length: {len(BODY)}" in lines
    assert body == BODY


def test_an_empty_body_says_that_it_is_empty(serve, open_session):
    server = serve(send(OK))
    open_session(f"http://{server.host_port}").post("/", {}, b"")
    assert b"\r\nContent-Length: 0\r\n" in server.requests[0]
    assert b"content-type" not in server.requests[0].lower()


def test_many_calls_share_one_connection(serve, open_session):
    server = serve(send(OK))
    session = open_session(f"http://{server.host_port}")
    for _call in range(20):
        post(session)
    assert (len(server.requests), server.connections) == (20, 1)


def test_calls_side_by_side_share_as_many_connections_as_there_are_threads(serve, open_session):
    server = serve(send(OK))
    session = open_session(f"http://{server.host_port}", pool_size=8)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _call: post(session).body, range(80)))
    assert answers == [{"ok": True}] * 80
    assert len(server.requests) == 80
    assert server.connections <= 8


def test_a_connection_that_the_server_closed_in_between_is_opened_again(serve, open_session):
    server = serve(send(OK, keep=False))
    session = open_session(f"http://{server.host_port}")
    for _call in range(3):
        post(session)
        time.sleep(0.05)
    assert server.connections == 3


def test_an_error_answer_keeps_the_connection(serve, open_session):
    server = serve(send(answer({"Code": "X"}, 400)))
    session = open_session(f"http://{server.host_port}")
    assert [post(session).status for _call in range(3)] == [400] * 3
    assert server.connections == 1


def test_cookies_are_not_kept(serve, open_session):
    server = serve(send(answer({}, 200, "Set-Cookie: a=b")))
    session = open_session(f"http://{server.host_port}")
    post(session)
    post(session)
    assert b"cookie" not in server.requests[1].lower()


def test_netrc_does_not_replace_the_signature(serve, open_session, home, monkeypatch):
    netrc = home / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve(send(OK))
    post(open_session(f"http://{server.host_port}"))
    assert b"\r\nAuthorization: Signature=hunter2\r\n" in server.requests[0]
    assert b"Basic" not in server.requests[0]


# What comes back.


@pytest.mark.parametrize("status", [200, 201, 400, 403, 404, 409, 429, 500, 503])
def test_a_json_object_is_an_answer_whatever_its_status(status, serve, open_session):
    server = serve(send(answer({"Code": "X"}, status, "X-Acs-Retry-After: 100")))
    answered = post(open_session(f"http://{server.host_port}"))
    assert (answered.status, answered.body) == (status, {"Code": "X"})
    assert answered.headers["x-acs-retry-after"] == "100"


def chunked(*chunks):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


def gzipped(content):
    return answer(gzip.compress(content), 200, "Content-Encoding: gzip")


@pytest.mark.parametrize(
    "data",
    [
        chunked(b'{"ok"', b":true}"),
        gzipped(b'{"ok":true}'),
        b'HTTP/1.0 200 OK\r\n\r\n{"ok":true}',
        b'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"ok":true}',
        answer(b'\xef\xbb\xbf{"ok":true}'),
        answer(b' \r\n{"ok":true}\n'),
    ],
    ids=["chunked", "gzip", "HTTP/1.0", "100", "byte order mark", "blanks"],
)
def test_ways_in_which_an_object_may_come(data, serve, open_session):
    server = serve(send(data, keep=False))
    assert post(open_session(f"http://{server.host_port}")).body == {"ok": True}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "an empty answer"),
        (b" \r\n", "an empty answer"),
        (b"<html>hunter2</html>", "an answer that is not a JSON object"),
        (b"[]", "an answer that is not a JSON object"),
        (b'["hunter2"]', "an answer that is not a JSON object"),
        (b'"hunter2"', "an answer that is not a JSON object"),
        (b"null", "an answer that is not a JSON object"),
        (b"7", "an answer that is not a JSON object"),
        (b'{"a": 1', "an answer that is not a JSON object"),
        (b'{"a": 1}}', "an answer that is not a JSON object"),
        (b'{"a": "\xff"}', "an answer that is not a JSON object"),
        (b'{"a":' * 200_000, "an answer that is not a JSON object"),
        (b'{"a":' + b"[" * 200_000, "an answer that is not a JSON object"),
        (b"\x00\x01\x02\x03", "an answer that is not a JSON object"),
    ],
)
@pytest.mark.parametrize("status", [200, 502])
def test_anything_but_an_object_is_unreadable_and_keeps_its_status(content, what, status, serve, open_session):
    server = serve(send(answer(content, status)))
    session = open_session(f"http://{server.host_port}")
    assert failure(session, UnreadableAnswerError) == f"{server.host_port} gave {what} (HTTP {status})"
    with pytest.raises(UnreadableAnswerError) as caught:
        post(session)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("status", "page", "said"),
    [
        (413, b"<html><head><title>413 Request Entity Too Large</title></head></html>", "413 Request Entity Too Large"),
        (400, b"<html><title>400</title><body>\r\n<center>Header &amp; cookie\x07 too large</center>", None),
        (404, b"<p>" + b"word " * 500, None),
        (403, b"<script>var a = 'b'</script><h1>Access denied", "Access denied"),
        (400, b"<p>Signature=hunter2 does not match", "*** does not match"),
        (400, b"<p>for user:hunter2-of-the-proxy", "for user:***"),
        (407, b"<p>Basic " + base64.b64encode(b"user:hunter2-of-the-proxy"), "Basic ***"),
    ],
)
def test_a_web_page_that_refuses_says_why_in_one_short_line_without_secrets(status, page, said, serve, open_session):
    proxy = serve(send(answer(page, status)))
    session = open_session("http://127.0.0.1:9", proxy=f"http://user:{SECRET}-of-the-proxy@{proxy.host_port}")
    message = failure(session, UnreadableAnswerError)
    start = f"127.0.0.1:9 gave an answer that is not a JSON object (HTTP {status}): "
    assert message.startswith(start)
    excerpt = message[len(start) :]
    assert excerpt.isprintable()
    assert len(excerpt) <= 100
    assert said is None or excerpt == said
    assert (status != 400) or said or excerpt == "400 Header & cookie too large"
    assert (status != 404) or excerpt.endswith("…")


def test_the_headers_of_an_unreadable_answer_are_kept(serve, open_session):
    server = serve(send(answer(b"<p>", 429, "Retry-After: 7", "CF-Mitigated: challenge")))
    with pytest.raises(UnreadableAnswerError) as caught:
        post(open_session(f"http://{server.host_port}"))
    assert caught.value.headers["retry-after"] == "7"
    assert caught.value.headers["cf-mitigated"] == "challenge"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7),
        (" 7 ", 7),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("\u00b2", None),
        ("\u0661", None),
        ("9" * 5000, None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 99 Oct 99999999999 07:28:00 GMT", None),
        ("Wed, 21 Oct 2015", None),
    ],
)
def test_a_wait_is_read_in_seconds_or_as_a_date_and_garbage_is_none(value, seconds):
    waited = parse_retry_after(value)
    assert waited == pytest.approx(seconds) if seconds is not None else waited in (None, 0)


def test_a_wait_until_a_date_is_counted_from_now():
    in_a_minute = email.utils.formatdate(time.time() + 60, usegmt=True)
    assert 55 < (parse_retry_after(in_a_minute) or 0) <= 60


def test_a_204_is_unreadable(serve, open_session):
    server = serve(send(b"HTTP/1.1 204 No Content\r\n\r\n"))
    assert "an empty answer (HTTP 204)" in failure(open_session(f"http://{server.host_port}"), UnreadableAnswerError)


def test_more_than_16_mib_are_not_read(serve, open_session):
    server = serve(send(answer(b'{"a": "' + b"x" * 17 * 2**20 + b'"}')))
    message = failure(open_session(f"http://{server.host_port}"), UnreadableAnswerError, within=10)
    assert "an answer of more than 16 MiB (HTTP 200)" in message


def test_an_endless_body_is_given_up_by_its_size(serve, open_session):
    def handle(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 2**20)

    message = failure(open_session(f"http://{serve(handle).host_port}"), UnreadableAnswerError, within=10)
    assert "more than 16 MiB" in message


def test_a_small_answer_that_unpacks_to_a_huge_one_is_given_up_by_its_size(serve, open_session):
    server = serve(send(gzipped(b'{"a": "' + b"x" * 64 * 2**20 + b'"}')))
    assert len(server.requests) == 0
    message = failure(open_session(f"http://{server.host_port}"), UnreadableAnswerError, within=10)
    assert "more than 16 MiB" in message


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_is_not_followed(status, serve, open_session):
    sink = serve(send(OK))
    server = serve(send(answer(b"", status, f"Location: http://{sink.host_port}/?{SECRET}")))
    message = failure(open_session(f"http://{server.host_port}"), UnreadableAnswerError)
    assert f"a redirect, which is not followed (HTTP {status})" in message
    assert str(sink.port) not in message
    assert (sink.connections, len(server.requests)) == (0, 1)


# What does not come back.


@pytest.mark.parametrize(
    "handle",
    [
        silence,
        drip(b"", b"H", 0.1),
        drip(b"HTTP/1.1 200 OK\r\nX-Drip: ", b"x", 0.05),
        drip(b"HTTP/1.1 200 OK\r\n", b"X-Drip: x\r\n", 0.05),
        drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b" ", 0.05),
        drip(b"HTTP/1.1 200 OK\r\n\r\n", b" ", 0.05),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", 0.05),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x", 0.05),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: x\r\n", 0.05),
        drip(b"HTTP/1.1 307 X\r\nLocation: /\r\nContent-Length: 1000\r\n\r\n", b" ", 0.05),
    ],
    ids=[
        "silence",
        "status line",
        "header",
        "headers",
        "100",
        "body",
        "body without length",
        "chunks",
        "chunk size",
        "trailer",
        "redirect",
    ],
)
def test_the_whole_answer_has_to_come_within_the_time_out(handle, serve, open_session):
    server = serve(handle)
    session = open_session(f"http://{server.host_port}", timeout=0.4)
    message = failure(session, NoAnswerError, within=1.5)
    assert message == f"no answer from {server.host_port} within 0.4 s (timeout)"
    server.wait_for_request()
    assert len(server.requests) == 1


def test_a_byte_at_the_last_moment_buys_no_more_time(serve, open_session):
    def handle(connection):
        time.sleep(0.8)
        connection.sendall(b"H")
        return silence(connection)

    failure(open_session(f"http://{serve(handle).host_port}", timeout=1.0), NoAnswerError, within=1.6)


def test_a_slow_answer_within_the_time_out_is_taken(serve, open_session):
    def handle(connection):
        for byte in OK:
            connection.sendall(bytes([byte]))
            time.sleep(0.002)
        return True

    session = open_session(f"http://{serve(handle).host_port}", timeout=3.0)
    assert [post(session).body for _call in range(2)] == [{"ok": True}] * 2


def test_the_time_out_starts_anew_with_each_request(serve, open_session):
    def handle(connection):
        time.sleep(0.35)
        connection.sendall(OK)
        return True

    session = open_session(f"http://{serve(handle).host_port}", timeout=0.8)
    assert [post(session).body for _call in range(4)] == [{"ok": True}] * 4


@pytest.mark.parametrize(
    "handle",
    [
        reset(),
        reset(b"HTTP/1.1 200"),
        reset(b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"ok"'),
        reset(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"),
        send(b"", keep=False),
        send(b"HTTP/1.1 200 OK\r\nX: ", keep=False),
        send(b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{"ok":tru', keep=False),
        send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{"ok":true}\r\n', keep=False),
        send(b"hunter2 is no HTTP\r\n\r\n", keep=False),
        send(b"HTTP/1.1 hunter2\r\n\r\n", keep=False),
        send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhunter2\r\n", keep=False),
        send(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n{}", keep=False),
        send(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n{}", keep=False),
        send(answer(b"hunter2 is no gzip", 200, "Content-Encoding: gzip"), keep=False),
        send(answer(gzip.compress(b'{"ok":true}' * 99)[:-20], 200, "Content-Encoding: gzip"), keep=False),
    ],
    ids=[
        "reset",
        "reset in the status line",
        "reset in the body",
        "reset in a chunk",
        "closed",
        "closed in the headers",
        "shorter than announced",
        "no last chunk",
        "not HTTP",
        "no status",
        "no chunk size",
        "too many headers",
        "too long a header",
        "not gzip",
        "half a gzip",
    ],
)
def test_a_broken_answer_leaves_it_open_whether_the_request_had_an_effect(handle, serve, open_session):
    server = serve(handle)
    session = open_session(f"http://{server.host_port}")
    with pytest.raises(HttpError) as caught:
        post(session)
    assert isinstance(caught.value, (NoAnswerError, UnreadableAnswerError))
    assert SECRET not in str(caught.value) + repr(caught.value)
    assert server.host_port in str(caught.value)
    assert len(server.requests) == 1, "nothing below may send a request again by itself"


def test_a_closed_port_is_a_request_that_was_not_sent(serve, open_session):
    server = serve(send(OK))
    server.close()
    with socket.socket() as placeholder:  # so that nobody else gets the port
        placeholder.bind(("127.0.0.1", 0))
        host_port = f"127.0.0.1:{placeholder.getsockname()[1]}"
        message = failure(open_session(f"http://{host_port}"), NotSentError)
    assert message == f"no connection to {host_port}: Connection refused"


def test_a_host_that_does_not_take_connections_is_given_up_after_the_connect_time_out(open_session):
    with socket.socket() as full, contextlib.ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _connection in range(4):  # until the queue is full, and further ones get no answer
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        host_port = f"127.0.0.1:{full.getsockname()[1]}"
        session = open_session(f"http://{host_port}", connect_timeout=0.3, timeout=30)
        message = failure(session, NotSentError, within=2.0)
    assert message == f"no connection to {host_port} within 0.3 s (connect_timeout)"


def test_a_name_that_does_not_exist_is_a_request_that_was_not_sent(open_session):
    message = failure(open_session("https://does-not-exist.invalid"), NotSentError, within=10)
    assert message.startswith("no connection to does-not-exist.invalid: ")


# Proxies.


@pytest.mark.parametrize("variable", ["http_proxy", "all_proxy", "ALL_PROXY", "HTTP_PROXY"])
def test_a_proxy_of_the_environment_is_used(variable, serve, open_session, monkeypatch):
    proxy, server = serve(send(OK)), serve(send(OK))
    monkeypatch.setenv(variable, f"http://{proxy.host_port}")
    post(open_session(f"http://{server.host_port}"))
    assert server.connections == 0
    assert proxy.requests[0].startswith(f"POST http://{server.host_port}{TARGET} HTTP/1.1\r\n".encode())


def test_the_option_beats_the_environment(serve, open_session, monkeypatch):
    proxy, other, server = serve(send(OK)), serve(send(OK)), serve(send(OK))
    monkeypatch.setenv("http_proxy", f"http://{other.host_port}")
    post(open_session(f"http://{server.host_port}", proxy=f"http://{proxy.host_port}"))
    assert (proxy.connections, other.connections, server.connections) == (1, 0, 0)


@pytest.mark.parametrize("no_proxy", ["127.0.0.1", "*", "example.com,127.0.0.1", "127.0.0.0/8"])
@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
def test_no_proxy_is_honoured(no_proxy, variable, serve, open_session, monkeypatch):
    proxy, server = serve(send(OK)), serve(send(OK))
    monkeypatch.setenv("http_proxy", f"http://{proxy.host_port}")
    monkeypatch.setenv(variable, no_proxy)
    post(open_session(f"http://{server.host_port}"))
    post(open_session(f"http://{server.host_port}", proxy=f"http://{proxy.host_port}"))
    assert (proxy.connections, server.connections) == (0, 2)


def test_no_proxy_for_another_host_changes_nothing(serve, open_session, monkeypatch):
    proxy, server = serve(send(OK)), serve(send(OK))
    monkeypatch.setenv("http_proxy", f"http://{proxy.host_port}")
    monkeypatch.setenv("no_proxy", "example.com")
    post(open_session(f"http://{server.host_port}"))
    assert server.connections == 0


def test_a_proxy_for_https_is_not_used_for_http(serve, open_session, monkeypatch):
    server = serve(send(OK))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    post(open_session(f"http://{server.host_port}"))
    assert server.connections == 1


def test_the_password_of_a_proxy_goes_to_the_proxy(serve, open_session):
    proxy = serve(send(OK))
    post(open_session("http://127.0.0.1:9", proxy=f"http://user:{SECRET}@{proxy.host_port}"))
    expected = base64.b64encode(f"user:{SECRET}".encode())
    assert b"\r\nProxy-Authorization: Basic " + expected in proxy.requests[0]


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "https://127.0.0.1:9"])
def test_a_proxy_that_cannot_be_reached_means_that_nothing_was_sent(endpoint, serve, open_session):
    proxy = serve(send(OK))
    proxy.close()
    session = open_session(endpoint, proxy=f"http://user:{SECRET}@{proxy.host_port}")
    failure(session, NotSentError)


@pytest.mark.parametrize("status", [400, 403, 407, 502])
def test_a_proxy_that_refuses_the_tunnel_means_that_nothing_was_sent(status, serve, open_session):
    proxy = serve(send(f"HTTP/1.1 {status} No {SECRET}\r\nContent-Length: 0\r\n\r\n".encode()))
    session = open_session("https://127.0.0.1:9", proxy=f"http://user:{SECRET}@{proxy.host_port}")
    message = failure(session, NotSentError)
    assert message == f"no connection to 127.0.0.1:9 through the proxy: it answered HTTP {status}"
    assert proxy.requests[0].startswith(b"CONNECT 127.0.0.1:9 HTTP/1.")
    assert b"Signature" not in proxy.requests[0]


@pytest.mark.parametrize("handle", [reset(), reset(b"HTTP/1.1 200 OK\r\n"), send(b"", keep=False)])
def test_a_proxy_that_breaks_off_after_the_request_leaves_it_open(handle, serve, open_session):
    """The proxy may have passed the request on: counting it as unsent would send a write twice."""
    proxy = serve(handle)
    session = open_session("http://127.0.0.1:9", proxy=f"http://user:{SECRET}@{proxy.host_port}")
    failure(session, NoAnswerError)
    assert len(proxy.requests) == 1


@pytest.mark.parametrize("handle", [reset(), send(b"", keep=False), silence], ids=["reset", "closed", "silence"])
def test_a_tunnel_that_breaks_off_after_the_request_leaves_it_open(handle, serve, open_session, certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificates["127.0.0.1"])
    inner = []

    def tunnel(connection):
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with context.wrap_socket(connection, server_side=True) as server_side:
            inner.append(RawServer.read_request(server_side))
            handle(server_side)

    proxy = serve(tunnel)
    session = open_session("https://127.0.0.1:9", proxy=proxy.host_port, validate_certs=False, timeout=0.5)
    failure(session, NoAnswerError)
    assert [request.split(b" ")[0] for request in inner] == [b"POST"]
    assert len(proxy.requests) == 1


def test_a_proxy_that_never_answers_leaves_it_open(serve, open_session):
    proxy = serve(silence)
    failure(open_session("http://127.0.0.1:9", proxy=proxy.host_port, timeout=0.3), NoAnswerError)


@pytest.mark.parametrize(
    "handle",
    [silence, drip(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.05), drip(b"HTTP/1.1 407 No\r\n", b"X: x\r\n", 0.05)],
    ids=["silence", "header", "headers"],
)
def test_a_tunnel_has_to_be_there_within_the_connect_time_out(handle, serve, open_session):
    proxy = serve(handle)
    session = open_session(
        "https://127.0.0.1:9", proxy=f"http://u:{SECRET}@{proxy.host_port}", connect_timeout=0.4, timeout=30
    )
    message = failure(session, NotSentError, within=2)
    # Some releases of Python read a refusal no further than its first line.
    assert message.endswith((" within 0.4 s (connect_timeout)", " through the proxy: it answered HTTP 407"))


def test_connecting_has_one_limit_for_all_its_steps(serve, open_session):
    """A tunnel that comes late leaves the TLS handshake what is left, and not the whole limit anew."""

    def tunnel(connection):
        time.sleep(0.8)
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        time.sleep(2)

    session = open_session("https://127.0.0.1:9", proxy=serve(tunnel).host_port, connect_timeout=1.2, timeout=30)
    message = failure(session, NotSentError, within=1.75)
    assert message == "no connection to 127.0.0.1:9 within 1.2 s (connect_timeout)"


@pytest.mark.parametrize("time_left", [0.3, 0.001])
def test_a_call_of_a_run_that_has_to_end_gets_no_more_time_than_is_left(time_left, serve, open_session):
    session = open_session(f"http://{serve(silence).host_port}")
    start = time.monotonic()
    with pytest.raises(HttpError, match="left to an interrupted run"):
        session.post(TARGET, HEADERS, BODY, time_left=time_left)
    assert time.monotonic() - start < 1.3


def socks_proxy(connection):
    """What a SOCKS5 proxy without authentication says, once the greeting (taken for a request) has come."""
    connection.sendall(b"\x05\x00")
    connection.recv(512)
    connection.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
    RawServer.read_request(connection)
    connection.sendall(OK)


class SocksServer(RawServer):
    @staticmethod
    def read_request(connection):
        return connection.recv(512)


def test_a_socks_proxy_is_used(open_session):
    proxy = SocksServer(socks_proxy)
    try:
        session = open_session("http://127.0.0.1:9", proxy=f"socks5h://{proxy.host_port}")
        assert post(session).body == {"ok": True}
    finally:
        proxy.close()


def test_a_socks_proxy_without_pysocks_says_what_is_missing(open_session, monkeypatch):
    monkeypatch.setitem(sys.modules, "socks", None)
    monkeypatch.delitem(sys.modules, "urllib3.contrib.socks", raising=False)
    monkeypatch.delattr("urllib3.contrib.socks", raising=False)
    with pytest.raises(InputError, match=r"^proxy: a SOCKS proxy needs the Python library PySocks, which is missing$"):
        open_session("https://127.0.0.1:9", proxy=f"socks5://user:{SECRET}@127.0.0.1:1080")


@pytest.mark.parametrize(
    "proxy", ["http://", "://", "http://[::1", "http://proxy:port", "http://proxy:0", "ftp://proxy:21"]
)
def test_a_proxy_that_is_none_is_refused(proxy, open_session):
    with pytest.raises(InputError, match=r"^proxy: is not the URL of an HTTP or SOCKS5 proxy$"):
        open_session("https://127.0.0.1:9", proxy=proxy)


def test_a_refused_proxy_does_not_show_its_password(open_session, monkeypatch):
    with pytest.raises(InputError) as caught:
        open_session("https://127.0.0.1:9", proxy=f"http://user:{SECRET}@proxy:port")
    assert SECRET not in str(caught.value)
    monkeypatch.setenv("https_proxy", f"http://user:{SECRET}@proxy:port")
    with pytest.raises(InputError) as caught:
        open_session("https://127.0.0.1:9")
    assert SECRET not in str(caught.value)


def test_plain_http_does_not_leave_the_machine_through_a_proxy_either(open_session):
    with pytest.raises(InputError, match="plain http:// must not go through a proxy on another machine"):
        open_session("http://127.0.0.1:9", proxy="http://proxy.example.com:3128")


# TLS.


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    directory = tmp_path_factory.mktemp("certificates")
    return {host: make_certificate(directory, host) for host in ("127.0.0.1", "other.example.com")}


@pytest.fixture
def tls(serve, certificates):
    def start(host="127.0.0.1", handle=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificates[host])
        return serve(handle or send(OK), context)

    return start


def test_a_certificate_that_nobody_vouches_for_is_refused(tls, open_session):
    server = tls()
    message = failure(open_session(f"https://{server.host_port}"), TlsError)
    # Older releases of OpenSSL spell it without a hyphen.
    assert message.replace("self signed", "self-signed") == (
        f"the TLS certificate of {server.host_port} was refused: self-signed certificate "
        "(the option ca_path names the authorities to trust)"
    )
    assert server.requests == []


def test_a_certificate_in_ca_path_is_accepted(tls, open_session, certificates):
    server = tls()
    session = open_session(f"https://{server.host_port}", ca_path=certificates["127.0.0.1"][0])
    for _call in range(3):
        assert post(session).body == {"ok": True}
    assert server.connections == 1


def test_a_certificate_for_another_name_is_refused_even_from_ca_path(tls, open_session, certificates):
    server = tls("other.example.com")
    failure(open_session(f"https://{server.host_port}", ca_path=certificates["other.example.com"][0]), TlsError)
    assert server.requests == []


def test_without_validation_any_certificate_is_accepted_and_nothing_is_warned_of(tls, open_session, recwarn):
    server = tls("other.example.com")
    assert post(open_session(f"https://{server.host_port}", validate_certs=False)).body == {"ok": True}
    assert not [warning for warning in recwarn if "Unverified" in str(warning.message)]


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_environment_may_name_the_authorities(variable, tls, open_session, certificates, monkeypatch):
    monkeypatch.setenv(variable, certificates["127.0.0.1"][0])
    assert post(open_session(f"https://{tls().host_port}")).body == {"ok": True}


def hashed(directory, certificate):
    """Make a directory as openssl rehash leaves it."""
    directory.mkdir()
    content = pathlib.Path(certificate).read_bytes()
    (directory / "ca.pem").write_bytes(content)
    command = ["openssl", "x509", "-noout", "-subject_hash", "-in", certificate]
    name = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    (directory / f"{name}.0").write_bytes(content)
    return str(directory)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="hashes are made by openssl")
def test_a_directory_of_authorities_counts_once_it_is_hashed(tls, open_session, certificates, tmp_path, monkeypatch):
    server = tls()
    directory = hashed(tmp_path / "hashed", certificates["127.0.0.1"][0])
    assert post(open_session(f"https://{server.host_port}", ca_path=directory)).body == {"ok": True}
    monkeypatch.setenv("SSL_CERT_DIR", directory)
    assert post(open_session(f"https://{server.host_port}")).body == {"ok": True}


def test_a_directory_that_openssl_would_find_nothing_in_is_refused(open_session, certificates, tmp_path):
    (tmp_path / "ca.pem").write_bytes(pathlib.Path(certificates["127.0.0.1"][0]).read_bytes())
    with pytest.raises(InputError, match=r"^ca_path: .* run openssl rehash, or name a bundle file$"):
        open_session("https://127.0.0.1:9", ca_path=str(tmp_path))


def test_what_requests_honours_beats_what_openssl_does(tls, open_session, certificates, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", certificates["other.example.com"][0])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificates["127.0.0.1"][0])
    assert post(open_session(f"https://{tls().host_port}")).body == {"ok": True}


def test_ca_path_beats_the_environment(tls, open_session, certificates, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificates["127.0.0.1"][0])
    failure(open_session(f"https://{tls().host_port}", ca_path=certificates["other.example.com"][0]), TlsError)


def test_a_ca_path_that_cannot_be_used_is_refused_before_anything_is_sent(tmp_path, open_session):
    with pytest.raises(InputError, match=r"^ca_path: .* does not exist or cannot be read$"):
        open_session("https://127.0.0.1:9", ca_path=str(tmp_path / "none.pem"))
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("hunter2", encoding="utf-8")
    with pytest.raises(InputError, match=r"^ca_path: .* holds no certificate that can be read$") as caught:
        open_session("https://127.0.0.1:9", ca_path=str(garbage))
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("path", ["a\0b", "\ud800"])
def test_a_ca_path_that_no_path_can_be_is_refused(path, open_session):
    with pytest.raises(InputError, match=r"^ca_path: has a .*character"):
        open_session("https://127.0.0.1:9", ca_path=path)


def test_a_ca_path_may_begin_with_the_home_directory(tls, open_session, certificates, home):
    (home / "ca.pem").write_bytes(pathlib.Path(certificates["127.0.0.1"][0]).read_bytes())
    assert post(open_session(f"https://{tls().host_port}", ca_path="~/ca.pem")).body == {"ok": True}


def test_a_server_without_tls_is_no_answer(serve, open_session):
    server = serve(send(OK))
    with pytest.raises(HttpError) as caught:
        post(open_session(f"https://{server.host_port}", connect_timeout=0.5))
    assert SECRET not in str(caught.value)
    assert not any(SECRET.encode() in request for request in server.requests)


def test_a_handshake_that_never_ends_is_given_up(serve, open_session):
    server = serve(silence)
    session = open_session(f"https://{server.host_port}", connect_timeout=0.3, timeout=30)
    message = failure(session, NotSentError, within=2)
    assert message == f"no connection to {server.host_port} within 0.3 s (connect_timeout)"


@pytest.mark.parametrize("handle", [silence, drip(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.05)], ids=["silence", "header"])
def test_the_time_out_holds_with_tls(handle, tls, open_session):
    session = open_session(f"https://{tls(handle=handle).host_port}", validate_certs=False, timeout=0.4)
    failure(session, NoAnswerError, within=1.5)


# Without requests.


def test_a_missing_library_is_told_by_name(monkeypatch):
    monkeypatch.setattr(session_module, "REQUESTS_IMPORT_ERROR", "Traceback …")
    with pytest.raises(MissingLibraryError) as caught:
        HttpSession(parse_endpoint("https://127.0.0.1:9"), HttpSettings())
    assert (caught.value.library, caught.value.traceback) == ("requests", "Traceback …")
    assert json.dumps(str(caught.value)) == '"the Python library requests is missing"'
