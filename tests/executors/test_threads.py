"""Runs in threads: counted while they go on, reported when they end, and never lost sight of."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from functools import partial

import pytest
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED

from countjobs.executors import ThreadPoolExecutor
from countjobs.history.run_outcome import Outcome
from countjobs.jobstores.claimed import ClaimedJob
from countjobs.models.executions import Status
from tests.support.executing import Claims, Gate, Scheduler, claimed, fail, submit
from tests.support.factories import NOON, code_job
from tests.support.waiting import wait_until


def test_a_run_is_reported_and_listeners_hear_of_it(
    executor: ThreadPoolExecutor, scheduler: Scheduler, outcomes: list[Outcome]
) -> None:
    submit(executor, claimed(int))
    assert executor.wait_until_idle(60)
    assert [(each.execution_id, each.status) for each in outcomes] == [(1, Status.SUCCEEDED)]
    [event] = scheduler.events
    assert (event.code, event.job_id, event.jobstore) == (EVENT_JOB_EXECUTED, "code", "default")
    assert event.scheduled_run_time == NOON + timedelta(minutes=1)


def test_so_is_a_run_that_fails(
    executor: ThreadPoolExecutor,
    scheduler: Scheduler,
    outcomes: list[Outcome],
    caplog: pytest.LogCaptureFixture,
) -> None:
    submit(executor, claimed(fail))
    assert executor.wait_until_idle(60)
    assert [(each.status, each.error) for each in outcomes] == [
        (Status.FAILED, "ValueError: reason")
    ]
    assert [event.code for event in scheduler.events] == [EVENT_JOB_ERROR]
    assert 'Job "code" raised an exception\nTraceback' in caplog.text


def test_the_log_tells_what_runs_as_in_the_article(
    executor: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    submit(executor, claimed(int))
    executor.wait_until_idle(60)
    running, executed = [record.getMessage() for record in caplog.records]
    assert running.startswith('Running job "code" (scheduled at 2026-03-04 ')
    assert executed == 'Job "code" executed successfully'


def test_what_goes_on_is_counted(
    executor: ThreadPoolExecutor, scheduler: Scheduler, gate: Gate
) -> None:
    submit(executor, claimed(gate))
    assert gate.reached.wait(60)
    assert (executor.free, executor.busy(), executor.in_flight()) == (1, {"code": 1}, {1})
    assert not executor.wait_until_idle(0)
    gate.open.set()
    assert executor.wait_until_idle(60)
    assert (executor.busy(), executor.in_flight()) == ({}, set())
    wait_until(lambda: scheduler.ended == 1)


def test_runs_of_two_jobs_go_on_side_by_side(executor: ThreadPoolExecutor) -> None:
    together = threading.Barrier(2, timeout=60)
    submit(executor, claimed(together.wait, job_id="a"))
    submit(executor, claimed(together.wait, job_id="b", first=2))
    assert executor.wait_until_idle(60)
    assert not together.broken


def test_no_more_run_than_there_are_threads(
    executor: ThreadPoolExecutor, outcomes: list[Outcome], gate: Gate
) -> None:
    other = Gate()
    submit(executor, claimed(gate, job_id="a", first=1))
    submit(executor, claimed(other, job_id="b", first=2))
    submit(executor, claimed(int, job_id="c", first=3))
    assert gate.reached.wait(60)
    assert other.reached.wait(60)
    assert executor.free <= 0
    assert outcomes == []
    other.open.set()
    wait_until(lambda: len(outcomes) == 2)
    gate.open.set()
    assert executor.wait_until_idle(60)


def test_runs_of_a_catch_up_come_one_after_the_other(
    executor: ThreadPoolExecutor, claims: Claims, outcomes: list[Outcome]
) -> None:
    order: list[int] = []
    submit(executor, claimed(*[partial(order.append, number) for number in range(3)]))
    assert executor.wait_until_idle(60)
    assert order == [0, 1, 2]
    assert [each.execution_id for each in outcomes] == [1, 2, 3]
    assert claims.batches == [[1], [2], [3]]


def test_one_that_fails_does_not_end_the_catch_up(
    executor: ThreadPoolExecutor, outcomes: list[Outcome]
) -> None:
    submit(executor, claimed(fail, int))
    assert executor.wait_until_idle(60)
    assert [each.status for each in outcomes] == [Status.FAILED, Status.SUCCEEDED]


def test_promise_09_a_run_that_is_claimed_again_while_it_waits_is_started_once(
    executor: ThreadPoolExecutor, outcomes: list[Outcome], gate: Gate
) -> None:
    submit(executor, claimed(gate, int))
    assert gate.reached.wait(60)
    submit(executor, claimed(int, first=2))
    gate.open.set()
    assert executor.wait_until_idle(60)
    assert [each.execution_id for each in outcomes] == [1, 2]


def test_promise_23_once_it_closes_nothing_more_begins(
    executor: ThreadPoolExecutor, outcomes: list[Outcome], gate: Gate
) -> None:
    submit(executor, claimed(gate, fail, job_id="a"))
    assert gate.reached.wait(60)
    executor.begin_nothing_more()
    gate.open.set()
    assert executor.wait_until_idle(60)
    assert [each.status for each in outcomes] == [Status.SUCCEEDED]
    assert executor.in_flight() == set()


def test_promise_23_what_was_claimed_at_the_very_end_is_not_taken_in(
    executor: ThreadPoolExecutor, claims: Claims
) -> None:
    executor.begin_nothing_more()
    submit(executor, claimed(fail))
    assert executor.wait_until_idle(0)
    assert executor.in_flight() == set()
    executor.shutdown()
    assert claims.batches == []


def test_promise_23_what_waits_for_a_thread_is_forgotten_when_it_closes(
    executor: ThreadPoolExecutor, outcomes: list[Outcome], gate: Gate
) -> None:
    other = Gate()
    submit(executor, claimed(gate, job_id="a", first=1))
    submit(executor, claimed(other, job_id="b", first=2))
    submit(executor, claimed(fail, job_id="c", first=3))
    assert gate.reached.wait(60)
    assert other.reached.wait(60)
    executor.begin_nothing_more()
    gate.open.set()
    other.open.set()
    assert executor.wait_until_idle(60)
    assert [each.status for each in outcomes] == [Status.SUCCEEDED] * 2


def test_a_fault_of_ours_is_logged_and_leaves_nothing_counted(
    executor: ThreadPoolExecutor, scheduler: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    del scheduler.events  # telling fails
    submit(executor, claimed(int))
    assert executor.wait_until_idle(60)
    assert 'Job "code" could not be carried out' in caplog.text
    assert executor.in_flight() == set()


def test_a_job_of_another_job_store_runs_as_in_apscheduler(
    executor: ThreadPoolExecutor, scheduler: Scheduler
) -> None:
    job = code_job("memory", func=work_of_memory)
    job._jobstore_alias = "memory"
    executor.submit_job(job, [NOON])
    wait_until(lambda: scheduler.events)
    assert (scheduler.events[0].code, scheduler.events[0].retval) == (EVENT_JOB_EXECUTED, "done")


def work_of_memory() -> str:
    return "done"


def test_runs_that_have_ended_before_the_others_are_looked_at_disturb_nobody(
    executor: ThreadPoolExecutor,
    claims: Claims,
    outcomes: list[Outcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever hands runs over may be held up, and they may be short."""
    hand_over = executor._workers.hand_over

    def hand_over_and_wait(batch: list[ClaimedJob]) -> None:
        hand_over(batch)
        wait_until(lambda: not any(job.runs for job in batch))

    monkeypatch.setattr(executor._workers, "hand_over", hand_over_and_wait)
    for number in range(1, 4):
        submit(executor, claimed(int, job_id=str(number), first=number))
        assert executor.wait_until_idle(60)
    assert [each.execution_id for each in outcomes] == [1, 2, 3]
