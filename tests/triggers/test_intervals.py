"""Intervals: elapsed time, and days by the wall clock, against a reckoning step by step."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from countjobs.jobstores.signing import seal, unseal
from countjobs.triggers import BoundedTrigger, IntervalTrigger, due_fires
from countjobs.triggers.calendar import CronCalendar
from countjobs.triggers.intervals import DayCalendar, Steps
from countjobs.triggers.upcoming import upcoming
from tests.support.factories import NOON, code_job
from tests.support.interval_oracle import (
    DAY,
    TICK,
    ZONES,
    days_by_apscheduler,
    interval,
    walked,
)
from tests.support.oracle import transitions
from tests.support.strategies import steadily

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@st.composite
def starts(draw: st.DrawFn) -> tuple[str, datetime, datetime]:
    """A zone, one of its clock changes, and a start so many days before, at about that hour."""
    timezone = draw(st.sampled_from(ZONES))
    changes = [each for year in (2024, 2026) for each in transitions(timezone, year)]
    change = draw(st.sampled_from(changes or [datetime(2026, 3, 8, 7, tzinfo=UTC)]))
    start = change - draw(st.integers(0, 12)) * DAY
    start += timedelta(seconds=draw(st.integers(-7_200, 7_200)))
    return timezone, change, start + timedelta(microseconds=draw(st.sampled_from([0, 0, 1, 999])))


elapsed = st.sampled_from([1_800, 3_600, 7_200, 86_399, 90_000, 5_000]) | st.integers(1_500, 90_000)
days = st.integers(1, 9).map(lambda number: number * 86_400)


@given(starts(), elapsed | days, st.integers(0, 12 * 86_400))
@example(("Australia/Lord_Howe", NOON, datetime(2026, 10, 2, 15, 40, tzinfo=UTC)), 86_400, 0)
@example(("America/New_York", NOON, datetime(2026, 11, 1, 6, 30, tzinfo=UTC)), 86_400, 86_400)
@settings(steadily, max_examples=150)
def test_next_last_and_count_are_those_of_walking(
    at: tuple[str, datetime, datetime], every: int, asked: int
) -> None:
    timezone, _change, start = at
    tested = IntervalTrigger(every, timezone, start=start)
    last = start + 16 * DAY
    expected = walked(timedelta(seconds=every), timezone, start, last)
    assert fires(tested, start - DAY, last) == expected
    middle = start + timedelta(seconds=asked)
    until = [instant for instant in expected if instant <= middle]
    assert tested.last_fire_time(middle) == until[-1]
    assert tested.last_fire_time(start - TICK) is None
    assert tested.count_fires(start - TICK, middle) == len(until)
    assert tested.count_fires(middle, last) == len(expected) - len(until)


def fires(tested: BoundedTrigger, first: datetime, last: datetime) -> list[datetime]:
    found = []
    fire = tested.get_next_fire_time(None, first)
    while fire is not None and fire <= last:
        found.append(fire.astimezone(UTC))
        fire = tested.get_next_fire_time(fire, last)
    return found


@given(starts(), st.integers(1, 5))
@settings(steadily, max_examples=60)
def test_whole_days_are_those_of_apscheduler_and_a_day_in_the_gap_runs_later(
    at: tuple[str, datetime, datetime], number: int
) -> None:
    timezone, _change, start = at
    start = start.replace(microsecond=0)
    local = start.astimezone(ZoneInfo(timezone))
    last = start + 40 * DAY
    ours = fires(interval(number * DAY, timezone, start), start, last)
    theirs = days_by_apscheduler(number, timezone, start, last)
    assert not set(theirs) - set(ours) - {start - HOUR, start - HOUR / 2}  # a start in the fold
    for more in set(ours) - set(theirs) - {start}:
        there = more.astimezone(ZoneInfo(timezone))
        assert there.time() > local.time().replace(tzinfo=None), "it was in the gap"


@given(starts(), elapsed | days, st.integers(0, 9), st.integers(1, 20), st.integers(0, 3_600))
@settings(steadily, max_examples=60)
def test_an_end_and_jitter_keep_the_number_and_the_order(
    at: tuple[str, datetime, datetime], every: int, ends: int, most: int, jitter: int
) -> None:
    timezone, change, start = at
    end = change + ends * DAY / 2
    last = max(change, start) + 9 * DAY
    grid = [each for each in walked(timedelta(seconds=every), timezone, start, last) if each <= end]
    tested = IntervalTrigger(every, timezone, start=start, end=end, jitter=jitter, seed="job")
    delayed = fires(tested, start - DAY, last)
    assert len(delayed) == len(grid)
    assert delayed == sorted(set(delayed))
    for on_time, late in zip(grid, delayed, strict=True):
        assert on_time <= late <= min(end, on_time + timedelta(seconds=jitter))
    if delayed:
        due = due_fires(tested, delayed[0], last, most)
        assert (due.latest, due.following) == (delayed[-most:], None)
        assert due.earlier == len(delayed[:-most])


# What clock changes do, by example

EXAMPLES = [
    ("Europe/London", "2026-03-28 01:30", ["03-28 01:30", "03-29 02:30", "03-30 01:30"]),
    ("Europe/London", "2026-10-24 01:30", ["10-24 01:30", "10-25 01:30", "10-26 01:30"]),
    ("America/New_York", "2026-03-07 02:30", ["03-07 02:30", "03-08 03:30", "03-09 02:30"]),
    ("Australia/Sydney", "2026-10-03 02:30", ["10-03 02:30", "10-04 03:30", "10-05 02:30"]),
    ("Australia/Lord_Howe", "2026-10-03 02:10", ["10-03 02:10", "10-04 02:40", "10-05 02:10"]),
    ("America/Santiago", "2026-09-05 00:30", ["09-05 00:30", "09-06 01:30", "09-07 00:30"]),
    ("Pacific/Apia", "2011-12-28 10:00", ["12-28 10:00", "12-29 10:00", "12-31 10:00"]),
]


@pytest.mark.parametrize(("timezone", "start", "expected"), EXAMPLES)
def test_a_day_in_the_gap_runs_once_and_later_and_one_in_the_fold_the_first_time(
    timezone: str, start: str, expected: list[str]
) -> None:
    zone = ZoneInfo(timezone)
    first = datetime.fromisoformat(start).replace(tzinfo=zone)
    found = list(upcoming(interval(DAY, timezone, first), first - TICK, 3))
    assert [f"{fire:%m-%d %H:%M}" for fire in found] == expected
    assert [fire.fold for fire in found] == [0, 0, 0]


def test_every_second_day_goes_on_over_a_day_that_samoa_left_out() -> None:
    zone = ZoneInfo("Pacific/Apia")
    first = datetime(2011, 12, 28, 10, tzinfo=zone)
    tested = interval(2 * DAY, "Pacific/Apia", first)
    found = list(upcoming(tested, first - TICK, 4))
    # The 30th never was. It runs a day later.
    assert [f"{fire:%m-%d %H}" for fire in found] == [
        "12-28 10",
        "12-31 10",
        "01-01 10",
        "01-03 10",
    ]
    assert tested.count_fires(first - TICK, found[-1]) == 4


def test_elapsed_time_moves_on_the_clock_where_the_clock_moves() -> None:
    start = datetime(2026, 3, 28, 12, tzinfo=ZoneInfo("Europe/London"))
    found = list(upcoming(interval(12 * HOUR, "Europe/London", start), start, 3))
    assert [f"{fire:%H:%M}" for fire in found] == ["00:00", "13:00", "01:00"]


def test_a_start_at_the_second_of_two_instants_is_the_first_fire_time() -> None:
    start = datetime(2026, 10, 25, 1, 30, tzinfo=ZoneInfo("Europe/London"), fold=1)
    tested = interval(DAY, "Europe/London", start)
    found = [fire.astimezone(UTC) for fire in upcoming(tested, start - 2 * HOUR, 2)]
    assert found == [start.astimezone(UTC), datetime(2026, 10, 26, 1, 30, tzinfo=UTC)]
    assert tested.last_fire_time(found[0]) == found[0]
    assert tested.last_fire_time(found[0] - TICK) is None
    assert tested.count_fires(found[0] - HOUR - TICK, found[1]) == 2


# Bounds


def test_it_ends_with_the_last_searched_year_and_begins_with_1970() -> None:
    late = datetime(2199, 12, 30, tzinfo=UTC)
    assert len(fires(interval(DAY, "UTC", late), late, late + 99 * DAY)) == 2
    early = datetime(1970, 1, 2, tzinfo=UTC)
    old = interval(timedelta(seconds=1), "UTC", early)
    assert old.count_fires(early - DAY, NOON) == (NOON - early) // timedelta(seconds=1) + 1
    assert old.get_next_fire_time(None, datetime(1, 1, 1, tzinfo=UTC)) == early
    assert old.get_next_fire_time(None, datetime(9999, 12, 31, tzinfo=UTC)) is None


@pytest.mark.parametrize("every", [10**9, 10**11, 86_400 * 10**6, 86_399_999_999_999])
def test_a_step_out_of_the_calendar_is_not_taken(every: int) -> None:
    for timezone in ("UTC", "Asia/Tokyo"):
        tested = IntervalTrigger(every, timezone, start=datetime(2199, 12, 1, tzinfo=UTC))
        assert tested.get_next_fire_time(None, NOON) == datetime(2199, 12, 1, tzinfo=UTC)
        assert tested.get_next_fire_time(datetime(2199, 12, 1, tzinfo=UTC), NOON) is None
        assert tested.count_fires(NOON, datetime(2200, 6, 1, tzinfo=UTC)) == 1


@pytest.mark.parametrize("every", [0, -1, 10**15, 10**30])
def test_what_is_no_interval_is_refused(every: int) -> None:
    with pytest.raises(ValueError, match="An interval can't be"):
        IntervalTrigger(every, "UTC", start=NOON)


def test_a_zone_that_does_not_exist_is_refused() -> None:
    for every in (60, 86_400):
        with pytest.raises(ValueError, match="no time zone"):
            IntervalTrigger(every, "Nowhere", start=NOON)


# Cost


def test_a_search_takes_a_few_steps_however_long_ago_the_start_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[str] = []
    for name in ("next", "previous", "count"):
        original = getattr(Steps, name)

        def counting(*args: Any, name: str = name, original: Any = original) -> Any:
            looks.append(name)
            return original(*args)

        monkeypatch.setattr(Steps, name, counting)
    for every in (1, 3_601, 86_400, 864_000):
        tested = IntervalTrigger(
            every, "America/New_York", start=datetime(1970, 1, 2, tzinfo=UTC), jitter=30
        )
        looks.clear()
        fire = tested.get_next_fire_time(NOON, NOON)
        assert fire is not None
        assert len(looks) <= 30
        due_fires(tested, fire, NOON + 3_652 * DAY, 11)
        assert len(looks) <= 1_200


def test_a_calendar_of_days_says_what_one_of_cron_fields_says() -> None:
    fields = {"year": "*", "month": "*", "day": "*", "week": "*", "day_of_week": "*"}
    cron = CronCalendar({**fields, "hour": "2", "minute": "30", "second": "0"})
    ours = DayCalendar(datetime(1970, 1, 1, 2, 30), DAY)
    for hours in range(0, 72, 5):
        wall = datetime(2026, 3, 4, 2, 30) + hours * HOUR / 2
        assert ours.next_wall(wall) == cron.next_wall(wall)
        assert ours.previous_wall(wall) == cron.previous_wall(wall)
        assert ours.matches_minute(wall) == cron.matches_minute(wall)
        assert ours.count_walls(wall, wall + 9 * DAY) == cron.count_walls(wall, wall + 9 * DAY)
    assert ours.times_a_day() == cron.times_a_day()


# Rows


def test_equal_intervals_are_one_object_when_they_are_read_and_what_they_were() -> None:
    def stored(seed: str) -> bytes:
        trigger = interval(DAY, "Europe/London", NOON, end=NOON + 9 * DAY, jitter=5, seed=seed)
        return seal(code_job(trigger=trigger))

    one, other = (unseal("code", stored("a")).trigger for _ in range(2))
    assert one is other
    assert unseal("code", stored("b")).trigger is not one
    assert (
        one.__getstate__()
        == interval(
            DAY, "Europe/London", NOON, end=NOON + 9 * DAY, jitter=5, seed="a"
        ).__getstate__()
    )
    assert b"_shared_interval" in pickle.dumps(one)
    assert str(one) == "interval[1 day, 0:00:00 from 2026-03-04 12:00:00+00:00]"
