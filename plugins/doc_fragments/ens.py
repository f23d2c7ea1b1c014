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
      - Without this option and O(profile), the environment variables E(ALIBABA_CLOUD_ACCESS_KEY_ID) or
        E(ALICLOUD_ACCESS_KEY) count.
    type: str
  access_key_secret:
    description:
      - Secret of the access key.
      - Without this option and O(profile), the environment variables E(ALIBABA_CLOUD_ACCESS_KEY_SECRET) or
        E(ALICLOUD_SECRET_KEY) count.
    type: str
  security_token:
    description:
      - Security token (STS) of a temporary access key.
      - Without key options and O(profile), the environment variables E(ALIBABA_CLOUD_SECURITY_TOKEN) or
        E(ALICLOUD_SECURITY_TOKEN) count.
    type: str
  profile:
    description:
      - Name of a profile in O(credentials_file), of mode C(AK) or C(StsToken). Cannot be combined with key options.
      - A profile that the task names goes before keys in the environment. Where there is neither, the environment
        variables E(ALIBABA_CLOUD_PROFILE) or E(ALICLOUD_PROFILE) name the profile, or else it is the current one of the
        file.
    type: str
  credentials_file:
    description:
      - The configuration file of the C(aliyun) command-line client.
      - The default is C(~/.aliyun/config.json).
    type: path
  endpoint:
    description:
      - Host, C(host:port) or URL of the API. Plain C(http://) is accepted for a loopback address only.
      - Accounts of the international site may need V(ens.ap-southeast-1.aliyuncs.com).
      - The default is the environment variable E(ENS_ENDPOINT), or else C(ens.aliyuncs.com).
    type: str
  sts_endpoint:
    description:
      - Where O(expected_account) is asked for, a host, C(host:port) or URL like O(endpoint). Those of regions
        will do, such as V(sts.ap-southeast-1.aliyuncs.com).
      - The default is the environment variable E(ALIBABA_CLOUD_STS_ENDPOINT), or else O(endpoint) where that is a
        loopback address, or else C(sts.aliyuncs.com).
    type: str
  expected_account:
    description:
      - Id of the account that the credentials must belong to, compared as text. Set it in C(module_defaults), beside
        the credentials.
      - If they belong to another account, or the cloud does not tell, the task fails before it reads anything else.
        Nothing is changed then. Without this option the cloud is not asked.
      - It is what C(aliyun sts GetCallerIdentity) shows as C(AccountId). Every valid key may ask for it.
    type: str
notes:
  - The RAM actions needed are C(ens:DescribeNetworkInterfaces), C(ens:UnassignPrivateIpAddresses) to remove
    addresses, and for the look-ups what uses them C(ens:DescribeEnsEipAddresses), C(ens:DescribeLoadBalancers),
    C(ens:DescribeLoadBalancerAttribute), C(ens:DescribeNatGateways), C(ens:DescribeForwardTableEntries),
    C(ens:DescribeSnatTableEntries), C(ens:DescribeHaVips), C(ens:DescribeNetworkAttribute),
    C(ens:DescribeClustersV1) and C(ens:DescribeARMServerInstances).
  - The clock of the machine that the module runs on must not be off by more than 15 minutes.
"""

    ACTION_GROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/edgecloud.nic.ens) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - edgecloud.nic.ens
"""

    # What can select network interfaces.
    FILTERS = r"""
options:
  filters:
    description:
      - What all selected network interfaces have in common. At least one filter is needed, and none may be empty.
      - If nothing matches, or nothing is in one of the regions, a warning says so.
    type: dict
    suboptions:
      region_ids:
        description:
          - ENS regions, up to 100.
        type: list
        elements: str
      vpc_id:
        description:
          - Network.
        type: str
      subnet_id:
        description:
          - vSwitch.
        type: str
      instance_id:
        description:
          - Instance that they are attached to.
        type: str
      security_group_id:
        description:
          - Security group.
        type: str
      status:
        description:
          - Status.
        type: str
        choices:
          - Available
          - Attaching
          - InUse
          - Detaching
          - Deleting
      type:
        description:
          - Primary or secondary network interface of an instance.
        type: str
        choices:
          - Primary
          - Secondary
      name:
        description:
          - Name, compared by the cloud.
        type: str
"""

    IN_USE_SOURCES = r"""
options:
  in_use_sources:
    description:
      - What is asked for uses of addresses. Leave out what the credentials may not see, or what cannot matter, but a
        use that nobody asks for protects nothing.
      - V(eip) means elastic IPs, V(load_balancer) backends of load balancers, V(dnat) DNAT entries, V(snat) SNAT
        entries for a single address, V(ha_vip) HaVips and their members, V(kubernetes) vSwitches whose secondary
        addresses belong to pods of ENS clusters, and V(android) Android containers on ARM servers.
      - For V(load_balancer), V(dnat), V(snat) and V(ha_vip), what DescribeNetworkAttribute names in a network must be
        in the lists. If something is missing there, nothing is removed.
      - A look-up that the credentials do not permit is an error that names the permission.
    type: list
    elements: str
    choices:
      - eip
      - load_balancer
      - dnat
      - snat
      - ha_vip
      - kubernetes
      - android
    default:
      - eip
      - load_balancer
      - dnat
      - snat
      - ha_vip
      - kubernetes
      - android
"""

    EIP_PROTECTS = r"""
options:
  eip_protects:
    description:
      - What an elastic IP on a network interface, or on its instance, makes untouchable - with V(network_interface) all
        secondary addresses, with V(address) the one that it is bound to.
      - ENS does not tell that address. Nothing but an instance or a network interface can be chosen when an elastic IP
        is bound, so it should be the primary one, which is never removed. With V(address), such an elastic IP is listed
        under RV(uncertain), and a warning names it.
    type: str
    choices:
      - address
      - network_interface
    default: address
"""
