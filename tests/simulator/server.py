# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP front of the simulator: one port for all clouds and the control API."""

from __future__ import annotations

import asyncio
import functools
import http
import socket
import struct
import time
from email.utils import formatdate
from typing import Any

from aiohttp import web

from .calls import Call
from .clouds import APIS, Api
from .control import add_control_routes
from .errors import ApiError, WebPageError
from .signatures import Incoming, secrets_in
from .weather import Fault
from .world import World


class Front:
    """Takes a request through log, latency, signature, throttle, fault and action to its answer."""

    def __init__(self, world: World) -> None:
        self.world = world

    def application(self) -> web.Application:
        """Make the web application."""
        app = web.Application()
        for api in APIS:
            for method, path in api.routes:
                app.router.add_route(method, path, functools.partial(self._serve, api.cloud))
        add_control_routes(app, self.world)
        return app

    async def _serve(self, cloud: str, request: web.Request) -> web.StreamResponse:
        came = time.time()
        api = self.world.apis[cloud]
        incoming = Incoming(
            method=request.method,
            target=request.raw_path,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        call = api.read_call(incoming)
        self.world.log.begin(call, came)
        self.world.secrets |= secrets_in(incoming.headers)
        try:
            await asyncio.sleep(self.world.settings.latency)
            return await self._answer(request, api, incoming, call)
        finally:
            call.finished = time.time()

    async def _answer(self, request: web.Request, api: Api, incoming: Incoming, call: Call) -> web.StreamResponse:
        host = incoming.headers.get("host", "")
        try:
            api.authorize(incoming, call, self.world.now())
            self.world.throttle(api, call)
        except ApiError as error:
            return self._refuse(api, call, error, host)
        except WebPageError as page:
            call.end(page.status)
            return _web_page(page.status, page.headers)
        fault = self.world.faults.take(call)
        if fault is not None:
            return await self._answer_with_fault(request, api, call, fault)
        response = self._run(api, call, host)
        self.world.fire_events(call)
        return response

    async def _answer_with_fault(self, request: web.Request, api: Api, call: Call, fault: Fault) -> web.StreamResponse:
        host = request.headers.get("host", "")
        call.fault = fault.kind
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        response = self._run(api, call, host, fault) if fault.runs_action else None
        self.world.fire_events(call)
        if response is not None and fault.kind in ("delay", "missing_fields", "null_lists", "replace_fields"):
            return response
        if fault.kind == "error":
            return self._refuse(api, call, self.world.fault_error(fault), host)
        if fault.kind in ("html", "empty", "redirect"):
            return _instead(call, fault)
        body = response.body if response is not None and isinstance(response.body, bytes) else b""
        return await self._spoil(request, call, fault, body)

    def _run(self, api: Api, call: Call, host: str, fault: Fault | None = None) -> web.Response:
        try:
            fields = api.run(call)
        except ApiError as error:
            return self._refuse(api, call, error, host)
        call.applied = True
        if fault is not None and fault.kind == "missing_fields":
            fields = without_fields(fields, fault.fields)
        if fault is not None and fault.kind == "null_lists":
            fields = with_null_lists(fields)
        if fault is not None and fault.kind == "replace_fields":
            fields = with_fields(fields, fault.values)
        call.end(200)
        return self._json(200, api.success(fields, call))

    def _refuse(self, api: Api, call: Call, error: ApiError, host: str) -> web.Response:
        call.end(error.status, error.code)
        return self._json(error.status, api.failure(error, call, host), error.headers)

    def _json(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> web.Response:
        return web.json_response(body, status=status, headers={**self._date(), **(headers or {})})

    def _date(self) -> dict[str, str]:
        """A cloud whose clock differs shows it in its Date header."""
        return {"Date": formatdate(self.world.now(), usegmt=True)}

    async def _spoil(self, request: web.Request, call: Call, fault: Fault, body: bytes) -> web.StreamResponse:
        """Send the answer in a way that is hard to read, or not at all."""
        if fault.kind == "bad_json":
            return web.Response(body=body[:-1] + b",}", content_type="application/json")
        if fault.kind == "truncate":
            return await self._send_slowly(request, [body[: len(body) // 2]], len(body), 0.0)
        if fault.kind == "drip":
            return await self._send_slowly(request, [bytes([byte]) for byte in body], len(body), fault.seconds)
        if fault.kind == "hang":
            await asyncio.sleep(fault.seconds)
        call.end(None)
        return _hang_up(request)

    async def _send_slowly(
        self, request: web.Request, parts: list[bytes], promised: int, pause: float
    ) -> web.StreamResponse:
        """Send a body in parts; if they are fewer bytes than promised, close the connection after them."""
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(promised)})
        await response.prepare(request)
        for part in parts:
            await response.write(part)
            await asyncio.sleep(pause)
        if sum(len(part) for part in parts) < promised and request.transport is not None:
            request.transport.close()
        return response


def _instead(call: Call, fault: Fault) -> web.Response:
    """Answer as something between the client and the cloud would."""
    if fault.kind == "redirect":
        call.end(fault.status or 307)
        return web.Response(status=fault.status or 307, headers={**fault.headers, "Location": fault.location})
    call.end(fault.status or 502)
    text = fault.body if fault.kind == "html" else None
    content_type = "text/html" if fault.kind == "html" else None
    return web.Response(status=fault.status or 502, text=text, content_type=content_type, headers=fault.headers)


def _web_page(status: int, headers: dict[str, str]) -> web.Response:
    """Refuse as nginx does: its page has the status and the server's name, twice."""
    title = f"{status} {http.HTTPStatus(status).phrase}"
    text = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
    text += "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    return web.Response(status=status, text=text, content_type="text/html", headers=headers)


def _hang_up(request: web.Request) -> web.Response:
    """Close the connection without an answer, as a reset that the client cannot miss."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()  # goes nowhere


def without_fields(value: Any, names: list[str]) -> Any:
    """Leave the named fields out, however deep they lie."""
    if isinstance(value, dict):
        return {key: without_fields(part, names) for key, part in value.items() if key not in names}
    if isinstance(value, list):
        return [without_fields(part, names) for part in value]
    return value


def with_fields(value: Any, replacements: dict[str, Any]) -> Any:
    """Give the named fields other values, however deep they lie."""
    if isinstance(value, dict):
        return {
            key: replacements[key] if key in replacements else with_fields(part, replacements)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [with_fields(part, replacements) for part in value]
    return value


def with_null_lists(value: Any, outermost: bool = True) -> Any:
    """Turn the lists inside the listed items into null, as Zenlayer does with empty ones."""
    if isinstance(value, dict):
        return {key: with_null_lists(part, outermost) for key, part in value.items()}
    if isinstance(value, list):
        return [with_null_lists(part, False) for part in value] if outermost else None
    return value
