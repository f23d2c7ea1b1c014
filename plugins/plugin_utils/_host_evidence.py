# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the facts of hosts prove about the use of private addresses.

Presence proves use, absence proves nothing: whatever facts look like, they can only make an address count as in use.
Pure: facts and the time go in, entries of C(in_use_elsewhere) come out.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t
from collections.abc import Mapping, Sequence

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import cloud_address, is_ipv6
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import is_id

HOST = "host"
HOST_UNKNOWN = "host_unknown"

#: A host's clock that is this far ahead, in seconds, does not make its facts look as if they came from the future.
_CLOCK_TOLERANCE = 300

_FIELDS = ("network_interface_id", "instance_id", "mac_address", "primary_private_ip", "secondary_private_ips")
_MAC_KEYS = ("macaddress", "perm_macaddress")
#: Where facts have addresses; default_ipv4 repeats one of them, and ip_addresses is of Windows.
_ADDRESS_KEYS = ("ipv4", "ipv4_secondaries", "default_ipv4", "all_ipv4_addresses", "ip_addresses")
#: Routes of the table "local", which have AnyIP, too; what is written like a network there is one.
_LOCAL_ROUTES = "locally_reachable_ips"
#: Facts that somebody wrote, rather than what the host has.
_CUSTOM_FACTS = "ansible_local"
#: interfaces is a list of mappings on Windows and a mapping of mappings on network devices.
_DEPTH = 3
#: The subset, and the facts that stand for it.
_NETWORK_SUBSETS = {"all", "network", "interfaces", "default_ipv4", "default_ipv6"}
_NETWORK_SUBSETS |= {"all_ipv4_addresses", "all_ipv6_addresses"}


def _is_list(value: t.Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray))


def canonical_mac(value: t.Any) -> str | None:
    """Return twelve lower-case hexadecimal digits, or None for what is not the MAC address of one interface."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9A-Fa-f:.\-]+", value):
        return None
    digits = re.sub(r"[:.\-]", "", value).lower()
    return digits if len(digits) == 12 and digits not in ("0" * 12, "f" * 12) else None


# --- Network interfaces ----------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Attachment:
    """What of a network interface can be matched with hosts.

    :param mac: canonical; None where the cloud does not tell it.
    :param addresses: the primary and the secondary ones.
    """

    network_interface_id: str
    instance_id: str | None
    mac: str | None
    addresses: frozenset[str]
    secondary: frozenset[str]


def _field(entry: Mapping[str, t.Any], field: str, where: str) -> t.Any:
    if field not in entry:
        raise InputError(where, f"{field} is missing; pass network_interfaces as an info module returns it")
    return entry[field]


def _text(entry: Mapping[str, t.Any], field: str, where: str) -> str | None:
    value = _field(entry, field, where)
    if value is not None and not isinstance(value, str):
        raise InputError(where, f"{field} is not a text")
    return str(value) if value else None


def _address(value: t.Any, field: str, where: str) -> str:
    address = cloud_address(value)
    if address is None:
        raise InputError(where, f"{field}: {value!r} is not an IPv4 address")
    return address


def _attachment(entry: t.Any, where: str) -> Attachment:
    if not isinstance(entry, Mapping):
        raise InputError(where, "is not a dictionary")
    for field in _FIELDS:
        _field(entry, field, where)
    if not is_id(entry["network_interface_id"]):
        raise InputError(where, "network_interface_id is not the id of a network interface")
    if not _is_list(entry["secondary_private_ips"]):
        raise InputError(where, "secondary_private_ips is not a list")
    secondary = frozenset(_address(value, "secondary_private_ips", where) for value in entry["secondary_private_ips"])
    primary = entry["primary_private_ip"]
    return Attachment(
        network_interface_id=str(entry["network_interface_id"]),
        instance_id=_text(entry, "instance_id", where),
        mac=canonical_mac(_text(entry, "mac_address", where)),
        addresses=secondary if primary is None else secondary | {_address(primary, "primary_private_ip", where)},
        secondary=secondary,
    )


def read_network_interfaces(value: t.Any) -> list[Attachment]:
    """Read the network interfaces that an info module returned.

    :raises InputError: for anything else; the message says which entry and field is wrong.
    """
    if not _is_list(value):
        raise InputError("network_interfaces", "is not a list; pass network_interfaces of an info module's result")
    return [_attachment(entry, f"network_interfaces[{number}]") for number, entry in enumerate(value)]


# --- Hosts -----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Host:
    """What facts say of a host.

    :param networks: of which it takes every address for its own.
    :param known: its facts are fresh, and all that they say about addresses could be read.
    """

    name: str
    macs: set[str] = dataclasses.field(default_factory=set)
    addresses: set[str] = dataclasses.field(default_factory=set)
    networks: set[ipaddress.IPv4Network] = dataclasses.field(default_factory=set)
    known: bool = False

    def has(self, address: str) -> bool:
        if address in self.addresses:
            return True
        return bool(self.networks) and any(ipaddress.IPv4Address(address) in network for network in self.networks)


class _Reader:
    """Collects MAC and IPv4 addresses from facts of any form; what was read before an error stays."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.complete = True

    def read(self, facts: Mapping[t.Any, t.Any]) -> None:
        self._entries(facts, _DEPTH)

    def _entries(self, mapping: Mapping[t.Any, t.Any], depth: int) -> None:
        for key in list(mapping):
            # Values may be templates that fail; the others are as good as before.
            try:
                self._entry(key, mapping[key], depth)
            except Exception:
                self.complete = False

    def _entry(self, key: t.Any, value: t.Any, depth: int) -> None:
        if key in _MAC_KEYS:
            mac = canonical_mac(value)
            if mac is not None:
                self._host.macs.add(mac)
        elif key == "default_ipv4" and isinstance(value, Mapping) and "address" not in value:
            pass  # there is no route out
        elif key in _ADDRESS_KEYS:
            self._addresses(value, self._address, _DEPTH)
        elif key == _LOCAL_ROUTES:
            self._addresses(value.get("ipv4", ()) if isinstance(value, Mapping) else value, self._route, _DEPTH)
        elif key != _CUSTOM_FACTS:
            self._walk(value, depth - 1)

    def _walk(self, value: t.Any, depth: int) -> None:
        if depth < 0:
            return
        if isinstance(value, Mapping):
            self._entries(value, depth)
        elif _is_list(value):
            for item in value:
                self._walk(item, depth - 1)

    def _addresses(self, value: t.Any, take: t.Callable[[str], bool], depth: int) -> None:
        if depth < 0:
            self.complete = False
        elif isinstance(value, str):
            for word in re.split(r"[\s,;]+", value.strip()):
                if not (take(word) or is_ipv6(word)):
                    self.complete = False
        elif isinstance(value, Mapping) and "address" in value:
            self._addresses(value["address"], take, depth - 1)
        elif _is_list(value):
            for item in value:
                self._addresses(item, take, depth - 1)
        else:
            self.complete = False

    def _address(self, text: str) -> bool:
        try:
            address = ipaddress.IPv4Interface(text).ip
        except ValueError:
            return False
        if not address.is_loopback:
            self._host.addresses.add(str(address))
        return True

    def _route(self, text: str) -> bool:
        try:
            network = ipaddress.IPv4Network(text, strict=False)
        except ValueError:
            return False
        if network.prefixlen == 32:
            return self._address(str(network.network_address))
        if not network.is_loopback:
            self._host.networks.add(network)
        return True


