# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be set about the behaviour of the simulated clouds (the guide explains each setting)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .schema import build, build_all, mapping, one_of, sequence


@dataclass
class Throttle:
    """What the cloud allows, in one or several ways, and how it refuses the rest.

    ``rate`` and ``burst`` are a token bucket: so many calls a second, so many of them at once. ``limit`` and ``window``
    are a quota: so many calls in so many seconds, in windows one after the other from the first call on, or with
    ``sliding`` in whatever seconds. ``closed_after`` and ``closed_for``: after so many calls, everything is refused
    for so many seconds. ``page_status``: refuse with a web page of this status, as a front end does.
    """

    rate: float | None = None
    burst: float = 1.0
    limit: int | None = None
    window: float | None = None
    sliding: bool = False
    closed_after: int = 0
    closed_for: float = 0.0
    retry_after_ms: int | None = None
    page_status: int | None = None

    def __post_init__(self) -> None:
        if (self.rate is not None and self.rate <= 0) or self.burst < 1:
            raise ValueError("rate must be above 0 and burst at least 1")
        if (self.limit is None) != (self.window is None):
            raise ValueError("limit and window belong together")
        if (self.limit is not None and self.limit < 1) or (self.window is not None and self.window <= 0):
            raise ValueError("limit must be at least 1 and window above 0")
        if self.rate is None and self.limit is None and self.closed_for <= 0:
            raise ValueError("needs rate, limit and window, or closed_for")


@dataclass
class Paging:
    """How lists misbehave while somebody pages through them."""

    duplicate: bool = False
    shuffle: bool = False
    drop: bool = False
    endless: bool = False
    total_count: int | None = None


@dataclass
class Refusal:
    """An unassign that the cloud refuses for a reason of its own; no address means the whole network interface."""

    network_interface_id: str
    code: str
    private_ip_address: str | None = None
    status: int = 400
    message: str = "The request was refused."


@dataclass
class Settings:
    """Everything under ``settings:``; the defaults are the documented or the most likely behaviour."""

    latency: float = 0.0
    removal_lag: float = 0.0
    assign_lag: float = 0.0
    clock_offset: float = 0.0
    throttle: dict[str, Throttle] = field(default_factory=dict)
    paging: Paging = field(default_factory=Paging)
    refuse: list[Refusal] = field(default_factory=list)
    page_size_limit: int | None = None
    id_list_limit: int = 100
    ignored_filters: list[str] = field(default_factory=list)
    mixed_list: str = "atomic"
    eip_blocks: str = "address"
    ens_in_use_blocks: bool = True
    ens_in_use_code: str = "IncorrectPrivateIpAddressStatus"
    ens_primary_code: str = "IncorrectPrivateIpAddressStatus"
    ens_unknown_network_interface: str = "empty"
    ens_max_unassign_addresses: int | None = None
    ens_eip_instance_filter: str = "exact"
    ens_eip_type_filter: str = "exact"
    ens_backend_addresses: bool = True
    ens_unlisted: list[str] = field(default_factory=list)
    ens_network_resources: dict[str, dict[str, int]] = field(default_factory=dict)
    ens_caller_identity: str = "told"
    zec_absent_address: str = "refuse"
    zec_private_ip_limit: int = 10

    def __post_init__(self) -> None:
        one_of(self.mixed_list, ("atomic", "partial"), "mixed_list")
        one_of(self.eip_blocks, ("address", "network_interface"), "eip_blocks")
        one_of(self.ens_unknown_network_interface, ("empty", "error"), "ens_unknown_network_interface")
        one_of(self.ens_eip_instance_filter, ("exact", "ignored", "not_network_interfaces"), "ens_eip_instance_filter")
        one_of(self.ens_eip_type_filter, ("exact", "ignored", "documented"), "ens_eip_type_filter")
        one_of(self.ens_caller_identity, ("told", "refused", "without_account"), "ens_caller_identity")
        one_of(self.zec_absent_address, ("refuse", "ignore"), "zec_absent_address")
        for name in ("latency", "removal_lag", "assign_lag", "clock_offset"):
            if isinstance(getattr(self, name), bool) or not isinstance(getattr(self, name), (int, float)):
                raise ValueError(f"{name} must be a number of seconds")


def read_settings(data: Any) -> Settings:
    """Make settings of the mapping under ``settings:``."""
    values = dict(mapping(data, "settings"))
    if "throttle" in values:
        values["throttle"] = {
            str(group): build(Throttle, bucket, f"settings.throttle.{group}")
            for group, bucket in mapping(values["throttle"], "settings.throttle").items()
        }
    if "paging" in values:
        values["paging"] = build(Paging, values["paging"], "settings.paging")
    if "ens_network_resources" in values:
        where = "settings.ens_network_resources"
        values["ens_network_resources"] = {
            str(network): mapping(counts, f"{where}.{network}")
            for network, counts in mapping(values["ens_network_resources"], where).items()
        }
    for name in ("ens_unlisted", "ignored_filters"):
        if name in values:
            values[name] = sequence(values[name], f"settings.{name}")
    if "refuse" in values:
        values["refuse"] = build_all(Refusal, values["refuse"], "settings.refuse")
    return build(Settings, values, "settings")


def merge(base: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Merge ``patch`` into a copy of ``base``: mappings merge, all else is replaced, null goes back to the default."""
    merged = dict(base)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = merge(mapping(merged.get(key), key), value)
        else:
            merged[key] = value
    return merged
