# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draws runs of the one-NIC module and the cleanup module, each in a weather of its own, and plays them here.

The same seed draws the same. Each scenario is a run in the weather, preceded by one in check mode where nothing is to
disturb it, and followed by two when everything is calm again: one that finishes the job, and one that finds it done.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.control import RunControl
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskReport
from ansible_collections.edgecloud.nic.tests.benchmark.relay import Relay
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.simulator.weather import APPLIED_KINDS, FAULT_KINDS
from ansible_collections.edgecloud.nic.tests.unit.action.processes import wait_until
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS, READ, run_module

from .drawing import EXPIRED, LOAD_BALANCER
from .steps import Key

REGION = {"ens": "cn-hangzhou-44", "zec": "asia-east-1"}
#: What an entry of a network interface may lack, or have in another form, so that it tells nothing.
FIELDS = {
    "ens": ("NetworkInterfaceId", "PrivateIpSets", "PrivateIpSet", "PrimaryIp"),
    "zec": ("nicId", "secondaryIpv4s", "primaryIpv4"),
}
NAME = {"ens": "NetworkInterfaceName", "zec": "name"}
TOTAL = {"ens": "TotalCount", "zec": "totalCount"}
QUICK = {"timeout": 0.6, "connect_timeout": 0.6, "retry_max_delay": 0.03, "wait_timeout": 2.0}
#: Seconds that a machine with much to do may add to anything.
BUSY = 4.0


