# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What documents point to is there."""

from __future__ import annotations

import pathlib
import re

import pytest
from ansible_collections.edgecloud.nic.tests.unit.docs.printed import GUIDES, HERE, README

DOCUMENTS = [README, HERE / "CONTRIBUTING.md", *sorted(GUIDES.glob("*.rst"))]
_PATH = re.compile(r"`((?:docs|plugins|roles|tests)/[\w./-]+)`")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_path_of_the_repository_that_a_document_names_is_there(document: pathlib.Path) -> None:
    named = _PATH.findall(document.read_text(encoding="utf-8"))
    # "Add a cloud" names the files of the example.
    roots = (HERE, HERE / "tests" / "example_cloud")
    assert [path for path in named if not any((root / path).exists() for root in roots)] == []


def test_the_threat_model_names_where_each_defence_is_held() -> None:
    text = (GUIDES / "threat_model.rst").read_text(encoding="utf-8")
    rows = re.findall(r"^   \* - .*\n(?:     .*\n)+", text, re.M)
    rows = [row for row in rows if "What stands in the way" not in row]
    assert len(rows) > 20
    for row in rows:
        assert "``tests/" in row or "**" in row, row
