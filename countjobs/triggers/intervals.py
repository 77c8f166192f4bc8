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
    TICK,
    BoundedTrigger,
    within_searches,
)
from countjobs.triggers.calendar import LAST_WALL
from countjobs.triggers.zones import ZonedCalendar, load_zone

DAY_SECONDS = 86_400
_MINUTE = timedelta(minutes=1)
_MOST_SECONDS = timedelta.max // timedelta(seconds=1)


class Steps:
    """Every so much time from a first point on. The points may be instants, or walls."""

    def __init__(self, first: datetime, every: timedelta, last: datetime) -> None:
        self._first = first
        self._every = every
        self._last = last
        self._most = (last - first) // every
        """How many steps there are. One more may lie outside the calendar."""

    def next(self, at_or_after: datetime) -> datetime | None:
        """The first point that is not before the given one."""
        number = self._before(at_or_after)
        return self._first + number * self._every if number <= self._most else None

    def previous(self, at_or_before: datetime) -> datetime | None:
        """The last point that is not after the given one."""
        at = min(at_or_before, self._last)
        if at < self._first:
            return None
        return self._first + (at - self._first) // self._every * self._every

    def count(self, first: datetime, end: datetime) -> int:
        """How many points lie from `first` on, and before `end`."""
        return max(min(self._before(end), self._most + 1) - self._before(first), 0)

    def _before(self, at: datetime) -> int:
        """How many points are before another."""
        return max(-((self._first - at) // self._every), 0)


class ElapsedTime:
    """Instants with the same time between each two."""

    def __init__(self, start: datetime, every: timedelta) -> None:
        steps = Steps(start, every, LAST_INSTANT - TICK)  # later ones are moved there
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


class _StartRepeated:
    """Days that are counted from a start in a repeated hour, at its second instant.

    All later days take the first of the two instants, but the first day can't: that was before.
    """

    def __init__(self, start: datetime, days: ZonedCalendar[DayCalendar]) -> None:
        self._start = start
        self._days = days
        self.calendar = days.calendar

    def next_instant(self, at_or_after: datetime) -> datetime | None:
        """The start, or the next day's."""
        if at_or_after <= self._start:
            return self._start
        return self._days.next_instant(at_or_after)

    def previous_instant(self, at_or_before: datetime) -> datetime | None:
        """The start, or the last day's."""
        if at_or_before < self._start:
            return None
        found = self._days.previous_instant(at_or_before)
        return self._start if found is None else max(found, self._start)

    def count_instants(self, first: datetime, end: datetime) -> int:
        """How many lie from `first` on, and before `end`."""
        after = max(first, self._start + TICK)
        later = self._days.count_instants(after, end) if after < end else 0
        return later + (first <= self._start < end)


class IntervalTrigger(BoundedTrigger):
    """Is due every so many seconds from `start` on, which is the first fire time, to `end`.

    Args:
        every: How many seconds, at least one and at most what a time difference can be.
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
        if not 1 <= every <= _MOST_SECONDS:
            raise ValueError(f"An interval can't be {every} seconds.")
        self.every = timedelta(seconds=every)
        grid = _grid(every, timezone, within_searches(start))
        # None unless it is one of whole days, which keeps its time of day.
        self.calendar = None if isinstance(grid, ElapsedTime) else grid.calendar
        super().__init__(
            grid, {"every": every}, timezone, start=start, end=end, jitter=jitter, seed=seed
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return _shared_interval, tuple(self._state.values())

    def __str__(self) -> str:
        return f"interval[{self.every} from {self.start}]"


@lru_cache(maxsize=1_000)
def _grid(
    every: int, timezone: str, start: datetime
) -> ElapsedTime | ZonedCalendar[DayCalendar] | _StartRepeated:
    step = timedelta(seconds=every)
    if every % DAY_SECONDS:
        return ElapsedTime(start, step)
    zone = load_zone(timezone)
    local = start.astimezone(zone)
    days = ZonedCalendar(DayCalendar(local.replace(tzinfo=None, fold=0), step), zone)
    return _StartRepeated(start, days) if local.fold else days


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
