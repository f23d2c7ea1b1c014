# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a reader does with the report page, and sees on it."""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import base64
import json
import os
import shutil
from pathlib import Path
from typing import Any

# The linters' type check runs without selenium: only here is it imported.
from selenium.webdriver import (  # type: ignore[import-not-found, unused-ignore]
    ActionChains,
    Chrome,
    ChromeOptions,
    ChromeService,
)
from selenium.webdriver.common.by import By  # type: ignore[import-not-found, unused-ignore]
from selenium.webdriver.common.keys import Keys  # type: ignore[import-not-found, unused-ignore]

__all__ = ["Chrome", "Keys", "Page", "installed", "start"]

CHROMIUM = shutil.which("chromium")
CHROMEDRIVER = shutil.which("chromedriver")


def installed() -> bool:
    """Tell whether there is a browser here."""
    return bool(CHROMIUM and CHROMEDRIVER)


def start(profile: Path) -> Chrome:
    """Start the browser.

    :param profile: an empty directory for what it wants to remember.
    """
    options = ChromeOptions()
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for argument in (
        "--headless",
        "--no-sandbox",  # root has no sandbox
        "--disable-gpu",
        "--disable-dev-shm-usage",
        # It is a closed network: Chromium is not to look for updates, accounts or lists of its own.
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(argument)
    return Chrome(options, ChromeService(CHROMEDRIVER, env={**os.environ, "SE_OFFLINE": "true"}))


class Page:
    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def open(
        self, path: Path, *, width: int = 1280, height: int = 900, dark: bool = False, script: bool = True
    ) -> None:
        self.command("Emulation.setScriptExecutionDisabled", value=not script)
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])
        self.driver.get("about:blank")
        # What earlier pages logged.
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(path.as_uri())

    def opened_in(self) -> float:
        """Tell how many milliseconds it took until all of the page was there."""
        took: float = self.run("return performance.getEntriesByType('navigation')[0].loadEventEnd")
        return took

    def command(self, name: str, **parameters: Any) -> Any:
        return self.driver.execute_cdp_cmd(name, parameters)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def complaints(self) -> list[str]:
        """Errors and violations of the page's security policy."""
        return [f"{entry['level']}: {entry['message']}" for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [event["request"]["url"] for event in sent]

    def search(self, text: str) -> None:
        box = self.driver.find_element(By.ID, "search")
        box.clear()
        box.send_keys(text)

    def tick(self, outcome: str) -> None:
        self.driver.find_element(By.CSS_SELECTOR, f"#outcomes input[value={outcome}]").click()

    def choose_region(self, region: str) -> None:
        self.driver.find_element(By.CSS_SELECTOR, f"#region option[value='{region}']").click()

    def sort_by(self, column: str) -> None:
        self.driver.find_element(By.CSS_SELECTOR, f"[data-column={column}]").click()

    def press(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    def found(self) -> str:
        return str(self.driver.find_element(By.ID, "found").text)

    def rows(self) -> list[list[str]]:
        """The texts of the rows that are in the page, which are those in sight and a few more."""
        rows: list[list[str]] = self.run(
            "return [...document.querySelectorAll('#body tr:not(.spacer)')].map("
            "row => [...row.cells].filter(cell => cell.className !== 'tick').map("
            "cell => [...cell.children].map(part => part.textContent).join('\\n')))"
        )
        return rows

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        shot = self.command("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def print(self) -> bytes:
        pdf = self.command("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        return base64.b64decode(pdf["data"])
