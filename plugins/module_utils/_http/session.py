# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections to one endpoint: time-outs always set, TLS verified, no redirects, nothing sent twice, nothing taken from
the surroundings but proxy settings and certificates, and those read once."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import re
import socket
import ssl
import traceback
import typing as t
import urllib.request
import warnings
from urllib.parse import SplitResult, unquote, urlsplit

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError, MissingLibraryError
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.paths import own_path
from ansible_collections.edgecloud.nic.plugins.module_utils._http.endpoint import Endpoint, is_loopback
from ansible_collections.edgecloud.nic.plugins.module_utils._http.errors import (
    HttpError,
    NoAnswerError,
    NotSentError,
    TlsError,
    UnreadableAnswerError,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._http.sanitised import secrets_sent
from ansible_collections.edgecloud.nic.plugins.module_utils._http.shown import web_page_excerpt

try:
    import requests.utils
    import urllib3
    from ansible_collections.edgecloud.nic.plugins.module_utils._http import connections
    from urllib3 import exceptions as urllib3_exceptions
    from urllib3.util.retry import Retry
    from urllib3.util.ssl_ import create_urllib3_context

    #: As C(retries=False), but not made anew for each call.
    _NO_RETRIES = Retry.from_int(False, redirect=False)
    REQUESTS_IMPORT_ERROR: str | None = None
except ImportError:
    REQUESTS_IMPORT_ERROR = traceback.format_exc()

#: More than any page of 100 network interfaces needs, and little enough to hold in memory for 64 calls at once.
_MAX_BODY_BYTES = 16 * 1024 * 1024
#: How http.client words it.
_TUNNEL_REFUSAL = re.compile(r"Tunnel connection failed: (\d+)")
#: What OpenSSL looks for in a directory of certificates: the hash of a subject, and a number.
_HASHED_NAME = re.compile(r"[0-9a-f]{8}\.[0-9]+")
#: No header that means a time is longer.
_LONGEST_TIME = 64


@dataclasses.dataclass(frozen=True)
class HttpSettings:
    """How to talk to a server; times in seconds.

    :param timeout: longest time from the request to the end of its answer.
    :param connect_timeout: longest time until there is a connection: TCP, a proxy's CONNECT and TLS together.
    :param ca_path: a bundle of certificates or a directory of them, instead of the usual ones.
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
    """An answer with a JSON object as its body, whatever its status; header names in any case."""

    status: int
    headers: t.Mapping[str, str]
    body: dict[str, t.Any]


def parse_retry_after(value: str | None) -> float | None:
    """Return the seconds that a C(Retry-After) header asks to wait, given as such or as a date; None for garbage."""
    if value is None or len(value) > _LONGEST_TIME or not value.isascii():
        return None
    try:
        return float(Retry(0).parse_retry_after(value))
    except (urllib3_exceptions.HTTPError, ValueError, TypeError, IndexError, OverflowError):
        return None


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
        #: Longest time in seconds until there is a connection.
        self.connect_timeout = settings.connect_timeout
        self._timeout = settings.timeout
        proxy = self._proxy(settings)
        #: A proxy's password, as it is, in a URL and in a header.
        self.proxy_secrets = _secrets_of(proxy) if proxy else frozenset()
        self._manager = self._connect_through(proxy, self._tls_options(settings, proxy), settings.pool_size)
        # urllib3's own pool, and not a session of requests: what that adds is not wanted here (cookies, hooks,
        # redirects, and a look at the environment for every call, where a ~/.netrc entry for the host would replace
        # our Authorization header), and it takes a good part of a call's time.
        self._pool = self._manager.connection_from_url(endpoint.base_url)
        # A proxy that forwards plain HTTP is told where to.
        forwarded = proxy is not None and endpoint.scheme == "http" and not proxy.scheme.startswith("socks")
        self._target_prefix = endpoint.base_url if forwarded else ""

    def close(self) -> None:
        self._manager.clear()

    def _tls_options(self, settings: HttpSettings, proxy: SplitResult | None) -> dict[str, t.Any]:
        """Make one TLS context for all connections: reading the authorities anew for each takes 10 ms."""
        authorities = self._authorities(settings)
        if "https" not in (self.endpoint.scheme, proxy.scheme if proxy else ""):
            return {}
        if not settings.validate_certs:
            # The user chose this; a warning for each call would hide the others.
            urllib3.disable_warnings(urllib3_exceptions.InsecureRequestWarning)
            context = create_urllib3_context(cert_reqs=ssl.CERT_NONE)
            return {"ssl_context": context, "cert_reqs": "CERT_NONE", "assert_hostname": False}
        context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
        for option, path in authorities:
            _trust(context, option, path)
        return {"ssl_context": context, "cert_reqs": "CERT_REQUIRED"}

    @staticmethod
    def _authorities(settings: HttpSettings) -> list[tuple[str, str]]:
        """Return the bundles and directories of the authorities to trust, each with who named it."""
        if not settings.validate_certs:
            return []
        if settings.ca_path:
            path = own_path(settings.ca_path, "ca_path")
            if not os.access(path, os.R_OK):
                raise InputError("ca_path", f"{settings.ca_path} does not exist or cannot be read")
            return [("ca_path", path)]
        # The first two as requests has them; the others, which OpenSSL reads, may add to each other.
        for variables in (("REQUESTS_CA_BUNDLE",), ("CURL_CA_BUNDLE",), ("SSL_CERT_FILE", "SSL_CERT_DIR")):
            named = [(name, os.environ.get(name, "")) for name in variables]
            found = [(name, path) for name, path in named if os.path.exists(path)]
            if found:
                return found
        return [("ca_path", requests.utils.DEFAULT_CA_BUNDLE_PATH)]

    def _proxy(self, settings: HttpSettings) -> SplitResult | None:
        """Choose the proxy once, for the one endpoint that this session talks to."""
        configured = {"all": settings.proxy} if settings.proxy else urllib.request.getproxies_environment()
        # Asked only where there is a proxy: on macOS the question goes to the system, which a forked process may not.
        url = self.endpoint.base_url
        proxy = requests.utils.select_proxy(url, configured)
        if not proxy or requests.utils.should_bypass_proxies(url, no_proxy=None):
            return None
        try:
            parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
            valid = parts.scheme in ("http", "https", "socks5", "socks5h") and bool(parts.hostname)
            valid = valid and (parts.port is None or parts.port > 0)
        except ValueError:
            valid = False
        if not valid:
            raise InputError("proxy", "is not the URL of an HTTP or SOCKS5 proxy")
        if self.endpoint.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise InputError("endpoint", "plain http:// must not go through a proxy on another machine")
        return parts

    @staticmethod
    def _connect_through(
        proxy: SplitResult | None, tls_options: dict[str, t.Any], pool_size: int
    ) -> urllib3.PoolManager:
        options = {"maxsize": pool_size, **tls_options}
        if proxy is None:
            return connections.direct(**options)
        # Without user and password, which have ways of their own and must not be in an exception.
        url = f"{proxy.scheme}://{proxy.netloc.rpartition('@')[2]}"
        username = None if proxy.username is None else unquote(proxy.username)
        password = None if proxy.password is None else unquote(proxy.password)
        if proxy.scheme.startswith("socks"):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    return connections.through_socks(url, username, password, **options)
            except ImportError:
                raise InputError("proxy", "a SOCKS proxy needs the Python library PySocks, which is missing") from None
        headers = {}
        if username is not None:
            headers["Proxy-Authorization"] = f"Basic {_basic(username, password)}"
        return connections.through_proxy(url, headers, **options)

    def post(
        self, target: str, headers: t.Mapping[str, str], body: bytes, time_left: float | None = None
    ) -> HttpAnswer:
        """Send one request and read its answer; never follows a redirect, never tries again.

        :param target: path and query, exactly as they were signed.
        :param time_left: seconds that connecting and answer may take together, where that is less than their limits.
        :raises NotSentError: the request did not reach the server (C(TlsError): its certificate was refused).
        :raises NoAnswerError: the request may have reached the server.
        :raises UnreadableAnswerError: the answer is not a JSON object; status and headers are kept.
        """
        options: dict[str, t.Any] = {
            "body": body,
            "retries": _NO_RETRIES,
            "redirect": False,
            "assert_same_host": False,
            "timeout": urllib3.Timeout(total=time_left, connect=self.connect_timeout, read=self._timeout),
            "preload_content": False,
            "decode_content": True,
        }
        length = {"Content-Length": str(len(body))}
        try:
            # What urllib3 does first for a body of form fields would copy all headers.
            response = self._pool.request_encode_url(
                "POST", self._target_prefix + target, headers={**headers, **length}, **options
            )
            try:
                content = response.read(_MAX_BODY_BYTES + 1)
            finally:
                # After the end of an answer both do nothing: the connection is back in the pool already.
                response.close()
                response.release_conn()
        except connections.NotConnectedError as error:
            raise self._not_sent(error, _limit("connect_timeout", self.connect_timeout, time_left)) from None
        except (urllib3_exceptions.HTTPError, OSError, ValueError) as error:
            raise self._no_answer(error, _limit("timeout", self._timeout, time_left)) from None
        return self._answer(response.status, response.headers, content, headers)

    def _answer(
        self, status: int, headers: t.Mapping[str, str], content: bytes, sent: t.Mapping[str, str]
    ) -> HttpAnswer:
        try:
            body = json.loads(content) if len(content) <= _MAX_BODY_BYTES else None
        except (ValueError, RecursionError):
            body = None
        if isinstance(body, dict):
            return HttpAnswer(status, headers, body)
        what = "an empty answer" if not content.strip() else "an answer that is not a JSON object"
        if len(content) > _MAX_BODY_BYTES:
            what = f"an answer of more than {_MAX_BODY_BYTES // 2**20} MiB"
        if 300 <= status < 400:
            what = "a redirect, which is not followed"
        # What is between us and the cloud says why it refuses; its other pages say no more than the status.
        secrets = {*self.proxy_secrets, *secrets_sent(sent)}
        excerpt = web_page_excerpt(content, secrets) if 400 <= status < 500 else None
        said = f": {excerpt}" if excerpt else ""
        message = f"{self.endpoint.authority} gave {what} (HTTP {status}){said}"
        raise UnreadableAnswerError(message, status, headers, content)

    def _not_sent(self, error: Exception, limit: str) -> NotSentError:
        """Word why there is no connection; the exception's own text may hold the URL or the proxy's password."""
        host = self.endpoint.authority
        cause = error.__cause__ or error
        if _is_certificate_error(cause):
            return TlsError(
                f"the TLS certificate of {host} was refused: {_cause(cause)} "
                "(the option ca_path names the authorities to trust)"
            )
        if _timed_out(cause):
            return NotSentError(f"no connection to {host} within {limit}")
        proxy = " through the proxy" if self._pool.proxy is not None else ""
        return NotSentError(f"no connection to {host}{proxy}: {_tunnel_refusal(cause) or _cause(cause)}")

    def _no_answer(self, error: Exception, limit: str) -> HttpError:
        host = self.endpoint.authority
        if _timed_out(error):
            return NoAnswerError(f"no answer from {host} within {limit}")
        return NoAnswerError(f"no complete answer from {host}: {_cause(error)}")


def _basic(username: str, password: str | None) -> str:
    return base64.b64encode(f"{username}:{password or ''}".encode()).decode()


def _secrets_of(proxy: SplitResult) -> frozenset[str]:
    if not proxy.password:
        return frozenset()
    password = unquote(proxy.password)
    return frozenset((proxy.password, password, _basic(unquote(proxy.username or ""), password)))


def _limit(option: str, seconds: float, time_left: float | None) -> str:
    """Name the limit that a call ran into."""
    if time_left is not None and time_left < seconds:
        return f"the {time_left:.1f} s that were left to an interrupted run"
    return f"{seconds:g} s ({option})"


def _trust(context: ssl.SSLContext, option: str, path: str) -> None:
    """Load the authorities of a bundle or directory.

    :raises InputError: there are none that OpenSSL would find.
    """
    if os.path.isdir(path):
        try:
            hashed = any(_HASHED_NAME.fullmatch(name) for name in os.listdir(path))
        except OSError as error:
            raise InputError(option, f"{path} cannot be read: {error.strerror}") from None
        if not hashed:
            raise InputError(
                option, f"{path} has no certificate under its hashed name; run openssl rehash, or name a bundle file"
            )
        context.load_verify_locations(capath=path)
        return
    try:
        context.load_verify_locations(cafile=path)
    except (ssl.SSLError, OSError):
        raise InputError(option, f"{path} holds no certificate that can be read") from None


def _chain(error: BaseException) -> t.Iterator[BaseException]:
    """Walk from an exception to what caused it: urllib3 wraps one in another in several ways."""
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


def _tunnel_refusal(error: BaseException) -> str | None:
    """Say how the proxy refused to connect us to the server, if it did; its own words are not repeated."""
    for link in _chain(error):
        refusal = _TUNNEL_REFUSAL.match(str(link)) if isinstance(link, OSError) else None
        if refusal:
            return f"it answered HTTP {refusal.group(1)}"
    return None


def _timed_out(error: BaseException) -> bool:
    return any(
        isinstance(link, (urllib3_exceptions.TimeoutError, socket.timeout, TimeoutError))
        # A kind of time-out to urllib3 1, whatever the reason.
        and not isinstance(link, urllib3_exceptions.NewConnectionError)
        for link in _chain(error)
    )


def _cause(error: BaseException) -> str:
    """Name the innermost cause in words that hold no URL, header or body."""
    for link in reversed(list(_chain(error))):
        if isinstance(link, ssl.SSLCertVerificationError):
            # Where urllib3 1 finds another host, it makes one without it.
            return getattr(link, "verify_message", None) or "certificate verify failed"
        if _is_other_host(link):
            return str(link)
        if isinstance(link, ssl.SSLError) and link.reason:
            return str(link.reason).replace("_", " ").lower()
        if isinstance(link, OSError) and link.strerror:
            return link.strerror
    return type(error).__name__
