"""Who is silent, as one scheduler sees the others: by looking, and not by clocks."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from countjobs.schedulers.watch import Watch
from tests.support.factories import NOON, SECOND

OTHER = uuid4()
HOUR = timedelta(hours=1)


def watching(
    heartbeat: datetime | None = NOON, now: datetime = NOON, *, every: int = 5, lease: int = 15
) -> Watch:
    """A watch that has looked for the first time."""
    watch = Watch(every, lease)
    watch.begin({} if heartbeat is None else {OTHER: heartbeat}, now)
    return watch


def looks_until_dead(watch: Watch, heartbeat: datetime) -> int:
    for count in range(1, 100):
        if watch.look({OTHER: heartbeat}) == {OTHER: heartbeat}:
            return count
    raise AssertionError("it never is")


@pytest.mark.parametrize(
    ("every", "lease", "looks"), [(5, 15, 3), (5, 10, 2), (5, 11, 3), (1, 6, 6), (5, 5, 1)]
)
def test_promise_09_dead_is_who_did_not_beat_while_we_looked_for_a_lease(
    every: int, lease: int, looks: int
) -> None:
    assert looks_until_dead(watching(every=every, lease=lease), NOON) == looks


def test_one_that_beats_in_between_is_alive_whatever_time_its_heartbeat_tells() -> None:
    watch = watching()
    for heartbeat in (NOON + HOUR, NOON - HOUR, NOON, NOON + 5 * SECOND):
        assert watch.look({OTHER: heartbeat}) == {}
        assert watch.look({OTHER: heartbeat}) == {}
    assert looks_until_dead(watch, NOON + 5 * SECOND) == 2


@pytest.mark.parametrize(
    ("age", "looks"), [(0, 3), (4, 3), (5, 2), (10, 1), (15, 1), (1_000_000, 1), (-3_600, 3)]
)
def test_promise_09_at_the_start_the_clock_tells_how_long_it_has_been_silent(
    age: int, looks: int
) -> None:
    assert looks_until_dead(watching(NOON - age * SECOND), NOON - age * SECOND) == looks


def test_a_clock_that_is_wrong_at_the_start_makes_nobody_dead_who_beats() -> None:
    watch = watching(NOON - HOUR)
    assert watch.look({OTHER: NOON - HOUR + 5 * SECOND}) == {}
    assert looks_until_dead(watch, NOON - HOUR + 5 * SECOND) == 3


def test_of_those_that_come_later_no_clock_tells_anything() -> None:
    watch = watching(None)
    assert watch.look({OTHER: NOON - HOUR}) == {}
    assert looks_until_dead(watch, NOON - HOUR) == 3


def test_one_that_was_settled_and_beats_again_is_new() -> None:
    watch = watching()
    assert looks_until_dead(watch, NOON) == 3
    assert watch.look({}) == {}
    assert watch.look({OTHER: NOON}) == {}


def test_to_begin_again_starts_over() -> None:
    watch = watching()
    watch.look({OTHER: NOON})
    watch.begin({OTHER: NOON}, NOON)
    assert looks_until_dead(watch, NOON) == 3


def test_each_of_many_is_judged_by_itself() -> None:
    silent, beating = UUID(int=1), UUID(int=2)
    watch = Watch(5, 15)
    watch.begin({silent: NOON, beating: NOON}, NOON)
    for count in (1, 2):
        assert watch.look({silent: NOON, beating: NOON + count * SECOND}) == {}
    assert watch.look({silent: NOON, beating: NOON + 3 * SECOND}) == {silent: NOON}
