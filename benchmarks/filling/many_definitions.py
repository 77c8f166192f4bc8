"""Definitions of many kinds of schedules, with the job store's rows that saving them writes."""

from __future__ import annotations

from typing import Any

from benchmarks.own_process import say
from countjobs.models import CountJob

BATCH = 5_000
MESSAGES = {"one": "one count.", "two": "two count.", "three": "three count."}
WHAT = ("invoices", "mails", "backup", "report", "clean-up", "import", "export", "reminders")
WHOSE = ("Tokyo", "Osaka", "London", "Paris", "Berlin", "New York", "Sydney", "head office")
ZONES = (
    *("UTC",) * 4,
    *("Asia/Tokyo",) * 3,
    *("Europe/London", "Europe/Berlin", "America/New_York", "America/Los_Angeles"),
    *("Australia/Sydney", "Asia/Kolkata"),
)
BROKEN_EVERY = 1_000
"""One of so many names a zone that there isn't, as a row may that nobody has validated."""
DISABLED_EVERY = 10


def make(count: int) -> None:
    """Make so many, in bulk, telling how far it is."""
    for first in range(1, count + 1, BATCH):
        last = min(first + BATCH - 1, count)
        CountJob.objects.bulk_create(CountJob(**fields_of(n)) for n in range(first, last + 1))
        say(f"  {last:,} of {count:,} definitions made")


def fields_of(number: int) -> dict[str, Any]:
    """The fields of a definition by its number, from 1."""
    zone = ZONES[number % len(ZONES)]
    return {
        "name": name_of(number),
        "description": "" if number % 3 else f"Asked for by team {number % 40}.",
        "enabled": number % DISABLED_EVERY != 0,
        "timezone": zone if (number + 1) % BROKEN_EVERY else "Mars/Olympus",
        "misfire_grace_time": None if number % 4 else 300,
        "max_instances": 1 + number % 3,
        "rerun_if_lost": number % 20 == 5,
        "messages": MESSAGES,
        **_schedule_of(number),
    }


def name_of(number: int) -> str:
    """What a definition is called: words that many share, and a number that none does."""
    what, whose = WHAT[number % len(WHAT)], WHOSE[number // len(WHAT) % len(WHOSE)]
    return f"{what} of {whose}, {number}"


def _schedule_of(number: int) -> dict[str, str]:
    minute, hour = str(number % 60), str(number // 60 % 24)
    schedules: tuple[dict[str, str], ...] = (
        {"hour": hour, "minute": minute},
        {"hour": hour, "minute": minute, "day_of_week": "mon-fri"},
        {"hour": hour, "minute": minute, "day": str(1 + number % 28)},
        {"hour": hour, "minute": minute, "day": "last fri"},
        {"minute": minute},
        {"minute": "*/15"},
        {"hour": "9-17", "minute": f"{minute},{(number + 30) % 60}"},
        {"minute": "*/5", "second": str(number % 60)},
    )
    return schedules[number % len(schedules)]
