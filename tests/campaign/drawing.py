# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draws histories: an estate, and what happens to it and to the runs of the role. The same seed draws the same.

C(draw) draws some runs of one plan that somebody has approved; C(draw_nights) a run each night, without a reviewer.
"""

from __future__ import annotations

import dataclasses
import random
from typing import Any

CLOUDS = ("ens", "zec")
#: In seconds: with all of them, a cloud that takes just so many refuses every call that is a moment on its way.
ALMOST_FIVE_MINUTES = 295
#: Refused by the cloud although the credentials were good a moment ago.
EXPIRED = {
    "ens": {"status": 400, "code": "InvalidSecurityToken.Expired", "message": "Specified SecurityToken is expired."},
    "zec": {"status": 401, "code": "AUTHFAILURE_INVALID_AUTHORIZATION", "message": "The access token is not valid."},
}
_SPOILT_ANSWERS = (
    "apply_then_reset",
    "apply_then_error",
    "reset",
    "error",
    "html",
    "empty",
    "bad_json",
    "truncate",
    "hang",
    "delay",
)
#: Longer than the runs wait for an answer, and not so long.
_LATE = {"hang": 2.5, "delay": 0.7}
LOAD_BALANCER = "lb-1"
CANDIDATES = "candidates.jsonl"
#: What may happen in a night that is not like most of them.
_NIGHTS = (
    *("plan", "failed", "kill", "kill", "faults", "expiry", "disk", "twice", "changes", "changes", "narrow", "less"),
    *("lost", "damaged", "damaged", "reboot", "unhealthy"),
)
#: In hours: how long an address has to be unused before a night removes it.
MIN_AGE = 72
#: Nobody means them: misspelt, empty, out of range, or what the role sets itself (which two underscores stand for).
_NOT_MEANT: tuple[dict[str, Any], ...] = (
    {"keeps": ["10.0.1.11"]},
    {"max_unasign": 1},
    {"keep": []},
    {"keep_network_interfaces": ""},
    {"max_unassign_percent": 500},
    {"max_unassign_percent": "nan"},
    {"__told": {"batches": 1, "msg": "", "result": {"mode": "plan", "totals": {}}}},
    {"__prepared": {"limits": {"exceeded": []}}},
)
#: Scopes whose names are no names of directories, or are taken for each other's when they are made into some.
_SCOPES = ("..", "../..", ".", "a/b", "a_b", "a%2Fb")


@dataclasses.dataclass(frozen=True)
class Moment:
    """So many seconds after so many calls of a run have come in; with C(writes), only those that change something."""

    calls: int
    writes: bool
    seconds: float


@dataclasses.dataclass(frozen=True)
class Kill:
    """A signal for C(ansible-playbook), its worker, its process group, or for all that it has started."""

    signal: str
    victim: str
    moment: Moment


@dataclasses.dataclass(frozen=True)
class Change:
    """What somebody else does to a network interface: before a run begins, or at a moment of it."""

    kind: str
    network_interface_id: str
    private_ip_address: str
    moment: Moment | None = None


@dataclasses.dataclass(frozen=True)
class Disk:
    """What is wrong with the disk: C(full) after so many bytes more, C(read_only), or a directory in a file's place."""

    kind: str
    file: str
    bytes: int
    moment: Moment | None


