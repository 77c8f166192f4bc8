"""When a schedule of django-q2 is due, and the fields of a definition that is due then."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from countjobs.imports.clock_changes import (
    YEAR,
    accepted,
    check_clock_changes,
    ends_of_gaps,
    fires,
    shown_times,
    told,
)
from countjobs.imports.found_schedules import How, NotTakenOverError
from countjobs.models import FunctionJob
from countjobs.text import shown
from countjobs.triggers import ScheduleTrigger, zone_names
from countjobs.triggers.crontab import CrontabError, read_crontab

_MINUTES = {"I": None, "H": 60}
_DAYS = {"D": 1, "W": 7, "BW": 14}
_MONTHS = {"M": 1, "BM": 2, "Q": 3, "Y": 12}
_SAFE_DAY = 28
_MOST_REPEATS = 10_000
_FIELDS_OF_CRON = 5


def schedule_of(row: Any, how: How, notes: list[str]) -> dict[str, Any]:
    """The fields of the schedule. Raises NotTakenOverError."""
    zone_name = _zone(how)
    zone = ZoneInfo(zone_name)
    if row.repeats == 0:
        raise NotTakenOverError("It has no repeats left, so it doesn't run any more.")
    if row.next_run is None:
        raise NotTakenOverError("It has no next run.")
    start = row.next_run.replace(microsecond=0)
    if row.schedule_type == "O":
        if start <= how.now:
            raise NotTakenOverError(
                f"It was to run once, at {start:%Y-%m-%d %H:%M:%S %Z}: it is late."
            )
        return {"schedule_type": "once", "run_at": start, "timezone": zone_name}
    if row.schedule_type == "C":
        fields = _cron(row.cron, zone, how, notes)
    elif row.schedule_type in _MINUTES:
        every = (_MINUTES[row.schedule_type] or row.minutes or 1) * 60
        fields = {"schedule_type": "interval", "every": every, "start_date": start}
        if every % 86_400 == 0:
            zone_name = "UTC"  # what passes is counted there, whole days, too
    elif row.schedule_type in _DAYS or row.schedule_type in _MONTHS:
        fields = _on_days(row.schedule_type, start, zone)
        notes += _compared({**fields, "timezone": zone_name}, row.schedule_type, start, zone, how)
    else:
        raise NotTakenOverError(f"Its type, {shown(row.schedule_type)}, is unknown.")
    fields["timezone"] = zone_name
    if row.repeats > 0:
        fields["end_date"] = _end(fields, row.repeats, start, notes)
    return fields


def _zone(how: How) -> str:
    """Where django-q2 looks: its own setting, and then TIME_ZONE."""
    cluster = getattr(settings, "Q_CLUSTER", None) or {}
    name = str(cluster.get("time_zone") or how.timezone)
    if name not in zone_names():
        raise NotTakenOverError(f"There is no time zone “{shown(name)}”.")
    return name


def _cron(text: str | None, zone: ZoneInfo, how: How, notes: list[str]) -> dict[str, Any]:
    words = (text or "").split()
    if len(words) != _FIELDS_OF_CRON:
        raise NotTakenOverError(f"“{shown(text or '')}” doesn't have five fields.")
    if words[2] != "*" and words[4] != "*":
        raise NotTakenOverError(
            "It restricts the day of the month and the day of the week. There, one must match;"
            " here, both. Make two definitions instead."
        )
    try:
        fields: dict[str, Any] = dict(read_crontab(" ".join(words)).fields)
    except CrontabError as error:
        raise NotTakenOverError(str(error)) from error
    trigger = ScheduleTrigger(fields, str(zone))
    follows = words[1] == "*"

    def theirs(first: datetime, end: datetime) -> set[datetime]:
        """Those of croniter: what the clock shows, twice if it does, and the end of a gap."""
        shown_there = set(shown_times(trigger.calendar, zone, first, end))
        gaps = set() if follows else ends_of_gaps(trigger.calendar, zone, first, end)
        return shown_there | gaps

    notes += check_clock_changes(trigger, theirs, zone, how, "django-q2")
    return fields


def _on_days(kind: str, start: datetime, zone: ZoneInfo) -> dict[str, Any]:
    if kind in _DAYS:
        every = _DAYS[kind] * 86_400
        return {"schedule_type": "interval", "every": every, "start_date": start}
    local = start.astimezone(zone)
    if local.day > _SAFE_DAY:
        raise NotTakenOverError(
            f"It runs on day {local.day}, which not all months have; there, it moves to an earlier"
            " day for good. Choose a day up to 28, or make a definition with “last” as its day."
        )
    step = _MONTHS[kind]
    months = sorted({(local.month - 1 + step * at) % 12 + 1 for at in range(12 // step)})
    return {
        "month": "*" if step == 1 else ",".join(map(str, months)),
        "day": str(local.day),
        "hour": str(local.hour),
        "minute": str(local.minute),
        "second": str(local.second),
        "start_date": start,
    }


def _compared(
    fields: dict[str, Any], kind: str, start: datetime, zone: ZoneInfo, how: How
) -> list[str]:
    """Compare all fire times of a year from now. Raises NotTakenOverError."""
    end = max(how.now, start) + YEAR + timedelta(days=1)
    first = max(how.now, start)
    walked = takewhile(lambda at: at < end, _walk(kind, start, zone))
    there = {at for at in walked if at >= first}
    here = set(fires(FunctionJob(name="", **fields).trigger(), first, end))
    found = told(sorted(there ^ here), there, zone, "django-q2")
    return accepted(found, how) if found else []


def _walk(kind: str, start: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The times of `Schedule.calculate_next_run`, one from the other, in UTC.

    It adds whole days, and then corrects the difference that a clock change makes; not so for
    years.
    """
    at = start.astimezone(UTC)
    while True:
        yield at
        add = timedelta(days=_DAYS[kind]) if kind in _DAYS else _months_later(at, _MONTHS[kind])
        following = at + add
        if kind != "Y":
            walls = [each.astimezone(zone).replace(tzinfo=None) for each in (at, following)]
            following -= walls[1] - walls[0] - add
        at = following


def _months_later(at: datetime, months: int) -> timedelta:
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return timedelta(days=(at.replace(year=year, month=month + 1, day=day) - at).days)


def _end(fields: dict[str, Any], repeats: int, start: datetime, notes: list[str]) -> datetime:
    """When it has run as often as it may."""
    if repeats > _MOST_REPEATS:
        raise NotTakenOverError(f"It runs {repeats} times more, which is too many for an end date.")
    trigger = FunctionJob(name="", **fields).trigger()
    times = fires(trigger, start, datetime(2199, 1, 1, tzinfo=UTC))
    last = next(islice(times, repeats - 1, None), None)
    if last is None:
        raise NotTakenOverError("It doesn't run as often as its repeats say.")
    notes.append(f"It runs {repeats} times more, so it ends at {last:%Y-%m-%d %H:%M:%S %Z}.")
    return last
