# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proves by reading that what the cloud accepted, or may have done, is done."""

from __future__ import annotations

import itertools
import time
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import StopReason
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.changes import Change
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.control import RunControl
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.work import EngineSettings, Work
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import READ_BATCH, Provider
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError, ErrorKind

#: Seconds before each read: most removals show at once, and those who wait long ask every few seconds.
_POLL_DELAYS = (0.0, 0.2, 0.3, 0.5, 0.8, 1.3, 2.0, 3.0, 5.0)


def read_again(provider: Provider, ids: t.Sequence[str]) -> dict[str, NetworkInterface | None]:
    """Read network interfaces after a call of ours.

    That one is gone would settle all its addresses, so that no single answer is believed in this.

    :returns: None for one that there is not; what the cloud leaves open is missing.
    :raises ApiError: the read failed.
    """
    read = provider.read_network_interfaces(ids)
    if len(ids) == 1 and None in read.values():
        # Of several, the provider has looked a second time already.
        return provider.read_network_interfaces(ids)
    return read


class Verification:
    """Reads until every address of some works has its outcome, or the time is up.

    :param settled: told about the works that get their last outcome here.
    """

    def __init__(
        self,
        provider: Provider,
        change: Change,
        settings: EngineSettings,
        control: RunControl,
        settled: t.Callable[[t.Sequence[Work]], object],
    ) -> None:
        self._provider = provider
        self._change = change
        self._settings = settings
        self._control = control
        self._settled = settled
        self._immediate = True

    def look(self, works: t.Sequence[Work]) -> None:
        """Read works that are written while others are being written, as long as the cloud shows changes at once."""
        pending = [work for work in works if work.unsettled()]
        if pending and self._settings.wait and self._immediate:
            self._read(pending)
            self._immediate = not self._report(pending)

    def verify(self, works: t.Sequence[Work]) -> None:
        """Afterwards no address of these works is open that a call of ours named."""
        pending = [work for work in works if work.unsettled()]
        if not self._settings.wait:
            for work in pending:
                self._believe(work)
            pending = self._report(pending)
        delays = _POLL_DELAYS if self._immediate else _POLL_DELAYS[1:]
        for delay in itertools.chain(delays, itertools.repeat(delays[-1])):
            if not pending:
                return
            self._control.sleep(min(delay, max(0.0, max(map(self._deadline, pending)) - time.monotonic())))
            batches = [pending[start : start + READ_BATCH] for start in range(0, len(pending), READ_BATCH)]
            self._control.map(self._read, batches)
            pending = self._report(pending)

    def _deadline(self, work: Work) -> float:
        return work.last_call + self._settings.wait_timeout

    def _report(self, works: t.Sequence[Work]) -> list[Work]:
        """Tell of the works that are settled; returns the others."""
        settled = [work for work in works if not work.unsettled()]
        if settled:
            self._settled(settled)
        return [work for work in works if work.unsettled()]

    def _believe(self, work: Work) -> None:
        """Take the cloud's word for what it accepted."""
        for address in work.unsettled():
            if address in work.accepted:
                work.outcomes.settle(address, self._change.done_by_us)

    def _read(self, works: t.Sequence[Work]) -> None:
        """Read these works once; those whose time is up get an outcome whatever the read shows."""
        began = time.monotonic()
        no_more = False
        reason = f"reads did not show it within {self._settings.wait_timeout:g} s"
        read: dict[str, NetworkInterface | None] = {}
        try:
            read = read_again(self._provider, [work.network_interface_id for work in works])
        except ApiError as error:
            reason = f"it could not be read again: {error}"
            if error.kind is ErrorKind.AUTH:
                no_more = True
                self._control.stop(StopReason.AUTH, str(error))
        except Exception as error:
            reason = f"it could not be read again: edgecloud.nic has a bug: {error!r}"
        no_more = no_more or self._control.interrupted or not self._settings.wait
        for work in works:
            if work.network_interface_id in read:
                work.read(self._change, read[work.network_interface_id], began)
            work.settle_refused(self._settings.force)
            if no_more or began >= self._deadline(work):
                work.give_up(self._settings.force, reason)
