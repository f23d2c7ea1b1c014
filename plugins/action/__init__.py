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
_why_not: list[str] = []
try:
    from ansible_collections.edgecloud.nic.plugins.plugin_utils import _in_process

    _Action = _in_process.InProcessAction
except Exception as error:
    # Whatever an ansible-core or a library lacks that this was not tried with: the modules themselves may well do.
    _why_not.append(f"{type(error).__name__}: {error}")

#: What tasks of the role have, and no others.
_ROLE_ARGUMENT = "private_ip_cleanup_variables"
#: What tasks of the playbooks have that are of their overview.
_OVERVIEW_ARGUMENT = "overview"
#: The name under which the action does what is of no module.
_NO_MODULE = "edgecloud.nic.__init__"


def _role_actions() -> tuple[t.Any, t.Any]:
    """Import what carries a run of the role out and tells of it, which tasks of modules have no use for.

    :raises AnsibleActionFail: it needs something that this ansible-core does not have.
    """
    try:
        from ansible_collections.edgecloud.nic.plugins.plugin_utils._overview_action import (  # noqa: PLC0415
            OverviewAction,
        )
        from ansible_collections.edgecloud.nic.plugins.plugin_utils._records_action import (  # noqa: PLC0415
            RecordsAction,
        )
    except Exception as error:
        trouble = f"{type(error).__name__}: {error}"
        raise AnsibleActionFail(f"the role private_ip_cleanup cannot run here: {trouble}") from None
    return RecordsAction, OverviewAction


class ActionModule(_Action):
    """Runs the module here where it may, and as a process of its own everywhere else."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the task and return its result."""
        no_module = self._task.action == _NO_MODULE
        is_role = _ROLE_ARGUMENT in self._task.args
        if is_role or (no_module and _OVERVIEW_ARGUMENT in self._task.args):
            records, overview = (
                action(
                    *(self._task, self._connection, self._play_context),
                    *(self._loader, self._templar, self._shared_loader_obj),
                )
                for action in _role_actions()
            )
            told: dict[str, t.Any]
            if is_role:
                told = overview.telling(lambda: records.run(tmp, task_vars), no_module, task_vars)
            else:
                told = overview.run(tmp, task_vars)
            return told
        if _why_not:
            self._display.v(f"The modules of edgecloud.nic run as processes of their own: {_why_not.pop()}")
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        return result
