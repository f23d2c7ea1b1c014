# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing is read or changed in another account than the one that is expected."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._flows import private_ip_cleanup, private_ip_info
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskReport, run_task
from ansible_collections.edgecloud.nic.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.edgecloud.nic.plugins.module_utils._http.session import HttpSession, HttpSettings
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS, READ, Cloud

ADDRESS = "10.0.0.11"
OURS, OTHERS = "1000000000000009", "1000000000000008"
SERVICE = {"ens": ("sts", "2015-04-01"), "zec": ("zbc", "2024-08-09")}


def load(cloud: Cloud, *keys: dict[str, t.Any], **more: t.Any) -> None:
    """Put one network interface with one secondary address there, of an account with these keys."""
    number = iter(range(1, 9))
    accounts = [
        {"account_id": OURS, **key}
        if "token" in key
        else {"access_key_id": f"KEY-{next(number)}", "access_key_secret": "a-secret", "account_id": OURS, **key}
        for key in keys or [{}]
    ]
    cloud.load([ADDRESS], accounts={cloud.name: accounts}, **more)


def run(flow: t.Any, cloud: Cloud, open_session: t.Any = HttpSession, **given: t.Any) -> TaskReport:
    spec = {**cloud.provider.connection_spec, **flow.argument_spec(cloud.provider)}
    defaults = {name: entry.get("default") for name, entry in spec.items()}
    options = {**defaults, **cloud.options(), **given}
    return run_task(flow.run, cloud.provider, options, given, spec, False, open_session=open_session)


def cleanup(cloud: Cloud, **given: t.Any) -> TaskReport:
    return run(private_ip_cleanup, cloud, all_network_interfaces=True, **given)


def info(cloud: Cloud, **given: t.Any) -> TaskReport:
    return run(private_ip_info, cloud, **given)


FLOWS = [cleanup, info, lambda cloud, **options: cloud.unassign(ADDRESS, **options)]
each_flow = pytest.mark.parametrize("flow", FLOWS, ids=["cleanup", "info", "one network interface"])


def nothing_but_the_question(cloud: Cloud, times: int = 1) -> None:
    assert cloud.sim.counts() == {cloud.identity: times}
    assert cloud.secondary() == [ADDRESS]


@each_flow
def test_the_account_that_is_expected_costs_one_call(flow: t.Any, cloud: Cloud) -> None:
    load(cloud)
    report = flow(cloud, expected_account=OURS)
    assert (report.message, report.warnings) == (None, [])
    asked, *others = cloud.sim.calls()
    assert (asked["action"], asked["parameters"]) == (cloud.identity, {})
    assert (asked["service"], asked["version"]) == SERVICE[cloud.name]
    assert others
    assert cloud.identity not in {call["action"] for call in others}


@each_flow
def test_without_an_expectation_the_cloud_is_not_asked(flow: t.Any, cloud: Cloud) -> None:
    load(cloud)
    assert flow(cloud).message is None
    assert cloud.identity not in cloud.sim.counts()


@each_flow
def test_another_account_is_refused_by_name_before_anything_else(flow: t.Any, cloud: Cloud) -> None:
    load(cloud)
    report = flow(cloud, expected_account=OTHERS)
    assert report.message == (
        f"expected_account: the credentials belong to account {OURS}, not to {OTHERS}; nothing was changed"
    )
    # Whoever loops over tasks need not try the next one.
    assert report.result == {"changed": False, "stopped": "auth"}
    nothing_but_the_question(cloud)


@pytest.mark.parametrize("expected", [f" {OURS}", OURS[:-1], f"{OURS}0", f"0{OURS}", "nobody"])
def test_the_account_is_compared_exactly(expected: str, cloud: Cloud) -> None:
    load(cloud)
    assert "belong to account" in (cleanup(cloud, expected_account=expected).message or "")
    nothing_but_the_question(cloud)


@pytest.mark.parametrize("expected", ["", " ", "\n", None, [OURS], {"id": OURS}, "1" * 101])
def test_what_cannot_be_an_account_is_refused_before_any_call(expected: t.Any, cloud: Cloud) -> None:
    load(cloud)
    assert (cleanup(cloud, expected_account=expected).message or "").startswith("expected_account: ")
    assert cloud.sim.calls() == []


@each_flow
def test_a_key_that_may_not_ask_is_refused_with_what_it_needs(flow: t.Any, cloud: Cloud) -> None:
    load(cloud, {"deny": [cloud.identity]})
    report = flow(cloud, expected_account=OURS)
    message = report.message or ""
    assert message.startswith(
        f"expected_account: {cloud.provider.name} does not tell whether the credentials belong to {OURS}: "
        f"{cloud.identity}: {cloud.denied}: "
    )
    assert {"ens": "a policy denies sts:GetCallerIdentity", "zec": "(service zbc)"}[cloud.name] in message
    assert message.endswith("; nothing was changed")
    assert report.result == {"changed": False, "stopped": "auth"}
    nothing_but_the_question(cloud)


def test_a_bearer_token_that_may_not_ask_is_refused(zec: Cloud) -> None:
    load(zec, {"token": "a-bearer-token", "deny": ["DescribeCustomerBalance"]})
    assert "permission to call DescribeCustomerBalance" in (cleanup(zec, expected_account=OURS).message or "")
    nothing_but_the_question(zec)


def test_a_temporary_key_tells_its_account(ens: Cloud) -> None:
    load(ens, {"security_token": "a-security-token"})
    assert cleanup(ens, expected_account=OURS).message is None
    assert ens.secondary() == []


