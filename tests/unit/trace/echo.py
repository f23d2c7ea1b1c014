# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server, and a proxy, that repeats in its answers whatever it was sent, in every form."""

from __future__ import annotations

import base64
import http.server
import itertools
import json
from typing import Any
from urllib.parse import quote

from ansible_collections.edgecloud.nic.tests.recorder.server import ThreadedServer
from ansible_collections.edgecloud.nic.tests.simulator.signatures import secrets_in


class Echo(ThreadedServer):
    """Answers in turn with an error, two web pages, a success, a redirect and something unreadable.

    :param cookie: what it sets, and repeats.
    """

    def __init__(self, cookie: str) -> None:
        #: What was sent that is secret.
        self.secrets: set[str] = set()
        self.requests = 0
        self._turn = itertools.cycle(range(6))
        self._cookie = cookie
        super().__init__()

    def answer(self, handler: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
        self.requests += 1
        said = [f"{name}: {value}" for name, value in handler.headers.items()]
        self.secrets.update(secrets_in({name.lower(): value for name, value in handler.headers.items()}))
        said += [base64.b64encode(line.encode()).decode() for line in list(said)]
        said += [quote(line, safe="") for line in list(said)]
        said += [line.encode().hex() for line in list(said)]
        said += [self._cookie]
        text = "\n".join(said)
        answers: list[tuple[int, Any]] = [
            (400, {"Code": "Throttling", "Message": text, "code": "OTHER", "message": text, "List": said}),
            (403, f"<html><title>no</title><h1>{text}</h1></html>"),
            (500, f"<html><title>broken</title><pre>{text}</pre></html>"),
            (200, {"response": {name: name for name in said}, "Clusters": said, "list": [said]}),
            (302, ""),
            (200, text),
        ]
        status, told = answers[next(self._turn)]
        content = (told if isinstance(told, str) else json.dumps(told)).encode()
        cookie = self._cookie
        handler.send_response(status)
        handler.send_header("Set-Cookie", f"session={cookie}; Path=/; HttpOnly")
        handler.send_header("Location", f"https://user:{quote(cookie)}@host/{quote(said[0])};a={cookie}?{cookie}")
        handler.send_header("X-Request-Id", handler.headers.get("Authorization", ""))
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
