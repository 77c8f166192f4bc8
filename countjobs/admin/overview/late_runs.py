"""Part of the overview: how late runs start, how many start, and which jobs are latest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, Min
from django.utils.safestring import SafeString

from countjobs.admin.cells import job_link, run_link
from countjobs.admin.display import duration
from countjobs.admin.links import Links
from countjobs.admin.lookup import definitions_of, zone_of
from countjobs.admin.statistics import percentile
from countjobs.models import Execution
from countjobs.models.executions import Trigger

MOST_RUNS = 1_000
MOST_COUNTED = 50_000
MOST_JOBS = 10
LATE = timedelta(seconds=1)
"""A run that starts at least this long after it was due counts as late."""

_MINUTE = timedelta(minutes=1)
_PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class LateJob:
    """A line of the table: a job's latest run."""

    job: SafeString
    lateness: str
    run: SafeString


@dataclass(frozen=True)
class Lateness:
    """Figures, and the table."""

    rate: float | None
    """Runs a second over the last minute; None where there were none."""
    runs: int
    """How many runs the percentiles are based on."""
    percentiles: list[tuple[int, str]]
    rows: list[LateJob]


class Run(NamedTuple):
    """What is read of each run."""

    lateness: timedelta
    job_id: str
    pk: int


def read_lateness(now: datetime, links: Links) -> Lateness:
    """Three queries, and one for each kind of definition."""
    begun = Execution.objects.begun(now - timedelta(days=1), now)
    fields = ("scheduled_at", "started_at", "job_id", "pk")
    # A retry waits on purpose, and keeps the time when the first attempt was due.
    prompt = begun.exclude(trigger=Trigger.RETRY)
    newest = prompt.newest_first().values_list(*fields)[:MOST_RUNS]
    runs = sorted(Run(started - due, job_id, pk) for due, started, job_id, pk in newest)
    late = [run.lateness for run in runs]
    return Lateness(
        rate=_rate(begun.filter(scheduled_at__gt=now - _MINUTE), now),
        runs=len(runs),
        percentiles=[(each, duration(percentile(late, each))) for each in _PERCENTILES if late],
        rows=_rows(_latest(runs), links),
    )


def _rate(begun: Any, now: datetime) -> float | None:
    """Runs a second. If there are too many to count, the newest are used."""
    newest = begun.order_by("-scheduled_at")[:MOST_COUNTED]
    found = newest.aggregate(runs=Count("pk"), since=Min("scheduled_at"))
    if not found["runs"]:
        return None
    is_cut = found["runs"] == MOST_COUNTED
    stretch = max(now - found["since"], timedelta(seconds=1)) if is_cut else _MINUTE
    return float(found["runs"] / stretch.total_seconds())


def _latest(ascending: Sequence[Run]) -> list[int]:
    """The primary keys of the latest run of each job, the latest first."""
    latest: dict[str, int] = {}
    for run in reversed(ascending):
        if run.lateness >= LATE:
            latest.setdefault(run.job_id, run.pk)
    return list(latest.values())[:MOST_JOBS]


def _rows(pks: Sequence[int], links: Links) -> list[LateJob]:
    found = Execution.objects.in_brief().in_bulk(pks)
    runs = [found[pk] for pk in pks if pk in found]
    definitions = definitions_of(run.job_id for run in runs)
    return [
        LateJob(
            job=job_link(run.job_id, definition, links, run.job_name),
            lateness=duration(run.lateness),
            run=run_link(run, zone_of(definition), links),
        )
        for run in runs
        for definition in [definitions.get(run.job_id)]
    ]
