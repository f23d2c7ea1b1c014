# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module returns of a network interface has every field, whatever the cloud tells."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface, is_id

FIELDS: dict[str, t.Any] = {
    "network_interface_id": "nic-1",
    "name": "web",
    "status": "InUse",
    "type": "Secondary",
    "region_id": "region-1",
    "vpc_id": "vpc-1",
    "subnet_id": "subnet-1",
    "instance_id": "i-1",
    "mac_address": "00:16:3e:00:00:01",
    "primary_private_ip": "10.0.0.10",
    "secondary_private_ips": ["10.0.0.2", "10.0.0.11"],
    "security_group_ids": ["sg-1"],
    "tags": {"team": "shop"},
    "created_at": "2026-03-01T12:00:00Z",
}


def test_each_field_is_returned_as_the_cloud_told_it():
    told: dict[str, t.Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in FIELDS.items()
    }
    assert NetworkInterface(**told).as_result() == FIELDS


def test_a_field_that_the_cloud_does_not_give_is_null_and_never_missing():
    nothing: dict[str, t.Any] = {**dict.fromkeys(FIELDS), "network_interface_id": "nic-1", "secondary_private_ips": []}
    assert NetworkInterface("nic-1").as_result() == nothing


def test_its_private_addresses_are_the_primary_one_and_the_secondary_ones_in_numeric_order():
    nic = NetworkInterface("nic-1", primary_private_ip="10.0.0.10").with_secondary(["10.0.0.11", "10.0.0.2"])
    assert nic.private_ips == ["10.0.0.10", "10.0.0.2", "10.0.0.11"]
    assert NetworkInterface("nic-1").private_ips == []


@pytest.mark.parametrize("value", ["eni-1", "a", "ü-1", "a/b"])
def test_an_id_is_text(value):
    assert is_id(value)


@pytest.mark.parametrize("value", ["", " ", "a b", "a\tb", "a\n", "\0", "a\u2028b", None, 7, True, ["a"], {}])
def test_what_is_empty_blank_or_no_text_is_no_id(value):
    assert not is_id(value)
