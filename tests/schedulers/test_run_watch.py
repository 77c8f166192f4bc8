"""Runs that end: at their time limit, because somebody cancels them, and tried again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from apscheduler.schedulers import SchedulerNotRunningError
from apscheduler.schedulers.base import STATE_STOPPED

from countjobs.api import GiveUp, StopRun, TryLater, cancel_run, current_run, request_run
from countjobs.models import Execution, SchedulerNode
from countjobs.models.executions import Status
from countjobs.schedulers import BackgroundScheduler, create_scheduler, run_watch
from tests.app.models import Greeting
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


class Gates:
    """What the jobs of these tests wait for."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.end = threading.Event()
        self.calls = 0


@pytest.fixture
def gates() -> Iterator[Gates]:
    gates = Gates()
    yield gates
    gates.end.set()


@pytest.fixture
def scheduler(gates: Gates, monkeypatch: pytest.MonkeyPatch) -> Iterator[BackgroundScheduler]:
    monkeypatch.setattr(run_watch, "GRACE_SECONDS", 0.5)
    scheduler = create_scheduler(background=True, threads=2, drain_seconds=10)
    scheduler.start()
    yield scheduler
    gates.end.set()
    with suppress(SchedulerNotRunningError):
        scheduler.shutdown()


def job(monkeypatch: pytest.MonkeyPatch, run: Callable[[Greeting], Any], **values: Any) -> Greeting:
    """A definition, due never, whose runs do this."""
    monkeypatch.setattr(Greeting, "run", run)
    return Greeting.objects.create(name="job", greeted="Ann", year="2199", **values)


def ended(run: Execution) -> Execution:
    wait_until(lambda: _refreshed(run).finished_at is not None, what="for the run's end")
    return run


def _refreshed(run: Execution) -> Execution:
    run.refresh_from_db()
    return run


def looks(gates: Gates) -> Callable[[Greeting], None]:
    """A job that works until it is told to stop."""

    def run(self: Greeting) -> None:
        print("working")
        gates.begun.set()
        while not gates.end.wait(0.01):
            self.progress(1)

    return run


def does_not_look(gates: Gates) -> Callable[[Greeting], None]:
    def run(self: Greeting) -> None:
        print("working")
        gates.begun.set()
        assert gates.end.wait(60)

    return run


