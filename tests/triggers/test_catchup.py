"""What is due after a downtime, compared with walking through it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.calendarinterval import CalendarIntervalTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from countjobs.triggers import CRON_DEFAULTS, Due, ScheduleTrigger, due_fires
from tests.support.looks import count_looks
from tests.support.oracle import DST_ZONES, fires, transitions, trigger

NOW = datetime(2026, 11, 22, 10, 0, 2, 500_000, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
MOST = [1, 3, 10]


def _walked(of: ScheduleTrigger, first: datetime, now: datetime, most: int) -> Due:
    found = fires(of, first, now)
    following = of.get_next_fire_time(found[-1], now)
    return Due(found[-most:], len(found[:-most]), following and following.astimezone(UTC))


@pytest.mark.parametrize("most", MOST)
@pytest.mark.parametrize("timezone", DST_ZONES)
@pytest.mark.parametrize("texts", [{}, {"hour": "1-3", "minute": "*/10"}, {"minute": "0,59"}])
def test_the_latest_are_found_and_the_others_counted_across_a_clock_change(
    texts: dict[str, str], timezone: str, most: int
) -> None:
    tested = trigger(timezone, **texts)
    for change in transitions(timezone, 2026)[:2]:
        first = tested.get_next_fire_time(None, change - timedelta(hours=4))
        assert first is not None
        now = change + timedelta(hours=3, seconds=7)
        assert due_fires(tested, first, now, most) == _walked(tested, first, now, most)


@pytest.mark.parametrize("most", MOST)
@pytest.mark.parametrize("jitter", [0, 1, 30, 3_600])
def test_the_latest_are_found_and_the_others_counted_with_jitter(jitter: int, most: int) -> None:
    end = NOW - timedelta(minutes=5)
    choices: list[dict[str, Any]] = [{}, {"end": end}]
    for limits in choices:
        tested = trigger(second="*/7", jitter=jitter, seed="job", **limits)
        first = tested.get_next_fire_time(None, NOW - timedelta(minutes=9))
        assert first is not None
        assert due_fires(tested, first, NOW, most) == _walked(tested, first, NOW, most)


def test_a_fold_s_second_hour_is_walked_on_to() -> None:
    """01:59 before it reads later than 01:00 after it, on the wall."""
    every = trigger("America/New_York", minute="0")
    first = datetime(2026, 11, 1, 5, tzinfo=UTC)
    due = due_fires(every, first, first + timedelta(hours=2), 10)
    assert due.latest == [first + timedelta(hours=n) for n in range(3)]


@pytest.mark.parametrize("most", MOST)
def test_nothing_is_due_before_its_time(most: int) -> None:
    first = NOW + timedelta(seconds=1)
    assert due_fires(trigger(), first, NOW, most) == Due([], 0, first)


@pytest.mark.parametrize("most", MOST)
def test_the_instant_itself_is_due(most: int) -> None:
    every = trigger(second="*/5")
    now = NOW.replace(second=5, microsecond=0)
    assert due_fires(every, now, now, most) == Due([now], 0, now + timedelta(seconds=5))


def test_what_has_ended_has_nothing_that_follows() -> None:
    every = trigger(second="*/5", end=NOW)
    first = NOW.replace(second=0, microsecond=0)
    assert due_fires(every, first, NOW + DAY, 1) == Due([first], 0, None)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every question to a calendar: what reckoning with fire times costs."""
    yield from count_looks(
        monkeypatch, "next_wall", "previous_wall", "count_walls", "matches_minute"
    )


