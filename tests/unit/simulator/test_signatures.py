# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator accepts what the official SDKs signed, and nothing that differs from it by a letter."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
from calendar import timegm
from time import strptime
from typing import Any
from urllib.parse import urlencode

import pytest
from ansible_collections.edgecloud.nic.tests.simulator.errors import ApiError
from ansible_collections.edgecloud.nic.tests.simulator.estate import Account
from ansible_collections.edgecloud.nic.tests.simulator.signatures import (
    Incoming,
    Nonces,
    verify_acs3,
    verify_zenlayer,
)

UNIT = pathlib.Path(__file__).parents[1]
VECTORS = json.loads((UNIT / "vectors.json").read_text(encoding="utf-8"))
PUBLISHED = {vector["name"]: vector for vector in VECTORS["published_cross_checks"]}
RECORDED = sorted((UNIT / "recorded").glob("*.json"))
RECORDED_AT = timegm(strptime("2026-01-15T08:30:00Z", "%Y-%m-%dT%H:%M:%SZ"))
STS_TOKEN = "CAIS+token/with=special=="
ENS_ACCOUNTS = [
    Account("LTAI-EXAMPLE-ID", "example-secret"),
    Account("LTAI-EXAMPLE-ID", "example-secret", security_token=STS_TOKEN),
]
ZEC_ACCOUNTS = [Account("AKIDEXAMPLE", "example-password"), Account(token="example-token")]


def name_of(value: Any) -> str:
    return value.stem if isinstance(value, pathlib.Path) else value["name"]


def acs3_request(vector: dict[str, Any], space: str = "wire") -> tuple[Incoming, list[Account], float]:
    given, expected = vector["input"], vector["expected"]
    query = expected["wire_query_as_sent_by_sdk"] if space == "wire" else expected["canonical_query"]
    headers = {**given["headers_signed"], "authorization": expected["authorization"]}
    account = Account(given["access_key_id"], given["access_key_secret"], security_token=given["security_token"] or "")
    now = timegm(strptime(given["x_acs_date"], "%Y-%m-%dT%H:%M:%SZ"))
    return Incoming(given["method"], f"{given['path']}?{query}", headers, given["body"].encode()), [account], now


def zc2_request(vector: dict[str, Any]) -> tuple[Incoming, list[Account], float]:
    given = vector["input"]
    headers = {
        "content-type": given["content_type"],
        "host": given["host"],
        "x-zc-signature-method": "ZC2-HMAC-SHA256",
        "x-zc-timestamp": str(given["timestamp"]),
        "authorization": vector["expected"]["authorization"],
    }
    key_id = re.findall("Credential=([^,]+)", headers["authorization"])[0]
    incoming = Incoming("POST", "/api/v2/zec", headers, given["body_bytes_utf8"].encode())
    return incoming, [Account(key_id, given["access_key_password"])], given["timestamp"]


def refusal(*arguments: Any) -> str:
    verify = verify_acs3 if len(arguments) == 4 else verify_zenlayer
    with pytest.raises(ApiError) as caught:
        verify(*arguments)
    return caught.value.code


@pytest.mark.parametrize("space", ["wire", "canonical"])
@pytest.mark.parametrize("vector", VECTORS["acs3"], ids=name_of)
def test_acs3_vector_verifies_with_either_form_of_space(vector: dict[str, Any], space: str) -> None:
    incoming, accounts, now = acs3_request(vector, space)
    assert verify_acs3(incoming, accounts, Nonces(), now) is accounts[0]


@pytest.mark.parametrize("vector", VECTORS["zc2"], ids=name_of)
def test_zc2_vector_verifies(vector: dict[str, Any]) -> None:
    incoming, accounts, now = zc2_request(vector)
    assert verify_zenlayer(incoming, accounts, now) is accounts[0]


def test_example_of_the_alibaba_cloud_documentation_verifies() -> None:
    vector = PUBLISHED["alibaba-v3-documented-example"]
    given = vector["input"]
    headers = {
        "host": given["host"],
        "x-acs-action": given["action"],
        "x-acs-version": given["version"],
        "x-acs-date": given["x_acs_date"],
        "x-acs-signature-nonce": given["nonce"],
        "x-acs-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "authorization": vector["expected"]["authorization"],
    }
    incoming = Incoming("POST", f"/?{urlencode(given['params'])}", headers)
    account = Account(given["access_key_id"], given["access_key_secret"])
    now = timegm(strptime(given["x_acs_date"], "%Y-%m-%dT%H:%M:%SZ"))
    assert verify_acs3(incoming, [account], Nonces(), now) is account


def test_example_of_the_zenlayer_documentation_verifies() -> None:
    incoming, accounts, now = zc2_request(PUBLISHED["zenlayer-documented-example"])
    assert verify_zenlayer(incoming, accounts, now) is accounts[0]


