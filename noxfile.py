# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# /// script
# dependencies = ["antsibull-nox", "nox>=2026.8.10", "uv"]
# ///

"""Every check of the collection, as nox sessions.

antsibull-nox.toml sets up the linters; here are the tests and what needs more than a section there. The Makefile calls
these sessions, `nox --list` shows them, `nox -e NAME` runs one.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import antsibull_nox
import antsibull_nox.sessions
import nox

HERE = Path(__file__).parent
REQUIREMENTS = "tests/requirements/dev.txt"
IMPORTER_REQUIREMENTS = "tests/requirements/importer.txt"

# The releases of ansible-core that the matrix tests, each with the Pythons its controller side runs on. antsibull-nox
# would take them from the git repository; these are what users install.
ANSIBLE_CORES = {
    "2.18.19": ">=3.11,<3.14",
    "2.19.14": ">=3.11,<3.14",
    "2.20.10": ">=3.12,<3.15",
    "2.21.5": ">=3.12,<3.15",
}

# Targets of modules that run in the worker process of ansible-core where a task allows it.
BOTH_WAYS = ["ens_private_ip", "ens_private_ip_info", "zec_private_ip", "zec_private_ip_info", "bad_weather"]

nox.needs_version = ">=2026.8.10"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
# Few machines have every Python: a session whose Python is missing says so and is skipped.
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False


def show_every_python() -> None:
    """Put pyenv's interpreters on the PATH instead of its shims.

    A shim answers for every installed version and then refuses to start those that are not selected.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    path = [entry for entry in os.environ["PATH"].split(os.pathsep) if Path(entry) != pyenv / "shims"]
    path += sorted(str(entry) for entry in pyenv.glob("versions/3.*/bin"))
    os.environ["PATH"] = os.pathsep.join(path)


show_every_python()
antsibull_nox.load_antsibull_nox_toml()


def ansible_test_home() -> str:
    """Make a home directory: ansible-test caches environments there, and tests must not find real credentials."""
    home = HERE / ".build" / "home"
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for pip in ("24_2", "25_2"):
        shutil.copyfile(HERE / "tests" / "get_pip.py", cache / f"get_pip_{pip}.py")
    return str(home)


def add_ansible_test(command: str, core: str, pythons: str) -> None:
    series = core.rpartition(".")[0]

    @nox.session(name=f"{command}-{series}", python=pythons, default=False, tags=[command])
    def ansible_test(session: nox.Session) -> None:
        session.install(f"ansible-core=={core}")
        collections = antsibull_nox.sessions.prepare_collections(
            session, install_in_site_packages=False, install_out_of_tree=True
        )
        if collections is None:
            return
        # It works on a copy, so that nothing it writes is left in the checkout.
        with session.chdir(collections.current_path):
            home = {"HOME": ansible_test_home()}
            # --venv comes last: it would take a name after it for its own.
            session.run("ansible-test", command, *session.posargs, "--venv", env=home)
            if command == "integration" and not session.posargs:
                # The same once more, with a process for each module: nobody is to see a difference.
                config = collections.current_path / "tests" / "integration" / "integration_config.yml"
                config.write_text("---\nedgecloud_nic_in_process: false\n")
                session.run("ansible-test", command, *BOTH_WAYS, "--venv", env=home)

    ansible_test.__doc__ = f"ansible-test {command} with ansible-core {series}."


for release, controller_pythons in ANSIBLE_CORES.items():
    add_ansible_test("sanity", release, controller_pythons)
    add_ansible_test("units", release, controller_pythons)
    add_ansible_test("integration", release, controller_pythons)


@nox.session(default=True)
def unit(session: nox.Session) -> None:
    """Unit tests with coverage of plugins/."""
    session.install("-r", REQUIREMENTS)
    env = {"PYTHONPATH": str(HERE / ".build" / "collections")}
    session.run("pytest", "--cov", "--numprocesses=2", *session.posargs, env=env)


@nox.session(default=True)
def changelog(session: nox.Session) -> None:
    """Check the changelog and its fragments."""
    session.install("antsibull-changelog", "-c", REQUIREMENTS)
    session.run("antsibull-changelog", "lint")
    session.run("antsibull-changelog", "lint-changelog-yaml", "--strict", "changelogs/changelog.yaml")


@nox.session(default=True)
def build(session: nox.Session) -> None:
    """Build the collection, check what is in it, and let Galaxy's importer judge it."""
    session.install("-r", IMPORTER_REQUIREMENTS)
    session.run("python", "tests/check_collection.py", ".build/artifact")


if __name__ == "__main__":
    nox.main()
