"""The overview in a real browser: it renews itself, and stops where it is told to.

The browser's console must stay empty under the project's Content-Security-Policy, here and on every
other page of the site.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from countjobs.models import Execution, SchedulerNode
from countjobs.models.executions import Status
from tests.support.browsing.page_visits import Visits, at_live_server
from tests.support.browsing.windows import PHONE
from tests.support.factories import make_definition, make_execution, make_node
from tests.support.people import user_of

pytestmark = at_live_server

OVERVIEW = "/admin/countjobs/execution/overview/"
LEGEND = ".countjobs-legend"
BANNER = ".countjobs-banner"
STATUS = ".countjobs-refresh [role=status]"
SWITCH = "Update every 10 seconds"


def ends(execution: Execution) -> None:
    Execution.objects.filter(pk=execution.pk).update(
        status=Status.SUCCEEDED, finished_at=timezone.now()
    )


def test_it_renews_itself_when_a_run_ends_until_it_is_switched_off(visits: Visits) -> None:
    make_node(timezone.now())
    run = make_execution(Status.RUNNING, scheduled_at=timezone.now(), started_at=timezone.now())
    visit = visits()
    page = visit.open(OVERVIEW)
    expect(page.locator(LEGEND)).to_contain_text("running, queued 1")
    ends(run)
    visit.expect_renewal()
    expect(page.locator(LEGEND)).to_contain_text("running, queued 0")
    expect(page.locator(LEGEND)).to_contain_text("succeeded 1")

    page.get_by_label(SWITCH).uncheck()
    renewals = visit.renewals
    visit.pass_time(3_600)
    page.reload()
    expect(page.get_by_label(SWITCH)).not_to_be_checked()
    visit.pass_time(3_600)
    assert visit.renewals == renewals
    page.get_by_label(SWITCH).check()
    visit.expect_renewal()


def test_it_asks_for_nothing_while_nobody_looks(visits: Visits) -> None:
    visit = visits()
    page = visit.open(OVERVIEW)
    hide = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true});"
    change = "document.dispatchEvent(new Event('visibilitychange'))"
    page.evaluate((hide % "true") + change)
    visit.pass_time(3_600)
    assert visit.renewals == 0
    with page.expect_response("**/parts/"):
        page.evaluate((hide % "false") + change)
        page.clock.run_for(10)


def test_the_banner_appears_when_the_last_scheduler_stops(visits: Visits) -> None:
    node = make_node(timezone.now() + timedelta(minutes=5))
    visit = visits()
    page = visit.open(OVERVIEW)
    expect(page.locator(BANNER)).to_have_count(0)
    SchedulerNode.objects.filter(pk=node.pk).update(state="stopped")
    visit.expect_renewal()
    expect(page.locator(BANNER)).to_contain_text("No scheduler is alive")
    SchedulerNode.objects.filter(pk=node.pk).update(state="running")
    visit.expect_renewal()
    expect(page.locator(BANNER)).to_have_count(0)


def test_what_was_opened_and_where_the_keyboard_is_stay_as_they_are(visits: Visits) -> None:
    make_definition("mine", due=timezone.now() + timedelta(hours=1))
    make_execution(scheduled_at=timezone.now())
    visit = visits()
    page = visit.open(OVERVIEW)
    page.get_by_text("Show as a table").press("Enter")
    expect(page.locator("#countjobs-outcomes-table table")).to_be_visible()
    make_execution(scheduled_at=timezone.now())
    visit.expect_renewal()
    expect(page.locator(LEGEND)).to_contain_text("succeeded 2")
    expect(page.locator("#countjobs-outcomes-table table")).to_be_visible()
    expect(page.locator("#countjobs-outcomes-table summary")).to_be_focused()
    page.get_by_role("link", name="mine").focus()
    make_execution(scheduled_at=timezone.now())
    visit.expect_renewal()
    expect(page.locator(LEGEND)).to_contain_text("succeeded 3")
    expect(page.get_by_role("link", name="mine")).to_be_focused()


def test_where_it_can_not_be_renewed_it_says_so_and_comes_back(visits: Visits) -> None:
    visit = visits()
    page = visit.open(OVERVIEW)
    page.route("**/parts/", lambda route: route.fulfill(status=204))
    visit.pass_time()
    expect(page.locator(STATUS)).to_have_text("This page can't be updated now.")
    page.unroute("**/parts/")
    visit.expect_renewal()
    expect(page.locator(STATUS)).to_contain_text("Updated at")


def test_without_a_script_there_is_a_link_instead_of_a_switch(visits: Visits) -> None:
    visit = visits(java_script_enabled=False)
    page = visit.open(OVERVIEW)
    expect(page.get_by_label(SWITCH)).to_be_hidden()
    make_execution(scheduled_at=timezone.now())
    page.get_by_role("link", name="Reload").click()
    expect(page.locator(LEGEND)).to_contain_text("succeeded 1")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_but_tables_scrolls_sideways(scheme: str, visits: Visits) -> None:
    name = "x" * 200
    make_node(timezone.now(), host=name)
    make_definition(name, due=timezone.now() + timedelta(hours=1))
    make_execution(Status.FAILED, scheduled_at=timezone.now(), job_name=name)
    page = visits(viewport=PHONE, color_scheme=scheme).open(OVERVIEW)
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_no_page_of_the_site_violates_the_policy(visits: Visits) -> None:
    definition = make_definition("a")
    run = make_execution(job_id=definition.job_id)
    node = make_node()
    somebody = user_of("viewer")
    places: dict[str, list[Any]] = {
        "index": [],
        "app_list": ["countjobs"],
        "password_change": [],
        "auth_user_changelist": [],
        "auth_user_add": [],
        "auth_user_change": [somebody.pk],
        "auth_group_add": [],
        "countjobs_countjob_changelist": [],
        "countjobs_countjob_add": [],
        "countjobs_countjob_change": [definition.pk],
        "countjobs_countjob_history": [definition.pk],
        "countjobs_countjob_delete": [definition.pk],
        "countjobs_execution_changelist": [],
        "countjobs_execution_change": [run.pk],
        "countjobs_schedulernode_changelist": [],
        "countjobs_schedulernode_change": [node.pk],
        "countjobs_parkedjob_changelist": [],
        "countjobs_overview": [],
        "countjobs_running": [],
    }
    visit = visits()
    for place, args in places.items():
        visit.open(reverse(f"admin:{place}", args=args))
        assert not visit.complaints, place


def rows_of(page: Page, name: str) -> list[str]:
    """The words of the rows of one part's table, as they are seen."""
    section = page.locator("section", has=page.locator(f"#countjobs-{name}"))
    rows = section.locator(".countjobs-table >> visible=true").locator("tbody tr")
    return [" ".join(row.split()) for row in rows.all_inner_texts()]


