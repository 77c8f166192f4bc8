"""The schedule that `@job` and `declare` take, as the fields of a definition."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from apscheduler.triggers.cron.fields import DEFAULT_VALUES

from countjobs.functions.registry import Schedule
from countjobs.triggers import CRON_DEFAULTS
from countjobs.triggers.crontab import CrontabError, read_crontab

_BESIDE = ("timezone", "start_date", "end_date", "jitter")
_BY_SIZE = tuple(CRON_DEFAULTS)
"""From large to small, as APScheduler has them."""


def schedule_fields(schedule: Schedule) -> dict[str, Any]:
    """The fields of a definition. Raises ValueError for what is no schedule.

    A timedelta, or a dict with `every`, is an interval.

    Cron fields that aren't named are `*` if they are larger than the smallest one that is, else at
    their least value. That is APScheduler's rule for its own `add_job(…, "cron", hour=3)`.
    """
    if isinstance(schedule, str):
        return _of_crontab(schedule)
    if isinstance(schedule, timedelta):
        return _of_interval(schedule)
    if not isinstance(schedule, Mapping):
        raise ValueError("A schedule is a dict of fields, a crontab line, or a timedelta.")
    if unknown := sorted(map(str, schedule.keys() - {*CRON_DEFAULTS, "every", *_BESIDE})):
        raise ValueError(
            f"A schedule has no field {', '.join(unknown)}. Its fields are "
            f"{', '.join((*_BY_SIZE, 'every', *_BESIDE))}."
        )
    given = [name for name in _BY_SIZE if schedule.get(name) is not None]
    beside = {name: schedule[name] for name in _BESIDE if name in schedule}
    if schedule.get("every") is not None:
        if given:
            raise ValueError(
                "A schedule has either “every” or cron fields, not both: leave out "
                f"{', '.join(given)}."
            )
        return _of_interval(schedule["every"]) | beside
    if not given:
        raise ValueError("A schedule names at least one cron field, or has “every”.")
    smallest = _BY_SIZE.index(given[-1])
    fields: dict[str, Any] = {
        name: "*" if place < smallest else str(DEFAULT_VALUES[name])
        for place, name in enumerate(_BY_SIZE)
    }
    fields |= {name: str(schedule[name]) for name in given}
    return fields | beside


def _of_interval(every: object) -> dict[str, Any]:
    """The fields of an interval, which is a timedelta or so many seconds."""
    seconds: object = every
    if isinstance(every, timedelta):
        seconds = None if every.microseconds else every // timedelta(seconds=1)
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise ValueError(f"“every” is a timedelta or a number, of whole seconds, not {every!r}.")
    return {"schedule_type": "interval", "every": seconds}


def _of_crontab(line: str) -> dict[str, Any]:
    try:
        crontab = read_crontab(line)
    except CrontabError as error:
        raise ValueError(str(error)) from error
    if crontab.command:
        raise ValueError(f"“{crontab.command}” is more than a schedule: leave the command out.")
    return dict(crontab.values)
