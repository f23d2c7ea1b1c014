# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever uses an address is found, shown and spared; and where that cannot be told, nothing is removed."""

from __future__ import annotations

import typing as t
from types import MappingProxyType

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._flows import private_ip_cleanup, private_ip_info
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import run_task
from ansible_collections.edgecloud.nic.tests.unit.clouds import (
    CLOUDS,
    NIC,
    READ,
    VPC,
    addresses,
    outcome,
)

A, B, C = addresses(3)
ELSEWHERE = "10.0.0.200"
PUBLIC = "203.0.113.1"
ALL = [A, B, C]


def run(cloud, flow, check=False, **given):
    """Run another flow than that of one network interface."""
    spec = {**cloud.provider.connection_spec, **flow.argument_spec(cloud.provider)}
    defaults = {name: entry.get("default") for name, entry in spec.items()}
    return run_task(flow.run, cloud.provider, {**defaults, **cloud.options(), **given}, given, spec, check)


def cleanup(cloud, **given):
    return run(cloud, private_ip_cleanup, all_network_interfaces=True, **given)


def shown(cloud, **given):
    report = run(cloud, private_ip_info, include_in_use=True, **given)
    assert report.message is None, report.message
    return report.result["network_interfaces"][0]["in_use"]


def eip(**bound):
    return {"eips": [{"eip_id": "eip-1", "public_ip_address": PUBLIC, "region_id": "region-1", **bound}]}


def balancer(**backend):
    return {"load_balancers": [{"load_balancer_id": "lb-1", "subnet_id": "subnet-1", "backends": [backend]}]}


def gateway(**entries):
    return {"nat_gateways": [{"nat_gateway_id": "nat-1", "subnet_id": "subnet-1", **entries}]}


def dnat(address):
    return gateway(dnats=[{"dnat_id": "dnat-1", "private_ip_address": address}])


def snat(*cidrs):
    one = {"source_cidr": cidrs[0]} if len(cidrs) == 1 else {"source_cidrs": list(cidrs)}
    return gateway(snats=[{"snat_id": "snat-1", **one}])


def ha_vip(address, *members):
    return {
        "ha_vips": [
            {"ha_vip_id": "vip-1", "subnet_id": "subnet-1", "ip_address": address, "members": list(members)},
        ]
    }


def cluster(*subnets, pods=()):
    return {"clusters": [{"cluster_id": "c-1", "subnet_ids": list(subnets), "pod_subnet_ids": list(pods)}]}


def phone(address):
    container = {"instance_id": "aic-1", "subnet_id": "subnet-1", "private_ip_address": address}
    return {"arm_servers": [{"server_id": "cas-1", "region_id": "region-1", "instances": [container]}]}


def zone(address, **record):
    entry = {"record_id": "record-1", "value": address, **record}
    return {"dns_zones": [{"zone_id": "zone-1", "name": "z", "vpc_ids": ["vpc-1"], "records": [entry]}]}


class Case(t.NamedTuple):
    """A way to use addresses of the network interface that has A, B and C.

    :param shown_as: address, kind and id of what is shown.
    :param used: what must not be removed.
    """

    sections: dict[str, t.Any]
    shown_as: tuple[str | None, str, str]
    used: list[str]
    options: t.Mapping[str, t.Any] = MappingProxyType({})


