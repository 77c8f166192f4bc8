"""The claims that an executor holds: those that wait, and those that have started."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque

from countjobs.executors.rate import RecentRate
from countjobs.jobstores.claimed import ClaimedJob

CLAIM_AHEAD_SECONDS = 0.2
"""The backlog holds at most as many claims as runs that finish in this many seconds: many if runs
are short, none if they are long."""
FIRST_AHEAD_SECONDS = 0.05
"""The same for an empty backlog. It is shorter, because the first run starts only when the whole
claim is done."""
BEGIN_AHEAD_SECONDS = 0.02
"""Runs of short jobs may be marked as running up to this long before they start."""
SHORT_SECONDS = 0.2
"""A job is long if its last run here took longer. One that has not run here yet counts as short.
The limit is generous: on an overloaded machine short runs may take many times as long as usual, and
must not count as long because of that.
"""
_MOST_LONG = 100_000
"""How many long jobs are remembered. Then all are forgotten, and learnt again."""
GATHER_SECONDS = 0.003
"""How long runs that could start wait for others, while threads become free one by one."""


class Backlog:
    """Claimed jobs, counted. Any thread may call any method.

    Args:
        threads: How many runs may go on at once.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._changed = threading.Condition()
        self._waiting: deque[ClaimedJob] = deque()
        self._begun = 0
        self._held = 0
        self._of_job: Counter[str] = Counter()
        self._in_flight: set[int] = set()
        self._rate = RecentRate()
        self._long: set[str] = set()
        """The jobs that are long."""
        self._begin_below = 0
        """Wake the starter when fewer runs than this are going on."""
        self.is_closed = False

    @property
    def free(self) -> int:
        """How many more jobs may be claimed, for threads that are free, or soon will be.

        None until most of what may wait is gone, because a claim of one job costs as much as of
        many.
        """
        with self._changed:
            seconds = CLAIM_AHEAD_SECONDS if self._held else FIRST_AHEAD_SECONDS
            ahead = self._ended_within(seconds)
            room = self._threads + ahead - self._held
            return room if room > ahead // 2 else 0

    def busy(self) -> Counter[str]:
        """How many runs of each job are going on here, or are about to."""
        with self._changed:
            return Counter(self._of_job)

    def in_flight(self) -> set[int]:
        """The executions that were handed in, and whose outcomes are not reported yet."""
        with self._changed:
            return set(self._in_flight)

    def add(self, job: ClaimedJob) -> None:
        """Take in a job. After the end it is left to other schedulers, like what waits then."""
        with self._changed:
            # If we were taken for dead, we may have claimed again what waits here.
            job.runs = [run for run in job.runs if run.execution_id not in self._in_flight]
            if self.is_closed or not job.runs:
                return
            self._rate.begin(time.monotonic())
            self._held += 1
            self._of_job[job.id] += 1
            self._in_flight.update(run.execution_id for run in job.runs)
            self._waiting.append(job)
            if self._begun < self._begin_below:
                self._changed.notify_all()

    def take(self, timeout: float | None = None) -> list[ClaimedJob]:
        """Wait for jobs that may start, and take as many as may.

        None at the end, or if there were none for so many seconds.
        """
        with self._changed:
            most = self._threads + self._ended_within(BEGIN_AHEAD_SECONDS)
            self._wait_until_begun_below(most, timeout)
            if most - self._begun < min(most / 2, len(self._waiting)):
                self._wait_until_begun_below(most // 2 + 1, GATHER_SECONDS)
            taken = [] if self.is_closed else self._take_up_to(most)
            self._begun += len(taken)
            return taken

    def _take_up_to(self, most: int) -> list[ClaimedJob]:
        """Those that may start, in order. If no thread is free, it stops at the first long job."""
        taken: list[ClaimedJob] = []
        now, ahead = self._threads - self._begun, most - self._begun
        while self._waiting and len(taken) < ahead:
            if len(taken) >= now and self._waiting[0].id in self._long:
                break
            taken.append(self._waiting.popleft())
        return taken

    def _ended_within(self, seconds: float) -> int:
        """How many runs have lately ended in so many seconds."""
        return int(self._rate.per_second(time.monotonic()) * seconds)

    def _wait_until_begun_below(self, level: int, seconds: float | None = None) -> None:
        self._begin_below = level
        self._changed.wait_for(
            lambda: self.is_closed or (self._waiting and self._begun < self._level(level)), seconds
        )
        self._begin_below = 0

    def _level(self, level: int) -> int:
        """Below how many started runs the first that waits may start: `level` for a short job."""
        return min(level, self._threads) if self._waiting[0].id in self._long else level

    def put_back(self, jobs: list[ClaimedJob]) -> None:
        """Let jobs that were taken wait again, before all others."""
        with self._changed:
            self._begun -= len(jobs)
            self._waiting.extendleft(reversed(jobs))
            self._drop_if_closed()
            self._changed.notify_all()

    def first_is_over(self, job: ClaimedJob) -> None:
        """The first run of a job has ended; the next one of a catch-up waits before all others."""
        with self._changed:
            self._in_flight.discard(job.runs.pop(0).execution_id)
            now = time.monotonic()
            self._rate.note(now)
            self._learn(job, now)
            self._begun -= 1
            if job.runs:
                self._waiting.appendleft(job)
                self._drop_if_closed()
            else:
                self._forget(job)
            if self._begun < self._begin_below or not self._held:
                self._changed.notify_all()

    def _learn(self, job: ClaimedJob, now: float) -> None:
        """Note whether a job is long, from a run that has ended."""
        if not job.started_at:
            return
        if now - job.started_at <= SHORT_SECONDS:
            self._long.discard(job.id)
            return
        if len(self._long) >= _MOST_LONG:
            self._long.clear()
        self._long.add(job.id)

    def close(self) -> None:
        """Forget what waits. What has started may end."""
        with self._changed:
            self.is_closed = True
            self._drop_if_closed()
            self._changed.notify_all()

    def wait_until_empty(self, timeout: float) -> bool:
        """Wait up to so many seconds for all runs to end. Returns whether they have."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._held, timeout)

    def _drop_if_closed(self) -> None:
        while self.is_closed and self._waiting:
            self._forget(self._waiting.popleft())

    def _forget(self, job: ClaimedJob) -> None:
        self._held -= 1
        if not self._held:
            self._rate.rest()
        self._of_job[job.id] -= 1
        if not self._of_job[job.id]:
            del self._of_job[job.id]
        self._in_flight.difference_update(run.execution_id for run in job.runs)
