#!/usr/bin/python

# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: zec_private_ip
short_description: Unassign or assign secondary private IPv4 addresses of a Zenlayer ZEC network interface
version_added: 1.0.0
description:
  - Unassign named secondary private IPv4 addresses, or all of them, from one virtual network interface (vNIC) of
    Zenlayer Elastic Compute (ZEC), or assign named ones.
  - The network interface is read first. No removal is sent for an address that this read did not show as a secondary
    address.
  - An address that the cloud refuses does not hold back the others. The task fails in the end, and its result says for
    each address what became of it.
  - After a time-out, a broken connection or a server error the network interface is read again, and only what is still
    to be done is sent again.
author:
  - edgecloud.nic contributors (@edgecloud-nic)
extends_documentation_fragment:
  - edgecloud.nic.attributes
  - edgecloud.nic.attributes.changes
  - edgecloud.nic.zec.action_group
  - edgecloud.nic.zec
  - edgecloud.nic.transport
  - edgecloud.nic.private_ip
  - edgecloud.nic.zec.in_use_sources
  - edgecloud.nic.zec.eip_protects
  - edgecloud.nic.in_use
options:
  network_interface_id:
    description:
      - Id of the network interface.
    type: str
    required: true
    aliases:
      - nic_id
  state:
    description:
      - V(absent) unassigns the addresses.
      - V(present) assigns those of O(private_ip_addresses) that the network interface does not have. For this state,
        O(all_secondary), O(keep), O(missing_ok), O(in_use_check) and O(force) mean nothing or cannot be used.
    type: str
    required: true
    choices:
      - absent
      - present
seealso:
  - module: edgecloud.nic.zec_private_ip_info
  - name: UnassignNetworkInterfaceIpv4
    description: The API action behind O(state=absent).
    link: https://docs.console.zenlayer.com/api-reference/compute/zec/vnic/unassignnetworkinterfaceipv4
"""

EXAMPLES = r"""
- name: Unassign two addresses
  edgecloud.nic.zec_private_ip:
    network_interface_id: nic-hongkong-game-1
    private_ip_addresses:
      - 10.30.1.11
      - 10.30.1.12
    state: absent

- name: Unassign an address, but only if the credentials are of the account that is meant
  edgecloud.nic.zec_private_ip:
    expected_account: "2000001"
    network_interface_id: nic-frankfurt-api-2
    private_ip_addresses:
      - 10.40.1.22
    state: absent

- name: Unassign every secondary address that nothing uses, but for one network and one address
  edgecloud.nic.zec_private_ip:
    network_interface_id: nic-hongkong-game-1
    all_secondary: true
    keep:
      - 192.168.0.0/16
      - 10.30.1.13
    state: absent

- name: Assign an address
  edgecloud.nic.zec_private_ip:
    network_interface_id: nic-hongkong-game-1
    private_ip_addresses:
      - 10.30.1.15
    state: present

- name: Leave the address alone that an elastic IP of the network interface is bound to, and take the others
  edgecloud.nic.zec_private_ip:
    network_interface_id: nic-hongkong-game-1
    all_secondary: true
    eip_protects: address
    state: absent
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
unassigned:
  description: The addresses under RV(outcomes[].unassigned), in numeric order.
  returned: when the network interface could be read
  type: list
  elements: str
  sample: ["10.30.1.11"]
assigned:
  description: The addresses under RV(outcomes[].assigned), in numeric order.
  returned: when O(state=present) and the network interface could be read
  type: list
  elements: str
  sample: ["10.30.1.15"]
