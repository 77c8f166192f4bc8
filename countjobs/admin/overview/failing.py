"""Part of the overview: the jobs that failed in the last day, the most failing first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.safestring import SafeString

from countjobs.admin.links import Links
from countjobs.admin.lookup import definitions_of, zone_of
from countjobs.admin.overview.cells import job_link, run_link
from countjobs.models import Execution

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
    """The table, and whether it tells of the newest failures only."""

    rows: list[FailingJob]
    others: int
    """Jobs that failed, too, but less often."""
    is_cut: bool
    most: int = MOST_FAILURES


def read_failing(now: datetime, links: Links) -> Failing:
    """One query, and one a kind of definition."""
    since = now - timedelta(days=1)
    found = list(Execution.objects.failures(since, now).newest_first().in_brief()[:MOST_FAILURES])
    failures = Counter(execution.job_id for execution in found)
    newest = {execution.job_id: execution for execution in reversed(found)}
    # Those that fail as often come by their newest failure: counters keep the order of finding.
    first = failures.most_common(MOST_JOBS)
    definitions = definitions_of(job_id for job_id, _count in first)
    return Failing(
        rows=[
            FailingJob(
                job=job_link(job_id, definitions.get(job_id), links, newest[job_id].job_name),
                failures=count,
                history_url=links.to_list(Execution, job_id=job_id),
                newest=run_link(newest[job_id], zone_of(definitions.get(job_id)), links),
            )
            for job_id, count in first
        ],
        others=len(failures) - len(first),
        is_cut=len(found) == MOST_FAILURES,
    )
