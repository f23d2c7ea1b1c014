# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import multiprocessing
import typing as t

from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import must_stop

DOCUMENTATION = r"""
name: cleanup_stops
short_description: Tell whether a series of cleanups ends with this one
version_added: 0.1.0
author:
  - edgecloud.nic contributors (@edgecloud-nic)
description:
  - Tells whether a series of tasks that clean up network interfaces should end with this one - something failed and
    errors are to stop the series, the task itself stopped before its end, the cloud refuses the credentials, or
    C(ansible-playbook) is not there any more.
  - Meant for C(loop_control.break_when).
options:
  _input:
    description: Result of M(edgecloud.nic.ens_private_ip_cleanup) or M(edgecloud.nic.zec_private_ip_cleanup).
    type: dict
    required: true
  on_error:
    description: Whether any failure ends the series.
    type: str
    default: continue
    choices:
      - continue
      - stop
"""

EXAMPLES = r"""
- name: Clean up in batches
  edgecloud.nic.zec_private_ip_cleanup:
    targets: "{{ item }}"
  loop: "{{ plan | batch(200) }}"
  loop_control:
    break_when: result is failed and result | edgecloud.nic.cleanup_stops
  register: result
"""

RETURN = r"""
_value:
  description: Whether the series ends.
  type: bool
"""


def cleanup_stops(result: dict[str, t.Any], on_error: str = "continue") -> bool:
    # A worker process survives a kill of ansible-playbook; whoever killed it does not expect it to go on.
    parent = multiprocessing.parent_process()
    return must_stop(result, on_error) or not (parent is None or parent.is_alive())


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"cleanup_stops": cleanup_stops}
