"""A scheduler's own `/metrics`: its runs since it started, its executors, and the gauges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, SchedulerEvent
from prometheus_client.metrics_core import Metric

from countjobs.conf import Conf
from countjobs.endpoints import answers
from countjobs.endpoints.answers import Answer
from countjobs.metrics.counting import COUNTS
from countjobs.metrics.exposition import database_families, expose
from countjobs.metrics.families import ExecutorState, executor_families, run_families
from countjobs.models.statuses import Status
from countjobs.signals import RunEnd, run_ended

if TYPE_CHECKING:
    from countjobs.schedulers.loop import DatabaseScheduler

UID = "countjobs.metrics"


def register() -> None:
    """Have each scheduler that is started with `--serve` answer `/metrics`."""
    answers.register("/metrics", answer, begin)


def begin(scheduler: DatabaseScheduler) -> None:
    """Count from now on. Where nobody can ask, nothing is counted, and recording costs nothing."""
    run_ended.connect(_count, dispatch_uid=UID)
    # APScheduler has events for due times without a run. They are rare.
    scheduler.add_listener(_not_run, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)


def _count(runs: list[RunEnd], **kwargs: Any) -> None:
    COUNTS.add(runs)


def _not_run(event: SchedulerEvent) -> None:
    status = Status.MISSED if event.code == EVENT_JOB_MISSED else Status.SKIPPED
    COUNTS.add_not_run(str(event.job_id), status.value)


def answer(scheduler: DatabaseScheduler, accept: str) -> Answer:
    """What `/metrics` says."""
    exposed = expose(_families(scheduler), accept)
    return Answer(200, exposed.body, exposed.content_type)


def _families(scheduler: DatabaseScheduler) -> Iterator[Metric]:
    yield from database_families()
    yield from executor_families(
        ExecutorState(name, each.size, each.busy().total(), each.given_up)
        for name, each in scheduler.executors.items()
    )
    yield from run_families(COUNTS.snapshot(), Conf.load().metrics_job_names)
