"""Attempts that wait for their time: when they are taken, and what ends them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.claims import Claims, claim
from countjobs.jobstores.store import DatabaseJobStore
from countjobs.models import CountJob, Execution, FailingJob, JobDefinition
from countjobs.models.executions import Status, Trigger
from tests.support.factories import NOON, SECOND, execution_of, make_definition, statuses

LATER = NOON + timedelta(days=1)
NODE = "here:1:1"
ELSEWHERE = "elsewhere:2:2"

pytestmark = pytest.mark.django_db


BEFORE = NOON - timedelta(minutes=1)


def waiting(definition: JobDefinition, until: datetime, at: datetime = BEFORE) -> Execution:
    """The second attempt of a run that failed before noon."""
    run = execution_of(
        definition, Status.FAILED, trigger=Trigger.SCHEDULE, scheduled_at=at, finished_at=at
    )
    retry = execution_of(
        definition,
        Status.QUEUED,
        trigger=Trigger.RETRY,
        scheduled_at=at,
        attempt=2,
        first_attempt=run.pk,
        not_before=until,
    )
    Execution.objects.filter(pk=run.pk).update(next_attempt=retry.pk)
    return retry


def claim_at(now: datetime = NOON, node: str = NODE) -> Claims:
    return claim(now, limit=10, node=node, busy={})


def ids(claims: Claims) -> list[list[int]]:
    return [[run.execution_id for run in job.runs] for job in claims.jobs]


def stands(execution: Execution) -> tuple[str, str]:
    execution.refresh_from_db()
    return execution.status, execution.error


def test_an_attempt_is_not_taken_before_its_time_and_is_taken_then_with_its_number() -> None:
    retry = waiting(make_definition(due=LATER), NOON)
    assert claim_at(NOON - timedelta(microseconds=1)) == Claims()
    [[run]] = [job.runs for job in claim_at(NOON).jobs]
    assert (run.execution_id, run.attempt) == (retry.pk, 2)
    assert run.scheduled_at == retry.scheduled_at
    assert claim_at(NOON, ELSEWHERE) == Claims(), "once"


def test_the_run_of_an_attempt_has_the_limits_of_its_definition() -> None:
    waiting(make_definition(due=LATER, time_limit=7, retries=2), NOON)
    [[run]] = [job.runs for job in claim_at().jobs]
    assert (run.time_limit, run.has_rules) == (7, True)


def test_the_loop_wakes_for_an_attempt(store: DatabaseJobStore) -> None:
    waiting(make_definition(due=LATER), NOON + 5 * SECOND)
    assert store.get_next_run_time() == NOON + 5 * SECOND
    waiting(make_definition("other", due=NOON + 7 * SECOND), NOON + 6 * SECOND)
    assert store.get_next_run_time() == NOON + 5 * SECOND
    assert store.get_due_jobs(NOON + 4 * SECOND) == []
    assert len(store.get_due_jobs(NOON + 5 * SECOND)) == 1
    assert store.get_next_run_time() == NOON + 6 * SECOND


def test_the_loop_does_not_wake_for_an_attempt_that_has_to_wait_for_a_run(
    store: DatabaseJobStore,
) -> None:
    definition = make_definition(due=LATER)
    waiting(definition, NOON - SECOND)
    going_on = execution_of(definition, Status.RUNNING, node=ELSEWHERE)
    assert store.get_next_run_time() == LATER
    Execution.objects.filter(pk=going_on.pk).update(status=Status.SUCCEEDED, finished_at=NOON)
    assert store.get_next_run_time() == NOON - SECOND


@pytest.mark.parametrize("coalesce", [True, False])
@pytest.mark.parametrize("max_instances", [1, 3])
def test_a_waiting_attempt_does_not_hold_up_the_schedule(
    coalesce: bool, max_instances: int
) -> None:
    definition = make_definition(due=NOON, coalesce=coalesce, max_instances=max_instances)
    retry = waiting(definition, NOON + SECOND)
    claims = claim_at()
    assert (len(claims.jobs), claims.not_run) == (1, [])
    if coalesce:
        assert stands(retry) == (Status.CANCELLED, "A later run of the job has begun.")
        assert Execution.objects.ends_of_chains().filter(status=Status.FAILED).exists()
    else:
        assert stands(retry) == (Status.QUEUED, "")


def test_a_job_fails_if_each_run_ends_the_attempt_that_waits() -> None:
    """Otherwise a job that is due more often than it is tried again would never fail."""
    definition = make_definition(due=NOON)
    retry = waiting(definition, LATER)
    claim_at()
    failing = FailingJob.objects.get()
    assert (failing.job_id, failing.execution_id) == (definition.job_id, retry.first_attempt)


def test_only_the_attempts_of_jobs_that_begin_are_ended() -> None:
    begins, rests = make_definition("begins", due=NOON), make_definition("rests", due=LATER)
    ended, kept = waiting(begins, LATER), waiting(rests, LATER)
    claim_at()
    assert stands(ended)[0] == Status.CANCELLED
    assert stands(kept)[0] == Status.QUEUED


def test_a_fire_time_that_is_skipped_or_missed_ends_no_attempt() -> None:
    skips = make_definition("skips", due=NOON)
    execution_of(skips, Status.RUNNING, node=ELSEWHERE)
    misses = make_definition("misses", due=NOON, misfire_grace_time=10)
    kept = [waiting(skips, LATER), waiting(misses, LATER)]
    claims = claim_at(NOON + 30 * SECOND)
    assert {why.status for _job, why in claims.not_run} == {Status.SKIPPED, Status.MISSED}
    assert [stands(retry)[0] for retry in kept] == [Status.QUEUED] * 2


def test_a_fire_time_that_was_claimed_before_ends_no_attempt() -> None:
    """A clock was set back: the row is due again, and its run is in the history."""
    definition = make_definition(due=NOON)
    execution_of(definition, Status.SUCCEEDED, trigger=Trigger.SCHEDULE, finished_at=NOON)
    retry = waiting(definition, LATER)
    assert claim_at().jobs == []
    assert stands(retry)[0] == Status.QUEUED


def test_a_run_that_was_asked_for_ends_no_attempt() -> None:
    definition = make_definition(due=LATER)
    retry = waiting(definition, LATER)
    execution_of(definition, Status.QUEUED, scheduled_at=NOON)
    assert len(claim_at().jobs) == 1
    assert stands(retry)[0] == Status.QUEUED


def test_an_attempt_and_a_fire_time_that_are_due_together_don_t_run_side_by_side() -> None:
    definition = make_definition(due=NOON)
    retry = waiting(definition, NOON)
    claims = claim_at()
    assert ids(claims) == [[retry.pk]]
    assert [why.status for _job, why in claims.not_run] == [Status.SKIPPED]


def test_an_attempt_that_is_due_waits_for_the_run_that_goes_on() -> None:
    definition = make_definition(due=LATER, coalesce=False)
    retry = waiting(definition, NOON)
    going_on = execution_of(definition, Status.RUNNING, node=ELSEWHERE)
    assert claim_at() == Claims()
    assert claim(NOON, limit=10, node=NODE, busy={definition.job_id: 1}) == Claims()
    assert stands(retry) == (Status.QUEUED, "")
    Execution.objects.filter(pk=going_on.pk).update(status=Status.FAILED, finished_at=NOON)
    assert ids(claim_at()) == [[retry.pk]]


def test_attempts_of_two_chains_run_one_after_the_other() -> None:
    definition = make_definition(due=LATER, coalesce=False)
    first = waiting(definition, NOON - SECOND)
    second = waiting(definition, NOON, at=NOON - timedelta(minutes=2))
    assert ids(claim_at()) == [[first.pk, second.pk]]


def test_an_attempt_that_its_scheduler_did_not_begin_waits_again_for_another() -> None:
    """It was claimed and given back: it doesn't hold up the schedule then, either."""
    definition = make_definition(due=NOON, coalesce=False)
    retry = waiting(definition, NOON + SECOND)
    assert len(claim_at().jobs) == 1
    assert stands(retry)[0] == Status.QUEUED
    Execution.objects.exclude(pk=retry.pk).update(status=Status.FAILED, finished_at=NOON)
    assert ids(claim_at(NOON + SECOND, ELSEWHERE)) == [[retry.pk]]


