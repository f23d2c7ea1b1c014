#!/usr/bin/python

# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: zec_private_ip_info
short_description: Show Zenlayer ZEC network interfaces, their private IPv4 addresses and what uses them
version_added: 1.0.0
description:
  - Show virtual network interfaces (vNIC) of Zenlayer Elastic Compute (ZEC), their primary and secondary private IPv4
    addresses, and what uses each address.
author:
  - edgecloud.nic contributors (@edgecloud-nic)
extends_documentation_fragment:
  - edgecloud.nic.attributes
  - edgecloud.nic.attributes.info
  - edgecloud.nic.zec.action_group
  - edgecloud.nic.zec
  - edgecloud.nic.zec.filters
  - edgecloud.nic.transport
  - edgecloud.nic.private_ip_info
  - edgecloud.nic.zec.in_use_sources
seealso:
  - module: edgecloud.nic.zec_private_ip
"""

EXAMPLES = r"""
- name: Show the network interfaces of a region, if the credentials are of this account
  edgecloud.nic.zec_private_ip_info:
    expected_account: "2000001"
    filters:
      region_id: asia-east-1
  register: nics

- name: Show which secondary addresses nothing uses
  edgecloud.nic.zec_private_ip_info:
    network_interface_ids:
      - nic-hongkong-game-1
    include_in_use: true
  register: nics

- name: Show which addresses load balancers and NAT gateways use
  edgecloud.nic.zec_private_ip_info:
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
      sample: nic-hongkong-game-1
    name:
      description: Name.
      returned: success
      type: str
      sample: game-1
    status:
      description: Status as the cloud documents it.
      returned: success
      type: str
      sample: USED
    type:
      description: C(Primary) or C(Secondary) network interface of its instance.
      returned: success
      type: str
      sample: Primary
    region_id:
      description: Region.
      returned: success
      type: str
      sample: asia-east-1
    vpc_id:
      description: VPC.
      returned: success
      type: str
      sample: vpc-game
    subnet_id:
      description: Subnet.
      returned: success
      type: str
      sample: subnet-hongkong-game
    instance_id:
      description: Instance that it is attached to; null where there is none.
      returned: success
      type: str
      sample: zec-hongkong-game-1
    mac_address:
      description: MAC address.
      returned: success
      type: str
      sample: 00:16:3e:0a:4c:01
    primary_private_ip:
      description: Primary private address.
      returned: success
      type: str
      sample: "10.30.1.10"
    secondary_private_ips:
      description: Secondary private addresses in numeric order.
      returned: success
      type: list
      elements: str
      sample: ["10.30.1.12", "10.30.1.13"]
    security_group_ids:
      description: Security groups.
      returned: success
      type: list
      elements: str
      sample: ["sg-game"]
    tags:
      description: Tags.
      returned: success
      type: dict
      sample: {"env": "prod", "team": "game"}
    created_at:
      description: Creation time as the cloud gives it.
      returned: success
      type: str
      sample: "2026-03-02T08:11:35Z"
    in_use:
      description:
        - What uses addresses of the network interface. RV(network_interfaces[].in_use[].kind) is C(eip),
          C(load_balancer), C(dnat), C(snat), C(ha_vip) or C(dns).
      returned: when O(include_in_use=true)
      type: list
      elements: dict
      contains:
        private_ip_address:
          description: The address that is used; null for a use of the whole network interface or of an untold address.
          returned: success
          type: str
          sample: "10.30.1.13"
        kind:
          description: What uses it.
          returned: success
          type: str
          sample: load_balancer
        id:
          description: Id of what uses it.
          returned: success
          type: str
          sample: lb-hongkong-game
"""

from ansible_collections.edgecloud.nic.plugins.module_utils._flows import private_ip_info
from ansible_collections.edgecloud.nic.plugins.module_utils._module import ModuleDefinition, run_module
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.zec.api import ZecProvider

DEFINITION = ModuleDefinition(private_ip_info.run, ZecProvider, private_ip_info.argument_spec(ZecProvider))


def main() -> None:
    run_module(DEFINITION)


if __name__ == "__main__":
    main()
