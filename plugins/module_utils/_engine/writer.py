# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out the writes of one network interface.

Three rules keep it safe: a call whose effect is in doubt is followed by a read, and only what that read still shows is
sent again; a call that the cloud refused is split until the refused addresses stand alone; and an address that a read
shows as primary is never sent again.
"""

from __future__ import annotations

import random
import time
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import sort_addresses
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import KEPT_AS_PRIMARY, StopReason
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.changes import Change
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.control import RunControl
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.journal import Journal, JournalError
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.verification import read_again
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.work import EngineSettings, Work
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.client import backoff_delays
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import Provider
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import (
    ABSENT,
    IN_DOUBT,
    WHOLE_NETWORK_INTERFACE,
    ApiError,
    ErrorKind,
)

#: Up to so many addresses are tried one by one where everything seems to be refused; of more, some are.
_ALL_ALONE = 16
#: How often an overloaded server that serves others is asked for one network interface beyond the retries.
_TURNS = 50


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
        self._turns = _TURNS
        #: Sent alone without being accepted, so that nothing smaller is left to be sent.
        self._tried_alone: set[str] = set()
        self._read_since_refusal = False

    def write(self) -> None:
        """Send until every address is accepted, in doubt beyond the retries, or refused for good.

        Afterwards C(work.unsettled()) are the addresses that wait for a read, and the other open ones were never sent.
        """
        work = self._work
        try:
            everything_refused = self._isolate(work.open())
            tried_again = False
            for delay in backoff_delays(self._settings.max_retries, self._settings.retry_max_delay):
                passing = self._passing()
                if not passing:
                    break
                self._control.sleep(delay)
                self._reread()
                # As one list, since isolating them each time would cost more than it can bring.
                self._send(passing)
                tried_again = True
            if tried_again and not everything_refused and len(self._passing()) > 1:
                # What was refused alone then may pass by now, and be refused only with what does not.
                self._tried_alone.clear()
                self._isolate(self._passing())
            if any(address not in work.accepted for address in work.unsettled()) and not work.confirmed:
                self._reread()
        except _StopWriting:
            pass
        work.settle_refused(self._settings.force)

    def _passing(self) -> list[str]:
        """Return the addresses whose refusal may pass by itself."""
        return [address for address in self._work.open() if self._may_pass(self._work.refused.get(address))]

    def _may_pass(self, error: ApiError | None) -> bool:
        """Tell whether a refusal may pass by itself."""
        if error is None:
            return False
        nic = self._work.network_interface
        return error.kind is ErrorKind.CONFLICT or (
            error.kind is ErrorKind.NETWORK_INTERFACE_STATUS and nic is not None and nic.transitional
        )

    def _isolate(self, addresses: list[str]) -> bool:
        """Send the addresses together; where the cloud refuses, send halves, until what it refuses stands alone.

        Of a refused list whose first half was accepted, the second half is refused without asking, and is halved at
        once. Where nothing at all was accepted until one address was refused alone, the refusal may hold for the whole
        network interface: addresses are tried alone until one is accepted. Of more than 16 addresses only about
        2 log2(n) are tried so, taken at random so that the next run tries others.

        :returns: whether everything is refused, as far as was tried.
        """
        if not addresses:
            return False
        first = self._send_together(addresses)
        if not self._is_refusal(first):
            return False
        if len(first) == 1 or self._holds_for_all(first):
            return True
        accepted = len(first) < len(addresses)
        # Few are all tried, so that their order does not matter; of many, the next run is to try others first.
        shuffled = first if len(first) <= _ALL_ALONE else random.sample(first, len(first))
        # Groups to be sent, the last one first, each with the half that was sent before it.
        groups: list[tuple[list[str], list[str] | None]] = []
        self._halve(shuffled, groups)
        while groups:
            whole, sibling = groups.pop()
            group = [address for address in self._open(whole) if address not in self._tried_alone]
            if not group:
                continue
            surely_refused = len(group) == len(whole) and sibling is not None and not self._open(sibling)
            if surely_refused and len(group) > 1:
                self._halve(group, groups)
                continue
            left = self._send_together(sort_addresses(group))
            accepted = accepted or len(left) < len(group)
            if not self._is_refusal(left):
                continue
            if self._holds_for_all(left):
                return True
            if len(left) > 1:
                self._halve([address for address in group if address in left], groups)
            elif not accepted:
                accepted = self._any_accepted_alone(shuffled)
                if not accepted:
                    return True
        return not accepted

    def _send_together(self, addresses: list[str]) -> list[str]:
        """Send the addresses, and once more those that a read after a refusal leaves of them."""
        left = self._send(addresses)
        while left and len(left) < len(addresses) and self._is_refusal(left):
            addresses, left = left, self._send(left)
        return left

    @staticmethod
    def _halve(group: list[str], groups: list[tuple[list[str], list[str] | None]]) -> None:
        middle = (len(group) + 1) // 2
        groups.append((group[middle:], group[:middle]))
        groups.append((group[:middle], None))

    def _any_accepted_alone(self, shuffled: list[str]) -> bool:
        """Send addresses alone until the cloud accepts one; tell whether it did."""
        alone = [address for address in self._open(shuffled) if address not in self._tried_alone]
        if len(shuffled) > _ALL_ALONE:
            alone = random.sample(alone, min(len(alone), 2 * (len(shuffled) - 1).bit_length() - 1))
        for address in alone:
            if address in self._open([address]) and not self._is_refusal(self._send([address])):
                return True
        return False

    def _holds_for_all(self, refused: list[str]) -> bool:
        """Tell whether the refusal holds for the network interface, as the vendor's page has it."""
        error = self._work.refused.get(refused[0])
        return error is not None and error.kind in WHOLE_NETWORK_INTERFACE

    def _open(self, addresses: t.Iterable[str]) -> list[str]:
        """Return those of the addresses that are neither accepted nor settled."""
        work = self._work
        return [a for a in addresses if a not in work.outcomes and a not in work.accepted]

    def _is_refusal(self, addresses: list[str]) -> bool:
        """Tell whether sending parts of the group may fare better: not where nothing reaches the cloud."""
        if not addresses:
            return False
        error = self._work.refused.get(addresses[0]) or self._work.doubtful.get(addresses[0])
        return error is not None and error.kind not in (ErrorKind.NO_ANSWER, ErrorKind.THROTTLED)

    def _send(self, addresses: list[str]) -> list[str]:
        """Make the call for these addresses, repeated only as far as reads in between show that it had no effect.

        :returns: the addresses that are neither accepted nor settled; the last error is in C(work.refused) or
            C(work.doubtful).
        :raises _StopWriting: the run is to stop, the call did not leave, or a read in between failed.
        """
        addresses = self._open(addresses)
        if len(addresses) == 1:
            self._tried_alone.update(addresses)
        while addresses:
            error = self._attempt(addresses)
            if error is None:
                return []
            if error.kind is ErrorKind.THROTTLED:
                return addresses
            in_doubt = error.kind in IN_DOUBT
            # A server that had too much to do and meanwhile served others is asked again in our turn.
            if in_doubt and error.overloaded and error.overtaken and self._turns > 0:
                self._turns -= 1
                delay: float | None = 0.0
            else:
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

        :raises _StopWriting: the run is to stop, the call did not leave, or the cloud refuses the credentials.
        """
        if self._control.stop_reason is not None:
            raise _StopWriting
        error, request_id = None, None
        try:
            request_id = self._call(addresses)
        except JournalError as journal_error:
            self._control.stop(StopReason.JOURNAL, str(journal_error))
            raise _StopWriting from None
        except ApiError as api_error:
            error, request_id = api_error, api_error.request_id
            if error.kind is ErrorKind.NOT_SENT:
                self._control.stop(StopReason.ENDPOINT, str(error))
            if error.kind in (ErrorKind.NOT_SENT, ErrorKind.STOPPED):
                raise _StopWriting from None
        self._work.note(list(addresses), error, request_id)
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

        :raises _StopWriting: the read failed or does not tell, so that nothing may be sent again.
        """
        work = self._work
        began = time.monotonic()
        try:
            read = read_again(self._provider, [work.network_interface_id])
        except ApiError as error:
            if error.kind is ErrorKind.AUTH:
                self._control.stop(StopReason.AUTH, str(error))
            raise _StopWriting from None
        if work.network_interface_id not in read:
            raise _StopWriting
        nic = read[work.network_interface_id]
        work.read(self._change, nic, began)
        if nic is not None and nic.primary_private_ip in work.open():
            work.outcomes.keep(nic.primary_private_ip, KEPT_AS_PRIMARY)
