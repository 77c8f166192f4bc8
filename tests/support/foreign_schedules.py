"""Rows that other packages write themselves, imported, and the fire times of both for a year.

It is for a process of its own, whose settings name the packages: their tables are in no other
test's database.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import time_machine
from django.core.management import call_command

from countjobs import job
from countjobs.models import FunctionJob

NOW = datetime(2026, 1, 10, 12, 0, 20, tzinfo=UTC)
END = NOW + timedelta(days=366)
TASK = "shop.send"


@job(name=TASK)
def send(to: str = "all", days: int = 7, *, loud: bool = False) -> None:
    """What the rows call."""


def imported(source: str, *options: str) -> list[str]:
    """What the command prints."""
    out = io.StringIO()
    call_command("importschedules", "--from", source, *options, stdout=out)
    return out.getvalue().splitlines()


def ours(name: str) -> list[datetime]:
    """The fire times of a definition."""
    trigger = FunctionJob.objects.get(name=name).trigger()
    found, at = [], trigger.get_next_fire_time(None, NOW)
    while at is not None and at < END:
        found.append(at.astimezone(UTC))
        at = trigger.get_next_fire_time(at, at)
    return found


def main(make: str, answer: str) -> None:
    """Make the rows of a package, import them, and write what came of it."""
    call_command("migrate", verbosity=0)
    maker: Callable[[], tuple[str, dict[str, list[datetime]]]] = {"beat": beat, "q": q}[make]
    with time_machine.travel(NOW, tick=False):
        source, theirs = maker()
        dry = imported(source, "--dry-run")
        made_by_dry = FunctionJob.objects.count()
        lines = imported(source)
        values = list(FunctionJob.objects.order_by("name").values())
        again = imported(source)
        unchanged = values == list(FunctionJob.objects.order_by("name").values())
        here = {each["name"]: ours(each["name"]) for each in values}
        accepted = imported(source, "--accept-clock-changes")
    told = {
        "dry": dry,
        "made_by_dry": made_by_dry,
        "lines": lines,
        "again": again,
        "values": {each["name"]: each for each in values},
        "unchanged": unchanged,
        "accepted": accepted,
        "compared": {name: _compared(here[name], theirs[name]) for name in here},
    }
    Path(answer).write_text(json.dumps(told, default=str))


def _compared(here: list[datetime], there: list[datetime]) -> dict[str, Any]:
    differing = sorted(set(here) ^ set(there))
    return {"count": len(there), "differing": [str(each) for each in differing[:4]]}


CRONTABS = {
    # name: the five fields, the zone
    "nightly": ("30", "3", "*", "*", "*", "Europe/Berlin"),
    "hourly": ("5", "*", "*", "*", "*", "America/New_York"),
    "half hours": ("*/30", "*", "*", "*", "*", "Europe/London"),
    "every second hour": ("0", "*/2", "*", "*", "*", "Australia/Lord_Howe"),
    "a fixed hour in the gap": ("30", "2", "*", "*", "*", "America/New_York"),
    "a fixed hour in the fold": ("30", "1", "*", "*", "*", "America/New_York"),
    "both days": ("0", "9", "1-7,15-21", "*", "1", "UTC"),
    "sundays": ("0", "7", "*", "*", "sunday", "Asia/Tokyo"),
    "weekdays": ("15", "8-18/5", "*", "*", "mon-fri", "Europe/Berlin"),
    "around the week": ("15", "8", "*", "*", "fri-mon", "UTC"),
    "months": ("0", "0", "1", "*/3", "*", "Pacific/Auckland"),
    "named months": ("0", "0", "31", "nov-feb", "*", "UTC"),
    "numbers": ("0", "12", "*", "*", "0,3", "America/Sao_Paulo"),
    "leap day": ("0", "12", "29", "2", "*", "UTC"),
}
REFUSED_CRONTABS = {
    "twice in the gap": ("0,30", "2", "*", "*", "*", "America/New_York"),
}


def beat() -> tuple[str, dict[str, list[datetime]]]:
    """Rows of django-celery-beat, and when it would run each of those that come over."""
    from django_celery_beat.models import (  # noqa: PLC0415  # only where it is installed
        ClockedSchedule,
        CrontabSchedule,
        IntervalSchedule,
        PeriodicTask,
        SolarSchedule,
    )

    names = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week", "timezone")
    theirs: dict[str, list[datetime]] = {}
    for name, texts in (CRONTABS | REFUSED_CRONTABS).items():
        crontab = CrontabSchedule.objects.create(**dict(zip(names, texts, strict=True)))
        task = PeriodicTask.objects.create(
            name=name, task=TASK, crontab=crontab, args='["me"]', kwargs='{"days": 3}'
        )
        theirs[name] = list(_beat_times(task, NOW))
    noon = CrontabSchedule.objects.create(minute="0", hour="12", timezone="UTC")
    hours = IntervalSchedule.objects.create(every=5, period="hours")
    days = IntervalSchedule.objects.create(every=2, period="days")
    micro = IntervalSchedule.objects.create(every=5_000, period="microseconds")
    soon = ClockedSchedule.objects.create(clocked_time=NOW + timedelta(days=3))
    past = ClockedSchedule.objects.create(clocked_time=NOW - timedelta(days=3))
    sun = SolarSchedule.objects.create(event="sunrise", latitude=35, longitude=139)
    last = {"last_run_at": NOW - timedelta(minutes=90)}
    ahead = NOW + timedelta(days=40)
    rows: dict[str, dict[str, Any]] = {
        "five hours": {"interval": hours, **last},
        "never run": {"interval": hours},
        "two days": {"interval": days, **last},
        "later": {"interval": hours, "start_time": ahead},
        "ending": {"crontab": noon, "expires": NOW.replace(hour=12, second=0) + timedelta(days=9)},
        "starting": {"crontab": noon, "start_time": NOW.replace(second=0) + timedelta(days=5)},
        "oddly starting": {"crontab": noon, "start_time": ahead},
        "once more": {"crontab": noon, "one_off": True},
        "was once": {"crontab": noon, "one_off": True, "total_run_count": 1},
        "clocked": {"clocked": soon, "one_off": True},
        "past": {"clocked": past, "one_off": True},
        "microseconds": {"interval": micro},
        "sunrise": {"solar": sun},
        "off": {"interval": hours, "enabled": False},
        "queued": {"interval": hours, **last, "queue": "slow", "priority": 3},
        "a day late": {"interval": hours, **last, "expire_seconds": 86_400},
        "unknown": {"interval": hours, "task": "os.system"},
        "bad arguments": {"interval": hours, "args": "[1, 2, 3, 4]"},
        "no json": {"interval": hours, "args": "[1,"},
    }
    for name, fields in rows.items():
        task = PeriodicTask.objects.create(**{"name": name, "task": TASK, **fields})
        if name in {"sunrise", "microseconds"}:
            continue
        theirs[name] = list(_beat_times(task, task.last_run_at or task.date_changed))
    return "celery-beat", theirs


def _beat_times(task: Any, last: datetime) -> Iterator[datetime]:
    """Each time from the one before, as beat's own schedules tell what remains until then."""
    schedule = task.schedule
    clock = [max(last, NOW)]
    schedule.nowfun = lambda: clock[0]
    if task.clocked is not None:
        yield NOW + schedule.remaining_estimate(None)
        return
    begins = task.start_time or NOW
    if task.start_time:
        last -= timedelta(days=365 * 30)
    while True:
        clock[0] = last
        at = max((last + schedule.remaining_estimate(last)).astimezone(UTC), begins)
        clock[0] = at
        assert schedule.is_due(last).is_due
        if at >= (task.expires or END):
            return
        yield at
        if task.one_off:
            return
        last = at


