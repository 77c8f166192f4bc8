"""An executor, and what it wants around it: a scheduler, claims to mark, jobs under control."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from apscheduler.events import JobExecutionEvent

from countjobs.capped import CappedText
from countjobs.executors import ThreadPoolExecutor, threads
from countjobs.executors.output import Capture, capturing
from countjobs.executors.runs import carry_out
from countjobs.history.run_outcome import Outcome
from countjobs.jobstores.claimed import ClaimedJob
from countjobs.run_context import Run, RunContext
from tests.support.factories import NOON
from tests.support.waiting import wait_until

Call = Callable[[], object]


class Scheduler:
    """What an executor wants of one."""

    jobstore_alias = "default"
    _listeners = ("somebody",)

    def __init__(self) -> None:
        self.events: list[JobExecutionEvent] = []
        self.ended = 0

    def _create_lock(self) -> threading.RLock:
        return threading.RLock()

    def _dispatch_event(self, event: JobExecutionEvent) -> None:
        self.events.append(event)

    def run_ended(self) -> None:
        self.ended += 1


class Gate:
    """A job that goes on until it is let through."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()

    def __call__(self) -> None:
        self.reached.set()
        assert self.open.wait(60)


class Claims:
    """Marks what it is asked to, as long as nothing else is said of an execution."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.batches_put_off: list[list[int]] = []
        self.given_back: set[int] = set()
        self.errors: list[Exception] = []
        self.put_off_errors: list[Exception] = []
        self.most_batches = 1_000
        """After so many batches everything is given back."""

    def put_off(self, execution_ids: list[int]) -> list[int]:
        self.batches_put_off.append(execution_ids)
        if self.put_off_errors:
            raise self.put_off_errors.pop()
        return [each for each in execution_ids if each not in self.given_back]

    def begin(self, execution_ids: list[int]) -> list[int]:
        self.batches.append(execution_ids)
        if self.errors:
            raise self.errors.pop()
        if len(self.batches) > self.most_batches:
            return []
        return [each for each in execution_ids if each not in self.given_back]


def run_of(call: Call, execution_id: int = 7, job_id: str = "code") -> Run:
    """A run of a job from code."""
    return Run(execution_id, job_id, job_id, NOON + timedelta(minutes=execution_id), call)


def outcome_of(call: Call) -> Outcome:
    """How a run of a job from code goes, in this thread."""
    with capturing():
        return carry_out(run_of(call), 10_000)


@contextmanager
def captured(most_bytes: int) -> Iterator[CappedText]:
    """Collects what the code inside prints and logs, as in a run."""
    output = CappedText(most_bytes)
    Capture.mend()
    with RunContext(run_of(int), output):
        yield output


def claimed(*calls: Call, job_id: str = "code", first: int = 1) -> ClaimedJob:
    """A job with a run a call; their executions are numbered from `first` on."""
    runs = [run_of(call, number, job_id) for number, call in enumerate(calls, start=first)]
    return ClaimedJob(job_id, job_id, "default", runs)


def fail() -> None:
    raise ValueError("reason")


def submit(executor: ThreadPoolExecutor, job: ClaimedJob) -> None:
    executor.submit_job(job, [run.scheduled_at for run in job.runs])


@pytest.fixture
def scheduler() -> Scheduler:
    return Scheduler()


@pytest.fixture
def claims() -> Claims:
    return Claims()


@pytest.fixture
def outcomes() -> list[Outcome]:
    return []


@pytest.fixture
def executor(
    scheduler: Scheduler, claims: Claims, outcomes: list[Outcome], monkeypatch: pytest.MonkeyPatch
) -> Iterator[ThreadPoolExecutor]:
    monkeypatch.setattr(threads, "RETRY_SECONDS", 0.01)
    executor = ThreadPoolExecutor(2, claims.begin, claims.put_off, outcomes.append, 10_000)
    executor.start(scheduler, "default")
    yield executor
    executor.shutdown()
    # What it logs at its end belongs to this test, not to the next one.
    wait_until(lambda: executor.given_up == 0)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()
