"""Runs in threads of the scheduler's process."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor as PlainThreadPoolExecutor
from apscheduler.job import Job
from django.db import close_old_connections
from django.utils import timezone

from countjobs.executors.runs import carry_out
from countjobs.history.recorder import Outcome
from countjobs.jobstores.claims import ClaimedJob, Run, begin
from countjobs.models.executions import Status
from countjobs.outages import AWAY

RETRY_SECONDS = 1.0


class ThreadPoolExecutor(PlainThreadPoolExecutor):  # type: ignore[misc]  # APScheduler has no types
    """APScheduler's executor, for claimed jobs too.

    Args:
        threads: How many runs go on side by side.
        report: Is told of each outcome, in the run's thread.
        output_bytes: How much of a run's output is kept.
    """

    def __init__(self, threads: int, report: Callable[[Outcome], None], output_bytes: int) -> None:
        super().__init__(threads)
        self.threads = threads
        self._report = report
        self._output_bytes = output_bytes
        self._claimed: Counter[str] = Counter()
        self._in_flight: set[int] = set()
        self._idle = threading.Condition()
        self._closing = threading.Event()

    @property
    def free(self) -> int:
        """How many more jobs could begin at once."""
        with self._idle:
            return self.threads - self._claimed.total()

    def busy(self) -> Counter[str]:
        """How many runs of each job are going on here."""
        with self._idle:
            return Counter(self._claimed)

    def in_flight(self) -> set[int]:
        """The executions that were handed in, and whose outcomes are not reported yet."""
        with self._idle:
            return set(self._in_flight)

    def wait_until_idle(self, timeout: float) -> bool:
        """Whether every run has ended, waiting for that at the most so many seconds."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._claimed.total(), timeout)

    def begin_nothing_more(self) -> None:
        """Let runs end, but leave alone those of a catch-up that wait behind them."""
        self._closing.set()

    def submit_job(self, job: Job | ClaimedJob, run_times: list[datetime]) -> None:
        """Begin the runs of a claimed job; a Job of another job store runs as in APScheduler."""
        if not isinstance(job, ClaimedJob):
            super().submit_job(job, run_times)
            return
        with self._idle:
            self._claimed[job.id] += 1
            self._in_flight.update(run.execution_id for run in job.runs)
        try:
            self._pool.submit(self._run_all, job)
        except BaseException:
            self._ended(job)
            raise

    def _run_all(self, job: ClaimedJob) -> None:
        try:
            for index, run in enumerate(job.runs):
                if index == 0 or self._may_begin(run):
                    self._run(run)
        except BaseException:  # a fault of ours: it must not pass unseen in the pool
            self._logger.exception('Job "%s" could not be carried out', job.name)
        finally:
            self._ended(job)

    def _may_begin(self, run: Run) -> bool:
        """Whether a run that waited behind another is ours to start, and now marked so.

        It is not started unmarked: were we to die in it, another scheduler would start it again.
        """
        now = timezone.now()
        while not self._closing.is_set():
            close_old_connections()
            try:
                return begin(run, now)
            except AWAY as error:
                self._logger.warning("The database is away; a run of a catch-up waits: %s", error)
                self._closing.wait(RETRY_SECONDS)
        return False

    def _run(self, run: Run) -> None:
        shown = f"{run.scheduled_at.astimezone():%Y-%m-%d %H:%M:%S %Z}"
        self._logger.info('Running job "%s" (scheduled at %s)', run.job_name, shown)
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
        with self._idle:
            self._claimed[job.id] -= 1
            if not self._claimed[job.id]:
                del self._claimed[job.id]
            self._in_flight.difference_update(run.execution_id for run in job.runs)
            self._idle.notify_all()
        self._scheduler.run_ended()
