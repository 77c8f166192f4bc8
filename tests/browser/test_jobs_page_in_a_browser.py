"""The page “Jobs” in a real browser: what people do with many jobs of many kinds, in a few clicks.

Pages come with a strict Content-Security-Policy, and the browser's console must stay empty.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from countjobs import job
from countjobs.functions.registry import Registry
from countjobs.models import CommandJob, CountJob, FunctionJob
from countjobs.models.executions import Status
from tests.app.models import Gate, Greeting
from tests.support.all_jobs import FUNCTION, JOBS, define, enabled, requested
from tests.support.browsing.windows import PHONE, needs_browser, window_of, without_complaints
from tests.support.factories import execution_of
from tests.support.looking import look, settle, violations
from tests.support.people import client_of
from tests.support.shop_functions import rest

pytestmark = [*needs_browser, pytest.mark.django_db(transaction=True)]

KINDS: tuple[Any, ...] = (CountJob, FunctionJob, CommandJob, Greeting, Gate)
MOST_CLICKS = 4
GROUPS = ("billing", "mail", "nightly", "reports")
SAID = ".messagelist"
ROWS = "#result_list tbody tr"


@pytest.fixture(autouse=True)
def _many_jobs(transactional_db: None, isolated_registry: Registry) -> None:
    """40 definitions of five kinds in four groups; some have failed."""
    job(name=FUNCTION)(rest)
    now = timezone.now()
    for number in range(40):
        group = GROUPS[number % len(GROUPS)]
        definition = define(f"{group} {number:02}", KINDS[number % len(KINDS)], group=group)
        for minute in range({7: 3, 18: 9, 33: 5}.get(number, 0)):
            at = now - timedelta(minutes=minute + 1)
            times = {"scheduled_at": at, "started_at": at, "finished_at": at}
            execution_of(definition, Status.FAILED, **times)


class Person:
    """Somebody at the index of the admin, whose clicks are counted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0
        page.goto("/admin/")

    def click(self, what: Locator | str) -> None:
        self.clicks += 1
        (self.page.locator(what) if isinstance(what, str) else what).click()

    def open_jobs(self) -> None:
        self.click(self.page.get_by_role("link", name="Jobs", exact=True).first)
        expect(self.page.locator(ROWS)).to_have_count(40)


@pytest.fixture
def person(desk: Page) -> Person:
    return Person(desk)


def row(page: Page, name: str) -> Locator:
    return page.locator(ROWS, has=page.get_by_role("link", name=name, exact=True))


def in_group(group: str) -> list[str]:
    return [name for name in enabled() if name.startswith(group)]


