"""Issue 8, line 40: no schedule costs more than a few steps to search, whatever it is made of.

Steps are counted here, so that luck plays no part; `python -m benchmarks searches` measures the CPU
of a hundred thousand schedules.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import thread_time
from typing import Any

import pytest

from benchmarks.schedules import adversarial, at_random
from countjobs.models import CountJob
from countjobs.triggers import CronFieldError, ScheduleTrigger, due_fires
from countjobs.triggers.dates import DateCalendar
from countjobs.triggers.upcoming import upcoming
from tests.support.looks import count_looks
from tests.support.oracle import trigger

NOW = datetime(2026, 11, 22, 10, 0, 2, 500_000, tzinfo=UTC)
WORST = {
    "year": "*/1",
    "month": "1-11",
    "day": "1st mon,2nd mon,3rd mon,4th mon,5th mon,last mon,1-31",
    "week": "53",
    "day_of_week": "mon",
}
"""What took 22 seconds: it nearly never fires, and no year is `*`."""

_WALLS = ("next_wall", "previous_wall", "count_walls")
_KINDS_OF_YEARS = 28


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every question to a calendar of walls, and every kind of year that is put together."""
    original = DateCalendar._of_kind
    looked: list[str] = []

    def counting(*args: Any) -> int:
        looked.append("_of_kind")
        return original(*args)

    monkeypatch.setattr(DateCalendar, "_of_kind", counting)
    for walls in count_looks(monkeypatch, *_WALLS):
        looked = walls
        yield walls


def _triggers() -> Iterator[ScheduleTrigger]:
    for fields in (*at_random(400), *adversarial(200)):
        try:
            yield CountJob(name="a", **fields).trigger()
        except CronFieldError:  # an expression that contradicts itself
            continue


def test_the_next_fire_time_takes_a_few_steps_whatever_the_schedule(looks: list[str]) -> None:
    for tested in _triggers():
        looks.clear()
        tested.get_next_fire_time(NOW, NOW)
        walls = [look for look in looks if look in _WALLS]
        assert len(walls) <= 30, tested
        assert len(looks) - len(walls) <= _KINDS_OF_YEARS, tested


def test_ten_years_are_caught_up_with_in_steps_that_the_fire_times_do_not_add_to(
    looks: list[str],
) -> None:
    for tested in _triggers():
        first = tested.get_next_fire_time(None, NOW - timedelta(days=3_652))
        if first is None or first > NOW:
            continue
        looks.clear()
        due_fires(tested, first, NOW, 11)
        assert len(looks) <= 1_200, tested  # a few for each clock change, and for each of eleven


def test_what_took_22_seconds_to_preview_takes_next_to_nothing() -> None:
    began = thread_time()
    tested = trigger("America/New_York", jitter=3_600, seed="job", **WORST)
    assert list(upcoming(tested, NOW, 10)) == []
    assert thread_time() - began < 1


def test_that_it_never_fires_is_said_when_it_is_saved() -> None:
    definition = CountJob(name="never", jitter=3_600, **WORST)
    problems = definition.problems()
    assert problems == ["This schedule never runs: no time matches all of its fields."]


@pytest.mark.parametrize("year", ["2199", "2100,2150,2199", "*/229"])
def test_a_fire_time_that_is_far_away_is_found(year: str) -> None:
    tested = trigger(year=year, month="12", day="31", hour="23", minute="59", second="59")
    found = list(upcoming(tested, NOW, 5))
    assert found
    assert found[-1] == datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_many_schedules_that_are_alike_share_what_is_compiled() -> None:
    """A hundred thousand definitions are mostly of a few schedules."""
    one, other = (trigger(hour="3", minute="7", jitter=60, seed=name) for name in ("a", "b"))
    assert one.calendar is other.calendar
    dates = [trigger(hour=str(hour)).calendar._dates for hour in range(24)]
    assert all(each is dates[0] for each in dates)
