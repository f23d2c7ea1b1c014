# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a call may be kept where other people read it: no credential in any form, and nothing that is confidential.

Lists of what is kept decide wherever there can be one (headers, confidential answers). Elsewhere secrets are known by
their value in all forms in which a server may repeat it, and what we do not know by the name of its field.
"""

from __future__ import annotations

import base64
import functools
import html
import json
import re
import typing as t
from urllib.parse import quote, quote_plus, urlsplit

from ansible_collections.edgecloud.nic.plugins.module_utils._http.shown import web_page_excerpt

HIDDEN = "***"
#: Forms of shorter secrets would take harmless words out of a text.
_SHORTEST_ENCODED = 6
#: Of an answer that is no JSON object so many bytes are looked at and so many characters kept, of a web page fewer.
_LOOKED_AT = 2**16
_LONGEST_TEXT = 20_000
_LONGEST_PAGE = 1_000

_SENT_HEADERS = re.compile(r"host|content-type|.*-(service|version)", re.IGNORECASE)
_ANSWER_HEADERS = re.compile(
    r"date|server|via|content-(type|length|encoding)|(.*-)?retry-after|.*-?request-?id|.*-trace-?id|.*ratelimit.*"
    r"|cf-(ray|mitigated)|location",
    re.IGNORECASE,
)
#: What a cookie is told beside its value.
_OF_COOKIES = re.compile(r"expires|path|domain|max-age|samesite", re.IGNORECASE)
_SECRET_SENT_HEADERS = re.compile(r".*(authorization|token|nonce|access-?key|cookie).*", re.IGNORECASE)
#: Tokens that lead from page to page are none of those.
_SECRET_NAME = (
    r"(?:pass(?:word|wd|phrase)|secret|(?<!next)(?<!next_)(?<!page)(?<!page_)token|credential|authorization|cookie"
    r"|signature|nonce|kube_?config|private_?key|access_?key|api_?key)"
)
_SECRET_FIELD = re.compile(_SECRET_NAME, re.IGNORECASE)
#: In a text: name=value, "name": "value", and the schemes of an Authorization header.
_SECRET_PAIR = re.compile(
    rf"""({_SECRET_NAME}[\w.-]{{0,40}}(?:\s*=\s*["']?|["']\s*:\s*["']?)|\bBearer\s+|\bBasic\s+(?=[\w+/=-]{{8}}))"""
    r"""[^\s"'&;,<>]+""",
    re.IGNORECASE,
)
#: Where none of these is in a text, neither of the two patterns finds anything, and to look is much cheaper.
_SIGNS = (
    *("password", "passwd", "passphrase", "secret", "token", "credential", "authorization", "cookie", "signature"),
    *("nonce", "kubeconfig", "kube_config", "privatekey", "private_key", "accesskey", "access_key", "apikey"),
    *("api_key", "bearer", "basic"),
)


def secrets_sent(headers: t.Mapping[str, str]) -> set[str]:
    """Return what a request's headers hold that must not be shown, whole and in the parts that a page may repeat."""
    values = [value for name, value in headers.items() if _SECRET_SENT_HEADERS.fullmatch(name)]
    parts = {part for value in values for part in (value.partition(" ")[2], value.rpartition("=")[2])}
    return {*values, *(part for part in parts if len(part) >= _SHORTEST_ENCODED)}


def cookies(headers: t.Mapping[str, str]) -> set[str]:
    """Return the values of the cookies that an answer sets, but for those that are too short to be worth anything."""
    pairs = [part.strip().partition("=") for part in re.split("[;,]", headers.get("Set-Cookie", ""))]
    values = [value for name, _sign, value in pairs if not _OF_COOKIES.fullmatch(name)]
    return {value for value in values if len(value) >= _SHORTEST_ENCODED}


@functools.lru_cache(maxsize=256)
def forms(secret: str) -> frozenset[str]:
    """Return how a secret may be written: as it is, and as URLs, JSON, HTML, hexadecimal digits and Base64 have it."""
    if len(secret) < _SHORTEST_ENCODED:
        return frozenset({secret} - {""})
    content = secret.encode("utf-8", "replace")
    written = {secret, quote(content, safe=""), quote(content), quote_plus(content), html.escape(secret), content.hex()}
    written |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    for before in range(3):
        # Within a longer text, it begins at any of three places in a group; its first and last digits depend on that.
        encoded = base64.b64encode(bytes(before) + content).decode().rstrip("=")
        inner = encoded[(0, 2, 3)[before] : len(encoded) - bool((before + len(content)) % 3)]
        written |= {inner, inner.replace("+", "-").replace("/", "_"), quote(inner, safe="")}
    return frozenset(written)


