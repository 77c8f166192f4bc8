"""Issue 13, line 3: what the database says, by few statements that use indexes."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_apscheduler.models import DjangoJob

from countjobs.history.holding import hold, release
from countjobs.jobstores.strangers import Strangers
from countjobs.metrics import gauges
from countjobs.metrics.gauges import Gauges, read_gauges
from countjobs.models import Execution, FailingJob, JobWatch, ParkedJob
from countjobs.models.executions import Status, Trigger
from countjobs.models.nodes import State
from tests.support.factories import (
    NOON,
    SECOND,
    executed,
    make_definition,
    make_execution,
    make_node,
)
from tests.support.plans import known_to_the_planner, plans_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]


def read() -> Gauges:
    return read_gauges(NOON, Strangers())


def test_nothing_is_there() -> None:
    assert read() == Gauges(
        problems={"no_scheduler": True, "cannot_claim": False, "no_room": False, "broken": False}
    )


def test_what_is_due_and_since_when() -> None:
    make_node()
    for number, name in enumerate("abc"):
        make_definition(name, due=NOON - number * 60 * SECOND)
    make_definition("later", due=NOON + SECOND)
    make_execution(Status.QUEUED, scheduled_at=NOON - 300 * SECOND)
    make_execution(
        Status.QUEUED,
        trigger=Trigger.RETRY,
        job_id="retry",
        scheduled_at=NOON - 900 * SECOND,
        not_before=NOON + SECOND,
    )
    found = read()
    assert (found.due, found.oldest_due_seconds) == (4, 300)
    assert found.queued == 2


def test_who_lives_and_what_runs() -> None:
    make_node(capacity=10, given_up=2)
    make_node(capacity=5, cannot_claim="secret", host="other")
    make_node(NOON - timedelta(hours=1), host="dead")
    make_node(state=State.STOPPED, host="stopped")
    for status in (Status.RUNNING, Status.RUNNING, Status.QUEUED, Status.SUCCEEDED):
        make_execution(status)
    found = read()
    assert (found.schedulers, found.schedulers_claiming) == (2, 1)
    assert (found.threads, found.threads_given_up) == (15, 2)
    assert (found.running, found.queued) == (2, 1)
    assert not any(found.problems.values())


def test_what_is_wrong_with_jobs() -> None:
    make_node()
    ParkedJob.objects.create(job_id="broken", error="it", parked_at=NOON)
    FailingJob.objects.create(job_id="failing", since=NOON, noted_at=NOON, execution_id=1)
    JobWatch.objects.create(job_id="silent", counts_from=NOON, silent_since=NOON)
    JobWatch.objects.create(job_id="paused", counts_from=NOON, paused_at=NOON)
    JobWatch.objects.create(job_id="watched", counts_from=NOON)
    found = read()
    assert (found.broken, found.silent, found.paused_itself) == (1, 1, 1)
    assert found.failing == 1
    assert [name for name, holds in found.problems.items() if holds] == ["broken"]


def test_while_all_jobs_are_held_nothing_is_due() -> None:
    make_definition()
    make_execution(Status.QUEUED, scheduled_at=NOON - SECOND)
    hold("why")
    assert (read().due, read().oldest_due_seconds, read().held) == (0, 0, 1)
    release()
    assert (read().due, read().oldest_due_seconds, read().held) == (2, 1, 0)


def test_it_counts_no_further_than_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauges, "MOST", 2)
    for name in "abc":
        make_definition(name)
        make_execution(Status.QUEUED, job_id=name)
    assert (read().due, read().queued) == (4, 2)


def test_the_number_of_queries_doesn_t_depend_on_what_is_there() -> None:
    make_node()
    with CaptureQueriesContext(connection) as few:
        read()
    for number in range(20):
        make_definition(f"count {number}", due=NOON - SECOND)
        make_execution(Status.QUEUED, job_id=f"queued {number}")
        make_execution(Status.RUNNING, job_id=f"running {number}")
    with CaptureQueriesContext(connection) as many:
        read()
    assert len(many) == len(few) <= 14


def test_a_long_history_and_many_jobs_are_not_read() -> None:
    with known_to_the_planner(Execution, DjangoJob):
        Execution.objects.bulk_create(executed(number) for number in range(5_000))
        DjangoJob.objects.bulk_create(
            DjangoJob(id=f"x.y:{number}", next_run_time=NOON + number * SECOND, job_state=b"")
            for number in range(1, 5_000)
        )
        make_node()
    with CaptureQueriesContext(connection) as queries:
        read()
    tables = "|".join((Execution._meta.db_table, DjangoJob._meta.db_table))
    # SQLite says SCAN for an index that is read in its order, too.
    whole = rf"Seq Scan on ({tables})|SCAN ({tables})(?! USING)"
    assert re.findall(whole, plans_of(queries)) == []
