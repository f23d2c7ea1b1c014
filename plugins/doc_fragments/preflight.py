# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # ens_preflight and zec_preflight
    DOCUMENTATION = r"""
options:
  write_permission:
    description:
      - Whether to try the permission to unassign addresses as well, which no read call tells. One call to unassign an
        address is sent, about a network interface that does not exist, after a read has shown that it does not.
      - In check mode it is not sent.
    type: bool
    default: false
  concurrency:
    description:
      - How many calls are in flight at a time, from 1 to 64. Give what the cleanup is to have.
    type: int
    default: 10
  requests_per_second:
    description:
      - Never send more calls a second than this. Give what the cleanup is to have.
    type: float
"""
