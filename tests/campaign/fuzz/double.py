# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated clouds behind a socket of which a test has every byte."""

from __future__ import annotations

import http.server
import json
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from ansible_collections.edgecloud.nic.tests.recorder.server import ThreadedServer
from ansible_collections.edgecloud.nic.tests.simulator.calls import Call
from ansible_collections.edgecloud.nic.tests.simulator.clouds import APIS
from ansible_collections.edgecloud.nic.tests.simulator.errors import ApiError
from ansible_collections.edgecloud.nic.tests.simulator.signatures import Incoming
from ansible_collections.edgecloud.nic.tests.simulator.world import World

#: Which call: its action, and how many calls of that there were before.
Moment = tuple[str, int]
#: Is handed an answer's status and body, and the means to send bytes; tells whether the connection goes on.
Spoil = Callable[[int, dict[str, Any], Callable[[bytes], object]], bool]


def whole(status: int, text: str | bytes) -> bytes:
    """Make a well-formed answer."""
    content = text.encode("utf-8") if isinstance(text, str) else text
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


class Double(ThreadedServer):
    """Answers as the simulator does, but for the calls that are to be spoilt.

    Its world is set up anew for every run with C(load()).
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self._lock = threading.Lock()
        self.world = World(document)
        self._spoils: dict[Moment, Spoil] = {}
        self._counts: Counter[str] = Counter()
        #: Every answer before it was spoilt.
        self.answers: dict[Moment, dict[str, Any]] = {}
        #: Calls whose answers were spoilt.
        self.spoilt: list[Call] = []
        super().__init__()
        self._server.block_on_close = False

    def load(self, document: dict[str, Any], spoils: dict[Moment, Spoil]) -> None:
        """Start afresh."""
        with self._lock:
            self.world.load(document)
            self._spoils, self._counts = dict(spoils), Counter()
            self.answers, self.spoilt = {}, []

    def answer(self, handler: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        try:
            goes_on = self._answer(Incoming("POST", handler.path, headers, body), handler.wfile.write)
        except OSError:
            goes_on = False
        handler.close_connection = not goes_on

    def _answer(self, incoming: Incoming, send: Callable[[bytes], object]) -> bool:
        with self._lock:
            api = next(self.world.apis[api.cloud] for api in APIS if api.cloud == _cloud(incoming))
            call = api.read_call(incoming)
            self.world.log.begin(call, 0.0)
            moment = (call.action, self._counts[call.action])
            self._counts[call.action] += 1
            status, body = self._run(api, incoming, call)
            call.end(status)
            self.answers[moment] = body
            spoil = self._spoils.get(moment)
            if spoil is not None:
                self.spoilt.append(call)
        if spoil is not None:
            return spoil(status, body, send)
        send(whole(status, json.dumps(body)))
        return True

    def _run(self, api: Any, incoming: Incoming, call: Call) -> tuple[int, dict[str, Any]]:
        try:
            api.authorize(incoming, call, self.world.now())
            fault = self.world.faults.take(call)
            if fault is not None and not fault.runs_action:
                raise self.world.fault_error(fault)
            fields = api.run(call)
            call.applied = True
            if fault is not None:
                raise self.world.fault_error(fault)
            return 200, api.success(fields, call)
        except ApiError as error:
            call.code = error.code
            return error.status, api.failure(error, call, "127.0.0.1")


def _cloud(incoming: Incoming) -> str:
    return "ens" if "x-acs-action" in incoming.headers else "zec"
