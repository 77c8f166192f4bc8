"""The trigger of a definition: the grid, start and end, jitter, and what it is stored as."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from countjobs.triggers import CronFieldError, ScheduleTrigger
from tests.support.oracle import fires, trigger

NOW = datetime(2026, 11, 22, 10, 0, 2, 500_000, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


def test_fire_times_lie_on_the_wall_clock_s_grid_whenever_one_asks() -> None:
    every = trigger(second="*/5", start=NOW)
    assert every.get_next_fire_time(None, NOW) == datetime(2026, 11, 22, 10, 0, 5, tzinfo=UTC)
    late = NOW + timedelta(seconds=61)
    assert every.get_next_fire_time(None, late) == datetime(2026, 11, 22, 10, 1, 5, tzinfo=UTC)


def test_an_instant_that_matches_is_itself_the_first_fire_time_but_not_the_next() -> None:
    mark = NOW.replace(second=5, microsecond=0)
    every = trigger(second="*/5")
    assert every.get_next_fire_time(None, mark) == mark
    assert every.get_next_fire_time(mark, mark) == mark + timedelta(seconds=5)


def test_what_follows_does_not_depend_on_how_late_one_asks() -> None:
    mark = NOW.replace(second=5, microsecond=0)
    every = trigger(second="*/5")
    assert every.get_next_fire_time(mark, mark + DAY) == mark + timedelta(seconds=5)


def test_fire_times_are_given_in_the_trigger_s_zone() -> None:
    found = trigger("Asia/Tokyo", hour="9", minute="30").get_next_fire_time(None, NOW)
    assert str(found) == "2026-11-23 09:30:00+09:00"


def test_start_and_end_are_both_included() -> None:
    start, end = NOW.replace(second=5, microsecond=0), NOW.replace(second=15, microsecond=0)
    limited = trigger(second="*/5", start=start, end=end)
    seconds = [fire.second for fire in fires(limited, start - HOUR, end + HOUR)]
    assert seconds == [5, 10, 15]
    assert limited.count_fires(start - HOUR, end + HOUR) == 3
    assert limited.get_next_fire_time(end, end) is None


def test_a_start_between_two_marks_moves_no_mark() -> None:
    limited = trigger(second="*/5", start=NOW, end=NOW + timedelta(seconds=10))
    assert [fire.second for fire in fires(limited, NOW - HOUR, NOW + HOUR)] == [5, 10]


@pytest.mark.parametrize(
    "extreme",
    [
        datetime.min.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        datetime.max.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC),
    ],
)
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York"])
@pytest.mark.parametrize("jitter", [0, 3_600])
def test_no_instant_of_the_calendar_is_too_much(extreme: datetime, zone: str, jitter: int) -> None:
    choices: list[dict[str, Any]] = [{}, {"start": extreme}, {"end": extreme}]
    for limits in choices:
        tested = trigger(zone, second="*", jitter=jitter, **limits)
        for asked in (extreme, NOW):
            first = tested.get_next_fire_time(None, asked)
            after = tested.get_next_fire_time(asked, asked)
            assert first is None or first.year <= 2200
            assert after is None or first is None or first <= after
    assert trigger(zone, year="2199", end=extreme, jitter=jitter).count_fires(extreme, NOW) == 0


def test_a_start_before_all_times_and_an_end_after_them_mean_none() -> None:
    limits: dict[str, Any] = {
        "start": datetime.min.replace(tzinfo=UTC),
        "end": datetime.max.replace(tzinfo=UTC),
    }
    assert fires(trigger(**limits), NOW, NOW + HOUR) == fires(trigger(), NOW, NOW + HOUR)


def test_an_end_before_all_times_ends_everything() -> None:
    assert trigger(end=datetime(1900, 1, 1, tzinfo=UTC)).get_next_fire_time(None, NOW) is None


# Jitter


@pytest.mark.parametrize("jitter", [1, 7, 60, 3_600])
@pytest.mark.parametrize("second", ["*", "*/5", "0"])
def test_jitter_puts_off_keeps_the_order_and_never_meets_the_next(jitter: int, second: str) -> None:
    last = NOW + timedelta(minutes=3)
    grid = fires(trigger(second=second), NOW, last + timedelta(minutes=2))
    found = fires(trigger(second=second, jitter=jitter, seed="job"), grid[0], last)
    assert found == sorted(set(found))
    assert len(found) > 1
    assert found != grid[: len(found)]
    for on_time, late, following in zip(grid, found, grid[1:], strict=False):
        assert on_time <= late < min(following, on_time + timedelta(seconds=jitter))


@pytest.mark.parametrize("jitter", [1, 7, 90])
def test_the_jittered_fire_times_are_one_set_from_wherever_one_starts(jitter: int) -> None:
    tested = trigger("America/New_York", second="*/20", jitter=jitter, seed="job")
    start = datetime(2026, 11, 1, 5, 58, tzinfo=UTC)
    whole = fires(tested, start, start + timedelta(minutes=5))
    for number in range(0, 280, 9):
        middle = start + timedelta(seconds=number, microseconds=number * 3_001)
        later = [fire for fire in whole if fire >= middle]
        found = tested.get_next_fire_time(None, middle)
        assert found is not None
        assert found.astimezone(UTC) == later[0]
        assert tested.count_fires(start - TICK, middle) == len([f for f in whole if f <= middle])


def test_jitter_is_the_same_in_every_process_and_another_for_another_seed() -> None:
    one, same, other = (
        trigger(minute="0", jitter=600, seed=seed) for seed in ("one", "one", "other")
    )
    first = fires(one, NOW, NOW + DAY)
    assert first == fires(same, NOW, NOW + DAY)
    assert first != fires(other, NOW, NOW + DAY)
    # Pinned, since every scheduler of a fleet must draw the same: also the one not yet updated.
    assert first[0] == datetime(2026, 11, 22, 10, 0, 21, 837_986, tzinfo=UTC)


def test_jitter_puts_nothing_off_beyond_the_end() -> None:
    end = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    tested = trigger(minute="0", jitter=3_600, seed="job", end=end)
    found = fires(tested, NOW, end + DAY)
    assert [fire.hour for fire in found] == [10, 11, 12]
    assert found[-1] == end
    assert tested.count_fires(NOW, end + DAY) == 3


@pytest.mark.parametrize("jitter", [2**31 - 1, 10**9])
def test_a_jitter_beyond_all_bounds_breaks_nothing(jitter: int) -> None:
    tested = trigger(month="1", day="1", hour="0", minute="0", jitter=jitter, seed="job")
    assert tested.get_next_fire_time(None, NOW) is not None


# Stored state


def test_a_trigger_survives_pickling() -> None:
    limits: dict[str, Any] = {"start": NOW - DAY, "end": NOW + DAY}
    original = trigger("Asia/Tokyo", minute="*/5", jitter=30, seed="job", **limits)
    copy = pickle.loads(pickle.dumps(original))
    assert copy.__getstate__() == original.__getstate__()
    assert fires(copy, NOW, NOW + HOUR) == fires(original, NOW, NOW + HOUR)


def test_two_equal_schedules_have_equal_states() -> None:
    tokyo = timezone(timedelta(hours=9))
    one = trigger(start=NOW, seed="a name")
    two = trigger(start=NOW.astimezone(tokyo), seed="another name")
    assert one.__getstate__() == two.__getstate__()


def test_the_seed_is_part_of_a_schedule_with_jitter() -> None:
    one, two = (trigger(jitter=1, seed=seed) for seed in ("a name", "another name"))
    assert one.__getstate__() != two.__getstate__()


def test_a_trigger_shows_its_expressions() -> None:
    shown = repr(trigger("Asia/Tokyo", second="*/5", day_of_week="0-4"))
    assert "second='*/5'" in shown
    assert "day_of_week='mon-fri'" in shown
    assert "timezone='Asia/Tokyo'" in shown


def test_an_expression_that_can_t_be_read_is_refused() -> None:
    with pytest.raises(CronFieldError, match="not understood"):
        trigger(hour="25")


def test_a_zone_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        ScheduleTrigger({}, "Mars/Olympus")
