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
import sys
import zlib
from pathlib import Path

import antsibull_nox
import antsibull_nox.sessions
import nox

HERE = Path(__file__).parent
REQUIREMENTS = "tests/requirements/dev.txt"
UNIT_REQUIREMENTS = "tests/unit/requirements.txt"
IMPORTER_REQUIREMENTS = "tests/requirements/importer.txt"
RULEBOOK_REQUIREMENTS = "tests/requirements/rulebook.txt"
MUTANTS_REQUIREMENTS = "tests/requirements/mutants.txt"

# The releases of ansible-core that the matrix tests, each with the Pythons that its controller side runs on, and those
# that it runs modules with: all that this collection supports with the newest, an end with each of the others.
# antsibull-nox would take the releases from the git repository; these are what users install.
ANSIBLE_CORES = {
    "2.18.19": (">=3.11,<3.14", ["3.9"]),
    "2.19.14": (">=3.11,<3.14", ["3.13"]),
    "2.20.10": (">=3.12,<3.15", ["3.9"]),
    "2.21.5": (">=3.12,<3.15", ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14"]),
    # Not yet released: nothing waits for it, but what breaks is seen.
    "2.22.0rc1": (">=3.13,<3.15", ["3.10", "3.14"]),
}
#: What continuous integration tries as well, from a server that not every machine reaches.
DEVEL = "https://github.com/ansible/ansible/archive/devel.tar.gz"

# What runs on managed nodes, and what runs in the controller and stands on its ansible-core.
MODULE_TESTS = ["tests/unit/plugins/module_utils"]
CONTROLLER_TESTS = [
    "tests/unit/action",
    "tests/unit/docs",
    "tests/unit/example_cloud",
    "tests/unit/plugins/filter",
    "tests/unit/plugins/plugin_utils",
    "tests/smoke",
]
#: What stands on little of it and takes long.
LONG_TESTS = ["tests/campaign", "tests/unit/recorder", "tests/unit/trace"]
#: More than there are cores: many of them wait for something.
WORKERS = ["--numprocesses=4", "--dist=worksteal"]
#: Targets of modules that run in the worker process of ansible-core where a task allows it.
BOTH_WAYS = ["ens_private_ip", "ens_private_ip_info", "zec_private_ip", "zec_private_ip_info", "bad_weather"]
#: The oldest and the newest release: such targets run both ways, and long tests as well. With the others, unit tests
#: compare the two ways, and quick ones ask most of the same.
ENDS = ("2.18", "2.21")

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


def ansible_test_home(name: str) -> str:
    """Make a home directory: ansible-test caches environments there, and tests must not find real credentials.

    One for each session, since two may run at a time and neither expects the other.
    """
    home = HERE / ".build" / "home" / name
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for pip in ("24_2", "25_2"):
        shutil.copyfile(HERE / "tests" / "get_pip.py", cache / f"get_pip_{pip}.py")
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is not None:
        (cache / "uv").unlink(missing_ok=True)
        (cache / "uv").symlink_to(uv)
    return str(home)


def series_of(core: str) -> str:
    return core.rpartition(".")[0] or core


def requirement(core: str) -> str:
    return DEVEL if core == "devel" else f"ansible-core=={core}"


def python_of(session: nox.Session) -> str:
    """Give the version of a session's Python, such as 3.12."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return str(session.run("python", "-c", code, silent=True)).strip()


def add_ansible_test(command: str, core: str, pythons: str) -> None:
    series = series_of(core)

    @nox.session(name=f"{command}-{series}", python=pythons, default=False)
    def ansible_test(session: nox.Session) -> None:
        session.install(requirement(core))
        collections = antsibull_nox.sessions.prepare_collections(
            session, install_in_site_packages=False, install_out_of_tree=True
        )
        if collections is None:
            return
        # It works on a copy, so that nothing it writes is left in the checkout.
        with session.chdir(collections.current_path):
            home = {"HOME": ansible_test_home(f"{command}-{series}")}
            # --venv comes last: it would take a name after it for its own.
            default = ["--python", python_of(session)]
            if command == "sanity":
                # Its requirements name a file on a server that not every machine reaches.
                default = ["--skip-test", "pylint"] if "rc" in core else []
                # The tests themselves take longer than what they test.
                default += [] if series in ENDS or session.posargs else ["--exclude", "tests/"]
            session.run("ansible-test", command, *session.posargs, *default, "--venv", env=home)
            if command == "integration" and series in ENDS and not session.posargs:
                # The same once more, with a process for each module: nobody is to see a difference.
                config = collections.current_path / "tests" / "integration" / "integration_config.yml"
                config.write_text("---\nedgecloud_nic_in_process: false\n")
                session.run("ansible-test", command, *BOTH_WAYS, *default, "--venv", env=home)

    ansible_test.__doc__ = f"ansible-test {command} with ansible-core {series}."


def run_pytest(session: nox.Session, *arguments: str, path: str = "") -> None:
    """Run tests with the collection, and what else is on the path, in reach."""
    env = {"PYTHONPATH": os.pathsep.join(filter(None, [str(HERE / ".build" / "collections"), path]))}
    # One for each session, since two may run at a time.
    cache = f"cache_dir=.build/pytest/{session.name}"
    session.run("pytest", "--quiet", "--override-ini", cache, *arguments, env=env)


def chosen(session: nox.Session, tests: list[str]) -> list[str]:
    """Give the tests that were asked for; without any, or for those of them that failed last, all."""
    return [*tests, *session.posargs] if session.posargs == ["--last-failed"] else session.posargs or tests


def add_pytest(name: str, core: str, pythons: str, tests: list[str]) -> None:
    purpose = {"controller": "What runs in the controller", "smoke": "What a user does first"}[name]

    @nox.session(name=f"{name}-{series_of(core)}", python=pythons, default=False)
    def with_core(session: nox.Session) -> None:
        session.install(requirement(core), "-r", UNIT_REQUIREMENTS)
        session.install("pytest", "pytest-xdist", "-c", REQUIREMENTS)
        run_pytest(session, *chosen(session, tests))

    with_core.__doc__ = f"{purpose}, with ansible-core {series_of(core)}."


def add_modules(core: str, pythons: list[str]) -> None:
    series = series_of(core)

    @nox.session(name=f"modules-{series}", python=pythons, default=False)
    def modules(session: nox.Session) -> None:
        session.install("-r", UNIT_REQUIREMENTS, "pytest", "pytest-xdist")
        # Managed nodes have no ansible-core: its module utilities come to them, whatever Python the controller needs.
        files = str(HERE / ".build" / "core" / series)
        session.run_install(
            *("uv", "pip", "install", "--quiet", "--no-deps", "--python-version", "3.13"),
            *("--target", files, requirement(core)),
            external=True,
        )
        run_pytest(session, *WORKERS, *chosen(session, MODULE_TESTS), path=files)

    modules.__doc__ = f"What runs on managed nodes, on every Python there, with ansible-core {series}."


for release, (controller_pythons, module_pythons) in {**ANSIBLE_CORES, "devel": (">=3.13,<3.15", ["3.13"])}.items():
    add_ansible_test("sanity", release, controller_pythons)
    add_ansible_test("integration", release, controller_pythons)
    at_an_end = series_of(release) in ENDS
    which = "not campaign" if at_an_end else "not campaign and not matrix"
    tests = [*CONTROLLER_TESTS, *(LONG_TESTS if at_an_end else [])]
    add_pytest("controller", release, controller_pythons, [*WORKERS, "-m", which, *tests])
    add_pytest("smoke", release, controller_pythons, ["-m", "not matrix", "tests/smoke/test_smoke.py"])
    add_modules(release, module_pythons)


@nox.session(default=False, venv_backend="none")
def matrix(session: nox.Session) -> None:
    """Run the tests with every ansible-core, and write down what came of it."""
    cores = [f"{series_of(core)}={core}" for core in ANSIBLE_CORES]
    # Not the first Python on the path, which need not have nox.
    session.run(sys.executable, "tests/matrix.py", *session.posargs, *cores, external=True)


@nox.session(default=True)
def unit(session: nox.Session) -> None:
    """Unit tests; with C(-- --cov) their coverage of plugins/ as well, which takes half as long again."""
    session.install("-r", REQUIREMENTS)
    # Without one of them, what asks it would be skipped.
    session.run(
        "python", "-W", "ignore", "-c", "import alibabacloud_ens20171110, ansible_runner, jq, zenlayercloud, trustme"
    )
    run_pytest(session, *WORKERS, "-m", "not matrix and not campaign", *session.posargs)


@nox.session(default=False)
def mutants(session: nox.Session) -> None:
    """Change what decides, one thing at a time, and see whether a unit test notices; C(-- FILE) tries one file."""
    session.install("-r", MUTANTS_REQUIREMENTS)
    # CI makes hypothesis draw the same examples for each mutant.
    env = {"CI": "true", "PYTHONPATH": str(HERE / ".build" / "collections")}
    session.run("python", "-m", "ansible_collections.edgecloud.nic.tests.mutants", *session.posargs, env=env)


@nox.session(default=True)
def changelog(session: nox.Session) -> None:
    """Check the changelog and its fragments, and that a release can be made of them."""
    session.install("antsibull-changelog", "ansible-core", "-c", REQUIREMENTS)
    session.run("antsibull-changelog", "lint")
    collections = antsibull_nox.sessions.prepare_collections(
        session, install_in_site_packages=False, install_out_of_tree=True
    )
    if collections is None:
        return
    # On a copy: the fragments stay until there is a release.
    with session.chdir(collections.current_path):
        fragments = Path("changelogs/fragments")
        if any(fragments.glob("*")):
            session.run("antsibull-changelog", "release")
        left = sorted(path.name for path in fragments.glob("*"))
        if left:
            session.error(f"A release leaves fragments behind: {', '.join(left)}")
        session.run("antsibull-changelog", "lint-changelog-yaml", "--strict", "changelogs/changelog.yaml")


@nox.session(default=True)
def docs(session: nox.Session) -> None:
    """Build the docsite into .build/docs/html; a warning is an error."""
    session.install("ansible-core", "antsibull-docs", "sphinx-ansible-theme", "-c", REQUIREMENTS)
    rst = HERE / ".build" / "docs" / "rst"
    rst.mkdir(parents=True, exist_ok=True)
    # antsibull-docs writes into no directory that others may write into.
    rst.chmod(0o755)
    session.run(
        *("antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error"),
        *("--cleanup", "everything", "--dest-dir", str(rst), "edgecloud.nic"),
        env={"ANSIBLE_COLLECTIONS_PATH": str(HERE / ".build" / "collections")},
    )
    for inventory in Path("docs/sphinx").glob("*.inv.txt"):
        *head, entries = inventory.read_bytes().split(b"\n", 4)
        (rst.parent / inventory.stem).write_bytes(b"\n".join([*head, zlib.compress(entries)]))
    session.run(
        *("sphinx-build", "--quiet", "--fresh-env", "--fail-on-warning", "--keep-going"),
        *("--conf-dir", "docs/sphinx", str(rst), str(rst.with_name("html"))),
    )


@nox.session(default=True)
def build(session: nox.Session) -> None:
    """Build the collection, check what is in it, and let Galaxy's importer judge it."""
    session.install("-r", IMPORTER_REQUIREMENTS)
    session.run("python", "tests/check_collection.py", ".build/artifact")


@nox.session(default=True)
def artifact(session: nox.Session) -> None:
    """Install the artifact as an execution environment has it, and use it."""
    session.install("-r", REQUIREMENTS)
    run_pytest(session, "tests/artifact")


@nox.session(default=True)
def rulebook(session: nox.Session) -> None:
    """Run the rulebook with ansible-rulebook, which needs Java."""
    session.install("-r", RULEBOOK_REQUIREMENTS)
    env = {"ANSIBLE_COLLECTIONS_PATH": str(HERE / ".build" / "collections")}
    session.run("pytest", "--quiet", "-rs", "tests/rulebook", env=env)


if __name__ == "__main__":
    nox.main()
