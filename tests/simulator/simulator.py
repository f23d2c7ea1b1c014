# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator in a thread of its own, for tests; every method may be called from any thread."""

from __future__ import annotations

import asyncio
import importlib
import pathlib
import ssl
import tempfile
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from aiohttp import web

from .calls import as_data, counts
from .estate import DEMO, read_document
from .schema import EstateError
from .server import Front
from .world import World

T = TypeVar("T")

LOOPBACK = "127.0.0.1"


async def serve(world: World, port: int, tls: ssl.SSLContext | None = None) -> tuple[web.AppRunner, int]:
    """Serve a world on loopback; give the runner, to be cleaned up in the end, and the port."""
    # Hanging calls must not hold up the end, hence the short shutdown.
    runner = web.AppRunner(Front(world).application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, port, ssl_context=tls).start()
    return runner, runner.addresses[0][1]


class Simulator:
    """A simulated pair of clouds: ``with Simulator(estate=...) as sim: ... sim.url ...``."""

    def __init__(self, estate: str | pathlib.Path | dict[str, Any] = DEMO, port: int = 0, tls: bool = False) -> None:
        self._world = World(read_document(estate))
        self._wished_port = port
        self._tls = tls
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._runner: web.AppRunner | None = None
        self._thread: threading.Thread | None = None
        self.port = 0
        self.ca_path = ""

    def start(self) -> Simulator:
        """Start serving; back when the port is open."""
        context = self._make_certificates() if self._tls else None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulator", daemon=True)
        self._thread.start()
        starting = asyncio.run_coroutine_threadsafe(serve(self._world, self._wished_port, context), self._loop)
        try:
            self._runner, self.port = starting.result(timeout=30)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop serving; calls that still hang are cut off."""
        if self._loop is not None and self._thread is not None:
            if self._runner is not None:
                asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(timeout=30)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=30)
            self._loop.close()
        self._loop = self._runner = self._thread = None
        if self._scratch is not None:
            self._scratch.cleanup()

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def host_port(self) -> str:
        """Where it listens, as ``host:port``."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def url(self) -> str:
        """Where it listens, as a URL without a trailing slash."""
        return f"{'https' if self._tls else 'http'}://{self.host_port}"

    def account(self, cloud: str, index: int = 0) -> dict[str, str]:
        """Give the credentials of an account, the first one by default."""
        account = self._world.states[cloud].estate.accounts[index]
        names = ("access_key_id", "access_key_secret", "security_token", "token")
        return {name: getattr(account, name) for name in names if getattr(account, name)}

    def account_id(self, cloud: str, index: int = 0) -> str:
        """Tell whose an account of the estate is."""
        return self._world.states[cloud].estate.accounts[index].account_id

    def calls(
        self, action: str | None = None, write: bool | None = None, cloud: str | None = None
    ) -> list[dict[str, Any]]:
        """List the calls that match, oldest first."""
        return self._there(lambda: [as_data(call) for call in self._world.log.find(cloud, action, write)])

    def counts(self, write: bool | None = None, cloud: str | None = None) -> dict[str, int]:
        """Count the calls that match, by action."""
        return self._there(lambda: counts(self._world.log.find(cloud, None, write)))

    def clear_calls(self) -> None:
        """Forget all calls."""
        self._there(self._world.log.clear)

    def addresses(self, nic_id: str) -> tuple[str, list[str]]:
        """Tell the true primary address and secondary addresses of a network interface."""

        def look() -> tuple[str, list[str]]:
            for state in self._world.states.values():
                nic = state.network_interface(nic_id)
                if nic is not None:
                    return nic.primary_private_ip, list(nic.secondary_private_ips)
            raise EstateError(f"no network interface {nic_id}")

        return self._there(look)

    def uses(self, cloud: str) -> list[dict[str, Any]]:
        """List what truly uses which address of a cloud, whatever its APIs tell of it."""
        return self._there(lambda: self._world.uses()[cloud])

    def estate(self) -> dict[str, Any]:
        """Give the true state of everything."""
        return self._there(self._world.estate)

    def reset(self) -> None:
        """Go back to the estate, settings, faults and events that were loaded last."""
        self._there(self._world.reset)

    def load(self, estate: str | pathlib.Path | dict[str, Any]) -> None:
        """Replace everything with another estate."""
        document = read_document(estate)
        self._there(lambda: self._world.load(document))

    def set(self, **settings: Any) -> None:
        """Merge into the settings."""
        self._there(lambda: self._world.set(settings))

    def add_fault(self, **fault: Any) -> None:
        """Add a fault."""
        self._there(lambda: self._world.faults.add(fault))

    def clear_faults(self) -> None:
        """Forget all faults."""
        self._there(self._world.faults.pending.clear)

    def clear_events(self) -> None:
        """Forget all events."""
        self._there(self._world.events.pending.clear)

    def add_event(self, **event: Any) -> None:
        """Add an event."""
        self._there(lambda: self._world.events.add(event))

    def change(self, **change: Any) -> None:
        """Change the world now."""
        self._there(lambda: self._world.change(change))

    def sink_requests(self) -> list[dict[str, Any]]:
        """List the requests that followed a redirect to the sink."""
        return self._there(lambda: list(self._world.sink))

    def _there(self, action: Callable[[], T]) -> T:
        """Run something in the server's thread, so that nothing needs a lock."""
        if self._loop is None:
            return action()

        async def run() -> T:
            return action()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(timeout=60)

    def _make_certificates(self) -> ssl.SSLContext:
        """Make a certificate for loopback, and a file with the authority that signed it."""
        trustme = importlib.import_module("trustme")  # only who asks for TLS needs it
        authority = trustme.CA()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(LOOPBACK, "localhost").configure_cert(context)
        self._scratch = tempfile.TemporaryDirectory(prefix="simulator-")
        self.ca_path = str(pathlib.Path(self._scratch.name) / "ca.pem")
        authority.cert_pem.write_to_path(self.ca_path)
        return context
