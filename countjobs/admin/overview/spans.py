"""Counting rows by spans of time: many spans in one query, each by the index on the time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet, Value
from django.utils import timezone

from countjobs.admin.links import Span

HOUR = timedelta(hours=1)
DAY_HOURS = 24


def past_hours(now: datetime) -> list[Span]:
    """The current hour, and those before it: 24 of them, the oldest first."""
    this = now.replace(minute=0, second=0, microsecond=0)
    starts = [this - HOUR * n for n in reversed(range(DAY_HOURS))]
    return [(start, start + HOUR) for start in starts]


def coming_hours(now: datetime) -> list[Span]:
    """The next 24 hours, from now on."""
    starts = [now + HOUR * n for n in range(DAY_HOURS)]
    return [(start, start + HOUR) for start in starts]


def clock(instant: datetime) -> str:
    """The time of the day, in the site's zone."""
    return f"{timezone.localtime(instant):%H:%M}"


def count_spans(
    rows: QuerySet[Any], field: str, spans: Sequence[Span], *groups: str
) -> list[tuple[Any, ...]]:
    """How many rows each span has: the span's number, the groups' values, and the count."""
    first, *others = [
        rows.filter(**{f"{field}__gte": start, f"{field}__lt": end})
        .order_by()
        .annotate(span=Value(number))
        .values_list("span", *groups)
        .annotate(rows=Count("*"))
        for number, (start, end) in enumerate(spans)
    ]
    return list(first.union(*others, all=True).order_by())
