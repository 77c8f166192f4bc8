"""The schedule that `@job` takes: cron fields with APScheduler's rule, or a crontab line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apscheduler.triggers.cron import CronTrigger

from countjobs.functions.declared_schedules import schedule_fields
from countjobs.triggers import CRON_DEFAULTS

SCHEDULES: list[dict[str, Any]] = [
    {"hour": "3"},
    {"hour": 3},
    {"minute": "*/5"},
    {"second": "*/10"},
    {"day": "1"},
    {"day_of_week": "mon"},
    {"week": "*/2"},
    {"month": "1", "hour": "12"},
    {"year": "2030"},
    {"day_of_week": "mon-fri", "minute": "30"},
    {"hour": 3, "minute": None, "second": None},
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_fields_that_are_left_out_are_as_in_apscheduler(schedule: dict[str, Any]) -> None:
    fields = schedule_fields(schedule)
    assert fields.keys() == CRON_DEFAULTS.keys()
    ours = {field.name: str(field) for field in CronTrigger(**fields, timezone=UTC).fields}
    theirs = {field.name: str(field) for field in CronTrigger(**schedule, timezone=UTC).fields}
    assert ours == theirs


def test_fields_beside_the_cron_fields_stay_as_they_are() -> None:
    start = datetime(2026, 3, 4, tzinfo=UTC)
    fields = schedule_fields(
        {"hour": "3", "timezone": "Asia/Tokyo", "start_date": start, "jitter": 5, "end_date": None}
    )
    assert (fields["timezone"], fields["start_date"], fields["jitter"]) == ("Asia/Tokyo", start, 5)
    assert fields["end_date"] is None
    assert (fields["hour"], fields["minute"], fields["second"]) == ("3", "0", "0")


def test_a_crontab_line_is_a_schedule() -> None:
    fields = schedule_fields("30 9 * * mon-fri")
    assert (fields["hour"], fields["minute"], fields["day_of_week"]) == ("9", "30", "mon-fri")
    assert schedule_fields("@daily")["hour"] == "0"


@pytest.mark.parametrize(
    "schedule", [timedelta(minutes=5), {"every": 300}, {"every": timedelta(minutes=5)}], ids=str
)
def test_an_interval_is_a_schedule(schedule: Any) -> None:
    assert schedule_fields(schedule) == {"schedule_type": "interval", "every": 300}


def test_fields_beside_every_stay_as_they_are() -> None:
    start = datetime(2026, 3, 4, tzinfo=UTC)
    beside: dict[str, Any] = {"timezone": "Asia/Tokyo", "start_date": start, "jitter": 5}
    fields = schedule_fields({"every": timedelta(days=1), **beside})
    assert fields == {"schedule_type": "interval", "every": 86_400, **beside}


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        ({}, "names at least one cron field"),
        ({"timezone": "UTC"}, "names at least one cron field"),
        ({"hours": "3"}, "A schedule has no field hours"),
        ({7: "3"}, "A schedule has no field 7"),
        ("* *", "five fields|5 fields"),
        ("", "No schedule was found"),
        ("0 3 * * * mail", "leave the command out"),
        (7, "a dict of fields, a crontab line, or a timedelta"),
        (["0 3 * * *"], "a dict of fields, a crontab line, or a timedelta"),
        ({"every": 60, "hour": 3, "minute": 5}, "not both: leave out hour, minute"),
        ({"every": None}, "at least one cron field, or has “every”"),
        ({"every": "60"}, "of whole seconds, not '60'"),
        ({"every": True}, "of whole seconds, not True"),
        ({"every": 1.5}, "of whole seconds, not 1.5"),
        (timedelta(seconds=1.5), "of whole seconds, not datetime.timedelta"),
    ],
    ids=str,
)
def test_what_is_no_schedule_is_refused(schedule: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        schedule_fields(schedule)
