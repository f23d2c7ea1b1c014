# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A preflight tells what is wrong with an account, each thing by its own check alone, and changes nothing."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._flows import preflight
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import TaskReport, run_task
from ansible_collections.edgecloud.nic.plugins.modules import ens_preflight, zec_preflight
from ansible_collections.edgecloud.nic.tests.simulator.estate import DEMO
from ansible_collections.edgecloud.nic.tests.unit.clouds import QUICK, READ, Cloud

ACCOUNT = {"ens": "1000000000000001", "zec": "2000001"}
IDENTITY = {"ens": "GetCallerIdentity", "zec": "DescribeCustomerBalance"}
ABSENT = {"ens": "eni-does-not-exist", "zec": "nic-does-not-exist"}
DEFINITIONS = {"ens": ens_preflight.DEFINITION, "zec": zec_preflight.DEFINITION}
CHECKS = [
    *("connection", "clock", "identity", "account", "permissions", "endpoint", "shape", "page_size", "paging"),
    *("filters", "many_ids", "in_use_complete", "kubernetes", "pace", "write_permission"),
]
FOREVER = {"times": None}
RECORD = {"record_id": "r-1", "value": "10.0.1.13"}
#: Everything of one kind that can use an address, and network interfaces that differ in all that filters tell apart.
SUBNETS = [
    {"subnet_id": "subnet-1", "vpc_id": "vpc-1", "region_id": "region-1", "cidr": "10.0.0.0/16"},
    {"subnet_id": "subnet-2", "vpc_id": "vpc-2", "region_id": "region-2", "cidr": "10.0.0.0/16"},
]


def nic(number: int, **more: t.Any) -> dict[str, t.Any]:
    odd = number % 3 == 2
    return {
        "network_interface_id": f"id-{number:02}",
        "name": f"name-{number:02}",
        "subnet_id": "subnet-2" if odd else "subnet-1",
        "instance_id": f"i-{number:02}" if number % 2 else "",
        "type": "Primary" if odd else "Secondary",
        "primary_private_ip": f"10.0.0.{number + 10}",
        "secondary_private_ips": [f"10.0.1.{number + 10}"],
        "security_group_ids": [f"sg-{number % 2}"],
        "tags": {"team": f"team-{number % 2}"},
        **more,
    }


def estate(cloud: Cloud, **more: t.Any) -> dict[str, t.Any]:
    own: dict[str, dict[str, t.Any]] = {
        "ens": {"clusters": [{"cluster_id": "c-1", "subnet_ids": ["subnet-1"], "pod_subnet_ids": ["subnet-2"]}]},
        "zec": {"dns_zones": [{"zone_id": "z-1", "name": "shop", "vpc_ids": ["vpc-1"], "records": [RECORD]}]},
    }
    snat = {"snat_id": "snat-1", "public_ip_address": "203.0.113.9"}
    return {
        "subnets": SUBNETS,
        "network_interfaces": [nic(number) for number in range(1, 31)],
        "eips": [
            {
                "eip_id": f"eip-{number}",
                "public_ip_address": f"203.0.113.{number}",
                "region_id": "region-1",
                "network_interface_id": f"id-0{number}",
            }
            for number in (1, 3)
        ],
        "load_balancers": [
            {
                "load_balancer_id": "lb-1",
                "subnet_id": "subnet-1",
                "backends": [{"private_ip_address": "10.0.1.11", "network_interface_id": "id-01"}],
            }
        ],
        "nat_gateways": [
            {
                "nat_gateway_id": "nat-1",
                "subnet_id": "subnet-1",
                "dnats": [{"dnat_id": "dnat-1", "private_ip_address": "10.0.1.11", "public_ip_address": "203.0.113.9"}],
                "snats": [{**snat, "source_cidr": "10.0.1.11/32"}],
            }
        ],
        "ha_vips": [{"ha_vip_id": "vip-1", "subnet_id": "subnet-1", "ip_address": "10.0.2.1"}],
        **own[cloud.name],
        **more,
    }


def load(cloud: Cloud, **more: t.Any) -> None:
    keys = [{"access_key_id": "KEY", "access_key_secret": "a-secret", "account_id": ACCOUNT[cloud.name]}]
    general: dict[str, t.Any] = {name: more.pop(name) for name in ("settings", "faults", "events") if name in more}
    keys[0].update(more.pop("key", {}))
    cloud.sim.load({cloud.name: estate(cloud, **more), "accounts": {cloud.name: keys}, **general})


