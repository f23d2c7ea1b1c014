# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import math
import time
import typing as t
from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError
from ansible_collections.edgecloud.nic.plugins.plugin_utils._host_evidence import (
    find_uses,
    read_host,
    read_network_interfaces,
)

DOCUMENTATION = r"""
name: addresses_on_hosts
short_description: Tell which private addresses of network interfaces are configured on hosts
version_added: 1.0.0
author:
  - edgecloud.nic contributors (@edgecloud-nic)
description:
  - Tells, from the facts of hosts, which private IPv4 addresses of network interfaces count as in use, as a list for
    the option C(in_use_elsewhere) of the modules.
  - A network interface belongs to a host that has an interface with its MAC address. Every address of the network
    interface that is configured anywhere on that host, on the loopback device and as a local route (AnyIP), too,
    counts as in use. Where several hosts have the MAC address, the addresses of all of them count.
  - Presence proves use, absence proves nothing. Facts, however old or odd, only ever make addresses count as in use.
    All that they can lift is what O(attached_only) adds.
  - Addresses in other network namespaces, such as those of pods and containers, and virtual addresses that a host
    holds in reserve are not in the facts of a host.
positional: network_interfaces
options:
  _input:
    description:
      - The variable C(hostvars), or any mapping of names of hosts to variables with C(ansible_facts).
      - A host without facts, or with facts that cannot be read, is no error.
    type: dict
    required: true
  network_interfaces:
    description:
      - The network interfaces, as RV(edgecloud.nic.ens_private_ip_info#module:network_interfaces) or
        RV(edgecloud.nic.zec_private_ip_info#module:network_interfaces) has them.
    type: list
    elements: dict
    required: true
  attached_only:
    description:
      - Whether an attached network interface of which no host is known has all its secondary addresses in use, with
        V(host_unknown) as C(kind). One that is attached to nothing needs no host.
      - A host is known if an interface of it has the MAC address of the network interface, its facts are fresh
        (O(max_age)), and all that they say about addresses could be read. All hosts with that MAC address have to be
        known, and no other network interface of the list may have it.
    type: bool
    default: false
  max_age:
    description:
      - How many seconds old facts may be to make a host known. Their age is the time of the control node less
        C(ansible_facts.date_time.epoch), so a host whose clock is wrong by more than that, or is more than five minutes
        ahead, is not known. Neither is a host whose last facts came without those of the network.
      - This only matters with O(attached_only). Addresses in facts of any age count as in use.
    type: float
    default: 3600
seealso:
  - module: edgecloud.nic.ens_private_ip_info
  - module: edgecloud.nic.zec_private_ip_info
  - module: ansible.builtin.setup
"""

EXAMPLES = r"""
- name: Gather what hosts have configured
  hosts: edge
  gather_facts: false
  tasks:
    - name: Gather network facts
      ansible.builtin.setup:
        gather_subset: [network]
      ignore_unreachable: true

- name: Show what that proves
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Read the network interfaces
      edgecloud.nic.zec_private_ip_info:
      register: nics

    - name: Show which addresses are configured on a host
      ansible.builtin.debug:
        msg: "{{ hostvars | edgecloud.nic.addresses_on_hosts(nics.network_interfaces) }}"

    - name: Show the same, and all addresses of attached network interfaces that no host answers for
      ansible.builtin.debug:
        msg: "{{ hostvars | edgecloud.nic.addresses_on_hosts(nics.network_interfaces, attached_only=true) }}"
"""

RETURN = r"""
_value:
  description: The addresses that count as in use, ordered by network interface and address.
  type: list
  elements: dict
  contains:
    private_ip_address:
      description: The address, one of the network interface's own.
      type: str
    kind:
      description:
        - V(host) if a host with the network interface's MAC address has the address configured.
        - V(host_unknown) with O(attached_only), if it is not known what the host has configured.
      type: str
    id:
      description: Name of the host in the inventory; with V(host_unknown), the id of the instance.
      type: str
    network_interface_id:
      description: Id of the network interface.
      type: str
  sample:
    - private_ip_address: 10.10.1.12
      kind: host
      id: web-1
      network_interface_id: eni-hangzhou-web-1
    - private_ip_address: 10.10.1.23
      kind: host_unknown
      id: i-hangzhou-web-2
      network_interface_id: eni-hangzhou-web-2
"""


def _seconds(value: t.Any) -> float:
    try:
        seconds = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    if not seconds > 0:
        raise InputError("max_age", f"{value!r} is not a number of seconds above zero")
    return seconds


def _flag(value: t.Any) -> bool:
    try:
        return bool(boolean(value))
    except TypeError:
        raise InputError("attached_only", f"{value!r} is neither true nor false") from None


def addresses_on_hosts(
    hostvars: t.Any, network_interfaces: t.Any, attached_only: t.Any = False, max_age: t.Any = 3600
) -> list[dict[str, t.Any]]:
    """Return entries of C(in_use_elsewhere); see C(DOCUMENTATION).

    :raises AnsibleFilterError: for arguments of a wrong form, never for what facts say.
    """
    try:
        if not isinstance(hostvars, Mapping):
            raise InputError("input", "is not a mapping of hosts to their variables; pass hostvars")
        nics = read_network_interfaces(network_interfaces)
        strict, seconds, now = _flag(attached_only), _seconds(max_age), time.time()
    except InputError as error:
        raise AnsibleFilterError(f"edgecloud.nic.addresses_on_hosts: {error}") from error
    hosts = [read_host(name, functools.partial(hostvars.__getitem__, name), now, seconds) for name in hostvars]
    return find_uses(nics, hosts, strict)


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"addresses_on_hosts": addresses_on_hosts}
