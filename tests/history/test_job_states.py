"""Which jobs fail: told once, when the last attempt goes wrong, and once when a run succeeds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_apscheduler.models import DjangoJob

from countjobs.history import job_states
from countjobs.history.job_states import known_failing, look_for_recoveries
from countjobs.history.recorder import record
from countjobs.history.run_outcome import FollowUp, Outcome
from countjobs.models import CountJob, Execution, FailingJob, JobDefinition
from countjobs.models.executions import Status, Trigger
from countjobs.run_context import Run
from countjobs.schedulers.lost_runs import settle
from tests.support.factories import NOON, SECOND, execution_of, make_definition, make_execution
from tests.support.told import Told, told

__all__ = ["told"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]

GOOD, FAILED, TIMED_OUT = Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT


def outcome_of(run: Execution, status: Status, **values: Any) -> Outcome:
    said = {"error": "ValueError: no\nmore", "started_at": NOON, "finished_at": timezone.now()}
    about = Run(run.pk, run.job_id, run.job_name, run.scheduled_at, int, run.attempt)
    return Outcome(
        status,
        run.pk,
        follow_up=FollowUp(run.job_id, run.attempt) if status != GOOD else None,
        run=about,
        **{**said, **values},
    )


def run_of(definition: JobDefinition, at: datetime = NOON, **fields: Any) -> Execution:
    values = {"node": "here", "trigger": Trigger.SCHEDULE, "scheduled_at": at, "started_at": at}
    return execution_of(definition, Status.RUNNING, **{**values, **fields})


def ends(definition: JobDefinition, status: Status, minute: int = 0, **values: Any) -> Execution:
    run = run_of(definition, NOON + timedelta(minutes=minute))
    record([outcome_of(run, status, **values)])
    return run


@pytest.mark.parametrize("status", [FAILED, TIMED_OUT])
def test_a_failure_is_told_once_with_its_run_and_the_first_line_of_its_error(
    status: Status, told: Told
) -> None:
    definition = make_definition()
    run = ends(definition, status)
    ends(definition, status, minute=1)
    (change,) = told.of("failed")
    assert (change.job_id, change.job_name) == (definition.job_id, "count")
    assert (change.since, change.execution_id) == (NOON, run.pk)
    assert change.reason == "ValueError: no"
    (row,) = FailingJob.objects.all()
    assert (row.job_id, row.since, row.execution_id) == (definition.job_id, NOON, run.pk)


def test_a_success_is_told_once_and_the_next_failure_again(told: Told) -> None:
    definition = make_definition()
    for minute, status in enumerate([GOOD, FAILED, FAILED, GOOD, GOOD, FAILED]):
        ends(definition, status, minute)
    assert told.names() == ["failed", "recovered", "failed"]
    (change,) = told.of("recovered")
    assert change.since == NOON + timedelta(minutes=1), "since when it failed"
    assert change.execution_id == Execution.objects.get(scheduled_at__minute=3).pk


def test_a_failure_is_not_told_while_attempts_are_left(told: Told) -> None:
    definition = make_definition(retries=1)
    run = ends(definition, FAILED)
    assert told.names() == []
    retry = Execution.objects.get(trigger=Trigger.RETRY)
    Execution.objects.filter(pk=retry.pk).update(status=Status.RUNNING, node="here")
    retry.refresh_from_db()
    record([outcome_of(retry, FAILED)])
    (change,) = told.of("failed")
    assert (change.execution_id, change.since) == (retry.pk, run.scheduled_at)


def test_an_attempt_that_succeeds_after_all_tells_nothing(told: Told) -> None:
    ends(make_definition(retries=1), FAILED)
    retry = Execution.objects.get(trigger=Trigger.RETRY)
    Execution.objects.filter(pk=retry.pk).update(status=Status.RUNNING, node="here")
    record([outcome_of(retry, GOOD)])
    assert told.names() == []


def test_giving_up_is_told_though_attempts_are_left(told: Told) -> None:
    ends(make_definition(retries=3), FAILED, gives_up=True)
    assert told.names() == ["failed"]


def test_a_lost_run_is_told_unless_it_runs_again(told: Told) -> None:
    again = make_definition("again", rerun_if_lost=True)
    once = make_definition("once")
    for definition in (again, once):
        run_of(definition, node="dead")
    settle("dead", "It is dead.", NOON)
    assert [change.job_id for change in told.of("failed")] == [once.job_id]
    assert told.of("failed")[0].reason == "It is dead."


def test_a_run_that_another_scheduler_has_settled_is_not_told_again(told: Told) -> None:
    definition = make_definition()
    run = run_of(definition, node="dead")
    settle("dead", "It is dead.", NOON)
    record([outcome_of(run, GOOD)])
    assert told.names() == ["failed"], "a success that isn't recorded is none"


@pytest.mark.parametrize("how", ["pause", "delete"])
def test_what_was_paused_or_deleted_is_forgotten_and_not_told(how: str, told: Told) -> None:
    definition = make_definition()
    ends(definition, FAILED)
    runs = [run_of(definition, NOON + number * SECOND) for number in (1, 2)]
    if how == "pause":
        CountJob.objects.update(enabled=False)
    else:
        definition.delete()
    assert not FailingJob.objects.exists()
    record([outcome_of(runs[0], FAILED)])
    record([outcome_of(runs[1], GOOD)])
    assert told.names() == ["failed"]
    assert not FailingJob.objects.exists(), "a run that ended later changes nothing"


def test_what_fails_again_when_it_was_resumed_is_told(told: Told) -> None:
    definition = make_definition()
    ends(definition, FAILED)
    run = run_of(definition, NOON + SECOND)
    CountJob.objects.update(enabled=False)
    record([outcome_of(run, FAILED)])
    CountJob.objects.update(enabled=True)
    ends(definition, FAILED, minute=1)
    assert told.names() == ["failed", "failed"]


def test_a_job_from_code_is_told_too(told: Told) -> None:
    for status in (FAILED, GOOD):
        record([outcome_of(make_execution(Status.RUNNING, node="here"), status)])
    assert told.names() == ["failed", "recovered"]
    assert told.of("failed")[0].job_name == "code"


def test_the_first_failure_of_a_batch_counts(told: Told) -> None:
    definition = make_definition()
    runs = [run_of(definition, NOON + number * SECOND) for number in range(3)]
    record(
        [
            outcome_of(run, FAILED, finished_at=NOON + at * SECOND)
            for run, at in zip(runs, (7, 5, 6), strict=True)
        ]
    )
    assert [change.execution_id for change in told.of("failed")] == [runs[1].pk]


def test_a_failure_and_a_success_in_one_batch_leave_the_job_well(told: Told) -> None:
    definition = make_definition()
    runs = [run_of(definition, NOON + number * SECOND) for number in range(2)]
    record([outcome_of(runs[0], FAILED), outcome_of(runs[1], GOOD)])
    assert told.names() == ["failed", "recovered"]
    assert not FailingJob.objects.exists()


def test_a_recovery_that_was_recorded_at_the_same_moment_is_found_later(told: Told) -> None:
    definition = make_definition()
    ends(definition, FAILED, finished_at=NOON + SECOND)
    # Another scheduler looked before that was committed.
    success = execution_of(definition, scheduled_at=NOON + SECOND, finished_at=NOON + 1.1 * SECOND)
    FailingJob.objects.update(noted_at=NOON + 2 * SECOND)
    look_for_recoveries()
    look_for_recoveries()
    assert [change.execution_id for change in told.of("recovered")] == [success.pk]


def test_a_success_that_ended_before_the_failure_is_no_recovery(told: Told) -> None:
    definition = make_definition(max_instances=2)
    execution_of(definition, scheduled_at=NOON + SECOND, finished_at=NOON + 2 * SECOND)
    ends(definition, FAILED, finished_at=NOON + 60 * SECOND)
    look_for_recoveries()
    assert told.names() == ["failed"]
    assert FailingJob.objects.exists()


def test_what_is_paused_or_gone_without_anybody_noticing_is_forgotten_later(told: Told) -> None:
    there, paused = make_definition("there"), make_definition("paused")
    ids = [there.job_id, paused.job_id, "countjobs.countjob:999", "gone from code"]
    for job_id in ids:
        FailingJob.objects.create(job_id=job_id, since=NOON, noted_at=NOON, execution_id=1)
    disable = "UPDATE countjobs_countjob SET enabled = %s WHERE id = %s"
    with connection.cursor() as cursor:
        cursor.execute(disable, [False, paused.pk])
    look_for_recoveries()
    assert [row.job_id for row in FailingJob.objects.all()] == [there.job_id]
    assert told.names() == []


def test_a_one_off_that_failed_and_is_over_still_fails(told: Told) -> None:
    definition = make_definition(due=None, schedule_type="once", run_at=NOON + timedelta(days=1))
    ends(definition, FAILED)
    DjangoJob.objects.all().delete()
    look_for_recoveries()
    assert FailingJob.objects.exists()


def test_with_many_failing_jobs_each_batch_looks_closer(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_states, "MOST_KNOWN", 2)
    definitions = [make_definition(f"{number}") for number in range(4)]
    for definition in definitions:
        ends(definition, FAILED)
    assert known_failing().has_more
    for definition in definitions:
        ends(definition, GOOD, minute=1)
    assert told.names() == [*["failed"] * 4, *["recovered"] * 4]


def test_how_many_statements_a_batch_takes_does_not_depend_on_its_size(told: Told) -> None:
    def statements(count: int, status: Status) -> int:
        runs = [run_of(make_definition(f"{status} {count} {i}")) for i in range(count)]
        with CaptureQueriesContext(connection) as captured:
            record([outcome_of(run, status) for run in runs])
        return len(captured)

    assert statements(1, FAILED) == statements(40, FAILED)
    FailingJob.objects.all().delete()
    assert statements(1, GOOD) == statements(40, GOOD) == 2, "the write, and which jobs fail"
