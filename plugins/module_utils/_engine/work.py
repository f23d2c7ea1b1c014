# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is being done to one network interface, and what is known of it so far."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import FAILED, UNKNOWN, Outcomes
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.changes import Change
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import (
    ABSENT,
    IN_DOUBT,
    TRY_AGAIN,
    ApiError,
    ErrorKind,
)


@dataclasses.dataclass(frozen=True)
class EngineSettings:
    """
    :param wait: an address is done only when a read no longer shows it (or shows it, where it is to be assigned).
    :param wait_timeout: seconds from the last call for a network interface until that read must have come.
    :param max_retries: repetitions of a call whose effect is in doubt, and of one that was refused for now.
    :param retry_max_delay: longest pause before such a repetition in seconds.
    :param stop_on_error: after the first address that could not be settled, start no new call that changes something.
    """

    wait: bool = True
    wait_timeout: float = 60.0
    max_retries: int = 5
    retry_max_delay: float = 30.0
    stop_on_error: bool = False


@dataclasses.dataclass
class Work:
    """One network interface on its way.

    :param network_interface: as last read; None when the last read did not show it.
    :param addresses: what is to change; each of them gets an outcome in C(outcomes).
    :param accepted: addresses in calls that the cloud accepted, with the request id.
    :param doubtful: addresses in calls of which it is not known whether they had an effect.
    :param refused: addresses whose last call the cloud refused, or that could not be sent.
    :param sent_with: all addresses of the last call that each address was in, until a read has shown its effect.
    :param last_write: monotonic time at which the last call ended.
    """

    network_interface_id: str
    network_interface: NetworkInterface | None
    addresses: tuple[str, ...]
    outcomes: Outcomes
    accepted: dict[str, str | None] = dataclasses.field(default_factory=dict)
    doubtful: dict[str, ApiError] = dataclasses.field(default_factory=dict)
    refused: dict[str, ApiError] = dataclasses.field(default_factory=dict)
    sent_with: dict[str, t.Sequence[str]] = dataclasses.field(default_factory=dict)
    request_ids: list[str] = dataclasses.field(default_factory=list)
    last_write: float = 0.0

    def open(self) -> list[str]:
        """Return the addresses that have no outcome yet."""
        return [address for address in self.addresses if address not in self.outcomes]

    def unverified(self) -> list[str]:
        """Return the open addresses of which only a read can tell whether they have changed."""
        return [
            address
            for address in self.open()
            if address in self.accepted
            or address in self.doubtful
            or self.claimed_absent(address)
            or self.refused_with_others(address)
        ]

    def refused_with_others(self, address: str) -> bool:
        """Tell whether the cloud refused a call for this and others, and no read has shown yet if it did a part."""
        error = self.refused.get(address)
        never_done = error is None or error.kind is ErrorKind.AUTH or error.kind in TRY_AGAIN
        return not never_done and len(self.sent_with.get(address, ())) > 1

    def claimed_absent(self, address: str) -> bool:
        """Tell whether the cloud refused the address as absent, while reads still show it."""
        return address in self.refused and self.refused[address].kind in ABSENT

    def call_ended(self, request_id: str | None) -> None:
        self.last_write = time.monotonic()
        if request_id:
            self.request_ids.append(request_id)

    def may_yet_change(self, address: str) -> bool:
        """Tell whether it makes sense to wait for this address; for a refused one, one more read says it all."""
        return address not in self.refused or self.claimed_absent(address)

    def was_ours(self, address: str, done: t.Container[str]) -> bool:
        """Tell whether our call or somebody else did what a read shows.

        It was ours after a call that was accepted or is in doubt. A refusal proves the contrary only where it was
        about this address alone, or where it says that something was absent and left other addresses in place: for a
        longer list it is not documented whether a cloud carries out the part that it does not refuse.

        :param done: all addresses that the read shows as done.
        """
        if address in self.accepted or address in self.doubtful:
            return True
        error = self.refused.get(address)
        if error is None or error.kind is ErrorKind.NETWORK_INTERFACE_ABSENT:
            return False
        together = self.sent_with.get(address, ())
        return len(together) > 1 and (
            error.kind is not ErrorKind.ADDRESS_ABSENT or all(other in done for other in together)
        )

    def note(self, address: str, sent_with: t.Sequence[str], error: ApiError | None, request_id: str | None) -> None:
        """Note what came of the last call for this address; an earlier doubt stays, for that call may still act.

        :param sent_with: all addresses of that call.
        """
        self.sent_with[address] = sent_with
        if error is not None and error.kind not in IN_DOUBT:
            self.refused[address] = error
            return
        self.refused.pop(address, None)
        if error is not None:
            self.doubtful[address] = error
        else:
            self.doubtful.pop(address, None)
            self.accepted[address] = request_id

    def give_up(self, address: str, reason: str = "", seen: bool = True) -> None:
        """Give an address that no read has shown to be done the outcome that its last call leaves.

        :param reason: why no read has shown it, for an address whose call was accepted.
        :param seen: whether a read since its last call has shown it as it was.
        """
        if address in self.accepted:
            self.outcomes.error(address, UNKNOWN, None, f"accepted by the cloud, but {reason}", self.accepted[address])
            return
        error = self.refused.get(address) or self.doubtful[address]
        # An answer with an error code, and a later read that shows no effect, settle it together.
        outcome = FAILED if seen and error.kind is not ErrorKind.NO_ANSWER else UNKNOWN
        self.outcomes.error(address, outcome, error.code, error.detail, error.request_id)


def settle_done(change: Change, work: Work) -> None:
    """Settle the addresses that the last read of the network interface shows in the wanted state."""
    done = {address for address in work.open() if change.is_done(work.network_interface, address)}
    for address in done:
        ours = work.was_ours(address, done)
        work.outcomes.settle(address, change.done_by_us if ours else change.done_already)
    work.sent_with.clear()
