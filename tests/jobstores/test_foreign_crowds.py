"""Issue 8, line 3: thousands of rows of other programs are passed over, and nothing waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django_apscheduler.models import DjangoJob

from countjobs.jobstores import passed
from countjobs.jobstores.store import DatabaseJobStore
from tests.support.factories import NOON, code_job, make_definition, store_job

pytestmark = pytest.mark.django_db

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def crowd(size: int) -> None:
    """Rows that have been due for longer than ours."""
    DjangoJob.objects.bulk_create(
        DjangoJob(id=f"theirs {n}", next_run_time=NOON - DAY, job_state=b"theirs")
        for n in range(size)
    )


def claim(store: DatabaseJobStore, turns: int = 4) -> list[str]:
    return [job.id for _ in range(turns) for job in store.get_due_jobs(NOON)]


def test_foreign_rows_are_passed_over_at_once_not_batch_by_batch(store: DatabaseJobStore) -> None:
    crowd(200)
    definition = make_definition()
    assert claim(store, turns=2) == [definition.job_id]
    assert store.get_next_run_time() == NOON + MINUTE
    assert DjangoJob.objects.filter(next_run_time=NOON - DAY).count() == 200


def test_more_foreign_rows_than_can_be_remembered_stop_no_definition(
    store: DatabaseJobStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(passed, "MOST", 20)
    crowd(50)
    definition = make_definition()
    store_job(code_job("from code"))
    assert claim(store) == [definition.job_id]
    assert store.get_next_run_time() == NOON + MINUTE, "the loop doesn't spin"
    assert caplog.text.count("due jobs are unknown to this scheduler") == 1

    DjangoJob.objects.filter(job_state=b"theirs").delete()
    monkeypatch.setattr("time.monotonic", lambda: float("inf"))
    assert claim(store) == ["from code"], "once they are gone, jobs from code run again"
