"""A thread that writes the output and the progress of long runs while they go on.

Runs know nothing of it. About once a second it looks at the runs that go on. A run that it sees for
the second time is long. In one statement, it writes what is new in all long runs. If no run is
long, nothing is written. What can't be written is dropped: the next look writes more, and when a
run ends the recorder writes all.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import closing

from django.db import connection

from countjobs.database.outages import Outage
from countjobs.database.queries import forget_queries
from countjobs.history.output_so_far import Growth, record_growth
from countjobs.lasting import go_on_until
from countjobs.run_context import GOING, RunContext
from countjobs.text import in_one_line

logger = in_one_line(logging.getLogger(__name__))

LOOK_SECONDS = 1.0
REST = 9
"""After each look it rests for at least this many times the duration of that look."""


class Growing(threading.Thread):
    """Writes how far the long runs of a scheduler have come. Start it, and `stop` it."""

    def __init__(self, node: str) -> None:
        super().__init__(name="countjobs-progress", daemon=True)
        self._node = node
        self._outage = Outage()
        self._stopping = threading.Event()
        self._rest = LOOK_SECONDS
        self._seen: dict[int, RunContext] = {}
        self._written: dict[int, int] = {}
        """By run, the hash of what was written last."""

    def stop(self, timeout: float) -> None:
        """End the thread."""
        self._stopping.set()
        if self.is_alive():
            self.join(timeout)

    def run(self) -> None:
        """Look, and write, until stopped."""
        with closing(connection):
            go_on_until(lambda: self._stopping.wait(self._rest), self._look_safely, "Progress")

    def _look_safely(self) -> None:
        forget_queries()
        began, self._rest = time.monotonic(), LOOK_SECONDS
        try:
            if not self.look():
                connection.close()  # it may be long until the next write
        except Exception as error:  # it is told
            self._outage.goes_on(logger, error, "The output of runs can't be shown yet")
        else:
            self._outage.is_over()
        self._rest = max(LOOK_SECONDS, REST * (time.monotonic() - began))

    def look(self) -> int:
        """Write what is new of runs that the last look saw, too. Returns of how many.

        Raises django.db.Error.
        """
        going = dict(GOING)  # an atomic copy
        long = {pk: run for pk, run in going.items() if self._seen.get(pk) is run}
        self._seen = going
        self._written = {pk: known for pk, known in self._written.items() if pk in long}
        rows = [_growth(pk, run) for pk, run in long.items()]
        hashes = {row["id"]: hash(tuple(row.values())) for row in rows}
        news = [row for row in rows if hashes[row["id"]] != self._written.get(row["id"])]
        written = record_growth(self._node, news) if news else set()
        self._written.update((pk, hashes[pk]) for pk in written)
        return len(written)


def _growth(execution_id: int, run: RunContext) -> Growth:
    done, total = run.progress()
    output = run.output.so_far() if run.output else ""
    return Growth(id=execution_id, output=output, progress_done=done, progress_total=total)
