"""Schedulers that are killed or frozen past their lease, as real processes."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from countjobs.models import Execution, SchedulerNode
from tests.app.jobs import pass_gate
from tests.app.models import Gate
from tests.factories import SECOND, code_job, every, store_job
from tests.processes import end, is_alive, read, start
from tests.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

Process = subprocess.Popen[bytes]

LEASE = 3 * SECOND
SETTINGS = json.dumps({"HEARTBEAT_SECONDS": 1, "LEASE_SECONDS": 3})


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "scheduler.log"


@contextmanager
def scheduler(log: Path) -> Iterator[Process]:
    """A scheduler of one thread and with a short lease."""
    process = start("runscheduler", "--threads", "1", log=log, TEST_COUNTJOBS=SETTINGS)
    try:
        wait_until(lambda: is_alive(process), 20, what=f"for a scheduler:\n{read(log)}")
        yield process
    finally:
        end(process)


@contextmanager
def frozen(process: Process) -> Iterator[None]:
    """Frozen between two heartbeats, when it has no lock that others would wait for."""
    node = SchedulerNode.objects.filter(pid=process.pid)

    def is_between() -> bool:
        age = timezone.now() - node.get().heartbeat
        return timedelta(seconds=0.3) < age < timedelta(seconds=0.6)

    wait_until(is_between, 20, what="for a moment between two heartbeats")
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
            wait_until(lambda: given_away.count() == len(waiting), 20, what=read(log))
            assert all(f":{two.pid}:" in execution.node for execution in given_away)
            before = rows([begun, *waiting])
        woken = timezone.now()
        # It has one thread, so all that it had before is over once it has run something new.
        wait_until(runs_of(one, "succeeded").filter(scheduled_at__gt=woken).exists, 20)
    assert rows([begun, *waiting]) == before
    lost = Execution.objects.get(status="lost")
    assert (lost.pk, lost.output) == (begun, "")
    started = [line.split()[1] for line in Path(f"{gate}.begun").read_text().splitlines()]
    assert len(started) == len(set(started)) >= 6
    assert not Execution.objects.filter(status__in=["failed", "cancelled"]).exists()


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
            one.wait(10)
            killed = timezone.now()
            wait_until(runs_of(two, "running").filter(pk__in=retry).exists, 20, what=read(log))
            file.touch()
            wait_until(retry.filter(status="succeeded").exists, what=read(log))
    lost, again = Execution.objects.get(status="lost"), retry.get()
    assert f":{one.pid}:" in lost.node
    assert lost.error.endswith("It is run again, as attempt 2 of at most 3.")
    assert (lost.attempt, again.attempt) == (1, 2)
    assert (lost.job_id, lost.scheduled_at) == (again.job_id, again.scheduled_at)
    assert (again.output, f":{two.pid}:" in again.node) == ("begun\nended\n", True)
    assert again.started_at is not None
    # And a heartbeat's second, and what a busy machine takes.
    assert again.started_at - killed < LEASE + 6 * SECOND
