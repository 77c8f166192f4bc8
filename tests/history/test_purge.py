"""Retention: by age and by number per job."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from countjobs.history.purge import purge
from countjobs.models import Execution
from countjobs.models.executions import ACTIVE, ExecutionQuerySet, Status
from tests.support.factories import NOON, make_execution

DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


def make_history(job_id: str, count: int, every: timedelta = DAY) -> list[int]:
    """Executions back from noon, the newest first. Gives their keys."""
    return [
        make_execution(job_id=job_id, scheduled_at=NOON - index * every).pk
        for index in range(count)
    ]


def kept() -> set[int]:
    return set(Execution.objects.values_list("pk", flat=True))


def test_what_is_older_than_the_days_is_deleted() -> None:
    history = make_history("daily", 10)
    assert purge(NOON, days=5, keep=1_000) == 4
    assert kept() == set(history[:6])


def test_of_each_job_the_newest_are_kept() -> None:
    history = make_history("daily", 10)
    assert purge(NOON, days=1_000, keep=3) == 7
    assert kept() == set(history[:3])


def test_promise_18_a_busy_job_does_not_evict_the_history_of_a_weekly_one() -> None:
    make_history("busy", 200, timedelta(seconds=1))
    weekly = make_history("weekly", 5, 7 * DAY)
    assert purge(NOON, days=90, keep=10) == 190
    assert set(weekly) <= kept()


@pytest.mark.parametrize("status", ACTIVE)
def test_what_has_not_ended_stays(status: Status) -> None:
    active = make_execution(status, scheduled_at=NOON - 100 * DAY)
    make_history("code", 3)
    purge(NOON, days=10, keep=1)
    assert active.pk in kept()


@pytest.mark.parametrize("status", sorted(set(Status) - set(ACTIVE)))
def test_whatever_has_ended_goes(status: Status) -> None:
    make_execution(status, scheduled_at=NOON - 100 * DAY)
    assert purge(NOON, days=10, keep=1) == 1


def test_of_fire_times_that_are_equal_the_later_rows_are_kept() -> None:
    history = [make_execution(scheduled_at=NOON).pk for _ in range(5)]
    assert purge(NOON, days=10, keep=2) == 3
    assert kept() == set(history[-2:])


def test_promise_18_it_deletes_in_batches() -> None:
    make_history("daily", 25)
    with CaptureQueriesContext(connection) as queries:
        assert purge(NOON + 100 * DAY, days=10, keep=1_000, batch=10) == 25
    deletes = [query for query in queries if query["sql"].startswith("DELETE")]
    assert len(deletes) == 3


def test_a_second_purge_finds_nothing() -> None:
    make_history("daily", 10)
    purge(NOON, days=5, keep=2)
    assert purge(NOON, days=5, keep=2) == 0


def test_another_purge_at_the_same_time_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    make_history("daily", 10)
    newest_first = ExecutionQuerySet.newest_first

    def when_it_is_too_late(self: ExecutionQuerySet) -> ExecutionQuerySet:
        Execution.objects.all().delete()
        return newest_first(self)

    monkeypatch.setattr(ExecutionQuerySet, "newest_first", when_it_is_too_late)
    assert purge(NOON, days=1_000, keep=3) == 0
