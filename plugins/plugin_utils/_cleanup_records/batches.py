# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Batches: how a plan is carried out, so that there is a line of progress now and then."""

from __future__ import annotations

import typing as t

from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import Json, keys


def split(targets: t.Sequence[Json], size: int) -> list[Json]:
    """Return the targets in batches of so many network interfaces, each with what its line of progress says.

    :returns: C(done) network interfaces of C(total) after it, its own C(addresses), and how many are C(left) of C(all).
    """
    count = left = len(keys(targets))
    batches = []
    for start in range(0, len(targets), size):
        batch = list(targets[start : start + size])
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
    return batches
