# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out the writes of one network interface.

Three rules keep it safe: a call whose effect is in doubt is followed by a read, and only what that read still shows is
sent again; a call that the cloud refused is split until the refused addresses stand alone; and an address that a read
shows as primary is never sent again.
"""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import (
    KEPT_AS_PRIMARY,
    NOT_ATTEMPTED,
    StopReason,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.changes import Change
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.control import RunControl
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.journal import Journal, JournalError
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.work import EngineSettings, Work, settle_done
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.client import backoff_delays
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import Provider
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import (
    ABSENT,
    IN_DOUBT,
    TRY_AGAIN,
    ApiError,
    ErrorKind,
)

#: So few open addresses are tried one by one before a refusal is taken to hold for the whole network interface.
_FEW = 4


class _StopWriting(Exception):  # noqa: N818 - not an error, but an order
    """Nothing more is to be sent for this network interface."""


class Writer:
    """Sends what one network interface needs. One writer for one work, used once."""

    def __init__(
        self,
        provider: Provider,
        change: Change,
        settings: EngineSettings,
        control: RunControl,
        work: Work,
        journal: Journal | None,
    ) -> None:
        self._provider = provider
        self._change = change
        self._settings = settings
        self._control = control
        self._work = work
        self._journal = journal
        self._doubt_delays = backoff_delays(settings.max_retries, settings.retry_max_delay)
        self._read_since_refusal = False
        self._holds_for_all = False

    def write(self) -> None:
        """Send until every address is accepted, in doubt beyond the retries, or refused for good.

        Afterwards the addresses without outcome are those of C(work.unverified()).
        """
        work = self._work
        try:
            self._isolate(work.open())
            for delay in backoff_delays(self._settings.max_retries, self._settings.retry_max_delay):
                passing = [address for address in work.open() if self._may_pass(work.refused.get(address))]
                if not passing:
                    break
                self._control.sleep(delay)
                self._reread()
                if self._holds_for_all:
                    self._send(passing)
                else:
                    self._isolate(passing)
            if any(work.refused_with_others(address) for address in work.open()):
                self._reread()
        except _StopWriting:
            pass
        unverified = work.unverified()
        for address in work.open():
            if address in unverified:
                continue
            if address in work.refused:
                work.give_up(address)
            else:
                work.outcomes.settle(address, NOT_ATTEMPTED)

    def _may_pass(self, error: ApiError | None) -> bool:
        """Tell whether a refusal may pass by itself."""
        if error is None:
            return False
        nic = self._work.network_interface
        return error.kind is ErrorKind.CONFLICT or (
            error.kind is ErrorKind.NETWORK_INTERFACE_STATUS and nic is not None and nic.transitional
        )

    def _isolate(self, addresses: list[str]) -> None:
        """Send the addresses together; where the cloud refuses, send halves, until what it refuses stands alone.

        The smallest refused group is split first, both halves being sent before the next split. So after about
        2 log2(n) refusals in a row the refused halves are log2(n) groups without a common address: that many refused
        addresses there are at least, or the refusal holds for the whole network interface. One address of each of
        these groups tells; if they are refused as well, the rest is not tried address by address.
        """
        unsent = collections.deque([addresses])
        refused_groups: list[list[str]] = []
        refusals_in_a_row = 0
        probed = False
        while unsent or refused_groups:
            if not unsent:
                left = sum(map(len, refused_groups))
                if left > _FEW and refusals_in_a_row > 2 * (left - 1).bit_length():
                    if probed:
                        self._holds_for_all = True
                        return
                    probed = True
                    unsent.extend(group[:1] for group in refused_groups)
                    refused_groups = [group[1:] for group in refused_groups if len(group) > 1]
                    continue
                group = refused_groups.pop()
                middle = (len(group) + 1) // 2
                unsent.extend(half for half in (group[:middle], group[middle:]) if half)
                continue
            group = self._open(unsent.popleft())
            if not group:
                continue
            left_over = self._send(group)
            if len(left_over) < len(group):
                refusals_in_a_row = 0
                probed = False
                if left_over and self._is_refusal(left_over):
                    unsent.appendleft(left_over)
            elif self._is_refusal(left_over):
                refusals_in_a_row += 1
                if len(left_over) > 1:
                    refused_groups.append(left_over)
        self._holds_for_all = len(addresses) > 1 and self._open(addresses) == addresses

    def _open(self, addresses: t.Iterable[str]) -> list[str]:
        """Return those of the addresses that are neither accepted nor settled."""
        work = self._work
        return [a for a in addresses if a not in work.outcomes and a not in work.accepted]

    def _is_refusal(self, addresses: list[str]) -> bool:
        """Tell whether sending parts of the group may fare better: not where nothing reaches the cloud."""
        error = self._work.refused.get(addresses[0]) or self._work.doubtful.get(addresses[0])
        return error is not None and error.kind is not ErrorKind.NO_ANSWER and error.kind not in TRY_AGAIN

    def _send(self, addresses: list[str]) -> list[str]:
        """Make the call for these addresses, repeated only as far as reads in between show that it had no effect.

        :returns: the addresses that are neither accepted nor settled; the last error is in C(work.refused) or
            C(work.doubtful).
        :raises _StopWriting: the run is to stop, the cloud refuses the credentials, or a read in between failed.
        """
        addresses = self._open(addresses)
        while addresses:
            error = self._attempt(addresses)
            if error is None:
                return []
            if error.kind in TRY_AGAIN:
                return addresses
            in_doubt = error.kind in IN_DOUBT
            delay = next(self._doubt_delays, None) if in_doubt else None
            self._control.sleep(delay or 0)
            if in_doubt or error.kind in ABSENT or not self._read_since_refusal:
                # A plain refusal changes nothing, so one read for all of them is enough: it shows the status of the
                # network interface, and whether the cloud carries out a part of what it refuses.
                self._read_since_refusal = True
                self._reread()
            addresses = self._open(addresses)
            if delay is None:
                return addresses
        return []

    def _attempt(self, addresses: list[str]) -> ApiError | None:
        """Make the call once and note what came of it; returns its error.

        :raises _StopWriting: the run is to stop, or the cloud refuses the credentials.
        """
        work = self._work
        if self._control.stopped:
            raise _StopWriting
        error, request_id = None, None
        try:
            request_id = self._call(addresses)
            work.call_ended(request_id)
        except JournalError as journal_error:
            error = ApiError(self._change.verb, ErrorKind.NOT_SENT, str(journal_error), final=True)
            self._control.stop(StopReason.JOURNAL, str(journal_error))
        except ApiError as api_error:
            error = api_error
            if error.kind is ErrorKind.STOPPED:
                raise _StopWriting from None
            work.call_ended(error.request_id)
        for address in addresses:
            work.note(address, addresses, error, request_id)
        if error is not None and error.kind is ErrorKind.AUTH:
            self._control.stop(StopReason.AUTH, str(error))
        if error is not None and self._control.stopped:
            raise _StopWriting
        return error

    def _call(self, addresses: list[str]) -> str | None:
        """Make the call, between its two lines in the journal; returns the request id.

        :raises ApiError: the call failed.
        :raises JournalError: the call was not made, since it could not be recorded before.
        """
        if self._journal is None:
            return self._change.send(self._work.network_interface_id, addresses)
        number = self._journal.sent(self._change.verb, self._work.network_interface_id, addresses)
        try:
            request_id = self._change.send(self._work.network_interface_id, addresses)
        except ApiError as error:
            not_sent = error.kind in (ErrorKind.NOT_SENT, ErrorKind.STOPPED)
            answer = "in_doubt" if error.kind in IN_DOUBT else "not_sent" if not_sent else "refused"
            self._record_answer(number, answer, error.code, error.detail, error.request_id)
            raise
        self._record_answer(number, "accepted", None, None, request_id)
        return request_id

    def _record_answer(self, number: int, answer: str, *details: str | None) -> None:
        """Record what the cloud said; where that cannot be recorded, it is the last call, but what it did counts."""
        try:
            t.cast(Journal, self._journal).answered(number, answer, *details)
        except JournalError as error:
            self._control.stop(StopReason.JOURNAL, str(error))

    def _reread(self) -> None:
        """Read the network interface, and settle its addresses that are done or have become primary.

        :raises _StopWriting: the read failed, so that nothing may be sent again.
        """
        work = self._work
        try:
            read = self._provider.read_network_interfaces([work.network_interface_id])
        except ApiError as error:
            if error.kind is ErrorKind.AUTH:
                self._control.stop(StopReason.AUTH, str(error))
            raise _StopWriting from None
        work.network_interface = nic = read.get(work.network_interface_id)
        settle_done(self._change, work)
        if nic is not None and nic.primary_private_ip in work.open():
            work.outcomes.keep(nic.primary_private_ip, KEPT_AS_PRIMARY)
