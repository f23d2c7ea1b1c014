# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proves by reading that what the cloud accepted, or may have done, is done."""

from __future__ import annotations

import itertools
import time
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._engine.changes import Change
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.control import RunControl
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.work import EngineSettings, Work, settle_done
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import READ_BATCH, Provider
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError

#: Seconds before each read: most removals show at once, and ENS is asked every few seconds by those who wait long.
_POLL_DELAYS = (0.0, 0.2, 0.3, 0.5, 0.8, 1.3, 2.0, 3.0, 5.0)


def verify(
    provider: Provider,
    change: Change,
    settings: EngineSettings,
    control: RunControl,
    works: t.Sequence[Work],
    settled: t.Callable[[t.Sequence[Work]], object],
) -> None:
    """Read until every address of these works has its outcome; afterwards none is open.

    :param settled: told about the works that get their last outcome here.
    """
    pending = [work for work in works if work.unverified()]
    if not settings.wait:
        for work in pending:
            _believe(change, work)
        settled([work for work in pending if not work.unverified()])
        pending = [work for work in pending if work.unverified()]
    for delay in itertools.chain(_POLL_DELAYS, itertools.repeat(_POLL_DELAYS[-1])):
        if not pending:
            return
        control.sleep(min(delay, max(0.0, _latest_deadline(pending, settings) - time.monotonic())))
        batches = [pending[start : start + READ_BATCH] for start in range(0, len(pending), READ_BATCH)]
        control.map(lambda batch: _verify_batch(provider, change, settings, control, batch), batches)
        settled([work for work in pending if not work.unverified()])
        pending = [work for work in pending if work.unverified()]


def _latest_deadline(works: t.Sequence[Work], settings: EngineSettings) -> float:
    return max(work.last_write for work in works) + settings.wait_timeout


def _believe(change: Change, work: Work) -> None:
    """Take the cloud's word for what it accepted."""
    for address in work.unverified():
        if address in work.accepted:
            work.outcomes.settle(address, change.done_by_us)


def _verify_batch(
    provider: Provider, change: Change, settings: EngineSettings, control: RunControl, works: t.Sequence[Work]
) -> None:
    """Read these works once; those whose time is up get an outcome whatever the read shows."""
    started = time.monotonic()
    try:
        read = provider.read_network_interfaces([work.network_interface_id for work in works])
    except ApiError as error:
        for work in works:
            for address in work.unverified():
                work.give_up(address, f"it could not be read again: {error}", seen=False)
        return
    for work in works:
        work.network_interface = read.get(work.network_interface_id)
        settle_done(change, work)
        time_is_up = started >= work.last_write + settings.wait_timeout
        last = time_is_up or control.interrupted or not settings.wait
        for address in work.open():
            if last or not work.may_yet_change(address):
                work.give_up(address, f"reads did not show it within {settings.wait_timeout:g} s")