def run(cloud: Cloud, check_mode: bool = False, **given: t.Any) -> TaskReport:
    definition = DEFINITIONS[cloud.name]
    spec = definition.argument_spec
    defaults = {name: entry.get("default") for name, entry in spec.items()}
    quick = {name: value for name, value in QUICK.items() if name in spec}
    options = {**defaults, **quick, "max_retries": 2, "endpoint": cloud.sim.url, **cloud.credentials(), **given}
    return run_task(definition.flow, cloud.provider, options, given, spec, check_mode, judges_account=True)


def checks(report: TaskReport) -> dict[str, dict[str, t.Any]]:
    return {entry["id"]: entry for entry in report.result["checks"]}


def of_result(report: TaskReport, result: str) -> list[str]:
    return [entry["id"] for entry in report.result["checks"] if entry["result"] == result]


def own_checks(cloud: Cloud) -> list[str]:
    return [name for name in CHECKS if name != "kubernetes" or cloud.name == "ens"]


def no_address_in(shown: t.Any, but: str) -> None:
    text = json.dumps(shown).replace(but, "")
    assert re.findall(r"\d+\.\d+\.\d+\.\d+", text) == []
    assert "a-secret" not in text
    assert "SECRET" not in text


# What is right.


def test_where_everything_is_as_it_should_be_every_check_passes(cloud: Cloud) -> None:
    load(cloud)
    report = run(cloud, expected_account=ACCOUNT[cloud.name], write_permission=True)
    assert (report.message, report.warnings) == (None, [])
    assert [entry["id"] for entry in report.result["checks"]] == own_checks(cloud)
    assert of_result(report, "passed") == own_checks(cloud)
    assert {entry["remedy"] for entry in report.result["checks"]} == {None}
    assert all(entry["seen"] and entry["expected"] for entry in report.result["checks"])
    assert (report.result["changed"], report.result["account"]) == (False, ACCOUNT[cloud.name])
    assert report.result["endpoint"] == cloud.sim.host_port
    assert report.result["in_use_sources"] == list(cloud.provider.in_use_sources)
    assert list(report.result["facts"]) == list(preflight.FACTS)
    no_address_in(report.result, cloud.sim.host_port)


def test_what_is_learnt_by_the_way(cloud: Cloud) -> None:
    load(cloud)
    facts = run(cloud).result["facts"]
    assert facts["network_interfaces"] == 30
    assert facts["primary_in_list"] is True
    assert facts["unknown_id"] == "left_out"
    assert facts["name_filter"] == "exact"
    assert facts["eip_filter"] == "heeded"
    assert facts["backends_tell_addresses"] is True
    assert facts["page_sizes"][READ] == 50
    assert facts["private_ip_statuses"] == {"ens": ["Available"], "zec": None}[cloud.name]
    assert facts["resource_groups"] == {"ens": None, "zec": ["rg-default"]}[cloud.name]
    assert facts["pod_subnet_ids"] == {"ens": ["subnet-2"], "zec": None}[cloud.name]


def test_what_the_cloud_leaves_open_is_learnt_too(ens: Cloud) -> None:
    settings = {
        "ens_unknown_network_interface": "error",
        "ens_eip_instance_filter": "ignored",
        "ens_backend_addresses": False,
    }
    load(ens, settings=settings)
    report = run(ens, write_permission=True)
    assert report.message is None
    facts = report.result["facts"]
    assert (facts["unknown_id"], facts["eip_filter"], facts["backends_tell_addresses"]) == ("error", "ignored", False)


@pytest.mark.parametrize("count", [1, 10, 50, 51, 10_000])
def test_no_estate_takes_more_than_60_calls(cloud: Cloud, count: int) -> None:
    sections = ["subnets", "network_interfaces", "eips", "load_balancers", "nat_gateways", "ha_vips"]
    sections.append({"ens": "clusters", "zec": "dns_zones"}[cloud.name])
    nothing: dict[str, t.Any] = {name: [] for name in sections}
    vpcs = min(count, 500)
    generated = {"network_interfaces": count, "secondary_private_ips": 2, "vpcs": vpcs, "in_use_every": 2}
    load(cloud, **nothing, generate=generated)
    report = run(cloud, expected_account=ACCOUNT[cloud.name], write_permission=True)
    assert report.message is None
    assert report.result["facts"]["network_interfaces"] == count
    assert 15 < sum(cloud.sim.counts().values()) <= 60


def test_nothing_is_asked_twice_but_the_pages_that_are_compared(cloud: Cloud) -> None:
    load(cloud)
    run(cloud, write_permission=True)
    asked = [json.dumps([call["action"], call["parameters"]], sort_keys=True) for call in cloud.sim.calls()]
    twice = {entry for entry in asked if asked.count(entry) > 1}
    pages = {entry for entry in twice if READ in entry}
    assert (twice, len(twice), len(asked) - len(set(asked))) == (pages, 3, 3)


