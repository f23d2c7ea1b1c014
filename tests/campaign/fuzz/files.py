# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that people and disks damage: byte by byte, and one field after the other with a digest that is right again."""

from __future__ import annotations

import datetime
import json
import pathlib
import random
from collections.abc import Callable, Iterator
from typing import Any

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import NicError
from ansible_collections.edgecloud.nic.plugins.module_utils._http.trace import read_trace
from ansible_collections.edgecloud.nic.plugins.module_utils._json_lines import read_objects
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.ens.credentials import ens_credentials
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.zec.credentials import zec_credentials
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import plan_file, preflight
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.candidates import PLAN as CLOSED_BY_A_PLAN
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.candidates import Clock, Found, Record
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import RefusedError, keys
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.history import Journal
from ansible_collections.edgecloud.nic.tests.unit.plugins.plugin_utils import record_scene as scene

from .answers import WAYS, damaged, paths

_PLACE = {"provider": "cloudy", "scope": "shop", "account": None, "endpoint": "api.example.com"}
_POLICY = {
    **scene.POLICY,
    "keep": ["10.0.0.9"],
    "keep_network_interfaces": ["prod-*"],
    "in_use_sources": ["eip"],
    "eip_protects": "address",
    "min_age": 72,
}
PLAN = scene.plan_of(policy=_POLICY)
_JOURNAL = [
    scene.apply_started(),
    *scene.module_run(
        scene.sent(1, "10.0.0.2", "10.0.0.10"),
        scene.answered(1, "accepted"),
        scene.settled("nic-1", unassigned=["10.0.0.2"]),
    ),
    scene.role_line("apply_ended", complete=True),
]
PREFLIGHT = scene.preflight_of(datetime.datetime.now(datetime.timezone.utc))
#: Tools of both clouds write such files.
PROFILES: dict[str, dict[str, Any]] = {
    "ens": {
        "current": "one",
        "profiles": [{"name": "one", "mode": "AK", "access_key_id": "an-id", "access_key_secret": "a-secret"}],
    },
    "zec": {"current": "one", "profiles": {"one": {"access_key_id": "an-id", "access_key_password": "a-secret"}}},
}


def _record() -> tuple[bytes, str | None]:
    content, last = b"", None
    for hour in (0, 24, 48):
        clock = Clock(scene.MADE + datetime.timedelta(hours=hour))
        record = Record(content, last)
        unused = [("nic-1", "10.0.0.2"), ("nic-2", "10.0.0.3")]
        more, anew = record.add(CLOSED_BY_A_PLAN, record.changes(Found(unused), clock, 50), clock, "run", _PLACE)
        content, last = more if anew else content + more, record.last
    return content, last


def apply_plan(text: str) -> dict[str, Any] | None:
    """Do with a plan file what an apply does before it reads anything; None where it is refused."""
    try:
        plan = plan_file.read_plan(text)
        plan_file.refuse_unless_approved(plan, [plan["digest"]])
        plan_file.refuse_where_it_does_not_belong(plan, "cloudy", "shop", "17")
        plan_file.refuse_if_old(plan, 24, scene.MADE)
        plan_file.over_limits(plan["limits"], scene.POLICY)
        plan_file.too_many_missing(plan, scene.CHECKED, 20)
        plan_file.narrow(plan["policy"], _POLICY)
    except RefusedError:
        return None
    return plan


def read_candidates(content: bytes) -> dict[Any, float]:
    """Tell how many hours each candidate of a damaged record is believed to be unused."""
    _whole, last = _record()
    try:
        record = Record(content, last)
        record.refuse_other_place(_PLACE)
    except RefusedError:
        return {}
    return {key: candidate.hours for key, candidate in record.candidates.items()}


def read_journal(path: pathlib.Path) -> None:
    """Do with a journal what a restoration does."""
    history = Journal(read_objects(str(path))).of(scene.PLAN["digest"])
    json.dumps(history.to_restore())


