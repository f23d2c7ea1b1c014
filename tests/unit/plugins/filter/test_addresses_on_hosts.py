# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts of hosts as evidence: presence proves use, absence proves nothing, and no fact can do harm."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.edgecloud.nic.plugins.filter import addresses_on_hosts as plugin
from ansible_collections.edgecloud.nic.plugins.plugin_utils._host_evidence import canonical_mac
from hypothesis import given
from hypothesis import strategies as st

MAC = "00:16:3e:12:34:56"


def nic(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "network_interface_id": f"eni-{number}",
        "instance_id": f"i-{number}",
        "mac_address": MAC,
        "primary_private_ip": f"10.0.{number}.10",
        "secondary_private_ips": [f"10.0.{number}.11", f"10.0.{number}.12"],
        **fields,
    }


def facts(*secondaries: str, mac: Any = MAC, age: float = 0, **others: Any) -> dict[str, Any]:
    """Give facts as ansible.builtin.setup does on Linux."""
    return {
        "interfaces": ["lo", "eth0"],
        "lo": {"device": "lo", "ipv4": {"address": "127.0.0.1", "prefix": "8"}},
        "eth0": {
            "device": "eth0",
            "macaddress": mac,
            "ipv4": {
                "address": "10.0.1.10",
                "netmask": "255.255.255.0",
                "network": "10.0.1.0",
                "broadcast": "10.0.1.255",
            },
            "ipv4_secondaries": [{"address": address, "netmask": "255.255.255.0"} for address in secondaries],
        },
        "default_ipv4": {"address": "10.0.1.10", "macaddress": mac, "gateway": "10.0.1.1"},
        "all_ipv4_addresses": ["10.0.1.10", *secondaries],
        "locally_reachable_ips": {"ipv4": ["127.0.0.0/8", "10.0.1.10", *secondaries], "ipv6": ["::1"]},
        "date_time": {"epoch": str(int(time.time() - age))},
        "gather_subset": ["network"],
        **others,
    }


def hosts(**by_name: Any) -> dict[str, Any]:
    return {name: {"ansible_facts": value} for name, value in by_name.items()}


def found(hostvars: Any, nics: Any = None, **options: Any) -> list[tuple[str | None, str, str]]:
    uses = plugin.addresses_on_hosts(hostvars, [nic()] if nics is None else nics, **options)
    for use in uses:
        assert list(use) == ["private_ip_address", "kind", "id", "network_interface_id"]
    return [(use["private_ip_address"], use["kind"], use["id"]) for use in uses]


PRIMARY = ("10.0.1.10", "host", "web")
UNKNOWN = [("10.0.1.11", "host_unknown", "i-1"), ("10.0.1.12", "host_unknown", "i-1")]


# What counts.


def test_what_a_host_with_the_mac_address_has_configured_is_in_use():
    assert found(hosts(web=facts("10.0.1.12"))) == [PRIMARY, ("10.0.1.12", "host", "web")]


@pytest.mark.parametrize("mac", ["00:16:3E:12:34:56", "00-16-3e-12-34-56", "0016.3e12.3456", "00163E123456"])
def test_a_mac_address_may_be_written_in_any_way(mac):
    assert found(hosts(web=facts(mac=mac))) == [PRIMARY]
    assert found(hosts(web=facts()), [nic(mac_address=mac)]) == [PRIMARY]


@pytest.mark.parametrize(
    "mac", ["", "00:16:3e:12:34", "0" * 12, "ff:ff:ff:ff:ff:ff", "00:16:3e:12:34:5g", 7, None, MAC * 2]
)
def test_what_is_not_the_mac_address_of_one_interface_matches_nothing(mac):
    assert canonical_mac(mac) is None
    assert found(hosts(web=facts(mac=mac))) == []


