# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The official SDK in a thread pool: every step side by side, one client for all threads."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from .clouds import PAGE_SIZE, connect, read_options


def main() -> None:
    options = read_options()
    cloud = connect(options)
    started = time.monotonic()
    found, total = cloud.page(1)
    with ThreadPoolExecutor(options.width) as pool:
        pages = -(-min(total, options.count) // PAGE_SIZE)
        for page, _total in pool.map(cloud.page, range(2, pages + 1)):
            found.update(page)
        work = dict(list(found.items())[: options.count])
        list(pool.map(cloud.unassign, work.keys(), work.values()))
        identifiers = list(work)
        batches = [identifiers[start : start + PAGE_SIZE] for start in range(0, len(identifiers), PAGE_SIZE)]
        for left in pool.map(cloud.read, batches):
            if any(set(left[identifier]) & set(work[identifier]) for identifier in left):
                raise SystemExit("not everything is gone")
    print(time.monotonic() - started)


if __name__ == "__main__":
    main()
