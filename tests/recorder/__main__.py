# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Command line: ``python -m ansible_collections.edgecloud.nic.tests.recorder --help``."""

from __future__ import annotations

import argparse
import sys

from .recording import TraceError, record, write


def main() -> int:
    """Turn a trace into a recording."""
    parser = argparse.ArgumentParser(
        prog="recorder", description="Turn a run of a trace into a recording that the unit tests replay."
    )
    parser.add_argument("trace", help="file that the option trace has named")
    parser.add_argument("recording", help="file to write")
    parser.add_argument("--run", help="id of the run (default: the only one)")
    parser.add_argument("--note", default="", help="what is to be seen in it")
    options = parser.parse_args()
    try:
        recording = record(options.trace, options.run, options.note)
        write(recording, options.recording)
    except (TraceError, OSError) as exc:
        print(f"recorder: {exc}", file=sys.stderr)
        return 1
    print(f"{len(recording['calls'])} calls")
    return 0


if __name__ == "__main__":
    sys.exit(main())
