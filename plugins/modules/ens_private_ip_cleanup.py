#!/usr/bin/python

# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ens_private_ip_cleanup
short_description: Unassign secondary private IPv4 addresses of many Alibaba Cloud ENS network interfaces
version_added: 1.0.0
description:
  - Unassign the secondary private IPv4 addresses that nothing uses from many Alibaba Cloud ENS network interfaces in
    one task, within limits.
  - ENS cannot assign a chosen address again. A removal is final.
  - Everything is read first and put into a plan. A plan that is larger than O(max_unassign) or O(max_unassign_percent)
    allows changes nothing. In check mode the plan is returned and nothing else is done.
  - Only addresses that this run has read as secondary addresses are removed, and every one of them has exactly one
    outcome in the result, whatever happens.
  - An address that the cloud refuses does not hold back the others. After a time-out, a broken connection or a server
    error the network interface is read again, and only what is still there is sent again.
  - On SIGTERM and SIGINT no further call that changes something is started, those in flight are awaited, and the result
    tells what was done.
author:
  - edgecloud.nic contributors (@edgecloud-nic)
extends_documentation_fragment:
  - edgecloud.nic.attributes
  - edgecloud.nic.attributes.changes
  - edgecloud.nic.ens.action_group
  - edgecloud.nic.ens
  - edgecloud.nic.ens.filters
  - edgecloud.nic.transport
  - edgecloud.nic.private_ip_cleanup
  - edgecloud.nic.ens.in_use_sources
  - edgecloud.nic.ens.eip_protects
  - edgecloud.nic.in_use
seealso:
  - module: edgecloud.nic.ens_private_ip
  - module: edgecloud.nic.ens_private_ip_info
"""

EXAMPLES = r"""
- name: See what a cleanup of a region would remove
  edgecloud.nic.ens_private_ip_cleanup:
    filters:
      region_ids:
        - cn-hangzhou-44
    keep:
      - 10.10.1.13
    keep_network_interfaces:
      - db-*
  check_mode: true
  register: cleanup

- name: Remove exactly that
  edgecloud.nic.ens_private_ip_cleanup:
    targets: "{{ cleanup.plan }}"
    plan_digest: "{{ cleanup.plan_digest }}"
    journal: cleanup.jsonl

- name: Clean everything that the credentials can see, at most 500 addresses, in one go, if they are of this account
  edgecloud.nic.ens_private_ip_cleanup:
    expected_account: "1000000000000001"
    all_network_interfaces: true
    max_unassign: 500
    on_error: stop

- name: See what would go with elastic IPs protecting whole network interfaces, where there are no clusters to ask for
  edgecloud.nic.ens_private_ip_cleanup:
    all_network_interfaces: true
    eip_protects: network_interface
    in_use_sources:
      - eip
      - load_balancer
      - dnat
      - snat
      - ha_vip
  check_mode: true
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
endpoint:
  description: Host of the API, with the port where it is not the usual one.
  returned: when everything could be read
  type: str
  sample: ens.aliyuncs.com
account:
  description: Id of the account that the credentials belong to. Null where O(expected_account) did not ask for it.
  returned: when everything could be read
  type: str
  sample: "1234567890123456"
plan:
  description: What was to be removed, ordered by network interface id, in the form of O(targets).
  returned: when everything could be read
  type: list
  elements: dict
  contains:
    network_interface_id:
      description: Id of the network interface.
      returned: success
      type: str
      sample: eni-hangzhou-web-1
    private_ip_addresses:
      description: The addresses in numeric order.
      returned: success
      type: list
      elements: str
      sample: ["10.10.1.11", "10.10.1.12"]
plan_digest:
  description:
    - Digest of the plan, C(sha256:) and the hexadecimal SHA-256 of its canonical JSON - network interfaces ordered by
      id, addresses numerically, keys by name, C(,) and C(:) without blanks as separators, UTF-8.
  returned: when everything could be read
  type: str
  sample: sha256:dea566c4aa8026f3506a12b3484ae382797a96730afb27e2c2b66c6525a074e6
