# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the layout of the collection, and what its build artifact contains.

Usage: python tests/check_collection.py DIRECTORY    (the artifact is built into DIRECTORY)
"""

from __future__ import annotations

import fnmatch
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import yaml

# Everything a user gets. tests/config.yml tells importers which Pythons the modules support.
ARTIFACT = [
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "FILES.json",
    "LICENSE",
    "LICENSES/*.txt",
    "MANIFEST.json",
    "README.md",
    "REUSE.toml",
    "SECURITY.md",
    "changelogs/changelog.yaml",
    "changelogs/config.yaml",
    "changelogs/fragments/*.yml",
    "docs/*.md",
    "docs/docsite/*.yml",
    "docs/docsite/rst/*.rst",
    "docs/examples/*.yml",
    "docs/images/*.png",
    "extensions/*.yml",
    "meta/*.yml",
    "playbooks/*.j2",
    "playbooks/*.yml",
    "plugins/*.py",
    "requirements.txt",
    "roles/*.css",
    "roles/*.j2",
    "roles/*.js",
    "roles/*.md",
    "roles/*.yml",
    "tests/config.yml",
]


def layout_problems() -> Iterator[str]:
    groups = yaml.safe_load(Path("meta/runtime.yml").read_text())["action_groups"]
    modules = {path.stem for path in Path("plugins/modules").glob("*.py")}
    clouds = groups.pop("all")[0]["metadata"]["extend_group"]
    if clouds != list(groups):
        yield f"meta/runtime.yml: action group all extends {clouds}, and there are {list(groups)}"
    for name, members in groups.items():
        expected = sorted(module for module in modules if module.startswith(f"{name}_"))
        if members != expected:
            yield f"meta/runtime.yml: action group {name} lists {members}, and plugins/modules has {expected}"
        modules.difference_update(members)
    for module in sorted(modules):
        yield f"meta/runtime.yml: no action group has the module {module}"
    for path in sorted(Path("plugins/module_utils").iterdir()):
        if not path.name.startswith("_"):
            yield f"{path}: module utilities are private, their names start with an underscore"


def artifact_problems(tarball: Path) -> Iterator[str]:
    with tarfile.open(tarball) as archive:
        names = [member.name for member in archive.getmembers() if not member.isdir()]
    for name in names:
        if "/__pycache__/" in name or not any(fnmatch.fnmatchcase(name, pattern) for pattern in ARTIFACT):
            yield f"{tarball.name}: {name} does not belong in the artifact (see build_ignore in galaxy.yml)"


def importer_problems(tarball: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "galaxy_importer.main", tarball.name]
    run = subprocess.run(command, cwd=tarball.parent, capture_output=True, text=True, check=False)
    log = run.stdout + run.stderr
    complaints = re.findall(r"^(?:ERROR|WARNING).*$", log, flags=re.MULTILINE)
    yield from (f"galaxy-importer: {line}" for line in complaints)
    if run.returncode and not complaints:
        yield f"galaxy-importer: {log}"


def build(directory: Path) -> Path:
    command = ["ansible-galaxy", "collection", "build", "--force", "--output-path", str(directory)]
    subprocess.run(command, check=True)
    galaxy = yaml.safe_load(Path("galaxy.yml").read_text())
    return directory / f"{galaxy['namespace']}-{galaxy['name']}-{galaxy['version']}.tar.gz"


def main() -> int:
    tarball = build(Path(sys.argv[1]))
    problems = [*layout_problems(), *artifact_problems(tarball), *importer_problems(tarball)]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
