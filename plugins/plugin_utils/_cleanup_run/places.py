# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the files of a run lie, and that it has them for itself."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

from ansible_collections.edgecloud.nic.plugins.plugin_utils import _cleanup_files as files
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import plan_file
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import Json, RefusedError

COLLECTION = pathlib.Path(__file__).resolve().parents[3]
ROLE = COLLECTION / "roles" / "private_ip_cleanup"


def paths(given: Json) -> Json:
    """Return where the records lie. A name without directory is a file beside the reports."""
    directory = given.get("report_dir")
    if given.get("scope"):
        directory = os.path.join(files.scopes_directory(directory), files.directory_name(given["scope"]))

    def place(path: str | None) -> str | None:
        if not path:
            return None
        if directory and os.path.basename(path) == path:
            path = os.path.join(directory, path)
        return os.path.abspath(path)

    return {
        "report_dir": os.path.abspath(directory) if directory else None,
        "plan_file": place(given.get("plan_file")),
        "journal": place(given.get("journal") or (directory and "journal.jsonl")),
        "candidates_file": place(given.get("candidates_file")),
        "restore_from": place(given.get("restore_from")),
        "trace": place(given.get("trace")),
    }


def report_files(directory: str | None) -> list[str]:
    """Return the reports of a directory, none where there is no directory."""
    return [os.path.join(directory, f"report.{kind}") for kind in ("json", "csv", "html")] if directory else []


def aside(path: str, digest: str) -> str:
    """Return where a report goes that has to make room: beside it, with the first digits of its plan's digest."""
    stem, kind = os.path.splitext(path)
    return f"{stem}-{digest.removeprefix('sha256:')[:12]}{kind}"


def put_aside(directory: str, digest: str | None) -> list[str]:
    """Make room for the reports of a plan, unless those that are there are of the same plan or tell of no removal.

    :returns: a line that says where they are now, where there were any.
    """
    paths = report_files(directory)
    try:
        earlier = json.loads(files.read(paths[0]))
        removed = earlier["tried"] or earlier["totals"]["unassigned"]
        if earlier["mode"] == "plan" or not removed or earlier["plan_digest"] == digest:
            return []
        asides = {path: aside(path, earlier["plan_digest"]) for path in paths if os.path.exists(path)}
    except (RefusedError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return []
    for path, place in asides.items():
        os.replace(path, place)
    stem = os.path.splitext(aside(paths[0], earlier["plan_digest"]))[0]
    return [f"The reports of the plan {earlier['plan_digest']} are {stem}.* now"]


def _refuse_plan_of_other_scope(path: str, scope: str) -> None:
    try:
        owner = plan_file.read_plan(files.read(path))["scope"]
    except RefusedError:
        return
    if owner != scope:
        raise RefusedError(f"{path} is the plan of {owner}, and scopes share no file; give {scope} another one")


def link(path: str | None, directory: str | None) -> str | None:
    """Return a path as a page in the directory can link to it."""
    return os.path.relpath(path, directory) if path and directory and path.startswith(directory + os.sep) else path


def reserve(
    begun: Json, owner: files.Owner, say: t.Callable[[str], object], check_mode: bool = False
) -> files.Reservation:
    """Have the files for this run, once it is sure that they can be written.

    :param begun: what is known of the run.
    :param owner: who wants them.
    :param say: is told that there is another run to wait for.
    :param check_mode: nothing is written but the trace.
    :raises RefusedError: they cannot be had, or belong to another scope.
    """
    mode, journal, trace = begun["mode"], begun["journal"], begun["trace"]
    candidates = begun["candidates_file"]
    others = (begun["plan_file"], journal, candidates, begun["restore_from"], *report_files(begun["report_dir"]))
    if trace and trace in others:
        raise RefusedError(f"the trace has to be another file than {trace}")
    traces = [trace] if trace else []
    files.refuse_unless_writable(traces)
    if check_mode:
        return files.Reservation.of(traces, owner, say)
    written = [begun["plan_file"]] if mode == "plan" else [journal]
    written += [candidates, *report_files(begun["report_dir"])]
    files.refuse_unless_writable(path for path in written if path)
    reserved = [begun["report_dir"], begun["plan_file"], journal, candidates]
    inside = [p for p in reserved[1:] if p and begun["report_dir"] == os.path.dirname(p)]
    reserved = [path for path in reserved if path and path not in inside]
    reservation = files.Reservation.of([*reserved, *traces], owner, say)
    try:
        if journal:
            files.wait_for_modules(journal)
        if mode == "plan" and begun["plan_file"] and os.path.exists(begun["plan_file"]):
            _refuse_plan_of_other_scope(begun["plan_file"], begun["scope"])
    except BaseException:
        reservation.release()
        raise
    return reservation
