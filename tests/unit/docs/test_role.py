# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role, and what else all clouds share: for any cloud, and documented as it is."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
from typing import Any

import yaml
from ansible_collections.edgecloud.nic.plugins.modules import ens_private_ip, ens_private_ip_cleanup
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import settings

assert ens_private_ip.__file__ is not None
HERE = pathlib.Path(ens_private_ip.__file__).parents[2]
ROLE = HERE / "roles" / "private_ip_cleanup"
SPEC = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
#: What every cloud shares, its documentation apart. What only one cloud has is in a folder of its provider's own.
SHARED = (
    "playbooks/*",
    "plugins/action/*.py",
    "plugins/module_utils/*.py",
    "plugins/module_utils/_domain/*.py",
    "plugins/module_utils/_engine/*.py",
    "plugins/module_utils/_flows/*.py",
    "plugins/module_utils/_http/*.py",
    "plugins/module_utils/_providers/*.py",
    "plugins/plugin_utils/**/*.py",
    "roles/private_ip_cleanup/defaults/*",
    "roles/private_ip_cleanup/tasks/*",
    "roles/private_ip_cleanup/templates/*",
)
CLOUD = re.compile(r"(?i)(?<![a-z])(ens|zec|alibaba|alicloud|aliyun|zenlayer|zeno)(?![a-z])")


def test_what_every_cloud_shares_names_none() -> None:
    paths = [path for pattern in SHARED for path in HERE.glob(pattern) if path.is_file()]
    assert len(paths) > len(SHARED)
    lines = [
        f"{path.relative_to(HERE)}: {line.strip()}"
        for path in paths
        for line in path.read_text(encoding="utf-8").splitlines()
        if CLOUD.search(line)
    ]
    assert lines == []


def without_documentation(spec: Any) -> Any:
    if isinstance(spec, list):
        return [without_documentation(entry) for entry in spec]
    if not isinstance(spec, dict):
        return spec
    return {key: without_documentation(value) for key, value in spec.items() if key != "description"}


def test_its_options_name_no_cloud_but_in_their_descriptions() -> None:
    assert CLOUD.search("a choice of ens") is not None
    assert CLOUD.findall(yaml.safe_dump(without_documentation(SPEC))) == []


def test_guides_and_examples_name_only_variables_that_there_are() -> None:
    paths = [HERE / "README.md", ROLE / "README.md", *(HERE / "docs").rglob("*.rst"), *(HERE / "docs").rglob("*.yml")]
    texts = [path.read_text(encoding="utf-8") for path in paths]
    named = {name for text in texts for name in re.findall(r"\bprivate_ip_cleanup_\w+", text)}
    assert named - set(SPEC) <= {"private_ip_cleanup_result", "private_ip_cleanup_results", "private_ip_cleanup_"}


def test_its_documentation_is_shown_without_a_complaint(tmp_path: pathlib.Path) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "ansible", "doc", "--type", "role", "edgecloud.nic.private_ip_cleanup"],
        capture_output=True,
        text=True,
        check=True,
        env=settings(tmp_path),
    )
    assert "private_ip_cleanup_approved" in shown.stdout
    assert "DEPRECATION" not in shown.stdout + shown.stderr
    assert "private_ip_cleanup" not in shown.stderr


def test_it_knows_every_option_of_the_cleanup_modules_but_those_it_decides_itself() -> None:
    options = set(ens_private_ip_cleanup.DEFINITION.options)
    known = {name.removeprefix("private_ip_cleanup_") for name in SPEC}
    assert options - known == {"targets", "plan_digest"}
