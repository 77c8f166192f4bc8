"""Where fire times of another scheduler differ from a definition's: on days of clock changes.

Elsewhere both follow the same walls. Around each clock change of the year ahead the fire times of
both are calculated and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from countjobs.imports.found_schedules import How, NotTakenOverError
from countjobs.triggers import BoundedTrigger
from countjobs.triggers.calendar import CronCalendar
from countjobs.triggers.clocks import Transition, first_transition

YEAR = timedelta(days=366)
_BEFORE = timedelta(hours=3)
_AFTER = timedelta(hours=8)
_TICK = timedelta(microseconds=1)

Instants = Callable[[datetime, datetime], Iterable[datetime]]
"""The fire times from one instant on, and before another."""


def changes_of(zone: ZoneInfo, first: datetime, end: datetime) -> Iterator[Transition]:
    """The clock changes between two instants."""
    while change := first_transition(zone, first, end):
        yield change
        first = change.at


def fires(trigger: BoundedTrigger, first: datetime, end: datetime) -> Iterator[datetime]:
    """The fire times of a trigger of ours, in UTC."""
    at = trigger.get_next_fire_time(None, first)
    while at is not None and at < end:
        yield at.astimezone(UTC)
        at = trigger.get_next_fire_time(at, at)


def check_clock_changes(
    trigger: BoundedTrigger, theirs: Instants, zone: ZoneInfo, how: How, who: str
) -> list[str]:
    """Compare fire times around each clock change of the year ahead.

    Returns notes, if differences are accepted; otherwise raises NotTakenOverError for the first.
    """
    for change in changes_of(zone, how.now, how.now + YEAR):
        first, end = max(change.at - _BEFORE, how.now), change.at + _AFTER
        there = {each.astimezone(UTC) for each in theirs(first, end)}
        found = told(sorted(there ^ set(fires(trigger, first, end))), there, zone, who)
        if found:
            return accepted(found, how)
    return []


def told(differing: list[datetime], there: set[datetime], zone: ZoneInfo, who: str) -> str:
    """A sentence about fire times that only one of both has; "" if there are none."""
    if not differing:
        return ""
    at = differing[0]
    ours, only = f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S %z}", "a definition"
    by, not_other = (who, only) if at in there else (only, who)
    return f"When the clock changes, fire times differ: at {ours}, {by} is due, {not_other} is not."


def accepted(difference: str, how: How) -> list[str]:
    """The difference as a note, if it is accepted. Otherwise raises NotTakenOverError."""
    if how.accepts_clock_changes:
        return [difference]
    raise NotTakenOverError(
        f"{difference} With --accept-clock-changes it is imported all the same; or choose another"
        " time of day there, and import again."
    )


def shown_times(
    calendar: CronCalendar, zone: ZoneInfo, first: datetime, end: datetime
) -> Iterator[datetime]:
    """Fire times that follow the clock: one for each time that it shows a wall."""
    edges = [first, *(change.at for change in changes_of(zone, first, end)), end]
    for begin, until in pairwise(edges):
        offset = begin.astimezone(zone).utcoffset() or timedelta()
        for wall in _walls(calendar, _wall(begin, offset), _wall(until, offset)):
            yield wall.replace(tzinfo=UTC) - offset


def repeated_times(
    calendar: CronCalendar, zone: ZoneInfo, first: datetime, end: datetime
) -> set[datetime]:
    """Those of `shown_times` at which the clock shows a wall for the second time."""
    shown = shown_times(calendar, zone, first, end)
    return {at for at in shown if at.astimezone(zone).fold}


def ends_of_gaps(
    calendar: CronCalendar, zone: ZoneInfo, first: datetime, end: datetime
) -> set[datetime]:
    """The ends of those gaps that skip a wall."""
    found = set()
    for change in changes_of(zone, first, end):
        walls = _walls(calendar, _wall(change.at, change.before), _wall(change.at, change.after))
        if change.is_gap and any(walls):
            found.add(change.at)
    return found


def _walls(calendar: CronCalendar, first: datetime, end: datetime) -> Iterator[datetime]:
    wall = calendar.next_wall(first)
    while wall is not None and wall < end:
        yield wall
        wall = calendar.next_wall(wall + _TICK)


def _wall(instant: datetime, offset: timedelta) -> datetime:
    return (instant + offset).replace(tzinfo=None)