def tab_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Press the key until the focus is there."""
    for _ in range(600):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} does not lead to {target}")


def test_the_job_with_most_failures_of_the_last_day_is_found(person: Person) -> None:
    page = person.page
    person.open_jobs()
    person.click(page.get_by_role("link", name="Failures in 24 h"))
    expect(page.locator(ROWS).first.locator(".field-failures")).to_have_text("9")
    expect(page.locator(f"{ROWS} .field-name a").nth(0)).to_have_text("nightly 18")
    expect(page.locator(f"{ROWS} .field-name a").nth(1)).to_have_text("mail 33")
    person.click(page.locator(ROWS).first.locator(".field-failures a"))
    expect(page.locator(ROWS)).to_have_count(9)
    assert person.clicks <= MOST_CLICKS


def test_a_group_is_paused(person: Person) -> None:
    page = person.page
    person.open_jobs()
    person.click(page.locator(".field-group a", has_text="mail").first)
    expect(page.locator(ROWS)).to_have_count(10)
    person.click(page.get_by_label("all 10 definitions that match"))
    person.click(page.get_by_role("button", name="Pause", exact=True))
    expect(page.locator(SAID)).to_contain_text("10 definitions were paused.")
    assert person.clicks <= MOST_CLICKS
    assert (len(enabled()), in_group("mail")) == (30, [])


def test_three_jobs_of_different_kinds_are_run(person: Person) -> None:
    page = person.page
    person.open_jobs()
    for name in ("billing 00", "mail 01", "nightly 02"):
        person.click(row(page, name).get_by_role("button", name=f"Run {name} now"))
        expect(page.locator(SAID)).to_contain_text(f"Run requested: {name}")
    assert person.clicks <= MOST_CLICKS
    assert requested() == ["billing 00", "mail 01", "nightly 02"]


def test_all_are_exported_in_one_file_and_imported_elsewhere(
    person: Person, tmp_path: Path
) -> None:
    page = person.page
    person.open_jobs()
    with page.expect_download() as download:
        person.click(page.get_by_role("button", name="Export all"))
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert person.clicks <= MOST_CLICKS
    before = enabled()
    for kind in KINDS:
        kind.objects.all().delete()
    assert enabled() == []

    person = Person(page)
    person.click(page.get_by_role("link", name="Jobs", exact=True).first)
    person.click(page.locator(".object-tools").get_by_role("link", name="Import"))
    page.set_input_files("#id_file", file)
    person.click("text=Show what would change")
    person.click("text=Import 40 definitions")
    expect(page.locator(SAID)).to_contain_text("Imported: 40 added.")
    assert person.clicks <= MOST_CLICKS
    assert enabled() == before


def test_with_the_keyboard_alone_a_group_is_paused_and_a_job_is_run(person: Person) -> None:
    page = person.page
    tab_to(page, page.get_by_role("link", name="Jobs", exact=True).first)
    page.keyboard.press("Enter")
    expect(page.locator(ROWS)).to_have_count(40)
    tab_to(page, page.locator(".field-group a").first)
    page.keyboard.press("Enter")
    expect(page.locator(ROWS)).to_have_count(10)
    tab_to(page, page.get_by_label("all 10 definitions that match"))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_role("button", name="Pause", exact=True), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator(SAID)).to_contain_text("10 definitions were paused.")
    assert in_group("billing") == []
    tab_to(page, page.get_by_role("button", name="Run billing 04 now"))
    page.keyboard.press("Space")
    expect(page.locator(SAID)).to_contain_text("Run requested: billing 04")
    assert requested() == ["billing 04"]


def test_enter_in_a_tick_presses_no_button(person: Person) -> None:
    page = person.page
    person.open_jobs()
    for box in (page.get_by_label("Select billing 00"), page.get_by_label("all 40 definitions")):
        box.check()
        box.press("Enter")
    page.wait_for_timeout(300)
    expect(page.get_by_label("Select billing 00")).to_be_checked()
    assert (requested(), len(enabled())) == ([], 40)
    assert page.url.endswith(JOBS)


def test_a_filter_is_opened_and_chosen_with_the_keyboard(person: Person) -> None:
    page = person.page
    page.goto(JOBS)
    filters = page.get_by_role("navigation", name="Filter")
    tab_to(page, filters.locator("summary", has_text="Kind"))
    page.keyboard.press("Enter")
    tab_to(page, filters.get_by_role("link", name="Greeting", exact=True))
    page.keyboard.press("Enter")
    expect(page.locator(ROWS)).to_have_count(8)
    assert Greeting._default_manager.count() == 8


def test_a_switch_works_in_place(person: Person) -> None:
    page = person.page
    page.goto(f"{JOBS}?group=mail")
    switch = row(page, "mail 01").get_by_role("switch")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(page.locator(".countjobs-said")).to_contain_text("was paused")
    expect(row(page, "mail 01").locator(".field-next_run")).to_contain_text("paused")
    assert page.url.endswith(f"{JOBS}?group=mail")
    assert "mail 01" not in enabled()


def test_on_a_phone_a_group_is_paused_and_nothing_scrolls_sideways(person: Person) -> None:
    page = person.page
    page.set_viewport_size(PHONE)
    person.open_jobs()
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert look(page, "sideways") + look(page, "overlaps") == []
    person.click(page.locator(".field-group a", has_text="reports").first)
    expect(page.locator(ROWS)).to_have_count(10)
    person.click(page.get_by_label("all 10 definitions that match"))
    person.click(page.get_by_role("button", name="Pause", exact=True))
    expect(page.locator(SAID)).to_contain_text("10 definitions were paused.")
    assert person.clicks <= MOST_CLICKS
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert in_group("reports") == []


def test_axe_core_finds_no_violation(person: Person) -> None:
    person.open_jobs()
    assert violations(person.page) == []
    person.page.locator("nav summary").first.click()
    assert violations(person.page) == []


def test_without_a_script_a_group_is_paused_and_a_switch_comes_back(
    browser_here: Browser, live_server: LiveServer
) -> None:
    client = client_of("superuser")
    window = window_of(client, browser_here, live_server.url, java_script_enabled=False)
    with without_complaints(window):
        person = Person(window.new_page())
        page = person.page
        person.open_jobs()
        person.click(page.locator(".field-group a", has_text="mail").first)
        person.click(page.get_by_label("all 10 definitions that match"))
        person.click(page.get_by_role("button", name="Pause", exact=True))
        expect(page.locator(SAID)).to_contain_text("10 definitions were paused.")
        assert person.clicks <= MOST_CLICKS
        assert in_group("mail") == []
        address = page.url
        row(page, "mail 05").get_by_role("switch").click()
        expect(page.locator(SAID)).to_contain_text("“mail 05” was resumed.")
        assert (page.url, in_group("mail")) == (address, ["mail 05"])
    assert CountJob.objects.filter(name="mail 05", enabled=True).exists()
