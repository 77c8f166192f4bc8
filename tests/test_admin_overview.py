"""The overview: what each of its parts tells, to whom, and at what cost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_apscheduler.models import DjangoJob

from countjobs.admin.overview import failing, hours, lateness, schedulers
from countjobs.admin.overview.hours import KEPT, count_hours
from countjobs.admin.overview.spans import HOUR, past_hours
from countjobs.admin.statistics import percentile
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status, Trigger
from countjobs.models.nodes import State
from tests.app.models import Greeting
from tests.factories import (
    NOON,
    SECOND,
    code_job,
    make_definition,
    make_execution,
    make_node,
    store_job,
)
from tests.people import client_of

pytestmark = pytest.mark.django_db

OVERVIEW = "/admin/countjobs/execution/overview/"
PARTS = f"{OVERVIEW}parts/"
NOW = NOON + timedelta(minutes=30)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    monkeypatch.setattr(hours, "monotonic", lambda: 0.0)
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def viewer() -> Client:
    return client_of("viewer")


def part(client: Client, name: str) -> str:
    """The words of one part."""
    page = client.get(OVERVIEW).content.decode()
    found = re.search(rf'<h2 id="countjobs-{name}">.*?</section>', page, re.DOTALL)
    assert found, f"there is no part {name}"
    return " ".join(re.sub(r"<[^>]*>", " ", found[0]).split())


def rows_of(client: Client, name: str) -> list[str]:
    """The words of the rows of a part's tables."""
    page = client.get(OVERVIEW).content.decode()
    found = re.search(rf'<h2 id="countjobs-{name}">.*?</section>', page, re.DOTALL)
    assert found
    rows = re.findall(r"<tr>(.*?)</tr>", found[0], re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in rows if "<td" in row]


def ran(status: Status = Status.SUCCEEDED, ago: timedelta = SECOND, **fields: Any) -> Execution:
    """A run that was due some time ago."""
    return make_execution(status, scheduled_at=NOW - ago, **fields)


def test_it_is_linked_from_the_index_and_the_apps_page_for_who_may_view_it(viewer: Client) -> None:
    link = f'<a href="{OVERVIEW}">'
    for url in ("/admin/", "/admin/countjobs/"):
        assert link in viewer.get(url).content.decode()
    assert link not in client_of("nobody").get("/admin/").content.decode()


def test_the_sidebar_takes_it_for_no_list(viewer: Client) -> None:
    page = viewer.get(OVERVIEW).content.decode()
    assert "current-app" in page
    assert '<a href="/admin/countjobs/execution/">' in page
    assert "current-model" not in page
    assert "aria-current" not in page


def test_there_is_a_page_for_who_has_nothing_yet(viewer: Client) -> None:
    page = viewer.get(OVERVIEW).content.decode()
    for words in (
        "No scheduler has been heard of",
        "Nothing was due in the last 24 hours",
        "Nothing runs in the next 24 hours",
        "No job failed",
        "Nothing has run in the last 24 hours",
        "Updated at",
        "2026-03-04",
    ):
        assert words in page


def test_the_parts_alone_are_what_the_page_shows(viewer: Client) -> None:
    make_definition("a", due=NOW + SECOND)
    ran(Status.FAILED)
    page, parts = (viewer.get(url).content.decode() for url in (OVERVIEW, PARTS))
    begin = '<div class="countjobs-parts">'
    assert parts.split(begin)[1].strip() in page.split(begin)[1]
    assert "<html" not in parts
    for name in ("banner", "updated", "parts"):
        assert f'data-countjobs-fresh="{name}"' in page
        assert f'data-countjobs-fresh="{name}"' in parts


def test_a_rubbish_query_string_does_no_harm(viewer: Client) -> None:
    for query in ("?a=%00", "?_changelist_filters=%ff", "?" + "x" * 5_000, "?p=9" * 50):
        assert viewer.get(OVERVIEW + query).status_code == 200


# Schedulers


