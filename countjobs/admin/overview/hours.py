"""How the runs of each of the last hours went.

A busy day has millions of runs, and counting them takes too long for a page. So the counts of a
past hour are kept for some minutes in Django's cache: each request counts the current hour, and
usually one of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic

from django.core.cache import cache

from countjobs.admin.links import Span
from countjobs.admin.overview.spans import HOUR, count_spans
from countjobs.models import Execution

KEPT = timedelta(minutes=1)
"""How long counts are kept at least. Older hours are kept longer, so that not all expire at once.
"""

_APART = timedelta(seconds=20)
_COSTLY = 0.25
"""Seconds. Counts that take longer than this are kept longer."""
_TIMES_THE_COST = 20
"""They are kept for this many times as long as counting took."""

_FIRST = 4
_PATIENCE = 0.1
"""Seconds that counting all the hours may take if none is in the cache."""

Counts = dict[str, int]
"""How many, by status."""


def count_hours(hours: Sequence[Span], now: datetime) -> list[Counts | None]:
    """The runs due in each hour, by status; None for hours that are left to the next request.

    A chain of attempts counts once, by its end.
    At most two queries: if counting the newest hours takes long, the others have to wait.
    """
    known: dict[str, Counts] = cache.get_many([_key(hour) for hour in hours])
    unknown = [hour for hour in reversed(hours) if _key(hour) not in known]
    first, others = unknown[:_FIRST], unknown[_FIRST:]
    began = monotonic()
    known |= _count(first, now)
    if (monotonic() - began) * len(others) <= _PATIENCE * len(first):
        known |= _count(others, now)
    return [known.get(_key(hour)) for hour in hours]


def _count(hours: Sequence[Span], now: datetime) -> dict[str, Counts]:
    if not hours:
        return {}
    began = monotonic()
    counts: dict[str, Counts] = {_key(hour): {} for hour in hours}
    ends = Execution.objects.ends_of_chains()
    for number, status, rows in count_spans(ends, "scheduled_at", hours, "status"):
        counts[_key(hours[number])][status] = rows
    cost = monotonic() - began
    for hour in hours:
        if seconds := _seconds_to_keep(now - hour[0], cost):
            cache.set(_key(hour), counts[_key(hour)], seconds)
    return counts


def _seconds_to_keep(age: timedelta, cost: float) -> int:
    """Whole seconds; 0 for what need not be kept."""
    costly = int(cost * _TIMES_THE_COST) if cost >= _COSTLY else 0
    if age < HOUR:
        return costly
    return max(costly, int((KEPT + _APART * (age // HOUR)).total_seconds()))


def _key(hour: Span) -> str:
    return f"countjobs:hour:{hour[0]:%Y%m%d%H}"
