# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out changes to network interfaces and accounts for every address."""

from __future__ import annotations

import threading
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import FAILING_OUTCOMES, StopReason
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.changes import Change
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.control import RunControl
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.journal import Journal, JournalError
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.verification import Verification
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.work import EngineSettings, Work
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.writer import Writer
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import READ_BATCH, Provider
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError, ErrorKind


class Engine:
    """One way to change addresses, with everything that it takes.

    :param journal: None keeps none.
    """

    def __init__(
        self,
        provider: Provider,
        change: Change,
        settings: EngineSettings,
        control: RunControl,
        journal: Journal | None = None,
    ) -> None:
        self._provider = provider
        self._change = change
        self._settings = settings
        self._control = control
        self._journal = journal

    def carry_out(self, works: t.Sequence[Work]) -> None:
        """Send what these works need and verify it; afterwards every address of theirs has exactly one outcome.

        Never raises: once something may have been sent, its account is worth more than an error.
        """
        reason = "nothing has read it again"
        verification = Verification(self._provider, self._change, self._settings, self._control, self._settled)
        batches = [works[start : start + READ_BATCH] for start in range(0, len(works), READ_BATCH)]
        unwritten = [len(batch) for batch in batches]
        lock = threading.Lock()

        def write(index: int) -> None:
            self._write(works[index])
            number = index // READ_BATCH
            with lock:
                unwritten[number] -= 1
                written = unwritten[number] == 0
            if written:
                verification.look(batches[number])

        try:
            self._control.map(write, range(len(works)))
            verification.verify(works)
        except Exception as error:
            reason = self._bug(error)
        for work in works:
            work.give_up(self._settings.force, reason)

    def _bug(self, error: Exception) -> str:
        message = f"edgecloud.nic has a bug, please report it: {error!r}"
        self._control.stop(StopReason.ON_ERROR, message)
        return message

    def _write(self, work: Work) -> None:
        try:
            Writer(self._provider, self._change, self._settings, self._control, work, self._journal).write()
        except Exception as error:
            # Only a read can tell now what was sent.
            bug = ApiError(self._change.verb, ErrorKind.NO_ANSWER, self._bug(error), final=True)
            work.doubtful.update((address, bug) for address in work.open() if address not in work.accepted)
        if not work.unsettled():
            work.give_up(self._settings.force)
            self._settled([work])
        elif self._settings.stop_on_error and work.in_trouble:
            self._control.stop(StopReason.ON_ERROR)

    def _settled(self, works: t.Sequence[Work]) -> None:
        """Every address of these works that was sent has its outcome."""
        for work in works:
            work.give_up(self._settings.force)
        if self._settings.stop_on_error and any(work.outcomes.of(*FAILING_OUTCOMES) for work in works):
            self._control.stop(StopReason.ON_ERROR)
        if self._journal is None:
            return
        try:
            self._journal.settled([work.outcomes for work in works])
        except JournalError as error:
            self._control.stop(StopReason.JOURNAL, str(error))
