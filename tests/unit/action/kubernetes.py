# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An API server of Kubernetes that has pods and a ConfigMap, and the collection to ask it with."""

from __future__ import annotations

import contextlib
import http.server
import importlib.util
import json
import pathlib
import threading
from collections.abc import Iterator
from typing import Any

CONFIG_MAP = "/api/v1/namespaces/kube-system/configmaps/privateip-config"


def pod(name: str, **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop"}, "status": status}


def config_map(**data: str) -> dict[str, Any]:
    metadata = {"name": "privateip-config", "namespace": "kube-system"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def kubeconfig(url: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "edge", "cluster": {"server": url}}],
        "users": [{"name": "reader", "user": {"token": "made-up"}}],
        "contexts": [{"name": "edge", "context": {"cluster": "edge", "user": "reader"}}],
        "current-context": "edge",
    }


def _answers(pods: list[dict[str, Any]], config: dict[str, Any] | None) -> dict[str, Any]:
    resources = [
        {"name": f"{kind.lower()}s", "kind": kind, "singularName": "", "namespaced": True, "verbs": ["get", "list"]}
        for kind in ("Pod", "ConfigMap")
    ]
    return {
        "/version": {"major": "1", "minor": "32", "gitVersion": "v1.32.1"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
        "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": resources},
        "/api/v1/pods": {"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": pods},
        **({} if config is None else {CONFIG_MAP: config}),
    }


@contextlib.contextmanager
def api_server(pods: list[dict[str, Any]], config: dict[str, Any] | None) -> Iterator[str]:
    """Serve these on loopback; gives the URL."""
    answers = _answers(pods, config)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.get(self.path.partition("?")[0].rstrip("/"))
            status = 200 if answer is not None else 404
            body = json.dumps(
                answer or {"kind": "Status", "apiVersion": "v1", "code": 404, "reason": "NotFound"}
            ).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def installed_collection() -> pathlib.Path | None:
    """Give where kubernetes.core is installed with what it needs, if it is."""
    try:
        found = importlib.util.find_spec("ansible_collections.kubernetes.core")
        needed = importlib.util.find_spec("kubernetes")
    except ModuleNotFoundError:
        return None
    if found is None or needed is None or not found.submodule_search_locations:
        return None
    return pathlib.Path(next(iter(found.submodule_search_locations))).parents[2]


def stand_in_collection(directory: pathlib.Path) -> pathlib.Path:
    """Lay out a kubernetes.core that has the one module."""
    modules = directory / "ansible_collections" / "kubernetes" / "core" / "plugins" / "modules"
    modules.mkdir(parents=True)
    code = pathlib.Path(__file__).with_name("k8s_info_stand_in.py").read_text(encoding="utf-8")
    (modules / "k8s_info.py").write_text(f"#!/usr/bin/python\n{code}", encoding="utf-8")
    return directory
