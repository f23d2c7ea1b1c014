# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the user knows of uses that the cloud does not know."""

    DOCUMENTATION = r"""
options:
  in_use_elsewhere:
    description:
      - Uses that the cloud cannot know, such as addresses that hosts have configured, addresses of pods, or an address
        plan. They count as in use, just as what the look-ups find, and also with O(in_use_check=false).
      - The filter P(edgecloud.nic.addresses_on_hosts#filter) makes entries of the facts of hosts.
      - An empty list is fine; null is an error, since evidence that got lost would protect nothing.
    type: list
    elements: dict
    suboptions:
      private_ip_address:
        description:
          - The address that is used.
        type: str
        required: true
      kind:
        description:
          - Your word for what uses it, shown in results and messages.
        type: str
        required: true
      id:
        description:
          - Your name of what uses it, shown in results and messages.
        type: str
      vpc_id:
        description:
          - VPC that the address is in. Without it, and without O(in_use_elsewhere[].network_interface_id), the address
            counts wherever it is.
        type: str
      network_interface_id:
        description:
          - Network interface that the address is on.
        type: str
"""
