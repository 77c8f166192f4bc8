"""Mending the job store when a scheduler starts: at once if that is quick, else beside the loop.

Checking a hundred thousand definitions takes a while, and what is due should not wait for that.
Claims are safe meanwhile: they pass over what they can't read.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import closing

from django.db import Error, connection
from django.utils import timezone

from countjobs.database.outages import Outage
from countjobs.database.queries import forget_queries
from countjobs.jobstores.sync import sync_steps
from countjobs.text import in_one_line

logger = in_one_line(logging.getLogger(__name__))

AT_ONCE_SECONDS = 0.5
RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 30.0
"""The longest pause between two tries. Each is twice as long as the one before."""


class Mending:
    """Makes the job store agree with the definitions."""

    def __init__(self) -> None:
        self._rest: _Rest | None = None
        self._outage = Outage()

    def begin(self) -> None:
        """Mend for half a second. Leave the rest, and what fails, to a thread."""
        self.stop(timeout=0)
        steps = sync_steps(timezone.now)
        deadline = time.monotonic() + AT_ONCE_SECONDS
        try:
            for mended in steps:
                _tell(mended)
                if time.monotonic() > deadline:
                    self._go_on(steps)
                    return
        except Error as error:  # of one table, perhaps: what is due of the others doesn't wait
            message = "Not all of the job store can be mended now, trying again"
            self._outage.goes_on(logger, error, message)
            self._go_on(sync_steps(timezone.now))
        else:
            self._outage.is_over()

    def _go_on(self, steps: Iterator[list[str]]) -> None:
        self._rest = _Rest(steps, self._outage)
        self._rest.start()

    @property
    def is_done(self) -> bool:
        """Whether nothing is left of it."""
        return self._rest is None or not self._rest.is_alive()

    def stop(self, timeout: float) -> None:
        """Stop after the present step, waiting for that at most so many seconds."""
        if self._rest is not None:
            self._rest.stopping.set()
            self._rest.join(timeout)


class _Rest(threading.Thread):
    """What is left to do, on a connection of its own."""

    def __init__(self, steps: Iterator[list[str]], outage: Outage) -> None:
        super().__init__(name="countjobs-mending", daemon=True)
        self.stopping = threading.Event()
        self._steps = steps
        self._outage = outage

    def run(self) -> None:
        """Mend until all is done or somebody stops it, with a new connection if one breaks."""
        pause = RETRY_SECONDS
        with closing(connection):
            while not (self.stopping.is_set() or self._try()):
                self.stopping.wait(pause)
                pause = min(2 * pause, LONGEST_RETRY_SECONDS)
                # From the beginning: rows that agree are checked quickly.
                self._steps = sync_steps(timezone.now)

    def _try(self) -> bool:
        """Whether nothing is left that another try could do."""
        try:
            self._take_steps()
            self._outage.is_over()
        except Error as error:
            self._outage.goes_on(logger, error, "The job store can't be mended now, trying again")
            return False
        except Exception:
            logger.exception("The job store can't be mended.")
        return True

    def _take_steps(self) -> None:
        began, count = time.monotonic(), 0
        for mended in self._steps:
            _tell(mended)
            forget_queries()
            count += len(mended)
            # Wait as long as the step took: half of the time belongs to the loop and to runs.
            if self.stopping.wait(time.monotonic() - began):
                return
            began = time.monotonic()
        logger.info("All definitions were checked. Rows of the job store mended: %d.", count)


def _tell(mended: list[str]) -> None:
    for line in mended:
        logger.warning("Mended the job store: %s", line)
