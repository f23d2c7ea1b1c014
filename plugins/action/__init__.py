# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of every module of the collection, to which C(meta/runtime.yml) leads them, and of the role's records.

A file of its own for each module would be a copy of the others, and a file with a name of its own would need a module
of that name to document it, which everybody who looks for modules would find.
"""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action.normal import ActionModule as NormalAction

_Action: t.Any = NormalAction
_Records: t.Any = None
_Overview: t.Any = None
_trouble = ""
_why_not: list[str] = []
try:
    from ansible_collections.edgecloud.nic.plugins.plugin_utils import _in_process, _overview_action, _records_action

    _Action, _Records = _in_process.InProcessAction, _records_action.RecordsAction
    _Overview = _overview_action.OverviewAction
except Exception as error:
    # Whatever an ansible-core or a library lacks that this was not tried with: the modules themselves may well do.
    _trouble = f"{type(error).__name__}: {error}"
    _why_not.append(_trouble)

#: What tasks of the role have, and no others.
_ROLE_ARGUMENT = "private_ip_cleanup_variables"
#: What tasks of the playbooks have, and no others.
_OVERVIEW_ARGUMENT = "overview"
#: The name under which the action does what is no module.
_NO_MODULE = "edgecloud.nic.__init__"


class ActionModule(_Action):
    """Runs the module here where it may, and as a process of its own everywhere else."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the task and return its result."""
        no_module = self._task.action == _NO_MODULE
        if _ROLE_ARGUMENT in self._task.args or (no_module and _OVERVIEW_ARGUMENT in self._task.args):
            if _Records is None:
                raise AnsibleActionFail(f"the role private_ip_cleanup cannot run here: {_trouble}")
            own = (
                *(self._task, self._connection, self._play_context),
                *(self._loader, self._templar, self._shared_loader_obj),
            )
            told: dict[str, t.Any]
            if _ROLE_ARGUMENT in self._task.args:
                records = _Records(*own)
                told = _Overview(*own).telling(lambda: records.run(tmp, task_vars), no_module, task_vars)
            else:
                told = _Overview(*own).run(tmp, task_vars)
            return told
        if _why_not:
            self._display.v(f"The modules of edgecloud.nic run as processes of their own: {_why_not.pop()}")
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        return result
