"""Walls: the readings of a wall clock that eight cron expressions match.

A wall is a naive datetime. Nothing here knows of time zones, so nothing here can go wrong in the
night of a clock change. Searches don't step through time: finding a match, or that there is none,
takes a few look-ups, whatever the expressions are.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Protocol

from apscheduler.triggers.cron import CronTrigger

from countjobs.triggers.bits import bits_of, count_between, first_from, last_to
from countjobs.triggers.dates import DATE_FIELDS, date_calendar
from countjobs.triggers.expressions import LAST_YEAR, normalise_expression
from countjobs.triggers.values import is_interval, values_of

_FIRST_WALL = datetime(1970, 1, 1)  # noqa: DTZ001  # walls have no zone
LAST_WALL = datetime(LAST_YEAR, 12, 31, 23, 59, 59)  # noqa: DTZ001
_LAST_TIME = 23, 59, 59


class WallCalendar(Protocol):
    """Walls from 1970 to the end of `LAST_YEAR`. Searching and counting them takes no loop."""

    @property
    def is_interval(self) -> bool:
        """Whether these aren't times of day, but follow what the clock shows; see `zones`."""

    def next_wall(self, at_or_after: datetime) -> datetime | None:
        """The first wall not before the given one."""

    def previous_wall(self, at_or_before: datetime) -> datetime | None:
        """The last wall not after the given one."""

    def count_walls(self, first: datetime, end: datetime) -> int:
        """How many walls lie from `first` on, and before `end`."""

    def matches_minute(self, wall: datetime) -> bool:
        """Whether there is a wall in this one's minute."""

    def times_a_day(self) -> tuple[int, int, int]:
        """How many hours of a day have walls, minutes of each, and seconds of each."""


class CronCalendar:
    """The walls that eight expressions match. Raises `CronFieldError` if one can't be read."""

    def __init__(self, expressions: Mapping[str, str]) -> None:
        self.expressions = {
            name: normalise_expression(name, expressions[name]) for name in CronTrigger.FIELD_NAMES
        }
        self._dates = date_calendar(tuple(self.expressions[name] for name in DATE_FIELDS))
        self._hours, self._minutes, self._seconds = (
            bits_of(values_of(name, self.expressions[name]))
            for name in ("hour", "minute", "second")
        )

    @property
    def is_interval(self) -> bool:
        """Whether the hour is `*` or `*/n`: that is an interval, not a time of day."""
        return is_interval("hour", self.expressions["hour"])

    @property
    def names_no_hour(self) -> bool:
        """Whether it is an interval that covers all hours."""
        return self.is_interval and self._hours.bit_count() == 24  # noqa: PLR2004  # of a day

    def next_wall(self, at_or_after: datetime) -> datetime | None:
        """The first matching wall not before the given one, from 1970 to the end of `LAST_YEAR`."""
        if at_or_after > LAST_WALL:
            return None
        wall = max(at_or_after, _FIRST_WALL)
        if self._dates.matches(wall):
            second = wall.second + (1 if wall.microsecond else 0)
            found = self._next_time(wall.hour, wall.minute, second)
            if found is not None:
                return _at(wall, found)
        day = self._dates.next_date(date.fromordinal(wall.toordinal() + 1))
        return None if day is None else datetime.combine(day, time(*self._first_time()))

    def previous_wall(self, at_or_before: datetime) -> datetime | None:
        """The last matching wall not after the given one, in the same years."""
        if at_or_before < _FIRST_WALL:
            return None
        wall = min(at_or_before, LAST_WALL)
        if self._dates.matches(wall):
            found = self._previous_time(wall.hour, wall.minute, wall.second)
            if found is not None:
                return _at(wall, found)
        day = self._dates.previous_date(date.fromordinal(wall.toordinal() - 1))
        if day is None:
            return None
        return datetime.combine(day, time(*self._previous_time(*_LAST_TIME) or ()))

    def count_walls(self, first: datetime, end: datetime) -> int:
        """How many walls match from `first` on, before `end`: one product per year."""
        if first >= end:
            return 0
        hours, minutes, seconds = self.times_a_day()
        total = self._dates.count(first, end) * hours * minutes * seconds
        if self._dates.matches(first):
            total -= self._count_before(first)
        if self._dates.matches(end):
            total += self._count_before(end)
        return total

    def matches_minute(self, wall: datetime) -> bool:
        """Whether a wall matches all expressions but that for seconds."""
        is_time = self._hours >> wall.hour & self._minutes >> wall.minute & 1
        return bool(is_time) and self._dates.matches(wall)

    def times_a_day(self) -> tuple[int, int, int]:
        """How many hours of a matching day match, minutes of each, and seconds of each."""
        return self._hours.bit_count(), self._minutes.bit_count(), self._seconds.bit_count()

    def _first_time(self) -> tuple[int, int, int]:
        parts = (self._hours, self._minutes, self._seconds)
        hour, minute, second = (first_from(part, 0) for part in parts)
        return hour, minute, second

    def _next_time(self, hour: int, minute: int, second: int) -> tuple[int, int, int] | None:
        """The first matching time of day that is not before another, if there is one."""
        if self._hours >> hour & 1:
            if self._minutes >> minute & 1 and (later := first_from(self._seconds, second)) >= 0:
                return hour, minute, later
            if (later := first_from(self._minutes, minute + 1)) >= 0:
                return hour, later, first_from(self._seconds, 0)
        if (later := first_from(self._hours, hour + 1)) >= 0:
            return later, *self._first_time()[1:]
        return None

    def _previous_time(self, hour: int, minute: int, second: int) -> tuple[int, int, int] | None:
        """The last matching time of day that is not after another, if there is one."""
        if self._hours >> hour & 1:
            if self._minutes >> minute & 1 and (earlier := last_to(self._seconds, second)) >= 0:
                return hour, minute, earlier
            if (earlier := last_to(self._minutes, minute - 1)) >= 0:
                return hour, earlier, last_to(self._seconds, 59)
        if (earlier := last_to(self._hours, hour - 1)) >= 0:
            return earlier, last_to(self._minutes, 59), last_to(self._seconds, 59)
        return None

    def _count_before(self, wall: datetime) -> int:
        """How many matching times of day are before that of a wall."""
        _hours, minutes, seconds = self.times_a_day()
        hours_before = count_between(self._hours, 0, wall.hour)
        total = hours_before * minutes * seconds
        if self._hours >> wall.hour & 1:
            total += count_between(self._minutes, 0, wall.minute) * seconds
            if self._minutes >> wall.minute & 1:
                second = wall.second + (1 if wall.microsecond else 0)
                total += count_between(self._seconds, 0, second)
        return total


def _at(wall: datetime, found: tuple[int, int, int]) -> datetime:
    hour, minute, second = found
    return wall.replace(hour=hour, minute=minute, second=second, microsecond=0)
