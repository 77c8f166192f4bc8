"""Runs, followed in a real browser while they go on; run again, cancelled, and found.

Pages come with a strict Content-Security-Policy, and the browser's console must stay empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from countjobs.models.executions import Status, Trigger
from tests.support.browsing.page_visits import Visits
from tests.support.browsing.windows import (
    PHONE,
    log_in,
    needs_browser,
    new_window,
    without_complaints,
)
from tests.support.factories import NOON, SECOND, make_execution
from tests.support.quickstarts import quickstart_in

pytestmark = needs_browser

STATUS = ".countjobs-state [role=status]"
OUTPUT = ".field-output_text pre"
PROGRESS = ".countjobs-progress"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A quick start with one thread, so that a second run waits for the first."""
    directory = tmp_path_factory.mktemp("executions")
    with quickstart_in(directory, "tests.support.browsing.settings") as started:
        yield started.greeting()


@pytest.fixture(scope="module")
def cookies(browser: Browser, site: dict[str, str]) -> Any:
    """What a browser keeps of somebody who has logged in."""
    context = browser.new_context()
    page = context.new_page()
    log_in(page, site)
    page.wait_for_selector("#content-main")
    kept = context.storage_state()
    context.close()
    return kept


@pytest.fixture
def context(browser: Browser, cookies: Any) -> Iterator[BrowserContext]:
    context = new_window(browser, storage_state=cookies)
    with without_complaints(context):
        yield context


def run_now(context: BrowserContext, kind: str, name: str) -> Page:
    """Ask for a run in the list, and go to its page."""
    page = context.new_page()
    page.goto(kind)
    page.locator("#result_list tr", has_text=name).locator("input.action-select").check()
    page.select_option("[name=action]", label="Run now")
    page.click("[name=index]")
    page.locator(".messagelist a").click()
    page.wait_for_selector(STATUS)
    return page


def add_gate(context: BrowserContext, admin: str, file: Path) -> str:
    """A job that goes on until a file is there; its schedule is paused. Returns its list."""
    page = context.new_page()
    page.goto(f"{admin}app/gate/add/")
    page.fill("#id_name", "the gate")
    page.fill("#id_file", str(file))
    page.fill("#id_minute", "*")
    page.uncheck("#id_enabled")
    page.click("[name=_save]")
    page.wait_for_selector("#result_list")
    page.close()
    return f"{admin}app/gate/"


def test_a_run_is_followed_to_its_end_another_is_cancelled_and_the_first_is_run_again(
    context: BrowserContext,
    browser: Browser,
    cookies: Any,
    site: dict[str, str],
    tmp_path: Path,
) -> None:
    admin, file = site["Address"], tmp_path / "end"
    page = run_now(context, add_gate(context, admin, file), "the gate")
    expect(page.locator(STATUS)).to_contain_text("running")
    expect(page.locator(OUTPUT)).to_have_text("begun\n")
    expect(page.locator(PROGRESS)).to_contain_text("1 of 3 (33 %)")
    expect(page.get_by_text("Reload")).to_be_hidden()
    page.evaluate("window.isTheSamePage = true")
    page.locator(OUTPUT).focus()

    without = new_window(browser, storage_state=cookies, java_script_enabled=False)
    plain = without.new_page()
    plain.goto(page.url)
    expect(plain.locator(OUTPUT)).to_have_text("begun\n")
    expect(plain.get_by_role("link", name="Reload")).to_be_visible()
    without.close()

    queued = run_now(context, f"{admin}countjobs/countjob/", "count three")
    expect(queued.locator(STATUS)).to_contain_text("queued")
    queued.click("text=Cancel run")
    expect(queued.locator(".messagelist")).to_contain_text("The run was cancelled.")
    expect(queued.locator(STATUS)).to_contain_text("cancelled")
    expect(queued.locator(".field-error_text")).to_contain_text("Cancelled by")

    Path(f"{file}.half").touch()
    expect(page.locator(OUTPUT)).to_have_text("begun\nhalf\n")
    expect(page.locator(f"{PROGRESS} progress")).to_have_attribute("value", "2")
    expect(page.locator(OUTPUT)).to_be_focused()

    file.touch()
    expect(page.locator(STATUS)).to_contain_text("succeeded")
    expect(page.locator(OUTPUT)).to_have_text("begun\nhalf\nended\n")
    expect(page.locator(PROGRESS)).to_be_empty()
    expect(page.locator(OUTPUT)).to_be_focused()
    assert page.evaluate("window.isTheSamePage")

    first = page.url
    page.click("text=Run again")
    page.wait_for_url(lambda url: url != first)
    expect(page.locator(".messagelist")).to_contain_text("Run requested:")
    expect(page.locator(STATUS)).to_contain_text("succeeded")
    page.click("text=Previous run")
    page.wait_for_url(first)


def test_executions_are_found_by_job_and_date(
    context: BrowserContext, site: dict[str, str]
) -> None:
    page = context.new_page()
    page.goto(f"{site['Address']}countjobs/execution/")
    page.locator("#countjobs-job").press_sequentially("coun")
    expect(page.locator("#countjobs-jobs option")).to_have_attribute("value", "count three")
    page.fill("#countjobs-job", "count three")
    page.press("#countjobs-job", "Enter")
    expect(page.locator("#result_list .field-job_name").first).to_have_text("count three")
    page.fill("#countjobs-to", "2026-01-01")
    page.locator(".countjobs-filter", has=page.locator("#countjobs-to")).locator("button").click()
    expect(page.locator(".paginator")).to_contain_text("0 runs")
    expect(page.locator("#countjobs-job")).to_have_value("count three")
    page.get_by_text("Clear all filters").click()
    expect(page.locator("#countjobs-to")).to_have_value("")


def test_on_a_phone_nothing_scrolls_sideways(
    browser: Browser, cookies: Any, site: dict[str, str]
) -> None:
    context = new_window(browser, storage_state=cookies, viewport=PHONE)
    page = context.new_page()
    page.goto(f"{site['Address']}countjobs/execution/?status__exact=succeeded")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.locator("#result_list tbody th a").first.click()
    page.wait_for_selector(STATUS)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    context.close()


@pytest.mark.django_db(transaction=True)
def test_a_click_on_a_status_or_a_trigger_leaves_only_such_rows(visits: Visits) -> None:
    for number, (status, trigger) in enumerate(product(Status, Trigger)):
        make_execution(status, trigger=trigger, scheduled_at=NOON + number * SECOND)
    page = visits().open("/admin/countjobs/execution/")
    filters, rows = page.locator("#changelist-filter"), page.locator("#result_list tbody tr")
    expect(rows).to_have_count(len(Status) * len(Trigger))
    filters.get_by_role("link", name="failed", exact=True).click()
    expect(rows.locator(".field-outcome")).to_have_text(["✗ failed"] * len(Trigger))
    filters.get_by_role("link", name="by hand", exact=True).click()
    expect(rows).to_have_count(1)
    expect(rows.locator(".field-outcome")).to_have_text("✗ failed")
    expect(rows.locator(".field-cause")).to_have_text("by hand")
    filters.get_by_text("By status").locator("xpath=..").get_by_role("link", name="All").click()
    expect(rows.locator(".field-cause")).to_have_text(["by hand"] * len(Status))
