#!/usr/bin/python

# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ens_preflight
short_description: Check whether an account at Alibaba Cloud ENS is as this collection takes it to be
version_added: 1.0.0
description:
  - Check whether Alibaba Cloud ENS answers at the endpoint, accepts the credentials and permits what the other modules
    need, and whether it behaves as they take for granted. Nothing is changed. Each check tells what was seen, what was
    expected, and what to do about it.
  - At most 60 calls are made, whatever the size of the account; repetitions of calls that did not get through are not
    counted.
  - The task fails if a check fails. Run it before anything is removed for the first time, and attach the result to a
    report of a problem.
author:
  - edgecloud.nic contributors (@edgecloud-nic)
extends_documentation_fragment:
  - edgecloud.nic.attributes
  - edgecloud.nic.attributes.info
  - edgecloud.nic.ens.action_group
  - edgecloud.nic.ens
  - edgecloud.nic.transport
  - edgecloud.nic.preflight
  - edgecloud.nic.ens.in_use_sources
seealso:
  - module: edgecloud.nic.ens_private_ip_cleanup
"""

EXAMPLES = r"""
- name: See whether everything is ready for a first cleanup of this account
  edgecloud.nic.ens_preflight:
    expected_account: "1000000000000001"
  register: preflight

- name: See whether addresses may be removed, too, as fast as is planned
  edgecloud.nic.ens_preflight:
    write_permission: true
    concurrency: 20
    requests_per_second: 50
"""

RETURN = r"""
checks:
  description:
    - Every check, in the order in which a failure explains those after it. There is no private or public address and no
      secret in it, so that it can be shown to everybody.
    - V(connection), V(clock), V(identity), V(account) (compared with O(expected_account)), V(permissions),
      V(endpoint), V(shape) (of network interfaces), V(page_size), V(paging), V(filters), V(many_ids),
      V(in_use_complete), V(kubernetes), V(pace) and V(write_permission).
  returned: when the endpoint and the credentials could be used at all, also on failure
  type: list
  elements: dict
  contains:
    id:
      description: Name of the check.
      returned: always
      type: str
      sample: clock
    result:
      description:
        - V(passed), V(failed), V(unknown) where the cloud does not tell enough, or V(skipped) where the check was not
          asked for, or an earlier one has to pass first.
      returned: always
      type: str
      sample: failed
    seen:
      description: What the cloud showed.
      returned: always
      type: str
      sample: it is 2026-03-02T08:11:35Z in the cloud and 2026-03-02T08:09:31Z here, 124 seconds apart
    expected:
      description: What it takes to pass.
      returned: always
      type: str
      sample: the clock here is less than 60 seconds off the cloud's
    remedy:
      description: What to do about it; null where there is nothing to do.
      returned: always
      type: str
      sample: Let NTP set the clock of this machine; beyond 15 minutes the cloud refuses every call.
account:
  description: Id of the account that the credentials belong to; null where the cloud does not tell.
  returned: when the endpoint and the credentials could be used at all, also on failure
  type: str
  sample: "1000000000000001"
endpoint:
  description: Where the API is, as O(endpoint) says.
  returned: when the endpoint and the credentials could be used at all, also on failure
  type: str
  sample: ens.aliyuncs.com
in_use_sources:
  description: What was asked for uses of addresses, as O(in_use_sources) says.
  returned: when the endpoint and the credentials could be used at all, also on failure
  type: list
  elements: str
  sample: ["eip", "load_balancer", "dnat", "snat", "ha_vip", "kubernetes", "android"]
facts:
  description: What was learnt about the cloud by the way. What was not learnt is null.
  returned: when the endpoint and the credentials could be used at all, also on failure
  type: dict
  contains:
    network_interfaces:
      description: How many network interfaces there are.
      returned: always
      type: int
      sample: 412
    statuses:
      description: Statuses that network interfaces have, as the cloud spells them.
      returned: always
      type: list
      elements: str
      sample: ["Available", "InUse"]
    private_ip_statuses:
      description: Values of PrivateIpStatus, on ENS.
      returned: always
      type: list
      elements: str
      sample: ["Available"]
    primary_in_list:
      description: Whether the list of a network interface's private addresses has the primary one in it.
      returned: always
      type: bool
      sample: true
    resource_groups:
      description: Resource groups of the network interfaces that were read, on ZEC.
      returned: always
      type: list
      elements: str
      sample: null
    page_sizes:
      description: How many items a page has, by action; asked for were 50 network interfaces and 100 of other things.
      returned: always
      type: dict
      sample: {"DescribeNetworkInterfaces": 50, "DescribeHaVips": 100}
    unknown_id:
      description:
        - What comes of an id that no network interface has - V(left_out) of the answer, V(error) or V(refused) for the
          whole call, or V(found), which makes the check V(filters) fail.
      returned: always
      type: str
      sample: left_out
    name_filter:
      description: Whether the filter for names is V(exact) or V(fuzzy), as far as one name shows.
      returned: always
      type: str
      sample: exact
    eip_filter:
      description: Whether elastic IPs can be listed by network interface, V(heeded) or V(ignored).
      returned: always
      type: str
      sample: heeded
    backends_tell_addresses:
      description: Whether every backend of a load balancer tells its address.
      returned: always
      type: bool
      sample: true
    pod_subnet_ids:
      description: vSwitches in which secondary addresses belong to pods, on ENS.
      returned: always
      type: list
      elements: str
      sample: ["vsw-shenzhen-pods"]
"""

from ansible_collections.edgecloud.nic.plugins.module_utils._flows import preflight
from ansible_collections.edgecloud.nic.plugins.module_utils._module import ModuleDefinition, run_module
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.ens.api import EnsProvider

DEFINITION = ModuleDefinition(preflight.run, EnsProvider, preflight.argument_spec(EnsProvider), judges_account=True)


def main() -> None:
    run_module(DEFINITION)


if __name__ == "__main__":
    main()
