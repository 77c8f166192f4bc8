"""The trigger of a job that runs once."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from countjobs.triggers.bounded import BoundedTrigger, within_searches


class _OneInstant:
    """A grid of one instant."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def next_instant(self, at_or_after: datetime) -> datetime | None:
        """It, if it isn't before the given one."""
        return self._at if at_or_after <= self._at else None

    def previous_instant(self, at_or_before: datetime) -> datetime | None:
        """It, if it isn't after the given one."""
        return self._at if at_or_before >= self._at else None

    def count_instants(self, first: datetime, end: datetime) -> int:
        """Whether it lies from `first` on, and before `end`."""
        return int(first <= self._at < end)


class OnceTrigger(BoundedTrigger):
    """Is due at one moment.

    Args:
        at: The moment. It must lie between 1970 and `LAST_YEAR`.
        timezone: The name of the time zone that it is told in.
        jitter, seed: As for `BoundedTrigger`.

    Raises:
        ValueError: No such time zone.
    """

    def __init__(self, at: datetime, timezone: str, *, jitter: int = 0, seed: str = "") -> None:
        self.at = within_searches(at)
        super().__init__(_OneInstant(self.at), {"at": self.at}, timezone, jitter=jitter, seed=seed)

    def __reduce__(self) -> tuple[Any, ...]:
        names = ("at", "timezone", "jitter", "seed")
        return _shared_once, tuple(self._state[name] for name in names)

    def __str__(self) -> str:
        return f"once[{self.at}]"


@lru_cache(maxsize=10_000)
def _shared_once(at: datetime, timezone: str, jitter: int, seed: str) -> OnceTrigger:
    """The result of unpickling, one for equal moments."""
    return OnceTrigger(at, timezone, jitter=jitter, seed=seed)
