# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Words: lists and values in messages, short whatever their length, and texts that nothing can hold."""

from __future__ import annotations

import typing as t

_SHOWN = 3
_LONGEST_VALUE = 60


def first_few(items: t.Iterable[str]) -> str:
    """Return the first items, each once, and how many there are besides."""
    different = list(dict.fromkeys(items))
    more = f" and {len(different) - _SHOWN} more" if len(different) > _SHOWN else ""
    return ", ".join(different[:_SHOWN]) + more


def quoted(value: t.Any) -> str:
    """Return a user's value between quotes, with no more than its beginning where it is long."""
    text = str(value)
    return f"'{text}'" if len(text) <= _LONGEST_VALUE else f"'{text[: _LONGEST_VALUE - 1]}…'"


def bad_character(value: t.Any) -> str | None:
    """Return which character of a text in the value, however deep, no file or request can have; None if there is none.

    ansible-core makes half a character of each byte that it cannot decode.
    """
    if isinstance(value, str):
        if "\0" in value:
            return "a NUL character"
        return "a character that is not whole" if any("\ud800" <= c <= "\udfff" for c in value) else None
    if isinstance(value, t.Mapping):
        return bad_character([*value.keys(), *value.values()])
    if isinstance(value, (list, tuple)):
        return next(filter(None, map(bad_character, value)), None)
    return None
