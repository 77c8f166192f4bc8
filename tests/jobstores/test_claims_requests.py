"""Runs that were asked for: any scheduler claims them, beside what is due."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_apscheduler.models import DjangoJob

from countjobs.history.requests import request_run, request_runs
from countjobs.jobstores.claims import Claims, claim
from countjobs.models import CountJob, Execution, ParkedJob
from countjobs.models.executions import Status, Trigger
from tests.support.factories import (
    NOON,
    SECOND,
    code_job,
    make_definition,
    make_definitions,
    make_execution,
    store_job,
)

LATER = NOON + timedelta(days=1)
NODE = "here:1:11111111"

pytestmark = pytest.mark.django_db


def claim_at(now: datetime = NOON + SECOND, **busy: int) -> Claims:
    return claim(now, limit=100, node=NODE, busy=busy)


def request(definition: CountJob, **options: Any) -> Execution:
    with time_machine.travel(NOON, tick=False):
        return request_run(definition.job_id, definition.name, requested_by="ann", **options)


def test_promise_19_a_request_is_run_by_a_scheduler_and_who_asked_is_recorded() -> None:
    definition = make_definition(due=LATER)
    execution = request(definition)
    assert (execution.status, execution.node) == (Status.QUEUED, "")
    [claimed] = claim_at().jobs
    assert [run.execution_id for run in claimed.runs] == [execution.pk]
    execution.refresh_from_db()
    assert (execution.status, execution.trigger) == (Status.QUEUED, Trigger.MANUAL)
    assert (execution.node, execution.requested_by) == (NODE, "ann")
    assert claim_at() == Claims()


def test_the_schedule_of_the_job_stays_as_it_is() -> None:
    definition = make_definition(due=LATER)
    request(definition)
    claim_at()
    assert DjangoJob.objects.get(id=definition.job_id).next_run_time == LATER


def test_a_disabled_definition_runs_when_asked_to() -> None:
    definition = make_definition(due=None, enabled=False)
    request(definition)
    assert len(claim_at().jobs) == 1
    assert DjangoJob.objects.get(id=definition.job_id).next_run_time is None


def test_a_job_from_code_runs_when_asked_to() -> None:
    store_job(code_job(args=(1,)), due=None)
    execution = make_execution(Status.QUEUED)
    [claimed] = claim_at().jobs
    assert claimed.runs[0].execution_id == execution.pk
    assert claimed.runs[0].call() is None


def test_parameters_override_fields_of_that_run_only() -> None:
    definition = make_definition(due=NOON, count=3, max_instances=5)
    request(definition, parameters={"count": 7})
    request(definition)
    seven, three, scheduled = (job.runs[0].call.__self__ for job in claim_at().jobs)  # type: ignore[attr-defined]
    assert (seven.count, three.count, scheduled.count) == (7, 3, 3)
    definition.refresh_from_db()
    assert definition.count == 3


def test_parameters_become_what_fields_hold_and_what_they_can_not_hold_fails_the_run() -> None:
    definition = make_definition(due=LATER, max_instances=5)
    request(definition, parameters={"start_date": NOON.isoformat(), "count": "7"})
    bad = request(definition, parameters={"count": "many"})
    [job] = claim_at().jobs
    changed = job.runs[0].call.__self__  # type: ignore[attr-defined]
    assert (changed.start_date, changed.count) == (NOON, 7)
    bad.refresh_from_db()
    assert bad.status == Status.FAILED
    assert "“many” value must be an integer" in bad.error


def test_parameters_that_can_not_be_set_fail_that_run_and_nothing_else() -> None:
    definition = make_definition(due=LATER, max_instances=5)
    bad, good = request(definition, parameters={"job_id": 1}), request(definition)
    claims = claim_at()
    assert [job.runs[0].execution_id for job in claims.jobs] == [good.pk]
    bad.refresh_from_db()
    assert bad.status == Status.FAILED
    assert "CountJob has no field named 'job_id'" in bad.error
    assert not ParkedJob.objects.exists()


@pytest.mark.parametrize("name", ["cuont", "run", "next_fire_time"])
def test_parameters_that_are_no_fields_fail_the_run_and_are_not_passed_over(name: str) -> None:
    definition = make_definition(due=LATER)
    bad = request(definition, parameters={name: 99})
    assert claim_at().jobs == []
    bad.refresh_from_db()
    assert bad.status == Status.FAILED
    assert f"has no field named '{name}'" in bad.error


def test_a_job_from_code_takes_no_parameters_and_says_so() -> None:
    store_job(code_job(args=(1,)), due=None)
    bad = make_execution(Status.QUEUED, parameters={"count": 3})
    assert claim_at().jobs == []
    bad.refresh_from_db()
    assert (bad.status, bad.error) == (
        Status.FAILED,
        "TypeError: A job from code takes no parameters.",
    )


def test_a_request_for_a_job_that_was_deleted_is_cancelled() -> None:
    definition = make_definition()
    execution = request(definition)
    definition.delete()
    assert claim_at().jobs == []
    execution.refresh_from_db()
    assert (execution.status, execution.error) == (Status.CANCELLED, "The job was deleted.")
    assert execution.finished_at == NOON + SECOND


def test_a_request_for_a_broken_job_fails_with_the_reason() -> None:
    definition = make_definition(due=None)
    CountJob.objects.update(hour="25")
    error = ParkedJob.objects.get().error
    DjangoJob.objects.update(job_state=b"")
    execution = request(definition)
    claim_at()
    execution.refresh_from_db()
    assert (execution.status, execution.error) == (
        Status.FAILED,
        f"The job is broken: {error}",
    )
    assert ParkedJob.objects.get().error == error


def test_a_request_that_finds_a_paused_job_broken_parks_it() -> None:
    job = store_job(code_job(executor="elsewhere"), due=None)
    make_execution(Status.QUEUED)
    claim_at()
    assert ParkedJob.objects.get().job_id == job.id


def test_promise_12_a_request_for_a_job_that_still_runs_is_skipped() -> None:
    definition = make_definition(due=LATER)
    first, second = request(definition), request(definition)
    [claimed] = claim_at().jobs
    assert claimed.runs[0].execution_id == first.pk
    second.refresh_from_db()
    assert (second.status, second.started_at) == (Status.SKIPPED, None)
    assert second.error == "Earlier runs of this job had not finished (1)."


def test_what_is_due_waits_no_longer_for_what_was_asked_for_than_max_instances_says() -> None:
    definition = make_definition(due=NOON)
    request(definition)
    claims = claim_at()
    assert len(claims.jobs) == 1
    assert [not_run.status for _, not_run in claims.not_run] == [Status.SKIPPED]


def test_requests_of_the_future_wait() -> None:
    definition = make_definition(due=LATER)
    request(definition)
    assert claim_at(NOON - SECOND) == Claims()


def test_runs_that_a_dead_scheduler_gave_back_are_run_in_their_order_one_after_another() -> None:
    definition = make_definition(due=LATER)
    given_back = [
        make_execution(
            Status.QUEUED,
            job_id=definition.job_id,
            trigger=Trigger.SCHEDULE,
            scheduled_at=NOON - minute * timedelta(minutes=1),
        )
        for minute in (3, 2, 1)
    ]
    [claimed] = claim_at().jobs
    assert [run.execution_id for run in claimed.runs] == [each.pk for each in given_back]
    assert set(Execution.objects.values_list("status", "node")) == {("queued", NODE)}


@pytest.mark.parametrize("count", [1, 10, 200])
def test_the_number_of_statements_does_not_depend_on_the_number_of_requests(count: int) -> None:
    definitions = make_definitions(count, due=LATER)
    with time_machine.travel(NOON, tick=False):
        request_runs((each.job_id, each.name) for each in definitions)
    with CaptureQueriesContext(connection) as queries:
        assert len(claim(NOON, limit=500, node=NODE, busy={}).jobs) == count
    # A savepoint and its release; whether, and what; due, their rows, definitions, busy, update.
    assert len(queries) == 9 + (connection.vendor == "postgresql")