# Hundreds of questions take a millisecond or two.
@pytest.mark.parametrize("timezone", ["UTC", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("days", [1, 30, 365, 3_650])
@pytest.mark.parametrize("case", [(0, 1, 20), (0, 11, 120), (30, 11, 400)])
def test_promise_08_a_month_of_downtime_costs_as_little_as_a_day(
    days: int, timezone: str, case: tuple[int, int, int], looks: list[str]
) -> None:
    """Promise 8: a one-second job that was off for a month is 2.6 million fire times."""
    jitter, most, looked = case
    texts = CRON_DEFAULTS | {"second": "*"}
    tested = ScheduleTrigger(texts, timezone, jitter=jitter, seed=str(days))
    last = NOW.replace(microsecond=0)
    first = last - days * DAY
    due = due_fires(tested, first, NOW - SECOND * bool(jitter), most)
    assert len(due.latest) == most
    if not jitter:
        assert due.latest == [last - timedelta(seconds=n) for n in reversed(range(most))]
        assert due.earlier == days * 86_400 + 1 - most
        assert due.following == last + SECOND
    changes = [t for year in range(2016, 2027) for t in transitions(timezone, year)]
    crossed = len([change for change in changes if first < change < NOW])
    assert len(looks) < looked + crossed * 130  # in a dropped hour, one or two a minute


@pytest.mark.parametrize(
    "texts",
    [
        {"hour": "2", "minute": "*", "second": "*"},  # the hour that New York drops
        {"hour": "1", "minute": "*", "second": "*"},  # the one that it repeats
        {"hour": "4", "minute": "0", "second": "*"},
        {"day": "8", "hour": "2,3", "minute": "30", "second": "*/7"},
    ],
)
def test_bursts_cost_as_little(texts: dict[str, str], looks: list[str]) -> None:
    """What fires every second of an hour, or of a minute, and then not for a day."""
    tested = trigger("America/New_York", **texts)
    for change in transitions("America/New_York", 2026):
        first = tested.get_next_fire_time(None, change - DAY)
        assert first is not None
        now = max(first, change) + timedelta(hours=20, minutes=3)
        looks.clear()
        due = due_fires(tested, first, now, 11)
        assert len(looks) < 1_500
        assert due == _walked(tested, first, now, 11)


# Triggers from code


@pytest.mark.parametrize("most", MOST)
def test_an_interval_of_code_is_walked(most: int) -> None:
    first = NOW - timedelta(minutes=10)
    due = due_fires(IntervalTrigger(seconds=60, start_date=first, timezone=UTC), first, NOW, most)
    assert due.latest == [NOW - timedelta(minutes=n) for n in reversed(range(most))]
    assert due.earlier == 11 - most
    assert due.following == NOW + timedelta(minutes=1)


def test_a_long_downtime_of_a_trigger_of_code_is_cut_off() -> None:
    first = NOW - 30 * DAY
    due = due_fires(IntervalTrigger(seconds=1, start_date=first, timezone=UTC), first, NOW, 1)
    assert (len(due.latest), due.earlier) == (1, 9_999)
    assert due.following == NOW + timedelta(seconds=1)


def test_a_date_of_code_is_due_once() -> None:
    assert due_fires(DateTrigger(NOW), NOW, NOW + DAY, 3) == Due([NOW], 0, None)


def test_apscheduler_s_own_cron_is_walked_through_the_fold() -> None:
    first = datetime(2026, 11, 1, 4, 30, tzinfo=UTC)
    own = CronTrigger(minute=30, timezone="America/New_York")
    due = due_fires(own, first, first + timedelta(hours=4), 10)
    assert due.latest[:2] == [first, first + timedelta(hours=1)]
    assert due.latest == sorted(set(due.latest))


def test_a_trigger_of_dates_is_asked_in_its_own_zone() -> None:
    """Midnight in Tokyo is the day before in UTC, which is what the job store gives back."""
    daily = CalendarIntervalTrigger(days=1, start_date="2026-11-20", timezone="Asia/Tokyo")
    first = datetime(2026, 11, 20, 15, tzinfo=UTC)  # the 21st in Tokyo
    due = due_fires(daily, first, first + DAY, 3)
    assert due == Due([first, first + DAY], 0, first + 2 * DAY)


class StuckTrigger(DateTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Always says the same."""

    def get_next_fire_time(self, previous_fire_time: object, now: object) -> object:
        return self.run_date


def test_a_trigger_that_does_not_move_on_is_not_walked_for_ever() -> None:
    due = due_fires(StuckTrigger(NOW), NOW, NOW + DAY, 3)
    assert due.latest == [NOW]


# The search backwards


@pytest.mark.parametrize("jitter", [0, 60])
def test_the_last_fire_time_is_found_in_a_few_steps(jitter: int, looks: list[str]) -> None:
    yearly = trigger(month="1", day="1", hour="0", minute="0", jitter=jitter, seed="job")
    found = yearly.last_fire_time(NOW)
    assert found is not None
    new_year = datetime(2026, 1, 1, tzinfo=UTC)
    assert new_year <= found <= new_year + timedelta(seconds=jitter)
    assert len(looks) < 10


def test_where_nothing_fires_there_is_no_last_fire_time() -> None:
    yearly = {"month": "1", "day": "1", "hour": "0", "minute": "0"}
    assert trigger(**yearly, start=NOW - DAY).last_fire_time(NOW) is None
    assert trigger(**yearly, year="2030").last_fire_time(NOW) is None
    assert trigger(month="2", day="30").last_fire_time(NOW) is None


@pytest.mark.parametrize("jitter", [0, 7, 3_600])
@pytest.mark.parametrize("timezone", DST_ZONES)
def test_the_last_fire_time_is_the_one_after_which_the_next_is_not_over(
    timezone: str, jitter: int
) -> None:
    tested = trigger(timezone, hour="1-3", minute="*/20", jitter=jitter, seed="job")
    for change in transitions(timezone, 2026)[:2]:
        walked = fires(tested, change - DAY, change + DAY)
        for at in (change + timedelta(minutes=7 * n, seconds=n) for n in range(-30, 60)):
            assert tested.last_fire_time(at) == max(fire for fire in walked if fire <= at)


def test_one_trigger_is_asked_for_all_schedules_that_are_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    every = trigger(second="*/5")
    monkeypatch.setattr(every, "get_next_fire_time", lambda *_: asked.append(1))
    for zone in (UTC, ZoneInfo("Asia/Tokyo")):
        assert due_fires(every, NOW.astimezone(zone), NOW, 1) == Due([NOW], 0, None)
    assert len(asked) == 1
