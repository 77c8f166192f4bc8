"""The walls that expressions match, counted and searched in bounded work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from countjobs.triggers import CRON_DEFAULTS
from countjobs.triggers.calendar import CronCalendar
from tests.support.oracle import instants

MONTHLY = timedelta(days=31)


def _calendar(**texts: str) -> CronCalendar:
    return CronCalendar({**CRON_DEFAULTS, **texts})


@pytest.mark.parametrize(
    "texts",
    [
        {"month": "2", "day": "30"},
        {"month": "2,4,6,9,11", "day": "31"},
        {"month": "6", "week": "53"},
        {"month": "2-11", "week": "53"},
        {"day": "5th tue", "day_of_week": "mon"},
        {"day": "1st mon", "week": "53", "month": "mar"},
        {"month": "2", "day": "5th mon", "day_of_week": "tue"},
        {"year": "1999"},
        {"year": "2027,2029", "month": "2", "day": "29"},
    ],
)
def test_a_schedule_that_never_fires_is_found_out(texts: dict[str, str]) -> None:
    assert _calendar(**texts).next_wall(datetime(2026, 11, 22)) is None
    assert _calendar(**texts).previous_wall(datetime(1998, 12, 31)) is None


def test_an_odd_second_in_two_hundred_years_is_still_found() -> None:
    leap = _calendar(year="2196", month="2", day="29", hour="23", minute="59", second="59")
    assert leap.next_wall(datetime(2026, 1, 1)) == datetime(2196, 2, 29, 23, 59, 59)


@pytest.mark.parametrize("weekday", ["mon", "tue", "wed", "thu", "fri", "sat", "sun"])
def test_the_longest_wait_is_no_never(weekday: str) -> None:
    """A leap day of a weekday comes every 28 years, and across 2100 after 40 or 12."""
    leap = _calendar(month="2", day="29", day_of_week=weekday, hour="0", minute="0")
    found = [leap.next_wall(datetime(year, 3, 1)) for year in range(1990, 2140)]
    assert None not in found


@pytest.mark.parametrize("day", [1, 2, 3])
def test_week_53_in_january_is_found_from_every_year(day: int) -> None:
    january = _calendar(month="1", week="53", day=str(day), hour="0", minute="0")
    for year in range(1970, 2150):
        found = january.next_wall(datetime(year, 2, 1))
        assert found is not None
        assert found.isocalendar().week == 53


@pytest.mark.parametrize("start", [datetime(2200, 1, 1), datetime.max, datetime(9999, 1, 1)])
def test_nothing_lies_beyond_the_last_year(start: datetime) -> None:
    assert _calendar(second="*").next_wall(start) is None


def test_the_last_second_of_the_last_year_is_still_searched() -> None:
    last = datetime(2199, 12, 31, 23, 59, 59)
    assert _calendar(second="*").next_wall(last) == last
    assert _calendar(second="*").next_wall(last + timedelta(microseconds=1)) is None


def test_nothing_lies_before_1970() -> None:
    assert _calendar().next_wall(datetime.min) == datetime(1970, 1, 1)


@pytest.mark.parametrize(
    "texts",
    [
        {"minute": "0,30"},
        {"minute": "*/7", "hour": "9-17", "day_of_week": "mon-fri"},
        {"minute": "0", "hour": "3", "day": "last"},
        {"minute": "59", "hour": "23", "day": "2nd mon,last fri"},
        {"minute": "1", "hour": "*/5", "day": "1-10/3,29-31", "day_of_week": "sat,sun"},
    ],
)
def test_walls_are_found_and_counted_as_looking_at_each_minute_does(texts: dict[str, str]) -> None:
    random = Random(str(texts))
    calendar = _calendar(**texts)
    start = datetime(2026, 1, 25, 13, 30)
    every = instants(texts, "UTC", start.replace(tzinfo=UTC), start.replace(tzinfo=UTC) + MONTHLY)
    walls = [instant.replace(tzinfo=None) for instant in every]
    for _ in range(30):
        seconds = sorted(random.sample(range(31 * 86_400), 2))
        first, end = (start + timedelta(seconds=n, microseconds=seconds[0] % 2) for n in seconds)
        inside = [wall for wall in walls if first <= wall < end]
        assert calendar.count_walls(first, end) == len(inside)
        if inside:
            assert calendar.next_wall(first) == inside[0]
            assert calendar.previous_wall(end - timedelta(microseconds=1)) == inside[-1]


def test_nothing_is_counted_backwards() -> None:
    assert _calendar(second="*").count_walls(datetime(2026, 1, 2), datetime(2026, 1, 1)) == 0


def test_seconds_are_counted() -> None:
    calendar = _calendar(second="*")
    first = datetime(2026, 1, 1, 12, 0, 0, 1)
    assert calendar.count_walls(first, first + timedelta(days=365)) == 365 * 86_400