NODES = {"subnet_id": "subnet-2", "vpc_id": "vpc-1", "region_id": "region-1", "cidr": "10.1.0.0/16"}
WHOLE = {"eip_protects": "network_interface"}
EXACT = {"eip_protects": "address"}
BOTH = {
    "backend": Case(balancer(private_ip_address=B), (B, "load_balancer", "lb-1"), [B]),
    "backend that is an instance": Case(balancer(instance_id="i-1"), (None, "load_balancer", "lb-1"), ALL),
    "DNAT": Case(dnat(B), (B, "dnat", "dnat-1"), [B]),
    "SNAT": Case(snat(f"{B}/32"), (B, "snat", "snat-1"), [B]),
    "HaVip": Case(ha_vip(B), (B, "ha_vip", "vip-1"), [B]),
}
CASES: dict[str, dict[str, Case]] = {
    "ens": {
        **BOTH,
        "elastic IP of the network interface": Case(eip(network_interface_id=NIC), (None, "eip", "eip-1"), ALL, WHOLE),
        "elastic IP of the instance": Case(eip(instance_id="i-1"), (None, "eip", "eip-1"), ALL, WHOLE),
        "elastic IP of an unknown type": Case(
            eip(instance_id="i-1", instance_type="Something"), (None, "eip", "eip-1"), ALL, WHOLE
        ),
        "backend that is a network interface": Case(
            balancer(network_interface_id=NIC), (None, "load_balancer", "lb-1"), ALL
        ),
        "member of a HaVip": Case(
            ha_vip(ELSEWHERE, {"network_interface_id": NIC, "private_ip_address": B}), (B, "ha_vip", "vip-1"), [B]
        ),
        "SNAT of a bare address": Case(snat(B), (B, "snat", "snat-1"), [B]),
        "pods": Case(
            {"subnets": [VPC, NODES], **cluster("subnet-2", pods=["subnet-1"])}, (None, "kubernetes", "c-1"), ALL
        ),
        "pods beside nodes": Case(cluster("subnet-1"), (None, "kubernetes", "c-1"), ALL),
        "Android": Case(phone(B), (B, "android", "aic-1"), [B]),
    },
    "zec": {
        **BOTH,
        "elastic IP": Case(eip(network_interface_id=NIC, private_ip_address=B), (B, "eip", "eip-1"), [B], EXACT),
        "elastic IP by default": Case(eip(network_interface_id=NIC, private_ip_address=B), (B, "eip", "eip-1"), ALL),
        "elastic IP of the primary address": Case(eip(network_interface_id=NIC), ("10.0.0.10", "eip", "eip-1"), ALL),
        "elastic IP that is being bound": Case(
            eip(network_interface_id=NIC, status="ASSIGNING"), (None, "eip", "eip-1"), ALL, EXACT
        ),
        "public address that nothing explains": Case(
            {"nic": {"public_ip_addresses": [PUBLIC]}}, (None, "eip", PUBLIC), ALL, EXACT
        ),
        "SNAT among others": Case(snat("10.0.0.0/24", f"{B}/32"), (B, "snat", "snat-1"), [B]),
        "DNS": Case(zone(B), (B, "dns", "record-1"), [B]),
        "DNS that is switched off": Case(zone(B, status="Disabled"), (B, "dns", "record-1"), [B]),
    },
}
EVERY_CASE = [
    pytest.param(name, case, id=f"{name}-{title}") for name, cases in CASES.items() for title, case in cases.items()
]


@pytest.mark.parametrize(("name", "case"), EVERY_CASE)
def test_what_is_used_is_shown_and_stays_whatever_the_module(name, case, sim):
    cloud = CLOUDS[name](sim)
    address, kind, identifier = case.shown_as
    cloud.load(ALL, settings={"ens_in_use_blocks": False}, **case.sections)
    assert shown(cloud) == [{"private_ip_address": address, "kind": kind, "id": identifier}]

    named = cloud.unassign(*ALL, **case.options)
    for used in case.used:
        assert f"{used} is used by" in (named.message or "")
        assert identifier in (named.message or "")
    assert cloud.secondary() == ALL

    expected = [{"private_ip_address": used, "kind": kind, "id": identifier} for used in case.used]
    free = [one for one in ALL if one not in case.used]
    for remove in (cloud.unassign, lambda **more: cleanup(cloud, **more)):
        cloud.load(ALL, settings={"ens_in_use_blocks": False}, **case.sections)
        planned = remove(check=True, **case.options)
        report = remove(**case.options)
        assert report.message is None, report.message
        assert planned.result["outcomes"] == report.result["outcomes"]
        assert report.result["outcomes"][0]["in_use"] == expected
        assert (outcome(report, "unassigned"), report.result["uncertain"]) == (free, [])
        assert cloud.secondary() == case.used


