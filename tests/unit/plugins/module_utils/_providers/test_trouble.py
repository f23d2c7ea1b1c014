# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls in trouble: refusals without a body to read, dead endpoints, and runs that have to end."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import StopReason
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import run_task
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.breaker import Breaker
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError, ErrorKind
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.clouds import NIC, READ, addresses
from ansible_collections.edgecloud.nic.tests.unit.plugins.module_utils.raw_server import (
    RawServer,
    answer,
    send,
    silence,
)

(A,) = addresses(1)


def read(provider):
    return provider.read_network_interfaces([NIC])


def write(provider):
    return provider.unassign(NIC, [A])


def error_of(call, provider) -> ApiError:
    with pytest.raises(ApiError) as caught:
        call(provider)
    return caught.value


@pytest.fixture
def run(cloud):
    """Do something with a provider and the run's control; gives what it returned."""

    def start(work, on_start=lambda control: None, **options):
        found: list[t.Any] = []

        def flow(task):
            found.append(work(task.provider, task.control))
            return {}

        given = cloud.options(**options)
        report = run_task(flow, cloud.provider, given, options, cloud.provider.connection_spec, False, on_start)
        assert report.message is None, report.message
        return found[0]

    return start


# Refusals in any dress.


@pytest.mark.parametrize("kind", ["html", "empty"])
@pytest.mark.parametrize("status", [401, 403, 451])
def test_a_refusal_of_the_credentials_without_json_is_not_repeated(status, kind, cloud):
    cloud.load([A], faults=[{"kind": kind, "status": status, "times": None}])
    for call in (read, write):
        error = cloud.ask(lambda provider, call=call: error_of(call, provider))
        assert error.kind is ErrorKind.AUTH
        assert f"(HTTP {status})" in str(error)
    assert (cloud.reads(), cloud.writes()) == (1, [[A]])


@pytest.mark.parametrize("status", [403, 503])
@pytest.mark.parametrize("kind", ["html", "error"])
def test_a_challenge_of_the_front_end_is_not_repeated_whatever_comes_with_it(kind, status, cloud):
    fault = {"kind": kind, "status": status, "headers": {"cf-mitigated": "challenge"}, "times": None}
    cloud.load([A], faults=[fault])
    error = cloud.ask(lambda provider: error_of(read, provider))
    assert (error.kind, cloud.reads()) == (ErrorKind.AUTH, 1)
    assert "a security challenge of the cloud's front end" in str(error)


@pytest.mark.parametrize("kind", ["html", "empty"])
def test_429_is_throttling_whatever_its_body_and_even_a_write_is_sent_again(kind, cloud):
    fault = {"kind": kind, "status": 429, "times": 2, "match": {"write": True}}
    cloud.load([A], faults=[fault])

    def question(provider):
        write(provider)
        return provider.throttled

    assert cloud.ask(question) == 2
    assert (cloud.writes(), cloud.secondary()) == ([[A]] * 3, [])


def test_503_leaves_a_write_in_doubt_and_says_that_there_are_too_many(cloud):
    cloud.load([A], faults=[{"kind": "html", "status": 503, "match": {"write": True}, "headers": {"Retry-After": "7"}}])

    def question(provider):
        return error_of(write, provider), provider.throttled

    error, throttled = cloud.ask(question)
    assert (error.kind, error.overloaded, error.overtaken) == (ErrorKind.NO_ANSWER, True, False)
    assert (error.retry_after, throttled, cloud.writes()) == (7, 1, [[A]])


def test_other_unreadable_answers_are_in_doubt_and_no_overload(cloud):
    cloud.load([A], faults=[{"kind": "html", "status": 413, "body": "<h1>Too large", "match": {"write": True}}])
    error = cloud.ask(lambda provider: error_of(write, provider))
    assert (error.kind, error.overloaded) == (ErrorKind.NO_ANSWER, False)
    assert str(error).endswith("(HTTP 413): Too large")


@pytest.mark.parametrize("value", ["²", "1" * 5000, "-5", "soon", "٣"])
@pytest.mark.parametrize("name", ["Retry-After", "x-acs-retry-after"])
def test_garbage_in_a_header_that_asks_to_wait_is_ignored(name, value, cloud):
    sent = value.encode().decode("latin-1")
    code, status = cloud.throttling
    cloud.load([A], faults=[{"kind": "error", "code": code, "status": status, "headers": {name: sent}}])
    assert cloud.ask(read)[NIC].secondary_private_ips == (A,)


