# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading from both clouds over the simulator: pages, batches, filters, what uses an address, retries and pace."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.uses import Use, match_uses
from ansible_collections.edgecloud.nic.plugins.module_utils._flows import private_ip_info
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.task import run_task
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.client import listed, number, text, texts
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError, ErrorKind
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.in_use import ListAction
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.paging import Page, PageTokens, read_pages
from ansible_collections.edgecloud.nic.tests.unit.clouds import (
    CLOUDS,
    NIC,
    PRIMARY,
    READ,
    addresses,
)
from hypothesis import given
from hypothesis import strategies as st

A, B, C = addresses(3)


def many(cloud, count, **more):
    cloud.sim.load({cloud.name: {"generate": {"network_interfaces": count, "secondary_private_ips": 2}}, **more})
    return [cloud.generated_id.format(index) for index in range(1, count + 1)]


def listing(cloud, **filters):
    return [nic.network_interface_id for nic in cloud.ask(lambda provider: provider.list_network_interfaces(filters))]


# Pages.


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (50, 1), (51, 2), (100, 2), (120, 3)])
def test_pages_are_read_to_the_end_and_no_further(count, pages, cloud):
    ids = many(cloud, count)
    assert sorted(listing(cloud)) == ids
    assert cloud.sim.counts() == {READ: pages}
    page = "PageSize" if cloud.name == "ens" else "pageSize"
    assert {int(call["parameters"][page]) for call in cloud.sim.calls()} == {50}


@pytest.mark.parametrize("total", [None, 0, 1, 7, 49, 51, 130, 131, 9999])
def test_items_that_repeat_at_the_seams_do_not_hide_others(total, cloud):
    ids = many(cloud, 130, settings={"paging": {"duplicate": True, "total_count": total}})
    found = listing(cloud)
    assert sorted(found) == ids


def test_a_list_that_is_shuffled_for_each_page_shows_nothing_twice(cloud):
    ids = many(cloud, 130, settings={"paging": {"shuffle": True}})
    found = listing(cloud)
    assert len(found) == len(set(found))
    assert set(found) <= set(ids)
    assert cloud.reads() <= 10


def test_items_that_a_list_leaves_out_are_told_of(cloud):
    many(cloud, 130, settings={"paging": {"drop": True}})
    report = cloud.task(private_ip_info.run, network_interface_ids=None, include_in_use=False, filters=None)
    assert report.message == "network_interface_ids: is null; to leave the option out, use the omit variable of Ansible"
    report = info(cloud)
    shown = len(report.result["network_interfaces"])
    assert shown < 130
    assert f"counts {130 - shown} more network interfaces than it lists" in report.warnings[0]


def test_a_list_without_end_ends(cloud):
    """The last page comes again and again, and the count is far off."""
    ids = many(cloud, 120, settings={"paging": {"endless": True, "total_count": 100_000}})
    assert sorted(listing(cloud)) == ids
    assert cloud.reads() <= 1 + 2 * 40


def test_a_list_that_may_not_lack_anything_is_an_error_where_it_does(cloud):
    """What uses an address must not be overlooked."""
    balancers = [{"load_balancer_id": f"lb-{index:03d}", "subnet_id": "subnet-1"} for index in range(150)]
    cloud.load([A], load_balancers=balancers, settings={"paging": {"drop": True}})
    report = cloud.unassign(A)
    assert "DescribeLoadBalancers: the cloud counts 150 items and lists" in (report.message or "")
    assert cloud.writes() == []


def test_pages_that_never_end_are_an_error():
    def fetch(page_number):
        return Page({str(page_number): page_number}, None)

    with pytest.raises(ApiError, match="does not end after 10000 pages"):
        read_pages("List", fetch, 1)


