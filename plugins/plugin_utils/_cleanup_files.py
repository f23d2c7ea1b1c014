# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of the records: written whole or not at all, and by one run at a time."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import json
import os
import pathlib
import tempfile
import time
import typing as t
import urllib.parse

from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import Json, RefusedError

#: How long, in seconds, a run waits for another one that has the same files.
_PATIENCE = 600
_LOOK = 0.2
#: The same for a file that takes a moment only.
_MOMENT = 30
_GLANCE = 0.02
#: Where the directories of scopes lie, unless somebody says so.
_SCOPES_DIR = "cleanup"


def scopes_directory(report_dir: str | None) -> str:
    """Return the directory in which every scope has one of its own, and where the overview of them lies."""
    return os.path.abspath(os.path.expanduser(os.path.expandvars(report_dir or _SCOPES_DIR)))


def directory_name(scope: str) -> str:
    """Return the name of a scope's directory: another one for each scope, and no way out of where it lies."""
    # A host can have any name that JSON can hold, half a character among them.
    name = urllib.parse.quote(scope, safe=" ", errors="surrogatepass")
    return f"%2E{name[1:]}" if name.startswith(".") else name


def write(path: str, content: str | t.Iterable[str]) -> str:
    """Write a file for nobody but its owner, completely or not at all; returns its path.

    :param content: all of it, or what makes it piece by piece.
    :raises OSError: it could not be written; what was there before still is.
    """
    directory = os.path.dirname(path)
    os.makedirs(directory, mode=0o700, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=directory, prefix=f".{os.path.basename(path)}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.writelines([content] if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            # About the file that is meant, not the one that nobody gets to see.
            raise OSError(error.errno, error.strerror, path) from None
        raise
    return path


def refuse_unless_writable(paths: t.Iterable[str], size: int = 1) -> None:
    """Make sure that files can be written, before anything happens that they are to tell of.

    :param size: of what will be written, in bytes.
    :raises RefusedError: one cannot.
    """
    for path in paths:
        directory = os.path.dirname(path)
        try:
            if os.path.isdir(path):
                raise RefusedError(f"{path} cannot be written: it is a directory")
            os.makedirs(directory, mode=0o700, exist_ok=True)
            with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
                for start in range(0, size, 1 << 20):
                    file.write(bytes(min(1 << 20, size - start)))
                os.fsync(file.fileno())
        except (OSError, ValueError) as error:
            raise RefusedError(f"{path} cannot be written: {_why(error)}") from None


def _why(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def read(path: str) -> str:
    """Return a file's text.

    :raises RefusedError: it cannot be read.
    """
    try:
        return pathlib.Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise RefusedError(f"{path} cannot be read: it is no text") from None
    except (OSError, ValueError) as error:
        raise RefusedError(f"{path} cannot be read: {_why(error)}") from None


class JournalLines:
    """Appends the role's own lines to a journal, between the runs of modules."""

    def __init__(self, path: str, plan: str, run: str) -> None:
        self._path, self._common = path, {"plan": plan, "run": run}

    def append(self, event: str, **fields: t.Any) -> None:
        """Append a line. On return it is on the disk.

        :raises RefusedError: it could not be written.
        """
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
        line = json.dumps({"event": event, "time": now, **self._common, **fields}).encode() + b"\n"
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                size = os.fstat(descriptor).st_size
                # A run that was killed may have left half a line.
                damaged = size and os.pread(descriptor, 1, size - 1) != b"\n"
                text = b"\n" + line if damaged else line
                if os.write(descriptor, text) != len(text):
                    raise OSError(0, "the disk is full")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise RefusedError(f"{self._path} cannot be written: {_why(error)}") from None


def wait_for_modules(journal: str) -> None:
    """Wait until no module writes the journal: what it has in flight belongs to what this run has to read.

    :raises RefusedError: that takes too long.
    """
    if not os.path.exists(journal):
        return
    deadline = time.monotonic() + _PATIENCE
    try:
        with open(journal, "rb") as file:
            while not _locked(file.fileno(), fcntl.LOCK_SH):
                if time.monotonic() > deadline:
                    raise RefusedError(f"{journal} is being written by another run")
                time.sleep(_LOOK)
    except OSError as error:
        raise RefusedError(f"{journal} cannot be read: {_why(error)}") from None


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def exclusively(path: str) -> t.Iterator[None]:
    """Let no other process have a file meanwhile, for as short as it takes to write it anew.

    :raises OSError: it cannot be locked, or whoever has it keeps it.
    """
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    descriptor = os.open(_beside(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + _MOMENT
        while not _locked(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise OSError(0, "another run keeps it locked", path)
            time.sleep(_GLANCE)
        yield
    finally:
        os.close(descriptor)


class Owner(t.NamedTuple):
    """Who wants files.

    :param playbook: process id of C(ansible-playbook).
    """

    scope: str
    host: str
    playbook: int


class Reservation:
    """Files that this run has for itself until it releases them, or its process ends.

    A lock file beside each of them says whose they are, also after the run: scopes never share a file.
    """

    def __init__(self, descriptors: t.Sequence[int] = ()) -> None:
        self._descriptors = list(descriptors)

    @classmethod
    def of(cls, paths: t.Iterable[str], owner: Owner, say: t.Callable[[str], object]) -> Reservation:
        """Wait until no other run has one of the paths, and take them.

        :param owner: who wants them.
        :param say: is told that there is somebody to wait for.
        :raises RefusedError: one belongs to another scope, or the other run does not end.
        """
        taken = cls()
        try:
            for path in sorted(set(paths)):
                taken._descriptors.append(cls._take(path, owner, say))
            for descriptor in taken._descriptors:
                os.truncate(descriptor, 0)
                os.pwrite(descriptor, json.dumps(owner._asdict()).encode(), 0)
        except BaseException as error:
            taken.release()
            if isinstance(error, OSError):
                raise RefusedError(f"the records cannot be locked: {_why(error)}") from None
            raise
        return taken

    @classmethod
    def _take(cls, path: str, owner: Owner, say: t.Callable[[str], object]) -> int:
        lock = os.path.join(path, ".lock") if os.path.isdir(path) else _beside(path)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            deadline, said = time.monotonic() + _PATIENCE, False
            while True:
                taken = _locked(descriptor, fcntl.LOCK_EX)
                other = _last_owner(descriptor)
                _refuse_other_scope(path, owner, other, lock)
                if taken:
                    return descriptor
                if other.get("playbook") == owner.playbook and other.get("host") != owner.host:
                    # Its turn would overwrite what the other one has just written.
                    raise RefusedError(f"{path} is that of the host {other.get('host')} in the same play")
                if not said:
                    say(f"Another run has {path}: waiting for its end")
                    said = True
                if time.monotonic() > deadline:
                    raise RefusedError(f"another run has {path}, and does not end")
                time.sleep(_LOOK)
        except BaseException:
            os.close(descriptor)
            raise

    def release(self) -> None:
        """Let others have the files."""
        while self._descriptors:
            os.close(self._descriptors.pop())


def claim(path: str, owner: Owner) -> None:
    """Note whose a file is that any number of runs of one scope may have at a time.

    :raises RefusedError: it belongs to another scope, or nothing can be noted.
    """
    lock = _beside(path)
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while True:
                taken = _locked(descriptor, fcntl.LOCK_EX)
                other = _last_owner(descriptor)
                _refuse_other_scope(path, owner, other, lock)
                if taken and not other:
                    os.pwrite(descriptor, json.dumps(owner._asdict()).encode(), 0)
                if taken or other:
                    return
                # Whoever has it is about to say who that is.
                time.sleep(_GLANCE)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise RefusedError(f"{path} cannot be locked: {_why(error)}") from None


def _refuse_other_scope(path: str, owner: Owner, other: Json, lock: str) -> None:
    if other.get("scope") not in (None, owner.scope):
        raise RefusedError(
            f"{path} belongs to the scope {other['scope']}, and scopes share no file; give {owner.scope} another one, "
            f"or delete {lock} if that scope is no more"
        )


def _beside(path: str) -> str:
    return os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.lock")


def _last_owner(descriptor: int) -> Json:
    try:
        owner = json.loads(os.pread(descriptor, 4096, 0) or b"{}")
    except (ValueError, RecursionError):
        return {}
    return owner if isinstance(owner, dict) else {}
