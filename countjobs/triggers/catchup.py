"""What is due after a downtime, at a cost that does not grow with its length.

Instants are compared in UTC here. Python compares two times of one zone by what their wall clocks
show, so that 01:30 before a fold would be later than 01:00 after it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from apscheduler.triggers.base import BaseTrigger

_TICK = timedelta(microseconds=1)
_MOST_WALKED = 10_000


@dataclass(frozen=True)
class Due:
    """The fire times that have passed, in UTC: the latest, and how many came before."""

    latest: list[datetime]
    """In order. Empty if nothing is due. The list is shared, so don't change it."""
    earlier: int
    """How many of them are before the first of `latest`."""
    following: datetime | None
    """The first fire time that has not come yet."""


def due_fires(trigger: BaseTrigger, first: datetime, now: datetime, most: int) -> Due:
    """The fire times from `first`, which is one of them, up to `now`; at most the latest `most`.

    Triggers that can count and look back (`ScheduleTrigger`) are searched backwards from now.
    Others, from code, are followed step by step, but for no more than ten thousand steps: the rest
    is not counted.
    """
    # In UTC, equal means the same instant, so they can be used as keys.
    ask = _due_of_known if hasattr(trigger, "count_fires") else _due_of
    return ask(trigger, first.astimezone(UTC), now.astimezone(UTC), most)


def _due_of(trigger: BaseTrigger, first: datetime, now: datetime, most: int) -> Due:
    if first > now:
        return Due([], 0, first)
    following = _fire_after(trigger, first, now)
    if following is None or following > now:
        return Due([first], 0, following)  # the usual case, for the cost of one step
    if hasattr(trigger, "count_fires"):
        count = trigger.count_fires(first, now) + 1
        if count > most:
            return _due_by_search(trigger, count, now, most)
    return _due_by_walking(trigger, first, now, most)


_due_of_known = lru_cache(maxsize=256)(_due_of)
"""Equal schedules share a trigger, and are often due together: one answer serves all."""


def _due_by_search(trigger: Any, count: int, now: datetime, most: int) -> Due:
    latest: deque[datetime] = deque()
    fire = trigger.last_fire_time(now)
    while fire is not None and len(latest) < most:
        latest.appendleft(fire)
        fire = trigger.last_fire_time(fire - _TICK)
    following = _utc(trigger.get_next_fire_time(None, now + _TICK))
    return Due(list(latest), count - len(latest), following)


def _due_by_walking(trigger: BaseTrigger, first: datetime, now: datetime, most: int) -> Due:
    walked, following = _walk(trigger, first, now, _MOST_WALKED)
    if following is not None and following <= now:
        following = _utc(trigger.get_next_fire_time(None, now + _TICK))
    return Due(walked[-most:], len(walked[:-most]), following)


def _walk(
    trigger: BaseTrigger, first: datetime, now: datetime, most: int
) -> tuple[list[datetime], datetime | None]:
    """The first so many fire times that have passed, and the one after those."""
    fires = [first]
    while (following := _fire_after(trigger, fires[-1], now)) is not None and following <= now:
        # A trigger that doesn't move on would be followed for ever.
        if len(fires) == most or following <= fires[-1]:
            break
        fires.append(following)
    return fires, following


def _fire_after(trigger: BaseTrigger, fire: datetime, now: datetime) -> datetime | None:
    """The fire time after another. Triggers that calculate with dates want it in their own zone."""
    zone = getattr(trigger, "timezone", None)
    local = fire.astimezone(zone) if isinstance(zone, tzinfo) else fire
    return _utc(trigger.get_next_fire_time(local, now))


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)
