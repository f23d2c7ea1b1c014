# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads files to which several runs append lines, and of which a killed one may have left a line unfinished."""

from __future__ import annotations

import json
import typing as t


def read_objects(path: str) -> t.Iterator[dict[str, t.Any]]:
    """Yield the JSON objects of a file, oldest first; passes over lines that are none.

    :raises OSError: the file cannot be read.
    """
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(entry, dict):
                yield entry
