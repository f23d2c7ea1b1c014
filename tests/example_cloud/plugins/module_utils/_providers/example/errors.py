# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the error codes of Example Cloud mean. Its statuses say nothing that the codes do not say."""

from __future__ import annotations

from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ErrorCodes, ErrorKind

CODES = ErrorCodes(
    kinds={
        "no_such_ip": ErrorKind.ADDRESS_ABSENT,
        "no_such_interface": ErrorKind.NETWORK_INTERFACE_ABSENT,
        "ip_has_floating_ip": ErrorKind.IN_USE,
        "slow_down": ErrorKind.THROTTLED,
        "try_later": ErrorKind.AMBIGUOUS,
    },
    patterns={"^token_": ErrorKind.AUTH},
    use_kinds={"ip_has_floating_ip": "eip"},
)
