"""The three types of schedule in a real browser: tabs by mouse and keys, and without a script.

Pages come with a strict Content-Security-Policy, and the browser's console must stay empty.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django_apscheduler.models import DjangoJob
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from countjobs.models import CountJob
from tests.support.admin_pages import ADD, change_url
from tests.support.browsing.windows import (
    FIRE_TIMES,
    PHONE,
    needs_browser,
    window_of,
    without_complaints,
)
from tests.support.looking import violations
from tests.support.people import client_of

pytestmark = [*needs_browser, pytest.mark.django_db(transaction=True)]

SENTENCE = ".countjobs-sentence"
FIELDS = {
    "cron": ("#id_crontab_line", "#id_hour", "#id_second"),
    "interval": ("#id_every_0", "#id_every_1"),
    "once": ("#id_run_at_0", "#id_run_at_1"),
}
LATER = datetime(2199, 12, 24, 18, tzinfo=UTC)


@pytest.fixture
def page(desk: Page) -> Page:
    """The page to add a count job."""
    desk.goto(ADD)
    return desk


def tab(page: Page, name: str) -> None:
    page.locator("#id_schedule_type label", has_text=name).click()


def expect_only(page: Page, chosen: str) -> None:
    """Of the types' fields just those of this one are shown."""
    expect(page.locator(f"[name=schedule_type][value={chosen}]")).to_be_checked()
    for name, fields in FIELDS.items():
        for each in fields:
            expect(page.locator(each)).to_be_visible(visible=name == chosen)
    expect(page.locator("#id_start_date_0")).to_be_visible(visible=chosen != "once")


def test_a_tab_shows_just_its_fields_by_mouse(page: Page) -> None:
    expect_only(page, "cron")
    for name in ("interval", "once", "cron"):
        tab(page, name)
        expect_only(page, name)
        assert violations(page) == []


def test_a_tab_shows_just_its_fields_by_the_arrow_keys(page: Page) -> None:
    page.focus("[name=schedule_type][value=cron]")
    for key, name in (
        *(("ArrowRight", "interval"), ("ArrowRight", "once"), ("ArrowRight", "cron")),
        *(("ArrowLeft", "once"), ("ArrowUp", "interval"), ("ArrowDown", "once")),
    ):
        page.keyboard.press(key)
        expect_only(page, name)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "run_at_0"


def test_the_preview_follows_and_an_interval_is_saved(page: Page) -> None:
    page.fill("#id_name", "often")
    tab(page, "interval")
    page.fill("#id_every_0", "90")
    expect(page.locator(SENTENCE)).to_contain_text("90 minutes")
    expect(page.locator(FIRE_TIMES)).to_have_count(10)
    page.select_option("#id_every_1", label="seconds")
    expect(page.locator(SENTENCE)).to_contain_text("90 seconds")
    page.click("[name=_save]")
    expect(page.locator(".messagelist")).to_contain_text("Next run:")
    definition = CountJob.objects.get()
    assert (definition.schedule_type, definition.every) == ("interval", 90)


def test_a_single_moment_is_previewed_and_saved(page: Page) -> None:
    page.fill("#id_name", "one day")
    tab(page, "once")
    page.fill("#id_run_at_0", "2199-12-24")
    page.fill("#id_run_at_1", "18:00")
    expect(page.locator(FIRE_TIMES)).to_have_count(1)
    expect(page.locator(SENTENCE)).to_contain_text("2199-12-24")
    page.click("[name=_save]")
    expect(page.locator(".messagelist")).to_contain_text("Next run: 2199-12-24")
    definition = CountJob.objects.get()
    assert (definition.schedule_type, definition.run_at) == ("once", LATER)


def test_what_is_missing_is_said_at_its_field_on_its_tab(page: Page) -> None:
    page.fill("#id_name", "nothing")
    tab(page, "interval")
    page.click("[name=_save]")
    expect(page.locator(".field-every .errorlist")).to_contain_text("Say how long the interval is")
    expect_only(page, "interval")
    assert violations(page) == []


def test_a_pasted_line_chooses_the_cron_tab(page: Page) -> None:
    # What is typed there stays when another tab is chosen.
    page.fill("#id_crontab_line", "30 9 * * 1-5")
    tab(page, "interval")
    tab(page, "cron fields")
    page.click("text=Fill in the fields")
    expect(page.locator(SENTENCE)).to_have_text("at 09:30, Monday to Friday")
    expect_only(page, "cron")


def test_on_a_phone_every_tab_is_in_sight_and_nothing_scrolls_sideways(page: Page) -> None:
    page.set_viewport_size(PHONE)
    for name in FIELDS:
        tab(page, name)
        expect_only(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_without_a_script_the_tabs_work_and_all_types_are_saved(
    browser_here: Browser, live_server: LiveServer
) -> None:
    client = client_of("superuser")
    window = window_of(client, browser_here, live_server.url, java_script_enabled=False)
    with without_complaints(window):
        page = window.new_page()
        for name, values in (
            ("cron", {"#id_hour": "5"}),
            ("interval", {"#id_every_0": "5"}),
            ("once", {"#id_run_at_0": "2199-12-24", "#id_run_at_1": "18:00"}),
        ):
            page.goto(ADD)
            tab(page, name)
            expect_only(page, name)
            page.fill("#id_name", name)
            for field, value in values.items():
                page.fill(field, value)
            page.click("[name=_save]")
            expect(page.locator(".messagelist")).to_contain_text("Next run:")
        page.goto(ADD)
        tab(page, "cron")
        page.fill("#id_name", "pasted")
        page.fill("#id_crontab_line", "@weekly")
        tab(page, "interval")
        page.click("[name=_save]")
        expect(page.locator(".messagelist")).to_contain_text("Nothing is saved yet")
        expect_only(page, "cron")
        expect(page.locator("#id_day_of_week")).to_have_value("sun")
    types = dict(CountJob.objects.values_list("name", "schedule_type"))
    assert types == {name: name for name in FIELDS}


def test_one_that_has_ended_is_given_another_moment(desk: Page) -> None:
    before = LATER - timedelta(days=365 * 190)
    over = CountJob.objects.create(name="over", schedule_type="once", run_at=before)
    DjangoJob.objects.filter(id=over.job_id).update(next_run_time=None)
    desk.goto(change_url(over))
    expect_only(desk, "once")
    assert violations(desk) == []
    moment = desk.get_by_label("Run again at")
    moment.fill("2199-12-24T18:00:00")
    desk.get_by_role("button", name="Run again").click()
    expect(desk.locator(".messagelist")).to_contain_text("Next run: 2199-12-24")
    expect(desk.get_by_label("Run again at")).to_have_count(0)
    over.refresh_from_db()
    assert over.run_at == LATER
