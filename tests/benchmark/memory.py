# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs Python with the given arguments, and writes the peak of its memory, in bytes, to a file.

Usage: memory.py FILE ARGUMENT...
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path


def main() -> int:
    returncode = subprocess.run([sys.executable, *sys.argv[2:]], check=False).returncode
    kibibytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    Path(sys.argv[1]).write_text(str(kibibytes * 1024), encoding="utf-8")
    return returncode


if __name__ == "__main__":
    sys.exit(main())
