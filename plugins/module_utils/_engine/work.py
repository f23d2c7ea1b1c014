# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is being done to one network interface, and what is known of it so far."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import (
    FAILED,
    NOT_ATTEMPTED,
    Outcomes,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.changes import Change
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import (
    ABSENT,
    IN_DOUBT,
    NEVER_CARRIED_OUT,
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
    :param force: a refusal of the cloud because something uses the address is a failure like any other.
    """

    wait: bool = True
    wait_timeout: float = 60.0
    max_retries: int = 5
    retry_max_delay: float = 30.0
    stop_on_error: bool = False
    force: bool = False


@dataclasses.dataclass
class Work:
    """One network interface on its way.

    :param network_interface: as last read; None when the last read proved that there is none.
    :param addresses: what is to change; each of them gets an outcome in C(outcomes).
    :param accepted: addresses in calls that the cloud accepted, with the request id.
    :param doubtful: addresses in calls that may have had an effect though no answer says so, with the last such error.
        A doubt never ends but by a read: the call may still act.
    :param refused: addresses whose last call the cloud refused.
    :param refused_lists: the addresses of each call that the cloud refused, and in what way.
    :param last_call: monotonic time at which the last call ended.
    :param last_read: monotonic time at which the last read began that told the addresses.
    """

    network_interface_id: str
    network_interface: NetworkInterface | None
    addresses: tuple[str, ...]
    outcomes: Outcomes
    accepted: dict[str, str | None] = dataclasses.field(default_factory=dict)
    doubtful: dict[str, ApiError] = dataclasses.field(default_factory=dict)
    refused: dict[str, ApiError] = dataclasses.field(default_factory=dict)
    refused_lists: list[tuple[ErrorKind, list[str]]] = dataclasses.field(default_factory=list)
    request_ids: list[str] = dataclasses.field(default_factory=list)
    last_call: float = 0.0
    last_read: float = 0.0

    def open(self) -> list[str]:
        """Return the addresses that have no outcome yet."""
        return [address for address in self.addresses if address not in self.outcomes]

    def unsettled(self) -> list[str]:
        """Return the addresses without outcome that a call of ours named: only a read tells what became of them."""
        return [a for a in self.open() if a in self.accepted or a in self.doubtful or a in self.refused]

    @property
    def in_trouble(self) -> bool:
        """Tell whether an address is in doubt, or refused for another reason than that it is gone."""
        return any(
            a in self.doubtful or self.refused[a].kind not in ABSENT for a in self.unsettled() if a not in self.accepted
        )

    @property
    def confirmed(self) -> bool:
        """Tell whether a read has shown the network interface since the last call."""
        return self.last_read >= self.last_call > 0

    def refused_alone(self, address: str) -> bool:
        return any(sent == [address] for _kind, sent in self.refused_lists)

    def note(self, sent: list[str], error: ApiError | None, request_id: str | None) -> None:
        """Note what came of a call.

        :param sent: all addresses of the call.
        :param error: None where the cloud accepted it.
        """
        self.last_call = time.monotonic()
        if request_id:
            self.request_ids.append(request_id)
        if error is not None and error.kind not in IN_DOUBT:
            self.refused_lists.append((error.kind, sent))
        for address in sent:
            if error is None:
                self.accepted[address] = request_id
            elif error.kind in IN_DOUBT:
                self.doubtful[address] = error
                self.refused.pop(address, None)
            else:
                self.refused[address] = error

    def read(self, change: Change, network_interface: NetworkInterface | None, began: float) -> None:
        """Take in a read, and settle the addresses that it shows in the wanted state.

        What calls of ours did is ours, and what only refused ones touched is not: but where the cloud refused a list of
        which a part is done and another part is not, that part is ours as well, since no page says whether a cloud
        carries out the part of a list that it does not refuse, and a removal of ours that is told as no change would be
        worse than one of somebody else that is told as ours.

        :param began: monotonic time at which the read began.
        """
        self.network_interface, self.last_read = network_interface, began
        done = {address for address in self.addresses if change.is_done(network_interface, address)}
        for address in self.open():
            if address not in done:
                continue
            ours = address in self.accepted or address in self.doubtful or self._done_in_part(address, done)
            self.outcomes.settle(address, change.done_by_us if ours else change.done_already)

    def _done_in_part(self, address: str, done: t.Container[str]) -> bool:
        return any(
            address in sent and kind not in NEVER_CARRIED_OUT and any(other not in done for other in sent)
            for kind, sent in self.refused_lists
        )

    def settle_refused(self, force: bool) -> None:
        """Settle what the cloud refused, and nothing else can have changed, once a read since then has shown it."""
        if not self.confirmed:
            return
        for address, error in self.refused.items():
            if address in self.outcomes or address in self.accepted or address in self.doubtful:
                continue
            if error.kind not in ABSENT:
                self._refused(address, error, force)

    def _refused(self, address: str, error: ApiError, force: bool) -> None:
        if error.kind is ErrorKind.IN_USE and not force:
            self.outcomes.refused_in_use(address, error.use_kind)
            return
        alone = self.refused_alone(address) or error.kind in NEVER_CARRIED_OUT
        only_in_lists = "" if alone else " (refused in lists only, never alone)"
        self.outcomes.error(address, FAILED, error.code, error.detail + only_in_lists, error.request_id)

    def give_up(self, force: bool, reason: str = "") -> None:
        """Give every open address the outcome that is left for it when nothing more is going to be read.

        :param reason: why no read has settled what the cloud accepted or may have done.
        """
        self.settle_refused(force)
        for address in self.open():
            refusal = self.refused.get(address)
            if address in self.accepted:
                detail = f"accepted by the cloud, but {reason}"
                self.outcomes.unknown(address, True, None, detail, self.accepted[address])
            elif address in self.doubtful:
                doubt = self.doubtful[address]
                error = refusal or doubt
                detail = (
                    error.detail if error is doubt else f"{error.detail}; an earlier call is in doubt: {doubt.detail}"
                )
                self.outcomes.unknown(address, False, error.code, detail, error.request_id)
            elif refusal is not None:
                # Also where the cloud says that the address is not there, and reads still show it.
                detail = f"{refusal.detail}; {reason}" if reason else refusal.detail
                self.outcomes.unknown(address, False, refusal.code, detail, refusal.request_id)
            else:
                self.outcomes.settle(address, NOT_ATTEMPTED)
