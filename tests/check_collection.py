# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the collection, the same commit always to the same bytes, and check its layout and what the artifact contains.

Usage: python tests/check_collection.py DIRECTORY    (the artifact is built into DIRECTORY)

All files in the artifact get the time of the last commit, or SOURCE_DATE_EPOCH where that is set.
"""

from __future__ import annotations

import fnmatch
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
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
    "SUPPORT.md",
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
    for path in sorted(Path("plugins").glob("*_utils/*")):
        if not path.name.startswith("_"):
            yield f"{path}: utilities are private, their names start with an underscore"


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


def build(source: Path, directory: Path, time: int) -> Path:
    """Build the collection that lies in a directory into another one; returns the artifact.

    :param time: of all files in it, in seconds since 1970.
    """
    command = ["ansible-galaxy", "collection", "build", "--force", "--output-path", str(directory.resolve())]
    subprocess.run(command, cwd=source, check=True)
    galaxy = yaml.safe_load((source / "galaxy.yml").read_text())
    tarball = directory / f"{galaxy['namespace']}-{galaxy['name']}-{galaxy['version']}.tar.gz"
    make_reproducible(tarball, time)
    return tarball


def make_reproducible(tarball: Path, time: int) -> None:
    """Write an artifact anew without what depends on when and where it was built: times, and the order of its files."""
    with tarfile.open(tarball) as archive:
        contents = {member: archive.extractfile(member) for member in archive.getmembers()}
        files = {member.name: (member, content.read() if content else b"") for member, content in contents.items()}
    listed = json.loads(files["FILES.json"][1])
    listed["files"].sort(key=lambda entry: entry["name"])
    files["FILES.json"] = (files["FILES.json"][0], json.dumps(listed, indent=True).encode())
    manifest = json.loads(files["MANIFEST.json"][1])
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(files["FILES.json"][1]).hexdigest()
    files["MANIFEST.json"] = (files["MANIFEST.json"][0], json.dumps(manifest, indent=True).encode())
    with (
        # With a file's name, gzip would write that down, too.
        tarball.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=time) as compressed,
        tarfile.open(mode="w", fileobj=compressed) as archive,
    ):
        for _name, (member, content) in sorted(files.items()):
            member.mtime, member.size, member.pax_headers = time, len(content), {}
            archive.addfile(member, io.BytesIO(content))


def commit_time() -> int:
    return int(os.environ.get("SOURCE_DATE_EPOCH") or subprocess.check_output(["git", "log", "-1", "--format=%ct"]))


def reproduction_problems(tarball: Path, time: int) -> Iterator[str]:
    """Build once more: from another directory, to which the files came later and in another order."""
    listed = subprocess.check_output(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], text=True)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "copy"
        for name in reversed(listed.rstrip("\0").split("\0")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(name, copy / name)
            (copy / name).chmod(Path(name).stat().st_mode)
        if build(copy, Path(scratch), time).read_bytes() != tarball.read_bytes():
            yield f"{tarball.name}: another build of the same files has other bytes"


def main() -> int:
    time = commit_time()
    tarball = build(Path(), Path(sys.argv[1]), time)
    problems = [
        *layout_problems(),
        *artifact_problems(tarball),
        *reproduction_problems(tarball, time),
        *importer_problems(tarball),
    ]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
