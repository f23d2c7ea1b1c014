# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The health check between two batches: tasks of the user's, which only ansible-core itself can run.

So the run is cut there into tasks, which hand what they know on in a file. All that a health check can do to a run is
to end it: before it begins, the records tell the run as ended, and only a health check that passed lets it go on.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import typing as t

from ansible import constants
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible_collections.edgecloud.nic.plugins.plugin_utils import _cleanup_files as files
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import Json, RefusedError
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.variables import OWN_PREFIX, PREFIX
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run import places
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.account import Account

#: The argument of a task that goes on with a run: which health check was before it.
CHECK_ARGUMENT = f"{PREFIX}after_check"
#: The fact that says which health check has passed.
_PASSED = f"{OWN_PREFIX}passed"
_CHECK = re.compile(r"[0-9a-f-]{36}-[0-9]{1,9}", re.ASCII)


def find(path: str, loader: DataLoader) -> str:
    """Return the full path of the task file, once it is one.

    :param path: if relative, to the playbook, as that of C(include_tasks) is.
    :raises RefusedError: it is none.
    """
    name, full = f"{PREFIX}health_check", str(loader.path_dwim(path))
    if not os.path.exists(full):
        raise RefusedError(f"{name}: {full} cannot be read: there is no such file")
    try:
        tasks = loader.load_from_file(full)
    except AnsibleError as error:
        raise RefusedError(f"{name}: {full} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(tasks, list) or not tasks or not all(isinstance(task, dict) for task in tasks):
        raise RefusedError(f"{name}: {full} is no list of tasks")
    return full


class Handover(t.NamedTuple):
    """What one task of a run leaves to the next one.

    :param connection: stands for the options with which the cloud was reached.
    :param files: what the records looked like.
    :param failed: stands for what had failed in the play before.
    """

    begun: Json
    account: Account
    connection: str
    files: Json
    failed: str

    def leave(self, check: str) -> None:
        """Leave it for the task after this health check.

        :param check: the run, and the number of the batch before it.
        :raises OSError: it could not be written.
        """
        files.write(_place(check), json.dumps({**self._asdict(), "account": self.account.known()}))


def take(check: str) -> Handover:
    """Return what was left for the task after this health check: once, so that no batch is carried out again.

    :raises RefusedError: there is nothing.
    """
    try:
        if not _CHECK.fullmatch(check):
            raise RefusedError("there is no such health check")
        left = json.loads(files.read(_place(check)))
        os.unlink(_place(check))
    except (RefusedError, OSError, ValueError, RecursionError) as error:
        raise RefusedError(f"what was known before the health check is lost: {error}") from None
    return Handover(**{**left, "account": Account.of(left["account"])})


def _place(check: str) -> str:
    """Return where one task leaves what it knows: where ansible-core cleans up when the playbook ends."""
    return os.path.join(constants.DEFAULT_LOCAL_TMP, f"{PREFIX}{check}.json")


def look(begun: Json) -> Json:
    """Return what the records look like, by path, so that it is found out whether another run has written them."""
    paths = [begun["journal"], begun["candidates_file"], *places.report_files(begun["report_dir"])[:1]]
    seen: Json = {}
    for path in filter(None, paths):
        seen[path] = None
        with contextlib.suppress(FileNotFoundError):
            status = os.stat(path)
            seen[path] = [status.st_ino, status.st_size, status.st_mtime_ns]
    return seen


def refuse_where_another_run_was(begun: Json, seen: Json) -> None:
    """
    :raises RefusedError: the records do not look as they did.
    """
    for path, now in look(begun).items():
        if now != seen[path]:
            raise RefusedError(f"another run has written {path} during the health check")


def has_passed(check: str, task_vars: Json) -> bool:
    """Tell whether the health check ended, and nothing in it failed."""
    return bool(task_vars.get(_PASSED) == check)


def failed(task_vars: Json) -> str:
    """Return what stands for the failure that the play had last."""
    return mark([task_vars.get(name) for name in ("ansible_failed_task", "ansible_failed_result")])


def mark(value: t.Any, salt: str = "") -> str:
    """Return what stands for a value, and does not tell it."""
    return hashlib.sha256((salt + json.dumps(value, sort_keys=True, default=str)).encode()).hexdigest()


def failure(task_vars: Json, before: str, template: t.Callable[[t.Any], t.Any]) -> str:
    """Say what failed in a health check: name of the task, and message.

    :param before: as C(failed) told it before the health check. Where another host has failed for all, or no task could
        be loaded, it is still the last failure here.
    """
    hosts = task_vars.get("ansible_play_hosts_all") or ()
    if failed(task_vars) == before and ("ansible_failed_task" not in task_vars or len(hosts) > 1):
        return "no task of it failed on this host, and not all of it was carried out"
    task, result = (
        json.loads(json.dumps(task_vars.get(name) or {}, default=str))
        for name in ("ansible_failed_task", "ansible_failed_result")
    )
    name = task.get("name") or task.get("action") or "a task without name"
    with contextlib.suppress(Exception):
        name = template(name)
    return f"{name}: {message_of(task, result)}"


def message_of(task: Json, result: Json) -> str:
    """Return the message of a task that failed, of a loop that of the first item that did.

    Nothing of what the user does not want to be logged.
    """
    items = result.get("results")
    failing = [item for item in items if isinstance(item, dict) and item.get("failed")] if items else []
    source = failing[0] if failing else result
    if any(secret not in (None, False) for secret in (task.get("no_log"), source.get("_ansible_no_log"))):
        return "the message is hidden by no_log"
    message = source.get("msg") or "it failed without a message"
    if isinstance(message, list):
        return "; ".join(map(str, message)).strip()
    return str(message).strip()