def _is_fresh(facts: Mapping[t.Any, t.Any], now: float, max_age: float) -> bool:
    """Tell whether facts have a time, by the host's clock, and are not older than that."""
    times = facts.get("date_time")
    if not isinstance(times, Mapping):
        return False
    for key in ("epoch", "epoch_int"):
        value = times.get(key)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            try:
                return -_CLOCK_TOLERANCE <= now - float(value) <= max_age
            except (ValueError, OverflowError):
                continue
    return False


def _has_network_facts(facts: Mapping[t.Any, t.Any]) -> bool:
    """Tell whether the last gathering was one of network facts, too: others would leave old ones of a cache there."""
    if "gather_subset" not in facts:
        return True
    subsets = facts["gather_subset"]
    if not _is_list(subsets) or not all(isinstance(subset, str) for subset in subsets):
        return False
    wanted = {subset for subset in subsets if not subset.startswith("!")}
    if "!network" in subsets or ("!all" in subsets and not wanted & (_NETWORK_SUBSETS - {"all"})):
        return False
    return not wanted or bool(wanted & _NETWORK_SUBSETS)


def read_host(name: t.Any, variables: t.Callable[[], t.Any], now: float, max_age: float) -> Host:
    """Read the facts of a host; never raises.

    :param variables: gives the variables of the host, of which only C(ansible_facts) is looked at.
    :param now: seconds since 1970.
    :param max_age: seconds after which facts are not fresh any more.
    """
    host = Host(str(name))
    try:
        facts = variables()["ansible_facts"]
        if not isinstance(facts, Mapping):
            return host
        reader = _Reader(host)
        reader.read(facts)
        # A host without any address is one of which the facts do not tell them.
        told = reader.complete and bool(host.addresses)
        host.known = told and _has_network_facts(facts) and _is_fresh(facts, now, max_age)
    except Exception:
        host.known = False
    return host


# --- Evidence --------------------------------------------------------------------------------------------------------


def find_uses(
    network_interfaces: t.Iterable[Attachment], hosts: t.Iterable[Host], attached_only: bool
) -> list[dict[str, t.Any]]:
    """Return which addresses of the network interfaces count as in use, as entries of C(in_use_elsewhere).

    :param attached_only: an attached network interface whose host is not known has all its secondary addresses in use.
    :returns: ordered by network interface, address and user, each entry once.
    """
    by_mac: dict[str, list[Host]] = {}
    for host in hosts:
        for mac in host.macs:
            by_mac.setdefault(mac, []).append(host)
    nics = list(network_interfaces)
    sharing: dict[str, set[str]] = {}
    for nic in nics:
        if nic.mac is not None:
            sharing.setdefault(nic.mac, set()).add(nic.network_interface_id)
    found: set[tuple[str, str, str, str]] = set()
    for nic in nics:
        matching = by_mac.get(nic.mac, []) if nic.mac is not None else []
        for host in matching:
            found |= {
                (nic.network_interface_id, address, HOST, host.name) for address in nic.addresses if host.has(address)
            }
        if not attached_only or nic.instance_id is None:
            continue
        # Where several network interfaces have one MAC address, nobody can say whose host it is.
        unique = nic.mac is not None and len(sharing[nic.mac]) == 1
        if not (matching and unique and all(host.known for host in matching)):
            found |= {(nic.network_interface_id, address, HOST_UNKNOWN, nic.instance_id) for address in nic.secondary}
    return [
        {"private_ip_address": address, "kind": kind, "id": user, "network_interface_id": network_interface_id}
        for network_interface_id, address, kind, user in sorted(
            found, key=lambda use: (use[0], int(ipaddress.IPv4Address(use[1])), use[2], use[3])
        )
    ]
