# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Example Cloud on loopback: a stateful double that checks tokens, pages, and logs every call."""

from __future__ import annotations

import http.server
import json
import threading
from types import TracebackType
from typing import Any

TOKEN = "example-secret-token"
ACCOUNT = "acc-1"
Body = dict[str, Any]


class RefusedError(Exception):
    """A refusal, by its status and code."""


class ExampleCloud:
    """A network with so many interfaces of three extra addresses each.

    Of those of the first interface, the second has a floating IP, and the third is a container's.
    """

    def __init__(self, interfaces: int = 1) -> None:
        self.interfaces: dict[str, Body] = {
            f"if-{number:03}": {
                "id": f"if-{number:03}",
                "label": f"web-{number}",
                "state": "attached",
                "region": "north",
                "network": "net-1",
                "subnet": "sub-1",
                "server": f"srv-{number}",
                "ip": f"10.0.{number}.10",
                "extra_ips": [f"10.0.{number}.{last}" for last in (11, 12, 13)],
            }
            for number in range(1, interfaces + 1)
        }
        self.floating_ips = [{"id": "fip-1", "region": "north", "interface": "if-001", "ip": "10.0.1.12"}]
        self.containers = [{"id": "ct-1", "network": "net-1", "ip": "10.0.1.13"}]
        self.calls: list[str] = []
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"cloud": self})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> ExampleCloud:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, action: str, token: str | None, body: Body) -> tuple[int, Body]:
        with self._lock:
            self.calls.append(action)
            request = {"request": f"r-{len(self.calls)}"}
            try:
                if token != TOKEN:
                    raise RefusedError(401, "token_unknown")
                return 200, {**request, **getattr(self, f"_{action}")(body)}
            except RefusedError as error:
                status, code = error.args
                return status, {**request, "error": {"code": code, "text": f"This is refused: {code}."}}

    def _whoami(self, _body: Body) -> Body:
        return {"account": ACCOUNT}

    def _list_interfaces(self, body: Body) -> Body:
        named = [one for one in self.interfaces.values() if one["id"] in body.get("ids", self.interfaces)]
        return _page("interfaces", [one for one in named if body.get("label") in (None, one["label"])], body)

    def _list_floating_ips(self, body: Body) -> Body:
        return _page("floating_ips", self.floating_ips, body)

    def _list_containers(self, body: Body) -> Body:
        return _page("containers", self.containers, body)

    def _remove_ips(self, body: Body) -> Body:
        interface = self._interface(body)
        for address in body["ips"]:
            if address not in interface["extra_ips"]:
                raise RefusedError(404, "no_such_ip")
            if any(floating_ip["ip"] == address for floating_ip in self.floating_ips):
                raise RefusedError(409, "ip_has_floating_ip")
        interface["extra_ips"] = [address for address in interface["extra_ips"] if address not in body["ips"]]
        return {}

    def _add_ips(self, body: Body) -> Body:
        self._interface(body)["extra_ips"] += body["ips"]
        return {}

    def _interface(self, body: Body) -> Body:
        if body["id"] not in self.interfaces:
            raise RefusedError(404, "no_such_interface")
        return self.interfaces[body["id"]]


def _page(name: str, items: list[Body], body: Body) -> Body:
    """Give what follows the item that the token names, within the region and network that are asked for."""
    asked = {key: body[key] for key in ("region", "network") if key in body}
    left = [item for item in items if asked.items() <= item.items() and item["id"] > body.get("after", "")]
    page = left[: body["limit"]]
    return {name: page, "next": page[-1]["id"] if len(left) > len(page) else None}


class _Handler(http.server.BaseHTTPRequestHandler):
    cloud: ExampleCloud
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, told = self.cloud.answer(self.path.rpartition("/")[2], self.headers["X-Example-Token"], body)
        content = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing: there is a log of calls."""
