"""APScheduler's loop, kept alive, with heartbeats, wake-ups and a drain."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Thread, get_ident
from typing import Any

from apscheduler.schedulers import SchedulerNotRunningError
from apscheduler.schedulers.background import BackgroundScheduler as PlainBackgroundScheduler
from apscheduler.schedulers.base import STATE_STOPPED
from apscheduler.schedulers.blocking import BlockingScheduler as PlainBlockingScheduler
from django.db import Error, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from countjobs.database.outages import Outage, try_twice
from countjobs.database.queries import forget_queries
from countjobs.executors import current_run
from countjobs.executors.live_output import Growing
from countjobs.executors.output import Capture
from countjobs.executors.side_by_side import Executors
from countjobs.history.recorder import Recorder
from countjobs.jobstores.store import DatabaseJobStore
from countjobs.models.nodes import State
from countjobs.schedulers.adding import StoringScheduler
from countjobs.schedulers.clock import WallClock
from countjobs.schedulers.companions import Companions
from countjobs.schedulers.heartbeat import Heartbeat
from countjobs.schedulers.listeners import ChangeListener
from countjobs.schedulers.lost_runs import settle
from countjobs.schedulers.mending import Mending
from countjobs.schedulers.run_watch import RunWatch
from countjobs.schedulers.upkeep import Upkeep
from countjobs.text import in_one_line

logger = in_one_line(logging.getLogger(__name__))

RETRY_SECONDS = 1.0
OWN_RUN_SECONDS = 1.0
"""How long a run has to end if it shuts down its own scheduler without waiting."""
COMPANION_SECONDS = 10.0
"""How long what runs beside the scheduler has to end, after the drain."""
LONGEST_SLEEP_SECONDS = 5.0
"""The most that a clock set forward, or a lost wake-up, can delay what is due."""
_INCOMPLETE = (
    "A step of the shutdown failed. If runs are left, another scheduler will mark them as lost,"
    " or give them back."
)


class DatabaseScheduler(StoringScheduler):
    """What the blocking and the background scheduler have in common."""

    def attach(
        self, heartbeat: Heartbeat, recorder: Recorder, executors: Executors, drain: float
    ) -> None:
        """Give it the parts that `create_scheduler` made. `drain` is the deadline in seconds."""
        self.heartbeat = heartbeat
        self.recorder = recorder
        self.executors = executors
        self.drain_seconds = drain
        self.abandoned = 0
        """How many runs were still going on when the drain's deadline passed."""
        self._loop: int | None = None
        """The thread of the loop."""
        self.turned_at = time.monotonic()
        """When the loop's last turn began. Unlike heartbeats, turns go on without the database."""
        self._ending = Lock()
        self.clock = WallClock()
        self.listener = ChangeListener(self.wakeup)
        self.growing = Growing(heartbeat.name)
        self.run_watch = RunWatch(executors, self._wear_out)
        self.is_worn_out = False
        """Whether it ends because its threads were taken by runs that did not stop."""
        self.mending = Mending()
        self.upkeep = Upkeep(executors.note_used)
        self.companions = Companions(self)
        self.outage = Outage()
        self.store = DatabaseJobStore(heartbeat.name, executors, self._unsettled)
        for name, executor in executors.items():
            self.add_executor(executor, name)
        self.add_jobstore(self.store, self.jobstore_alias)
        self.store.start(self, self.jobstore_alias)  # jobs may be added before our own start

    def start(self, *args: Any, **kwargs: Any) -> None:
        """Start. Raises django.db.Error if the database is away or not migrated."""
        try_twice(self._prepare)
        Capture.install()
        self.recorder.start()
        self.growing.start()
        self.run_watch.start()
        self.companions.start()
        super().start(*args, **kwargs)

    def _prepare(self) -> None:
        self.clock.accept()
        self.mending.begin()
        with suppress(Error):  # of one table, perhaps: the upkeep asks again
            self.upkeep.look_at_executors()
        try:
            self.heartbeat.start(timezone.now())
        except Error:
            self.mending.stop(timeout=0)
            raise

    def _unsettled(self) -> set[int]:
        # In this order: outcomes go from the executor to the recorder.
        return self.executors.in_flight() | self.recorder.waiting()

    def run_ended(self) -> None:
        """A run has ended: there is capacity again."""
        if self.store.waits_for_capacity:
            if self.executors.free > 0:
                self.wakeup()
        elif (full := self.store.claiming.passed.full_executors) and self.executors.has_room(full):
            self.wakeup()

    def _process_jobs(self) -> float:
        """One turn of the loop. Returns the seconds until the next: there always is one."""
        forget_queries()
        self.turned_at = time.monotonic()
        try:
            self.heartbeat.given_up = self.executors.given_up
            self.heartbeat.beat_if_due(timezone.now())
            self._follow_clock()
            self.upkeep.begin_if_due()
            wait: float | None = super()._process_jobs()
            self.heartbeat.tell_cannot_claim(self._why_it_cannot_claim())
        except Exception as error:
            what = (
                "The database reports an error" if isinstance(error, Error) else "The loop failed"
            )
            self.outage.goes_on(logger, error, f"{what}, trying again")
            return RETRY_SECONDS
        self.outage.is_over()
        if wait is None:
            wait = LONGEST_SLEEP_SECONDS
        return min(wait, LONGEST_SLEEP_SECONDS, self.heartbeat.seconds_left)

    def _why_it_cannot_claim(self) -> str:
        """Why runs can't be started or recorded at present; empty while all is well."""
        reasons = (
            self.store.claiming.outage.reason,
            self.executors.trouble,
            self.recorder.outage.reason,
        )
        return next((reason for reason in reasons if reason), "")

    def _follow_clock(self) -> None:
        """If the clock was set back, mend next run times that are too far in the future."""
        if self.clock.was_set_back:
            logger.warning("The clock was set back. Mending the schedules.")
            self.mending.begin()
        self.clock.accept()

    def _main_loop(self) -> None:
        self._loop = get_ident()
        # Not earlier: it calls `wakeup`, which needs what APScheduler's own start has made.
        self.listener.start()
        try:
            super()._main_loop()
        finally:
            if not connection.in_atomic_block:
                connection.close()

    def shutdown(self, wait: bool = True) -> None:
        """Stop claiming, let runs end until the drain's deadline, record them, and stop.

        With `wait=False` it doesn't wait for runs: those that go on are recorded as lost. If one of
        its own jobs calls it, or a listener in one of its threads, it returns at once, and another
        thread does all this, so that the caller can end. Even with `wait=False` runs then have a
        moment to end.
        """
        if self._is_called_from_within():
            seconds = self.drain_seconds if wait else min(self.drain_seconds, OWN_RUN_SECONDS)
            # Not a daemon: the program must not end before this has.
            Thread(target=self._end_beside, args=(seconds,), name="countjobs-shutdown").start()
        else:
            self._end(self.drain_seconds if wait else 0)

    def _wear_out(self) -> None:
        """All threads were given up: end, so that a supervisor starts a new scheduler."""
        if not self.is_worn_out:
            self.is_worn_out = True
            logger.error("All threads are taken by runs that did not stop. This scheduler ends.")
            Thread(
                target=self._end_beside, args=(self.drain_seconds,), name="countjobs-shutdown"
            ).start()

    def _is_called_from_within(self) -> bool:
        if get_ident() == self._loop or self.executors.is_own_thread():
            return True
        run = current_run()  # which may be in a thread of the job's own
        return run is not None and run.execution_id in self.executors.in_flight()

    def _end_beside(self, seconds: float) -> None:
        with suppress(SchedulerNotRunningError):  # somebody else was faster
            self._end(seconds)

    def _end(self, seconds: float) -> None:
        with self._ending:  # two may ask at once; the second one waits for the first
            if self.state != STATE_STOPPED:
                self._drain(seconds)
            super().shutdown(wait=False)

    def _drain(self, seconds: float) -> None:
        with self._jobstores_lock:  # so that no claim is under way, nor half handed over
            self.store.is_open = False
        self.executors.begin_nothing_more()
        self.mending.stop(timeout=1)
        self.upkeep.stop(timeout=1)
        self._try(lambda: self.heartbeat.tell(State.DRAINING, timezone.now()))
        if not self.executors.wait_until_idle(seconds):
            self.abandoned = self.executors.busy().total()
            logger.error("Runs that did not finish before the deadline: %d.", self.abandoned)
        self.growing.stop(timeout=1)
        self.run_watch.stop(timeout=1)
        self.recorder.stop(timeout=max(seconds, 1))
        self.listener.stop(timeout=1)
        self._try(lambda: self._settle(seconds))
        self.companions.stop(timeout=min(max(seconds, 1), COMPANION_SECONDS))
        Capture.remove()

    def _settle(self, seconds: float) -> None:
        """Settle all runs of ours: what has not ended by now is lost."""
        now = timezone.now()
        reason = _(
            "This run had not finished %(seconds)s s after the scheduler was told to stop."
        ) % {"seconds": seconds}
        with transaction.atomic():
            settled = settle(self.heartbeat.name, reason, now)
            self.heartbeat.tell(State.STOPPED, now)
        if left := settled.again + settled.given_back:
            logger.info("Runs left to other schedulers: %d.", left)

    def _try(self, step: Callable[[], object]) -> None:
        """Do a step of the shutdown, which must go on even without the database."""
        try:
            try_twice(step)
        except Error as error:
            logger.error("%s The database reports an error: %s", _INCOMPLETE, error)
        except Exception:
            logger.exception("%s", _INCOMPLETE)


class BlockingScheduler(DatabaseScheduler, PlainBlockingScheduler):  # type: ignore[misc]
    """Its `start` runs the loop, and returns when `shutdown` is called from elsewhere."""


class BackgroundScheduler(DatabaseScheduler, PlainBackgroundScheduler):  # type: ignore[misc]
    """Its `start` returns at once: the loop runs in a thread."""

    @property
    def is_looping(self) -> bool:
        """Whether the loop's thread lives."""
        thread = self._thread
        return thread is not None and thread.is_alive()
