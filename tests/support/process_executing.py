"""An executor of processes with real workers, and ends of its runs in the watch's stead."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import pytest

from countjobs.executors import processes
from countjobs.executors.at_work import AtWork
from countjobs.executors.processes import ProcessPoolExecutor
from countjobs.history.run_outcome import Outcome
from countjobs.run_context import GOING, Stop
from tests.support.executing import Claims, Scheduler, claimed, submit
from tests.support.process_marks import VARIABLE, marked, new_mark
from tests.support.waiting import wait_until

LIMIT = Stop("timed_out", "It took longer than 1 s.")
CANCEL = Stop("cancelled", "Ann cancelled it.")
OUTPUT_BYTES = 10_000


class Pool:
    """An executor with two workers, and what it says."""

    def __init__(self, executor: ProcessPoolExecutor, outcomes: list[Outcome], mark: str) -> None:
        self.executor = executor
        self.outcomes = outcomes
        self.mark = mark
        self._number = 0

    def begin(self, *calls: Callable[[], object]) -> int:
        """Have a job's calls run one after the other. Returns the first one's execution."""
        first, self._number = self._number + 1, self._number + len(calls)
        submit(self.executor, claimed(*calls, job_id=f"job {first}", first=first))
        return first

    def outcome(self, execution_id: int) -> Outcome:
        """How a run has ended, when it has."""

        def found() -> list[Outcome]:
            return [each for each in self.outcomes if each.execution_id == execution_id]

        wait_until(found, 60, what=lambda: f"for run {execution_id} of {self.outcomes}")
        return found()[0]

    def run(self, *calls: Callable[[], object]) -> Outcome:
        """How the last of a job's calls goes."""
        return self.outcome(self.begin(*calls) + len(calls) - 1)

    def work(self, execution_id: int, output: str) -> AtWork:
        """A run that has said something, and goes on."""
        wait_until(
            lambda: output in self.said(execution_id), 60, what=f"for “{output}” of {execution_id}"
        )
        (work,) = [w for w in self.executor.at_work() if w.run.execution_id == execution_id]
        return work

    def said(self, execution_id: int) -> str:
        context = GOING.get(execution_id)
        return context.output.so_far() if context and context.output else ""

    def stop(self, work: AtWork, stop: Stop) -> Outcome:
        """End a run as the watch does: ask, and 5 s later insist."""
        self.executor.stop(work, stop)
        deadline = time.monotonic() + 5
        wait_until(lambda: work not in self.executor.at_work() or time.monotonic() > deadline, 60)
        self.executor.insist(work)
        return self.outcome(work.run.execution_id)

    def processes(self) -> dict[int, str]:
        """All processes of the executor's, and of its jobs."""
        return marked(self.mark)


@pytest.fixture
def pool(
    scheduler: Scheduler, claims: Claims, outcomes: list[Outcome], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pool]:
    mark = new_mark()
    monkeypatch.setenv(VARIABLE, mark)
    monkeypatch.setattr(processes, "RETRY_SECONDS", 0.01)
    executor = ProcessPoolExecutor(2, claims.begin, claims.put_off, outcomes.append, OUTPUT_BYTES)
    executor.start(scheduler, "processes")
    pool = Pool(executor, outcomes, mark)
    yield pool
    executor.shutdown()
    wait_until(lambda: not pool.processes(), 20, lambda: f"for the end of {pool.processes()}")
    assert os.environ[VARIABLE] == mark
