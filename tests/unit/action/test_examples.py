# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the modules run, in a playbook as a user would have it, and return what is documented."""

from __future__ import annotations

import functools
import importlib
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.action.playbook import play

KINDS = ("private_ip_info", "private_ip", "private_ip_cleanup")
#: What ansible-core adds to a result, and what it documents for all modules.
COMMON = {"changed", "failed", "invocation", "warnings", "deprecations"}


def module(cloud: str, kind: str) -> Any:
    return importlib.import_module(f"ansible_collections.edgecloud.nic.plugins.modules.{cloud}_{kind}")


def examples(cloud: str) -> list[dict[str, Any]]:
    tasks: list[dict[str, Any]] = []
    for kind in KINDS:
        for task in yaml.safe_load(module(cloud, kind).EXAMPLES):
            task["name"] = f"{kind}: {task['name']}"
            tasks.append(task)
    # The helper registers each result under a name of its own.
    text = functools.reduce(
        lambda text, entry: text.replace(f"{{{{ {entry[1]['register']}.", f"{{{{ result_{entry[0]}."),
        [(number, task) for number, task in enumerate(tasks) if "register" in task],
        yaml.safe_dump(tasks, sort_keys=False, width=1000),
    )
    return list(yaml.safe_load(text))


def undocumented(value: Any, documented: dict[str, Any], above: str = "") -> Iterator[str]:
    """Find keys that are returned and not documented, or the other way round."""
    for key in (set(value) ^ set(documented)) - (COMMON if not above else set()):
        if documented.get(key, {}).get("returned", "always") in ("always", "success") or key in value or not above:
            yield f"{above}{key}"
    for key in set(value) & set(documented):
        entries = value[key] if isinstance(value[key], list) else [value[key]]
        for entry in entries:
            if "contains" in documented[key] and entry is not None:
                yield from undocumented(entry, documented[key]["contains"], f"{above}{key}.")


@pytest.mark.parametrize("cloud", ["ens", pytest.param("zec", marks=pytest.mark.matrix)])
def test_every_example_runs_and_returns_what_is_documented(tmp_path: pathlib.Path, cloud: str) -> None:
    with Simulator() as sim:
        run = play(tmp_path, examples(cloud), {cloud: {"endpoint": sim.url, **sim.account(cloud)}})
    assert len(run.results) == len(examples(cloud)) >= 8
    wrong = set()
    for name, result in run.results.items():
        kind = name.partition(":")[0]
        assert result["failed"] is False, (name, result.get("msg"))
        assert not (result["changed"] and name.startswith("private_ip_info")), name
        documented = yaml.safe_load(module(cloud, kind).RETURN)
        if "assigned" not in result:
            documented.pop("assigned", None)
        wrong |= {f"{kind}: {path}" for path in undocumented(result, documented)}
    assert wrong == set()
    changed = {name.partition(":")[0] for name, result in run.results.items() if result["changed"]}
    assert changed == {"private_ip", "private_ip_cleanup"}
