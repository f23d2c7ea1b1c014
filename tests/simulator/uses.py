# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What truly uses which address, whatever the APIs tell of it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .estate import CloudEstate, Eip

# The kinds for which a cloud may refuse to give an address up. It has no idea of the others.
BLOCKING = ("eip", "load_balancer", "dnat", "ha_vip")


@dataclass(frozen=True)
class Claim:
    """Something that uses an address of a VPC; or, without an address, a network interface or those of an instance."""

    kind: str
    id: str
    vpc_id: str = ""
    private_ip_address: str = ""
    network_interface_id: str = ""
    instance_id: str = ""


def claims(estate: CloudEstate) -> Iterator[Claim]:
    """List all that uses private addresses."""
    for eip in estate.eips.values():
        yield from _eip_claims(estate, eip)
    for nic in estate.network_interfaces.values():
        for public_address in nic.public_ip_addresses:
            yield Claim("eip", public_address, network_interface_id=nic.network_interface_id)
    yield from _balancer_claims(estate)
    yield from _gateway_claims(estate)
    for vip in estate.ha_vips.values():
        vpc_id = estate.subnets[vip.subnet_id].vpc_id
        for address in (vip.ip_address, *(member.private_ip_address for member in vip.members)):
            if address:
                yield Claim("ha_vip", vip.ha_vip_id, vpc_id, address)
    yield from _container_claims(estate)
    yield from _dns_claims(estate)


def _eip_claims(estate: CloudEstate, eip: Eip) -> Iterator[Claim]:
    nic = estate.network_interfaces.get(eip.network_interface_id)
    vip = estate.ha_vips.get(eip.ha_vip_id)
    if nic is not None:
        address = eip.private_ip_address or ("" if eip.assigning else nic.primary_private_ip)
        vpc_id = estate.subnets[nic.subnet_id].vpc_id
        yield Claim("eip", eip.eip_id, vpc_id, address, network_interface_id=nic.network_interface_id)
    elif vip is not None:
        yield Claim("eip", eip.eip_id, estate.subnets[vip.subnet_id].vpc_id, vip.ip_address)
    elif eip.instance_id:
        yield Claim("eip", eip.eip_id, instance_id=eip.instance_id)


def _balancer_claims(estate: CloudEstate) -> Iterator[Claim]:
    for balancer in estate.load_balancers.values():
        vpc_id = estate.subnets[balancer.subnet_id].vpc_id
        for backend in balancer.backends:
            yield Claim(
                "load_balancer",
                balancer.load_balancer_id,
                vpc_id,
                backend.private_ip_address,
                backend.network_interface_id,
                backend.instance_id,
            )


def _gateway_claims(estate: CloudEstate) -> Iterator[Claim]:
    for gateway in estate.nat_gateways.values():
        vpc_id = estate.subnets[gateway.subnet_id].vpc_id
        for dnat in gateway.dnats:
            yield Claim("dnat", dnat.dnat_id, vpc_id, dnat.private_ip_address)
        for snat in gateway.snats:
            for network in map(ipaddress.IPv4Network, snat.source_cidrs):
                if network.prefixlen == 32:  # a wider range names no address
                    yield Claim("snat", snat.snat_id, vpc_id, str(network.network_address))


def _dns_claims(estate: CloudEstate) -> Iterator[Claim]:
    for zone in estate.dns_zones.values():
        for record in zone.records:
            for vpc_id in zone.vpc_ids if record.type == "A" and not record.disabled else ():
                yield Claim("dns", record.record_id, vpc_id, record.value)


def _container_claims(estate: CloudEstate) -> Iterator[Claim]:
    """List the addresses of pods and of Android containers."""
    pod_subnets: dict[str, list[str]] = {}
    for cluster in estate.clusters.values():
        for subnet_id in cluster.pod_subnet_ids or cluster.subnet_ids:
            pod_subnets.setdefault(subnet_id, []).append(cluster.cluster_id)
    for nic in estate.network_interfaces.values() if pod_subnets else ():
        for cluster_id in pod_subnets.get(nic.subnet_id, ()):
            for address in nic.secondary_private_ips:
                yield Claim("kubernetes", cluster_id, estate.subnets[nic.subnet_id].vpc_id, address)
    for server in estate.arm_servers.values():
        for instance in server.instances:
            vpc_id = estate.subnets[instance.subnet_id].vpc_id
            yield Claim("android", instance.instance_id, vpc_id, instance.private_ip_address)


def true_uses(estate: CloudEstate) -> list[dict[str, Any]]:
    """List who uses which address of which network interface; null where there is none, or none in particular."""
    holders: dict[tuple[str, str], str] = {}
    of_instance: dict[str, list[str]] = {}
    for nic in estate.network_interfaces.values():
        vpc_id = estate.subnets[nic.subnet_id].vpc_id
        for address in (nic.primary_private_ip, *nic.secondary_private_ips):
            holders[vpc_id, address] = nic.network_interface_id
        if nic.instance_id:
            of_instance.setdefault(nic.instance_id, []).append(nic.network_interface_id)
    found: set[tuple[str, str, str, str]] = set()
    for claim in claims(estate):
        nic_ids: list[str] = []
        if claim.private_ip_address:
            nic_ids = [holders.get((claim.vpc_id, claim.private_ip_address), "")]
        elif claim.network_interface_id in estate.network_interfaces:
            nic_ids = [claim.network_interface_id]
        elif not claim.network_interface_id:
            nic_ids = of_instance.get(claim.instance_id, [])
        found.update((claim.kind, claim.id, nic_id, claim.private_ip_address) for nic_id in nic_ids)
    return [
        {"kind": kind, "id": key, "network_interface_id": nic_id or None, "private_ip_address": address or None}
        for kind, key, nic_id, address in sorted(found)
    ]
