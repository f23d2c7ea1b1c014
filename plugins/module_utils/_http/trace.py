# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trace: JSON lines, only ever appended, with every call and what came of it, for whoever looks into a problem.

Every line is an object that begins with C(trace) (the format, 1), C(event), C(time) (UTC, ISO 8601) and C(run) (the id
of the run that wrote it):

- C(run_started).
- C(call), when it is over: C(time) is its beginning and C(seconds) how long it took; C(endpoint), C(action),
  C(parameters), C(request_headers); C(status), C(headers), C(body) of the answer, all null where none came. C(text) is
  in place of a body that is no JSON object. C(error) is null, or C({kind, message}) with the kind C(not_sent),
  C(no_answer) or C(unreadable).
- C(limit_reached): no later call of the run is in the trace.
- C(run_ended): C(calls) is how many calls there were, and C(left_out) how many of them are not in the trace.

There are no credentials in it, see C(sanitised). The format is stable within a major version.
"""

from __future__ import annotations

import datetime
import json
import os
import stat
import threading
import time
import typing as t
import uuid

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.paths import own_path
from ansible_collections.edgecloud.nic.plugins.module_utils._http import sanitised
from ansible_collections.edgecloud.nic.plugins.module_utils._http.errors import (
    HttpError,
    NotSentError,
    UnreadableAnswerError,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._json_lines import read_objects

if t.TYPE_CHECKING:
    from ansible_collections.edgecloud.nic.plugins.module_utils._http.session import HttpAnswer

FORMAT = 1
#: How every line begins; what does not begin so is somebody's other file.
_BEGINNING = f'{{"trace": {FORMAT}, '.encode()
#: Bytes that one run writes at most, but for the lines that tell of the limit.
LIMIT = 64 * 2**20
#: Seconds after which somebody who is writing a line has written some more of it.
_LONGEST_WRITE = 0.01
_LOOKS = 10


class Request(t.NamedTuple):
    """A call as it is sent.

    :param secrets: what the credentials consist of, and the proxy's password.
    :param fields: where the answer is confidential, the fields of it that may be kept.
    """

    endpoint: str
    action: str
    parameters: t.Mapping[str, t.Any]
    headers: t.Mapping[str, str]
    secrets: frozenset[str]
    fields: t.Collection[str] | None


class Trace:
    """A trace that is being written. Safe to use from several threads, and by several processes on one file.

    Nothing that goes wrong with it after it was opened is an error: it is warned of once.
    """

    def __init__(self, path: str, warn: t.Callable[[str], object], limit: int = LIMIT) -> None:
        """Open the file, or make it, and begin a run.

        :param warn: shows a sentence to the user.
        :param limit: bytes.
        :raises InputError: the file cannot be written, or is none of ours.
        """
        self._path = os.path.abspath(own_path(path, "trace"))
        self._warn, self._limit = warn, limit
        self._run = str(uuid.uuid4())
        self._lock = threading.Lock()
        self._size = self._calls = self._left_out = 0
        self._broken = False
        self._file: int | None = None
        try:
            # Not to wait for somebody who reads a pipe.
            self._file = os.open(
                self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY, 0o600
            )
            mode = os.fstat(self._file).st_mode
            self._regular = stat.S_ISREG(mode)
            beginning = os.pread(self._file, len(_BEGINNING), 0) if self._regular else b""
        except OSError as error:
            self._close()
            raise InputError("trace", f"{self._path} cannot be written: {error.strerror}") from None
        if not (self._regular or stat.S_ISCHR(mode)):
            self._close()
            raise InputError("trace", f"{self._path} is no file")
        if not _BEGINNING.startswith(beginning):
            self._close()
            raise InputError("trace", f"{self._path} is there already, and is no trace")
        self._append(self._line("run_started"))

    def call(
        self, request: Request, started: datetime.datetime, seconds: float, outcome: HttpAnswer | HttpError
    ) -> None:
        """Append a call that is over.

        :param started: when it was sent.
        """
        try:
            told = _told(request, outcome)
        except Exception as error:
            # Such as a body that is nested too deep.
            told = json.dumps({"left_out": type(error).__name__})
        place = {"endpoint": request.endpoint, "action": request.action, "seconds": round(seconds, 3)}
        line = self._line("call", started, told, **place)
        with self._lock:
            self._calls += 1
            if self._left_out or self._broken or self._file is None:
                self._left_out += 1
            elif self._size + len(line) > self._limit:
                self._left_out = 1
                self._append(self._line("limit_reached", limit=self._limit))
                self._warn(
                    f"trace: {self._path} has got {self._limit // 2**20} MiB from this run, which is the limit; "
                    "later calls are not in it"
                )
            elif not self._append(line):
                self._left_out = 1

    def close(self) -> None:
        """End the run."""
        with self._lock:
            if self._file is not None:
                self._append(self._line("run_ended", calls=self._calls, left_out=self._left_out))
            self._close()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                os.close(file)
            except OSError as error:
                self._fail(error)

    def _line(self, event: str, at: datetime.datetime | None = None, more: str = "{}", **fields: t.Any) -> bytes:
        told = (at or datetime.datetime.now(datetime.timezone.utc)).isoformat(timespec="milliseconds")
        line = json.dumps({"trace": FORMAT, "event": event, "time": told, "run": self._run, **fields})
        return f"{line[:-1]}, {more[1:]}\n".encode() if more != "{}" else f"{line}\n".encode()

    def _append(self, line: bytes) -> bool:
        """Append with one write, which no other one can get into; returns whether it went well."""
        if self._broken or self._file is None:
            return False
        try:
            if self._regular and self._ends_within_a_line(self._file):
                line = b"\n" + line
            written = os.write(self._file, line)
            self._size += written
            if written != len(line):
                raise OSError(0, "the disk is full")
        except OSError as error:
            self._fail(error)
        return not self._broken

    @staticmethod
    def _ends_within_a_line(file: int) -> bool:
        """Tell whether somebody was killed, or ran out of disk, within a line, which ours is not to go on with."""
        size = 0
        for _look in range(_LOOKS):
            before, size = size, os.fstat(file).st_size
            if not size or os.pread(file, 1, size - 1) == b"\n":
                return False
            if size == before:
                return True
            # More likely somebody is just writing.
            time.sleep(_LONGEST_WRITE)
        return True

    def _fail(self, error: OSError) -> None:
        self._broken = True
        self._warn(f"trace: {self._path} cannot be written: {error.strerror}; calls are missing from it")


def _told(request: Request, outcome: HttpAnswer | HttpError) -> str:
    """Return what a line tells of a call and its answer, as JSON."""
    error, status, headers, body, text = None, None, None, None, None
    if isinstance(outcome, HttpError):
        kind = "not_sent" if isinstance(outcome, NotSentError) else "no_answer"
        if isinstance(outcome, UnreadableAnswerError):
            kind, status, headers = "unreadable", outcome.status, outcome.headers
        error = {"kind": kind, "message": str(outcome)}
    else:
        status, headers, body = outcome.status, outcome.headers, outcome.body
    mask = sanitised.Mask(request.secrets | sanitised.secrets_sent(request.headers) | sanitised.cookies(headers or {}))
    if isinstance(outcome, UnreadableAnswerError) and request.fields is None:
        text = mask.page(outcome.content)
    if body is not None and request.fields is not None:
        body = sanitised.only(body, request.fields)
    return mask.as_json(
        {
            "parameters": {name: value for name, value in request.parameters.items() if value is not None},
            "request_headers": sanitised.sent_headers(request.headers),
            "status": status,
            "headers": None if headers is None else sanitised.answer_headers(headers),
            "body": body,
            "text": text,
            "error": error,
        }
    )


class Stopwatch:
    """When something began, and how long ago that is."""

    def __init__(self) -> None:
        self.started = datetime.datetime.now(datetime.timezone.utc)
        self._monotonic = time.monotonic()

    def seconds(self) -> float:
        return time.monotonic() - self._monotonic


def read_trace(path: str) -> t.Iterator[dict[str, t.Any]]:
    """Yield the lines of a trace, oldest first; passes over those that were left unfinished.

    :raises OSError: the file cannot be read.
    """
    return (entry for entry in read_objects(path) if entry.get("trace") == FORMAT)
