# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulator in a process of its own, and what its log and its estate tell."""

from __future__ import annotations

import json
import socket
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

#: The simulator's demo accounts.
ACCOUNTS = {
    "ens": ("LTAI-DEMO-OPERATOR", "demo-secret-operator"),
    "zec": ("ZEC-DEMO-OPERATOR", "demo-password-operator"),
}
TOKEN = "demo-token-operator"
ADDRESSES = 5


class Stage:
    """Both clouds, with numbered network interfaces of five secondary addresses each."""

    def __init__(self, scratch: Path) -> None:
        self._ready = scratch / "url"
        self._http = requests.Session()
        self._http.trust_env = False
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.token = TOKEN
        self.latency = 0.0

    def __enter__(self) -> Stage:
        command = [sys.executable, "-m", "ansible_collections.edgecloud.nic.tests.simulator", "--port=0"]
        self._process = subprocess.Popen([*command, f"--ready-file={self._ready}"], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not self._ready.exists() or not self._ready.read_text():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__(None, None, None)
                raise RuntimeError("the simulator did not start")
            time.sleep(0.05)
        self.url = self._ready.read_text().strip()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._http.close()
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=30)

    @property
    def host_port(self) -> str:
        return self.url.removeprefix("http://")

    def load(
        self, count: int, latency: float, vpcs: int = 1, clouds: Iterable[str] = tuple(ACCOUNTS), **settings: Any
    ) -> None:
        """Replace everything with so many network interfaces in each cloud; nothing uses their addresses."""
        generate = {"network_interfaces": count, "secondary_private_ips": ADDRESSES, "vpcs": vpcs, "in_use_every": 0}
        estates = {cloud: {"generate": generate} for cloud in clouds}
        self._ask("PUT", "estate", {**estates, "settings": {"latency": latency, **settings}})
        self.latency = latency

    def set_latency(self, latency: float) -> None:
        self._ask("PATCH", "settings", {"latency": latency})
        self.latency = latency

    def forget_calls(self) -> None:
        self._ask("DELETE", "calls")

    def calls(self) -> list[dict[str, Any]]:
        """List the calls since the estate was loaded or they were forgotten."""
        calls: list[dict[str, Any]] = self._ask("GET", "calls")["calls"]
        return calls

    def counts(self) -> Counter[str]:
        """Count the calls since the start by action: of hundreds of thousands there is no list to be had in time."""
        return Counter(self._ask("GET", "history")["counts"])

    def left(self, cloud: str) -> dict[str, list[str]]:
        """Tell which secondary addresses there truly are, for the network interfaces that have any."""
        estate = self._ask("GET", "estate")[cloud]["network_interfaces"]
        secondary = {identifier: entry["secondary_private_ips"] for identifier, entry in estate.items()}
        return {identifier: addresses for identifier, addresses in secondary.items() if addresses}

    def zec_headers(self, action: str) -> dict[str, str]:
        """Give the headers of a call to ZEC that needs no signature."""
        return {
            "Authorization": f"Bearer {self.token}",
            "X-ZC-Action": action,
            "X-ZC-Service": "zec",
            "X-ZC-Version": "2025-09-01",
        }

    def seconds_of_the_way(self) -> float:
        """Tell how long a call takes beyond its time in the log, for a client that sends bytes and reads bytes.

        The log begins when the cloud has a request and ends when it has the answer. Loopback and the web framework,
        which come on top for every client, are no more the client's own time than these are.
        """
        body = json.dumps({"nicIds": list(self.left("zec"))[:1], "pageSize": 50, "pageNum": 1})
        headers = {"Host": self.host_port, **self.zec_headers("DescribeNetworkInterfaces"), "Content-Length": len(body)}
        lines = ["POST /api/v2/zec HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", body]
        request = "\r\n".join(lines).encode()
        host, port = self.host_port.split(":")
        self.forget_calls()
        seen = []
        with socket.create_connection((host, int(port))) as connection:
            for _call in range(50):
                started = time.monotonic()
                connection.sendall(request)
                answer = connection.recv(65536)
                seen.append(time.monotonic() - started)
                if not answer.startswith(b"HTTP/1.1 200 "):
                    raise RuntimeError(f"the simulator refuses a plain call: {answer.decode()}")
        logged: list[float] = [call["finished"] - call["started"] for call in self.calls()]
        return statistics.median(one - other for one, other in zip(seen, logged, strict=True))

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        response = self._http.request(method, f"{self.url}/_simulator/{path}", json=body, timeout=120)
        response.raise_for_status()
        return response.json()


def seconds_in_cloud(calls: list[dict[str, Any]], way: float = 0.0) -> float:
    """Tell for how long at least one of these calls was with the cloud, from its coming in to its answer.

    :param way: seconds that a call is on its way there and back, which count once where calls are side by side.
    """
    seconds, until = 0.0, 0.0
    for started, finished in sorted((call["started"], call["finished"]) for call in calls):
        seconds += max(0.0, finished - max(started, until)) + (way if started > until else 0.0)
        until = max(until, finished)
    return seconds
