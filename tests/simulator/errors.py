# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exceptions that an answer can be."""

from __future__ import annotations


class ApiError(Exception):
    """A refusal, as the cloud words it: HTTP status, error code, message and perhaps headers."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


class WebPageError(Exception):
    """A refusal by what is in front of the cloud: a web page with this status and these headers."""

    def __init__(self, status: int, headers: dict[str, str]) -> None:
        super().__init__(f"{status} as a web page")
        self.status = status
        self.headers = headers
