"""Issue 13, line 3: a scheduler's `/metrics`: its runs, its executors, the gauges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from apscheduler.events import (
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobExecutionEvent,
    JobSubmissionEvent,
)
from django.utils import timezone

from countjobs.api import create_scheduler
from countjobs.endpoints.answers import Answers
from countjobs.metrics.counting import COUNTS
from countjobs.metrics.scheduler_metrics import UID
from countjobs.schedulers.loop import BackgroundScheduler
from countjobs.signals import run_ended
from tests.support.factories import NOON
from tests.support.open_metrics import OPEN, values_of
from tests.support.run_ends import run_end

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_was_counted() -> Iterator[None]:
    COUNTS.forget()
    yield
    COUNTS.forget()


@pytest.fixture
def scheduler() -> Iterator[BackgroundScheduler]:
    """One that is served."""
    made = create_scheduler(background=True, threads=3)
    made.heartbeat.start(timezone.now())
    Answers(made)
    yield made
    run_ended.disconnect(dispatch_uid=UID)


def values(scheduler: BackgroundScheduler) -> dict[str, float]:
    """By name, or by name and labels."""
    answer = Answers(scheduler).answer("/metrics", OPEN)
    assert answer is not None
    assert answer.status == 200
    assert answer.content_type.startswith("application/openmetrics-text")
    return values_of(answer.body.decode())


def test_runs_that_end_are_counted(scheduler: BackgroundScheduler) -> None:
    run_ended.send(sender=None, runs=[run_end(), run_end(), run_end("failed")])
    found = values(scheduler)
    assert found["countjobs_runs_total succeeded"] == 2
    assert found["countjobs_runs_total failed"] == 1
    assert found["countjobs_run_lateness_seconds_count"] == 3
    assert found["countjobs_run_duration_seconds_sum"] == 3


def test_what_didn_t_run_is_counted(scheduler: BackgroundScheduler) -> None:
    scheduler._dispatch_event(JobExecutionEvent(EVENT_JOB_MISSED, "code", "default", NOON))
    skipped = JobSubmissionEvent(EVENT_JOB_MAX_INSTANCES, "code", "default", [NOON])
    scheduler._dispatch_event(skipped)
    found = values(scheduler)
    assert found["countjobs_runs_total missed"] == 1
    assert found["countjobs_runs_total skipped"] == 1


def test_promise_16_where_nobody_can_ask_nothing_is_counted() -> None:
    create_scheduler(background=True)
    run_ended.send(sender=None, runs=[run_end()])
    assert COUNTS.snapshot() == {}


def test_executors_and_gauges_are_told(scheduler: BackgroundScheduler) -> None:
    found = values(scheduler)
    assert found["countjobs_executor_capacity default"] == 3
    assert found["countjobs_executor_capacity processes"] >= 1
    assert found["countjobs_executor_busy default"] == 0
    assert found["countjobs_schedulers"] == 1
    assert found["countjobs_threads"] == 3
    assert found["countjobs_up"] == 1


def test_jobs_are_named_where_the_setting_allows_it(
    scheduler: BackgroundScheduler, settings: Any
) -> None:
    settings.COUNTJOBS = {"METRICS_JOB_NAMES": True}
    run_ended.send(sender=None, runs=[run_end(name="nightly")])
    assert values(scheduler)["countjobs_runs_total nightly succeeded"] == 1
    settings.COUNTJOBS = {}
    assert not [name for name in values(scheduler) if "nightly" in name]
