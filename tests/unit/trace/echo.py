# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server, and a proxy, that repeats in its answers whatever it was sent, in every form."""

from __future__ import annotations

import base64
import http.server
import itertools
import json
import threading
from types import TracebackType
from typing import Any
from urllib.parse import quote

from ansible_collections.edgecloud.nic.tests.simulator.signatures import secrets_in


class Echo:
    """Answers in turn with an error, a web page, a success, a redirect and something unreadable.

    :param cookie: what it sets, and repeats.
    """

    def __init__(self, cookie: str) -> None:
        #: What was sent that is secret.
        self.secrets: set[str] = set()
        self.requests = 0
        turn = itertools.cycle(range(5))
        echo = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                echo.requests += 1
                said = [f"{name}: {value}" for name, value in self.headers.items()]
                echo.secrets.update(secrets_in({name.lower(): value for name, value in self.headers.items()}))
                said += [base64.b64encode(line.encode()).decode() for line in list(said)]
                said += [quote(line, safe="") for line in list(said)]
                said += [line.encode().hex() for line in list(said)]
                said += [cookie]
                self._say(next(turn), said)

            def _say(self, way: int, said: list[str]) -> None:
                text = "\n".join(said)
                bodies: list[tuple[int, Any]] = [
                    (400, {"Code": "Throttling", "Message": text, "code": "OTHER", "message": text, "List": said}),
                    (403, f"<html><title>no</title><h1>{text}</h1></html>"),
                    (200, {"response": {name: name for name in said}, "Clusters": said, "list": [said]}),
                    (302, ""),
                    (200, text),
                ]
                status, body = bodies[way]
                content = (body if isinstance(body, str) else json.dumps(body)).encode()
                self.send_response(status)
                self.send_header("Set-Cookie", f"session={cookie}; Path=/; HttpOnly")
                self.send_header("Location", f"https://user:{quote(cookie)}@host/{quote(said[0])};a={cookie}?{cookie}")
                self.send_header("X-Request-Id", self.headers.get("Authorization", ""))
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host_port = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host_port}"

    def __enter__(self) -> Echo:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
