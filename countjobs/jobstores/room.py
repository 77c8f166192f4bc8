"""Whether schedulers still have room for what is due.

Runs that hang never give their threads back. Once they have taken all threads no job runs any more,
though every scheduler is alive and writes its heartbeats. So there is "no room" if

- some work has waited for longer than a lease, and
- in every scheduler that takes work, all threads have been busy with the same runs for that long.

The first part takes two looks into indexes. The second is asked only if work waits. While all jobs
are held, nothing waits for room.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import QuerySet, Subquery
from django_apscheduler.models import DjangoJob

from countjobs.conf import DEFAULT_EXECUTOR, Conf
from countjobs.database.primary import rows_of
from countjobs.models import Execution, SchedulerNode
from countjobs.models.executions import READY_AT, Status
from countjobs.models.holds import NOT_HELD
from countjobs.models.kinds import keys_by_kind
from countjobs.models.nodes import State

_MOST_RUNS = 10_000
"""How many long runs are looked at."""


class Taking(NamedTuple):
    """A run that has taken a thread for longer than a lease."""

    execution_id: int
    job_id: str
    job_name: str
    node: str
    since: datetime


@dataclass(frozen=True)
class Room:
    """What was seen of the schedulers."""

    alive: list[SchedulerNode]
    """The schedulers that live."""
    taken_by: list[Taking] = field(default_factory=list)
    """The runs that take all threads, the longest first. Empty if there is room."""


def look(now: datetime) -> Room:
    """Look whether there is room: one query, and a second one if work waits too long."""
    long_ago = now - timedelta(seconds=Conf.load().lease_seconds)
    # Each by the order of an index, not by a condition: with old statistics the database might
    # think that most rows are due, and read them all.
    due = rows_of(DjangoJob).filter(NOT_HELD, next_run_time__isnull=False).order_by("next_run_time")
    asked = Execution.objects.unclaimed().filter(NOT_HELD)
    alive: list[Any] = list(
        SchedulerNode.objects.alive(now)
        .order_by()
        .annotate(
            due_since=Subquery(due.values("next_run_time")[:1]),
            asked_since=Subquery(asked.values(ready=READY_AT)[:1]),
        )
    )
    since = [at for node in alive[:1] for at in (node.due_since, node.asked_since) if at]
    taking = [node for node in alive if node.state == State.RUNNING]
    if not taking or min(since, default=now) > long_ago:
        return Room(alive)
    return Room(alive, taken_by=_all_taken(taking, long_ago))


def _all_taken(nodes: list[SchedulerNode], long_ago: datetime) -> list[Taking]:
    """The runs that take all threads of these schedulers; none where one of them has room."""
    threads = {node.name: node.capacity for node in nodes}
    rows = [Taking(*row) for row in _long_runs(list(threads), long_ago)[:_MOST_RUNS]]
    elsewhere = _in_other_executors(run.job_id for run in rows)
    long = [run for run in rows if run.job_id not in elsewhere]
    taken = Counter(run.node for run in long)
    return long if all(taken[name] >= most for name, most in threads.items()) else []


def _in_other_executors(job_ids: Iterable[str]) -> set[str]:
    """Those of these jobs whose runs take no threads. One query a kind."""
    return {
        model.job_id_of(pk)
        for model, pks in keys_by_kind(job_ids).items()
        for pk in rows_of(model)
        .filter(pk__in=pks)
        .exclude(executor=DEFAULT_EXECUTOR)
        .values_list("pk", flat=True)
    }


def _long_runs(names: list[str], long_ago: datetime) -> QuerySet[Execution, tuple[Any, ...]]:
    """Runs of these schedulers that began long ago. The index of what is active answers this."""
    active = Execution.objects.active().filter(status=Status.RUNNING, started_at__lte=long_ago)
    return (
        active.filter(node__in=names)
        .order_by("started_at", "pk")
        .values_list("pk", "job_id", "job_name", "node", "started_at")
    )
