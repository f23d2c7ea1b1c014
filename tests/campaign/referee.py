# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Holds what a run of a module told against what the simulator saw. Shares no code with what it judges."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import DETAILED
from ansible_collections.edgecloud.nic.tests.unit.clouds import READ

from .drawing import EXPIRED
from .oracle import keys_of
from .scenarios import BUSY, Played, Scenario, changes_by_others
from .steps import Key

UNSETTLED = ("failed", "unknown", "not_attempted")
#: With these the cloud says that there are too many calls.
_TOO_MANY = (429, 503)
#: So many requests may go to a dead endpoint, and so many writes beyond the rule may isolate what is refused.
_FEW = 50
_FEW_MORE = 4


def is_doubtful(call: dict[str, Any]) -> bool:
    """Tell whether whoever made the call cannot know that it had no effect."""
    status = call["http_status"]
    return status is None or status >= 500 or (call["fault"] is not None and not 400 <= status < 500)


class Account:
    """What a run told of each address."""

    def __init__(self, result: dict[str, Any]) -> None:
        self.outcomes: dict[Key, str] = {}
        self.twice: list[Key] = []
        self.accepted: dict[Key, bool] = {}
        for entry in result.get("outcomes", ()):
            nic = entry["network_interface_id"]
            for outcome, told in entry.items():
                if outcome == "network_interface_id":
                    continue
                # Of an address that several things use there are several entries.
                addresses = [one["private_ip_address"] if outcome in DETAILED else one for one in told]
                if outcome == "unknown":
                    self.accepted.update({(nic, one["private_ip_address"]): one["accepted"] for one in told})
                for address in dict.fromkeys(addresses):
                    if (nic, address) in self.outcomes:
                        self.twice.append((nic, address))
                    self.outcomes[nic, address] = outcome

    def having(self, *outcomes: str) -> set[Key]:
        return {key for key, outcome in self.outcomes.items() if outcome in outcomes}


