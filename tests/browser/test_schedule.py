"""A schedule, edited in a real browser: the crontab line, the preview, and both without a script.

Pages come with a strict Content-Security-Policy, and the browser's console must stay empty.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsing.windows import FIRE_TIMES, PHONE, needs_browser, opened

pytestmark = needs_browser

SENTENCE = ".countjobs-sentence"


def test_a_pasted_line_fills_the_fields_and_the_preview_before_anything_is_saved(
    page: Page,
) -> None:
    page.fill("#id_crontab_line", "30 9 * * 1-5 root /usr/bin/backup")
    page.click("text=Fill in the fields")
    expect(page.locator(SENTENCE)).to_have_text("at 09:30, Monday to Friday")
    expect(page.locator("#id_day_of_week")).to_have_value("mon-fri")
    expect(page.locator("#id_crontab_line")).to_have_value("")
    expect(page.locator(".countjobs-crontab [role=status]")).to_contain_text("Nothing is saved yet")
    expect(page.locator(FIRE_TIMES).first).to_contain_text("18:30:00 JST")
    page.fill("#id_name", "pasted")
    page.click("[name=_save]")
    expect(page.locator("#result_list")).to_contain_text("at 09:30, Monday to Friday")


def test_a_refused_line_is_explained_and_changes_nothing(page: Page) -> None:
    page.fill("#id_crontab_line", "0 0 13 * 5")
    page.press("#id_crontab_line", "Enter")
    expect(page.locator(".countjobs-crontab [role=status]")).to_contain_text("0 0 13 * *")
    expect(page.locator("#id_crontab_line")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#id_day")).to_have_value("")
    expect(page.locator(SENTENCE)).to_contain_text("Say when the job runs")


def test_the_preview_follows_what_is_typed(page: Page) -> None:
    page.fill("#id_hour", "25")
    expect(page.locator(SENTENCE)).to_contain_text("“25” is not understood")
    expect(page.locator(FIRE_TIMES)).to_have_count(0)
    page.fill("#id_hour", "5")
    page.fill("#id_minute", "0")
    expect(page.locator(SENTENCE)).to_have_text("at 05:00 every day")
    expect(page.locator(FIRE_TIMES)).to_have_count(10)
    page.fill("#id_timezone", "Asia/Tokyo")
    expect(page.locator(".countjobs-fires th")).to_have_text(["Asia/Tokyo", "from now"])
    page.uncheck("#id_enabled")
    expect(page.locator(SENTENCE)).to_contain_text("It is not enabled")


def test_a_preview_that_can_not_be_loaded_says_so_and_comes_back(page: Page) -> None:
    page.context.route("**/preview/", lambda route: route.fulfill(status=204))
    page.fill("#id_minute", "0")
    expect(page.locator(SENTENCE)).to_have_text("The preview can't be loaded now.")
    page.context.unroute("**/preview/")
    page.fill("#id_minute", "30")
    expect(page.locator(SENTENCE)).to_have_text("at minute 30 of every hour")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_scrolls_sideways(
    scheme: Any, browser: Browser, quickstart: dict[str, str]
) -> None:
    page = opened(browser, quickstart, viewport=PHONE, color_scheme=scheme)
    page.fill("#id_crontab_line", "0 0 13 * 5 " + "x" * 300)
    page.click("text=Fill in the fields")
    expect(page.locator(".countjobs-crontab [role=status]")).to_contain_text("0 0 13 * *")
    page.fill("#id_crontab_line", "0 9 1 * * " + "x" * 300)
    page.click("text=Fill in the fields")
    expect(page.locator(".countjobs-crontab [role=status]")).to_contain_text("is ignored")
    expect(page.locator(FIRE_TIMES)).to_have_count(10)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.context.close()


def test_without_a_script_saving_fills_the_fields_and_saving_again_saves(
    browser: Browser, quickstart: dict[str, str]
) -> None:
    page = opened(browser, quickstart, java_script_enabled=False)
    expect(page.locator("text=Fill in the fields")).to_be_hidden()
    expect(page.locator(FIRE_TIMES)).to_have_count(0)
    page.fill("#id_name", "without")
    page.click("[name=_save]")
    expect(page.locator("#id_hour_error")).to_contain_text("Say when the job runs")
    page.fill("#id_crontab_line", "@weekly")
    page.click("[name=_save]")
    expect(page.locator(".messagelist")).to_contain_text("Nothing is saved yet")
    expect(page.locator("#id_day_of_week")).to_have_value("sun")
    expect(page.locator(SENTENCE)).to_have_text("at 00:00, every Sunday")
    page.click("[name=_continue]")
    expect(page.locator(".messagelist")).to_contain_text("Next run:")
    expect(page.locator(FIRE_TIMES)).to_have_count(10)
    page.context.close()
