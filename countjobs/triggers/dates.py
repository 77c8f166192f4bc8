"""The dates that five cron expressions match, found by a few look-ups, whatever the expressions
are.

Each kind of year has a set of matching days, and the years with any are a set as well. So nothing
is searched day by day, neither for the next date nor to find out that there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property, lru_cache

from countjobs.triggers.bits import bits_of, count_between, first_from, last_to
from countjobs.triggers.expressions import LAST_YEAR
from countjobs.triggers.values import days_of as days_of_text
from countjobs.triggers.values import every_value, values_of
from countjobs.triggers.years import LAST, Kind, YearDays, days_of, kind_of, new_year

DATE_FIELDS = ("year", "month", "day", "week", "day_of_week")

_FIRST_YEAR = every_value("year")[0]


class DateCalendar:
    """The dates that five expressions match. Raises `CronFieldError` if one can't be read."""

    def __init__(self, expressions: Mapping[str, str]) -> None:
        self._years = bits_of(year - _FIRST_YEAR for year in values_of("year", expressions["year"]))
        self._day = days_of_text(expressions["day"])
        self._named = {
            name: found
            for name in ("month", "week", "day_of_week")
            if len(found := values_of(name, expressions[name])) < len(every_value(name))
        }
        self._kinds: dict[Kind, int] = {}

    def matches(self, day: date) -> bool:
        """Whether a date matches."""
        return bool(self._days(day.year) >> day.toordinal() - new_year(day.year) & 1)

    def next_date(self, at_or_after: date) -> date | None:
        """The first date that matches and is not before the given one."""
        year = at_or_after.year
        first = new_year(year)
        number = first_from(self._days(year), at_or_after.toordinal() - first)
        if number < 0:
            ahead = first_from(self._years_with_days, max(year + 1 - _FIRST_YEAR, 0))
            if ahead < 0:
                return None
            first = new_year(_FIRST_YEAR + ahead)
            number = first_from(self._days(_FIRST_YEAR + ahead), 0)
        return date.fromordinal(first + number)

    def previous_date(self, at_or_before: date) -> date | None:
        """The last date that matches and is not after the given one."""
        year = at_or_before.year
        first = new_year(year)
        number = last_to(self._days(year), at_or_before.toordinal() - first)
        if number < 0:
            back = last_to(self._years_with_days, year - 1 - _FIRST_YEAR)
            if back < 0:
                return None
            first = new_year(_FIRST_YEAR + back)
            number = last_to(self._days(_FIRST_YEAR + back), 366)
        return date.fromordinal(first + number)

    def count(self, first: date, end: date) -> int:
        """How many dates match from `first` on and before `end`."""
        total = 0
        for year in range(max(first.year, _FIRST_YEAR), min(end.year, LAST_YEAR) + 1):
            start = new_year(year)
            bounds = max(first.toordinal() - start, 0), min(end.toordinal() - start, 366)
            total += count_between(self._days(year), *bounds)
        return total

    def _days(self, year: int) -> int:
        """The matching days of a year; none if the year isn't searched."""
        if not _FIRST_YEAR <= year <= LAST_YEAR or not self._years >> year - _FIRST_YEAR & 1:
            return 0
        kind = kind_of(year)
        found = self._kinds.get(kind)
        if found is None:
            found = self._kinds[kind] = self._of_kind(days_of(year))
        return found

    @cached_property
    def _years_with_days(self) -> int:
        years = (year - _FIRST_YEAR for year in every_value("year") if self._days(year))
        return bits_of(years)

    def _of_kind(self, year: YearDays) -> int:
        last = (LAST,) if self._day.has_last else ()
        found = _union(year.day, (*self._day.numbers, *last))
        found |= _union(year.position, self._day.positions)
        for name, values in self._named.items():
            found &= _union(getattr(year, name), values)
        return found


def _union(named: Mapping[object, int], names: tuple[object, ...]) -> int:
    found = 0
    for name in names:
        found |= named.get(name, 0)
    return found


@lru_cache(maxsize=1_000)
def date_calendar(expressions: tuple[str, ...]) -> DateCalendar:
    """The calendar of five expressions in the order of `DATE_FIELDS`. Equal ones share it."""
    return DateCalendar(dict(zip(DATE_FIELDS, expressions, strict=True)))
