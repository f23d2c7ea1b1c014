# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server on loopback that answers as it was recorded."""

from __future__ import annotations

import http.server
import json
import threading
from collections import defaultdict, deque
from typing import Any

from .recording import Recording, question
from .server import ThreadedServer


class Replay(ThreadedServer):
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
        super().__init__()

    @property
    def left(self) -> list[str]:
        """Questions that nobody has asked, or not as often as was recorded."""
        return [asked for asked, calls in self._answers.items() for _call in calls]

    def answer(self, handler: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
        action = handler.headers.get("x-acs-action") or handler.headers.get("x-zc-action") or ""
        asked = question(action, handler.path, body.decode())
        with self._lock:
            calls = self._answers[asked]
            call = calls.popleft() if calls else None
            if call is None:
                self.unexpected.append(asked)
        answer: Any = call["answer"] if call else {"status": 404, "headers": {}, "body": {}, "text": None}
        handler.close_connection = answer is None
        if answer is None:
            return
        text = answer["text"] or "" if answer["body"] is None else json.dumps(answer["body"])
        handler.send_response_only(answer["status"])
        for name, value in answer["headers"].items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(text.encode())))
        handler.end_headers()
        handler.wfile.write(text.encode())
