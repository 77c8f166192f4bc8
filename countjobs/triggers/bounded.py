"""What the triggers of definitions share: a start, an end and a jitter around a grid of instants.

A grid is a fixed set of instants. Which one comes next depends only on where the search starts: not
on when the trigger was made, or on how late the last run was.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Protocol

from apscheduler.triggers.base import BaseTrigger

from countjobs.triggers.expressions import LAST_YEAR
from countjobs.triggers.zones import load_zone

TICK = timedelta(microseconds=1)
_FIRST_INSTANT = datetime(1970, 1, 1, tzinfo=UTC)
LAST_INSTANT = datetime(LAST_YEAR + 1, 1, 2, tzinfo=UTC)  # that year has ended in every zone


def within_searches(instant: datetime) -> datetime:
    """An instant in UTC. One outside the searched years is moved to their border: there it means
    the same, and calculations stay within the calendar.
    """
    if instant.year < _FIRST_INSTANT.year:
        return _FIRST_INSTANT
    return instant.astimezone(UTC) if instant.year <= LAST_YEAR else LAST_INSTANT


class Grid(Protocol):
    """Instants, in UTC. Searching and counting them takes no loop over them."""

    def next_instant(self, at_or_after: datetime) -> datetime | None:
        """The first instant that is not before the given one."""

    def previous_instant(self, at_or_before: datetime) -> datetime | None:
        """The last instant that is not after the given one."""

    def count_instants(self, first: datetime, end: datetime) -> int:
        """How many instants lie from `first` on, and before `end`."""


class BoundedTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Is due at the instants of a grid, from `start` to `end`, both included.

    Args:
        grid: The instants, without jitter.
        rule: What the grid is made of: what tells it from other grids.
        timezone: The name of the time zone that fire times are in.
        start: No fire time is before it.
        end: No fire time is after it.
        jitter: How many seconds a fire time may be delayed. Each delay is drawn from the time and
            the seed, so that every scheduler and the preview draw the same. It never reaches the
            next fire time.
        seed: Makes this schedule's delays differ from those of another with the same fields.

    Raises:
        ValueError: No such time zone.
    """

    def __init__(
        self,
        grid: Grid,
        rule: dict[str, Any],
        timezone: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        jitter: int = 0,
        seed: str = "",
    ) -> None:
        self.timezone = load_zone(timezone)
        self.start = start and within_searches(start)
        self.end = end and within_searches(end)
        self.jitter = timedelta(seconds=jitter)
        # Without jitter the seed has no meaning, and must not make equal schedules differ.
        self._seed = seed if jitter else ""
        self._grid = grid
        self._state = {
            **rule,
            "timezone": timezone,
            "start": self.start,
            "end": self.end,
            "jitter": jitter,
            "seed": self._seed,
        }

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        """The fire time after the previous one or, without one, the first that isn't before now.

        It is in the trigger's time zone. None if there are no more.
        """
        if previous_fire_time is None:
            return self._local(self._next(within_searches(now)))
        return self._local(self._next(within_searches(previous_fire_time) + TICK))

    def last_fire_time(self, at_or_before: datetime) -> datetime | None:
        """The last fire time that isn't after an instant, in UTC; None if there is none."""
        instant = within_searches(at_or_before)
        base = self._last_base(instant)
        if base is not None and self._delayed(base) > instant:
            base = self._last_base(base - TICK)
        return None if base is None else self._delayed(base)

    def count_fires(self, after: datetime, until: datetime) -> int:
        """How many fire times are after one instant and not after another, without a loop."""
        first, end = (self._base_bound(within_searches(each) + TICK) for each in (after, until))
        if self.start:
            first = max(first, self.start)
        if self.end:
            end = min(end, self.end + TICK)
        return self._grid.count_instants(first, end) if first < end else 0

    def renamed(self, other: BoundedTrigger, fire: datetime) -> datetime | None:
        """Its fire time in place of another trigger's, which differs from it only by the seed.

        None if they differ otherwise, or the other one isn't due then.
        """
        ours, others = ({**each._state, "seed": ""} for each in (self, other))
        if type(other) is not type(self) or ours != others:
            return None
        instant = within_searches(fire)
        base = other._last_base(instant)
        return None if base is None or other._delayed(base) != instant else self._delayed(base)

    # A base is a fire time without its jitter.

    def _base_bound(self, instant: datetime) -> datetime:
        """The instant up to which bases are those of fire times before an instant."""
        if not self.jitter:
            return instant
        base = self._last_base(instant - TICK)  # each lies before the next, whatever is drawn
        return base if base is not None and self._delayed(base) >= instant else instant

    def _next(self, at_or_after: datetime) -> datetime | None:
        base = self._next_base(self._base_bound(at_or_after))
        return None if base is None else self._delayed(base)

    def _next_base(self, at_or_after: datetime) -> datetime | None:
        if self.start and at_or_after < self.start:
            at_or_after = self.start
        if self.end and at_or_after > self.end:
            return None
        found = self._grid.next_instant(at_or_after)
        return None if found is None or (self.end and found > self.end) else found

    def _last_base(self, at_or_before: datetime) -> datetime | None:
        if self.end and at_or_before > self.end:
            at_or_before = self.end
        found = self._grid.previous_instant(at_or_before)
        return None if found is None or (self.start and found < self.start) else found

    def _delayed(self, base: datetime) -> datetime:
        if not self.jitter:
            return base
        following = self._grid.next_instant(base + TICK)
        room = self.jitter if following is None else min(self.jitter, following - base)
        drawn = blake2b(f"{self._seed} {base.timestamp()}".encode(), digest_size=4)
        # In whole microseconds and rounded down, so that it is less than the room.
        delayed = base + (room // TICK * int.from_bytes(drawn.digest()) >> 32) * TICK
        return min(delayed, self.end) if self.end else delayed

    def _local(self, instant: datetime | None) -> datetime | None:
        return None if instant is None else instant.astimezone(self.timezone)

    def __getstate__(self) -> dict[str, Any]:
        return self._state

    def __repr__(self) -> str:
        return f"<{type(self).__name__} ({self}, timezone='{self.timezone}')>"
