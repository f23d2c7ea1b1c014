# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cloud's refusal means for a client. Clouds are told apart here by nothing but their tables of exact codes."""

from __future__ import annotations

import enum
import re
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import NicError


class ErrorKind(enum.Enum):
    """The classes of reference table E; the value is the reason in words."""

    ADDRESS_ABSENT = "the address is not on the network interface"
    NETWORK_INTERFACE_ABSENT = "there is no such network interface"
    REFUSED = "the cloud refuses"
    IN_USE = "the cloud says that something uses the address"
    CONFLICT = "the cloud refuses for now"
    NETWORK_INTERFACE_REFUSED = "the cloud refuses everything on the network interface"
    NETWORK_INTERFACE_STATUS = "the network interface's status forbids it"
    THROTTLED = "too many calls"
    AMBIGUOUS = "the answer does not tell whether the call had an effect"
    NO_ANSWER = "no readable answer"
    NOT_SENT = "the request did not reach the cloud"
    AUTH = "the cloud refuses the credentials"
    STOPPED = "the run was stopped before the request was sent"


#: The call may have had an effect: read again before anything is sent again.
IN_DOUBT = frozenset({ErrorKind.AMBIGUOUS, ErrorKind.NO_ANSWER})
#: The cloud says that something is not there, which a read has to confirm.
ABSENT = frozenset({ErrorKind.ADDRESS_ABSENT, ErrorKind.NETWORK_INTERFACE_ABSENT})
#: No part of the call was carried out, whatever it named.
NEVER_CARRIED_OUT = frozenset({ErrorKind.THROTTLED, ErrorKind.AUTH, ErrorKind.NOT_SENT, ErrorKind.STOPPED})
#: By the vendor's page the refusal holds for the network interface, whatever addresses are named.
WHOLE_NETWORK_INTERFACE = frozenset({ErrorKind.NETWORK_INTERFACE_REFUSED, ErrorKind.NETWORK_INTERFACE_STATUS})
#: The call had no effect and may have one later.
TRY_AGAIN = frozenset({ErrorKind.THROTTLED, ErrorKind.NOT_SENT})


def kind_without_code(status: int) -> ErrorKind:
    """Return the kind of an answer that has no error code of the cloud, only a status: a web page, say.

    Status 429 is given before anything is carried out. 401, 403 and 451 are what front ends and proxies refuse with.
    """
    if status == 429:
        return ErrorKind.THROTTLED
    return ErrorKind.AUTH if status in (401, 403, 451) else ErrorKind.NO_ANSWER


class ErrorCodes(t.NamedTuple):
    """What a cloud's error codes mean.

    :param kinds: of exact codes.
    :param patterns: kinds of the other codes in which a regular expression is found; the first one counts.
    :param use_kinds: what uses an address that is refused with a code of the kind IN_USE, in the words of
        C(Use.kind).
    """

    kinds: t.Mapping[str, ErrorKind]
    patterns: t.Mapping[str, ErrorKind] = {}
    use_kinds: t.Mapping[str, str] = {}

    def classify(self, code: str | None, status: int) -> ErrorKind:
        """Return the kind of a refusal from its code; the HTTP status decides only where there is no known code."""
        # Whatever comes with it: a front end that counts calls knows no codes, or gives them with any other.
        if status == 429 or not code:
            return kind_without_code(status)
        if code in self.kinds:
            return self.kinds[code]
        found = (kind for pattern, kind in self.patterns.items() if re.search(pattern, code))
        return next(found, ErrorKind.AMBIGUOUS if status >= 500 else ErrorKind.REFUSED)


class ApiError(NicError):
    """A call that did not succeed.

    :param action: the API action.
    :param code: the cloud's error code; None where the answer had none.
    :param detail: the cloud's message, or ours about the transport.
    :param retry_after: seconds that the cloud asks to wait.
    :param final: repeating the call cannot help, whatever its kind (a refused TLS certificate).
    :param use_kind: of an IN_USE error, what uses the address, in the words of C(Use.kind).
    :param overloaded: the server had too much to do, so that calls are to be sent more slowly, whatever the kind.

    C(overtaken) tells whether other calls of the same action got through meanwhile.
    """

    def __init__(
        self,
        action: str,
        kind: ErrorKind,
        detail: str,
        *,
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        final: bool = False,
        overloaded: bool = False,
        use_kind: str = "",
    ) -> None:
        facts = [f"HTTP {status}" if status and code else "", f"request id {request_id}" if request_id else ""]
        facts = [fact for fact in facts if fact]
        super().__init__(
            f"{action}: {code + ': ' if code else ''}{detail}{' (' + ', '.join(facts) + ')' if facts else ''}"
        )
        self.action = action
        self.kind = kind
        self.code = code
        self.detail = detail
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        self.final = final
        self.overloaded = overloaded or kind is ErrorKind.THROTTLED
        self.overtaken = False
        self.use_kind = use_kind

    def with_more(self, more: str) -> ApiError:
        """Return the same error, of which is said more."""
        return ApiError(
            self.action,
            self.kind,
            f"{self.detail}; {more}",
            code=self.code,
            status=self.status,
            request_id=self.request_id,
            final=self.final,
        )
