# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of the benchmark: what is run, what must be right about it, and how fast it should be."""

from __future__ import annotations

import contextlib
import json
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .commands import HERE, Commands, PlaybookRun, Task, WrongRunError, expect
from .relay import Relay
from .report import Measurement, Report, Verdict
from .stage import ACCOUNTS, ADDRESSES, Stage, seconds_in_cloud

CLOUDS = tuple(ACCOUNTS)
LATENCY = 0.05
CONCURRENCY = 10
ESTATE = 1000
#: Network interfaces that are read or asked for by one call.
BATCH = 50
#: What is close to its target is measured so often; the median counts.
REPEATS = 3
#: So many items of a loop tell how long each of them takes.
ITEMS = 20
READ = "DescribeNetworkInterfaces"
#: One list per kind of user in a VPC or region or, on ENS, everywhere, and there what is in the network.
LOOK_UPS = {"ens": 7, "zec": 5}
#: What the role leaves in its directory.
REPORTS = ("report.json", "report.csv", "report.html", "journal.jsonl")


@dataclass(frozen=True)
class Cleanup:
    """One run of a cleanup module through ansible-playbook."""

    task: Task
    command_seconds: float
    calls: list[dict[str, Any]]

    @property
    def seconds(self) -> float:
        return float(self.task.summary["seconds"])


@dataclass(frozen=True)
class RoleRun:
    """One run of the role through ansible-playbook.

    :param seconds: what its modules took.
    :param tasks: which tasks took how long, those left out that hardly took any time.
    """

    seconds: float
    command_seconds: float
    calls: list[dict[str, Any]]
    tasks: str


