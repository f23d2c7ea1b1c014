# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  access_key_id:
    description:
      - Id of the access key.
      - Without this option, O(token) and O(profile), the environment variables E(ZENLAYERCLOUD_ACCESS_KEY_ID) or
        E(ZENLAYER_ACCESS_KEY_ID) count.
    type: str
  access_key_secret:
    description:
      - Secret of the access key, which Zenlayer also calls its password.
      - Without this option, O(token) and O(profile), the environment variables E(ZENLAYERCLOUD_ACCESS_KEY_PASSWORD) or
        E(ZENLAYER_ACCESS_KEY_SECRET) count.
    type: str
    aliases:
      - access_key_password
  token:
    description:
      - Access token, instead of an access key.
      - Without key options and O(profile), the environment variable E(ZENLAYER_TOKEN) counts. In the environment, and
        in a profile, a token goes before a key.
    type: str
  profile:
    description:
      - Name of a profile in O(credentials_file). Cannot be combined with O(token) or key options.
      - A profile that the task names goes before keys in the environment. Where there is neither, the environment
        variable E(ZENLAYER_PROFILE) names the profile, or else it is the current one of the C(zeno) client.
    type: str
  credentials_file:
    description:
      - The credentials file of the C(zeno) command-line client.
      - The default is C(~/.zenlayer/credentials.json).
    type: path
  endpoint:
    description:
      - Host, C(host:port) or URL of the API. Plain C(http://) is accepted for a loopback address only.
      - The default is the environment variable E(ZENLAYER_ENDPOINT), or else C(console.zenlayer.com).
    type: str
  expected_account:
    description:
      - Id of the account that the credentials must belong to, compared as text. Set it in C(module_defaults), beside
        the credentials.
      - If they belong to another account, or the cloud does not tell, the task fails before it reads anything else.
        Nothing is changed then. Without this option the cloud is not asked.
      - It is the C(accountUid) in the answer to C(DescribeCustomerBalance) of the billing service (C(zbc)). The key
        needs the permission to call that, since nothing else tells the account.
    type: str
notes:
  - Permissions of ZEC are granted for resource groups. What lies in a group that the credentials may not see cannot be
    found by the look-ups what uses addresses, so use credentials with a read policy for all resources.
  - The clock of the machine that the module runs on must not be off by more than 5 minutes, unless O(token) is used.
"""

    ACTION_GROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/edgecloud.nic.zec) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - edgecloud.nic.zec
"""

    # What can select network interfaces.
    FILTERS = r"""
options:
  filters:
    description:
      - What all selected network interfaces have in common. At least one filter is needed, and none may be empty.
      - If nothing matches, a warning says so.
    type: dict
    suboptions:
      region_id:
        description:
          - Region.
        type: str
      vpc_id:
        description:
          - VPC.
        type: str
      subnet_id:
        description:
          - Subnet.
        type: str
      instance_id:
        description:
          - Instance that they are attached to.
        type: str
      status:
        description:
          - Status.
        type: str
        choices:
          - PENDING
          - AVAILABLE
          - ATTACHING
          - DETACHING
          - DELETING
          - CREATE_FAILED
          - USED
      type:
        description:
          - Primary or secondary network interface of an instance.
        type: str
        choices:
          - Primary
          - Secondary
      name:
        description:
          - Name or part of it, compared by the cloud.
        type: str
      resource_group_id:
        description:
          - Resource group.
        type: str
      security_group_id:
        description:
          - Security group.
        type: str
      tags:
        description:
          - Tags with their values, up to 20.
        type: dict
      tag_keys:
        description:
          - Tags whatever their value, up to 20.
        type: list
        elements: str
"""

    IN_USE_SOURCES = r"""
options:
  in_use_sources:
    description:
      - What is asked for uses of addresses. Leave out what the credentials may not see, or what cannot matter, but a
        use that nobody asks for protects nothing.
      - V(eip) means elastic IPs, and public addresses of a network interface that no elastic IP explains.
        V(load_balancer) means backends of load balancers, V(dnat) DNAT entries, V(snat) SNAT entries for a single
        address, V(ha_vip) HaVips, and V(dns) A records of private DNS zones, whatever their status.
      - A look-up that the credentials do not permit is an error that names the permission.
    type: list
    elements: str
    choices:
      - eip
      - load_balancer
      - dnat
      - snat
      - ha_vip
      - dns
    default:
      - eip
      - load_balancer
      - dnat
      - snat
      - ha_vip
      - dns
"""

    EIP_PROTECTS = r"""
options:
  eip_protects:
    description:
      - What an elastic IP on a network interface makes untouchable - with V(network_interface) all secondary addresses,
        with V(address) the one that it is bound to.
      - The page of UnassignNetworkInterfaceIpv4 says that the private IP of a network interface cannot be unassigned
        while it has elastic IPs, hence the default. Other pages speak of the bound address alone.
      - Where the cloud does not tell the bound address, all of them are untouchable in either case.
    type: str
    choices:
      - address
      - network_interface
    default: network_interface
"""
