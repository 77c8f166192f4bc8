"""The job store as APScheduler's loop sees it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.triggers.base import BaseTrigger
from django.db import DataError, OperationalError, connection, transaction
from django.utils import timezone

from countjobs.jobstores import claiming
from countjobs.jobstores.claims import Claims, claim
from countjobs.jobstores.store import LOCKED_ELSEWHERE, DatabaseJobStore
from countjobs.models import Execution, ParkedJob
from countjobs.models.executions import Status
from tests.support.factories import (
    NOON,
    SECOND,
    code_job,
    make_definition,
    make_execution,
    statuses,
    store_job,
)
from tests.support.job_rows import row
from tests.support.still_scheduler import NODE, IdleScheduler, Threads

pytestmark = pytest.mark.django_db


class FaultyTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        raise RuntimeError("out of order \0")


@pytest.fixture
def threads() -> Threads:
    return Threads()


def test_what_is_due_is_handed_out_claimed(store: DatabaseJobStore) -> None:
    definition = make_definition()
    [claimed] = store.get_due_jobs(NOON)
    assert claimed.id == definition.job_id
    assert Execution.objects.get().node == NODE
    store.update_job(claimed)
    assert row(definition.job_id).next_run_time == NOON + 60 * SECOND


def test_without_capacity_nothing_is_claimed_and_the_loop_sleeps(
    store: DatabaseJobStore, threads: Threads
) -> None:
    make_definition()
    threads.free = 0
    assert store.get_due_jobs(NOON) == []
    assert store.get_next_run_time() is None
    assert store.waits_for_capacity
    assert not Execution.objects.exists()
    threads.free = 1
    assert store.get_next_run_time() == NOON
    assert not store.waits_for_capacity


def test_promise_23_one_that_drains_claims_nothing_more(store: DatabaseJobStore) -> None:
    make_definition()
    store.is_open = False
    assert store.get_due_jobs(NOON) == []
    assert store.get_next_run_time() is None


def test_the_loop_wakes_for_the_first_that_is_due_or_asked_for(store: DatabaseJobStore) -> None:
    assert store.get_next_run_time() is None
    store_job(code_job("paused"), due=None)
    assert store.get_next_run_time() is None
    store_job(code_job("later"), due=NOON + SECOND)
    assert store.get_next_run_time() == NOON + SECOND
    make_execution(Status.QUEUED, node="elsewhere", scheduled_at=NOON - SECOND)
    make_execution(Status.QUEUED, scheduled_at=NOON)
    assert store.get_next_run_time() == NOON


def test_a_look_that_finds_nothing_due_locks_nothing(
    store: DatabaseJobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "claim", None)
    make_definition(due=NOON)
    assert store.get_due_jobs(NOON - SECOND) == []


def test_what_is_locked_elsewhere_is_looked_at_again_a_little_later(
    store: DatabaseJobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_definition()
    monkeypatch.setattr(claiming, "claim", lambda *args, **options: Claims())
    assert store.get_due_jobs(NOON) == []
    before = timezone.now()
    again = store.get_next_run_time()
    assert again is not None
    assert before + LOCKED_ELSEWHERE <= again <= timezone.now() + LOCKED_ELSEWHERE


# What goes wrong


def test_a_job_that_makes_claims_fail_is_parked_and_the_others_run(
    store: DatabaseJobStore, caplog: pytest.LogCaptureFixture
) -> None:
    store_job(code_job("faulty", trigger=FaultyTrigger()), due=NOON - SECOND)
    store_job(code_job("sound"))
    definition = make_definition()
    assert {job.id for job in store.get_due_jobs(NOON)} == {"sound", definition.job_id}
    assert row("faulty").next_run_time is None
    parked = ParkedJob.objects.get()
    assert (parked.job_id, parked.error) == ("faulty", "RuntimeError: out of order \\x00")
    assert 'Job "faulty" can\'t be claimed' in caplog.text


def test_one_by_one_no_more_is_claimed_than_there_is_capacity_for(
    store: DatabaseJobStore, threads: Threads
) -> None:
    threads.free = 2
    store_job(code_job("faulty", trigger=FaultyTrigger()), due=NOON - SECOND)
    for name in "abc":
        store_job(code_job(name))
        make_execution(Status.QUEUED, job_id=name, job_name=name)
    assert len(store.get_due_jobs(NOON)) == 2


@pytest.mark.parametrize("error", [DataError("poison"), RuntimeError("poison")])
def test_a_job_that_the_database_refuses_stops_no_other_and_waits(
    error: Exception,
    store: DatabaseJobStore,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Issue 8, line 1: what one claim raised says nothing of the job."""
    fail_for(monkeypatch, "faulty", lambda: error)
    store_job(code_job("faulty"), due=None)
    store_job(code_job("sound"))
    make_execution(Status.QUEUED, job_id="faulty")
    assert [job.id for job in store.get_due_jobs(NOON)] == ["sound"]
    assert Execution.objects.get(job_id="faulty").status == Status.QUEUED
    assert not ParkedJob.objects.exists()
    assert "poison" in store.claiming.outage.reason
    assert 'The database refuses to claim job "faulty", trying again: poison' in caplog.messages
    assert store.get_next_run_time() != NOON, "it isn't tried again at once"


