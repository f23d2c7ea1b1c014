# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.edgecloud.nic.plugins.modules.ens_private_ip_cleanup import DEFINITION
from ansible_collections.edgecloud.nic.plugins.plugin_utils._in_process import InProcessAction


class ActionModule(InProcessAction):
    definition = DEFINITION
    # A large cleanup has memory and signals of its own; the role's batches are small and many.
    switch = "edgecloud_nic_in_process_cleanup"
    switched_on = False
