"""Part of the overview: the next run of each job, within a day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django_apscheduler.models import DjangoJob

from countjobs.admin.cells import job_link
from countjobs.admin.display import moment, moment_text, soon
from countjobs.admin.drawings.bars import Bar, marks, stacked_bars
from countjobs.admin.links import Links, Span
from countjobs.admin.lookup import definitions_of, zone_of
from countjobs.admin.overview.spans import clock, coming_hours, count_spans
from countjobs.database.primary import rows_of
from countjobs.models.kinds import concrete_definitions

MOST = 50
SHOWN = 10
_WAITED = timedelta(seconds=5)
"""A job that has been due for longer than this counts as waiting. A scheduler that is alive claims
much sooner."""
_LONG_AGO = timedelta(days=36_500)


@dataclass(frozen=True)
class Coming:
    """Pictures, and the list."""

    bars: SafeString
    marks: SafeString
    most: int
    """Jobs in the busiest hour."""
    total: int
    overdue: int
    """Jobs that were due some seconds ago, and that no scheduler has claimed yet."""
    labels: list[str]
    rows: list[tuple[str, str, SafeString]]
    """The first ones: when, how soon, and which job."""
    more: list[tuple[str, str, SafeString]]


def read_coming(now: datetime, links: Links) -> Coming:
    """Two queries, and one for each kind of definition."""
    jobs = _visible(links)
    hours = coming_hours(now)
    counts = _counts(jobs, [*hours, (now - _LONG_AGO, now - _WAITED)])
    overdue = counts.pop()
    first = list(_first(jobs, now))
    rows = list(_rows(first, now, links))
    return Coming(
        bars=stacked_bars(
            [_bar(*each) for each in zip(hours, counts, strict=True)],
            gettext("How many jobs have their next run in each of the next 24 hours"),
        ),
        marks=marks(_marks(first, now), gettext("The next runs")),
        most=max(counts),
        total=sum(counts),
        overdue=overdue,
        labels=[clock(start) for start, _end in hours[::6]],
        rows=rows[:SHOWN],
        more=rows[SHOWN:],
    )


def _visible(links: Links) -> QuerySet[Any]:
    """All jobs except those whose definitions the user may not see."""
    jobs: QuerySet[Any] = rows_of(DjangoJob)
    for kind in concrete_definitions():
        if links.is_hidden(kind):
            jobs = jobs.exclude(id__startswith=kind.job_id_of(""))
    return jobs


def _counts(jobs: QuerySet[Any], spans: list[Span]) -> list[int]:
    found = dict(count_spans(jobs, "next_run_time", spans))
    return [found.get(number, 0) for number in range(len(spans))]


def _first(jobs: QuerySet[Any], now: datetime) -> Iterable[tuple[str, datetime]]:
    due = jobs.filter(next_run_time__gte=now, next_run_time__lt=now + timedelta(days=1))
    return due.order_by("next_run_time").values_list("id", "next_run_time")[:MOST]


def _rows(
    first: list[tuple[str, datetime]], now: datetime, links: Links
) -> Iterable[tuple[str, str, SafeString]]:
    definitions = definitions_of(job_id for job_id, _at in first)
    for job_id, at in first:
        definition = definitions.get(job_id)
        yield moment(at, zone_of(definition)), soon(at - now), job_link(job_id, definition, links)


def _marks(first: list[tuple[str, datetime]], now: datetime) -> list[tuple[float, str]]:
    zone = timezone.get_current_timezone()
    return [((at - now) / timedelta(days=1), moment_text(at, zone)) for _job_id, at in first]


def _bar(hour: Span, jobs: int) -> Bar:
    words = ngettext("%(n)s job", "%(n)s jobs", jobs)
    said = words % {"n": number_format(jobs, force_grouping=True)}
    return Bar([("coming", jobs)], f"{clock(hour[0])} – {clock(hour[1])}\n{said}")