def places_on_the_line(page: Page) -> list[float]:
    """Where the next runs are marked, of a day from left to right."""
    middles = page.get_by_role("img", name="The next runs").evaluate_all(
        """([line]) => [line, ...line.querySelectorAll('.countjobs-mark')].map((each) => {
            const { left, width } = each.getBoundingClientRect();
            return each === line ? [left, width] : [left + width / 2, 0];
        })"""
    )
    (start, width), *marks = middles
    return [(middle - start) / width for middle, _ in marks]


def test_a_person_comes_from_the_index_reads_how_things_stand_and_opens_what_fails(
    visits: Visits,
) -> None:
    page = visits().open("/admin/")
    now = timezone.now()
    node = make_node(now, host="worker", capacity=4)
    make_definition("soon", due=now + timedelta(hours=3, minutes=20, seconds=50))
    make_definition("far off", due=now + timedelta(days=2))
    often = make_definition("often", due=now + timedelta(hours=20, seconds=50))
    for ago, seconds in ((1, 2.5), (2, 0.25), (3, 0.125)):
        due = now - timedelta(minutes=5 * ago)
        begun = due + timedelta(seconds=seconds)
        fields = {"job_id": often.job_id, "job_name": "often"}
        make_execution(Status.FAILED, scheduled_at=due, started_at=begun, **fields)
    due = now - timedelta(hours=1)
    make_execution(Status.RUNNING, scheduled_at=due, started_at=due, node=node.name)

    page.get_by_role("link", name="Overview of schedulers and jobs").click()
    page.wait_for_url(f"**{OVERVIEW}")
    (scheduler,) = rows_of(page, "schedulers")
    assert re.fullmatch(r"✓ alive worker:7 \d.* ago 1 \(4 threads\) 1", scheduler)
    assert [re.sub(r"^\S+ \S+ UTC ", "", row) for row in rows_of(page, "coming")] == [
        "in 3 h 20 min soon",
        "in 20 h 0 min often",
    ]
    assert places_on_the_line(page) == pytest.approx([3.34 / 24, 20 / 24], abs=0.02)
    expect(page.get_by_text("2 jobs will run in the next 24 hours.")).to_be_visible()
    figures = page.locator(".countjobs-figures > div").all_inner_texts()
    assert [" ".join(each.split()) for each in figures] == [
        "runs per second, last minute 0",
        "50 % of runs started within 125 ms",
        "95 % of runs started within 2.5 s",
        "99 % of runs started within 2.5 s",
    ]
    (late,) = rows_of(page, "lateness")
    assert late.startswith("often 2.5 s ✗ failed ")
    (failing,) = rows_of(page, "failing")
    assert failing.startswith("often 3 ✗ failed ")
    table = page.get_by_role("group", name="Failing jobs, last 24 hours")
    table.get_by_role("link", name="3", exact=True).click()
    expect(page.locator("#result_list tbody tr")).to_have_count(3)
    expect(page.locator("#result_list .field-outcome")).to_have_text(["✗ failed"] * 3)
