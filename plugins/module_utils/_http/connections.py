# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections of urllib3 that keep their limits, and tell whether a request can have left.

A socket's own time-out starts anew with every byte, so a server or proxy that sends one now and then could hold a
caller for ever. Here one limit covers all of connecting (TCP, a proxy's CONNECT and TLS together), and one the whole
answer, headers and body. And whatever fails while connecting is one kind of error: nothing was sent.
"""

from __future__ import annotations

import http.client
import io
import time
import typing as t

try:
    from urllib3 import PoolManager, ProxyManager
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
except ImportError:
    if not t.TYPE_CHECKING:
        # session.py tells the user, and uses nothing of this.
        PoolManager = ProxyManager = object
        HTTPConnection = HTTPSConnection = HTTPConnectionPool = HTTPSConnectionPool = object


class NotConnectedError(Exception):
    """There was no connection to send on; the cause says why. No kind of error that urllib3 would wrap."""


class _TimedReader(io.RawIOBase):
    def __init__(self, raw: t.Any, sock: t.Any) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        seconds = sock.gettimeout()
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._read_before = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int | None:
        # The first time all of it is left, and setting it anew is a system call, at which other threads take over.
        if self._read_before and self._deadline is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self._sock.settimeout(left)
        self._read_before = True
        return t.cast("int | None", self._raw.readinto(buffer))

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock))


class _TimedConnection(HTTPConnection if t.TYPE_CHECKING else object):  # type: ignore[misc]
    """Mixed into every kind of connection."""

    response_class = _TimedResponse
    _pieces: list[bytes] | None = None

    def connect(self) -> None:
        self._connected_by = time.monotonic() + t.cast(float, self.timeout)
        try:
            super().connect()
        except Exception as error:
            raise NotConnectedError from error
        self.sock.settimeout(self.timeout)

    def request(self, *args: t.Any, **kwargs: t.Any) -> None:
        """Send head and body in one piece: the server then has to be waited for once, and reads once."""
        pieces: list[bytes] = []
        self._pieces = pieces
        try:
            super().request(*args, **kwargs)
        finally:
            self._pieces = None
        self.send(b"".join(pieces))

    def send(self, data: t.Any) -> None:
        if self._pieces is None:
            super().send(data)
        else:
            self._pieces.append(data)

    def _new_conn(self) -> t.Any:
        return self._shortened(super()._new_conn())

    def _tunnel(self) -> None:
        super()._tunnel()
        self._shortened(self.sock)

    def _shortened(self, sock: t.Any) -> t.Any:
        """Leave the next step of connecting no more time than there is."""
        left = self._connected_by - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        sock.settimeout(left)
        return sock


def _timed(
    pool: type[HTTPConnectionPool],
    connection: type[HTTPConnection],
    secure_pool: type[HTTPConnectionPool],
    secure_connection: type[HTTPConnection],
) -> dict[str, type[HTTPConnectionPool]]:
    """Make pools, by scheme, whose connections are timed."""
    timed = type("TimedConnection", (_TimedConnection, connection), {})
    secure_timed = type("TimedSecureConnection", (_TimedConnection, secure_connection), {})
    return {
        "http": type("TimedPool", (pool,), {"ConnectionCls": timed}),
        "https": type("TimedSecurePool", (secure_pool,), {"ConnectionCls": secure_timed}),
    }


def _plain() -> dict[str, type[HTTPConnectionPool]]:
    return _timed(HTTPConnectionPool, HTTPConnection, HTTPSConnectionPool, HTTPSConnection)


def direct(**options: t.Any) -> PoolManager:
    """Make the connections to a server itself."""
    manager = PoolManager(num_pools=1, **options)
    manager.pool_classes_by_scheme = _plain()
    return manager


def through_proxy(url: str, headers: dict[str, str], **options: t.Any) -> PoolManager:
    """Make the connections through an HTTP proxy.

    :param headers: for the proxy alone.
    """
    context = options.get("ssl_context")
    manager = ProxyManager(url, num_pools=1, proxy_headers=headers, proxy_ssl_context=context, **options)
    manager.pool_classes_by_scheme = _plain()
    return manager


def through_socks(url: str, username: str | None, password: str | None, **options: t.Any) -> PoolManager:
    """Make the connections through a SOCKS proxy.

    :raises ImportError: PySocks is missing.
    """
    from urllib3.contrib import socks  # noqa: PLC0415 - warns where PySocks is missing

    manager = socks.SOCKSProxyManager(url, username, password, num_pools=1, **options)
    manager.pool_classes_by_scheme = _timed(
        socks.SOCKSHTTPConnectionPool,
        socks.SOCKSConnection,
        socks.SOCKSHTTPSConnectionPool,
        socks.SOCKSHTTPSConnection,
    )
    return manager
