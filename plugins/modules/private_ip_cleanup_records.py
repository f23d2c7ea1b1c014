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
    description:
      - What the role is about to do.
    type: str
    required: true
    choices:
      - begin
      - prepare
      - report
      - removed
      - restored
  variables:
    description:
      - Names of the variables that begin as those of the role do.
    type: list
    elements: str
  begun:
    description:
      - Name of the variable that has the result of O(step=begin).
    type: str
  checked:
    description:
      - Name of the variable that has the result of the cleanup module in check mode.
    type: str
  used:
    description:
      - Likewise, of a look at what uses the addresses.
    type: str
  prepared:
    description:
      - Name of the variable that has the result of O(step=prepare) or O(step=removed).
    type: str
  batches:
    description:
      - Name of the variable that has the results of the cleanup module, batch by batch.
    type: str
  assigned:
    description:
      - Name of the variable that has the results of assigning addresses again.
    type: str
notes:
  - It runs in the worker process of ansible-core. Results of earlier tasks are named, not handed over, since a large
    estate does not pass through templates in good time.
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
success:
  description: Whether everything came of it that was asked for.
  returned: for O(step=report) and O(step=restored)
  type: bool
  sample: true
lines:
  description: What a person is told.
  returned: for O(step=report) and O(step=restored)
  type: list
  elements: str
  sample: ["Unassigned 12 addresses on 4 network interfaces", "/srv/cleanup/report.html"]
result:
  description: What the role sets as C(private_ip_cleanup_result).
  returned: for O(step=report) and O(step=restored)
  type: dict
  sample:
    mode: apply
    scope: localhost
    message: Unassigned 12 addresses on 4 network interfaces
    totals: {"unassigned": 12}
    digest: sha256:f28175172a9b0d4b87fcbf6a7d1145a49718059e93741c9eded5725eff335d43
    files: ["/srv/cleanup/report.html"]
    journal: /srv/cleanup/journal.jsonl
"""
