"""A regular look at the job store, beside the loop, for what claims don't notice.

Missing rows of definitions are written again (another program may have deleted them), broken jobs
are tried again, and rows that aren't ours are logged, once. If there is nothing to mend, it locks
nothing and only counts rows.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta

from django.db import Error, connection
from django.utils import timezone

from countjobs.database.outages import Outage
from countjobs.history.holding import held_since
from countjobs.history.job_states import look_for_recoveries
from countjobs.history.silence import look_for_silence
from countjobs.jobstores.differences import count_differences, missing_rows
from countjobs.jobstores.strangers import find_strangers, foreign_note
from countjobs.jobstores.sync import look_again, write_missing
from countjobs.models.kinds import concrete_definitions, executors_used
from countjobs.text import in_one_line

logger = in_one_line(logging.getLogger(__name__))

EVERY_SECONDS = 45.0
"""Seconds between two checks: short enough that a missing row is back within a minute."""
AT_LEAST_EVERY = 10
"""Once in this many checks, missing rows are looked for even if the number of rows is right."""
LONGEST_GAP = timedelta(seconds=2 * EVERY_SECONDS)
"""If two looks are further apart, the database was away, the machine was suspended, or the clock
was set: what came due meanwhile isn't run yet."""
LOOKS_LEFT_OUT = 2
"""While jobs catch up after a hold or such a gap, their silence means nothing: so many looks are
left out."""


class Upkeep:
    """The checks of one scheduler."""

    def __init__(self, note_executors: Callable[[set[str]], object] = lambda _names: None) -> None:
        self._note_executors = note_executors
        self._next = time.monotonic() + EVERY_SECONDS
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._is_stopped = False
        self._looks = 0
        self._looks_left_out = 0
        """How many looks for silence to leave out."""
        self._looked_at: datetime | None = None
        self._held_told: datetime | None = None
        """The hold that was logged."""
        self._told: set[str] = set()
        self.outage = Outage()

    def begin_if_due(self) -> bool:
        """Look, in a thread, if it is time and the last look has ended. Returns whether it was."""
        if time.monotonic() < self._next or (self._thread and self._thread.is_alive()):
            return False
        with self._lock:
            if self._is_stopped:
                return False
            self._next = time.monotonic() + EVERY_SECONDS
            self._thread = threading.Thread(target=self._look, name="countjobs-upkeep", daemon=True)
            self._thread.start()
        return True

    def stop(self, timeout: float) -> None:
        """Look no more, and wait for a look under way, at most so many seconds."""
        with self._lock:
            self._is_stopped = True
        if self._thread is not None:
            self._thread.join(timeout)

    def _look(self) -> None:
        with closing(connection):
            self.look()

    def look(self) -> None:
        """Look once. What fails is tried again the next time, and doesn't stop the rest."""
        self._looks += 1
        failed = [not self._try(step) for step in self._steps]
        if not any(failed):
            self.outage.is_over()

    @property
    def _steps(self) -> tuple[Callable[[], list[str]], ...]:
        looks = (self._look_at_executors, _look_for_recoveries, self._look_for_silence)
        return (self._look_at_kinds, _look_again, self._tell, *looks)

    def _look_for_silence(self) -> list[str]:
        now = timezone.now()
        gap = now - self._looked_at if self._looked_at else timedelta()
        self._looked_at = now
        held = held_since()
        if held is not None and held != self._held_told:
            logger.warning("All jobs are held since %s: nothing is claimed.", held)
        self._held_told = held
        if held is not None or not timedelta() <= gap <= LONGEST_GAP:
            self._looks_left_out = LOOKS_LEFT_OUT
        elif self._looks_left_out:
            self._looks_left_out -= 1
        else:
            for line in look_for_silence(now):
                logger.warning("%s", line)
        return []

    def look_at_executors(self) -> None:
        """Note which executors definitions use."""
        self._note_executors(executors_used())

    def _look_at_executors(self) -> list[str]:
        self.look_at_executors()
        return []

    def _try(self, step: Callable[[], list[str]]) -> bool:
        try:
            for line in step():
                logger.warning("Mended the job store: %s", line)
        except Exception as error:
            self.outage.goes_on(logger, error, "The job store can't be checked now")
            return False
        return True

    def _look_at_kinds(self) -> list[str]:
        mended: list[str] = []
        fault: Error | None = None
        for kind in concrete_definitions():
            try:
                if self._looks % AT_LEAST_EVERY == 0 or any(count_differences([kind]).values()):
                    mended += write_missing(kind, missing_rows(kind), timezone.now())
            except Error as error:  # of this kind's table, perhaps: the others go on
                fault = error
        if fault is not None:
            for line in mended:
                logger.warning("Mended the job store: %s", line)
            raise fault
        return mended

    def _tell(self) -> list[str]:
        for job_id in find_strangers().foreign:
            if job_id not in self._told:
                self._told.add(job_id)
                logger.warning("%s", foreign_note(job_id))
        return []


def _look_again() -> list[str]:
    return look_again(timezone.now())


def _look_for_recoveries() -> list[str]:
    look_for_recoveries()
    return []