@dataclasses.dataclass
class Scenario:
    """An estate, a task and a weather.

    :param weather: the names of what is not as usual.
    :param document: the estate, settings, faults and events that the simulator begins with.
    :param options: of the module.
    :param interrupted_after: seconds until the run is told to end.
    :param abandoned_after: writes until nobody is left who waits for the run.
    :param cut_after: requests until the endpoint is dead.
    :param untold_names: the cloud tells no names.
    :param unknown_nics: none of the plan's network interfaces exists.
    :param seconds: what a run in this weather may take, apart from what a busy machine adds; None: any time.
    """

    seed: int
    cloud: str
    module: str = "private_ip_cleanup"
    weather: list[str] = dataclasses.field(default_factory=list)
    document: dict[str, Any] = dataclasses.field(default_factory=dict)
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    interrupted_after: float | None = None
    abandoned_after: int | None = None
    cut_after: int | None = None
    untold_names: bool = False
    unknown_nics: bool = False
    seconds: float | None = None

    @property
    def settings(self) -> dict[str, Any]:
        found: dict[str, Any] = self.document["settings"]
        return found

    @property
    def faults(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.document["faults"]
        return found

    @property
    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.document["events"]
        return found

    @property
    def calm(self) -> bool:
        """Nothing disturbs the run."""
        return not set(self.weather) - {"calm", "patterns"}

    def __str__(self) -> str:
        shown = {"settings": self.settings, "faults": self.faults, "events": self.events, **self.options}
        flow = ("interrupted_after", "abandoned_after", "cut_after")
        shown.update({name: getattr(self, name) for name in flow})
        return f"{self.cloud} {self.module} in {'+'.join(self.weather)}: " + ", ".join(
            f"{name}={value}" for name, value in shown.items() if value not in (None, [], {})
        )


class _Pen:
    """Draws the parts of one scenario."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(f"A scenario: {seed}")
        self.cloud = self.rng.choice(list(CLOUDS))
        self.scenario = Scenario(seed, self.cloud)
        many = self.chance(0.3)
        self.nics = {
            f"nic-{number}": [
                f"10.{number}.0.{host}"
                for host in range(11, 11 + self.rng.choice([1, 2, 3, 5, 8] if many else [2, 4, 16]))
            ]
            for number in range(1, 1 + (self.rng.randint(8, 30) if many else self.rng.randint(1, 5)))
        }
        self.scenario.document = {
            self.cloud: self._estate(),
            "settings": {},
            "faults": [],
            "events": [],
        }
        self._options()

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def address(self) -> Key:
        nic = self.rng.choice(list(self.nics))
        return nic, self.rng.choice(self.nics[nic])

    def _estate(self) -> dict[str, Any]:
        region = REGION[self.cloud]
        subnets = [
            {"subnet_id": f"subnet-{vpc}", "vpc_id": f"vpc-{vpc}", "region_id": region, "cidr": "10.0.0.0/8"}
            for vpc in (1, 2)
        ]
        nics = [
            {
                "network_interface_id": nic,
                "name": self.rng.choice(["prod", "test", "db"]) + f"[{number}]",
                "subnet_id": f"subnet-{self._vpc(nic)}",
                "instance_id": f"instance-of-{nic}",
                "primary_private_ip": addresses[0].rpartition(".")[0] + ".10",
                "secondary_private_ips": addresses,
            }
            for number, (nic, addresses) in enumerate(self.nics.items(), 1)
        ]
        estate: dict[str, Any] = {"subnets": subnets, "network_interfaces": nics}
        kinds = ["load_balancer", "dnat", "ha_vip", "eip"] + (["android"] if self.cloud == "ens" else ["dns"])
        for kind in self.rng.sample(kinds, self.rng.randint(0, len(kinds))):
            # Several of a kind, so that a list of them may lose one.
            getattr(self, f"_{kind}")(estate, [self.address() for _time in range(self.rng.choice([1, 1, 2, 4]))])
        return estate

    @staticmethod
    def _vpc(nic: str) -> int:
        return 1 + int(nic.rpartition("-")[2]) % 2

    def _load_balancer(self, estate: dict[str, Any], uses: list[Key]) -> None:
        estate["load_balancers"] = [
            {
                "load_balancer_id": f"lb-{number}",
                "subnet_id": f"subnet-{self._vpc(nic)}",
                "backends": [{"network_interface_id": nic, "private_ip_address": address}],
            }
            for number, (nic, address) in enumerate(uses, 1)
        ]

    def _dnat(self, estate: dict[str, Any], uses: list[Key]) -> None:
        estate["nat_gateways"] = [
            {
                "nat_gateway_id": f"nat-{number}",
                "subnet_id": f"subnet-{self._vpc(nic)}",
                "dnats": [{"dnat_id": f"dnat-{number}", "private_ip_address": address}],
            }
            for number, (nic, address) in enumerate(uses, 1)
        ]

    def _ha_vip(self, estate: dict[str, Any], uses: list[Key]) -> None:
        # ZEC tells the address of a HaVip, and not by which of its addresses a member holds it.
        estate["ha_vips"] = [
            {
                "ha_vip_id": f"havip-{number}",
                "subnet_id": f"subnet-{self._vpc(nic)}",
                **(
                    {
                        "ip_address": f"10.200.0.{number}",
                        "members": [{"network_interface_id": nic, "private_ip_address": address}],
                    }
                    if self.cloud == "ens"
                    else {"ip_address": address}
                ),
            }
            for number, (nic, address) in enumerate(uses, 1)
        ]

    def _eip(self, estate: dict[str, Any], uses: list[Key]) -> None:
        # On ENS it is on the primary address, unless it says otherwise; on ZEC it protects the whole network interface.
        estate["eips"] = [
            {
                "eip_id": f"eip-{number}",
                "public_ip_address": f"203.0.113.{number}",
                "region_id": REGION[self.cloud],
                "network_interface_id": nic,
                **({} if self.cloud == "ens" else {"private_ip_address": address}),
            }
            for number, (nic, address) in enumerate(dict(uses).items(), 1)
        ]

    def _android(self, estate: dict[str, Any], uses: list[Key]) -> None:
        estate["arm_servers"] = [
            {
                "server_id": f"cas-{number}",
                "region_id": REGION[self.cloud],
                "instances": [
                    {
                        "instance_id": f"aic-{number}",
                        "subnet_id": f"subnet-{self._vpc(nic)}",
                        "private_ip_address": address,
                    }
                ],
            }
            for number, (nic, address) in enumerate(uses, 1)
        ]

    def _dns(self, estate: dict[str, Any], uses: list[Key]) -> None:
        estate["dns_zones"] = [
            {
                "zone_id": f"zone-{number}",
                "name": f"zone{number}.internal",
                "vpc_ids": [f"vpc-{self._vpc(nic)}"],
                "records": [{"record_id": f"record-{number}", "value": address}],
            }
            for number, (nic, address) in enumerate(uses, 1)
        ]

    def _options(self) -> None:
        options: dict[str, Any] = {**QUICK, "max_retries": self.rng.choice([0, 2, 5])}
        if self.chance(0.4):
            options["keep"] = [self.address()[1], *(["10.99.0.0/16"] if self.chance(0.3) else [])]
        if self.chance(0.3):
            self.scenario.module = "private_ip"
            nic = self.rng.choice(list(self.nics))
            options.update(network_interface_id=nic, state="absent")
            if self.chance(0.6):
                options["all_secondary"] = True
            else:
                named = self.rng.sample(self.nics[nic], self.rng.randint(1, len(self.nics[nic])))
                options["private_ip_addresses"] = sorted({*named, "10.98.0.1"} if self.chance(0.3) else named)
        else:
            options.update(max_unassign=10_000, concurrency=self.rng.choice([1, 2, 4, 10, 32]))
            selection = self.rng.choice(["all_network_interfaces"] * 3 + ["network_interface_ids", "targets"])
            chosen = self.rng.sample(list(self.nics), self.rng.randint(1, len(self.nics)))
            options[selection] = {
                "all_network_interfaces": True,
                "network_interface_ids": chosen,
                "targets": [
                    {"network_interface_id": nic, "private_ip_addresses": [*self.nics[nic], "10.98.0.1"]}
                    for nic in chosen
                ],
            }[selection]
            if self.chance(0.2):
                options["on_error"] = "stop"
            if self.chance(0.3):
                options["journal"] = "journal.jsonl"
        self.scenario.options = options

    # --- Weather -----------------------------------------------------------------------------------------------------

    def _fault(self, **more: Any) -> None:
        self.scenario.faults.append({"times": 1, **more})

    def calm(self) -> None:
        """Nothing is unusual."""

    def patterns(self) -> None:
        """Network interfaces are kept by the names that they have, and the cloud may tell none."""
        if self.scenario.module == "private_ip":
            return
        number = self.rng.randint(1, len(self.nics))
        names = [nic["name"] for nic in self.scenario.document[self.cloud]["network_interfaces"]]
        self.scenario.options["keep_network_interfaces"] = self.rng.choice(
            [["prod*"], [names[number - 1]], ["prod*", "test*"], ["nobody-*"]]
        )
        if self.chance(0.5):
            self.scenario.untold_names = True
            self._fault(kind="replace_fields", match={"action": READ}, values={NAME[self.cloud]: None}, times=None)

    def spoilt(self) -> None:
        """Some answers are not what they should be."""
        kinds = [kind for kind in (*FAULT_KINDS, *APPLIED_KINDS) if not kind.endswith(("fields", "lists"))]
        for _time in range(self.rng.randint(1, 4)):
            kind = self.rng.choice([*kinds, "error", "apply_then_error", "html"])
            more: dict[str, Any] = {}
            if kind in ("hang", "delay", "drip"):
                more["seconds"] = self.rng.choice([0.05, 1.0])
            if kind in ("error", "apply_then_error", "html", "empty"):
                waits = ["0", "²", "1" * 5000, "Wed, 21 Oct 2015 07:28:00 GMT"]
                more["headers"] = {"Retry-After": self.rng.choice(waits)}
            matches: list[dict[str, Any]] = [{"write": True}, {"write": True}, {"write": False}, {"action": READ}, {}]
            match = self.rng.choice(matches)
            skip = self.rng.choice([0, 0, 1, 2]) if match.get("write") else self.rng.choice([0, 1, 3, 8])
            self._fault(kind=kind, match=match, skip=skip, times=self.rng.choice([1, 1, 2, 6, None]), **more)

    def unreadable(self) -> None:
        """A write has no effect, and what is read after it does not tell so."""
        self._fault(kind="error", match={"write": True}, times=self.rng.choice([1, 2, None]), status=500)
        skip = self.rng.choice([1, 1, 2]) if len(self.nics) <= 50 else 2
        odd: dict[str, Any] = self.rng.choice(
            [
                {"kind": "missing_fields", "fields": [self.rng.choice(FIELDS[self.cloud])]},
                {
                    "kind": "replace_fields",
                    "values": {self.rng.choice(FIELDS[self.cloud]): self.rng.choice([None, "x", 7])},
                },
                {"kind": "replace_fields", "values": {TOTAL[self.cloud]: self.rng.choice(["many", "²", 10**30, -1])}},
                {"kind": "null_lists"},
            ]
        )
        self._fault(match={"action": READ}, skip=skip, **{"times": self.rng.choice([1, 2, None]), **odd})

    def lag(self) -> None:
        """The cloud shows removals late, and answers to writes get lost."""
        self.scenario.settings["removal_lag"] = round(self.rng.uniform(0.2, 0.9), 2)
        kind = self.rng.choice([*APPLIED_KINDS, "truncate", "bad_json"])
        self._fault(kind=kind, match={"write": True}, skip=self.rng.choice([0, 0, 1]), times=self.rng.choice([1, 2]))
        self.scenario.options["max_retries"] = 5
        self.scenario.options["wait_timeout"] = self.rng.choice([0.3, 3.0])

    def lists(self) -> None:
        """Lists shift while they are read, and count wrongly."""
        size = self.scenario.settings["page_size_limit"] = self.rng.choice([1, 2, 3, 10])
        # What uses the other addresses is on the pages that a lie would leave out, for what is on the first page.
        first, *others = self.rng.sample(self.nics["nic-1"], len(self.nics["nic-1"]))
        uses = [
            ("nic-1", address) for address in [first] * size + [self.rng.choice(others or [first])] * 2 + others[:4]
        ]
        self._load_balancer(self.scenario.document[self.cloud], uses)
        # A first page that has as many items as the cloud counts is believed, unless that is a round number.
        count = self.rng.choice([10] if size == 10 else [count for count in (1, 2, 3, 4) if count != size])
        if self.chance(0.7):
            values = {TOTAL[self.cloud]: count}
            self._fault(kind="replace_fields", match={"action": "DescribeLoadBalancers"}, values=values, times=None)
            return
        lies = {
            "duplicate": True,
            "shuffle": True,
            "drop": True,
            "endless": True,
            "total_count": count,
        }
        names = sorted(self.rng.sample(list(lies), self.rng.choice([1, 1, 2])))
        self.scenario.settings["paging"] = {name: lies[name] for name in names}

    def refusals(self) -> None:
        """The cloud refuses some addresses for reasons of its own."""
        self.scenario.settings["mixed_list"] = self.rng.choice(["atomic", "atomic", "partial"])
        code, status = CLOUDS[self.cloud].refusal
        for nic in self.rng.sample(list(self.nics), self.rng.randint(1, min(3, len(self.nics)))):
            addresses = self.nics[nic]
            # Nearly all are the hardest to tell from all.
            count = self.rng.choice([1, (len(addresses) + 1) // 2, max(1, len(addresses) - 1), len(addresses)])
            for address in self.rng.sample(addresses, count):
                self.scenario.settings.setdefault("refuse", []).append(
                    {"network_interface_id": nic, "private_ip_address": address, "code": code, "status": status}
                )

    def eip_blocks(self) -> None:
        """The cloud gives up no address of a network interface with an elastic IP."""
        self.scenario.settings["eip_blocks"] = "network_interface"
        self._eip(self.scenario.document[self.cloud], [self.address() for _time in range(2)])

    def throttled(self) -> None:
        """The cloud takes only so many calls."""
        what = self.rng.choice(["rate", "window", "closed"])
        limits: dict[str, dict[str, Any]] = {
            "rate": {"rate": self.rng.randint(10, 60), "burst": self.rng.choice([1, 5])},
            "window": {"limit": self.rng.randint(4, 10), "window": 0.5, "sliding": self.chance(0.5)},
            "closed": {"closed_after": self.rng.randint(1, 5), "closed_for": 1.5},
        }
        # The page of a gateway says nothing that a client of an API could read.
        page = {"page_status": self.rng.choice([429, 503])} if self.chance(0.4) else {}
        self.scenario.settings["throttle"] = {self.rng.choice(["write", "write", READ]): {**limits[what], **page}}
        self.scenario.options.update(max_retries=5, retry_max_delay=2.0, wait_timeout=10.0)
        writes = len(self.nics)
        took = {"rate": writes / limits["rate"]["rate"], "closed": 1.5}
        took["window"] = writes / limits["window"]["limit"] * 0.5
        self.scenario.seconds = 3 * took[what] + 2

    def gateway(self) -> None:
        """What is in front of the cloud refuses with a page."""
        self._fault(
            kind="html",
            match=self.rng.choice([{}, {"write": True}, {"action": READ}]),
            skip=self.rng.choice([0, 0, 1, 3]),
            times=None,
            status=self.rng.choice([401, 403, 403, 451]),
        )

    def expiry(self) -> None:
        """The credentials expire on the way."""
        matches: list[dict[str, Any]] = [{}, {"write": True}, {"action": READ}]
        match = self.rng.choice(matches)
        # Reads after the first write are those that verify.
        skip = self.rng.choice([0, 1, 3]) if match else self.rng.randint(1, 14)
        if match.get("action") == READ:
            skip = 1 + (self.scenario.module == "private_ip")
        self._fault(kind="error", match=match, skip=skip, times=None, **EXPIRED[self.cloud])

    def unverified(self) -> None:
        """After the first writes, nothing can be read any more."""
        kind = self.rng.choice(["reset", "html", "bad_json", "error"])
        self._fault(kind=kind, match={"action": READ}, skip=1, times=None)
        self.scenario.options.update(max_retries=0, wait_timeout=0.3)

    def others(self) -> None:
        """Somebody else is at work."""
        times = self.rng.randint(1, 3)
        action = self.rng.choice([READ, CLOUDS[self.cloud].eips, CLOUDS[self.cloud].write])
        for _time in range(times):
            kind = self.rng.choice(
                [
                    "remove_private_ip",
                    "remove_private_ip",
                    "remove_all",
                    "make_primary",
                    "add_backend",
                    "delete_network_interface",
                ]
            )
            nic, address = self.address()
            if kind == "add_backend" and not self.scenario.document[self.cloud].get("load_balancers"):
                kind = "remove_private_ip"
            changes: list[dict[str, Any]] = [{"kind": kind, "network_interface_id": nic, "private_ip_address": address}]
            if kind == "remove_all":
                changes = [
                    {**changes[0], "kind": "remove_private_ip", "private_ip_address": one} for one in self.nics[nic]
                ]
            if kind == "add_backend":
                changes[0]["load_balancer_id"] = LOAD_BALANCER
            if kind == "delete_network_interface":
                del changes[0]["private_ip_address"]
            count = self.rng.choice([1, 1, 2])
            for change in changes:
                self.scenario.events.append({"after_action": action, "count": count, "change": change})

    def interrupted(self) -> None:
        """Somebody ends the run while the cloud takes its time."""
        self.scenario.settings["latency"] = round(self.rng.uniform(0.02, 0.1), 3)
        if self.chance(0.6):
            self._fault(kind="hang", match=self.rng.choice([{"write": True}, {}]), skip=2, times=None, seconds=3.0)
        self.scenario.options["max_retries"] = 20
        self.scenario.interrupted_after = round(self.rng.uniform(0.1, 1.0), 2)
        self.scenario.seconds = self.scenario.interrupted_after + QUICK["timeout"]

    def abandoned(self) -> None:
        """Whoever started the run goes away."""
        self.scenario.settings["latency"] = 0.1
        self.scenario.options["concurrency"] = self.rng.choice([1, 2, 4])
        if self.scenario.module == "private_ip":
            del self.scenario.options["concurrency"]
        self.scenario.abandoned_after = self.rng.randint(1, 4)

    def dead(self) -> None:
        """The endpoint dies on the way."""
        self.scenario.cut_after = self.rng.choice([0, 1, self.rng.randint(5, 25)])
        self.scenario.options["max_retries"] = 5
        self.scenario.seconds = 2 * (QUICK["connect_timeout"] + QUICK["retry_max_delay"]) + QUICK["timeout"]

    def another_account(self) -> None:
        """A plan is applied where none of its network interfaces is."""
        if self.scenario.module == "private_ip":
            return
        for selection in ("all_network_interfaces", "network_interface_ids"):
            self.scenario.options.pop(selection, None)
        self.scenario.unknown_nics = True
        self.scenario.options["targets"] = [
            {"network_interface_id": f"elsewhere-{number}", "private_ip_addresses": ["10.98.0.1", "10.98.0.2"]}
            for number in range(1, self.rng.randint(2, 5))
        ]


#: With how many others each is drawn; those that cannot be told apart from others are drawn alone.
WEATHER = {
    **dict.fromkeys(("calm", "patterns", "eip_blocks", "throttled", "another_account", "dead", "gateway"), 1),
    **dict.fromkeys(("spoilt", "lists", "lag", "refusals", "others", "expiry", "unverified"), 2),
    **dict.fromkeys(("unreadable", "interrupted", "abandoned"), 2),
}
_MIXED = ("spoilt", "spoilt", "lag", "refusals", "others", "expiry")


def draw(seed: int) -> Scenario:
    """Draw the scenario of a seed."""
    pen = _Pen(seed)
    names = [pen.rng.choice([*WEATHER, "spoilt"])]
    if WEATHER[names[0]] > 1 and pen.chance(0.3):
        names.append(pen.rng.choice([name for name in _MIXED if name != names[0]]))
    for name in names:
        getattr(pen, name)()
        pen.scenario.weather.append(name)
    return pen.scenario


@dataclasses.dataclass
class World:
    """What is true in the simulator at one time: the addresses, and those that a run must leave alone, and why."""

    primary: dict[str, str]
    secondary: dict[str, list[str]]
    guarded: dict[Key, str]

    @property
    def keys(self) -> set[Key]:
        return {(nic, address) for nic, addresses in self.secondary.items() for address in addresses}


@dataclasses.dataclass
class Played:
    """One run of a scenario, with what the simulator saw of it.

    :param told: when somebody ended the run, or went away; on the simulator's clock.
    """

    check: bool
    calm: bool
    before: World
    after: World
    report: TaskReport
    calls: list[dict[str, Any]]
    seconds: float
    told: float | None = None
    journal: str | None = None


class Theatre:
    """Plays scenarios on one simulator."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim

    def play(self, scenario: Scenario) -> Iterator[Played]:
        """Play the runs of a scenario, one after the other."""
        with tempfile.TemporaryDirectory(prefix="edgecloud-nic-scenario.") as directory:
            self._sim.load(copy.deepcopy(scenario.document))
            if scenario.calm:
                yield self._run(scenario, Path(directory), check=True, calm=True)
            yield self._run(scenario, Path(directory), check=False, calm=False)
            self._sim.clear_faults()
            self._sim.clear_events()
            lag = scenario.settings.get("removal_lag", 0)
            names = ("removal_lag", "throttle", "paging", "page_size_limit", "refuse", "latency")
            self._sim.set(**dict.fromkeys(names))
            time.sleep(lag)
            if scenario.untold_names:
                self._sim.add_fault(**scenario.faults[0])
            for _time in range(2):
                yield self._run(scenario, Path(directory), check=False, calm=True)

    def world(self, scenario: Scenario) -> World:
        """Look at how things are, by the simulator's own account of them."""
        cloud = scenario.cloud
        nics = self._sim.estate()[cloud]["network_interfaces"]
        uses = self._sim.uses(cloud)
        used = {(use["network_interface_id"], use["private_ip_address"]) for use in uses}
        # On ZEC an elastic IP protects its network interface, also when the address that it was bound to is gone.
        eips = scenario.document[cloud].get("eips", ())
        with_eip = {eip["network_interface_id"] for eip in eips} if cloud == "zec" else set()
        kept = set(scenario.options.get("keep", ()))
        spared = self._spared(scenario)
        guarded: dict[Key, str] = {}
        for nic, entry in nics.items():
            for address in entry["secondary_private_ips"]:
                if address in kept or nic in spared:
                    guarded[nic, address] = "kept"
                elif (nic, address) in used or nic in with_eip:
                    guarded[nic, address] = "in_use"
        return World(
            {nic: entry["primary_private_ip"] for nic, entry in nics.items()},
            {nic: list(entry["secondary_private_ips"]) for nic, entry in nics.items()},
            guarded,
        )

    @staticmethod
    def _spared(scenario: Scenario) -> set[str]:
        """Tell which network interfaces the user keeps, by rules that are written here once more."""
        entries = scenario.options.get("keep_network_interfaces", ())
        found = set()
        for nic in scenario.document[scenario.cloud]["network_interfaces"]:
            for entry in entries:
                begins = entry.endswith("*") and nic["name"].startswith(entry[:-1])
                # What has no name may be what the pattern means.
                perhaps = scenario.untold_names and set(entry) & set("*?[")
                if begins or perhaps or (entry == nic["name"] and not scenario.untold_names):
                    found.add(nic["network_interface_id"])
        return found

    def _run(self, scenario: Scenario, directory: Path, check: bool, calm: bool) -> Played:
        self._sim.clear_calls()
        before = self.world(scenario)
        control: list[RunControl] = []
        told: list[float] = []
        timers: list[threading.Timer] = []

        def on_start(started: RunControl) -> None:
            control.append(started)
            if scenario.interrupted_after is not None and not calm:
                timers.append(threading.Timer(scenario.interrupted_after, interrupt))
                timers[0].start()

        def interrupt() -> None:
            told.append(time.time())
            control[0].interrupt("by the scenario")

        def watch() -> None:
            while not over.wait(0.01):
                if len(self._sim.calls(write=True)) >= (scenario.abandoned_after or 0):
                    told.append(time.time())
                    return

        def abandoned() -> bool:
            return scenario.abandoned_after is not None and bool(told)

        over = threading.Event()
        if scenario.abandoned_after is not None and not calm:
            threading.Thread(target=watch, daemon=True).start()
        with contextlib.ExitStack() as stack:
            url = self._sim.url
            if scenario.cut_after is not None and not calm:
                url = stack.enter_context(Relay(self._sim.host_port, scenario.cut_after)).url
            started = time.monotonic()
            report, journal = self._task(scenario, url, directory, check, on_start, abandoned)
            seconds = time.monotonic() - started
        over.set()
        for timer in timers:
            timer.cancel()
        wait_until(lambda: all(call["finished"] is not None for call in self._sim.calls()), 30)
        calls, after = self._sim.calls(), self.world(scenario)
        return Played(
            check, calm or scenario.calm, before, after, report, calls, seconds, told[0] if told else None, journal
        )

    def _task(
        self,
        scenario: Scenario,
        url: str,
        directory: Path,
        check: bool,
        on_start: Callable[[RunControl], object],
        abandoned: Callable[[], bool],
    ) -> tuple[TaskReport, str | None]:
        definition = CLOUDS[scenario.cloud].definition(scenario.module)
        given = {"endpoint": url, **self._sim.account(scenario.cloud), **copy.deepcopy(scenario.options)}
        if "journal" in given:
            given["journal"] = str(directory / given["journal"])
            Path(given["journal"]).unlink(missing_ok=True)
        validation = ArgumentSpecValidator(definition.argument_spec).validate(copy.deepcopy(given))
        assert not validation.error_messages, validation.error_messages
        report = run_module(
            definition, validation.validated_parameters, given, check, on_start=on_start, abandoned=abandoned
        )
        journal = Path(given["journal"]) if "journal" in given else None
        return report, journal.read_text(encoding="utf-8") if journal is not None and journal.exists() else None


def changes_by_others(scenario: Scenario) -> tuple[set[Key], set[str]]:
    """Tell which addresses, and which whole network interfaces, somebody else changes on the way."""
    keys: set[Key] = set()
    nics: set[str] = set()
    for event in scenario.events:
        change = event["change"]
        if "private_ip_address" in change:
            keys.add((change["network_interface_id"], change["private_ip_address"]))
        if change["kind"] in ("make_primary", "delete_network_interface"):
            nics.add(change["network_interface_id"])
    return keys, nics
