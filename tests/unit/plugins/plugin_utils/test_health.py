# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible import constants
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import sentences
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.batches import split
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import RefusedError
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run import health
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.account import Account

RUN = "0b0c5f6e-6f0e-4b0a-9b39-0d5a3f0a8b11"
TARGETS = [{"network_interface_id": f"nic-{n}", "private_ip_addresses": [f"10.0.0.{n}"]} for n in range(1, 5)]


@pytest.mark.parametrize(
    ("task", "result", "message"),
    [
        ({}, {"msg": "down\n"}, "down"),
        ({}, {"msg": ["down", 3]}, "down; 3"),
        ({}, {"msg": {"a": 1}}, "{'a': 1}"),
        ({}, {}, "it failed without a message"),
        ({}, {"msg": "One or more items failed", "results": [{"msg": "fine"}, {"failed": True, "msg": "b"}]}, "b"),
        ({}, {"msg": "One or more items failed", "results": []}, "One or more items failed"),
        ({"no_log": True}, {"msg": "secret"}, "the message is hidden by no_log"),
        ({"no_log": "{{ quiet }}"}, {"msg": "secret"}, "the message is hidden by no_log"),
        ({"no_log": False}, {"msg": "secret", "_ansible_no_log": True}, "the message is hidden by no_log"),
    ],
)
def test_the_message_of_a_task_is_what_it_said_unless_that_is_not_to_be_logged(
    task: dict[str, Any], result: dict[str, Any], message: str
) -> None:
    assert health.message_of(task, result) == message


def test_what_failed_before_the_health_check_is_not_told_as_its_failure() -> None:
    earlier = {"ansible_failed_task": {"name": "Before"}, "ansible_failed_result": {"msg": "x"}}
    before = health.failed(earlier)
    hosts = {"ansible_play_hosts_all": ["a", "b"]}
    assert "no task of it failed on this host" in health.failure({**earlier, **hosts}, before, str)
    assert "no task of it failed on this host" in health.failure(hosts, health.failed({}), str)
    later = {**earlier, "ansible_failed_task": {"name": "", "action": "uri"}}
    assert health.failure({**later, **hosts}, before, str) == "uri: x"
    # On a single host nobody else can have failed.
    assert health.failure(earlier, before, str) == "Before: x"


def test_what_is_known_is_handed_on_once(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    account = Account()
    account.checked, account.batches, account.digest = {"outcomes": []}, split(TARGETS, 2), "sha256:ab"
    outcomes = [{"network_interface_id": "nic-1", "unassigned": ["10.0.0.2"], "failed": [], "unknown": []}]
    shown = {"invocation": {"module_args": {}}, "diff": {}, "plan": TARGETS, "network_interfaces": []}
    account.add({"changed": True, "outcomes": outcomes, **shown})
    check = f"{RUN}-1"
    health.Handover({"run": RUN}, account, "c", {"j": None}, "f").leave(check)
    assert [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()] == [0o600]
    taken = health.take(check)
    assert taken.account.known() == {**account.known(), "results": [{"changed": True, "outcomes": outcomes}]}
    assert (taken.begun, taken.connection, taken.files, taken.failed) == ({"run": RUN}, "c", {"j": None}, "f")
    for name in (check, f"{RUN}-2", "../../etc/passwd", ""):
        with pytest.raises(RefusedError, match="what was known before the health check is lost"):
            health.take(name)


def test_a_sentence_says_which_health_check_failed_and_how_far_the_run_came() -> None:
    made = split(TARGETS, [1, 2])
    assert sentences.describe_health_check(2, made, "Ask: down.") == (
        "the health check after batch 2 of 3 (3 of 4 network interfaces) failed: Ask: down"
    )
    assert sentences.describe_health_check(1, made) == (
        "nothing has told that the health check after batch 1 of 3 (1 of 4 network interfaces) passed"
    )