@pytest.mark.parametrize("name", CASES)
def test_what_is_about_something_else_spares_nothing(name, sim):
    cloud = CLOUDS[name](sim)
    for sections in EVERYTHING[name]:
        cloud.load(ALL, **sections)
        assert shown(cloud) == []
        assert cloud.unassign().result["unassigned"] == ALL


def merged(*sections):
    together: dict[str, list[t.Any]] = {}
    for section in sections:
        for key, entries in section.items():
            together.setdefault(key, []).extend(entries)
    return together


#: Something of each kind, none of it about the network interface, so that each look-up has an answer to be spoilt.
EVERYTHING: dict[str, list[dict[str, t.Any]]] = {
    "ens": [
        eip(instance_id="i-9"),
        balancer(private_ip_address=ELSEWHERE),
        gateway(
            dnats=[{"dnat_id": "dnat-1", "private_ip_address": ELSEWHERE}],
            snats=[{"snat_id": "snat-1", "source_cidr": "10.0.0.0/16"}],
        ),
        ha_vip(ELSEWHERE),
        {"subnets": [VPC, NODES], **cluster("subnet-2")},
        phone(ELSEWHERE),
    ],
    "zec": [
        eip(),
        balancer(private_ip_address=ELSEWHERE),
        gateway(
            dnats=[{"dnat_id": "dnat-1", "private_ip_address": ELSEWHERE}],
            snats=[{"snat_id": "snat-1", "source_cidrs": ["10.0.0.0/16"]}],
        ),
        ha_vip(ELSEWHERE),
        zone(ELSEWHERE),
    ],
}

#: Each look-up, the list in its answer, the sources that need it, and the permission.
LOOKUPS = {
    "ens": [
        ("DescribeEnsEipAddresses", "EipAddresses", "eip"),
        ("DescribeLoadBalancers", "LoadBalancers", "load_balancer"),
        ("DescribeLoadBalancerAttribute", "BackendServers", "load_balancer"),
        ("DescribeNatGateways", "NatGateways", "dnat, snat"),
        ("DescribeForwardTableEntries", "ForwardTableEntries", "dnat"),
        ("DescribeSnatTableEntries", "SnatTableEntries", "snat"),
        ("DescribeHaVips", "HaVips", "ha_vip"),
        ("DescribeClustersV1", "Clusters", "kubernetes"),
        ("DescribeARMServerInstances", "Servers", "android"),
        ("DescribeNetworkAttribute", "NatGatewayIds", "load_balancer, dnat, snat, ha_vip"),
    ],
    "zec": [
        ("DescribeEips", "dataSet", "eip"),
        ("DescribeLoadBalancers", "dataSet", "load_balancer"),
        ("DescribeBackends", "backends", "load_balancer"),
        ("DescribeNatGateways", "dataSet", "dnat, snat"),
        ("DescribeNatGatewayDetail", "dnats", "dnat, snat"),
        ("DescribeNatGatewayDetail", "snats", "dnat, snat"),
        ("DescribeHaVips", "dataSet", "ha_vip"),
        ("DescribePrivateZones", "dataSet", "dns"),
        ("DescribePrivateZoneRecords", "dataSet", "dns"),
    ],
}
SERVICES = {"DescribeLoadBalancers": "zlb", "DescribeBackends": "zlb"}
SERVICES |= dict.fromkeys(("DescribePrivateZones", "DescribePrivateZoneRecords"), "pvtdns")
EVERY_LOOKUP = [
    pytest.param(name, *lookup, id=f"{name}-{lookup[0]}-{lookup[1]}")
    for name, all_ in LOOKUPS.items()
    for lookup in all_
]
UNPAGED = ("DescribeClustersV1", "DescribeLoadBalancerAttribute", "DescribeBackends", "DescribeNatGatewayDetail")
TROUBLES: dict[str, t.Callable[[str], dict[str, t.Any]]] = {
    "failing": lambda field: {"kind": "html"},
    "refused": lambda field: {"kind": "error", "status": 400, "code": "SOMETHING.New"},
    "not JSON": lambda field: {"kind": "bad_json"},
    "broken off": lambda field: {"kind": "truncate"},
    "missing": lambda field: {"kind": "missing_fields", "fields": [field]},
    "a text": lambda field: {"kind": "replace_fields", "values": {field: "nothing"}},
    "an empty text": lambda field: {"kind": "replace_fields", "values": {field: ""}},
    "a list of texts": lambda field: {"kind": "replace_fields", "values": {field: ["one"]}},
    "one item too few": lambda field: {"kind": "replace_fields", "values": {"TotalCount": 2, "totalCount": 2}},
}


