# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two directions a network interface's addresses can be changed in, as the engine sees them."""

from __future__ import annotations

import abc
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain import outcomes
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import Provider


class Change(abc.ABC):
    """One way to change addresses; each address is to reach a state that a read can show."""

    #: The name of the change in a journal.
    verb: t.ClassVar[str]
    #: The outcome of an address that reached the state by our call, and without it.
    done_by_us: t.ClassVar[str]
    done_already: t.ClassVar[str]

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    @abc.abstractmethod
    def send(self, network_interface_id: str, addresses: t.Sequence[str]) -> str | None:
        """Make the one call for these addresses; returns its request id.

        :raises ApiError: the call failed.
        """

    @abc.abstractmethod
    def is_done(self, network_interface: NetworkInterface | None, address: str) -> bool:
        """Tell whether a read shows the wanted state; None is a network interface that does not exist."""


class Unassignment(Change):
    """Secondary addresses leave their network interface."""

    verb = "unassign"
    done_by_us = outcomes.UNASSIGNED
    done_already = outcomes.ALREADY_ABSENT

    def send(self, network_interface_id: str, addresses: t.Sequence[str]) -> str | None:
        return self._provider.unassign(network_interface_id, addresses)

    def is_done(self, network_interface: NetworkInterface | None, address: str) -> bool:
        return network_interface is None or (
            address not in network_interface.secondary_private_ips and address != network_interface.primary_private_ip
        )


class Assignment(Change):
    """Chosen addresses become secondary addresses of a network interface."""

    verb = "assign"
    done_by_us = outcomes.ASSIGNED
    done_already = outcomes.ALREADY_PRESENT

    def send(self, network_interface_id: str, addresses: t.Sequence[str]) -> str | None:
        return self._provider.assign(network_interface_id, addresses)

    def is_done(self, network_interface: NetworkInterface | None, address: str) -> bool:
        return network_interface is not None and address in network_interface.secondary_private_ips