@dataclasses.dataclass(frozen=True)
class Step:
    """A run of the role, and what disturbs it.

    :param clock: seconds that the clock of the run is ahead.
    :param keep: addresses that are kept now, and were not when the plan was made.
    :param twice: whether a second run like it starts at the same time.
    :param at_once: whether the next run starts while what a kill has left is still there.
    :param healthy: whether the health check between its batches, where there is one, passes.
    :param hours: true time since the first run, where nights lie between them; C(clock) is ahead of that.
    :param boot: how often the machine was started anew since the first run.
    :param variables: those of the role that hold in this run alone.
    :param record: how much is left of the file of candidates; nothing: it is lost.
    :param refused: why the role must not carry the run out: C(limits), where the plan exceeds them; C(outdated), since
        the plan before was approved; C(variables) that nobody means; or C(scope), since the plan file is another one's.
    """

    mode: str
    changes: tuple[Change, ...] = ()
    kill: Kill | None = None
    faults: tuple[dict[str, Any], ...] = ()
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    disk: Disk | None = None
    clock: int = 0
    keep: tuple[str, ...] = ()
    twice: bool = False
    at_once: bool = False
    restore_from: str = "journal.jsonl"
    healthy: bool = True
    hours: int = 0
    boot: int = 0
    variables: dict[str, Any] = dataclasses.field(default_factory=dict)
    record: float | None = None
    refused: str = ""

    @property
    def undisturbed(self) -> bool:
        weather = self.kill or self.faults or self.disk or self.settings or self.refused or not self.healthy
        return not weather and not any(change.moment for change in self.changes)

    def __str__(self) -> str:
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        if self.mode != "restore":
            del fields["restore_from"]
        if fields.pop("healthy"):
            fields["unhealthy"] = False
        return " ".join([fields.pop("mode"), *(f"{name}={value}" for name, value in fields.items() if value)])


@dataclasses.dataclass(frozen=True)
class History:
    """A whole history.

    :param document: the estate that the simulator begins with.
    :param variables: those of the role that hold in every run.
    :param account: place of the one that is used, among those of the simulator: with 2 the cloud looks at no clock.
    """

    seed: int
    cloud: str
    document: dict[str, Any]
    variables: dict[str, Any]
    steps: tuple[Step, ...]
    account: int = 0


