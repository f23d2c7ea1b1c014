# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was asked and answered, as files under tests/unit/recorded have it."""

from __future__ import annotations

import importlib
import json
import os
import pathlib
import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ansible_collections.edgecloud.nic.plugins.module_utils._http.endpoint import parse_endpoint
from ansible_collections.edgecloud.nic.plugins.module_utils._http.trace import read_trace
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.base import CloudProvider
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import Runtime

#: A recording: ``note`` and ``calls``, each with ``request``, ``answer`` and ``error``.
Recording = dict[str, Any]
#: By the header that only requests to this cloud have.
_CLOUDS = {"x-acs-version": "ens", "x-zc-version": "zec"}
#: Made anew for every request, or about the connection.
_LEFT_OUT = ("authorization", "host", "x-acs-date", "x-acs-signature-nonce", "x-zc-timestamp")
_OF_THE_CONNECTION = ("content-length", "content-encoding", "transfer-encoding", "date", "server", "via")


class TraceError(Exception):
    """The trace cannot be turned into a recording."""


def record(trace: str | os.PathLike[str], run: str | None = None, note: str = "") -> Recording:
    """Turn a run of a trace into a recording: its calls in the order in which they were sent.

    :param run: id of the run; by default the only one.
    :raises TraceError: there is no such run, or there are several.
    :raises OSError: the trace cannot be read.
    """
    lines = list(read_trace(os.fspath(trace)))
    runs = list(dict.fromkeys(line["run"] for line in lines if line["event"] == "call"))
    if run is None and len(runs) != 1:
        raise TraceError(
            f"there are {len(runs)} runs with calls, so name one: {', '.join(runs)}" if runs else "no calls"
        )
    if run is not None and run not in runs:
        raise TraceError(f"there is no call of the run {run}")
    calls = [line for line in lines if line["event"] == "call" and line["run"] == (run or runs[0])]
    for call in calls:
        if "left_out" in call:
            raise TraceError(f"what {call['action']} was answered is not in the trace")
    return {"note": note, "calls": [_call(line) for line in sorted(calls, key=lambda line: line["time"])]}


def _call(line: dict[str, Any]) -> dict[str, Any]:
    answer = None
    if line["status"] is not None:
        headers = {name: value for name, value in line["headers"].items() if name.lower() not in _OF_THE_CONNECTION}
        answer = {"status": line["status"], "headers": headers, "body": line["body"], "text": line["text"]}
    return {"request": _request(line), "answer": answer, "error": line["error"]}


def _request(line: dict[str, Any]) -> dict[str, Any]:
    """Make the request as the collection sends it, without what it is signed with."""
    names = {name.lower() for name in line["request_headers"]}
    cloud = next((_CLOUDS[name] for name in names if name in _CLOUDS), None)
    if cloud is None:
        raise TraceError(f"{line['action']} was sent to a cloud that is not known here")
    target, headers, body = _signed(cloud, line["action"], line["parameters"])
    kept = [[name, value] for name, value in headers.items() if name.lower() not in _LEFT_OUT]
    # An older release may have asked for another version.
    sent = {name.lower(): value for name, value in line["request_headers"].items()}
    kept = [[name, sent.get(name.lower(), value)] for name, value in kept]
    return {
        "action": line["action"],
        "method": "POST",
        "target": target,
        "headers": kept,
        "body": body.decode(),
    }


def _signed(cloud: str, action: str, parameters: dict[str, Any]) -> tuple[str, dict[str, str], bytes]:
    modules = "ansible_collections.edgecloud.nic.plugins.modules"
    provider = importlib.import_module(f"{modules}.{cloud}_private_ip_info").DEFINITION.provider
    assert issubclass(provider, CloudProvider)
    given = {"access_key_id": "EXAMPLE-ID", "access_key_secret": "example-secret"}
    spec = provider.connection_spec
    options = {name: given.get(name, entry.get("default")) for name, entry in spec.items()}
    runtime = Runtime(
        session=lambda endpoint, settings: _Nowhere(endpoint),  # type: ignore[arg-type, return-value]
        sleep=time.sleep,
        pace=None,  # type: ignore[arg-type]
        map=lambda function, items: list(map(function, items)),
        warn=print,
        stopped=lambda: False,
        stop=lambda reason, words: None,
        interrupted=lambda: False,
        time_left=lambda: None,
    )
    client = provider.connect(options, runtime).client_for(action)
    signed: tuple[str, dict[str, str], bytes] = client._sign(action, parameters)
    return signed


class _Nowhere:
    """Connections that nothing is sent over."""

    connect_timeout = 1.0

    def __init__(self, endpoint: Any) -> None:
        self.endpoint = endpoint or parse_endpoint("localhost")


def question(action: str, target: str, body: str) -> str:
    """Tell what a request asks, whatever it is signed with and in whatever order."""
    parts = urlsplit(target)
    asked = json.loads(body) if body else {}
    return json.dumps(
        [action, parts.path, sorted(parse_qsl(parts.query, keep_blank_values=True)), asked], sort_keys=True
    )


def read(path: str | os.PathLike[str]) -> Recording:
    """Read a recording.

    :raises OSError: the file cannot be read.
    """
    recording: Recording = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    return recording


def write(recording: Recording, path: str | os.PathLike[str]) -> None:
    """Write a recording, for nobody but its owner to read: there are addresses in it."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(recording, indent=1) + "\n")