def everything(name):
    return merged(*EVERYTHING[name])


@pytest.mark.parametrize("name", CASES)
def test_each_source_has_its_look_ups(name, sim):
    cloud = CLOUDS[name](sim)
    cloud.load(ALL, **everything(name))
    assert cloud.unassign(check=True).message is None
    assert set(cloud.sim.counts()) == {READ, *(action for action, _field, _sources in LOOKUPS[name])}
    assert set(", ".join(sources for _action, _field, sources in LOOKUPS[name]).split(", ")) == set(
        cloud.provider.in_use_sources
    )
    assert set(cloud.sim.counts().values()) == {1}


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize(("name", "action", "field", "sources"), EVERY_LOOKUP)
def test_a_look_up_that_tells_nothing_certain_stops_everything(name, action, field, sources, trouble, sim):
    if trouble == "one item too few" and action in (*UNPAGED, "DescribeNetworkAttribute"):
        pytest.skip("has no count")
    if trouble == "missing" and action == "DescribeNetworkAttribute":
        pytest.skip("need not name anything")
    cloud = CLOUDS[name](sim)
    fault = {**TROUBLES[trouble](field), "match": {"action": action}, "times": None}
    cloud.load(ALL, faults=[fault], **everything(name))
    for report in (cloud.unassign(max_retries=0), cleanup(cloud, max_retries=0)):
        assert action in (report.message or ""), report.message
        assert report.result == {"changed": False}
        if trouble == "refused":
            assert f"to do without it, leave {sources} out of in_use_sources" in (report.message or "")
    assert cloud.writes() == []

    forced = cloud.unassign(max_retries=0, force=True)
    assert (forced.message, forced.result["unassigned"]) == (None, ALL)
    assert action in forced.warnings[0]
    assert "since force is true" in forced.warnings[0]

    cloud.load(ALL, faults=[fault], **everything(name))
    others = [source for source in cloud.provider.in_use_sources if source not in sources.split(", ")]
    assert cloud.unassign(in_use_sources=others).result["unassigned"] == ALL


@pytest.mark.parametrize("status", [403, 400, None])
@pytest.mark.parametrize(("name", "action", "field", "sources"), EVERY_LOOKUP)
def test_a_missing_permission_is_named_with_what_to_do_without_it(name, action, field, sources, status, sim):
    cloud = CLOUDS[name](sim)
    code = "NoPermission" if name == "ens" else "AUTHFAILURE_UNAUTHORIZED_OPERATION"
    kind = {"kind": "error", "code": code, "status": status} if status else {"kind": "html", "status": 403}
    cloud.load(ALL, faults=[{**kind, "match": {"action": action}, "times": None}], **everything(name))
    permission = f"ens:{action}" if name == "ens" else f"{action} of the service {SERVICES.get(action, 'zec')}"
    for report in (cloud.unassign(), cleanup(cloud)):
        assert f"needs the permission {permission}; " in (report.message or ""), report.message
        assert f"leave {sources} out of in_use_sources" in (report.message or "")
        assert report.result == {"changed": False, "stopped": "auth"}
    assert cloud.writes() == []
    assert cloud.sim.counts()[action] == 2, "a refusal of the credentials is not repeated"
    others = [source for source in cloud.provider.in_use_sources if source not in sources.split(", ")]
    assert cloud.unassign(in_use_sources=others).result["unassigned"] == ALL


