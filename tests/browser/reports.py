# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports to look at: one small with every outcome, in whose names somebody hid traps, and one of 100,000 addresses."""

from __future__ import annotations

import ipaddress
from collections import Counter
from typing import Any

from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.report import COLUMNS

OUTCOMES = ["unassigned", "already_absent", "kept", "in_use", "failed", "unknown", "not_attempted"]

# Each would set a mark on the page if it ran; `quotes` and `braces` would break out of attributes and of Jinja.
HOSTILE_NAMES = {
    "script": "<script>window.trapped = 1</script>",
    "image": '"><img src=x onerror="window.trapped = 1">',
    "end": "</script><script>window.trapped = 1</script><!--",
    "quotes": "' onmouseover='window.trapped = 1' \" style=\"display:none",
    "braces": "{{ 7 * 7 }} {% raw %} {# not a comment #}",
    "lines": "line\u2028and\u2029paragraph & <b>bold</b> \\u003c \\",
    "object": "constructor __proto__",
    "letters": "ネットワーク · Ñandú 🌍",
}

WHY: dict[str, dict[str, Any]] = {
    "unassigned": {"request_id": "7B1C4F0E-93A5-4D6F-8C21-5D0E6A1B{:04X}"},
    "already_absent": {},
    "kept": {"reason": "keep"},
    "in_use": {"kind": "eip", "id": "eip-5c{:04x}"},
    "failed": {
        "code": "OperationDenied.ResourceLocked",
        "message": "The network interface is locked by an operation that is still under way; try again later.",
        "request_id": "1F0A3D5C-2B77-4E0C-9A6E-0C4F7B2D{:04X}",
    },
    "unknown": {
        "code": "ReadTimeout",
        "message": "The cloud did not answer within 30 s, and the last read still shows the address.",
        "request_id": "C2D1E0F9-8B7A-4654-A321-0F1E2D3C{:04X}",
    },
    "not_attempted": {},
}


def row(number: int, *, region: str, nic: str, name: str | None, address: str, outcome: str) -> dict[str, Any]:
    why = {key: value.format(number) if isinstance(value, str) else value for key, value in WHY[outcome].items()}
    return dict.fromkeys(COLUMNS) | {
        "region_id": region,
        "network_interface_id": nic,
        "network_interface_name": name,
        "private_ip_address": address,
        "outcome": outcome,
        **why,
    }


def report(addresses: list[dict[str, Any]], **others: Any) -> dict[str, Any]:
    outcomes = Counter(entry["outcome"] for entry in addresses)
    regions: dict[str, Counter[str]] = {}
    interfaces: dict[str, set[str]] = {}
    for entry in addresses:
        regions.setdefault(entry["region_id"], Counter()).update([entry["outcome"]])
        interfaces.setdefault(entry["region_id"], set()).add(entry["network_interface_id"])
    read = sum(map(len, interfaces.values()))
    return {
        "format": 1,
        "collection": "edgecloud.nic 1.0.0",
        "mode": "apply",
        "provider": "ens",
        "cloud": "Alibaba Cloud ENS",
        "scope": "shop",
        "account": None,
        "endpoint": "ens.aliyuncs.com",
        "created": "2026-11-22T07:41:09Z",
        "plan_digest": "sha256:6c1f1a0d3f5e8b7c9a2b4d6e8f0a1c3e5b7d9f1a3c5e7092b4d6f8a0c2e4b6d8",
        "selection": {"filters": {"region_ids": sorted(regions)[:3], "status": "Available"}},
        "policy": {
            "only": ["10.0.0.0/8", "172.16.0.0/12"],
            "keep": ["10.20.0.0/24", "10.20.9.7"],
            "keep_network_interfaces": ["eni-gateway", "lb-*"],
            "max_unassign": 100_000,
            "max_unassign_percent": 100,
            "in_use_check": True,
            "force": False,
            "requests_per_second": None,
            "on_error": "continue",
        },
        "totals": {
            **{outcome: outcomes[outcome] for outcome in OUTCOMES},
            "network_interfaces_read": read + 12,
            "network_interfaces_planned": read,
            "api_calls": {"DescribeNetworkInterfaces": 2 + read // 25, "UnassignPrivateIpAddresses": read},
            "throttled_calls": 3,
            "seconds": 12.345,
        },
        "regions": [
            {"region_id": region, "network_interfaces": len(interfaces[region])}
            | {outcome: counts[outcome] for outcome in OUTCOMES}
            for region, counts in regions.items()
        ],
        "uses": [],
        "uncertain": [],
        "warnings": [],
        "addresses": addresses,
        "error": None,
        "journal": "/srv/cleanup/reports/journal.jsonl",
        **others,
    }


def small(*, hostile: bool = True) -> dict[str, Any]:
    """Every outcome in four regions, and addresses that sort differently as text and as numbers."""
    addresses: list[dict[str, Any]] = []
    sizes = {"cn-hangzhou-44": 61, "cn-shanghai-27": 38, "cn-chengdu-telecom": 22, "ap-jakarta-edge-3": 7}
    names = [*(HOSTILE_NAMES.values() if hostile else ()), "web-front", "cache", "worker", None]
    for part, (region, size) in enumerate(sizes.items()):
        for index in range(size):
            number = len(addresses)
            common, rare = "unassigned", OUTCOMES[(index // 4 + part) % 7]
            addresses.append(
                row(
                    number,
                    region=region,
                    nic=f"eni-5{part}{index // 3:06x}",
                    name=names[(index // 3 + part) % len(names)],
                    address=f"10.{20 + part}.{(index * 37) % 120}.{(index * 53) % 250 + 2}",
                    outcome=rare if index % 4 == 3 else common,
                )
            )
    return report(addresses)


def large(size: int = 100_000) -> dict[str, Any]:
    """A cleanup of 20,000 network interfaces in 40 regions, with names and request ids as long as real ones."""
    first = int(ipaddress.IPv4Address("10.0.0.2"))
    addresses = []
    for number in range(size):
        rare = number % 12 == 0
        addresses.append(
            row(
                number,
                region=f"edge-region-{number * 40 // size:02d}",
                nic=f"eni-5{number // 5:08x}",
                name=f"service-{number // 5 % 977}-node-{number // 5}",
                # Scattered, so that sorting has work to do.
                address=str(ipaddress.IPv4Address(first + number * 7919 % 1_000_003)),
                outcome=OUTCOMES[1 + number // 12 % 6] if rare else "unassigned",
            )
        )
    return report(addresses)