@pytest.mark.parametrize("total", ["²", "9" * 5000, "-1"])
def test_garbage_in_a_count_is_no_count(total, cloud):
    """An answer that a server of our own gives: no cloud, and no simulator, would."""
    listed = {"NetworkInterfaceSets": {"NetworkInterfaceSet": []}, "TotalCount": total, "dataSet": []}
    body = {**listed, "response": {**listed, "totalCount": total}}
    server = RawServer(send(answer(body)))
    try:
        assert cloud.ask(read, endpoint=f"http://{server.host_port}") == {NIC: None}
    finally:
        server.close()


def test_what_the_cloud_says_is_shown_in_one_line_of_bounded_length(cloud):
    code, _status = cloud.refusal
    long = "first line\nsecond \x1b[31mline\x00 \ud800" + "x" * 200_000
    cloud.load([A], faults=[{"kind": "error", "code": code, "status": 400, "message": long}])
    error = cloud.ask(lambda provider: error_of(write, provider))
    assert error.detail.startswith("first line second [31mline ?x")
    assert error.detail.endswith("…")
    assert error.detail.isprintable()
    assert len(error.detail) == 500
    assert len(str(error)) < 700


# Throttling without end.


def test_an_action_that_refuses_everything_is_given_up_by_all_after_the_retries(cloud, run):
    cloud.load([A], settings={"throttle": {"write": {"closed_for": 1000}}})
    started = time.monotonic()

    def work(provider, control):
        return control.map(lambda _number: error_of(write, provider), range(300))

    errors = run(work, concurrency=10, retry_max_delay=0.1)
    assert {error.kind for error in errors} == {ErrorKind.THROTTLED}
    assert len(cloud.writes()) < 100
    assert time.monotonic() - started < 20


# Dead endpoints.


@contextlib.contextmanager
def closed_port():
    """Keep a port to which nobody listens."""
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{placeholder.getsockname()[1]}"


def test_a_dead_endpoint_is_found_out_once_for_all_calls(cloud, run):
    stops = []

    def work(provider, control):
        errors = control.map(lambda _number: error_of(write, provider), range(300))
        stops.append((control.stop_reason, control.stop_detail))
        return errors, provider.calls

    with closed_port() as endpoint:
        errors, calls = run(work, endpoint=endpoint, concurrency=10, max_retries=5, retry_max_delay=0.2)
    assert {error.kind for error in errors} == {ErrorKind.NOT_SENT}
    assert all(error.final for error in errors)
    # Those of the first moment, and the retries of one.
    assert sum(calls.values()) <= 10 + 5
    assert stops[0][0] is StopReason.ENDPOINT
    assert stops[0][1].endswith("Connection refused")


def test_an_endpoint_that_takes_no_connections_is_dead_within_its_limits(cloud, run):
    with socket.socket() as full, contextlib.ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _connection in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        started = time.monotonic()
        errors = run(
            lambda provider, control: control.map(lambda _number: error_of(write, provider), range(40)),
            endpoint=f"http://127.0.0.1:{full.getsockname()[1]}",
            concurrency=10,
            connect_timeout=0.5,
            retry_max_delay=0.2,
        )
        assert time.monotonic() - started < 2 * (0.5 + 0.2) + 0.6
    assert {error.kind for error in errors} == {ErrorKind.NOT_SENT}


def test_a_refused_certificate_is_dead_at_once(cloud, run):
    with Simulator(tls=True) as other:
        errors, calls = run(
            lambda provider, control: (
                control.map(lambda _number: error_of(write, provider), range(100)),
                provider.calls,
            ),
            endpoint=other.url,
            concurrency=4,
        )
        assert other.calls() == []
    assert sum(calls.values()) <= 4
    assert all(error.final and "ca_path" in error.detail for error in errors)


