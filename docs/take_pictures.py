"""Take the documentation's pictures anew: `.venv/bin/python -m docs.take_pictures`.

It starts a quick start of its own, on a new database, gives it a past (`docs/picture_past.py`), and
looks at its pages with the system's Chromium, light and dark.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import FloatRect, Page, ViewportSize, sync_playwright

from tests.support.lacking import CHROMIUM
from tests.support.quickstarts import ROOT, QuickStart

HERE = Path(__file__).resolve().parent
SIZE: ViewportSize = {"width": 1400, "height": 600}
RUNS = 3
RAN = "executed successfully"
_MARGIN = 60
"""Pixels above what a picture ends before."""

SCHEMES: dict[Literal["light", "dark"], str] = {"light": "", "dark": "-dark"}
"""Colour schemes, and how the names of their files end."""

EDITED = "nightly close"
"""The definition whose page is shown."""


def main() -> None:
    """Take all of them."""
    with tempfile.TemporaryDirectory() as directory:
        database = Path(directory) / "db.sqlite3"
        quickstart = QuickStart(database, "project.settings")
        try:
            url, user, password = map(quickstart.value, ("Address", "User", "Password"))
            quickstart.wait_for(RAN)
            fill(database)
            for _ in range(RUNS):
                quickstart.wait_for(RAN)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=CHROMIUM, args=["--no-sandbox"]
                )
                page = browser.new_page(viewport=SIZE, device_scale_factor=1, locale="en-GB")
                log_in(page, url, user, password)
                take_all(page, f"{url}countjobs/")
                browser.close()
        finally:
            quickstart.clean_up()


def fill(database: Path) -> None:
    """Give the quick start's database a past, in a process that has its settings."""
    subprocess.run(  # noqa: S603  # nothing of it comes from outside
        [
            *(sys.executable, "manage.py", "shell", "--no-imports"),
            *("-c", "from docs.picture_past import fill; fill()"),
        ],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": f"sqlite:///{database}"},
        check=True,
    )


def log_in(page: Page, url: str, user: str, password: str) -> None:
    """As the quick start's user. The side bar stays closed on the pages that follow."""
    page.goto(url)
    page.fill("#id_username", user)
    page.fill("#id_password", password)
    page.click("[type=submit]")
    page.goto(f"{url}countjobs/execution/")
    page.click("#toggle-nav-sidebar")


def take_all(page: Page, app: str) -> None:
    """Every page that is shown."""
    page.goto(f"{app}countjob/")
    page.wait_for_selector("#result_list")
    take(page, "definitions")
    page.get_by_role("link", name=EDITED, exact=True).click()
    page.wait_for_selector(".countjobs-preview table")
    take(page, "definition", until=".field-timezone")
    run_now(page)
    show_a_function(page, f"{app}functionjob/add/")
    page.goto(f"{app}execution/overview/")
    page.wait_for_selector("#countjobs-outcomes")
    take(page, "overview")
    page.goto(f"{app}execution/")
    page.wait_for_selector("#result_list")
    take(page, "executions", height=700)
    page.goto(f"{app}execution/?status__exact=succeeded&trigger__exact=schedule&q=count+three")
    page.click("#result_list tbody tr:nth-child(2) th a")
    page.wait_for_selector("#content-main .readonly")
    take(page, "execution")


def show_a_function(page: Page, url: str) -> None:
    """The form of a new function job, with the inputs of an example."""
    page.goto(url)
    page.fill("#id_name", "greet the administrator")
    page.select_option("#id_function", "project.jobs.greet")
    page.get_by_label("Language").wait_for()
    page.locator(".countjobs-argument .select2-selection").click()
    page.locator(".select2-results__option", has_text="admin").first.click()
    page.locator("[name=arguments-words_text]").first.fill("The sums agree.")
    take(page, "function", until=".field-crontab_line")


def run_now(page: Page) -> None:
    """From a definition's page, and wait for its end."""
    page.get_by_role("link", name="Run now…").click()
    page.get_by_role("button", name="Run now").click()
    page.locator("[role=status]", has_text="succeeded").wait_for()


def take(page: Page, name: str, *, height: float = 0, until: str = "") -> None:
    """A picture of a page, or of its upper part, in each colour scheme."""
    box = page.locator(until).first.bounding_box() if until else None
    height = box["y"] - _MARGIN if box else height
    whole: float = page.evaluate("document.documentElement.scrollHeight")
    shown = min(height or whole, whole)
    clip: FloatRect = {"x": 0, "y": 0, "width": SIZE["width"], "height": shown}
    for scheme, suffix in SCHEMES.items():
        page.emulate_media(color_scheme=scheme)
        path = HERE / f"{name}{suffix}.png"
        page.screenshot(path=path, full_page=True, clip=clip, animations="disabled")


if __name__ == "__main__":
    main()
