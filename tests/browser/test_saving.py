"""A definition in a real browser: what a save refuses and what comes of it, its runs, its switch.

Pages come with a strict Content-Security-Policy, and the browser's console must stay empty.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from countjobs.jobstores.claims import claim
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status
from tests.support.admin_pages import ADD, LIST, change_url
from tests.support.browsing.windows import needs_browser, press
from tests.support.factories import NOON, SECOND, make_definition, make_execution

pytestmark = [*needs_browser, pytest.mark.django_db(transaction=True)]

ROWS = "#result_list tbody tr"
SAID = ".messagelist"
NEXT = ".field-next_run time"
MINUTE = timedelta(minutes=1)
MESSAGES = "#content ul.errorlist:not(.countjobs-sentence ul)"
"""Those of the form: its preview says what is wrong, too."""
NOT_ENABLED = "It won't run: it is not enabled."


def open_page(page: Page, definition: CountJob) -> None:
    page.goto(change_url(definition))


# --- What a save refuses


def fill(page: Page, **texts: str) -> None:
    for name, text in texts.items():
        page.fill(f"#id_{name}", text)


def expect_refused(page: Page, where: str, words: str, typed: dict[str, str]) -> None:
    """One message in all, at its place; nothing is saved, and nothing that was typed is lost."""
    press(page, "Save")
    expect(page.locator(MESSAGES)).to_have_count(1)
    expect(page.locator(where)).to_contain_text(words)
    for name, text in typed.items():
        expect(page.locator(f"#id_{name}")).to_have_value(text)
    assert not CountJob.objects.exists()


def test_a_save_is_refused_at_the_field_at_fault_until_all_is_mended(desk: Page) -> None:
    typed = {"name": "report", "month": "feb", "day": "30", "timezone": "Asia/Tokio"}
    typed |= {"start_date_0": "2090-05-02", "start_date_1": "09:00:00"}
    typed |= {"end_date_0": "2090-05-01", "end_date_1": "10:00:00"}
    desk.goto(ADD)
    fill(desk, **typed)
    expect_refused(desk, ".field-timezone #id_timezone_error", "no time zone “Asia/Tokio”", typed)
    for mended, where, words in (
        ({"timezone": "Asia/Tokyo"}, ".field-end_date #id_end_date_error", "not be before"),
        ({"end_date_0": "2091-05-01"}, ".errorlist.nonfield", "never runs: no time matches"),
    ):
        fill(desk, **mended)
        typed |= mended
        expect_refused(desk, where, words, typed)
    fill(desk, day="28")
    press(desk, "Save")
    expect(desk.locator(SAID)).to_contain_text("Next run: 2091-02-28 00:00:00 JST")
    expect(desk.locator(f"{ROWS} .field-name")).to_have_text("report")


# --- What is told of its runs


def make_run(definition: CountJob, minutes: int, took: int, status: Any) -> None:
    """A run so many minutes before noon, which took so many seconds."""
    due = NOON - minutes * MINUTE
    make_execution(
        status,
        job_id=definition.job_id,
        job_name=definition.name,
        scheduled_at=due,
        started_at=due,
        finished_at=due + took * SECOND,
    )


def heights(bars: Locator) -> list[int]:
    boxes = [bar.bounding_box() for bar in bars.all()]
    return [round(box["height"]) for box in boxes if box]


def test_a_person_sees_how_a_job_ran_and_opens_the_history_of_it_alone(desk: Page) -> None:
    nightly, other = make_definition("nightly"), make_definition("other")
    make_run(nightly, 4, 4, Status.SUCCEEDED)
    make_run(nightly, 3, 2, Status.SUCCEEDED)
    make_run(nightly, 2, 1, Status.SUCCEEDED)
    make_run(nightly, 1, 2, Status.FAILED)
    make_run(other, 0, 9, Status.FAILED)
    open_page(desk, nightly)
    expect(desk.locator(".field-success")).to_contain_text("75.0 % of 4 runs")
    last = desk.locator(".countjobs-recent tbody tr")
    expect(last).to_have_count(4)
    newest = ["✗ failed", "2026-03-04 11:59:00 UTC", "0 ms", "2.0 s", "by hand"]
    expect(last.first.locator("td")).to_have_text(newest)
    bars = desk.locator("svg.countjobs-durations .countjobs-bar > rect:first-of-type")
    longest, *shorter = heights(bars)
    assert [round(longest / height) for height in shorter] == [2, 4, 2]

    desk.get_by_role("link", name="All runs of this job").click()
    names = desk.locator(f"{ROWS} .field-job_name")
    expect(names).to_have_text(["nightly"] * 4)
    desk.go_back()
    desk.locator(".field-success").get_by_role("link", name="failed 1").click()
    expect(names).to_have_text(["nightly"])
    expect(desk.locator(f"{ROWS} .field-outcome")).to_contain_text("failed")


# --- Why it won't run, and what enabling brings


def next_run_shown(page: Page) -> datetime:
    return datetime.fromisoformat(page.locator(NEXT).get_attribute("datetime") or "")


def names_filed_by_a_scheduler() -> list[str]:
    """Of whom a scheduler files runs now; it never fails to find one that is due."""
    make_definition("due", due=timezone.now() - MINUTE)
    claim(timezone.now(), limit=100, node="here:1:11111111", busy={})
    return list(Execution.objects.values_list("job_name", flat=True))


def test_one_that_is_not_enabled_says_so_and_enabling_it_fires_nothing_of_the_past(
    desk: Page,
) -> None:
    later = timezone.now() + timedelta(hours=12)
    schedule = {"hour": str(later.hour), "start_date": NOON - timedelta(days=999)}
    daily = make_definition("daily", None, enabled=False, coalesce=False, **schedule)
    open_page(desk, daily)
    expect(desk.locator(".field-next_run")).to_contain_text("paused")
    expect(desk.locator(".countjobs-sentence")).to_contain_text("It is not enabled")
    press(desk, "Save and continue editing")
    expect(desk.locator(SAID)).to_contain_text(NOT_ENABLED)
    desk.check("#id_enabled")
    press(desk, "Save and continue editing")
    expect(desk.locator(SAID)).to_contain_text("Next run: ")
    assert timezone.now() < next_run_shown(desk) < timezone.now() + timedelta(hours=13)
    assert names_filed_by_a_scheduler() == ["due"]
    desk.get_by_role("link", name="All runs of this job").click()
    expect(desk.locator(".paginator")).to_contain_text("0 runs")


def test_one_that_has_ended_says_so_until_its_end_is_taken_away(desk: Page) -> None:
    ended = make_definition("ended", None, enabled=False, end_date=NOON)
    open_page(desk, ended)
    press(desk, "Resume")
    expect(desk.locator(SAID)).to_contain_text("It won't run: its schedule has ended.")
    expect(desk.locator(".field-next_run")).to_contain_text("ended")
    press(desk, "Save and continue editing")
    expect(desk.locator(SAID)).to_contain_text("It won't run: its schedule has ended.")
    fill(desk, end_date_0="2020-03-04")
    press(desk, "Save and continue editing")
    expect(desk.locator("#id_end_date_error")).to_contain_text("Change it, or disable")
    fill(desk, end_date_0="", end_date_1="")
    press(desk, "Save and continue editing")
    expect(desk.locator(SAID)).to_contain_text("Next run: ")
    assert next_run_shown(desk) > timezone.now() - MINUTE


# --- Copied, paused and resumed; and what is remembered of it


def test_saved_as_new_there_are_two_and_the_first_stays_as_it_was(desk: Page) -> None:
    open_page(desk, make_definition("nightly", hour="3", minute="0"))
    fill(desk, hour="4")
    press(desk, "Save as new")
    expect(desk.locator(SAID)).to_contain_text("Next run: ")
    expect(desk.locator("#id_name")).to_have_value("nightly (copy)")
    desk.goto(LIST)
    expect(desk.locator(f"{ROWS} .field-name")).to_have_text(["nightly", "nightly (copy)"])
    schedules = desk.locator(f"{ROWS} .field-schedule")
    expect(schedules).to_have_text(["at 03:00 every day", "at 04:00 every day"])


def test_pause_and_resume_say_who_and_when_and_the_history_remembers_what_was_changed(
    desk: Page,
) -> None:
    nightly = make_definition("nightly", hour="3", timezone="Asia/Tokyo")
    open_page(desk, nightly)
    before = timezone.now().replace(microsecond=0)
    press(desk, "Pause")
    expect(desk.locator(SAID)).to_contain_text("was paused.")
    expect(desk.locator(".field-next_run")).to_contain_text("paused")
    paused = desk.locator(".field-paused")
    expect(paused).to_contain_text("by superuser on ")
    expect(paused).to_contain_text(" JST")
    when = datetime.fromisoformat(paused.locator("time").get_attribute("datetime") or "")
    assert before <= when <= timezone.now()
    press(desk, "Resume")
    expect(desk.locator(SAID)).to_contain_text("Next run: ")
    expect(paused).to_have_count(0)
    expect(desk.locator(NEXT)).to_contain_text(" JST")

    fill(desk, hour="4")
    press(desk, "Save and continue editing")
    desk.get_by_role("link", name="History").click()
    changes = desk.locator("#change-history tbody tr")
    expect(changes).to_have_count(3)
    for number, what in enumerate(("Enabled", "Enabled", "Hour")):
        expect(changes.nth(number)).to_contain_text(f"Changed {what}.", ignore_case=True)
        expect(changes.nth(number)).to_contain_text("superuser")
