# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role: for any cloud, and documented as it is."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

import pytest
import yaml
from ansible_collections.edgecloud.nic.plugins.modules import ens_private_ip, ens_private_ip_cleanup
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import settings

assert ens_private_ip.__file__ is not None
HERE = pathlib.Path(ens_private_ip.__file__).parents[2]
ROLE = HERE / "roles" / "private_ip_cleanup"
SPEC = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
CODE = sorted(
    path
    for folder in ("roles/private_ip_cleanup/tasks", "roles/private_ip_cleanup/templates", "playbooks")
    for path in (HERE / folder).rglob("*.*")
)
CODE += sorted((HERE / "plugins/plugin_utils").rglob("_cleanup*/*.py"))
CODE += [HERE / "plugins/plugin_utils/_cleanup_files.py"]
CODE += [HERE / "plugins/plugin_utils/_records_action.py"]


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(HERE)))
def test_its_code_names_no_cloud(path: pathlib.Path) -> None:
    assert (
        re.findall(r"(?i)\b(ens|zec|alibaba|zenlayer)\b|(?i:ens|zec)_private", path.read_text(encoding="utf-8")) == []
    )


def test_its_readme_and_tasks_name_only_variables_that_there_are() -> None:
    texts = [(HERE / "README.md").read_text(encoding="utf-8"), (ROLE / "README.md").read_text(encoding="utf-8")]
    texts += [path.read_text(encoding="utf-8") for path in (HERE / "docs/examples").glob("*.yml")]
    named = {name for text in texts for name in re.findall(r"\bprivate_ip_cleanup_\w+", text)}
    assert named - set(SPEC) <= {"private_ip_cleanup_result", "private_ip_cleanup_"}


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
