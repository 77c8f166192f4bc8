"""The rule for the hours that a clock change drops or repeats, against an independent oracle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from zoneinfo import ZoneInfo, available_timezones

import pytest

from countjobs.triggers import ScheduleTrigger
from countjobs.triggers.zones import load_zone, zone_names
from tests.support.oracle import DST_ZONES, STEADY_ZONES, fires, instants, transitions, trigger

HOURS = ["*", "*/2", "*/3", "*,*/2", "2", "1", "3", "0", "1,2", "0-3", "2-4", "23", "*,3", "1-9/2"]
MINUTES = ["*", "0", "30", "*/7", "15,45", "*/20", "59"]
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


def _next(of: ScheduleTrigger, at: datetime) -> datetime | None:
    """In UTC: Python never finds a time in the fold equal to one of another zone (PEP 495)."""
    found = of.get_next_fire_time(None, at)
    return found and found.astimezone(UTC)


@pytest.mark.parametrize("timezone", DST_ZONES + STEADY_ZONES)
def test_promise_06_fire_times_near_a_clock_change_are_those_of_the_rule(timezone: str) -> None:
    random = Random(timezone)
    changes = transitions(timezone, 2026) or [datetime(2026, 3, 8, 7, tzinfo=UTC)]
    for change, hour in product(changes, random.sample(HOURS, 8)):
        minute = random.choice(MINUTES)
        first = change - DAY + timedelta(seconds=random.randrange(86_400))
        last = first + timedelta(hours=30)
        expected = instants({"hour": hour, "minute": minute}, timezone, first, last)
        tested = trigger(timezone, hour=hour, minute=minute)
        assert fires(tested, first, last) == expected
        assert tested.count_fires(first - TICK, last) == len(expected)
        for _ in range(4):
            middle = first + timedelta(seconds=random.randrange(30 * 3600))
            before = [instant for instant in expected if instant <= middle]
            after = [instant for instant in expected if instant >= middle]
            assert tested.count_fires(first - TICK, middle) == len(before)
            assert tested.count_fires(middle, last) == len([i for i in expected if i > middle])
            found = tested.last_fire_time(middle)
            if before:
                assert found == before[-1]
            else:
                assert found is None or found < first
            if after:
                assert _next(tested, middle) == after[0]


@pytest.mark.parametrize("timezone", ["America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("hour", ["*", "1-3"])
def test_fire_times_within_seconds_of_a_clock_change_are_those_of_the_rule(
    timezone: str, hour: str
) -> None:
    for change in transitions(timezone, 2026):
        first, last = change - timedelta(minutes=5), change + timedelta(minutes=100)
        texts = {"hour": hour, "minute": "*", "second": "*/13"}
        expected = instants(texts, timezone, first, last, timedelta(seconds=1))
        assert fires(trigger(timezone, **texts), first, last) == expected
        assert trigger(timezone, **texts).count_fires(first - TICK, last) == len(expected)


NEW_YORK_GAP = datetime(2026, 3, 8, tzinfo=ZoneInfo("America/New_York"))
NEW_YORK_FOLD = datetime(2026, 11, 1, tzinfo=ZoneInfo("America/New_York"))


def _of_the_day(timezone: str, day: datetime, **texts: str) -> list[str]:
    found = fires(trigger(timezone, **texts), day, day + DAY - TICK)
    return [f"{fire.astimezone(ZoneInfo(timezone)):%H:%M%z}" for fire in found]


def test_promise_06_a_fixed_time_in_the_gap_happens_once_after_it() -> None:
    assert _of_the_day("America/New_York", NEW_YORK_GAP, hour="2", minute="30") == ["03:30-0400"]


def test_a_fixed_time_in_the_gap_and_its_stand_in_after_it_are_one_run() -> None:
    texts = {"hour": "2,3", "minute": "30"}
    assert _of_the_day("America/New_York", NEW_YORK_GAP, **texts) == ["03:30-0400"]


def test_promise_06_a_fixed_time_in_the_fold_happens_once_at_the_first_of_the_two() -> None:
    assert _of_the_day("America/New_York", NEW_YORK_FOLD, hour="1", minute="30") == ["01:30-0400"]


def test_promise_06_every_hour_runs_through_gap_and_fold() -> None:
    gap = _of_the_day("America/New_York", NEW_YORK_GAP, minute="30")
    assert gap[:4] == ["00:30-0500", "01:30-0500", "03:30-0400", "04:30-0400"]
    fold = _of_the_day("America/New_York", NEW_YORK_FOLD, minute="30")
    assert fold[:4] == ["00:30-0400", "01:30-0400", "01:30-0500", "02:30-0500"]


def test_promise_06_the_southern_hemisphere_is_no_different() -> None:
    sydney = ZoneInfo("Australia/Sydney")
    gap, fold = datetime(2026, 10, 4, tzinfo=sydney), datetime(2026, 4, 5, tzinfo=sydney)
    assert _of_the_day("Australia/Sydney", gap, hour="2", minute="30") == ["03:30+1100"]
    assert _of_the_day("Australia/Sydney", fold, hour="2", minute="30") == ["02:30+1100"]


def test_promise_06_a_change_of_half_an_hour_is_no_different() -> None:
    island = ZoneInfo("Australia/Lord_Howe")
    gap, fold = datetime(2026, 10, 4, tzinfo=island), datetime(2026, 4, 5, tzinfo=island)
    texts = {"hour": "2", "minute": "15"}
    assert _of_the_day("Australia/Lord_Howe", gap, **texts) == ["02:45+1100"]
    texts = {"hour": "1", "minute": "45"}
    assert _of_the_day("Australia/Lord_Howe", fold, **texts) == ["01:45+1100"]


INTERVALS = [
    # Berlin's gap is 02:00 to 03:00, its fold the same; Sydney's gap too.
    ("Europe/Berlin", (2026, 3, 29), "*/2", "30", ["00:30+0100", "04:30+0200"]),
    ("Europe/Berlin", (2026, 10, 25), "*/2", "30", ["00:30+0200", "02:30+0200", "02:30+0100"]),
    ("Europe/Berlin", (2026, 3, 29), "*", "30", ["00:30+0100", "01:30+0100", "03:30+0200"]),
    ("Australia/Sydney", (2026, 10, 4), "*/2", "30", ["00:30+1000", "04:30+1100"]),
    ("Australia/Sydney", (2026, 4, 5), "*/2", "30", ["00:30+1100", "02:30+1100", "02:30+1000"]),
    # Half an hour: 02:00 to 02:30 is dropped, and 01:30 to 02:00 repeated.
    ("Australia/Lord_Howe", (2026, 10, 4), "*/2", "15", ["00:15+1030", "04:15+1100"]),
    ("Australia/Lord_Howe", (2026, 10, 4), "*/2", "45", ["00:45+1030", "02:45+1100"]),
    ("Australia/Lord_Howe", (2026, 10, 4), "*", "15", ["00:15+1030", "01:15+1030", "03:15+1100"]),
    ("Australia/Lord_Howe", (2026, 4, 5), "*/1", "45", ["00:45+1100", "01:45+1100", "01:45+1030"]),
    # The first hour of the day is dropped, and the last of the day before repeated.
    ("America/Santiago", (2026, 9, 6), "*/2", "30", ["02:30-0300", "04:30-0300"]),
    ("America/Santiago", (2026, 9, 6), "*/12", "0", ["12:00-0300"]),
]


@pytest.mark.parametrize(("zone", "day", "hour", "minute", "first"), INTERVALS)
def test_an_interval_goes_by_what_the_clock_shows(
    zone: str, day: tuple[int, int, int], hour: str, minute: str, first: list[str]
) -> None:
    """Issue 8, line 30: what a clock drops doesn't happen, and what it repeats happens twice."""
    begin = datetime(*day, tzinfo=ZoneInfo(zone))
    found = _of_the_day(zone, begin, hour=hour, minute=minute)
    assert found[: len(first)] == first