class Rows:
    """Runs rows and keeps what one row may need of another."""

    def __init__(self, stage: Stage, commands: Commands, report: Report) -> None:
        self._stage = stage
        self._commands = commands
        self._report = report
        self._cleanups: dict[str, Cleanup] = {}
        self._loops: dict[str, tuple[Measurement, list[dict[str, Any]]]] = {}
        #: What each row runs, and on which clouds.
        self.all: dict[str, tuple[Callable[[str], None], tuple[str, ...]]] = {
            "A": (self.thousand, CLOUDS),
            "B": (self.nothing_left, CLOUDS),
            "C": (self.throttled, CLOUDS),
            "D": (self.growth, ("zec",)),
            "E": (self.large, ("zec",)),
            "F": (self.loop_in_process, CLOUDS),
            "G": (self.one, CLOUDS),
            "H": (self.role, ("zec",)),
            "I": (self.scopes, ("zec",)),
            "J": (self.window, CLOUDS),
            "K": (self.outage, CLOUDS),
            "L": (self.web_pages, CLOUDS),
            "M": (self.dead_endpoint, CLOUDS),
            "N": (self.thirty_two, CLOUDS),
            "O": (self.million, ("zec",)),
        }

    # A

    def thousand(self, cloud: str) -> None:
        """1,000 network interfaces, next to everything else that does the same."""
        module, pool = self._against_pool("A", cloud, CONCURRENCY)
        self._cleanups[cloud] = module
        self._sequential_script(cloud)
        in_process, _calls = self._loop(cloud)
        loops = [self._loop_of_processes(cloud)]
        if cloud == "zec":
            loops.append(self._loop_of_uri())
        floor = len(module.calls) * LATENCY / CONCURRENCY
        self._add("A", cloud, "floor: calls x latency / concurrency", ESTATE, floor, calls=len(module.calls))
        work = f"{ESTATE:,} NICs x {ADDRESSES} addresses, {CONCURRENCY} calls in flight"
        ratio = module.seconds / floor
        self._verdict("A", cloud, work, "≤ 1.25 x floor", f"{ratio:.2f} x floor", ratio <= 1.25)
        ahead = f"{module.seconds:.2f} s, SDK {pool:.2f} s"
        self._verdict("A", cloud, work, "ahead of the SDK's thread pool", ahead, module.seconds < pool)
        for loop in loops:
            # The task as the playbook sees it, for both.
            factor = loop.per_network_interface / (module.task.seconds / ESTATE)
            self._verdict("A", cloud, f"{work}: {loop.who}", "≥ 50 x faster per NIC", f"{factor:.0f} x", factor >= 50)
        factor = in_process.per_network_interface / (module.task.seconds / ESTATE)
        self._verdict("A", cloud, f"{work}: {in_process.who}", "none", f"{factor:.0f} x", None)

    def _against_pool(self, row: str, cloud: str, concurrency: int) -> tuple[Cleanup, float]:
        """Run the module and the SDK's thread pool by turns; gives the medians."""
        modules, pools = [], []
        for _turn in range(REPEATS):
            modules.append(self._clean(cloud, ESTATE, concurrency=concurrency))
            self._stage.load(ESTATE, LATENCY)
            pools.append((*self._commands.peer("sdk_pool", cloud, ESTATE, concurrency), len(self._stage.calls())))
            self._expect_clean(f"{row} {cloud}: SDK, thread pool", cloud, 0)
        module = sorted(modules, key=lambda run: run.seconds)[REPEATS // 2]
        command, seconds, calls = sorted(pools, key=lambda run: run[1])[REPEATS // 2]
        note = f"median of {REPEATS}"
        self._add(row, cloud, "cleanup module", ESTATE, module.seconds, module.command_seconds, len(module.calls), note)
        who = f"official SDK, {concurrency} threads"
        self._add(row, cloud, who, ESTATE, seconds, command, calls, f"{note}; no in-use check")
        return module, seconds

    def _sequential_script(self, cloud: str) -> None:
        self._stage.load(ITEMS, LATENCY)
        command, seconds = self._commands.peer("sdk_sequential", cloud, ITEMS)
        self._expect_clean(f"A {cloud}: SDK, plain script", cloud, 0)
        calls = len(self._stage.calls())
        note = self._extrapolated(seconds) + "; no in-use check"
        self._add("A", cloud, "official SDK, plain script", ITEMS, seconds, command, calls, note)

    def _loop_of_processes(self, cloud: str) -> Measurement:
        self._stage.load(ITEMS, LATENCY)
        identifiers = list(self._stage.left(cloud))
        variables: dict[str, Any] = {"network_interface_ids": identifiers, "edgecloud_nic_in_process": False}
        run = self._commands.playbook(f"loop_{cloud}", **variables)
        task = self._looped(f"A {cloud}: loop of processes", cloud, run)
        who = "loop of the single-NIC module, a process per item"
        note = self._extrapolated(task.seconds)
        return self._add("A", cloud, who, ITEMS, task.seconds, run.seconds, len(self._stage.calls()), note)

    def _loop_of_uri(self) -> Measurement:
        self._stage.load(ITEMS, LATENCY)
        targets = [
            {"network_interface_id": identifier, "private_ip_addresses": addresses}
            for identifier, addresses in self._stage.left("zec").items()
        ]
        run = self._commands.playbook("loop_uri", targets=targets)
        task = self._first("A zec: loop of uri", run)
        expect(not task.failed, "A zec: loop of uri: an item failed")
        self._expect_clean("A zec: loop of uri", "zec", 0)
        note = f"{self._extrapolated(task.seconds)}; writes only, neither reads before nor after"
        who = "loop of ansible.builtin.uri"
        return self._add("A", "zec", who, ITEMS, task.seconds, run.seconds, len(self._stage.calls()), note)

    @staticmethod
    def _extrapolated(seconds: float) -> str:
        return f"about {seconds / ITEMS * ESTATE:,.0f} s for {ESTATE:,} NICs, extrapolated"

    # B

    def nothing_left(self, cloud: str) -> None:
        """A second run finds nothing to do."""
        self._clean(cloud, ESTATE, latency=0)
        self._stage.set_latency(LATENCY)
        self._stage.forget_calls()
        run = self._commands.playbook(f"cleanup_{cloud}", max_unassign=0, concurrency=CONCURRENCY)
        calls = self._stage.calls()
        task = self._first(f"B {cloud}", run)
        expect(not task.changed and not task.failed, f"B {cloud}: {task.msg or 'changed'}")
        reads = ESTATE // BATCH
        expect([call["action"] for call in calls] == [READ] * reads, f"B {cloud}: not just {reads} reads")
        seconds = task.summary["seconds"]
        beyond = seconds - reads * LATENCY / CONCURRENCY
        self._add("B", cloud, "cleanup module, nothing left to do", ESTATE, seconds, run.seconds, len(calls))
        target = f"{reads} reads, no write, ≤ 1 s beyond their floor"
        self._verdict("B", cloud, "the same again", target, f"{len(calls)} reads, {beyond:.2f} s", beyond <= 1)

    # C

    def throttled(self, cloud: str) -> None:
        """The cloud allows 50 writes a second, and 10 at once."""
        rate, burst = 50, 10
        run = self._clean(cloud, ESTATE, throttle={"write": {"rate": rate, "burst": burst}})
        writes = [call for call in run.calls if call["write"]]
        done = [call["started"] for call in writes if call["applied"]]
        # What the cloud's own bucket would have let through at best in the same time.
        share = (len(done) - burst) / rate / (max(done) - min(done))
        refused = 1 - len(done) / len(writes)
        self._add("C", cloud, "cleanup module", ESTATE, run.seconds, run.command_seconds, len(run.calls))
        work = f"{ESTATE:,} NICs, {rate} writes/s allowed, burst {burst}"
        self._verdict("C", cloud, work, "≥ 90 % of the allowed rate", f"{share:.1%}", share >= 0.9)
        self._verdict("C", cloud, work, "≤ 5 % of writes throttled", f"{refused:.1%}", refused <= 0.05)

    # D

    def growth(self, cloud: str) -> None:
        """Ten times as many network interfaces."""
        small = self._cleanups.get(cloud) or self._clean(cloud, ESTATE)
        large = self._clean(cloud, 10 * ESTATE)
        self._add("D", cloud, "cleanup module", 10 * ESTATE, large.seconds, large.command_seconds, len(large.calls))
        growth = large.seconds / small.seconds
        work = f"{ESTATE:,} → {10 * ESTATE:,} NICs"
        self._verdict("D", cloud, work, "time grows ≤ 11 x", f"{growth:.1f} x", growth <= 11)
        calls = len(large.calls) / len(small.calls)
        self._verdict("D", cloud, work, "API calls grow ≤ 10 x", f"{calls:.2f} x", calls <= 10)

    # E

    def large(self, cloud: str) -> None:
        """Memory."""
        count, concurrency, latency = 20_000, 32, 0.002
        run = self._clean(cloud, count, latency=latency, concurrency=concurrency, measured="module")
        note = f"{latency * 1000:g} ms a call, {concurrency} in flight; with the result through ansible-playbook"
        self._add("E", cloud, "cleanup module", count, run.seconds, run.command_seconds, len(run.calls), note)
        peak = self._commands.taken()["peak_bytes"]
        work = f"{count:,} NICs x {ADDRESSES} addresses"
        target = "peak of the module process ≤ 200 MB"
        self._verdict("E", cloud, work, target, f"{peak / 1e6:.0f} MB", peak <= 200e6)
        handled = run.task.network_interfaces
        self._verdict("E", cloud, work, "result handled by ansible-playbook", f"{handled:,} entries", handled == count)

    # F

    def loop_in_process(self, cloud: str) -> None:
        """A loop over the single-NIC module, in the worker process."""
        loop, calls = self._loop(cloud)
        items = loop.network_interfaces
        way = self._stage.seconds_of_the_way()
        with_api = seconds_in_cloud(calls, way)
        beyond = (loop.own_seconds - with_api) / items
        on_the_way = (with_api - seconds_in_cloud(calls)) / items
        measured = (
            f"{beyond * 1000:.1f} ms; API time {with_api / items * 1000:.0f} ms, {on_the_way * 1000:.1f} ms of it on "
            "the way there and back"
        )
        work = f"loop of the single-NIC module over {items} NICs"
        self._verdict("F", cloud, work, "≤ 18 ms per item beyond its API time", measured, beyond <= 0.018)

    def _loop(self, cloud: str) -> tuple[Measurement, list[dict[str, Any]]]:
        """Give the loop and its calls."""
        if cloud not in self._loops:
            items = 200
            self._stage.load(items, LATENCY)
            identifiers = list(self._stage.left(cloud))
            run = self._commands.playbook(f"loop_{cloud}", network_interface_ids=identifiers)
            task = self._looped(f"F {cloud}", cloud, run)
            calls = self._stage.calls()
            who, note = "loop of the single-NIC module, in process", f"{len(calls) / items:g} calls for each item"
            loop = self._add("F", cloud, who, items, task.seconds, run.seconds, len(calls), note)
            self._loops[cloud] = loop, calls
        return self._loops[cloud]

    # G

    def one(self, cloud: str) -> None:
        """One network interface from the command line."""
        times = 5
        self._stage.load(2 * times, LATENCY)
        addresses = self._stage.left("zec")
        uri, module, calls = [], [], []
        for number, identifier in enumerate(list(self._stage.left(cloud))[:times]):
            self._stage.forget_calls()
            options = {"endpoint": self._stage.url, "network_interface_id": identifier}
            wish = {"state": "absent", "all_secondary": True}
            module.append(self._commands.ad_hoc(f"edgecloud.nic.{cloud}_private_ip", {**options, **wish}))
            calls.append(self._stage.calls())
            other = list(addresses)[times + number]
            uri.append(self._commands.ad_hoc("ansible.builtin.uri", self._uri(other, addresses[other])))
        # On ZEC the other half was for uri.
        self._expect_clean(f"G {cloud}: ad hoc", cloud, 0 if cloud == "zec" else times)
        ours, theirs = statistics.median(module), statistics.median(uri)
        note = f"median of {times}"
        self._add("G", cloud, "single-NIC module, ad hoc", 1, ours, ours, len(calls[-1]), note)
        self._add("G", cloud, "ansible.builtin.uri, ad hoc, one call", 1, theirs, theirs, 1, note)
        allowed = theirs + statistics.median(map(seconds_in_cloud, calls))
        target = "≤ one uri call + the module's API time"
        self._verdict("G", cloud, "one NIC, ad hoc", target, f"{ours:.2f} s of {allowed:.2f} s", ours <= allowed)

    def _uri(self, identifier: str, addresses: list[str]) -> dict[str, Any]:
        return {
            "url": f"{self._stage.url}/api/v2/zec",
            "method": "POST",
            "headers": self._stage.zec_headers("UnassignNetworkInterfaceIpv4"),
            "body_format": "json",
            "body": {"nicId": identifier, "ipAddresses": addresses},
            "use_proxy": False,
        }

    # H

    def role(self, cloud: str) -> None:
        """The role with its reports, next to the bare module; by turns, as both take what the machine gives."""
        count, turns = 2 * ESTATE, 2
        bare, role = [], []
        for _turn in range(turns):
            bare.append(self._clean(cloud, count))
            role.append(self._clean_with_role(cloud, count))
        module, run = bare[-1], role[-1]
        theirs = statistics.mean(one.command_seconds for one in bare)
        ours = statistics.mean(one.command_seconds for one in role)
        note = f"the command is the mean of {turns}"
        self._add("H", cloud, "cleanup module", count, module.seconds, theirs, len(module.calls), note)
        note = f"{note}; tasks of the last: {run.tasks}"
        self._add("H", cloud, "role private_ip_cleanup, mode apply", count, run.seconds, ours, len(run.calls), note)
        work = f"{count:,} NICs x {ADDRESSES} addresses, role with reports, whole commands"
        measured = f"{ours / theirs:.2f} x, {ours:.2f} s of {theirs:.2f} s"
        self._verdict("H", cloud, work, "≤ 1.3 x the bare module", measured, ours <= 1.3 * theirs)

    def _clean_with_role(self, cloud: str, count: int) -> RoleRun:
        """Run the role on a fresh estate and see that it did all of it and recorded all of it."""
        self._stage.load(count, LATENCY)
        with tempfile.TemporaryDirectory(prefix="edgecloud-nic-bench.") as directory:
            run = self._commands.playbook(
                f"role_{cloud}", max_unassign=count * ADDRESSES, concurrency=CONCURRENCY, report_dir=directory
            )
            totals = self._reported(f"H {cloud}: role", Path(directory), count, run)
        calls = self._stage.calls()
        self._expect_clean(f"H {cloud}: role", cloud, 0)
        writes = sum(call["write"] for call in calls)
        expect(writes == count, f"H {cloud}: role: {writes} writes")
        told = sum(totals["api_calls"].values())
        expect(told == len(calls), f"H {cloud}: role: {len(calls)} calls, {told} in the report")
        long = [task for task in run.tasks if task.seconds >= 0.1]
        tasks = ", ".join(f"{task.task.rpartition(' : ')[2]} {task.seconds:.2f} s" for task in long)
        return RoleRun(totals["seconds"], run.seconds, calls, tasks)

    # I

    def scopes(self, cloud: str) -> None:
        """The playbook over twenty scopes, ten at a time and one after another."""
        scopes = 20
        seconds = {}
        for forks in (10, 1):
            self._stage.load(ESTATE, LATENCY, vpcs=scopes)
            with self._clean_scopes(f"I {cloud}: forks {forks}", cloud, scopes, ESTATE // scopes, forks) as (_at, run):
                calls = self._stage.calls()
                who, own = f"playbook edgecloud.nic.cleanup, forks {forks}", seconds_in_cloud(calls)
                note = f"{scopes} scopes; own seconds are those with a call at the cloud"
                self._add("I", cloud, who, ESTATE, own, run.seconds, len(calls), note)
                seconds[forks] = run.seconds
        work = f"playbook over {scopes} scopes of {ESTATE // scopes} NICs"
        measured = f"{seconds[10]:.2f} s, forks 1 {seconds[1]:.2f} s"
        self._verdict("I", cloud, work, "forks 10 ahead of forks 1", measured, seconds[10] < seconds[1])

    @contextlib.contextmanager
    def _clean_scopes(
        self, where: str, cloud: str, scopes: int, count: int, forks: int, **options: Any
    ) -> Iterator[tuple[Path, PlaybookRun]]:
        """Run the playbook over the first scopes of the estate and see that it did and recorded all of them.

        :param count: network interfaces that each of them has.
        :param options: of the command, or variables.
        :returns: where its records lie meanwhile, and the run.
        """
        names = [f"scope-{number}" for number in range(1, scopes + 1)]
        with tempfile.TemporaryDirectory(prefix="edgecloud-nic-bench.") as directory:
            run = self._commands.playbook(
                "edgecloud.nic.cleanup",
                f"--inventory={HERE / 'inventory' / 'scopes.yml'}",
                f"--forks={forks}",
                cleanup_hosts=",".join(names),
                private_ip_cleanup_mode="apply",
                private_ip_cleanup_max_unassign=count * ADDRESSES,
                private_ip_cleanup_report_dir=directory,
                **options,
            )
            for name in names:
                self._reported(where, Path(directory, name), count, run)
            self._expect_clean(where, cloud, 0)
            yield Path(directory), run

    # J

    def window(self, cloud: str) -> None:
        """The cloud allows 100 writes in 15 seconds."""
        count, limit, seconds = 200, 100, 15
        ideal = (count / limit - 1) * seconds
        for sliding in (False, True):
            throttle = {"write": {"limit": limit, "window": seconds, "sliding": sliding}}
            run = self._clean(cloud, count, throttle=throttle)
            kind = "sliding" if sliding else "fixed"
            note = f"{kind} window, {run.task.summary['throttled_calls']} calls throttled"
            self._add("J", cloud, "cleanup module", count, run.seconds, run.command_seconds, len(run.calls), note)
            work = f"{count} NICs, {limit} writes in {seconds} s allowed, {kind} window"
            ratio = run.seconds / ideal
            self._verdict("J", cloud, work, "≤ 1.3 x ideal", f"{ratio:.2f} x, {run.seconds:.1f} s", ratio <= 1.3)

    # K

    def outage(self, cloud: str) -> None:
        """Every write is refused for 12 seconds, and then none."""
        count, before, seconds = 300, 60, 12
        free = self._clean(cloud, count)
        run = self._clean(cloud, count, throttle={"write": {"closed_after": before, "closed_for": seconds}})
        note = f"{run.task.summary['throttled_calls']} calls throttled"
        self._add("K", cloud, "cleanup module, unthrottled", count, free.seconds, free.command_seconds, len(free.calls))
        self._add("K", cloud, "cleanup module", count, run.seconds, run.command_seconds, len(run.calls), note)
        late = run.seconds - seconds - free.seconds
        work = f"{count} NICs, after {before} writes none for {seconds} s"
        target = "≤ 5 s later than outage and work"
        self._verdict("K", cloud, work, target, f"{late:.1f} s later", late <= 5)

    # L

    def web_pages(self, cloud: str) -> None:
        """A front end refuses with web pages what is above 30 writes a second."""
        count, rate = 300, 30
        seconds = {}
        for name, status in (("JSON", None), ("HTML 429", 429), ("HTML 503", 503)):
            where = f"L {cloud}: {name}"
            throttle = {"write": {"rate": rate, "burst": 5, "page_status": status}}
            self._stage.load(count, LATENCY, throttle=throttle)
            run = self._commands.playbook(f"cleanup_{cloud}", max_unassign=count * ADDRESSES, concurrency=CONCURRENCY)
            task = self._first(where, run)
            expect(task.summary["unassigned"] == count * ADDRESSES, f"{where}: {task.msg or task.summary}")
            self._expect_clean(where, cloud, 0)
            calls = self._stage.calls()
            writes = [call for call in calls if call["write"]]
            refused = len(writes) - count
            told = task.summary["throttled_calls"]
            expect(told == refused, f"{where}: {refused} calls refused, {told} in the summary")
            seconds[name] = task.summary["seconds"]
            note = f"throttled by {name}: {refused} of {len(writes)} writes"
            self._add("L", cloud, "cleanup module", count, seconds[name], run.seconds, len(calls), note)
        for name in ("HTML 429", "HTML 503"):
            ratio = seconds[name] / seconds["JSON"]
            work = f"{count} NICs, {rate} writes/s allowed, the others {name}"
            self._verdict("L", cloud, work, "≤ 1.15 x JSON, nothing unknown", f"{ratio:.2f} x", ratio <= 1.15)

    # M

    def dead_endpoint(self, cloud: str) -> None:
        """What leads to the cloud goes away in the middle."""
        count, requests = 300, 60
        self._stage.load(count, LATENCY)
        with Relay(self._stage.host_port, requests) as relay:
            run = self._commands.playbook(
                f"cleanup_{cloud}", endpoint=relay.url, max_unassign=count * ADDRESSES, concurrency=CONCURRENCY
            )
            ended = time.monotonic()
            expect(relay.cut_at is not None, f"M {cloud}: the relay was not cut")
            seconds = ended - (relay.cut_at or ended)
        task = self._first(f"M {cloud}", run)
        expect(task.failed, f"M {cloud}: not failed")
        arrived = len(self._stage.calls())
        attempts = sum(task.summary["api_calls"].values()) - arrived
        own, note = task.summary["seconds"], f"{attempts} calls did not arrive"
        self._add("M", cloud, "cleanup module", count, own, run.seconds, arrived, note)
        work = f"{count} NICs, the way to the cloud is gone after {requests} calls"
        # Of connect_timeout and retry_max_delay.
        told = f"{seconds:.1f} s until the command ended"
        self._verdict("M", cloud, work, "told within 80 s", told, seconds <= 80)
        self._verdict("M", cloud, work, "< 50 attempts", f"{attempts}", attempts < 50)

    # N

    def thirty_two(self, cloud: str) -> None:
        """1,000 network interfaces, 32 calls in flight."""
        module, pool = self._against_pool("N", cloud, 32)
        work = f"{ESTATE:,} NICs x {ADDRESSES} addresses, 32 calls in flight"
        ahead = f"{module.seconds:.2f} s, SDK {pool:.2f} s"
        self._verdict("N", cloud, work, "ahead of the SDK's thread pool", ahead, module.seconds < pool)

    # O

    def million(self, cloud: str, count: int = 20_000) -> None:
        """A million addresses in ten scopes, two of them at a time.

        The simulator shares the processor with them, so that ten scopes are held against as much of the same: in
        processor time (of ansible-playbook and its workers, not of the simulator) against ten times one scope alone,
        which has a core for itself, and in time against five times two scopes side by side, which have not.
        """
        latency, forks = 0.002, 2
        seconds, worked, peaks, opened = {}, {}, {}, None
        for scopes in (1, forks, 10):
            where = f"O {cloud}: {scopes} scopes"
            self._stage.load(scopes * count, latency, vpcs=scopes, clouds=[cloud])
            before = self._stage.counts()
            options = {"measured": "command", "limit": 3600, "private_ip_cleanup_concurrency": 32}
            with self._clean_scopes(where, cloud, scopes, count, forks, **options) as (records, run):
                calls = (self._stage.counts() - before).total()
                taken = self._commands.taken()
                opened = self._opened_in(records / "index.html") if scopes == 10 else None
            seconds[scopes], worked[scopes], peaks[scopes] = (
                run.seconds,
                taken["processor_seconds"],
                taken["peak_bytes"],
            )
            who = f"playbook edgecloud.nic.cleanup, {scopes} scopes at forks {forks}"
            note = (
                f"{latency * 1000:g} ms a call; {worked[scopes]:.0f} s of processor time, {peaks[scopes] / 1e6:.0f} MB"
            )
            self._add("O", cloud, who, scopes * count, run.seconds, run.seconds, calls, note)
        work = f"playbook over 10 scopes of {count:,} NICs x {ADDRESSES} addresses, forks {forks}"
        peak = max(peaks.values())
        target = "peak of each process ≤ 250 MB"
        self._verdict("O", cloud, work, target, f"{peak / 1e6:.0f} MB", peak <= 250e6)
        for target, factor, figures, few in (
            ("processor time ≤ 1.1 x 10 x one scope alone", 10, worked, 1),
            ("time ≤ 1.1 x 5 x two scopes side by side", 5, seconds, forks),
        ):
            ratio = figures[10] / (factor * figures[few])
            measured = f"{ratio:.2f} x, {figures[10]:.0f} s of {factor} x {figures[few]:.0f} s"
            self._verdict("O", cloud, work, target, measured, ratio <= 1.1)
        told = "no Chromium here" if opened is None else f"{opened:.0f} ms"
        self._verdict("O", cloud, work, "overview opens in ≤ 2 s", told, None if opened is None else opened <= 2000)

    @staticmethod
    def _opened_in(page: Path) -> float | None:
        """Tell how many milliseconds a browser needs to open a page; None where there is no browser."""
        # It needs selenium, and nothing else here does.
        from ansible_collections.edgecloud.nic.tests.browser import page as browser  # noqa: PLC0415

        if not browser.installed():
            return None
        with tempfile.TemporaryDirectory(prefix="edgecloud-nic-bench.") as profile:
            driver = browser.start(Path(profile))
            try:
                shown = browser.Page(driver)
                shown.open(page)
                return shown.opened_in()
            finally:
                driver.quit()

    # What several rows need

    @staticmethod
    def _reported(where: str, directory: Path, count: int, run: PlaybookRun) -> dict[str, Any]:
        """See that all reports are there and that every address was unassigned; gives the totals."""
        missing = [name for name in REPORTS if not (directory / name).is_file()]
        expect(not missing, f"{where}: {', '.join(missing)} missing: {run.output.strip()}")
        report = json.loads((directory / "report.json").read_text(encoding="utf-8"))
        totals: dict[str, Any] = report["totals"]
        outcomes = Counter(address["outcome"] for address in report["addresses"])
        expect(outcomes == {"unassigned": count * ADDRESSES}, f"{where}: outcomes {dict(outcomes)}")
        expect(totals["unassigned"] == count * ADDRESSES, f"{where}: totals {totals}")
        return totals

    def _clean(
        self,
        cloud: str,
        count: int,
        latency: float = LATENCY,
        concurrency: int = CONCURRENCY,
        measured: str | None = None,
        **settings: Any,
    ) -> Cleanup:
        """Run the cleanup module on a fresh estate and see that it did all of it, in the calls that it takes."""
        self._stage.load(count, latency, **settings)
        run = self._commands.playbook(
            f"cleanup_{cloud}", measured=measured, max_unassign=count * ADDRESSES, concurrency=concurrency
        )
        calls = self._stage.calls()
        where = f"{cloud}, {count:,} NICs"
        task = self._first(where, run)
        expect(task.changed and not task.failed, f"{where}: {task.msg or 'not changed'}")
        self._expect_clean(where, cloud, 0)
        counted = {action: sum(call["action"] == action for call in calls) for action in {c["action"] for c in calls}}
        expect(counted == task.summary["api_calls"], f"{where}: calls {counted} are not those of summary")
        writes = sum(call["write"] and call["code"] is None for call in calls)
        expect(writes == count, f"{where}: {writes} writes")
        reads, look_ups = 2 * -(-count // BATCH), LOOK_UPS[cloud]
        others = sum(not call["write"] for call in calls) - counted.get(READ, 0)
        expect(counted.get(READ) == reads, f"{where}: {counted.get(READ)} reads instead of {reads}")
        expect(others <= look_ups, f"{where}: {others} look-ups instead of {look_ups}")
        return Cleanup(task, run.seconds, calls)

    @staticmethod
    def _first(where: str, run: PlaybookRun) -> Task:
        """Give the only task; without its result there is nothing to go on with."""
        if not run.tasks or not (run.tasks[0].summary or run.tasks[0].items):
            raise WrongRunError(f"{where}: {run.output.strip()}")
        return run.tasks[0]

    def _looped(self, where: str, cloud: str, run: PlaybookRun) -> Task:
        """See that every item did something, and that nothing is left."""
        task = self._first(where, run)
        expect(all(task.items) and not task.failed, f"{where}: an item failed or changed nothing")
        self._expect_clean(where, cloud, 0)
        return task

    def _expect_clean(self, where: str, cloud: str, left: int) -> None:
        found = len(self._stage.left(cloud))
        expect(found == left, f"{where}: {found} network interfaces still have secondary addresses")

    def _add(
        self,
        row: str,
        cloud: str,
        who: str,
        network_interfaces: int,
        own_seconds: float,
        command_seconds: float | None = None,
        calls: int | None = None,
        note: str = "",
    ) -> Measurement:
        measurement = Measurement(row, cloud, who, network_interfaces, own_seconds, command_seconds, calls, note)
        self._report.measurements.append(measurement)
        return measurement

    def _verdict(self, row: str, cloud: str, work: str, target: str, measured: str, met: bool | None) -> None:
        self._report.verdicts.append(Verdict(row, cloud, work, target, measured, met))
