# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No trace holds a credential, signature, cookie or what a cluster is configured with, whatever the cloud answers."""

from __future__ import annotations

import base64
import collections
import copy
import itertools
import json
import pathlib
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskReport
from ansible_collections.edgecloud.nic.plugins.module_utils._http.trace import read_trace
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.base import CloudProvider
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.ens import api as ens_api
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.in_use import ListAction
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.zec import api as zec_api
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.simulator.weather import APPLIED_KINDS, FAULT_KINDS
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS, run_module
from ansible_collections.edgecloud.nic.tests.unit.trace import canaries
from ansible_collections.edgecloud.nic.tests.unit.trace.echo import Echo

ACCOUNTS: dict[str, list[dict[str, str]]] = {
    "ens": [
        {
            "access_key_id": canaries.KEY_ID,
            "access_key_secret": canaries.KEY_SECRET,
            "security_token": canaries.STS_TOKEN,
        },
        {"access_key_id": canaries.KEY_ID, "access_key_secret": canaries.KEY_SECRET},
    ],
    "zec": [
        {"access_key_id": canaries.KEY_ID, "access_key_secret": canaries.KEY_SECRET},
        {"token": canaries.BEARER_TOKEN},
    ],
}
WAYS = [("ens", 0), ("ens", 1), ("zec", 0), ("zec", 1)]
#: As many calls at a time as an option can ask for.
CONCURRENCY = 32
KINDS = (*FAULT_KINDS, *APPLIED_KINDS)


def words(kind: str, secrets: list[str]) -> dict[str, Any]:
    """Give what a fault says beside: all that a server can know."""
    said = " ".join(f"{secret} {quote(secret, safe='')} {secret.encode().hex()}" for secret in secrets)
    said += " " + base64.b64encode(f"user:{':'.join(secrets)}".encode()).decode()
    cookie = {"Set-Cookie": f"session={canaries.COOKIE}; Path=/"}
    script = f"<script>document.cookie='session={canaries.COOKIE}'</script>"
    faults: dict[str, dict[str, Any]] = {
        "error": {"message": f"for {said}", "headers": cookie},
        "html": {"body": f"<html><h1>{said}</h1>{script} session {canaries.COOKIE}</html>", "headers": cookie},
        "empty": {"headers": {"X-Request-Id": secrets[0], **cookie}},
        "redirect": {"location": f"/login/{quote(secrets[0], safe='')}?token={quote(secrets[-1], safe='')}"},
        "hang": {"seconds": 0.01},
        "delay": {"seconds": 0.01},
        "drip": {"seconds": 0},
        "missing_fields": {"fields": ["Clusters", "PrivateIpSets", "primaryIpv4"]},
        "replace_fields": {"values": dict.fromkeys(("Description", "name", "NetworkInterfaceName"), said)},
    }
    return faults.get(APPLIED_KINDS.get(kind, kind), {})


def run(cloud: str, kind: str, endpoint: str, account: int, **given: Any) -> TaskReport:
    """Run a module of the cloud's."""
    definition = CLOUDS[cloud].definition(kind)
    options = {
        "endpoint": endpoint,
        "retry_max_delay": 0.01,
        "timeout": 5.0,
        "connect_timeout": 5.0,
        **ACCOUNTS[cloud][account],
        **given,
    }
    validation = ArgumentSpecValidator(definition.argument_spec).validate(copy.deepcopy(options))
    assert validation.error_messages == []
    report = run_module(definition, validation.validated_parameters, options)
    assert "has a bug" not in (report.message or ""), report.message
    return report


def all_modules(cloud: str, endpoint: str, account: int, nic: str, **given: Any) -> list[TaskReport]:
    """Run each kind of module, with as many calls at a time as there may be in those that say how many."""
    identity = {"expected_account": "1000000000000001" if cloud == "ens" else "2000001"}
    return [
        run(cloud, "preflight", endpoint, account, **identity, **given, concurrency=CONCURRENCY, write_permission=True),
        run(cloud, "private_ip_info", endpoint, account, **identity, **given, include_in_use=True),
        run(
            *(cloud, "private_ip", endpoint, account),
            network_interface_id=nic,
            state="absent",
            all_secondary=True,
            wait_timeout=1.0,
            **given,
        ),
        run(
            *(cloud, "private_ip_cleanup", endpoint, account),
            all_network_interfaces=True,
            max_unassign=1000,
            concurrency=CONCURRENCY,
            wait_timeout=1.0,
            **given,
        ),
    ]


def most_at_a_time(calls: list[dict[str, Any]]) -> int:
    """Tell how many calls there were at a time."""
    steps = sorted(step for call in calls for step in ((call["started"], 1), (call["finished"], -1)))
    return max(itertools.accumulate(change for _time, change in steps))


