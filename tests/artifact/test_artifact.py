# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The artifact in an execution environment, as far as that goes without containers.

The context of the image is made, and its steps are carried out with ansible-core and what the collection asks for.
"""

from __future__ import annotations

import importlib.metadata
import os
import pathlib
import shutil
import subprocess
import sys
from typing import NamedTuple

import pytest
import yaml
from ansible_collections.edgecloud.nic.tests.check_collection import build
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import scope
from ansible_collections.edgecloud.nic.tests.unit.docs.printed import HERE, environment

#: All that plugins, roles and playbooks may use of a collection.
USED = {"meta", "playbooks", "plugins", "roles"}


class Image(NamedTuple):
    containerfile: str
    programs: pathlib.Path
    collections: pathlib.Path
    #: What the collection asks for, from the package index and from the system.
    libraries: list[str]
    packages: list[str]


def run(*command: str | pathlib.Path, **more: str) -> str:
    """Run a command and return what it says; it must neither fail nor warn."""
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
        # On this path, the checkout is an installed collection.
        env={**os.environ, "PYTHONPATH": "", **more},
    )
    assert done.returncode == 0 and "WARNING" not in done.stdout, done.stdout
    return done.stdout


def required(path: pathlib.Path) -> list[str]:
    return (
        [line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
        if path.exists()
        else []
    )


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    place = tmp_path_factory.mktemp("image")
    artifact = build(HERE, place, 0)
    definition = yaml.safe_load((HERE / "docs" / "examples" / "execution-environment.yml").read_text(encoding="utf-8"))
    (collection,) = definition["dependencies"]["galaxy"]["collections"]
    assert collection == {"name": "edgecloud.nic"}
    collection.update(name=str(artifact), type="file")
    (place / "definition.yml").write_text(yaml.safe_dump(definition), encoding="utf-8")
    create = ("--file", place / "definition.yml", "--context", place / "context", "--output-filename", "Containerfile")
    run("ansible-builder", "create", *create)
    context = place / "context" / "_build"

    collections = place / "collections"
    install = ("-r", context / "requirements.yml", "--collections-path", collections)
    run("ansible-galaxy", "collection", "install", "--offline", *install, ANSIBLE_COLLECTIONS_PATH=str(collections))
    asked, system = place / "asked.txt", place / "system.txt"
    introspect = ("introspect", collections, "--write-pip", asked, "--write-bindep", system)
    run(sys.executable, context / "scripts" / "introspect.py", *introspect)

    bare = place / "bare"
    run("uv", "venv", "--quiet", "--python", sys.executable, bare)
    core = f"ansible-core=={importlib.metadata.version('ansible-core')}"
    run("uv", "pip", "install", "--quiet", "--python", bare / "bin" / "python", core, "--requirement", asked)
    for path in (collections / "ansible_collections" / "edgecloud" / "nic").iterdir():
        if path.is_dir() and path.name not in USED:
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()
    containerfile = (place / "context" / "Containerfile").read_text(encoding="utf-8")
    return Image(containerfile, bare / "bin", collections, required(asked), required(system))


def use(image: Image, sim: Simulator, directory: pathlib.Path, program: str, *arguments: str) -> str:
    """Run a program of ansible-core that finds nothing but the image."""
    done = subprocess.run(
        [image.programs / program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
        cwd=directory,
        env={
            "PATH": f"{image.programs}:/usr/bin:/bin",
            "HOME": str(directory),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(image.collections),
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            **environment(sim),
        },
    )
    assert done.returncode == 0 and "WARNING" not in done.stdout, done.stdout
    return done.stdout


def test_the_collection_asks_for_requests_and_nothing_else(image: Image) -> None:
    assert [line for line in image.libraries if line] == ["requests"]
    assert [line for line in image.packages if line] == []


def test_the_image_is_built_by_the_steps_that_are_tried_here(image: Image) -> None:
    for step in ("ansible-galaxy collection install", "-r requirements.yml", "introspect.py introspect"):
        assert step in image.containerfile


def test_a_command(image: Image, sim: Simulator, tmp_path: pathlib.Path) -> None:
    options = "network_interface_id=eni-hangzhou-web-1 private_ip_addresses=10.10.1.11 state=absent"
    shown = use(image, sim, tmp_path, "ansible", "localhost", "-m", "edgecloud.nic.ens_private_ip", "-a", options)
    assert shown.startswith("localhost | CHANGED")
    assert [call["private_ip_addresses"] for call in sim.calls(write=True)] == [["10.10.1.11"]]


def test_a_playbook_with_the_role(image: Image, sim: Simulator, tmp_path: pathlib.Path) -> None:
    host = {**scope(sim, "zec"), "private_ip_cleanup_all_network_interfaces": True}
    (tmp_path / "scopes.yml").write_text(yaml.safe_dump({"all": {"hosts": {"games": host}}}), encoding="utf-8")
    use(image, sim, tmp_path, "ansible-playbook", "-i", "scopes.yml", "edgecloud.nic.cleanup")
    assert (tmp_path / "cleanup" / "index.html").is_file()
    assert (tmp_path / "cleanup" / "games" / "report.html").is_file()
