"""Jobs that pause themselves after so many failures in a row."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django_apscheduler.models import DjangoJob

from countjobs.history import recorder as recorder_module
from countjobs.history import watching
from countjobs.history.recorder import Recorder
from countjobs.history.run_outcome import FollowUp, Outcome
from countjobs.history.watching import pause_failing
from countjobs.models import CountJob, Execution, JobDefinition, JobWatch
from countjobs.models.executions import Status, Trigger
from countjobs.schedulers.lost_runs import settle_dead_nodes
from tests.app.models import Greeting
from tests.support.factories import NOON, SECOND, execution_of, make_definition, make_node
from tests.support.past_runs import MINUTE, ended
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]

FAILED, LOST, TIMED_OUT = Status.FAILED, Status.LOST, Status.TIMED_OUT
GOOD = Status.SUCCEEDED


def paused(definition: JobDefinition, now: datetime = NOON + 60 * MINUTE) -> bool:
    """Whether it pauses itself now."""
    lines = pause_failing([definition.job_id], now)
    definition.refresh_from_db()
    assert bool(lines) == (not definition.enabled)
    return not definition.enabled


@pytest.mark.parametrize(
    ("after", "runs", "pauses"),
    [
        (1, [], False),
        (1, [FAILED], True),
        (2, [FAILED], False),
        (2, [FAILED, FAILED], True),
        (3, [FAILED, TIMED_OUT, LOST], True),
        (3, [FAILED, FAILED, GOOD, FAILED], False),
        (2, [FAILED, FAILED, GOOD], False),
        (2, [GOOD, FAILED, FAILED], True),
        (2, [FAILED, GOOD, FAILED], False),
        (3, [FAILED, Status.SKIPPED, FAILED, Status.MISSED, FAILED], True),
        (3, [FAILED, Status.SKIPPED, FAILED, Status.CANCELLED], False),
        (3, [FAILED, FAILED, Status.QUEUED, Status.RUNNING], False),
        (2, [Status.SKIPPED, Status.SKIPPED, Status.CANCELLED], False),
        (2, [FAILED] * 7, True),
    ],
)
def test_a_job_pauses_itself_after_so_many_failures_in_a_row(
    after: int, runs: list[Status], pauses: bool
) -> None:
    definition = make_definition(pause_after=after)
    ended(definition, *runs)
    assert paused(definition) == pauses
    watch = JobWatch.objects.get()
    if pauses:
        assert (watch.paused_at, watch.paused_after) == (NOON + 60 * MINUTE, after)
        assert DjangoJob.objects.get().next_run_time is None
    else:
        assert watch.paused_at is None
        assert DjangoJob.objects.get().next_run_time is not None


def test_a_chain_counts_once_by_its_end() -> None:
    definition = make_definition(pause_after=2, retries=2)
    for minute in (1, 2):
        ended(definition, FAILED, FAILED, start=minute, next_attempt=9, trigger=Trigger.RETRY)
    ended(definition, FAILED, start=3)
    assert not paused(definition)
    ended(definition, FAILED, start=4)
    assert paused(definition)


def test_other_jobs_are_left_alone() -> None:
    definition = make_definition(pause_after=1)
    never = make_definition("never")
    greeting = Greeting.objects.create(name="hi", greeted="Ann", pause_after=1)
    for each in (definition, never, greeting):
        ended(each, FAILED)
    lines = pause_failing([never.job_id, greeting.job_id, "code", "no.such:1", ":"], NOON)
    assert lines == ['Job "hi" paused itself after 1 failure in a row.']
    assert set(CountJob.objects.values_list("enabled", flat=True)) == {True}


def test_after_it_is_resumed_counting_starts_anew(noon_clock: time_machine.Traveller) -> None:
    definition = make_definition(pause_after=2)
    ended(definition, FAILED, FAILED)
    assert paused(definition)
    noon_clock.move_to(NOON + 10 * MINUTE)
    definition.enabled = True
    definition.save()
    watch = JobWatch.objects.get()
    assert (watch.paused_at, watch.counts_from) == (None, NOON + 10 * MINUTE)
    assert not paused(definition)
    ended(definition, FAILED, start=11)
    assert not paused(definition)
    ended(definition, FAILED, start=12)
    assert paused(definition)


def test_what_began_before_it_was_resumed_and_ended_after_counts() -> None:
    definition = make_definition(pause_after=2)
    JobWatch.objects.update(counts_from=NOON + 10 * MINUTE)
    ended(definition, FAILED, FAILED, start=5, finished_at=NOON + 11 * MINUTE)
    assert paused(definition)


def test_a_failure_of_a_paused_job_changes_nothing() -> None:
    definition = make_definition(pause_after=1, enabled=False)
    ended(definition, FAILED)
    assert pause_failing([definition.job_id], NOON) == []
    assert not JobWatch.objects.exists()


def test_the_look_at_a_huge_history_is_bounded() -> None:
    """After a resume, all of it is too old."""
    definition = make_definition(pause_after=3)
    old = NOON - timedelta(days=1)
    rows = [
        Execution(
            job_id=definition.job_id,
            job_name="count",
            status=GOOD if number % 2 else FAILED,
            scheduled_at=old - number * SECOND,
            finished_at=old,
        )
        for number in range(3_000)
    ]
    Execution.objects.bulk_create(rows)
    ended(definition, FAILED, FAILED)
    with CaptureQueriesContext(connection) as queries:
        assert not paused(definition)
    assert rows_read(queries.captured_queries) < 200
    ended(definition, FAILED, start=3)
    with CaptureQueriesContext(connection) as queries:
        assert paused(definition)
    assert rows_read(queries.captured_queries) < 200


def rows_read(queries: list[dict[str, str]]) -> int:
    """How many runs these queries would have read without a limit of their own."""
    if connection.vendor != "postgresql":
        pytest.skip("Only PostgreSQL says how many rows it read.")
    read = 0
    for query in queries:
        sql = query["sql"]
        if not sql.startswith("SELECT") or "countjobs_execution" not in sql:
            continue
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE countjobs_execution")
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
            read += _rows(cursor.fetchone()[0][0]["Plan"])
    return read


def _rows(plan: dict[str, Any]) -> int:
    own = (
        plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        if "Relation" in str(plan)
        else 0
    )
    return int(own) + sum(_rows(part) for part in plan.get("Plans", ()))


@pytest.mark.django_db(transaction=True)
def test_the_recorder_pauses_a_job_once_its_failures_are_written(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recorder_module, "RETRY_SECONDS", 0.02)
    definition = make_definition(pause_after=2)
    runs = [
        execution_of(definition, Status.RUNNING, scheduled_at=NOON + n * SECOND) for n in range(2)
    ]
    recorder = Recorder()
    for run in runs:
        follow_up = FollowUp(run.job_id, 1)
        recorder.put(Outcome(FAILED, run.pk, NOON, NOON + MINUTE, follow_up=follow_up))
    recorder.start()
    recorder.stop(timeout=60)
    definition.refresh_from_db()
    assert not definition.enabled
    assert 'Job "count" paused itself after 2 failures in a row.' in caplog.text


def test_a_job_whose_runs_are_lost_pauses_itself_too(caplog: pytest.LogCaptureFixture) -> None:
    """It may be what takes its schedulers down, one after the other."""
    definition = make_definition(pause_after=2)
    ended(definition, LOST)
    node = make_node(NOON)
    execution_of(definition, Status.RUNNING, node=node.name, scheduled_at=NOON + 2 * MINUTE)
    settle_dead_nodes({node.uuid: node.heartbeat}, NOON + 3 * MINUTE)
    definition.refresh_from_db()
    assert not definition.enabled
    assert "paused itself after 2 failures in a row" in caplog.text


def test_a_definition_that_can_not_be_paused_keeps_no_other_from_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = (make_definition(name, pause_after=1) for name in ("bad", "good"))
    for each in (bad, good):
        ended(each, FAILED)
    real = watching._pause_if_failing

    def pause(definition: JobDefinition, now: datetime) -> str:
        if definition.name == "bad":
            raise RuntimeError("its own code")
        return real(definition, now)

    monkeypatch.setattr(watching, "_pause_if_failing", pause)
    assert len(pause_failing([bad.job_id, good.job_id], NOON)) == 1
    assert "its own code" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_of_two_recorders_that_see_the_same_failures_one_pauses_the_job() -> None:
    definition = make_definition(pause_after=2)
    ended(definition, FAILED, FAILED)
    together = threading.Barrier(2, timeout=60)
    lines: list[str] = []

    def pause() -> None:
        try:
            connection.ensure_connection()
            together.wait()
            lines.extend(pause_failing([definition.job_id], NOON))
        finally:
            connection.close()

    threads = [threading.Thread(target=pause) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(lines) == 1
    assert JobWatch.objects.get().paused_after == 2


@pytest.mark.django_db(transaction=True)
def test_pausing_itself_and_an_edit_that_ends_the_watch_don_t_wait_for_each_other() -> None:
    if not connection.features.has_select_for_update:
        pytest.skip("This database takes one writer at a time.")
    definition = make_definition(pause_after=1)
    ended(definition, FAILED)
    failed: list[Exception] = []

    def pause() -> None:
        try:
            pause_failing([definition.job_id], NOON)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=pause)
    with transaction.atomic():
        CountJob._base_manager.filter(pk=definition.pk).update(pause_after=None)
        thread.start()
        wait_until(_somebody_waits)
        CountJob.objects.filter(pk=definition.pk).update(pause_after=None)
    thread.join(60)
    assert failed == []


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
        return cursor.fetchone() is not None