def test_an_attempt_of_a_paused_job_does_not_run_while_one_that_was_asked_for_does() -> None:
    definition = make_definition(due=None)
    CountJob._base_manager.update(enabled=False)
    DjangoJob.objects.update(next_run_time=None)
    retry = waiting(definition, NOON)
    asked = execution_of(definition, Status.QUEUED, scheduled_at=NOON)
    assert ids(claim_at()) == [[asked.pk]]
    assert stands(retry) == (Status.CANCELLED, "The job was paused.")


def test_after_its_last_fire_time_a_job_still_gets_its_attempts() -> None:
    definition = make_definition(due=None)
    DjangoJob.objects.update(next_run_time=None)
    retry = waiting(definition, NOON)
    assert ids(claim_at()) == [[retry.pk]]
    assert statuses(definition.job_id) == [Status.FAILED, Status.QUEUED]


def test_the_attempt_of_a_broken_job_fails_with_the_reason() -> None:
    definition = make_definition(due=LATER)
    retry = waiting(definition, NOON)
    DjangoJob.objects.update(job_state=b"garbage")
    CountJob._base_manager.update(executor="gone")
    assert claim_at().jobs == []
    status, error = stands(retry)
    assert status == Status.FAILED
    assert "no executor “gone”" in error
    failing = FailingJob.objects.get()
    assert (failing.job_id, failing.execution_id) == (definition.job_id, retry.pk)
