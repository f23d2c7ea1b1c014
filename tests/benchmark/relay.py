# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A way to the simulator that can be cut: afterwards nobody listens there any more."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from types import TracebackType

#: Where a chunk of HTTP/1 begins with it, a request does.
_REQUEST = b"POST "


class Relay:
    """Passes bytes on, until so many requests went through.

    :param to: host and port of the server.
    :param requests: after this many it is cut; what is on its way then is lost.
    """

    def __init__(self, to: str, requests: int) -> None:
        host, _colon, port = to.rpartition(":")
        self._to = (host, int(port))
        self._left = requests
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        #: The (monotonic) time at which it was cut.
        self.cut_at: float | None = None

    def __enter__(self) -> Relay:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.cut()

    def cut(self) -> None:
        """Close everything."""
        with self._lock:
            if self.cut_at is not None:
                return
            self.cut_at = time.monotonic()
            for one in [self._listener, *self._sockets]:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _peer = self._listener.accept()
                server = socket.create_connection(self._to)
                with self._lock:
                    self._sockets += [client, server]
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if data.startswith(_REQUEST):
                    self._left -= 1
                    if self._left < 0:
                        self.cut()
                sink.sendall(data)
