"""Warnings of a schedule: what a clock change does to it, and how often it runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from countjobs.triggers import CRON_DEFAULTS, ScheduleTrigger
from countjobs.triggers.clocks import first_transition
from countjobs.triggers.warnings import LOOK_AHEAD, clock_warnings, schedule_warnings
from tests.support.definition_form import form_values
from tests.support.people import client_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ADD = "/admin/countjobs/countjob/add/"

GAP = "the clock skips"
FOLD = "the clock shows"


def trigger(zone: str = "Europe/Berlin", **fields: Any) -> ScheduleTrigger:
    dates = {name: fields.pop(name) for name in ("start", "end") if name in fields}
    return ScheduleTrigger(CRON_DEFAULTS | fields, zone, **dates)


def warned(zone: str = "Europe/Berlin", **fields: Any) -> list[str]:
    return schedule_warnings(trigger(zone, **fields), NOW)


def test_a_daily_time_in_the_dropped_and_the_repeated_hour_says_both_dates() -> None:
    assert warned(hour="2", minute="30") == [
        f"On 2027-03-28 {GAP} 02:30. The job runs at 03:30 instead.",
        f"On 2027-10-31 {FOLD} 02:30 twice. The job runs only the first time.",
    ]


def test_the_southern_hemisphere_comes_in_its_own_order_and_half_hours_are_half_an_hour() -> None:
    # What is ambiguous on Lord Howe Island is 01:30 to 02:00.
    assert warned("Australia/Lord_Howe", hour="1", minute="45") == [
        f"On 2027-04-04 {FOLD} 01:45 twice. The job runs only the first time."
    ]
    assert warned("Australia/Lord_Howe", hour="2", minute="15") == [
        f"On 2027-10-03 {GAP} 02:15. The job runs at 02:45 instead."
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"minute": "*/5"},
        {"minute": "30"},
        {"hour": "4", "minute": "0"},
        {"hour": "2", "minute": "30", "month": "jun"},
        {"hour": "2", "minute": "30", "day_of_week": "mon-sat"},
        {"hour": "2", "minute": "30", "zone": "UTC"},
        {"hour": "2", "minute": "30", "zone": "Asia/Tokyo"},
        {"hour": "2", "minute": "30", "end": NOW + timedelta(days=30)},
        {"hour": "2", "minute": "30", "start": NOW + timedelta(days=500)},
        {"year": "2030", "hour": "2", "minute": "30"},
    ],
)
def test_what_no_clock_change_touches_gives_no_warning(fields: dict[str, Any]) -> None:
    assert warned(**fields) == []


def test_every_other_hour_goes_by_what_the_clock_shows() -> None:
    """Issue 8, line 30: what is dropped doesn't run, and what is repeated runs at both."""
    first, second = warned(hour="*/2", minute="0")
    assert first == (
        "On 2027-03-28 the clock skips 02:00."
        " This run is left out, because the field “hour” is an interval (* or */n)."
    )
    assert second.endswith("the clock shows 02:00 twice. The job runs both times.")


def test_a_dropped_time_that_meets_another_run_says_so() -> None:
    assert (
        "at 03:30 instead, but the schedule already has a run at 03:30. So it runs once"
        in warned(hour="1-4", minute="30")[0]
    )


def test_many_fire_times_in_the_hour_are_counted() -> None:
    gap, fold = warned(hour="2", minute="*", second="*/30")
    assert gap.endswith("at 03:00 instead. The same applies to 119 other runs.")
    assert fold.endswith("The same applies to 119 other runs.")


def test_what_was_a_minute_ago_is_no_warning_and_what_comes_is() -> None:
    fold = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 in Berlin, for the first time
    of_today = "On 2026-10-25 the clock shows 02:30"
    before, after = (
        schedule_warnings(trigger(hour="2", minute="30"), fold + timedelta(minutes=minutes))
        for minutes in (-1, 1)
    )
    assert any(text.startswith(of_today) for text in before)
    assert not any(text.startswith(of_today) for text in after)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Africa/Casablanca"])
@pytest.mark.parametrize("fields", [{"hour": "1,2", "minute": "15,45"}, {"hour": "2,3"}])
def test_what_a_warning_says_is_what_the_trigger_does(zone: str, fields: dict[str, Any]) -> None:
    schedule = trigger(zone, **fields)
    found = list(clock_warnings(schedule, NOW))
    for warning in found:
        change = warning.change
        old_wall = warning.first.replace(tzinfo=UTC) - change.before
        fire = schedule.get_next_fire_time(None, old_wall)
        assert fire
        assert fire.astimezone(UTC) == old_wall
        if change.is_gap:
            assert fire.replace(tzinfo=None) == warning.first + change.length
        else:
            again = schedule.get_next_fire_time(None, old_wall + change.length)
            assert again
            assert again.astimezone(UTC) != old_wall + change.length
    assert bool(found) == bool(first_transition(schedule.timezone, NOW, NOW + LOOK_AHEAD))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"second": "*"}, "The job runs every second: 86,400 runs a day."),
        ({"second": "*/1"}, "The job runs every second: 86,400 runs a day."),
        ({"hour": "9", "second": "*"}, "The job runs every second: 3,600 runs a day."),
        (
            {"hour": "9", "minute": "30", "second": "*"},
            "The job runs every second of the chosen minutes: 60 runs a day.",
        ),
    ],
)
def test_every_second_is_worth_a_warning(fields: dict[str, str], said: str) -> None:
    assert warned("UTC", **fields) == [said]


def test_every_other_second_is_not() -> None:
    assert warned("UTC", second="*/2") == []


# --- On the pages


@pytest.fixture
def client() -> Client:
    return client_of("superuser")


@pytest.mark.django_db
def test_the_preview_warns_while_the_schedule_is_typed(client: Client) -> None:
    posted = {"hour": "2", "minute": "30", "timezone": "Europe/Berlin"}
    page = client.post("/admin/countjobs/countjob/preview/", posted).content.decode()
    assert page.count("<strong>Warning:</strong>") == 2
    assert "the clock skips" in page


@pytest.mark.django_db
def test_saving_warns_too_but_saves(client: Client) -> None:
    response = client.post(ADD, form_values({"second": "*"}))
    assert response.status_code == 302
    texts = [str(message) for message in get_messages(response.wsgi_request)]
    assert "The job runs every second: 86,400 runs a day." in texts


@pytest.mark.django_db
def test_saving_what_is_disabled_does_not_warn(client: Client) -> None:
    posted = form_values({"second": "*"})
    del posted["enabled"]
    response = client.post(ADD, posted)
    texts = [str(message) for message in get_messages(response.wsgi_request)]
    assert not any("every second" in text for text in texts)
