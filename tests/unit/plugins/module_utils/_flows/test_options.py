# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A list or an object where a text belongs is refused, in every option of every module."""

from __future__ import annotations

import importlib
import json
import pathlib
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError
from ansible_collections.edgecloud.nic.plugins.module_utils._flows.options import reject_structures
from ansible_collections.edgecloud.nic.plugins.modules import ens_private_ip
from hypothesis import given
from hypothesis import strategies as st

Spec = dict[str, t.Any]
_PACKAGE = "ansible_collections.edgecloud.nic.plugins.modules"
SPECS: dict[str, Spec] = {
    file.stem: importlib.import_module(f"{_PACKAGE}.{file.stem}").DEFINITION.argument_spec
    for file in pathlib.Path(str(ens_private_ip.__file__)).parent.glob("*.py")
    if file.stem[:4] in ("ens_", "zec_")
}
structures = st.one_of(st.lists(st.text()), st.dictionaries(st.text(), st.text()))
texts = st.one_of(st.text(), st.integers(), st.booleans(), st.floats(), st.none())


class Place(t.NamedTuple):
    """Where a text belongs: what a message calls it, and the names on the way, with whether a list is there."""

    name: str
    way: tuple[tuple[str, bool], ...]

    def options(self, value: t.Any) -> t.Any:
        """Give options that have this value there."""
        for name, is_list in reversed(self.way):
            value = {name: [value]} if is_list else {name: value}
        return value


_TOP = Place("", ())


def places(spec: Spec, above: Place = _TOP) -> t.Iterator[Place]:
    for name, option in spec.items():
        is_list = option["type"] == "list"
        for alias in (name, *option.get("aliases", ())):
            place = Place(f"{above.name}.{name}".lstrip("."), (*above.way, (alias, is_list)))
            if (option.get("elements") if is_list else option["type"]) in ("str", "path"):
                yield place
            yield from places(option.get("options", {}), place)


def test_all_modules_have_such_places() -> None:
    assert len(SPECS) >= 6
    for name, spec in SPECS.items():
        found = {place.name for place in places(spec)}
        assert {"access_key_secret", "endpoint", "ca_path"} <= found, name
    found = {place.name for place in places(SPECS["ens_private_ip_cleanup"])}
    assert {"targets.network_interface_id", "targets.private_ip_addresses", "filters.region_ids", "keep"} <= found


@given(st.data())
def test_a_structure_is_refused_by_the_name_of_the_option(data: st.DataObject) -> None:
    spec = SPECS[data.draw(st.sampled_from(sorted(SPECS)))]
    place = data.draw(st.sampled_from(list(places(spec))))
    value = data.draw(structures)
    with pytest.raises(InputError) as caught:
        reject_structures(place.options(value), spec)
    kind = "an object" if isinstance(value, dict) else "a list"
    assert str(caught.value) == f"{place.name}: has {kind} where a text belongs"


@given(st.data())
def test_what_ansible_makes_a_text_of_is_taken(data: st.DataObject) -> None:
    spec = SPECS[data.draw(st.sampled_from(sorted(SPECS)))]
    place = data.draw(st.sampled_from(list(places(spec))))
    reject_structures(place.options(data.draw(texts)), spec)


@pytest.mark.parametrize("text", ['{"region_id": ["asia-east-1"]}', {"region_id": ["asia-east-1"]}])
def test_an_object_that_is_written_as_text_is_looked_into(text: t.Any) -> None:
    with pytest.raises(InputError, match=r"^filters\.region_id: has a list where a text belongs$"):
        reject_structures({"filters": text}, SPECS["zec_private_ip_info"])


def test_lists_that_are_written_as_text_are_taken() -> None:
    spec = SPECS["ens_private_ip_cleanup"]
    reject_structures({"keep": "10.0.0.1,10.0.0.2", "filters": "vpc_id=n-1,name=web"}, spec)


@pytest.mark.parametrize(("option", "value"), [("filters", 0), ("max_retries", "-inf")])
def test_what_ansible_core_breaks_off_over_is_refused_by_the_name_of_the_option(option: str, value: t.Any) -> None:
    given = {"access_key_id": "an-id", "access_key_secret": "a-secret-of-ours", option: value}
    done = subprocess.run(
        [sys.executable, "-m", f"{_PACKAGE}.ens_private_ip_info"],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": given}),
        capture_output=True,
        text=True,
        check=False,
    )
    result = json.loads(done.stdout)
    # From 2.22 on, ansible-core has words of its own for it, and a module tells it what it is to mask.
    result.pop("_ansible_new_secrets", None)
    ours, theirs = f"{option}: has a value of a kind that it cannot have", f"argument '{option}' is of type "
    assert result["msg"] == ours or result["msg"].startswith(theirs)
    assert "a-secret-of-ours" not in f"{result}{done.stderr}"
