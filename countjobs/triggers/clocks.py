"""The clock changes of a time zone: when, by how much, and the stretches between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Transition:
    """A clock change: the instant, and the offsets from UTC before and after it."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def is_gap(self) -> bool:
        """Whether the clock goes forward."""
        return self.after > self.before

    @property
    def length(self) -> timedelta:
        """How much of the wall clock is skipped or repeated."""
        return abs(self.after - self.before)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which a zone's offset stays the same: between two clock changes, in one year."""

    first: datetime
    end: datetime
    """The first instant that is no longer in it."""
    offset: timedelta
    change: Transition | None
    """The last clock change before it, or at its beginning; None if that was years ago."""
    settled: datetime
    """From here on, the change no longer has any effect."""


def first_transition(zone: tzinfo, first: datetime, end: datetime) -> Transition | None:
    """The first clock change after `first`, and before `end`."""
    for year in range(first.year, end.year + 1):
        for change in _transitions_of(zone, year):
            if first < change.at < end:
                return change
    return None


def stretch_of(zone: tzinfo, instant: datetime) -> Stretch:
    """The stretch that an instant lies in."""
    stretches = _stretches_of(zone, instant.year)
    for stretch in stretches:
        if instant < stretch.end:
            return stretch
    return stretches[-1]  # not reached: the last one ends with the year


@lru_cache(maxsize=2_000)
def _stretches_of(zone: tzinfo, year: int) -> list[Stretch]:
    """The changes of a year, in order."""
    first, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    change = next(reversed(_transitions_of(zone, year - 1)), None)
    found = []
    for following in _transitions_of(zone, year):
        if first < following.at:
            found.append(_stretch(first, following.at, following.before, change))
        first, change = following.at, following
    return [*found, _stretch(first, end, _offset_of(zone, first), change)]


def _stretch(
    first: datetime, end: datetime, offset: timedelta, change: Transition | None
) -> Stretch:
    settled = first if change is None else max(first, change.at + change.length)
    return Stretch(first, end, offset, change, settled)


@lru_cache(maxsize=2_000)
def _transitions_of(zone: tzinfo, year: int) -> list[Transition]:
    """The changes of a year, found day by day. All schedules of a zone share them."""
    day = datetime(year, 1, 1, tzinfo=UTC) - _DAY
    found = []
    before = _offset_of(zone, day)
    for _number in range(367):
        following = day + _DAY
        after = _offset_of(zone, following)
        if before != after:
            found.append(_transition(zone, day, before, after))
        day, before = following, after
    return [change for change in found if change.at.year == year]


def _transition(zone: tzinfo, day: datetime, before: timedelta, after: timedelta) -> Transition:
    """The clock change in the day that begins at this instant, to the second."""
    low, high = 0, 86_400
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_of(zone, day + timedelta(seconds=middle)) == before:
            low = middle
        else:
            high = middle
    return Transition(day + timedelta(seconds=high), before, after)


def _offset_of(zone: tzinfo, instant: datetime) -> timedelta:
    """How far a zone's wall clock is ahead of UTC."""
    return instant.astimezone(zone).utcoffset() or timedelta()
