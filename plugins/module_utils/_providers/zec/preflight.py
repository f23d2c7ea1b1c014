# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is peculiar to ZEC in a preflight.

Sources: Zenlayer's pages of the named actions, the codes that Zenlayer's own clients handle, and the official SDK.
"""

from __future__ import annotations

import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import cloud_address
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.words import first_few
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.client import listed, text
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import Known, NotAskedError
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.in_use import Listed
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.preflight import CloudPreflight
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.zec import api


class ZecPreflight(CloudPreflight):
    """Zenlayer ZEC before anything is changed there."""

    clock_codes = ("AUTHFAILURE_SIGNATURE_EXPIRED",)
    denied_codes = ("AUTHFAILURE_UNAUTHORIZED_OPERATION",)
    clock_tolerance = "5 minutes"
    credential_remedies: t.ClassVar[dict[str, str]] = {
        "AUTHFAILURE_SIGNATURE_FAILURE": (
            "Check access_key_secret; a proxy that changes requests spoils signatures, too."
        ),
        "AUTHFAILURE_INVALID_AUTHORIZATION": "Check access_key_id, or token, and whether it was revoked.",
    }
    other_site = "Try the key of another team, or have this one permitted to see its resource groups"
    absent_id = "nic-does-not-exist"
    status_field = "status"
    eips = api.EIPS
    eip_filter = "associatedId"
    eip_bound_to = "associatedId"
    complete_means = "every public address of a network interface belongs to an elastic IP that is listed"
    unseen_remedy = (
        "Give the key a policy that reads all resource groups, since what it does not see it cannot protect; where the "
        "cloud gave the address by itself, its network interface is left alone."
    )

    def whereabouts(self, known: Known) -> str:
        groups = self._resource_groups(known)
        return f"; its network interfaces are in the resource groups {first_few(groups)}" if groups else ""

    def _resource_groups(self, known: Known) -> list[str]:
        try:
            return _group_ids(self.first_items(known))
        except (ApiError, NotAskedError):
            return []

    def grant(self, actions: t.Sequence[str]) -> str:
        return f"Grant the key's user {', '.join(map(self.provider.permission, actions))}."

    def deviation(self, item: dict[str, t.Any]) -> str | None:
        primary, private = cloud_address(item.get("primaryIpv4")), item.get("privateIpList")
        secondary, told = api.secondary_addresses(item, primary)
        if not told or primary is None:
            return "it does not tell clearly which of its addresses are secondary"
        if {address for address in map(cloud_address, private or ()) if address} != secondary | {primary}:
            return "privateIpList is not the primary and the secondary addresses"
        return None

    def shape_facts(self, items: t.Sequence[dict[str, t.Any]]) -> dict[str, t.Any]:
        lists = [(item.get("primaryIpv4"), item.get("privateIpList")) for item in items]
        has_primary = [primary in addresses for primary, addresses in lists if isinstance(addresses, list)]
        return {
            "primary_in_list": all(has_primary) if has_primary else None,
            "resource_groups": _group_ids(items),
        }

    def unseen_uses(self, known: Known) -> list[str]:
        places = self.places(known)
        asked = [lookup for lookup in self.lookups(known) if lookup.action == api.EIPS]
        if places is None or not asked:
            return []
        eips = [eip for lookup in asked for eip in self.everything(known, lookup)]
        regions = places.regions
        nics = [nic for nic in self.network_interfaces(known) if regions is None or nic.region_id in regions]
        ids = {text(eip.get(api.EIPS.id_field)) for eip in eips}
        uses = api.eip_uses([Listed(eip, None, []) for eip in eips], nics)
        unexplained = sorted({use.network_interface_id or "" for use in uses if use.id not in ids})
        return [f"{identifier} has a public address that no listed elastic IP has" for identifier in unexplained]

    def completeness_facts(self, known: Known) -> dict[str, t.Any]:
        facts = super().completeness_facts(known)
        backends = [
            backend
            for lookup in self.details(known)
            if lookup.action == api.BACKENDS
            for told in self.everything(known, lookup)
            for backend in listed(told, "backends")
        ]
        tells = all(backend.get("privateIpAddress") for backend in backends) if backends else None
        return {**facts, "backends_tell_addresses": tells}


def _group_ids(items: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    groups = [item.get("resourceGroup") for item in items]
    return sorted({text(group.get("resourceGroupId")) or "" for group in groups if isinstance(group, dict)} - {""})
