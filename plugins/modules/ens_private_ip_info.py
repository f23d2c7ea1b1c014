#!/usr/bin/python

# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ens_private_ip_info
short_description: Show Alibaba Cloud ENS network interfaces, their private IPv4 addresses and what uses them
version_added: 1.0.0
description:
  - Show elastic network interfaces (ENI) of Alibaba Cloud Edge Node Service (ENS), their primary and secondary
    private IPv4 addresses, and what uses each address.
author:
  - edgecloud.nic contributors (@edgecloud-nic)
extends_documentation_fragment:
  - edgecloud.nic.attributes
  - edgecloud.nic.attributes.info
  - edgecloud.nic.ens.action_group
  - edgecloud.nic.ens
  - edgecloud.nic.ens.filters
  - edgecloud.nic.transport
  - edgecloud.nic.private_ip_info
  - edgecloud.nic.ens.in_use_sources
seealso:
  - module: edgecloud.nic.ens_private_ip
"""

EXAMPLES = r"""
- name: Show the network interfaces of a region, if the credentials are of this account
  edgecloud.nic.ens_private_ip_info:
    expected_account: "1000000000000001"
    filters:
      region_ids:
        - cn-hangzhou-44
  register: nics

- name: Show which secondary addresses nothing uses
  edgecloud.nic.ens_private_ip_info:
    network_interface_ids:
      - eni-hangzhou-web-1
    include_in_use: true
  register: nics

- name: Show which addresses load balancers and NAT gateways use
  edgecloud.nic.ens_private_ip_info:
    include_in_use: true
    in_use_sources:
      - load_balancer
      - dnat
      - snat
  register: nics
"""

RETURN = r"""
network_interfaces:
  description: The selected network interfaces, ordered by id. A field that the cloud does not give is null.
  returned: success
  type: list
  elements: dict
  contains:
    network_interface_id:
      description: Id of the network interface.
      returned: success
      type: str
      sample: eni-hangzhou-web-1
    name:
      description: Name.
      returned: success
      type: str
      sample: web-1
    status:
      description: Status as the cloud documents it.
      returned: success
      type: str
      sample: InUse
    type:
      description: C(Primary) or C(Secondary) network interface of its instance.
      returned: success
      type: str
      sample: Primary
    region_id:
      description: Region.
      returned: success
      type: str
      sample: cn-hangzhou-44
    vpc_id:
      description: Network.
      returned: success
      type: str
      sample: n-shop
    subnet_id:
      description: vSwitch.
      returned: success
      type: str
      sample: vsw-hangzhou-web
    instance_id:
      description: Instance that it is attached to; null where there is none.
      returned: success
      type: str
      sample: i-hangzhou-web-1
    mac_address:
      description: MAC address.
      returned: success
      type: str
      sample: 00:16:3e:0a:4c:01
    primary_private_ip:
      description: Primary private address.
      returned: success
      type: str
      sample: "10.10.1.10"
    secondary_private_ips:
      description: Secondary private addresses in numeric order.
      returned: success
      type: list
      elements: str
      sample: ["10.10.1.12", "10.10.1.13"]
    security_group_ids:
      description: Security groups.
      returned: success
      type: list
      elements: str
      sample: ["sg-hangzhou-web"]
    tags:
      description: Tags; null, since ENS has none on network interfaces.
      returned: success
      type: dict
      sample: null
    created_at:
      description: Creation time as the cloud gives it.
      returned: success
      type: str
      sample: "2026-03-02T08:11:35Z"
    in_use:
      description:
        - What uses addresses of the network interface. RV(network_interfaces[].in_use[].kind) is C(eip),
          C(load_balancer), C(dnat), C(snat), C(ha_vip), C(kubernetes) or C(android).
        - The address is null for an elastic IP, since ENS does not tell to which of the addresses it belongs.
      returned: when O(include_in_use=true)
      type: list
      elements: dict
      contains:
        private_ip_address:
          description: The address that is used; null for a use of the whole network interface or of an untold address.
          returned: success
          type: str
          sample: "10.10.1.13"
        kind:
          description: What uses it.
          returned: success
          type: str
          sample: load_balancer
        id:
          description: Id of what uses it.
          returned: success
          type: str
          sample: lb-hangzhou-web
"""

from ansible_collections.edgecloud.nic.plugins.module_utils._flows import private_ip_info
from ansible_collections.edgecloud.nic.plugins.module_utils._module import ModuleDefinition, run_module
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.ens.api import EnsProvider

DEFINITION = ModuleDefinition(private_ip_info.run, EnsProvider, private_ip_info.argument_spec(EnsProvider))


def main() -> None:
    run_module(DEFINITION)


if __name__ == "__main__":
    main()
