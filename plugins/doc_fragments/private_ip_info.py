# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # ens_private_ip_info and zec_private_ip_info
    DOCUMENTATION = r"""
options:
  network_interface_ids:
    description:
      - Ids of the network interfaces to return. One that does not exist is left out of the result, and
        a warning names it.
      - Cannot be combined with O(filters). With neither of them, all network interfaces are returned.
    type: list
    elements: str
  include_in_use:
    description:
      - Whether to look up what uses each address - elastic IPs, backends of load balancers, DNAT entries and HaVips.
      - The number of calls for it grows with the number of VPCs, load balancers and NAT gateways.
    type: bool
    default: false
"""
