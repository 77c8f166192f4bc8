"""What a scheduler that is gone had claimed, or ran and is to be run again: it waits, and runs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.claims import Claims, claim
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status, Trigger
from countjobs.schedulers.lost_runs import Settled, settle
from tests.support.factories import (
    NOON,
    SECOND,
    code_job,
    make_definition,
    make_execution,
    once,
    store_job,
)

LATER = NOON + timedelta(days=1)
NODE = "here:1:1"
OWED = [Trigger.SCHEDULE, Trigger.RETRY]

pytestmark = pytest.mark.django_db


def owed(definition: CountJob, trigger: Trigger, seconds: int = 0) -> Execution:
    at = NOON - timedelta(minutes=1) + seconds * SECOND
    return make_execution(Status.QUEUED, job_id=definition.job_id, trigger=trigger, scheduled_at=at)


def claim_at(limit: int = 10) -> Claims:
    return claim(NOON, limit=limit, node=NODE, busy={})


def ids(claims: Claims) -> list[list[int]]:
    return [[run.execution_id for run in job.runs] for job in claims.jobs]


def status(execution: Execution) -> tuple[str, str]:
    execution.refresh_from_db()
    return execution.status, execution.node


@pytest.mark.parametrize("limit", [1, 2, 10])
def test_all_that_is_owed_to_a_job_is_taken_at_once_and_runs_one_after_another(limit: int) -> None:
    definition = make_definition(due=LATER)
    waiting = [
        owed(definition, trigger, second)
        for second, trigger in enumerate([Trigger.RETRY, *[Trigger.SCHEDULE] * 4])
    ]
    assert ids(claim_at(limit=limit)) == [[execution.pk for execution in waiting]]
    assert {status(execution) for execution in waiting} == {("queued", NODE)}


@pytest.mark.parametrize("trigger", OWED)
@pytest.mark.parametrize("node", [NODE, "elsewhere:2:2"])
def test_what_is_owed_waits_for_another_run_instead_of_being_skipped(
    trigger: Trigger, node: str
) -> None:
    definition = make_definition(due=LATER)
    going_on = make_execution(Status.RUNNING, job_id=definition.job_id, node=node)
    waiting = owed(definition, trigger)
    assert claim_at() == Claims()
    assert status(waiting) == ("queued", "")
    assert not Execution.objects.unclaimed().exists(), "it would keep the loop awake"
    Execution.objects.filter(pk=going_on.pk).update(status=Status.SUCCEEDED)
    assert ids(claim_at()) == [[waiting.pk]]


@pytest.mark.parametrize("trigger", OWED)
def test_what_waits_takes_no_capacity_from_others(trigger: Trigger) -> None:
    busy, other = make_definition("busy", due=LATER), make_definition("other", due=NOON)
    make_execution(Status.RUNNING, job_id=busy.job_id, node="elsewhere:2:2")
    for second in range(5):
        owed(busy, trigger, second)
    assert [job.id for job in claim_at(limit=1).jobs] == [other.job_id]


def test_what_is_due_is_skipped_while_something_is_owed_however_many_may_overlap() -> None:
    definition = make_definition(due=NOON, max_instances=5)
    make_execution(Status.RUNNING, job_id=definition.job_id, node="elsewhere:2:2")
    waiting = owed(definition, Trigger.RETRY)
    claims = claim_at()
    assert claims.jobs == []
    assert [not_run.status for _, not_run in claims.not_run] == [Status.SKIPPED]
    assert status(waiting) == ("queued", "")


def test_a_run_that_is_over_but_still_counted_here_is_waited_for() -> None:
    definition = make_definition(due=LATER)
    waiting = owed(definition, Trigger.SCHEDULE)
    claims = claim(NOON, limit=10, node=NODE, busy={definition.job_id: 1})
    assert claims == Claims()
    assert status(waiting) == ("queued", "")


def test_what_is_owed_runs_after_what_was_asked_for_before_it() -> None:
    definition = make_definition(due=LATER)
    at = NOON - timedelta(hours=1)
    asked = make_execution(Status.QUEUED, job_id=definition.job_id, scheduled_at=at)
    waiting = owed(definition, Trigger.SCHEDULE)
    assert ids(claim_at()) == [[asked.pk, waiting.pk]]


def test_promise_11_the_next_attempt_of_a_job_that_was_paused_meanwhile_is_cancelled() -> None:
    definition = make_definition(due=None, enabled=False)
    waiting = owed(definition, Trigger.RETRY)
    assert claim_at() == Claims()
    waiting.refresh_from_db()
    assert (waiting.status, waiting.error) == (Status.CANCELLED, "The job was paused.")


def test_the_last_run_of_a_job_from_code_is_cancelled_where_its_scheduler_dies_before_it() -> None:
    store_job(code_job(trigger=once(NOON)))
    [claimed] = claim(NOON, limit=10, node="gone:2:2", busy={}).jobs
    assert not DjangoJob.objects.exists()
    assert settle("gone:2:2", "It is gone.", NOON) == Settled(lost=0, again=0, given_back=1)
    assert claim_at() == Claims()
    cancelled = Execution.objects.get(pk=claimed.runs[0].execution_id)
    assert (cancelled.status, cancelled.started_at) == (Status.CANCELLED, None)
    assert cancelled.error == (
        "The job no longer exists: it was deleted, or it had no more fire times."
    )
