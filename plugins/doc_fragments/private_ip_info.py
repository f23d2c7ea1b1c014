# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
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
      - Whether to look up what uses each address. O(in_use_sources) says what is looked up.
      - The number of calls for it grows with the number of VPCs and regions, and of the load balancers, NAT gateways
        and DNS zones in them.
    type: bool
    default: false
"""