@given(
    sizes=st.lists(st.integers(0, 5), max_size=8),
    total=st.one_of(st.none(), st.integers(0, 60)),
    aside=st.booleans(),
)
def test_no_list_is_read_for_ever_and_none_loses_what_it_showed(sizes, total, aside):
    fetched = []

    def fetch(page_number):
        fetched.append(page_number)
        assert len(fetched) < 200
        before = sum(sizes[: page_number - 1])
        size = sizes[page_number - 1] if page_number <= len(sizes) else 0
        return Page({str(index): index for index in range(before, before + size)}, total)

    def one_by_one(function, items):
        return [function(item) for item in items]

    found = read_pages("List", fetch, 5, one_by_one if aside else None)
    assert fetched[0] == 1
    assert fetched == sorted(set(fetched)), "no page is read twice"
    shown = sum(sizes[: len(fetched)])
    assert found.items == list(range(shown))
    assert found.missing == max(0, (total or 0) - shown)


def by_tokens(answers):
    """Read a list whose pages each name the next one; gives what it has, and the tokens that were sent."""
    sent = []

    def ask(page):
        sent.append(page["token"])
        return answers[len(sent) - 1]

    found = PageTokens("limit", "token", "next").read(ListAction("List", ("items",), "id"), ask, dict, 5)
    return [item["id"] for item in found.items], sent


@given(st.lists(st.lists(st.integers(0, 9).map(str), max_size=5), min_size=1, max_size=6))
def test_pages_that_name_the_next_one_are_followed_to_the_last(pages):
    tokens = [f"t{number}" for number in range(1, len(pages))]
    answers = [
        {"items": [{"id": identifier} for identifier in page], "next": token}
        for page, token in zip(pages, [*tokens, None])
    ]
    found, sent = by_tokens(answers)
    assert found == list(dict.fromkeys(identifier for page in pages for identifier in page))
    assert sent == [None, *tokens]


@pytest.mark.parametrize(
    ("last", "message"),
    [
        ({"items": []}, "List: the answer has no next"),
        ({"next": None}, "List: the answer has no items"),
        ({"items": [], "next": 7}, "List: an entry of the answer has no next"),
        ({"items": [], "next": "t1"}, "List: the pages of the list lead in a circle"),
    ],
)
def test_a_page_that_does_not_say_whether_it_is_the_last_proves_nothing(last, message):
    with pytest.raises(ApiError, match=message) as caught:
        by_tokens([{"items": [{"id": "a"}], "next": "t1"}, last])
    assert caught.value.kind is ErrorKind.NO_ANSWER


# Batches.


def test_fifty_network_interfaces_are_one_call(cloud):
    ids = many(cloud, 60)
    found = cloud.ask(lambda provider: provider.read_network_interfaces(ids[:50]))
    assert sorted(found) == ids[:50]
    assert cloud.sim.counts() == {READ: 1}
    assert all(len(nic.secondary_private_ips) == 2 for nic in found.values())


def test_ids_are_read_in_batches_of_fifty(cloud):
    ids = many(cloud, 120)
    report = info(cloud, network_interface_ids=[*ids, ids[0]])
    assert [nic["network_interface_id"] for nic in report.result["network_interfaces"]] == ids
    assert cloud.sim.counts() == {READ: 3}


def test_ids_that_do_not_exist_are_left_out_after_a_second_look(cloud):
    ids = many(cloud, 10)
    found = cloud.ask(lambda provider: provider.read_network_interfaces(["nowhere-1", *ids, "nowhere-2"]))
    assert sorted(id for id, nic in found.items() if nic is not None) == ids
    assert (found["nowhere-1"], found["nowhere-2"]) == (None, None)
    assert cloud.sim.counts() == {READ: 2}
    assert cloud.sim.calls()[1]["network_interface_ids"] == ["nowhere-1", "nowhere-2"]


def test_a_network_interface_that_a_list_overlooks_is_found_by_the_second_look(cloud):
    ids = many(cloud, 60, settings={"paging": {"total_count": 2}})
    found = cloud.ask(lambda provider: provider.read_network_interfaces(ids[:2]))
    assert sorted(found) == ids[:2]


