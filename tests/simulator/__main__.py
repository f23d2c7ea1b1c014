# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Command line: ``python -m ansible_collections.edgecloud.nic.tests.simulator --help``."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import pathlib
import signal
import sys

from .estate import DEMO, read_document
from .schema import EstateError
from .simulator import LOOPBACK, serve
from .world import World


def main() -> int:
    """Serve until a signal says to stop."""
    parser = argparse.ArgumentParser(
        prog="simulator", description="Simulate Alibaba Cloud ENS and Zenlayer ZEC on loopback."
    )
    parser.add_argument("--port", type=int, default=8089, help="port to listen on; 0 picks a free one (default: 8089)")
    parser.add_argument("--estate", type=pathlib.Path, default=DEMO, help="estate file (default: the demo estate)")
    parser.add_argument("--ready-file", type=pathlib.Path, help="write the URL into this file once the port is open")
    parser.add_argument("--pid-file", type=pathlib.Path, help="write the process id into this file")
    parser.add_argument("--log-level", default="warning", choices=["debug", "info", "warning", "error"])
    options = parser.parse_args()
    logging.basicConfig(level=options.log_level.upper())
    try:
        world = World(read_document(options.estate))
        asyncio.run(_serve_until_stopped(world, options))
    except (EstateError, OSError) as exc:
        print(f"simulator: {exc}", file=sys.stderr)
        return 1
    return 0


async def _serve_until_stopped(world: World, options: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    runner, port = await serve(world, options.port)
    files = [path for path in (options.pid_file, options.ready_file) if path is not None]
    try:
        url = f"http://{LOOPBACK}:{port}"
        print(_greeting(world, url), flush=True)
        if options.pid_file is not None:
            options.pid_file.write_text(f"{os.getpid()}\n", encoding="utf-8")
        if options.ready_file is not None:
            options.ready_file.write_text(f"{url}\n", encoding="utf-8")
        await stopped.wait()
    finally:
        await runner.cleanup()
        for path in files:
            path.unlink(missing_ok=True)


def _greeting(world: World, url: str) -> str:
    """Say where it listens and how to sign in: made-up credentials, good for nothing else."""
    parts = []
    for cloud, state in world.states.items():
        account = next((known for known in state.estate.accounts if known.access_key_id), None)
        if account is not None:
            parts.append(f"{cloud}: {account.access_key_id} / {account.access_key_secret}")
    return f"Simulated clouds at {url} ({'; '.join(parts)})"


if __name__ == "__main__":
    sys.exit(main())
