# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-doc and the docsite show of the modules: said in the order meant, alike for both clouds, and true."""

from __future__ import annotations

import importlib
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
from ansible_collections.edgecloud.nic.plugins.modules import ens_private_ip

assert ens_private_ip.__file__ is not None
HERE = pathlib.Path(ens_private_ip.__file__).parents[2]
COLLECTIONS = HERE.parents[2]
MODULES = sorted(
    file.stem for file in (HERE / "plugins" / "modules").glob("*_*.py") if file.stem[:4] in ("ens_", "zec_")
)
FRAGMENTS = sorted(file.stem for file in (HERE / "plugins" / "doc_fragments").glob("*.py"))
KINDS = sorted({name[4:] for name in MODULES})

#: What only one of the twins has: options (without those of filters, which are the clouds' own), and return values.
ONLY_ENS = {"security_token", "sts_endpoint"}
ONLY_ZEC = {"token"}
ONLY_ZEC_RETURNED = {"assigned", "outcomes.assigned", "outcomes.already_present"}
#: Options and return values that the twins describe in words of their own.
OWN_WORDS = {
    "access_key_id",
    "access_key_secret",
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
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give what ansible-doc shows of each module, by the module's name."""
    names = [f"edgecloud.nic.{name}" for name in MODULES]
    done = subprocess.run(
        [sys.executable, "-m", "ansible.cli.doc", "--json", "--type", "module", *names],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
            # ansible-test brings ansible-core along on it.
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_HOME": str(tmp_path_factory.mktemp("ansible")),
        },
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return {name.rpartition(".")[2]: doc for name, doc in json.loads(done.stdout).items()}


def options_of(options: dict[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, option in options.items():
        yield above + name, option
        yield from options_of(option.get("suboptions") or {}, f"{above}{name}.")


def returned_of(values: dict[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, value in values.items():
        yield above + name, value
        yield from returned_of(value.get("contains") or {}, f"{above}{name}.")


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


@pytest.mark.parametrize("kind", KINDS)
def test_the_twins_build_on_the_same_fragments_in_the_same_order(kind: str) -> None:
    twins = []
    for cloud in ("ens", "zec"):
        fragments = yaml.safe_load(imported(f"{cloud}_{kind}").DOCUMENTATION)["extends_documentation_fragment"]
        twins.append([re.sub(rf"\b(actiongroup_)?{cloud}\b", r"\1CLOUD", name) for name in fragments])
    assert twins[0] == twins[1]


@pytest.mark.parametrize("kind", KINDS)
def test_the_twins_have_the_same_options_but_for_those_that_a_cloud_lacks(shown: dict[str, Any], kind: str) -> None:
    ens, zec = (dict(options_of(shown[f"{cloud}_{kind}"]["doc"]["options"])) for cloud in ("ens", "zec"))
    for options in (ens, zec):
        for name in [name for name in options if name.startswith("filters.")]:
            del options[name]
    assert set(ens) - set(zec) == ONLY_ENS
    assert set(zec) - set(ens) == ONLY_ZEC
    assert [name for name in ens if name in zec] == [name for name in zec if name in ens]
    for name in set(ens) & set(zec):
        for facet in ("type", "elements", "required", *(() if name in OWN_DEFAULTS else ("default",))):
            assert ens[name].get(facet) == zec[name].get(facet), (name, facet)
        if name not in OWN_WORDS:
            assert ens[name]["description"] == zec[name]["description"], name
            assert ens[name].get("choices") == zec[name].get("choices"), name


@pytest.mark.parametrize("kind", KINDS)
def test_the_twins_return_the_same_but_for_what_a_cloud_lacks(shown: dict[str, Any], kind: str) -> None:
    ens, zec = (dict(returned_of(shown[f"{cloud}_{kind}"]["return"])) for cloud in ("ens", "zec"))
    assert set(ens) - set(zec) == set()
    assert set(zec) - set(ens) == (ONLY_ZEC_RETURNED if kind == "private_ip" else set())
    assert list(ens) == [name for name in zec if name in ens]
    for name, value in ens.items():
        for facet in ("type", "elements", "returned"):
            assert value.get(facet) == zec[name].get(facet), (name, facet)
        if name not in OWN_WORDS_RETURNED:
            assert value["description"] == zec[name]["description"], name


# Examples.


def tasks_of(block: Any) -> Iterator[dict[str, Any]]:
    """Find the tasks that name a module of the collection, in a play or a list of tasks."""
    for entry in block if isinstance(block, list) else []:
        if not isinstance(entry, dict):
            continue
        for part in ("tasks", "pre_tasks", "post_tasks", "block", "rescue", "always"):
            yield from tasks_of(entry.get(part))
        if any(re.fullmatch(r"(edgecloud\.nic\.)?(ens|zec)_\w+", str(key)) for key in entry):
            yield entry


def check_task(task: dict[str, Any]) -> str:
    """Check the options of a task against the module's specification; returns the module's name."""
    (module,) = [key for key in task if re.fullmatch(r"(edgecloud\.nic\.)?(ens|zec)_\w+", key)]
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


def readme_blocks(language: str) -> list[str]:
    text = (HERE / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def test_the_tasks_of_the_readme_have_full_names_and_options_that_exist() -> None:
    tasks = [task for block in readme_blocks("yaml") for task in tasks_of(yaml.safe_load(block))]
    assert len({check_task(task) for task in tasks}) >= 3


@pytest.mark.parametrize("cloud", ["ens", "zec"])
def test_readme_and_options_name_every_variable_that_credentials_are_read_from(
    shown: dict[str, Any], cloud: str
) -> None:
    providers = "ansible_collections.edgecloud.nic.plugins.module_utils._providers"
    sources = importlib.import_module(f"{providers}.{cloud}.credentials").SOURCES
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    options = shown[f"{cloud}_private_ip"]["doc"]["options"]
    for option, variables in {**sources.variables, "profile": sources.profile_variables}.items():
        for variable in variables:
            assert f"`{variable}`" in readme
            assert f"E({variable})" in " ".join(options[option]["description"]), option


def test_the_commands_of_the_readme_have_options_that_exist() -> None:
    commands = "".join(readme_blocks("console")).replace("\\\n", " ")
    found = [shlex.split(line[2:], comments=True) for line in commands.splitlines() if line.startswith("$ ansible ")]
    assert found
    for words in found:
        module, arguments = words[words.index("-m") + 1], words[words.index("-a") + 1]
        pairs = [pair.split("=", 1) for pair in shlex.split(arguments)]
        options = json.loads(arguments) if arguments.startswith("{") else dict(pairs)
        check_task({"name": "Command", module: options})