outcomes:
  description:
    - One entry, which accounts for every address; each has exactly one outcome.
    - The task fails if there is anything under C(failed), C(unknown) or C(not_attempted), and even then returns all
      of this.
  returned: when the network interface could be read
  type: list
  elements: dict
  contains:
    network_interface_id:
      description: Id of the network interface.
      returned: success
      type: str
      sample: nic-hongkong-game-1
    unassigned:
      description:
        - Addresses that this task removed, or would remove in check mode - a call for them was accepted or got no clear
          answer, and a later read does not show them. With O(wait=false), the cloud's word is enough.
        - If the cloud refused a list, a part of it is gone and a part is still there, then what is gone counts as
          removed, too.
      returned: success
      type: list
      elements: str
      sample: ["10.30.1.11"]
    already_absent:
      description:
        - Addresses that the network interface did not have, or that are gone without a call of this task that can have
          removed them. The cloud refused all calls for the latter, if there were any.
      returned: success
      type: list
      elements: str
      sample: ["10.30.1.99"]
    kept:
      description: Addresses that stay, with the reason C(keep) or C(primary).
      returned: success
      type: list
      elements: dict
      sample: [{"private_ip_address": "10.30.1.12", "reason": "keep"}]
    in_use:
      description:
        - Addresses that stay since something uses them, with an entry for each use. What uses them is known from the
          look-ups, from O(in_use_elsewhere), or, without O(force), from a refusal of the cloud whose code says so.
        - What uses the whole network interface has an entry for each of its addresses that were to be removed.
      returned: success
      type: list
      elements: dict
      sample: [{"private_ip_address": "10.30.1.13", "kind": "load_balancer", "id": "lb-hongkong-game"}]
    failed:
      description:
        - Addresses that the cloud refused to change, with its code, message and request id. The last read confirms it.
      returned: success
      type: list
      elements: dict
      sample:
        - private_ip_address: "10.30.1.14"
          code: INVALID_NIC_STATUS
          message: The status of the vNIC does not allow this.
          request_id: T6EE6C1A4-9F0B-4F0F-8E60-2F0B6E1B3A77
    unknown:
      description:
        - Addresses for which something was sent, and neither the cloud's answers nor the reads until O(wait_timeout)
          told what became of them.
        - The fields are those of RV(outcomes[].failed), and C(accepted), which is true where the cloud said that it had
          taken the call.
      returned: success
      type: list
      elements: dict
      sample:
        - private_ip_address: "10.30.1.16"
          code: INTERNAL_SERVER_ERROR
          message: An internal error occurred.
          request_id: T2C1D9E0F-7A4B-4C55-9B0E-1D2E3F4A5B6C
          accepted: false
    not_attempted:
      description: Addresses for which nothing reached the cloud, since the run stopped before, or it is out of reach.
      returned: success
      type: list
      elements: str
      sample: []
    assigned:
      description: Addresses that this task assigned, or would assign in check mode.
      returned: when O(state=present)
      type: list
      elements: str
      sample: ["10.30.1.15"]
    already_present:
      description: Addresses that the network interface already had.
      returned: when O(state=present)
      type: list
      elements: str
      sample: ["10.30.1.12"]
uncertain:
  description:
    - Uses of a network interface with something to remove, of which the cloud does not tell the address, and that do
      not protect the whole network interface. They keep no address from being removed, so look at them before you
      remove.
  returned: when the network interface could be read
  type: list
  elements: dict
  contains:
    network_interface_id:
      description: Id of the network interface.
      returned: success
      type: str
      sample: nic-hongkong-game-1
    kind:
      description: What uses it.
      returned: success
      type: str
      sample: eip
    id:
      description: Id of what uses it.
      returned: success
      type: str
      sample: eip-hongkong-game
request_ids:
  description: Ids of the requests that were to change something, for the cloud's support and audit log.
  returned: when the network interface could be read
  type: list
  elements: str
  sample: ["T6EE6C1A4-9F0B-4F0F-8E60-2F0B6E1B3A77"]
diff:
  description: The secondary addresses before and after by network interface id; empty where nothing changes.
  returned: when the network interface could be read
  type: dict
  sample:
    before:
      nic-hongkong-game-1: ["10.30.1.11", "10.30.1.12", "10.30.1.13"]
    after:
      nic-hongkong-game-1: ["10.30.1.12", "10.30.1.13"]
"""

from ansible_collections.edgecloud.nic.plugins.module_utils._flows import private_ip
from ansible_collections.edgecloud.nic.plugins.module_utils._module import ModuleDefinition, run_module
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.zec.api import ZecProvider

DEFINITION = ModuleDefinition(private_ip.run, ZecProvider, private_ip.argument_spec(ZecProvider, "nic_id"))


def main() -> None:
    run_module(DEFINITION)


if __name__ == "__main__":
    main()
