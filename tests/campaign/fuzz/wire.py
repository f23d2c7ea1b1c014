# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that are no proper HTTP, or proper HTTP that no API means: bytes, headers, sizes and breaks."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Callable
from typing import Any

from .double import Moment, Spoil, whole

#: Well-formed, and what a cloud may mean.
MAY_BE_MEANT = "another call's answer"
#: Makes bytes of an answer's status and body.
Make = Callable[[int, bytes], bytes]
_JSON = b"Content-Type: application/json\r\n"
_REFUSED = b'{"Code": "OTHER", "code": "OTHER", "Message": "no", "message": "no"}'
_LONG = b"no\xe2\x80\xa8\x1b[31m" * 20_000


def _with(head: str, content: bytes | None = None) -> Make:
    """Give an answer this head, whose C(%d) is the length of its body, and this body or its own."""

    def make(_status: int, body: bytes) -> bytes:
        sent = body if content is None else content
        filled = head.replace("%d", str(len(sent))).replace("\n", "\r\n")
        return filled.encode("latin-1") + b"\r\n\r\n" + sent

    return make


def _chunked(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def _status(code: str) -> Make:
    return _with(f"HTTP/1.1 {code}\nContent-Length: %d")


_BOMB = gzip.compress(b" " * (20 * 2**20) + b"{}", compresslevel=1)
_CHUNKED = "HTTP/1.1 200 OK\nTransfer-Encoding: chunked"

#: After what was sent, the connection is closed.
WAYS: dict[str, Make] = {
    "nothing": lambda status, body: b"",
    "one byte": lambda status, body: b"H",
    "line break": lambda status, body: b"\r\n\r\n",
    "head alone": lambda status, body: b"HTTP/1.1 200 OK\r\n",
    "HTTP/0.9": lambda status, body: body,
    "another protocol": lambda status, body: b"SSH-2.0-OpenSSH_9.9\r\n",
    "TLS alert": lambda status, body: b"\x15\x03\x03\x00\x02\x02\x28",
    "zeros": lambda status, body: bytes(10_000),
    "HTTP/1.0": _with("HTTP/1.0 200 OK"),
    "HTTP/9.9": _with("HTTP/9.9 200 OK\nContent-Length: %d"),
    "no reason": _status("200"),
    "reason of many": _status("200 " + "x" * 60_000),
    **{
        f"status {code}": _status(code) for code in ("000", "099", "999", "1000", "-1", "2e2", "20", "\xb2\xb2\xb2", "")
    },
    "continue": lambda status, body: b"HTTP/1.1 100 Continue\r\n\r\n" + whole(status, body),
    "many continues": lambda status, body: b"HTTP/1.1 100 Continue\r\n\r\n" * 200 + whole(status, body),
    "early hints": lambda status, body: b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + whole(status, body),
    "switching": lambda status, body: b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n" + whole(status, body),
    "no content": _status("204 No Content"),
    "reset content": _status("205 Reset Content"),
    "not modified": _status("304 Not Modified"),
    "partial": _with("HTTP/1.1 206 Partial\nContent-Range: bytes 0-9/100\nContent-Length: %d"),
    **{
        f"redirect {code} to {place[:20]}": _with(f"HTTP/1.1 {code} X\nLocation: {place}\nContent-Length: %d")
        for code in (301, 307, 308)
        for place in ("http://127.0.0.1:9/", "/", "file:///etc/passwd", "//x", "")
    },
    "length too long": lambda status, body: whole(status, body).replace(b"Content-Length: ", b"Content-Length: 9"),
    "length too short": _with("HTTP/1.1 200 OK\nContent-Length: 9"),
    "length of 100 MB": _with("HTTP/1.1 200 OK\nContent-Length: 104857600"),
    "length below 0": _with("HTTP/1.1 200 OK\nContent-Length: -1"),
    "length of text": _with("HTTP/1.1 200 OK\nContent-Length: abc"),
    "length of digits": _with("HTTP/1.1 200 OK\nContent-Length: " + "9" * 5000),
    "two lengths": _with("HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: %d"),
    "length and chunks": lambda status, body: (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + _chunked(body)
    ),
    "chunks": lambda status, body: _with(_CHUNKED, _chunked(body))(status, body),
    "chunk without size": _with(_CHUNKED, b"\r\n{}\r\n"),
    "chunk of text": _with(_CHUNKED, b"xyz\r\n{}\r\n0\r\n\r\n"),
    "chunk below 0": _with(_CHUNKED, b"-5\r\n{}\r\n0\r\n\r\n"),
    "chunk too long": _with(_CHUNKED, b"ffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
    "chunk of digits": _with(_CHUNKED, b"0" * 70_000 + b"\r\n"),
    "chunks without end": lambda status, body: _with(_CHUNKED, b"%x\r\n%s\r\n" % (len(body), body))(status, body),
    "gzip": lambda status, body: _with(
        "HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: %d", gzip.compress(body)
    )(status, body),
    "no gzip": _with("HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: %d"),
    "half a gzip": lambda status, body: _with(
        "HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: %d", gzip.compress(body)[:-9]
    )(status, body),
    "gzip bomb": _with("HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: %d", _BOMB),
    "gzip of gzip": lambda status, body: _with(
        "HTTP/1.1 200 OK\nContent-Encoding: gzip, gzip\nContent-Length: %d", gzip.compress(gzip.compress(body))
    )(status, body),
    "deflate": lambda status, body: _with(
        "HTTP/1.1 200 OK\nContent-Encoding: deflate\nContent-Length: %d", zlib.compress(body)
    )(status, body),
    "many encodings": _with("HTTP/1.1 200 OK\nContent-Encoding: " + "gzip, " * 500 + "\nContent-Length: %d"),
    "unknown encoding": _with("HTTP/1.1 200 OK\nContent-Encoding: zstd, br, x\nContent-Length: %d"),
    "many headers": _with("HTTP/1.1 200 OK\n" + "X: y\n" * 300 + "Content-Length: %d"),
    "long header": _with("HTTP/1.1 200 OK\nX: " + "y" * 70_000 + "\nContent-Length: %d"),
    "header without colon": _with("HTTP/1.1 200 OK\nnonsense\nContent-Length: %d"),
    "header of bytes": _with("HTTP/1.1 200 OK\nX-\xff\xfe: \x00\x01\xe9\nContent-Length: %d"),
    "folded header": _with("HTTP/1.1 200 OK\nX: a\n b\nContent-Length: %d"),
    "body in UTF-16": lambda status, body: whole(status, body.decode().encode("utf-16")),
    "body with a mark": lambda status, body: whole(status, b"\xef\xbb\xbf" + body),
    "body in Latin-1": lambda status, body: whole(status, b'{"x": "\xe9"}'),
    "JSON and more": lambda status, body: whole(status, body + b"{}"),
    "list": lambda status, body: whole(status, b"[%s]" % body),
    "deep": lambda status, body: whole(status, b'{"a":' * 100_000),
    "blank": lambda status, body: whole(status, b" \n"),
    MAY_BE_MEANT: lambda status, body: whole(200, b'{"RequestId": "r", "requestId": "r", "response": {}}'),
    **{
        f"{status} of a long {kind}": _with(f"HTTP/1.1 {status} X\nContent-Length: %d", content)
        for status in (400, 413, 500)
        for kind, content in (
            ("message", _REFUSED.replace(b"no", _LONG.replace(b"\x1b", b"\\u001b"))),
            ("code", _REFUSED.replace(b"OTHER", b"O" * 200_000)),
            ("page", b"<html><title>no</title><body>" + _LONG),
        )
    },
    **{
        f"{status} with {name}: {value[:20]}": _with(
            f"HTTP/1.1 {status} X\n{name}: {value}\nContent-Length: %d", _REFUSED
        )
        for status in (429, 503)
        for name, value in (
            ("Retry-After", "99999999999999999999"),
            ("Retry-After", "-1"),
            ("Retry-After", "\xb2"),
            ("Retry-After", "nan"),
            ("Retry-After", "1e999"),
            ("Retry-After", "9" * 5000),
            ("Retry-After", "Wed, 99 Xyz 0000 00:00:00 GMT"),
            ("Retry-After", "Fri, 31 Dec 9999 23:59:59 -2359"),
            ("x-acs-retry-after", "9" * 30),
            ("x-acs-retry-after", "-1"),
            ("cf-mitigated", "challenge"),
        )
    },
    **{
        f"date {value[:20]}": _with(f"HTTP/1.1 200 OK\nDate: {value}\nContent-Length: %d")
        for value in ("", "x", "9" * 5000, "Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 0001 00:00:00 +2359")
    },
}


def spoil(moment: Moment, way: str) -> dict[Moment, Spoil]:
    """Make one answer of a run come in one of these ways, from then on each time that it is asked for again.

    :param way: one of C(WAYS), or C(cut N) for the first bytes of a good answer, or C(drip) for one that is too slow.
    """

    def answer(status: int, body: dict[str, Any], send: Callable[[bytes], object]) -> bool:
        good = whole(status, json.dumps(body))
        if way == "drip":
            for byte in good[:40]:
                send(bytes([byte]))
                time.sleep(0.02)
            return False
        if way.startswith("cut "):
            send(good[: int(way[4:])])
            return False
        send(WAYS[way](status, json.dumps(body).encode()))
        return False

    return {moment: answer}
