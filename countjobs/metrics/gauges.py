"""What the database says of the moment: what is due, what waits, who lives, what is wrong.

Each question is answered by an index, and counts no further than MOST, however long the history is
and however many jobs there are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django_apscheduler.models import DjangoJob

from countjobs.database.primary import rows_of
from countjobs.history.holding import held_since
from countjobs.jobstores.problems import PROBLEMS, State, problems_of, read_state
from countjobs.jobstores.strangers import Strangers
from countjobs.models import Execution, FailingJob, JobWatch
from countjobs.models.executions import READY_AT, Status
from countjobs.models.holds import NOT_HELD

MOST = 100_000
"""What is more counts as so many."""


@dataclass(frozen=True)
class Gauges:
    """What was seen. The fields are the names of the metrics, without `countjobs_`."""

    due: int = 0
    oldest_due_seconds: float = 0.0
    queued: int = 0
    running: int = 0
    schedulers: int = 0
    schedulers_claiming: int = 0
    threads: int = 0
    threads_given_up: int = 0
    broken: int = 0
    silent: int = 0
    failing: int = 0
    paused_itself: int = 0
    held: int = 0
    problems: dict[str, bool] = field(default_factory=dict)


def read_gauges(now: datetime, strangers: Strangers) -> Gauges:
    """Look. Raises django.db.Error."""
    state = read_state(now, strangers)
    since, due = _due(now)
    alive = state["schedulers"]
    return Gauges(
        due=due,
        oldest_due_seconds=max((now - since).total_seconds(), 0.0) if since else 0.0,
        queued=_count(Execution.objects.active().filter(status=Status.QUEUED)),
        running=state["running"],
        schedulers=len(alive),
        schedulers_claiming=sum(not node["cannot_claim"] for node in alive),
        threads=sum(node["capacity"] for node in alive),
        threads_given_up=sum(node["given_up"] for node in alive),
        broken=state["broken"],
        silent=_count(JobWatch.objects.filter(silent_since__isnull=False)),
        failing=_count(FailingJob.objects.all()),
        held=int(held_since() is not None),
        paused_itself=_count(JobWatch.objects.filter(paused_at__isnull=False)),
        problems=_problems(state),
    )


def _problems(state: State) -> dict[str, bool]:
    found = {problem.name for problem in problems_of(state)}
    return {problem.name: problem.name in found for problem in PROBLEMS}


def _due(now: datetime) -> tuple[datetime | None, int]:
    """Since when something is due that no scheduler has claimed, and how many jobs and runs are.

    While all jobs are held, nothing is.
    """
    rows = rows_of(DjangoJob).filter(NOT_HELD, next_run_time__lte=now).order_by("next_run_time")
    asked = Execution.objects.requested(now)
    since = (
        rows.values_list("next_run_time", flat=True).first(),
        asked.values_list(READY_AT, flat=True).first(),
    )
    return min((at for at in since if at), default=None), _count(rows) + _count(asked)


def _count(found: QuerySet[Any, Any]) -> int:
    return found.values("pk")[:MOST].count()
