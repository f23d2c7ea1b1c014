# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server on loopback, in threads of this process, whatever it answers."""

from __future__ import annotations

import abc
import http.server
import threading
from types import TracebackType
from typing import Any, TypeVar

Server = TypeVar("Server", bound="ThreadedServer")


class ThreadedServer(abc.ABC):
    """Serves from entering the context to leaving it, and keeps connections open between requests."""

    def __init__(self) -> None:
        answer = self.answer

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                answer(self, self.rfile.read(int(self.headers.get("Content-Length") or 0)))

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host_port = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host_port}"

    @abc.abstractmethod
    def answer(self, handler: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
        """Answer a request, of which only the body was read."""

    def __enter__(self: Server) -> Server:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
