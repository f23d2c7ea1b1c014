# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  token:
    description:
      - Access token. Without this option and O(profile), the environment variable E(EXAMPLE_TOKEN) counts.
    type: str
  profile:
    description:
      - Name of a profile in O(credentials_file). Cannot be combined with O(token).
      - Without it, and without a token in the environment, the environment variable E(EXAMPLE_PROFILE) names the
        profile, or else it is C(default).
    type: str
  credentials_file:
    description:
      - JSON file with an object of profiles by name, each with a C(token).
      - The default is C(~/.example/credentials.json).
    type: path
  endpoint:
    description:
      - Host, C(host:port) or URL of the API. Plain C(http://) is accepted for a loopback address only.
      - The default is the environment variable E(EXAMPLE_ENDPOINT), or else C(api.example.com).
    type: str
  expected_account:
    description:
      - Id of the account that the credentials must belong to, compared as text, as C(whoami) tells it.
      - If they belong to another account, or the cloud does not tell, the task fails before it reads anything else.
        Nothing is changed then. Without this option the cloud is not asked.
    type: str
"""

    ACTION_GROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/edgecloud.nic.example) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - edgecloud.nic.example
"""

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
      name:
        description:
          - Label.
        type: str
"""

    IN_USE_SOURCES = r"""
options:
  in_use_sources:
    description:
      - What is asked for uses of addresses. Leave out what the credentials may not see, or what cannot matter, but a
        use that nobody asks for protects nothing.
      - V(eip) means floating IPs, and V(container) the addresses of containers.
    type: list
    elements: str
    choices: [eip, container]
    default: [eip, container]
"""

    EIP_PROTECTS = r"""
options:
  eip_protects:
    description:
      - What a floating IP on a network interface makes untouchable - with V(network_interface) all secondary addresses,
        with V(address) the one that it is bound to.
    type: str
    choices: [address, network_interface]
    default: address
"""
