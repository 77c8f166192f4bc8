"""Processes that end by themselves, or are killed: what is told of their runs, and what goes on."""

from __future__ import annotations

import errno
import os
import signal
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from countjobs.executors import process_ends
from countjobs.executors.shared_memory import RunMemory, new_file
from countjobs.models.executions import Status
from tests.app import hard
from tests.support.executing import run_of
from tests.support.process_executing import CANCEL, LIMIT, Pool
from tests.support.waiting import wait_until

pytestmark = pytest.mark.process


def say_who() -> None:
    print(os.getpid())


def wait_for(file: str) -> None:
    print("waiting")
    wait_until(Path(file).exists)


def write_nonsense(nonsense: bytes, seconds: float = 0) -> None:
    """Into whatever socket there is, and go on."""
    for each in list(Path("/proc/self/fd").iterdir()):
        with suppress(FileNotFoundError):  # that of the listing itself
            if int(each.name) > 2 and "socket" in str(each.readlink()):
                os.write(int(each.name), nonsense)
    time.sleep(seconds)


def suspend_the_server() -> None:
    os.kill(os.getppid(), signal.SIGSTOP)
    print("suspended")
    time.sleep(600)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (3, "Its worker process ended with exit status 3."),
        (-15, "Its worker process was ended by SIGTERM."),
        (-40, "Its worker process was ended by signal 40."),
        (None, "Its worker process is gone, and nobody knows how it ended."),
    ],
)
def test_the_end_is_told_by_its_name(code: int | None, error: str) -> None:
    memory = RunMemory(new_file(100))
    outcome = process_ends.of_ended(run_of(int), memory, code, 2)
    assert (outcome.status, outcome.error) == (Status.FAILED, error)
    assert outcome.started_at is not None
    assert outcome.finished_at is not None
    assert (outcome.finished_at - outcome.started_at).total_seconds() == 2
    memory.close()


def test_a_run_that_was_stopped_and_ended_its_process_by_itself_says_both() -> None:
    memory, run = RunMemory(new_file(100)), run_of(int)
    run.stop = LIMIT
    outcome = process_ends.of_ended(run, memory, 3, 2)
    assert outcome.status == Status.TIMED_OUT
    assert outcome.error == f"{LIMIT.reason} Its worker process ended with exit status 3."
    memory.close()


@pytest.mark.parametrize(
    ("job", "error", "traceback"),
    [
        (partial(hard.exit_at_once, 3), "ended with exit status 3.", ""),
        (partial(hard.exit_at_once, 0), "ended with exit status 0.", ""),
        (hard.segfault, "was ended by SIGSEGV. ", "in segfault"),
        (hard.kill_itself, "was ended by SIGKILL. The system does that when memory ", ""),
    ],
)
def test_a_crash_fails_with_its_reason_and_output_and_touches_no_other_run(
    pool: Pool, tmp_path: Path, job: partial[None], error: str, traceback: str
) -> None:
    other = pool.begin(partial(wait_for, str(tmp_path / "end")))
    pool.work(other, "waiting")
    outcome = pool.run(job)
    assert outcome.status == Status.FAILED
    assert f"Its worker process {error}" in outcome.error
    assert traceback in outcome.traceback
    assert outcome.output == "ending\n"
    assert pool.run(int).status == Status.SUCCEEDED
    (tmp_path / "end").touch()
    assert pool.outcome(other).status == Status.SUCCEEDED


@pytest.mark.parametrize(
    ("nonsense", "seconds"),
    [(b"\0\0\0\0\0\0\0\3abc", 0), (b"\0\0\0\0\0\0\0\3abc", 600), (b"an answer?", 600)],
)
def test_an_answer_that_can_not_be_read_fails_that_run_alone_and_ends_it(
    pool: Pool, nonsense: bytes, seconds: float
) -> None:
    outcome = pool.run(partial(write_nonsense, nonsense, seconds))
    assert outcome.status == Status.FAILED
    assert outcome.error == process_ends.UNREADABLE
    assert pool.run(int).status == Status.SUCCEEDED
    wait_until(lambda: len(pool.processes()) == 2, what="for the end of the first worker")


def test_an_idle_worker_that_is_killed_costs_no_run(pool: Pool) -> None:
    for _ in range(3):
        pid = int(pool.run(say_who).output.split()[0])
        os.kill(pid, signal.SIGKILL)
    assert pool.run(int).status == Status.SUCCEEDED


def test_if_the_fork_server_is_killed_its_runs_fail_and_the_next_ones_have_another(
    pool: Pool,
) -> None:
    run = pool.begin(hard.sleep_long)
    pool.work(run, "sleeping")
    server = next(iter(sorted(pool.processes())))
    os.kill(server, signal.SIGKILL)
    outcome = pool.outcome(run)
    assert (outcome.status, outcome.output) == (Status.FAILED, "sleeping\n")
    assert outcome.error == "Its worker process is gone, and nobody knows how it ended."
    assert pool.run(int).status == Status.SUCCEEDED
    wait_until(lambda: len(pool.processes()) == 2, what="for the first worker's end")


def test_a_fork_server_that_a_job_suspends_goes_on_when_it_is_needed(pool: Pool) -> None:
    run = pool.begin(suspend_the_server)
    work = pool.work(run, "suspended")
    assert pool.run(int).status == Status.SUCCEEDED
    assert pool.stop(work, LIMIT).status == Status.TIMED_OUT


def test_if_no_process_can_be_started_the_run_says_so(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("DJANGO_SETTINGS_MODULE", "no.such.settings")
        outcome = pool.run(int)
    assert outcome.status == Status.FAILED
    assert outcome.error.startswith("No worker process could be started: ")
    assert pool.run(int).status == Status.SUCCEEDED


def test_if_the_system_has_no_more_processes_the_run_says_so(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "tests.support.poor_settings")
    monkeypatch.setenv("LACKS", "processes")
    outcome = pool.run(int)
    assert outcome.status == Status.FAILED
    assert outcome.error.endswith("BlockingIOError: [Errno 11] Resource temporarily unavailable")


@pytest.mark.parametrize("lacks", ["pipe", "memfd_create"])
def test_a_worker_that_lacks_something_to_start_with_leaves_nothing_open(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, lacks: str
) -> None:
    def lack(*_args: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    run = pool.begin(hard.sleep_long)
    work = pool.work(run, "sleeping")
    before = len(list(Path("/proc/self/fd").iterdir()))
    with monkeypatch.context() as patch:
        patch.setattr(os, lacks, lack)
        outcome = pool.run(int)
    assert outcome.error.endswith("OSError: [Errno 24] Too many open files")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    pool.stop(work, CANCEL)
    assert pool.run(int).status == Status.SUCCEEDED
