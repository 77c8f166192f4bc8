"""From walls to instants: a time zone's rule for the hours that its clock changes drop or repeat.

- A wall in the gap (the hour that is dropped) happens once, as long after the clock change as it
  lies after the gap's beginning: 02:30 becomes 03:30. So do Vixie cron and APScheduler.
- A wall in the fold (the hour that is repeated) happens at the first of its two instants; where the
  hour is `*` or `*/n`, which asks for an interval rather than for a time of day, at both.

The instants so defined are a set: which one comes next does not depend on where one starts to look,
so an edit in the middle of such a night moves nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from apscheduler.triggers.cron.expressions import AllExpression

from countjobs.triggers.calendar import CronCalendar
from countjobs.triggers.clocks import Transition, first_transition, offset_of, transition

_MARGIN = timedelta(hours=3)  # no zone of today moves its clock further
_MINUTE = timedelta(minutes=1)


@cache
def zone_names() -> frozenset[str]:
    """The names of the IANA database. Finding them reads hundreds of files, so it happens once."""
    # «localtime» is another zone on every machine.
    return frozenset(available_timezones() - {"localtime"})


def load_zone(name: str) -> ZoneInfo:
    """The time zone of a name. Raises ValueError where there is none, whatever the text holds."""
    if name not in zone_names():
        raise ValueError(f"There is no time zone {name!r}.")
    return ZoneInfo(name)


class ZonedCalendar:
    """The instants (in UTC) at which a calendar's walls are read in a time zone."""

    def __init__(self, calendar: CronCalendar, zone: tzinfo) -> None:
        self.calendar = calendar
        self.zone = zone
        hour = calendar.fields["hour"].expressions
        self._remembered = lru_cache(maxsize=32)(self._find_next_instant)
        self.both_folds = all(type(part) is AllExpression for part in hour)

    def next_instant(self, at_or_after: datetime) -> datetime | None:
        """The first instant that is not before the given one.

        The last few answers are remembered: schedules that are alike ask the same.
        """
        return self._remembered(at_or_after)

    def _find_next_instant(self, at_or_after: datetime) -> datetime | None:
        start = at_or_after
        while True:
            if not self._changes_near(start):
                wall = self.calendar.next_wall(self._wall(start))
                if wall is None:
                    return None
                found = wall.replace(tzinfo=self.zone).astimezone(UTC)
                if not self._changes_near(found):
                    return found
                # No wall matches in between, so nothing fires long before the one that was found.
                start = max(start, found - _MARGIN)
            change = transition(self.zone, start - _MARGIN, start + 3 * _MARGIN)
            near = self._next_near(start, change)
            if near is not None and near <= start + 2 * _MARGIN:
                return near
            start += 2 * _MARGIN

    def _changes_near(self, instant: datetime) -> bool:
        return self._offset(instant - _MARGIN) != self._offset(instant + _MARGIN)

    def count_instants(self, first: datetime, end: datetime) -> int:
        """How many instants lie from `first` on, and before `end`."""
        total = 0
        change = None
        while first < end:
            following = first_transition(self.zone, first, end)
            until = end if following is None else following.at
            total += self._count_segment(first, until, change)
            change, first = following, until
        return total

    def _next_near(self, start: datetime, change: Transition | None) -> datetime | None:
        if change is None:
            return self._instant(start, self._offset(start))
        candidates: list[datetime | None] = []
        if start < change.at:
            found = self._instant(start, change.before)
            candidates += [found] if found is not None and found < change.at else []
        after = max(start, change.at)
        if change.is_gap:
            found = self._instant(after, change.before)
            end = change.at + change.length
            candidates += [found] if found is not None and found < end else []
        elif not self.both_folds:
            after = max(after, change.at + change.length)
        candidates += [self._instant(after, change.after)]
        return min((found for found in candidates if found is not None), default=None)

    def _instant(self, at_or_after: datetime, offset: timedelta) -> datetime | None:
        wall = self.calendar.next_wall((at_or_after + offset).replace(tzinfo=None))
        return None if wall is None else wall.replace(tzinfo=UTC) - offset

    def _count_segment(self, first: datetime, end: datetime, change: Transition | None) -> int:
        """The instants between two clock changes, the first of which is `change` where given."""
        offset = self._offset(first)
        total = 0
        if change is None:
            change = transition(self.zone, first - _MARGIN, first)
        if change is not None and first < change.at + change.length:
            shifted = min(end, change.at + change.length)
            if change.is_gap:
                total += self._count_only_in_gap(first, shifted, change)
            elif not self.both_folds:
                first = shifted
        wall, end_wall = ((t + offset).replace(tzinfo=None) for t in (first, end))
        return total + self.calendar.count_walls(wall, end_wall)

    def _count_only_in_gap(self, first: datetime, end: datetime, change: Transition) -> int:
        """The instants that only walls of the gap give, and no wall of the ordinary time.

        A look a minute: the two walls of an instant are of the same second, except in Monrovia in
        1972, which was the last change by odd seconds.
        """
        total = 0
        wall, last = ((t + change.before).replace(tzinfo=None) for t in (first, end))
        while wall < last:
            following = min(wall.replace(second=0, microsecond=0) + _MINUTE, last)
            matches = self.calendar.matches_minute
            if matches(wall) and not matches(wall + change.length):
                total += self.calendar.count_walls(wall, following)
            wall = following
        return total

    def _offset(self, instant: datetime) -> timedelta:
        return offset_of(self.zone, instant)

    def _wall(self, instant: datetime) -> datetime:
        return (instant + self._offset(instant)).replace(tzinfo=None)