def test_calls_are_made_side_by_side(cloud: Cloud) -> None:
    load(cloud, settings={"latency": 0.1})
    run(cloud)
    calls = cloud.sim.calls()
    at_a_time = max(sum(other["started"] <= call["started"] < other["finished"] for other in calls) for call in calls)
    assert 5 < at_a_time <= 10


# What is wrong: each time one check fails, and none after it does for the same reason.


def deny(*actions: str) -> dict[str, t.Any]:
    return {"key": {"deny": list(actions)}}


def spoil(action: str, **values: t.Any) -> dict[str, t.Any]:
    return {"faults": [{"kind": "replace_fields", "match": {"action": action}, "values": values, **FOREVER}]}


HTML = {"faults": [{"kind": "html", "status": 403, **FOREVER}]}
THROTTLE = {"settings": {"throttle": {"read": {"rate": 30, "burst": 3}}}}
UNLISTED = {"settings": {"ens_unlisted": ["lb-1"]}}
UNEXPLAINED = {"network_interfaces": [nic(1, public_ip_addresses=["203.0.113.77"]), nic(2), nic(3)]}
#: By cloud (both where none is named), check, and case: what is loaded, what is given, and what the remedy says.
WRONG: dict[str, tuple[str | None, str, dict[str, t.Any], dict[str, t.Any], str]] = {
    "no connection": (None, "connection", {}, {"endpoint": "127.0.0.1:9"}, "Let this machine reach the endpoint"),
    "a front end in between": (None, "connection", HTML, {}, "Check endpoint and proxy"),
    "a clock that is off": (None, "clock", {"settings": {"clock_offset": 120}}, {}, "Let NTP set the clock"),
    "a clock that is too far off": (None, "clock", {"settings": {"clock_offset": 3600}}, {}, "Let NTP set the clock"),
    "another secret": (None, "identity", {}, {"access_key_secret": "another"}, "Check access_key_secret"),
    "another key": (None, "identity", {}, {"access_key_id": "ANOTHER"}, "Check access_key_id"),
    "another account": (None, "account", {}, {"expected_account": "4711"}, "correct expected_account"),
    "an account that is not told": (
        None,
        "account",
        deny("GetCallerIdentity", "DescribeCustomerBalance"),
        {"expected_account": "4711"},
        "Permit the key to ask whose it is",
    ),
    "no permission to read": (None, "permissions", deny(READ), {}, READ),
    "no permission for a look-up": (
        None,
        "permissions",
        deny("DescribeHaVips"),
        {},
        "leave ha_vip out of in_use_sources",
    ),
    "no permission for a detail on ENS": (
        "ens",
        "permissions",
        deny("DescribeSnatTableEntries", "DescribeNetworkAttribute"),
        {},
        '"Action": ["ens:DescribeNetworkAttribute", "ens:DescribeSnatTableEntries"], "Resource": "*"',
    ),
    "no permission for a detail on ZEC": (
        "zec",
        "permissions",
        deny("DescribeBackends"),
        {},
        "Grant the key's user DescribeBackends of the service zlb, or leave load_balancer out",
    ),
    "nothing there": (None, "endpoint", {"network_interfaces": [], "eips": [], "load_balancers": []}, {}, "Try the "),
    "addresses of which none is marked": ("ens", "shape", spoil(READ, Primary=None), {}, "Nothing is removed that"),
    "addresses that contradict each other": (
        "zec",
        "shape",
        spoil(READ, privateIpList=["10.0.9.9"]),
        {},
        "Nothing is removed that",
    ),
    "short pages": (None, "page_size", {"settings": {"page_size_limit": 20}}, {}, "Nothing is lost"),
    "pages without order": (None, "paging", {"settings": {"paging": {"shuffle": True}}}, {}, "network_interface_ids"),
    "pages that overlap": (None, "paging", {"settings": {"paging": {"duplicate": True}}}, {}, "network_interface_ids"),
    "pages with gaps": (None, "paging", {"settings": {"paging": {"drop": True}}}, {}, "network_interface_ids"),
    "ids that are not heeded": (
        None,
        "filters",
        {"settings": {"ignored_filters": ["NetworkInterfaceIds", "nicIds"]}},
        {},
        "Do without network_interface_ids, since",
    ),
    "a filter that is not heeded": (
        None,
        "filters",
        {"settings": {"ignored_filters": ["NetworkId", "vpcId"]}},
        {},
        "Do without filters.vpc_id, since",
    ),
    "few ids at once": (None, "many_ids", {"settings": {"id_list_limit": 20}}, {}, "Tasks name 50 at once"),
    "something that is not listed": ("ens", "in_use_complete", UNLISTED, {}, "AliyunENSReadOnlyAccess"),
    "an address that nothing explains": ("zec", "in_use_complete", UNEXPLAINED, {}, "reads all resource groups"),
    "a cluster that does not tell where": (
        "ens",
        "kubernetes",
        spoil("DescribeClustersV1", PodVswitchIds=[], VswitchIds=[], VpcId=None),
        {},
        "until the cluster tells them",
    ),
    "a slow cloud": (None, "pace", THROTTLE, {"retry_max_delay": 1.0}, "Set requests_per_second"),
    "no permission to write on ENS": ("ens", "write_permission", deny("UnassignPrivateIpAddresses"), {}, "RAM policy"),
    "no permission to write on ZEC": (
        "zec",
        "write_permission",
        deny("UnassignNetworkInterfaceIpv4"),
        {},
        "Grant the key's user UnassignNetworkInterfaceIpv4 of the service zec.",
    ),
}