@pytest.mark.parametrize("path", RECORDED, ids=name_of)
def test_recorded_request_of_an_official_sdk_verifies(path: pathlib.Path) -> None:
    request = json.loads(path.read_text(encoding="utf-8"))["request"]
    headers = {name.lower(): value for name, value in request["headers"]}
    incoming = Incoming(request["method"], request["target"], headers, request["body"].encode())
    if path.stem.startswith("ens_"):
        account = verify_acs3(incoming, ENS_ACCOUNTS, Nonces(), RECORDED_AT)
        assert account.security_token == headers.get("x-acs-security-token", "")
    else:
        account = verify_zenlayer(incoming, ZEC_ACCOUNTS, RECORDED_AT)
        assert bool(account.token) == headers["authorization"].startswith("Bearer ")


def test_acs3_refusals_each_have_their_code() -> None:
    incoming, accounts, now = acs3_request(VECTORS["acs3"][0])
    nonces = Nonces()
    verify_acs3(incoming, accounts, nonces, now)
    assert refusal(incoming, accounts, nonces, now) == "SignatureNonceUsed"
    assert refusal(incoming, accounts, Nonces(), now + 15 * 60 + 1) == "InvalidTimeStamp.Expired"
    verify_acs3(incoming, accounts, Nonces(), now - 15 * 60)
    assert refusal(incoming, [], Nonces(), now) == "InvalidAccessKeyId.NotFound"
    other_secret = [dataclasses.replace(accounts[0], access_key_secret="other")]
    assert refusal(incoming, other_secret, Nonces(), now) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"target": "/?NetworkInterfaceId=eni-other"}, "SignatureDoesNotMatch"),
        ({"method": "GET"}, "SignatureDoesNotMatch"),
        ({"body": b"x"}, "SignatureDoesNotMatch"),
        ({"x-acs-date": "yesterday"}, "InvalidTimeStamp.Format"),
        ({"x-acs-unsigned": "x"}, "IncompleteSignature"),
        ({"content-type": "application/json"}, "IncompleteSignature"),
        ({"x-acs-signature-nonce": None}, "IncompleteSignature"),
        ({"authorization": "ACS3-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c"}, "IncompleteSignature"),
        ({"host": "other.example"}, "SignatureDoesNotMatch"),
    ],
    ids=str,
)
def test_acs3_request_changed_after_signing_is_refused(change: dict[str, Any], code: str) -> None:
    incoming, accounts, now = acs3_request(VECTORS["acs3"][0])
    for name, value in change.items():
        if name in ("target", "method", "body"):
            setattr(incoming, name, value)
        elif value is None:
            del incoming.headers[name]
        else:
            incoming.headers[name] = value
    assert refusal(incoming, accounts, Nonces(), now) == code


def test_sts_token_must_be_the_accounts_and_in_time() -> None:
    vector = next(vector for vector in VECTORS["acs3"] if vector["input"]["security_token"])
    incoming, accounts, now = acs3_request(vector)
    plain = dataclasses.replace(accounts[0], security_token="")
    assert refusal(incoming, [plain], Nonces(), now) == "InvalidSecurityToken.MismatchWithAccessKey"
    late = dataclasses.replace(accounts[0], expires="2026-01-15T08:29:59Z")
    assert refusal(incoming, [late], Nonces(), now) == "InvalidSecurityToken.Expired"


def test_zenlayer_refusals_each_have_their_code() -> None:
    incoming, accounts, now = zc2_request(VECTORS["zc2"][0])
    verify_zenlayer(incoming, accounts, now - 5 * 60)
    assert refusal(incoming, accounts, now + 5 * 60 + 1) == "AUTHFAILURE_SIGNATURE_EXPIRED"
    assert refusal(incoming, [], now) == "AUTHFAILURE_INVALID_AUTHORIZATION"
    incoming.body += b" "
    assert refusal(incoming, accounts, now) == "AUTHFAILURE_SIGNATURE_FAILURE"
    incoming.headers["authorization"] = ""
    assert refusal(incoming, accounts, now) == "AUTHFAILURE_INVALID_AUTHORIZATION"


def test_content_type_is_signed_byte_for_byte() -> None:
    incoming, accounts, now = zc2_request(VECTORS["zc2"][0])
    incoming.headers["content-type"] += "; charset=utf-8"
    assert refusal(incoming, accounts, now) == "AUTHFAILURE_SIGNATURE_FAILURE"


def test_expired_bearer_token_is_refused() -> None:
    incoming = Incoming("POST", "/api/v2/zec", {"authorization": "Bearer example-token"})
    accounts = [Account(token="example-token", expires="2026-01-15T08:30:00Z")]
    verify_zenlayer(incoming, accounts, RECORDED_AT - 1)
    assert refusal(incoming, accounts, RECORDED_AT) == "AUTHFAILURE_INVALID_AUTHORIZATION"
