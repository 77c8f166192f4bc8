"""Runs in threads of the scheduler's process.

A claimed job waits here until a thread is free. Then its run is marked as running, in the database,
and only when that is committed it begins: so of a scheduler that was killed it is known which runs
had begun, and the others are given to another scheduler. One statement marks as many runs as there
are free threads.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import datetime

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor as PlainThreadPoolExecutor
from apscheduler.job import Job
from apscheduler.schedulers.base import BaseScheduler
from django.db import connection

from countjobs.executors.current import running
from countjobs.executors.rate import RecentRate
from countjobs.executors.runs import carry_out
from countjobs.executors.workers import Workers
from countjobs.history.recorder import Outcome
from countjobs.jobstores.claimed import ClaimedJob, Run
from countjobs.models.executions import Status
from countjobs.outages import AWAY

RETRY_SECONDS = 0.5
CLAIM_AHEAD_SECONDS = 0.2
"""Claims may wait here for as many runs as end in this time: many short ones, no long one."""


class ThreadPoolExecutor(PlainThreadPoolExecutor):  # type: ignore[misc]  # APScheduler has no types
    """APScheduler's executor, for claimed jobs too.

    Args:
        threads: How many runs go on side by side.
        begin: Marks executions as running, and returns those that are still ours to start.
        report: Is told of each outcome, in the run's thread.
        output_bytes: How much of a run's output is kept.
    """

    def __init__(
        self,
        threads: int,
        begin: Callable[[list[int]], Iterable[int]],
        report: Callable[[Outcome], None],
        output_bytes: int,
    ) -> None:
        super().__init__(threads)
        self.threads = threads
        self._begin = begin
        self._report = report
        self._output_bytes = output_bytes
        self._rate = RecentRate()
        self._waiting: deque[ClaimedJob] = deque()
        self._begun = 0
        self._claimed: Counter[str] = Counter()
        self._in_flight: set[int] = set()
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._workers = Workers(threads, self._carry_out_first, "countjobs-run")
        self._starter = threading.Thread(
            target=self._start_waiting, name="countjobs-starter", daemon=True
        )

    def start(self, scheduler: BaseScheduler, alias: str) -> None:
        """Called by the scheduler when it starts."""
        super().start(scheduler, alias)
        self._starter.start()

    # What the job store asks

    @property
    def free(self) -> int:
        """How many more jobs may be claimed: for the free threads, and for those free soon.

        None before half of what may wait is gone: a claim costs the same for one as for many.
        """
        with self._changed:
            ahead = int(self._rate.per_second(time.monotonic()) * CLAIM_AHEAD_SECONDS)
            room = self.threads + ahead - self._claimed.total()
            return room if room > ahead // 2 else 0

    def busy(self) -> Counter[str]:
        """How many runs of each job are going on here, or are about to."""
        with self._changed:
            return Counter(self._claimed)

    def in_flight(self) -> set[int]:
        """The executions that were handed in, and whose outcomes are not reported yet."""
        with self._changed:
            return set(self._in_flight)

    # Ending

    def begin_nothing_more(self) -> None:
        """Let runs end that have begun, and forget those that wait."""
        with self._changed:
            self._closing.set()
            while self._waiting:
                self._forget(self._waiting.popleft())
            self._changed.notify_all()

    def wait_until_idle(self, timeout: float) -> bool:
        """Whether every run has ended, waiting for that at the most so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._claimed.total(), timeout)

    def shutdown(self, wait: bool = True) -> None:
        """Called by the scheduler when it stops."""
        self.begin_nothing_more()
        self._workers.end()
        super().shutdown(wait)

    # Starting

    def submit_job(self, job: Job | ClaimedJob, run_times: list[datetime]) -> None:
        """Take in a claimed job; a Job of another job store runs as in APScheduler."""
        if not isinstance(job, ClaimedJob):
            super().submit_job(job, run_times)
            return
        with self._changed:
            if self._closing.is_set():
                return  # claimed at the very end: it is handed back with what waited
            # Taken for dead, we may have claimed again what waits here.
            job.runs = [run for run in job.runs if run.execution_id not in self._in_flight]
            if not job.runs:
                return
            self._claimed[job.id] += 1
            self._in_flight.update(run.execution_id for run in job.runs)
            self._waiting.append(job)
            self._changed.notify_all()

    def _start_waiting(self) -> None:
        """The starter's thread: mark runs as begun, and hand them to threads."""
        try:
            while not self._closing.is_set():
                if batch := self._next_batch():
                    self._start(batch)
        finally:
            connection.close()

    def _next_batch(self) -> list[ClaimedJob]:
        """As many waiting jobs as there are free threads, once there are both."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closing.is_set() or (self._waiting and self._begun < self.threads)
            )
            if self._closing.is_set():
                return []
            count = min(len(self._waiting), self.threads - self._begun)
            self._begun += count
            return [self._waiting.popleft() for _ in range(count)]

    def _start(self, batch: list[ClaimedJob]) -> None:
        try:
            ours = set(self._begin([job.runs[0].execution_id for job in batch]))
        except Exception as error:
            if isinstance(error, AWAY):
                self._logger.warning("The database is away; %d runs wait: %s", len(batch), error)
            else:
                self._logger.exception("Runs can't be marked as begun; trying again")
            connection.close()
            self._put_back(batch)
            self._closing.wait(RETRY_SECONDS)
            return
        given_away = [job for job in batch if job.runs[0].execution_id not in ours]
        self._workers.hand_over([job for job in batch if job not in given_away])
        for job in given_away:
            self._logger.warning('A run of "%s" was given to another scheduler', job.name)
            self._first_is_over(job)

    def _put_back(self, batch: list[ClaimedJob]) -> None:
        with self._changed:
            self._begun -= len(batch)
            self._waiting.extendleft(reversed(batch))
        if self._closing.is_set():
            self.begin_nothing_more()

    # Running

    def _carry_out_first(self, job: ClaimedJob) -> None:
        try:
            self._run(job.runs[0])
        except BaseException:  # a fault of ours: it must not end the thread
            self._logger.exception('Job "%s" could not be carried out', job.name)
        self._first_is_over(job)

    def _first_is_over(self, job: ClaimedJob) -> None:
        with self._changed:
            self._in_flight.discard(job.runs.pop(0).execution_id)
            self._rate.note(time.monotonic())
            if job.runs and not self._closing.is_set():
                # The next one of a catch-up: its turn comes before those that wait.
                self._begun -= 1
                self._waiting.appendleft(job)
                self._changed.notify_all()
                return
        self._ended(job)

    def _run(self, run: Run) -> None:
        shown = f"{run.scheduled_at.astimezone():%Y-%m-%d %H:%M:%S %Z}"
        self._logger.info('Running job "%s" (scheduled at %s)', run.job_name, shown)
        with running(run):
            outcome = carry_out(run.execution_id, run.call, self._output_bytes)
        self._report(outcome)
        self._tell(run, outcome)

    def _tell(self, run: Run, outcome: Outcome) -> None:
        if outcome.status == Status.SUCCEEDED:
            self._logger.info('Job "%s" executed successfully', run.job_name)
            code = EVENT_JOB_EXECUTED
        else:
            traceback = outcome.traceback.rstrip()
            self._logger.error('Job "%s" raised an exception\n%s', run.job_name, traceback)
            code = EVENT_JOB_ERROR
        alias = self._scheduler.jobstore_alias
        event = JobExecutionEvent(code, run.job_id, alias, run.scheduled_at)
        self._scheduler._dispatch_event(event)

    def _ended(self, job: ClaimedJob) -> None:
        with self._changed:
            self._begun -= 1
            self._forget(job)
            self._changed.notify_all()
        self._scheduler.run_ended()

    def _forget(self, job: ClaimedJob) -> None:
        self._claimed[job.id] -= 1
        if not self._claimed[job.id]:
            del self._claimed[job.id]
        self._in_flight.difference_update(run.execution_id for run in job.runs)
