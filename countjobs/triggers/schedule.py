"""The trigger of eight cron fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from countjobs.triggers.bounded import BoundedTrigger
from countjobs.triggers.calendar import CronCalendar
from countjobs.triggers.zones import ZonedCalendar, load_zone


@lru_cache(maxsize=1_000)
def _calendar(
    expressions: tuple[tuple[str, str], ...], timezone: str
) -> ZonedCalendar[CronCalendar]:
    """Equal schedules share one."""
    zone = load_zone(timezone)
    return ZonedCalendar(CronCalendar(dict(expressions)), zone)


class ScheduleTrigger(BoundedTrigger):
    """Is due where eight cron expressions match, from `start` to `end`, both included.

    Due times depend on the wall clock and the fields alone.

    Args:
        expressions: The eight cron expressions by field name; see `countjobs.triggers.expressions`.
        timezone: The name of the time zone whose wall clock counts.
        start, end, jitter, seed: As for `BoundedTrigger`.

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
        calendar = _calendar(tuple(expressions.items()), timezone)
        super().__init__(
            calendar,
            {"expressions": dict(expressions)},
            timezone,
            start=start,
            end=end,
            jitter=jitter,
            seed=seed,
        )
        self._calendar = calendar

    @property
    def calendar(self) -> CronCalendar:
        """The walls that the expressions match, regardless of start and end."""
        return self._calendar.calendar

    @property
    def is_interval(self) -> bool:
        """Whether it is an interval, which follows what the clock shows; see `zones`."""
        return self._calendar.is_interval

    def __reduce__(self) -> tuple[Any, ...]:
        arguments = {**self._state, "expressions": tuple(self._state["expressions"].items())}
        return _shared, tuple(arguments.values())

    def __str__(self) -> str:
        fields = (f"{name}='{text}'" for name, text in self.calendar.expressions.items())
        return f"cron[{', '.join(fields)}]"


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
