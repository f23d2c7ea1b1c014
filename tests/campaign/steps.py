# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries the steps of a history out: real runs of the role against the simulator, and what happens to them."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import yaml
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.simulator.schema import EstateError
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import COLLECTIONS, PLAYBOOK, settings
from ansible_collections.edgecloud.nic.tests.unit.action.processes import alive, family, wait_until

from .drawing import CANDIDATES, LOAD_BALANCER, Change, Disk, History, Kill, Moment, Step

Key = tuple[str, str]
PREFIX = "private_ip_cleanup_"
#: Compiled Python files: they are worth half of a run, and PYTHONDONTWRITEBYTECODE would cost them.
BYTECODE = COLLECTIONS.parent / "campaign" / "bytecode"
_CLOCK = pathlib.Path(__file__).with_name("clock.c")
#: Longest time in seconds that a run may take, and that what a killed one has left may live on.
_PATIENCE, _AFTERLIFE = 60, 15
_LOOK = 0.02
_BOOTED = 'mount --bind "$1" /proc/sys/kernel/random/boot_id && shift && exec "$@"'
_READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'


@dataclasses.dataclass
class Run:
    """A run of the role, as it looked from outside.

    :param first_call, calls_end: the calls of the run are those from the one sequence number up to before the other.
    :param guarded: the addresses that must not be in a write, and why, when it began; likewise C(guarded_later).
    :param there: the secondary addresses when it began; likewise C(there_later).
    :param done: of each change by somebody else, whether the world allowed it.
    :param started: when it began: what came in before is a call of a killed run.
    :param family: the processes of the run when it was killed; C(survivors) are those that lived on for long.
    """

    step: Step
    first_call: int
    guarded: dict[Key, str]
    there: set[Key] = dataclasses.field(default_factory=set)
    returncodes: list[int] = dataclasses.field(default_factory=list)
    outputs: list[str] = dataclasses.field(default_factory=list)
    done: list[tuple[Change, bool]] = dataclasses.field(default_factory=list)
    killed: bool = False
    killed_at: float | None = None
    family: set[int] = dataclasses.field(default_factory=set)
    survivors: list[str] = dataclasses.field(default_factory=list)
    hung: bool = False
    calls_end: int = 0
    guarded_later: dict[Key, str] = dataclasses.field(default_factory=dict)
    there_later: set[Key] = dataclasses.field(default_factory=set)
    started: float = dataclasses.field(default_factory=time.time)

    def results(self) -> list[dict[str, Any]]:
        """Return C(private_ip_cleanup_result) of the runs that told it."""
        texts = re.findall(r'"msg": "RESULT (.*)"$', "\n".join(self.outputs), flags=re.MULTILINE)
        return [json.loads(json.loads(f'"{text}"')) for text in texts if text != "{}"]

    def changed(self) -> bool:
        return any(int(count) for count in re.findall(r" changed=(\d+) ", "\n".join(self.outputs)))