@pytest.mark.parametrize(
    "others",
    [
        pytest.param(
            {"lo": {"ipv4": {"address": "127.0.0.1"}, "ipv4_secondaries": [{"address": "10.0.1.11"}]}}, id="lo"
        ),
        pytest.param({"dummy0": {"ipv4": {"address": "10.0.1.11"}}}, id="another interface"),
        pytest.param({"em0": {"ipv4": [{"address": "10.0.1.11"}], "macaddress": "00:00:00:00:00:01"}}, id="BSD"),
        pytest.param({"interfaces": [{"ipv4": {"address": "10.0.1.11", "prefix": 24}}]}, id="Windows"),
        pytest.param({"net_interfaces": {"Gi0": {"ipv4": [{"address": "10.0.1.11", "subnet": "24"}]}}}, id="device"),
        pytest.param({"all_ipv4_addresses": ["10.0.1.11"]}, id="all"),
        pytest.param({"all_ipv4_addresses": "10.0.1.77,10.0.1.11"}, id="text instead of a list"),
        pytest.param({"ip_addresses": ["fe80::1", "10.0.1.11"]}, id="among IPv6"),
        pytest.param({"eth1": {"ipv4": "10.0.1.11/24"}}, id="with a prefix"),
        pytest.param({"locally_reachable_ips": {"ipv4": ["10.0.1.11"]}}, id="AnyIP"),
        pytest.param({"locally_reachable_ips": {"ipv4": ["10.0.1.11/32", "10.0.3.0/24"]}}, id="AnyIP /32"),
        pytest.param({"locally_reachable_ips": ["10.0.1.11"]}, id="AnyIP without families"),
    ],
)
def test_it_does_not_matter_where_on_the_host_an_address_is(others):
    assert ("10.0.1.11", "host", "web") in found(hosts(web=facts(**others)))


def test_a_network_of_which_the_host_takes_every_address_counts_whole():
    reachable: dict[str, Any] = {"locally_reachable_ips": {"ipv4": ["10.0.1.8/30", "10.0.1.10"]}}
    assert found(hosts(web=facts(**reachable))) == [PRIMARY, ("10.0.1.11", "host", "web")]


def test_neighbours_of_an_address_in_facts_do_not_count():
    # 10.0.1.0, .1 and .255 are the network, gateway and broadcast address of eth0.
    nics = [nic(secondary_private_ips=["10.0.1.0", "10.0.1.1", "10.0.1.255"])]
    assert found(hosts(web=facts()), nics) == [PRIMARY]


def test_a_slave_of_a_bond_is_found_by_the_address_that_it_was_made_with():
    bond: dict[str, Any] = {
        "bond0": {"macaddress": "00:00:00:00:00:01"},
        "eth0": {"macaddress": "00:00:00:00:00:01", "perm_macaddress": MAC},
    }
    assert found(hosts(web=facts(**bond))) == [PRIMARY]


def test_the_addresses_of_all_hosts_with_the_mac_address_count():
    hostvars = hosts(one=facts("10.0.1.12"), two=facts("10.0.1.11"), three=facts("10.0.1.12", mac="00:16:3e:00:00:01"))
    assert found(hostvars) == [
        ("10.0.1.10", "host", "one"),
        ("10.0.1.10", "host", "two"),
        ("10.0.1.11", "host", "two"),
        ("10.0.1.12", "host", "one"),
    ]


def test_an_address_counts_for_the_network_interface_of_its_host_alone():
    # VPCs may use the same addresses.
    other = nic(2, mac_address="00:16:3e:00:00:02", secondary_private_ips=["10.0.1.11"])
    uses = plugin.addresses_on_hosts(hosts(web=facts("10.0.1.11")), [other, nic()])
    assert {use["network_interface_id"] for use in uses} == {"eni-1"}


def test_facts_that_somebody_wrote_are_not_looked_at():
    written = {"ansible_local": {"nic": {"macaddress": MAC, "ipv4": {"address": "10.0.1.11"}}}}
    assert found(hosts(web={**facts(mac=None), **written})) == []
    assert found(hosts(web={**facts(), **written})) == [PRIMARY]


def test_old_facts_prove_use_as_well():
    assert found(hosts(web=facts("10.0.1.12", age=10**7))) == [PRIMARY, ("10.0.1.12", "host", "web")]


# With attached_only.


@pytest.mark.parametrize("attached_only", [True, "true", "yes", 1])
def test_an_attached_network_interface_of_a_known_host_has_only_what_is_configured(attached_only):
    assert found(hosts(web=facts("10.0.1.12")), attached_only=attached_only) == [PRIMARY, ("10.0.1.12", "host", "web")]


def test_without_a_host_everything_secondary_is_in_use():
    assert found({}, attached_only=True) == UNKNOWN
    assert found({}, [nic(instance_id=None)], attached_only=True) == []
    assert found({}, [nic(instance_id="")], attached_only=True) == []
    assert found({}, [nic(secondary_private_ips=[])], attached_only=True) == []


@pytest.mark.parametrize("mac", [None, "", "unknown"])
def test_without_a_mac_address_everything_secondary_is_in_use(mac):
    assert found(hosts(web=facts()), [nic(mac_address=mac)], attached_only=True) == UNKNOWN
    assert found(hosts(web=facts()), [nic(mac_address=mac)]) == []


