# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One pooled requests session: time-outs always set, TLS verified, no redirects, nothing taken from the surroundings
but proxy settings, and those read once."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import ssl
import traceback
import typing as t
import urllib.request
from urllib.parse import urlsplit

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError, MissingLibraryError
from ansible_collections.edgecloud.nic.plugins.module_utils._http.endpoint import Endpoint, is_loopback
from ansible_collections.edgecloud.nic.plugins.module_utils._http.errors import (
    HttpError,
    NoAnswerError,
    NotSentError,
    TlsError,
    UnreadableAnswerError,
)

try:
    import requests
    import requests.structures
    import requests.utils
    import urllib3
    from ansible_collections.edgecloud.nic.plugins.module_utils._http.deadline import DeadlineAdapter
    from urllib3 import exceptions as urllib3_exceptions

    REQUESTS_IMPORT_ERROR: str | None = None
except ImportError:
    REQUESTS_IMPORT_ERROR = traceback.format_exc()

#: More than any page of 100 network interfaces needs, and little enough to hold in memory for 64 calls at once.
_MAX_BODY_BYTES = 16 * 1024 * 1024
#: How http.client words it.
_TUNNEL_REFUSAL = re.compile(r"Tunnel connection failed: (\d+)")


@dataclasses.dataclass(frozen=True)
class HttpSettings:
    """How to talk to a server; times in seconds.

    :param timeout: longest time from the request to the end of its answer.
    :param ca_path: a bundle of certificates or a directory of them, instead of the system's.
    :param proxy: URL of a proxy; None means the environment's, C(NO_PROXY) included.
    """

    timeout: float = 30.0
    connect_timeout: float = 10.0
    validate_certs: bool = True
    ca_path: str | None = None
    proxy: str | None = None
    pool_size: int = 1


@dataclasses.dataclass(frozen=True)
class HttpAnswer:
    """An answer with a JSON object as its body, whatever its status; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: dict[str, t.Any]


class HttpSession:
    """Connections to one endpoint, kept open between calls and safe to use from several threads."""

    def __init__(self, endpoint: Endpoint, settings: HttpSettings) -> None:
        """
        :raises MissingLibraryError: requests cannot be imported.
        :raises InputError: the proxy or the CA path cannot be used.
        """
        if REQUESTS_IMPORT_ERROR is not None:
            raise MissingLibraryError("requests", REQUESTS_IMPORT_ERROR)
        self.endpoint = endpoint
        self._timeout = settings.timeout
        self._connect_timeout = settings.connect_timeout
        self._verify = self._verification(settings)
        self._proxies = self._proxy(settings)
        # The part of a requests session that keeps connections. What a session adds is not wanted here: cookies, hooks,
        # redirects, and a look at the environment for every call, where a ~/.netrc entry for the host would replace
        # our Authorization header.
        self._adapter = DeadlineAdapter(pool_connections=1, pool_maxsize=settings.pool_size, max_retries=0)

    def close(self) -> None:
        self._adapter.close()

    @staticmethod
    def _verification(settings: HttpSettings) -> bool | str:
        if not settings.validate_certs:
            # The user chose this; a warning for each call would hide the others.
            urllib3.disable_warnings(urllib3_exceptions.InsecureRequestWarning)
            return False
        if settings.ca_path:
            path = os.path.expanduser(settings.ca_path)
            if not os.access(path, os.R_OK):
                raise InputError("ca_path", f"{settings.ca_path} does not exist or cannot be read")
            if os.path.isfile(path):
                try:
                    ssl.create_default_context(cafile=path)
                except (ssl.SSLError, OSError):
                    raise InputError("ca_path", f"{settings.ca_path} holds no certificate that can be read") from None
            return path
        for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            if os.path.exists(os.environ.get(variable, "")):
                return os.environ[variable]
        return True

    def _proxy(self, settings: HttpSettings) -> dict[str, str]:
        """Choose the proxy once, for the one endpoint that this session talks to."""
        configured = {"all": settings.proxy} if settings.proxy else urllib.request.getproxies_environment()
        # Asked only where there is a proxy: on macOS the question goes to the system, which a forked process may not.
        url = self.endpoint.base_url
        chosen = requests.utils.select_proxy(url, configured)
        if not chosen or requests.utils.should_bypass_proxies(url, no_proxy=None):
            return {}
        proxies = {self.endpoint.scheme: chosen}
        for proxy in proxies.values():
            try:
                parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
                valid = parts.scheme in ("http", "https", "socks5", "socks5h") and bool(parts.hostname)
                valid = valid and (parts.port is None or parts.port > 0)
            except ValueError:
                valid = False
            if not valid:
                raise InputError("proxy", "is not the URL of an HTTP proxy")
            if self.endpoint.scheme == "http" and not is_loopback(parts.hostname or ""):
                raise InputError("endpoint", "plain http:// must not go through a proxy on another machine")
        return proxies

    def post(self, target: str, headers: t.Mapping[str, str], body: bytes) -> HttpAnswer:
        """Send one request and read its answer; never follows a redirect, never tries again.

        :param target: path and query, exactly as they were signed.
        :raises NotSentError: the request did not reach the server (C(TlsError): its certificate was refused).
        :raises NoAnswerError: the request may have reached the server.
        :raises UnreadableAnswerError: the answer is not a JSON object; the status is kept.
        """
        # Filled in as it is: preparing it would encode the query anew, and the signature covers its bytes.
        request = requests.PreparedRequest()
        request.method = "POST"
        request.url = self.endpoint.base_url + target
        request.headers = requests.structures.CaseInsensitiveDict({**headers, "Content-Length": str(len(body))})
        request.body = body
        try:
            with self._adapter.send(
                request,
                stream=True,
                timeout=(self._connect_timeout, self._timeout),
                verify=self._verify,
                proxies=self._proxies,
            ) as response:
                content = response.raw.read(_MAX_BODY_BYTES + 1, decode_content=True)
                return self._answer(response.status_code, response.headers, content)
        except (requests.exceptions.RequestException, urllib3_exceptions.HTTPError, OSError, ValueError) as error:
            raise self._translate(error) from None

    def _answer(self, status: int, headers: t.Mapping[str, str], content: bytes) -> HttpAnswer:
        try:
            body = json.loads(content) if len(content) <= _MAX_BODY_BYTES else None
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            what = "an empty answer" if not content.strip() else "an answer that is not a JSON object"
            if len(content) > _MAX_BODY_BYTES:
                what = f"an answer of more than {_MAX_BODY_BYTES // 2**20} MiB"
            if 300 <= status < 400:
                what = "a redirect, which is not followed"
            raise UnreadableAnswerError(f"{self.endpoint.authority} gave {what} (HTTP {status})", status)
        return HttpAnswer(status, {name.lower(): value for name, value in headers.items()}, body)

    def _translate(self, error: Exception) -> HttpError:
        """Turn an exception of requests into ours; its own text may hold the URL or the proxy's password."""
        host = self.endpoint.authority
        if isinstance(error, requests.exceptions.SSLError) and _is_certificate_error(error):
            return TlsError(f"the TLS certificate of {host} was refused: {_cause(error)}")
        if isinstance(error, requests.exceptions.ConnectTimeout):
            return NotSentError(f"no connection to {host} within {self._connect_timeout:g} s")
        # requests also calls it a ProxyError when a proxy breaks off after it has taken the request.
        refusal = _tunnel_refusal(error)
        if refusal is not None or _never_connected(error):
            proxy = " through the proxy" if isinstance(error, requests.exceptions.ProxyError) else ""
            return NotSentError(f"no connection to {host}{proxy}: {refusal or _cause(error)}")
        if _timed_out(error):
            return NoAnswerError(f"no answer from {host} within {self._timeout:g} s")
        return NoAnswerError(f"no complete answer from {host}: {_cause(error)}")


