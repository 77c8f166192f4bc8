"""What becomes of the runs of a scheduler that is gone, and which of them are run again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from countjobs.history.lifecycle import give_back
from countjobs.history.requests import request_run
from countjobs.jobstores.claims import claim
from countjobs.models import CountJob, Execution, JobDefinition, SchedulerNode
from countjobs.models.executions import Status, Trigger
from countjobs.schedulers.lost_runs import Settled, settle, settle_dead_nodes
from tests.app.models import Greeting
from tests.support.factories import NOON, SECOND, make_definition, make_execution, make_node

NODE = "gone:1:1"
LATER = NOON + timedelta(minutes=1)

pytestmark = pytest.mark.django_db


def running(definition: JobDefinition, **fields: Any) -> Execution:
    """A run of a scheduler that is gone."""
    values = {"node": NODE, "trigger": Trigger.SCHEDULE, "started_at": NOON, **fields}
    named = {"job_id": definition.job_id, "job_name": definition.name}
    return make_execution(Status.RUNNING, **named, **values)


def settled(execution: Execution) -> tuple[str, str]:
    """How a run stands after its scheduler was settled, and why."""
    settle(NODE, "It is gone.", LATER)
    execution.refresh_from_db()
    return execution.status, execution.error


def retries() -> list[Execution]:
    return list(Execution.objects.filter(trigger=Trigger.RETRY).order_by("pk"))


def test_promise_09_a_lost_run_is_run_again_where_its_definition_says_so() -> None:
    definition = make_definition(due=None, rerun_if_lost=True)
    lost = running(definition, requested_by="ann", parameters={"count": 7})
    reason = "It is gone. Attempt 2 of at most 3 follows."
    assert settled(lost) == (Status.LOST, reason)
    (retry,) = retries()
    assert (retry.job_id, retry.job_name) == (definition.job_id, definition.name)
    assert (retry.status, retry.node, retry.attempt) == (Status.QUEUED, "", 2)
    assert (retry.scheduled_at, retry.requested_by) == (lost.scheduled_at, "ann")
    assert (retry.parameters, retry.folded) == ({"count": 7}, 0)
    assert (retry.started_at, retry.finished_at, retry.error) == (None, None, "")


def test_a_lost_run_is_not_run_again_unless_its_definition_says_so() -> None:
    assert settled(running(make_definition())) == (Status.LOST, "It is gone.")
    assert retries() == []


def test_a_run_that_was_asked_for_is_run_again_too() -> None:
    definition = make_definition(due=None, rerun_if_lost=True)
    settled(running(definition, trigger=Trigger.MANUAL))
    assert len(retries()) == 1


def test_promise_09_another_scheduler_takes_the_next_attempt_with_what_was_asked_for() -> None:
    definition = make_definition(due=NOON + timedelta(days=1), rerun_if_lost=True)
    running(definition, parameters={"count": 7})
    settle(NODE, "It is gone.", LATER)
    [claimed] = claim(LATER, limit=10, node="here:2:2", busy={}).jobs
    (retry,) = retries()
    assert [run.execution_id for run in claimed.runs] == [retry.pk]
    assert claimed.runs[0].scheduled_at == NOON
    assert claimed.runs[0].call.__self__.count == 7  # type: ignore[attr-defined]  # a method
    assert retry.node == "here:2:2"


def test_the_next_attempt_comes_before_what_is_due_meanwhile() -> None:
    definition = make_definition(due=LATER, rerun_if_lost=True)
    running(definition)
    settle(NODE, "It is gone.", LATER)
    claims = claim(LATER, limit=10, node="here:2:2", busy={})
    assert [run.execution_id for job in claims.jobs for run in job.runs] == [retries()[0].pk]
    assert [not_run.status for _, not_run in claims.not_run] == [Status.SKIPPED]


@pytest.mark.parametrize(("most", "attempt"), [(3, 3), (1, 1), (3, 4)])
def test_a_job_that_takes_its_schedulers_down_does_not_do_so_for_ever(
    most: int, attempt: int, settings: Settings
) -> None:
    settings.COUNTJOBS = {"MOST_ATTEMPTS": most}
    lost = running(make_definition(rerun_if_lost=True), attempt=attempt, trigger=Trigger.RETRY)
    assert settled(lost) == (
        Status.LOST,
        f"It is gone. There is no next attempt: this was attempt {attempt} of at most {most}.",
    )
    assert not Execution.objects.filter(status=Status.QUEUED).exists()


def test_promise_11_a_paused_job_does_not_come_back_as_another_attempt() -> None:
    definition = make_definition(rerun_if_lost=True)
    lost = running(definition)
    CountJob.objects.update(enabled=False)
    reason = "It is gone. There is no next attempt: the job was paused."
    assert settled(lost) == (Status.LOST, reason)
    assert retries() == []


def delete(definition: CountJob) -> None:
    definition.delete()


def rename_key(definition: CountJob) -> None:
    """Ids that name a definition otherwise than it does, or none that there can be."""
    Execution.objects.update(job_id=f"countjobs.countjob:0{definition.pk}")


@pytest.mark.parametrize("remove", [delete, rename_key])
def test_a_job_whose_definition_is_gone_is_not_run_again(
    remove: Callable[[CountJob], None],
) -> None:
    definition = make_definition(rerun_if_lost=True)
    lost = running(definition)
    remove(definition)
    assert settled(lost) == (Status.LOST, "It is gone.")
    assert retries() == []


@pytest.mark.parametrize("job_id", ["code", "countjobs.countjob:x", "no.such:1", "a:b:c", ":", ""])
def test_a_job_from_code_is_not_run_again_whatever_its_id(job_id: str) -> None:
    lost = make_execution(Status.RUNNING, node=NODE, job_id=job_id)
    assert settled(lost) == (Status.LOST, "It is gone.")


def test_it_is_run_again_once_however_often_it_is_settled() -> None:
    running(make_definition(rerun_if_lost=True))
    assert settle(NODE, "It is gone.", LATER) == Settled(lost=1, again=1, given_back=0)
    assert settle(NODE, "It is gone.", LATER) == Settled(lost=0, again=0, given_back=0)
    assert len(retries()) == 1


def test_what_others_run_and_what_had_ended_is_left_alone() -> None:
    definition = make_definition(rerun_if_lost=True, max_instances=5)
    make_execution(Status.SUCCEEDED, node=NODE, job_id=definition.job_id)
    running(definition, node="here:2:2")
    assert settle(NODE, "It is gone.", LATER) == Settled(lost=0, again=0, given_back=0)


@pytest.mark.parametrize("is_stray", [False, True])
def test_promise_09_runs_of_dead_and_of_forgotten_schedulers_are_run_again(
    is_stray: bool,
) -> None:
    node = make_node(NOON - 15 * SECOND)
    running(make_definition(due=None, rerun_if_lost=True), node=node.name)
    if is_stray:
        SchedulerNode.objects.all().delete()
    settle_dead_nodes({node.uuid: node.heartbeat}, NOON)
    assert [retry.attempt for retry in retries()] == [2]


@pytest.mark.parametrize("count", [1, 10, 300])
def test_the_number_of_statements_does_not_depend_on_the_number_of_runs(count: int) -> None:
    CountJob.objects.bulk_create(
        CountJob(name=f"job {number}", rerun_if_lost=True) for number in range(count)
    )
    for definition in CountJob.objects.all():
        running(definition)
    running(Greeting.objects.create(name="greeting", greeted="Ann", rerun_if_lost=True))
    with CaptureQueriesContext(connection) as queries:
        assert settle(NODE, "It is gone.", LATER) == Settled(count + 1, count + 1, 0)
    # A savepoint and its release; the runs, two kinds, lost, retries, their links, which are last,
    # handed back; and on PostgreSQL a limit and a NOTIFY.
    assert len(queries) == 10 + 2 * (connection.vendor == "postgresql")


def test_the_next_attempt_of_a_request_keeps_who_asked(settings: Settings) -> None:
    settings.COUNTJOBS = {"MOST_ATTEMPTS": 5}
    definition = make_definition(due=None, rerun_if_lost=True)
    request_run(definition.job_id, definition.name, requested_by="ann")
    for attempt in range(1, 5):
        Execution.objects.filter(status=Status.QUEUED).update(node=NODE, status=Status.RUNNING)
        settle(NODE, "It is gone.", LATER)
        assert Execution.objects.get(status=Status.QUEUED).attempt == attempt + 1
    assert {each.requested_by for each in Execution.objects.all()} == {"ann"}


def test_promise_23_what_waits_can_be_handed_back() -> None:
    waiting = make_execution(Status.QUEUED, node="here:1:1")
    make_execution(Status.RUNNING, node="here:1:1")
    make_execution(Status.QUEUED, node="elsewhere:2:2")
    assert give_back("here:1:1") == 1
    assert list(Execution.objects.requested(NOON)) == [waiting]


@pytest.mark.parametrize("column", ["retries", "retry_delay", "retry_backoff"])
def test_a_definition_with_a_broken_rule_keeps_no_other_run_from_being_settled(
    column: str,
) -> None:
    """Raw SQL can write what no field takes."""
    bad, good = (make_definition(name, rerun_if_lost=True) for name in ("bad", "good"))
    lost = [running(bad), running(good)]
    if connection.vendor == "postgresql":
        if column != "retry_backoff":
            pytest.skip("This database takes only numbers there.")
        value = "NaN"
    else:
        value = "many"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE countjobs_countjob SET {column} = %s WHERE name = 'bad'",
            [value],
        )
    assert [settled(run)[0] for run in lost] == [Status.LOST] * 2
    assert [retry.job_id for retry in retries()] == [good.job_id]


def test_a_run_that_was_to_stop_when_it_was_lost_is_not_run_again() -> None:
    lost = running(make_definition(rerun_if_lost=True), cancel_requested_at=NOON)
    reason = "It is gone. There is no next attempt: somebody cancelled the run."
    assert settled(lost) == (Status.LOST, reason)
    assert retries() == []
