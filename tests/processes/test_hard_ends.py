"""Issue 10, line 1: whatever a job does in a process, it ends, is told of, and leaves nothing.

Real processes and signals. The ends come from the test, in the watch's stead. Processes are counted
by a mark in their environment.
"""

from __future__ import annotations

import math
import time
from functools import partial

import pytest

from countjobs.models.executions import Status
from tests.app import hard
from tests.support.hard_jobs import AT_ONCE, HARD, LATE
from tests.support.process_executing import CANCEL, LIMIT, Pool
from tests.support.waiting import wait_until

pytestmark = pytest.mark.process


def nothing_is_left(pool: Pool, of: int) -> None:
    """Only the fork server is left, and idle workers, at most so many."""
    wait_until(lambda: len(pool.processes()) <= 1 + of, 10, lambda: f"{pool.processes()}")


@pytest.mark.parametrize("how", HARD)
def test_a_run_beyond_its_limit_ends_with_its_reason_and_output(pool: Pool, how: str) -> None:
    job, said, end = HARD[how]
    good = pool.run(partial(print, "good"))
    work = pool.work(pool.begin(job), said)
    began = time.monotonic()
    outcome = pool.stop(work, LIMIT)
    took = time.monotonic() - began
    assert (outcome.status, outcome.error) == (Status.TIMED_OUT, f"{LIMIT.reason} {end}")
    assert said in outcome.output
    assert took < (8 if end == LATE else 3), "on a machine that does other things, too"
    assert pool.run(partial(print, "good")).output == good.output, "the next one isn't held up"
    nothing_is_left(pool, of=1)


@pytest.mark.parametrize("how", ["sleeps", "loops in C", "starts children"])
def test_a_run_that_is_cancelled_ends_so_too(pool: Pool, how: str) -> None:
    job, said, end = HARD[how]
    outcome = pool.stop(pool.work(pool.begin(job), said), CANCEL)
    assert (outcome.status, outcome.error) == (Status.CANCELLED, f"{CANCEL.reason} {end}")
    assert said in outcome.output
    nothing_is_left(pool, of=0)


def test_a_run_that_tidies_up_has_time_for_it_and_says_where_it_was(pool: Pool) -> None:
    outcome = pool.stop(pool.work(pool.begin(hard.tidy_up), "working"), LIMIT)
    assert outcome.output == "working\ntidied up\n"
    assert "in tidy_up" in outcome.traceback
    assert "StopRun" in outcome.traceback


def test_where_a_loop_in_c_was_is_known_too(pool: Pool) -> None:
    outcome = pool.stop(pool.work(pool.begin(hard.loop_in_c), "looping"), LIMIT)
    assert "in loop_in_c" in outcome.traceback


def test_a_run_that_was_cancelled_and_did_all_its_work_has_succeeded(pool: Pool) -> None:
    outcome = pool.stop(pool.work(pool.begin(hard.end_well_nevertheless), "working"), CANCEL)
    assert (outcome.status, outcome.error) == (Status.SUCCEEDED, "")
    assert outcome.output == "working\nall done\n"


def test_a_run_that_is_stopped_while_it_waits_for_its_process_does_not_begin(pool: Pool) -> None:
    run = pool.begin(hard.sleep_long)
    is_starting = lambda: [w for w in pool.executor.at_work() if w.since == math.inf]  # noqa: E731
    wait_until(is_starting, what="for a run whose time has not begun")
    (work,) = pool.executor.at_work()
    pool.executor.stop(work, CANCEL)
    outcome = pool.outcome(run)
    assert outcome.status == Status.CANCELLED
    assert outcome.error == f"{CANCEL.reason} Its worker process had not begun with it."
    assert outcome.output == ""


def test_children_of_a_run_that_crashed_end_too(pool: Pool) -> None:
    outcome = pool.run(hard.start_children_and_crash)
    assert outcome.error == "Its worker process ended with exit status 3."
    nothing_is_left(pool, of=0)


def test_fifty_megabytes_of_output_are_kept_at_both_ends_and_take_little_time(pool: Pool) -> None:
    began = time.monotonic()
    outcome = pool.run(partial(hard.print_much, 50))
    assert time.monotonic() - began < 60
    assert outcome.status == Status.SUCCEEDED
    assert len(outcome.output) < 11_000
    assert outcome.output.startswith("x" * 99 + "\n")
    assert outcome.output.endswith("x\nprinted\n")
    assert "bytes cut …]" in outcome.output


def test_a_run_that_prints_without_end_is_ended_with_what_it_said_last(pool: Pool) -> None:
    run = pool.begin(partial(hard.print_much, 1_000_000))
    outcome = pool.stop(pool.work(run, "bytes cut …]"), LIMIT)
    assert (outcome.status, outcome.error) == (Status.TIMED_OUT, f"{LIMIT.reason} {AT_ONCE}")
    assert "bytes cut …]" in outcome.output


def test_the_end_of_one_run_touches_no_other(pool: Pool) -> None:
    other = pool.work(pool.begin(hard.look), "looking")
    pool.stop(pool.work(pool.begin(hard.start_children), "started"), LIMIT)
    assert other in pool.executor.at_work()
    assert pool.stop(other, CANCEL).output == "looking\n"