def test_wrong_credentials_are_refused_as_such(cloud: Cloud) -> None:
    load(cloud)
    report = cleanup(cloud, expected_account=OURS, access_key_secret="quite-wrong")
    assert "the key came from" in (report.message or "")
    assert report.result["stopped"] == "auth"
    nothing_but_the_question(cloud)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "missing_fields", "fields": ["AccountId", "accountUid"]},
        {"kind": "html", "status": 200, "body": '{"AccountId": {}, "response": {"accountUid": true}}'},
        {"kind": "html", "status": 200, "body": '{"AccountId": "1\\n2", "response": {"accountUid": ""}}'},
        {"kind": "html", "status": 200, "body": "<html>Welcome</html>"},
        {"kind": "error", "status": 500, "code": "InternalError"},
    ],
    ids=["field missing", "no text", "no id", "no JSON", "broken"],
)
def test_an_answer_that_does_not_tell_is_no_proof(fault: dict[str, t.Any], cloud: Cloud) -> None:
    load(cloud, faults=[{**fault, "times": None}])
    report = cleanup(cloud, expected_account=OURS, max_retries=1)
    assert "does not tell whether the credentials belong to" in (report.message or "")
    assert "nothing was changed" in (report.message or "")
    assert set(cloud.sim.counts()) == {cloud.identity}
    assert cloud.secondary() == [ADDRESS]


def test_a_number_is_the_same_account(zec: Cloud) -> None:
    body = '{"response": {"accountUid": 1000000000000009}}'
    fault = {"kind": "html", "status": 200, "body": body, "match": {"action": CLOUDS["zec"].identity}, "times": None}
    load(zec, faults=[fault])
    assert cleanup(zec, expected_account=OURS).message is None


def test_the_result_tells_the_account_where_it_was_asked_for(cloud: Cloud) -> None:
    load(cloud)
    assert cleanup(cloud).result["account"] is None
    result = cleanup(cloud, expected_account=OURS).result
    assert result["account"] == OURS
    assert result["summary"]["api_calls"][cloud.identity] == 1
    assert "account" not in info(cloud, expected_account=OURS).result


class TestStsEndpoint:
    """Where ENS is asked: at another host than everything else."""

    @pytest.fixture
    def sts(self) -> t.Iterator[Simulator]:
        with Simulator() as other:
            yield other

    def test_it_is_asked_there_and_nothing_else_is(
        self, ens: Cloud, sts: Simulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        load(ens)
        there = {"accounts": {"ens": [{**ens.credentials(), "account_id": OTHERS}]}}
        sts.load(there)
        assert cleanup(ens, sts_endpoint=sts.url, expected_account=OTHERS).message is None
        monkeypatch.setenv("ALIBABA_CLOUD_STS_ENDPOINT", sts.url)
        assert cleanup(ens, expected_account=OTHERS).message is None
        assert sts.counts() == {"GetCallerIdentity": 2}
        assert "GetCallerIdentity" not in ens.sim.counts()

    def test_the_option_goes_before_the_environment(self, ens: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        load(ens)
        monkeypatch.setenv("ALIBABA_CLOUD_STS_ENDPOINT", "127.0.0.1:1")
        assert cleanup(ens, sts_endpoint=ens.sim.url, expected_account=OURS).message is None

    def test_one_that_is_out_of_reach_is_no_proof(self, ens: Cloud) -> None:
        load(ens)
        report = cleanup(ens, sts_endpoint="http://127.0.0.1:1", expected_account=OURS, max_retries=0)
        assert "no connection to 127.0.0.1:1" in (report.message or "")
        assert "nothing was changed" in (report.message or "")
        assert (report.result["stopped"], ens.sim.calls()) == ("endpoint", [])

    @pytest.mark.parametrize("value", ["http://sts.aliyuncs.com", "https://sts.aliyuncs.com/path", "a b"])
    def test_it_is_refused_as_any_endpoint_is(self, value: str, ens: Cloud) -> None:
        load(ens)
        assert (cleanup(ens, sts_endpoint=value).message or "").startswith("sts_endpoint: ")
        assert ens.sim.calls() == []

    @pytest.mark.parametrize(
        "endpoint, expected",
        [
            ("https://127.0.0.1:8443", "https://127.0.0.1:8443"),
            ("http://localhost:8089", "http://localhost:8089"),
            ("ens.aliyuncs.com", "https://sts.aliyuncs.com"),
            ("ens.ap-southeast-1.aliyuncs.com", "https://sts.aliyuncs.com"),
        ],
    )
    def test_the_default_follows_a_loopback_endpoint_only(self, endpoint: str, expected: str, ens: Cloud) -> None:
        opened: list[str] = []

        def open_session(where: Endpoint, settings: HttpSettings) -> HttpSession:
            opened.append(where.base_url)
            return HttpSession(Endpoint("http", "127.0.0.1", ens.sim.host_port), settings)

        load(ens)
        assert info(ens, endpoint=endpoint, expected_account=OURS, open_session=open_session).message is None
        assert opened[-1] == expected


def test_items_that_share_connections_ask_once_for_each_key(cloud: Cloud) -> None:
    load(cloud, {}, {"account_id": OTHERS})
    shared: dict[tuple[Endpoint, HttpSettings], HttpSession] = {}

    def open_session(endpoint: Endpoint, settings: HttpSettings) -> HttpSession:
        return shared.setdefault((endpoint, settings), HttpSession(endpoint, settings))

    def item(key: int) -> TaskReport:
        return info(cloud, expected_account=OURS, open_session=open_session, **cloud.credentials(key))

    # The secret is the same: it does not make two keys one.
    messages = [item(key).message for key in (0, 0, 1, 0, 1)]
    assert [message is None for message in messages] == [True, True, False, True, False]
    assert cloud.sim.counts() == {cloud.identity: 2, READ: 3}