@functools.lru_cache(maxsize=256)
def _in_json(secret: str) -> frozenset[str]:
    return frozenset(json.dumps(form)[1:-1].casefold() for form in forms(secret))


@functools.lru_cache(maxsize=16)
def _pattern(secrets: frozenset[str]) -> re.Pattern[str]:
    written = {form for secret in secrets for form in forms(secret)}
    # In URLs and in hexadecimal, letters of either case are the same.
    return re.compile("|".join(re.escape(form) for form in sorted(written, key=len, reverse=True)), re.IGNORECASE)


class Mask:
    """Hides secrets in texts, and in whatever JSON can hold."""

    def __init__(self, secrets: frozenset[str]) -> None:
        self._secrets = secrets

    def as_json(self, value: dict[str, t.Any]) -> str:
        """Return an object as JSON without secrets; the names of its own fields are ours."""
        written = json.dumps(value)
        folded = written.casefold()
        # Few answers hold any, and to look is much cheaper than to search every text in them.
        found = frozenset(secret for secret in self._secrets if any(form in folded for form in _in_json(secret)))
        if not found and not _has_sign(folded):
            return written
        return json.dumps({name: self._value(entry, found) for name, entry in value.items()})

    def _value(self, value: t.Any, secrets: frozenset[str]) -> t.Any:
        """Return a copy without secrets, and without what the name of its field calls one."""
        if isinstance(value, str):
            return hidden(value, secrets)
        if isinstance(value, dict):
            return {
                hidden(name, secrets): HIDDEN if entry and _SECRET_FIELD.search(name) else self._value(entry, secrets)
                for name, entry in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self._value(entry, secrets) for entry in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value if hidden(str(value), secrets) == str(value) else HIDDEN
        return value

    def page(self, content: bytes) -> str:
        """Return what an answer says that is no JSON object: a web page's words, and of anything else the beginning."""
        text = hidden(content[:_LOOKED_AT].decode("utf-8", "replace"), self._secrets)
        words = web_page_excerpt(text.encode(), longest=_LONGEST_PAGE)
        # Of which the letters may have been written as references.
        return text[:_LONGEST_TEXT] if words is None else hidden(words, self._secrets)


def hidden(text: str, secrets: frozenset[str]) -> str:
    """Return a text without these secrets, in whatever form, and without what is a secret by what stands before it."""
    if secrets:
        text = _pattern(secrets).sub(HIDDEN, text)
    return _SECRET_PAIR.sub(rf"\1{HIDDEN}", text) if _has_sign(text.casefold()) else text


def _has_sign(folded: str) -> bool:
    return any(sign in folded for sign in _SIGNS)


def sent_headers(headers: t.Mapping[str, str]) -> dict[str, str]:
    """Return which of a request's headers may be kept: those that say which API it is for."""
    return {name: value for name, value in headers.items() if _SENT_HEADERS.fullmatch(name)}


def answer_headers(headers: t.Mapping[str, str]) -> dict[str, str]:
    """Return which of an answer's headers may be kept; of a redirect's target no more than host and path."""
    return {
        name: _place(value) if name.lower() == "location" else value
        for name, value in headers.items()
        if _ANSWER_HEADERS.fullmatch(name)
    }


def _place(location: str) -> str:
    try:
        target = urlsplit(location)
        place = f"{target.scheme}://{target.netloc.rpartition('@')[2]}" if target.netloc else ""
        return place + target.path.partition(";")[0]
    except ValueError:
        return HIDDEN


def only(value: t.Any, names: t.Collection[str]) -> t.Any:
    """Return of an answer no more than the fields with these names, wherever they are, and what they lie in."""
    if isinstance(value, dict):
        parts = {name: _only_field(name, entry, names) for name, entry in value.items()}
        return {name: part for name, part in parts.items() if part or not value[name]}
    return [only(entry, names) for entry in value if isinstance(entry, (dict, list))]


def _only_field(name: str, entry: t.Any, names: t.Collection[str]) -> t.Any:
    if isinstance(entry, (dict, list)):
        texts = [item for item in entry if isinstance(item, str)] if isinstance(entry, list) else []
        return (name in names and texts) or only(entry, names)
    return entry if name in names else None
