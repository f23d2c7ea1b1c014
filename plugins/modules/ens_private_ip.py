#!/usr/bin/python

# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ens_private_ip
short_description: Unassign secondary private IPv4 addresses of an Alibaba Cloud ENS network interface
version_added: 1.0.0
description:
  - Unassign named secondary private IPv4 addresses, or all of them, from one elastic network interface (ENI) of Alibaba
    Cloud Edge Node Service (ENS).
  - ENS cannot assign a chosen address again. A removal is final.
  - The network interface is read first. Nothing is sent for an address that this read did not show as a secondary
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
  - edgecloud.nic.ens.action_group
  - edgecloud.nic.ens
  - edgecloud.nic.transport
  - edgecloud.nic.private_ip
  - edgecloud.nic.ens.in_use_sources
  - edgecloud.nic.ens.eip_protects
  - edgecloud.nic.in_use
options:
  network_interface_id:
    description:
      - Id of the network interface.
    type: str
    required: true
    aliases:
      - eni_id
  state:
    description:
      - V(absent) unassigns the addresses. There is no other state, since ENS cannot assign a chosen address. It has
        to be written all the same, so that a task says what it does.
    type: str
    required: true
    choices:
      - absent
seealso:
  - module: edgecloud.nic.ens_private_ip_info
  - name: UnassignPrivateIpAddresses
    description: The API action behind this module.
    link: https://www.alibabacloud.com/help/en/ens/developer-reference/api-ens-2017-11-10-unassignprivateipaddresses
"""

EXAMPLES = r"""
- name: Unassign two addresses
  edgecloud.nic.ens_private_ip:
    network_interface_id: eni-hangzhou-web-1
    private_ip_addresses:
      - 10.10.1.11
      - 10.10.1.12
    state: absent

- name: Unassign an address, but only if the credentials are of the account that is meant
  edgecloud.nic.ens_private_ip:
    expected_account: "1000000000000001"
    network_interface_id: eni-hangzhou-web-1
    private_ip_addresses:
      - 10.10.1.11
    state: absent

- name: Unassign every secondary address that nothing uses, but for one network and one address
  edgecloud.nic.ens_private_ip:
    network_interface_id: eni-hangzhou-web-1
    all_secondary: true
    keep:
      - 192.168.0.0/16
      - 10.10.1.13
    state: absent

- name: Clean up before a network interface is deleted, which may have happened already
  edgecloud.nic.ens_private_ip:
    network_interface_id: eni-hangzhou-web-1
    all_secondary: true
    missing_ok: true
    state: absent

- name: Leave all addresses alone while the network interface or its instance has an elastic IP
  edgecloud.nic.ens_private_ip:
    network_interface_id: eni-hangzhou-web-1
    all_secondary: true
    eip_protects: network_interface
    state: absent
"""

RETURN = r"""
changed:
  description:
    - Whether at least one address was removed, or would be in check mode.
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
unassigned:
  description: The addresses under RV(outcomes[].unassigned), in numeric order.
  returned: when the network interface could be read
  type: list
  elements: str
  sample: ["10.10.1.11"]
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
      sample: eni-hangzhou-web-1
    unassigned:
      description:
        - Addresses that this task removed, or would remove in check mode - a call for them was accepted or got no clear
          answer, and a later read does not show them. With O(wait=false), the cloud's word is enough.
        - If the cloud refused a list, a part of it is gone and a part is still there, then what is gone counts as
          removed, too.
      returned: success
      type: list
      elements: str
      sample: ["10.10.1.11"]
    already_absent:
      description:
        - Addresses that the network interface did not have, or that are gone without a call of this task that can have
          removed them. The cloud refused all calls for the latter, if there were any.
      returned: success
      type: list
      elements: str
      sample: ["10.10.1.99"]
    kept:
      description: Addresses that stay, with the reason C(keep) or C(primary).
      returned: success
      type: list
      elements: dict
      sample: [{"private_ip_address": "10.10.1.12", "reason": "keep"}]
    in_use:
      description:
        - Addresses that stay since something uses them, with an entry for each use. What uses them is known from the
          look-ups, from O(in_use_elsewhere), or, without O(force), from a refusal of the cloud whose code says so.
        - What uses the whole network interface has an entry for each of its addresses that were to be removed.
      returned: success
      type: list
      elements: dict
      sample: [{"private_ip_address": "10.10.1.13", "kind": "load_balancer", "id": "lb-hangzhou-web"}]
    failed:
      description:
        - Addresses that the cloud refused to change, with its code, message and request id. The last read confirms it.
      returned: success
      type: list
      elements: dict
      sample:
        - private_ip_address: "10.10.1.14"
          code: IncorrectPrivateIpAddressStatus
          message: The status of the private IP address does not allow this.
          request_id: B2A1C8F0-34E2-4E29-9C41-0C7B0E2F5D11
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
        - private_ip_address: "10.10.1.15"
          code: InternalError
          message: The request processing has failed due to some unknown error.
          request_id: 0D2F1C77-6B2E-4B0C-8E0F-5A3A1E9C7B42
          accepted: false
    not_attempted:
      description: Addresses for which nothing reached the cloud, since the run stopped before, or it is out of reach.
      returned: success
      type: list
      elements: str
      sample: []
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
      sample: eni-hangzhou-web-1
    kind:
      description: What uses it.
      returned: success
      type: str
      sample: eip
    id:
      description: Id of what uses it.
      returned: success
      type: str
      sample: eip-hangzhou-web
request_ids:
  description: Ids of the requests that were to change something, for the cloud's support and audit log.
  returned: when the network interface could be read
  type: list
  elements: str
  sample: ["B2A1C8F0-34E2-4E29-9C41-0C7B0E2F5D11"]
diff:
  description: The secondary addresses before and after by network interface id; empty where nothing changes.
  returned: when the network interface could be read
  type: dict
  sample:
    before:
      eni-hangzhou-web-1: ["10.10.1.11", "10.10.1.12", "10.10.1.13"]
    after:
      eni-hangzhou-web-1: ["10.10.1.12", "10.10.1.13"]
"""

from ansible_collections.edgecloud.nic.plugins.module_utils._flows import private_ip
from ansible_collections.edgecloud.nic.plugins.module_utils._module import ModuleDefinition, run_module
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.ens.api import EnsProvider

DEFINITION = ModuleDefinition(
    private_ip.run,
    EnsProvider,
    private_ip.argument_spec(EnsProvider, "eni_id"),
    impossible={
        "state": {"present": "ENS cannot assign a chosen address, since its API takes none; the only state is absent"}
    },
)


def main() -> None:
    run_module(DEFINITION)


if __name__ == "__main__":
    main()