class Referee:
    """Judges one run of a scenario."""

    def __init__(self, scenario: Scenario, run: Played) -> None:
        self.scenario, self.run = scenario, run
        self.result = run.report.result
        self.account = Account(self.result)
        self.writes = [call for call in run.calls if call["write"]]
        self.reads = [call for call in run.calls if call["action"] == READ]
        self.named = Counter(key for call in self.writes for key in keys_of(call))
        self.removed = {key for call in self.writes if call["applied"] for key in keys_of(call)}
        touched, self.strange_nics = changes_by_others(scenario)
        if run.calm and not scenario.calm:
            touched, self.strange_nics = set(), set()
        self.touched = touched | {key for key in run.before.keys if key[0] in self.strange_nics}
        #: One call at a time on one network interface; as many as the option says, by default ten, on many.
        self.width = 1 if scenario.module == "private_ip" else scenario.options.get("concurrency", 10)

    def complaints(self) -> Iterator[str]:
        """Say what is wrong."""
        yield from self._form()
        yield from self._writes()
        if "outcomes" in self.result:
            yield from self._account()
        elif self.named:
            yield f"something was written, and there are no outcomes: {self.run.report.message}"
        yield from self._pace()
        if self.run.calm:
            yield from self._calm()

    # --- Words -------------------------------------------------------------------------------------------------------

    def _form(self) -> Iterator[str]:
        report = self.run.report
        if "has a bug" in f"{report.message} {json.dumps(self.result)}":
            yield f"a bug: {report.message}"
        unsettled = self.account.having(*UNSETTLED)
        if unsettled and report.message is None:
            yield f"it succeeds with {len(unsettled)} addresses that are not settled"
        if (
            "outcomes" in self.result
            and not unsettled
            and report.message is not None
            and not self.scenario.unknown_nics
        ):
            exceeded = self.result.get("limits", {}).get("exceeded")
            if not exceeded:
                yield f"it fails with everything settled: {report.message}"
        if self.scenario.unknown_nics and report.message is None:
            yield "a plan none of whose network interfaces exists is told as carried out"
        silent = [entry for entry in self._unmatched() if not any(entry in warning for warning in report.warnings)]
        if silent and report.message is None:
            yield f"nothing is said about what matches nothing: {silent}"

    def _unmatched(self) -> list[str]:
        """Give the entries of what is to be kept that match nothing in the whole estate, where there is something."""
        options = self.scenario.options
        if (
            "all_network_interfaces" not in options
            or self.scenario.settings.get("paging")
            or not self.run.before.primary
        ):
            return []
        entries = [entry for entry in options.get("keep", ()) if entry == "10.99.0.0/16"]
        return entries + [entry for entry in options.get("keep_network_interfaces", ()) if entry == "nobody-*"]

    # --- Writes ------------------------------------------------------------------------------------------------------

    def _writes(self) -> Iterator[str]:
        run = self.run
        if run.check and self.writes:
            yield f"check mode writes: {self.writes}"
        for call in self.writes:
            if not call["action"].startswith("Unassign"):
                yield f"{call['action']} is called"
            if not call["private_ip_addresses"]:
                yield "an empty list is sent"
            for nic, address in keys_of(call):
                if address == run.before.primary.get(nic) and nic not in self.strange_nics:
                    yield f"the primary address {address} of {nic} is sent"
                if (nic, address) in run.before.guarded and (nic, address) in run.after.guarded:
                    yield f"{address} of {nic} is sent, and it is {run.before.guarded[nic, address]}"
                if (nic, address) not in run.before.keys and nic not in self.strange_nics:
                    yield f"{address} of {nic} is sent, and was no secondary address"
        yield from self._repeats()
        yield from self._after_refused_credentials()

    def _repeats(self) -> Iterator[str]:
        """What may have had an effect is not sent again before a read."""
        last: dict[Key, dict[str, Any]] = {}
        for call in self.writes:
            for key in keys_of(call):
                before = last.get(key)
                if before is not None and is_doubtful(before) and before["http_status"] not in _TOO_MANY:
                    between = [read for read in self.reads if before["seq"] < read["seq"] < call["seq"]]
                    if not any(key[0] in read["network_interface_ids"] for read in between):
                        yield f"{key} is sent again without a read: {before['seq']} and {call['seq']}"
                last[key] = call

    def _after_refused_credentials(self) -> Iterator[str]:
        refusals = [call for call in self.run.calls if self._refuses_credentials(call)]
        if not refusals or self.run.calm:
            return
        after = [call for call in self.run.calls if call["started"] > (refusals[0]["finished"] or math.inf) + 0.3]
        # What uses addresses is looked up ten calls at a time.
        if len(refusals) > max(self.width, 10):
            yield f"{len(refusals)} calls are answered that the credentials are refused"
        late = [call["seq"] for call in after if call["write"]]
        if len(late) > 1:
            yield f"written after the credentials were refused: {late}"

    def _refuses_credentials(self, call: dict[str, Any]) -> bool:
        return call["code"] == EXPIRED[self.scenario.cloud]["code"] or (
            call["fault"] == "html" and call["http_status"] in (401, 403, 451)
        )

    # --- The account -------------------------------------------------------------------------------------------------

    def _account(self) -> Iterator[str]:
        account, run = self.account, self.run
        if account.twice:
            yield f"more than one outcome: {account.twice}"
        planned = {
            (one["network_interface_id"], address)
            for one in self.result.get("plan", ())
            for address in one["private_ip_addresses"]
        }
        for key in sorted((planned | self.named.keys()) - account.outcomes.keys()):
            yield f"{key} has no outcome"
        if run.check:
            return
        for key, outcome in sorted(account.outcomes.items()):
            for complaint in self._wrong_with(key, outcome):
                yield f"{key} is told as {outcome}: {complaint}"
        changed = bool(account.having("unassigned")) or any(account.accepted.values())
        if self.result["changed"] != changed:
            yield f"changed is {self.result['changed']}"
        yield from self._diff()
        if run.journal is not None:
            yield from self._journal(run.journal)

    def _wrong_with(self, key: Key, outcome: str) -> Iterator[str]:
        named = [call for call in self.writes if key in keys_of(call)]
        ours = key in self.removed and key not in self.touched
        there = key in self.run.after.keys
        if ours and outcome not in ("unassigned", "unknown"):
            yield "a call of ours removed it"
        if ours and outcome == "unknown" and not self._may_be_unknown():
            yield "a call of ours removed it, and nothing kept it from being told so"
        if outcome == "unassigned" and there:
            yield "it is still there"
        if outcome == "unassigned" and not any(map(self._may_have_removed, named)):
            yield "no call of ours can have removed it"
        if outcome == "already_absent" and there and key not in self.touched:
            yield "it is there"
        if outcome == "not_attempted" and named:
            yield "a call named it"
        if outcome == "failed" and not any((call["http_status"] or 0) >= 400 and not call["applied"] for call in named):
            yield "the cloud has not refused it"
        if outcome == "unknown":
            yield from self._wrong_with_unknown(key, named)

    def _may_have_removed(self, call: dict[str, Any]) -> bool:
        """Tell whether the call had an effect for all that a client can know: a refused list may be done in part.

        Then a part is still there, or was until somebody else took it, with its network interface or without.
        """
        keys = keys_of(call)
        there = self.run.after.keys | set(self.run.after.primary.items()) | self.removed | self.touched
        partly = len(keys) > 1 and any(key in there for key in keys)
        return call["applied"] or is_doubtful(call) or partly

    def _wrong_with_unknown(self, key: Key, named: list[dict[str, Any]]) -> Iterator[str]:
        # What is on its way when the endpoint dies, or a run has to end, is lost.
        if {"dead", "interrupted"} & set(self.scenario.weather):
            return
        if not named:
            yield "no call named it"
        accepted = any(call["http_status"] == 200 for call in named)
        if self.account.accepted[key] != accepted and not any(call["fault"] for call in named):
            yield f"the cloud has {'' if accepted else 'not '}accepted it"

    def _may_be_unknown(self) -> bool:
        """Tell whether answers or reads went wrong, or the time was up before the cloud showed it."""
        weather = set(self.scenario.weather) - {"throttled", "refusals", "calm", "patterns", "eip_blocks"}
        return bool(weather) and not self.run.calm

    def _diff(self) -> Iterator[str]:
        diff = self.result.get("diff") or {}
        if self.scenario.module == "private_ip" or self.run.check:
            return
        shown = {
            (nic, address)
            for nic, before in diff["before"].items()
            for address in set(before) - set(diff["after"][nic])
        }
        told = self.account.having("unassigned") | {key for key, accepted in self.account.accepted.items() if accepted}
        if shown != told:
            yield f"the diff has {sorted(shown ^ told)} too many or too few"

    def _journal(self, text: str) -> Iterator[str]:
        lines = [json.loads(line) for line in text.splitlines()]
        sent = {
            (line["network_interface_id"], address)
            for line in lines
            if line["event"] == "sent"
            for address in line["private_ip_addresses"]
        }
        if not self.named.keys() <= sent:
            yield f"the journal does not know of {sorted(self.named.keys() - sent)}"
        settled = {
            (line["network_interface_id"], address)
            for line in lines
            if line["event"] == "settled"
            for address in line["unassigned"]
        }
        if settled != self.account.having("unassigned"):
            yield f"the journal has {sorted(settled ^ self.account.having('unassigned'))} as removed or not"

    # --- Time --------------------------------------------------------------------------------------------------------

    def _pace(self) -> Iterator[str]:
        scenario, run = self.scenario, self.run
        if run.calm:
            return
        if scenario.seconds is not None and run.seconds > scenario.seconds + BUSY:
            yield f"it takes {run.seconds:.1f} s instead of {scenario.seconds:.1f} s"
        if scenario.weather == ["throttled"]:
            if run.report.message is not None and not self._named_and_used():
                yield f"calls are only too many, and it fails: {run.report.message}"
            refused = sum(call["http_status"] in _TOO_MANY or "hrottl" in (call["code"] or "") for call in run.calls)
            told = self.result.get("summary", {}).get("throttled_calls", refused)
            if refused != told:
                yield f"{refused} calls were too many, and {told} are told"
        if scenario.weather == ["dead"]:
            never = {key for key in self.account.having("failed", "unknown") if key not in self.named}
            if self.account.having("failed") or len({nic for nic, _address in never}) > self.width:
                yield f"nothing was sent, and they are told as failed or unknown: {sorted(never)}"
            seen = Counter(call["action"] for call in run.calls)
            lost = sum((Counter(self.result.get("summary", {}).get("api_calls", {})) - seen).values())
            if lost >= _FEW:
                yield f"{lost} requests are sent to an endpoint that is dead"
        if scenario.weather == ["refusals"] and "on_error" not in scenario.options:
            yield from self._isolation()
        if run.told is not None:
            late = [call["seq"] for call in self.writes if call["started"] > run.told + 0.5]
            if late:
                yield f"written after the end was told: {late}"

    def _isolation(self) -> Iterator[str]:
        """What the cloud does not refuse goes, at a cost that grows with what it refuses."""
        if self._named_and_used():
            return
        refused = {(one["network_interface_id"], one["private_ip_address"]) for one in self.scenario.settings["refuse"]}
        wanted = {key for key in self._wanted() & self.run.before.keys if key not in self.run.before.guarded}
        left = (wanted - refused) & self.run.after.keys
        if left:
            yield f"not refused, and still there: {sorted(left)}"
        for nic in {nic for nic, _address in wanted & refused}:
            sent = len({key for key in wanted if key[0] == nic})
            bad = len({key for key in wanted & refused if key[0] == nic})
            writes = sum(nic in call["network_interface_ids"] for call in self.writes)
            most = 2 * bad * (1 + math.log2(sent / bad)) + (_FEW_MORE if bad < sent else sent)
            if writes > most:
                yield f"{writes} writes for {bad} refused of {sent} addresses of {nic}"

    # --- When nothing disturbs ---------------------------------------------------------------------------------------

    def _calm(self) -> Iterator[str]:
        run, scenario = self.run, self.scenario
        if self._named_and_used() or self._nic_is_gone() or self._too_many_are_gone():
            if run.report.message is None or self.writes or run.report.result["changed"]:
                yield "what is named is used, is a primary address or does not exist, and that is not refused"
            return
        if run.report.message is not None and not scenario.unknown_nics:
            yield f"it fails, and nothing disturbs it: {run.report.message}"
            return
        left = {key for key in self._wanted() & run.after.keys if key not in run.after.guarded}
        if left and not run.check:
            yield f"still there, and nothing keeps them: {sorted(left)}"
        nics = {key[0] for key in self._wanted() if key in run.before.keys and key not in run.before.guarded}
        if not run.check and len(self.writes) != len(nics):
            yield f"{len(self.writes)} writes for {len(nics)} network interfaces"
        # Those that are read first, in pages or lists of 50, and those that were changed once more.
        most = math.ceil(len(scenario.document[scenario.cloud]["network_interfaces"]) / 50) + math.ceil(len(nics) / 50)
        if not run.check and len(self.reads) > most + (not nics):
            yield f"{len(self.reads)} reads of network interfaces, and {most} do"

    def _named_and_used(self) -> bool:
        """Tell whether an address that the one-NIC module was told by name is primary, or something uses it."""
        nic = str(self.scenario.options.get("network_interface_id"))
        named: list[str] = self.scenario.options.get("private_ip_addresses", [])
        before = self.run.before
        return before.primary.get(nic) in named or any(before.guarded.get((nic, one)) == "in_use" for one in named)

    def _nic_is_gone(self) -> bool:
        nic = self.scenario.options.get("network_interface_id")
        return nic is not None and nic not in self.run.before.primary

    def _too_many_are_gone(self) -> bool:
        """Tell whether more of a plan's network interfaces are gone than anybody but a mistake would leave."""
        planned = [one["network_interface_id"] for one in self.scenario.options.get("targets", ())]
        gone = [nic for nic in planned if nic not in self.run.before.primary]
        return bool(100 * len(gone) > self.scenario.options.get("max_missing_percent", 20) * len(planned))

    def _wanted(self) -> set[Key]:
        """Give what the task is to remove where nothing keeps it."""
        options = self.scenario.options
        if "targets" in options:
            return {(one["network_interface_id"], a) for one in options["targets"] for a in one["private_ip_addresses"]}
        if "private_ip_addresses" in options:
            return {(options["network_interface_id"], address) for address in options["private_ip_addresses"]}
        chosen = options.get("network_interface_ids") or [options.get("network_interface_id")]
        everything = "all_network_interfaces" in options
        return {key for key in self.run.before.keys if everything or key[0] in chosen}


def judge(scenario: Scenario, runs: list[Played]) -> Iterator[str]:
    """Say what is wrong with the runs of a scenario: with each of them, and with how they go together."""
    for number, run in enumerate(runs):
        name = "check mode" if run.check else f"run {number + 1 - runs[0].check}"
        for complaint in Referee(scenario, run).complaints():
            yield f"{name}: {complaint}"
    if runs[0].check:
        predicted, done = (run.report.result for run in runs[:2])
        for field in ("changed", "plan", "plan_digest", "diff", "limits", "uncertain"):
            if predicted.get(field) != done.get(field):
                yield f"check mode predicts another {field}: {predicted.get(field)}, and it is {done.get(field)}"
    silent = runs[-1]
    if silent.report.result["changed"] or any(call["write"] for call in silent.calls):
        yield "the last run changes something again"
