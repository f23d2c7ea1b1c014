# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs Python with the given arguments, and writes to a file what it and all that it started took, as JSON.

Usage: memory.py FILE ARGUMENT...

C(peak_bytes) is the most memory that one of these processes had, C(processor_seconds) what all of them worked.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path


def main() -> int:
    returncode = subprocess.run([sys.executable, *sys.argv[2:]], check=False).returncode
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = {"peak_bytes": usage.ru_maxrss * 1024, "processor_seconds": usage.ru_utime + usage.ru_stime}
    Path(sys.argv[1]).write_text(json.dumps(taken), encoding="utf-8")
    return returncode


if __name__ == "__main__":
    sys.exit(main())
