"""An independent reckoning of fire times: every wall of a window is looked at, one by one.

It shares no code with `countjobs.triggers`. What a wall means is said by the zone rule in the
docstring of `countjobs.triggers.zones`, and PEP 495 says how zoneinfo reads it: with fold=0 a wall
in the gap has the offset from before, and one in the fold is the first of the two.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from countjobs.triggers import CRON_DEFAULTS, ScheduleTrigger

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
RANGES = {"hour": (0, 23), "minute": (0, 59), "second": (0, 59), "day": (1, 31), "month": (1, 12)}
DST_ZONES = [
    "America/New_York",
    "Europe/London",
    "Australia/Sydney",
    "Australia/Lord_Howe",  # half an hour
    "Pacific/Chatham",  # 12:45 and 13:45
    "Africa/Casablanca",  # in and out of Ramadan
    "America/Santiago",  # at midnight
    "Antarctica/Troll",  # two hours
]
STEADY_ZONES = ["Asia/Tokyo", "Asia/Kolkata", "UTC"]


def trigger(timezone: str = "UTC", **options: Any) -> ScheduleTrigger:
    """A trigger of the expressions that are named; the others are blank."""
    expressions = {name: str(options.pop(name, "")) for name in CRON_DEFAULTS}
    return ScheduleTrigger(expressions, timezone, **options)


def matches(name: str, text: str, wall: datetime) -> bool:
    """Whether a wall satisfies an expression in its normal form."""
    if name == "day_of_week":
        return any(part == "*" or wall.weekday() in _weekdays(part) for part in text.split(","))
    positions = [part for part in text.split(",") if part == "last" or " " in part]
    if any(wall.day == _position(part, wall.date()) for part in positions):
        return True
    return getattr(wall, name) in _values(name, text)


@cache
def _values(name: str, text: str) -> set[int]:
    least, most = RANGES[name]
    found: set[int] = set()
    for part in text.split(","):
        body, _, step = part.partition("/")
        first, dash, last = body.partition("-")
        if body == "*":
            found.update(range(least, most + 1, int(step or 1)))
        elif body.isascii() and first.isdigit():
            end = int(last) if dash else most if step else int(first)
            found.update(range(int(first), end + 1, int(step or 1)))
    return found


def _weekdays(part: str) -> range:
    first, dash, last = part.partition("-")
    return range(DAYS.index(first), DAYS.index(last if dash else first) + 1)


def _position(part: str, day: date) -> int | None:
    length = monthrange(day.year, day.month)[1]
    if part == "last":
        return length
    which, name = part.split(" ")
    days = [n for n in range(1, length + 1) if day.replace(day=n).weekday() == DAYS.index(name)]
    index = -1 if which == "last" else int(which[0]) - 1
    return days[index] if index < len(days) else None


def instants(
    expressions: Mapping[str, str],
    timezone: str,
    first: datetime,
    last: datetime,
    step: timedelta = timedelta(minutes=1),
) -> list[datetime]:
    """Every instant of a window, in order, that the expressions and the zone rule give."""
    zone = ZoneInfo(timezone)
    interval = re.fullmatch(r"\*(/\d+)?(,\*(/\d+)?)*", expressions.get("hour", "*"))
    found = set()
    texts = sorted(expressions.items(), key=lambda item: item[0] != "minute")  # the cheap first
    for wall in _walls(first.astimezone(zone), last.astimezone(zone), step):
        if all(matches(name, text, wall) for name, text in texts):
            early, late = (wall.replace(tzinfo=zone, fold=f).astimezone(UTC) for f in (0, 1))
            if not interval:
                found.add(early)
            elif early <= late:  # else it lies in the gap
                found |= {early, late}
    return sorted(instant for instant in found if first <= instant <= last)


def _walls(first: datetime, last: datetime, step: timedelta) -> Iterator[datetime]:
    margin = timedelta(hours=2)  # no clock change of these zones is longer
    wall = first.replace(tzinfo=None, second=0, microsecond=0) - margin
    while wall <= last.replace(tzinfo=None) + margin:
        yield wall
        wall += step


def fires(of: ScheduleTrigger, first: datetime, last: datetime) -> list[datetime]:
    """What a trigger gives in a window, asked as a scheduler asks it."""
    found = []
    fire = of.get_next_fire_time(None, first)
    while fire is not None and fire <= last:
        found.append(fire.astimezone(UTC))
        fire = of.get_next_fire_time(fire, last)
    return found


@cache
def transitions(timezone: str, year: int) -> list[datetime]:
    """The clock changes of a year, to the hour: the last hour with the offset from before."""
    zone = ZoneInfo(timezone)
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(366 * 24)]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    return [hours[n] for n in range(len(hours) - 1) if offsets[n] != offsets[n + 1]]