@pytest.mark.parametrize(
    "unknown",
    [
        pytest.param({"date_time": {"epoch": "1500000000"}}, id="old"),
        pytest.param({"date_time": {"epoch": str(int(time.time()) + 3000)}}, id="from the future"),
        pytest.param({"date_time": {"epoch": "soon"}}, id="time is no number"),
        pytest.param({"date_time": {"epoch": "nan"}}, id="time is NaN"),
        pytest.param({"date_time": {"epoch": 10**400}}, id="time is huge"),
        pytest.param({"date_time": {"epoch": True, "epoch_int": None}}, id="time is no number either"),
        pytest.param({"date_time": {}}, id="no time"),
        pytest.param({"date_time": "2026-03-01"}, id="another time"),
        pytest.param({"date_time": None}, id="null time"),
        pytest.param({"gather_subset": ["min"]}, id="no network facts this time"),
        pytest.param({"gather_subset": ["all", "!network"]}, id="network facts left out"),
        pytest.param({"gather_subset": ["!all", "hardware"]}, id="other facts"),
        pytest.param({"gather_subset": ["!all"]}, id="minimal facts"),
        pytest.param({"gather_subset": None}, id="unclear facts"),
        pytest.param({"eth0": {"macaddress": MAC, "ipv4": None}}, id="null addresses"),
        pytest.param({"eth0": {"macaddress": MAC, "ipv4": {}}}, id="no address where there should be one"),
        pytest.param({"eth0": {"macaddress": MAC, "ipv4": True}}, id="a boolean"),
        pytest.param({"eth0": {"macaddress": MAC, "ipv4": {"address": 167772427}}}, id="a number"),
        pytest.param({"eth0": {"macaddress": MAC, "ipv4_secondaries": ["10.0.1.300"]}}, id="no address"),
        pytest.param({"eth0": {"macaddress": MAC, "ipv4_secondaries": [[[[[[["10.0.1.11"]]]]]]]}}, id="too deep"),
        pytest.param({"all_ipv4_addresses": "none"}, id="a word"),
        pytest.param({"locally_reachable_ips": None}, id="null routes"),
    ],
)
def test_a_host_with_facts_that_are_old_or_odd_is_not_known(unknown):
    assert found(hosts(web=facts(**unknown)), attached_only=True)[1:] == UNKNOWN


@pytest.mark.parametrize(
    "known",
    [
        {"date_time": {"epoch": time.time() + 200}},
        {"date_time": {"epoch": "", "epoch_int": str(int(time.time()))}},
        {"gather_subset": ["all"]},
        {"gather_subset": ["!hardware"]},
        {"gather_subset": ["!all", "!min", "network"]},
        {"gather_subset": ["default_ipv4"]},
        {"eth1": {"macaddress": "00:16:3e:00:00:01"}},
        {"em0": {"ipv4": []}},
        {"default_ipv4": {}},
        {"ansible_local": {"ipv4": None}},
    ],
)
def test_a_host_with_plain_facts_is_known(known):
    assert found(hosts(web=facts(**known)), attached_only=True) == [PRIMARY]


def test_facts_without_a_subset_or_without_any_address():
    plain = facts()
    del plain["gather_subset"]
    assert found(hosts(web=plain), attached_only=True) == [PRIMARY]
    bare = {key: plain[key] for key in ("interfaces", "date_time")} | {"eth0": {"macaddress": MAC}}
    assert found(hosts(web=bare), attached_only=True) == UNKNOWN


@pytest.mark.parametrize("max_age", [600, "600", 600.5])
def test_facts_are_fresh_for_as_long_as_told(max_age):
    assert found(hosts(web=facts(age=500)), attached_only=True, max_age=max_age) == [PRIMARY]
    assert found(hosts(web=facts(age=700)), attached_only=True, max_age=max_age)[1:] == UNKNOWN


def test_one_host_that_is_not_known_is_enough():
    hostvars = hosts(one=facts(), two=facts("10.0.1.12", age=10**6))
    assert [use[:2] for use in found(hostvars, attached_only=True)] == [
        ("10.0.1.10", "host"),
        ("10.0.1.10", "host"),
        ("10.0.1.11", "host_unknown"),
        ("10.0.1.12", "host"),
        ("10.0.1.12", "host_unknown"),
    ]


