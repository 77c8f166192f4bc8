"""The page of one definition beside its form: runs in figures, pause and resume, and by whom."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_apscheduler.models import DjangoJob

from countjobs.admin.drawings.durations import MOST_BARS, duration_chart
from countjobs.admin.statistics import MOST, percentiles, statistics_of
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status
from tests.support.admin_pages import change_url
from tests.support.definition_form import form_values
from tests.support.factories import NOON, SECOND, make_execution
from tests.support.people import client_of, user_of
from tests.support.plans import known_to_the_planner

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
HISTORY = "/admin/countjobs/execution/?job_id=countjobs.countjob%3A"


@pytest.fixture
def client() -> Client:
    return client_of("superuser")


@pytest.fixture
def definition() -> CountJob:
    return CountJob.objects.create(name="a", timezone="Asia/Tokyo")


def executed(
    number: int, status: Status = Status.SUCCEEDED, late: float = 0, took: float | None = 1
) -> Execution:
    """An execution, not saved, so many minutes before noon."""
    due = NOON - number * MINUTE
    started = None if took is None else due + late * SECOND
    finished = due if started is None or took is None else started + took * SECOND
    return Execution(
        job_id="code",
        job_name="code",
        status=status,
        scheduled_at=due,
        started_at=started,
        finished_at=finished,
    )


def make_runs(definition: CountJob, count: int, **fields: Any) -> None:
    runs = [executed(number, **fields) for number in range(count)]
    for run in runs:
        run.job_id = definition.job_id
    Execution.objects.bulk_create(runs)


def post(client: Client, definition: CountJob, name: str) -> Any:
    return client.post(reverse(f"admin:countjobs_countjob_{name}", args=[definition.pk]))


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def field(page: str, name: str) -> str:
    """The words at a read-only field."""
    found = re.search(rf'form-row[^"]*field-{name}">(.*?)\n        </div>', page, re.DOTALL)
    assert found, name
    return " ".join(re.sub(r"<[^>]*>", " ", found[1]).split())


# --- Figures


def test_percentiles_are_values_that_were_there() -> None:
    hundred = [number * SECOND for number in range(1, 101)]
    found = percentiles(reversed(hundred))
    assert found is not None
    assert (found.p50, found.p95) == (50 * SECOND, 95 * SECOND)
    one = percentiles([None, SECOND])
    assert one is not None
    assert (one.p50, one.p95) == (SECOND, SECOND)
    assert percentiles([None]) is None


def test_the_success_rate_is_of_runs_that_ended_and_never_rounded_up() -> None:
    runs = [executed(number) for number in range(999)]
    failed = executed(1, Status.FAILED)
    others = [executed(1, Status.MISSED, took=None), executed(1, Status.RUNNING)]
    statistics = statistics_of([*runs, *[failed] * 2, *others])
    assert (statistics.succeeded, statistics.ended) == (999, 1_001)
    assert statistics.success_percent == 99.8
    assert statistics_of(runs).success_percent == 100
    assert statistics_of(others).success_percent is None


def test_how_long_a_lost_run_took_counts_for_nothing() -> None:
    statistics = statistics_of([executed(1, took=2), executed(2, Status.LOST, took=999)])
    assert statistics.durations is not None
    assert statistics.durations.p95 == 2 * SECOND


def test_the_page_tells_the_figures_of_runs(client: Client, definition: CountJob) -> None:
    make_runs(definition, 18, late=0.25, took=2)
    make_execution(Status.FAILED, job_id=definition.job_id, started_at=NOON, finished_at=NOON)
    make_execution(Status.MISSED, job_id=definition.job_id, finished_at=NOON)
    page = client.get(change_url(definition)).content.decode()
    assert "94.7 % of 19 runs" in field(page, "success")
    assert "✗ failed 1 ! missed 1" in field(page, "success")
    assert f"{HISTORY}{definition.pk}&amp;status__exact=failed" in page
    figures = field(page, "figures")
    assert "took 2.0 s 2.0 s late by 250 ms 250 ms" in figures
    assert "Based on the newest 20 runs." in figures
    assert "The longest took 2.0 s." in field(page, "durations")
    assert "21:00:00 JST · ✓ succeeded · 2.0 s" in page


def test_the_last_ten_runs_are_listed_in_the_jobs_zone_with_links(
    client: Client, definition: CountJob
) -> None:
    make_runs(definition, 12, took=2)
    page = client.get(change_url(definition)).content.decode()
    recent = page.split('class="countjobs-recent"')[1]
    assert recent.count("✓") == 10
    assert "21:00:00 JST" in recent
    newest = Execution.objects.newest_of(definition.job_id, 1).get()
    assert reverse("admin:countjobs_execution_change", args=[newest.pk]) in recent


def test_only_the_newest_are_looked_at_and_only_this_jobs(definition: CountJob) -> None:
    make_runs(definition, MOST + 5)
    make_execution(Status.FAILED, scheduled_at=NOON + MINUTE)
    found = list(Execution.objects.newest_of(definition.job_id, MOST))
    assert len(found) == MOST
    assert found[0].scheduled_at == NOON
    assert {run.status for run in found} == {Status.SUCCEEDED}


def test_the_figures_come_from_the_index(definition: CountJob) -> None:
    other = CountJob.objects.create(name="other")
    with known_to_the_planner(Execution):
        make_runs(definition, 500)
        make_runs(other, 5_000)
    plan = Execution.objects.newest_of(definition.job_id, 20).explain()
    assert "countjobs_newest_of_job" in plan


def test_a_job_that_never_ran_tells_nothing_of_runs(client: Client, definition: CountJob) -> None:
    page = client.get(change_url(definition)).content.decode()
    assert "field-figures" not in page


def test_who_may_not_see_executions_is_told_nothing_of_them(definition: CountJob) -> None:
    make_runs(definition, 3)
    user = user_of("editor")
    user.user_permissions.remove(Permission.objects.get(codename="view_execution"))
    client = Client()
    client.force_login(user)
    assert "field-figures" not in client.get(change_url(definition)).content.decode()


def test_the_page_takes_as_many_queries_for_a_long_history_as_for_a_short_one(
    client: Client, definition: CountJob
) -> None:
    counts = []
    client.get(change_url(definition))
    for number in (2, 60, 500):
        Execution.objects.all().delete()
        make_runs(definition, number)
        with CaptureQueriesContext(connection) as captured:
            client.get(change_url(definition))
        counts.append(len(captured))
    assert len(set(counts)) == 1


# --- The drawing


def bars(svg: str) -> list[str]:
    return re.findall(r"<g .*?</g>", svg)


def test_the_drawing_has_a_bar_each_oldest_first_and_the_longest_is_the_highest() -> None:
    svg = duration_chart([executed(1, took=4), executed(2, took=1)], UTC)
    older, newer = bars(svg)
    assert 'height="18.0"' in older
    assert 'height="72.0"' in newer
    assert "2026-03-04 11:59:00 UTC · ✓ succeeded · 4.0 s" in newer


def test_what_did_not_succeed_is_marked_beside_its_colour() -> None:
    well, badly = bars(duration_chart([executed(1, Status.FAILED), executed(2)], UTC))
    assert well.count("<rect") == 1
    assert badly.count("<rect") == 2
    assert "countjobs-failed" in badly
    assert "✗ failed" in badly


def test_the_drawing_is_told_in_words() -> None:
    runs = [executed(1), executed(2, took=3), executed(3, Status.MISSED, took=None)]
    label = re.search(r'role="img" aria-label="([^"]*)"', duration_chart(runs, UTC))
    assert label
    assert "3 are shown, from 1.0 s to 3.0 s; 1 of them did not succeed." in label[1]


@pytest.mark.parametrize(
    "runs",
    [
        [],
        [executed(1, Status.MISSED, took=None)],
        [executed(1, took=0)],
        [executed(1, took=-5), executed(2, took=1e9)],
        [executed(number) for number in range(MOST_BARS + 50)],
    ],
)
def test_any_durations_can_be_drawn(runs: list[Execution]) -> None:
    svg = duration_chart(runs, UTC)
    assert len(bars(svg)) == min(len(runs), MOST_BARS)
    assert not re.search(r'="-|nan|inf', svg)


# --- Pause and resume


def test_pause_says_by_whom_and_when_and_resume_when_it_runs_next(
    client: Client, definition: CountJob
) -> None:
    response = post(client, definition, "pause")
    assert response["Location"] == change_url(definition)
    assert said(response) == [f"“{definition.name}” is paused until it is resumed."]
    assert DjangoJob.objects.get(id=definition.job_id).next_run_time is None
    page = client.get(change_url(definition)).content.decode()
    assert re.search(r"by superuser on \d{4}-\d\d-\d\d \d\d:\d\d:\d\d JST", field(page, "paused"))
    response = post(client, definition, "resume")
    assert any("was resumed. Next run: " in text for text in said(response))
    assert "field-paused" not in client.get(change_url(definition)).content.decode()
    assert LogEntry.objects.count() == 2


def test_pause_in_the_list_and_in_the_form_say_by_whom_too(
    client: Client, definition: CountJob
) -> None:
    ticked = {"action": "pause", "_selected_action": [definition.pk]}
    client.post("/admin/countjobs/countjob/", ticked)
    assert "by superuser" in field(client.get(change_url(definition)).content.decode(), "paused")
    client.post(change_url(definition), form_values({}))
    posted = form_values({})
    del posted["enabled"]
    LogEntry.objects.all().delete()
    client.post(change_url(definition), posted)
    assert "by superuser" in field(client.get(change_url(definition)).content.decode(), "paused")


def test_what_code_paused_is_paused_by_nobody(client: Client, definition: CountJob) -> None:
    CountJob.objects.update(enabled=False)
    page = client.get(change_url(definition)).content.decode()
    assert "field-paused" not in page
    assert "Resume" in page


def test_nobody_who_resumed_it_is_said_to_have_paused_what_code_paused(
    client: Client, definition: CountJob
) -> None:
    def paused_by() -> bool:
        CountJob.objects.update(enabled=False)
        return "field-paused" in client.get(change_url(definition)).content.decode()

    post(client, definition, "pause")
    post(client, definition, "resume")
    assert not paused_by()
    client.post(change_url(definition), form_values({"hour": "7"}))
    assert not paused_by()
    client.post(change_url(definition), form_values({"enabled": "on"}))
    assert not paused_by()


def test_pausing_what_is_paused_changes_nothing(client: Client, definition: CountJob) -> None:
    post(client, definition, "pause")
    assert post(client, definition, "pause").status_code == 302
    assert LogEntry.objects.count() == 1


def test_the_buttons_are_for_who_may_press_them(definition: CountJob) -> None:
    expected: dict[str, set[str]] = {"viewer": set(), "runner": {"run"}, "editor": {"pause"}}
    expected["superuser"] = {"run", "pause"}
    for role, names in expected.items():
        page = client_of(role).get(change_url(definition)).content.decode()
        shown = {name for name in ("run", "pause", "resume") if f"/{definition.pk}/{name}/" in page}
        assert shown == names, role


def test_a_pause_by_get_does_nothing(client: Client, definition: CountJob) -> None:
    url = reverse("admin:countjobs_countjob_pause", args=[definition.pk])
    assert client.get(url).status_code == 405
    definition.refresh_from_db()
    assert definition.enabled


@pytest.mark.parametrize("key", ["999", "abc", "9" * 30])
@pytest.mark.parametrize("name", ["pause", "resume"])
def test_what_is_not_there_can_not_be_paused(name: str, key: str, client: Client) -> None:
    assert client.post(reverse(f"admin:countjobs_countjob_{name}", args=[key])).status_code == 404


# --- The history of changes


def test_the_history_names_what_was_changed(client: Client, definition: CountJob) -> None:
    client.post(change_url(definition), form_values({"hour": "3", "messages": '{"a": "b"}'}))
    page = client.get(reverse("admin:countjobs_countjob_history", args=[definition.pk]))
    assert re.search(r"Changed .*messages.*hour", page.content.decode())
    assert "countjobs/admin.css" in page.content.decode()


def test_saving_links_to_the_definition(client: Client, definition: CountJob) -> None:
    response = client.post(change_url(definition), form_values({}))
    assert any(f'href="{change_url(definition)}"' in text for text in said(response))
