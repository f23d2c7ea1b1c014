# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out tasks of the collection as a worker of ansible-core does, any number of them; see C(Worker).

Each line of the input has tasks, as C(Worker.act) sends them, and each line of the output what came of them.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import traceback
from typing import Any

import ansible.template
import yaml
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins import loader as plugins

# Only then is the collection one of ansible-core's: so this is a script, not a module whose packages come first.
plugins.init_plugin_loader()

from ansible_collections.edgecloud.nic.plugins.action import ActionModule  # noqa: E402
from ansible_collections.edgecloud.nic.tests.campaign import old_role  # noqa: E402

# The role's specification is read for each task, which would take most of the time.
vars(yaml)["SafeLoader"] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: Up to 2.18, whatever has braces is a template.
_trust = getattr(ansible.template, "trust_as_template", str)


def _trusted(value: Any) -> Any:
    """Make templates of a variable as good as those that a user writes."""
    if isinstance(value, dict):
        return {key: _trusted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_trusted(inner) for inner in value]
    return _trust(value) if isinstance(value, str) else value


def act(action: str, arguments: dict[str, Any], variables: dict[str, Any], directory: str) -> dict[str, Any]:
    """Carry out a task on localhost; returns its result.

    :raises AnsibleError: what ansible-core makes a failed task of; of whatever else is raised it shows a traceback.
    """
    loader = DataLoader()
    loader.set_basedir(directory)
    given = {
        "inventory_hostname": "localhost",
        "ansible_play_hosts_all": ["localhost"],
        "ansible_facts": {},
        "ansible_python_interpreter": sys.executable,
        **_trusted(variables),
    }
    task = Task.load({"action": action, "args": arguments}, loader=loader)
    play_context = PlayContext()
    connection = plugins.connection_loader.get("local", play_context)
    templar = ansible.template.Templar(loader=loader, variables=given)
    action_module = ActionModule(task, connection, play_context, loader, templar, plugins)
    result: dict[str, Any] = action_module.run(task_vars=given)
    return result


def answer(tasks: list[dict[str, Any]]) -> dict[str, Any]:
    """Carry out tasks, of which the first that fails is the last one; see C(Told)."""
    shown = io.StringIO()
    told: dict[str, Any] = {"result": {}, "traceback": None}
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
        try:
            for task in tasks:
                told["result"] = act(**task)
                if told["result"].get("failed"):
                    break
        except AnsibleError as error:
            told["result"] = {"failed": True, "changed": False, "msg": str(error)}
        except Exception:
            told["traceback"] = traceback.format_exc()
    return {**told, "shown": shown.getvalue()}


def main() -> None:
    for behaviour in sys.argv[1:]:
        old_role.BEHAVIOURS[behaviour](setattr)
    answers = sys.stdout
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
