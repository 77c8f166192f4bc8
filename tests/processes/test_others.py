"""Schedulers beside others' faults: a table's, an older release's, a plain django-apscheduler's."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from django_apscheduler.models import DjangoJob

from countjobs.history.requests import request_run
from countjobs.models import CountJob, Execution, ParkedJob, SchedulerNode
from tests.app.models import Greeting
from tests.support.child_processes import reap, spawn
from tests.support.faults import SECOND
from tests.support.paths import ROOT
from tests.support.running_schedulers import database_url, end, is_alive, read, start
from tests.support.table_faults import EXECUTIONS, poor_role, sql
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

EVERY_SECOND = {"second": "*", "max_instances": 100}
OLDER = {"DJANGO_SETTINGS_MODULE": "tests.older.settings"}


@contextmanager
def scheduler(log: Path, url: str = "", **environment: str) -> Iterator[None]:
    """A `runscheduler` that lives."""
    process = start("runscheduler", log=log, url=url, **environment)
    try:
        wait_until(lambda: is_alive(process), 30, what=lambda: f"for a scheduler:\n{read(log)}")
        yield
        assert end(process) == 0, read(log)
    finally:
        end(process)


def status(log: Path) -> int:
    """The exit status of `schedulerstatus`."""
    process = start("schedulerstatus", log=log.with_name("status.log"))
    try:
        return process.wait(60)
    finally:
        reap(process)


def succeeded(job_id: str) -> int:
    return Execution.objects.filter(job_id=job_id, status="succeeded").count()


@contextmanager
def fault() -> Iterator[tuple[str, list[str], list[str]]]:
    """How a scheduler reaches the database; and what makes inserts fail, and what ends that."""
    if connection.vendor == "postgresql":
        with poor_role() as role:
            url = database_url()
            poor = f"postgres://{role}@{url.split('@')[1]}"
            on = f"ON {EXECUTIONS}"
            yield poor, [f"REVOKE INSERT {on} FROM {role}"], [f"GRANT INSERT {on} TO {role}"]
    else:
        trigger = (
            f"CREATE TRIGGER refusing BEFORE INSERT ON {EXECUTIONS}"
            " BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
        yield "", [trigger], ["DROP TRIGGER refusing"]


def test_a_right_that_is_taken_away_for_a_while_parks_nobody(log: Path) -> None:
    """Issue 8, line 1."""
    jobs = [CountJob.objects.create(name=f"job {n}", **EVERY_SECOND) for n in range(3)]
    with fault() as (url, begin, stop), scheduler(log, url):
        wait_until(lambda: all(succeeded(job.job_id) for job in jobs), 20, lambda: read(log))
        for statement in begin:
            sql(statement)
        wait_until(lambda: SchedulerNode.objects.exclude(cannot_claim=""), 20, lambda: read(log))
        assert status(log) == 5
        began = timezone.now()
        wait_until(lambda: timezone.now() > began + 3 * SECOND)
        wait_until(lambda: SchedulerNode.objects.filter(heartbeat__gt=began), 60)
        assert not ParkedJob.objects.exists()
        ended = timezone.now()
        for statement in stop:
            sql(statement)
        for job in jobs:
            later = Execution.objects.filter(
                job_id=job.job_id, status="succeeded", scheduled_at__gt=ended
            )
            wait_until(later.exists, 30, what=lambda: read(log))
        wait_until(lambda: status(log) == 0, 30, every=0.2)
    for job in jobs:
        assert_all_are_accounted_for(job.job_id)
    assert not ParkedJob.objects.exists()
    lines = [
        line for line in read(log).splitlines() if "can't be claimed" in line or "refuses" in line
    ]
    assert 1 <= len(lines) <= 4, "\n".join(lines)


def assert_all_are_accounted_for(job_id: str) -> None:
    """Each second is a run, or counted in one."""
    rows = Execution.objects.filter(job_id=job_id).order_by("scheduled_at")
    told = list(rows.values_list("scheduled_at", "status", "folded"))
    counted = [at - earlier * SECOND for at, _, folded in told for earlier in range(folded + 1)]
    assert sorted(counted) == [
        counted_first + n * SECOND for counted_first in [min(counted)] for n in range(len(counted))
    ], told


def test_an_old_release_s_scheduler_leaves_the_new_one_s_kinds_to_it(log: Path) -> None:
    """Issue 8, line 2."""
    greeting = Greeting.objects.create(name="hello", greeted="you", **EVERY_SECOND)
    paused = Greeting.objects.create(name="paused", greeted="you", enabled=False)
    count = CountJob.objects.create(name="count", **EVERY_SECOND)
    with scheduler(log, **OLDER):
        asked = request_run(paused.job_id, paused.name)
        wait_until(lambda: succeeded(count.job_id) >= 3, 20, what=lambda: read(log))
        assert not Execution.objects.filter(job_id=greeting.job_id).exists()
        assert not ParkedJob.objects.exists()
        due = timezone.now() - timedelta(minutes=1)
        DjangoJob.objects.filter(id=greeting.job_id).update(next_run_time=due)
        assert status(log) == 3, "nobody who lives knows the kind"
        with scheduler(log.with_name("new.log")):
            wait_until(lambda: succeeded(greeting.job_id) >= 2, 60)
            wait_until(lambda: succeeded(paused.job_id) == 1, 60)
            wait_until(lambda: status(log) == 0, 30, every=0.2)
        told = succeeded(count.job_id)
        wait_until(lambda: succeeded(count.job_id) >= told + 2, 60)
    asked.refresh_from_db()
    assert (asked.status, asked.output) == ("succeeded", "Hello, you!\n")
    assert not Execution.objects.filter(status="lost").exists()
    assert not ParkedJob.objects.exists()
    assert read(log).count("Left to other schedulers: jobs of the kind app.greeting") == 1


@contextmanager
def plain_scheduler(log: Path, file: Path) -> Iterator[None]:
    """Plain django-apscheduler, which has run its own job."""
    environment = {**os.environ, "DATABASE_URL": database_url(), "PYTHONUNBUFFERED": "1"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    command = [sys.executable, "-m", "tests.support.plain_scheduler", str(file)]
    process = spawn(command, directory=ROOT, environment=environment, log=log)
    try:
        wait_until(file.exists, 30, what=lambda: f"for a plain scheduler:\n{read(log)}")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        reap(process)


@pytest.mark.timeout(180)
def test_a_plain_scheduler_s_rows_are_left_and_ours_that_it_deletes_come_back(
    log: Path, tmp_path: Path
) -> None:
    """Issue 8, line 3: within a minute, without a restart."""
    job = CountJob.objects.create(name="job", **EVERY_SECOND)
    ours = DjangoJob.objects.filter(id=job.job_id)
    plain = tmp_path / "plain.log"
    with plain_scheduler(plain, tmp_path / "notes"):
        wait_until(lambda: not ours.exists(), 30, what=lambda: read(plain))
        with scheduler(log):
            wait_until(lambda: not ours.exists(), 30, what=lambda: read(plain))
    theirs = DjangoJob.objects.values().get(id="plain")
    with scheduler(log):
        ours.delete()
        seen = succeeded(job.job_id)
        wait_until(lambda: succeeded(job.job_id) > seen, 60, what=lambda: read(log), every=0.2)
        assert DjangoJob.objects.values().get(id="plain") == theirs
        assert theirs["next_run_time"]
    assert not ParkedJob.objects.exists()
    assert read(log).count('Left to other schedulers: job "plain"') >= 1
