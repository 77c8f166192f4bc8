"""Runs that have ended, as the signal `run_ended` tells them."""

from __future__ import annotations

from datetime import datetime

from countjobs.signals import RunEnd
from tests.support.factories import NOON, SECOND


def run_end(
    status: str = "succeeded",
    *,
    name: str = "count",
    job_id: str = "",
    late: float | None = 0.0,
    took: float | None = 1.0,
    attempt: int = 1,
    scheduled_at: datetime = NOON,
) -> RunEnd:
    """A run that was so many seconds late and took so many; with `late=None` it didn't start."""
    started = None if late is None else scheduled_at + late * SECOND
    return RunEnd(
        execution_id=1,
        job_id=job_id or f"id of {name}",
        job_name=name,
        status=status,
        attempt=attempt,
        scheduled_at=scheduled_at,
        started_at=started,
        finished_at=None if took is None or started is None else started + took * SECOND,
    )
