"""The trigger of an interval: every so many seconds, counted from a start.

An interval counts the time that passes, so a clock change moves it on the clock. One of whole days
keeps its time of day instead, as APScheduler's CalendarIntervalTrigger does: it is a calendar of
walls, and the rule of `zones` says what becomes of a time that the clock skips or repeats.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from countjobs.triggers.bounded import (
    LAST_INSTANT,
    BoundedTrigger,
    Grid,
    within_searches,
)
from countjobs.triggers.calendar import LAST_WALL
from countjobs.triggers.zones import ZonedCalendar, load_zone

DAY_SECONDS = 86_400
_MINUTE = timedelta(minutes=1)


class Steps:
    """Every so much time from a first point on. The points may be instants, or walls."""

    def __init__(self, first: datetime, every: timedelta, last: datetime) -> None:
        self._first = first
        self._every = every
        self._last = last

    def next(self, at_or_after: datetime) -> datetime | None:
        """The first point that is not before the given one."""
        if at_or_after > self._last:
            return None
        found = self._first + self._before(at_or_after) * self._every
        return found if found <= self._last else None

    def previous(self, at_or_before: datetime) -> datetime | None:
        """The last point that is not after the given one."""
        at = min(at_or_before, self._last)
        if at < self._first:
            return None
        return self._first + (at - self._first) // self._every * self._every

    def count(self, first: datetime, end: datetime) -> int:
        """How many points lie from `first` on, and before `end`."""
        return max(self._before(end) - self._before(first), 0)

    def _before(self, at: datetime) -> int:
        """How many points are before another."""
        return max(-((self._first - at) // self._every), 0)


class ElapsedTime:
    """Instants with the same time between each two."""

    def __init__(self, start: datetime, every: timedelta) -> None:
        steps = Steps(start, every, LAST_INSTANT)
        self.next_instant = steps.next
        self.previous_instant = steps.previous
        self.count_instants = steps.count


class DayCalendar:
    """Walls at one time of day, every so many days."""

    is_interval = False

    def __init__(self, first: datetime, every: timedelta) -> None:
        steps = Steps(first, every, LAST_WALL)
        self.next_wall = steps.next
        self.previous_wall = steps.previous
        self.count_walls = steps.count

    def matches_minute(self, wall: datetime) -> bool:
        """Whether there is a wall in this one's minute."""
        minute = wall.replace(second=0, microsecond=0)
        return self.count_walls(minute, minute + _MINUTE) > 0

    def times_a_day(self) -> tuple[int, int, int]:
        """Once, on a day that has one."""
        return 1, 1, 1


class IntervalTrigger(BoundedTrigger):
    """Is due every so many seconds from `start` on, which is the first fire time, to `end`.

    Args:
        every: How many seconds, at least one.
        timezone: The name of the time zone in which an interval of whole days keeps the clock.
        start: What is counted from. It must lie between 1970 and `LAST_YEAR`.
        end, jitter, seed: As for `BoundedTrigger`.

    Raises:
        ValueError: No such time zone, or no such interval.
    """

    def __init__(
        self,
        every: int,
        timezone: str,
        *,
        start: datetime,
        end: datetime | None = None,
        jitter: int = 0,
        seed: str = "",
    ) -> None:
        if every < 1:
            raise ValueError(f"An interval can't be {every} seconds.")
        self.every = timedelta(seconds=every)
        grid = _grid(every, timezone, within_searches(start))
        self.calendar = grid.calendar if isinstance(grid, ZonedCalendar) else None
        super().__init__(
            grid, {"every": every}, timezone, start=start, end=end, jitter=jitter, seed=seed
        )

    @property
    def keeps_time_of_day(self) -> bool:
        """Whether it is one of whole days."""
        return self.calendar is not None

    def __reduce__(self) -> tuple[Any, ...]:
        return _shared_interval, tuple(self._state.values())

    def __str__(self) -> str:
        return f"interval[{self.every} from {self.start}]"


@lru_cache(maxsize=1_000)
def _grid(every: int, timezone: str, start: datetime) -> Grid:
    step = timedelta(seconds=every)
    if every % DAY_SECONDS:
        return ElapsedTime(start, step)
    zone = load_zone(timezone)
    return ZonedCalendar(DayCalendar(start.astimezone(zone).replace(tzinfo=None), step), zone)


@lru_cache(maxsize=10_000)
def _shared_interval(  # noqa: PLR0917  # a pickle gives them by their places
    every: int,
    timezone: str,
    start: datetime,
    end: datetime | None,
    jitter: int,
    seed: str,
) -> IntervalTrigger:
    """The result of unpickling, one for equal intervals."""
    return IntervalTrigger(every, timezone, start=start, end=end, jitter=jitter, seed=seed)
