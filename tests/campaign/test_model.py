# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role against a model of it that is a few sets of addresses: plan, approve, drift, apply, kill, resume, restore.

Hypothesis draws what happens, and finds the shortest way to what is wrong: it prints the steps, and the line that plays
them again. C(pytest --hypothesis-seed=N) draws the same again. The machine decides nothing but how fast everything is:
a run is killed while the cloud withholds its answer to one call, so which calls there were does not depend on that.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import hashlib
import json
import pathlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.campaign import steps
from ansible_collections.edgecloud.nic.tests.campaign.drawing import CLOUDS, LOAD_BALANCER, History, Kill, Moment, Step
from ansible_collections.edgecloud.nic.tests.campaign.oracle import OUTCOMES, keys_of, rows_of
from ansible_collections.edgecloud.nic.tests.campaign.steps import Key, Run, Stage, read_json
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import COLLECTIONS
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import settings as settings_of_a_run
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

pytestmark = pytest.mark.campaign

NICS = ("nic-1", "nic-2", "nic-3")
KEYS = [(nic, f"10.0.{number}.{host}") for number, nic in enumerate(NICS, 1) for host in (10, 11, 12, 13)]
PRIMARIES = {nic: address for nic, address in KEYS if address.endswith(".10")}
#: Seconds for which the cloud withholds an answer: longer than a run waits for it, so that none is killed after it.
_WITHHELD = 3
#: Seconds after a kill in which a call may still come in that was on its way.
_ON_ITS_WAY = 0.5
_NO_PLAN = "sha256:" + 64 * "0"
SETTINGS = settings(
    max_examples=12,
    stateful_step_count=12,
    deadline=None,
    print_blob=True,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


@dataclasses.dataclass
class Plan:
    """A plan that somebody may approve, and what is true about it.

    :param removed: by calls of this plan, put back or not.
    :param told: those of them that a report has told.
    :param added: those of them that somebody else has assigned again since.
    :param doubtful: named by calls without effect and without answer: nobody but the cloud knows that they had none.
    :param over: whether it was carried out to its end; None where only the run knows that was killed.
    """

    digest: str
    targets: set[Key]
    removed: set[Key] = dataclasses.field(default_factory=set)
    told: set[Key] = dataclasses.field(default_factory=set)
    added: set[Key] = dataclasses.field(default_factory=set)
    doubtful: set[Key] = dataclasses.field(default_factory=set)
    over: bool | None = False
    restored: bool = False


class Machine(RuleBasedStateMachine):
    """What may happen, and what has to come of it."""

    @initialize(cloud=st.sampled_from(CLOUDS), kept=st.sampled_from(KEYS), batch_size=st.sampled_from([1, 2, [1, 2]]))
    def begin(self, cloud: str, kept: Key, batch_size: object) -> None:
        self.cloud, self.kept = cloud, {kept}
        self.primary = dict(PRIMARIES)
        self.there = {key for key in KEYS if not self.is_primary(key)}
        self.used: set[Key] = set()
        self.plans: list[Plan] = []
        variables = {
            "provider": cloud,
            "all_network_interfaces": True,
            "plan_file": "plan.json",
            "keep": [kept[1]],
            "batch_size": batch_size,
            # So that calls come in an order, and one that is withheld withholds all that would follow.
            "concurrency": 1,
            "wait_timeout": 4,
        }
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="edgecloud-nic-model."))
        self.sim = Simulator(self.estate()).__enter__()
        self.stage = Stage(History(0, cloud, {}, variables, ()), self.directory, self.sim)
        self.plan()

    def estate(self) -> dict[str, Any]:
        region = "cn-hangzhou-44" if self.cloud == "ens" else "asia-east-1"
        subnet = {"subnet_id": "subnet-1", "vpc_id": "vpc-1", "region_id": region, "cidr": "10.0.0.0/16"}
        balancer = {"load_balancer_id": LOAD_BALANCER, "subnet_id": "subnet-1", "address": "10.0.0.9"}
        nics = [
            {
                "network_interface_id": nic,
                "subnet_id": "subnet-1",
                "instance_id": f"instance-of-{nic}",
                "primary_private_ip": primary,
                "secondary_private_ips": sorted(address for holder, address in self.there if holder == nic),
            }
            for nic, primary in self.primary.items()
        ]
        return {self.cloud: {"subnets": [subnet], "network_interfaces": nics, "load_balancers": [balancer]}}

    def teardown(self) -> None:
        if hasattr(self, "sim"):
            self.sim.__exit__(None, None, None)
            shutil.rmtree(self.directory, ignore_errors=True)

    # --- What the model knows ----------------------------------------------------------------------------------------

    def is_primary(self, key: Key) -> bool:
        return self.primary[key[0]] == key[1]

    def removable(self) -> set[Key]:
        return self.there - self.used - self.kept

    def todo(self, plan: Plan) -> tuple[set[Key], set[Key]]:
        """Give what the next apply has to remove, and what it may."""
        if plan.restored or plan.over:
            return set(), set()
        may = (plan.targets & self.removable()) - (plan.told & plan.added)
        return (set() if plan.over is None else may - plan.added), may

    @invariant()
    def the_cloud_is_as_the_model_says(self) -> None:
        nics = self.sim.estate()[self.cloud]["network_interfaces"]
        assert {nic: entry["primary_private_ip"] for nic, entry in nics.items()} == self.primary
        assert self.stage.secondaries() == self.there

    # --- What another operator does ----------------------------------------------------------------------------------

    def change(self, kind: str, key: Key, **more: str) -> None:
        self.sim.change(kind=kind, network_interface_id=key[0], private_ip_address=key[1], **more)

    @rule()
    def another_is_idle(self) -> None:
        """Be what Hypothesis tries first, and nothing but that for a whole example: any other rule takes a run."""

    @rule(key=st.sampled_from(KEYS))
    def another_assigns_or_unassigns(self, key: Key) -> None:
        if self.is_primary(key) or key in self.used:
            return
        self.change("remove_private_ip" if key in self.there else "add_private_ip", key)
        for plan in self.plans:
            if key not in self.there and key in plan.removed:
                plan.added.add(key)
        self.there ^= {key}

    @rule(key=st.sampled_from(KEYS))
    def another_uses_or_no_longer(self, key: Key) -> None:
        if key in self.there:
            kind = "remove_backend" if key in self.used else "add_backend"
            self.change(kind, key, load_balancer_id=LOAD_BALANCER)
            self.used ^= {key}

    @rule(key=st.sampled_from(KEYS))
    def another_makes_primary(self, key: Key) -> None:
        if key in self.there - self.used:
            self.change("make_primary", key)
            self.there ^= {key, (key[0], self.primary[key[0]])}
            self.primary[key[0]] = key[1]

    # --- Runs of the role --------------------------------------------------------------------------------------------

    def run(self, step: Step) -> Run:
        """Let a run happen, and see what is true of all of them."""
        run = self.stage.carry_out(step)
        assert not run.hung
        assert not run.survivors
        for words in ("has a bug", "Traceback"):
            assert words not in run.outputs[0], run.outputs[0]
        removals = [call for call in self.sim.calls(write=True) if call["action"].startswith("Unassign")]
        # Nothing but what the journal has, and in that order.
        assert [
            (entry["network_interface_id"], entry["private_ip_addresses"])
            for entry in self.journal()
            if entry["event"] == "sent" and entry["action"] == "unassign"
        ] == [(call["network_interface_ids"][0], call["private_ip_addresses"]) for call in removals]
        return run

    def journal(self) -> list[dict[str, Any]]:
        path = self.stage.reports / "journal.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    def report(self) -> dict[str, Any]:
        return read_json(self.stage.reports / "report.json")

    def writes(self, run: Run) -> list[dict[str, Any]]:
        return [call for call in self.sim.calls(write=True) if run.first_call <= call["seq"] < run.calls_end]

    def refused(self, run: Run) -> None:
        """See that a run has refused to do anything."""
        assert run.returncodes[0] not in (0, -9, -15), run.outputs[0]
        assert self.writes(run) == []
        assert not run.changed()

    @rule()
    def plan(self) -> None:
        run = self.run(Step("plan"))
        assert run.returncodes == [0], run.outputs[0]
        assert self.writes(run) == []
        written = self.stage.plan()
        targets = {(target["network_interface_id"], ip) for target in written["targets"] for ip in target[_ADDRESSES]}
        assert targets == self.removable()
        assert written["digest"] not in {plan.digest for plan in self.plans}
        self.plans.append(Plan(written["digest"], targets))
        # Of a network interface of which everything is kept, nothing is told.
        matter = {nic for nic, _address in self.there - self.kept}
        told = {
            outcome: {key for key in keys if key[0] in matter}
            for outcome, keys in {
                "unassigned": targets,
                "in_use": self.used,
                "kept": self.kept & self.there - self.used,
            }.items()
        }
        assert {outcome: len(keys) for outcome, keys in told.items()} == {
            outcome: self.report()["totals"][outcome] for outcome in told
        }

    @rule(times=st.integers(1, 2))
    def apply(self, times: int) -> None:
        """Apply the plan, or resume it, and perhaps once more, which changes nothing."""
        for _time in range(times):
            self.judge_apply(self.run(Step("apply")))

    @precondition(lambda self: not self.plans[-1].over and not self.plans[-1].restored)
    @rule(
        kill=st.sampled_from([("SIGKILL", "playbook"), ("SIGKILL", "all"), ("SIGTERM", "playbook")]),
        call=st.integers(1, 3),
        effect=st.booleans(),
    )
    def apply_and_be_killed(self, kill: tuple[str, str], call: int, effect: bool) -> None:
        """While the cloud withholds its answer to this call, which has its effect or has none."""
        plan, there = self.plans[-1], set(self.there)
        fault = {"kind": "hang", "match": {"write": True}, "skip": call - 1, "seconds": _WITHHELD, "apply": effect}
        run = self.run(Step("apply", kill=Kill(*kill, Moment(call, True, 0)), faults=(fault,)))
        if not run.killed:
            self.judge_apply(run)
            return
        event(f"killed with {kill[0]}")
        _must, may = self.todo(plan)
        writes = self.writes(run)
        named = {key for write in writes for key in keys_of(write)}
        late = [write for write in writes if write["started"] > (run.killed_at or 0) + _ON_ITS_WAY]
        assert not late, "a call was sent after the kill"
        assert named <= may
        gone = there - self.stage.secondaries()
        assert gone == {key for write in writes if write["applied"] for key in keys_of(write)}
        self.take(plan, gone)
        plan.doubtful |= named - gone
        if not may - gone:
            plan.over = None
        self.see_told(plan)

    def take(self, plan: Plan, gone: set[Key]) -> None:
        """Note what was removed for a plan."""
        self.there -= gone
        plan.removed |= gone
        plan.added -= gone
        plan.told -= gone
        plan.doubtful -= gone

    def see_told(self, plan: Plan) -> None:
        """See that a report of a plan, if there is one, claims nothing that is not so."""
        report = self.report()
        if report.get("plan_digest") != plan.digest or report["mode"] == "plan":
            return
        rows = rows_of(report)
        assert rows.keys() == plan.targets
        counts = collections.Counter(row["outcome"] for row in rows.values())
        assert {outcome: counts[outcome] for outcome in OUTCOMES} == {o: report["totals"][o] for o in OUTCOMES}
        told = {key for key, row in rows.items() if row["outcome"] == "unassigned"}
        assert told <= plan.removed | plan.doubtful
        plan.told |= told & plan.removed

    def judge_apply(self, run: Run) -> None:
        """Judge an apply that nothing has disturbed."""
        plan = self.plans[-1]
        if plan.restored:
            self.refused(run)
            return
        assert run.returncodes == [0], run.outputs[0]
        must, may = self.todo(plan)
        writes = self.writes(run)
        removed = {key for write in writes for key in keys_of(write)}
        assert must <= removed <= may
        assert all(write["applied"] and write["action"].startswith("Unassign") for write in writes)
        assert run.changed() is bool(writes)
        event(("resumed" if plan.doubtful | plan.removed else "applied") if writes else "nothing to apply")
        self.take(plan, removed)
        plan.over = True
        (result,) = run.results()
        if not result["files"]:
            assert not writes
            return
        report = self.report()
        assert report["plan_digest"] == plan.digest
        assert result["totals"] == report["totals"]
        self.see_told(plan)
        for key, row in rows_of(report).items():
            if key not in plan.added | plan.doubtful:
                assert row["outcome"] == self.outcome(plan, key), (key, row)
            assert row["outcome"] not in ("failed", "unknown", "not_attempted"), row

    def outcome(self, plan: Plan, key: Key) -> str:
        if key in plan.removed:
            return "unassigned"
        if key in self.used:
            return "in_use"
        return "kept" if self.is_primary(key) else "already_absent"

    @rule(how=st.sampled_from(["nothing", "another plan", "too few digits", "touched", "touched and signed"]))
    def apply_what_nobody_approved(self, how: str) -> None:
        plan = self.plans[-1]
        approved = {
            "nothing": None,
            "another plan": self.plans[-2].digest if len(self.plans) > 1 else _NO_PLAN,
            "too few digits": plan.digest[: len("sha256:") + 11],
        }
        path = self.stage.reports / "plan.json"
        text = path.read_text(encoding="utf-8")
        if how.startswith("touched"):
            everything = [{"network_interface_id": nic, _ADDRESSES: [ip]} for nic, ip in sorted(self.there)]
            content = {**json.loads(text), "targets": everything}
            content["limits"]["planned"] = len(everything)
            if how == "touched and signed":
                content["digest"] = digest(content)
            path.write_text(json.dumps(content), encoding="utf-8")
        self.refused(self.run(Step("apply", variables={"approved": approved.get(how, plan.digest)})))
        path.write_text(text, encoding="utf-8")

    @rule(back=st.integers(0, 2), source=st.sampled_from(["journal.jsonl", "report.json"]))
    def restore(self, back: int, source: str) -> None:
        """Restore the last plan, or one before it."""
        plan = self.plans[-1 - back % len(self.plans)]
        report = self.report()
        run = self.run(Step("restore", restore_from=source, variables={"approved": plan.digest}))
        other_report = report["plan_digest"] != plan.digest or report["mode"] == "plan"
        if self.cloud == "ens" or (source == "report.json" and other_report):
            self.refused(run)
            return
        writes = self.writes(run)
        missing = plan.removed - self.there - {key for key in plan.removed if self.is_primary(key)}
        if plan.restored:
            # What was put back, and somebody has taken off since, is nobody's any more.
            missing = set()
        given = {key for write in writes for key in keys_of(write)}
        assert missing <= given <= missing | plan.doubtful
        assert not any(write["action"].startswith("Unassign") for write in writes)
        self.there |= given
        event("restored" if given else "nothing to restore")
        sent = plan.removed | plan.doubtful
        if plan.removed:
            assert run.returncodes == [0], run.outputs[0]
        if not sent:
            return
        for result in run.results():
            plan.restored |= not result["message"].startswith("Nothing is left")
            assert run.changed() is bool(writes)
        assert plan.restored or not plan.removed


