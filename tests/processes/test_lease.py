"""Schedulers that are killed or frozen past their lease, as real processes."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from countjobs.history.requests import request_run
from countjobs.models import Execution, SchedulerNode
from tests.app.jobs import pass_gate
from tests.app.models import Gate, Note
from tests.support import running_schedulers as processes
from tests.support.factories import SECOND, code_job, every, store_job
from tests.support.running_schedulers import read
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

Process = subprocess.Popen[bytes]

LEASE = 3 * SECOND
SETTINGS = json.dumps({"HEARTBEAT_SECONDS": 1, "LEASE_SECONDS": 3})


def scheduler(log: Path) -> AbstractContextManager[Process]:
    """A scheduler of one thread and with a short lease."""
    return processes.scheduler(log, "--threads", "1", TEST_COUNTJOBS=SETTINGS)


@contextmanager
def frozen(process: Process) -> Iterator[None]:
    """Frozen between two heartbeats, when it has no lock that others would wait for."""
    node = SchedulerNode.objects.filter(pid=process.pid)

    def is_between() -> bool:
        age = timezone.now() - node.get().heartbeat
        return timedelta(seconds=0.3) < age < timedelta(seconds=0.6)

    wait_until(is_between, what="for a moment between two heartbeats")
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def runs_of(process: Process, status: str) -> QuerySet[Execution]:
    return Execution.objects.filter(node__contains=f":{process.pid}:", status=status)


def rows(pks: list[int]) -> list[Any]:
    return list(Execution.objects.filter(pk__in=pks).order_by("pk").values())


def test_promise_09_a_frozen_scheduler_that_wakes_starts_and_records_nothing_given_away(
    log: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    since = timezone.now().replace(microsecond=0) - 4 * SECOND
    options = {"func": pass_gate, "args": (str(gate),), "coalesce": False}
    job = code_job("gate", every(1, since), **options)
    store_job(job, due=since)
    with scheduler(log) as one:
        wait_until(runs_of(one, "running").exists, what="for a run")
        (begun,) = runs_of(one, "running").values_list("pk", flat=True)
        waiting = list(runs_of(one, "queued").values_list("pk", flat=True))
        assert len(waiting) >= 4
        with frozen(one), scheduler(log) as two:
            given_away = Execution.objects.filter(pk__in=waiting, status="succeeded")
            gate.touch()
            wait_until(lambda: given_away.count() == len(waiting), 20, what=lambda: read(log))
            assert all(f":{two.pid}:" in execution.node for execution in given_away)
            before = rows([begun, *waiting])
        woken = timezone.now()
        # It has one thread, so all that it had before is over once it has run something new.
        wait_until(runs_of(one, "succeeded").filter(scheduled_at__gt=woken).exists, 60)
    assert rows([begun, *waiting]) == before
    lost = Execution.objects.get(status="lost")
    assert (lost.pk, lost.output) == (begun, "")
    started = [line.split()[1] for line in Path(f"{gate}.begun").read_text().splitlines()]
    assert len(started) == len(set(started)) >= 6
    assert not Execution.objects.filter(status__in=["failed", "cancelled"]).exists()


MARKS_WAIT = """
    CREATE FUNCTION wait_to_begin() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.status = 'running' THEN
            PERFORM pg_advisory_xact_lock_shared(7);
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER wait_to_begin BEFORE UPDATE ON countjobs_execution
        FOR EACH ROW EXECUTE FUNCTION wait_to_begin()
"""


@pytest.fixture
def marks_wait() -> Iterator[Callable[[], int]]:
    """Runs are marked as running when the test lets go of a lock. Asked, tells how many wait."""
    if connection.vendor != "postgresql":
        pytest.skip("on SQLite a process makes its marks itself: it can't be frozen meanwhile")

    def waiting() -> int:
        with connection.cursor() as cursor:
            sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            cursor.execute(sql)
            return int(cursor.fetchone()[0])

    with connection.cursor() as cursor:
        cursor.execute(MARKS_WAIT)
        cursor.execute("SELECT pg_advisory_lock(7)")
    try:
        yield waiting
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_all()")
            cursor.execute("DROP TRIGGER wait_to_begin ON countjobs_execution")
            cursor.execute("DROP FUNCTION wait_to_begin()")


def test_promise_09_a_scheduler_frozen_while_it_marks_a_run_does_not_begin_it_when_it_wakes(
    log: Path, tmp_path: Path, marks_wait: Callable[[], int]
) -> None:
    """Issue 8, line 13: meanwhile the run was lost, and its second attempt has succeeded."""
    notes = tmp_path / "notes"
    far = {"year": "2199", "second": "0"}
    note = Note.objects.create(name="note", file=str(notes), rerun_if_lost=True, **far)
    runs = Execution.objects.filter(job_id=note.job_id)
    with scheduler(log) as one:
        request_run(note.job_id, note.name)
        wait_until(lambda: marks_wait() == 1, what=lambda: read(log))
        one.send_signal(signal.SIGSTOP)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(7)")
            wait_until(runs_of(one, "running").exists, what=lambda: read(log))
            with scheduler(log) as two:
                wait_until(runs_of(two, "succeeded").exists, 30, what=lambda: read(log))
        finally:
            one.send_signal(signal.SIGCONT)
        of_one = 'A run of "note" is not started here'
        wait_until(lambda: of_one in read(log), what=lambda: read(log))
    assert len(notes.read_text().splitlines()) == 1
    assert list(runs.order_by("pk").values_list("status", flat=True)) == ["lost", "succeeded"]


def test_promise_09_what_a_killed_scheduler_ran_is_run_again_by_another_within_the_lease(
    log: Path, tmp_path: Path
) -> None:
    file = tmp_path / "gate"
    Gate.objects.create(name="gate", file=str(file), second="*", rerun_if_lost=True)
    retry = Execution.objects.filter(trigger="retry")
    with scheduler(log) as one:
        wait_until(runs_of(one, "running").exists, what="for a run")
        with scheduler(log) as two:
            one.kill()
            one.wait(60)
            killed = timezone.now()
            wait_until(
                runs_of(two, "running").filter(pk__in=retry).exists, 20, what=lambda: read(log)
            )
            file.touch()
            wait_until(retry.filter(status="succeeded").exists, what=lambda: read(log))
    lost, again = Execution.objects.get(status="lost"), retry.get()
    assert f":{one.pid}:" in lost.node
    assert lost.error.endswith("Attempt 2 of at most 3 follows.")
    assert (lost.attempt, again.attempt) == (1, 2)
    assert (lost.job_id, lost.scheduled_at) == (again.job_id, again.scheduled_at)
    assert (again.output, f":{two.pid}:" in again.node) == ("begun\nended\n", True)
    assert again.started_at is not None
    # And a heartbeat's second, and what a busy machine takes.
    assert again.started_at - killed < LEASE + 6 * SECOND