def _chain(error: BaseException) -> t.Iterator[BaseException]:
    """Walk from an exception to what caused it: requests and urllib3 wrap one in another in several ways."""
    seen: set[int] = set()
    pending: list[t.Any] = [error]
    while pending:
        current = pending.pop(0)
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        pending += [getattr(current, "reason", None), current.__cause__, current.__context__, *current.args]


def _is_certificate_error(error: BaseException) -> bool:
    return any(isinstance(link, ssl.SSLCertVerificationError) or _is_other_host(link) for link in _chain(error))


def _is_other_host(error: BaseException) -> bool:
    """Tell whether the certificate is for another host: urllib3 1 checks that itself, in a class that has moved."""
    return isinstance(error, ValueError) and type(error).__name__ == "CertificateError"


def _never_connected(error: BaseException) -> bool:
    return any(isinstance(link, urllib3_exceptions.NewConnectionError) for link in _chain(error))


def _tunnel_refusal(error: BaseException) -> str | None:
    """Say how the proxy refused to connect us to the server, if it did; its own words are not repeated."""
    for link in _chain(error):
        refusal = _TUNNEL_REFUSAL.match(str(link)) if isinstance(link, OSError) else None
        if refusal:
            return f"it answered HTTP {refusal.group(1)}"
    return None


def _timed_out(error: BaseException) -> bool:
    return any(isinstance(link, (urllib3_exceptions.TimeoutError, TimeoutError)) for link in _chain(error))


def _cause(error: BaseException) -> str:
    """Name the innermost cause in words that hold no URL, header or body."""
    for link in reversed(list(_chain(error))):
        if isinstance(link, ssl.SSLCertVerificationError):
            return link.verify_message or "certificate verify failed"
        if _is_other_host(link):
            return str(link)
        if isinstance(link, ssl.SSLError) and link.reason:
            return str(link.reason).replace("_", " ").lower()
        if isinstance(link, OSError) and link.strerror:
            return link.strerror
    return type(error).__name__