def wrong(cloud: Cloud, case: str) -> tuple[str, TaskReport, str]:
    """Run a preflight where something is wrong; gives the check that has to fail, the report, and of the remedy."""
    _only, check, loaded, given, remedy = WRONG[case]
    load(cloud, **loaded)
    return check, run(cloud, **{"write_permission": True, **given}), remedy


each_case = pytest.mark.parametrize(
    ("cloud", "case"),
    [(name, case) for case, (only, *_rest) in WRONG.items() for name in ("ens", "zec") if only in (None, name)],
    indirect=["cloud"],
)


@each_case
def test_what_is_wrong_fails_one_check_alone_with_its_remedy(cloud: Cloud, case: str) -> None:
    check, report, remedy = wrong(cloud, case)
    assert of_result(report, "failed") == [check]
    entry = checks(report)[check]
    assert remedy in entry["remedy"]
    assert report.message == f"1 of {len(own_checks(cloud))} checks failed. {check}: {entry['seen']}. {entry['remedy']}"
    # A sentence.
    assert entry["remedy"][0].isupper()
    assert entry["remedy"].endswith(".")
    assert [entry["id"] for entry in report.result["checks"]] == own_checks(cloud)
    no_address_in({**report.result, "msg": report.message}, report.result["endpoint"])


@each_case
def test_checks_before_the_one_that_fails_do_not_blame_anything(cloud: Cloud, case: str) -> None:
    check, report, _remedy = wrong(cloud, case)
    before = own_checks(cloud)[: own_checks(cloud).index(check)]
    results = {checks(report)[name]["result"] for name in before if name not in ("account", "identity")}
    assert results <= {"passed"}


def test_every_check_has_a_case(cloud: Cloud) -> None:
    assert {check for only, check, *_rest in WRONG.values() if only in (None, cloud.name)} == set(own_checks(cloud))


@pytest.mark.parametrize(
    "case", ["no connection", "another secret", "another account", "no permission to read", "nothing there"]
)
def test_what_everything_stands_on_comes_first_and_the_rest_is_not_looked_at(cloud: Cloud, case: str) -> None:
    check, report, _remedy = wrong(cloud, case)
    after = own_checks(cloud)[own_checks(cloud).index(check) + 1 :]
    assert {(checks(report)[name]["result"], checks(report)[name]["seen"]) for name in after} == {
        ("skipped", f"{check} comes first")
    }
    assert cloud.sim.calls(write=True) == []


def test_nothing_is_read_in_another_account(cloud: Cloud) -> None:
    load(cloud)
    run(cloud, expected_account="4711", write_permission=True)
    assert cloud.sim.counts() == {IDENTITY[cloud.name]: 1}


