# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An answer has to be complete within the read time-out, counted once from the request.

A socket's own time-out starts anew with every byte, so a server that sends one now and then could hold a caller
for ever, in the headers as well as in the body. The reader below shortens the socket's time-out to what is left.
"""

from __future__ import annotations

import http.client
import io
import time
import typing as t

try:
    from requests.adapters import HTTPAdapter
    from urllib3 import PoolManager
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
except ImportError:
    if not t.TYPE_CHECKING:
        # session.py tells the user, and uses nothing of this.
        HTTPAdapter = PoolManager = object
        HTTPConnection = HTTPSConnection = HTTPConnectionPool = HTTPSConnectionPool = object


class _TimedReader(io.RawIOBase):
    def __init__(self, raw: t.Any, sock: t.Any) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        seconds = sock.gettimeout()
        self._deadline = None if seconds is None else time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int | None:
        if self._deadline is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self._sock.settimeout(left)
        return t.cast("int | None", self._raw.readinto(buffer))

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock))


class _TimedHTTPConnection(HTTPConnection):
    response_class = _TimedResponse


class _TimedHTTPSConnection(HTTPSConnection):
    response_class = _TimedResponse


class _TimedHTTPConnectionPool(HTTPConnectionPool):
    ConnectionCls = _TimedHTTPConnection


class _TimedHTTPSConnectionPool(HTTPSConnectionPool):
    ConnectionCls = _TimedHTTPSConnection


def _set_deadlines(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _TimedHTTPConnectionPool, "https": _TimedHTTPSConnectionPool}


class DeadlineAdapter(HTTPAdapter):
    """An adapter of requests whose read time-out bounds the whole answer."""

    def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _set_deadlines(self.poolmanager)

    def proxy_manager_for(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        _set_deadlines(manager)
        return manager
