# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that no trace may hold, and what to look for."""

from __future__ import annotations

import base64
import copy
import html
import json
import pathlib
from typing import Any
from urllib.parse import quote, quote_plus

import yaml

ESTATE = pathlib.Path(__file__).parents[2] / "simulator" / "estates" / "uses.yml"

KEY_ID = "CANARY-key-id-4711"
KEY_SECRET = "CANARY+key/secret=with&special=="
STS_TOKEN = "CANARY sts+token/with=special=="
BEARER_TOKEN = "CANARY.bearer/token+x=="
PROXY_PASSWORD = "CANARY:proxy/pass word%"
COOKIE = "CANARY-session-cookie-0815"
CLUSTER_CONFIG = "CANARY-kubeconfig: {users: []}"
JOIN_TOKEN = "CANARY-join-token-1234"
ALL = (KEY_ID, KEY_SECRET, STS_TOKEN, BEARER_TOKEN, PROXY_PASSWORD, COOKIE, CLUSTER_CONFIG, JOIN_TOKEN)
_BEGINNING = 12


def forms(secret: str) -> set[str]:
    """Give the ways in which a secret may be written, in lower case."""
    content = secret.encode()
    written = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), content.hex(), html.escape(secret)}
    written.add(json.dumps(secret)[1:-1])
    for before in range(3):
        # Whole groups of three bytes are written as four digits, wherever in a text they lie.
        inner = content[(3 - before) % 3 :]
        written.add(base64.b64encode(inner[: len(inner) // 3 * 3]).decode())
    return {form.lower() for form in written}


def found(path: pathlib.Path, *secrets: str) -> list[tuple[str, str]]:
    """List which secrets are in a file, and how they are written."""
    return found_in(path.read_text(encoding="utf-8"), *secrets)


def found_in(text: str, *secrets: str) -> list[tuple[str, str]]:
    """List which secrets are in a text, and how they are written."""
    text = text.lower()
    unescaped = text.replace('\\"', '"').replace("\\\\", "\\")
    written = [(secret, form) for secret in secrets for form in forms(secret)]
    # There may be thousands of secrets, and nearly no text begins like one of them.
    beginnings = {form[:_BEGINNING] for _secret, form in written}
    begun = {
        beginning
        for searched in (text, unescaped)
        for length in {len(beginning) for beginning in beginnings}
        for start in range(len(searched) - length + 1)
        if (beginning := searched[start : start + length]) in beginnings
    }
    return [
        (secret, form) for secret, form in written if form[:_BEGINNING] in begun and (form in text or form in unescaped)
    ]


def estate(accounts: dict[str, list[dict[str, str]]]) -> dict[str, Any]:
    """Everything that can use an address, with accounts and clusters that hold secrets."""
    document: dict[str, Any] = yaml.safe_load(ESTATE.read_text(encoding="utf-8"))
    document["accounts"] = copy.deepcopy(accounts)
    for cluster in document["ens"]["clusters"]:
        cluster.update(config=CLUSTER_CONFIG, join_token=JOIN_TOKEN)
    return document
