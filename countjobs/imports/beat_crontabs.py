"""A crontab of Celery: its fields as cron expressions, and when beat runs it.

Unlike in cron, the day of the month and the weekday must both match, as they do here. Beat looks
for the next time on the wall clock from the last one on. So it runs nothing in the hour that the
clock repeats, and what it skips at the instant after the gap; hours as a list mean the same here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron.expressions import MONTHS

from countjobs.imports.clock_changes import Instants
from countjobs.imports.found_schedules import NotTakenOverError
from countjobs.imports.value_lists import (
    all_or,
    expression,
    minutes_expression,
    weekdays_expression,
)
from countjobs.text import shown
from countjobs.triggers.calendar import CronCalendar

_PART = re.compile(r"(?:(?P<star>\*)|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d{1,9}))?")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MINUTE = timedelta(minutes=1)

_BOUNDS = {
    "minute": range(60),
    "hour": range(24),
    "day_of_month": range(1, 32),
    "month_of_year": range(1, 13),
    "day_of_week": range(7),
}


def cron_fields(texts: dict[str, str]) -> dict[str, str]:
    """Our expressions for Celery's five fields, by our names. Raises NotTakenOverError."""
    values = {name: _values(name, texts[name]) for name in _BOUNDS}
    return {
        "minute": minutes_expression(values["minute"]),
        "hour": expression(values["hour"]),  # never `*`: see above
        "day": all_or(values["day_of_month"], _BOUNDS["day_of_month"]),
        "month": all_or(values["month_of_year"], _BOUNDS["month_of_year"]),
        "day_of_week": weekdays_expression(values["day_of_week"]),
    }


def beat_times(calendar: CronCalendar, zone: ZoneInfo) -> Instants:
    """When beat runs a crontab: each time is found from the one before, on the wall clock."""
    return lambda first, end: _walk(calendar, zone, first, end)


def _walk(
    calendar: CronCalendar, zone: ZoneInfo, first: datetime, end: datetime
) -> Iterator[datetime]:
    at = (first - timedelta(microseconds=1)).astimezone(zone)
    while True:
        wall = at.replace(tzinfo=None, second=0, microsecond=0)
        following = calendar.next_wall(wall + _MINUTE)
        if following is None:
            return
        # As `datetime.replace` does there, it keeps in which of two equal hours it is.
        instant = following.replace(tzinfo=zone, fold=at.fold).astimezone(UTC)
        if instant >= end:
            return
        if instant >= first:
            yield instant
        at = max(instant, at.astimezone(UTC) + timedelta(seconds=1)).astimezone(zone)


def _values(name: str, text: str) -> set[int]:
    found: set[int] = set()
    for part in text.replace(" ", "").split(","):
        read = _PART.fullmatch(part)
        if read is None or (read["step"] and not read["star"] and not read["last"]):
            raise _refusal(name, part)
        step = int(read["step"] or 1)
        if step == 0:
            raise _refusal(name, part)
        found.update(_range(name, part, read)[::step])
    return found


def _range(name: str, part: str, read: re.Match[str]) -> list[int]:
    every = _BOUNDS[name]
    if read["star"]:
        return list(every)
    first = _number(name, part, read["first"])
    last = first if read["last"] is None else _number(name, part, read["last"])
    if last < first:  # it goes on from the beginning
        return [*range(first, every.stop), *range(every.start, last + 1)]
    return list(range(first, last + 1))


def _number(name: str, part: str, text: str) -> int:
    """A number, or a name of which three letters count. Raises NotTakenOverError."""
    short = text[:3].lower()
    if text.isascii() and text.isdigit():
        number = int(text)
    elif name == "day_of_week" and short in _WEEKDAYS:
        number = _WEEKDAYS.index(short)
    elif name == "month_of_year" and short in MONTHS:
        number = MONTHS.index(short) + 1
    else:
        raise _refusal(name, part)
    if number not in _BOUNDS[name]:
        raise _refusal(name, part)
    return number


def _refusal(name: str, part: str) -> NotTakenOverError:
    return NotTakenOverError(f"Celery itself can't read “{shown(part)}” in {name}.")
