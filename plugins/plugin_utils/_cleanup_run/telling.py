# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of a run: lines while it goes on, and the result of the task at its end."""

from __future__ import annotations

import difflib
import typing as t

from ansible import constants
from ansible import context as cli
from ansible.utils.display import Display
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import sentences
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import Json
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.records import pretty


class Teller:
    """Tells of one run.

    :param check_mode: whether the run is one in check mode.
    :param diff: whether what changes is to be shown.
    """

    def __init__(self, task_vars: Json, check_mode: bool, diff: bool) -> None:
        self._task_vars, self.check_mode, self.diff = task_vars, check_mode, diff
        self._display = Display()

    def host(self) -> str:
        """Return the host whose run it is."""
        return str(self._task_vars["inventory_hostname"])

    def say(self, line: str, failed: bool = False) -> None:
        """Show a line at once: the result of the task is shown at its end only.

        Not on the standard output, which for some callbacks is to be JSON.
        """
        color = constants.COLOR_ERROR if failed else None
        self._display.display(f"[{self.host()}] {line}", color=color, stderr=True)

    def command(self, plan: Json) -> str:
        """Return the command that applies the plan."""
        return sentences.apply_command(
            plan["digest"],
            dict(cli.CLIARGS),
            list(constants.DEFAULT_HOST_LIST),
            self.host(),
            len(self._task_vars.get("ansible_play_hosts_all") or ()),
        )

    def told(
        self,
        begun: Json,
        digest: str | None,
        totals: Json,
        message: str,
        written: list[str],
        success: bool,
        *,
        trouble: t.Sequence[str] = (),
        lines: t.Sequence[str] = (),
    ) -> Json:
        """Return what the task tells at its end.

        :param lines: to be shown with the message.
        """
        if trouble:
            message += f"; not all of the record could be written: {'; '.join(dict.fromkeys(trouble))}"
        told: Json = {
            "changed": False,
            "msg": message,
            "result": {
                "mode": begun["mode"],
                "scope": begun["scope"],
                "totals": totals,
                "digest": digest,
                "files": written,
                "journal": begun["journal"] if begun["mode"] != "plan" else None,
            },
        }
        lines = [*lines, *written]
        if success and not trouble:
            return {**told, "lines": [message, *lines]}
        for line in lines:
            # A failed task shows its result in one piece, where nobody finds them.
            self.say(line)
        return {**told, "failed": True}

    def show_diff(self, diff: Json) -> None:
        """Show what would change. A plan changes nothing, so Ansible itself shows no diff of it."""
        before, after = (pretty(diff[side]).splitlines() for side in ("before", "after"))
        for line in difflib.unified_diff(before, after, "before", "after", lineterm=""):
            self._display.display(line)
