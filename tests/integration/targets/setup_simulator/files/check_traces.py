# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check all traces in a directory against the history of the simulator: every call is in them, and nothing secret.

Usage: python check_traces.py DIRECTORY SIMULATOR_URL CALLS_OF_THE_KILLED

A run that was killed leaves out the calls that it waited for: the last argument is how many those are at most.
"""

from __future__ import annotations

import collections
import json
import pathlib
import sys
import urllib.request

from ansible_collections.edgecloud.nic.plugins.module_utils._http.trace import read_trace
from ansible_collections.edgecloud.nic.tests.unit.trace import canaries


def problems(directory: pathlib.Path, url: str, calls_of_the_killed: int) -> list[str]:
    """List what is wrong with the traces."""
    without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with without_proxy.open(f"{url}/_simulator/history", timeout=10) as answer:
        history = json.load(answer)
    traces = sorted(directory.rglob("trace.jsonl"))
    lines = [line for trace in traces for line in read_trace(str(trace))]
    reached = [line for line in lines if line["event"] == "call" and (line["error"] or {}).get("kind") != "not_sent"]
    traced = collections.Counter(line["action"] for line in reached)
    logged = collections.Counter(history["counts"])
    print(f"{len(traces)} traces, {len(reached)} calls; {len(history['secrets'])} secrets looked for")
    found = [
        f"{trace} has a secret, written as {form}"
        for trace in traces
        for _secret, form in canaries.found(trace, *history["secrets"])
    ]
    if not reached:
        found.append("no call was traced")
    if traced - logged:
        found.append(f"traced, and not logged: {dict(traced - logged)}")
    if sum((logged - traced).values()) > calls_of_the_killed:
        found.append(f"logged, and not traced: {dict(logged - traced)}")
    begun, ended = (sum(line["event"] == event for line in lines) for event in ("run_started", "run_ended"))
    if begun != ended and not calls_of_the_killed:
        found.append(f"{begun} runs began, and {ended} ended")
    return found


if __name__ == "__main__":
    sys.exit("\n".join(problems(pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))) or None)