def test_a_mac_address_of_two_network_interfaces_tells_nothing_about_their_hosts():
    nics = [nic(), nic(2)]
    assert ("10.0.1.11", "host_unknown", "i-1") in found(hosts(web=facts()), nics, attached_only=True)
    # The same one read twice is one.
    assert found(hosts(web=facts()), [nic(), nic()], attached_only=True) == [PRIMARY]


# Arguments.


class Broken(Mapping[str, Any]):
    """Variables of which one fails as it is looked at, like a template would."""

    def __init__(self, **values: Any) -> None:
        self._values = values

    def __getitem__(self, key: str) -> Any:
        if self._values[key] is None:
            raise RuntimeError("no such template")
        return self._values[key]

    def __iter__(self):
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def test_facts_that_fail_as_they_are_looked_at_do_no_harm():
    assert found(Broken(web=None), attached_only=True) == UNKNOWN
    assert found({"web": Broken(ansible_facts=None)}, attached_only=True) == UNKNOWN
    half = {"eth0": Broken(zone=None, macaddress=MAC, ipv4={"address": "10.0.1.10"}, mtu=None)}
    assert found(hosts(web=Broken(**{"aaa": None, **facts(), **half, "zzz": None})), attached_only=True) == [
        PRIMARY,
        *UNKNOWN,
    ]


@pytest.mark.parametrize(
    "variables", [None, True, "facts", 5, [], {}, {"ansible_facts": None}, {"ansible_facts": ["eth0"]}]
)
def test_hosts_without_facts_are_fine(variables):
    assert found({"web": variables}) == []
    assert found({"web": variables}, attached_only=True) == UNKNOWN


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hostvars": "web"}, "input: is not a mapping of hosts"),
        ({"hostvars": None}, "input: is not a mapping of hosts"),
        (
            {"network_interfaces": {"network_interfaces": []}},
            "network_interfaces: is not a list; pass network_interfaces of",
        ),
        ({"network_interfaces": "eni-1"}, "network_interfaces: is not a list"),
        ({"network_interfaces": None}, "network_interfaces: is not a list"),
        ({"network_interfaces": [nic(), "eni-1"]}, r"network_interfaces\[1\]: is not a dictionary"),
        (
            {"network_interfaces": [{"network_interface_id": "eni-1"}]},
            r"network_interfaces\[0\]: instance_id is missing",
        ),
        ({"network_interfaces": [nic(network_interface_id=None)]}, "network_interface_id is not the id"),
        ({"network_interfaces": [nic(instance_id=5)]}, "instance_id is not a text"),
        ({"network_interfaces": [nic(mac_address=["a"])]}, "mac_address is not a text"),
        ({"network_interfaces": [nic(primary_private_ip="x")]}, "primary_private_ip: 'x' is not an IPv4 address"),
        ({"network_interfaces": [nic(secondary_private_ips="10.0.1.11")]}, "secondary_private_ips is not a list"),
        ({"network_interfaces": [nic(secondary_private_ips=None)]}, "secondary_private_ips is not a list"),
        ({"network_interfaces": [nic(secondary_private_ips=[5])]}, "secondary_private_ips: 5 is not an IPv4 address"),
        ({"attached_only": "attached"}, "attached_only: 'attached' is neither true nor false"),
        ({"attached_only": None}, "attached_only: None is neither"),
        ({"attached_only": []}, r"attached_only: \[\] is neither"),
        ({"max_age": 0}, "max_age: 0 is not a number of seconds"),
        ({"max_age": True}, "max_age: True is not"),
        ({"max_age": "an hour"}, "max_age: 'an hour' is not"),
        ({"max_age": None}, "max_age: None is not"),
    ],
)
def test_arguments_of_a_wrong_form_are_named(arguments, message):
    with pytest.raises(AnsibleFilterError, match=f"^edgecloud.nic.addresses_on_hosts: .*{message}"):
        plugin.addresses_on_hosts(**{"hostvars": {}, "network_interfaces": [nic()], **arguments})


def test_the_filter_is_known_by_its_name():
    assert plugin.FilterModule().filters() == {"addresses_on_hosts": plugin.addresses_on_hosts}


# Whatever facts look like.

