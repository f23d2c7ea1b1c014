# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks who signed a request, the way the clouds do.

Written from the vendors' signature pages and on purpose without the collection's own signing code:
each of the two checks the other.

Sources: Alibaba Cloud "Request syntax and signature method V3" (ACS3-HMAC-SHA256); Zenlayer "Signature Algorithm v2"
(ZC2-HMAC-SHA256) and "Access token" (Bearer). The codes of Zenlayer are those its CSI driver knows; their HTTP
statuses are documented nowhere, 401 and 403 are the usual ones.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from calendar import timegm
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import strptime
from urllib.parse import quote, unquote_plus

from .errors import ApiError
from .estate import Account

ACS3_SKEW = 15 * 60
ZC2_SKEW = 5 * 60

ACS3_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,\s]+),SignedHeaders=([^,\s]+),Signature=([0-9a-f]{64})"
)
ZC2_AUTHORIZATION = re.compile(
    r"ZC2-HMAC-SHA256 Credential=([^,\s]+), ?SignedHeaders=content-type;host, ?Signature=([0-9a-f]{64})"
)
ACS3_REQUIRED = (
    "host",
    "x-acs-action",
    "x-acs-version",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-content-sha256",
)


@dataclass
class Incoming:
    """A request as it came over the wire; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def query(self) -> list[tuple[str, str]]:
        """The decoded query: a space may come as ``+`` or ``%20``, the official SDK sends the first."""
        text = self.target.partition("?")[2]
        pairs = (pair.partition("=") for pair in text.split("&") if pair)
        return [(unquote_plus(name), unquote_plus(value)) for name, _equals, value in pairs]


@dataclass
class Nonces:
    """The nonces seen within the time in which a signature is valid."""

    seen: dict[str, float] = field(default_factory=dict)

    def use(self, nonce: str, now: float) -> bool:
        """Note a nonce; False if it was used before."""
        if nonce in self.seen:
            return False
        self.seen[nonce] = now
        if len(self.seen) % 10000 == 0:
            self.seen = {known: when for known, when in self.seen.items() if abs(now - when) <= 2 * ACS3_SKEW}
        return True


def secrets_in(headers: Mapping[str, str]) -> set[str]:
    """Give what nobody else may read in a request: keys, tokens, signatures and nonces.

    :param headers: names in lower case.
    """
    found = {headers.get(name, "") for name in ("x-acs-signature-nonce", "x-acs-security-token")}
    for name in ("authorization", "proxy-authorization"):
        found.update(re.findall(r"(?:Credential=|Signature=|^Bearer |^Basic )([^\s,]+)", headers.get(name, "")))
    return found - {""}


def verify_acs3(incoming: Incoming, accounts: Iterable[Account], nonces: Nonces, now: float) -> Account:
    """Find the account that signed a request to ENS."""
    headers = incoming.headers
    match = ACS3_AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if match is None:
        raise ApiError(400, "IncompleteSignature", "The request signature does not conform to Aliyun standards.")
    key_id, signed_text, signature = match.groups()
    # One key pair may carry several STS tokens; the one that the request names counts.
    same_key = [account for account in accounts if account.access_key_id == key_id]
    if not same_key:
        raise ApiError(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
    token = headers.get("x-acs-security-token", "")
    account = next((known for known in same_key if known.security_token == token), same_key[0])
    signed = signed_text.split(";")
    _check_signed_headers(signed, headers)
    _check_acs3_date(headers["x-acs-date"], now)
    if headers["x-acs-content-sha256"] != hashlib.sha256(incoming.body).hexdigest():
        raise ApiError(400, "SignatureDoesNotMatch", "x-acs-content-sha256 is not the digest of the body.")
    expected = _hmac(account.access_key_secret, f"ACS3-HMAC-SHA256\n{_sha256(_acs3_canonical(incoming, signed))}")
    if not hmac.compare_digest(expected, signature):
        raise ApiError(400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation.")
    if account.security_token != token:
        raise ApiError(400, "InvalidSecurityToken.MismatchWithAccessKey", "The security token is not of this key.")
    if account.expired(now):
        raise ApiError(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
    if not nonces.use(headers["x-acs-signature-nonce"], now):
        raise ApiError(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
    return account


def _check_signed_headers(signed: list[str], headers: dict[str, str]) -> None:
    must = {name for name in headers if name.startswith("x-acs-") or name == "content-type"}
    for name in sorted(must.union(ACS3_REQUIRED)):
        if name not in headers:
            raise ApiError(400, "IncompleteSignature", f"The header {name} is missing.")
        if name not in signed:
            raise ApiError(400, "IncompleteSignature", f"The header {name} is not signed.")
    if signed != sorted(set(signed)) or any(name not in headers for name in signed):
        raise ApiError(400, "IncompleteSignature", "SignedHeaders is not the sorted list of headers that were sent.")


def _check_acs3_date(text: str, now: float) -> None:
    try:
        when = timegm(strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        raise ApiError(400, "InvalidTimeStamp.Format", "Specified time stamp is not well formatted.") from None
    if abs(now - when) > ACS3_SKEW:
        raise ApiError(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")


def _acs3_canonical(incoming: Incoming, signed: list[str]) -> str:
    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in sorted(incoming.query)
    )
    headers = "".join(f"{name}:{incoming.headers[name].strip()}\n" for name in signed)
    path = incoming.target.partition("?")[0]
    digest = incoming.headers["x-acs-content-sha256"]
    return "\n".join((incoming.method, path, query, headers, ";".join(signed), digest))


def verify_zenlayer(incoming: Incoming, accounts: Iterable[Account], now: float) -> Account:
    """Find the account that signed a request to Zenlayer, or whose bearer token it carries."""
    authorization = incoming.headers.get("authorization", "")
    if authorization.startswith("Bearer "):
        token = authorization.removeprefix("Bearer ")
        for account in accounts:
            if account.token and hmac.compare_digest(account.token.encode(), token.encode()):
                if account.expired(now):
                    break
                return account
        raise _invalid_authorization("The access token is not valid.")
    match = ZC2_AUTHORIZATION.fullmatch(authorization)
    if match is None or incoming.headers.get("x-zc-signature-method") != "ZC2-HMAC-SHA256":
        raise _invalid_authorization("The Authorization header is missing or malformed.")
    key_id, signature = match.groups()
    known = next((account for account in accounts if account.access_key_id == key_id), None)
    if known is None:
        raise _invalid_authorization("The access key does not exist.")
    timestamp = incoming.headers.get("x-zc-timestamp", "")
    if not timestamp.isdecimal() or abs(now - int(timestamp)) > ZC2_SKEW:
        raise ApiError(401, "AUTHFAILURE_SIGNATURE_EXPIRED", "The signature has expired.")
    canonical = "\n".join(
        (
            incoming.method,
            "/",  # always, whatever the path is
            "",
            f"content-type:{incoming.headers.get('content-type', '')}",
            f"host:{incoming.headers.get('host', '')}",
            "",
            "content-type;host",
            hashlib.sha256(incoming.body).hexdigest(),
        )
    )
    expected = _hmac(known.access_key_secret, f"ZC2-HMAC-SHA256\n{timestamp}\n{_sha256(canonical)}")
    if not hmac.compare_digest(expected, signature):
        raise ApiError(401, "AUTHFAILURE_SIGNATURE_FAILURE", "The signature is not correct.")
    return known


def _invalid_authorization(message: str) -> ApiError:
    return ApiError(401, "AUTHFAILURE_INVALID_AUTHORIZATION", message)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _hmac(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
