# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server on loopback that answers as it was recorded."""

from __future__ import annotations

import http.server
import json
import threading
from collections import defaultdict, deque
from types import TracebackType
from typing import Any

from .recording import Recording, question


class Replay:
    """Gives each question the recorded answers in their order; what nobody recorded is refused, and remembered."""

    def __init__(self, recording: Recording) -> None:
        self._lock = threading.Lock()
        self._answers: dict[str, deque[dict[str, Any]]] = defaultdict(deque)
        for call in recording["calls"]:
            request = call["request"]
            # What never reached the cloud leaves nothing to be replayed.
            if not (call["error"] and call["error"]["kind"] == "not_sent"):
                asked = question(request["action"], request["target"], request["body"])
                self._answers[asked].append(call)
        #: Questions that were not recorded, or not as often.
        self.unexpected: list[str] = []
        replay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                action = self.headers.get("x-acs-action") or self.headers.get("x-zc-action") or ""
                replay._answer(self, question(action, self.path, body))

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def left(self) -> list[str]:
        """Questions that nobody has asked, or not as often as was recorded."""
        return [asked for asked, calls in self._answers.items() for _call in calls]

    def _answer(self, handler: http.server.BaseHTTPRequestHandler, asked: str) -> None:
        with self._lock:
            calls = self._answers[asked]
            call = calls.popleft() if calls else None
            if call is None:
                self.unexpected.append(asked)
        answer: Any = call["answer"] if call else {"status": 404, "headers": {}, "body": {}, "text": None}
        handler.close_connection = answer is None
        if answer is None:
            return
        body = answer["text"] or "" if answer["body"] is None else json.dumps(answer["body"])
        handler.send_response_only(answer["status"])
        for name, value in answer["headers"].items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body.encode())))
        handler.end_headers()
        handler.wfile.write(body.encode())

    def __enter__(self) -> Replay:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
