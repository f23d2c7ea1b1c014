# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Long runs, and what the process that works has meanwhile: memory, threads, sockets and files; see ``make soak``."""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import dataclasses
import functools
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.edgecloud.nic.tests.benchmark.report import RESULTS_HEAD, results, surroundings
from ansible_collections.edgecloud.nic.tests.benchmark.stage import ACCOUNTS, ADDRESSES, Stage
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import PLAYBOOK, settings
from ansible_collections.edgecloud.nic.tests.unit.action.processes import family

from . import tried
from .steps import command_line
from .worker import Told, Worker

_MODULES = "ansible_collections.edgecloud.nic.plugins.modules"
_WRITES = {"ens": "UnassignPrivateIpAddresses", "zec": "UnassignNetworkInterfaceIpv4"}
_LOOK = 0.1
#: Bytes by which the memory of a process goes up and down without having lost anything.
NOISE = 2**20
#: The same for what is counted: connections come and go with the pace.
FEW = 2
#: Fewer samples of a third tell nothing.
_ENOUGH = 3


@dataclasses.dataclass(frozen=True)
class Sample:
    """What a process has after so many items.

    :param has: bytes of C(memory), and how many C(threads), C(sockets) and other C(files).
    """

    items: int
    has: dict[str, int]


def sample(pid: int, items: int) -> Sample | None:
    """Look at a process; None where it is no more."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        fields = dict(line.split(":", 1) for line in status.splitlines())
        links = [_target(path) for path in Path(f"/proc/{pid}/fd").iterdir()]
        memory = int(fields["VmRSS"].split()[0]) * 1024
    except (OSError, KeyError):
        return None
    sockets = sum(link.startswith("socket:") for link in links)
    files = sum(bool(link) for link in links) - sockets
    return Sample(items, {"memory": memory, "threads": int(fields["Threads"]), "sockets": sockets, "files": files})


def _target(link: Path) -> str:
    """Tell where a link leads; nowhere if it is gone by now."""
    try:
        return os.readlink(link)
    except FileNotFoundError:
        return ""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """How much there was of something in the middle third of the items, and in the last one.

    :param allowed: how much more it may be.
    """

    what: str
    middle: float
    last: float
    allowed: float

    @property
    def flat(self) -> bool:
        return self.last - self.middle <= self.allowed

    def __str__(self) -> str:
        unit, digits = (1e6, 1) if self.what == "memory" else (1, 0)
        figures = (f"{value / unit:.{digits}f}" for value in (self.middle, self.last, self.allowed))
        text = "{} → {} (≤ +{})".format(*figures)
        return text if self.flat else f"**{text}**"


def judge(samples: list[Sample], bytes_per_item: int = 0) -> list[Verdict]:
    """Hold the last third of the items against the middle one: what begins and what warms up is in the first.

    :param bytes_per_item: memory that may be kept of each, since the result has to tell of it.
    :returns: nothing where there are too few samples to tell.
    """
    end = max((one.items for one in samples), default=0)
    middle = [one for one in samples if end <= 3 * one.items < 2 * end]
    last = [one for one in samples if 2 * end <= 3 * one.items and one.items < end]
    if min(len(middle), len(last)) < _ENOUGH:
        return []
    between = statistics.median(one.items for one in last) - statistics.median(one.items for one in middle)
    allowed = {"memory": NOISE + bytes_per_item * between}
    return [
        Verdict(
            what,
            statistics.median(one.has[what] for one in middle),
            statistics.median(one.has[what] for one in last),
            allowed.get(what, FEW),
        )
        for what in samples[0].has
    ]


@dataclasses.dataclass(frozen=True)
class Part:
    """A long run.

    :param items: how many at full size, and in a small form.
    :param bytes_per_item: see C(judge).
    :param run: does so many of them, and gives the samples.
    """

    what: str
    items: tuple[int, int]
    bytes_per_item: int
    run: Callable[[Soak, int], list[Sample]]


class WentWrongError(Exception):
    """A run did not do what it is to do."""


class Soak:
    """Both clouds, and the processes that are looked at."""

    def __init__(self, stage: Stage, directory: Path) -> None:
        self.stage, self.directory = stage, directory
        self._before = 0
        self._cloud = ""

    def load(self, cloud: str, network_interfaces: int, throttle: dict[str, Any] | None = None) -> list[str]:
        """Set up so many network interfaces, and give their ids."""
        self._cloud = cloud
        self.stage.load(network_interfaces, 0.001, clouds=[cloud], throttle=throttle or {})
        self._before = 0
        self._before = self.items()
        return list(self.stage.left(cloud))

    def options(self, cloud: str) -> dict[str, Any]:
        """Give what leads to a cloud."""
        key, secret = ACCOUNTS[cloud]
        return {"endpoint": self.stage.url, "access_key_id": key, "access_key_secret": secret}

    def items(self) -> int:
        """Tell how many calls that remove something there were."""
        return self.stage.counts()[_WRITES[self._cloud]] - self._before

    def watch(self, over: Callable[[], object], which: Callable[[], int]) -> list[Sample]:
        """Look at a process again and again, until it is over."""
        samples = []
        while not over():
            samples.append(self._look(which(), self.items()))
            time.sleep(_LOOK)
        return self._seen(samples)

    def _look(self, pid: int, items: int) -> Sample | None:
        """Look at a process, and at what it leaves beside the reports; those of earlier plans are to stay."""
        seen = sample(pid, items)
        left = [path for path in self.directory.glob("reports/*") if not path.name.startswith("report-")]
        return seen and Sample(items, {**seen.has, "records": len(left)})

    def _seen(self, samples: list[Sample | None]) -> list[Sample]:
        left = self.stage.left(self._cloud)
        if left:
            raise WentWrongError(f"{len(left)} network interfaces still have addresses")
        return [one for one in samples if one is not None]

    # --- What runs ---------------------------------------------------------------------------------------------------

    def module(self, cloud: str, count: int, concurrency: int, throttle: dict[str, Any] | None = None) -> list[Sample]:
        """Let the cleanup module remove everything, in a process of its own as ansible-core starts one."""
        self.load(cloud, count, throttle)
        more = {"all_network_interfaces": True, "max_unassign": count * ADDRESSES, "concurrency": concurrency}
        given = self.directory / "options.json"
        given.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {**self.options(cloud), **more}}), encoding="utf-8")
        with given.open() as options, (self.directory / "result.json").open("w+") as result:
            command = [sys.executable, "-m", f"{_MODULES}.{cloud}_private_ip_cleanup"]
            environment = settings(self.directory, NO_PROXY="*")
            with subprocess.Popen(command, stdin=options, stdout=result, env=environment) as process:
                samples = self.watch(lambda: process.poll() is not None, lambda: process.pid)
            result.seek(0)
            summary = json.load(result)["summary"]
        if throttle and summary["throttled_calls"] == 0:
            raise WentWrongError("nothing was throttled")
        return samples

    def tasks(self, cloud: str, count: int) -> list[Sample]:
        """Let a process carry out the one-NIC module's task for one network interface after the other."""
        options = self.options(cloud)
        return self._acts(
            self.load(cloud, count),
            lambda worker, nic: worker.act(
                {
                    "action": f"edgecloud.nic.{cloud}_private_ip",
                    "arguments": {**options, "network_interface_id": nic, "all_secondary": True, "state": "absent"},
                }
            ),
        )

    def records(self, count: int) -> list[Sample]:
        """Let a process carry out the tasks of the role for one network interface after the other, with one journal."""
        options = self.options("zec")
        return self._acts(self.load("zec", count), lambda worker, nic: worker.act_role(options, _variables(nic)))

    def _acts(self, nics: list[str], carry_out: Callable[[Worker, str], Told]) -> list[Sample]:
        samples = []
        with Worker(self.directory) as worker:
            for number, nic in enumerate(nics):
                told = carry_out(worker, nic)
                if told.traceback or not told.result["changed"]:
                    raise WentWrongError(f"{told.traceback or told.result}")
                samples.append(self._look(worker.pid, number))
        return self._seen(samples)

    def loop(self, cloud: str, count: int) -> list[Sample]:
        """Let the one-NIC module be looped over by ansible-playbook, whose worker carries out all of the loop."""
        nics = self.load(cloud, count)
        task = {
            f"edgecloud.nic.{cloud}_private_ip": {
                **self.options(cloud),
                "network_interface_id": "{{ item }}",
                "all_secondary": True,
                "state": "absent",
            },
            "loop": nics,
            "loop_control": {"label": ""},
        }
        with self._playbook([task]) as process:
            return self.watch(lambda: process.poll() is not None, lambda: _worker_of(process.pid))

    def includes(self, count: int) -> list[Sample]:
        """Let ansible-playbook include the role again and again, with one journal, and look at its own process."""
        nics = self.load("zec", count)
        role = {
            "ansible.builtin.include_role": {"name": "edgecloud.nic.private_ip_cleanup"},
            "vars": {f"private_ip_cleanup_{name}": value for name, value in _variables("{{ item }}").items()},
            "loop": nics,
        }
        with self._playbook([role]) as process:
            return self.watch(lambda: process.poll() is not None, lambda: process.pid)

    @contextlib.contextmanager
    def _playbook(self, tasks: list[dict[str, Any]]) -> Iterator[subprocess.Popen[bytes]]:
        defaults = {"group/edgecloud.nic.all": self.options(self._cloud)}
        play = {"hosts": "localhost", "gather_facts": False, "module_defaults": defaults, "tasks": tasks}
        file = self.directory / "playbook.yml"
        file.write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
        with (self.directory / "output.txt").open("w+") as output:
            process = subprocess.Popen(
                [*PLAYBOOK, str(file)],
                cwd=self.directory,
                env=settings(self.directory, NO_PROXY="*"),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            with process:
                yield process
            output.seek(0)
            if process.returncode:
                raise WentWrongError(f"ended with {process.returncode}: {output.read()[-2000:]}")


def _variables(nic: str) -> dict[str, Any]:
    return {"provider": "zec", "mode": "apply", "network_interface_ids": [nic], "report_dir": "reports"}


def _worker_of(playbook: int) -> int:
    """Give the process that carries out the task: the oldest that the playbook has forked."""
    same = command_line(playbook)
    return min((pid for pid in family(playbook) - {playbook} if command_line(pid) == same), default=0)


#: What a cleanup has to remember of a network interface with five addresses until the result is told.
_OUTCOME = 2000
#: What ansible-core keeps of an item until the loop is over.
_ITEM = 16_000

PARTS: dict[str, Part] = {
    "addresses": Part(
        "200,000 addresses in one task of the cleanup module",
        (40_000, 2_000),
        _OUTCOME,
        lambda soak, count: soak.module("zec", count, 10),
    ),
    "windows": Part(
        "an hour of windows, each 30 times shorter: 240 of 0.5 s, and 100 removals in each",
        (24_000, 1_500),
        _OUTCOME,
        lambda soak, count: soak.module("ens", count, 10, {"write": {"limit": 100, "window": 0.5}}),
    ),
    "workers": Part(
        "64 calls in flight in one task of the cleanup module",
        (20_000, 3_000),
        _OUTCOME,
        lambda soak, count: soak.module("zec", count, 64),
    ),
    "records": Part(
        "the role's tasks in one process, run after run, with one journal",
        (500, 20),
        0,
        Soak.records,
    ),
    "includes": Part(
        "ansible-playbook that includes the role again and again, with one journal",
        (100, 12),
        0,
        Soak.includes,
    ),
    "loop": Part(
        "a worker of ansible-playbook that loops over the one-NIC module",
        (5_000, 300),
        _ITEM,
        lambda soak, count: soak.loop("ens", count),
    ),
    "tasks": Part(
        "the one-NIC module's task in one process, again and again",
        (5_000, 300),
        0,
        lambda soak, count: soak.tasks("zec", count),
    ),
}
#: What a table has of each part.
_HEAD = ("run", "items", "samples", "memory in MB", "threads", "sockets", "files", "records")


def soak(name: str, small: bool) -> tuple[tuple[str, ...], bool]:
    """Do a part; returns its line of the table, and whether all is flat."""
    part = PARTS[name]
    count = part.items[small]
    with tempfile.TemporaryDirectory(prefix="edgecloud-nic-soak.") as directory, Stage(Path(directory)) as stage:
        try:
            samples = part.run(Soak(stage, Path(directory)), count)
        except WentWrongError as error:
            return (part.what, f"{count:,}", f"**{error}**", *[""] * 5), False
    verdicts = judge(samples, part.bytes_per_item)
    told = [str(one) for one in verdicts] or ["**too few samples**", *[""] * 4]
    return (part.what, f"{count:,}", f"{len(samples):,}", *told), bool(verdicts) and all(one.flat for one in verdicts)


def text(about: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    """Word the table in Markdown."""
    introduction = (
        "`make soak` wrote this on the simulator. Of the process that works it has how much there was in the middle "
        "third of the items, how much in the last one, and how much more that may be. For memory that is "
        f"{NOISE / 1e6:.1f} MB, and what has to be kept: {_OUTCOME:,} bytes for each network interface of a cleanup, "
        f"{_ITEM:,} for each item of a loop. Records are the files beside the reports, without those of earlier plans."
    )
    return results("Soak", introduction, about, _HEAD, rows)


def main() -> int:
    """Fails where something grows, or a run does not do all that it is to do."""
    parser = argparse.ArgumentParser(prog="soak", description="Look for what grows in long runs.")
    parser.add_argument("parts", nargs="*", metavar=f"{{{','.join(PARTS)}}}", help="all by default")
    parser.add_argument("--small", action="store_true", help="far less of it; all the rest together write soak.md")
    arguments = parser.parse_args()
    about = surroundings()
    small = functools.partial(soak, small=arguments.small)
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        done = list(pool.map(small, arguments.parts or PARTS))
    told = text(about, [row for row, _flat in done])
    print(told)
    if not arguments.small and not arguments.parts:
        tried.SOAK.write_text(RESULTS_HEAD + told, encoding="utf-8")
        tried.write()
    return 0 if all(flat for _row, flat in done) else 1


if __name__ == "__main__":
    sys.exit(main())
