# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Holds what the role tells against what the simulator saw. It believes no record of the role but what was approved."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from .steps import Key, Run, Stage, read_json

OUTCOMES = ("unassigned", "already_absent", "kept", "in_use", "failed", "unknown", "not_attempted")
#: Seconds after the end of ansible-playbook in which a call may still come in that was on its way.
_ON_ITS_WAY = 2
_TOLD_ROW = ("network_interface_id", "private_ip_address", "outcome", "run", "restored")
_PROGRESS = re.compile(r"(\d+) failed in this batch of (\d+), (\d+) of (\d+) left")
_PAGE_DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


class Ledger:
    """What the simulator saw of one plan, from its approval on.

    :param digest: of the plan.
    :param plan: the addresses that were approved.
    :param selected: how many the plan was chosen from.
    """

    def __init__(self, digest: str, plan: set[Key], selected: int = 0) -> None:
        self.digest, self.plan, self.selected = digest, plan, selected
        #: How often calls of ours removed an address, and put it back; how often somebody else assigned it again.
        self.removed, self.put_back, self.readded = Counter[Key](), Counter[Key](), Counter[Key]()
        #: Named by calls of ours without answer that the cloud did not carry out, or by refused lists of which a part
        #: was gone then and another part still there: no client can tell what became of these (DESIGN 2.7).
        self.doubtful: set[Key] = set()
        #: Told as removed: whoever assigns it again keeps it.
        self.told: set[Key] = set()
        #: How often calls of ours may remove an address.
        self.licence = Counter(dict.fromkeys(plan, 1))
        #: A run was shot between the line in its journal and the call, for all that anybody can know.
        self.shot = False
        self.restoring = self.restored = False
        #: Taken off by somebody else since restoring began: what was put back need not be there.
        self.taken: set[Key] = set()


