"""What is due after a downtime, in work that does not grow with its length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apscheduler.triggers.base import BaseTrigger

NextFire = Callable[[datetime], datetime | None]
"""Gives the first fire time that is not before an instant."""

_TICK = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)
_MOST_WALKED = 10_000


@dataclass(frozen=True)
class Due:
    """The fire times that are due: the latest of them, and how many come before those."""

    latest: list[datetime]
    """In their order. Empty where nothing is due."""
    earlier: int
    """How many due fire times lie before the first of `latest`."""
    following: datetime | None
    """The first fire time that is not due yet."""


def due_fires(trigger: BaseTrigger, first: datetime, now: datetime, most: int) -> Due:
    """The fire times from `first`, which is one, up to `now`; at the most the latest `most`.

    Triggers that can count (`ScheduleTrigger`) are searched from now backwards. Others, from code,
    are walked, but no further than ten thousand steps: what lies behind those is left uncounted.
    """
    if first > now:
        return Due([], 0, first)
    walked = list(islice(_walk(trigger, first, now), most + 1))
    if len(walked) <= most:
        return Due(walked, 0, trigger.get_next_fire_time(walked[-1], now))
    if not hasattr(trigger, "count_fires"):
        return _due_by_walking(trigger, first, now, most)

    def next_fire(at_or_after: datetime) -> datetime | None:
        found: datetime | None = trigger.get_next_fire_time(None, at_or_after)
        return found

    latest: list[datetime] = []
    before = now
    while len(latest) < most and (found := last_fire(next_fire, first, before)):
        latest.insert(0, found)
        before = found - _TICK
    counted = trigger.count_fires(first, now) + 1
    return Due(latest, counted - len(latest), trigger.get_next_fire_time(latest[-1], now))


def _walk(trigger: BaseTrigger, first: datetime, now: datetime) -> Iterator[datetime]:
    fire: datetime | None = first
    while fire is not None and fire <= now:
        yield fire
        following: datetime | None = trigger.get_next_fire_time(fire, now)
        if following is not None and following <= fire:
            return  # a trigger that doesn't move on would be walked for ever
        fire = following


def _due_by_walking(trigger: BaseTrigger, first: datetime, now: datetime, most: int) -> Due:
    walked = list(islice(_walk(trigger, first, now), _MOST_WALKED))
    following: datetime | None = trigger.get_next_fire_time(walked[-1], now)
    if following is not None and following <= now:
        following = trigger.get_next_fire_time(None, now + _TICK)
    return Due(walked[-most:], len(walked[:-most]), following)


def last_fire(next_fire: NextFire, first: datetime, last: datetime) -> datetime | None:
    """The last fire time between two instants, both included, in a number of steps that grows
    with the logarithm of their distance. Fire times may lie a second apart, or further.
    """
    span = _SECOND
    found = next_fire(max(first, last - span))
    while (found is None or found > last) and last - span > first:
        span *= 2
        found = next_fire(max(first, last - span))
    if found is None or found > last:
        return None
    end = last + _TICK  # nothing fires from here on, up to `last`
    while True:
        middle = max(found + (end - found) / 2, found + _TICK)
        if middle >= end:
            return found
        later = next_fire(middle)
        if later is not None and later <= last:
            found = later
        else:
            end = middle
