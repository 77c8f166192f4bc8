"""The fire times of a trigger that come next, as many as asked for, in bounded time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from time import monotonic

from countjobs.triggers.bounded import BoundedTrigger

_MOST_SECONDS = 0.5


def upcoming(
    trigger: BoundedTrigger,
    now: datetime,
    count: int,
    clock: Callable[[], float] = monotonic,
) -> Iterator[datetime]:
    """The fire times after now, in the trigger's zone, as they would be if the schedule were saved
    now.

    There are fewer if the schedule ends, or if finding them takes more than half a second.
    """
    deadline = clock() + _MOST_SECONDS
    fire = trigger.get_next_fire_time(now, now)
    for _number in range(count):
        if fire is None:
            return
        yield fire
        if clock() > deadline:
            return
        fire = trigger.get_next_fire_time(fire, now)