def q() -> tuple[str, dict[str, list[datetime]]]:
    """Rows of django-q2, and when it would run each of those that come over."""
    from django_q.models import Schedule  # noqa: PLC0415  # only where it is installed

    at = datetime(2026, 1, 12, 9, 30, tzinfo=UTC)  # 10:30 in Berlin
    gap = datetime(2026, 1, 12, 1, 30, tzinfo=UTC)  # 02:30
    rows: dict[str, dict[str, Any]] = {
        "minutes": {"schedule_type": "I", "minutes": 95},
        "two days of minutes": {"schedule_type": "I", "minutes": 2_880},
        "hourly": {"schedule_type": "H"},
        "daily": {"schedule_type": "D"},
        "daily in the gap": {"schedule_type": "D", "next_run": gap},
        "weekly": {"schedule_type": "W"},
        "biweekly": {"schedule_type": "BW"},
        "monthly": {"schedule_type": "M"},
        "bimonthly": {"schedule_type": "BM"},
        "quarterly": {"schedule_type": "Q"},
        "yearly": {"schedule_type": "Y"},
        "on the 31st": {"schedule_type": "M", "next_run": at.replace(day=31)},
        "cron": {"schedule_type": "C", "cron": "15 10 * * 1-5"},
        "cron of hours": {"schedule_type": "C", "cron": "5 * * * *"},
        "cron in the gap": {"schedule_type": "C", "cron": "30 2 * * *"},
        "cron of either day": {"schedule_type": "C", "cron": "30 5 1 * 1"},
        "once": {"schedule_type": "O"},
        "once, late": {"schedule_type": "O", "next_run": NOW - timedelta(days=1)},
        "three times": {"schedule_type": "D", "repeats": 3},
        "no more": {"schedule_type": "D", "repeats": 0},
        "intended": {"schedule_type": "D", "intended_date_kwarg": "to"},
        "hooked": {"schedule_type": "D", "hook": "shop.hook", "cluster": "slow"},
        "code": {"schedule_type": "D", "kwargs": "to=__import__('os').name"},
        "unknown": {"schedule_type": "D", "func": "os.system"},
    }
    theirs: dict[str, list[datetime]] = {}
    for name, fields in rows.items():
        values = {"func": TASK, "args": "'me'", "kwargs": "days=3", "next_run": at, **fields}
        row = Schedule.objects.create(name=name, **values)
        row.refresh_from_db()
        theirs[name] = list(_q_times(row))
    for _each in range(2):
        Schedule.objects.create(name="twins", func=TASK, schedule_type="H", next_run=at)
    for row in Schedule.objects.filter(name="twins"):
        theirs[f"twins ({row.pk})"] = list(_q_times(row))
    return "django-q", theirs


def _q_times(row: Any) -> Iterator[datetime]:
    """As django-q2's own scheduler moves `next_run`, right after it has run."""
    at, left = row.next_run, row.repeats
    if row.schedule_type == "C":
        at = row.calculate_next_run().astimezone(UTC)  # as when it is saved in the admin
    while at < END and left != 0:
        yield at
        left -= 1
        if row.schedule_type == "O":
            return
        with time_machine.travel(at + timedelta(milliseconds=20), tick=False):
            at = row.calculate_next_run(at).astimezone(UTC)
