# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths as users write them."""

from __future__ import annotations

import os

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError


def own_path(path: str, option: str) -> str:
    """Return the path with the home directory in the place of C(~).

    :raises InputError: no file system can have it.
    """
    if not path:
        raise InputError(option, "is empty")
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        raise InputError(option, "has a character that no path can have") from None
    if "\0" in path:
        raise InputError(option, "has a NUL character, which no path can have")
    return os.path.expanduser(path)
