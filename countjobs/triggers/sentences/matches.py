"""What an expression matches, in the form that sentences need."""

from __future__ import annotations

from itertools import pairwise

from countjobs.triggers.values import Days, days_of, every_value, values_of


def values(name: str, text: str) -> list[int]:
    """All the values that an expression matches. Raises `CronFieldError`."""
    return list(values_of(name, text))


def restricted(name: str, text: str) -> list[int]:
    """The same, but nothing if these are all possible values."""
    found = values(name, text)
    return [] if len(found) == len(every_value(name)) else found


def days(text: str) -> Days | None:
    """The days of the month that an expression matches; None for all. Raises `CronFieldError`."""
    found = days_of(text)
    if len(found.numbers) == len(every_value("day")):
        return None
    # The last day of the month need not be named if 28 to 31 are.
    has_last = found.has_last and not set(range(28, 32)) <= set(found.numbers)
    return Days(found.numbers, has_last, found.positions)


def step_of(found: list[int]) -> int | None:
    """The distance between values, if it is always the same."""
    steps = {later - earlier for earlier, later in pairwise(found)}
    return steps.pop() if len(steps) == 1 else None
