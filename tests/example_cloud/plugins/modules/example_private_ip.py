# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: example_private_ip
short_description: Unassign or assign secondary private IPv4 addresses of an Example Cloud network interface
version_added: 1.0.0
description:
  - Unassign named secondary private IPv4 addresses, or all of them, from one network interface, or assign named ones.
author:
  - edgecloud.nic contributors (@edgecloud-nic)
extends_documentation_fragment:
  - edgecloud.nic.attributes
  - edgecloud.nic.attributes.changes
  - edgecloud.nic.example.action_group
  - edgecloud.nic.example
  - edgecloud.nic.transport
  - edgecloud.nic.private_ip
  - edgecloud.nic.example.in_use_sources
  - edgecloud.nic.example.eip_protects
  - edgecloud.nic.in_use
options:
  network_interface_id:
    description:
      - Id of the network interface.
    type: str
    required: true
    aliases: [interface_id]
  state:
    description:
      - V(absent) unassigns the addresses.
      - V(present) assigns those of O(private_ip_addresses) that the network interface does not have.
    type: str
    required: true
    choices: [absent, present]
"""

EXAMPLES = r"""
- name: Unassign an address
  edgecloud.nic.example_private_ip:
    network_interface_id: if-1
    private_ip_addresses: [10.0.0.11]
    state: absent

- name: Assign an address
  edgecloud.nic.example_private_ip:
    network_interface_id: if-1
    private_ip_addresses: [10.0.0.15]
    state: present
"""

RETURN = r"""
changed:
  description:
    - Whether at least one address was removed or assigned, or would be in check mode.
    - Also true if the cloud has taken a call, and nothing told in time whether it was carried out. Such an address is
      under RV(outcomes[].unknown), and its C(accepted) is true.
  returned: always
  type: bool
  sample: true
network_interface:
  description:
    - The network interface afterwards, as the last read showed it; in check mode, and with O(wait=false), as predicted.
    - Null where it does not exist and O(missing_ok=true).
  returned: when the network interface could be read
  type: dict
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
unassigned:
  description: "The addresses under RV(outcomes[].unassigned), in numeric order."
  returned: when the network interface could be read
  type: list
  elements: str
  sample: [10.0.0.11]
assigned:
  description: "The addresses under RV(outcomes[].assigned), in numeric order."
  returned: when O(state=present) and the network interface could be read
  type: list
  elements: str
  sample: [10.0.0.15]
outcomes:
  description:
    - One entry, which accounts for every address; each has exactly one outcome.
    - The task fails if there is anything under C(failed), C(unknown) or C(not_attempted), and even then returns all of
      this.
  returned: when the network interface could be read
  type: list
  elements: dict
  contains:
    network_interface_id: {description: Id of the network interface., returned: success, type: str, sample: if-1}
    unassigned:
      description:
        - Addresses that this task removed, or would remove in check mode - a call for them was accepted or got no clear
          answer, and a later read does not show them. With O(wait=false), the cloud's word is enough.
        - If the cloud refused a list, a part of it is gone and a part is still there, then what is gone counts as
          removed, too.
      returned: success
      type: list
      elements: str
      sample: [10.0.0.11]
    already_absent:
      description:
        - Addresses that the network interface did not have, or that are gone without a call of this task that can have
          removed them. The cloud refused all calls for the latter, if there were any.
      returned: success
      type: list
      elements: str
      sample: [10.0.0.99]
    kept:
      description: "Addresses that stay, with the reason C(keep) or C(primary)."
      returned: success
      type: list
      elements: dict
      sample: [{private_ip_address: 10.0.0.12, reason: keep}]
    in_use:
      description:
        - Addresses that stay since something uses them, with an entry for each use. What uses them is known from the
          look-ups, from O(in_use_elsewhere), or, without O(force), from a refusal of the cloud whose code says so.
        - What uses the whole network interface has an entry for each of its addresses that were to be removed.
      returned: success
      type: list
      elements: dict
      sample: [{private_ip_address: 10.0.0.13, kind: container, id: ct-1}]
    failed:
      description:
        - Addresses that the cloud refused to change, with its code, message and request id. The last read confirms it.
      returned: success
      type: list
      elements: dict
      sample: [{private_ip_address: 10.0.0.14, code: interface_locked, message: Locked., request_id: r-1}]
    unknown:
      description:
        - Addresses for which something was sent, and neither the cloud's answers nor the reads until O(wait_timeout)
          told what became of them.
        - The fields are those of RV(outcomes[].failed), and C(accepted), which is true where the cloud said that it had
          taken the call.
      returned: success
      type: list
      elements: dict
      sample: [{private_ip_address: 10.0.0.16, code: try_later, message: Try later., request_id: r-2, accepted: false}]
    not_attempted:
      description: "Addresses for which nothing reached the cloud, since the run stopped before, or it is out of reach."
      returned: success
      type: list
      elements: str
      sample: []
    assigned:
      description: "Addresses that this task assigned, or would assign in check mode."
      returned: when O(state=present)
      type: list
      elements: str
      sample: [10.0.0.15]
    already_present:
      description: Addresses that the network interface already had.
      returned: when O(state=present)
      type: list
      elements: str
      sample: [10.0.0.12]
uncertain:
  description:
    - Uses of a network interface with something to remove, of which the cloud does not tell the address, and that do
      not protect the whole network interface. They keep no address from being removed, so look at them before you
      remove.
  returned: when the network interface could be read
  type: list
  elements: dict
  contains:
    network_interface_id: {description: Id of the network interface., returned: success, type: str, sample: if-1}
    kind: {description: What uses it., returned: success, type: str, sample: eip}
    id: {description: Id of what uses it., returned: success, type: str, sample: fip-1}
request_ids:
  description: "Ids of the requests that were to change something, for the cloud's support and audit log."
  returned: when the network interface could be read
  type: list
  elements: str
  sample: [r-1]
diff:
  description: The secondary addresses before and after by network interface id; empty where nothing changes.
  returned: when the network interface could be read
  type: dict
  sample: {before: {if-1: [10.0.0.11, 10.0.0.12, 10.0.0.13]}, after: {if-1: [10.0.0.12, 10.0.0.13]}}
"""

from ansible_collections.edgecloud.nic.plugins.module_utils._flows import private_ip
from ansible_collections.edgecloud.nic.plugins.module_utils._module import ModuleDefinition, run_module
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.example.api import ExampleProvider

DEFINITION = ModuleDefinition(
    private_ip.run, ExampleProvider, private_ip.argument_spec(ExampleProvider, "interface_id")
)


def main() -> None:
    run_module(DEFINITION)


if __name__ == "__main__":
    main()
