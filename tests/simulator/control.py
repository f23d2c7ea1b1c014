# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control API under ``/_simulator``: unsigned, and reachable on loopback only as the server binds nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from .calls import as_data, counts
from .estate import parse_document
from .schema import EstateError
from .world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_control_routes(app: web.Application, world: World) -> None:
    """Add the control API to an application."""
    control = Control(world)
    for method, path, handler in (
        ("GET", "health", control.health),
        ("GET", "calls", control.calls),
        ("DELETE", "calls", control.clear_calls),
        ("GET", "history", control.history),
        ("GET", "estate", control.estate),
        ("GET", "uses", control.uses),
        ("PUT", "estate", control.load),
        ("POST", "reset", control.reset),
        ("PATCH", "settings", control.set),
        ("POST", "faults", control.add_faults),
        ("DELETE", "faults", control.clear_faults),
        ("POST", "events", control.add_events),
        ("DELETE", "events", control.clear_events),
        ("POST", "change", control.change),
        ("GET", "sink-requests", control.sink_requests),
        ("*", "sink", control.sink),
    ):
        app.router.add_route(method, f"/_simulator/{path}", _explained(handler))


def _explained(handler: Handler) -> Handler:
    """Answer a mistake in what was sent with 400 and a sentence about it."""

    async def explained(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except EstateError as exc:
            return web.json_response({"error": str(exc)}, status=400)

    return explained


class Control:
    """The handlers of the control API."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def health(self, _request: web.Request) -> web.Response:
        """Tell that the simulator is up, and how large its clouds are."""
        sizes = {cloud: len(state.estate.network_interfaces) for cloud, state in self.world.states.items()}
        return web.json_response({"status": "ok", "network_interfaces": sizes})

    async def calls(self, request: web.Request) -> web.Response:
        """List the calls that match the query."""
        write = request.query.get("write")
        if write not in (None, "true", "false"):
            raise EstateError("write must be true or false")
        found = self.world.log.find(
            request.query.get("cloud"), request.query.get("action"), None if write is None else write == "true"
        )
        return web.json_response({"calls": [as_data(call) for call in found], "counts": counts(found)})

    async def clear_calls(self, _request: web.Request) -> web.Response:
        """Forget all calls."""
        self.world.log.clear()
        return web.json_response({})

    async def history(self, _request: web.Request) -> web.Response:
        """Tell how often each action was called since the start, and what of it is secret."""
        return web.json_response({"counts": self.world.log.ever, "secrets": sorted(self.world.secrets)})

    async def estate(self, _request: web.Request) -> web.Response:
        """Show the true state of both clouds."""
        return web.json_response(self.world.estate())

    async def uses(self, _request: web.Request) -> web.Response:
        """Show what truly uses which address."""
        return web.json_response(self.world.uses())

    async def load(self, request: web.Request) -> web.Response:
        """Replace everything with the estate in the body."""
        self.world.load(await _body(request))
        return await self.health(request)

    async def reset(self, _request: web.Request) -> web.Response:
        """Go back to the estate that was loaded last."""
        self.world.reset()
        return web.json_response({})

    async def set(self, request: web.Request) -> web.Response:
        """Merge the body into the settings."""
        return web.json_response(self.world.set(await _body(request)))

    async def add_faults(self, request: web.Request) -> web.Response:
        """Add one fault, or those in the list ``faults``."""
        body = await _body(request)
        for entry in body.get("faults", [body]):
            self.world.faults.add(entry)
        return web.json_response({"pending": len(self.world.faults.pending)})

    async def clear_faults(self, _request: web.Request) -> web.Response:
        """Forget all faults."""
        self.world.faults.pending.clear()
        return web.json_response({})

    async def add_events(self, request: web.Request) -> web.Response:
        """Add one event, or those in the list ``events``."""
        body = await _body(request)
        for entry in body.get("events", [body]):
            self.world.events.add(entry)
        return web.json_response({"pending": len(self.world.events.pending)})

    async def clear_events(self, _request: web.Request) -> web.Response:
        """Forget all events."""
        self.world.events.pending.clear()
        return web.json_response({})

    async def change(self, request: web.Request) -> web.Response:
        """Change the world now."""
        self.world.change(await _body(request))
        return web.json_response({})

    async def sink(self, request: web.Request) -> web.Response:
        """Take a redirected request, and remember what it carried."""
        self.world.sink.append({"method": request.method, "headers": dict(request.headers)})
        return web.json_response({})

    async def sink_requests(self, _request: web.Request) -> web.Response:
        """List what the sink took."""
        return web.json_response({"requests": self.world.sink})


async def _body(request: web.Request) -> dict[str, Any]:
    return parse_document(await request.read(), "body")
