# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hand-made clients of the simulator that use none of the collection's code."""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import requests
from ansible_collections.edgecloud.nic.tests.simulator import Simulator

Ask = Callable[..., Any]


@pytest.fixture
def ask_ens(sim: Simulator) -> Ask:
    """Make a signed ENS call and give the response as it came."""

    def ask(action: str, parameters: dict[str, str], timeout: float = 5.0, **header: str) -> Any:
        account = sim.account("ens")
        query = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in sorted(parameters.items()))
        headers = {
            "host": sim.host_port,
            "x-acs-action": action,
            "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
            "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "x-acs-signature-nonce": uuid.uuid4().hex,
            "x-acs-version": "2017-11-10",
            **{name.replace("_", "-"): value for name, value in header.items()},
        }
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = "\n".join(("POST", "/", query, lines, names, headers["x-acs-content-sha256"]))
        text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(account["access_key_secret"].encode(), text.encode(), hashlib.sha256).hexdigest()
        headers["Authorization"] = (
            f"ACS3-HMAC-SHA256 Credential={account['access_key_id']},SignedHeaders={names},Signature={signature}"
        )
        return requests.post(f"{sim.url}/?{query}", headers=headers, timeout=timeout, allow_redirects=False)

    return ask


@pytest.fixture
def ask_zec(sim: Simulator) -> Ask:
    """Make a ZEC or ZLB call with the demo's bearer token and give the response as it came."""

    def ask(action: str, body: Any, timeout: float = 5.0, redirects: bool = False, **header: str) -> Any:
        service = "zlb" if action in ("DescribeLoadBalancers", "DescribeBackends") else "zec"
        headers = {
            "Authorization": "Bearer demo-token-operator",
            "x-zc-action": action,
            "x-zc-service": service,
            "x-zc-version": "2025-04-01" if service == "zlb" else "2025-09-01",
            **{name.replace("_", "-"): value for name, value in header.items()},
        }
        url = f"{sim.url}/api/v2/{service}"
        return requests.post(url, json=body, headers=headers, timeout=timeout, allow_redirects=redirects)

    return ask
