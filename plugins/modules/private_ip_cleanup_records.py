#!/usr/bin/python

# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: private_ip_cleanup_records
short_description: Read and write the records of the role private_ip_cleanup
version_added: 0.1.0
description:
  - Reads and writes plan files and reports for the role P(edgecloud.nic.private_ip_cleanup#role), which calls it.
  - It is no use by itself. Its options and return values may change at any time.
author:
  - edgecloud.nic contributors (@edgecloud-nic)
extends_documentation_fragment:
  - edgecloud.nic.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  step:
    description: What the role is about to do.
    type: str
    required: true
    choices:
      - begin
      - prepare
      - report
      - removed
      - restored
notes:
  - It runs in the worker process of ansible-core, and reads the variables of the role and what its
    tasks have registered.
"""

EXAMPLES = r"""
- name: Let the role do it
  ansible.builtin.include_role:
    name: edgecloud.nic.private_ip_cleanup
  vars:
    private_ip_cleanup_provider: zec
    private_ip_cleanup_all_network_interfaces: true
"""

RETURN = r"""
msg:
  description: What came of it, in one sentence.
  returned: for O(step=report) and O(step=restored)
  type: str
  sample: Unassigned 12 addresses on 4 network interfaces
totals:
  description: The totals of the report.
  returned: for O(step=report) and O(step=restored)
  type: dict
files:
  description: The files that were written.
  returned: O(step=report)
  type: list
  elements: str
"""
