"""The days of a year as bits: the first of January is bit 0.

There are few kinds of years. Only three things matter: the weekday of its first day, whether it is
a leap year, and whether the year before is one (its first days may belong to an ISO week of that
year).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

_MONDAY = 1  # the ordinal of a Monday: the first day of the year 1

LAST = "last"
"""The name of the last day of a month, besides its number."""

Named = defaultdict[object, int]
"""Sets of days by name. A name that no day of the year has is missing."""


def _named() -> Named:
    return defaultdict(int)


@dataclass(frozen=True)
class YearDays:
    """The sets of days of a kind of year, by name."""

    month: Named = field(default_factory=_named)
    day: Named = field(default_factory=_named)
    """By their number in the month, and `LAST`."""
    week: Named = field(default_factory=_named)
    """By the number of their ISO week."""
    day_of_week: Named = field(default_factory=_named)
    """0 is Monday."""
    position: Named = field(default_factory=_named)
    """By their place among the same weekdays of the month (0 to 4, 5: last) and the weekday."""


def new_year(year: int) -> int:
    """The ordinal of a year's first day."""
    before = year - 1
    return 365 * before + before // 4 - before // 100 + before // 400 + 1


Kind = tuple[int, int, int]
"""Of a year: the weekday of its first day, its length, and that of the year before."""


@lru_cache(maxsize=1_000)
def kind_of(year: int) -> Kind:
    """The kind of a year."""
    first = new_year(year)
    return (first - _MONDAY) % 7, new_year(year + 1) - first, first - new_year(year - 1)


_known: dict[Kind, YearDays] = {}


def days_of(year: int) -> YearDays:
    """The days of a year. Years of one kind share them."""
    kind = kind_of(year)
    if kind not in _known:
        _known[kind] = _look(new_year(year), new_year(year + 1) - new_year(year))
    return _known[kind]


def _look(first: int, length: int) -> YearDays:
    found = YearDays()
    for number in range(length):
        day, bit = date.fromordinal(first + number), 1 << number
        found.month[day.month] |= bit
        found.day[day.day] |= bit
        found.week[day.isocalendar().week] |= bit
        found.day_of_week[day.weekday()] |= bit
        found.position[(day.day - 1) // 7, day.weekday()] |= bit
        if date.fromordinal(first + number + 7).month != day.month:
            found.position[5, day.weekday()] |= bit
        if date.fromordinal(first + number + 1).month != day.month:
            found.day[LAST] |= bit
    return found