@pytest.mark.parametrize("unknown", [["x"], ["x", "y", "z"]])
def test_an_error_for_unknown_ids_is_narrowed_down_to_them(unknown, ens):
    ids = many(ens, 20, settings={"ens_unknown_network_interface": "error"})
    mixed = [*ids[:7], *unknown, *ids[7:]]
    found = ens.ask(lambda provider: provider.read_network_interfaces(mixed))
    assert {id: nic is not None for id, nic in found.items()} == {id: id in ids for id in mixed}
    assert ens.reads() <= 2 + len(unknown) * 2 * 6


def test_an_answer_with_other_network_interfaces_than_asked_for_is_not_believed(cloud):
    cloud.load([A])
    fault = {"kind": "missing_fields", "fields": ["NetworkInterfaceId", "nicId"], "match": {"action": READ}}
    cloud.sim.add_fault(**fault, times=None)
    assert cloud.ask(lambda provider: provider.read_network_interfaces([NIC])) == {}


# What an answer may lack.


def read_nic(cloud):
    return cloud.ask(lambda provider: provider.read_network_interfaces([NIC]))[NIC]


def test_null_instead_of_the_addresses_tells_nothing(cloud):
    cloud.load([A, B], faults=[{"kind": "null_lists"}])
    assert cloud.ask(lambda provider: provider.read_network_interfaces([NIC])) == {}
    assert cloud.unassign(A).result["changed"], "the next read shows them"


@pytest.mark.parametrize(
    "fields",
    [
        ["NetworkInterfaceName", "name"],
        ["Status", "status"],
        ["SecurityGroupIds", "securityGroupId", "tags"],
        ["EnsRegionId", "regionId", "NetworkId", "vpcId", "VSwitchId", "subnetId", "InstanceId", "instanceId"],
        ["CreationTime", "createTime", "MacAddress", "macAddress", "Type", "nicType"],
    ],
)
def test_a_missing_field_is_null_and_never_missing(fields, cloud):
    cloud.load([A], nic={"security_group_ids": ["sg-1"]}, faults=[{"kind": "missing_fields", "fields": fields}])
    whole = {"kind": "missing_fields", "fields": []}
    shown = read_nic(cloud).as_result()
    cloud.sim.add_fault(**whole)
    assert list(shown) == list(read_nic(cloud).as_result())
    assert None in shown.values()
    assert shown["secondary_private_ips"] == [A]


def test_without_the_list_itself_nothing_is_concluded(cloud):
    fields = ["NetworkInterfaceSets", "dataSet", "TotalCount", "totalCount"]
    cloud.load([A], faults=[{"kind": "missing_fields", "fields": fields, "times": None}])
    report = cloud.unassign(A, missing_ok=True)
    assert "the answer has no" in (report.message or "")


@pytest.mark.parametrize(
    ("fields", "secondary", "primary"),
    [
        ([], (A, B), PRIMARY),
        (["PrimaryIp"], (A, B), PRIMARY),
        # Known by PrimaryIp alone.
        (["Primary"], (A, B), PRIMARY),
    ],
)
def test_ens_only_what_certainly_is_secondary_counts(fields, secondary, primary, ens):
    ens.load([A, B], faults=[{"kind": "missing_fields", "fields": fields, "times": None}])
    nic = read_nic(ens)
    assert (nic.secondary_private_ips, nic.primary_private_ip) == (secondary, primary)


def test_without_the_primary_address_nothing_is_told(cloud):
    fields = ["PrimaryIp", "Primary", "primaryIpv4"]
    cloud.load([A], faults=[{"kind": "missing_fields", "fields": fields}])
    assert cloud.ask(lambda provider: provider.read_network_interfaces([NIC])) == {}


@pytest.mark.parametrize(
    ("spelling", "status"), [("In_use", "InUse"), ("IN_USE", "InUse"), ("inuse", "InUse"), ("New", "New")]
)
def test_ens_statuses_in_any_spelling(spelling, status, ens):
    ens.load([A], nic={"status": spelling})
    assert read_nic(ens).status == status


# Filters.


