# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors this collection raises on purpose; everything else is a bug."""

from __future__ import annotations

import typing as t


class NicError(Exception):
    """A failure that the user can read and act on; C(str()) is one clear sentence without secrets."""


class InputError(NicError):
    """What the user wrote cannot be carried out; raised before any call that changes something.

    :param option: the option at fault, named first in the message.
    """

    def __init__(self, option: str, message: str) -> None:
        super().__init__(f"{option}: {message}")
        self.option = option


class MissingLibraryError(NicError):
    """A Python library that the collection needs cannot be imported by the interpreter in use.

    :param library: the name on the package index.
    :param traceback: the text of the import error.
    """

    def __init__(self, library: str, traceback: str) -> None:
        super().__init__(f"the Python library {library} is missing")
        self.library = library
        self.traceback = traceback


class TaskFailedError(NicError):
    """The task failed, and this is what really happened until then.

    :param result: the module's result, complete but for C(failed) and C(msg).
    """

    def __init__(self, message: str, result: dict[str, t.Any]) -> None:
        super().__init__(message)
        self.result = result
