# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The overview over all scopes as somebody meets it in the morning."""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.page import make_overview

from .conftest import TEMPLATES, opened
from .overviews import every_state, large
from .page import Chrome, Page
from .reports import HOSTILE_NAMES


def render(content: dict[str, object], directory: Path) -> Path:
    path = directory / "index.html"
    path.write_text("".join(make_overview(content, TEMPLATES)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(every_state(), tmp_path_factory.mktemp("overview"))


@pytest.fixture
def overview_page(chrome: Chrome, path: Path) -> Iterator[Page]:
    """The overview, just opened."""
    yield from opened(chrome, path)


def texts(page: Page, selector: str) -> list[str]:
    found: list[str] = page.run(
        "return [...document.querySelectorAll(arguments[0])].map(part => part.textContent.trim())", selector
    )
    return found


def test_hostile_names_and_messages_are_shown_as_they_are(overview_page: Page) -> None:
    content = every_state()
    assert texts(overview_page, ".scopes h3") == [entry["scope"].strip() for entry in content["scopes"]]
    assert texts(overview_page, ".message") == [entry["message"].strip() for entry in content["scopes"]]
    assert overview_page.run("return document.querySelectorAll('img, [onmouseover], script').length") == 0


def test_what_needs_a_look_stands_first_and_every_scope_is_named(overview_page: Page) -> None:
    assert texts(overview_page, "h1") == ["5 of 9 scopes need attention"]
    words = ["Failed", "Refused", "Unreachable", "No result", "Over its limits", "Not in this run", "Done"]
    shown = [text[1:] for text in texts(overview_page, ".state")]
    assert list(dict.fromkeys(shown)) == words
    named = texts(overview_page, ".warning a")
    assert named == texts(overview_page, ".scopes h3")[:6]
    told = [" ".join(text.split()) for text in texts(overview_page, ".warning li")]
    assert "silent: no result" in told
    targets = (
        "return [...document.querySelectorAll('.warning a')].map(link => document.querySelector(link.hash).innerText)"
    )
    assert all(text.startswith(name[:20]) for text, name in zip(overview_page.run(targets), named, strict=True))


def test_what_was_planned_is_not_among_what_was_done(overview_page: Page) -> None:
    assert texts(overview_page, "section h2") == ["Applied", "Planned", "Checked", "Put back", "Scopes"]
    tiles = [" ".join(text.split()) for text in texts(overview_page, ".tiles > div")]
    assert "↗Unassigned 255 Removed from their network interface, 50 of them by an earlier run" in tiles
    assert "↗Would be unassigned 700 An apply of this plan removes them" in tiles


def test_the_picture_says_it_in_words_too(overview_page: Page) -> None:
    script = "return [...document.querySelectorAll('.bar')].map(bar => bar.getAttribute('aria-label'))"
    labels = overview_page.run(script)
    assert labels[0] == (
        "5 unassigned, 36 already absent, 67 kept, 98 in use, 129 failed, 160 unknown, 191 not attempted"
    )
    assert "12 passed, 1 failed, 1 unknown, 1 skipped" in labels
    widths = overview_page.run("return [...document.querySelectorAll('.bar')].map(bar => bar.getBBox().width)")
    assert all(widths)


def test_links_lead_to_reports_wherever_the_directory_is(overview_page: Page, path: Path) -> None:
    links = overview_page.run("return [...document.querySelectorAll('.scopes a')].map(link => link.href)")
    reports = [entry["report"] for entry in every_state()["scopes"] if entry["report"]]
    assert [Path(urllib.parse.unquote(urllib.parse.urlparse(link).path)) for link in links] == [
        path.parent / report for report in reports
    ]
    assert "games%2Fhk/report.html" in reports


@pytest.mark.parametrize("width", [320, 360, 600, 900])
def test_a_narrow_screen_needs_no_sideways_scrolling(overview_page: Page, path: Path, width: int) -> None:
    overview_page.open(path, width=width, height=780)
    assert overview_page.run("return document.documentElement.scrollWidth") <= width


def test_light_and_dark_follow_the_reader(overview_page: Page, path: Path) -> None:
    script = (
        "return ['body', '.panel', '.message'].map(part => {"
        "const style = getComputedStyle(document.querySelector(part)); return [style.backgroundColor, style.color]})"
    )
    light = overview_page.run(script)
    overview_page.open(path, dark=True)
    dark = overview_page.run(script)
    assert light[:2] == [["rgb(246, 247, 249)", "rgb(27, 32, 40)"], ["rgb(255, 255, 255)", "rgb(27, 32, 40)"]]
    assert dark[:2] == [["rgb(18, 21, 26)", "rgb(230, 233, 238)"], ["rgb(26, 31, 38)", "rgb(230, 233, 238)"]]


def test_it_needs_no_javascript(chrome: Chrome, path: Path) -> None:
    page = Page(chrome)
    page.open(path, script=False)
    text = page.driver.find_element("css selector", "main").text
    page.command("Emulation.setScriptExecutionDisabled", value=False)
    assert "5 of 9 scopes need attention" in text
    assert HOSTILE_NAMES["script"] in text


def test_a_million_addresses_are_short(chrome: Chrome, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = Page(chrome)
    path = render(large(), tmp_path)
    page.open(path)
    assert texts(page, "h1") == ["10 of 10 scopes need attention"]
    assert any("910,000" in text for text in texts(page, ".tiles > div"))
    assert path.stat().st_size < 2**16
    took = page.opened_in()
    with capsys.disabled():
        print(f"\n10 scopes, 1,000,000 addresses, {path.stat().st_size / 2**10:.0f} KiB of HTML: open {took:.0f} ms")


@pytest.mark.skipif(
    "OVERVIEW_SCREENSHOT" not in os.environ, reason="OVERVIEW_SCREENSHOT=DIRECTORY takes some to look at"
)
def test_take_screenshots(chrome: Chrome, path: Path) -> None:
    for name, width, dark in (("light", 1280, False), ("dark", 1280, True), ("phone", 360, True)):
        page = Page(chrome)
        page.open(path, width=width, height=900, dark=dark)
        page.screenshot(Path(os.environ["OVERVIEW_SCREENSHOT"]) / f"{name}.png", whole=True)
