# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ACS3-HMAC-SHA256, the signature of Alibaba Cloud's RPC-style APIs.

Source: Alibaba Cloud, "Request syntax and signature method V3"; checked against the official SDK by the vectors in
C(tests/unit/vectors.json).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import typing as t
from urllib.parse import quote

_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]*")
EMPTY_BODY_SHA256 = hashlib.sha256(b"").hexdigest()


def flatten(parameters: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Turn lists into C(Name.1), C(Name.2) … as these actions want them; leaves out what is None."""
    flat: dict[str, str] = {}
    for name, value in parameters.items():
        if isinstance(value, (list, tuple)):
            flat.update((f"{name}.{index}", str(item)) for index, item in enumerate(value, start=1))
        elif value is not None:
            flat[name] = str(value)
    return flat


def _encode(text: str) -> str:
    # Names, ids and addresses need no encoding, and looking is much cheaper than quote().
    return text if _UNRESERVED.fullmatch(text) else quote(text, safe="-_.~")


def canonical_query(parameters: t.Mapping[str, t.Any]) -> str:
    """Return the query string, percent-encoded as RFC 3986 says and sorted as text; sign and send the same bytes."""
    encoded = sorted((_encode(name), _encode(value)) for name, value in flatten(parameters).items())
    return "&".join(f"{name}={value}" for name, value in encoded)


def sign(method: str, query: str, headers: t.Mapping[str, str], key_id: str, secret: str) -> str:
    """Return the C(Authorization) header of a request with an empty body.

    :param headers: the headers to be signed, among them C(host) and every C(x-acs-*); names in lower case.
    """
    signed_headers = ";".join(sorted(headers))
    canonical_headers = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    canonical_request = "\n".join((method, "/", query, canonical_headers, signed_headers, EMPTY_BODY_SHA256))
    string_to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical_request.encode()).hexdigest()
    signature = hmac.new(secret.encode(), string_to_sign.encode(), hashlib.sha256).hexdigest()
    return f"ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={signed_headers},Signature={signature}"
