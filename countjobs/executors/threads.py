"""Runs in threads of the scheduler's process.

A claimed job waits until a thread is free for it, or soon will be. Then its run is marked as
running in the database, and starts only after that is committed. So if a scheduler is killed, it is
known which runs may have started. Another scheduler runs the others.

One statement marks as many runs as there are free threads. It also marks, ahead of time, as many as
will end within BEGIN_AHEAD_SECONDS at the recent rate, but no long job, and nothing behind one. If
no thread makes progress, marked runs that have no thread are put off: they are marked as queued
again.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime
from typing import TypeAlias

from apscheduler.executors.pool import ThreadPoolExecutor as PlainThreadPoolExecutor
from apscheduler.job import Job
from apscheduler.schedulers.base import BaseScheduler
from django.db import connection, connections

from countjobs.conf import Conf
from countjobs.database.outages import Outage
from countjobs.database.queries import forget_queries
from countjobs.executors.at_work import AtWork, outcome_of_given_up
from countjobs.executors.backlog import Backlog
from countjobs.executors.failures import let_go
from countjobs.executors.runs import carry_out
from countjobs.executors.sessions import share_caches
from countjobs.executors.telling import log_outcome, log_start, tell_listeners
from countjobs.executors.workers import Workers
from countjobs.history.run_outcome import FollowUp, Outcome
from countjobs.jobstores.claimed import ClaimedJob
from countjobs.lasting import go_on_until, quietly
from countjobs.run_context import GOING, Run, Stop
from countjobs.text import counted, visible

RETRY_SECONDS = 0.5
PUT_OFF_SECONDS = 0.2
"""How long a run that is marked as started may wait for a thread before it is put off."""
FORGOTTEN_SHARE = 0.5
"""A mark older than this share of the silence after which others may take us for dead is checked
again: this process may have been frozen, and its runs given to others."""

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

    _runs_elsewhere = False
    """Whether the threads only wait for what other processes do."""

    def __init__(
        self,
        threads: int,
        begin: Mark,
        put_off: Mark,
        report: Callable[[Outcome], None],
        output_bytes: int,
    ) -> None:
        super().__init__(threads)
        self.size = threads
        self._begin, self._put_off = begin, put_off
        self._report = report
        self._output_bytes = output_bytes
        self.outage = Outage()
        conf = Conf.load()
        # At least so long after our last heartbeat but one are we taken for dead.
        silence = conf.lease_seconds - conf.heartbeat_seconds
        self._forgotten_seconds = silence * FORGOTTEN_SHARE
        self._backlog = Backlog(threads)
        self._closing = threading.Event()
        self._at_work: dict[int, AtWork] = {}
        """The runs that go on, by execution. Whoever takes one out says how it ended: the thread
        that carried it out, or whoever gave that up."""
        self.given_up = 0
        """How many threads were given up, and have not ended yet."""
        self._giving_up = threading.Lock()
        """Held from when a run that goes on is taken out until its thread doesn't count any more.
        The thread waits for that, if its run ends meanwhile."""
        self._workers = Workers(
            threads,
            self._carry_out_first,
            "countjobs-run",
            prepare=share_caches,
            leave=connections.close_all,
            at_once=self._runs_elsewhere,
        )
        self._starter = threading.Thread(
            target=self._start_waiting, name="countjobs-starter", daemon=True
        )

    def start(self, scheduler: BaseScheduler, alias: str) -> None:
        """Called by the scheduler when it starts."""
        super().start(scheduler, alias)
        if not self._runs_elsewhere:
            self._starter.start()

    def prepare(self) -> None:
        """There will be runs: do now what the first one would wait for. Threads need nothing."""

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

    def is_own_thread(self) -> bool:
        """Whether the caller is in a thread that carries out runs."""
        return self._workers.is_own_thread()

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
        with closing(connection):
            go_on_until(self._closing.is_set, self._start_some, "The starter of runs")
            # What is marked and has no thread yet is left to others; the drain waits for this.
            if left := self._workers.take_back(if_stuck=False):
                self._change_hands(left, self._put_off, self._backlog.put_back)

    def _start_some(self) -> None:
        batch = self._backlog.take(PUT_OFF_SECONDS if self._workers.waiting else None)
        if batch:
            self._change_hands(batch, self._begin, self._workers.hand_over)
        elif stuck := self._workers.take_back():
            self._change_hands(stuck, self._put_off, self._backlog.put_back)

    def _change_hands(
        self, batch: list[ClaimedJob], mark: Mark, receive: Callable[[list[ClaimedJob]], None]
    ) -> None:
        """Mark jobs, and give them to the threads, or back to the backlog."""
        forget_queries()
        asked_at = time.monotonic()  # not later: we may be frozen before the answer is here
        for job in batch:
            job.begun_at = asked_at
        try:
            ours = set(mark([job.runs[0].execution_id for job in batch]))
        except Exception as error:
            message = "%s can't be marked as started yet"
            self.outage.goes_on(self._logger, error, message, counted(len(batch), "run"))
            self._backlog.put_back(batch)  # marking twice does no harm
            self._closing.wait(RETRY_SECONDS)
            return
        self.outage.is_over()
        # Both lists are made first: what is received may have ended a moment later.
        kept = [job for job in batch if job.runs[0].execution_id in ours]
        given_away = [job for job in batch if job.runs[0].execution_id not in ours]
        receive(kept)
        for job in given_away:
            quietly(
                self._logger.warning,
                'A run of "%s" is not started here: it was cancelled, or another scheduler'
                " has taken it over",
                visible(job.name),
            )
            self._first_is_over(job)

    # Stopping runs

    def at_work(self) -> list[AtWork]:
        """The runs that go on now."""
        return list(self._at_work.values())

    def stop(self, work: AtWork, stop: Stop) -> None:
        """Ask a run to stop. It sees that when it looks, or when it next awaits something."""
        work.run.stop = stop
        context = GOING.get(work.run.execution_id)
        if context is not None and context.interrupt is not None:
            context.interrupt()

    def insist(self, work: AtWork) -> None:
        """A run that was asked to stop goes on: record it as ended, and replace its thread."""
        run, stop = work.run, work.run.stop
        with self._giving_up:
            if stop is None or self._at_work.pop(run.execution_id, None) is None:
                return
            run.is_given_up = True
            self.given_up += 1
            self._workers.abandon(work.thread)
        outcome = outcome_of_given_up(work, stop)
        self._report_end(run, outcome)
        quietly(log_outcome, self._logger, run, outcome)
        quietly(tell_listeners, self._scheduler, run, outcome)
        self._first_is_over(work.job)

    def _is_ours_to_report(self, run: Run) -> bool:
        """Take a run out that has ended. Returns False if somebody else has: it was given up."""
        if self._at_work.pop(run.execution_id, None) is not None:
            return True
        with self._giving_up:  # whoever took it out may not be done with that
            return False

    def _given_up_has_ended(self, run: Run, began: float) -> None:
        quietly(
            self._logger.warning,
            'A run of "%s" that had been given up ended after %.1f s',
            visible(run.job_name),
            time.monotonic() - began,
        )
        with self._giving_up:
            self.given_up -= 1

    # Running

    def _carry_out_first(self, job: ClaimedJob) -> None:
        now = time.monotonic()
        if now - job.begun_at > self._forgotten_seconds:
            self._backlog.put_back([job])
            return
        job.started_at = now
        run = job.runs[0]
        self._at_work[run.execution_id] = AtWork(job, run, now, threading.get_ident())
        try:
            self._run(run)
        except BaseException:  # a fault of ours: it must not end the thread
            quietly(self._logger.exception, 'Job "%s" could not be carried out', visible(job.name))
            self._is_ours_to_report(run)
        if run.is_given_up:
            self._given_up_has_ended(run, now)
        else:
            self._first_is_over(job)

    def _first_is_over(self, job: ClaimedJob) -> None:
        forget_queries()
        self._backlog.first_is_over(job)
        self._scheduler.run_ended()

    def _run(self, run: Run) -> None:
        quietly(log_start, self._logger, run)
        outcome = self._carry_out(run)
        if not self._is_ours_to_report(run):
            let_go(outcome)
            return
        self._report_end(run, outcome)
        try:
            quietly(log_outcome, self._logger, run, outcome)
            tell_listeners(self._scheduler, run, outcome)
        finally:
            let_go(outcome)

    def _report_end(self, run: Run, outcome: Outcome) -> None:
        outcome.run = run
        if run.has_rules or outcome.try_after is not None:
            outcome.follow_up = FollowUp(run.job_id, run.attempt)
        quietly(self._report, outcome)

    def _carry_out(self, run: Run) -> Outcome:
        return carry_out(run, self._output_bytes, keep_error=True)
