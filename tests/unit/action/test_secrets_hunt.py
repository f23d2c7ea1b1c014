# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret from any source is in anything that a run shows, hands to callbacks or leaves on the disk.

Secrets stand where users are told to put them: in options that are hidden, filled from variables; in the environment
that Ansible is started in; in the profiles of the clouds' own clients; in the URL of a proxy. The runs are as talkative
as ansible-core can be, and everything that they show and leave is searched, in every form in which a secret may be
written. What ansible-core shows of arguments by itself is looked at alone, and is the same for every collection.
"""

from __future__ import annotations

import base64
import html
import itertools
import json
import pathlib
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import yaml
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action import recorder
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import PLAYBOOK, settings
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS
from ansible_collections.edgecloud.nic.tests.unit.trace import canaries
from ansible_collections.edgecloud.nic.tests.unit.trace.echo import Echo

SOURCES = ("option", "profile", "environment")


def canary(what: str) -> str:
    return f"CANARY+{what}/of=this&test=="


def account(cloud: str, source: str) -> dict[str, str]:
    """Give the credentials that this source has of a cloud."""
    key = {"access_key_id": f"ID-{cloud}-{source}", "access_key_secret": canary(f"{cloud}-{source}-secret")}
    if cloud == "ens":
        return {**key, "security_token": canary(f"ens-{source}-sts token")}
    return key if source == "option" else {"token": canary(f"zec-{source}-bearer")}


ACCOUNTS = {cloud: {source: account(cloud, source) for source in SOURCES} for cloud in CLOUDS}
PROXY, IN_ENDPOINT, WRONG = map(canary, ("proxy", "endpoint", "wrong"))
#: Of the environment, and of a profile that is not used.
HTTPS_PROXY, SPARE = map(canary, ("https-proxy", "spare"))


def secrets_of(*sources: str) -> set[str]:
    parts = [ACCOUNTS[cloud][source] for cloud in CLOUDS for source in sources]
    return {value for part in parts for name, value in part.items() if name != "access_key_id"}


OF_OPTIONS = {*secrets_of("option"), PROXY, IN_ENDPOINT, WRONG}
OF_CLOUDS = {canaries.CLUSTER_CONFIG, canaries.JOIN_TOKEN, canaries.COOKIE}
SECRETS = sorted({*OF_OPTIONS, *secrets_of("profile", "environment"), HTTPS_PROXY, SPARE, *OF_CLOUDS})
#: What ansible-core shows of the arguments of every module, whoever wrote it: to callbacks that ask for them, in the
#: file that a process is started with, if that is kept, and in a line for those who look for mistakes in ansible-core.
_FILES_OF_CORE = re.compile(rf"(^|/)(AnsiballZ_\w+\.py|{re.escape(recorder.ARGUMENTS)})$")
_LINES_OF_CORE = re.compile(r"^.*(?:done with|starting) _execute_module .*$", re.MULTILINE)


class Place:
    """A directory with everything that runs need, and everything that they leave."""

    def __init__(self, directory: pathlib.Path, sim: Simulator, echo: Echo) -> None:
        self.directory, self.sim, self.echo = directory, sim, echo
        self.left, self.given = directory / "left", set[pathlib.Path]()
        self.home = self.left / "home"
        self.left.mkdir(parents=True)
        (directory / "callbacks").mkdir()
        shutil.copy(recorder.__file__, directory / "callbacks" / "recorder.py")
        self._runs = itertools.count(1)
        ens, zec = ACCOUNTS["ens"]["profile"], ACCOUNTS["zec"]["profile"]
        spare = {"access_key_id": "ID-spare", "access_key_secret": SPARE}
        profile = {name.replace("security", "sts"): value for name, value in ens.items()}
        profiles = [{"name": "default", "mode": "AK", **spare}, {"name": "mine", "mode": "StsToken", **profile}]
        self._write(self.home / ".aliyun" / "config.json", {"current": "default", "profiles": profiles})
        self._write(self.home / ".zenlayer" / "credentials.json", {"default": spare, "mine": zec})
        secrets = {"proxy": quote(PROXY, safe=""), "endpoint": quote(IN_ENDPOINT, safe=""), "wrong": WRONG}
        # What a vault holds, once it is opened.
        self._write(directory / "secrets.yml", {"secrets": secrets, **{c: ACCOUNTS[c]["option"] for c in CLOUDS}})

    def _write(self, path: pathlib.Path, content: object) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
        self.given.add(path)

    def run(self, playbook: str | list[dict[str, Any]], *options: str, **environment: str) -> str:
        """Run a playbook, as talkatively as can be."""
        number = next(self._runs)
        if not isinstance(playbook, str):
            # Relative paths are relative to it.
            path = self.left / f"playbook-{number}.yml"
            path.write_text(yaml.safe_dump(playbook, sort_keys=False), encoding="utf-8")
            playbook = str(path)
        ens, zec = ACCOUNTS["ens"]["environment"], ACCOUNTS["zec"]["environment"]
        done = subprocess.run(
            [*PLAYBOOK, "-vvvv", "--diff", *options, playbook],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
            cwd=self.left,
            env=settings(
                self.left,
                **{
                    "HOME": str(self.home),
                    "ALIBABA_CLOUD_ACCESS_KEY_ID": ens["access_key_id"],
                    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ens["access_key_secret"],
                    "ALIBABA_CLOUD_SECURITY_TOKEN": ens["security_token"],
                    "ZENLAYER_TOKEN": zec["token"],
                    "ENS_ENDPOINT": self.sim.url,
                    "ZENLAYER_ENDPOINT": self.sim.url,
                    "HTTPS_PROXY": f"http://user:{quote(HTTPS_PROXY, safe='')}@127.0.0.1:9",
                    "ANSIBLE_DEBUG": "1",
                    "ANSIBLE_LOG_PATH": str(self.left / f"log-{number}.txt"),
                    "ANSIBLE_RETRY_FILES_ENABLED": "1",
                    "ANSIBLE_RETRY_FILES_SAVE_PATH": str(self.left / "retry"),
                    "ANSIBLE_CALLBACK_PLUGINS": str(self.directory / "callbacks"),
                    "ANSIBLE_CALLBACKS_ENABLED": "recorder,tree,junit",
                    "ANSIBLE_CALLBACK_TREE_DIR": str(self.left / f"tree-{number}"),
                    "JUNIT_OUTPUT_DIR": str(self.left / f"junit-{number}"),
                    "ANSIBLE_SHOW_CUSTOM_STATS": "1",
                    "RECORDER_DIRECTORY": str(self.left),
                    **environment,
                },
            ),
        )
        (self.left / f"output-{number}.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
        # Nothing that was sent may have ended it.
        assert done.returncode in (0, 2, 4), (done.returncode, done.stderr[-3000:])
        return done.stdout

    def play(self, tasks: list[dict[str, Any]], **environment: str) -> dict[str, Any]:
        """Run tasks on this machine, of which those that fail end nothing; gives their results by their names."""
        for number, task in enumerate(tasks):
            task.update(register=f"result_{number}", ignore_errors=True)
        results = ", ".join(f"'{task['name']}': result_{number}" for number, task in enumerate(tasks))
        path = self.left / f"results-{next(self._runs)}.json"
        copy = {"content": f"{{{{ {{ {results} }} | to_json }}}}", "dest": str(path), "mode": "0600"}
        write = {"name": "Write the results down", "ansible.builtin.copy": copy}
        play = {"hosts": "localhost", "gather_facts": False, "vars_files": [str(self.directory / "secrets.yml")]}
        output = self.run([{**play, "tasks": [*tasks, write]}], **environment)
        assert path.exists(), output[-3000:]
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def found(self, *secrets: str) -> tuple[dict[str, set[str]], set[str]]:
        """Give the secrets that are in what was shown and left, by the files, and those that ansible-core shows."""
        found: dict[str, set[str]] = {}
        shown_by_core: set[str] = set()
        for path in sorted(path for path in self.left.rglob("*") if path.is_file() and path not in self.given):
            name, text = str(path.relative_to(self.left)), path.read_text(encoding="utf-8", errors="replace")
            # What is in XML may have been a page before.
            text = html.unescape(text) if path.suffix == ".xml" else text
            of_core = text if _FILES_OF_CORE.search(name) else "\n".join(_LINES_OF_CORE.findall(text))
            shown_by_core |= {secret for secret, _form in canaries.found_in(of_core, *secrets)}
            ours = "" if _FILES_OF_CORE.search(name) else _LINES_OF_CORE.sub("", text)
            hits = {secret for secret, _form in canaries.found_in(f"{name}\n{ours}", *secrets)}
            # Not even a part of one.
            hits |= {"a part"} if "canary" in ours.lower() else set()
            found.update({name: hits} if hits else {})
        return found, shown_by_core


@pytest.fixture
def place(sim: Simulator, tmp_path: pathlib.Path) -> Iterator[Place]:
    sim.load(canaries.estate({cloud: list(sources.values()) for cloud, sources in ACCOUNTS.items()}))
    with Echo(canaries.COOKIE) as echo:
        yield Place(tmp_path, sim, echo)


def connection(cloud: str, source: str) -> dict[str, Any]:
    """Give the options by which a task takes its credentials from a source."""
    if source == "profile":
        return {"profile": "mine"}
    return {} if source == "environment" else {name: f"{{{{ {cloud}.{name} }}}}" for name in ACCOUNTS[cloud]["option"]}


def good(place: Place, cloud: str, source: str) -> list[dict[str, Any]]:
    """Give tasks that succeed, with everything that leaves a file."""
    identity = place.sim.account_id(cloud)
    common = {**connection(cloud, source), "expected_account": identity, "trace": f"trace-{cloud}-{source}.jsonl"}
    nic = sorted(place.sim.estate()[cloud]["network_interfaces"])[0]
    options: dict[str, dict[str, Any]] = {
        "preflight": {"write_permission": True},
        "private_ip_info": {"include_in_use": True},
        "private_ip": {"network_interface_id": nic, "state": "absent", "all_secondary": True},
        "private_ip_cleanup": {"all_network_interfaces": True, "journal": f"journal-{cloud}-{source}.jsonl"},
    }
    return [
        {"name": f"{cloud} {kind} by {source}", f"edgecloud.nic.{cloud}_{kind}": {**common, **more}}
        for kind, more in options.items()
    ]


def bad(place: Place, cloud: str, source: str, times: int) -> list[dict[str, Any]]:
    """Give tasks that fail: refused, answered by who repeats all that it is sent, by nobody, and wrong themselves.

    :param times: how often the echo is asked, which answers in several ways.
    """
    common = {**connection(cloud, source), "max_retries": 0, "connect_timeout": 5}
    nowhere, everywhere = "http://127.0.0.1:9", {"with_sequence": f"count={times}"}
    ways: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "answered by an echo": ({"endpoint": place.echo.url}, everywhere),
        "through a proxy that is an echo": (
            {"endpoint": nowhere, "proxy": f"http://user:{{{{ secrets.proxy }}}}@{place.echo.host_port}"},
            everywhere,
        ),
        "through a proxy that is not there": (
            {"endpoint": nowhere, "proxy": "http://user:{{ secrets.proxy }}@127.0.0.1:9"},
            {},
        ),
        "through the proxy of the environment": ({"endpoint": "127.0.0.1:9"}, {}),
        "with a password in the endpoint": ({"endpoint": "http://user:{{ secrets.endpoint }}@127.0.0.1:9"}, {}),
        "with two sources": ({"profile": "mine", "access_key_secret": "{{ secrets.wrong }}"}, {}),
        "with a value that is wrong": ({"timeout": "soon"}, {}),
        "with an option that is not there": ({"time_out": 5}, {}),
        "with another profile": ({"profile": "none"}, {}),
    }
    if source == "option":
        ways["with a wrong key"] = ({"access_key_id": "ID-wrong", "access_key_secret": "{{ secrets.wrong }}"}, {})
    return [
        {
            "name": f"{cloud} {way} by {source}",
            f"edgecloud.nic.{cloud}_private_ip_info": {**common, **options},
            **keywords,
        }
        for way, (options, keywords) in ways.items()
    ]


def kept_files(place: Place) -> dict[str, str]:
    """Have the files kept that ansible-core starts processes with, where they are searched."""
    return {
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_KEEP_REMOTE_FILES": "1",
        "ANSIBLE_REMOTE_TMP": str(place.left / "remote"),
    }


def see_that_nothing_is_shown(place: Place) -> None:
    said = {secret for secret in place.echo.secrets if not re.fullmatch("[0-9a-f]{33,63}", secret)}
    found, shown_by_core = place.found(*SECRETS, *(secret for secret in said if not secret.startswith("ID-")))
    assert found == {}
    # Whoever does not want that either has them in the environment or in a profile.
    assert shown_by_core <= OF_OPTIONS


@pytest.mark.parametrize(
    "here",
    [
        pytest.param(True, id="in the worker", marks=pytest.mark.matrix),
        pytest.param(False, id="as a process", marks=pytest.mark.campaign),
    ],
)
def test_no_secret_of_any_source_is_in_anything_that_a_task_shows_or_leaves(place: Place, here: bool) -> None:
    ways = list(itertools.product(CLOUDS, SOURCES))
    # Processes take long, and all modules print in the same way.
    fine = [task for way in ways for task in good(place, *way)[0 if here else -1 :]]
    wrong = [task for way in ways if here or way[1] != "profile" for task in bad(place, *way, 6 if here else 2)]
    for task in (*fine, *wrong):
        task["vars"] = {"edgecloud_nic_in_process": here, "edgecloud_nic_in_process_cleanup": here}
    environment = {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json"} if here else kept_files(place)
    results = place.play([*fine, *wrong], **environment)
    for task in fine:
        result = results[task["name"]]
        # A check or two may fail: not every key can see everything here.
        assert result.get("checks") if "preflight" in task["name"] else not result["failed"], result
    assert [task["name"] for task in wrong if not results[task["name"]]["failed"]] == []
    see_that_nothing_is_shown(place)


@pytest.mark.campaign
def test_no_secret_of_any_source_is_in_anything_that_the_playbooks_show_or_leave(place: Place) -> None:
    role = "private_ip_cleanup_"
    common: dict[str, Any] = {f"{role}{name}": True for name in ("all_network_interfaces", "set_stats")}
    common.update({f"{role}trace": "trace.jsonl", f"{role}plan_file": "plan.json", f"{role}report_dir": "cleanup"})
    ageing = {f"{role}min_age": 1, f"{role}candidates_file": "candidates.jsonl"}
    nowhere = {"endpoint": "http://127.0.0.1:9", "max_retries": 0}
    more: dict[str, dict[str, Any]] = {
        "": {},
        "-echo": {"endpoint": place.echo.url, "max_retries": 0},
        "-proxy": {**nowhere, "proxy": "http://user:{{ secrets.proxy }}@127.0.0.1:9"},
        "-endpoint": {"endpoint": "http://user:{{ secrets.endpoint }}@127.0.0.1:9"},
    }
    hosts = {
        f"{cloud}-{source}{name}": {
            f"{role}provider": cloud,
            "cleanup_connection": {**connection(cloud, source), **options},
            **(ageing if source == "profile" else {}),
        }
        for cloud, source, (name, options) in itertools.product(CLOUDS, SOURCES, more.items())
    }
    inventory = place.directory / "scopes.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": common}}), encoding="utf-8")
    options = ("-i", str(inventory), "-e", f"@{place.directory / 'secrets.yml'}")
    place.run("edgecloud.nic.preflight", *options)
    place.run("edgecloud.nic.cleanup", *options)
    plans = [json.loads(path.read_text(encoding="utf-8")) for path in place.left.glob("cleanup/*/plan.json")]
    assert len(plans) == len(CLOUDS) * len(SOURCES)
    approved = json.dumps({f"{role}mode": "apply", f"{role}approved": [plan["digest"] for plan in plans]})
    place.run("edgecloud.nic.cleanup", *options, "-e", approved)
    restoration = json.dumps({f"{role}mode": "restore", f"{role}restore_from": "report.json"})
    place.run("edgecloud.nic.cleanup", *options, "-e", restoration, "--limit", "zec-*")
    left = {path.name for path in place.left.rglob("*")}
    assert left >= {"index.html", "report.html", "report.csv", "journal.jsonl", "trace.jsonl", "candidates.jsonl"}
    assert left >= {"preflight.json", "plan.json", "log-1.txt", recorder.RESULTS}
    assert {call["action"] for call in place.sim.calls(write=True) if call["applied"]} >= {
        *(cloud.write for cloud in CLOUDS.values()),
        "BatchAssignNetworkInterfaceIpv4",
    }
    see_that_nothing_is_shown(place)


#: How somebody may write a secret, whether or not in the midst of other things.
PLANTED: dict[str, Callable[[str], str]] = {
    "as it is": lambda secret: secret,
    "in a URL": lambda secret: quote(secret, safe=""),
    "in a form": quote_plus,
    "in hexadecimal digits": lambda secret: f"user:{secret}".encode().hex(),
    "in Base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "in Base64 after one more": lambda secret: base64.b64encode(f":{secret}".encode()).decode(),
    "in Base64 after two more": lambda secret: base64.b64encode(f"u:{secret}".encode()).decode(),
    "in JSON in JSON": lambda secret: json.dumps(json.dumps({"a": f'"{secret}'})),
    "on a web page": lambda secret: html.escape(f"<{secret}>"),
}


@pytest.mark.matrix
def test_what_is_planted_is_found_wherever_it_is_shown_and_left(place: Place) -> None:
    planted = {canary(f"planted {way}"): write for way, write in PLANTED.items()}
    debug = "ansible.builtin.debug"
    tasks: list[dict[str, Any]] = [
        {"name": f"Show {number}", debug: {"msg": f"see {write(secret)}, and go on"}}
        for number, (secret, write) in enumerate(planted.items())
    ]
    place.play(tasks)
    found, _shown_by_core = place.found(*planted)
    shown = {re.sub(r"\d+.*", "", name): secrets - {"a part"} for name, secrets in found.items()}
    everywhere = ("output-", "log-", "junit-", "tree-", "results-", recorder.RESULTS)
    assert {name: shown.get(name) for name in everywhere} == {name: set(planted) for name in everywhere}
