# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebook asks the controller for one plan of a subnet that has few free addresses, and for no other."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

TEMPLATE = {
    "id": 1,
    "type": "job_template",
    "name": "Cleanup: plan",
    "summary_fields": {"organization": {"name": "Default"}},
    "related": {"launch": "/api/v2/job_templates/1/launch/"},
    "ask_limit_on_launch": True,
    "ask_variables_on_launch": True,
    "ask_labels_on_launch": False,
    "ask_inventory_on_launch": False,
}
JOB = {"id": 7, "type": "job", "url": "/api/v2/jobs/7/", "status": "successful", "created": "2026-01-01T00:00:00Z"}
open_directly = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class Controller(http.server.BaseHTTPRequestHandler):
    """As much of automation controller as launching a job takes."""

    launched: list[Any]

    def do_GET(self) -> None:
        found = [TEMPLATE] if "/unified_job_templates/" in self.path else [JOB]
        self.answer({"version": "4.6"} if self.path == "/api/v2/config/" else {"count": 1, "results": found})

    def do_POST(self) -> None:
        assert self.path == "/api/v2/job_templates/1/launch/"
        self.launched.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer(JOB)

    def answer(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def controller() -> Iterator[tuple[str, list[Any]]]:
    """Start a controller; gives its URL, and what is launched there."""
    launched: list[Any] = []
    handler = type("Handler", (Controller,), {"launched": launched})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", launched
        server.shutdown()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def post(url: str, event: object, token: str = "a-token") -> int:
    request = urllib.request.Request(url, json.dumps(event).encode(), {"Authorization": f"Bearer {token}"})
    try:
        with open_directly(request, timeout=10) as response:
            status: int = response.status
            return status
    except urllib.error.HTTPError as refusal:
        return refusal.code


def wait_for(what: Any, process: subprocess.Popen[bytes], log: pathlib.Path) -> None:
    deadline = time.monotonic() + 90
    while not what():
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


@pytest.mark.skipif(not shutil.which("java"), reason="ansible-rulebook needs Java 17")
def test_a_subnet_with_few_free_addresses_is_planned_once(tmp_path: pathlib.Path) -> None:
    port = free_port()
    variables = {"webhook_port": port, "webhook_token": "a-token", "min_free_percent": 10}
    (tmp_path / "vars.yml").write_text(json.dumps(variables))
    (tmp_path / "scopes.yml").write_text(json.dumps({"all": {"hosts": {"shop": None, "games": None}}}))
    webhook, log = f"http://127.0.0.1:{port}/", tmp_path / "log"

    def listens() -> bool:
        with contextlib.suppress(OSError):
            return post(webhook, {}, "another-token") == 401
        return False

    with controller() as (url, launched), log.open("wb") as output:
        process = subprocess.Popen(
            [
                *("ansible-rulebook", "--rulebook", "edgecloud.nic.address_pool"),
                *("--inventory", "scopes.yml", "--vars", "vars.yml"),
                *("--controller-url", url, "--controller-token", "none"),
            ],
            cwd=tmp_path,
            env={**os.environ, "HOME": str(tmp_path), "EDA_JOB_TEMPLATE_REFRESH_DELAY": "0.1"},
            stdout=output,
            stderr=output,
        )
        try:
            wait_for(listens, process, log)
            shop = {"scope": "shop", "cidr": "10.10.1.0/24"}
            for free in (50, 10, 9, 4):
                assert post(webhook, {**shop, "free_percent": free}) == 200
            # Events are dealt with one after the other: the last one has been, once this one has.
            assert post(webhook, {"scope": "games", "cidr": "10.30.1.0/24", "free_percent": 0}) == 200
            wait_for(lambda: any(job["limit"] == "games" for job in launched), process, log)
        finally:
            process.terminate()
            process.wait(30)
    assert sorted(launched, key=lambda job: str(job["limit"])) == [
        {"limit": "games", "extra_vars": {"private_ip_cleanup_only": ["10.30.1.0/24"]}},
        {"limit": "shop", "extra_vars": {"private_ip_cleanup_only": ["10.10.1.0/24"]}},
    ]
