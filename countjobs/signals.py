"""Signals: what happened to runs and jobs. Receivers are called in the transaction that records it.

A receiver must be quick, and must not call other services: schedulers wait for it. If it raises an
error, that is logged, and the run is recorded all the same.
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


run_ended = Signal()
"""Runs have ended. Sent with `runs`: a list of `RunEnd`. It costs nothing if nobody listens."""

job_failed = Signal()
"""A job fails since now: the last attempt of a run failed, and before that it didn't fail. Sent
with `changes`: a list of `Change`, as the following ones."""

job_recovered = Signal()
"""A run has succeeded of a job that failed before."""

job_silent = Signal()
"""Jobs have had no success for too long."""

job_no_longer_silent = Signal()
"""They have had one again."""

job_paused_itself = Signal()
"""Jobs have failed too often in a row, and were paused."""

job_broke = Signal()
"""Jobs can't run: what is in the database doesn't fit any more."""

job_mended = Signal()
"""Broken jobs can run again."""
