"""Rows that plain django-apscheduler has written: read without running anything in them."""

from __future__ import annotations

import io
import os
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.calendarinterval import CalendarIntervalTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger
from django.core.management import call_command
from django_apscheduler.jobstores import DjangoJobStore
from django_apscheduler.models import DjangoJob

from countjobs.functions.registry import Registry
from countjobs.imports.inert_pickles import UnreadableStateError, load_state
from countjobs.models import FunctionJob
from tests.support.isolated_registry import isolated_registry
from tests.support.registering import register

__all__ = ["isolated_registry"]

NOW = datetime(2026, 1, 10, 12, 0, 20, tzinfo=UTC)
END = NOW + timedelta(days=366)
BERLIN = "Europe/Berlin"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated_registry")]


def send(to: str = "all", days: int = 7) -> None:
    """What the rows call."""


class Planted:
    """What a pickle of a stranger may hold."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("planted",)


def add(name: str, trigger: Any, **options: Any) -> Any:
    """A row, written by the package's own job store. Returns its trigger."""
    options = {"misfire_grace_time": 60, "coalesce": True, "max_instances": 1, **options}
    options.setdefault("next_run_time", NOW)
    job = BackgroundScheduler(timezone=UTC).add_job(send, trigger, id=name, **options)
    job.executor = "default"
    DjangoJobStore().add_job(job)
    return job.trigger


def imported(*options: str) -> list[str]:
    out = io.StringIO()
    with time_machine.travel(NOW, tick=False):
        call_command("importschedules", "--from", "django-apscheduler", *options, stdout=out)
    return out.getvalue().splitlines()


def times(trigger: Any) -> list[datetime]:
    found, at = [], trigger.get_next_fire_time(None, NOW)
    while at is not None and at < END:
        found.append(at.astimezone(UTC))
        at = trigger.get_next_fire_time(at, at)
    return found


TRIGGERS: dict[str, Any] = {
    "nightly": CronTrigger(hour=3, timezone=BERLIN),
    "every hour": CronTrigger(minute=5, timezone="America/New_York"),
    "weekdays": CronTrigger(day_of_week="mon-fri", hour="8-18/5", minute="1,5", timezone=BERLIN),
    "numbers": CronTrigger(day_of_week="0,6", hour=12, timezone=UTC),
    "months": CronTrigger(month="jan-mar,7", day="last", timezone="Asia/Tokyo"),
    "positions": CronTrigger(day="2nd tue, last fri", hour=1, timezone=UTC),
    "steps": CronTrigger(month="*/2", day="1-20/7", hour=4, second=30, timezone=UTC),
    "bounded": CronTrigger(
        hour=6, start_date=NOW + timedelta(5), end_date=NOW + timedelta(9), timezone=UTC
    ),
    "interval": IntervalTrigger(minutes=95, start_date=NOW - timedelta(9), timezone=UTC),
    "whole days": IntervalTrigger(days=2, start_date=NOW - timedelta(9), timezone=BERLIN),
    "date": DateTrigger(NOW + timedelta(days=30), timezone=BERLIN),
}


def test_what_comes_over_fires_as_apscheduler_says_for_a_year() -> None:
    register(send, name=f"{__name__}.send")
    triggers = {name: add(name, trigger) for name, trigger in TRIGGERS.items()}
    lines = imported()
    assert [line for line in lines[:-1] if not line.startswith("made: ")] == []
    assert FunctionJob.objects.count() == len(TRIGGERS)
    for definition in FunctionJob.objects.all():
        expected = times(triggers[definition.name])
        assert expected, definition.name
        assert times(definition.trigger()) == expected, definition.name
    assert imported()[-1] == f"{len(TRIGGERS)} unchanged."
    assert DjangoJob.objects.filter(id__in=TRIGGERS).count() == len(TRIGGERS)


def test_arguments_and_rules_come_too() -> None:
    register(send, name="mails.send", aliases=[f"{__name__}.send"])
    trigger = IntervalTrigger(hours=1, start_date=NOW, timezone=UTC, jitter=30)
    add("one", trigger, args=["me"], kwargs={"days": 3}, next_run_time=None, max_instances=4)
    lines = imported()
    assert lines[1].startswith("    note: Its jitter moves a run up to 30 seconds to either side")
    made = FunctionJob.objects.get()
    assert (made.function, made.arguments) == ("mails.send", {"to": "me", "days": 3})
    assert (made.enabled, made.misfire_grace_time, made.max_instances) == (False, 60, 4)
    assert (made.coalesce, made.jitter) == (True, 30)


@pytest.mark.parametrize(
    ("trigger", "says"),
    [
        (OrTrigger([DateTrigger(NOW)]), "A OrTrigger has no counterpart"),
        (CalendarIntervalTrigger(months=1, timezone=UTC), "A CalendarIntervalTrigger has no"),
        (IntervalTrigger(seconds=1.5, timezone=UTC), "isn't in whole seconds"),
        (DateTrigger(NOW - timedelta(1)), "that moment has passed"),
        (
            CronTrigger(hour=2, minute=30, timezone=BERLIN),
            "at 2026-10-25 02:30:00 +0100, APScheduler is due, a definition is not",
        ),
    ],
)
def test_what_has_no_counterpart_is_told_with_the_reason(trigger: Any, says: str) -> None:
    register(send, name=f"{__name__}.send")
    add("other", trigger)
    line, total = imported()
    assert line.startswith("not imported: other: ")
    assert says in line
    assert total == "1 not imported."


def test_a_function_that_is_not_registered_is_never_imported() -> None:
    add("one", DateTrigger(NOW + timedelta(1)))
    assert "Put @job on the function" in imported()[0]


def test_a_row_that_would_run_code_is_left_unread(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    DjangoJob.objects.create(id="evil", job_state=pickle.dumps({"func": Planted()}))
    assert f"it holds a {os.mkdir.__module__}.mkdir" in imported()[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "pickled",
    [
        b"cbuiltins\neval\n(V1\ntR.",
        b"cbuiltins\ngetattr\n(cdatetime\ndatetime\nVnow\ntR.",
        b"czoneinfo\nZoneInfo.clear_cache\n(tR.",
        b"capscheduler.util\nref_to_obj\n(Vos:getcwd\ntR.",
        b"not a pickle",
        b"\x80\x04N.",
        b"0" * 1_000_001,
    ],
)
def test_no_other_name_is_resolved(pickled: bytes) -> None:
    with pytest.raises(UnreadableStateError):
        load_state(pickled)


@pytest.mark.parametrize("protocol", range(3, pickle.HIGHEST_PROTOCOL + 1))
def test_all_newer_protocols_are_read(protocol: int, isolated_registry: Registry) -> None:
    register(send, name=f"{__name__}.send")
    job = BackgroundScheduler(timezone=UTC).add_job(
        send,
        TRIGGERS["nightly"],
        id="a",
        next_run_time=NOW,
        misfire_grace_time=1,
        max_instances=1,
        coalesce=True,
    )
    job.executor = "default"
    DjangoJobStore(pickle_protocol=protocol).add_job(job)
    assert imported()[-1] == "1 made."