class Oracle:
    """Judges a history run by run. What it finds wrong is in C(complaints)."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.complaints: list[str] = []
        #: How many reports were judged.
        self.reports = 0
        #: How many addresses nights have removed.
        self.old = 0
        self.ledger = Ledger("", set())
        self._secrets = [value for name, value in stage.sim.account(stage.history.cloud).items() if "secret" in name]
        self._report: dict[str, Any] = {}
        #: What the run before had to leave alone.
        self._spared: set[Key] = set()

    def judge(self, run: Run) -> None:
        """Judge a run that is over."""
        self._judge_process(run)
        if run.step.refused:
            self._judge_refused(run)
        if "scope" in run.step.variables:
            self._judge_scope(run)
            return
        if run.step.mode == "plan":
            self._judge_plan(run)
        self._follow(run)
        report = self._read_report()
        if report != self._report and report.get("mode") != "plan" and report.get("plan_digest") == self.ledger.digest:
            self._judge_report(run, report)
        self._report = report
        told = run.results()
        if not run.killed and (self._writes(run) or not any(run.returncodes)):
            self._expect(told, "it has written, or succeeds, and hands no result on")
        for result in told:
            self._judge_result(run, report, result)
        if run.step.mode == "restore":
            self._judge_restoration(run, report)
        elif run.step.mode == "apply" and run.step.undisturbed:
            self._judge_undisturbed(run, report)

    def judge_end(self) -> None:
        """Judge what is left in the end: whoever comes later reads nothing but that."""
        report = self._read_report()
        if report.get("plan_digest") != self.ledger.digest or report.get("mode") == "plan":
            self._complain("no report of the plan is left")
            return
        rows = rows_of(report)
        for key in self.ledger.removed:
            if not self.ledger.readded[key]:
                self._expect(rows.get(key, {}).get("outcome") == "unassigned", f"removed, and told as {rows.get(key)}")
        self._judge_files(report)
        for path in self.stage.reports.iterdir():
            if path.is_file():
                text = path.read_text(encoding="utf-8", errors="replace")
                self._expect(not any(secret in text for secret in self._secrets), f"a secret in {path.name}")

    def _complain(self, text: str) -> None:
        self.complaints.append(text)

    def _expect(self, condition: object, complaint: str) -> None:
        if not condition:
            self._complain(complaint)

    # --- What was seen -----------------------------------------------------------------------------------------------

    def _writes(self, run: Run) -> list[dict[str, Any]]:
        calls = self.stage.sim.calls(write=True)
        return [call for call in calls if run.first_call <= call["seq"] < run.calls_end]

    def _follow(self, run: Run) -> None:
        """Enter into the ledger what happened during a run, and hold each write against what was allowed."""
        ledger = self.ledger
        for change, done in run.done:
            key = change.network_interface_id, change.private_ip_address
            if done and change.kind == "add_private_ip":
                ledger.readded[key] += 1
                ledger.licence[key] += key not in ledger.told
            elif done and change.kind == "remove_private_ip" and (ledger.restoring or run.step.mode == "restore"):
                ledger.taken.add(key)
        ledger.shot |= run.killed and run.step.kill is not None and run.step.kill.signal == "SIGKILL"
        ledger.restoring |= run.step.mode == "restore"
        spared = run.guarded.keys() & run.guarded_later.keys()
        refused: list[tuple[int, set[Key]]] = []
        for call in self._writes(run):
            keys = set(keys_of(call))
            if not call["action"].startswith("Unassign"):
                self._expect(run.step.mode == "restore", f"assigned in a run of {run.step.mode}: {call}")
                theirs = keys - ledger.removed.keys() - ledger.doubtful
                self._expect(not theirs or ledger.shot, f"assigned without having been removed: {theirs}")
                ledger.put_back.update(keys if call["applied"] else ())
                continue
            self._expect(run.step.mode == "apply", f"removed in a run of {run.step.mode}: {call}")
            self._expect(not ledger.put_back, f"removed after a restoration: {call}")
            self._expect(keys <= ledger.plan, f"not in the plan: {keys - ledger.plan}")
            wrong = keys & (spared if call["started"] >= run.started else self._spared)
            guarded = {key: run.guarded.get(key) for key in wrong}
            self._expect(not wrong, f"guarded: {guarded}")
            if call["applied"]:
                ledger.removed.update(keys)
                again = {key for key in keys if ledger.removed[key] > ledger.licence[key]}
                self._expect(not again, f"removed once more: {again}")
            elif is_doubtful(call):
                ledger.doubtful |= keys
            else:
                refused.append((call["seq"], keys))
        self._spared = spared
        there = self.stage.secondaries()
        for seq, keys in refused:
            later = {
                key for call in self._writes(run) if call["seq"] > seq and call["applied"] for key in keys_of(call)
            }
            if keys & (later | there):
                ledger.doubtful |= keys - later - there

    # --- Runs --------------------------------------------------------------------------------------------------------

    def _judge_process(self, run: Run) -> None:
        cloud = self.stage.history.cloud
        others = [call["action"] for call in self.stage.sim.calls() if call["cloud"] != cloud]
        self._expect(not others, f"calls to another cloud: {others}")
        self._expect(not run.hung, "it does not end")
        self._expect(not run.survivors, f"these outlive it: {run.survivors}")
        output = "\n".join(run.outputs)
        for words in ("has a bug", *self._secrets):
            self._expect(words not in output, f"{words} in the output")
        for text in run.outputs:
            self._judge_progress([tuple(map(int, numbers)) for numbers in _PROGRESS.findall(text)])
        # What ansible-core says where a signal meets it in itself is its own.
        traces = re.findall(r"^Traceback .*\n(?:[ ~^].*\n)*", output, flags=re.MULTILINE)
        self._expect(not any("nic/plugins/" in trace for trace in traces), f"a traceback of ours: {traces}")
        if run.killed_at is not None and run.step.kill and run.step.kill.victim != "worker" and not run.step.twice:
            late = [call for call in self._writes(run) if call["started"] > run.killed_at + _ON_ITS_WAY]
            self._expect(not late, f"written after the kill: {late}")

    def _judge_progress(self, batches: list[tuple[int, ...]]) -> None:
        """What is left after a batch is what was left before it without the batch."""
        left_before = None
        for failed, size, left, total in batches:
            self._expect(failed <= size, f"{failed} failed in a batch of {size}")
            self._expect(left + size in (left_before, total), f"{left} of {total} left after a batch of {size}")
            left_before = left

    def _judge_refused(self, run: Run) -> None:
        """What must not be carried out changes nothing, and no plan that somebody approved."""
        why, ledger = run.step.refused, self.ledger
        if why == "limits":
            allowed, share = run.step.variables, 100 * len(ledger.plan) / max(1, ledger.selected)
            if len(ledger.plan) <= allowed["max_unassign"] and share <= allowed["max_unassign_percent"]:
                return
        self._expect(all(run.returncodes), f"it succeeds, and had to be refused for its {why}")
        self._expect(not self._writes(run), f"it has written, and had to be refused for its {why}")
        self._expect(self.stage.plan().get("digest") == ledger.digest, f"planned anew, in spite of its {why}")

    def _judge_scope(self, run: Run) -> None:
        """Whatever the name of another scope, it has its own files and its own success."""
        self._expect(run.step.refused or not any(run.returncodes), f"another scope ended with {run.returncodes}")
        self._expect(not self._writes(run), "the plan of another scope has written")
        self._expect(self.stage.plan().get("digest") == self.ledger.digest, "another scope has planned over the plan")
        strays = [path for path in self.stage.directory.rglob("plan.json") if self.stage.reports not in path.parents]
        self._expect(not strays, f"another scope has written {strays}")

    def _judge_plan(self, run: Run) -> None:
        """Take what now lies there for what was approved, once it is what the world was like."""
        plan = self.stage.plan()
        if plan.get("digest") in (None, self.ledger.digest):
            self._expect(not run.step.undisturbed, "nothing was planned")
            return
        targets = {
            (target["network_interface_id"], address)
            for target in plan["targets"]
            for address in target["private_ip_addresses"]
        }
        self.ledger = Ledger(plan["digest"], targets, len(run.there))
        if run.step.undisturbed:
            told = {(use["network_interface_id"], use["private_ip_address"]) for use in plan["uses"]}
            told &= {key for key, row in rows_of(self._read_report()).items() if row["kind"]}
            kept = self.stage.history.variables.get("keep", ())
            used = {key for key, why in run.guarded_later.items() if why == "in_use" and key[1] not in kept}
            self._expect(used <= told, f"plan and report do not tell what uses {used - told}")
        if not any(change.moment for change in run.step.changes):
            expected = self.stage.secondaries() - run.guarded_later.keys()
            # What somebody else has just removed is shown for a while by a cloud that lags.
            shown = {
                (change.network_interface_id, change.private_ip_address)
                for change, done in run.done
                if done and change.kind == "remove_private_ip" and run.step.settings.get("removal_lag")
            }
            wrong = (targets ^ expected) - (shown - expected)
            self._expect(not wrong, f"planned {wrong} too many or too few")

    def _judge_undisturbed(self, run: Run, report: dict[str, Any]) -> None:
        """An undisturbed apply finishes the plan, unless a restoration has ended it."""
        output = "\n".join(run.outputs)
        if self.ledger.put_back or self.ledger.restored or (self.ledger.restoring and "was restored at" in output):
            self._expect("was restored at" in output, "applied after a restoration")
            self._expect(run.returncodes[0] != 0, "a plan that was restored is told as applied")
            return
        self._expect(set(run.returncodes) == {0}, f"the undisturbed run ended with {run.returncodes}")
        self._expect(report.get("plan_digest") == self.ledger.digest, "there is no report of the plan")
        unsettled = {key: row["outcome"] for key, row in rows_of(report).items() if row["outcome"] in OUTCOMES[4:]}
        self._expect(not unsettled, f"not settled: {unsettled}")

    # --- Reports -----------------------------------------------------------------------------------------------------

    def _read_report(self) -> dict[str, Any]:
        return read_json(self.stage.reports / "report.json")

    def _judge_report(self, run: Run, report: dict[str, Any]) -> None:
        """Judge a report that a run has written."""
        self.reports += 1
        rows = rows_of(report)
        self._expect(len(rows) == len(report["addresses"]), "an address is told twice")
        # Where a plan was never told to be applied, a restoration has the journal, which knows only what was sent.
        wanted = self.ledger.removed.keys() if report["plan_created"] is None else self.ledger.plan
        self._expect(wanted <= rows.keys() <= self.ledger.plan, f"not told, or not planned: {rows.keys() ^ wanted}")
        counts = Counter(row["outcome"] for row in rows.values())
        self._expect(
            all(report["totals"][outcome] == counts[outcome] for outcome in OUTCOMES),
            f"totals are {report['totals']}, and rows {counts}",
        )
        for key in rows.keys() & self.ledger.plan:
            for complaint in self._wrong_with(run, key, rows[key], report["mode"] == "restore"):
                self._complain(f"{key} is told as {rows[key]['outcome']}: {complaint}; {rows[key]}")
        if not run.killed and run.step.disk is None:
            self._judge_files(report)
        self.ledger.told |= {key for key in self.ledger.removed if rows.get(key, {}).get("outcome") == "unassigned"}

    def _wrong_with(self, run: Run, key: Key, row: dict[str, Any], restored: bool) -> Iterator[str]:
        """Say what is not true about what a report tells of an address."""
        ledger, outcome = self.ledger, row["outcome"]
        settled = run.step.undisturbed
        named = [call for call in self._writes(run) if key in keys_of(call)]
        there = key in self.stage.secondaries() or run.guarded_later.get(key) is not None
        touched = any(change.moment and change.network_interface_id == key[0] for change, _done in run.done)
        if ledger.removed[key] and not ledger.readded[key]:
            # Before an undisturbed run has settled it, nobody may be able to tell.
            if outcome != "unassigned" and (settled or outcome != "unknown"):
                yield "a call of ours removed it"
        elif not ledger.removed[key]:
            # Somebody else was faster than a doubtful call, or than one of a run that was shot before it left.
            perhaps = (key in ledger.doubtful or ledger.shot) and (not there or restored)
            if outcome == "unassigned" and not perhaps:
                yield "no call of ours removed it"
        if outcome == "not_attempted" and named:
            yield "a call of this run named it"
        if outcome == "in_use" and not row["kind"]:
            yield "what uses it is not told"
        if outcome == "failed" and not any(call["code"] and not call["applied"] for call in named):
            yield "no call of this run was refused"
        if restored or touched:
            return
        guard = run.guarded.get(key) or run.guarded_later.get(key)
        reassigned = row["reason"] == "reassigned" and ledger.removed[key] and ledger.readded[key]
        if outcome in ("kept", "in_use") and not guard and not reassigned:
            yield "nothing keeps it"
        if outcome == "already_absent" and there:
            yield "it is there"
        if settled and there and not guard and not reassigned:
            yield "it is still there, and nothing keeps it"

    def _judge_files(self, report: dict[str, Any]) -> None:
        """The table and the page tell the same as the report."""
        expected = [tuple(row[name] or "" for name in _TOLD_ROW) for row in report["addresses"]]
        with (self.stage.reports / "report.csv").open(encoding="utf-8", newline="") as file:
            table = [tuple(row[name] for name in _TOLD_ROW) for row in csv.DictReader(file)]
        table = [row for row in table if row[2] != "warning"]
        self._expect(table == expected, f"report.csv differs: {set(table) ^ set(expected)}")
        page = _PAGE_DATA.search((self.stage.reports / "report.html").read_text(encoding="utf-8"))
        shown = json.loads(page[1])["addresses"] if page else []
        rows = [tuple(row.get(name) or "" for name in _TOLD_ROW) for row in shown]
        self._expect(rows == expected, f"report.html differs: {set(rows) ^ set(expected)}")

    # --- Last words --------------------------------------------------------------------------------------------------

    def _judge_result(self, run: Run, report: dict[str, Any], result: dict[str, Any]) -> None:
        """Judge what a run says last."""
        if result["mode"] != "apply":
            return
        totals, message, ledger = result["totals"], result["message"], self.ledger
        if any(path.endswith("report.json") for path in result["files"]) and not run.step.twice:
            self._expect(totals == report["totals"], f"the last message has {totals}, the report {report['totals']}")
        said = re.match(r"(?:Unassigned|This plan was applied .*:) (\d+) address", message)
        if said:
            self._expect(int(said[1]) == totals["unassigned"], f"{message}: but it was {totals['unassigned']}")
        if not ledger.shot:
            most = len(ledger.removed.keys() | ledger.doubtful)
            self._expect(totals["unassigned"] <= most, f"{totals['unassigned']} told as removed, and {most} may be")
        if run.step.twice or (run.killed and run.step.at_once):
            return
        writes = [call for call in self._writes(run) if call["started"] >= run.started]
        writes = [call for call in writes if call["applied"] or is_doubtful(call)]
        accepted = [call for call in writes if call["applied"] and call["fault"] is None]
        if accepted and not (run.killed and run.step.kill and run.step.kill.signal == "SIGKILL"):
            self._expect(run.changed(), f"no task has changed anything, but {len(accepted)} calls did")
        if not writes:
            self._expect(not run.changed(), "a task is said to have changed something, and no call did")

    def _judge_restoration(self, run: Run, report: dict[str, Any]) -> None:
        """After an undisturbed restoration everything that was removed is there again, and told so."""
        ledger = self.ledger
        if not run.step.undisturbed or not ledger.removed:
            return
        ledger.restored = True
        nics = self.stage.sim.estate()[self.stage.history.cloud]["network_interfaces"]
        present = {
            (nic, address)
            for nic, entry in nics.items()
            for address in (entry["primary_private_ip"], *entry["secondary_private_ips"])
        }
        rows = rows_of(report)
        gone = any(key[0] not in nics for key in ledger.removed)
        stops = gone and self.stage.history.variables.get("on_error") == "stop"
        for key in ledger.removed:
            word = rows.get(key, {}).get("restored")
            if key[0] not in nics:
                self._expect(word == "not_restored", f"{key} is told as {word}, and its network interface is gone")
                continue
            if stops and word == "not_restored":
                # After the first failure nothing is tried, nor looked at.
                continue
            self._expect(key in present or key in ledger.taken, f"{key} was not put back")
            self._expect(word in ("assigned", "already_present"), f"{key} was put back, and is told as {word}")
            if word == "assigned":
                self._expect(ledger.put_back[key], f"{key} is told as assigned, and no call did it")
        if all(key[0] in nics for key in ledger.removed):
            self._expect(run.returncodes == [0], f"the undisturbed restoration ended with {run.returncodes}")


def keys_of(call: dict[str, Any]) -> list[Key]:
    return [(nic, address) for nic in call["network_interface_ids"] for address in call["private_ip_addresses"]]


def is_doubtful(call: dict[str, Any]) -> bool:
    """Tell whether no client can know that the call had no effect."""
    status = call["http_status"]
    return not call["applied"] and call["fault"] is not None and (status is None or status < 400 or status >= 500)


def rows_of(report: dict[str, Any]) -> dict[Key, dict[str, Any]]:
    return {(row["network_interface_id"], row["private_ip_address"]): row for row in report.get("addresses", ())}
