"""What follows a run that failed: its next attempt, queued in the transaction that records it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, IntegrityError, OperationalError, ProgrammingError, connection
from django.test.utils import CaptureQueriesContext

from countjobs.database.rowsets import insert_rows, update_rows
from countjobs.history import attempts as attempts_module
from countjobs.history import follow_ups, lifecycle
from countjobs.history import recorder as module
from countjobs.history.recorder import Recorder, record
from countjobs.history.run_outcome import FollowUp, Outcome
from countjobs.models import CountJob, Execution, JobDefinition
from countjobs.models.executions import Status, Trigger
from tests.app.models import Greeting
from tests.support.factories import NOON, SECOND, execution_of, make_definition
from tests.support.waiting import wait_until

ENDED = NOON + 90 * SECOND

pytestmark = pytest.mark.django_db


def running(definition: JobDefinition, **fields: Any) -> Execution:
    values = {"node": "here:1:1", "trigger": Trigger.SCHEDULE, "started_at": NOON, **fields}
    return execution_of(definition, Status.RUNNING, **values)


def outcome(run: Execution, status: Status = Status.FAILED, **values: Any) -> Outcome:
    told = {"error": "ValueError: no", "output": "out", "started_at": NOON, "finished_at": ENDED}
    follow_up = FollowUp(run.job_id, run.attempt)
    return Outcome(status, run.pk, follow_up=follow_up, **{**told, **values})


def attempts() -> list[Execution]:
    return list(Execution.objects.filter(trigger=Trigger.RETRY).order_by("pk"))


def recorded(run: Execution, status: Status = Status.FAILED, **values: Any) -> Execution:
    record([outcome(run, status, **values)])
    run.refresh_from_db()
    return run


@pytest.mark.parametrize("status", [Status.FAILED, Status.TIMED_OUT])
def test_a_run_that_failed_queues_its_next_attempt_with_all_that_was_asked_for(
    status: Status,
) -> None:
    definition = make_definition(retries=3, retry_delay=100)
    run = running(definition, requested_by="ann", parameters={"b": 1, "a": 2}, folded=4)
    recorded(run, status)
    (retry,) = attempts()
    assert (run.status, run.next_attempt, run.output) == (status, retry.pk, "out")
    assert run.error == "ValueError: no Attempt 2 of at most 4 follows."
    assert (retry.status, retry.node, retry.attempt) == (Status.QUEUED, "", 2)
    assert (retry.first_attempt, retry.next_attempt) == (run.pk, None)
    assert (retry.job_id, retry.job_name) == (definition.job_id, "count")
    assert (retry.scheduled_at, retry.requested_by) == (run.scheduled_at, "ann")
    assert list(retry.parameters.items()) == [("b", 1), ("a", 2)]
    assert (retry.folded, retry.output, retry.error, retry.traceback) == (0, "", "", "")
    assert (retry.started_at, retry.finished_at) == (None, None)
    assert (retry.cancel_requested_at, retry.cancel_requested_by) == (None, "")
    assert retry.not_before is not None
    assert ENDED + 90 * SECOND <= retry.not_before <= ENDED + 110 * SECOND


def test_each_further_attempt_belongs_to_the_chain_of_the_first_one() -> None:
    run = running(make_definition(retries=3))
    chain = [run]
    for _again in range(3):
        recorded(chain[-1])
        (retry,) = Execution.objects.filter(status=Status.QUEUED)
        Execution.objects.filter(pk=retry.pk).update(status=Status.RUNNING, node="here:1:1")
        chain.append(retry)
    last = recorded(chain[-1])
    assert [each.attempt for each in chain] == [1, 2, 3, 4]
    assert {each.first_attempt for each in chain[1:]} == {run.pk}
    links = Execution.objects.order_by("pk").values_list("next_attempt", flat=True)
    assert list(links) == [each.pk for each in chain[1:]] + [None]
    assert list(Execution.objects.attempts_of(last)) == chain
    assert list(Execution.objects.ends_of_chains()) == [last]
    assert last.error.endswith("There is no next attempt: this was attempt 4 of at most 4.")


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.CANCELLED])
def test_nothing_follows_another_end(status: Status) -> None:
    run = recorded(running(make_definition(retries=3)), status)
    assert (run.status, run.error, attempts()) == (status, "ValueError: no", [])


def test_nothing_follows_where_the_job_gave_up_is_paused_or_is_gone() -> None:
    gave_up, paused, gone = (
        running(make_definition(name, retries=3)) for name in ("gave up", "paused", "gone")
    )
    CountJob.objects.filter(name="paused").update(enabled=False)
    CountJob.objects.filter(name="gone").delete()
    record([outcome(gave_up, gives_up=True), outcome(paused), outcome(gone)])
    errors = Execution.objects.order_by("pk").values_list("error", flat=True)
    assert list(errors) == [
        "ValueError: no There is no next attempt: the job gave up.",
        "ValueError: no There is no next attempt: the job was paused.",
        "ValueError: no",
    ]
    assert attempts() == []


def test_the_rules_are_those_of_the_moment_when_it_is_recorded() -> None:
    run = running(make_definition(retries=5))
    CountJob.objects.update(retries=0)
    assert recorded(run).error == "ValueError: no"
    assert attempts() == []


def test_try_later_says_when() -> None:
    recorded(running(make_definition(retries=1)), try_after=7.5)
    assert [retry.not_before for retry in attempts()] == [ENDED + 7.5 * SECOND]


@pytest.mark.parametrize("status", [Status.LOST, Status.CANCELLED, Status.FAILED])
def test_what_another_scheduler_has_settled_gets_no_other_attempt(status: Status) -> None:
    run = running(make_definition(retries=3))
    Execution.objects.filter(pk=run.pk).update(status=status, finished_at=NOON, error="settled")
    recorded(run)
    assert (run.status, run.error, run.next_attempt) == (status, "settled", None)
    assert attempts() == []


def test_an_outcome_that_is_recorded_twice_queues_one_attempt() -> None:
    run = running(make_definition(retries=3))
    recorded(run)
    recorded(run)
    assert len(attempts()) == 1


def test_what_failed_after_somebody_had_cancelled_it_is_not_tried_again() -> None:
    """It failed in the second before its scheduler saw that it was to stop."""
    run = running(make_definition(retries=3))
    lifecycle.ask_to_stop(Execution.objects.filter(pk=run.pk), "ann", NOON)
    assert recorded(run).error == (
        "ValueError: no There is no next attempt: somebody cancelled the run."
    )
    assert attempts() == []


@pytest.mark.parametrize("count", [1, 10, 300])
def test_the_number_of_statements_does_not_depend_on_the_number_of_runs(count: int) -> None:
    CountJob.objects.bulk_create(CountJob(name=f"job {n}", retries=3) for n in range(count))
    runs = [running(definition) for definition in CountJob.objects.all()]
    runs.append(running(Greeting.objects.create(name="hi", greeted="Ann", retries=1)))
    with CaptureQueriesContext(connection) as queries:
        record([outcome(run) for run in runs])
    assert len(attempts()) == count + 1
    # A savepoint and its release; two kinds, who cancelled, outcomes, the runs, attempts, links;
    # and on PostgreSQL a NOTIFY.
    assert len(queries) == 9 + (connection.vendor == "postgresql")


def test_those_that_succeed_are_not_asked_about() -> None:
    runs = [running(make_definition(str(number), retries=3)) for number in range(5)]
    with CaptureQueriesContext(connection) as queries:
        record([outcome(run, Status.SUCCEEDED) for run in runs])
    assert len(queries) == 3 + (connection.vendor == "postgresql")


# When the database refuses something


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.02)
    recorder = Recorder()
    yield recorder
    if recorder.is_alive():
        recorder.stop(timeout=60)


def record_all(recorder: Recorder, outcomes: list[Outcome]) -> None:
    for each in outcomes:
        recorder.put(each)
    recorder.start()
    recorder.stop(timeout=60)
    assert not recorder.is_alive()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [DataError, IntegrityError, ValueError])
def test_a_batch_that_is_refused_is_recorded_one_by_one_and_nothing_is_queued_twice(
    error: type[Exception], recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [running(make_definition(f"job {n}", retries=3)) for n in range(5)]

    def write(model: Any, rows: list[dict[str, Any]], *args: Any) -> list[Any]:
        if any(row.get("output") == "poison" for row in rows):
            raise error("poison")
        return update_rows(model, rows, *args)

    monkeypatch.setattr(lifecycle, "update_rows", write)
    poisoned = outcome(runs[2], output="poison")
    record_all(recorder, [*map(outcome, runs[:2]), poisoned, *map(outcome, runs[3:])])
    found = Execution.objects.filter(attempt=1).order_by("pk")
    assert [each.status for each in found] == [Status.FAILED] * 5
    assert found[2].output == ""
    assert found[2].error.startswith(f"The outcome could not be recorded: {error.__name__}")
    assert [each.attempt for each in attempts()] == [2] * 5
    assert [each.next_attempt for each in found] == [
        Execution.objects.get(first_attempt=each.pk).pk for each in found
    ]


@pytest.mark.django_db(transaction=True)
def test_an_attempt_that_can_not_be_queued_is_recorded_with_its_run_or_not_at_all(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = running(make_definition(retries=3))
    failures = [OperationalError("away")] * 2
    seen: list[str] = []

    def insert(*args: Any) -> list[tuple[Any, ...]]:
        seen.append(Execution.objects.get(pk=run.pk).status)
        queued = insert_rows(*args)
        if failures:
            raise failures.pop()
        return queued

    monkeypatch.setattr(lifecycle, "insert_rows", insert)
    recorder.put(outcome(run))
    recorder.start()
    wait_until(lambda: Execution.objects.filter(pk=run.pk, status=Status.FAILED).exists())
    assert seen == [Status.FAILED] * 3, "each in its transaction"
    assert len(attempts()) == 1


@pytest.mark.django_db(transaction=True)
def test_while_the_table_of_a_kind_is_at_fault_its_failures_wait_and_others_do_not(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else they would lose their next attempts: a fault of a table is not the job's."""
    count = running(make_definition(retries=3))
    greeting = running(Greeting.objects.create(name="hi", greeted="Ann", retries=3))
    broken = [True]

    def rules_of(job_ids: Any) -> Any:
        ids = list(job_ids)
        if greeting.job_id in ids and broken:
            raise ProgrammingError("no such table")
        return real(ids)

    real = attempts_module.rules_of
    monkeypatch.setattr(follow_ups, "rules_of", rules_of)
    recorder.put(outcome(count))
    recorder.put(outcome(greeting))
    recorder.start()
    wait_until(lambda: Execution.objects.filter(pk=count.pk, status=Status.FAILED).exists())
    assert Execution.objects.get(pk=greeting.pk).status == Status.RUNNING
    broken.clear()
    wait_until(lambda: len(attempts()) == 2)
    assert Execution.objects.get(pk=greeting.pk).error == (
        "ValueError: no Attempt 2 of at most 4 follows."
    )


@pytest.mark.django_db(transaction=True)
def test_a_definition_that_breaks_the_rules_loses_the_attempt_and_not_the_outcome(
    recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    """Raw SQL can write what no field takes."""
    bad, good = (running(make_definition(name, retries=3)) for name in ("bad", "good"))
    value = "'NaN'" if connection.vendor == "postgresql" else "'many'"
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE countjobs_countjob SET retry_backoff = {value} WHERE name = 'bad'")
    Execution.objects.filter(pk=bad.pk).update(attempt=2)
    bad.refresh_from_db()
    record_all(recorder, [outcome(bad), outcome(good)])
    bad.refresh_from_db()
    assert bad.status == Status.FAILED
    assert [retry.first_attempt for retry in attempts()] == [good.pk]


def test_the_next_attempt_is_due_a_long_time_after_a_long_run() -> None:
    run = running(make_definition(retries=1, retry_delay=10, retry_backoff=1))
    ended = NOON + timedelta(days=3)
    recorded(run, finished_at=ended)
    (retry,) = attempts()
    assert retry.not_before is not None
    assert ended + 9 * SECOND <= retry.not_before <= ended + 11 * SECOND
