"""From walls to instants: a time zone's rule for the hours that its clock changes skip or repeat.

- A time of day in the gap (the skipped hour) happens once, later by the length of the gap: 02:30
becomes 03:30. Vixie cron and APScheduler do the same.
  In the fold (the repeated hour) it happens once, at the first of its two instants.
- An interval, where the hour is `*` or `*/n`, follows what the clock shows: a time that it never
shows doesn't happen, and one that it shows twice happens twice. Vixie cron does the same.

These instants are a fixed set. Which one comes next does not depend on where the search starts, so
an edit in the middle of such a night moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from countjobs.triggers.calendar import WallCalendar
from countjobs.triggers.clocks import Stretch, Transition, stretch_of

Walls = TypeVar("Walls", bound=WallCalendar)

_MARGIN = timedelta(hours=27)  # offsets lie between -12 and +14 hours
_MINUTE = timedelta(minutes=1)
_TICK = timedelta(microseconds=1)

Reading = tuple[datetime, datetime, timedelta]
"""Between two instants, the clock is read with this offset from UTC."""

_BEGIN = datetime(1969, 12, 31, tzinfo=UTC)  # before the first wall in every zone
_END = datetime(2200, 1, 2, tzinfo=UTC)  # after the last


@cache
def zone_names() -> frozenset[str]:
    """The names in the IANA database. Finding them reads hundreds of files, so they are kept."""
    # «localtime» is another zone on every machine.
    return frozenset(available_timezones() - {"localtime"})


def load_zone(name: str) -> ZoneInfo:
    """The time zone of a name. Raises ValueError if there is none, for any text."""
    if name not in zone_names():
        raise ValueError(f"There is no time zone {name!r}.")
    return ZoneInfo(name)


class ZonedCalendar(Generic[Walls]):
    """The instants (in UTC) at which a time zone's clock shows the walls of a calendar.

    A search goes through the stretches between clock changes, but skips those without a matching
    wall. So it takes a few steps. In the worst case it takes one more step for each match that a
    clock change removes.
    """

    def __init__(self, calendar: Walls, zone: tzinfo) -> None:
        self.calendar = calendar
        self.zone = zone
        self.is_interval = calendar.is_interval
        self._remembered = lru_cache(maxsize=8)(self._find_next)

    def next_instant(self, at_or_after: datetime) -> datetime | None:
        """The first instant that is not before the given one.

        The last few answers are kept: equal schedules ask the same.
        """
        return self._remembered(at_or_after)

    def _find_next(self, at: datetime) -> datetime | None:
        while at < _END:
            stretch = stretch_of(self.zone, at)
            found = self._next_in(stretch, at)
            if found is not None:
                return found
            if stretch.end - at <= _MARGIN:
                at = stretch.end  # what is repeated after it may already have matched
                continue
            wall = self.calendar.next_wall(_wall(at, stretch.offset))
            if wall is None:
                return None
            at = max(stretch.end, _instant(wall, stretch.offset) - _MARGIN)
        return None

    def previous_instant(self, at_or_before: datetime) -> datetime | None:
        """The last instant that is not after the given one."""
        at = at_or_before
        while at > _BEGIN:
            stretch = stretch_of(self.zone, at)
            found = self._previous_in(stretch, at)
            if found is not None:
                return found
            before = stretch.first - _TICK
            if at - before <= _MARGIN:
                at = before
                continue
            wall = self.calendar.previous_wall(_wall(at, stretch.offset))
            if wall is None:
                return None
            at = min(before, _instant(wall, stretch.offset) + _MARGIN)
        return None

    def count_instants(self, first: datetime, end: datetime) -> int:
        """How many instants lie from `first` on, and before `end`."""
        total = 0
        while first < end:
            stretch = stretch_of(self.zone, first)
            total += self._count_in(stretch, first, min(end, stretch.end))
            first = stretch.end
        return total

    def _readings(self, stretch: Stretch) -> Iterator[Reading]:
        """How the clock is read in a stretch: as it shows. For times of day, the hour after a gap
        also counts what was skipped, and a repeated hour counts nothing.
        """
        change = stretch.change
        if self.is_interval or change is None or stretch.settled == stretch.first:
            yield stretch.first, stretch.end, stretch.offset
        elif change.is_gap:
            yield stretch.first, stretch.end, stretch.offset
            yield stretch.first, min(stretch.settled, stretch.end), change.before
        else:
            yield stretch.settled, stretch.end, stretch.offset

    def _next_in(self, stretch: Stretch, at: datetime) -> datetime | None:
        if at >= stretch.settled or self.is_interval:
            return self._next_read(at, stretch.end, stretch.offset)
        found = [
            self._next_read(max(at, first), end, offset)
            for first, end, offset in self._readings(stretch)
        ]
        return min(filter(None, found), default=None)

    def _next_read(self, at: datetime, end: datetime, offset: timedelta) -> datetime | None:
        wall = self.calendar.next_wall(_wall(at, offset))
        if wall is None:
            return None
        found = _instant(wall, offset)
        return found if found < end else None

    def _previous_in(self, stretch: Stretch, at: datetime) -> datetime | None:
        found = []
        for first, end, offset in self._readings(stretch):
            wall = self.calendar.previous_wall(_wall(min(at, end - _TICK), offset))
            if wall is not None and _instant(wall, offset) >= first:
                found.append(_instant(wall, offset))
        return max(found, default=None)

    def _count_in(self, stretch: Stretch, first: datetime, end: datetime) -> int:
        counts = []
        for begins, ends, offset in self._readings(stretch):
            bounds = max(first, begins), min(end, ends)
            counts.append(self.calendar.count_walls(*(_wall(bound, offset) for bound in bounds)))
        total = sum(counts)
        if len(counts) > 1 and all(counts) and stretch.change is not None:
            total -= self._count_both(first, min(end, stretch.settled), stretch.change)
        return total

    def _count_both(self, first: datetime, end: datetime, change: Transition) -> int:
        """The instants that come both from a wall in the gap and from an ordinary one.

        It checks minute by minute: the two walls of an instant have the same second, except in
        Monrovia in 1972, the last change by odd seconds.
        """
        total = 0
        wall, last = _wall(first, change.after), _wall(end, change.after)
        matches = self.calendar.matches_minute
        in_minute = self.calendar.times_a_day()[-1]
        while wall < last:
            following = min(wall.replace(second=0, microsecond=0) + _MINUTE, last)
            if matches(wall) and matches(wall - change.length):
                is_whole = following - wall == _MINUTE
                total += in_minute if is_whole else self.calendar.count_walls(wall, following)
            wall = following
        return total


def _wall(instant: datetime, offset: timedelta) -> datetime:
    return (instant + offset).replace(tzinfo=None)


def _instant(wall: datetime, offset: timedelta) -> datetime:
    return wall.replace(tzinfo=UTC) - offset