_ADDRESSES = "private_ip_addresses"


def digest(content: dict[str, Any]) -> str:
    """Sign a plan, as whoever can write the file can."""
    signed = {name: value for name, value in content.items() if name != "digest"}
    text = json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def test_whatever_happens_the_role_does_what_the_model_says() -> None:
    run_state_machine_as_test(Machine, settings=SETTINGS)


# That it would find what is wrong.

_PLUGINS = "plugins/plugin_utils"
_KEPT, _OTHER = ("nic-3", "10.0.3.13"), ("nic-1", "10.0.1.11")
#: By what is broken: the file, what is there, what is there instead, the steps, and what is then seen. A search for the
#: steps would find others whenever a line of the machine changes, or none.
FAULTS: dict[str, tuple[str, str, str, Callable[[Machine], object], str]] = {
    "nobody has to approve": (
        f"{_PLUGINS}/_cleanup_records/plan_file.py",
        "def refuse_unless_approved(plan: Json, approved: t.Sequence[str]) -> None:",
        "def refuse_unless_approved(plan: Json, approved: t.Sequence[str]) -> None:\n    return",
        lambda machine: machine.apply_what_nobody_approved(how="nothing"),
        r"self\.refused\(",
    ),
    "an apply does not look at uses again": (
        f"{_PLUGINS}/_records_action.py",
        'policy = plan_file.narrow(plan["policy"], policy)',
        'policy = {**plan_file.narrow(plan["policy"], policy), "in_use_check": False}',
        lambda machine: (machine.another_uses_or_no_longer(key=_OTHER), machine.apply(times=1)),
        r"self\.judge_apply\(",
    ),
    "a restoration forgets one address": (
        f"{_PLUGINS}/_cleanup_records/history.py",
        'if self.restored.get(key, "not_restored") == "not_restored")',
        'if self.restored.get(key, "not_restored") == "not_restored" and key != min(self.unassigned))',
        lambda machine: (machine.apply(times=1), machine.restore(back=0, source="journal.jsonl")),
        "missing <= given",
    ),
    "what a kill has left goes on": (
        "plugins/module_utils/_caller.py",
        "return os.getppid() != self.pid",
        "return False",
        lambda machine: machine.apply_and_be_killed(kill=("SIGKILL", "playbook"), call=1, effect=True),
        "a call was sent after the kill|assert not run.survivors",
    ),
}