def estate(cloud, **more):
    subnets = [
        {"subnet_id": "subnet-1", "vpc_id": "vpc-1", "region_id": "region-1", "cidr": "10.0.0.0/24"},
        {"subnet_id": "subnet-2", "vpc_id": "vpc-2", "region_id": "region-2", "cidr": "10.0.0.0/24"},
    ]
    nics = [
        {
            "network_interface_id": f"nic-{index}",
            "subnet_id": f"subnet-{index}",
            "primary_private_ip": PRIMARY,
            "secondary_private_ips": [A, B],
            "name": f"web-{index}",
            "type": ("Primary", "Secondary")[index - 1],
            "instance_id": f"i-{index}",
            "security_group_ids": [f"sg-{index}"],
            "tags": {"env": f"env-{index}", f"only-{index}": ""},
        }
        for index in (1, 2)
    ]
    cloud.sim.load({cloud.name: {"subnets": subnets, "network_interfaces": nics, **more.pop("things", {})}, **more})


FILTERS: dict[str, list[dict[str, t.Any]]] = {
    "ens": [
        {"region_ids": ["region-1", "region-9"]},
        {"vpc_id": "vpc-1"},
        {"subnet_id": "subnet-1"},
        {"instance_id": "i-1"},
        {"security_group_id": "sg-1"},
        {"type": "Primary"},
        {"name": "web-1"},
    ],
    "zec": [
        {"region_id": "region-1"},
        {"vpc_id": "vpc-1"},
        {"subnet_id": "subnet-1"},
        {"instance_id": "i-1"},
        {"security_group_id": "sg-1"},
        {"type": "Primary"},
        {"name": "web-1"},
        {"tags": {"env": "env-1"}},
        {"tag_keys": ["only-1"]},
    ],
}


def test_each_filter_selects_and_all_of_them_together(cloud):
    estate(cloud)
    for filters in FILTERS[cloud.name]:
        assert listing(cloud, **filters) == ["nic-1"], filters
    assert listing(cloud, vpc_id="vpc-1", type="Secondary") == []
    assert listing(cloud) == ["nic-1", "nic-2"]


@pytest.mark.parametrize("index", range(9))
def test_a_filter_that_the_cloud_overlooks_holds_all_the_same(index, cloud, monkeypatch):
    """All but the name, whose matching rule neither cloud documents for what it returns."""
    filters = [one for one in FILTERS[cloud.name] if "name" not in one]
    if index >= len(filters):
        pytest.skip("fewer filters")
    estate(cloud)
    monkeypatch.setattr(cloud.provider, "filter_parameters", lambda self, filters: {})
    assert listing(cloud, **filters[index]) == ["nic-1"]


@pytest.mark.parametrize(
    "filters", [{}, {"vpc_id": ""}, {"region_ids": []}, {"region_ids": [""]}, {"tags": {}}, {"tags": {"a": None}}]
)
def test_an_empty_filter_never_widens_the_selection(filters, cloud):
    estate(cloud)
    report = info(cloud, filters=filters)
    assert "filters" in (report.message or "")
    assert cloud.sim.calls() == []


@pytest.mark.parametrize("given_", [{"filters": {"vpc_id": None}}, {"filters": None}, {"network_interface_ids": None}])
def test_a_null_never_widens_the_selection(given_, cloud):
    estate(cloud)
    assert "is null" in (info(cloud, **given_).message or "")
    assert cloud.sim.calls() == []


@pytest.mark.parametrize("ids", [[], [""], ["a b"], ["nic-1", "x\n"]])
def test_ids_that_cannot_be_meant_are_refused(ids, cloud):
    estate(cloud)
    assert "network_interface_ids: " in (info(cloud, network_interface_ids=ids).message or "")
    assert cloud.sim.calls() == []


def test_what_is_asked_for_and_not_there_is_named(cloud):
    estate(cloud)
    (warning,) = info(cloud, network_interface_ids=["x-1", "x-2", "nic-1"]).warnings
    assert warning == f"network_interface_ids: there is no network interface x-1, x-2 at {cloud.sim.host_port}"
    (warning,) = info(cloud, filters={"vpc_id": "vpc-misspelt"}).warnings
    assert warning == 'filters: no network interface matches {"vpc_id": "vpc-misspelt"}'


