"""Which jobs the page “Jobs” lists: what its URL asks for, and the definitions that match."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django_apscheduler.models import DjangoJob

from countjobs.admin.list_pages import shortened
from countjobs.admin.watched import PAUSED_ITSELF, SILENT
from countjobs.database.primary import rows_of
from countjobs.models import JobDefinition, ParkedJob, ScheduleType
from countjobs.models.kinds import keys_by_kind

Kind = type[JobDefinition]
Found = dict[Kind, QuerySet[Any]]
Narrow = Callable[[Kind, QuerySet[Any], datetime], QuerySet[Any]]

_LONGEST = 1_000
"""Characters of what a URL asks for."""
_MOST_PAGES = 1_000_000
MOST_KEYS = 5_000
"""How many definitions of a kind are looked at for the states “broken” and “ended”."""


@dataclass(frozen=True)
class Asked:
    """What a URL asks for. What makes no sense is left out, as if it weren't there."""

    q: str = ""
    kind: str = ""
    group: str = ""
    state: str = ""
    schedule: str = ""
    executor: str = ""
    o: str = ""
    """The order."""
    p: str = ""
    """The number of the page, from 0."""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Asked:
        """What is in the query of a URL."""
        values = {each.name: str(given.get(each.name, "")) for each in fields(cls)}
        return cls(**{name: text for name, text in values.items() if _can_be_asked(text)})

    @property
    def page(self) -> int:
        """The number of the page, from 0."""
        is_number = self.p.isascii() and self.p.isdecimal()
        return min(int(self.p), _MOST_PAGES) if is_number else 0

    @property
    def filters(self) -> dict[str, str]:
        """The filters that are set."""
        names = ("kind", "group", "state", "schedule", "executor")
        return {name: value for name in names if (value := getattr(self, name))}


def _can_be_asked(text: str) -> bool:
    return "\0" not in text and len(text) <= _LONGEST


def _enabled(kind: Kind, rows: QuerySet[Any], now: datetime) -> QuerySet[Any]:
    return rows.filter(enabled=True)


def _paused(kind: Kind, rows: QuerySet[Any], now: datetime) -> QuerySet[Any]:
    return rows.filter(enabled=False)


def _broken(kind: Kind, rows: QuerySet[Any], now: datetime) -> QuerySet[Any]:
    prefix = kind.job_id_of("")
    parked = ParkedJob.objects.filter(job_id__startswith=prefix).values_list("job_id", flat=True)
    return rows.filter(pk__in=keys_by_kind(parked[:MOST_KEYS]).get(kind, []))


def _ended(kind: Kind, rows: QuerySet[Any], now: datetime) -> QuerySet[Any]:
    """Enabled ones that have no next run, and aren't broken.

    Only these can have ended: those with a moment, an end, or years.
    """
    once = Q(schedule_type=ScheduleType.ONCE, run_at__lte=now)
    years = Q(schedule_type=ScheduleType.CRON) & ~Q(year="*")
    may = rows.filter(once | years | Q(end_date__lte=now), enabled=True)
    ids = [kind.job_id_of(pk) for pk in may.values_list("pk", flat=True)[:MOST_KEYS]]
    broken = ParkedJob.objects.filter(job_id__in=ids).values("job_id")
    over = rows_of(DjangoJob).filter(id__in=ids, next_run_time=None).exclude(id__in=broken)
    ended = keys_by_kind(over.values_list("id", flat=True)).get(kind, [])
    return rows.filter(pk__in=ended)


def _silent(kind: Kind, rows: QuerySet[Any], now: datetime) -> QuerySet[Any]:
    return rows.filter(pk__in=SILENT.keys(kind), enabled=True)


def _paused_itself(kind: Kind, rows: QuerySet[Any], now: datetime) -> QuerySet[Any]:
    return rows.filter(pk__in=PAUSED_ITSELF.keys(kind), enabled=False)


STATES: dict[str, tuple[str | Promise, Narrow]] = {
    "enabled": (_("enabled"), _enabled),
    "paused": (_("paused"), _paused),
    "ended": (_("ended"), _ended),
    "broken": (_("broken"), _broken),
    "silent": (SILENT.word, _silent),
    "paused-itself": (PAUSED_ITSELF.word, _paused_itself),
}
"""By the value in the URL: the word, and how the rows of a kind are narrowed."""


def matching(
    request: HttpRequest, site: AdminSite, kinds: Iterable[Kind], asked: Asked, now: datetime
) -> Found:
    """The definitions of each of these kinds that match the search and the filters."""
    found: Found = {}
    for kind in kinds:
        if asked.kind and asked.kind != kind._meta.label_lower:
            continue
        model_admin: Any = site.get_model_admin(kind)
        rows = model_admin.get_queryset(request).order_by()
        if asked.q:
            rows, _twice = model_admin.get_search_results(request, rows, shortened(asked.q))
        for name, field in _FIELDS.items():
            if value := getattr(asked, name):
                rows = rows.filter(**{field: value})
        if asked.state in STATES:
            rows = STATES[asked.state][1](kind, rows, now)
        found[kind] = rows
    return found


_FIELDS = {"group": "group", "schedule": "schedule_type", "executor": "executor"}
"""Filters by a field."""


def is_partly_searched(found: Found, asked: Asked) -> bool:
    """Whether there are more definitions than are looked at for this state."""
    if asked.state not in ("broken", "ended"):
        return False
    return any(rows_of(kind).count() > MOST_KEYS for kind in found)
