"""The main job, done in a real browser as a person does it, on a quick start of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browsing.windows import (
    PATIENCE_SECONDS,
    chromium,
    log_in,
    needs_browser,
    new_window,
)
from tests.support.quickstarts import QuickStart, quickstart_in

pytestmark = needs_browser


@pytest.fixture
def quickstart(tmp_path: Path) -> Iterator[QuickStart]:
    with quickstart_in(tmp_path) as started:
        yield started


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as browser:
        yield new_window(browser).new_page()


def newest_output(page: Page, admin: str) -> str:
    """The output of the newest run that has succeeded; empty before there is one."""
    page.goto(f"{admin}countjobs/execution/?status__exact=succeeded")
    rows = page.locator("#result_list tbody tr")
    if not rows.count():
        return ""
    rows.first.locator("th a").click()
    return page.locator("pre").first.inner_text()


def wait_for_output(page: Page, admin: str, words: str) -> str:
    """The same, once it has these words: a run or two are waited for."""
    for _ in range(PATIENCE_SECONDS):
        output = newest_output(page, admin)
        if words in output:
            return output
        page.wait_for_timeout(1_000)
    raise AssertionError(f"no run said {words!r}")


def test_a_person_sees_the_example_count_edits_it_and_pauses_it(
    quickstart: QuickStart, page: Page
) -> None:
    site = quickstart.greeting()
    admin = site["Address"]
    log_in(page, site)
    quickstart.wait_for("executed successfully")

    lines = wait_for_output(page, admin, "count finished").splitlines()
    assert lines[:3] == ["0", "1", "2"]
    said = [re.sub(r"^[-\d]+ [:\d]+ INFO ", "", line) for line in lines[3:]]
    assert said == [
        "3 count finished.",
        "one, one count.",
        "two, two count.",
        "three, three count.",
    ]
    due = page.locator(".field-scheduled .readonly").inner_text()
    assert re.search(r":[0-5][05] ", due)

    page.goto(f"{admin}countjobs/countjob/")
    page.get_by_role("link", name="count three").click()
    row = page.locator(".countjobs-rows li").first
    row.locator("input").fill("four")
    row.locator("textarea").fill("four count.")
    page.fill("#id_second", "*/2")
    page.click("[name=_save]")
    expect(page.locator(".messagelist")).to_contain_text("Next run:")
    assert "four, four count." in wait_for_output(page, admin, "four")

    page.goto(f"{admin}countjobs/countjob/")
    page.check("#action-toggle")
    page.select_option("[name=action]", label="Pause")
    page.click("[name=index]")
    expect(page.locator("#result_list")).to_contain_text("paused")
