# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads and writes the records of a run."""

from __future__ import annotations

import contextlib
import json
import os
import typing as t

import yaml
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.journal import read_journal
from ansible_collections.edgecloud.nic.plugins.plugin_utils import _cleanup_files as files
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records import history, page, report
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import Json, RefusedError
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_run import places


class Records:
    """Records of one run.

    :param begun: what is known of the run.
    :param check_mode: whether nothing is to be written.
    """

    def __init__(self, begun: Json, check_mode: bool) -> None:
        self._begun, self._check_mode = begun, check_mode

    def note(self, digest: str, event: str, **fields: t.Any) -> None:
        """Append a line about a plan to the journal, where there is one.

        :raises RefusedError: it could not be written.
        """
        if self._begun["journal"] and not self._check_mode:
            files.JournalLines(self._begun["journal"], digest, self._begun["run"]).append(event, **fields)

    def context(self) -> Json:
        """Return what plans and reports say of the run that made them."""
        begun = self._begun
        fields = ("mode", "scope", "provider", "cloud", "run", "selection", "policy")
        return {
            **{name: begun[name] for name in fields},
            "collection": f"edgecloud.nic {_collection_version()}",
            "created": begun["started"],
            "journal": places.link(begun["journal"], begun["report_dir"]) if begun["mode"] != "plan" else None,
        }

    def write_reports(self, content: Json, written: list[str]) -> list[str]:
        """Write the reports; returns a line that says where those of an earlier plan are now, where there were any."""
        directory = self._begun["report_dir"]
        if not directory:
            return []
        texts = (
            report.to_json(content),
            report.to_csv(content),
            page.make_page(content, places.ROLE / "templates"),
        )
        lines = places.put_aside(directory, content["plan_digest"])
        for path, text in zip(places.report_files(directory), texts):
            written.append(files.write(path, text))
        return lines

    def last_report(self, digest: str) -> Json | None:
        """Return the report of the plan that lies in the directory of reports; None where it is not there."""
        for path in places.report_files(self._begun["report_dir"])[:1]:
            for place in (path, places.aside(path, digest)):
                with contextlib.suppress(RefusedError, ValueError, RecursionError):
                    content = report.removed_by_report(json.loads(files.read(place)), self._begun["provider"])
                    if content["plan_digest"] == digest:
                        return content
        return None


def read_history(journal: str | None, digest: str) -> history.PlanHistory:
    """Return what the journal says of a plan.

    :raises RefusedError: the journal is there and cannot be read.
    """
    if not journal or not os.path.exists(journal):
        return history.PlanHistory(digest)
    try:
        return history.Journal(read_journal(journal)).of(digest)
    except OSError as error:
        raise RefusedError(f"{journal} cannot be read: {error.strerror}") from None


def pretty(content: t.Any) -> str:
    """Return JSON for people."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _collection_version() -> str:
    """Return the version of this collection, installed or in a checkout."""
    for name, section in (("MANIFEST.json", "collection_info"), ("galaxy.yml", None)):
        path = places.COLLECTION / name
        if path.exists():
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            return str((content[section] if section else content)["version"])
    return "unknown"
