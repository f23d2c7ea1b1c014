# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task that runs in ansible-core's worker and one that runs in a process of its own tell the same, to the letter."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import Play, comparable, defaults, play
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS

#: As they stand in a URL, and what they mean.
PASSWORDS = ("pr%40xy-word", "pr@xy-word", "end-p0int-word", "environ-w0rd")
#: Tasks of which the module itself says what is wrong.
NOT_VALID = ("unknown option", "missing option", "wrong type", "password of a proxy, and an unknown option")


def all_kinds_of_tasks(sim: Simulator, cloud: str) -> list[dict[str, Any]]:
    """Tasks that end in every way a task can end in; secrets in them are to be found nowhere in the output."""
    module, info = f"edgecloud.nic.{cloud}_private_ip", f"edgecloud.nic.{cloud}_private_ip_info"
    alias = CLOUDS[cloud].id_alias
    one, used = CLOUDS[cloud].demo_ids
    primary, secondaries = sim.addresses(one)

    def absent(**options: Any) -> dict[str, Any]:
        return {"network_interface_id": one, "state": "absent", **options}

    return [
        {"name": "info", info: {"include_in_use": True}},
        {"name": "info of ids, as text", info: {"network_interface_ids": f"{one},{used}"}},
        {"name": "check mode", module: absent(private_ip_addresses=[secondaries[0]]), "check_mode": True},
        {"name": "absent", module: absent(private_ip_addresses=[secondaries[0]])},
        {"name": "absent already", module: absent(private_ip_addresses=[secondaries[0]])},
        {"name": "alias", module: {alias: one, "state": "absent", "private_ip_addresses": secondaries[1]}},
        {"name": "in use", module: absent(network_interface_id=used, private_ip_addresses=sim.addresses(used)[1])},
        {"name": "force", module: absent(network_interface_id=used, all_secondary=True, force=True)},
        {"name": "primary", module: absent(private_ip_addresses=[primary])},
        {"name": "unknown network interface", module: absent(network_interface_id="nic-gone", all_secondary=True)},
        {"name": "missing ok", module: absent(network_interface_id="nic-gone", all_secondary=True, missing_ok=True)},
        {"name": "no address", module: absent(private_ip_addresses=["nonsense"])},
        {"name": "null", module: absent(private_ip_addresses=None)},
        {"name": "unknown option", module: absent(nonsense=1)},
        {"name": "missing option", module: {"network_interface_id": one}},
        {"name": "wrong type", module: absent(all_secondary="perhaps", timeout="soon")},
        {"name": "refused", info: {"access_key_secret": "quite-wrong-secret"}},
        {"name": "no answer", info: {"endpoint": "http://127.0.0.1:1"}},
        {"name": "hidden", info: {}, "no_log": True},
        {"name": "loop", info: {"network_interface_ids": ["{{ item }}"]}, "loop": [one, used]},
        {"name": "password of a proxy", info: {"proxy": "http://user:pr%40xy-word@127.0.0.1:1"}},
        {
            "name": "password of a proxy, and an unknown option",
            info: {"proxy": "http://user:pr%40xy-word@127.0.0.1:1", "nonsense": "pr@xy-word"},
        },
        {"name": "password in an endpoint", info: {"endpoint": "https://user:end-p0int-word@localhost/environ-w0rd"}},
        {"name": "relative path", info: {"ca_path": "beside.pem", "endpoint": "https://127.0.0.1:1"}},
        {"name": "templated action", "action": "edgecloud.nic.{{ cloud }}_private_ip_info", "vars": {"cloud": cloud}},
        {"name": "again and again", info: {"endpoint": "http://127.0.0.1:1"}, "retries": 1, "delay": 1},
        {"name": "templates", info: {"network_interface_ids": "{{ [nic] }}"}, "vars": {"nic": one}},
    ]


@pytest.mark.parametrize("cloud", CLOUDS)
def test_both_ways_tell_the_same(sim: Simulator, cloud: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "beside.pem").write_text("no certificate", encoding="utf-8")
    plays: dict[bool, Play] = {}
    counts = {}
    for here in (True, False):
        sim.reset()
        tasks = all_kinds_of_tasks(sim, cloud)
        plays[here] = play(
            tmp_path,
            tasks,
            defaults(sim),
            {"edgecloud_nic_in_process": here},
            https_proxy="http://user:environ-w0rd@127.0.0.1:1",
        )
        counts[here] = sim.counts()
    for name in plays[True].results:
        # What is wrong with options is told in the module's own words.
        assert plays[True].ran_in_a_process_of_its_own(name) == (name in NOT_VALID), name
        assert plays[False].ran_in_a_process_of_its_own(name), name
        results = [comparable(json.dumps(plays[here].results[name], sort_keys=True)) for here in (True, False)]
        assert results[0] == results[1], name
        assert plays[True].told(name) == plays[False].told(name), name
    assert counts[True] == counts[False]
    assert plays[True].returncode == plays[False].returncode == 0
    check_what_the_tasks_were_about(plays[True], cloud)
    for secret in (*sim.account(cloud).values(), "quite-wrong-secret", *PASSWORDS):
        if secret != sim.account(cloud).get("access_key_id"):
            for one in plays.values():
                assert secret not in one.output
                assert secret not in repr(one.results)


def check_what_the_tasks_were_about(done: Play, cloud: str) -> None:
    """Twice the same nonsense would be the same, too."""
    results = done.results
    for name in ("check mode", "absent"):
        assert (results[name]["changed"], results[name]["failed"]) == (True, False)
        assert results[name]["diff"]["before"] != results[name]["diff"]["after"]
        assert '"VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"' in done.shown()[name]
        assert '"state": "absent"' in done.shown()[name]  # the invocation
    assert results["absent already"]["changed"] is False
    assert results["force"]["warnings"]
    for name in (
        "primary",
        "in use",
        "unknown network interface",
        "no address",
        "null",
        "unknown option",
        "refused",
        "no answer",
    ):
        assert results[name]["failed"] is True
        assert results[name].get("msg"), (name, results[name])
    assert "nonsense" in results["unknown option"]["msg"]
    assert results["missing ok"]["failed"] is False
    assert "output has been hidden" in done.shown()["hidden"]
    assert len(results["loop"]["results"]) == 2
    assert "http://user:********@127.0.0.1:1" in done.shown()["password of a proxy"]
    assert "must not contain a user name or password" in results["password in an endpoint"]["msg"]
    assert "holds no certificate" in results["relative path"]["msg"]
    # The group's defaults hold for it.
    assert results["templated action"]["network_interfaces"]
    assert "attempts" in results["again and again"]
