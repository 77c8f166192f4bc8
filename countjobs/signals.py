"""Signals: what happened to runs and jobs.

`run_ended` is sent after the runs were recorded. The others are sent in the transaction that
records the change: what a receiver writes is there exactly if the change is. Receivers must be
quick, as a scheduler waits for them. If one raises an error, its writes are undone, the error is
logged, and the change is recorded all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.dispatch import Signal


@dataclass(frozen=True, slots=True)
class RunEnd:
    """A run that a scheduler has carried out, and how it ended."""

    execution_id: int
    job_id: str
    job_name: str
    status: str
    attempt: int
    scheduled_at: datetime
    """When it was due. Each attempt of a run has the same."""
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """A job whose state has changed."""

    job_id: str
    job_name: str = ""
    """As its run had it. Empty where no run is at hand."""
    since: datetime | None = None
    """Since when it is in this state, or was in the one that is over."""
    execution_id: int | None = None
    """The run that tells more."""
    reason: str = ""
    """Why, as the run's or the job's page says it."""


run_ended = Signal()
"""Runs have ended. Sent with `runs`, a list of `RunEnd`. It costs nothing if nobody listens."""

job_failed = Signal()
"""Jobs fail from now on: the last attempt of a run failed, was lost or timed out. Sent with
`changes`, a list of `Change`, like all that follow."""

job_recovered = Signal()
"""Jobs have succeeded that failed before."""

job_silent = Signal()
"""Jobs have had no success for too long."""

job_no_longer_silent = Signal()
"""They have had one again."""

job_paused_itself = Signal()
"""Jobs have failed too often in a row, and were paused."""

job_broke = Signal()
"""Jobs can't run: their definitions don't fit the code any more."""

job_mended = Signal()
"""Broken jobs can run again."""
