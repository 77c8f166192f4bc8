"""Periodic tasks of django-celery-beat, as definitions of functions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from countjobs.imports.beat_crontabs import beat_times, cron_fields
from countjobs.imports.called_functions import find_registered, function_job, named_arguments
from countjobs.imports.clock_changes import check_clock_changes
from countjobs.imports.foreign_tables import (
    BEAT_CLOCKED,
    BEAT_CRONTABS,
    BEAT_INTERVALS,
    BEAT_TASKS,
    rows,
)
from countjobs.imports.found_schedules import Entries, How, NotTakenOverError, entry_of
from countjobs.models import FunctionJob
from countjobs.text import shown
from countjobs.triggers import CRON_DEFAULTS, ScheduleTrigger, zone_names

_PACKAGE = "django-celery-beat"
_PERIODS = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
_ROUTING = ("queue", "exchange", "routing_key", "priority")
_TICK = timedelta(microseconds=1)


@dataclass
class _Tables:
    """The schedules that tasks share, by their keys."""

    intervals: dict[int, Any] = field(default_factory=lambda: _by_key(BEAT_INTERVALS))
    crontabs: dict[int, Any] = field(default_factory=lambda: _by_key(BEAT_CRONTABS))
    clocked: dict[int, Any] = field(default_factory=lambda: _by_key(BEAT_CLOCKED))


def _by_key(model: Any) -> dict[int, Any]:
    return {row.pk: row for row in rows(model, _PACKAGE)}


def read_beat(how: How) -> Entries:
    """An entry for each periodic task. Raises SourceMissingError."""
    tasks = rows(BEAT_TASKS, _PACKAGE)
    tables = _Tables()
    for task in tasks:
        source = f"{shown(task.name)} ({shown(task.task)})"
        yield entry_of(source, partial(_definition, task, tables, how))


def _definition(task: Any, tables: _Tables, how: How, notes: list[str]) -> FunctionJob:
    if task.task == "celery.backend_cleanup":
        raise NotTakenOverError("It cleans up results of Celery, and isn't needed here.")
    registered = find_registered(task.task)
    args, kwargs = _json(task.args, "args", list), _json(task.kwargs, "kwargs", dict)
    arguments = named_arguments(registered, args, kwargs)
    schedule = _schedule(task, tables, how, notes)
    if task.expires is not None:
        # There, it no longer runs at this moment; here, at the end it does.
        schedule["end_date"] = (task.expires - _TICK).replace(microsecond=0)
    if task.expire_seconds:
        schedule["misfire_grace_time"] = task.expire_seconds
    notes += _lost(task)
    return function_job(
        registered,
        arguments,
        name=task.name,
        description=task.description or "",
        enabled=task.enabled,
        **schedule,
    )


def _json(text: str | None, what: str, kind: type) -> Any:
    try:
        found = json.loads(text or ("[]" if kind is list else "{}"))
    except ValueError as error:
        raise NotTakenOverError(f"Its {what} can't be read as JSON: {error}.") from error
    if not isinstance(found, kind):
        raise NotTakenOverError(
            f"Its {what} must be a JSON {'list' if kind is list else 'object'}."
        )
    return found


def _lost(task: Any) -> Iterator[str]:
    """What has no counterpart here."""
    for name in _ROUTING:
        if (value := getattr(task, name)) not in {None, ""}:
            yield f"Its {name}, {shown(value)}, has no counterpart: choose an executor."
    if task.headers not in {None, "", "{}"}:
        yield "Its headers have no counterpart."


def _schedule(task: Any, tables: _Tables, how: How, notes: list[str]) -> dict[str, Any]:
    if task.one_off and task.total_run_count > 0:
        raise NotTakenOverError("It runs once, and has run.")
    if task.solar_id is not None:
        raise NotTakenOverError(
            "It follows the sun; definitions can't. Choose a time, or add it by hand."
        )
    if task.clocked_id is not None:
        return _clocked(tables.clocked[task.clocked_id].clocked_time, task, how)
    if task.interval_id is not None:
        return _interval(tables.intervals[task.interval_id], task, how)
    if task.crontab_id is not None:
        return _crontab(tables.crontabs[task.crontab_id], task, how, notes)
    raise NotTakenOverError("It has no schedule.")


def _once(at: datetime, task: Any, how: How, timezone: str) -> dict[str, Any]:
    if at <= how.now and task.enabled:
        raise NotTakenOverError(
            f"It was to run once, at {at:%Y-%m-%d %H:%M:%S %Z}: that has passed."
        )
    return {"schedule_type": "once", "run_at": at, "timezone": timezone}


def _clocked(at: datetime, task: Any, how: How) -> dict[str, Any]:
    return _once(max(at, task.start_time or at), task, how, how.timezone)


def _interval(row: Any, task: Any, how: How) -> dict[str, Any]:
    """Beat counts the time that passes from the last run; whole days, too."""
    if row.period not in _PERIODS:
        raise NotTakenOverError(
            f"Its interval is in {shown(row.period)}; here, a second is the least."
        )
    every = row.every * _PERIODS[row.period]
    timezone = how.timezone if every % _PERIODS["days"] else "UTC"
    start = _anchor(task, timedelta(seconds=every)).replace(microsecond=0)
    if task.one_off:
        return _once(start, task, how, timezone)
    return {
        "schedule_type": "interval",
        "every": every,
        "start_date": start,
        "timezone": timezone,
    }


def _anchor(task: Any, every: timedelta) -> datetime:
    """When beat runs an interval next, if it isn't late."""
    start: datetime | None = task.start_time
    if task.last_run_at is None:
        changed: datetime = task.date_changed
        return start or changed + every
    following: datetime = task.last_run_at + every
    return max(following, start) if start else following


def _crontab(row: Any, task: Any, how: How, notes: list[str]) -> dict[str, Any]:
    if not getattr(settings, "DJANGO_CELERY_BEAT_TZ_AWARE", True):
        raise NotTakenOverError(
            "With DJANGO_CELERY_BEAT_TZ_AWARE = False, its times depend on Celery."
        )
    if row.timezone not in zone_names():
        raise NotTakenOverError(f"There is no time zone “{shown(row.timezone)}”.")
    names = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
    fields = CRON_DEFAULTS | cron_fields({name: getattr(row, name) for name in names})
    zone = ZoneInfo(row.timezone)
    trigger = ScheduleTrigger(fields, row.timezone)
    if task.start_time and task.start_time > how.now:
        at = task.start_time
        if trigger.get_next_fire_time(None, at) != at:
            raise NotTakenOverError(
                "Beat would run it at its start time, too, which is none of its crontab's times."
                " Move the start time to one of them, and import again."
            )
    if task.one_off:
        following = trigger.get_next_fire_time(None, max(how.now, task.start_time or how.now))
        if following is None:
            raise NotTakenOverError("No time matches its crontab.")
        return _once(following, task, how, row.timezone)
    notes += check_clock_changes(trigger, beat_times(trigger.calendar, zone), zone, how, "beat")
    return {**fields, "timezone": row.timezone, "start_date": task.start_time}
