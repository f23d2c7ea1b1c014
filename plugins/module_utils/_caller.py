# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells whether whoever started a run is still there: killed, ansible-core leaves workers and modules that go on."""

from __future__ import annotations

import multiprocessing
import os
import select
import stat
import time
import typing as t

#: What may stand between a module and the worker that started it, and outlive that worker.
_BETWEEN = frozenset(
    ("ash", "bash", "busybox", "csh", "dash", "doas", "fish", "ksh", "runuser", "sh", "su", "sudo", "tcsh", "zsh")
)
_MOST_BETWEEN = 16
#: More than there is up to the id of the parent.
_STAT_BYTES = 128
#: Seconds between two looks at other processes than the parent.
_LOOK = 0.005
#: States of a process that only waits to be noticed by its parent.
_ENDED = (b"Z", b"X")


class _Process(t.NamedTuple):
    """What Linux tells of a process that has not ended."""

    name: str
    parent: int


def _open_stat(pid: int) -> int | None:
    """Open what Linux tells of this process; None where it is gone, or the system does not tell."""
    try:
        return os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except OSError:
        return None


def _look_at(descriptor: int) -> _Process | None:
    """Return what is told of the process at the time of opening, also when its id is used again; None once it ended."""
    try:
        name, _bracket, rest = os.pread(descriptor, _STAT_BYTES, 0).partition(b"(")[2].rpartition(b")")
        state, parent = rest.split(None, 2)[:2]
        return None if state in _ENDED else _Process(name.decode(errors="replace"), int(parent))
    except (OSError, ValueError):
        return None


def _is_async_wrapper(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return b"async_wrapper" in file.read()
    except OSError:
        return False


def _is_pipe(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return hasattr(select, "poll") and (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode))


def _nobody_reads(descriptor: int) -> bool:
    """Tell whether the other end of a pipe is closed."""
    # One for each call: two threads must not share one. It is told of the other end without asking for any event.
    poll = select.poll()
    poll.register(descriptor, 0)
    return bool(poll.poll(0))


class Parent:
    """The process that started this one, which has forked it with C(multiprocessing) or otherwise."""

    def __init__(self) -> None:
        forked_by = multiprocessing.parent_process()
        self.pid = os.getppid() if forked_by is None or forked_by.pid is None else forked_by.pid

    def gone(self) -> bool:
        """Tell whether it has ended; takes less than a microsecond."""
        return os.getppid() != self.pid


class Caller:
    """Who started a module: its parent, the worker of ansible-core further up, and who reads its result.

    Whoever detaches ansible-core from a terminal changes nothing about these; a task with C(async) is meant to outlive
    the worker.
    """

    def __init__(self) -> None:
        self._parent = Parent()
        self._worker = self._find_worker()
        self._has_reader = _is_pipe(1)
        self._look_again = 0.0

    def gone(self) -> bool:
        """Tell whether one of them has ended, as of a few milliseconds ago."""
        if self._parent.gone():
            return True
        # Each look is two system calls, at which other threads take over.
        if time.monotonic() < self._look_again:
            return False
        self._look_again = time.monotonic() + _LOOK
        if self._worker is not None:
            descriptor, process = self._worker
            # It has another parent as soon as ansible-playbook has ended.
            if _look_at(descriptor) != process:
                return True
        return self._has_reader and _nobody_reads(1)

    @staticmethod
    def _find_worker() -> tuple[int, _Process] | None:
        """Return the worker with a descriptor that stays open, which is quicker and cannot come to mean another one."""
        pid = os.getppid()
        for _step in range(_MOST_BETWEEN):
            descriptor = _open_stat(pid) if pid > 1 else None
            if descriptor is None:
                return None
            process = _look_at(descriptor)
            has_worker = process is not None and not _is_async_wrapper(pid)
            if process is not None and has_worker and process.name not in _BETWEEN:
                return descriptor, process
            os.close(descriptor)
            if process is None or not has_worker:
                return None
            pid = process.parent
        return None
