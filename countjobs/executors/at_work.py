"""A run that an executor is carrying out, as the watch over time limits and cancels sees it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from countjobs.history.run_outcome import Outcome
from countjobs.jobstores.claimed import ClaimedJob
from countjobs.models.executions import Status
from countjobs.run_context import GOING, Run, Stop


@dataclass(slots=True)
class AtWork:
    """A run that goes on. Times are by the monotonic clock, in seconds."""

    job: ClaimedJob
    run: Run
    since: float
    """When it began; infinity while its process is being started."""
    thread: int
    """The ident of the thread that carries it out, or that waits for the process that does."""
    stopped_at: float | None = None
    """When it was asked to stop."""


_GIVEN_UP = (
    "It did not stop, so it was given up: a thread can't be stopped from outside. Its job may"
    " go on, but what it does now is not recorded."
)


def outcome_of_given_up(work: AtWork, stop: Stop) -> Outcome:
    """How a run is recorded that did not stop, and goes on unseen: with its output so far."""
    finished_at = timezone.now()
    context = GOING.get(work.run.execution_id)
    return Outcome(
        Status(stop.status),
        work.run.execution_id,
        finished_at - timedelta(seconds=time.monotonic() - work.since),
        finished_at,
        output=context.output.so_far() if context and context.output else "",
        error=f"{stop.reason} {_GIVEN_UP}",
    )