outcomes:
  description:
    - What became of each address, for the network interfaces with something to remove, ordered by their ids. With
      O(targets) for all of these.
    - Each address has exactly one outcome. The task fails if there is anything under C(failed), C(unknown) or
      C(not_attempted), and even then returns all of this.
  returned: when everything could be read
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
  returned: when everything could be read
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
network_interfaces:
  description: Where the network interfaces of RV(outcomes) are, as far as they exist, ordered by their ids.
  returned: when everything could be read
  type: list
  elements: dict
  contains:
    network_interface_id:
      description: Id of the network interface.
      returned: success
      type: str
      sample: eni-hangzhou-web-1
    name:
      description: Its name.
      returned: success
      type: str
      sample: web-1
    region_id:
      description: Its region.
      returned: success
      type: str
      sample: cn-hangzhou-44
limits:
  description: How large the plan may be, and how large it is.
  returned: when everything could be read
  type: dict
  contains:
    max_unassign:
      description: The value of O(max_unassign).
      returned: success
      type: int
      sample: 100
    max_unassign_percent:
      description: The value of O(max_unassign_percent).
      returned: success
      type: float
      sample: 50.0
    planned:
      description: How many addresses the plan is to remove.
      returned: success
      type: int
      sample: 2
    planned_percent:
      description: How many that are, in percent of the secondary addresses of the selected network interfaces.
      returned: success
      type: float
      sample: 66.7
    exceeded:
      description:
        - The names of the limits that the plan exceeds. If there is one, nothing is changed, and the task fails; in
          check mode it warns.
      returned: success
      type: list
      elements: str
      sample: ["max_unassign_percent"]
stopped:
  description:
    - Why no further call that changes something was started, before everything was done. Null where nothing stopped the
      run. What was not sent then is under RV(outcomes[].not_attempted).
    - C(auth) means that the cloud refuses the credentials, or what they ask for, or that they belong to another account
      than O(expected_account).
    - C(on_error) means that an address could not be removed, and O(on_error=stop).
    - C(interrupted) means that the run was told to end, by SIGTERM, SIGINT or the end of Ansible.
    - C(journal) means that O(journal) could not be written.
    - C(endpoint) means that the API is out of reach.
  returned: when everything could be read
  type: str
  sample: auth
summary:
  description: The figures of the run.
  returned: when everything could be read
  type: dict
  contains:
    unassigned:
      description: How many addresses were removed, or would be in check mode.
      returned: success
      type: int
      sample: 2
    already_absent:
      description: How many addresses were not there.
      returned: success
      type: int
      sample: 0
    kept:
      description: How many addresses were kept.
      returned: success
      type: int
      sample: 1
    in_use:
      description: How many addresses are in use.
      returned: success
      type: int
      sample: 3
    failed:
      description: How many addresses the cloud refused to remove.
      returned: success
      type: int
      sample: 0
    unknown:
      description: How many addresses could not be settled in time.
      returned: success
      type: int
      sample: 0
    not_attempted:
      description: How many addresses nothing reached the cloud for.
      returned: success
      type: int
      sample: 0
    network_interfaces_read:
      description: How many network interfaces were selected and read.
      returned: success
      type: int
      sample: 5
    network_interfaces_planned:
      description: How many of them had something to remove.
      returned: success
      type: int
      sample: 1
    api_calls:
      description: Calls by API action, repetitions included.
      returned: success
      type: dict
      sample: {"DescribeNetworkInterfaces": 2, "UnassignPrivateIpAddresses": 1}
    throttled_calls:
      description: How many of them the cloud refused as too many.
      returned: success
      type: int
      sample: 0
    seconds:
      description: How long it took, from the first call to the last.
      returned: success
      type: float
      sample: 0.412
diff:
  description: The secondary addresses before and after by network interface id, for those that change.
  returned: when everything could be read
  type: dict
  sample:
    before:
      eni-hangzhou-web-1: ["10.10.1.11", "10.10.1.12", "10.10.1.13"]
    after:
      eni-hangzhou-web-1: ["10.10.1.13"]
"""

from ansible_collections.edgecloud.nic.plugins.module_utils._flows import private_ip_cleanup
from ansible_collections.edgecloud.nic.plugins.module_utils._module import ModuleDefinition, run_module
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.ens.api import EnsProvider

DEFINITION = ModuleDefinition(private_ip_cleanup.run, EnsProvider, private_ip_cleanup.argument_spec(EnsProvider))


def main() -> None:
    run_module(DEFINITION)


if __name__ == "__main__":
    main()
