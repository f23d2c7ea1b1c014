# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML report as a reader meets it.

The `page` fixture also checks, after each test, that nothing from the data ran, that the browser had no complaint,
and that nothing but the file was asked for.
"""

from __future__ import annotations

import ipaddress
import os
import re
from pathlib import Path

import pytest

from .conftest import render
from .page import Chrome, Keys, Page
from .reports import HOSTILE_NAMES, OUTCOMES, large, report, row, small

ADDRESSES = small()["addresses"]


def number(address: str) -> int:
    return int(ipaddress.IPv4Address(address))


# --- What comes from a cloud is shown, and does not run ---------------------------------------------------------------


@pytest.mark.parametrize("trap", HOSTILE_NAMES)
def test_a_hostile_name_is_shown_as_it_is(page: Page, trap: str) -> None:
    name = HOSTILE_NAMES[trap]
    ids = {entry["network_interface_name"]: entry["network_interface_id"] for entry in ADDRESSES}
    page.search(f"{name} {ids[name]}")
    assert {row[3] for row in page.rows()} == {f"{name}\n{ids[name]}"}
    page.run("document.getElementById('rows').focus()")
    page.press(Keys.ENTER)
    assert name in page.run("return document.getElementById('dialog-facts').textContent")


def test_hostile_text_outside_the_table_is_shown_as_it_is(chrome: Chrome, tmp_path: Path) -> None:
    trap = HOSTILE_NAMES["end"] + HOSTILE_NAMES["image"] + HOSTILE_NAMES["quotes"]
    entry = row(0, region=trap, nic=trap, name=trap, address="10.0.0.9", outcome="failed") | dict.fromkeys(
        ["code", "message", "request_id"], trap
    )
    names = ["collection", "cloud", "scope", "account", "endpoint", "created", "plan_digest", "journal", "error"]
    others = {
        **dict.fromkeys(names, trap),
        "warnings": [trap],
        "uncertain": [{"network_interface_id": trap, "kind": trap, "id": trap}],
    }
    path = render(report([entry], **others, selection={trap: [trap, {trap: trap}]}, policy={"keep": trap}), tmp_path)
    page = Page(chrome)
    page.open(path)
    assert page.run("return window.trapped") is None
    assert (
        page.run("return document.querySelectorAll('img, [onmouseover], script').length") == 2
    )  # data, and its reader
    assert page.run("return document.querySelector('.region-name').textContent") == trap
    assert page.run("return document.getElementById('digest').textContent") == trap
    assert page.complaints() == []
    assert page.requests() == [path.as_uri()]


def test_the_page_may_run_its_own_script_only(page: Page) -> None:
    page.run("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.added = 1'}))")
    assert page.run("return window.added") is None
    assert any("Content Security Policy" in complaint for complaint in page.complaints())


# --- Totals and picture -----------------------------------------------------------------------------------------------


def test_totals_and_regions_need_no_javascript(chrome: Chrome, small_report: Path) -> None:
    page = Page(chrome)
    page.open(small_report, script=False)
    text = page.driver.find_element("css selector", "main").text
    page.command("Emulation.setScriptExecutionDisabled", value=False)
    assert "102 private addresses were unassigned" in text
    assert "cn-chengdu-telecom" in text
    assert "Searching and sorting 128 addresses needs JavaScript" in text
    assert "Search all columns" not in text


def test_a_plan_says_that_nothing_was_changed(chrome: Chrome, tmp_path: Path) -> None:
    entry = row(0, region="r", nic="nic-1", name=None, address="10.0.0.9", outcome="unassigned")
    page = Page(chrome)
    page.open(render(report([entry], mode="plan", cloud="Zenlayer ZEC", journal=None), tmp_path))
    text = page.driver.find_element("css selector", "main").text
    assert "1 private address would be unassigned" in text
    assert "nothing was changed" in text
    assert "Zenlayer ZEC" in text
    assert page.rows()[0][1].endswith("Would be unassigned")


def test_a_plan_says_what_its_reviewer_should_look_at(chrome: Chrome, tmp_path: Path) -> None:
    entry = row(0, region="r", nic="nic-1", name=None, address="10.0.0.9", outcome="unassigned")
    entry |= {"kind": "load_balancer", "id": "lb-1", "uncertain": "eip eip-1"}
    unsure = [{"network_interface_id": "nic-1", "kind": "eip", "id": "eip-1"}]
    content = report(
        [entry], mode="plan", warnings=["keep: 10.9.0.0/16 matches nothing"], uncertain=unsure, error="too large"
    )
    page = Page(chrome)
    page.open(render(content, tmp_path))
    header = page.driver.find_element("css selector", "header").text
    assert "This plan will not be applied: too large." in header
    assert "keep: 10.9.0.0/16 matches nothing" in header
    assert "eip eip-1 may use any address of nic-1" in header
    assert page.rows()[0][2] == "Used by load balancer lb-1\nPerhaps used by eip eip-1"


def test_what_an_earlier_run_removed_and_what_was_put_back_are_told(chrome: Chrome, tmp_path: Path) -> None:
    entries = [
        row(n, region="r", nic="nic-1", name=None, address=f"10.0.0.{n}", outcome="unassigned") | {"run": run}
        for n, run in enumerate(("this", "earlier"))
    ]
    content = report([entries[0] | {"restored": "assigned"}, entries[1]], mode="restore")
    content["totals"] |= {"unassigned_by_earlier_runs": 1, "restored": 1, "not_restored": 1}
    page = Page(chrome)
    page.open(render(content, tmp_path))
    text = page.driver.find_element("css selector", "main").text
    assert "1 address was put back, and 1 could not be. This plan cannot be applied again." in text
    assert "1 of them by an earlier run" in text
    assert [entry[2] for entry in page.rows()] == ["Put back", "An earlier run removed it"]


def test_an_empty_report_opens(chrome: Chrome, tmp_path: Path) -> None:
    empty = dict.fromkeys(small()) | {"format": 1, "mode": "plan", "addresses": []}
    page = Page(chrome)
    page.open(render(empty, tmp_path))
    assert "No private address would be unassigned" in page.driver.find_element("css selector", "h1").text
    assert page.found() == "0 addresses"
    assert page.complaints() == []


def test_the_picture_has_every_outcome_and_says_it_in_words(page: Page) -> None:
    bars = page.run(
        "return [...document.querySelectorAll('.bar')].map(bar => [bar.getAttribute('aria-label'),"
        " [...bar.querySelectorAll('rect')].map(part => part.getBoundingClientRect().width)])"
    )
    label, widths = bars[0]
    assert label == ("49 unassigned, 2 already absent, 2 kept, 2 in use, 2 failed, 2 unknown, 2 not attempted")
    assert len(widths) == 7
    assert min(widths) > 4
    assert widths[0] == max(widths)


# --- Search, filters, order -------------------------------------------------------------------------------------------


def test_search_finds_every_word_in_any_column(page: Page) -> None:
    page.search("SHANGHAI locked failed")
    expected = [e for e in ADDRESSES if e["region_id"] == "cn-shanghai-27" and e["outcome"] == "failed"]
    assert expected
    assert [row[0] for row in page.rows()] == [entry["private_ip_address"] for entry in expected]
    assert page.found() == f"{len(expected)} of 128 addresses"
    page.search("no such thing")
    assert page.rows() == []
    assert "No address matches" in page.driver.find_element("id", "scroller").text
    page.driver.find_element("id", "reset").click()
    assert page.found() == "128 addresses"


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_each_outcome_can_be_shown_alone(page: Page, outcome: str) -> None:
    page.tick(outcome)
    expected = sum(entry["outcome"] == outcome for entry in ADDRESSES)
    assert page.found() == f"{expected} of 128 addresses"
    assert len({row[1] for row in page.rows()}) == 1


def test_filters_and_search_narrow_each_other(page: Page) -> None:
    page.choose_region("cn-hangzhou-44")
    page.tick("kept")
    page.tick("in_use")
    expected = {
        entry["private_ip_address"]
        for entry in ADDRESSES
        if entry["region_id"] == "cn-hangzhou-44" and entry["outcome"] in {"kept", "in_use"}
    }
    assert {row[0] for row in page.rows()} == expected
    page.search("elastic ip")
    assert all(re.fullmatch(r"Used by elastic IP eip-\w+", row[2]) for row in page.rows())
    assert 0 < len(page.rows()) < len(expected)


def test_addresses_sort_as_numbers_both_ways(page: Page) -> None:
    page.sort_by("address")
    up = [row[0] for row in page.rows()]
    expected = sorted((entry["private_ip_address"] for entry in ADDRESSES), key=number)
    assert up == expected[: len(up)]
    assert up != sorted(up)
    page.sort_by("address")
    down = [row[0] for row in page.rows()]
    assert down == expected[::-1][: len(down)]
    header = page.driver.find_element("css selector", "th.c-address")
    assert header.get_attribute("aria-sort") == "descending"


@pytest.mark.parametrize(("column", "cell"), [("why", 2), ("nic", 3), ("region", 4), ("request", 5)])
def test_every_column_sorts_with_empty_cells_last(page: Page, column: str, cell: int) -> None:
    for reverse in (False, True):
        page.sort_by(column)
        texts = [row[cell].replace("\n", ": ", 1).lower() if cell == 2 else row[cell].lower() for row in page.rows()]
        if column == "nic":
            texts = [text.partition("\n")[0] for text in texts]
        assert texts[0] != ""
        filled = [text for text in texts if text]
        assert filled == sorted(filled, reverse=reverse, key=lambda text: text.encode("utf-16-be"))


def test_trouble_comes_first_and_says_why(page: Page) -> None:
    address, outcome, why, interface, region, request = page.rows()[0]
    entry = next(entry for entry in ADDRESSES if entry["outcome"] == "failed")
    assert address == entry["private_ip_address"]
    assert outcome == "✕Failed"
    assert why == f"{entry['code']}\n{entry['message']}"
    assert interface.endswith(entry["network_interface_id"])
    assert (region, request) == (entry["region_id"], entry["request_id"])


# --- Keyboard, phone, dark, paper -------------------------------------------------------------------------------------


def test_the_table_works_by_keyboard(page: Page) -> None:
    page.driver.find_element("id", "search").click()
    focused: list[str] = []
    for _press in range(30):
        page.press(Keys.TAB)
        focused.append(
            page.run("const e = document.activeElement; return e.id || e.value || e.dataset.column || e.tagName")
        )
        # Whatever has the focus shows it, by itself or by what is around it.
        assert page.run(
            "let e = document.activeElement;"
            "for (; e; e = e.parentElement) if (getComputedStyle(e).outlineStyle !== 'none') return true; return false"
        ), focused
        if focused[-1] == "request":
            break
    assert focused == [
        "region", "reset", *OUTCOMES, "rows", "address", "outcome", "why", "nic", "region", "request",
    ]  # fmt: skip
    page.press(Keys.ENTER)
    assert page.run("return document.querySelector('th.c-request').getAttribute('aria-sort')") == "ascending"
    page.run("document.getElementById('rows').focus()")
    page.press(Keys.END)
    assert page.run("return document.querySelector('tr.active').getAttribute('aria-rowindex')") == "129"
    assert page.run(
        "const row = document.getElementById(document.getElementById('rows').getAttribute('aria-activedescendant'));"
        "const box = row.getBoundingClientRect(), around = document.getElementById('scroller').getBoundingClientRect();"
        "return box.top >= around.top && box.bottom <= around.bottom + 1"
    )
    page.press(Keys.HOME, Keys.ARROW_DOWN, Keys.ENTER)
    assert page.run("return document.getElementById('dialog').open")
    assert page.run("return document.getElementById('dialog-title').textContent") == page.rows()[1][0]
    page.press(Keys.ESCAPE)
    assert not page.run("return document.getElementById('dialog').open")
    assert page.run("return document.activeElement.id") == "rows"


def test_every_control_has_a_name(page: Page) -> None:
    tree = page.command("Accessibility.getFullAXTree")["nodes"]
    controls = {"button", "searchbox", "combobox", "checkbox", "grid", "link", "columnheader", "image"}
    named = [
        (node["role"]["value"], node.get("name", {}).get("value"))
        for node in tree
        if not node["ignored"] and node["role"]["value"] in controls
    ]
    assert {role for role, _name in named} == controls
    assert [role for role, name in named if not name] == []


@pytest.mark.parametrize("width", [360, 600, 900])
def test_a_narrow_screen_needs_no_sideways_scrolling(page: Page, small_report: Path, width: int) -> None:
    page.open(small_report, width=width, height=780)
    for step in ("", "for (const part of document.querySelectorAll('details')) part.open = true"):
        page.run(step)
        assert page.run("return document.documentElement.scrollWidth") <= width
    assert page.run("const s = document.getElementById('scroller'); return s.scrollWidth <= s.clientWidth")
    page.run("document.getElementById('scroller').scrollTop = 1e6")
    heights = page.run(
        "return [...document.querySelectorAll('#body tr:not(.spacer)')].map(row => row.getBoundingClientRect().height)"
    )
    assert len(set(heights)) == 1


def test_light_and_dark_follow_the_reader(page: Page, small_report: Path) -> None:
    script = "const style = getComputedStyle(document.body); return [style.backgroundColor, style.color]"
    light = page.run(script)
    page.open(small_report, dark=True)
    dark = page.run(script)
    assert light == ["rgb(246, 247, 249)", "rgb(27, 32, 40)"]
    assert dark == ["rgb(18, 21, 26)", "rgb(230, 233, 238)"]


def test_paper_has_the_rows_that_match(page: Page) -> None:
    page.search("hangzhou failed")
    assert page.print().startswith(b"%PDF")
    assert page.run("return document.querySelectorAll('#print tbody tr').length") == 2
    assert page.run("return document.querySelector('#print p').textContent") == (
        "All 2 rows that match the search and filters, of 128 in the report. The complete list is in report.csv."
    )


def test_ticked_rows_are_copied_as_a_keep_list(page: Page) -> None:
    page.command("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    page.sort_by("address")
    first, second, third = (row[0] for row in page.rows()[:3])
    page.driver.find_elements("css selector", "#body .tick input")[2].click()
    page.run("document.getElementById('rows').focus()")
    # The click made the third row the active one.
    page.press(Keys.HOME, Keys.SPACE, Keys.ARROW_DOWN, Keys.SPACE, Keys.SPACE)
    assert second not in page.run("return document.getElementById('keep').textContent")
    button = page.driver.find_element("id", "keep")
    assert button.text == "Copy 2 as keep list"
    button.click()
    copied = page.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0], arguments[0])")
    assert copied == f"private_ip_cleanup_keep:\n  - {first}\n  - {third}\n"
    page.search("no such thing")
    assert page.driver.find_element("id", "kept").text == copied.strip()


@pytest.mark.parametrize("width", [390, 1280])
def test_no_outcome_and_no_action_is_cut_short(chrome: Chrome, tmp_path: Path, width: int) -> None:
    entry = row(0, region="r", nic="nic-1", name=None, address="10.0.0.9", outcome="unassigned")
    content = report([entry], mode="plan")
    content["totals"]["api_calls"] = {"UnassignNetworkInterfaceIpv4": 2}
    page = Page(chrome)
    page.open(render(content, tmp_path), width=width)
    assert page.run("const e = document.querySelector('#body .outcome'); return e.scrollWidth <= e.clientWidth")
    assert page.run("return document.querySelector('.calls code').getClientRects().length") == 1


def test_the_digest_can_be_copied(page: Page) -> None:
    page.command("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    button = page.driver.find_element("css selector", "[data-copy=digest]")
    button.click()
    copied = page.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0], arguments[0])")
    assert copied == small()["plan_digest"]


# --- 100,000 addresses ------------------------------------------------------------------------------------------------


def test_a_large_report_draws_no_more_than_is_seen(
    chrome: Chrome, large_report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = Page(chrome)
    page.open(large_report)
    addresses = large()["addresses"]
    assert page.found() == "100,000 addresses"
    # From the start of the navigation to the frame that shows the first rows.
    times = {"open": page.run("return performance.getEntriesByName('usable')[0].startTime")}
    # From an event to the end of the frame that shows what it did.
    timed = (
        "const [id, event, value, done] = arguments, start = performance.now();"
        "const target = document.querySelector(id); if (value !== null) target.value = value;"
        "target.dispatchEvent(new Event(event, {bubbles: true}));"
        "requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)))"
    )
    for name, selector, event, value in [
        ("first search", "#search", "input", "node-1999"),
        ("next search", "#search", "input", "edge-region-07 locked failed"),
        ("sort by address", "[data-column=address]", "click", None),
        ("sort by interface", "[data-column=nic]", "click", None),
        ("all again", "#search", "input", ""),
    ]:
        times[name] = page.driver.execute_async_script(timed, selector, event, value)
        if name == "first search":
            expected = sum("node-1999" in entry["network_interface_name"] for entry in addresses)
            assert page.found() == f"{expected} of 100,000 addresses"
    page.sort_by("address")
    page.run("document.getElementById('rows').focus()")
    page.press(Keys.END)
    assert page.rows()[-1][0] == max((entry["private_ip_address"] for entry in addresses), key=number)
    assert page.run("return document.querySelectorAll('*').length") < 2500
    page.command("HeapProfiler.collectGarbage")
    heap = page.run("return performance.memory.usedJSHeapSize") / 2**20
    shown = ", ".join(f"{name} {time:.0f} ms" for name, time in times.items())
    with capsys.disabled():
        print(
            f"\n100,000 addresses, {large_report.stat().st_size / 2**20:.0f} MiB of HTML: {shown}; {heap:.0f} MiB heap"
        )
    assert page.complaints() == []


# --- For the documentation --------------------------------------------------------------------------------------------


@pytest.mark.skipif("REPORT_SCREENSHOT" not in os.environ, reason="REPORT_SCREENSHOT=FILE takes one for the docs")
def test_take_a_screenshot(chrome: Chrome, tmp_path: Path) -> None:
    page = Page(chrome)
    page.open(render(small(hostile=False), tmp_path), height=1750)
    page.screenshot(Path(os.environ["REPORT_SCREENSHOT"]))