@pytest.mark.parametrize("hour", ["2", "0-23/2", "0,2,4", "*/2,2"])
def test_hours_that_are_named_are_times_of_day_and_none_is_left_out(hour: str) -> None:
    """Issue 8, line 30: only `*` and `*/n` ask for an interval, however often others come."""
    gap = _of_the_day("America/New_York", NEW_YORK_GAP, hour=hour, minute="30")
    assert "03:30-0400" in gap
    fold = _of_the_day("America/New_York", NEW_YORK_FOLD, hour="1," + hour, minute="30")
    assert "01:30-0400" in fold
    assert "01:30-0500" not in fold


def test_where_one_starts_to_look_moves_nothing() -> None:
    daily = trigger("America/New_York", hour="1", minute="30")
    second = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # 01:30 again, an hour after the first
    assert _next(daily, second) == datetime(2026, 11, 2, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize("hour", ["*", "1"])
def test_a_start_in_the_fold_and_an_end_in_it_count_as_instants(hour: str) -> None:
    start = datetime(2026, 11, 1, 5, 45, tzinfo=UTC)
    end = datetime(2026, 11, 1, 6, 15, tzinfo=UTC)
    limited = trigger("America/New_York", hour=hour, minute="*/15", start=start, end=end)
    whole = instants({"hour": hour, "minute": "*/15"}, "America/New_York", start, end)
    assert fires(limited, start - DAY, end + DAY) == whole
    assert limited.count_fires(start - DAY, end + DAY) == len(whole)
    assert limited.get_next_fire_time(end, end) is None


def test_a_start_and_an_end_in_the_gap_s_hour_count_as_instants() -> None:
    start = datetime(2026, 3, 8, 7, 10, tzinfo=UTC)  # 03:10, ten minutes after the gap
    end = datetime(2026, 3, 8, 7, 40, tzinfo=UTC)
    limited = trigger("America/New_York", hour="2", minute="*/15", start=start, end=end)
    assert fires(limited, start - DAY, end + DAY) == [
        datetime(2026, 3, 8, 7, 15, tzinfo=UTC),
        datetime(2026, 3, 8, 7, 30, tzinfo=UTC),
    ]


@pytest.mark.parametrize("timezone", ["Pacific/Apia", "Pacific/Kwajalein", "Antarctica/Casey"])
def test_a_zone_that_once_jumped_by_a_day_is_searched_to_an_end(timezone: str) -> None:
    for year in (1993, 2010, 2011, 2023):
        for change in transitions(timezone, year):
            found = fires(
                trigger(timezone, hour="*/6", minute="0"), change - 3 * DAY, change + 3 * DAY
            )
            assert found == sorted(set(found))
            assert 20 <= len(found) <= 29


@pytest.mark.parametrize("timezone", sorted(zone_names())[::7])
def test_every_zone_has_a_next_noon(timezone: str) -> None:
    start = datetime(2026, 6, 15, tzinfo=UTC)
    found = trigger(timezone, hour="12", minute="0").get_next_fire_time(None, start)
    assert found is not None
    assert (found.hour, found.minute, found.second) == (12, 0, 0)
    assert start <= found < start + DAY + timedelta(hours=3)


@pytest.mark.parametrize(
    "name",
    ["", " ", "../etc/passwd", "/etc/passwd", "America", "UTC ", "utc\0", "x" * 5000, "tzdata.zi"],
)
def test_what_names_no_zone_is_a_value_error(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        load_zone(name)


def test_the_machine_s_own_zone_is_no_name_since_each_machine_has_another() -> None:
    assert "localtime" not in zone_names()
    assert zone_names() | {"localtime"} >= available_timezones()