class _Pen:
    """Draws the parts of one history."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.cloud = rng.choice(CLOUDS)
        self.nics = {
            f"nic-{number}": [f"10.0.{number}.{host}" for host in range(11, 11 + rng.randint(1, 6))]
            for number in range(1, rng.randint(3, 6))
        }

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def some_address(self) -> tuple[str, str]:
        nic = self.rng.choice(list(self.nics))
        return nic, self.rng.choice(self.nics[nic])

    def document(self) -> dict[str, Any]:
        nics = [
            {
                "network_interface_id": nic,
                "name": f"name-of-{nic}",
                "subnet_id": "subnet-1",
                "instance_id": f"instance-of-{nic}",
                "primary_private_ip": addresses[0].rpartition(".")[0] + ".10",
                "secondary_private_ips": addresses,
            }
            for nic, addresses in self.nics.items()
        ]
        backends = []
        for nic, address in {self.some_address() for _time in range(self.rng.randint(0, 2))}:
            backends.append({"network_interface_id": nic, "private_ip_address": address, "port": 80})
        region = "cn-hangzhou-44" if self.cloud == "ens" else "asia-east-1"
        subnet = {"subnet_id": "subnet-1", "vpc_id": "vpc-1", "region_id": region, "cidr": "10.0.0.0/16"}
        balancer = {"load_balancer_id": LOAD_BALANCER, "subnet_id": "subnet-1", "address": "10.0.0.9"}
        estate: dict[str, Any] = {
            "subnets": [subnet],
            "network_interfaces": nics,
            "load_balancers": [{**balancer, "backends": backends}],
        }
        if self.chance(0.2):
            # On ENS it protects the primary address, on ZEC all of the network interface.
            place = {"network_interface_id": self.rng.choice(list(self.nics)), "region_id": region}
            estate["eips"] = [{"eip_id": "eip-1", "public_ip_address": "203.0.113.10", **place}]
        other = CLOUDS[1 - CLOUDS.index(self.cloud)]
        return {self.cloud: estate, other: {"generate": {"network_interfaces": 2}}}

    def variables(self) -> dict[str, Any]:
        variables: dict[str, Any] = {
            "provider": self.cloud,
            "all_network_interfaces": True,
            "plan_file": "plan.json",
            "batch_size": self.rng.choice([1, 1, 2, 200]),
            "concurrency": self.rng.choice([1, 2, 10]),
            "max_missing_percent": 100,
            "wait_timeout": 4,
        }
        if self.chance(0.3):
            variables["keep"] = [self.some_address()[1]]
        if self.chance(0.2):
            variables["on_error"] = "stop"
        return variables

    def moment(self) -> Moment:
        writes = self.chance(0.7)
        calls = self.rng.choice([1, 1, 1, 2]) if writes else self.rng.randint(4, 15)
        return Moment(calls, writes, round(self.rng.choice([0, 0, 0.05, 0.3]) * self.rng.random(), 3))

    def change(self, moment: Moment | None = None) -> Change:
        kinds = ("remove_private_ip",) * 4 + ("add_private_ip",) * 4 + ("add_backend",) * 2 + ("remove_backend",)
        rare = ("make_primary",) if moment else ("make_primary", "delete_network_interface")
        return Change(self.rng.choice(kinds + rare), *self.some_address(), moment)

    def kill(self) -> Kill:
        signal = self.rng.choice(["SIGKILL", "SIGKILL", "SIGHUP", "SIGTERM", "SIGINT"])
        return Kill(signal, self.rng.choice(["playbook", "playbook", "worker", "group", "all"]), self.moment())

    def fault(self) -> dict[str, Any]:
        kind = self.rng.choice(_SPOILT_ANSWERS)
        times, skip = self.rng.choice([1, 1, 2, 5]), self.rng.choice([0, 0, 1, 2])
        fault = {"kind": kind, "match": {"write": self.chance(0.8)}, "times": times, "skip": skip}
        return {**fault, "seconds": _LATE[kind]} if kind in _LATE else fault

    def expiry(self) -> dict[str, Any]:
        match = self.rng.choice([{}, {"write": True}])
        skip = self.rng.randint(0, 3) if match else self.rng.randint(0, 25)
        return {"kind": "error", "match": match, "times": None, "skip": skip, **EXPIRED[self.cloud]}

    def weather(self, slow: bool) -> dict[str, Any]:
        settings: dict[str, Any] = {}
        if self.chance(0.5) or slow:
            settings["latency"] = round(self.rng.uniform(0.02, 0.2), 3)
        if self.chance(0.3):
            settings["removal_lag"] = round(self.rng.uniform(0.2, 1.5), 3)
        if self.chance(0.2):
            settings["throttle"] = {"write": {"rate": self.rng.randint(3, 20)}}
        return settings

    def disk(self) -> Disk:
        kind = self.rng.choice(["full", "full", "full", "read_only", "occupied"])
        names = {
            "full": [""],
            "read_only": ["", "journal.jsonl", "report.json"],
            "occupied": ["report.json", "report.csv", "report.html"],
        }
        moment = None if kind == "read_only" or self.chance(0.4) else self.moment()
        size = self.rng.choice([0, 300, 2000, 20000])
        return Disk(kind, self.rng.choice(names[kind]), self.rng.randint(0, size), moment)

    def run(self, mode: str) -> Step:
        """Draw a run that one thing or several disturb."""
        what = self.rng.choice(["kill", "kill", "kill", "faults", "expiry", "disk", "changes", "nothing"])
        faults = tuple(self.fault() for _time in range(self.rng.randint(1, 2))) if what == "faults" else ()
        changes = [self.change() for _time in range(self.rng.choice([0, 0, 1, 2]))]
        changes += [self.change(self.moment()) for _time in range(self.rng.randint(1, 3)) if what == "changes"]
        return Step(
            mode,
            tuple(changes),
            self.kill() if what == "kill" else None,
            faults if what != "expiry" else (self.expiry(),),
            # A kill is to meet calls that are on their way.
            self.weather(slow=what == "kill") if self.chance(0.6) or what == "kill" else {},
            self.disk() if what == "disk" or self.chance(0.05) else None,
            self.rng.choice([-ALMOST_FIVE_MINUTES, ALMOST_FIVE_MINUTES]) if self.chance(0.2) else 0,
            (self.some_address()[1],) if mode == "apply" and self.chance(0.1) else (),
            mode == "apply" and self.chance(0.1),
            self.chance(0.3),
        )

    def policy_of_nights(self) -> dict[str, Any]:
        """Draw the variables of runs that nobody reviews."""
        variables = {**self.variables(), "max_unassign": 1000, "min_age": MIN_AGE, "candidates_file": CANDIDATES}
        del variables["plan_file"]
        return {**variables, **_batches(self.rng)}

    def changes_of_a_day(self, used: set[tuple[str, str]]) -> tuple[Change, ...]:
        """Draw what somebody else does between two nights.

        :param used: what is behind the load balancer, which changes with it.
        """
        changes = []
        for key in [(nic, address) for nic, addresses in self.nics.items() for address in addresses]:
            if self.chance(0.25 if key in used else 0.03):
                changes.append(Change("remove_backend" if key in used else "add_backend", *key))
                used ^= {key}
            elif self.chance(0.04):
                # Mostly one that a night has removed; it fails for what is there.
                changes.append(Change("add_private_ip", *key))
            elif self.chance(0.01):
                changes.append(Change(self.rng.choice(["remove_private_ip", "make_primary"]), *key))
        return tuple(changes)

    def night(self, what: str, changes: tuple[Change, ...]) -> Step:
        """Draw a night in which this happens."""
        step = Step("plan" if what == "plan" else "apply", changes, twice=what == "twice", healthy=what != "unhealthy")
        parts: dict[str, dict[str, Any]] = {
            "kill": {"kill": self.kill(), "settings": {"latency": round(self.rng.uniform(0.02, 0.1), 3)}},
            "faults": {"faults": (self.fault(),)},
            "failed": {"faults": ({"kind": "error", "match": {}, "times": None, "status": 500},)},
            "expiry": {"faults": (self.expiry(),)},
            "disk": {"disk": self.disk()},
            "changes": {"changes": (*changes, *(self.change(self.moment()) for _time in range(2)))},
            "narrow": {
                "variables": {
                    "network_interface_ids": [self.rng.choice(list(self.nics))],
                    "all_network_interfaces": None,
                }
            },
            "less": {"variables": {"in_use_sources": ["eip"]}},
            "lost": {"record": 0.0},
            "damaged": {"record": round(self.rng.random(), 3)},
        }
        return dataclasses.replace(step, **parts.get(what, {}))

    def end(self, restoring: bool) -> list[Step]:
        """Draw the undisturbed runs at the end."""
        steps = [Step("apply", tuple(self.change() for _time in range(self.rng.choice([0, 0, 0, 1]))))]
        if restoring or (self.cloud == "zec" and self.chance(0.6)):
            if self.chance(0.4):
                steps.append(self.run("restore"))
            source = self.rng.choice(["journal.jsonl", "report.json"])
            steps += [Step("restore", restore_from=source), Step("apply")]
        return steps


def draw(seed: int) -> History:
    """Draw the history of a seed."""
    pen = _Pen(random.Random(seed))
    modes = ["apply"] * 12 + ["plan"] + (["restore"] if pen.cloud == "zec" else [])
    steps = [pen.run(pen.rng.choice(modes)) for _time in range(pen.rng.choice([1, 1, 2, 2, 3]))]
    # Of its own, as is that of the people, so that a seed draws what it always did beside these.
    rng = random.Random(f"The batches of {seed}")
    batches = _batches(rng) if rng.random() < 0.5 else {}
    steps = [dataclasses.replace(step, healthy=not batches or rng.random() < 0.8) for step in steps]
    first, later = _people(random.Random(f"The people of {seed}"), pen.cloud, pen.nics)
    restoring = any(step.mode == "restore" for step in steps)
    steps += [*later, *pen.end(restoring)]
    for number, step in enumerate(steps[1:], start=1):
        # What is left of a killed run acts on what it has read, which nobody else is to change under it.
        if steps[number - 1].at_once and step.mode == "apply":
            steps[number] = dataclasses.replace(step, changes=tuple(c for c in step.changes if c.moment is not None))
        elif steps[number - 1].at_once:
            steps[number - 1] = dataclasses.replace(steps[number - 1], at_once=False)
    return History(seed, pen.cloud, pen.document(), {**pen.variables(), **batches}, (*first, *steps))


def _batches(rng: random.Random) -> dict[str, Any]:
    """Draw variables that say how batches follow one another."""
    variables: dict[str, Any] = {"batch_size": rng.choice([1, 2, 200, [1, "50%"], [1, 2, 200]])}
    if rng.random() < 0.3:
        variables["pause"] = 0.05
    if rng.random() < 0.5:
        variables["health_check"] = "health.yml"
    return variables


def _people(rng: random.Random, cloud: str, nics: dict[str, list[str]]) -> tuple[list[Step], list[Step]]:
    """Draw what people do beside applying what they have approved, by mistake or not.

    :returns: the steps with which a history begins, and those after which it ends.
    """
    nic = rng.choice(list(nics))
    more = Change("add_private_ip", nic, nics[nic][0].rpartition(".")[0] + ".40")
    again = tuple(Change("add_private_ip", nic, address) for address in nics[nic])
    few = {"max_unassign": 1, "max_unassign_percent": 10}
    taken = {"scope": "elsewhere", "plan_file": "{{ private_ip_cleanup_report_dir }}/plan.json"}
    expired = {"kind": "error", "times": None, **EXPIRED[cloud]}
    plan, mode = Step("plan"), rng.choice(["plan", "apply"])
    kinds = ["limits", "outdated", "variables", "scope", "scopes", *["plans"] * 2, *["nothing"] * 8, "expired"]
    what = rng.choice(kinds)
    ways: dict[str, tuple[list[Step], list[Step]]] = {
        "limits": (
            [
                dataclasses.replace(plan, variables=few),
                Step("apply", variables={**few, rng.choice(list(few)): 100}, refused="limits"),
            ],
            [],
        ),
        "outdated": ([plan, Step("plan", (more,)), Step("apply", refused="outdated")], []),
        "variables": ([plan, Step(mode, variables=rng.choice(_NOT_MEANT), refused="variables")], []),
        "scope": ([plan, Step(mode, variables=taken, refused="scope")], []),
        "scopes": ([plan, *(Step("plan", variables={"scope": name}) for name in rng.sample(_SCOPES, 2))], []),
        "plans": ([plan], [Step("plan", again), Step("apply")]),
        "expired": (
            [
                plan,
                Step("apply", faults=({**expired, "match": {"write": True}, "skip": 1},)),
                Step("apply", faults=({**expired, "match": {}},)),
            ],
            [],
        ),
        "nothing": ([plan], []),
    }
    return ways[what]


def draw_nights(seed: int, count: int = 60) -> History:
    """Draw the history of so many nights."""
    pen = _Pen(random.Random(seed))
    # Whoever signs is turned away where the clock is wrong, whoever has a token is not.
    account = 2 if pen.cloud == "zec" and pen.chance(0.5) else 0
    kinds = [*_NIGHTS, *(["jump"] * 3 if account else [])]
    document, variables = pen.document(), pen.policy_of_nights()
    used = {
        (backend["network_interface_id"], backend["private_ip_address"])
        for backend in document[pen.cloud]["load_balancers"][0]["backends"]
    }
    hours, boot, clock = 0, 0, 0
    steps = []
    for number in range(count):
        hours += pen.rng.choice([*[24] * 14, 1, 12, 36, 48, 60, 200]) if number else 0
        what = pen.rng.choice(kinds) if number and pen.chance(0.3) else "calm"
        boot += what == "reboot"
        clock += 3600 * pen.rng.choice([10, 48, 800, -10, -48, -800]) if what == "jump" else 0
        step = pen.night(what, pen.changes_of_a_day(used) if number else ())
        steps.append(dataclasses.replace(step, hours=hours, boot=boot, clock=clock))
    return History(seed, pen.cloud, document, variables, tuple(steps), account)
