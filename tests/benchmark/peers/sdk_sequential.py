# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plain script with the official SDK: list, unassign one network interface after another, read again."""

from __future__ import annotations

import time

from .clouds import PAGE_SIZE, connect, read_options


def main() -> None:
    options = read_options()
    cloud = connect(options)
    started = time.monotonic()
    found: dict[str, list[str]] = {}
    number, total = 0, 1
    while len(found) < min(total, options.count):
        number += 1
        page, total = cloud.page(number)
        found.update(page)
    work = dict(list(found.items())[: options.count])
    for identifier, addresses in work.items():
        cloud.unassign(identifier, addresses)
    identifiers = list(work)
    for start in range(0, len(identifiers), PAGE_SIZE):
        left = cloud.read(identifiers[start : start + PAGE_SIZE])
        if any(set(left[identifier]) & set(work[identifier]) for identifier in left):
            raise SystemExit("not everything is gone")
    print(time.monotonic() - started)


if __name__ == "__main__":
    main()
