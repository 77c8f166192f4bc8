"""Schedules for `searches`: at random, and made to be hard to search. The same on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

BOUNDS = {
    "year": (1970, 2199),
    "month": (1, 12),
    "day": (1, 31),
    "week": (1, 53),
    "day_of_week": (0, 6),
    "hour": (0, 23),
    "minute": (0, 59),
    "second": (0, 59),
}
ZONES = [
    "UTC",
    "Asia/Tokyo",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",  # in and out of Ramadan
    "America/Santiago",  # at midnight
    "Antarctica/Troll",  # two hours
    "Pacific/Apia",  # once by a day
    "Asia/Gaza",
]

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WHICH = ("1st", "2nd", "3rd", "4th", "5th", "last")
_POSITIONS = [f"{which} {weekday}" for which in _WHICH for weekday in _WEEKDAYS]
_LONGEST = 255
_TRICKS: dict[str, list[str]] = {
    "year": ["*", "*/1", "1970-2199", "2199", "*/4", "1970-2199/2", "2000,2100", "2096-2104"],
    "month": ["*", "1-11", "2", "*/1", "2-11", "6", "1,12", "jan-dec"],
    "day": ["*", "29", "30,31", "last", "1st mon,last mon", "5th sun", "29-31", "1-31", "*/30"],
    "week": ["*", "53", "1", "52-53", "*/1", "1,53", "2-52/50"],
    "day_of_week": ["*", "mon", "sun", "0-6", "*/1", "thu", "mon,tue,wed,thu,fri,sat,sun"],
    "hour": ["*", "*/2", "*/23", "0", "2", "1-3", "0-23", "*/1,2"],
    "minute": ["*", "59", "*/59", "0-59", "30", "*/1"],
    "second": ["*", "0", "59", "*/59", "0-59"],
}


def at_random(count: int, seed: int = 40) -> Iterator[dict[str, Any]]:
    """The fields of definitions that make sense more often than not."""
    random = Random(seed)
    for _number in range(count):
        named = {name for name in BOUNDS if random.random() < 0.4}
        cron = {name: _expression(random, name) for name in BOUNDS if name in named}
        yield {**cron, **_rest(random)}


def adversarial(count: int, seed: int = 41) -> Iterator[dict[str, Any]]:
    """Those in which almost nothing matches, or every field is as long as it may be."""
    random = Random(seed)
    for number in range(count):
        if number % 3:
            cron = {name: random.choice(tricks) for name, tricks in _TRICKS.items()}
        else:
            cron = {name: _long(random, name) for name in BOUNDS}
        yield {**cron, **_rest(random), "jitter": random.choice([1, 3_600])}


def _expression(random: Random, name: str) -> str:
    return ",".join(_part(random, name) for _ in range(random.choice([1, 1, 2, 5])))


def _long(random: Random, name: str) -> str:
    """As many parts as fit, all of them different."""
    parts: list[str] = []
    for _ in range(150):
        part = _part(random, name)
        if part not in parts and len(",".join([*parts, part])) <= _LONGEST:
            parts.append(part)
    return ",".join(parts)


def _part(random: Random, name: str) -> str:
    least, most = BOUNDS[name]
    first = random.randint(least, most)
    last = random.randint(first, most)
    choices = [str(first), f"{first}-{last}", f"*/{random.randint(1, most - least)}"]
    if last > first:
        choices.append(f"{first}-{last}/{random.randint(1, last - first)}")
    if name == "day":
        choices += ["last", random.choice(_POSITIONS), random.choice(_POSITIONS)]
    return random.choice(choices)


def _rest(random: Random) -> dict[str, Any]:
    begin = datetime(1970, 1, 2, tzinfo=UTC)
    start, end = sorted(begin + timedelta(days=random.randrange(83_000)) for _ in range(2))
    return {
        "timezone": random.choice(ZONES),
        "jitter": random.choice([0, 0, 1, 60, 3_600]),
        "start_date": random.choice([None, None, start]),
        "end_date": random.choice([None, None, end]),
    }
