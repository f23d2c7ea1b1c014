# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The world as it is now: who holds which address, what uses it, and what a lagging Describe still shows."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from .errors import ApiError
from .estate import CLOUDS, Backend, CloudEstate, Eip, NetworkInterface, Subnet
from .schema import EstateError, ImpossibleError, mapping
from .settings import Settings
from .uses import BLOCKING, claims, true_uses

CACHED_SELECTIONS = 64


class CloudState:
    """One cloud, changing."""

    def __init__(self, estate: CloudEstate, settings: Settings) -> None:
        self.cloud = estate.cloud
        self.estate = estate
        self.settings = settings
        self._holders: dict[str, dict[str, str]] = {}
        for nic in estate.network_interfaces.values():
            holders = self._holders.setdefault(nic.subnet_id, {})
            for address in (nic.primary_private_ip, *nic.secondary_private_ips):
                if address in holders:
                    both = f"{holders[address]} and {nic.network_interface_id}"
                    raise EstateError(f"{self.cloud}: {address} is on {both}")
                holders[address] = nic.network_interface_id
        self._still_shown: dict[str, dict[str, float]] = {}
        self._not_yet_shown: dict[str, dict[str, float]] = {}
        self._selections: dict[Hashable, list[NetworkInterface]] = {}
        # Both indexes are made when first asked for, and again after a change of the world.
        self._blockers: dict[tuple[str, str], set[str]] | None = None
        self._eips: dict[str, list[Eip]] | None = None

    # What a client can see.

    def network_interface(self, nic_id: str) -> NetworkInterface | None:
        """Find a network interface by its id."""
        return self.estate.network_interfaces.get(nic_id)

    def subnet(self, nic: NetworkInterface) -> Subnet:
        """Tell the subnet that a network interface is in."""
        return self.estate.subnets[nic.subnet_id]

    def select(
        self, ids: list[str], key: Hashable, wanted: Callable[[NetworkInterface], bool]
    ) -> list[NetworkInterface]:
        """List the network interfaces that match; remembered under ``key``, so that paging costs a slice a page."""
        if ids:
            found = (self.estate.network_interfaces.get(nic_id) for nic_id in dict.fromkeys(ids))
            return [nic for nic in found if nic is not None and wanted(nic)]
        if key not in self._selections:
            if len(self._selections) >= CACHED_SELECTIONS:
                self._selections.clear()
            self._selections[key] = [nic for nic in self.estate.network_interfaces.values() if wanted(nic)]
        return self._selections[key]

    def shown_secondaries(self, nic: NetworkInterface) -> list[str]:
        """List the secondary addresses as Describe shows them, which may lag behind the truth."""
        shown = list(nic.secondary_private_ips)
        now = time.monotonic()
        pending = self._not_yet_shown.get(nic.network_interface_id)
        if pending:
            shown = [address for address in shown if pending.get(address, 0.0) <= now]
        for address, until in self._still_shown.get(nic.network_interface_id, {}).items():
            if until > now and address not in shown and address != nic.primary_private_ip:
                shown.append(address)
        return shown

    def blockers(self, nic: NetworkInterface, address: str) -> set[str]:
        """Give the kinds of what may keep an address; an address means something only together with its VPC."""
        if self._blockers is None:
            self._blockers = {}
            for claim in claims(self.estate):
                if claim.kind in BLOCKING and claim.private_ip_address:
                    self._blockers.setdefault((claim.vpc_id, claim.private_ip_address), set()).add(claim.kind)
        return self._blockers.get((self.subnet(nic).vpc_id, address), set())

    def uses(self) -> list[dict[str, Any]]:
        """List what truly uses which address."""
        return true_uses(self.estate)

    def eips_on(self, nic: NetworkInterface) -> list[Eip]:
        """List the elastic IPs bound to any address of a network interface."""
        if self._eips is None:
            self._eips = {}
            for eip in self.estate.eips.values():
                self._eips.setdefault(eip.network_interface_id, []).append(eip)
        return self._eips.get(nic.network_interface_id, [])

    def ready(self, nic: NetworkInterface) -> bool:
        """Tell whether a network interface is in a status in which its addresses can change."""
        words = CLOUDS[self.cloud]
        return _plain(nic.status) in (_plain(words.detached), _plain(words.attached))

    def holder(self, subnet: Subnet, address: str) -> str | None:
        """Tell which network interface of a subnet holds an address."""
        return self._holders.get(subnet.subnet_id, {}).get(address)

    def addresses(self) -> dict[str, Any]:
        """Give the truth about all addresses, by network interface."""
        return {
            nic_id: {
                "status": nic.status,
                "primary_private_ip": nic.primary_private_ip,
                "secondary_private_ips": list(nic.secondary_private_ips),
            }
            for nic_id, nic in self.estate.network_interfaces.items()
        }

    def free_address(self, subnet: Subnet, but: Iterable[str] = ()) -> str | None:
        """Pick the lowest address of a subnet that nobody holds, as the clouds leave open which one it is."""
        taken = self._holders.get(subnet.subnet_id, {})
        for number in range(int(subnet.network.network_address) + 2, int(subnet.network.broadcast_address)):
            address = str(ipaddress.IPv4Address(number))
            if address not in taken and address not in but:
                return address
        return None

    # What changes it.

    def unassign(self, nic: NetworkInterface, addresses: Iterable[str]) -> None:
        """Take secondary addresses away; Describe shows them until the removal lag is over."""
        gone = set(addresses)
        nic.secondary_private_ips = [address for address in nic.secondary_private_ips if address not in gone]
        for address in gone:
            self._holders[nic.subnet_id].pop(address, None)
        if self.settings.removal_lag:
            until = time.monotonic() + self.settings.removal_lag
            self._still_shown.setdefault(nic.network_interface_id, {}).update((address, until) for address in gone)

    def unassign_checked(
        self, nic: NetworkInterface, addresses: Iterable[str], refuse: Callable[[NetworkInterface, str], None]
    ) -> None:
        """Take addresses away unless ``refuse`` raises for one of them.

        Neither cloud documents what becomes of the others in the list then: ``mixed_list`` decides.
        """
        good: list[str] = []
        refusal: ApiError | None = None
        for address in dict.fromkeys(addresses):
            try:
                self._refuse_by_setting(nic, address)
                refuse(nic, address)
                good.append(address)
            except ApiError as exc:
                refusal = refusal or exc
        if refusal is None or self.settings.mixed_list == "partial":
            self.unassign(nic, good)
        if refusal is not None:
            raise refusal

    def _refuse_by_setting(self, nic: NetworkInterface, address: str) -> None:
        for rule in self.settings.refuse:
            if rule.network_interface_id == nic.network_interface_id and rule.private_ip_address in (None, address):
                raise ApiError(rule.status, rule.code, rule.message)

    def assign(self, nic: NetworkInterface, addresses: Iterable[str]) -> None:
        """Add secondary addresses; Describe hides them until the assign lag is over."""
        since = time.monotonic() + self.settings.assign_lag
        for address in addresses:
            nic.secondary_private_ips.append(address)
            self._holders.setdefault(nic.subnet_id, {})[address] = nic.network_interface_id
            self._still_shown.get(nic.network_interface_id, {}).pop(address, None)
            if self.settings.assign_lag:
                self._not_yet_shown.setdefault(nic.network_interface_id, {})[address] = since

    def change(self, kind: str, nic_id: str, values: dict[str, Any]) -> None:
        """Change the world behind the client's back."""
        nic = self.network_interface(nic_id)
        if nic is None:
            raise EstateError(f"change: no network interface {nic_id}")
        changes: dict[str, Callable[..., None]] = {
            "remove_private_ip": self._remove,
            "add_private_ip": self._add,
            "make_primary": self._make_primary,
            "attach_eip": self._attach_eip,
            "detach_eip": self._detach_eip,
            "add_backend": self._add_backend,
            "remove_backend": self._remove_backend,
            "delete_network_interface": self._delete,
            "set_network_interface": self._set,
        }
        if kind not in changes:
            raise EstateError(f"change: unknown kind {kind} (known: {', '.join(changes)})")
        try:
            changes[kind](nic, **values)
        except TypeError as exc:
            raise EstateError(f"change {kind}: {exc}") from exc
        self._selections.clear()
        self._blockers = self._eips = None

    def _remove(self, nic: NetworkInterface, private_ip_address: str) -> None:
        _expect(private_ip_address in nic.secondary_private_ips, private_ip_address, "is no secondary address there")
        self.unassign(nic, [private_ip_address])

    def _add(self, nic: NetworkInterface, private_ip_address: str) -> None:
        _expect(self.holder(self.subnet(nic), private_ip_address) is None, private_ip_address, "is taken")
        self.assign(nic, [private_ip_address])

    def _make_primary(self, nic: NetworkInterface, private_ip_address: str) -> None:
        _expect(private_ip_address in nic.secondary_private_ips, private_ip_address, "is no secondary address there")
        place = nic.secondary_private_ips.index(private_ip_address)
        nic.secondary_private_ips[place] = nic.primary_private_ip
        nic.primary_private_ip = private_ip_address

    def _attach_eip(
        self, nic: NetworkInterface, private_ip_address: str, eip_id: str = "", public_ip_address: str = "203.0.113.250"
    ) -> None:
        eip_id = eip_id or f"eip-{private_ip_address.replace('.', '-')}"
        eip = self.estate.eips.setdefault(eip_id, Eip(eip_id, public_ip_address, self.subnet(nic).region_id))
        eip.network_interface_id, eip.private_ip_address = nic.network_interface_id, private_ip_address

    def _detach_eip(self, nic: NetworkInterface, private_ip_address: str) -> None:
        for eip in self.eips_on(nic):
            if (eip.private_ip_address or nic.primary_private_ip) == private_ip_address:
                eip.network_interface_id = eip.private_ip_address = ""

    def _add_backend(self, nic: NetworkInterface, private_ip_address: str, load_balancer_id: str) -> None:
        _expect(load_balancer_id in self.estate.load_balancers, load_balancer_id, "is no load balancer")
        backend = Backend(private_ip_address, nic.network_interface_id, nic.instance_id)
        self.estate.load_balancers[load_balancer_id].backends.append(backend)

    def _remove_backend(self, nic: NetworkInterface, private_ip_address: str, load_balancer_id: str) -> None:
        _expect(load_balancer_id in self.estate.load_balancers, load_balancer_id, "is no load balancer")
        balancer = self.estate.load_balancers[load_balancer_id]
        balancer.backends = [
            backend
            for backend in balancer.backends
            if (backend.network_interface_id, backend.private_ip_address)
            != (nic.network_interface_id, private_ip_address)
        ]

    def _delete(self, nic: NetworkInterface) -> None:
        for address in (nic.primary_private_ip, *nic.secondary_private_ips):
            self._holders[nic.subnet_id].pop(address, None)
        del self.estate.network_interfaces[nic.network_interface_id]

    def _set(self, nic: NetworkInterface, values: dict[str, Any]) -> None:
        settable = ("name", "status", "type", "instance_id", "security_group_ids", "tags")
        for name, value in mapping(values, "values").items():
            _expect(name in settable, name, f"cannot be set (known: {', '.join(settable)})")
            setattr(nic, name, value)


def same_status(one: str, other: str) -> bool:
    """Compare statuses as ENS's pages force one to: ``InUse`` in its table is ``In_use`` in its example."""
    return _plain(one) == _plain(other)


def _plain(status: str) -> str:
    return status.replace("_", "").lower()


def _expect(condition: bool, subject: str, complaint: str) -> None:
    if not condition:
        raise ImpossibleError(f"change: {subject} {complaint}")
