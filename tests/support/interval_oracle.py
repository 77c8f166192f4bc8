"""An independent reckoning of intervals: one step after the other.

Days are those of APScheduler's own trigger, except that a time in the gap happens, too, and is read
with the offset from before it (PEP 495: fold=0).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.calendarinterval import CalendarIntervalTrigger

from countjobs.triggers import IntervalTrigger

TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)

ZONES = [
    "Europe/London",
    "America/New_York",
    "Australia/Sydney",
    "America/Santiago",
    "Australia/Lord_Howe",
    "UTC",
]


def interval(every: timedelta, timezone: str, start: datetime, **more: object) -> IntervalTrigger:
    seconds = every // timedelta(seconds=1)
    return IntervalTrigger(seconds, timezone, start=start, **more)  # type: ignore[arg-type]


def walked(every: timedelta, timezone: str, start: datetime, last: datetime) -> list[datetime]:
    """All fire times from a start on, up to another instant."""
    step = _day if every % DAY == timedelta() else _elapsed
    found: list[datetime] = []
    number = 0
    while (instant := step(start, number * every, timezone)) <= last:
        if not found or instant > found[-1]:  # in Samoa, a day that was left out meets the next
            found.append(instant)
        number += 1
    return found


def _elapsed(start: datetime, passed: timedelta, _timezone: str) -> datetime:
    return start + passed


def _day(start: datetime, passed: timedelta, timezone: str) -> datetime:
    zone = ZoneInfo(timezone)
    if not passed:
        return start
    wall = start.astimezone(zone).replace(tzinfo=None, fold=0) + passed
    return wall.replace(tzinfo=zone).astimezone(UTC)


def days_by_apscheduler(
    days: int, timezone: str, start: datetime, last: datetime
) -> list[datetime]:
    """The same by APScheduler's trigger, without those of the gap."""
    local = start.astimezone(ZoneInfo(timezone))
    trigger = CalendarIntervalTrigger(
        days=days,
        hour=local.hour,
        minute=local.minute,
        second=local.second,
        start_date=local.date(),
        timezone=timezone,
    )
    found: list[datetime] = []
    fire = trigger.get_next_fire_time(None, start)
    while fire is not None and fire.astimezone(UTC) <= last:
        found.append(fire.astimezone(UTC))
        fire = trigger.get_next_fire_time(fire, last)
    return found