@pytest.mark.parametrize("flow", [private_ip_cleanup, private_ip_info, None])
def test_no_source_at_all_is_refused_before_any_call(flow, cloud):
    cloud.load(ALL)
    report = run(cloud, flow, in_use_sources=[]) if flow else cloud.unassign(in_use_sources=[])
    if flow is private_ip_cleanup:
        report = cleanup(cloud, in_use_sources=[])
    assert report.message == "in_use_sources: the list is empty; to look nothing up, say in_use_check=false"
    assert cloud.sim.calls() == []


# What only one field tells.


def spoilt(cloud, sections, action, values, **more):
    """Run with other values in some fields of an answer."""
    fault = {"kind": "replace_fields", "values": values, "match": {"action": action}, "times": None}
    cloud.load(ALL, faults=[fault], **sections)
    return cloud.unassign(max_retries=0, **more)


UNREADABLE: dict[str, list[tuple[dict[str, t.Any], str, dict[str, t.Any]]]] = {
    "ens": [
        (eip(instance_id="i-1"), "DescribeEnsEipAddresses", {"InstanceId": 7}),
        (balancer(private_ip_address=B), "DescribeLoadBalancerAttribute", {"Ip": "ten"}),
        (balancer(private_ip_address=B), "DescribeLoadBalancerAttribute", {"Ip": None, "ServerId": None}),
        (dnat(B), "DescribeForwardTableEntries", {"InternalIp": None}),
        (dnat(B), "DescribeForwardTableEntries", {"InternalIp": [B]}),
        (snat(B), "DescribeSnatTableEntries", {"SourceCIDR": "10.0.0.0/33"}),
        (snat(B), "DescribeSnatTableEntries", {"SourceCIDR": 7}),
        (ha_vip(B), "DescribeHaVips", {"IpAddress": "ten"}),
        (ha_vip(B), "DescribeHaVips", {"AssociatedInstances": "none"}),
        (cluster("subnet-1"), "DescribeClustersV1", {"PodVswitchIds": "subnet-1"}),
        (cluster("subnet-1"), "DescribeClustersV1", {"PodVswitchIds": [None]}),
        (cluster("subnet-1"), "DescribeClustersV1", {"PodVswitchIds": None, "VswitchIds": None, "VpcId": None}),
        (phone(B), "DescribeARMServerInstances", {"AICInstances": "none"}),
        (phone(B), "DescribeARMServerInstances", {"NetworkAttributes": None}),
        (phone(B), "DescribeARMServerInstances", {"IpAddress": None}),
        ({}, "DescribeNetworkAttribute", {"NetworkId": "vpc-9"}),
    ],
    "zec": [
        (eip(network_interface_id=NIC), "DescribeEips", {"associatedId": 7}),
        (eip(network_interface_id=NIC), "DescribeEips", {"privateIpAddress": "ten"}),
        (eip(network_interface_id=NIC), "DescribeEips", {"publicIpAddresses": "ten"}),
        ({}, "DescribeNetworkInterfaces", {"publicIpList": "none"}),
        (balancer(private_ip_address=B), "DescribeBackends", {"privateIpAddress": "ten"}),
        (balancer(private_ip_address=B), "DescribeBackends", {"privateIpAddress": None, "instanceId": None}),
        (dnat(B), "DescribeNatGatewayDetail", {"privateIp": None}),
        (snat(B), "DescribeNatGatewayDetail", {"cidrs": B}),
        (snat(B), "DescribeNatGatewayDetail", {"cidrs": ["ten"]}),
        (ha_vip(B), "DescribeHaVips", {"ipAddress": "ten"}),
        (zone(B), "DescribePrivateZones", {"zoneId": None}),
        (zone(B), "DescribePrivateZoneRecords", {"value": None}),
        (zone(B), "DescribePrivateZoneRecords", {"value": "db.example.org"}),
    ],
}


