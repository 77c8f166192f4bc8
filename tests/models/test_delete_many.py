"""Deleting many definitions at once: their rows go, in as many statements as for one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django_apscheduler.models import DjangoJob

from countjobs.models import CountJob, ParkedJob
from tests.app.models import Team, TeamJob
from tests.support.factories import make_execution

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def _make(count: int) -> None:
    CountJob.objects.bulk_create(CountJob(name=f"job {number}") for number in range(count))


def _statements_to_delete(count: int) -> int:
    _make(count)
    with CaptureQueriesContext(connection) as captured:
        assert CountJob.objects.all().delete() == (count, {"countjobs.CountJob": count})
    assert not DjangoJob.objects.exists()
    return len(captured)


def test_deleting_many_takes_as_many_statements_as_deleting_one() -> None:
    assert _statements_to_delete(90) == _statements_to_delete(1)


def test_more_than_a_batch_are_all_deleted_and_nothing_else() -> None:
    _make(1_201)
    kept = CountJob.objects.create(name="kept")
    ParkedJob.objects.create(job_id=kept.job_id, error="It is broken.", parked_at=NOW)
    CountJob.objects.filter(name__startswith="job").delete()
    assert DjangoJob.objects.get().id == kept.job_id
    assert ParkedJob.objects.get().job_id == kept.job_id


def test_promise_10_the_history_outlives_definitions_that_were_deleted() -> None:
    one, other = CountJob.objects.create(name="one"), CountJob.objects.create(name="other")
    runs = [make_execution(job_id=job.job_id, job_name=job.name) for job in (one, other)]
    one.delete()
    CountJob.objects.all().delete()
    for run in runs:
        run.refresh_from_db()
    assert [run.job_name for run in runs] == ["one", "other"]


def test_definitions_that_go_with_other_rows_take_their_rows_along() -> None:
    teams = [Team.objects.create() for _ in range(3)]
    for number in range(9):
        TeamJob.objects.create(name=f"job {number}", team=teams[number % 3])
    Team.objects.exclude(pk=teams[0].pk).delete()
    assert {row.id for row in DjangoJob.objects.all()} == {
        job.job_id for job in TeamJob.objects.filter(team=teams[0])
    }
    assert DjangoJob.objects.count() == 3


def test_a_deletion_that_is_undone_undoes_that_of_the_rows() -> None:
    _make(3)
    with transaction.atomic():
        CountJob.objects.all().delete()
        assert not DjangoJob.objects.exists()
        transaction.set_rollback(True)
    assert DjangoJob.objects.count() == CountJob.objects.count() == 3


def test_one_queryset_can_delete_twice() -> None:
    jobs = CountJob.objects.filter(name__startswith="job")
    for _ in range(2):
        _make(2)
        assert jobs.delete()[0] == 2
        assert not DjangoJob.objects.exists()


def test_a_manager_has_no_delete() -> None:
    assert not hasattr(CountJob.objects, "delete")
