"""Runs of one job that are recorded in one batch: the last one says whether the job fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from countjobs.history.recorder import record
from countjobs.history.run_outcome import FollowUp, Outcome
from countjobs.models import FailingJob, JobDefinition
from countjobs.models.executions import Status, Trigger
from countjobs.run_context import Run
from countjobs.signals import Change, job_failed, job_recovered
from tests.support.factories import NOON, SECOND, execution_of, make_definition

pytestmark = pytest.mark.django_db


@pytest.fixture
def told() -> Iterator[list[str]]:
    found: list[str] = []

    def failed(changes: list[Change], **_: Any) -> None:
        found.extend("failed" for _change in changes)

    def recovered(changes: list[Change], **_: Any) -> None:
        found.extend("recovered" for _change in changes)

    job_failed.connect(failed)
    job_recovered.connect(recovered)
    yield found
    job_failed.disconnect(failed)
    job_recovered.disconnect(recovered)


def ended(definition: JobDefinition, status: Status, number: int) -> Outcome:
    """The outcome of the run that was due so many seconds after noon."""
    due = NOON + number * SECOND
    row = execution_of(
        definition,
        Status.RUNNING,
        node="here:1:1",
        trigger=Trigger.SCHEDULE,
        scheduled_at=due,
        started_at=due,
    )
    run = Run(row.pk, row.job_id, row.job_name, due, lambda: None)
    follow_up = FollowUp(row.job_id, 1) if definition.retries else None
    return Outcome(status, row.pk, started_at=due, finished_at=due, run=run, follow_up=follow_up)


def record_all(definition: JobDefinition, *statuses: Status) -> None:
    record([ended(definition, status, number) for number, status in enumerate(statuses)])


def test_a_job_whose_last_run_failed_has_not_recovered(told: list[str]) -> None:
    record_all(make_definition(), Status.SUCCEEDED, Status.FAILED)
    assert (told, FailingJob.objects.count()) == (["failed"], 1)


def test_a_job_whose_last_run_succeeded_has_recovered(told: list[str]) -> None:
    record_all(make_definition(), Status.FAILED, Status.SUCCEEDED)
    assert (told, FailingJob.objects.count()) == (["failed", "recovered"], 0)


def test_a_run_that_is_tried_again_leaves_an_earlier_success_as_it_is(told: list[str]) -> None:
    definition = make_definition()
    record_all(definition, Status.FAILED)
    definition.retries = 2
    definition.save()
    record([ended(definition, Status.SUCCEEDED, 5), ended(definition, Status.FAILED, 6)])
    assert (told, FailingJob.objects.count()) == (["failed", "recovered"], 0)
