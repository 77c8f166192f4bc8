"""Claims: what is due is taken, moved on and recorded, in one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_apscheduler.models import DjangoJob

from countjobs.executors.runs import carry_out
from countjobs.history.lifecycle import begin, put_off
from countjobs.jobstores.claims import Claims, claim
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status, Trigger
from tests.support.factories import (
    NOON,
    SECOND,
    code_job,
    every,
    make_definition,
    make_definitions,
    make_due,
    make_execution,
    once,
    statuses,
    store_job,
)

MINUTE = timedelta(minutes=1)
NODE = "here:1:11111111"

pytestmark = pytest.mark.django_db


def claim_at(now: datetime = NOON, limit: int = 100, **busy: int) -> Claims:
    return claim(now, limit=limit, node=NODE, busy=busy)


def next_run(job_id: str) -> object:
    return DjangoJob.objects.get(id=job_id).next_run_time


def test_a_definition_that_is_due_makes_one_execution_of_ours() -> None:
    definition = make_definition("tick", due=NOON)
    [claimed] = claim_at(NOON + SECOND).jobs
    [run] = claimed.runs
    execution = Execution.objects.get()
    assert (execution.pk, execution.job_id) == (run.execution_id, definition.job_id)
    assert (execution.status, execution.trigger) == (Status.QUEUED, Trigger.SCHEDULE)
    assert (execution.job_name, execution.node) == ("tick", NODE)
    assert execution.scheduled_at == NOON
    assert (execution.started_at, execution.finished_at) == (None, None)


def test_the_run_is_the_definitions_own() -> None:
    make_definition("tick", count=2, messages={"b": "1", "a": "2"})
    [claimed] = claim_at().jobs
    definition = claimed.runs[0].call.__self__  # type: ignore[attr-defined]
    assert isinstance(definition, CountJob)
    assert (definition.count, list(definition.messages)) == (2, ["b", "a"])


def test_its_row_is_moved_past_now() -> None:
    definition = make_definition(due=NOON)
    claim_at(NOON + 10.5 * MINUTE)
    assert next_run(definition.job_id) == NOON + 11 * MINUTE
    assert claim_at(NOON + 10.9 * MINUTE) == Claims()


def test_nothing_is_claimed_before_it_is_due() -> None:
    make_definition(due=NOON)
    assert claim_at(NOON - SECOND) == Claims()
    assert not Execution.objects.exists()


def test_promise_08_earlier_fire_times_are_counted_in_the_run_that_stands_for_them() -> None:
    make_definition(due=NOON)
    claim_at(NOON + 10 * MINUTE)
    execution = Execution.objects.get()
    assert (execution.scheduled_at, execution.folded) == (NOON + 10 * MINUTE, 10)


def test_the_longest_due_are_taken_first_up_to_the_limit() -> None:
    late, latest = make_definition("late", NOON), make_definition("latest", NOON - MINUTE)
    assert [job.id for job in claim_at(limit=1).jobs] == [latest.job_id]
    assert [job.id for job in claim_at(limit=1).jobs] == [late.job_id]


def test_without_coalesce_each_fire_time_is_claimed_in_their_order() -> None:
    definition = make_definition(coalesce=False)
    [claimed] = claim_at(NOON + 2 * MINUTE).jobs
    assert [run.scheduled_at for run in claimed.runs] == [NOON, NOON + MINUTE, NOON + 2 * MINUTE]
    assert statuses(definition.job_id) == ["queued", "queued", "queued"]
    assert set(Execution.objects.values_list("node", flat=True)) == {NODE}


def test_promise_07_what_is_too_late_is_a_row_with_its_reason() -> None:
    definition = make_definition(misfire_grace_time=10)
    claims = claim_at(NOON + MINUTE - SECOND)
    assert claims.jobs == []
    assert [job_id for job_id, _ in claims.not_run] == [definition.job_id]
    execution = Execution.objects.get()
    assert execution.status == Status.MISSED
    assert execution.error == "59.0 s late: the misfire grace time is 10 s."
    assert execution.finished_at == NOON + MINUTE - SECOND


def test_promise_12_a_job_that_still_runs_here_is_skipped() -> None:
    job = store_job(code_job())
    assert claim_at(code=1).jobs == []
    assert statuses(job.id) == ["skipped"]


@pytest.mark.parametrize("status", [Status.RUNNING, Status.QUEUED])
def test_promise_12_a_job_that_still_runs_elsewhere_is_skipped(status: Status) -> None:
    definition = make_definition()
    make_execution(status, job_id=definition.job_id, node="elsewhere:2:2", scheduled_at=NOON)
    assert claim_at(NOON + MINUTE).jobs == []
    skipped = Execution.objects.get(status=Status.SKIPPED)
    assert (skipped.scheduled_at, skipped.folded) == (NOON + MINUTE, 1)


def test_a_run_of_ours_that_has_ended_but_is_not_written_yet_is_no_overlap() -> None:
    definition = make_definition()
    make_execution(Status.RUNNING, job_id=definition.job_id, node=NODE)
    assert len(claim_at(NOON + MINUTE).jobs) == 1


def test_promise_01_a_fire_time_that_is_in_the_history_is_not_run_again() -> None:
    definition = make_definition(due=NOON)
    assert len(claim_at(NOON).jobs) == 1
    make_due(definition.job_id, NOON)  # a clock was set back
    assert claim_at(NOON).jobs == []
    assert Execution.objects.count() == 1
    assert next_run(definition.job_id) == NOON + MINUTE


def test_of_a_catch_up_only_what_is_not_in_the_history_runs() -> None:
    definition = make_definition(coalesce=False)
    claim_at(NOON + MINUTE)
    make_due(definition.job_id, NOON)
    [claimed] = claim_at(NOON + 2 * MINUTE).jobs
    assert [run.scheduled_at for run in claimed.runs] == [NOON + 2 * MINUTE]


def test_promise_10_a_job_from_code_that_is_over_is_deleted_and_its_history_stays() -> None:
    job = store_job(code_job(trigger=once()))
    assert len(claim_at().jobs) == 1
    assert not DjangoJob.objects.exists()
    assert statuses(job.id) == ["queued"]


def test_the_row_of_a_definition_that_is_over_stays_without_a_next_run() -> None:
    definition = make_definition(end_date=NOON.replace(year=2027), due=None)
    make_due(definition.job_id, NOON.replace(year=2027))
    assert len(claim_at(NOON.replace(year=2027)).jobs) == 1
    assert next_run(definition.job_id) is None


def test_what_a_job_does_to_its_arguments_does_not_meet_its_next_run() -> None:
    arguments: tuple[list[int]] = ([],)
    store_job(code_job(func=spoil, args=arguments, trigger=every(60), coalesce=False))
    [claimed] = claim_at(NOON + 2 * MINUTE).jobs
    assert [run.call() for run in claimed.runs] == [[1], [1], [1]]


def spoil(numbers: list[int]) -> list[int]:
    numbers.append(1)
    return numbers


def test_each_run_of_a_catch_up_has_a_definition_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[int] = []

    def run(definition: CountJob) -> None:
        definition.messages[str(len(definition.messages))] = ""
        seen.append(len(definition.messages))

    make_definition(coalesce=False, messages={})
    monkeypatch.setattr(CountJob, "run", run)
    [claimed] = claim_at(NOON + 2 * MINUTE).jobs
    for each in claimed.runs:
        each.call()
    assert seen == [1, 1, 1]


def fail() -> None:
    raise ValueError("reason")


def test_the_traceback_of_a_job_from_code_begins_with_its_own_frame() -> None:
    store_job(code_job(func=fail))
    [claimed] = claim_at(NOON).jobs
    shown = carry_out(claimed.runs[0], 10_000).traceback.splitlines()
    assert shown[1].endswith("in fail")


@pytest.mark.parametrize("count", [1, 10, 200])
def test_promise_16_the_number_of_statements_does_not_depend_on_the_number_of_jobs(
    count: int,
) -> None:
    make_definitions(count)
    with CaptureQueriesContext(connection) as queries:
        assert len(claim_at(limit=500).jobs) == count
    # A savepoint and its release, since the test is a transaction; asked, due, definitions, busy,
    # insert, update. PostgreSQL is told first when to let go of a frozen claim.
    assert len(queries) == 8 + (connection.vendor == "postgresql")


# Beginning what was claimed


def claimed_ids(count: int) -> list[int]:
    make_definitions(count)
    return [job.runs[0].execution_id for job in claim_at(limit=500).jobs]


def test_a_claimed_run_is_marked_when_it_begins() -> None:
    [execution_id] = claimed_ids(1)
    assert begin(NODE, [execution_id], NOON + SECOND) == [execution_id]
    execution = Execution.objects.get()
    assert (execution.status, execution.started_at) == (Status.RUNNING, NOON + SECOND)


def test_to_begin_twice_does_no_harm() -> None:
    ids = claimed_ids(2)
    begin(NODE, ids[:1], NOON)  # and the connection broke before it could be told
    assert sorted(begin(NODE, ids, NOON + SECOND)) == sorted(ids)


@pytest.mark.parametrize("node", ["", "elsewhere:2:2"])
def test_promise_09_a_run_that_was_given_back_does_not_begin_here(node: str) -> None:
    ids = claimed_ids(2)
    Execution.objects.filter(pk=ids[0]).update(node=node)
    assert begin(NODE, ids, NOON) == [ids[1]]
    assert Execution.objects.get(pk=ids[0]).status == Status.QUEUED


@pytest.mark.parametrize("status", [Status.LOST, Status.CANCELLED])
def test_a_run_that_was_settled_does_not_begin(status: Status) -> None:
    [execution_id] = claimed_ids(1)
    Execution.objects.update(status=status, finished_at=NOON)
    assert begin(NODE, [execution_id], NOON) == []
    assert Execution.objects.get().status == status


@pytest.mark.parametrize("count", [1, 10, 200])
def test_however_many_begin_it_is_one_statement(count: int) -> None:
    ids = claimed_ids(count)
    with CaptureQueriesContext(connection) as queries:
        assert len(begin(NODE, ids, NOON)) == count
    assert len(queries) == 1


def test_a_run_that_was_marked_and_could_not_begin_is_marked_as_waiting_again() -> None:
    ids = claimed_ids(2)
    begin(NODE, ids, NOON)
    Execution.objects.filter(pk=ids[0]).update(node="elsewhere:2:2")
    assert put_off(NODE, ids) == [ids[1]]
    kept, waiting = Execution.objects.order_by("pk")
    assert (kept.status, kept.started_at) == (Status.RUNNING, NOON)
    assert (waiting.status, waiting.started_at) == (Status.QUEUED, None)
