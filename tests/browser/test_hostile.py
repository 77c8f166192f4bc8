"""Hostile names and texts in a real browser: they are shown as text, and do nothing."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import expect

from countjobs.models import CountJob, ParkedJob
from countjobs.models.executions import Status
from countjobs.text import storable
from tests.support.browsing.page_visits import Visits, at_live_server
from tests.support.factories import make_definition, make_execution

pytestmark = at_live_server

SCRIPT = "<script>alert(1)</script>"
NAME = f"\x07\x1b[31m\u202e{SCRIPT}\"'><img src=x onerror=alert(2)>"
OUTSIDE = "</pre></textarea></script>" + SCRIPT + "<img src=x onerror=alert(3)>\x1b[2J\u202e"
LONG = OUTSIDE + "x" * 100_000
MARK = "#content :is(script:not([src]), img[src=x])"
"""What would be there if the texts weren't taken for texts."""


def test_hostile_texts_are_shown_as_text_and_do_nothing(visits: Visits) -> None:
    now = timezone.now()
    due = now + timedelta(hours=1)
    job_id = make_definition(NAME, due=due, messages={NAME: OUTSIDE}).job_id
    # Behind the app's back, as what was stored by another release may be longer than this allows.
    CountJob._base_manager.update(messages={NAME: LONG})
    ParkedJob.objects.create(job_id=job_id, error=OUTSIDE, parked_at=now)
    told = {"output": storable(LONG + "\0"), "traceback": LONG, "error": OUTSIDE}
    fields = {"job_id": job_id, "job_name": NAME, "started_at": now, **told}
    make_execution(Status.FAILED, scheduled_at=now, **fields)

    visit = visits()
    visit.page.on("dialog", lambda dialog: visit.complaints.append(f"dialog: {dialog.message}"))

    def is_shown_in(*places: str) -> None:
        for place in places:
            expect(visit.page.locator(place).first).to_contain_text(SCRIPT)
        expect(visit.page.locator(MARK)).to_have_count(0)

    page = visit.open("/admin/countjobs/countjob/")
    is_shown_in(".field-name", ".countjobs-banner bdi")
    page.locator(".field-name a").click()
    is_shown_in("#content h2", ".breadcrumbs", ".field-problem pre")
    expect(page.locator("#id_name")).to_have_value(NAME)
    expect(page.locator(".countjobs-rows textarea").first).to_have_value(LONG)
    page = visit.open("/admin/countjobs/execution/overview/")
    is_shown_in("section:has(#countjobs-failing)", "section:has(#countjobs-coming)")
    page = visit.open("/admin/countjobs/execution/")
    is_shown_in(".field-job_name")
    page.locator(".field-job_name a").click()
    is_shown_in(".field-job bdi", ".field-error_text pre")
    plain = LONG.replace("\x1b[2J", "")  # what only a terminal obeys
    for field, text in {"output": plain + "\\x00", "traceback": LONG}.items():
        assert page.locator(f".field-{field}_text pre").text_content() == text, field
