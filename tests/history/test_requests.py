"""Requests for runs, which wait for a scheduler."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from countjobs.history.requests import request_run, request_runs
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status, Trigger

pytestmark = pytest.mark.django_db


def test_a_request_is_a_queued_execution_that_no_scheduler_has_taken() -> None:
    before = timezone.now()
    execution = request_run("countjobs.countjob:1", "count", requested_by="ada")
    execution.refresh_from_db()
    assert (execution.job_id, execution.job_name) == ("countjobs.countjob:1", "count")
    assert (execution.status, execution.trigger) == (Status.QUEUED, Trigger.MANUAL)
    assert (execution.node, execution.requested_by) == ("", "ada")
    assert before <= execution.scheduled_at <= timezone.now()


def test_schedulers_find_a_request() -> None:
    execution = request_run("countjobs.countjob:1", "count")
    assert list(Execution.objects.requested(timezone.now())) == [execution]


def test_what_is_overridden_and_why_is_kept() -> None:
    execution = request_run("a", "a", trigger=Trigger.API, parameters={"count": 5})
    execution.refresh_from_db()
    assert (execution.trigger, execution.parameters) == (Trigger.API, {"count": 5})


def test_a_paused_definition_can_be_asked_for() -> None:
    definition = CountJob.objects.create(name="paused", enabled=False)
    assert request_run(definition.job_id, definition.name).status == Status.QUEUED


def test_the_same_job_can_be_asked_for_twice_at_once() -> None:
    request_runs([("a", "a"), ("a", "a")])
    assert Execution.objects.filter(job_id="a").count() == 2


def test_many_requests_take_as_many_statements_as_one() -> None:
    def statements(count: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            request_runs([(str(n), str(n)) for n in range(count)])
        return len(captured)

    assert statements(1) == statements(40)


def test_names_that_are_too_long_for_the_history_are_cut() -> None:
    execution = request_run("a", "x" * 300, requested_by="y" * 300)
    assert (len(execution.job_name), len(execution.requested_by)) == (255, 255)
