# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports and the overview as pages that need nothing else: no network, no build step."""

from __future__ import annotations

import hashlib
import json
import pathlib
import typing as t

import jinja2
import markupsafe
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import (
    ALREADY_ABSENT,
    FAILED,
    IN_USE,
    KEPT,
    NOT_ATTEMPTED,
    REMOVAL_OUTCOMES,
    UNASSIGNED,
    UNKNOWN,
)
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import Json

_TOTALS: Json = {
    **dict.fromkeys(REMOVAL_OUTCOMES, 0),
    "unassigned_by_earlier_runs": 0,
    "network_interfaces_read": 0,
    "network_interfaces_planned": 0,
    "api_calls": {},
    "throttled_calls": 0,
    "seconds": 0,
    "restored": 0,
    "not_restored": 0,
}


def _outcomes(is_plan: bool) -> list[list[str]]:
    """Return for each outcome its key, its words, what they mean, and a mark, so that nothing depends on colour."""
    removed = (
        ("Would be unassigned", "An apply of this plan removes them")
        if is_plan
        else ("Unassigned", "Removed from their network interface")
    )
    return [
        [UNASSIGNED, *removed, "↗"],
        [ALREADY_ABSENT, "Already absent", "Not on their network interface any more", "○"],
        [KEPT, "Kept", "The policy keeps them, or they are primary or too young", "="],
        [IN_USE, "In use", "Something uses them, so they stay", "⇄"],
        [FAILED, "Failed", "The cloud refused", "✕"],
        [UNKNOWN, "Unknown", "Sent, and no answer settled it", "?"],
        [NOT_ATTEMPTED, "Not attempted", "The run ended before their turn", "\u2013"],
    ]


def _data(outcomes: list[list[str]], addresses: t.Iterable[Json]) -> t.Iterator[markupsafe.Markup]:
    """Yield the pieces of the table's data, a text that cannot end the script element that holds it.

    Nulls are left out, which saves a third.
    """

    def safe(value: t.Any) -> str:
        text = json.dumps(value, separators=(",", ":"))
        for character in "&<>":
            text = text.replace(character, f"\\u{ord(character):04x}")
        return text

    yield markupsafe.Markup(f'{{"outcomes":{safe(outcomes)},"addresses":[')
    for number, row in enumerate(addresses):
        told = {name: value for name, value in row.items() if value is not None}
        yield markupsafe.Markup(("," if number else "") + safe(told))
    yield markupsafe.Markup("]}")


def make_page(report: Json, templates: pathlib.Path) -> t.Iterator[str]:
    """Return the pieces of the page: in one piece it would take more memory than all that it tells.

    Names and messages come from a cloud, so nothing of them may become markup or code: the template escapes what it
    shows, the script shows through textContent, and the page's policy lets only its own style and script run.

    :param templates: the directory with the template, the style and the script.
    :raises OSError: one of them cannot be read.
    """
    outcomes = _outcomes(report.get("mode") == "plan")
    data = _data(outcomes, report.get("addresses") or ())
    totals = {**_TOTALS, **(report.get("totals") or {})}
    regions = [
        (sum(region.get(name) or 0 for name in REMOVAL_OUTCOMES), region) for region in report.get("regions") or ()
    ]
    # Largest first.
    regions.sort(key=lambda region: -region[0])
    return _render(
        "report.html.j2",
        report,
        templates,
        report=report,
        totals=totals,
        outcomes=outcomes,
        regions=regions,
        # Made above or part of the collection.
        data=data,
        script=markupsafe.Markup((templates / "report.js").read_text(encoding="utf-8")),
    )


def make_overview(overview: Json, templates: pathlib.Path) -> t.Iterator[str]:
    """Return the pieces of the page of an overview over scopes, as C(overview.begin) and C(overview.tell) return it.

    :param templates: as for a report.
    :raises OSError: one of them cannot be read.
    """
    kinds = {mode: _kinds(mode) for mode in overview["totals"]}
    names = {mode: [kind[0] for kind in kinds[mode]] for mode in kinds}
    scopes = []
    for entry in overview["scopes"]:
        totals = {name: entry["totals"].get(name, 0) for name in names.get(entry["mode"], ())}
        scopes.append({**entry, "totals": totals, "size": sum(totals.values())})
    totals = {
        mode: {**_TOTALS, **dict.fromkeys(names[mode], 0), **totals} for mode, totals in overview["totals"].items()
    }
    return _render(
        "overview.html.j2",
        overview,
        templates,
        overview={**overview, "totals": totals, "scopes": scopes},
        kinds=kinds,
        largest={mode: max([1, *(entry["size"] for entry in scopes if entry["mode"] == mode)]) for mode in kinds},
    )


def _kinds(mode: str) -> list[list[str]]:
    """Return what a scope's totals in this mode are of, as outcomes of a report are described."""
    if mode == "restore":
        return [
            ["assigned", "Assigned again", "Back on their network interface", "↙"],
            ["already_present", "Already present", "Somebody else has put them back", "="],
            ["not_restored", "Not restored", "They could not be put back", "✕"],
        ]
    if mode == "preflight":
        return [
            ["passed", "Passed", "As it should be", "✓"],
            ["failed", "Failed", "To be put right before a cleanup", "✕"],
            ["unknown", "Unknown", "Could not be found out", "?"],
            ["skipped", "Skipped", "Not made", "\u2013"],
        ]
    return _outcomes(mode == "plan")


def _render(template: str, content: Json, templates: pathlib.Path, **variables: t.Any) -> t.Iterator[str]:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates), autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template(template).generate(
        nonce=_nonce(content),
        style=markupsafe.Markup((templates / "report.css").read_text(encoding="utf-8")),
        **variables,
    )


def _nonce(content: Json) -> str:
    """Return a hash of all the content: no text can contain its own, so nothing in the content can carry it."""
    nonce = hashlib.sha256()
    for value in content.values():
        for part in value if isinstance(value, list) else (value,):
            nonce.update(json.dumps(part, default=str).encode())
    return nonce.hexdigest()