@pytest.mark.parametrize(
    ("name", "sections", "action", "values"),
    [
        pytest.param(name, *entry, id=f"{name}-{entry[1]}-{entry[2]}")
        for name, all_ in UNREADABLE.items()
        for entry in all_
    ],
)
def test_a_field_that_cannot_be_read_proves_nothing(name, sections, action, values, sim):
    cloud = CLOUDS[name](sim)
    report = spoilt(cloud, sections, action, values)
    assert (report.message or "").startswith(f"{action}: "), report.message
    assert cloud.writes() == []


def test_ens_an_elastic_ip_is_found_whatever_its_filters_do(ens):
    ens.load(ALL, settings={"ens_eip_instance_filter": "not_network_interfaces"}, **eip(network_interface_id=NIC))
    report = ens.unassign(check=True)
    assert report.result["uncertain"] == [{"network_interface_id": NIC, "kind": "eip", "id": "eip-1"}]
    assert report.warnings == [
        f"{NIC} has elastic IP eip-1, and ENS does not tell which of its addresses it belongs to"
    ]
    (call,) = ens.sim.calls(action="DescribeEnsEipAddresses")
    assert set(call["parameters"]) == {"EnsRegionId", "PageNumber", "PageSize"}


@pytest.mark.parametrize("named", [True, False])
def test_uncertain_is_only_what_is_about_something_planned_and_does_not_protect_it(named, ens):
    wish = [A] if named else []
    ens.load(ALL, **eip(instance_id="i-1"))
    expected = [{"network_interface_id": NIC, "kind": "eip", "id": "eip-1"}]
    assert ens.unassign(*wish, check=True).result["uncertain"] == expected
    assert cleanup(ens, check=True).result["uncertain"] == expected
    assert cleanup(ens, check=True, eip_protects="network_interface").result["uncertain"] == []
    assert cleanup(ens, check=True, keep=["10.0.0.0/8"]).result["uncertain"] == []
    ens.load(ALL, **merged(eip(instance_id="i-1"), cluster("subnet-1")))
    report = cleanup(ens, check=True)
    assert (report.result["uncertain"], report.warnings) == ([], []), "nothing is planned"
    assert cleanup(ens, check=True, force=True).result["uncertain"] == expected


def test_ens_the_type_of_what_an_elastic_ip_is_bound_to_is_heeded(ens):
    ens.load(ALL, **eip(instance_id="i-1", instance_type="NetworkInterface"))
    assert shown(ens) == []
    ens.load(ALL, nic={"network_interface_id": "i-1", "instance_id": "i-2"}, **eip(instance_id="i-1"))
    assert shown(ens) == []


@pytest.mark.parametrize("status", ["InUse", "Available", None])
def test_an_instance_that_is_not_told_may_be_any_unless_the_network_interface_is_free(status, cloud):
    told = {"ens": status, "zec": {"InUse": "USED", "Available": "AVAILABLE", None: None}[status]}[cloud.name]
    values = {"InstanceId": None, "instanceId": None, "Status": told, "status": told}
    fault = {"kind": "replace_fields", "values": values, "match": {"action": READ}, "times": None}
    cloud.load(ALL, faults=[fault], **balancer(instance_id="i-9"))
    assert len(shown(cloud)) == (0 if status == "Available" else 1)


def test_where_the_subnet_is_not_told_it_may_be_one_of_pods(ens):
    fault = {"kind": "missing_fields", "fields": ["VSwitchId"], "match": {"action": READ}, "times": None}
    ens.load(ALL, faults=[fault], **{"subnets": [VPC, NODES], **cluster("subnet-2")})
    assert ens.unassign().result["outcomes"][0]["in_use"] == [
        {"private_ip_address": address, "kind": "kubernetes", "id": "c-1"} for address in ALL
    ]


def test_ens_a_cluster_that_tells_its_network_alone_protects_that(ens):
    sections = {"subnets": [VPC, NODES], **cluster("subnet-2")}
    report = spoilt(ens, sections, "DescribeClustersV1", {"PodVswitchIds": None, "VswitchIds": []})
    assert outcome(report, "in_use") == ALL


