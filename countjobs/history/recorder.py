"""The recorder: writes how runs went, in batches, from a thread of its own.

Runs report and go on; nobody waits for the database but the recorder. While it writes one batch the
next one gathers. Through an outage of the database outcomes wait here; since no claim succeeds
then either, they are no more than were running.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from countjobs.models.executions import UNFINISHED, Execution, Status
from countjobs.outages import AWAY
from countjobs.rowsets import update_rows
from countjobs.turns import own_turn

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
GATHER_SECONDS = 0.05
"""How long a first outcome waits for company. It bounds the writes to about twenty a second."""


@dataclass
class Outcome:
    """How a run went."""

    status: Status
    execution_id: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    output: str = ""
    error: str = ""
    traceback: str = ""


class Recorder(threading.Thread):
    """Takes outcomes from any thread, and writes them. Start it; `stop` writes what is left."""

    def __init__(self) -> None:
        super().__init__(name="countjobs-recorder", daemon=True)
        self._outcomes: deque[Outcome] = deque()
        self._lock = threading.Lock()  # a deque can't be copied while another thread adds to it
        self._something = threading.Event()
        self._stopping = threading.Event()
        self._given_up = threading.Event()

    def put(self, outcome: Outcome) -> None:
        """Have an outcome written soon."""
        with self._lock:
            self._outcomes.append(outcome)
        self._something.set()

    def waiting(self) -> set[int]:
        """The executions whose outcomes are here, and not written yet."""
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
        try:
            while not self._given_up.is_set():
                self._something.wait()
                # Cleared before anything is looked at, so that no word is lost in between.
                self._something.clear()
                stopping = self._stopping.is_set() or self._stopping.wait(GATHER_SECONDS)
                if not self._write_all():
                    self._given_up.wait(RETRY_SECONDS)
                    self._something.set()
                elif stopping and not self._outcomes:
                    return
        finally:
            connection.close()

    def _write_all(self) -> bool:
        """Write what there is; False where the database is away, and nothing is lost then."""
        with self._lock:
            batch = list(self._outcomes)
        if not batch:
            return True
        try:
            self._write(batch)
        except AWAY as error:
            logger.warning("The database is away; %d outcomes wait: %s", len(batch), error)
            connection.close()
            return False
        for _ in batch:
            self._outcomes.popleft()
        return True

    def _write(self, batch: list[Outcome]) -> None:
        try:
            record(batch)
        except AWAY:
            raise
        except Exception:
            logger.exception("A batch of outcomes can't be recorded; trying one by one.")
            for outcome in batch:
                _record_somehow(outcome)


def _record_somehow(outcome: Outcome) -> None:
    """Record an outcome that no database may take, or at least that there was one."""
    if (error := _refusal(outcome)) is None:
        return
    logger.error("An outcome can't be recorded as it is.", exc_info=error)
    outcome.output = outcome.traceback = ""
    outcome.error = f"The outcome could not be recorded: {type(error).__name__}"
    if error := _refusal(outcome):
        logger.error("An outcome can't be recorded at all.", exc_info=error)


def _refusal(outcome: Outcome) -> Exception | None:
    """Why an outcome can't be recorded; None once it is. Raises where the database is away."""
    try:
        record([outcome])
    except AWAY:
        raise
    except Exception as error:
        return error
    return None


def record(outcomes: list[Outcome]) -> None:
    """Write outcomes in one statement. Raises django.db.Error.

    What has been settled by another scheduler (as lost, say) is not written over.
    """
    rows = [dict(vars(outcome)) for outcome in outcomes]
    for row in rows:
        row["id"] = row.pop("execution_id")
    with own_turn():
        update_rows(Execution, rows, UNFINISHED)