def stand_on_preflight(directory: pathlib.Path, content: bytes) -> str | None:
    """Do with a preflight what a plan does that needs one; give what is wrong with that it will do."""
    (directory / "preflight.json").write_bytes(content)
    asked = ["eip", "snat"]
    try:
        found = preflight.passed(str(directory), PREFLIGHT["provider"], PREFLIGHT["account"], asked)
        preflight.refuse_other_endpoint(found, PREFLIGHT["endpoint"])
    except RefusedError:
        return None
    right = all(found[name] == PREFLIGHT[name] for name in ("provider", "account", "endpoint"))
    right = right and set(asked) <= set(found["in_use_sources"]) and set(found["results"]) <= {"passed", "skipped"}
    return None if right else f"a damaged preflight will do: {found}"


def credentials_of(cloud: str, path: pathlib.Path) -> None:
    """Look for credentials in a file."""
    options = dict.fromkeys(("access_key_id", "access_key_secret", "security_token", "token", "profile"))
    find: Callable[[dict[str, Any]], Any] = {"ens": ens_credentials, "zec": zec_credentials}[cloud]
    try:
        found = find({**options, "credentials_file": str(path)})
    except NicError as error:
        if "a-secret" in str(error):
            raise ValueError(f"a secret in {error}") from error
        return
    "".join((*found.parts, *found.secrets, found.origin)).encode("latin-1")


def _noise(rng: random.Random, content: bytes) -> bytes:
    """Damage some bytes."""
    damaged_bytes = bytearray(content)
    for _time in range(rng.choice((1, 1, 1, 2, 5, 40))):
        place, length = rng.randrange(len(damaged_bytes) + 1), rng.choice((0, 1, 1, 2, 10, 500))
        more = rng.choice((b"", bytes([rng.randrange(256)]), b"\n", b"\0" * 9, b'"', b"}", b"[" * 100_000, b"9" * 5000))
        damaged_bytes[place : place + length] = more
    return bytes(damaged_bytes)


def structural() -> Iterator[tuple[str, str, list[Any], str]]:
    """List damages of one field: which file, the damaged text, where, and how."""
    documents = {"plan": PLAN, "journal": {"lines": _JOURNAL}, "preflight": PREFLIGHT, **PROFILES}
    for name, document in documents.items():
        for path in paths(document):
            for way in WAYS:
                if isinstance(path[-1], str) or way != "twice":
                    yield name, damaged(document, [(path, way)]), list(path), way


def complaint(name: str, text: str, directory: pathlib.Path) -> str | None:
    """Read a file with a damaged field; give what is wrong with what came of it."""
    path = directory / "file"
    try:
        if name == "plan":
            original = apply_plan(text)
            if original is not None and original != PLAN:
                return "a damaged plan was read"
            try:
                content = json.loads(text)
                content["digest"] = plan_file.digest(content)
                text = json.dumps(content)
            except (ValueError, TypeError):
                return None
            apply_plan(text)
        elif name == "journal":
            try:
                lines = json.loads(text)["lines"]
            except (ValueError, KeyError):
                lines = [text]
            path.write_text(
                "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines or ())
                if isinstance(lines, list)
                else json.dumps(lines),
                encoding="utf-8",
                errors="surrogatepass",
            )
            read_journal(path)
        elif name == "preflight":
            return stand_on_preflight(directory, text.encode())
        else:
            path.write_text(text, encoding="utf-8")
            credentials_of(name, path)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def noisy(seed: int, directory: pathlib.Path) -> str | None:
    """Damage bytes of every kind of file; give what is wrong with what came of it."""
    rng = random.Random(seed)
    path = directory / "file"
    try:
        plan = apply_plan(_noise(rng, json.dumps(PLAN).encode()).decode("utf-8", "replace"))
        if plan is not None and not set(keys(plan["targets"])) <= set(keys(PLAN["targets"])):
            return "a plan became wider"
        content, _last = _record()
        known = read_candidates(content)
        for key, hours in read_candidates(_noise(rng, content)).items():
            if hours > known.get(key, -1):
                return f"{key} became older"
        path.write_bytes(_noise(rng, "\n".join(map(json.dumps, _JOURNAL)).encode()))
        read_journal(path)
        list(read_trace(str(path)))
        stood = stand_on_preflight(directory, _noise(rng, json.dumps(PREFLIGHT).encode()))
        if stood:
            return stood
        for cloud, profile in PROFILES.items():
            path.write_bytes(_noise(rng, json.dumps(profile).encode()))
            credentials_of(cloud, path)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None
