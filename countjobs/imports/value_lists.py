"""Numbers as a cron expression: ranges where they follow each other, names for weekdays."""

from __future__ import annotations

from collections.abc import Iterable

from apscheduler.triggers.cron.expressions import WEEKDAYS

from countjobs.triggers.sentences.lists import runs

_ALL_MINUTES = range(60)
_SHORTEST_RANGE = 3


def expression(values: Iterable[int]) -> str:
    """Values as a list of numbers and ranges."""
    return ",".join(map(_run, runs(sorted(set(values)))))


def minutes_expression(values: Iterable[int]) -> str:
    """The same for minutes, where a step is shorter."""
    found = sorted(set(values))
    if found == list(_ALL_MINUTES):
        return "*"
    for step in range(2, 31):
        if found == list(_ALL_MINUTES[::step]):
            return f"*/{step}"
    return expression(found)


def all_or(values: Iterable[int], every: range) -> str:
    """`*` for all values, otherwise as a list."""
    found = set(values)
    return "*" if found == set(every) else expression(found)


def weekdays_expression(from_sunday: Iterable[int]) -> str:
    """Names of weekdays whose numbers begin with Sunday, 0."""
    numbers = sorted({(number - 1) % 7 for number in from_sunday})
    if len(numbers) == len(WEEKDAYS):
        return "*"
    return ",".join(WEEKDAYS[number] for number in numbers)


def _run(run: list[int]) -> str:
    if len(run) >= _SHORTEST_RANGE:
        return f"{run[0]}-{run[-1]}"
    return ",".join(map(str, run))
