# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong between a request and a readable answer."""

from __future__ import annotations

import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import NicError


class HttpError(NicError):
    """No usable answer. C(str()) names the host and the cause, never a URL, a header or a secret."""


class NotSentError(HttpError):
    """The request did not reach the server, so it cannot have had an effect."""


class TlsError(NotSentError):
    """The server's certificate was refused; trying again cannot help."""


class NoAnswerError(HttpError):
    """The request may have reached the server: time-out, reset, or an answer that breaks off."""


class UnreadableAnswerError(HttpError):
    """An answer came, and it is not the JSON object that it ought to be.

    :param headers: of the answer; names in any case.
    :param content: what came in its place.
    """

    def __init__(self, message: str, status: int, headers: t.Mapping[str, str], content: bytes) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        self.content = content
