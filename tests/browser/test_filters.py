"""The definitions' list in a real browser: each filter, and the actions of the menu.

Pages come with a strict Content-Security-Policy, and the browser's console must stay empty.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from countjobs.models.executions import Status
from tests.support.admin_pages import LIST
from tests.support.browsing.windows import needs_browser
from tests.support.factories import make_definition, make_execution

pytestmark = [*needs_browser, pytest.mark.django_db(transaction=True)]

NAMES = "#result_list .field-name"
SAID = ".messagelist"


def click_filter(page: Page, title: str, choice: str) -> None:
    choices = page.locator("#changelist-filter details", has_text=f"By {title}")
    choices.get_by_role("link", name=choice, exact=True).click()


def test_each_filter_shows_only_what_it_says(desk: Page) -> None:
    make_definition("plain")
    make_definition("off", None, enabled=False)
    make_definition("in Tokyo", timezone="Asia/Tokyo")
    make_definition("elsewhere", executor="elsewhere")
    make_execution(Status.FAILED, job_id=make_definition("failing").job_id)
    make_execution(Status.SUCCEEDED, job_id=make_definition("well").job_id)
    everything = ["elsewhere", "failing", "in Tokyo", "off", "plain", "well"]
    for title, choice, names in (
        ("enabled", "No", ["off"]),
        ("last outcome", "failed", ["failing"]),
        ("time zone", "Asia/Tokyo", ["in Tokyo"]),
        ("executor", "threads", everything[1:]),
    ):
        desk.goto(LIST)
        expect(desk.locator(NAMES)).to_have_text(everything)
        click_filter(desk, title, choice)
        expect(desk.locator(NAMES)).to_have_text(names)


def act(page: Page, action: str, *names: str) -> None:
    """Tick definitions, and choose what is done with them."""
    for name in names:
        page.get_by_role("row", name=name).locator(".action-select").check()
    page.select_option("[name=action]", label=action)
    page.click("[name=index]")


def test_the_menu_resumes_what_was_ticked_and_nothing_else(desk: Page) -> None:
    for name in ("first", "second", "third"):
        make_definition(name, None, enabled=False)
    desk.goto(LIST)
    act(desk, "Resume", "first", "third")
    expect(desk.locator(SAID)).to_contain_text("2 definitions were resumed.")
    when = desk.locator("#result_list .field-next_run")
    expect(when.nth(0)).not_to_contain_text("paused")
    expect(when.nth(1)).to_contain_text("paused")
    expect(when.nth(2).locator("time")).to_be_visible()
    expect(desk.locator("[role=switch][aria-checked=true]")).to_have_count(2)


def test_the_menu_makes_a_copy_which_waits_to_be_looked_at(desk: Page) -> None:
    make_definition("nightly", hour="3", count=7)
    make_definition("other")
    desk.goto(LIST)
    act(desk, "Duplicate", "nightly")
    expect(desk.locator(SAID)).to_contain_text("A duplicate was made (not enabled):")
    expect(desk.locator(NAMES)).to_have_text(["nightly", "nightly (copy)", "other"])
    expect(desk.get_by_role("row", name="nightly (copy)")).to_contain_text("paused")
    desk.locator(SAID).get_by_role("link", name="nightly (copy)").click()
    expect(desk.locator("#id_name")).to_have_value("nightly (copy)")
    expect(desk.locator("#id_count")).to_have_value("7")
    expect(desk.locator("#id_enabled")).not_to_be_checked()
