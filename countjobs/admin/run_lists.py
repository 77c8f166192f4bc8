"""Links to just the runs that a page counts: of some statuses, due within a span of time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

BETWEEN = ".."
OR = ","
_INSTANT = timedelta(microseconds=1)

Span = tuple[datetime, datetime]
"""From an instant until before another."""


def within(start: datetime, end: datetime) -> str:
    """What `since` is given in an address, for those due from an instant until before another."""
    return BETWEEN.join(f"{each.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}" for each in (start, end))


def within_those_of(moments: Iterable[datetime]) -> str:
    """The same for those due at these moments, or between them."""
    known = sorted(moments)
    return within(known[0], known[-1] + _INSTANT)


def any_of(statuses: Iterable[str]) -> str:
    """What `status__exact` is given in an address, for those that stand in any of these ways."""
    return OR.join(statuses)