SECRETS = [
    {},
    {"fields": ["VpcId", "VswitchIds", "PodVswitchIds", "ClusterId"], "kind": "missing_fields"},
    {"values": {"PodVswitchIds": {"a": 1}}, "kind": "replace_fields"},
    {"kind": "truncate"},
    {"kind": "bad_json"},
    {"kind": "missing_fields", "fields": ["Clusters"]},
]


@pytest.mark.parametrize("fault", SECRETS, ids=str)
@pytest.mark.parametrize("force", [True, False])
def test_the_secrets_of_a_cluster_are_nowhere(fault, force, ens, tmp_path):
    faults = [{**fault, "match": {"action": "DescribeClustersV1"}, "times": None}] if fault else []
    ens.load(ALL, faults=faults, **{"subnets": [VPC, NODES], **cluster("subnet-2")})
    journal = tmp_path / "journal"
    reports = [
        run(ens, private_ip_info, include_in_use=True, max_retries=0),
        cleanup(ens, force=force, journal=str(journal), max_retries=0),
    ]
    for report in reports:
        assert "SECRET" not in repr((report.message, report.result, report.warnings))
    assert not journal.exists() or "SECRET" not in journal.read_text(encoding="utf-8")
    lookup = ens.ask(lambda provider: provider._answer(provider.sources[5].scope(None)[0])) if not fault else []
    assert [sorted(entry) for entry in lookup] == (
        [] if fault else [["ClusterId", "PodVswitchIds", "VpcId", "VswitchIds"]]
    )


# What is in a network and not in a list.

UNLISTED = [
    (
        "load_balancer",
        balancer(private_ip_address=B),
        "lb-1",
        "load balancer lb-1, which DescribeLoadBalancers does not",
    ),
    ("dnat", dnat(B), "nat-1", "NAT gateway nat-1, which DescribeNatGateways does not"),
    ("snat", snat(B), "nat-1", "NAT gateway nat-1, which DescribeNatGateways does not"),
    ("ha_vip", ha_vip(B), "vip-1", "HaVip vip-1, which DescribeHaVips does not"),
]


@pytest.mark.parametrize(("source", "sections", "identifier", "words"), UNLISTED)
def test_ens_what_is_in_the_network_and_not_listed_stops_everything(source, sections, identifier, words, ens):
    ens.load(ALL, settings={"ens_unlisted": [identifier], "ens_in_use_blocks": False}, **sections)
    for report in (ens.unassign(), cleanup(ens), run(ens, private_ip_info, include_in_use=True)):
        assert words in (report.message or "")
        assert "trying again may help" in (report.message or "")
    assert ens.writes() == []
    assert words in (ens.unassign(in_use_sources=[source]).message or "")
    others = [name for name in ens.provider.in_use_sources if name not in (source, "dnat", "snat")]
    assert ens.unassign(in_use_sources=others).message is None


def test_ens_what_nobody_knows_in_a_network_is_told(ens):
    ens.load(ALL, settings={"ens_network_resources": {"vpc-1": {"Teapot": 2, "Kettle": 0}}})
    report = ens.unassign()
    assert report.result["unassigned"] == ALL
    assert report.warnings == [
        "the network vpc-1 has resources of the type Teapot, and whether they use addresses is not known"
    ]


def test_ens_the_network_is_asked_only_where_it_is_known_and_has_a_list_to_compare(ens):
    ens.load(ALL)
    assert ens.unassign(check=True, in_use_sources=["eip", "kubernetes", "android"]).message is None
    assert set(ens.sim.counts()) == {
        READ,
        "DescribeEnsEipAddresses",
        "DescribeClustersV1",
        "DescribeARMServerInstances",
    }
    fault = {"kind": "missing_fields", "fields": ["NetworkId"], "match": {"action": READ}, "times": None}
    ens.load(ALL, faults=[fault])
    assert ens.unassign(check=True).message is None
    assert "DescribeNetworkAttribute" not in ens.sim.counts()
    (call,) = ens.sim.calls(action="DescribeLoadBalancers")
    assert "NetworkId" not in call["parameters"]


