"""The recorder: writes how runs went, in batches, from a thread of its own.

Runs hand in their outcomes and go on; only the recorder waits for the database. While it writes one
batch, the next one gathers. During an outage of the database, outcomes wait here. They can't pile
up, because then nothing can be claimed either.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from contextlib import closing
from dataclasses import replace

from django.db import DataError, Error, connection, transaction
from django.utils import timezone

from countjobs.database.outages import AWAY, Outage
from countjobs.database.queries import forget_queries
from countjobs.database.turns import own_turn
from countjobs.history import lifecycle
from countjobs.history.announcing import tell_ended
from countjobs.history.follow_ups import record_with_follow_ups
from countjobs.history.job_states import known_failing
from countjobs.history.run_outcome import Outcome
from countjobs.history.watching import pause_failing
from countjobs.lasting import go_on_until
from countjobs.models.executions import FAILURES
from countjobs.text import counted, in_one_line

logger = in_one_line(logging.getLogger(__name__))

RETRY_SECONDS = 1.0
GATHER_SECONDS = 0.05
"""How long an outcome waits for others, so that there are at most about twenty writes a second."""
MOST_REFUSED = 10
"""If this many outcomes in a row are refused, the fault is the database's, not the outcomes'."""


class Recorder(threading.Thread):
    """Takes outcomes from any thread, and writes them. Start it; `stop` writes what is left."""

    def __init__(self) -> None:
        super().__init__(name="countjobs-recorder", daemon=True)
        self._outcomes: deque[Outcome] = deque()
        self._lock = threading.Lock()  # a deque can't be copied while another thread adds to it
        self._something = threading.Event()
        self._stopping = threading.Event()
        self._given_up = threading.Event()
        self._failing: set[str] = set()
        """Jobs of failed runs, which may have to pause."""
        self.outage = Outage()
        self._all_is_written = False

    def put(self, outcome: Outcome) -> None:
        """Have an outcome written soon."""
        with self._lock:
            self._outcomes.append(outcome)
        self._something.set()

    def waiting(self) -> set[int]:
        """The ids of the runs whose outcomes are not written yet."""
        with self._lock:
            return {outcome.execution_id for outcome in self._outcomes}

    def stop(self, timeout: float) -> None:
        """Write what is left, trying for at most `timeout` seconds, and end the thread."""
        self._stopping.set()
        self._something.set()
        self.join(timeout)
        self._given_up.set()
        if self._outcomes:
            logger.error("Outcomes that could not be recorded: %d.", len(self._outcomes))

    def run(self) -> None:
        """Write batches until stopped."""
        with closing(connection):
            go_on_until(self._is_over, self._write_some, "The recorder")

    def _is_over(self) -> bool:
        return self._given_up.is_set() or self._all_is_written

    def _write_some(self) -> None:
        # Some may be left from the last try. And once we are told to stop, nobody wakes us again.
        if not (self._outcomes or self._failing or self._stopping.is_set()):
            self._something.wait()
        # Cleared before looking, so that nothing is missed that comes in between.
        self._something.clear()
        stopping = self._stopping.is_set() or self._stopping.wait(GATHER_SECONDS)
        if not (self._write_all() and self._pause_failing()):
            self._given_up.wait(RETRY_SECONDS)
        elif stopping and not self._outcomes:
            self._all_is_written = True

    def _write_all(self) -> bool:
        """Write what there is. Returns False if that failed; then nothing is lost."""
        with self._lock:
            batch = list(self._outcomes)
        if not batch:
            return True
        forget_queries()
        try:
            refused = self._write(batch)
        except Error as error:
            message = "The database reports an error; %s can't be written yet"
            self.outage.goes_on(logger, error, message, counted(len(batch), "outcome"))
            with self._lock:
                self._outcomes.rotate(-MOST_REFUSED)  # next time, others come first
            return False
        self._failing |= {
            outcome.follow_up.job_id
            for outcome in batch
            if outcome.follow_up and outcome.status in FAILURES
        }
        with self._lock:
            for _ in batch:
                self._outcomes.popleft()
            self._outcomes.extend(refused)
        if not refused:
            self.outage.is_over()
        return not refused

    def _pause_failing(self) -> bool:
        """Pause the jobs that have failed too often. Returns False if that failed."""
        if not self._failing:
            return True
        try:
            for line in pause_failing(self._failing, timezone.now()):
                logger.warning("%s", line)
        except Exception as error:  # a definition's own code, or the database
            self.outage.goes_on(logger, error, "Jobs that keep failing can't be paused now")
            if isinstance(error, Error):
                return False
        self._failing.clear()
        return True

    def _write(self, batch: list[Outcome]) -> list[Outcome]:
        """Returns those that the database refuses although it takes others."""
        try:
            record(batch)
        except AWAY:
            raise
        except Exception as error:  # each by itself, it is told
            logger.debug(
                "A batch of outcomes can't be recorded; trying one by one.", exc_info=error
            )
            return self._write_each(batch)
        return []

    def _write_each(self, batch: list[Outcome]) -> list[Outcome]:
        refused: list[tuple[Outcome, Error]] = []
        taken = 0
        for outcome in batch:
            if not isinstance(error := _record_somehow(outcome), Error):
                taken += 1
                continue
            refused.append((outcome, error))
            if not taken and len(refused) in {len(batch), MOST_REFUSED}:
                raise error  # no single outcome is at fault
        kept = []
        for outcome, error in refused:
            if isinstance(error, DataError):
                _give_up(error)  # others are taken: a value of this one is at fault
            else:
                self.outage.tell(logger, error, "An outcome can't be recorded, trying again")
                kept.append(outcome)
        return kept


def _record_somehow(outcome: Outcome) -> Exception | None:
    """Record an outcome that the database may refuse, or at least record that there was one.

    Returns an error if even that is refused. If that is a database error, the outcome may be fine,
    and has to be kept.
    """
    if (error := _refusal(outcome)) is None:
        return None
    # What would follow may be at fault. Without that the run ends at least.
    may_be_alone = outcome.follow_up is not None and not isinstance(error, Error)
    if may_be_alone and _refusal(replace(outcome, follow_up=None)) is None:
        logger.error("What follows a run that failed can't be queued.", exc_info=error)
        return None
    said = f"The outcome could not be recorded: {type(error).__name__}"
    bare = replace(outcome, output="", traceback="", error=said)
    if (worse := _refusal(bare, just_try=True)) is not None:
        if not isinstance(worse, Error):
            _give_up(worse)
        return worse
    # Perhaps the database was at fault, and works again.
    if _refusal(outcome) is not None and (worse := _refusal(bare)) is None:
        logger.error("An outcome can't be recorded in full.", exc_info=error)
    return worse


def _give_up(error: Exception) -> None:
    logger.error("An outcome can't be recorded at all.", exc_info=error)


def _refusal(outcome: Outcome, *, just_try: bool = False) -> Exception | None:
    """Why an outcome can't be recorded; None if it is. Raises if the database is away."""
    try:
        if just_try:
            with own_turn(), transaction.atomic():
                _record([outcome])  # `run_ended` isn't sent
                transaction.set_rollback(True)
        else:
            record([outcome])
    except AWAY:
        raise
    except Exception as error:
        return error
    return None


def record(outcomes: list[Outcome]) -> None:
    """Write outcomes: in one statement, if nothing follows them. Raises django.db.Error.

    What another scheduler has settled, as lost for example, is not overwritten.
    """
    tell_ended(outcomes, _record(outcomes))


def _record(outcomes: list[Outcome]) -> list[int]:
    if _may_follow(outcomes):
        return record_with_follow_ups(outcomes)
    return lifecycle.finish([lifecycle.ended(outcome) for outcome in outcomes])


def _may_follow(outcomes: list[Outcome]) -> bool:
    """Whether something may follow: another attempt, or a change of a job's state."""
    if any(each.follow_up or each.status in FAILURES for each in outcomes):
        return True
    return known_failing().may_hold(each.run.job_id for each in outcomes if each.run)
