"""Take the documentation's pictures anew: `.venv/bin/python -m docs.take_pictures`.

It starts a quick start of its own, on a new database, and looks at it with the system's Chromium.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.quickstarts import QuickStart

HERE = Path(__file__).resolve().parent
SIZE = {"width": 1400, "height": 600}
RUNS = 4


def main() -> None:
    """Take all of them."""
    with tempfile.TemporaryDirectory() as directory:
        quickstart = QuickStart(Path(directory) / "db.sqlite3", "project.settings")
        try:
            url, user, password = map(quickstart.value, ("Address", "User", "Password"))
            for _ in range(RUNS):
                quickstart.wait_for("executed successfully")
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox"]
                )
                page = browser.new_page(viewport=SIZE, device_scale_factor=1, locale="en-GB")
                log_in(page, url, user, password)
                take(page, url)
        finally:
            quickstart.clean_up()


def log_in(page: Page, url: str, user: str, password: str) -> None:
    """As the quick start's user."""
    page.goto(url)
    page.fill("#id_username", user)
    page.fill("#id_password", password)
    page.click("[type=submit]")
    page.wait_for_selector("#content-main")


def take(page: Page, url: str) -> None:
    """The list of executions, and one of them."""
    page.goto(f"{url}countjobs/execution/")
    page.click("#toggle-nav-sidebar")  # stays closed on the pages that follow
    page.screenshot(path=HERE / "executions.png", full_page=True)
    page.click("#result_list tbody tr:nth-child(2) th a")
    page.wait_for_selector("#content-main .readonly")
    page.screenshot(path=HERE / "execution.png", full_page=True)


if __name__ == "__main__":
    main()
