"""Issue 8, line 22: with DEBUG on, no thread of a scheduler keeps the statements of its life."""

from __future__ import annotations

import gc
import threading

import pytest
from django.db import reset_queries
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import Settings

from countjobs.history.requests import request_run
from countjobs.models import CountJob, Execution
from countjobs.schedulers import create_scheduler
from countjobs.schedulers.mending import Mending
from tests.app.models import TeamJob
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

RUNS = 30
A_TURN = 60
"""More than the statements of the longest turn of a loop; but less than those of so many runs."""


def most_kept() -> int:
    """The most statements that the connection of any thread keeps, but for this one."""
    reset_queries()
    kept = [
        len(connection.queries_log)
        for connection in gc.get_objects()
        # By its type: a lazy object of another test would be evaluated by isinstance().
        if issubclass(type(connection), BaseDatabaseWrapper)
    ]
    assert kept
    return max(kept)


@pytest.fixture
def debug(settings: Settings) -> None:
    settings.DEBUG = True


def ended(pk: int) -> bool:
    return Execution.objects.filter(pk=pk, status="succeeded").exists()


def names_of_threads() -> list[str]:
    names = (thread.name for thread in threading.enumerate())
    return [name for name in names if name.startswith("countjobs-run") and "watch" not in name]


def asking(self: TeamJob) -> None:
    """A job that asks the database."""
    for _ in range(10):
        CountJob.objects.count()


@pytest.mark.usefixtures("debug")
def test_no_thread_keeps_what_it_has_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CountJob, "run", asking)
    job = CountJob.objects.create(name="job", enabled=False)
    scheduler = create_scheduler(background=True, threads=1)
    scheduler.start()
    try:
        for _ in range(RUNS):
            execution = request_run(job.job_id, job.name)
            wait_until(lambda: ended(execution.pk), 60)  # noqa: B023
        assert most_kept() < A_TURN
    finally:
        scheduler.shutdown()
        wait_until(lambda: not names_of_threads(), what="for the threads of runs")


@pytest.mark.usefixtures("debug")
def test_nor_does_the_thread_that_mends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("countjobs.schedulers.mending.AT_ONCE_SECONDS", -1)
    monkeypatch.setattr("countjobs.jobstores.sync._BATCH", 1)
    CountJob.objects.bulk_create(CountJob(name=f"job {number}") for number in range(2 * A_TURN))
    mending = Mending()
    mending.begin()
    wait_until(lambda: mending.is_done, 60)
    assert most_kept() < A_TURN
