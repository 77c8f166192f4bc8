"""Small builders that tests share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from apscheduler.job import Job
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.signing import seal
from countjobs.models import CountJob, Execution, JobDefinition, SchedulerNode
from countjobs.models.executions import Status, Trigger

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
"""A quiet moment for tests that pass time in."""

SECOND = timedelta(seconds=1)


def work(*args: Any, **kwargs: Any) -> None:
    """What jobs from code call, where nothing needs to happen."""


def make_definition(name: str = "count", due: datetime | None = NOON, **fields: Any) -> CountJob:
    """A definition that fires every minute, due since an instant."""
    definition = CountJob.objects.create(name=name, **fields)
    if due is not None:
        make_due(definition.job_id, due)
    return definition


def make_definitions(count: int, due: datetime = NOON) -> list[CountJob]:
    """Many of them, due since the same instant."""
    CountJob.objects.bulk_create(CountJob(name=f"count {i}") for i in range(count))
    DjangoJob.objects.update(next_run_time=due)
    return list(CountJob._base_manager.order_by("pk"))


def make_due(job_id: str, due: datetime) -> None:
    """Turn a job's row back (or on) to a fire time."""
    assert DjangoJob.objects.filter(id=job_id).update(next_run_time=due) == 1


def code_job(
    job_id: str = "code", trigger: BaseTrigger | None = None, func: Any = work, **options: Any
) -> Job:
    """A job as `add_job` makes it, every minute on the minute, without a scheduler."""
    state = {
        "version": 1,
        "id": job_id,
        "func": f"{func.__module__}:{func.__qualname__}",
        "trigger": trigger or every(60),
        "executor": "default",
        "args": (),
        "kwargs": {},
        "name": job_id,
        "misfire_grace_time": None,
        "coalesce": True,
        "max_instances": 1,
        "next_run_time": NOON,
        **options,
    }
    job: Job = Job.__new__(Job)
    job.__setstate__(state)
    return job


def store_job(job: Job, due: datetime | None = NOON) -> DjangoJob:
    """The row of a job from code."""
    return DjangoJob.objects.create(id=job.id, next_run_time=due, job_state=seal(job))


def every(seconds: float, start: datetime = NOON) -> IntervalTrigger:
    return IntervalTrigger(seconds=seconds, start_date=start, timezone=UTC)


def once(at: datetime = NOON) -> DateTrigger:
    return DateTrigger(at, timezone=UTC)


def make_execution(status: Status = Status.SUCCEEDED, **fields: Any) -> Execution:
    """A row of the history, asked for by hand unless told otherwise."""
    values = {"job_id": "code", "job_name": "code", "trigger": Trigger.MANUAL}
    return Execution.objects.create(**{**values, "scheduled_at": NOON, "status": status, **fields})


def executed(
    number: int, status: Status = Status.SUCCEEDED, late: float = 0, took: float | None = 1
) -> Execution:
    """An execution, not saved, so many minutes before noon."""
    due = NOON - number * timedelta(minutes=1)
    started = None if took is None else due + late * SECOND
    finished = due if started is None or took is None else started + took * SECOND
    return Execution(
        job_id="code",
        job_name="code",
        status=status,
        scheduled_at=due,
        started_at=started,
        finished_at=finished,
    )


def make_node(heartbeat: datetime = NOON, **fields: Any) -> SchedulerNode:
    """A scheduler that was heard of at an instant."""
    values = {"host": "elsewhere", "pid": 7, "version": "1", "started": heartbeat, "capacity": 4}
    return SchedulerNode.objects.create(heartbeat=heartbeat, **{**values, **fields})


def statuses(job_id: str) -> list[str]:
    """How the executions of a job stand, by the order of their fire times."""
    found = Execution.objects.filter(job_id=job_id).order_by("scheduled_at", "pk")
    return list(found.values_list("status", flat=True))


def execution_of(
    definition: JobDefinition, status: Status = Status.SUCCEEDED, **fields: Any
) -> Execution:
    """A run of a definition."""
    return make_execution(status, job_id=definition.job_id, job_name=definition.name, **fields)


def chain_of(*statuses: Status, **fields: Any) -> list[Execution]:
    """The attempts of one run, each followed by the next."""
    attempts: list[Execution] = []
    for attempt, status in enumerate(statuses, start=1):
        first = {"first_attempt": attempts[0].pk, "trigger": Trigger.RETRY} if attempts else {}
        attempts.append(make_execution(status, **{**fields, **first, "attempt": attempt}))
    for one, following in pairwise(attempts):
        one.next_attempt = following.pk
        one.save()
    return attempts
