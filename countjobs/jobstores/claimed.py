"""What a claim hands over: runs that are ours to start, as APScheduler's loop takes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from countjobs.run_context import Run


@dataclass
class ClaimedJob:
    """The claimed runs of one job, to be carried out one after the other.

    To APScheduler's loop it looks like a due Job. Everything about it has been decided already.
    """

    id: str
    name: str
    executor: str
    runs: list[Run] = field(default_factory=list)
    coalesce: bool = False
    begun_at: float = 0.0
    """When the first run was marked as started, by the monotonic clock in seconds."""
    started_at: float = 0.0
    """When it really started, by the same clock; 0 if it has not."""

    @property
    def trigger(self) -> ClaimedJob:
        """The loop asks it for the next fire time."""
        return self

    def get_next_fire_time(self, previous_fire_time: datetime, now: datetime) -> datetime:
        """Anything but None: the claim has stored the next run time already."""
        return now

    def _get_run_times(self, now: datetime) -> list[datetime]:
        return [run.scheduled_at for run in self.runs]

    def _modify(self, **changes: object) -> None:
        """Ignore the loop's `next_run_time`: the claim has stored it already."""
