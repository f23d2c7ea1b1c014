# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One API call of any cloud: sign, send, read the answer, and repeat what may be repeated."""

from __future__ import annotations

import abc
import collections
import datetime
import email.utils
import threading
import time
import typing as t

from ansible.module_utils.api import generate_jittered_backoff
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import is_id
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import StopReason
from ansible_collections.edgecloud.nic.plugins.module_utils._http.errors import (
    HttpError,
    NoAnswerError,
    NotSentError,
    TlsError,
    UnreadableAnswerError,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._http.sanitised import hidden
from ansible_collections.edgecloud.nic.plugins.module_utils._http.session import (
    HttpAnswer,
    HttpSession,
    parse_retry_after,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._http.shown import one_line
from ansible_collections.edgecloud.nic.plugins.module_utils._http.trace import Request, Stopwatch
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.breaker import Breaker
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import Runtime
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import (
    IN_DOUBT,
    TRY_AGAIN,
    ApiError,
    ErrorCodes,
    ErrorKind,
    kind_without_code,
)

#: Of what the cloud says about a refusal so many characters are looked at: it may repeat what it was sent.
_LOOKED_AT = 10_000
#: Of a code or request id no more is shown, whatever the cloud sends.
_LONGEST_ID = 100
#: No count has more digits; int() refuses some thousands of them.
_MOST_DIGITS = 18
#: The first delay is at most this long; each later one may be twice as long as the one before.
_BACKOFF_BASE_MS = 500


def backoff_delays(retries: int, longest: float) -> t.Iterator[float]:
    """Yield one delay in seconds for each retry, exponential with full jitter, none above C(longest) seconds.

    ansible-core counts in whole units; milliseconds keep the first delays below a second.
    """
    for delay in generate_jittered_backoff(retries, _BACKOFF_BASE_MS, max(1, int(longest * 1000))):
        yield delay / 1000


class Clocks(t.NamedTuple):
    """The time in an answer, which counts whole seconds, and on this machine when it came; both UTC."""

    cloud: datetime.datetime
    here: datetime.datetime

    @classmethod
    def of(cls, date: str, here: float) -> Clocks | None:
        """
        :param date: the C(Date) header of an answer; None is returned where it cannot be read.
        :param here: when the answer came, in seconds since 1970.
        """
        try:
            cloud = email.utils.parsedate_to_datetime(date).astimezone(datetime.timezone.utc)
        except (TypeError, ValueError, IndexError, OverflowError):
            return None
        return cls(cloud, datetime.datetime.fromtimestamp(here, datetime.timezone.utc))


class ClientSettings(t.NamedTuple):
    """How often and how long to try again.

    :param max_retries: repetitions of one call after the first try.
    :param retry_max_delay: longest pause before a repetition in seconds, also where the cloud asks for more.
    """

    max_retries: int = 5
    retry_max_delay: float = 30.0


class Credentials(t.Protocol):
    """What a cloud's calls are signed with; equal ones are the same."""

    @property
    def origin(self) -> str:
        """Where they came from, in a sentence for a message after the cloud has refused them."""

    @property
    def secrets(self) -> frozenset[str]:
        """The parts that must not appear in any output."""

    @property
    def parts(self) -> frozenset[str]:
        """All that requests are signed with, the id of a key included: what must not appear in a trace."""

    def __hash__(self) -> int:
        """Hash all parts."""


class ApiClient(abc.ABC):
    """Calls to one cloud's API. Safe to use from several threads."""

    codes: t.ClassVar[ErrorCodes]
    #: A header that says how many milliseconds to wait, where the cloud has one beside C(Retry-After).
    wait_header_ms: t.ClassVar[str | None] = None
    #: Actions whose answers hold what is not about network interfaces, with the fields of them that a trace may keep.
    confidential: t.ClassVar[t.Mapping[str, tuple[str, ...]]] = {}

    def __init__(self, session: HttpSession, credentials: t.Any, settings: ClientSettings, runtime: Runtime) -> None:
        """
        :param credentials: of the cloud's own kind, a C(Credentials).
        """
        self.session = session
        self._credentials = credentials
        self._settings = settings
        self._runtime = runtime
        self._lock = threading.Lock()
        self._calls: collections.Counter[str] = collections.Counter()
        self._throttled = 0
        #: The date in the last answer of the API itself, and when that came.
        self._dated = ("", 0.0)
        longest_try = session.connect_timeout
        self._breaker = Breaker(self._delays, 2 * (longest_try + settings.retry_max_delay), longest_try)

    @property
    def calls(self) -> dict[str, int]:
        """Requests sent so far by action, repetitions included."""
        with self._lock:
            return dict(self._calls)

    @property
    def throttled(self) -> int:
        """Requests that the cloud refused as too many."""
        with self._lock:
            return self._throttled

    @property
    def clocks(self) -> Clocks | None:
        """As the last answer of the API itself shows them; None where it does not."""
        return Clocks.of(*self._dated)

    def read(self, action: str, parameters: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Call an action that changes nothing; repeats whatever may pass.

        :raises ApiError: when the retries are used up, or for an error that repeating cannot mend.
        """
        return self._call(action, parameters, TRY_AGAIN | IN_DOUBT, changes=False)

    def write(self, action: str, parameters: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Call an action that changes something; repeats only what certainly had no effect.

        :raises ApiError: for every other error; with a kind of C(IN_DOUBT) the call may have had its effect.
        """
        return self._call(action, parameters, TRY_AGAIN, changes=True)

    def _delays(self) -> t.Iterator[float]:
        return backoff_delays(self._settings.max_retries, self._settings.retry_max_delay)

    def _call(
        self, action: str, parameters: t.Mapping[str, t.Any], repeatable: frozenset[ErrorKind], changes: bool
    ) -> dict[str, t.Any]:
        pace, interrupted = self._runtime.pace, self._runtime.interrupted
        delays = self._delays()
        accepted_at_first = accepted = pace.accepted(action)
        last: ApiError | None = None
        while True:
            try:
                return self._attempt(action, parameters, changes, last)
            except ApiError as error:
                accepted_before, accepted = accepted, pace.accepted(action)
                error.overtaken = accepted > accepted_at_first
                if error.kind not in repeatable or error.final or interrupted():
                    raise
                last = error
                if error.kind is ErrorKind.NOT_SENT:
                    continue  # the breaker counts the tries
                if error.overloaded:
                    # It only waits its turn, for which the pace cares, as long as anybody gets through.
                    if accepted > accepted_before or pace.worth_waiting(action):
                        continue
                    raise
                delay = next(delays, None)
                if delay is None:
                    raise
                self._runtime.sleep(min(max(delay, error.retry_after or 0.0), self._settings.retry_max_delay))
                if interrupted():
                    raise

    def _attempt(
        self, action: str, parameters: t.Mapping[str, t.Any], changes: bool, last: ApiError | None
    ) -> dict[str, t.Any]:
        """Send the request once, when its turn has come.

        :param last: what the same call ended with the last time.
        """

        def must_wait() -> bool:
            return not (self._runtime.interrupted() or (changes and self._runtime.stopped()))

        turn = self._runtime.pace.wait_turn(action, must_wait)
        if turn is None:
            raise last or ApiError(
                action, ErrorKind.THROTTLED, "the cloud refuses all such calls as too many", final=True
            )
        overloaded: bool | None = None
        wait: float | None = None
        try:
            trouble = self._breaker.enter(not changes, must_wait)
            if trouble is not None:
                raise ApiError(action, ErrorKind.NOT_SENT, trouble, final=True)
            try:
                answered = self._exchange(action, parameters, changes)
            finally:
                self._breaker.left()
            overloaded = False
            return answered
        except ApiError as error:
            wait = error.retry_after
            if error.kind not in (ErrorKind.NOT_SENT, ErrorKind.NO_ANSWER, ErrorKind.STOPPED) or error.overloaded:
                overloaded = error.overloaded
            raise
        finally:
            self._runtime.pace.ended(action, turn, overloaded, wait)
            if overloaded:
                with self._lock:
                    self._throttled += 1

    def _exchange(self, action: str, parameters: t.Mapping[str, t.Any], changes: bool) -> dict[str, t.Any]:
        """Send the request, signed afresh, and make sense of what comes."""
        time_left = self._runtime.time_left()
        if (changes and self._runtime.stopped()) or (time_left is not None and time_left <= 0):
            raise ApiError(action, ErrorKind.STOPPED, ErrorKind.STOPPED.value)
        with self._lock:
            self._calls[action] += 1
        started = time.monotonic()
        try:
            answer = self._send(action, parameters, time_left)
        except NotSentError as error:
            final = isinstance(error, TlsError)
            if self._breaker.failed(str(error), started, final):
                final = True
                self._runtime.stop(StopReason.ENDPOINT, str(error))
            raise ApiError(action, ErrorKind.NOT_SENT, str(error), final=final) from None
        except NoAnswerError as error:
            self._breaker.reached(started)
            raise ApiError(action, ErrorKind.NO_ANSWER, str(error)) from None
        except UnreadableAnswerError as error:
            self._breaker.reached(started)
            kind = kind_without_code(error.status)
            raise self._refusal(
                ApiError(action, kind, str(error), status=error.status), error.status, error.headers
            ) from None
        self._breaker.reached(started)
        self._dated = (answer.headers.get("Date", ""), time.time())
        try:
            return self._parse(action, answer)
        except ApiError as error:
            raise self._refusal(error, answer.status, answer.headers) from None

    def _send(self, action: str, parameters: t.Mapping[str, t.Any], time_left: float | None) -> HttpAnswer:
        """Send the request, signed for now; whatever comes of it stands in the trace, if there is one."""
        target, headers, body = self._sign(action, parameters)
        trace = self._runtime.trace
        if trace is None:
            return self.session.post(target, headers, body, time_left)
        secrets = self._credentials.parts | self.session.proxy_secrets
        endpoint, fields = self.session.endpoint.authority, self.confidential.get(action)
        request = Request(endpoint, action, parameters, headers, secrets, fields)
        watch = Stopwatch()
        try:
            answer = self.session.post(target, headers, body, time_left)
        except HttpError as error:
            trace.call(request, watch.started, watch.seconds(), error)
            raise
        trace.call(request, watch.started, watch.seconds(), answer)
        return answer

    def _refusal(self, error: ApiError, status: int, headers: t.Mapping[str, str]) -> ApiError:
        """Say what status and headers add to a refusal, whatever its body."""
        if "challenge" in headers.get("cf-mitigated", ""):
            detail = "a security challenge of the cloud's front end, which only a browser can pass"
            return ApiError(error.action, ErrorKind.AUTH, detail, status=status)
        return ApiError(
            error.action,
            error.kind,
            one_line(hidden(error.detail[:_LOOKED_AT], self._credentials.secrets)),
            code=None if error.code is None else one_line(error.code, _LONGEST_ID),
            status=status,
            request_id=None if error.request_id is None else one_line(error.request_id, _LONGEST_ID),
            retry_after=self._wait(headers),
            final=error.final,
            # Whether a call was carried out that is answered so is open, but there were too many.
            overloaded=status == 503,
            use_kind=error.use_kind,
        )

    def _wait(self, headers: t.Mapping[str, str]) -> float | None:
        """Return the seconds that the cloud asks to wait."""
        milliseconds = number(headers.get(self.wait_header_ms)) if self.wait_header_ms else None
        return parse_retry_after(headers.get("Retry-After")) if milliseconds is None else milliseconds / 1000

    @abc.abstractmethod
    def _sign(self, action: str, parameters: t.Mapping[str, t.Any]) -> tuple[str, dict[str, str], bytes]:
        """Return target, headers and body of a request, signed for now."""

    @abc.abstractmethod
    def _parse(self, action: str, answer: HttpAnswer) -> dict[str, t.Any]:
        """Return the business fields of an answer.

        :raises ApiError: for every answer that is not a success.
        """

    def _refused(
        self, action: str, answer: HttpAnswer, code: str | None, message: str | None, request_id: str | None
    ) -> ApiError:
        """Make the error of an answer that is not a success, from what the cloud says in it."""
        kind = self.codes.classify(code, answer.status)
        detail = message or f"HTTP {answer.status} without a message"
        return ApiError(
            action,
            kind,
            f"{detail} ({self._credentials.origin})" if kind is ErrorKind.AUTH else detail,
            code=code,
            status=answer.status,
            request_id=request_id,
            use_kind=self.codes.use_kinds.get(code or "", ""),
        )


def listed(body: t.Mapping[str, t.Any], *path: str) -> list[dict[str, t.Any]]:
    """Return the list of objects at C(path); empty where any part of the path is missing or null.

    Clouds leave empty lists out or give null, and may grow fields; what is no object is passed over.
    """
    value: t.Any = body
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def as_text(value: t.Any) -> str:
    """Return what a cloud's field holds, whatever it is, as text that can be written."""
    # A half of a surrogate pair could not be written anywhere.
    return str(value).encode("utf-8", "replace").decode("utf-8")


def text(value: t.Any) -> str | None:
    """Return a cloud's text field; None for missing, null, empty or something else than text."""
    return as_text(value) if isinstance(value, str) and value else None


def usable_id(value: t.Any) -> str | None:
    """Return a cloud's id of something; None for missing, and for what can be none, so that it is not compared."""
    return value if is_id(value) else None


def number(value: t.Any) -> int | None:
    """Return a cloud's count, which may come as text; None for missing or something else."""
    if isinstance(value, str) and len(value) <= _MOST_DIGITS and value.isascii() and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**_MOST_DIGITS else None


def texts(value: t.Any) -> tuple[str, ...] | None:
    """Return a cloud's list of texts; None where it is missing."""
    return tuple(item for item in map(text, value) if item) if isinstance(value, list) else None
