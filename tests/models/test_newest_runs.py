"""The newest executions of many jobs: the right ones, in one statement, by the index."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test.utils import CaptureQueriesContext

from countjobs.models import CountJob, Execution
from countjobs.models.executions import PROBLEMS, Status
from countjobs.models.newest_runs import read_ended_before, read_newest
from tests.support.factories import NOON, SECOND, chain_of, make_execution
from tests.support.plans import known_to_the_planner, plans_of

pytestmark = pytest.mark.django_db


def make_history(job_id: str, *statuses: Status) -> list[int]:
    """Executions a second apart, oldest first; their keys."""
    return [
        make_execution(status, job_id=job_id, scheduled_at=NOON + number * SECOND).pk
        for number, status in enumerate(statuses)
    ]


def plans_of_newest(*, ended: bool = False) -> str:
    with CaptureQueriesContext(connection) as captured:
        Execution.objects.newest_of_each([f"job {n}" for n in range(100)], 30, ended=ended)
    return plans_of(captured)


def fill(jobs: int, each: int, failing: int = 0) -> None:
    """So many executions of each job; those of the last jobs failed."""
    with known_to_the_planner(Execution):
        Execution.objects.bulk_create(
            Execution(
                job_id=f"job {job}",
                job_name="n",
                status=Status.SUCCEEDED if job < jobs - failing else Status.FAILED,
                scheduled_at=NOON + number * SECOND,
                finished_at=NOON,
            )
            for job in range(jobs)
            for number in range(each)
        )


def test_the_newest_of_each_job_come_newest_first_and_no_more_than_asked_for() -> None:
    ones = make_history("one", *[Status.SUCCEEDED] * 5)
    twos = make_history("two", Status.FAILED)
    make_history("other", Status.SUCCEEDED)
    found = Execution.objects.newest_of_each(["one", "two", "none"], 3)
    assert [past.id for past in found if past.job_id == "one"] == ones[:1:-1]
    assert [past.id for past in found if past.job_id == "two"] == twos
    assert len(found) == 4


def test_of_two_that_were_due_at_once_the_later_row_is_the_newer() -> None:
    first, second = (make_execution(job_id="one").pk for _ in range(2))
    assert [past.id for past in Execution.objects.newest_of_each(["one"], 2)] == [second, first]


def test_moments_are_those_of_the_model_to_the_microsecond() -> None:
    at = NOON + timedelta(microseconds=123_457)
    made = make_execution(
        scheduled_at=at, started_at=at, finished_at=at + timedelta(microseconds=1)
    )
    [past] = Execution.objects.newest_of_each(["code"], 1)
    assert past.scheduled_at == made.scheduled_at
    assert past.duration == made.duration == timedelta(microseconds=1)
    make_execution(scheduled_at=at + SECOND)
    assert Execution.objects.newest_of_each(["code"], 1)[0].duration is None


def test_what_is_queued_or_running_is_passed_over_where_only_the_ended_count() -> None:
    _first, last, *_rest = make_history(
        "one", Status.SUCCEEDED, Status.LOST, Status.RUNNING, Status.QUEUED
    )
    assert [past.id for past in Execution.objects.newest_of_each(["one"], 1, ended=True)] == [last]


def test_a_chain_of_attempts_counts_once_by_its_end() -> None:
    mended = chain_of(Status.FAILED, Status.TIMED_OUT, Status.SUCCEEDED, job_id="one")
    found = Execution.objects.newest_of_each(["one"], 9)
    assert [past.id for past in found] == [mended[-1].pk]
    assert list(Execution.objects.newest_of("one", 9)) == mended[-1:]
    later = {"job_id": "one", "scheduled_at": NOON + SECOND}
    under_way = chain_of(Status.FAILED, Status.QUEUED, **later)
    found = Execution.objects.newest_of_each(["one"], 9)
    assert [past.id for past in found] == [under_way[-1].pk, mended[-1].pk]
    ended = Execution.objects.newest_of_each(["one"], 9, ended=True)
    assert [past.id for past in ended] == [mended[-1].pk]


@pytest.mark.parametrize("hostile", ["'; DROP TABLE x", '{"a", b}', "%s", "\\", "ü\u202e", '"'])
def test_an_id_is_only_an_id(hostile: str) -> None:
    made = make_execution(job_id=hostile)
    assert [past.id for past in Execution.objects.newest_of_each([hostile], 1)] == [made.pk]


@pytest.mark.parametrize("ended", [True, False])
def test_the_newest_of_a_hundred_jobs_are_read_by_the_index(ended: bool) -> None:
    fill(jobs=100, each=40)
    plan = plans_of_newest(ended=ended)
    assert "countjobs_newest_of_job" in plan
    assert not re.search(r"Seq Scan|SCAN countjobs|SCAN newest", plan)
    assert len(Execution.objects.newest_of_each([f"job {n}" for n in range(100)], 30)) == 3_000


def test_of_each_job_those_that_ended_before_a_moment_may_be_asked_for() -> None:
    ones = make_history("one", *[Status.SUCCEEDED] * 3, Status.RUNNING, *[Status.SKIPPED] * 9)
    twos = make_history("two", Status.FAILED, Status.QUEUED, Status.FAILED, Status.RUNNING)
    before = {"one": NOON + 3 * SECOND, "two": NOON + 4 * SECOND, "'; x": NOON}
    found = read_ended_before(connection, Execution, before, 2)
    assert [past.id for past in found if past.job_id == "one"] == ones[2:0:-1]
    assert [past.id for past in found if past.job_id == "two"] == [twos[2], twos[0]]
    assert found[0].scheduled_at == NOON + 2 * SECOND
    assert read_ended_before(connection, Execution, {}, 2) == []


def test_they_are_read_by_the_index() -> None:
    fill(jobs=100, each=40)
    with CaptureQueriesContext(connection) as captured:
        found = read_ended_before(
            connection, Execution, {f"job {n}": NOON + 20 * SECOND for n in range(100)}, 10
        )
    plan = plans_of(captured)
    assert re.search(r"countjobs_newest_of_job.*\n?.*scheduled_at ?<", plan), plan
    assert not re.search(r"Seq Scan|SCAN countjobs|SCAN newest", plan)
    assert len(found) == 1_000


def test_jobs_with_problems_are_found_by_their_newest() -> None:
    make_history("job 7", *PROBLEMS)
    make_execution(Status.FAILED, job_id="job 8", scheduled_at=NOON + timedelta(hours=1))
    make_execution(Status.FAILED, job_id="code", scheduled_at=NOON + timedelta(hours=2))
    make_execution(Status.CANCELLED, job_id="job 9")
    assert Execution.objects.jobs_with_problems("job ", 100, 10) == ["job 8", "job 7"]
    assert Execution.objects.jobs_with_problems("job ", 100, 1) == ["job 8"]
    assert Execution.objects.jobs_with_problems("job ", 2, 10) == ["job 8"]


def test_the_newest_problems_are_read_by_their_index() -> None:
    # So many that the planner has a reason to choose: of a few, each index costs the same.
    fill(jobs=20, each=200, failing=4)
    with CaptureQueriesContext(connection) as captured:
        Execution.objects.jobs_with_problems("job ", 100, 10)
    assert "countjobs_troubles" in plans_of(captured)


def test_how_a_job_last_ended_is_told_by_its_newest_end() -> None:
    make_history("mended", Status.FAILED, Status.SUCCEEDED)
    make_history("failing", Status.SUCCEEDED, Status.FAILED, Status.RUNNING)
    make_history("lost", Status.LOST)
    chain_of(Status.FAILED, Status.SUCCEEDED, job_id="tried again")
    chain_of(Status.FAILED, Status.TIMED_OUT, job_id="in vain")
    jobs = ["mended", "failing", "lost", "never", "tried again", "in vain"]
    assert Execution.objects.jobs_last_ended([Status.FAILED], jobs) == ["failing"]
    ended = Execution.objects.jobs_last_ended(PROBLEMS, jobs)
    assert set(ended) == {"failing", "lost", "in vain"}


def test_the_zones_of_definitions_are_read_by_an_index() -> None:
    with known_to_the_planner(CountJob):
        CountJob.objects.bulk_create(
            CountJob(name=f"n{n}", timezone=("UTC", "Asia/Tokyo")[n % 2]) for n in range(500)
        )
    with CaptureQueriesContext(connection) as captured:
        assert CountJob.objects.zones() == ["Asia/Tokyo", "UTC"]
    assert "countjobs_countjob_timezone_" in plans_of(captured)
    CountJob.objects.all().delete()
    assert CountJob.objects.zones() == []


def test_another_database_is_refused_in_so_many_words() -> None:
    other: Any = SimpleNamespace(vendor="other", cursor=connection.cursor, ops=connection.ops)
    with pytest.raises(ImproperlyConfigured, match="not on other"):
        read_newest(cast("Any", other), Execution, [], 1, "true")
