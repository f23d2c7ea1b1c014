# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the error codes of Zenlayer mean. The same code comes with different HTTP statuses, so the exact code decides.

Sources: the error tables of UnassignNetworkInterfaceIpv4 and BatchAssignNetworkInterfaceIpv4, and the common codes
that Zenlayer's own clients handle.
"""

from __future__ import annotations

from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import (
    ErrorKind,
    kind_without_code,
)

_KINDS = {
    "INVALID_NIC_NOT_FOUND": ErrorKind.NETWORK_INTERFACE_ABSENT,
    "OPERATION_FAILED_RESOURCE_NOT_FOUND": ErrorKind.NETWORK_INTERFACE_ABSENT,
    # The page names the network interface, the text of the error one address.
    "INVALID_NIC_HAS_PUBLIC_IP_CANT_DETACH": ErrorKind.IN_USE,
    "INVALID_NIC_LB_ASSOCIATED": ErrorKind.IN_USE,
    "OPERATION_DENIED_INSTANCE_STATUS_NOT_SUPPORT": ErrorKind.NETWORK_INTERFACE_REFUSED,
    "OPERATION_FAILED_FOR_RECYCLE_RESOURCE": ErrorKind.NETWORK_INTERFACE_REFUSED,
    "INVALID_NIC_STATUS": ErrorKind.NETWORK_INTERFACE_STATUS,
    "REQUEST_LIMIT_EXCEEDED": ErrorKind.THROTTLED,
    "INTERNAL_SERVER_ERROR": ErrorKind.AMBIGUOUS,
    "SERVICE_TEMPORARY_UNAVAILABLE": ErrorKind.AMBIGUOUS,
    "REQUEST_TIMED_OUT": ErrorKind.AMBIGUOUS,
    "INVALID_OPERATION_TIMEOUT": ErrorKind.AMBIGUOUS,
}

#: What uses an address that the cloud refuses with such a code.
USE_KINDS = {"INVALID_NIC_HAS_PUBLIC_IP_CANT_DETACH": "eip", "INVALID_NIC_LB_ASSOCIATED": "load_balancer"}

#: Of valid credentials that lack a permission, and of a clock that is too far off.
DENIED_PREFIXES = ("AUTHFAILURE_UNAUTHORIZED_OPERATION",)
CLOCK_PREFIXES = ("AUTHFAILURE_SIGNATURE_EXPIRED",)


def classify(code: str | None, status: int) -> ErrorKind:
    """Return the kind of a refusal from its code; the HTTP status decides only where there is no known code."""
    # Whatever comes with it: a front end that counts calls knows no codes, or gives them with any other.
    if status == 429 or not code:
        return kind_without_code(status)
    if code in _KINDS:
        return _KINDS[code]
    if code.startswith("AUTHFAILURE_"):
        return ErrorKind.AUTH
    # Some refusals of Zenlayer come as HTTP 500 (OPERATION_DENIED_EIP_STATUS_NOT_SUPPORT); their code says that they
    # are final.
    if status >= 500 and not code.startswith(("OPERATION_DENIED_", "INVALID_")):
        return ErrorKind.AMBIGUOUS
    return ErrorKind.REFUSED
