# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hides secrets in what a task tells: up to 2.21, ansible-core does so for modules, and then in its display only."""

from __future__ import annotations

import collections.abc
import re
import typing as t

try:
    # Hides them in whatever else is displayed, too.
    from ansible.module_utils.secrets import register_secrets
except ImportError:  # ansible-core 2.21

    def register_secrets(values: t.Iterable[str], /) -> None:
        """Do nothing."""


_WHOLE = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
_PART = "*" * 8


def hide(value: t.Any, secrets: t.AbstractSet[str]) -> t.Any:
    """Return a copy of the value, a task's result or a part of one, with no secret in it; flags stay what they are."""
    if not secrets:
        return value
    register_secrets(secrets)
    part = re.compile("|".join(re.escape(secret) for secret in sorted(secrets, key=len, reverse=True)))

    def hidden(item: t.Any) -> t.Any:
        if isinstance(item, str):
            return _WHOLE if item in secrets else part.sub(_PART, item)
        if isinstance(item, collections.abc.Mapping):
            return {key: hidden(entry) for key, entry in item.items()}
        if isinstance(item, (list, tuple)):
            return [hidden(entry) for entry in item]
        if isinstance(item, (int, float)) and not isinstance(item, bool) and part.search(str(item)):
            return _WHOLE
        return item

    return hidden(value)