def check(sim: Simulator, cloud: str, account: int, kind: str, trace: pathlib.Path) -> None:
    """Run everything while each action once meets a fault of this kind; see that all is traced, and no secret."""
    document = canaries.estate(ACCOUNTS)
    sim.load(document)
    nic = sorted(sim.estate()[cloud]["network_interfaces"])[0]
    all_modules(cloud, sim.url, account, nic)
    actions = sorted(sim.counts())
    # Enough to do for as many calls at a time, and slow enough that they meet.
    document[cloud]["generate"] = {"network_interfaces": CONCURRENCY + 8, "secondary_private_ips": 1, "vpcs": 4}
    sim.load({**document, "settings": {"latency": 0.1}})
    for action in actions:
        for skip in (0, 1):
            sim.add_fault(
                kind=kind, match={"action": action}, skip=skip, **words(kind, list(ACCOUNTS[cloud][account].values()))
            )
    all_modules(cloud, sim.url, account, nic, trace=str(trace))
    # All of them, if the machine is not too busy to have so many threads at work.
    assert CONCURRENCY / 2 < most_at_a_time(sim.calls()) <= CONCURRENCY
    assert {call["fault"] for call in sim.calls()} == {None, APPLIED_KINDS.get(kind, kind)}
    traced = collections.Counter(line["action"] for line in read_trace(str(trace)) if line["event"] == "call")
    assert dict(traced) == sim.counts()
    assert canaries.found(trace, *canaries.ALL) == []
    assert "CANARY" not in trace.read_text(encoding="utf-8")


@pytest.mark.parametrize(("cloud", "account"), WAYS)
@pytest.mark.parametrize(
    "kind", [kind if kind == "error" else pytest.param(kind, marks=pytest.mark.matrix) for kind in KINDS]
)
def test_whatever_goes_wrong_no_secret_is_traced(
    cloud: str, account: int, kind: str, sim: Simulator, tmp_path: pathlib.Path
) -> None:
    check(sim, cloud, account, kind, tmp_path / "trace")


def test_the_secrets_would_be_found(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "trace"
    ways: list[Callable[[str], str]] = [
        lambda secret: json.dumps({"a": secret}),
        lambda secret: quote(secret, safe=""),
        lambda secret: secret.encode().hex().upper(),
        *(lambda secret, n=n: base64.b64encode(b"xxx"[:n] + secret.encode() + b"y").decode() for n in range(3)),
    ]
    for secret in canaries.ALL:
        for way in ways:
            file.write_text(f"a {way(secret)} b", encoding="utf-8")
            assert canaries.found(file, secret) != [], (secret, file.read_text())


@pytest.mark.parametrize(("cloud", "account"), WAYS)
def test_a_server_that_repeats_all_that_it_was_sent_gets_nothing_traced(
    cloud: str, account: int, tmp_path: pathlib.Path
) -> None:
    trace = tmp_path / "trace"
    with Echo(canaries.COOKIE) as echo:
        proxy = f"http://user:{quote(canaries.PROXY_PASSWORD, safe='')}@{echo.host_port}"
        for endpoint, more in ((echo.url, {}), ("http://127.0.0.1:9", {"proxy": proxy})):
            all_modules(cloud, endpoint, account, "nic-1", trace=str(trace), max_retries=1, **more)
    # A signature, token or nonce each, and what the proxy was sent.
    assert len(echo.secrets) > 1
    assert len([line for line in read_trace(str(trace)) if line["event"] == "call"]) == echo.requests > 4
    assert canaries.found(trace, *canaries.ALL, *echo.secrets) == []
    assert "***" in trace.read_text(encoding="utf-8")


@pytest.mark.parametrize(("provider", "api"), [(ens_api.EnsProvider, ens_api), (zec_api.ZecProvider, zec_api)])
def test_every_answer_of_which_only_some_fields_are_kept_is_confidential_in_traces(
    provider: type[CloudProvider], api: Any
) -> None:
    actions = [value for value in vars(api).values() if isinstance(value, ListAction) and value.fields is not None]
    needed = {action.action: set(action.fields or ()) for action in actions}
    needed[provider.identity.action] = {provider.identity.field}
    confidential = provider.client_class.confidential
    assert confidential.keys() == needed.keys()
    assert all(fields <= set(confidential[action]) for action, fields in needed.items())


@pytest.mark.parametrize(("cloud", "account"), WAYS)
def test_a_server_that_repeats_all_that_it_was_sent_gets_nothing_into_a_message(cloud: str, account: int) -> None:
    with Echo(canaries.COOKIE) as echo:
        for report in all_modules(cloud, echo.url, account, "nic-1", max_retries=0):
            told = json.dumps([report.result, report.message, report.warnings]).lower()
            secrets = {canaries.KEY_SECRET, canaries.STS_TOKEN, canaries.BEARER_TOKEN, *echo.secrets}
            # The id of a key is none, and a nonce is spent.
            for secret in {one for one in secrets if not re.fullmatch("[0-9a-f]{33,63}", one)} - {canaries.KEY_ID}:
                assert not any(form in told for form in canaries.forms(secret)), secret
