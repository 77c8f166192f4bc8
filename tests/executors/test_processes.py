"""Runs in processes: as in threads, and none of them touches another."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED

from countjobs.models.executions import Status
from countjobs.run_context import GOING, GiveUp, TryLater, current_run, progress
from tests.app import hard, jobs, starting
from tests.support.executing import Claims, Scheduler
from tests.support.process_executing import LIMIT, Pool
from tests.support.waiting import wait_until

pytestmark = pytest.mark.process


def give_up() -> None:
    raise GiveUp("there is no such file")


def try_later() -> None:
    raise TryLater(30)


class OwnError(Exception):
    """It can be pickled, and not loaded."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(one + other)


def fail_in_an_own_way() -> None:
    raise OwnError("one ", "other")


class Unloadable:
    """It can be pickled, and not loaded."""

    def __call__(self) -> None:
        """Never called."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return int, ("not a number",)


def say_who() -> None:
    run = current_run()
    print(os.getpid(), run and (run.execution_id, run.job_id, run.attempt, run.should_stop))


def tell_progress(file: str) -> None:
    progress(2, 5)
    print("told")
    wait_until(Path(file).exists)


def change_what_is_shared() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    signal.alarm(1)
    sys.stdout = sys.stderr = sys.__stdout__


def leave_a_thread() -> None:
    threading.Thread(target=time.sleep, args=[0.5], daemon=False).start()


def use_multiprocessing() -> None:
    for method in ("fork", "spawn", "forkserver"):
        starting.start_children(method)


def without_children(pool: Pool) -> int:
    """How many workers there are: the fork server is not one of them."""
    return len(pool.processes()) - 1


async def await_something() -> None:
    await asyncio.sleep(0.01)
    print("awaited")


def test_nothing_is_started_before_the_first_run(pool: Pool) -> None:
    before = [each for each in threading.enumerate() if each.name == "countjobs-starter"]
    assert pool.processes() == {}
    assert pool.executor._starter not in before


def test_a_run_is_reported_with_its_output_and_listeners_hear_of_it(
    pool: Pool, scheduler: Scheduler
) -> None:
    outcome = pool.run(partial(jobs.greet, "you"))
    assert (outcome.status, outcome.output) == (Status.SUCCEEDED, "Hello, you!\n")
    assert outcome.started_at is not None
    assert outcome.finished_at is not None
    assert outcome.started_at <= outcome.finished_at
    assert pool.executor.wait_until_idle(60)
    assert [event.code for event in scheduler.events] == [EVENT_JOB_EXECUTED]


def test_so_is_a_run_that_fails_with_its_own_error(
    pool: Pool, scheduler: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = pool.run(jobs.fail)
    assert (outcome.status, outcome.error) == (Status.FAILED, "ValueError: the effect")
    assert outcome.traceback.startswith("Traceback (most recent call last):\n  File ")
    assert "KeyError: 'the cause'" in outcome.traceback
    assert "countjobs/executors" not in outcome.traceback
    assert pool.executor.wait_until_idle(60)
    (event,) = scheduler.events
    assert (event.code, str(event.exception)) == (EVENT_JOB_ERROR, "the effect")
    (record,) = [each for each in caplog.records if each.levelname == "ERROR"]
    assert record.exc_info
    assert record.exc_info[0] is ValueError
    assert outcome.raised is None, "the scheduler lets go of it"


def test_an_error_that_can_not_be_loaded_here_is_told_in_words(pool: Pool) -> None:
    outcome = pool.run(fail_in_an_own_way)
    assert outcome.error.endswith("OwnError: one other")
    assert "fail_in_an_own_way" in outcome.traceback


def test_orders_for_further_attempts_come_back(pool: Pool) -> None:
    assert pool.run(give_up).gives_up
    assert pool.run(try_later).try_after == 30


def test_the_run_knows_itself(pool: Pool) -> None:
    outcome = pool.run(say_who)
    assert outcome.output.endswith(f" ({outcome.execution_id}, 'job 1', 1, False)\n")


def test_an_async_job_is_awaited(pool: Pool) -> None:
    assert pool.run(await_something).output == "awaited\n"


def test_what_can_not_be_sent_fails_that_run_alone(pool: Pool) -> None:
    outcome = pool.run(lambda: None)
    assert outcome.status == Status.FAILED
    assert outcome.error.startswith("This run can't be sent to a worker process: ")
    assert "lambda" in outcome.error
    assert pool.processes() == {}
    assert pool.run(int).status == Status.SUCCEEDED


def test_what_can_not_be_loaded_there_fails_that_run_alone(pool: Pool) -> None:
    outcome = pool.run(Unloadable())
    assert outcome.status == Status.FAILED
    assert outcome.error.startswith("A worker process could not load this run: ValueError: ")
    assert outcome.started_at is not None
    assert pool.run(int).status == Status.SUCCEEDED


def test_output_and_progress_are_seen_while_it_goes_on(pool: Pool, tmp_path: Path) -> None:
    run = pool.begin(partial(tell_progress, str(tmp_path / "end")))
    pool.work(run, "told")
    assert GOING[run].progress() == (2, 5)
    (tmp_path / "end").touch()
    assert pool.outcome(run).status == Status.SUCCEEDED
    assert run not in GOING


def test_one_worker_does_what_comes_one_after_the_other(pool: Pool) -> None:
    pids = {pool.run(say_who).output.split()[0] for _ in range(5)}
    assert len(pids) == 1
    assert str(os.getpid()) not in pids


def test_runs_of_two_jobs_go_on_side_by_side(pool: Pool, tmp_path: Path) -> None:
    runs = [pool.begin(partial(tell_progress, str(tmp_path / "end"))) for _ in range(2)]
    for run in runs:
        pool.work(run, "told")
    (tmp_path / "end").touch()
    assert [pool.outcome(run).status for run in runs] == [Status.SUCCEEDED] * 2


def test_runs_of_a_catch_up_come_one_after_the_other(pool: Pool, claims: Claims) -> None:
    pool.run(partial(print, "a"), jobs.fail, partial(print, "c"))
    assert [each.output for each in pool.outcomes] == ["a\n", "", "c\n"]
    assert claims.batches == [[1], [2], [3]]


def test_a_worker_is_replaced_after_so_many_runs(pool: Pool) -> None:
    pool.executor._runs_per_process = 2
    pids = [pool.run(say_who).output.split()[0] for _ in range(6)]
    assert pids[::2] == pids[1::2]
    assert len(set(pids)) == 3
    wait_until(lambda: without_children(pool) <= 1, what="for the others' ends")


def test_what_a_job_changes_in_its_worker_harms_no_later_run(pool: Pool) -> None:
    pool.run(change_what_is_shared)
    work = pool.work(pool.begin(hard.sleep_long), "sleeping")
    assert pool.stop(work, LIMIT).error.endswith(" It ended by SIGTERM.")


def test_children_that_a_job_leaves_go_on_and_no_later_run_ends_them(
    pool: Pool, tmp_path: Path
) -> None:
    pool.run(partial(hard.leave_a_child, str(tmp_path / "end")))
    work = pool.work(pool.begin(hard.sleep_long), "sleeping")
    pool.stop(work, LIMIT)
    wait_until(lambda: without_children(pool) == 1, what="for the worker to end, and not the child")
    (tmp_path / "end").touch()
    wait_until(lambda: without_children(pool) == 0)


def test_jobs_may_use_multiprocessing(pool: Pool) -> None:
    outcome = pool.run(use_multiprocessing)
    assert outcome.error == ""
    assert outcome.output.count("all ended") == 3


def test_a_thread_that_a_job_leaves_does_not_hold_up_the_end(pool: Pool) -> None:
    assert pool.run(leave_a_thread).status == Status.SUCCEEDED
    began = time.monotonic()
    pool.executor.shutdown()
    assert time.monotonic() - began < 10


def test_signals_to_all_processes_of_a_service_are_the_schedulers_to_heed(
    pool: Pool, tmp_path: Path
) -> None:
    run = pool.begin(partial(tell_progress, str(tmp_path / "end")))
    pool.work(run, "told")
    for pid in pool.processes():
        os.kill(pid, signal.SIGTERM)
    assert pool.run(int).status == Status.SUCCEEDED, "in a worker that is forked now"
    assert pool.outcomes[-1].execution_id != run
    (tmp_path / "end").touch()
    assert pool.outcome(run).status == Status.SUCCEEDED


def test_promise_23_once_it_closes_nothing_more_begins(pool: Pool, tmp_path: Path) -> None:
    run = pool.begin(partial(tell_progress, str(tmp_path / "end")), jobs.fail)
    pool.work(run, "told")
    pool.executor.begin_nothing_more()
    (tmp_path / "end").touch()
    assert pool.executor.wait_until_idle(60)
    assert [each.status for each in pool.outcomes] == [Status.SUCCEEDED]


def test_the_end_kills_what_goes_on_and_does_not_report_it(pool: Pool) -> None:
    pool.work(pool.begin(hard.ignore_sigterm), "ignoring")
    pool.executor.shutdown()
    wait_until(lambda: not pool.processes(), 20, lambda: f"for the end of {pool.processes()}")
    assert pool.executor.wait_until_idle(60)
    assert pool.outcomes == []