# Elastic IPs.


def test_the_message_says_how_to_spare_less(zec):
    zec.load(ALL, **eip(network_interface_id=NIC, private_ip_address=B))
    assert zec.unassign(A).message == (
        f"private_ip_addresses: {A} is used by elastic IP eip-1; nothing was changed (force=true lets the cloud decide"
        "; eip_protects=address spares only the address that an elastic IP is bound to)"
    )
    assert "eip_protects" not in (zec.unassign(B, eip_protects="address").message or "eip_protects")
    zec.load(ALL, **eip(network_interface_id=NIC, status="ASSIGNING"))
    assert "eip_protects" not in (zec.unassign(A).message or "eip_protects")


def test_zec_an_elastic_ip_of_another_network_interface_does_not_explain_a_public_address(zec):
    """An elastic IP may have moved on, or be on its way, when the list is read."""
    zec.load(ALL, nic={"public_ip_addresses": [PUBLIC]}, **eip())
    assert shown(zec) == [{"private_ip_address": None, "kind": "eip", "id": PUBLIC}]


def test_zec_what_lies_in_another_resource_group_is_seen_by_its_public_address(zec):
    zec.sim.load(
        {
            "accounts": {
                "zec": [{"access_key_id": "k", "access_key_secret": "s-e-c-r-e-t", "resource_groups": ["rg"]}]
            },
            "zec": {
                "subnets": [VPC],
                "network_interfaces": [
                    {
                        "network_interface_id": NIC,
                        "subnet_id": "subnet-1",
                        "primary_private_ip": "10.0.0.10",
                        "secondary_private_ips": ALL,
                        "resource_group_id": "rg",
                    }
                ],
                "eips": [
                    {**eip(network_interface_id=NIC, private_ip_address=B)["eips"][0], "resource_group_id": "other"}
                ],
            },
        }
    )
    assert outcome(zec.unassign(eip_protects="address"), "in_use") == ALL
    assert zec.writes() == []


# What it costs.


@pytest.mark.parametrize("name", CASES)
def test_one_network_interface_costs_two_rounds_side_by_side(name, sim):
    cloud = CLOUDS[name](sim)
    cloud.load(ALL, settings={"latency": 0.2}, **everything(name))
    assert cloud.unassign(check=True).message is None
    calls = [call for call in cloud.sim.calls() if call["action"] != READ]
    first = [call for call in calls if call["action"] in cloud.lookups]
    second = [call for call in calls if call["action"] not in cloud.lookups]
    assert len(first) == len(cloud.lookups)
    assert len(second) == 3
    for together in (first, second):
        assert max(call["started"] for call in together) < min(call["finished"] for call in together)
    assert max(call["finished"] for call in first) <= min(call["started"] for call in second)


def test_a_zone_of_several_vpcs_is_read_once(zec):
    subnets = [
        {"subnet_id": f"subnet-{number}", "vpc_id": f"vpc-{number}", "region_id": "region-1", "cidr": "10.0.0.0/16"}
        for number in (1, 2)
    ]
    nics = [
        {
            "network_interface_id": f"nic-{number}",
            "subnet_id": f"subnet-{number}",
            "primary_private_ip": "10.0.0.10",
            "secondary_private_ips": ALL,
        }
        for number in (1, 2)
    ]
    zones = zone(B)["dns_zones"]
    zones[0]["vpc_ids"] = ["vpc-1", "vpc-2"]
    zec.sim.load({"zec": {"subnets": subnets, "network_interfaces": nics, "dns_zones": zones}})
    report = cleanup(zec)
    assert [entry["in_use"] for entry in report.result["outcomes"]] == [
        [{"private_ip_address": B, "kind": "dns", "id": "record-1"}]
    ] * 2
    assert zec.sim.counts()["DescribePrivateZoneRecords"] == 1