# What uses addresses.


def info(cloud, **given_):
    spec = {**cloud.provider.connection_spec, **private_ip_info.argument_spec(cloud.provider)}
    defaults = {name: entry.get("default") for name, entry in spec.items()}
    options = {**defaults, **cloud.options(), **given_}
    return run_task(private_ip_info.run, cloud.provider, options, given_, spec, False)


THINGS: dict[str, list[dict[str, t.Any]]] = {
    "load_balancers": [
        {"load_balancer_id": "lb-1", "subnet_id": "subnet-1", "backends": [{"private_ip_address": A}]},
        {"load_balancer_id": "lb-2", "subnet_id": "subnet-2", "backends": [{"private_ip_address": B}]},
    ],
    "nat_gateways": [
        {
            "nat_gateway_id": "nat-1",
            "subnet_id": "subnet-1",
            "dnats": [
                {"dnat_id": "dnat-1", "private_ip_address": B},
                {"dnat_id": "dnat-2", "private_ip_address": "10.0.0.99"},
            ],
        }
    ],
    "ha_vips": [{"ha_vip_id": "vip-1", "subnet_id": "subnet-2", "ip_address": A}],
    "eips": [
        {
            "eip_id": "eip-1",
            "public_ip_address": "203.0.113.1",
            "region_id": "region-2",
            "network_interface_id": "nic-2",
            "private_ip_address": B,
        }
    ],
}


def test_uses_are_told_for_each_network_interface_within_its_own_vpc(cloud):
    estate(cloud, things=THINGS)
    first, second = info(cloud, include_in_use=True).result["network_interfaces"]
    assert first["in_use"] == [
        {"private_ip_address": A, "kind": "load_balancer", "id": "lb-1"},
        {"private_ip_address": B, "kind": "dnat", "id": "dnat-1"},
    ]
    eip = {"private_ip_address": None if cloud.name == "ens" else B, "kind": "eip", "id": "eip-1"}
    others = [
        {"private_ip_address": A, "kind": "ha_vip", "id": "vip-1"},
        {"private_ip_address": B, "kind": "load_balancer", "id": "lb-2"},
    ]
    assert [entry for entry in second["in_use"] if entry["kind"] != "eip"] == others
    assert eip in second["in_use"]


def test_without_asking_nothing_is_looked_up(cloud):
    estate(cloud, things=THINGS)
    shown = info(cloud).result["network_interfaces"]
    assert all("in_use" not in nic for nic in shown)
    assert cloud.sim.counts() == {READ: 1}


