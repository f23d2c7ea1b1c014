# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ZC2-HMAC-SHA256, the signature of Zenlayer's API.

Source: Zenlayer, "Signature Algorithm v2"; checked against the official SDK by the vectors in
C(tests/unit/vectors.json). There is no nonce, and neither action nor path is signed.
"""

from __future__ import annotations

import hashlib
import hmac

METHOD = "ZC2-HMAC-SHA256"
_SIGNED_HEADERS = "content-type;host"


def sign(body: bytes, content_type: str, host: str, timestamp: int, key_id: str, password: str) -> str:
    """Return the C(Authorization) header of a POST request.

    :param content_type: exactly as it is sent; likewise C(host), with the port where it is sent.
    :param timestamp: seconds since 1970.
    """
    canonical_request = "\n".join(
        (
            "POST",
            "/",
            "",
            f"content-type:{content_type}\nhost:{host}\n",
            _SIGNED_HEADERS,
            hashlib.sha256(body).hexdigest(),
        )
    )
    hashed_request = hashlib.sha256(canonical_request.encode()).hexdigest()
    string_to_sign = f"{METHOD}\n{timestamp}\n{hashed_request}"
    signature = hmac.new(password.encode(), string_to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{METHOD} Credential={key_id}, SignedHeaders={_SIGNED_HEADERS}, Signature={signature}"
