"""The watch over runs: it ends those that are over their time limit, or that somebody cancelled.

It looks a few times a second. As long as no run takes long, it asks the database nothing. If a run
that was told to stop goes on, its executor ends it with more force a few seconds later, or gives it
up.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing

from django.db import connection
from django.utils.translation import gettext as _

from countjobs.database.outages import Outage
from countjobs.database.queries import forget_queries
from countjobs.executors.at_work import AtWork
from countjobs.executors.messages import GRACE_SECONDS
from countjobs.executors.side_by_side import Executors
from countjobs.executors.threads import ThreadPoolExecutor
from countjobs.lasting import go_on_until
from countjobs.models import Execution
from countjobs.models.executions import Status
from countjobs.run_context import Stop
from countjobs.text import in_one_line, shown

logger = in_one_line(logging.getLogger(__name__))

LOOK_SECONDS = 0.2
ASK_SECONDS = 0.5
"""How often to ask which runs are to be cancelled. Runs that take less long are not asked about."""


class RunWatch(threading.Thread):
    """Watches the runs of one scheduler. Start it, and `stop` it.

    Args:
        executors: Who carries out the runs.
        wear_out: Called when all threads of an executor were given up.
    """

    def __init__(self, executors: Executors, wear_out: Callable[[], object]) -> None:
        super().__init__(name="countjobs-watch", daemon=True)
        self._executors = executors
        self._wear_out = wear_out
        self._stopping = threading.Event()
        self._outage = Outage()
        self._ask_at = 0.0
        self._is_asking = False
        """Whether there are runs about which it asks the database."""

    def stop(self, timeout: float) -> None:
        """End the thread."""
        self._stopping.set()
        if self.is_alive():
            self.join(timeout)

    def run(self) -> None:
        """Look until stopped."""
        with closing(connection):
            go_on_until(
                lambda: self._stopping.wait(LOOK_SECONDS), self._step, "The watch over runs"
            )

    def _step(self) -> None:
        self.look()
        if not self._is_asking:
            connection.close()  # it may be long until the next question

    def look(self) -> None:
        """Look once, and stop what has to be stopped."""
        at_work = [
            (executor, work)
            for _name, executor in self._executors.items()
            for work in executor.at_work()
        ]
        now = time.monotonic()
        for executor, work in at_work:
            if work.stopped_at is not None:
                if now - work.stopped_at >= GRACE_SECONDS:
                    executor.insist(work)
            elif work.run.time_limit is not None and now - work.since >= work.run.time_limit:
                self._tell_to_stop(executor, work, _over_its_limit(work))
        if now >= self._ask_at:
            self._ask_at = now + ASK_SECONDS
            long = {
                work.run.execution_id: (executor, work)
                for executor, work in at_work
                if work.stopped_at is None and now - work.since >= ASK_SECONDS
            }
            if long:
                self._stop_cancelled(long)
            self._is_asking = bool(long)
        if self._executors.is_worn_out:
            self._wear_out()

    def _stop_cancelled(self, long: Mapping[int, tuple[ThreadPoolExecutor, AtWork]]) -> None:
        forget_queries()
        asked = Execution.objects.filter(
            pk__in=list(long), status=Status.RUNNING, cancel_requested_at__isnull=False
        )
        try:
            found = list(asked.values_list("pk", "cancel_requested_by"))
        except Exception as error:  # it is told
            self._outage.goes_on(logger, error, "Nobody can say which runs are to be cancelled")
            return
        self._outage.is_over()
        for pk, by in found:
            executor, work = long[pk]
            self._tell_to_stop(executor, work, _cancelled(work, by))

    def _tell_to_stop(self, executor: ThreadPoolExecutor, work: AtWork, stop: Stop) -> None:
        work.stopped_at = time.monotonic()
        logger.warning('Run of job "%s" is asked to stop. %s', work.run.job_name, stop.reason)
        executor.stop(work, stop)


def _over_its_limit(work: AtWork) -> Stop:
    reason = _("It was stopped after %(took).1f s: its time limit is %(limit)d s.")
    reason %= {"took": time.monotonic() - work.since, "limit": work.run.time_limit}
    return Stop(Status.TIMED_OUT, reason)


def _cancelled(work: AtWork, by: str) -> Stop:
    took = {"took": time.monotonic() - work.since, "by": shown(by)}
    reason = (
        _("Cancelled by %(by)s, %(took).1f s after its start.")
        if by
        else _("Cancelled %(took).1f s after its start.")
    )
    return Stop(Status.CANCELLED, reason % took)
