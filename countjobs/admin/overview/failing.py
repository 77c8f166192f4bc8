"""Part of the overview: the jobs that failed in the last day, those with most failures first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.safestring import SafeString

from countjobs.admin.cells import job_link, run_link
from countjobs.admin.links import Links
from countjobs.admin.lookup import definitions_of, zone_of
from countjobs.models import Execution, JobDefinition

MOST_FAILURES = 1_000
MOST_JOBS = 10


@dataclass(frozen=True)
class FailingJob:
    """A line of the table."""

    job: SafeString
    failures: int
    history_url: str
    newest: SafeString


@dataclass(frozen=True)
class Failing:
    """The table, and whether it covers only the newest failures."""

    rows: list[FailingJob]
    others: int
    """Other jobs that failed, but less often."""
    is_cut: bool
    most: int = MOST_FAILURES


def read_failing(now: datetime, links: Links) -> Failing:
    """Two queries, and one for each kind of definition.

    A chain of attempts is one failure, and only if its last attempt failed.
    """
    found = Execution.objects.failures(now - timedelta(days=1), now).newest_first()
    keys = list(found.values_list("job_id", "pk")[:MOST_FAILURES])
    failures = Counter(job_id for job_id, _pk in keys)
    # Of equally many, the newest failure comes first: counters keep the order of insertion.
    first = failures.most_common(MOST_JOBS)
    newest = dict(reversed(keys))
    runs = Execution.objects.in_brief().in_bulk([newest[job_id] for job_id, _count in first])
    definitions = definitions_of(job_id for job_id, _count in first)
    return Failing(
        rows=[
            _line(runs[newest[job_id]], count, definitions.get(job_id), links)
            for job_id, count in first
            if newest[job_id] in runs  # it may have been purged meanwhile
        ],
        others=len(failures) - len(first),
        is_cut=len(keys) == MOST_FAILURES,
    )


def _line(run: Execution, count: int, definition: JobDefinition | None, links: Links) -> FailingJob:
    return FailingJob(
        job=job_link(run.job_id, definition, links, run.job_name),
        failures=count,
        history_url=links.to_failures(run.job_id, since="day"),
        newest=run_link(run, zone_of(definition), links),
    )