def fail_for(monkeypatch: pytest.MonkeyPatch, job_id: str, error: Callable[[], Exception]) -> None:
    """Let every claim fail that would touch a job."""

    def faulty_claim(now: datetime, *, only: str | None = None, **options: Any) -> Claims:
        if only in {None, job_id}:
            raise error()
        return claim(now, only=only, **options)

    monkeypatch.setattr(claiming, "claim", faulty_claim)


@pytest.mark.django_db(transaction=True)
def test_an_outage_is_told_to_the_loop_and_parks_nothing(
    store: DatabaseJobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_job(code_job("code"))
    fail_for(monkeypatch, "code", lambda: OperationalError("away"))
    assert store.get_due_jobs(NOON) == []
    assert store.claiming.outage.reason.endswith("OperationalError: away")
    assert not ParkedJob.objects.exists()
    assert row().next_run_time == NOON


def test_promise_09_a_claim_that_was_never_heard_of_is_given_back(
    scheduler: IdleScheduler, threads: Threads
) -> None:
    known, unknown, begun = (
        make_execution(status, node=NODE)
        for status in (Status.QUEUED, Status.QUEUED, Status.RUNNING)
    )
    store = DatabaseJobStore(NODE, threads, lambda: {known.pk})
    store.give_back_doubtful()
    nodes = {each.pk: (each.status, each.node) for each in Execution.objects.all()}
    assert nodes == {
        known.pk: ("queued", NODE),
        unknown.pk: ("queued", ""),
        begun.pk: ("running", NODE),  # it may have run
    }


# Events


def heard_of(scheduler: IdleScheduler, code: int) -> list[JobEvent]:
    heard: list[JobEvent] = []
    scheduler.add_listener(lambda event: 1 / 0)  # one that fails disturbs nobody
    scheduler.add_listener(heard.append, code)
    return heard


def test_listeners_hear_of_missed_runs(scheduler: IdleScheduler, store: DatabaseJobStore) -> None:
    heard = heard_of(scheduler, EVENT_JOB_MISSED)
    store_job(code_job("code", misfire_grace_time=1))
    assert store.get_due_jobs(NOON + 30 * SECOND) == []
    assert [(event.job_id, event.scheduled_run_time) for event in heard] == [("code", NOON)]
    assert statuses("code") == ["missed"]


def test_listeners_hear_of_skipped_runs(
    scheduler: IdleScheduler, store: DatabaseJobStore, threads: Threads
) -> None:
    heard = heard_of(scheduler, EVENT_JOB_MAX_INSTANCES)
    store_job(code_job("code"))
    threads.busy()["code"] = 1
    assert store.get_due_jobs(NOON) == []
    assert [(event.job_id, event.scheduled_run_times) for event in heard] == [("code", [NOON])]
    assert statuses("code") == ["skipped"]


def test_what_is_skipped_together_takes_one_line_of_the_log(
    store: DatabaseJobStore, threads: Threads, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(7):
        store_job(code_job(f"code {number}"), NOON + number * SECOND)
        threads.busy()[f"code {number}"] = 1
    store.get_due_jobs(NOON + 60 * SECOND)
    [record] = caplog.records
    said = record.getMessage()
    assert said.startswith('7 jobs skipped: "code 0", "code 1", ')
    assert '"code 4", …. The first: Earlier runs of this job' in said


def test_one_that_is_skipped_by_itself_is_told_by_itself(
    store: DatabaseJobStore, threads: Threads, caplog: pytest.LogCaptureFixture
) -> None:
    store_job(code_job("code"))
    threads.busy()["code"] = 1
    store.get_due_jobs(NOON)
    [record] = caplog.records
    assert record.getMessage().startswith('Job "code" skipped: Earlier runs of this job')


def test_broken_jobs_are_logged(store: DatabaseJobStore, caplog: pytest.LogCaptureFixture) -> None:
    store_job(code_job("code", executor="elsewhere"))
    store.get_due_jobs(NOON)
    [record] = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert record.getMessage().startswith('Job "code" is broken, and parked: There is no executor')


def test_closing_the_store_leaves_a_transaction_of_the_callers_alone(
    store: DatabaseJobStore,
) -> None:
    with transaction.atomic():
        store.shutdown()
        assert connection.connection is not None
