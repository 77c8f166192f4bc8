"""The orders of the page “Jobs”, each with a bounded cost: which jobs a page of the list shows.

By name, databases merge the indexes of the kinds. The other orders are of what the job store and
the history know. If few definitions match, what is known of each is read, and they are sorted here.
If many do, only those are sorted that come first by an index; the page says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import CharField, Count, F, QuerySet, Value
from django.db.models.functions import Cast
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django_apscheduler.models import DjangoJob

from countjobs.admin.drawings.strip import LONGEST
from countjobs.admin.jobs.matching import Found
from countjobs.admin.statistics import WORKED, percentiles
from countjobs.database.primary import rows_of
from countjobs.models import Execution
from countjobs.models.kinds import keys_by_kind
from countjobs.models.newest_runs import Past, by_job

FEW = 500
"""If no more definitions match, all of them are sorted."""
_MOST_SORTED = 500
"""Else so many, at most, are sorted by what the history knows; the others follow by name."""
_MOST_RUNS = 20_000
"""The newest runs in which these are looked for."""
_MOST_WALKED = 20_000
"""Rows of the job store that are looked at, in the order of the next run."""
_STEP = 1_000
DAY = timedelta(days=1)


@dataclass(frozen=True)
class PageOfIds:
    """What a page shows."""

    job_ids: list[str]
    is_more: bool
    """Whether another page follows."""
    note: str | Promise = ""
    """What the order leaves out."""


Rank = Callable[[list[str], datetime], list[str]]
"""Those of these jobs that it knows something of, in order."""


@dataclass(frozen=True)
class Order:
    """An order of the list."""

    title: str | Promise
    rank: Rank
    candidates: Callable[[datetime], list[str]]
    """The jobs that may come first, of whatever kind."""
    note: str | Promise


def page_by_name(found: Found, start: int, size: int, *, backwards: bool) -> PageOfIds:
    """A page of the definitions by name."""
    ids = _by_name(found, start, size + 1, backwards=backwards)
    return PageOfIds(ids[:size], len(ids) > size)


def page_by_next_run(
    found: Found, total: int, start: int, size: int, *, backwards: bool
) -> PageOfIds:
    """A page by the next run; those without one come last."""
    if total <= FEW:
        ids = _by_name(found, 0, FEW, backwards=False)
        times = dict(rows_of(DjangoJob).filter(id__in=ids).values_list("id", "next_run_time"))
        due = sorted((each for each in ids if times.get(each)), key=times.__getitem__)
        due = due[::-1] if backwards else due
        return _cut([*due, *(each for each in ids if not times.get(each))], start, size)
    walked = _walk(found, backwards=backwards)
    ids = list(islice(walked, start, start + size + 1))
    is_cut = len(ids) <= size and start + len(ids) < total
    return PageOfIds(ids[:size], len(ids) > size, _WALK_NOTE if is_cut else "")


_WALK_NOTE = _("In this order, only the first 20,000 jobs are searched.")


def page_by_history(
    found: Found, total: int, start: int, size: int, *, order: Order, now: datetime
) -> PageOfIds:
    """A page by what the history knows; those of which it knows nothing follow by name."""
    if total <= FEW:
        ids = _by_name(found, 0, FEW, backwards=False)
        ranked = order.rank(ids, now)
        known = set(ranked)
        return _cut([*ranked, *(each for each in ids if each not in known)], start, size)
    ranked = order.rank(_those_found(found, order.candidates(now)), now)
    first = ranked[start : start + size + 1]
    missing = size + 1 - len(first)
    keys = keys_by_kind(ranked)
    others = {kind: rows.exclude(pk__in=keys.get(kind, [])) for kind, rows in found.items()}
    rest = (
        _by_name(others, max(start - len(ranked), 0), missing, backwards=False) if missing else []
    )
    ids = [*first, *rest]
    return PageOfIds(ids[:size], len(ids) > size, order.note)


def _cut(ids: Sequence[str], start: int, size: int) -> PageOfIds:
    return PageOfIds(list(ids[start : start + size]), len(ids) > start + size)


def _by_name(found: Found, start: int, most: int, *, backwards: bool) -> list[str]:
    kinds = list(found)
    parts = [
        rows.order_by()
        .annotate(kind_number=Value(number), key_text=Cast("pk", CharField()), sort_name=F("name"))
        .values_list("sort_name", "kind_number", "key_text")
        for number, rows in enumerate(found.values())
    ]
    if not parts:
        return []
    first, *rest = parts
    union = first.union(*rest, all=True) if rest else first
    order = ("-sort_name", "-kind_number") if backwards else ("sort_name", "kind_number")
    chosen = union.order_by(*order)[start : start + most]
    return [_job_id(kinds[number], text) for _name, number, text in chosen]


def _job_id(kind: Any, key: str) -> str:
    """The database writes some keys in another way than Python: a UUID, say."""
    return str(kind.job_id_of(kind._meta.pk.to_python(key)))


def _walk(found: Found, *, backwards: bool) -> Iterator[str]:
    """Definitions by their next run, as an index of the job store has them."""
    rows = rows_of(DjangoJob)
    due = rows.filter(next_run_time__isnull=False)
    order = ("-next_run_time", "-id") if backwards else ("next_run_time", "id")
    yield from _walk_over(found, due.order_by(*order))
    yield from _walk_over(found, rows.filter(next_run_time=None).order_by("id"))


def _walk_over(found: Found, rows: QuerySet[DjangoJob]) -> Iterator[str]:
    for start in range(0, _MOST_WALKED, _STEP):
        ids = list(rows.values_list("id", flat=True)[start : start + _STEP])
        yield from _those_found(found, ids)
        if len(ids) < _STEP:
            return


def _those_found(found: Found, job_ids: Iterable[str]) -> list[str]:
    """Those of these jobs that match, in the same order: one query for each kind."""
    ids = list(dict.fromkeys(job_ids))
    match: set[str] = set()
    for kind, keys in keys_by_kind(ids).items():
        if kind in found:
            pks = found[kind].filter(pk__in=keys).values_list("pk", flat=True)
            match.update(map(kind.job_id_of, pks))
    return [each for each in ids if each in match]


# What the history knows


def failures_of(job_ids: list[str], now: datetime) -> dict[str, int]:
    """How often each failed in the last day, as the list of runs counts it."""
    failed = Execution.objects.failures(now - DAY, now).filter(job_id__in=job_ids)
    counts = failed.values_list("job_id").annotate(count=Count("pk")).order_by()
    return dict(counts)


def p95_of(runs: Iterable[Past]) -> timedelta | None:
    """What 95 % of a job's newest runs don't exceed."""
    found = percentiles(run.duration for run in runs if run.status in WORKED)
    return found.p95 if found else None


def _by_failures(job_ids: list[str], now: datetime) -> list[str]:
    return [job_id for job_id, _count in Counter(failures_of(job_ids, now)).most_common()]


def _most_failures(now: datetime) -> list[str]:
    failed = Execution.objects.failures(now - DAY, now).newest_first()
    newest = Counter(failed.values_list("job_id", flat=True)[:_MOST_RUNS])
    return [job_id for job_id, _count in newest.most_common(_MOST_SORTED)]


def _by_last_run(job_ids: list[str], now: datetime) -> list[str]:
    newest = Execution.objects.newest_of_each(job_ids, 1)
    return [past.job_id for past in sorted(newest, key=_due, reverse=True)]


def _due(past: Past) -> tuple[datetime, int]:
    return past.scheduled_at, past.id


def _ran_last(now: datetime) -> list[str]:
    newest = Execution.objects.newest_first().values_list("job_id", flat=True)[:_MOST_RUNS]
    return list(dict.fromkeys(newest))[:_MOST_SORTED]


def _by_duration(job_ids: list[str], now: datetime) -> list[str]:
    runs = by_job(Execution.objects.newest_of_each(job_ids, LONGEST))
    figures = ((p95_of(each), job_id) for job_id, each in runs.items())
    known = [(figure, job_id) for figure, job_id in figures if figure is not None]
    return [job_id for _figure, job_id in sorted(known, reverse=True)]


_BY_LAST = _("Sorted are the 500 jobs that ran last. The others follow by name.")

ORDERS = {
    "last": Order(_("last run"), _by_last_run, _ran_last, _BY_LAST),
    "p95": Order(_("p95 duration"), _by_duration, _ran_last, _BY_LAST),
    "failures": Order(
        _("failures in 24 h"),
        _by_failures,
        _most_failures,
        _("Sorted are the 500 jobs with most of the newest 20,000 failures. The others follow."),
    ),
}
"""The orders by what the history knows, greatest first, by the value in the URL."""
