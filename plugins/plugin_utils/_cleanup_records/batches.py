# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Batches: how a plan is carried out, so that there is a line of progress now and then."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import FAILING_OUTCOMES
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import Json, RefusedError, keys

#: Network interfaces in a batch: how many, or a share of the plan such as C(10%).
Size = t.Union[int, str]
_NUMBER = re.compile(r"[0-9]{1,9}(%?)", re.ASCII)


def read_size(value: t.Any, name: str) -> Size | list[Size]:
    """Return a size of batches, or the sizes of a ramp.

    :param value: as somebody has written it: a list is a ramp, and so is a text with commas.
    :param name: of the variable.
    :raises RefusedError: it is none, such as a share of nothing.
    """
    if isinstance(value, str) and "," in value:
        value = value.split(",")
    if isinstance(value, list) and value:
        return [_read_entry(entry, name) for entry in value]
    return _read_entry(value, name)


def _read_entry(value: t.Any, name: str) -> Size:
    match = None if isinstance(value, bool) else _NUMBER.fullmatch(str(value))
    if match and match[1] and 1 <= int(match[0][:-1]) <= 100:
        return match[0]
    if match and not match[1] and int(match[0]) >= 1:
        return int(match[0])
    raise RefusedError(
        f"{name} must be 1 or more, a share from 1% to 100%, or a list of such as serial has it, and has {value!r}"
    )


def split(targets: t.Sequence[Json], size: Size | t.Sequence[Size], planned: int | None = None) -> list[Json]:
    """Return the targets in batches, each with what its line of progress says.

    :param size: of all batches; or of each, as C(serial) has them, where the last one repeats.
    :param planned: how many network interfaces a share is one of; by default as many as there are targets.
    :returns: C(done) network interfaces of C(total) after it, its own C(addresses), and how many are C(left) of C(all).
    """
    sizes = [size] if isinstance(size, (int, str)) else size
    count = left = len(keys(targets))
    batches: list[Json] = []
    start = 0
    while start < len(targets):
        entry = sizes[min(len(batches), len(sizes) - 1)]
        # A share as ansible-core reckons one of serial.
        length = entry if isinstance(entry, int) else int(int(entry[:-1]) / 100.0 * (planned or len(targets))) or 1
        batch = list(targets[start : start + length])
        addresses = len(keys(batch))
        left -= addresses
        batches.append(
            {
                "done": start + len(batch),
                "total": len(targets),
                "addresses": addresses,
                "left": left,
                "all": count,
                "targets": batch,
            }
        )
        start += length
    return batches


def is_settled(result: Json) -> bool:
    """Tell whether a batch left nothing open.

    :param result: of the cleanup module, which may be lost.
    """
    if result.get("failed") or result.get("outcomes") is None:
        return False
    return not any(entry[outcome] for entry in result["outcomes"] for outcome in FAILING_OUTCOMES)
