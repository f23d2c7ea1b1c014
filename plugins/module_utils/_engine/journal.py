# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal: JSON lines, only ever appended, that tell after whatever happened what was sent and what became of it.

Every line is an object with C(event), C(time) (UTC, ISO 8601) and C(run) (the id of the run that wrote it):

- C(run_started): C(format) (1), C(provider), C(endpoint).
- C(sent): a call is about to be sent; C(write) (its number within the run), C(action) (C(unassign) or C(assign)),
  C(network_interface_id), C(private_ip_addresses). On the disk before the call leaves.
- C(answered): C(write), C(answer) (C(accepted), C(refused), C(in_doubt) for a call that may have had an effect, or
  C(not_sent) for one that did not leave), C(code), C(message), C(request_id).
- C(settled): C(network_interface_id), and under the names of the outcomes those of its addresses, as in a module's
  C(outcomes).
- C(run_ended): under the names of the outcomes how many addresses had them.

A C(sent) without C(answered), and an address without C(settled), belong to a run that was killed: only a new read can
tell what became of them. There are no credentials in it. The format is stable within a major version.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import itertools
import json
import os
import threading
import typing as t
import uuid

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError, NicError
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import (
    ASSIGNMENT_OUTCOMES,
    REMOVAL_OUTCOMES,
    Outcomes,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.paths import own_path
from ansible_collections.edgecloud.nic.plugins.module_utils._json_lines import read_objects

FORMAT = 1


class JournalError(NicError):
    """The journal cannot be written, so nothing more may be sent."""


class Journal:
    """A journal that is being written. Safe to use from several threads."""

    def __init__(self, path: str, provider: str, endpoint: str) -> None:
        """Open the file, or make it, and begin a run.

        :raises InputError: the file cannot be written, or another run is writing it.
        """
        self._run = str(uuid.uuid4())
        self._numbers = itertools.count(1)
        self._write_lock = threading.Lock()
        self._sync_lock = threading.Lock()
        self._written = self._synced = 0
        #: Why lines are missing; None where none are.
        self.error: str | None = None
        path = own_path(path, "journal")
        try:
            self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise InputError("journal", f"{path} cannot be written: {error.strerror}") from None
        try:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise InputError("journal", f"{path} is being written by another run") from None
            try:
                self._end_damaged_line()
            except OSError as error:
                raise InputError("journal", f"{path} cannot be written: {error.strerror}") from None
            self.write("run_started", sync=True, format=FORMAT, provider=provider, endpoint=endpoint)
            self._sync_directory(path)
        except BaseException:
            self.close()
            raise

    def _end_damaged_line(self) -> None:
        """A run that was killed may have left half a line; ours begin on a new one."""
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")

    @staticmethod
    def _sync_directory(path: str) -> None:
        """Make sure that a new file is found again after a power failure.

        :raises InputError: that cannot be made sure of.
        """
        name = os.path.dirname(os.path.abspath(path))
        try:
            directory = os.open(name, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise InputError("journal", f"its directory {name} cannot be read: {error.strerror}") from None

    def close(self) -> None:
        # What a full disk says only now is about lines that were not promised to be on it.
        with contextlib.suppress(OSError):
            os.close(self._file)

    def sent(self, action: str, network_interface_id: str, addresses: t.Sequence[str]) -> int:
        """Record a call before it is sent; returns its number. On return the line is on the disk."""
        number = next(self._numbers)
        self.write(
            "sent",
            sync=True,
            write=number,
            action=action,
            network_interface_id=network_interface_id,
            private_ip_addresses=list(addresses),
        )
        return number

    def answered(self, number: int, answer: str, code: str | None, message: str | None, request_id: str | None) -> None:
        """Record the end of a call: C(accepted), C(refused), C(in_doubt) or C(not_sent)."""
        self.write("answered", write=number, answer=answer, code=code, message=message, request_id=request_id)

    def settled(self, all_outcomes: t.Sequence[Outcomes]) -> None:
        """Record what became of network interfaces' addresses, a line each. On return the lines are on the disk."""
        for index, outcomes in enumerate(all_outcomes, start=1):
            fields = outcomes.as_result(REMOVAL_OUTCOMES + ASSIGNMENT_OUTCOMES)
            self.write("settled", sync=index == len(all_outcomes), **fields)

    def ended(self, counts: t.Mapping[str, int]) -> None:
        """Record that the run came to its end, with how many addresses had each outcome."""
        self.write("run_ended", sync=True, **counts)

    def write(self, event: str, sync: bool = False, **fields: t.Any) -> None:
        """Append a line.

        :param sync: return only when the line is on the disk.
        :raises JournalError: it could not be written.
        """
        time = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
        line = json.dumps({"event": event, "time": time, "run": self._run, **fields}).encode() + b"\n"
        try:
            with self._write_lock:
                if os.write(self._file, line) != len(line):
                    raise OSError(0, "the disk is full")
                self._written += 1
                position = self._written
            if sync:
                self._sync(position)
        except OSError as error:
            self.error = f"the journal cannot be written: {error.strerror}"
            raise JournalError(self.error) from None

    def _sync(self, position: int) -> None:
        """Bring the lines up to this one to the disk; calls that wait for each other share one sync."""
        with self._sync_lock:
            if self._synced >= position:
                return
            with self._write_lock:
                written = self._written
            os.fsync(self._file)
            self._synced = written


def read_journal(path: str) -> t.Iterator[dict[str, t.Any]]:
    """Yield the entries of a journal, oldest first; passes over lines that a killed run left unfinished.

    :raises OSError: the file cannot be read.
    """
    return (entry for entry in read_objects(path) if "event" in entry)
