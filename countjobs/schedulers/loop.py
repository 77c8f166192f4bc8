"""APScheduler's loop, kept alive and told of heartbeats, drain and wake-ups."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from apscheduler.job import Job
from apscheduler.schedulers.background import BackgroundScheduler as PlainBackgroundScheduler
from apscheduler.schedulers.base import STATE_STOPPED, BaseScheduler
from apscheduler.schedulers.blocking import BlockingScheduler as PlainBlockingScheduler
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from countjobs.executors import ThreadPoolExecutor
from countjobs.executors.growing import Growing
from countjobs.executors.output import Capture
from countjobs.history.recorder import Recorder
from countjobs.jobstores.store import DatabaseJobStore, refuse_definition_id
from countjobs.models.nodes import State
from countjobs.outages import AWAY
from countjobs.schedulers.clock import WallClock
from countjobs.schedulers.heartbeat import Heartbeat
from countjobs.schedulers.listeners import ChangeListener
from countjobs.schedulers.mending import Mending
from countjobs.schedulers.settling import settle

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
LONGEST_SLEEP_SECONDS = 5.0
"""So that a clock that is set forward is noticed, and a wake-up that got lost costs no more."""


class DatabaseScheduler(BaseScheduler):  # type: ignore[misc]  # APScheduler has no types
    """What the blocking and the background scheduler have in common."""

    jobstore_alias = "default"

    def attach(
        self, heartbeat: Heartbeat, recorder: Recorder, executor: ThreadPoolExecutor, drain: float
    ) -> None:
        """Give it its parts: what `create_scheduler` made. `drain` is the deadline in seconds."""
        self.heartbeat = heartbeat
        self.recorder = recorder
        self.executor = executor
        self.drain_seconds = drain
        self.abandoned = 0
        """How many runs were still going on when the drain's deadline passed."""
        self.clock = WallClock()
        self.listener = ChangeListener(self.wakeup)
        self.growing = Growing(heartbeat.name)
        self.mending = Mending()
        self.store = DatabaseJobStore(heartbeat.name, executor, self._unsettled)
        self.add_executor(executor, "default")
        self.add_jobstore(self.store, self.jobstore_alias)

    def add_job(self, *args: Any, **kwargs: Any) -> Job:
        """As APScheduler's. Raises ValueError for an id that only a definition may have."""
        # The store refuses it too, but of a job that is added before the start it learns then only.
        refuse_definition_id(kwargs.get("id"))
        return super().add_job(*args, **kwargs)

    def start(self, *args: Any, **kwargs: Any) -> None:
        """Start. Raises django.db.Error where the database is away or not migrated."""
        try:
            self._prepare()
        except AWAY as error:
            # It may be just this connection that broke: a second try tells.
            logger.warning("The start failed, trying again: %s", error)
            connection.close()
            self._prepare()
        Capture.install()
        self.recorder.start()
        self.listener.start()
        self.growing.start()
        super().start(*args, **kwargs)

    def _prepare(self) -> None:
        self.clock.accept()
        self.mending.begin()
        self.heartbeat.start(timezone.now())

    def _unsettled(self) -> set[int]:
        # In this order: outcomes go from the executor to the recorder.
        return self.executor.in_flight() | self.recorder.waiting()

    def run_ended(self) -> None:
        """A run has ended in a thread: there is capacity again."""
        if self.store.waits_for_capacity and self.executor.free > 0:
            self.wakeup()

    def _process_jobs(self) -> float:
        """One turn of the loop, in seconds until the next: whatever happens, there is one."""
        try:
            self.heartbeat.beat_if_due(timezone.now())
            self._follow_clock()
            wait: float | None = super()._process_jobs()
        except AWAY as error:
            logger.warning("The database is away, trying again: %s", error)
            connection.close()
            return RETRY_SECONDS
        except Exception:
            logger.exception("The scheduler's loop stumbled; trying again.")
            connection.close()
            return RETRY_SECONDS
        if wait is None:
            wait = LONGEST_SLEEP_SECONDS
        return min(wait, LONGEST_SLEEP_SECONDS, self.heartbeat.seconds_left)

    def _follow_clock(self) -> None:
        """Where the clock was set back, bring near again what was put off by the wrong one."""
        if self.clock.was_set_back:
            logger.warning("The clock was set back; putting the schedules in order.")
            self.mending.begin()
        self.clock.accept()

    def _main_loop(self) -> None:
        try:
            super()._main_loop()
        finally:
            if not connection.in_atomic_block:
                connection.close()

    def shutdown(self, wait: bool = True) -> None:
        """Stop claiming, let runs end until the drain's deadline, record them, and stop.

        With `wait=False` it doesn't wait for runs: those that go on are recorded as lost.
        """
        if self.state != STATE_STOPPED:
            self._drain(self.drain_seconds if wait else 0)
        super().shutdown(wait=False)

    def _drain(self, seconds: float) -> None:
        with self._jobstores_lock:  # so that no claim is under way, nor half handed over
            self.store.is_open = False
        self.executor.begin_nothing_more()
        self.mending.stop(timeout=1)
        self._try(lambda: self.heartbeat.tell(State.DRAINING, timezone.now()))
        if not self.executor.wait_until_idle(seconds):
            self.abandoned = self.executor.busy().total()
            logger.error("Runs that go on past the drain's deadline: %d.", self.abandoned)
        self.growing.stop(timeout=1)
        self.recorder.stop(timeout=max(seconds, 1))
        self.listener.stop(timeout=1)
        self._try(lambda: self._settle(seconds))
        Capture.remove()

    def _settle(self, seconds: float) -> None:
        """Leave nothing of ours unsettled: what has not ended by now is lost."""
        now = timezone.now()
        reason = _(
            "The scheduler stopped %(seconds)s s after it was told to, and this run had not ended."
        ) % {"seconds": seconds}
        with transaction.atomic():
            settled = settle(self.heartbeat.name, reason, now)
            self.heartbeat.tell(State.STOPPED, now)
        if left := settled.again + settled.given_back:
            logger.info("Runs left to other schedulers: %d.", left)

    def _try(self, step: Callable[[], object]) -> None:
        """Do a step of the shutdown, which must go on even without the database."""
        try:
            try:
                step()
            except AWAY:
                connection.close()  # it may be just this connection that broke: a second try tells
                step()
        except AWAY as error:
            logger.error("The database is away; others will settle what is left: %s", error)
            connection.close()
        except Exception:
            logger.exception("The shutdown stumbled; others will settle what is left.")
            connection.close()


class BlockingScheduler(DatabaseScheduler, PlainBlockingScheduler):  # type: ignore[misc]
    """Its `start` runs the loop, and returns when `shutdown` is called from elsewhere."""


class BackgroundScheduler(DatabaseScheduler, PlainBackgroundScheduler):  # type: ignore[misc]
    """Its `start` returns at once: the loop runs in a thread."""

    @property
    def is_looping(self) -> bool:
        """Whether the loop's thread lives."""
        thread = self._thread
        return thread is not None and thread.is_alive()
