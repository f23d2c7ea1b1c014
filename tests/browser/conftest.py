# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report page, made as the role does it, in Debian's Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.page import make_page

from .page import Chrome, Page, installed, start
from .reports import large, small

TEMPLATES = Path(__file__).parents[2] / "roles/private_ip_cleanup/templates"


def render(report: dict[str, Any], directory: Path) -> Path:
    page = directory / "report.html"
    page.write_text("".join(make_page(report, TEMPLATES)), encoding="utf-8")
    return page


@pytest.fixture(scope="session")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    if not installed():
        pytest.skip("the HTML report is not tested: there is no chromium and chromedriver here")
    driver = start(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def small_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(small(), tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def large_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(large(), tmp_path_factory.mktemp("large"))


@pytest.fixture
def page(chrome: Chrome, small_report: Path) -> Iterator[Page]:
    """The small report, just opened."""
    yield from opened(chrome, small_report)


def opened(chrome: Chrome, path: Path) -> Iterator[Page]:
    """Give a page, just opened; whatever a test does to it, the browser has nothing to complain about."""
    page = Page(chrome)
    page.open(path)
    yield page
    assert page.complaints() == []
    assert page.requests() == [path.as_uri()]
    assert page.run("return window.trapped") is None
