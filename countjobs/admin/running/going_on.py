"""What is read for the page: bounded numbers of runs, and how many there are in all.

Each question is answered by an index of unfinished runs, which are few however long the history is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Right

from countjobs.admin.links import Links
from countjobs.admin.permits import Permits
from countjobs.admin.running.shown_runs import TAIL, Reader, Row
from countjobs.models import Execution
from countjobs.models.executions import READY_AT, ExecutionQuerySet, Status
from countjobs.models.kinds import concrete_definitions

MOST_RUNNING = 50
MOST_QUEUED = 25
MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Part:
    """The first rows of a table, and how many others there are."""

    rows: list[Row]
    total: int

    @property
    def others(self) -> int:
        """How many are not listed."""
        return max(self.total - len(self.rows), 0)


@dataclass(frozen=True)
class GoingOn:
    """The three tables."""

    running: Part
    """The longest first."""
    queued: Part
    """The one that has waited longest first."""
    waiting: Part
    """Attempts whose time has not come; the next one first."""
    is_cut: bool
    """Whether there are more than are counted."""
    most: int = MOST_COUNTED

    @property
    def can_cancel(self) -> bool:
        """Whether the reader may cancel any of the listed runs."""
        parts = (self.running, self.queued, self.waiting)
        return any(row.can_cancel for part in parts for row in part.rows)


def read_going_on(now: datetime, links: Links, permits: Permits) -> GoingOn:
    """Six queries, and one for each kind of definition. Only jobs that the user may view."""
    runs = _visible(links)
    running = Q(status=Status.RUNNING)
    waiting = Q(status=Status.QUEUED, not_before__gt=now)
    queued = Q(status=Status.QUEUED) & (Q(not_before__isnull=True) | Q(not_before__lte=now))
    queried = runs.for_list()
    found = {
        "running": list(queried.filter(running).order_by("started_at", "pk")[:MOST_RUNNING]),
        "queued": list(queried.filter(queued).order_by(READY_AT, "pk")[:MOST_QUEUED]),
        "waiting": list(queried.filter(waiting).order_by("not_before", "pk")[:MOST_QUEUED]),
    }
    # Apart: a database may read the outputs of all runs before it sorts them.
    pks = [run.pk for run in found["running"]]
    ends = Execution.objects.filter(pk__in=pks).values_list("pk", Right("output", TAIL))
    listed = [run for part in found.values() for run in part]
    rows = iter(Reader(links, permits, now).rows(listed, dict(ends)))
    counts = runs.order_by()[: MOST_COUNTED + 1].aggregate(
        all=Count("pk"),
        running=Count("pk", filter=running),
        queued=Count("pk", filter=queued),
        waiting=Count("pk", filter=waiting),
    )
    parts = {
        # Runs may end between two queries.
        name: Part(list(islice(rows, len(part))), max(counts[name], len(part)))
        for name, part in found.items()
    }
    is_cut = counts["all"] > MOST_COUNTED
    return GoingOn(parts["running"], parts["queued"], parts["waiting"], is_cut)


def _visible(links: Links) -> ExecutionQuerySet:
    """Unfinished runs, except those of definitions that the user may not see."""
    runs: QuerySet[Execution] = Execution.objects.active()
    for kind in concrete_definitions():
        if links.is_hidden(kind):
            runs = runs.exclude(job_id__startswith=kind.job_id_of(""))
    return runs  # type: ignore[return-value]  # it stays our queryset
