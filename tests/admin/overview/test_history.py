"""What the overview tells of the last 24 hours: outcomes, failing jobs, lateness."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
import time_machine
from django.db import connection
from django.test import Client

from countjobs.admin.overview import failing, hours
from countjobs.admin.overview import late_runs as lateness
from countjobs.admin.overview.hours import KEPT, count_hours
from countjobs.admin.overview.spans import HOUR, past_hours
from countjobs.admin.statistics import percentile
from countjobs.models import Execution
from countjobs.models.executions import Status, Trigger
from tests.support.factories import NOON, SECOND, chain_of, make_definition, make_execution
from tests.support.overviewing import NOW, OVERVIEW, PARTS, part, ran, rows_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("overview_clock")]


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
    assert "busiest hour: 4" in part(viewer, "outcomes")


def test_a_chain_of_attempts_is_one_run_which_went_as_its_end_did(viewer: Client) -> None:
    chain_of(Status.FAILED, Status.TIMED_OUT, Status.SUCCEEDED, scheduled_at=NOON)
    chain_of(Status.FAILED, Status.FAILED, scheduled_at=NOON, job_id="in vain", job_name="in vain")
    assert rows_of(viewer, "outcomes")[0] == "12:00 1 1 0 0"
    assert rows_of(viewer, "failing") == ["in vain 1 ✗ failed 2026-03-04 12:00:00 UTC"]


def test_a_run_on_the_hour_belongs_to_the_hour_that_begins() -> None:
    make_execution(scheduled_at=NOON)
    make_execution(scheduled_at=NOON - timedelta(microseconds=1))
    *_others, eleven, twelve = count_hours(past_hours(NOW), NOW)
    assert (eleven, twelve) == ({"succeeded": 1}, {"succeeded": 1})


def test_what_was_counted_of_an_hour_that_is_over_is_kept_for_a_while(
    overview_clock: time_machine.Traveller,
) -> None:
    ran(ago=2 * HOUR)
    assert count_hours(past_hours(NOW), NOW)[-3] == {"succeeded": 1}
    ran(ago=2 * HOUR)
    ran()
    counts = count_hours(past_hours(NOW), NOW)
    assert counts[-3] == {"succeeded": 1}
    assert counts[-1] == {"succeeded": 1}, "the hour that goes on is counted anew"
    overview_clock.shift(KEPT + timedelta(minutes=2))
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
    assert "Older hours are still being counted" in part(viewer, "outcomes")
    assert len(rows_of(viewer, "outcomes")) == 7, "four at first, then the present one and three"
    for _ in range(7):
        viewer.get(PARTS)
    assert len(rows_of(viewer, "outcomes")) == 24
    said = part(viewer, "outcomes")
    assert "succeeded 2" in said
    assert "still being counted" not in said


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
    assert "Only the newest" in said


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
    assert "50 % of runs started within 500 ms" in said
    assert "95 % of runs started within 950 ms" in said
    assert "99 % of runs started within 990 ms" in said
    assert "the newest 100 runs" in said


def test_the_latest_jobs_are_listed_each_with_its_latest_run(viewer: Client) -> None:
    begun(2 * SECOND, job="late")
    begun(90 * SECOND, 2 * SECOND, job="late")
    begun(100 * SECOND, job="later")
    begun(timedelta(milliseconds=999), job="on time")
    assert [row.split(" ✓")[0] for row in rows_of(viewer, "lateness")] == [
        "later 1 min 40 s",
        "late 1 min 30 s",
    ]


def test_a_retry_is_not_late_since_it_has_waited_on_purpose(viewer: Client) -> None:
    begun(SECOND, job="job")
    ran(ago=HOUR, started_at=NOW, trigger=Trigger.RETRY)
    assert [row.split(" ✓")[0] for row in rows_of(viewer, "lateness")] == ["job 1.0 s"]


def test_runs_a_second_are_those_of_the_last_minute(viewer: Client) -> None:
    for ago in (1, 30, 59, 61):
        begun(SECOND, ago * SECOND)
    ran(Status.QUEUED)
    assert "runs per second, last minute 0.05" in part(viewer, "lateness")


def test_where_there_are_too_many_to_count_the_newest_tell_how_many_run_a_second(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lateness, "MOST_COUNTED", 4)
    for tenths in range(1, 60):
        begun(SECOND, timedelta(seconds=tenths / 2))
    assert "runs per second, last minute 2.00" in part(viewer, "lateness")


def test_next_attempts_in_the_future_are_not_taken_for_runs(viewer: Client) -> None:
    ran(Status.QUEUED, -HOUR, trigger=Trigger.RETRY)
    assert "Nothing has run" in part(viewer, "lateness")
