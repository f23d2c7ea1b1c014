# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server on a real socket that answers with exactly the bytes that a test wants, at the pace that it wants."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
import typing as t

OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'


def answer(body: t.Any, status: int = 200, *headers: str) -> bytes:
    """Make a well-formed answer; a body that is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + content


class RawServer:
    """Listens on loopback. C(handle) gets the connection after each request; it returns True to go on with it."""

    def __init__(self, handle: t.Callable[[socket.socket], object], context: ssl.SSLContext | None = None) -> None:
        self._handle = handle
        self._context = context
        self.requests: list[bytes] = []
        self._requested = threading.Event()
        self.connections = 0
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.host_port = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # or the thread would take one connection more
        self._listener.close()
        for connection in self._open:
            connection.close()

    def wait_for_request(self) -> None:
        """Return once a request has come: a busy machine may read it only when the client has given up already."""
        self._requested.wait(10)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _peer = self._listener.accept()
                self.connections += 1
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            with connection:
                while True:
                    request = self.read_request(connection)
                    if not request:
                        return
                    self.requests.append(request)
                    self._requested.set()
                    if not self._handle(connection):
                        return

    @staticmethod
    def read_request(connection: socket.socket) -> bytes:
        """Read one request with its body; nothing where the client has gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return data
            data += more
        head, _end, body = data.partition(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
                while len(body) < length:
                    body += connection.recv(65536)
        return head + b"\r\n\r\n" + body


def send(data: bytes, keep: bool = True) -> t.Callable[[socket.socket], bool]:
    """Send these bytes, and go on with the connection or close it."""

    def handle(connection: socket.socket) -> bool:
        connection.sendall(data)
        return keep

    return handle


def drip(prefix: bytes, filler: bytes, pause: float) -> t.Callable[[socket.socket], bool]:
    """Send a start, and then one more piece again and again for ever."""

    def handle(connection: socket.socket) -> bool:
        connection.sendall(prefix)
        while True:
            time.sleep(pause)
            connection.sendall(filler)

    return handle


def silence(connection: socket.socket) -> bool:
    """Never answer."""
    with contextlib.suppress(OSError):
        connection.recv(1)
    return False


def reset(prefix: bytes = b"") -> t.Callable[[socket.socket], bool]:
    """Send a start of an answer, and reset the connection."""

    def handle(connection: socket.socket) -> bool:
        if prefix:
            connection.sendall(prefix)
            time.sleep(0.05)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    return handle