@pytest.mark.parametrize("count", [1, 2, 100])
def test_look_ups_grow_with_the_vpcs_and_not_with_the_network_interfaces(count, cloud):
    cloud.sim.load(
        {
            cloud.name: {
                "generate": {"network_interfaces": count, "vpcs": 2, "secondary_private_ips": 2, "in_use_every": 3}
            }
        }
    )
    vpcs, regions = min(count, 2), min(count, 2)
    shown = info(cloud, include_in_use=True).result["network_interfaces"]
    counts = cloud.sim.counts()
    reads = counts.pop(READ)
    assert reads == -(-count // 50)
    in_use = sum(len(nic["in_use"]) for nic in shown)
    assert in_use == 2 * count // 3
    balancers = min(2, in_use)
    backends = {cloud.backends: balancers}
    assert counts == {
        **dict.fromkeys(cloud.in_each_vpc, vpcs),
        **dict.fromkeys(cloud.in_each_region, regions),
        **dict.fromkeys(cloud.once, 1),
        **(backends if balancers else {}),
    }


def test_a_load_balancer_without_backends_is_not_asked_about_on_zec(zec):
    zec.load([A], load_balancers=[{"load_balancer_id": "lb-1", "subnet_id": "subnet-1"}])
    assert zec.unassign(A).result["changed"]
    assert "DescribeBackends" not in zec.sim.counts()


def test_ens_the_members_of_a_ha_vip_use_their_addresses(ens):
    member = {"network_interface_id": NIC, "private_ip_address": A}
    ens.load(
        [A, B],
        ha_vips=[{"ha_vip_id": "vip-1", "subnet_id": "subnet-1", "ip_address": "10.0.0.200", "members": [member]}],
    )
    nic = read_nic(ens)
    found = ens.ask(lambda provider: provider.find_uses([nic], ["ha_vip"]))
    assert match_uses([nic], found) == {NIC: [Use("ha_vip", "vip-1", A, "vpc-1")]}


def test_a_network_interface_whose_vpc_is_not_told_is_spared_for_the_uses_of_all_vpcs(cloud):
    fields = ["NetworkId", "vpcId"]
    fault = {"kind": "missing_fields", "fields": fields, "match": {"action": READ}, "times": None}
    estate(cloud, things=THINGS, faults=[fault])
    report = info(cloud, include_in_use=True)
    for nic in report.result["network_interfaces"]:
        assert {A, B} <= {entry["private_ip_address"] for entry in nic["in_use"]}


@pytest.mark.parametrize("field", ["LoadBalancerId", "loadBalancerId"])
def test_something_without_an_id_that_cannot_be_asked_about_is_an_error(field, cloud):
    cloud.load(
        [A],
        load_balancers=THINGS["load_balancers"][:1],
        faults=[{"kind": "missing_fields", "fields": [field], "match": {"action": "DescribeLoadBalancers"}}],
    )
    if (cloud.name == "ens") != (field == "LoadBalancerId"):
        return
    report = cloud.unassign(A)
    assert f"DescribeLoadBalancers: an entry of the answer has no {field}" in (report.message or "")
    assert cloud.writes() == []


# Repetition.


@pytest.mark.parametrize("fault", ["reset", "html", "empty", "truncate", "bad_json", "redirect"])
def test_reads_are_repeated_whatever_the_trouble(fault, cloud):
    cloud.load([A], faults=[{"kind": fault, "times": 3}])
    assert read_nic(cloud).secondary_private_ips == (A,)
    assert cloud.reads() == 4


@pytest.mark.parametrize(("retries", "calls"), [(0, 1), (1, 2), (3, 4)])
def test_reads_are_given_up_after_the_retries(retries, calls, cloud):
    cloud.load([A], faults=[{"kind": "error", "status": 503, "code": cloud.broken[0], "times": None}])
    with pytest.raises(ApiError, match=cloud.broken[0]):
        cloud.ask(lambda provider: provider.read_network_interfaces([NIC]), max_retries=retries)
    assert cloud.reads() == calls


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        ({"ens": "NoPermission", "zec": "AUTHFAILURE_UNAUTHORIZED_OPERATION"}, ErrorKind.AUTH),
        ({"ens": "InvalidAccessKeyId.NotFound", "zec": "AUTHFAILURE_SIGNATURE_FAILURE"}, ErrorKind.AUTH),
        ({"ens": "InvalidEnsRegionId", "zec": "INVALID_PARAMETER_VALUE"}, ErrorKind.REFUSED),
    ],
)
def test_reads_that_are_refused_are_not_repeated(codes, kind, cloud):
    cloud.load([A], faults=[{"kind": "error", "status": 400, "code": codes[cloud.name], "times": None}])
    with pytest.raises(ApiError) as caught:
        cloud.ask(lambda provider: provider.read_network_interfaces([NIC]))
    assert (caught.value.kind, caught.value.code, cloud.reads()) == (kind, codes[cloud.name], 1)
    assert caught.value.request_id


def test_a_refusal_of_the_credentials_says_where_they_came_from(cloud):
    cloud.load([A])
    options = {"access_key_secret": "quite-wrong"}
    with pytest.raises(ApiError) as caught:
        cloud.ask(lambda provider: provider.read_network_interfaces([NIC]), **options)
    assert caught.value.kind is ErrorKind.AUTH
    assert "(the key came from the task's options access_key_id and access_key_secret)" in str(caught.value)
    assert "quite-wrong" not in str(caught.value)


