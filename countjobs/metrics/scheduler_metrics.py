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
from countjobs.schedulers import companions
from countjobs.signals import RunEnd, run_ended

if TYPE_CHECKING:
    from countjobs.schedulers.loop import DatabaseScheduler


def begin() -> None:
    """Count runs, and answer `/metrics` in each scheduler."""
    run_ended.connect(_count, dispatch_uid="countjobs.metrics")
    companions.register(NotRun)
    answers.register("/metrics", answer)


def _count(runs: list[RunEnd], **kwargs: Any) -> None:
    COUNTS.add(runs)


class NotRun:
    """Counts the due times without a run: APScheduler has events for them, and they are rare."""

    def __init__(self, scheduler: DatabaseScheduler) -> None:
        self._scheduler = scheduler

    def start(self) -> None:
        """Listen from now on."""
        mask = EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES
        self._scheduler.add_listener(self._not_run, mask)

    def stop(self, timeout: float) -> None:
        """Listen no more."""
        self._scheduler.remove_listener(self._not_run)

    def _not_run(self, event: SchedulerEvent) -> None:
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
