"""Pages in a language from right to left, in a real browser: times and schedules are as written."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Locator, expect
from pytest_django import Settings

from countjobs.models import CountJob
from tests.support.browsing.page_visits import Visits, at_live_server
from tests.support.factories import make_definition, make_execution

pytestmark = at_live_server

PLACES = """element => {
    const found = [], words = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let text = words.nextNode(); text; text = words.nextNode()) {
        for (const { index } of text.data.matchAll(/\\S/g)) {
            const range = new Range();
            range.setStart(text, index);
            range.setEnd(text, index + 1);
            const { left, top } = range.getBoundingClientRect();
            found.push([Math.round(top), left]);
        }
    }
    return found;
}"""
"""The places of an element's letters, in the order in which they are written."""


def assert_reads_from_left_to_right(element: Locator) -> None:
    places = element.evaluate(PLACES)
    assert len(places) > 1
    assert places == sorted(places), element.inner_text()


def test_times_and_schedules_read_from_left_to_right(visits: Visits, settings: Settings) -> None:
    settings.LANGUAGES = [("he", "Hebrew")]
    now = timezone.now()
    definition = make_definition("sound", due=now + timedelta(hours=1), hour="9-17", minute="*/5")
    make_execution(job_id=definition.job_id, scheduled_at=now)
    broken = make_definition("broken")
    CountJob.objects.filter(pk=broken.pk).update(hour="1-2", minute="*/99")

    page = visits("viewer", locale="he").open("/admin/countjobs/countjob/")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    last_run = page.locator(".field-last_run .countjobs-moment")
    expect(last_run).to_have_count(1)
    assert_reads_from_left_to_right(last_run)
    raw = page.locator(".field-schedule .countjobs-cron")
    expect(raw).to_have_text("* * * * * 1-2 */99 0")
    assert_reads_from_left_to_right(raw)
    page.get_by_role("link", name="sound").click()
    assert_reads_from_left_to_right(page.get_by_text("*/5", exact=True))
    assert_reads_from_left_to_right(page.locator(".field-next_run .countjobs-moment"))
