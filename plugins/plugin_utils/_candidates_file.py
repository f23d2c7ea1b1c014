# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of candidates (see C(_cleanup_records/candidates.py)), and the clocks that their age stands on."""

from __future__ import annotations

import contextlib
import datetime
import os
import pathlib
import time

from ansible_collections.edgecloud.nic.plugins.plugin_utils import _cleanup_files as files
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.candidates import Clock, Record
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import Json, RefusedError

_BOOT = "/proc/sys/kernel/random/boot_id"


def clock() -> Clock:
    """Return what the clocks of this machine say. Where it is not Linux, there is only the one that people set."""
    now = datetime.datetime.now(datetime.timezone.utc)
    try:
        boot = pathlib.Path(_BOOT).read_text(encoding="ascii").strip()
        return Clock(now, boot, time.clock_gettime(time.CLOCK_BOOTTIME))
    except (OSError, ValueError, AttributeError):
        return Clock(now)


class CandidatesFile:
    """A file of candidates, which this run has for itself.

    What closed it last is noted beside it as well, so that one that lost its end, or is a copy of an earlier day, is
    found out: the runs that it does not tell of may have seen the addresses in use.

    :param place: C(provider), C(scope), C(account) and C(endpoint) of the run.
    :param run: of the role.
    :param writes: false in check mode: everything is worked out, and nothing is written.
    :raises RefusedError: it cannot be read, is no such file, or is about another place.
    """

    def __init__(self, path: str, place: Json, run: str, *, writes: bool) -> None:
        self._path, self._place, self._run, self._writes = path, place, run, writes
        self._last_path = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.last")
        try:
            content = pathlib.Path(path).read_bytes() if os.path.exists(path) else b""
        except OSError as error:
            raise RefusedError(f"{path} cannot be read: {error.strerror}") from None
        last = files.read(self._last_path).strip() if os.path.exists(self._last_path) else None
        try:
            self.record = Record(content, last)
            self.record.refuse_other_place(place)
        except RefusedError as error:
            raise RefusedError(
                f"{path} is refused: {error}; give this run another one, or delete it, and every address begins anew"
            ) from None

    def warning(self) -> str | None:
        """Say that every address begins anew; None where none has to."""
        damage = self.record.damage
        if damage is None:
            return None
        kept = f"; what is left of it is {self._path}.damaged now" if os.path.exists(self._path) else ""
        return f"{self._path}: {damage}, so every address begins anew, as if first seen unused now{kept}"

    def add(self, event: str, entries: list[Json], now: Clock) -> None:
        """Add the lines of a run. On return they are on the disk.

        :raises RefusedError: they could not be written.
        """
        damaged = self.record.damage is not None
        text, anew = self.record.add(event, entries, now, self._run, self._place)
        if not self._writes:
            return
        try:
            if damaged and os.path.exists(self._path):
                os.replace(self._path, f"{self._path}.damaged")
            if anew:
                files.write(self._path, text.decode())
            else:
                self._append(text)
            files.write(self._last_path, f"{self.record.last}\n")
        except OSError as error:
            raise RefusedError(f"{self._path} cannot be written: {error.strerror}") from None

    def _append(self, text: bytes) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            try:
                view = memoryview(text)
                while view:
                    view = view[os.write(descriptor, view) :]
                os.fsync(descriptor)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)
