"""Pages in a real browser of somebody who may only view: nothing there can be pressed in vain."""

from __future__ import annotations

from django.utils import timezone
from playwright.sync_api import expect

from countjobs.models.executions import Status
from tests.support.browsing.page_visits import Visit, Visits, at_live_server
from tests.support.factories import make_definition, make_execution

pytestmark = at_live_server

JOBS, RUNS = "/admin/countjobs/countjob/", "/admin/countjobs/execution/"
BUTTONS = "#content :is(button, input[type=submit], .object-tools a, a.deletelink):visible"
CHOICES = "[name=action] option"
TYPED = "#content :is(input, textarea, select):visible"
LOOKING = {"Search", "Filter", "Go", "Run", "History", "Running now", ""}
"""What changes nothing of itself: the button beside the actions is “Go” or “Run”, by the release of
Django, and the action without a name is that which isn't chosen yet."""


def acts(visit: Visit, address: str) -> set[str]:
    """What can be done on a page by pressing or choosing, beside looking."""
    page = visit.open(address)
    pressed = page.locator(BUTTONS).evaluate_all(
        "found => found.map(each => each.localName == 'input' ? each.value"
        " : each.getAttribute('aria-label') || each.textContent.trim())"
    )
    chosen = page.locator(CHOICES).evaluate_all("found => found.map(each => each.value)")
    return {*pressed, *chosen} - LOOKING


def test_who_may_only_view_meets_nothing_that_runs_pauses_imports_or_saves(visits: Visits) -> None:
    now = timezone.now()
    definition = make_definition("seen", messages={"one": "the text"})
    ended = make_execution(job_id=definition.job_id, scheduled_at=now)
    waits = make_execution(Status.QUEUED, job_id=definition.job_id, scheduled_at=now)
    page_of_it = f"{JOBS}{definition.pk}/change/"
    editor, viewer = visits(), visits("viewer")
    for address, some in {
        JOBS: {"Import", "Add count job", "seen is enabled", "run_now", "pause", "resume"},
        page_of_it: {"Run now…", "Pause", "Save", "Save as new", "Fill in the fields", "Delete"},
        RUNS: {"cancel"},
        f"{RUNS}{ended.pk}/change/": {"Run again"},
        f"{RUNS}{waits.pk}/change/": {"Cancel run"},
    }.items():
        assert acts(editor, address) >= some, "the words of what is to be missed"
        assert acts(viewer, address) == ({"export"} if address == JOBS else set()), address
    viewer.open(page_of_it)
    expect(viewer.page.locator("#content")).to_contain_text("the text")
    expect(viewer.page.locator(TYPED)).to_have_count(0)
