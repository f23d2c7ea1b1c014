# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is peculiar to ENS in a preflight.

Sources: Alibaba Cloud's pages of the common errors, of RAM policies and of the named actions, and the official SDK.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import cloud_address
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.preflight import FAILED, PASSED, SKIPPED
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.words import first_few
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.answers import told_objects
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.client import as_text, listed
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import (
    Check,
    Known,
    NotAskedError,
    Seen,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.ens import api
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.in_use import Listed, Lookup
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.preflight import CloudPreflight


class EnsPreflight(CloudPreflight):
    """Alibaba Cloud ENS before anything is changed there."""

    clock_codes = ("InvalidTimeStamp",)
    denied_codes = ("NoPermission", "Forbidden")
    clock_tolerance = "15 minutes"
    credential_remedies: t.ClassVar[dict[str, str]] = {
        "SignatureDoesNotMatch": "Check access_key_secret; a proxy that changes requests spoils signatures, too.",
        "IncompleteSignature": "Check whether a proxy takes headers away.",
        "InvalidAccessKeyId": "Check access_key_id, and whether the key is active and of the site of the endpoint.",
        "InvalidSecurityToken": "Renew security_token with its key; temporary credentials end after hours.",
        "SecurityToken": "Renew security_token with its key; temporary credentials end after hours.",
        "MissingSecurityToken": "Give security_token, since the key is a temporary one.",
    }
    other_site = (
        "Try the other site, ens.ap-southeast-1.aliyuncs.com for international accounts and ens.aliyuncs.com for those "
        "of mainland China, or the key of another account"
    )
    absent_id = "eni-does-not-exist"
    status_field = "Status"
    eips = api.EIPS
    eip_filter = "AssociatedInstanceId"
    eip_bound_to = "InstanceId"
    complete_means = "what DescribeNetworkAttribute and elastic IPs by network interface show is in the lists"
    unseen_remedy = (
        "Remove nothing there, as what is not listed is not protected; if it is not new, grant the key all of ENS to "
        "read, as the system policy AliyunENSReadOnlyAccess does."
    )

    def own_checks(self) -> list[Check]:
        return [Check("kubernetes", "every cluster tells where its pods have addresses", self._judge_clusters)]

    def _without_secrets(self, action: str, answer: dict[str, t.Any]) -> dict[str, t.Any]:
        if action != api.CLUSTERS.action or "Clusters" not in answer:
            return answer
        clusters = told_objects(answer, action, "Clusters")
        return {"Clusters": [{name: cluster.get(name) for name in api.CLUSTERS.fields or ()} for cluster in clusters]}

    def grant(self, actions: t.Sequence[str]) -> str:
        statement = {"Effect": "Allow", "Action": [self.provider.permission(name) for name in actions], "Resource": "*"}
        policy = json.dumps({"Version": "1", "Statement": [statement]})
        return f"Attach to the key's user or role a RAM policy with {policy}."

    def deviation(self, item: dict[str, t.Any]) -> str | None:
        sets = item.get("PrivateIpSets")
        entries = sets.get("PrivateIpSet") if isinstance(sets, dict) else None
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            return "its addresses are no list"
        if not all(cloud_address(entry.get("PrivateIpAddress")) for entry in entries):
            return "an address cannot be read"
        if not all(isinstance(entry.get("Primary"), bool) for entry in entries):
            return "an address is not marked as primary or not"
        primary = cloud_address(item.get("PrimaryIp"))
        marked = {cloud_address(entry["PrivateIpAddress"]) for entry in entries if entry["Primary"]}
        if primary is None or marked - {primary}:
            return "the address that is marked as primary is not PrimaryIp"
        return None

    def shape_facts(self, items: t.Sequence[dict[str, t.Any]]) -> dict[str, t.Any]:
        entries = [entry for item in items for entry in listed(item, "PrivateIpSets", "PrivateIpSet")]
        statuses = {as_text(entry["PrivateIpStatus"]) for entry in entries if entry.get("PrivateIpStatus")}
        has_primary = [
            any(
                entry.get("PrivateIpAddress") == item.get("PrimaryIp")
                for entry in listed(item, "PrivateIpSets", "PrivateIpSet")
            )
            for item in items
        ]
        return {"private_ip_statuses": sorted(statuses), "primary_in_list": all(has_primary) if has_primary else None}

    def unseen_uses(self, known: Known) -> list[str]:
        compared = (api.NETWORK, *(action for _field, _id, action, _words in api.IN_NETWORK))
        lists = {lookup: self.everything(known, lookup) for lookup in self.lookups(known) if lookup.action in compared}
        try:
            api.EnsProvider.refuse_unlisted(lists)
        except ApiError as error:
            return [error.detail]
        return []

    def unknown_resources(self, known: Known) -> str | None:
        networks = [self.everything(known, lookup)[0] for lookup in self.lookups(known) if lookup.action == api.NETWORK]
        types = [as_text(resource_type) for network in networks for resource_type in api.unknown_resources(network)]
        return f"there are resources of the type {first_few(types)}" if types else None

    def completeness_facts(self, known: Known) -> dict[str, t.Any]:
        facts = super().completeness_facts(known)
        backends = [
            backend
            for lookup in self.details(known)
            if lookup.action == api.LOAD_BALANCER
            for balancer in self.everything(known, lookup)
            for backend in listed(balancer, "BackendServers")
        ]
        return {
            **facts,
            "backends_tell_addresses": all(backend.get("Ip") for backend in backends) if backends else None,
        }

    def _judge_clusters(self, known: Known) -> Seen:
        if "kubernetes" not in self.source_names:
            return Seen(SKIPPED, "in_use_sources is without kubernetes")
        if not self.lookups(known):
            raise NotAskedError
        clusters = self.everything(known, Lookup(api.CLUSTERS))
        try:
            uses = list(api.pod_uses([Listed(cluster, None, []) for cluster in clusters], []))
        except ApiError as error:
            return Seen(
                FAILED,
                str(error),
                "Remove nothing in vSwitches that pods may be in, and give these in keep until the cluster tells them.",
            )
        if not uses:
            return Seen(PASSED, "no cluster", facts={"pod_subnet_ids": []})
        subnets = sorted({use.subnet_id for use in uses if use.subnet_id})
        everywhere = sorted({use.vpc_id for use in uses if use.vpc_id})
        where = first_few([*subnets, *(f"all of {vpc_id}" for vpc_id in everywhere)])
        seen = f"clusters: {len(clusters)}; pods have addresses in {where}, where all secondary ones stay"
        return Seen(PASSED, seen, facts={"pod_subnet_ids": subnets})
