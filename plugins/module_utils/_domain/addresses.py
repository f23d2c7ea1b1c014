# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IPv4 addresses as users write them and clouds return them: parsing, order, membership."""

from __future__ import annotations

import bisect
import ipaddress
import socket
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.words import quoted


def _why_not_ipv4(text: str) -> str:
    """Say what C(text) is instead of an IPv4 address."""
    if not text.strip():
        return "an empty value is not an IPv4 address"
    try:
        ipaddress.IPv6Address(text)
        return f"{quoted(text)} is an IPv6 address, and only IPv4 addresses can be named here"
    except ValueError:
        pass
    if "/" in text:
        return f"{quoted(text)} is a network, and only single IPv4 addresses can be named here"
    return f"{quoted(text)} is not an IPv4 address"


def parse_address(text: t.Any, option: str) -> str:
    """Return the canonical text of one IPv4 address.

    :raises InputError: naming C(option), for anything else.
    """
    if not isinstance(text, str):
        raise InputError(option, f"{quoted(text)} is not an IPv4 address")
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise InputError(option, _why_not_ipv4(text)) from None


def parse_addresses(values: t.Sequence[t.Any], option: str) -> list[str]:
    """Return the addresses in numeric order.

    :raises InputError: for an empty list, a value that is not an IPv4 address, or one that is named twice
        (more likely a slip than a wish, and some clouds never assign an address again that was removed).
    """
    if not values:
        raise InputError(option, "the list is empty; name at least one address")
    addresses = [parse_address(value, option) for value in values]
    repeated = sort_addresses({address for address in addresses if addresses.count(address) > 1})
    if repeated:
        raise InputError(option, f"named more than once: {', '.join(repeated)}")
    return sort_addresses(addresses)


def cloud_address(value: t.Any) -> str | None:
    """Return the canonical text of an address in a cloud's answer, or None where it is not an IPv4 address."""
    # A run reads the same addresses again and again, and with ipaddress that was much of what it did itself.
    try:
        return socket.inet_ntop(socket.AF_INET, _order(value)) if isinstance(value, str) else None
    except (OSError, ValueError):
        return None


def _order(address: str) -> bytes:
    """Return what an address is sorted by.

    :raises OSError, ValueError: it is none.
    """
    return socket.inet_pton(socket.AF_INET, address)


def is_ipv6(value: t.Any) -> bool:
    """Tell whether a value in a cloud's answer is an IPv6 address or network."""
    try:
        return isinstance(value, str) and bool(ipaddress.IPv6Interface(value))
    except ValueError:
        return False


def sort_addresses(addresses: t.Iterable[str]) -> list[str]:
    """Return the addresses in numeric order (10.0.0.9 before 10.0.0.10)."""
    return sorted(addresses, key=_order)


class AddressSet:
    """Addresses and networks (CIDR) that a user wrote, for membership tests.

    :raises InputError: naming C(option), for a value that is neither an IPv4 address nor an IPv4 network,
        and for a network with host bits set, since either reading of it may be the wrong one; the message has both.
    """

    def __init__(self, values: t.Iterable[t.Any], option: str) -> None:
        self._addresses: set[ipaddress.IPv4Address] = set()
        #: Each value as it was written.
        self._entries: dict[str, ipaddress.IPv4Network] = {}
        networks: list[ipaddress.IPv4Network] = []
        for value in values:
            if isinstance(value, str) and "/" in value:
                networks.append(self._network(value, option))
                self._entries[value] = networks[-1]
            else:
                address = ipaddress.IPv4Address(parse_address(value, option))
                self._addresses.add(address)
                self._entries[value] = ipaddress.IPv4Network(address)
        self._networks = list(ipaddress.collapse_addresses(networks))

    @staticmethod
    def _network(text: str, option: str) -> ipaddress.IPv4Network:
        try:
            return ipaddress.IPv4Network(text)
        except ValueError:
            pass
        try:
            network = ipaddress.IPv4Network(text, strict=False)
        except ValueError:
            raise InputError(option, f"{quoted(text)} is not an IPv4 network") from None
        address = text.partition("/")[0]
        raise InputError(
            option, f"'{text}' has host bits set; write {network} for the network, or {address} for the address"
        )

    def without_any(self, addresses: t.Iterable[str]) -> list[str]:
        """Return the values, as the user wrote them, that hold none of these addresses."""
        if not self._entries:
            return []
        present = sorted(set(map(_order, addresses)))

        def holds_any(network: ipaddress.IPv4Network) -> bool:
            following = bisect.bisect_left(present, _order(str(network[0])))
            return following < len(present) and present[following] <= _order(str(network[-1]))

        return [value for value, network in self._entries.items() if not holds_any(network)]

    def __contains__(self, address: str) -> bool:
        if not self._entries:
            return False
        parsed = ipaddress.IPv4Address(address)
        return parsed in self._addresses or any(parsed in network for network in self._networks)