def test_a_scheduler_is_told_with_its_heartbeat_and_its_load(viewer: Client) -> None:
    node = make_node(NOW - 3 * SECOND, host="worker", capacity=4)
    for status in (Status.RUNNING, Status.RUNNING, Status.QUEUED, Status.SUCCEEDED):
        over = status is Status.SUCCEEDED
        ran(status, node=node.name, finished_at=NOW if over else None)
    (row,) = rows_of(viewer, "schedulers")
    assert row == "✓ alive worker:7 3.0 s ago 2 of 4 1"


def test_those_that_were_heard_of_last_come_first(viewer: Client) -> None:
    make_node(NOW - timedelta(hours=2), host="dead")
    make_node(NOW - timedelta(hours=1), host="stopped", state=State.STOPPED)
    make_node(NOW, host="draining", state=State.DRAINING)
    rows = rows_of(viewer, "schedulers")
    assert [row.split(":")[0] for row in rows] == [
        "✓ alive draining draining",
        "■ stopped stopped",
        "✗ dead dead",
    ]


def test_so_many_schedulers_are_told_of_and_a_link_leads_to_the_others(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedulers, "MOST", 2)
    for age in range(3):
        make_node(NOW - age * SECOND)
    assert len(rows_of(viewer, "schedulers")) == 2
    assert "All schedulers" in part(viewer, "schedulers")


def test_who_may_not_view_schedulers_is_told_nothing_of_them() -> None:
    make_node(NOW, host="secret")
    client = client_of("viewer")
    user = User.objects.get(username="viewer")
    user.user_permissions.remove(*user.user_permissions.filter(codename="view_schedulernode"))
    page = client.get(OVERVIEW).content.decode()
    assert "secret" not in page
    assert "countjobs-schedulers" not in page


# Outcomes


def test_runs_are_counted_by_the_hour_and_the_outcome(viewer: Client) -> None:
    ran()
    ran(Status.FAILED)
    ran(Status.TIMED_OUT, HOUR)
    ran(Status.MISSED, HOUR)
    ran(Status.SKIPPED, HOUR)
    ran(Status.QUEUED, HOUR)
    ran(Status.SUCCEEDED, 25 * HOUR)
    first, second, *others = rows_of(viewer, "outcomes")
    assert first == "12:00 1 1 0 0"
    assert second == "11:00 0 1 2 1"
    assert len(others) == 22
    assert all(row.endswith(" 0 0 0 0") for row in others)
    assert "at most 4 an hour" in part(viewer, "outcomes")


def test_a_run_on_the_hour_belongs_to_the_hour_that_begins() -> None:
    make_execution(scheduled_at=NOON)
    make_execution(scheduled_at=NOON - timedelta(microseconds=1))
    *_others, eleven, twelve = count_hours(past_hours(NOW), NOW)
    assert (eleven, twelve) == ({"succeeded": 1}, {"succeeded": 1})


def test_what_was_counted_of_an_hour_that_is_over_is_kept_for_a_while(
    clock: time_machine.Traveller,
) -> None:
    ran(ago=2 * HOUR)
    assert count_hours(past_hours(NOW), NOW)[-3] == {"succeeded": 1}
    ran(ago=2 * HOUR)
    ran()
    counts = count_hours(past_hours(NOW), NOW)
    assert counts[-3] == {"succeeded": 1}
    assert counts[-1] == {"succeeded": 1}, "the hour that goes on is counted anew"
    clock.shift(KEPT + timedelta(minutes=2))
    now = NOW + KEPT + timedelta(minutes=2)
    assert count_hours(past_hours(now), now)[-3] == {"succeeded": 2}


def test_what_takes_long_to_count_is_counted_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = count()
    monkeypatch.setattr(hours, "monotonic", lambda: next(seconds) / 2)
    count_hours(past_hours(NOW), NOW)
    ran()
    assert count_hours(past_hours(NOW), NOW)[-1] == {}, "it is kept for ten seconds"


