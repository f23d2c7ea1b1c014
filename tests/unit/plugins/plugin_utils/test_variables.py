# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No variable is taken for another one, for nothing, or for a limit that it is not."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from ansible_collections.edgecloud.nic.plugins.modules import ens_private_ip
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import variables
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import RefusedError
from hypothesis import given
from hypothesis import strategies as st

assert ens_private_ip.__file__ is not None
SPEC = yaml.safe_load(
    (pathlib.Path(ens_private_ip.__file__).parents[2] / "roles/private_ip_cleanup/meta/argument_specs.yml").read_text()
)["argument_specs"]["main"]["options"]
NAMES = sorted(SPEC)


def read(**given: t.Any) -> dict[str, t.Any]:
    full = {f"private_ip_cleanup_{name}": value for name, value in {"provider": "cloudy", **given}.items()}
    return variables.read_variables(SPEC, full)


def test_have_defaults_and_the_types_that_are_meant(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    values = read(max_unassign="7", force="yes", keep="10.0.0.1,10.0.0.2", report_dir="$HOME/a", plan_file="~/b")
    assert (values["mode"], values["max_unassign_percent"], values["batch_size"]) == ("plan", 100, 200)
    assert (values["max_unassign"], values["force"], values["keep"]) == (7, True, ["10.0.0.1", "10.0.0.2"])
    assert (values["report_dir"], values["plan_file"]) == ("/home/me/a", "/home/me/b")
    assert "only" not in values


@pytest.mark.parametrize(
    ("misspelt", "nearest"),
    [("keeps", "keep"), ("keep_network_interface", "keep_network_interfaces"), ("max_unasign", "max_unassign")],
)
def test_a_misspelt_one_is_refused_with_the_nearest(misspelt, nearest):
    with pytest.raises(
        RefusedError, match=f"private_ip_cleanup_{misspelt}; the nearest is private_ip_cleanup_{nearest}$"
    ):
        read(**{misspelt: ["10.0.0.1"]})


@given(st.text("abcdefghijklmnopqrstuvwxyz_", max_size=30))
def test_an_unknown_one_is_refused(name):
    if f"private_ip_cleanup_{name}" not in NAMES and name != "result":
        with pytest.raises(RefusedError, match="there is no variable"):
            read(**{name: 1})


def test_what_the_role_told_earlier_is_none_of_them():
    assert "result" not in read(result={"digest": "sha256:ab"})


@pytest.mark.parametrize("name", [name.removeprefix("private_ip_cleanup_") for name in NAMES])
@pytest.mark.parametrize("nothing", [None, "", " ", [], {}], ids=repr)
def test_nothing_is_an_error_but_for_evidence(name, nothing):
    if name == "in_use_elsewhere" and nothing == []:
        assert read(in_use_elsewhere=[])["in_use_elsewhere"] == []
        return
    with pytest.raises(RefusedError, match="empty"):
        read(**{name: nothing})


@pytest.mark.parametrize("name", ["scope", "health_check", "report_dir", "expected_account", "approved", "filters"])
@pytest.mark.parametrize(("bad", "what"), [("\ud800", "a character that is not whole"), ("\0", "a NUL character")])
def test_a_character_that_nothing_can_have_is_refused_wherever_it_is(name, bad, what):
    value = {"filters": {"vpc_id": bad}, "approved": ["sha256:ab", bad]}.get(name, f"a{bad}")
    with pytest.raises(RefusedError, match=f"private_ip_cleanup_{name} has {what}$"):
        read(**{name: value})


@pytest.mark.parametrize(("name", "value"), [("max_unassign", float("inf")), ("max_unassign", "inf")])
def test_what_ansible_core_breaks_off_over_is_refused_by_name(name, value):
    # From 2.22 on, ansible-core has words of its own for it.
    what = f"private_ip_cleanup_{name}"
    with pytest.raises(
        RefusedError, match=f"^({what}: has a value of a kind that it cannot have$|argument '{what}' is of)"
    ):
        read(**{name: value})


def test_what_module_defaults_say_holds_where_no_variable_says_something_else():
    defaults = {"private_ip_cleanup_keep": "10.0.0.1,10.0.0.2", "private_ip_cleanup_max_unassign": 5}
    given = {"private_ip_cleanup_provider": "cloudy", "private_ip_cleanup_max_unassign": 7}
    values = variables.read_variables(SPEC, given, defaults)
    assert (values["keep"], values["max_unassign"]) == (["10.0.0.1", "10.0.0.2"], 7)


@pytest.mark.parametrize("nothing", [None, "", []], ids=repr)
def test_nothing_in_module_defaults_is_an_error_too(nothing):
    with pytest.raises(RefusedError, match="keep in module_defaults is empty"):
        variables.read_variables(SPEC, {"private_ip_cleanup_provider": "cloudy"}, {"private_ip_cleanup_keep": nothing})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_unassign_percent", "nan"),
        ("max_unassign_percent", 500),
        ("max_unassign_percent", -1),
        ("max_missing_percent", float("inf")),
        ("max_unassign", -1),
        ("batch_size", 0),
        ("pause", -0.1),
        ("pause", "nan"),
        ("pause", "inf"),
        ("plan_max_age", "inf"),
        ("plan_max_age", 1e20),
        ("plan_max_age", "nan"),
    ],
)
def test_a_number_out_of_range_is_refused(name, value):
    with pytest.raises(RefusedError, match=f"private_ip_cleanup_{name} must be"):
        read(**{name: value})


@pytest.mark.parametrize(
    "size",
    [
        *(0, -1, 2.5, True, {"a": 1}, 10**30),
        *("many", "0%", "101%", "20 %", "-5%", "5%%", "%", " 5", "1,", "[1, 20]", "\u0661"),
        *([0], [1, ""], [1, None], [True], [1, "0%"], [[1, 2]], [1, [20]], [1, {"a": 1}]),
    ],
    ids=repr,
)
def test_a_size_of_batches_that_is_none_is_refused(size):
    with pytest.raises(RefusedError, match="private_ip_cleanup_batch_size must be 1 or more, a share from 1% to 100%"):
        read(batch_size=size)


@pytest.mark.parametrize(
    ("given", "meant"),
    [(7, 7), ("7", 7), ("10%", "10%"), ([1, "20", "50%"], [1, 20, "50%"]), ([5], [5]), ("1,20,200", [1, 20, 200])],
    ids=repr,
)
def test_a_size_of_batches_is_a_number_or_a_share_or_a_ramp_of_them(given, meant):
    assert read(batch_size=given)["batch_size"] == meant


@pytest.mark.parametrize(("name", "value"), [("max_unassign", "many"), ("mode", "destroy"), ("force", "perhaps")])
def test_what_cannot_be_meant_is_refused(name, value):
    with pytest.raises(RefusedError, match=f"private_ip_cleanup_{name}"):
        read(**{name: value})


@pytest.mark.parametrize(
    "given", [{}, {"all_network_interfaces": False}, {"filters": {"a": "b"}, "all_network_interfaces": True}]
)
def test_one_selection_is_needed(given):
    with pytest.raises(RefusedError, match="exactly one of private_ip_cleanup_network_interface_ids"):
        variables.selection(given)
    assert variables.selection({"filters": {"a": "b"}, "all_network_interfaces": False}) == {"filters": {"a": "b"}}
