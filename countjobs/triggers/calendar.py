"""Walls: the readings of a wall clock that eight cron expressions match.

A wall is a naive datetime. Nothing here knows of time zones, so nothing here can go wrong in the
night of a clock change.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.cron.fields import BaseField

from countjobs.triggers.fields import compile_field

LAST_YEAR = 2199
"""Searches end with this year. An expression that matches nothing until then, such as 31 February,
is found out in milliseconds instead of at the end of the year 9999."""

_DATE_FIELDS = ("year", "month", "day", "week", "day_of_week")


class CronCalendar:
    """The walls that eight expressions match. Raises `CronFieldError` for one that can't be read."""

    def __init__(self, expressions: Mapping[str, str]) -> None:
        self.fields: dict[str, BaseField] = {
            name: compile_field(name, expressions[name]) for name in CronTrigger.FIELD_NAMES
        }
        # In UTC APScheduler's search is one of plain walls: there is no clock change to stumble over.
        self._search = CronTrigger(timezone=UTC, end_date=datetime(LAST_YEAR, 12, 31, tzinfo=UTC))
        self._search.fields = list(self.fields.values())

    def next_wall(self, at_or_after: datetime) -> datetime | None:
        """The first matching wall that is not before the given one."""
        found = self._search.get_next_fire_time(None, at_or_after.replace(tzinfo=UTC))
        return None if found is None else found.replace(tzinfo=None)

    def count_walls(self, first: datetime, end: datetime) -> int:
        """How many walls match from `first` on, and before `end`: a product a day, not a walk."""
        if first >= end:
            return 0
        whole_day = len(self._hours) * len(self._minutes) * len(self._seconds)
        total = 0
        day = first.date()
        while day <= end.date():
            if self._matches_date(day):
                before_end = self._count_before(end.time()) if day == end.date() else whole_day
                before_first = self._count_before(first.time()) if day == first.date() else 0
                total += before_end - before_first
            day += timedelta(days=1)
        return total

    def _matches_date(self, day: date) -> bool:
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
        moments = (datetime(2000, 1, 1).replace(**{name: value}) for value in range(count))
        return [
            value for value, moment in enumerate(moments) if field.get_next_value(moment) == value
        ]
