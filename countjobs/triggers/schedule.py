"""The trigger of a definition: a zoned calendar with a start, an end and a jitter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from apscheduler.triggers.base import BaseTrigger

from countjobs.triggers.calendar import CronCalendar
from countjobs.triggers.expressions import LAST_YEAR
from countjobs.triggers.zones import ZonedCalendar, load_zone

_TICK = timedelta(microseconds=1)
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(LAST_YEAR + 1, 1, 2, tzinfo=UTC)  # that year has ended in every zone


def _utc(instant: datetime) -> datetime:
    """An instant in UTC. One outside the searched years is moved to their border: there it means
    the same, and calculations stay within the calendar.
    """
    if instant.year < _FIRST.year:
        return _FIRST
    return instant.astimezone(UTC) if instant.year <= LAST_YEAR else _LAST


@lru_cache(maxsize=1_000)
def _calendar(expressions: tuple[tuple[str, str], ...], timezone: str) -> ZonedCalendar:
    """Equal schedules share one."""
    return ZonedCalendar(CronCalendar(dict(expressions)), load_zone(timezone))


class ScheduleTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Is due where eight cron expressions match, from `start` to `end`, both included.

    Due times depend on the wall clock and the fields alone, not on when the trigger was made or how
    late the last run was.

    Args:
        expressions: The eight cron expressions by field name; see `countjobs.triggers.expressions`.
        timezone: The name of the time zone whose wall clock counts.
        start: No fire time is before it.
        end: No fire time is after it.
        jitter: How many seconds a fire time may be delayed. Each delay is drawn from the time and
            the seed, so that every scheduler and the preview draw the same. It never reaches the
            next fire time.
        seed: Makes this schedule's delays differ from those of another with the same fields.

    Raises:
        CronFieldError: An expression can't be read.
        ValueError: No such time zone.
    """

    def __init__(
        self,
        expressions: Mapping[str, str],
        timezone: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        jitter: int = 0,
        seed: str = "",
    ) -> None:
        self._state: dict[str, Any] = {
            "expressions": dict(expressions),
            "timezone": timezone,
            "start": start and _utc(start),
            "end": end and _utc(end),
            "jitter": jitter,
            # Without jitter the seed has no meaning, and must not make equal schedules differ.
            "seed": seed if jitter else "",
        }
        self.timezone = load_zone(timezone)
        self.start: datetime | None = self._state["start"]
        self.end: datetime | None = self._state["end"]
        self.jitter = timedelta(seconds=jitter)
        self._calendar = _calendar(tuple(expressions.items()), timezone)

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        """The fire time after the previous one or, without one, the first that isn't before now.

        It is in the trigger's time zone. None if there are no more.
        """
        if previous_fire_time is None:
            return self._local(self._next(_utc(now)))
        return self._local(self._next(_utc(previous_fire_time) + _TICK))

    @property
    def calendar(self) -> CronCalendar:
        """The walls that the expressions match, regardless of start and end."""
        return self._calendar.calendar

    @property
    def is_interval(self) -> bool:
        """Whether it is an interval, which follows what the clock shows; see `zones`."""
        return self._calendar.is_interval

    def last_fire_time(self, at_or_before: datetime) -> datetime | None:
        """The last fire time that isn't after an instant, in UTC; None if there is none."""
        instant = _utc(at_or_before)
        grid = self._last_grid(instant)
        if grid is not None and self._delayed(grid) > instant:
            grid = self._last_grid(grid - _TICK)
        return None if grid is None else self._delayed(grid)

    def count_fires(self, after: datetime, until: datetime) -> int:
        """How many fire times are after one instant and not after another, without a loop."""
        first, end = (self._grid_bound(_utc(instant) + _TICK) for instant in (after, until))
        if self.start:
            first = max(first, self.start)
        if self.end:
            end = min(end, self.end + _TICK)
        return self._calendar.count_instants(first, end) if first < end else 0

    def _grid_bound(self, instant: datetime) -> datetime:
        """The instant without jitter up to which fire times are before an instant."""
        if not self.jitter:
            return instant
        grid = self._last_grid(instant - _TICK)  # each lies before the next, whatever is drawn
        return grid if grid is not None and self._delayed(grid) >= instant else instant

    def _next(self, at_or_after: datetime) -> datetime | None:
        grid = self._grid(self._grid_bound(at_or_after))
        return None if grid is None else self._delayed(grid)

    def _grid(self, at_or_after: datetime) -> datetime | None:
        """The next fire time, without jitter."""
        if self.start and at_or_after < self.start:
            at_or_after = self.start
        if self.end and at_or_after > self.end:
            return None
        found = self._calendar.next_instant(at_or_after)
        return None if found is None or (self.end and found > self.end) else found

    def _last_grid(self, at_or_before: datetime) -> datetime | None:
        """The last fire time, without jitter."""
        if self.end and at_or_before > self.end:
            at_or_before = self.end
        found = self._calendar.previous_instant(at_or_before)
        return None if found is None or (self.start and found < self.start) else found

    def _delayed(self, grid: datetime) -> datetime:
        if not self.jitter:
            return grid
        following = self._calendar.next_instant(grid + _TICK)
        room = self.jitter if following is None else min(self.jitter, following - grid)
        drawn = blake2b(f"{self._state['seed']} {grid.timestamp()}".encode(), digest_size=4)
        # In whole microseconds and rounded down, so that it is less than the room.
        delayed = grid + (room // _TICK * int.from_bytes(drawn.digest()) >> 32) * _TICK
        return min(delayed, self.end) if self.end else delayed

    def _local(self, instant: datetime | None) -> datetime | None:
        return None if instant is None else instant.astimezone(self.timezone)

    def __getstate__(self) -> dict[str, Any]:
        return self._state

    def __reduce__(self) -> tuple[Any, ...]:
        arguments = {**self._state, "expressions": tuple(self._state["expressions"].items())}
        return _shared, tuple(arguments.values())

    def __str__(self) -> str:
        fields = (f"{name}='{text}'" for name, text in self.calendar.expressions.items())
        return f"cron[{', '.join(fields)}]"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} ({self}, timezone='{self.timezone}')>"


@lru_cache(maxsize=10_000)
def _shared(  # noqa: PLR0917  # a pickle gives them by their places
    expressions: tuple[tuple[str, str], ...],
    timezone: str,
    start: datetime | None,
    end: datetime | None,
    jitter: int,
    seed: str,
) -> ScheduleTrigger:
    """The result of unpickling. It never changes, so rows with equal schedules share one."""
    return ScheduleTrigger(
        dict(expressions), timezone, start=start, end=end, jitter=jitter, seed=seed
    )
