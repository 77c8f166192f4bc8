"""The definitions' list in a real browser: the switch by mouse, by keyboard and without a script.

Pages come with a strict Content-Security-Policy, and the browser's console must stay empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import django
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsing.windows import (
    PATIENCE_SECONDS,
    needs_browser,
    opened,
    without_complaints,
)

pytestmark = needs_browser

SWITCH = "[role=switch]"
NEXT = ".field-next_run"
STRIP = "svg.countjobs-strip"


def listed(browser: Browser, quickstart: dict[str, str], query: str = "", **options: Any) -> Page:
    """The list, in a window of its own."""
    page = opened(browser, quickstart, **options)
    page.goto(f"{quickstart['Address']}countjobs/countjob/{query}")
    return page


@pytest.fixture
def page(browser: Browser, quickstart: dict[str, str]) -> Iterator[Page]:
    page = listed(browser, quickstart)
    with without_complaints(page.context):
        page.reload()
        yield page


def test_a_person_switches_one_off_and_on_and_stays_where_they_are(page: Page) -> None:
    page.evaluate("window.untouched = true")
    page.click(SWITCH)
    expect(page.locator(SWITCH)).to_have_attribute("aria-checked", "false")
    expect(page.locator(NEXT)).to_contain_text("paused")
    expect(page.locator(".countjobs-said")).to_contain_text("was paused")
    page.focus(SWITCH)
    page.keyboard.press("Space")
    expect(page.locator(SWITCH)).to_have_attribute("aria-checked", "true")
    expect(page.locator(".countjobs-said")).to_contain_text("Next run:")
    expect(page.locator(NEXT)).not_to_contain_text("paused")
    expect(page.locator(SWITCH)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(SWITCH)).to_have_attribute("aria-checked", "false")
    assert page.evaluate("window.untouched")
    page.reload()
    expect(page.get_by_role("switch", name="count three is enabled")).not_to_be_checked()
    page.click(SWITCH)
    expect(page.locator(SWITCH)).to_have_attribute("aria-checked", "true")


def test_a_switch_that_can_not_be_turned_says_so_and_stays(page: Page) -> None:
    page.context.route("**/enabled/", lambda route: route.fulfill(status=204))
    page.click(SWITCH)
    expect(page.locator(".countjobs-said")).to_have_text("The switch can't be changed now.")
    expect(page.locator(SWITCH)).to_have_attribute("aria-checked", "true")


def test_a_person_sees_how_the_last_runs_went_and_comes_to_them(page: Page) -> None:
    for _ in range(PATIENCE_SECONDS):
        if page.locator(STRIP).count():
            break
        page.wait_for_timeout(1_000)
        page.reload()
    link = page.get_by_role("link", name="succeeded", exact=False).last
    assert "Last " in (page.locator(STRIP).get_attribute("aria-label") or "")
    link.click()
    expect(page.locator("#result_list")).to_contain_text("count three")


def test_without_a_script_a_switch_is_a_button_and_the_list_comes_back_as_it_was(
    browser: Browser,
    quickstart: dict[str, str],
) -> None:
    page = listed(browser, quickstart, "?q=three", java_script_enabled=False)
    page.click(SWITCH)
    expect(page.locator(".messagelist")).to_contain_text("was paused")
    expect(page.locator(NEXT)).to_contain_text("paused")
    expect(page.locator("#searchbar")).to_have_value("three")
    page.click(SWITCH)
    expect(page.locator(".messagelist")).to_contain_text("Next run:")
    page.context.close()


def test_nothing_is_cut_off_and_on_a_phone_only_the_table_scrolls(page: Page) -> None:
    results = page.locator(".results")
    for width in (1400, 1185, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        hidden = results.evaluate("results => results.scrollWidth - results.clientWidth")
        # The filters of Django 6.1 leave the table less room.
        may_scroll = width == 360 or (width == 1185 and django.VERSION >= (6, 1))
        assert hidden == 0 or may_scroll, width
