# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a cloud's API is: a host, host:port or URL as a user writes it."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from urllib.parse import urlsplit

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError

_DEFAULT_PORTS = {"https": 443, "http": 80}
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")


def is_loopback(host: str) -> bool:
    """Tell whether C(host) is this machine, judged by its name alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A scheme and a host, with the port only where it is not the scheme's own.

    :param authority: as it goes into the C(Host) header, and so into the signatures.
    """

    scheme: str
    host: str
    authority: str

    @property
    def base_url(self) -> str:
        return f"{self.scheme}://{self.authority}"


def parse_endpoint(text: str, option: str = "endpoint") -> Endpoint:
    """Read a host, C(host:port) or URL.

    :raises InputError: for anything else, and for plain HTTP to another machine, which would show the signed
        requests (with a bearer token: the credentials themselves) to everybody on the way.
    """
    value = text.strip()
    try:
        if not value.isprintable():
            raise ValueError("urlsplit would drop line breaks and tabs")
        parts = urlsplit(value if "://" in value else f"https://{value}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InputError(option, "is not a host, host:port or URL") from None
    if parts.username is not None or parts.password is not None:
        raise InputError(option, "must not contain a user name or password")
    if parts.scheme not in _DEFAULT_PORTS:
        raise InputError(option, "must be an https:// URL, a host or host:port")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise InputError(option, "must not have a path or a query")
    is_ipv6 = ":" in host
    # A zone of an IPv6 address ("%eth0") means something on this machine only and must not go into a Host header.
    if "%" in host or port == 0 or not (is_ipv6 or _HOST_NAME.fullmatch(host)):
        raise InputError(option, "is not a host, host:port or URL")
    if parts.scheme == "http" and not is_loopback(host):
        raise InputError(option, "plain http:// is accepted for a loopback address only; use https://")
    shown_host = f"[{host}]" if is_ipv6 else host
    shown_port = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return Endpoint(parts.scheme, host, shown_host + shown_port)