addresses = st.integers(0, 30).map(lambda number: f"10.0.1.{number}")
macs = st.sampled_from([MAC, MAC.upper(), "00:16:3e:00:00:01", "00:16:3e:00:00:02"])
words = st.text("ab1.:/ \u0661\n", max_size=5)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | words | st.binary(max_size=3)
scalars |= addresses | macs | st.sampled_from(["10.0.1.0/28", "::1", "127.0.0.1", "min", "network"])
address_keys = st.sampled_from(["ipv4", "ipv4_secondaries", "all_ipv4_addresses", "ip_addresses", "default_ipv4", "lo"])
keys = address_keys | st.sampled_from(
    ["address", "macaddress", "perm_macaddress", "locally_reachable_ips", "interfaces"]
)
keys |= st.sampled_from(["date_time", "epoch", "gather_subset", "ansible_local", "eth0"])
other_keys = st.none() | st.booleans() | st.integers() | words
garbage = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys | other_keys, inner, max_size=4),
    max_leaves=8,
)
plain = st.builds(
    lambda given, mac, age: facts(*given, mac=mac, age=age), st.lists(addresses), macs, st.sampled_from([0, 9999])
)
some_facts = (
    plain | garbage | st.builds(lambda good, bad: {**good, **bad}, plain, st.dictionaries(keys, garbage, max_size=3))
)
inventories = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d"]), garbage | some_facts.map(lambda given: {"ansible_facts": given}), max_size=4
)
estates = st.lists(
    st.builds(
        lambda number, mac, instance, secondary: nic(
            number, mac_address=mac, instance_id=instance, secondary_private_ips=sorted(secondary)
        ),
        st.integers(1, 4),
        macs | st.none(),
        st.sampled_from([None, "i-1", "i-2"]),
        st.sets(addresses, max_size=5),
    ),
    max_size=4,
    unique_by=lambda entry: entry["network_interface_id"],
)


def uses_of(hostvars: Any, nics: Any, attached_only: bool) -> list[dict[str, Any]]:
    return plugin.addresses_on_hosts(hostvars, nics, attached_only)


def told(uses: list[dict[str, Any]], kind: str = "host") -> set[tuple[Any, ...]]:
    return {tuple(use.values()) for use in uses if use["kind"] == kind}


@given(inventories, estates, st.booleans())
def test_whatever_facts_look_like_only_addresses_of_the_network_interface_itself_are_told(
    hostvars, nics, attached_only
):
    given_before = copy.deepcopy((hostvars, nics))
    by_id = {entry["network_interface_id"]: entry for entry in nics}
    for use in uses_of(hostvars, nics, attached_only):
        entry = by_id[use["network_interface_id"]]
        assert use["private_ip_address"] in [entry["primary_private_ip"], *entry["secondary_private_ips"]]
        assert (use["kind"], use["id"] in hostvars) in [("host", True), ("host_unknown", False)]
        assert attached_only or use["kind"] == "host"
    assert repr((hostvars, nics)) == repr(given_before)


@given(inventories, inventories, estates, st.booleans())
def test_more_facts_never_take_a_proof_away(hostvars, more, nics, attached_only):
    before = told(uses_of(hostvars, nics, attached_only))
    assert before <= told(uses_of({**more, **hostvars}, nics, attached_only))


@given(plain, st.dictionaries(keys.filter(lambda key: key not in facts()), garbage), estates)
def test_odd_facts_beside_plain_ones_never_take_a_proof_away(plain_facts, odd, nics):
    before = told(uses_of(hosts(web=plain_facts), nics, True))
    assert before <= told(uses_of(hosts(web={**odd, **plain_facts}), nics, True))
    assert before <= told(uses_of(hosts(web={**plain_facts, **odd}), nics, True))


@given(st.dictionaries(st.sampled_from(["a", "b"]), garbage.filter(lambda value: not isinstance(value, dict))), estates)
def test_hosts_that_tell_nothing_lift_nothing(hostvars, nics):
    uses = uses_of(hosts(**hostvars), nics, True)
    attached = [entry for entry in nics if entry["instance_id"]]
    assert len(uses) == sum(len(entry["secondary_private_ips"]) for entry in attached)


@given(inventories, estates, st.booleans())
def test_order_does_not_matter_and_asking_twice_neither(hostvars, nics, attached_only):
    uses = uses_of(hostvars, nics, attached_only)
    assert uses == uses_of(hostvars, nics, attached_only)
    turned = {name: hostvars[name] for name in reversed(hostvars)}
    assert uses == uses_of(turned, [*reversed(nics), *nics], attached_only)
    assert len({tuple(use.values()) for use in uses}) == len(uses)


@given(inventories, estates)
def test_attached_only_never_takes_anything_away(hostvars, nics):
    with_it, without = uses_of(hostvars, nics, True), uses_of(hostvars, nics, False)
    assert told(with_it) == told(without) == {tuple(use.values()) for use in without}
