"""Walls: the readings of a wall clock that eight cron expressions match.

A wall is a naive datetime. Nothing here knows of time zones, so nothing here can go wrong in the
night of a clock change.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.cron.fields import BaseField

from countjobs.triggers.fields import LAST_YEAR, compile_field

_LAST = datetime(LAST_YEAR, 12, 31, 23, 59, 59, tzinfo=UTC)
_FIRST_WALL = _LAST.replace(1970, 1, 1, 0, 0, 0, tzinfo=None)
_REPEATS = 41
"""Each kind of year (weekday of its first day, whether it and the one before are leap years) comes
again within 40 years, also across 2100. What matches nothing for longer matches nothing at all."""

_DATE_FIELDS = ("year", "month", "day", "week", "day_of_week")


class CronCalendar:
    """The walls that eight expressions match. Raises `CronFieldError` where one can't be read."""

    def __init__(self, expressions: Mapping[str, str]) -> None:
        self.fields: dict[str, BaseField] = {
            name: compile_field(name, expressions[name]) for name in CronTrigger.FIELD_NAMES
        }
        self._any_year = str(self.fields["year"]) == "*"
        self._any_date = all(str(self.fields[name]) == "*" for name in _DATE_FIELDS)
        self._searches: dict[int, CronTrigger] = {}
        self._matches_date = lru_cache(maxsize=64)(self._match_date)

    def next_wall(self, at_or_after: datetime) -> datetime | None:
        """The first matching wall not before the given one, from 1970 to the end of `LAST_YEAR`."""
        if at_or_after.year > LAST_YEAR:
            return None
        at_or_after = max(at_or_after, _FIRST_WALL)
        if self._matches_date(at_or_after.date()):
            # Most often it is on the same day, and found without a search.
            moment = self._next_time(at_or_after)
            if moment is not None:
                return moment
        search = self._search_until(min(at_or_after.year + _REPEATS, LAST_YEAR))
        found = search.get_next_fire_time(None, at_or_after.replace(tzinfo=UTC))
        return None if found is None else found.replace(tzinfo=None)

    def _next_time(self, at_or_after: datetime) -> datetime | None:
        """The first matching time of a day that matches, if there is one left in it."""
        hour, minute = at_or_after.hour, at_or_after.minute
        second = at_or_after.second + (1 if at_or_after.microsecond else 0)
        if hour in self._hours:
            if minute in self._minutes and second <= self._seconds[-1]:
                later = self._seconds[bisect_left(self._seconds, second)]
                return at_or_after.replace(second=later, microsecond=0)
            if minute < self._minutes[-1]:
                later = self._minutes[bisect_right(self._minutes, minute)]
                return at_or_after.replace(minute=later, second=self._seconds[0], microsecond=0)
        if hour < self._hours[-1]:
            hour = self._hours[bisect_right(self._hours, hour)]
            minute, second = self._minutes[0], self._seconds[0]
            return at_or_after.replace(hour=hour, minute=minute, second=second, microsecond=0)
        return None

    def _search_until(self, year: int) -> CronTrigger:
        """APScheduler's search. In UTC it is one of walls: no clock change to stumble over."""
        year = year if self._any_year else LAST_YEAR
        if year not in self._searches:
            search = CronTrigger(timezone=UTC, end_date=_LAST.replace(year=year))
            search.fields = list(self.fields.values())
            self._searches[year] = search
        return self._searches[year]

    def count_walls(self, first: datetime, end: datetime) -> int:
        """How many walls match from `first` on, before `end`: a product a day, not a walk."""
        if first >= end:
            return 0
        whole_day = len(self._hours) * len(self._minutes) * len(self._seconds)
        total = self._count_days(first.date(), end.date()) * whole_day
        if self._matches_date(first.date()):
            total -= self._count_before(first.time())
        if self._matches_date(end.date()):
            total += self._count_before(end.time())
        return total

    def _count_days(self, first: date, end: date) -> int:
        if self._any_date:
            return (end - first).days
        days = (first + timedelta(days=number) for number in range((end - first).days))
        return sum(map(self._matches_date, days))

    def matches_minute(self, wall: datetime) -> bool:
        """Whether a wall satisfies all expressions but the one of seconds."""
        is_time = wall.hour in self._hours and wall.minute in self._minutes
        return is_time and self._matches_date(wall.date())

    def times_a_day(self) -> tuple[int, int, int]:
        """How many hours, minutes of each and seconds of each match on a day that does."""
        return len(self._hours), len(self._minutes), len(self._seconds)

    def _match_date(self, day: date) -> bool:
        noon = datetime.combine(day, time(12))
        fields = (self.fields[name] for name in _DATE_FIELDS)
        return all(field.get_next_value(noon) == field.get_value(noon) for field in fields)

    def _count_before(self, moment: time) -> int:
        """How many matching times of a day lie before a moment of it."""
        hour, minute, second = moment.hour, moment.minute, moment.second
        seconds = bisect_left(self._seconds, second + (1 if moment.microsecond else 0))
        minutes = bisect_left(self._minutes, minute)
        hours = bisect_left(self._hours, hour)
        in_minute = seconds if minute in self._minutes else 0
        in_hour = minutes * len(self._seconds) + in_minute if hour in self._hours else 0
        return hours * len(self._minutes) * len(self._seconds) + in_hour

    @cached_property
    def _hours(self) -> list[int]:
        return self._values("hour", 24)

    @cached_property
    def _minutes(self) -> list[int]:
        return self._values("minute", 60)

    @cached_property
    def _seconds(self) -> list[int]:
        return self._values("second", 60)

    def _values(self, name: str, count: int) -> list[int]:
        field = self.fields[name]
        midnight = datetime(2000, 1, 1)  # noqa: DTZ001  # walls have no zone
        step = timedelta(**{f"{name}s": 1})
        moments = (midnight + value * step for value in range(count))
        return [
            value for value, moment in enumerate(moments) if field.get_next_value(moment) == value
        ]
