"""“Running now” in a real browser: it renews itself, keeps what is ticked, and cancels."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from countjobs.admin.running.views import SECONDS
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status
from tests.support.browsing.page_visits import Visits, at_live_server
from tests.support.browsing.windows import PHONE
from tests.support.factories import execution_of, make_definition, make_node
from tests.support.running_now import RUNNING

pytestmark = at_live_server


def begun(definition: CountJob, name: str) -> Execution:
    now = timezone.now()
    run = execution_of(definition, Status.RUNNING, scheduled_at=now, started_at=now, node="a:1:b")
    Execution.objects.filter(pk=run.pk).update(job_name=name)
    return run


def test_what_ends_goes_and_what_is_ticked_and_focused_stays(visits: Visits) -> None:
    definition = make_definition(due=None)
    first, _second = begun(definition, "first"), begun(definition, "second")
    visit = visits()
    page = visit.open("/admin/countjobs/execution/overview/")
    page.get_by_role("link", name="Running now").click()
    page.wait_for_url(f"**{RUNNING}")
    rows = page.locator("section:has(#countjobs-running) tbody tr")
    expect(rows).to_have_count(2)
    page.get_by_label("Select second").check()
    page.get_by_label("Cancel second").focus()
    Execution.objects.filter(pk=first.pk).update(
        status=Status.SUCCEEDED, finished_at=timezone.now()
    )
    visit.expect_renewal()
    expect(rows).to_have_count(1)
    expect(page.get_by_label("Select second")).to_be_checked()
    expect(page.get_by_label("Cancel second")).to_be_focused()

    page.get_by_label(f"Update every {SECONDS} seconds").uncheck()
    renewals = visit.renewals
    visit.pass_time(3_600)
    assert visit.renewals == renewals


@pytest.mark.parametrize("scripts", [True, False])
def test_one_is_cancelled_by_its_button_and_several_by_their_ticks(
    scripts: bool, visits: Visits
) -> None:
    definition = make_definition(due=None)
    make_node(timezone.now())
    for name in ("first", "second", "third"):
        begun(definition, name)
    execution_of(definition, Status.QUEUED, scheduled_at=timezone.now() - timedelta(seconds=9))
    page = visits(java_script_enabled=scripts).open(RUNNING)
    page.get_by_label("Select third").check()
    page.get_by_role("button", name="Cancel first").click()
    expect(page.locator(".messagelist")).to_have_text("1 run was asked to stop.")
    row = page.locator("tbody tr", has_text="first")
    expect(row).to_contain_text("asked to stop by superuser")
    expect(page.get_by_label("Select third")).not_to_be_checked()
    page.get_by_label("Select second").check()
    page.get_by_label("Select count").check()
    page.get_by_role("button", name="Cancel the selected runs").click()
    said = page.locator(".messagelist li")
    expect(said).to_have_text(["1 run was cancelled.", "1 run was asked to stop."])
    expect(page.locator("section:has(#countjobs-queued)")).to_contain_text("No run is queued.")


@pytest.mark.parametrize("scripts", [True, False])
def test_several_are_cancelled_in_the_list(scripts: bool, visits: Visits) -> None:
    definition = make_definition(due=None)
    for _ in range(3):
        execution_of(definition, Status.QUEUED)
    page = visits(java_script_enabled=scripts).open(
        "/admin/countjobs/execution/?status__exact=queued"
    )
    for number in range(2):
        page.locator("input.action-select").nth(number).check()
    page.select_option("[name=action]", label="Cancel")
    page.click("[name=index]")
    expect(page.locator(".messagelist")).to_have_text("2 runs were cancelled.")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)


def test_on_a_phone_each_row_shows_what_how_long_and_its_cancel(visits: Visits) -> None:
    definition = make_definition("毎日の集計" * 40, due=None)
    run = begun(definition, definition.name)
    Execution.objects.filter(pk=run.pk).update(output="w" * 2_000, progress_done=7)
    page = visits(viewport=PHONE).open(RUNNING)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    row = page.locator("section:has(#countjobs-running) tbody tr")
    for part in (".countjobs-name", ".countjobs-times", ".countjobs-says", ".countjobs-act button"):
        box = row.locator(part).bounding_box()
        assert box is not None, part
        assert 0 <= box["x"] < box["x"] + box["width"] <= 360, part


def test_of_a_long_output_the_last_line_is_in_sight(visits: Visits) -> None:
    run = begun(make_definition(due=None), "talks")
    Execution.objects.filter(pk=run.pk).update(output="a long line " * 40 + "\nthe last line\n")
    page = visits().open(RUNNING)
    below = page.locator(".countjobs-tail").evaluate(
        "each => { const text = document.createRange(); text.selectNodeContents(each);"
        " return text.getBoundingClientRect().bottom - each.getBoundingClientRect().bottom; }"
    )
    assert below <= 0