def test_promise_13_a_job_that_tells_its_progress_ends_at_its_time_limit(
    scheduler: BackgroundScheduler, gates: Gates, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = job(monkeypatch, looks(gates), time_limit=1)
    run = ended(request_run(definition))
    assert run.status == Status.TIMED_OUT
    assert run.error.startswith("It was stopped after 1.")
    assert run.error.endswith(" s: its time limit is 1 s.")
    assert "working" in run.output
    assert "self.progress(1)" in run.traceback, "it says where the run was"
    assert run.duration is not None
    assert 1 <= run.duration.total_seconds() < 2
    assert scheduler.executors.given_up == 0


def test_promise_32_a_job_that_swallows_exceptions_ends_when_it_is_cancelled(
    scheduler: BackgroundScheduler, gates: Gates, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(self: Greeting) -> None:
        gates.begun.set()
        while not gates.end.wait(0.01):
            with suppress(Exception):
                current = current_run()
                assert current is not None
                current.check()

    execution = request_run(job(monkeypatch, run))
    assert gates.begun.wait(30)
    assert cancel_run(execution.pk, requested_by="Ann")
    assert ended(execution).status == Status.CANCELLED
    assert execution.error.startswith("Cancelled by Ann, ")
    assert execution.cancel_requested_by == "Ann"
    assert execution.cancel_requested_at is not None


def test_a_job_may_look_whether_it_should_stop_and_end_well(
    scheduler: BackgroundScheduler, gates: Gates, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(self: Greeting) -> None:
        current = current_run()
        assert current is not None
        gates.begun.set()
        wait_until(lambda: current.should_stop)
        print("all done")

    execution = request_run(job(monkeypatch, run))
    assert gates.begun.wait(30)
    assert cancel_run(execution.pk)
    assert ended(execution).status == Status.SUCCEEDED
    assert "all done" in execution.output


def test_what_runs_on_past_its_limit_has_timed_out_even_if_it_returns(
    scheduler: BackgroundScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(self: Greeting) -> None:
        current = current_run()
        assert current is not None
        wait_until(lambda: current.should_stop)

    execution = ended(request_run(job(monkeypatch, run, time_limit=1)))
    assert (execution.status, execution.traceback) == (Status.TIMED_OUT, "")


def test_an_async_job_ends_where_it_awaits_something(
    scheduler: BackgroundScheduler, gates: Gates, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(self: Greeting) -> None:
        gates.begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            print("tidied up")

    execution = request_run(job(monkeypatch, run))
    assert gates.begun.wait(30)
    assert cancel_run(execution.pk, requested_by="Ann")
    assert ended(execution).status == Status.CANCELLED
    assert "tidied up" in execution.output


def test_promise_13_a_thread_that_does_not_look_is_given_up_and_replaced(
    scheduler: BackgroundScheduler, gates: Gates, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = job(monkeypatch, does_not_look(gates), time_limit=1)
    hanging = ended(request_run(definition))
    assert hanging.status == Status.TIMED_OUT
    assert "its time limit is 1 s. It did not stop, so it was given up: a thread" in hanging.error
    assert "working" in hanging.output
    assert scheduler.executors.given_up == 1
    # Both threads are there again: two more runs go on at once, though the first one still does.
    together = threading.Barrier(3)
    monkeypatch.setattr(Greeting, "run", lambda _self: together.wait(30))
    others = [Greeting.objects.create(name=name, greeted=name, year="2199") for name in "ab"]
    runs = [request_run(other) for other in others]
    together.wait(30)
    assert {ended(run).status for run in runs} == {Status.SUCCEEDED}
    gates.end.set()
    wait_until(lambda: scheduler.executors.given_up == 0)
    assert _refreshed(hanging).status == Status.TIMED_OUT


def test_its_row_says_how_many_threads_a_scheduler_gave_up(
    gates: Gates, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.COUNTJOBS = {"HEARTBEAT_SECONDS": 1, "LEASE_SECONDS": 10}
    monkeypatch.setattr(run_watch, "GRACE_SECONDS", 0.5)
    scheduler = create_scheduler(background=True, threads=2, drain_seconds=10)
    scheduler.start()
    try:
        ended(request_run(job(monkeypatch, does_not_look(gates), time_limit=1)))
        wait_until(lambda: SchedulerNode.objects.get().given_up == 1)
        gates.end.set()
        wait_until(lambda: SchedulerNode.objects.get().given_up == 0)
    finally:
        gates.end.set()
        scheduler.shutdown()


def test_when_all_threads_were_given_up_the_scheduler_ends(
    scheduler: BackgroundScheduler, gates: Gates, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = job(monkeypatch, does_not_look(gates), time_limit=1, max_instances=2)
    runs = [request_run(definition), request_run(definition)]
    assert {ended(run).status for run in runs} == {Status.TIMED_OUT}
    wait_until(lambda: scheduler.state == STATE_STOPPED)
    assert scheduler.is_worn_out


def test_a_run_that_ended_can_not_be_cancelled(
    scheduler: BackgroundScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ended(request_run(job(monkeypatch, lambda _self: None)))
    assert not cancel_run(run.pk)
    assert not cancel_run(run.pk + 1)
    assert _refreshed(run).cancel_requested_at is None


def test_promise_20_a_run_that_fails_is_tried_again_until_it_succeeds(
    scheduler: BackgroundScheduler, gates: Gates, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(self: Greeting) -> None:
        gates.calls += 1
        current = current_run()
        assert current is not None
        print(f"attempt {current.attempt} for {self.greeted}")
        if gates.calls < 3:
            raise RuntimeError("not yet")

    definition = job(monkeypatch, run, retries=3, retry_delay=1, retry_backoff=1)
    first = request_run(definition, parameters={"greeted": "Bob"}, requested_by="Ann")
    wait_until(lambda: Execution.objects.filter(status=Status.SUCCEEDED).exists())
    chain = list(Execution.objects.attempts_of(first))
    assert [run.status for run in chain] == [Status.FAILED, Status.FAILED, Status.SUCCEEDED]
    assert [run.attempt for run in chain] == [1, 2, 3]
    assert [run.next_attempt for run in chain] == [chain[1].pk, chain[2].pk, None]
    assert {run.scheduled_at for run in chain} == {first.scheduled_at}
    assert {run.requested_by for run in chain} == {"Ann"}
    assert "attempt 3 for Bob" in chain[2].output
    assert chain[0].error.endswith("Attempt 2 of at most 4 follows.")
    for before, after in pairwise(chain):
        assert before.finished_at is not None
        assert after.not_before is not None
        assert after.started_at is not None
        assert 0.9 <= (after.not_before - before.finished_at).total_seconds() <= 1.1
        assert 0 <= (after.started_at - after.not_before).total_seconds() < 1


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (GiveUp("no hope"), "There is no next attempt: the job gave up."),
        (TryLater(120), "Attempt 2 of at most 6 follows."),
        (RuntimeError("no"), "Attempt 2 of at most 6 follows."),
    ],
)
def test_a_job_decides_whether_and_when_it_is_tried_again(
    scheduler: BackgroundScheduler,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    expected: str,
) -> None:
    def run(self: Greeting) -> None:
        raise error

    definition = job(monkeypatch, run, retries=5, retry_delay=1_000)
    failed = ended(request_run(definition))
    assert (failed.status, failed.error.endswith(expected)) == (Status.FAILED, True)
    waiting = Execution.objects.filter(attempt=2).first()
    if isinstance(error, GiveUp):
        assert waiting is None
        return
    assert waiting is not None
    assert waiting.not_before is not None
    assert failed.finished_at is not None
    delay = (waiting.not_before - failed.finished_at).total_seconds()
    least, most = (120, 120) if isinstance(error, TryLater) else (900, 1_100)
    assert least <= delay <= most


def test_a_stop_is_no_ordinary_exception() -> None:
    assert not issubclass(StopRun, Exception)