class Stage:
    """One history, its simulator and its directory."""

    def __init__(
        self, history: History, directory: pathlib.Path, sim: Simulator, environment: dict[str, str] | None = None
    ) -> None:
        self.history, self.directory, self.sim = history, directory, sim
        self._environment = environment or {}
        self.reports = directory / "reports"
        #: Of the plans that were approved, in their order.
        self.digests: list[str] = []
        self._next_call = 1
        BYTECODE.mkdir(parents=True, exist_ok=True)
        self.playbook = directory / "playbook.yml"
        account = sim.account(history.cloud, history.account)
        groups = {"endpoint": sim.url, **account, "timeout": 2, "connect_timeout": 2}
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": {"group/edgecloud.nic.all": {**groups, "max_retries": 2, "retry_max_delay": 0.1}},
            "tasks": [
                {
                    "block": [{"ansible.builtin.include_role": {"name": "edgecloud.nic.private_ip_cleanup"}}],
                    "always": [
                        {"ansible.builtin.debug": {"msg": f"RESULT {{{{ {PREFIX}result | default({{}}) | to_json }}}}"}}
                    ],
                }
            ],
        }
        self.playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
        check = {"name": "Ask whether all is well", "ansible.builtin.assert": {"that": ["healthy"], "quiet": True}}
        (directory / "health.yml").write_text(yaml.safe_dump([check]), encoding="utf-8")

    def plan(self) -> dict[str, Any]:
        """Return what an operator would approve."""
        return read_json(self.reports / "plan.json")

    def guarded(self, keep: tuple[str, ...] = ()) -> dict[Key, str]:
        """Return every address that the role must leave alone as the world is now, and why."""
        cloud = self.history.cloud
        nics = self.sim.estate()[cloud]["network_interfaces"]
        uses = self.sim.uses(cloud)
        with_eip = {use["network_interface_id"] for use in uses if use["kind"] == "eip"} if cloud == "zec" else set()
        used = {(use["network_interface_id"], use["private_ip_address"]) for use in uses}
        kept = {*self.history.variables.get("keep", ()), *keep}
        found = {}
        for nic, entry in nics.items():
            for address in entry["secondary_private_ips"]:
                if (nic, address) in used or nic in with_eip:
                    found[nic, address] = "in_use"
                elif address in kept:
                    found[nic, address] = "kept"
            found[nic, entry["primary_private_ip"]] = "kept"
        return found

    def secondaries(self) -> set[Key]:
        nics = self.sim.estate()[self.history.cloud]["network_interfaces"]
        return {(nic, address) for nic, entry in nics.items() for address in entry["secondary_private_ips"]}

    def carry_out(self, step: Step) -> Run:
        """Make the run of a step, with all that happens to it; back when nothing of it is left, unless told so."""
        self.sim.clear_faults()
        passed = step.hours * 3600
        # Where the clock of the run cannot be set, that of the cloud is.
        clock = {"clock_offset": passed - (0 if preloaded_clock() else step.clock)}
        quiet = {"latency": 0, "removal_lag": 0, "throttle": None, "clock_offset": 0}
        self.sim.set(**{**quiet, **step.settings, **clock})
        early = [(change, self._change(change)) for change in step.changes if change.moment is None]
        for fault in step.faults:
            self.sim.add_fault(**fault)
        run = Run(step, self._next_call, self.guarded(step.keep), self.secondaries(), done=early)
        environment = {"NO_PROXY": "*", "PYTHONFAULTHANDLER": "1", **self._environment}
        environment.update(PYTHONDONTWRITEBYTECODE="", PYTHONPYCACHEPREFIX=str(BYTECODE))
        if (passed or step.clock) and preloaded_clock():
            environment.update(
                LD_PRELOAD=preloaded_clock(), CLOCK_AHEAD=str(passed + step.clock), UPTIME_AHEAD=str(passed)
            )
        self._damage(step.record)
        with self._disk(step.disk, run) as prefix:
            words = [*self._booted(step.boot), *prefix]
            processes = [self._start(step, words, environment) for _time in range(1 + step.twice)]
            self._disturb(run, processes)
        self.sim.clear_faults()
        if not (step.at_once and run.killed):
            wait_until(lambda: all(call["finished"] is not None for call in self.sim.calls()), 30)
        # What a killed run still sends, or has on its way, is seen with the next one.
        calls = self.sim.calls()
        on_their_way = [call["seq"] for call in calls if call["finished"] is None]
        self._next_call = run.calls_end = min([*on_their_way, max((call["seq"] for call in calls), default=0) + 1])
        run.guarded_later, run.there_later = self.guarded(step.keep), self.secondaries()
        digest = self.plan().get("digest")
        if digest and digest not in self.digests[-1:]:
            self.digests.append(digest)
        return run

    def calm(self) -> None:
        """Wait until the cloud shows itself as it is."""
        time.sleep(self.sim.estate()["settings"]["removal_lag"])
        wait_until(lambda: all(call["finished"] is not None for call in self.sim.calls()), 30)

    def _start(self, step: Step, prefix: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
        variables = {**self.history.variables, **step.variables, "mode": step.mode, "report_dir": str(self.reports)}
        if step.mode == "restore":
            variables["restore_from"] = step.restore_from
        if step.mode != "plan" and "plan_file" in variables and "approved" not in variables:
            variables["approved"] = self.digests[-2] if step.refused == "outdated" else self.plan()["digest"]
        if step.keep:
            variables["keep"] = [*variables.get("keep", ()), *step.keep]
        given = {
            f"__{PREFIX}{name[2:]}" if name.startswith("__") else f"{PREFIX}{name}": value
            for name, value in variables.items()
            if value is not None
        }
        extra = json.dumps({**given, "healthy": step.healthy})
        return subprocess.Popen(
            [*prefix, *PLAYBOOK, "--extra-vars", extra, str(self.playbook)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=settings(self.directory, **environment),
            start_new_session=True,
        )

    def _disturb(self, run: Run, processes: list[subprocess.Popen[str]]) -> None:
        """Let happen what the step says, and wait for the end of the runs."""
        step, over = run.step, threading.Event()
        watchers: list[Callable[[], object]] = [
            functools.partial(self._at, run, change.moment, over, functools.partial(self._meanwhile, run, change))
            for change in step.changes
            if change.moment is not None
        ]
        if step.kill is not None:
            kill = functools.partial(self._kill, run, step.kill, processes[0].pid)
            watchers.append(functools.partial(self._at, run, step.kill.moment, over, kill))
        if step.disk is not None and step.disk.kind != "read_only":
            spoil = functools.partial(self._spoil, step.disk, [process.pid for process in processes])
            moment = step.disk.moment or Moment(0, False, 0)
            watchers.append(functools.partial(self._at, run, moment, over, spoil))
        threads = [threading.Thread(target=watcher, daemon=True) for watcher in watchers]
        readers = [threading.Thread(target=self._read, args=(run, process), daemon=True) for process in processes]
        for thread in (*readers, *threads):
            thread.start()
        for process, reader in zip(processes, readers, strict=True):
            try:
                run.returncodes.append(process.wait(_PATIENCE))
            except subprocess.TimeoutExpired:
                run.hung = True
                # The first makes Python say where it is.
                for number in (signal.SIGABRT, signal.SIGKILL):
                    for pid in family(process.pid):
                        with contextlib.suppress(OSError):
                            os.kill(pid, number)
                    time.sleep(1)
                process.wait()
            if not (step.at_once and run.killed):
                reader.join(_AFTERLIFE)
        over.set()
        for thread in threads:
            thread.join(_PATIENCE)
        if run.killed and not step.at_once:
            deadline = time.monotonic() + _AFTERLIFE
            while any(map(alive, run.family)) and time.monotonic() < deadline:
                time.sleep(0.05)
            run.survivors = [command_line(pid) for pid in run.family if alive(pid)]

    @staticmethod
    def _read(run: Run, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        run.outputs.append(process.stdout.read())

    def _at(self, run: Run, moment: Moment, over: threading.Event, action: Callable[[], object]) -> None:
        """Act at a moment of a run, unless it is over before."""

        def calls() -> int:
            found = self.sim.calls(write=True if moment.writes else None)
            return sum(call["seq"] >= run.first_call for call in found)

        while moment.calls and calls() < moment.calls:
            if over.wait(_LOOK):
                return
        if not over.wait(moment.seconds):
            action()

    def _change(self, change: Change) -> bool:
        """Let somebody else change the world; tell whether it was as he thought."""
        wish = {"kind": change.kind, "network_interface_id": change.network_interface_id}
        if change.kind != "delete_network_interface":
            wish["private_ip_address"] = change.private_ip_address
        if "backend" in change.kind:
            wish["load_balancer_id"] = LOAD_BALANCER
        try:
            self.sim.change(**wish)
        except EstateError:
            return False
        return True

    def _meanwhile(self, run: Run, change: Change) -> None:
        run.done.append((change, self._change(change)))

    def _kill(self, run: Run, kill: Kill, playbook: int) -> None:
        number = getattr(signal, kill.signal)
        everything = family(playbook)
        same = command_line(playbook)
        # What holds the locks is no worker.
        workers = [pid for pid in everything - {playbook} if command_line(pid) == same]
        run.family, run.killed, run.killed_at = everything, True, time.time()
        victims = {"playbook": [playbook], "worker": workers[:1] or [playbook], "group": [-playbook]}
        for pid in victims.get(kill.victim, everything):
            with contextlib.suppress(OSError):
                os.kill(pid, number)

    def _damage(self, left: float | None) -> None:
        """Leave so much of the file of candidates, beside its first line; where that is nothing, it is lost."""
        path = self.reports / CANDIDATES
        if left is None or not path.exists():
            return
        content = path.read_bytes()
        opening = content.index(b"\n") + 1
        if left:
            path.write_bytes(content[: opening + int((len(content) - opening) * left)])
        else:
            path.unlink()

    def _booted(self, times: int) -> list[str]:
        """Return words before a command for which the machine was started anew so many times."""
        if not times or not can_mount():
            return []
        boot = self.directory / f"boot-{times}"
        boot.write_text(f"boot-{times}\n", encoding="utf-8")
        return ["unshare", "--mount", "--map-root-user", "sh", "-c", _BOOTED, "sh", str(boot)]

    # --- The disk ----------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _disk(self, disk: Disk | None, run: Run) -> Iterator[list[str]]:
        """Make a disk read-only for what is started with the words that this gives; put back what was moved away."""
        if disk is None:
            yield []
            return
        path = self.reports / disk.file
        if disk.kind == "read_only" and path.exists() and can_mount():
            yield ["unshare", "--mount", "--map-root-user", "sh", "-c", _READ_ONLY, "sh", str(path)]
            return
        yield []
        aside = path.with_name(f"{path.name}.aside")
        if disk.kind == "occupied" and path.is_dir():
            path.rmdir()
        if aside.exists():
            if not path.exists():
                aside.rename(path)
            else:
                aside.unlink()

    def _spoil(self, disk: Disk, playbooks: list[int]) -> None:
        """Fill the disk, or put a directory in a file's place."""
        path = self.reports / disk.file
        if disk.kind == "occupied":
            with contextlib.suppress(OSError):
                path.rename(path.with_name(f"{path.name}.aside"))
            path.mkdir(exist_ok=True)
            return
        # No root can write beyond it either, and it needs no file system of its own.
        sizes = [file.stat().st_size for file in self.reports.glob("*.jsonl")]
        limit = max(sizes, default=0) + disk.bytes
        for pid in set().union(*map(family, playbooks)):
            with contextlib.suppress(OSError, ValueError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, limit))


@functools.cache
def can_mount() -> bool:
    """Tell whether something can be mounted here for one process alone."""
    probe = ["unshare", "--mount", "--map-root-user", "sh", "-c", _READ_ONLY, "sh", "/tmp", "true"]
    try:
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@functools.cache
def preloaded_clock() -> str:
    """Return the library that sets the clock of a process; nothing where there is no C compiler."""
    with tempfile.NamedTemporaryFile(dir=BYTECODE.parent, suffix=".so") as file:
        library = BYTECODE.parent / "clock.so"
        command = ["cc", "-shared", "-fPIC", "-o", file.name, str(_CLOCK), "-ldl"]
        try:
            subprocess.run(command, capture_output=True, check=True)
            os.link(file.name, f"{file.name}.linked")
            os.replace(f"{file.name}.linked", library)
        except (OSError, subprocess.CalledProcessError):
            return ""
    return str(library)


def command_line(pid: int) -> str:
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def read_json(path: pathlib.Path) -> dict[str, Any]:
    """Return what a file says; nothing where it is not there."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return content
