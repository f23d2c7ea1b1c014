# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-doc and the docsite show of the modules: said in the order meant, alike for all clouds, and true."""

from __future__ import annotations

import importlib
import itertools
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.settings import CONNECTION_SPEC
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import COLLECTIONS
from ansible_collections.edgecloud.nic.tests.unit.docs.printed import GUIDES, HERE, README, Reader, blocks, environment

GROUPS: dict[str, Any] = yaml.safe_load((HERE / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]
CLOUDS: list[str] = GROUPS["all"][0]["metadata"]["extend_group"]
MODULES = sorted(file.stem for file in (HERE / "plugins" / "modules").glob("*.py"))
FRAGMENTS = sorted(file.stem for file in (HERE / "plugins" / "doc_fragments").glob("*.py"))
KINDS = sorted({name.partition("_")[2] for name in MODULES})
#: A cloud need not have a preflight.
NEEDED_KINDS = {"private_ip", "private_ip_cleanup", "private_ip_info"}
TWINS = [
    (first, second, kind)
    for first, second in itertools.combinations(CLOUDS, 2)
    for kind in KINDS
    if {f"{first}_{kind}", f"{second}_{kind}"} <= set(MODULES)
]

#: What only clouds return that can assign an address of choice.
ONLY_ASSIGNED = {"assigned", "outcomes.assigned", "outcomes.already_present"}
#: Options and return values that the twins describe in words of their own.
OWN_WORDS = {
    "profile",
    "credentials_file",
    "endpoint",
    "expected_account",
    "state",
    "filters",
    "in_use_sources",
    "eip_protects",
}
#: Options with a default of their own.
OWN_DEFAULTS = {"in_use_sources", "eip_protects"}
OWN_WORDS_RETURNED = {
    "changed",
    "network_interface.vpc_id",
    "network_interface.subnet_id",
    "network_interface.tags",
    "network_interfaces.vpc_id",
    "network_interfaces.subnet_id",
    "network_interfaces.tags",
    "network_interfaces.in_use",
    "checks",
}


def imported(name: str) -> Any:
    return importlib.import_module(f"ansible_collections.edgecloud.nic.plugins.modules.{name}")


def fragment_texts() -> Iterator[tuple[str, str]]:
    for name in FRAGMENTS:
        module = importlib.import_module(f"ansible_collections.edgecloud.nic.plugins.doc_fragments.{name}")
        for part, text in vars(module.ModuleDocFragment).items():
            if part.isupper():
                yield f"{name}.{part}", text


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give what ansible-doc and the docsite show of the collection, by type and name."""
    done = subprocess.run(
        [sys.executable, "-m", "ansible.cli.doc", "--metadata-dump", "edgecloud.nic"],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
            # ansible-test brings ansible-core along on it.
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_HOME": str(tmp_path_factory.mktemp("ansible")),
        },
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)["all"]
    # Keywords are ansible-core's own.
    return {
        kind: {name.removeprefix("edgecloud.nic."): doc for name, doc in docs.items()}
        for kind, docs in found.items()
        if docs and kind != "keyword"
    }


@pytest.fixture
def shown(listed: dict[str, Any]) -> dict[str, Any]:
    """Give what ansible-doc shows of each module, by the module's name."""
    modules: dict[str, Any] = listed["module"]
    return modules


def options_of(options: dict[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, option in options.items():
        yield above + name, option
        yield from options_of(option.get("suboptions") or {}, f"{above}{name}.")


def returned_of(values: dict[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, value in values.items():
        yield above + name, value
        yield from returned_of(value.get("contains") or {}, f"{above}{name}.")


def test_what_users_write_is_listed_and_nothing_else(listed: dict[str, Any]) -> None:
    assert {kind: sorted(docs) for kind, docs in listed.items()} == {
        "module": MODULES,
        "filter": ["addresses_on_hosts"],
        "role": ["private_ip_cleanup"],
    }


@pytest.mark.parametrize("name", MODULES)
def test_a_description_is_shown_as_its_module_says_it_and_in_that_order(shown: dict[str, Any], name: str) -> None:
    own = yaml.safe_load(imported(name).DOCUMENTATION)
    assert isinstance(own["description"], list)
    assert shown[name]["doc"]["description"] == own["description"]


@pytest.mark.parametrize("name", MODULES)
def test_a_description_begins_with_what_the_module_does(shown: dict[str, Any], name: str) -> None:
    doc = shown[name]["doc"]
    assert doc["description"][0].split()[0] == doc["short_description"].split()[0]
    assert all(sentence.endswith(".") for sentence in doc["description"])


@pytest.mark.parametrize("name", MODULES)
def test_a_module_names_the_pythons_that_are_tested_and_the_libraries_that_it_needs(
    shown: dict[str, Any], name: str
) -> None:
    tested = yaml.safe_load((HERE / "tests" / "config.yml").read_text(encoding="utf-8"))["modules"]["python_requires"]
    libraries = (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines()
    needed = [line for line in libraries if line and not line.startswith("#")]
    assert [entry.replace(" ", "") for entry in shown[name]["doc"]["requirements"]] == [f"python{tested}", *needed]


def test_no_fragment_adds_to_the_description_of_a_module() -> None:
    # ansible-core merges and sorts them.
    parts = {part: yaml.safe_load(text) for part, text in fragment_texts()}
    assert len(parts) > len(FRAGMENTS)
    assert [part for part, content in parts.items() if "description" in content] == []


@pytest.mark.parametrize("name", MODULES)
def test_descriptions_of_options_are_lists(shown: dict[str, Any], name: str) -> None:
    # ansible-console shows the first element of each, which is a letter where the description is a plain text.
    options = dict(options_of(shown[name]["doc"]["options"]))
    assert options
    assert [option for option in options if not isinstance(options[option]["description"], list)] == []


@pytest.mark.parametrize("name", MODULES)
def test_a_returned_value_is_described_with_a_sample(shown: dict[str, Any], name: str) -> None:
    for path, value in returned_of(shown[name]["return"]):
        assert value["description"], path
        assert "sample" in value or "contains" in value, path
        assert value["type"] in ("bool", "dict", "float", "int", "list", "str"), path
        assert (value["type"] == "list") == ("elements" in value), path


def test_every_cloud_has_every_kind_of_module_that_it_must_have_and_no_module_is_without_a_cloud() -> None:
    kinds = {cloud: {kind for kind in KINDS if f"{cloud}_{kind}" in MODULES} for cloud in CLOUDS}
    assert all(found >= NEEDED_KINDS for found in kinds.values())
    assert sorted(f"{cloud}_{kind}" for cloud, found in kinds.items() for kind in found) == MODULES


@pytest.mark.parametrize(("first", "second", "kind"), TWINS)
def test_twins_build_on_the_same_fragments_in_the_same_order(first: str, second: str, kind: str) -> None:
    one, other = (
        [
            re.sub(rf"\b{cloud}\b", "CLOUD", name)
            for name in yaml.safe_load(imported(f"{cloud}_{kind}").DOCUMENTATION)["extends_documentation_fragment"]
        ]
        for cloud in (first, second)
    )
    assert one == other


def own_connection(cloud: str) -> set[str]:
    """Name the options by which only this cloud is connected to, or that it shares with some others by chance."""
    return set(imported(f"{cloud}_private_ip").DEFINITION.provider.connection_spec) - set(CONNECTION_SPEC)


@pytest.mark.parametrize(("first", "second", "kind"), TWINS)
def test_twins_have_the_same_options_but_for_how_they_connect(
    shown: dict[str, Any], first: str, second: str, kind: str
) -> None:
    own = own_connection(first) | own_connection(second)
    one, other = (
        {
            name: option
            for name, option in options_of(shown[f"{cloud}_{kind}"]["doc"]["options"])
            if name not in own and not name.startswith("filters.")
        }
        for cloud in (first, second)
    )
    assert list(one) == list(other)
    for name, option in one.items():
        for facet in ("type", "elements", "required", *(() if name in OWN_DEFAULTS else ("default",))):
            assert option.get(facet) == other[name].get(facet), (name, facet)
        if name not in OWN_WORDS:
            assert option["description"] == other[name]["description"], name
            assert option.get("choices") == other[name].get("choices"), name


@pytest.mark.parametrize(("first", "second", "kind"), TWINS)
def test_twins_return_the_same_but_for_what_was_assigned(
    shown: dict[str, Any], first: str, second: str, kind: str
) -> None:
    one, other = (
        {
            name: value
            for name, value in returned_of(shown[f"{cloud}_{kind}"]["return"])
            if name not in ONLY_ASSIGNED or imported(f"{cloud}_{kind}").DEFINITION.provider.can_assign is not True
        }
        for cloud in (first, second)
    )
    assert list(one) == list(other)
    for name, value in one.items():
        for facet in ("type", "elements", "returned"):
            assert value.get(facet) == other[name].get(facet), (name, facet)
        if name not in OWN_WORDS_RETURNED:
            assert value["description"] == other[name]["description"], name


@pytest.mark.parametrize("cloud", CLOUDS)
def test_what_was_assigned_is_returned_where_the_cloud_can_do_it(shown: dict[str, Any], cloud: str) -> None:
    returned = dict(returned_of(shown[f"{cloud}_private_ip"]["return"]))
    can_assign = imported(f"{cloud}_private_ip").DEFINITION.provider.can_assign
    assert returned.keys() & ONLY_ASSIGNED == (ONLY_ASSIGNED if can_assign else set())


# Examples.

MODULE_NAME = rf"(edgecloud\.nic\.)?({'|'.join(CLOUDS)})_\w+"


def tasks_of(block: Any) -> Iterator[dict[str, Any]]:
    """Find the tasks that name a module of the collection, in a play or a list of tasks."""
    for entry in block if isinstance(block, list) else []:
        if not isinstance(entry, dict):
            continue
        for part in ("tasks", "pre_tasks", "post_tasks", "block", "rescue", "always"):
            yield from tasks_of(entry.get(part))
        if any(re.fullmatch(MODULE_NAME, str(key)) for key in entry):
            yield entry


def check_task(task: dict[str, Any]) -> str:
    """Check the options of a task against the module's specification; returns the module's name."""
    (module,) = [key for key in task if re.fullmatch(MODULE_NAME, key)]
    assert task["name"][0].isupper()
    assert module.startswith("edgecloud.nic."), f"{module} is not a full name"
    name: str = module.rpartition(".")[2]
    assert name in MODULES
    spec = imported(name).DEFINITION.argument_spec
    # What a template gives is not known here; a list of texts takes any.
    options = {key: value for key, value in task[module].items() if "{{" not in str(value)}
    templates = set(task[module]) - set(options)
    known = {alias for key, entry in spec.items() for alias in (key, *entry.get("aliases", ()))}
    assert templates <= known
    result = ArgumentSpecValidator(spec).validate(options)
    assert result.error_messages == []
    return name


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_have_full_names_and_options_that_exist(name: str) -> None:
    tasks = yaml.safe_load(imported(name).EXAMPLES)
    found = list(tasks_of(tasks))
    assert len(found) == len(tasks) > 1
    assert {check_task(task) for task in found} == {name}


def test_the_tasks_of_the_readme_have_full_names_and_options_that_exist() -> None:
    tasks = [task for block in blocks(README, "yaml") for task in tasks_of(yaml.safe_load(block.text))]
    assert {check_task(task) for task in tasks} == {"ens_private_ip", "zec_private_ip"}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_guide_and_options_name_every_variable_that_credentials_are_read_from(
    shown: dict[str, Any], cloud: str
) -> None:
    providers = "ansible_collections.edgecloud.nic.plugins.module_utils._providers"
    sources = importlib.import_module(f"{providers}.{cloud}.credentials").SOURCES
    guide = (GUIDES / "authentication.rst").read_text(encoding="utf-8")
    options = shown[f"{cloud}_private_ip"]["doc"]["options"]
    for option, variables in {**sources.variables, "profile": sources.profile_variables}.items():
        for variable in variables:
            assert f"``{variable}``" in guide
            assert f"E({variable})" in " ".join(options[option]["description"]), option


def test_the_commands_of_the_readme_have_options_that_exist() -> None:
    commands = [command.replace("\\\n", " ") for block in blocks(README, "console") for command in block.commands]
    found = [shlex.split(command, comments=True) for command in commands if command.startswith("ansible ")]
    assert found
    for words in found:
        module, arguments = words[words.index("-m") + 1], words[words.index("-a") + 1]
        pairs = [pair.split("=", 1) for pair in shlex.split(arguments)]
        options = json.loads(arguments) if arguments.startswith("{") else dict(pairs)
        check_task({"name": "Command", module: options})


@pytest.mark.matrix
def test_the_readme_is_right_from_its_installation_to_its_restoration(sim: Simulator, tmp_path: pathlib.Path) -> None:
    # Nothing but what is installed there is to be found.
    settings = {"ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "installed"), "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "0"}
    repository = {"https://github.com/edgecloud-nic/edgecloud.nic": HERE.resolve().as_uri()}

    def left() -> dict[str, set[str]]:
        nics = sim.estate()["zec"]["network_interfaces"]
        return {name: set(nic["secondary_private_ips"]) for name, nic in nics.items()}

    before = left()
    Reader(tmp_path, {**environment(sim), **settings}, repository).follow(blocks(README, heading="Use it"))
    calls = [call["private_ip_addresses"] for call in sim.calls(write=True)]
    assert calls[:2] == [["10.10.1.11", "10.10.1.12"], ["10.30.1.11", "10.30.1.12", "10.30.1.13"]]
    # Of the region, what was taken off was put back.
    assert len(calls) > 2
    assert left() == {**before, "nic-hongkong-game-1": set()}
