"""Runs in threads of the scheduler's process.

A claimed job waits until there is a thread for it, or soon will be. Then its run is marked as
running, in the database, and only when that is committed it begins: so of a scheduler that was
killed it is known which runs may have begun, and the others are given to another scheduler.

One statement marks as many runs as there are free threads, and as will end within
BEGIN_AHEAD_SECONDS at the rate lately shown: many short ones, no long one. Where no thread gets on,
those that were marked and have none are put off: marked as waiting again, here or, at the end, for
others.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor as PlainThreadPoolExecutor
from apscheduler.job import Job
from apscheduler.schedulers.base import BaseScheduler
from django.db import connection

from countjobs.executors.backlog import Backlog
from countjobs.executors.current import running
from countjobs.executors.runs import carry_out
from countjobs.executors.workers import Workers
from countjobs.history.recorder import Outcome
from countjobs.jobstores.claimed import ClaimedJob, Run
from countjobs.models.executions import Status
from countjobs.outages import AWAY

RETRY_SECONDS = 0.5
PUT_OFF_SECONDS = 0.2
"""So long after they were marked as begun, runs for which there is no thread are put off again."""
FORGOTTEN_SECONDS = 1.0
"""Beyond that the mark is asked for anew: this process was frozen, perhaps, and taken for dead."""

Mark: TypeAlias = Callable[[list[int]], Iterable[int]]
"""Marks executions in the database, and returns those that are still ours to start."""


class ThreadPoolExecutor(PlainThreadPoolExecutor):  # type: ignore[misc]  # APScheduler has no types
    """APScheduler's executor, for claimed jobs too.

    Args:
        threads: How many runs go on side by side.
        begin: Marks executions as running, and returns those that are still ours to start.
        put_off: Marks them as waiting again, and returns the same.
        report: Is told of each outcome, in the run's thread.
        output_bytes: How much of a run's output is kept.
    """

    def __init__(
        self,
        threads: int,
        begin: Mark,
        put_off: Mark,
        report: Callable[[Outcome], None],
        output_bytes: int,
    ) -> None:
        super().__init__(threads)
        self._begin, self._put_off = begin, put_off
        self._report = report
        self._output_bytes = output_bytes
        self._backlog = Backlog(threads)
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
        """How many more jobs may be claimed."""
        return self._backlog.free

    def busy(self) -> Counter[str]:
        """How many runs of each job are going on here, or are about to."""
        return self._backlog.busy()

    def in_flight(self) -> set[int]:
        """The executions that were handed in, and whose outcomes are not reported yet."""
        return self._backlog.in_flight()

    # Ending

    def begin_nothing_more(self) -> None:
        """Let runs end that have begun, and forget those that wait."""
        self._closing.set()
        self._backlog.close()

    def wait_until_idle(self, timeout: float) -> bool:
        """Whether every run has ended, waiting for that at most so many seconds."""
        return self._backlog.wait_until_empty(timeout)

    def shutdown(self, wait: bool = True) -> None:
        """Called by the scheduler when it stops."""
        self.begin_nothing_more()
        self._workers.end()
        super().shutdown(wait)

    # Starting

    def submit_job(self, job: Job | ClaimedJob, run_times: list[datetime]) -> None:
        """Take in a claimed job; a Job of another job store runs as in APScheduler."""
        if isinstance(job, ClaimedJob):
            self._backlog.add(job)
        else:
            super().submit_job(job, run_times)

    def _start_waiting(self) -> None:
        """The starter's thread: mark runs as begun, and hand them to threads."""
        try:
            while not self._closing.is_set():
                batch = self._backlog.take(PUT_OFF_SECONDS if self._workers.waiting else None)
                if batch:
                    self._change_hands(batch, self._begin, self._hand_over)
                elif stuck := self._workers.take_back():
                    self._change_hands(stuck, self._put_off, self._backlog.put_back)
            # What is marked and has no thread yet is left to others, too; the drain waits for this.
            if left := self._workers.take_back(if_stuck=False):
                self._change_hands(left, self._put_off, self._backlog.put_back)
        finally:
            connection.close()

    def _change_hands(
        self, batch: list[ClaimedJob], mark: Mark, receive: Callable[[list[ClaimedJob]], None]
    ) -> None:
        """Give jobs, marked, to the threads, or back to the backlog."""
        try:
            ours = set(mark([job.runs[0].execution_id for job in batch]))
        except Exception as error:
            if isinstance(error, AWAY):
                self._logger.warning("The database is away; %d runs wait: %s", len(batch), error)
            else:
                self._logger.exception("Runs can't be marked as begun; trying again")
            connection.close()
            self._backlog.put_back(batch)  # to ask twice that it begins does no harm
            self._closing.wait(RETRY_SECONDS)
            return
        # Both are told apart first: what is received may have ended a moment later.
        kept = [job for job in batch if job.runs[0].execution_id in ours]
        given_away = [job for job in batch if job.runs[0].execution_id not in ours]
        receive(kept)
        for job in given_away:
            self._logger.warning(
                'A run of "%s" is no longer ours: cancelled, or given to another scheduler',
                job.name,
            )
            self._first_is_over(job)

    def _hand_over(self, batch: list[ClaimedJob]) -> None:
        now = time.monotonic()
        for job in batch:
            job.begun_at = now
        self._workers.hand_over(batch)

    # Running

    def _carry_out_first(self, job: ClaimedJob) -> None:
        if time.monotonic() - job.begun_at > FORGOTTEN_SECONDS:
            self._backlog.put_back([job])
            return
        try:
            self._run(job.runs[0])
        except BaseException:  # a fault of ours: it must not end the thread
            self._logger.exception('Job "%s" could not be carried out', job.name)
        self._first_is_over(job)

    def _first_is_over(self, job: ClaimedJob) -> None:
        self._backlog.first_is_over(job)
        self._scheduler.run_ended()

    def _run(self, run: Run) -> None:
        self._logger.info(
            'Running job "%s" (scheduled at %s)', run.job_name, _shown(run.scheduled_at)
        )
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


@lru_cache(maxsize=64)
def _shown(instant: datetime) -> str:
    """An instant in the process's own zone. Many runs are due at the same one."""
    return f"{instant.astimezone():%Y-%m-%d %H:%M:%S %Z}"
