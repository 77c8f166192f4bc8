"""A real browser, windows in it, and somebody who logs in.

Pages come with a strict Content-Security-Policy: what violates it is said in the browser's console.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests.support.lacking import CHROMIUM

OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE_SECONDS = 45
PHONE: ViewportSize = {"width": 360, "height": 740}
FIRE_TIMES = ".countjobs-fires tbody tr"
"""The rows of a preview; a schedule without an end has ten."""

expect.set_options(timeout=PATIENCE_SECONDS * 1_000)

needs_browser = [pytest.mark.browser]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, while it is needed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


def new_window(browser: Browser, **options: Any) -> BrowserContext:
    """A window of its own, of somebody who reads English unless told otherwise."""
    window = browser.new_context(**{"locale": "en-GB", **options})
    window.set_default_timeout(PATIENCE_SECONDS * 1_000)
    return window


def window_of(client: Client, browser: Browser, site: str, **options: Any) -> BrowserContext:
    """A window of somebody who is logged in at the tests' own site; addresses are those there."""
    window = new_window(browser, base_url=site, **options)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    window.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": site}])
    return window


def log_in(page: Page, site: dict[str, str], path: str = "") -> None:
    """Go to an address of a quick start, as its superuser."""
    page.goto(f"{site['Address']}{path}")
    page.fill("#id_username", site["User"])
    page.fill("#id_password", site["Password"])
    page.click("[type=submit]")


def opened(browser: Browser, site: dict[str, str], **options: Any) -> Page:
    """The page to add a definition, in a window of its own, with somebody from Tokyo before it."""
    page = new_window(browser, timezone_id="Asia/Tokyo", **options).new_page()
    log_in(page, site, "countjobs/countjob/add/")
    page.wait_for_selector("#id_crontab_line")
    return page


@contextmanager
def without_complaints(window: BrowserContext) -> Iterator[None]:
    """Close the window at the end. Until then the consoles of its pages must stay empty."""
    complaints: list[str] = []
    window.on("console", lambda message: complaints.append(message.text))
    window.on("weberror", lambda error: complaints.append(str(error.error)))
    yield
    window.close()
    assert complaints == [], complaints  # in no test module, pytest tells nothing of it


def press(page: Page, name: str) -> None:
    """Press a button that posts, and wait for the page that comes.

    Django's script gives the first field of a new page the focus. What a test typed before that
    would go there.
    """
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()
