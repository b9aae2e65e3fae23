"""Pages in a headless Chromium, as their readers see them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

MISSING = "no Chromium: apt-get install --no-install-recommends chromium chromium-driver"
FLAGS = (
    "--headless",
    "--no-sandbox",  # Chromium has none for root, as which containers run
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-ipc-flooding-protection",  # a test opens more addresses a second than a person
)
DESKTOP, PHONE = (1280, 900), (360, 740)


class Browser:
    """One window. `errors` and `requests` are those of the page since it was opened."""

    def __init__(self, driver: webdriver.Chrome):
        self.driver = driver
        self.address = ""  # of the page

    def open(self, page: Path, size: tuple[int, int] = DESKTOP, dark: bool = False, fragment: str = "") -> Browser:
        """Open the file `page` anew, nothing remembered, in a window of `size` pixels."""
        self.driver.get("about:blank")
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": "reduce"}
        listed = [{"name": name, "value": value} for name, value in features.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": listed})
        self.forget()
        self.address = page.as_uri()
        self.driver.get(self.address + fragment)
        self.run("try { localStorage.clear() } catch {}")
        return self

    def forget(self) -> None:
        """Begin `errors` and `requests` anew."""
        for log in ("browser", "performance"):
            self.driver.get_log(log)

    def run(self, script: str, *arguments):
        """What the JavaScript `script` returns."""
        return self.driver.execute_script(script, *arguments)

    def one(self, selector: str):
        """The element that `selector` finds; an error if there is none."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements that `selector` finds, shown or not, without space around them."""
        return self.run("return [...document.querySelectorAll(arguments[0])].map((node) => node.textContent.trim())", selector)

    def shown(self, selector: str) -> list[str]:
        """The texts of those that take room on the page."""
        nodes = "[...document.querySelectorAll(arguments[0])].filter((node) => node.getClientRects().length)"
        return self.run(f"return {nodes}.map((node) => node.textContent.trim())", selector)

    def click(self, selector: str) -> None:
        """Click as a person does: what is covered or outside cannot be."""
        element = self.one(selector)
        self.run("arguments[0].scrollIntoView({block: 'center', inline: 'center'})", element)
        element.click()

    def press(self, *keys: str) -> None:
        """Press keys wherever the focus is."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def escape(self) -> None:
        """Press Escape."""
        self.press(Keys.ESCAPE)

    def wait(self, script: str) -> None:
        """Wait until `script` returns something true."""
        WebDriverWait(self.driver, 10).until(lambda _: self.run(script), script)

    @property
    def errors(self) -> list[str]:
        """What the console was told, warnings too."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    @property
    def requests(self) -> list[str]:
        """The URLs that were asked for, files too; the page itself and what is inside it aside."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        failed = [message["params"] for message in messages if message["method"] == "Network.loadingFailed"]
        refused = {params["requestId"] for params in failed if params.get("blockedReason") == "csp"}  # never sent; the console says so
        sent: list[Mapping] = [message["params"] for message in messages if message["method"] == "Network.requestWillBeSent"]
        asked = [params["request"]["url"] for params in sent if params["requestId"] not in refused]
        return [url for url in asked if url != self.address and not url.startswith(("data:", "about:"))]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser. Without Chromium, tests are skipped here and fail where CI is set."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = program
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        browser = webdriver.Chrome(options=options, service=Service(driver))  # given by its path: selenium fetches nothing
        try:
            yield Browser(browser)
        finally:
            browser.quit()
