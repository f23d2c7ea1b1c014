# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # One network interface.
    DOCUMENTATION = r"""
options:
  private_ip_addresses:
    description:
      - The secondary private IPv4 addresses.
      - An empty list, a network, or an address named twice is an error.
      - Naming the primary address of the network interface is an error, and nothing is changed.
      - Exactly one of this option and O(all_secondary=true) is needed.
    type: list
    elements: str
  all_secondary:
    description:
      - Take every secondary address of the network interface, instead of O(private_ip_addresses).
    type: bool
    default: false
  keep:
    description:
      - Addresses and networks in CIDR notation that stay assigned, whatever else is said.
    type: list
    elements: str
  missing_ok:
    description:
      - Whether a network interface that does not exist is a success without change. Only for O(state=absent).
    type: bool
    default: false
  in_use_check:
    description:
      - Whether to look up what uses the addresses before any is removed. O(in_use_sources) says what is looked up.
      - A used address that O(private_ip_addresses) names is an error, and nothing is changed. With O(all_secondary),
        used addresses stay and are listed under RV(outcomes[].in_use).
      - Uses of which the cloud does not tell the address, and that do not protect the whole network interface, are
        listed under RV(uncertain).
      - If a look-up fails, the task fails before it changes anything. With O(force), that is a warning.
    type: bool
    default: true
  force:
    description:
      - Whether to try used addresses too, and let the cloud decide. They are named in a warning.
    type: bool
    default: false
  wait:
    description:
      - Whether an address counts as removed only when a later read no longer shows it. With V(false), the cloud's
        word is enough.
    type: bool
    default: true
  wait_timeout:
    description:
      - Longest time in seconds to wait for that. An address that still shows then is listed under
        RV(outcomes[].unknown), and the task fails.
    type: float
    default: 60.0
"""