def test_no_other_refusal_speaks_of_the_credentials(cloud):
    refusal = {"kind": "error", "status": 400, "code": cloud.refusal[0], "times": None}
    cloud.load([A], faults=[refusal])
    with pytest.raises(ApiError) as caught:
        cloud.ask(lambda provider: provider.read_network_interfaces([NIC]))
    assert "came from" not in str(caught.value)


def test_a_security_challenge_of_the_front_end_is_not_repeated(zec):
    zec.load([A], faults=[{"kind": "error", "status": 403, "code": "", "headers": {"cf-mitigated": "challenge"}}])
    with pytest.raises(ApiError, match="a security challenge") as caught:
        zec.ask(lambda provider: provider.read_network_interfaces([NIC]))
    assert (caught.value.kind, zec.reads()) == (ErrorKind.AUTH, 1)


@pytest.mark.parametrize("fault", ["reset", "html", "empty", "bad_json"])
def test_writes_are_not_repeated_by_the_client(fault, cloud):
    cloud.load([A], faults=[{"kind": fault, "match": {"write": True}, "times": None}])
    with pytest.raises(ApiError) as caught:
        cloud.ask(lambda provider: provider.unassign(NIC, [A]))
    assert caught.value.kind is ErrorKind.NO_ANSWER
    assert cloud.writes() == [[A]]


def test_writes_that_were_not_sent_are_repeated(cloud):
    cloud.load([A])
    with pytest.raises(ApiError) as caught:
        cloud.ask(lambda provider: provider.unassign(NIC, [A]), endpoint="http://127.0.0.1:9", max_retries=3)
    assert caught.value.kind is ErrorKind.NOT_SENT
    calls = []

    def question(provider):
        with pytest.raises(ApiError):
            provider.unassign(NIC, [A])
        calls.append(provider.calls)

    cloud.ask(question, endpoint="http://127.0.0.1:9", max_retries=3)
    assert calls == [{cloud.write: 4}]


def gaps(cloud):
    starts = [call["started"] for call in cloud.sim.calls()]
    return [later - earlier for earlier, later in zip(starts, starts[1:])]


@pytest.mark.parametrize(
    ("headers", "least"),
    [({"x-acs-retry-after": "150"}, 0.15), ({"Retry-After": "1"}, 0.2)],
    ids=["milliseconds", "seconds"],
)
def test_the_wait_that_the_cloud_asks_for_is_kept_up_to_the_cap(headers, least, cloud, monkeypatch):
    if cloud.name == "zec" and "x-acs-retry-after" in headers:
        pytest.skip("a header of Alibaba Cloud")
    monkeypatch.setattr("random.randint", lambda low, high: low)  # no jitter: nothing but the header makes it wait
    # Not a throttled call: the pace, which makes the next calls wait as well, has its own tests.
    code, status = cloud.broken
    cloud.load([A], faults=[{"kind": "error", "code": code, "status": status, "headers": headers, "times": 2}])
    cloud.ask(lambda provider: provider.read_network_interfaces([NIC]), retry_max_delay=0.2)
    assert cloud.reads() == 3
    assert all(least * 0.95 <= gap for gap in gaps(cloud))
    if "Retry-After" in headers:
        assert gaps(cloud)[0] < 0.9, "not the whole second, since the cap is lower"


@pytest.mark.parametrize("value", ["", "soon", "-1", "1.5", "Wed, 21 Oct 2015 07:28:00 GMT", "\u0661"])
def test_a_wait_that_is_no_number_is_ignored(value, cloud):
    code, status = cloud.throttling
    name = "x-acs-retry-after" if cloud.name == "ens" else "Retry-After"
    headers = {name: value.encode().decode("latin-1")}
    cloud.load([A], faults=[{"kind": "error", "code": code, "status": status, "headers": headers}])
    assert read_nic(cloud).secondary_private_ips == (A,)


