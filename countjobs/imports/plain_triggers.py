"""The triggers of plain APScheduler, as the fields of a definition."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.cron.expressions import MONTHS, WEEKDAYS, WeekdayPositionExpression

from countjobs.imports.clock_changes import Instants, check_clock_changes
from countjobs.imports.found_schedules import How, NotTakenOverError
from countjobs.imports.inert_pickles import Record
from countjobs.triggers import CRON_DEFAULTS, CronFieldError, ScheduleTrigger, zone_names

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_TICK = timedelta(microseconds=1)


def schedule_of_trigger(trigger: Any, how: How, notes: list[str]) -> dict[str, Any]:
    """The fields of a schedule that is due when a trigger is. Raises NotTakenOverError."""
    if not isinstance(trigger, Record):
        raise NotTakenOverError("Its trigger is none of APScheduler's.")
    reader = _READERS.get(trigger.kind)
    if reader is None:
        raise NotTakenOverError(
            f"A {trigger.kind} has no counterpart. Add the job from code again."
        )
    fields: dict[str, Any] = reader(trigger, how, notes)
    if jitter := trigger.get("jitter"):
        fields["jitter"] = jitter
        notes.append(
            f"Its jitter moves a run up to {jitter} seconds to either side; here, only later."
        )
    return fields


def _date(trigger: Record, how: How, notes: list[str]) -> dict[str, Any]:
    at = _moment(trigger.get("run_date"))
    if at is None:
        raise NotTakenOverError("It has no date.")
    return {"schedule_type": "once", "run_at": at, "timezone": _zone_name(at.tzinfo, how)}


def _interval(trigger: Record, how: How, notes: list[str]) -> dict[str, Any]:
    """It counts the time that passes, of whole days, too."""
    length = trigger.get("interval")
    start = _moment(trigger.get("start_date"))
    if not isinstance(length, timedelta) or start is None:
        raise NotTakenOverError("Its interval can't be read.")
    if length % _SECOND or length < _SECOND:
        raise NotTakenOverError(f"Its interval, {length}, isn't in whole seconds.")
    return {
        "schedule_type": "interval",
        "every": length // _SECOND,
        "start_date": start.replace(microsecond=0),
        "end_date": _moment(trigger.get("end_date")),
        "timezone": "UTC" if not length % _DAY else _zone_name(trigger.get("timezone"), how),
    }


def _cron(trigger: Record, how: How, notes: list[str]) -> dict[str, Any]:
    zone_name = _zone_name(trigger.get("timezone"), how, is_guessed=False)
    texts = {str(each.get("name")): _text(each) for each in trigger.get("fields") or ()}
    if texts.keys() != CRON_DEFAULTS.keys():
        raise NotTakenOverError("Its fields can't be read.")
    zone = ZoneInfo(zone_name)
    try:
        ours = ScheduleTrigger(texts, zone_name)
        theirs = CronTrigger(**texts, timezone=zone)
    except (CronFieldError, ValueError) as error:
        raise NotTakenOverError(str(error)) from error
    notes += check_clock_changes(ours, _times(theirs), zone, how, "APScheduler")
    return {
        **texts,
        "start_date": _moment(trigger.get("start_date")),
        "end_date": _moment(trigger.get("end_date")),
        "timezone": zone_name,
    }


def _times(trigger: CronTrigger) -> Instants:
    def between(first: datetime, end: datetime) -> Iterator[datetime]:
        at = trigger.get_next_fire_time(first - _TICK, first - _TICK)
        while at is not None and at.astimezone(UTC) < end:
            yield at.astimezone(UTC)
            at = trigger.get_next_fire_time(at, at)

    return between


_READERS: dict[str, Any] = {
    "DateTrigger": _date,
    "IntervalTrigger": _interval,
    "CronTrigger": _cron,
}


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise NotTakenOverError("A date of its trigger can't be read.")
    return value


def _zone_name(zone: tzinfo | None, how: How, *, is_guessed: bool = True) -> str:
    """The name of a zone. One that doesn't matter for fire times may be another."""
    name = "UTC" if zone is UTC else str(zone)
    if name in zone_names():
        return name
    if is_guessed:
        return how.timezone
    raise NotTakenOverError(f"Its time zone, {name}, has no name. Name one in the trigger.")


def _text(field: Any) -> str:
    """The expressions of a field, as `str` of APScheduler's own field gives them."""
    if not isinstance(field, Record):
        raise NotTakenOverError("Its fields can't be read.")
    return ",".join(_expression(each) for each in field.get("expressions") or ())


def _expression(each: Any) -> str:
    if not isinstance(each, Record):
        raise NotTakenOverError("Its fields can't be read.")
    try:
        return _written(each)
    except (TypeError, IndexError) as error:
        raise NotTakenOverError("Its fields can't be read.") from error


def _written(each: Record) -> str:
    step = f"/{each.get('step')}" if each.get("step") else ""
    if each.kind == "LastDayOfMonthExpression":
        return "last"
    if each.kind == "WeekdayPositionExpression":
        position = WeekdayPositionExpression.options[each.get("option_num")]
        return f"{position} {WEEKDAYS[each.get('weekday')]}"
    if each.kind == "AllExpression":
        return f"*{step}"
    first, last = each.get("first"), each.get("last")
    names = {
        "MonthRangeExpression": (MONTHS, 1),
        "WeekdayRangeExpression": (WEEKDAYS, 0),
    }.get(each.kind)
    if names is not None:
        table, least = names
        first, last = (None if at is None else table[at - least] for at in (first, last))
    return f"{first}{step}" if last in {first, None} else f"{first}-{last}{step}"
