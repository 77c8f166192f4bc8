"""How long runs of a job usually take, to tell which run takes longer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connections

from countjobs.admin.statistics import WORKED, percentiles
from countjobs.models import Execution
from countjobs.models.newest_runs import read_ended_before

LEAST_KNOWN = 20
"""Of how many runs the durations must be known."""
_MOST_READ = 40
TIMES = 3
"""A run that takes more than so many times its job's 95th percentile is longer than usual."""
_LEAST = timedelta(seconds=1)
"""A shorter run is never marked: that a millisecond became ten matters to nobody."""


def usual_durations(runs: Iterable[Execution]) -> dict[str, timedelta]:
    """The 95th percentile of each job's durations, where enough are known. One query.

    Runs that were due after one of these don't count: while a job hangs, its newest runs are
    skipped, and those before them are what is usual.
    """
    moments: dict[str, datetime] = {}
    for run in runs:
        moments[run.job_id] = min(moments.get(run.job_id, run.scheduled_at), run.scheduled_at)
    connection = connections[Execution.objects.db]
    known: defaultdict[str, list[timedelta]] = defaultdict(list)
    for past in read_ended_before(connection, Execution, moments, _MOST_READ):
        if past.status in WORKED and past.duration is not None:
            known[past.job_id].append(past.duration)
    return {
        job_id: found.p95
        for job_id, durations in known.items()
        if len(durations) >= LEAST_KNOWN and (found := percentiles(durations))
    }


def is_long(elapsed: timedelta, usual: timedelta | None) -> bool:
    """Whether a run takes longer than usual. Not if nobody knows what is usual."""
    return usual is not None and elapsed >= _LEAST and elapsed > TIMES * usual