def test_calls_and_throttled_calls_are_counted(cloud):
    code, status = cloud.throttling
    cloud.load([A], faults=[{"kind": "error", "code": code, "status": status, "times": 2}])

    def question(provider):
        provider.read_network_interfaces([NIC])
        return provider.calls, provider.throttled

    assert cloud.ask(question) == ({READ: 3}, 2)


# Parsing.


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text()),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
        max_leaves=8,
    )
)
def test_no_field_of_another_kind_breaks_the_reader(value):
    assert all(isinstance(item, dict) for item in listed({"a": value}, "a", "b"))
    assert all(isinstance(item, dict) for item in listed({"a": value}, "a"))
    assert text(value) is None or (isinstance(value, str) and value)
    found = number(value)
    assert found is None or (isinstance(found, int) and not isinstance(found, bool) and found >= 0)
    many_ = texts(value)
    assert many_ is None or all(isinstance(item, str) and item for item in many_)


_ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.sampled_from([PRIMARY, A, B])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["PrivateIpSet", "PrivateIpAddress", "Primary", "tags", "key", "value"]), inner, max_size=3
        )
    ),
    max_leaves=10,
)
_FIELDS = {
    "ens": ["NetworkInterfaceName", "Status", "PrimaryIp", "PrivateIpSets", "SecurityGroupIds", "Type", "NetworkId"],
    "zec": ["name", "status", "primaryIpv4", "secondaryIpv4s", "securityGroupId", "tags", "vpcId"],
}


@pytest.mark.parametrize("name", CLOUDS)
@given(data=st.data())
def test_whatever_fields_hold_a_network_interface_is_read_and_its_primary_address_protected(name, sim, data):
    cloud = CLOUDS[name](sim)
    item = {field: data.draw(_ANY) for field in _FIELDS[name]}
    item[cloud.provider.network_interfaces.id_field] = NIC
    provider = cloud.provider.__new__(cloud.provider)
    nic = provider._network_interface(item)
    assert nic.primary_private_ip not in nic.secondary_private_ips
    result = nic.as_result()
    assert list(result["secondary_private_ips"]) == sorted(
        set(result["secondary_private_ips"]), key=lambda a: list(map(int, a.split(".")))
    )


def test_ens_a_contradiction_about_the_primary_address_protects_both(ens):
    provider = ens.provider.__new__(ens.provider)
    entries = [{"PrivateIpAddress": PRIMARY, "Primary": False}, {"PrivateIpAddress": A, "Primary": True}]
    entries += [{"PrivateIpAddress": B, "Primary": "true"}, {"PrivateIpAddress": C, "Primary": False}]
    item = {"NetworkInterfaceId": NIC, "PrimaryIp": PRIMARY, "PrivateIpSets": {"PrivateIpSet": entries}}
    nic = provider._network_interface(item)
    assert (nic.primary_private_ip, nic.secondary_private_ips) == (PRIMARY, (C,))


def test_an_id_of_another_cloud_is_recognised_for_a_hint():
    ens, zec = (CLOUDS[name].definition("private_ip").provider for name in ("ens", "zec"))
    assert zec.id_hint("eni-f8z57orgmt6d144t") == (
        "; an id that begins with eni- looks like one of another cloud, not of ZEC"
    )
    assert (
        ens.id_hint("nic-hongkong-game-1")
        == "; an id that begins with nic- looks like one of another cloud, not of ENS"
    )
    for hint in (ens.id_hint("eni-1"), zec.id_hint("nic-1"), ens.id_hint("anything"), zec.id_hint("anything")):
        assert hint == ""


def test_the_hint_about_an_id_keeps_nothing_from_being_done(cloud):
    prefix = cloud.provider.foreign_id_prefixes[0]
    cloud.load([A], nic={"network_interface_id": f"{prefix}after-all"})
    found = cloud.ask(lambda provider: provider.read_network_interfaces([f"{prefix}after-all"]))
    assert list(found) == [f"{prefix}after-all"]
