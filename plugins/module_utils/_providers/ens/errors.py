# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the error codes of ENS mean. Every business error of ENS is HTTP 400, so the exact code alone decides.

Sources: the error tables of UnassignPrivateIpAddresses and of the common errors of Alibaba Cloud's APIs.
"""

from __future__ import annotations

from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import (
    ErrorKind,
    kind_without_code,
)

_KINDS = {
    "InvalidPrivateIpAddress.NotFound": ErrorKind.ADDRESS_ABSENT,
    "InvalidEniId.NotFound": ErrorKind.NETWORK_INTERFACE_ABSENT,
    # A state of one address or of the network interface that may pass by itself.
    "IncorrectPrivateIpAddressStatus": ErrorKind.CONFLICT,
    "Operation.Conflict": ErrorKind.CONFLICT,
    # About a state of the network interface or its instance.
    "InvalidOperation.InvalidEniStatus": ErrorKind.NETWORK_INTERFACE_STATUS,
    "InvalidOperation.InvalidEnsStatus": ErrorKind.NETWORK_INTERFACE_REFUSED,
    "InvalidOperation.InstanceNotSupport": ErrorKind.NETWORK_INTERFACE_REFUSED,
    "IncorrectInstanceStatus": ErrorKind.NETWORK_INTERFACE_REFUSED,
    # Says nothing but that some back end failed, before or after the change.
    "ens.interface.error": ErrorKind.AMBIGUOUS,
    "InternalError": ErrorKind.AMBIGUOUS,
    "InternalFailure": ErrorKind.AMBIGUOUS,
    "ServiceUnavailable": ErrorKind.AMBIGUOUS,
    "ServiceUnavailableTemporary": ErrorKind.AMBIGUOUS,
    # A lower layer sent the same bytes twice: the first of them may have been carried out.
    "SignatureNonceUsed": ErrorKind.AMBIGUOUS,
    # These end in .NotFound as well and mean that nothing is known about the resource.
    "InvalidAccessKeyId.NotFound": ErrorKind.AUTH,
    "InvalidAccessKeyId.Inactive": ErrorKind.AUTH,
    "SignatureDoesNotMatch": ErrorKind.AUTH,
    "IncompleteSignature": ErrorKind.AUTH,
    "InvalidTimeStamp.Expired": ErrorKind.AUTH,
    "InvalidTimeStamp.Format": ErrorKind.AUTH,
    "NoPermission": ErrorKind.AUTH,
    "MissingSecurityToken": ErrorKind.AUTH,
}
#: Of valid credentials that lack a permission, and of a clock that is too far off.
DENIED_PREFIXES = ("NoPermission", "Forbidden")
CLOCK_PREFIXES = ("InvalidTimeStamp",)
_AUTH_PREFIXES = ("InvalidAccessKeyId", "InvalidSecurityToken", "SecurityToken", "Forbidden")


def classify(code: str | None, status: int) -> ErrorKind:
    """Return the kind of a refusal from its code; the HTTP status decides only where there is no known code."""
    # Whatever comes with it: a front end that counts calls knows no codes, or gives them with any other.
    if status == 429 or not code:
        return kind_without_code(status)
    if code in _KINDS:
        return _KINDS[code]
    if "Throttling" in code:
        return ErrorKind.THROTTLED
    if code.startswith(_AUTH_PREFIXES):
        return ErrorKind.AUTH
    return ErrorKind.AMBIGUOUS if status >= 500 else ErrorKind.REFUSED
