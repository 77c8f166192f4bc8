"""The clock changes of a time zone: when, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Transition:
    """A clock change: the instant, and the offsets from UTC before and after it."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def is_gap(self) -> bool:
        """Whether the clock goes forward."""
        return self.after > self.before

    @property
    def length(self) -> timedelta:
        """How much of the wall clock is dropped or repeated."""
        return abs(self.after - self.before)


def offset_of(zone: tzinfo, instant: datetime) -> timedelta:
    """How far a zone's wall clock is ahead of UTC."""
    return instant.astimezone(zone).utcoffset() or timedelta()


def transition(zone: tzinfo, first: datetime, last: datetime) -> Transition | None:
    """The clock change after `first`, up to `last`, which are so near that there is but one."""
    before, after = offset_of(zone, first), offset_of(zone, last)
    if before == after:
        return None
    # By halves, to the second: offsets change on whole seconds.
    low = first.replace(microsecond=0)
    low_step, high_step = 0, int((last - low).total_seconds()) + 1
    while high_step - low_step > 1:
        middle = (low_step + high_step) // 2
        if offset_of(zone, low + timedelta(seconds=middle)) == before:
            low_step = middle
        else:
            high_step = middle
    return Transition(low + timedelta(seconds=high_step), before, after)


def first_transition(zone: tzinfo, first: datetime, end: datetime) -> Transition | None:
    """The first clock change after `first`, and before `end`."""
    for year in range(first.year, end.year + 1):
        for change in _transitions_of(zone, year):
            if first < change.at < end:
                return change
    return None


@lru_cache(maxsize=2_000)
def _transitions_of(zone: tzinfo, year: int) -> list[Transition]:
    """Those of a year, looked for a day at a time: all schedules of a zone share them."""
    start = datetime(year, 1, 1, tzinfo=UTC)
    days = (start + number * _DAY for number in range(366))
    changes = (transition(zone, day, day + _DAY) for day in days)
    return [change for change in changes if change is not None]
