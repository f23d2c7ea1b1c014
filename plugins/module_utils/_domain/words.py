# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists in messages: short, whatever their length."""

from __future__ import annotations

import typing as t

_SHOWN = 3


def first_few(items: t.Iterable[str]) -> str:
    """Return the first items, each once, and how many there are besides."""
    different = list(dict.fromkeys(items))
    more = f" and {len(different) - _SHOWN} more" if len(different) > _SHOWN else ""
    return ", ".join(different[:_SHOWN]) + more