@contextlib.contextmanager
def begun(machine: type[Machine], monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Give a machine that has begun with a plan, to be led by hand."""
    # Hypothesis counts events only where it draws.
    monkeypatch.setitem(Machine.judge_apply.__globals__, "event", lambda _what: None)
    led = machine()
    try:
        led.begin(cloud="zec", kept=_KEPT, batch_size=1)
        yield led
    finally:
        led.teardown()


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_broken_in_the_role_is_seen(
    fault: str, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    file, right, wrong, lead, seen = FAULTS[fault]
    with begun(Machine, monkeypatch) as machine:
        lead(machine)
    original = COLLECTIONS / "ansible_collections" / "edgecloud" / "nic"
    copy = tmp_path / "ansible_collections" / "edgecloud" / "nic"
    for name in ("meta", "plugins", "roles"):
        shutil.copytree(original / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(original / "galaxy.yml", copy)
    text = (copy / file).read_text(encoding="utf-8")
    assert text.count(right) == 1
    (copy / file).write_text(text.replace(right, wrong), encoding="utf-8")

    def with_the_copy(directory: pathlib.Path, **environment: str) -> dict[str, str]:
        usual = settings_of_a_run(directory, **environment)
        return {name: value.replace(str(COLLECTIONS), str(tmp_path)) for name, value in usual.items()}

    monkeypatch.setattr(steps, "settings", with_the_copy)
    with begun(Machine, monkeypatch) as machine, pytest.raises(AssertionError) as caught:
        lead(machine)
    assert re.search(seen, "".join(map(str, caught.traceback)))


def test_what_the_model_has_wrong_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(Machine):
        """Knows of nothing that is kept."""

        def removable(self) -> set[Key]:
            return self.there - self.used

    with pytest.raises(AssertionError) as caught, begun(Forgetful, monkeypatch):
        pass
    assert "assert targets == self.removable()" in "".join(map(str, caught.traceback))