def test_the_times_of_both_clocks_are_told(cloud: Cloud) -> None:
    load(cloud, settings={"clock_offset": -3600})
    seen = checks(run(cloud))["clock"]["seen"]
    times = re.findall(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", seen)
    assert len(times) == 2
    assert times[0] < times[1]
    assert re.search(r"(3599|360[0-3]) seconds apart", seen)


def test_a_key_that_may_not_ask_whose_it_is_passes_what_does_not_need_it(cloud: Cloud) -> None:
    load(cloud, **deny(IDENTITY[cloud.name]))
    report = run(cloud, write_permission=True)
    assert report.message is None
    assert of_result(report, "unknown") == ["identity"]
    assert report.result["account"] is None
    assert ("rg-default" in checks(report)["identity"]["seen"]) is (cloud.name == "zec")


def test_a_front_end_that_keeps_the_account_to_itself_blames_no_credentials(cloud: Cloud) -> None:
    load(cloud, faults=[{"kind": "html", "status": 403, "match": {"action": IDENTITY[cloud.name]}, **FOREVER}])
    report = run(cloud)
    assert report.message is None
    assert of_result(report, "unknown") == ["identity"]


def test_sources_that_are_left_out_are_not_asked(cloud: Cloud) -> None:
    load(cloud, **deny("DescribeHaVips", "DescribeClustersV1", "DescribePrivateZones"))
    sources = [name for name in cloud.provider.in_use_sources if name not in ("ha_vip", "kubernetes", "dns")]
    report = run(cloud, in_use_sources=sources)
    assert report.message is None
    assert not {"DescribeHaVips", "DescribeClustersV1", "DescribePrivateZones"} & set(cloud.sim.counts())


def test_unknown_resources_of_a_network_are_told_and_fail_nothing(ens: Cloud) -> None:
    load(ens, settings={"ens_network_resources": {"vpc-1": {"Mystery": 2}}})
    report = run(ens)
    assert report.message is None
    assert of_result(report, "unknown") == ["in_use_complete"]
    assert "Mystery" in checks(report)["in_use_complete"]["seen"]


def test_trouble_on_the_way_blames_no_check(cloud: Cloud) -> None:
    faults = [{"kind": "error", "code": "InternalError", "match": {"action": "DescribeHaVips"}, **FOREVER}]
    load(cloud, faults=faults)
    report = run(cloud)
    assert report.message is None
    assert "permissions" in of_result(report, "unknown")


@pytest.mark.parametrize("kind", ["null_lists", "bad_json", "truncate", "empty", "reset", "redirect"])
def test_whatever_the_cloud_answers_there_is_a_result(cloud: Cloud, kind: str) -> None:
    load(cloud, faults=[{"kind": kind, "skip": skip, "times": 4} for skip in (0, 3)])
    report = run(cloud, write_permission=True)
    assert "bug" not in (report.message or "")
    assert [entry["id"] for entry in report.result["checks"]] == own_checks(cloud)
    assert json.loads(json.dumps(report.result)) == report.result


# The one call that could change something.


def test_without_being_asked_nothing_is_written(cloud: Cloud) -> None:
    load(cloud)
    report = run(cloud)
    assert checks(report)["write_permission"]["result"] == "skipped"
    assert cloud.sim.calls(write=True) == []


def test_in_check_mode_nothing_is_written(cloud: Cloud) -> None:
    load(cloud)
    report = run(cloud, check_mode=True, write_permission=True)
    assert checks(report)["write_permission"]["result"] == "skipped"
    assert cloud.sim.calls(write=True) == []


def test_what_is_written_is_about_nothing_that_exists(cloud: Cloud) -> None:
    load(cloud)
    before = cloud.sim.estate()[cloud.name]
    report = run(cloud, write_permission=True)
    assert checks(report)["write_permission"]["result"] == "passed"
    (call,) = cloud.sim.calls(write=True)
    assert (call["action"], call["network_interface_ids"]) == (cloud.write, [ABSENT[cloud.name]])
    assert call["private_ip_addresses"] == ["192.0.2.1"]
    assert call is not None
    assert call["seq"] == max(other["seq"] for other in cloud.sim.calls())
    assert cloud.sim.estate()[cloud.name] == before


def test_nothing_is_written_where_the_network_interface_is_not_known_to_be_absent(cloud: Cloud) -> None:
    load(cloud, settings={"ignored_filters": ["NetworkInterfaceIds", "nicIds"]})
    report = run(cloud, write_permission=True)
    assert checks(report)["write_permission"]["result"] == "skipped"
    assert cloud.sim.calls(write=True) == []


@pytest.mark.parametrize("kind", ["error", "html", "reset"])
def test_a_write_that_gets_no_clear_answer_is_not_sent_again(cloud: Cloud, kind: str) -> None:
    load(cloud, faults=[{"kind": kind, "match": {"write": True}, "status": 502, **FOREVER}])
    report = run(cloud, write_permission=True)
    assert checks(report)["write_permission"]["result"] == "unknown"
    assert len(cloud.sim.calls(write=True)) == 1


def test_the_demo_estate_passes(cloud: Cloud) -> None:
    cloud.sim.load(DEMO)
    assert run(cloud, write_permission=True).message is None
