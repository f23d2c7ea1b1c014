# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: example_private_ip_info
short_description: Show Example Cloud network interfaces, their private IPv4 addresses and what uses them
version_added: 1.0.0
description:
  - Show network interfaces, their primary and secondary private IPv4 addresses, and what uses each address.
author:
  - edgecloud.nic contributors (@edgecloud-nic)
extends_documentation_fragment:
  - edgecloud.nic.attributes
  - edgecloud.nic.attributes.info
  - edgecloud.nic.example.action_group
  - edgecloud.nic.example
  - edgecloud.nic.example.filters
  - edgecloud.nic.transport
  - edgecloud.nic.private_ip_info
  - edgecloud.nic.example.in_use_sources
"""

EXAMPLES = r"""
- name: Show the network interfaces of a region
  edgecloud.nic.example_private_ip_info:
    filters:
      region_id: north

- name: Show which secondary addresses nothing uses
  edgecloud.nic.example_private_ip_info:
    network_interface_ids: [if-1]
    include_in_use: true
"""

RETURN = r"""
network_interfaces:
  description: "The selected network interfaces, ordered by id. A field that the cloud does not give is null."
  returned: success
  type: list
  elements: dict
  contains:
    network_interface_id: {description: Id of the network interface., returned: success, type: str, sample: if-1}
    name: {description: Name., returned: success, type: str, sample: web-1}
    status: {description: Status as the cloud documents it., returned: success, type: str, sample: attached}
    type:
      description: C(Primary) or C(Secondary) network interface of its instance.
      returned: success
      type: str
      sample: Primary
    region_id: {description: Region., returned: success, type: str, sample: north}
    vpc_id: {description: Network., returned: success, type: str, sample: net-1}
    subnet_id: {description: Subnet., returned: success, type: str, sample: sub-1}
    instance_id:
      description: Instance that it is attached to; null where there is none.
      returned: success
      type: str
      sample: srv-1
    mac_address: {description: MAC address., returned: success, type: str, sample: 00:16:3e:0a:4c:01}
    primary_private_ip: {description: Primary private address., returned: success, type: str, sample: 10.0.0.10}
    secondary_private_ips:
      description: Secondary private addresses in numeric order.
      returned: success
      type: list
      elements: str
      sample: [10.0.0.12, 10.0.0.13]
    security_group_ids: {description: Security groups., returned: success, type: list, elements: str, sample: [sg-1]}
    tags: {description: Tags., returned: success, type: dict, sample: {env: prod, team: game}}
    created_at:
      description: Creation time as the cloud gives it.
      returned: success
      type: str
      sample: "2026-03-02T08:11:35Z"
    in_use:
      description:
        - What uses addresses of the network interface. RV(network_interfaces[].in_use[].kind) is C(eip) or
          C(container).
      returned: when O(include_in_use=true)
      type: list
      elements: dict
      contains:
        private_ip_address:
          description: The address that is used; null for a use of the whole network interface or of an untold address.
          returned: success
          type: str
          sample: 10.0.0.13
        kind: {description: What uses it., returned: success, type: str, sample: container}
        id: {description: Id of what uses it., returned: success, type: str, sample: ct-1}
"""

from ansible_collections.edgecloud.nic.plugins.module_utils._flows import private_ip_info
from ansible_collections.edgecloud.nic.plugins.module_utils._module import ModuleDefinition, run_module
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.example.api import ExampleProvider

DEFINITION = ModuleDefinition(private_ip_info.run, ExampleProvider, private_ip_info.argument_spec(ExampleProvider))


def main() -> None:
    run_module(DEFINITION)


if __name__ == "__main__":
    main()