def test_where_counting_takes_long_the_older_hours_wait_for_the_next_looks(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = count()
    monkeypatch.setattr(hours, "monotonic", lambda: next(seconds) / 50)
    ran(ago=3 * HOUR)
    ran(ago=20 * HOUR)
    assert "older hours are still being counted" in part(viewer, "outcomes")
    assert len(rows_of(viewer, "outcomes")) == 7, "four at first, then the present one and three"
    for _ in range(7):
        viewer.get(PARTS)
    assert len(rows_of(viewer, "outcomes")) == 24
    said = part(viewer, "outcomes")
    assert "succeeded 2" in said
    assert "still being counted" not in said


# What is coming


def test_the_next_runs_are_listed_with_how_soon_they_come(viewer: Client) -> None:
    make_definition("second", due=NOW + timedelta(hours=3, minutes=20))
    make_definition("first", due=NOW + 5 * SECOND, timezone="Asia/Tokyo")
    make_definition("paused", enabled=False, due=None)
    make_definition("far off", due=NOW + timedelta(days=2))
    store_job(code_job("from code"), NOW + 6 * SECOND)
    assert rows_of(viewer, "coming") == [
        "2026-03-04 21:30:05 JST in 5 s first",
        "2026-03-04 12:30:06 UTC in 6 s from code",
        "2026-03-04 15:50:00 UTC in 3 h 20 min second",
    ]
    said = part(viewer, "coming")
    assert "3 jobs run in the next 24 hours." in said
    assert "at most 2 in an hour" in said


def test_what_no_scheduler_takes_is_told(viewer: Client) -> None:
    make_definition("just now", due=NOW - SECOND)
    assert "waits for a scheduler" not in part(viewer, "coming")
    make_definition("waits", due=NOW - timedelta(minutes=1))
    assert "1 job is due and waits for a scheduler" in part(viewer, "coming")


def test_a_definition_that_a_person_may_not_see_is_not_listed(viewer: Client) -> None:
    greeting = Greeting.objects.create(name="secret", greeted="x")
    DjangoJob.objects.filter(id=greeting.job_id).update(next_run_time=NOW + SECOND)
    assert "secret" not in viewer.get(OVERVIEW).content.decode()
    assert greeting.job_id not in viewer.get(OVERVIEW).content.decode()
    assert "secret" in client_of("superuser").get(OVERVIEW).content.decode()


# Failing jobs


def test_the_most_failing_job_comes_first_with_its_newest_failure(viewer: Client) -> None:
    definition = make_definition("often")
    for ago, status in ((9, Status.FAILED), (3, Status.LOST), (5, Status.TIMED_OUT)):
        ran(status, ago * SECOND, job_id=definition.job_id, job_name="often")
    newest = ran(Status.FAILED, SECOND, job_id="seldom", job_name="seldom")
    ran(Status.SUCCEEDED)
    ran(Status.FAILED, timedelta(days=2), job_name="long ago")
    assert rows_of(viewer, "failing") == [
        "often 3 ? lost 2026-03-04 12:29:57 UTC",
        "seldom 1 ✗ failed 2026-03-04 12:29:59 UTC",
    ]
    page = viewer.get(OVERVIEW).content.decode()
    assert f'<a href="/admin/countjobs/countjob/{definition.pk}/change/">often</a>' in page
    assert f'<a href="/admin/countjobs/execution/{newest.pk}/change/">' in page


def test_only_so_many_failures_are_looked_at_and_so_many_jobs_shown(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failing, "MOST_FAILURES", 5)
    monkeypatch.setattr(failing, "MOST_JOBS", 2)
    for number in range(9):
        ran(Status.FAILED, number * SECOND, job_id=f"{number}", job_name=f"job {number}")
    assert [row[:5] for row in rows_of(viewer, "failing")] == ["job 0", "job 1"]
    said = part(viewer, "failing")
    assert "and 3 jobs that failed less often" in said
    assert "Among the newest" in said


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite can't tell from parameters")
def test_failures_are_found_by_their_index() -> None:
    failures = Execution.objects.failures(NOW - timedelta(days=1), NOW).newest_first()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    assert "countjobs_troubles" in failures.explain()


# Lateness


@pytest.mark.parametrize(
    ("many", "percent", "expected"),
    [(1, 50, 1), (1, 99, 1), (2, 50, 1), (100, 50, 50), (100, 95, 95), (100, 99, 99), (10, 99, 10)],
)
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(
    many: int, percent: int, expected: int
) -> None:
    assert percentile([SECOND * n for n in range(1, many + 1)], percent) == expected * SECOND


def begun(late: timedelta, ago: timedelta = SECOND, job: str = "job") -> Execution:
    return ran(ago=ago, job_id=job, job_name=job, started_at=NOW - ago + late)


def test_lateness_is_told_by_percentiles(viewer: Client) -> None:
    for milliseconds in range(10, 1_010, 10):
        begun(timedelta(milliseconds=milliseconds), timedelta(minutes=2))
    said = part(viewer, "lateness")
    assert "50 % begin within 500 ms" in said
    assert "95 % begin within 950 ms" in said
    assert "99 % begin within 990 ms" in said
    assert "Of 100 runs" in said


def test_the_latest_jobs_are_listed_each_with_its_latest_run(viewer: Client) -> None:
    begun(2 * SECOND, job="late")
    begun(90 * SECOND, 2 * SECOND, job="late")
    begun(100 * SECOND, job="later")
    begun(timedelta(milliseconds=999), job="on time")
    assert [row.split(" ✓")[0] for row in rows_of(viewer, "lateness")] == [
        "later 1 min 40 s",
        "late 1 min 30 s",
    ]


def test_runs_a_second_are_those_of_the_last_minute(viewer: Client) -> None:
    for ago in (1, 30, 59, 61):
        begun(SECOND, ago * SECOND)
    ran(Status.QUEUED)
    assert "runs a second, last minute 0.05" in part(viewer, "lateness")


def test_where_there_are_too_many_to_count_the_newest_tell_how_many_run_a_second(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lateness, "MOST_COUNTED", 4)
    for tenths in range(1, 60):
        begun(SECOND, timedelta(seconds=tenths / 2))
    assert "runs a second, last minute 2.00" in part(viewer, "lateness")


def test_next_attempts_in_the_future_are_not_taken_for_runs(viewer: Client) -> None:
    ran(Status.QUEUED, -HOUR, trigger=Trigger.RETRY)
    assert "Nothing has run" in part(viewer, "lateness")


# All together


def fill(many: int) -> None:
    """So many of everything."""
    Execution.objects.all().delete()
    CountJob.objects.all().delete()
    CountJob.objects.bulk_create(CountJob(name=f"job {n}") for n in range(many))
    DjangoJob.objects.update(next_run_time=NOW + SECOND)
    for definition in CountJob.objects.all():
        fields: dict[str, Any] = {"job_id": definition.job_id, "started_at": NOW + HOUR}
        ran(Status.FAILED, **fields)
        ran(Status.RUNNING, node="x", **fields)
        ran(ago=5 * HOUR, **fields)
        make_node(NOW)


def test_promise_17_it_takes_as_many_queries_whatever_there_is_to_tell(viewer: Client) -> None:
    def queries(many: int) -> int:
        fill(many)
        with CaptureQueriesContext(connection) as captured:
            assert viewer.get(OVERVIEW).status_code == 200
        return len(captured)

    viewer.get(OVERVIEW)
    assert queries(1) == queries(5) == queries(60)


def test_hostile_names_are_shown_as_text() -> None:
    evil = "<script>alert('x')</script>\u202e\x07" + "x" * 150
    definition = make_definition(evil, due=NOW + SECOND)
    ran(Status.FAILED, job_id=definition.job_id, job_name=evil, started_at=NOW + HOUR)
    make_node(NOW, host=evil, version="<b>")
    page = client_of("superuser").get(OVERVIEW).content.decode()
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert") >= 4
    assert "style=" not in page
    assert "onclick" not in page
