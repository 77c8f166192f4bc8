"""What a claim hands over: runs that are ours to start, as APScheduler's loop takes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from countjobs.run_context import Run


@dataclass
class ClaimedJob:
    """The claimed runs of one job, to be carried out one after the other.

    It looks to APScheduler's loop like a due Job, one that has nothing left to be decided.
    """

    id: str
    name: str
    executor: str
    runs: list[Run] = field(default_factory=list)
    coalesce: bool = False
    begun_at: float = 0.0
    """When the first run was marked as begun, by the monotonic clock in seconds."""
    started_at: float = 0.0
    """When it really began, by the same clock; 0 where it has not."""

    @property
    def trigger(self) -> ClaimedJob:
        """The loop asks it for what follows."""
        return self

    def get_next_fire_time(self, previous_fire_time: datetime, now: datetime) -> datetime:
        """Anything but None: the claim has already moved the row on."""
        return now

    def _get_run_times(self, now: datetime) -> list[datetime]:
        return [run.scheduled_at for run in self.runs]

    def _modify(self, **changes: object) -> None:
        """Nothing: the loop's new `next_run_time` is no news."""
