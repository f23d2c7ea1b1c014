# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps the overview over all scopes of a playbook up to date while it runs.

ansible-core runs no further play once every host has failed, and none on localhost with C(--limit), so a play at the
end would be missing just when it matters. Instead, the overview names every scope before anything is done, without a
result, and each scope adds its own as soon as it has one. Whatever ends the run, the overview says what it knows.

The overview never fails a task: what it is about is worth more than the overview.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import pathlib
import typing as t
import uuid

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.edgecloud.nic.plugins.module_utils._caller import Parent
from ansible_collections.edgecloud.nic.plugins.plugin_utils import _cleanup_files as files
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import overview, page
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import Json, RefusedError
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run import places
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run.records import pretty

#: The argument that makes a task one of the overview: which moment of the playbook it is.
OVERVIEW_ARGUMENT = "overview"
#: The variable by which the playbook tells the role that there is an overview: the result of its beginning.
_OVERVIEW = "edgecloud_nic_overview"
_REPORT_DIR = "private_ip_cleanup_report_dir"
_PROVIDER = "private_ip_cleanup_provider"
#: What the playbook registers of its checks.
_PREFLIGHT = "preflight_result"
_PREFLIGHT_FILE = "preflight.json"


class OverviewAction(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        result: Json = super().run(tmp, task_vars)
        self._task_vars = task_vars or {}
        moments = {"begin": self._begin, "trace": self._trace, "preflight": self._preflight, "end": self._end}
        warnings: list[str] = []
        result.update({"changed": False, **moments[self._task.args[OVERVIEW_ARGUMENT]](warnings)})
        if warnings:
            result["warnings"] = warnings
        return result

    def telling(self, role: t.Callable[[], Json], checking: bool, task_vars: Json) -> Json:
        """Run a task of the role, and let the overview know what came of its scope, whatever that is.

        :param checking: whether the task only checks variables: then it is not the end of the scope unless it fails.
        """
        self._task_vars = task_vars
        warnings: list[str] = []
        try:
            told = role()
        except AnsibleActionFail as error:
            self._tell(overview.outcome_of_refusal(str(error)), warnings)
            raise
        except BaseException as error:
            self._tell(overview.outcome_of_interruption(error), warnings)
            raise
        if not checking:
            with _warned_of(warnings):
                self._tell(overview.outcome_of_role(told), warnings)
            told = {**told, "warnings": [*(told.get("warnings") or ()), *warnings]} if warnings else told
        return told

    # --- Moments of a playbook ---------------------------------------------------------------------------------------

    def _begin(self, warnings: list[str]) -> Json:
        """Write overviews without a result: one in each directory that scopes of this run have."""
        # Parts of one run, side by side, know each other by an id that they were given.
        shared = str(self._task.args.get("run") or "")
        run, now = shared or str(uuid.uuid4()), _now()
        in_run = list(map(str, self._task_vars.get("ansible_play_hosts_all") or ()))
        everybody = [*map(str, self._task.args["scopes"]), *in_run]
        directories = {host: files.scopes_directory(self._variable(host, _REPORT_DIR)) for host in everybody}
        if self._task.check_mode:
            return {}
        for directory in sorted({directories[host] for host in in_run}):
            here = [host for host in dict.fromkeys(everybody) if directories[host] == directory]
            providers = {host: self._variable(host, _PROVIDER) for host in here if host in in_run}
            left_out = [host for host in here if host not in in_run]
            with _warned_of(warnings), files.exclusively(os.path.join(directory, "index.json")):
                others: Json | None = {} if shared else None
                with contextlib.suppress(FileNotFoundError):
                    others = _overview_in(directory) if shared else None
                _write(directory, overview.begin(self._task.args["playbook"], run, now, providers, left_out, others))
        pages = sorted({_page(directories[host]) for host in in_run})
        return {"run": run, "directories": {host: directories[host] for host in in_run}, "pages": pages}

    def _end(self, warnings: list[str]) -> Json:
        """Note that the scope has ended, where nothing has told what came of it."""
        host = self._host()
        self._change(lambda content, run: overview.ended_early(content, run, host, _now()), warnings, host)
        return {}

    def _trace(self, _warnings: list[str]) -> Json:
        """Have the file to which the checks of the scope are traced; where that is follows the rules of the role.

        A trace is written in check mode as well, and by any number of runs at a time.
        """
        host, given = self._host(), os.path.expanduser(os.path.expandvars(str(self._task.args["path"])))
        place = places.paths({"report_dir": self._variable(host, _REPORT_DIR), "scope": host, "trace": given})
        try:
            if place["trace"] == os.path.join(place["report_dir"], _PREFLIGHT_FILE):
                raise RefusedError(f"the trace has to be another file than {place['trace']}")
            files.refuse_unless_writable([place["trace"]])
            files.claim(place["trace"], files.Owner(host, host, Parent().pid))
        except RefusedError as error:
            raise AnsibleActionFail(str(error)) from None
        return {"trace": place["trace"]}

    def _preflight(self, warnings: list[str]) -> Json:
        """Keep what came of the scope's checks, and let the overview know, also of scopes that could not be reached."""
        host, result = self._host(), self._result_of_preflight(self._host())
        if result is None:
            return self._end(warnings)
        file = None
        if result.get("checks") is not None and not self._task.check_mode:
            directory = files.scopes_directory(self._variable(host, _REPORT_DIR))
            file = os.path.join(directory, files.directory_name(host), _PREFLIGHT_FILE)
            try:
                files.write(file, pretty(_kept(host, self._variable(host, _PROVIDER), result)))
            except OSError as error:
                raise AnsibleActionFail(f"{file} cannot be written: {error.strerror}") from None
        self._tell(overview.outcome_of_preflight(result, host), warnings)
        for other in map(str, self._task_vars.get("ansible_play_hosts_all") or ()):
            result = self._result_of_preflight(other)
            if result is not None and result.get("unreachable"):
                self._tell(overview.outcome_of_preflight(result, other), warnings, other)
        return {}

    def _result_of_preflight(self, host: str) -> Json | None:
        variables = self._task_vars if host == self._host() else self._task_vars["hostvars"][host]
        result = self._plain(variables[_PREFLIGHT]) if _PREFLIGHT in variables else None
        # The checks have not begun where it still is what came of having the trace.
        return result if isinstance(result, dict) and "trace" not in result else None

    # --- Writing -----------------------------------------------------------------------------------------------------

    def _tell(self, outcome: Json, warnings: list[str], host: str | None = None) -> None:
        scope = host or self._host()
        self._change(lambda content, run: overview.tell(content, run, scope, _now(), outcome), warnings, scope)

    def _change(self, change: t.Callable[[Json, str], Json | None], warnings: list[str], host: str) -> None:
        """Write the overview in the host's directory anew, if it is that of this run.

        :param change: gets the overview and the id of the run, and returns another one or None.
        """
        begun = self._plain(self._task_vars.get(_OVERVIEW)) or {}
        directory = (begun.get("directories") or {}).get(host)
        if directory is None:
            return
        with _warned_of(warnings), files.exclusively(os.path.join(directory, "index.json")):
            content = change(_overview_in(directory), begun["run"])
            if content is not None:
                _write(directory, content)

    # --- What Ansible knows ------------------------------------------------------------------------------------------

    def _host(self) -> str:
        return str(self._task_vars["inventory_hostname"])

    def _plain(self, value: t.Any) -> t.Any:
        return json.loads(json.dumps(self._templar.template(value), default=str))

    def _variable(self, host: str, name: str) -> str | None:
        """Return a variable of a host: for what only this play says, all hosts have the same."""
        mine = self._text(self._task_vars, name)
        hosts = self._task_vars["hostvars"]
        if host == self._host() or (mine is not None and mine != self._text(hosts[self._host()], name)):
            return mine
        return self._text(hosts[host], name)

    def _text(self, variables: t.Mapping[str, t.Any], name: str) -> str | None:
        try:
            value = self._plain(variables[name])
        except Exception:
            # Undefined, or a template that means nothing here; whoever needs it says so.
            return None
        return value if isinstance(value, str) and value else None


@contextlib.contextmanager
def _warned_of(warnings: list[str]) -> t.Iterator[None]:
    try:
        yield
    except Exception as error:
        warnings.append(f"The overview could not be written, and may be of an earlier run: {error}")


def _overview_in(directory: str) -> Json:
    return overview.read(pathlib.Path(directory, "index.json").read_text(encoding="utf-8", errors="replace"))


def _write(directory: str, content: Json) -> None:
    files.write(os.path.join(directory, "index.json"), pretty(content))
    files.write(_page(directory), page.make_overview(content, places.ROLE / "templates"))


def _page(directory: str) -> str:
    return os.path.join(directory, "index.html")


def _kept(scope: str, provider: str | None, result: Json) -> Json:
    """Return what is kept of a preflight."""
    return {
        "scope": scope,
        "provider": provider,
        "checked": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "passed": all(check["result"] != "failed" for check in result["checks"]),
        **{name: result[name] for name in ("account", "endpoint", "in_use_sources", "checks", "facts")},
    }


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