def test_reads_may_find_a_dead_endpoint_alive_again_one_at_a_time(cloud, run):
    def work(provider, control):
        error_of(write, provider)
        before = provider.calls.get(READ, 0)
        errors = control.map(lambda _number: error_of(read, provider), range(4))
        tries = provider.calls.get(READ, 0) - before
        server = socket.create_server(address)
        listening.append(RawServerOn(server))
        return errors, tries, control.map(read, [provider] * 4)

    listening: list[RawServerOn] = []
    with socket.socket() as placeholder:
        placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        placeholder.bind(("127.0.0.1", 0))
        address = placeholder.getsockname()
    try:
        errors, tries, found = run(work, endpoint=f"http://127.0.0.1:{address[1]}", concurrency=4, max_retries=1)
    finally:
        for server in listening:
            server.close()
    assert all(error.final for error in errors)
    assert tries <= 4
    assert found == [{NIC: None}] * 4


class RawServerOn(RawServer):
    """Listens where it is told, and knows no network interface."""

    def __init__(self, listener):
        body: dict[str, t.Any] = {"NetworkInterfaceSets": {"NetworkInterfaceSet": []}, "TotalCount": 0}
        super().__init__(send(answer({**body, "response": {"dataSet": [], "totalCount": 0}})))
        self._listener.close()
        self._listener = listener
        threading.Thread(target=self._accept, daemon=True).start()


def test_what_left_before_the_trouble_does_not_end_it():
    """A call on its way when the endpoint died comes back late, with a reset, say: that proves nothing."""
    breaker = Breaker(lambda: iter([0.0]), limit=100.0, longest_try=1.0)
    before = time.monotonic()
    assert not breaker.failed("refused", before, final=False)
    breaker.reached(before)
    assert breaker.in_trouble
    breaker.reached(time.monotonic())
    assert not breaker.in_trouble


def test_calls_go_on_when_the_endpoint_comes_back_in_time(cloud, run):
    with socket.socket() as placeholder:
        placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        placeholder.bind(("127.0.0.1", 0))
        address = placeholder.getsockname()
    listening: list[RawServerOn] = []
    timer = threading.Timer(0.5, lambda: listening.append(RawServerOn(socket.create_server(address))))

    def work(provider, control):
        timer.start()
        return control.map(read, [provider] * 10), control.stop_reason, provider.calls

    try:
        found, stopped, calls = run(
            work, endpoint=f"http://127.0.0.1:{address[1]}", concurrency=10, max_retries=50, retry_max_delay=0.3
        )
    finally:
        timer.join()
        listening[0].close()
    assert found == [{NIC: None}] * 10
    assert stopped is None
    assert calls[READ] < 10 + 10 + 30


# Runs that have to end.


def interrupted_after(seconds):
    def on_start(control):
        threading.Timer(seconds, control.interrupt).start()

    return on_start


def test_an_interrupted_run_ends_within_its_time_out_even_if_the_server_is_silent(cloud, run):
    server = RawServer(silence)
    started = time.monotonic()

    def work(provider, control):
        errors = control.map(lambda _number: error_of(read, provider), range(4))
        return [*errors, error_of(read, provider), error_of(write, provider)]

    try:
        errors = run(work, interrupted_after(0.5), endpoint=f"http://{server.host_port}", concurrency=4, timeout=2.0)
    finally:
        server.close()
    assert time.monotonic() - started < 0.5 + 2.0 + 1.0
    assert errors[-1].kind is ErrorKind.STOPPED
    assert {error.kind for error in errors[:-1]} <= {ErrorKind.NO_ANSWER, ErrorKind.STOPPED}


def test_an_interrupted_call_does_not_wait_for_its_turn(cloud, run):
    cloud.load([A], settings={"throttle": {"read": {"closed_for": 1000}}})
    started = time.monotonic()
    errors = run(
        lambda provider, control: control.map(lambda _number: error_of(read, provider), range(4)),
        interrupted_after(1.0),
        concurrency=4,
        retry_max_delay=30.0,
    )
    assert time.monotonic() - started < 3.0
    assert {error.kind for error in errors} == {ErrorKind.THROTTLED}


def test_an_interrupted_call_does_not_wait_for_a_dead_endpoint(cloud, run):
    started = time.monotonic()
    with closed_port() as endpoint:
        errors = run(
            lambda provider, control: control.map(lambda _number: error_of(read, provider), range(4)),
            interrupted_after(0.5),
            endpoint=endpoint,
            concurrency=4,
            max_retries=100,
            retry_max_delay=30.0,
        )
    assert time.monotonic() - started < 3.0
    assert {error.kind for error in errors} == {ErrorKind.NOT_SENT}
