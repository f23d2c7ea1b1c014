# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What refusals mean. Promise 7: only the exact codes that mean "gone" count as gone."""

from __future__ import annotations

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.ens.errors import CODES as ENS_CODES
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import (
    IN_DOUBT,
    TRY_AGAIN,
    ApiError,
    ErrorKind,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.zec.errors import CODES as ZEC_CODES
from hypothesis import example, given
from hypothesis import strategies as st

GONE = {ErrorKind.ADDRESS_ABSENT, ErrorKind.NETWORK_INTERFACE_ABSENT}
ENS_GONE = {"InvalidPrivateIpAddress.NotFound", "InvalidEniId.NotFound"}
ZEC_GONE = {"INVALID_NIC_NOT_FOUND", "OPERATION_FAILED_RESOURCE_NOT_FOUND"}

ENS_TABLE = [
    ("InvalidPrivateIpAddress.NotFound", 400, ErrorKind.ADDRESS_ABSENT),
    ("InvalidEniId.NotFound", 400, ErrorKind.NETWORK_INTERFACE_ABSENT),
    ("InvalidEniId.NotFound", 404, ErrorKind.NETWORK_INTERFACE_ABSENT),
    ("IncorrectPrivateIpAddressStatus", 400, ErrorKind.CONFLICT),
    ("Operation.Conflict", 400, ErrorKind.CONFLICT),
    ("Throttling", 400, ErrorKind.THROTTLED),
    ("Throttling.User", 400, ErrorKind.THROTTLED),
    ("Throttling.Api", 503, ErrorKind.THROTTLED),
    ("Rejected.Throttling", 400, ErrorKind.THROTTLED),
    ("AnyThing", 429, ErrorKind.THROTTLED),
    (None, 429, ErrorKind.THROTTLED),
    ("NoPermission", 429, ErrorKind.THROTTLED),
    ("ens.interface.error", 400, ErrorKind.AMBIGUOUS),
    ("InternalError", 500, ErrorKind.AMBIGUOUS),
    ("InternalFailure", 400, ErrorKind.AMBIGUOUS),
    ("ServiceUnavailable", 503, ErrorKind.AMBIGUOUS),
    ("ServiceUnavailableTemporary", 503, ErrorKind.AMBIGUOUS),
    ("SignatureNonceUsed", 400, ErrorKind.AMBIGUOUS),
    ("NeverHeardOf", 500, ErrorKind.AMBIGUOUS),
    ("InvalidAccessKeyId.NotFound", 400, ErrorKind.AUTH),
    ("InvalidAccessKeyId.NotFound", 404, ErrorKind.AUTH),
    ("InvalidAccessKeyId.Inactive", 400, ErrorKind.AUTH),
    ("SignatureDoesNotMatch", 400, ErrorKind.AUTH),
    ("IncompleteSignature", 400, ErrorKind.AUTH),
    ("InvalidTimeStamp.Expired", 400, ErrorKind.AUTH),
    ("InvalidTimeStamp.Format", 400, ErrorKind.AUTH),
    ("NoPermission", 400, ErrorKind.AUTH),
    ("Forbidden.RAM", 403, ErrorKind.AUTH),
    ("InvalidSecurityToken.Expired", 400, ErrorKind.AUTH),
    ("InvalidSecurityToken.MismatchWithAccessKey", 400, ErrorKind.AUTH),
    (None, 401, ErrorKind.AUTH),
    (None, 403, ErrorKind.AUTH),
    (None, 451, ErrorKind.AUTH),
    ("MissingNetworkInterfaceId", 400, ErrorKind.REFUSED),
    ("InvalidPrivateIpAddress", 400, ErrorKind.REFUSED),
    ("InvalidParameter.EniServiceManaged", 400, ErrorKind.REFUSED),
    ("InvalidProduct.NotFound", 404, ErrorKind.REFUSED),
    ("InvalidApi.NotFound", 404, ErrorKind.REFUSED),
    # What ECS says even of a primary address; no code of ENS.
    ("InvalidIp.IpUnassigned", 403, ErrorKind.REFUSED),
    (None, 404, ErrorKind.NO_ANSWER),
    (None, 502, ErrorKind.NO_ANSWER),
    (None, 200, ErrorKind.NO_ANSWER),
]
ZEC_TABLE = [
    ("INVALID_NIC_NOT_FOUND", 404, ErrorKind.NETWORK_INTERFACE_ABSENT),
    ("INVALID_NIC_NOT_FOUND", 400, ErrorKind.NETWORK_INTERFACE_ABSENT),
    ("OPERATION_FAILED_RESOURCE_NOT_FOUND", 404, ErrorKind.NETWORK_INTERFACE_ABSENT),
    ("INVALID_NIC_STATUS", 400, ErrorKind.NETWORK_INTERFACE_STATUS),
    ("REQUEST_LIMIT_EXCEEDED", 429, ErrorKind.THROTTLED),
    ("REQUEST_LIMIT_EXCEEDED", 400, ErrorKind.THROTTLED),
    ("ANY_THING", 429, ErrorKind.THROTTLED),
    (None, 429, ErrorKind.THROTTLED),
    ("INVALID_NIC_NOT_FOUND", 429, ErrorKind.THROTTLED),
    ("INTERNAL_SERVER_ERROR", 500, ErrorKind.AMBIGUOUS),
    ("SERVICE_TEMPORARY_UNAVAILABLE", 503, ErrorKind.AMBIGUOUS),
    ("REQUEST_TIMED_OUT", 504, ErrorKind.AMBIGUOUS),
    ("INVALID_OPERATION_TIMEOUT", 400, ErrorKind.AMBIGUOUS),
    ("NEVER_HEARD_OF", 500, ErrorKind.AMBIGUOUS),
    ("AUTHFAILURE_INVALID_AUTHORIZATION", 401, ErrorKind.AUTH),
    ("AUTHFAILURE_SIGNATURE_EXPIRED", 500, ErrorKind.AUTH),
    ("AUTHFAILURE_UNAUTHORIZED_OPERATION", 403, ErrorKind.AUTH),
    (None, 401, ErrorKind.AUTH),
    (None, 403, ErrorKind.AUTH),
    (None, 451, ErrorKind.AUTH),
    ("INVALID_NIC_LB_ASSOCIATED", 409, ErrorKind.IN_USE),
    ("INVALID_NIC_HAS_PUBLIC_IP_CANT_DETACH", 409, ErrorKind.IN_USE),
    ("INVALID_NIC_PRIMARY_IP_CANT_DETACH", 409, ErrorKind.REFUSED),
    ("MISSING_PARAMETER", 400, ErrorKind.REFUSED),
    ("INVALID_PARAMETER_TYPE", 400, ErrorKind.REFUSED),
    # Success or absence to other clients, or absence of something else.
    ("OPERATION_DENIED_NIC_NOT_EXIST_INSTANCE", 404, ErrorKind.REFUSED),
    ("OPERATION_FAILED_RESOURCE_GROUP_NOT_FOUND", 404, ErrorKind.REFUSED),
    # A 500 that is final.
    ("OPERATION_DENIED_EIP_STATUS_NOT_SUPPORT", 500, ErrorKind.REFUSED),
    ("INVALID_NIC_LB_ASSOCIATED", 500, ErrorKind.IN_USE),
    ("OPERATION_DENIED_INSTANCE_STATUS_NOT_SUPPORT", 403, ErrorKind.NETWORK_INTERFACE_REFUSED),
    (None, 404, ErrorKind.NO_ANSWER),
    (None, 502, ErrorKind.NO_ANSWER),
]


@pytest.mark.parametrize(("code", "status", "kind"), ENS_TABLE)
def test_ens(code, status, kind):
    assert ENS_CODES.classify(code, status) is kind


@pytest.mark.parametrize(("code", "status", "kind"), ZEC_TABLE)
def test_zec(code, status, kind):
    assert ZEC_CODES.classify(code, status) is kind


_WORDS = ["Invalid", "EniId", "PrivateIpAddress", "AccessKeyId", "NotFound", ".", "_", "NIC", "NOT_FOUND", "RESOURCE"]
_CODES = st.one_of(
    st.none(),
    st.text(max_size=30),
    st.lists(st.sampled_from(_WORDS), max_size=5).map("".join),
    st.sampled_from(sorted(ENS_GONE | ZEC_GONE)).flatmap(
        lambda code: st.sampled_from([code + ".", code.lower(), code.swapcase(), " " + code, code[:-1], code + "s"])
    ),
)
_STATUSES = st.one_of(st.sampled_from([200, 204, 400, 403, 404, 409, 410, 429, 500, 503]), st.integers(100, 599))


@given(_CODES, _STATUSES)
@example("InvalidAccessKeyId.NotFound", 404)
@example("InvalidInstanceId.NotFound", 404)
@example("INVALID_SUBNET_NOT_FOUND", 404)
@example(None, 404)
@example(None, 410)
def test_no_other_code_and_no_status_means_gone(code, status):
    assert (ENS_CODES.classify(code, status) in GONE) == (code in ENS_GONE and status != 429)
    assert (ZEC_CODES.classify(code, status) in GONE) == (code in ZEC_GONE and status != 429)


@given(_CODES, st.integers(500, 599))
def test_an_unknown_server_error_never_counts_as_having_had_no_effect(code, status):
    """But for codes that say themselves that the cloud refused."""
    for classify, known in ((ENS_CODES.classify, ENS_TABLE), (ZEC_CODES.classify, ZEC_TABLE)):
        said = {row[0] for row in known} - {None}
        if code in said or (code or "").startswith(("Invalid", "Forbidden", "Security", "INVALID_", "AUTHFAILURE_")):
            continue
        kind = classify(code, status)
        assert kind in IN_DOUBT or kind in TRY_AGAIN or (code is None and status == 451)


def test_the_kinds_that_may_be_sent_again_and_those_in_doubt_are_apart():
    assert not IN_DOUBT & TRY_AGAIN
    assert {ErrorKind.THROTTLED, ErrorKind.NOT_SENT} == TRY_AGAIN
    assert {ErrorKind.AMBIGUOUS, ErrorKind.NO_ANSWER} == IN_DOUBT


def test_an_error_reads_as_a_sentence_with_what_support_asks_for():
    error = ApiError("Do", ErrorKind.REFUSED, "No.", code="Code.X", status=400, request_id="R-1")
    assert str(error) == "Do: Code.X: No. (HTTP 400, request id R-1)"
    assert str(ApiError("Do", ErrorKind.NO_ANSWER, "no answer within 3 s")) == "Do: no answer within 3 s"
