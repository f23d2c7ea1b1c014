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
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.work import EngineSettings, Work
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import READ_BATCH, Provider
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError

#: Seconds before each read: most removals show at once, and ENS is asked every few seconds by those who wait long.
_POLL_DELAYS = (0.0, 0.2, 0.3, 0.5, 0.8, 1.3, 2.0, 3.0, 5.0)


def verify(
    provider: Provider, change: Change, settings: EngineSettings, control: RunControl, works: t.Sequence[Work]
) -> None:
    """Read until every address of these works has its outcome; afterwards none is open."""
    if not settings.wait:
        for work in works:
            for address in work.unverified():
                if address in work.accepted:
                    work.outcomes.settle(address, change.done_by_us)
                else:
                    work.give_up(address, "")
    pending = [work for work in works if work.unverified()]
    for delay in itertools.chain(_POLL_DELAYS, itertools.repeat(_POLL_DELAYS[-1])):
        if not pending:
            return
        deadline = max(work.last_write for work in pending) + settings.wait_timeout
        left = deadline - time.monotonic()
        control.sleep(min(delay, max(0.0, left)))
        for start in range(0, len(pending), READ_BATCH):
            _verify_batch(provider, change, pending[start : start + READ_BATCH], last=left <= delay or control.stopped)
        pending = [work for work in pending if work.unverified()]


def _verify_batch(provider: Provider, change: Change, works: t.Sequence[Work], last: bool) -> None:
    """Read these works once; C(last) gives up on what the read does not show as done."""
    try:
        read = provider.read_network_interfaces([work.network_interface_id for work in works])
    except ApiError as error:
        for work in works:
            for address in work.unverified():
                work.give_up(address, f"it could not be read again: {error}")
        return
    for work in works:
        work.network_interface = read.get(work.network_interface_id)
        for address in work.unverified():
            if change.is_done(work.network_interface, address):
                work.outcomes.settle(address, change.done_by_us)
            elif last or address in work.refused:
                work.give_up(address, "later reads do not show it")
