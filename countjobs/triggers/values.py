"""What an expression matches: the values of its field, without looking at any date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from apscheduler.triggers.cron.expressions import (
    AllExpression,
    LastDayOfMonthExpression,
    RangeExpression,
    WeekdayPositionExpression,
)
from apscheduler.triggers.cron.fields import MAX_VALUES, MIN_VALUES

from countjobs.triggers.expressions import LAST_YEAR, parse


@dataclass(frozen=True)
class Days:
    """Days of the month."""

    numbers: tuple[int, ...]
    has_last: bool
    """Whether the last day of the month matches, whichever it is."""
    positions: tuple[tuple[int, int], ...]
    """Pairs of first to fifth (0 to 4) or last (5), and the weekday (0 is Monday)."""


def every_value(name: str) -> range:
    """All possible values of a field."""
    return range(MIN_VALUES[name], (LAST_YEAR if name == "year" else MAX_VALUES[name]) + 1)


@lru_cache(maxsize=2_000)
def values_of(name: str, text: str) -> tuple[int, ...]:
    """The values that an expression matches, in order. Raises `CronFieldError`."""
    every = every_value(name)
    return tuple(sorted({value for part in parse(name, text) for value in _part(every, part)}))


@lru_cache(maxsize=500)
def days_of(text: str) -> Days:
    """The days of the month that an expression matches. Raises `CronFieldError`."""
    parts = parse("day", text)
    positions = {
        (part.option_num, part.weekday) for part in parts if type(part) is WeekdayPositionExpression
    }
    has_last = any(type(part) is LastDayOfMonthExpression for part in parts)
    return Days(values_of("day", text), has_last, tuple(sorted(positions)))


def is_interval(name: str, text: str) -> bool:
    """Whether an expression is `*` or `*/n`: then it is an interval, not a time.

    Raises `CronFieldError`.
    """
    return all(type(part) is AllExpression for part in parse(name, text))


def _part(every: range, part: Any) -> Iterator[int]:
    if isinstance(part, RangeExpression):
        last = every[-1] if part.last is None else part.last
        yield from range(part.first, last + 1, part.step or 1)
    elif type(part) is AllExpression:
        yield from every[:: part.step or 1]
