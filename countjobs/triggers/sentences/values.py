"""What an expression matches: the values of its field, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from apscheduler.triggers.cron.expressions import (
    AllExpression,
    LastDayOfMonthExpression,
    RangeExpression,
    WeekdayPositionExpression,
)
from apscheduler.triggers.cron.fields import MAX_VALUES, MIN_VALUES

from countjobs.triggers.fields import LAST_YEAR, compile_field


@dataclass(frozen=True)
class Days:
    """Days of the month."""

    numbers: list[int]
    has_last: bool
    positions: list[tuple[int, int]]
    """First to fifth (0 to 4) or last (5), of which weekday (0 is Monday)."""


def values(name: str, text: str) -> list[int]:
    """All the values that an expression matches. Raises `CronFieldError`."""
    return _numbers(name, compile_field(name, text).expressions)


def restricted(name: str, text: str) -> list[int]:
    """The same; but nothing, where these are all values that there are."""
    found = values(name, text)
    return [] if len(found) == len(_every(name)) else found


def days(text: str) -> Days | None:
    """The days of the month that an expression matches; None for all. Raises `CronFieldError`."""
    expressions = compile_field("day", text).expressions
    found = _numbers("day", expressions)
    if len(found) == len(_every("day")):
        return None
    # The last day of the month goes without saying where 28 to 31 are named.
    is_last = any(type(part) is LastDayOfMonthExpression for part in expressions)
    positions = {
        (part.option_num, part.weekday)
        for part in expressions
        if type(part) is WeekdayPositionExpression
    }
    return Days(found, is_last and not set(range(28, 32)) <= set(found), sorted(positions))


def step_of(found: list[int]) -> int | None:
    """The distance of values that all lie equally far apart."""
    steps = {later - earlier for earlier, later in pairwise(found)}
    return steps.pop() if len(steps) == 1 else None


def _every(name: str) -> range:
    return range(MIN_VALUES[name], (LAST_YEAR if name == "year" else MAX_VALUES[name]) + 1)


def _numbers(name: str, expressions: list[Any]) -> list[int]:
    return sorted({value for part in expressions for value in _part(_every(name), part)})


def _part(every: range, part: Any) -> Iterator[int]:
    if isinstance(part, RangeExpression):
        last = every[-1] if part.last is None else part.last
        yield from range(part.first, last + 1, part.step or 1)
    elif type(part) is AllExpression:
        yield from every[:: part.step or 1]
