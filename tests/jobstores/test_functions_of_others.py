"""While a release is rolled out, what one scheduler lacks is left to those who know it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_apscheduler.models import DjangoJob

from countjobs import __version__
from countjobs.functions.callees import known_callees
from countjobs.history.requests import request_run
from countjobs.jobstores.claims import claim
from countjobs.jobstores.neighbours import known_kinds
from countjobs.jobstores.store import DatabaseJobStore
from countjobs.jobstores.sync import look_again, sync
from countjobs.models import CommandJob, Execution, FunctionJob, ParkedJob, SchedulerNode
from countjobs.models.executions import Status, Trigger
from tests.support.factories import (
    NOON,
    SECOND,
    execution_of,
    make_due,
    make_node,
    statuses,
)
from tests.support.job_rows import row, row_of
from tests.support.registering import (
    NAME,
    due_function_job,
    function_job,
    mail,
    register,
    unregister,
)
from tests.support.releases import (
    GONE,
    knows_it,
    neighbour,
    takes_other_arguments,
)
from tests.support.scheduling import claim_until_idle

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("isolated_registry", "noon_clock"),
]

MINUTE = timedelta(minutes=1)


def test_one_that_another_scheduler_knows_is_left_to_it(
    store: DatabaseJobStore, caplog: pytest.LogCaptureFixture
) -> None:
    register(mail)
    definition = due_function_job(arguments={"days": 1})
    request_run(definition)
    unregister()
    other = knows_it()
    before = list(DjangoJob.objects.values())
    assert claim_until_idle(store) == []
    assert sync(NOON) == []
    assert list(DjangoJob.objects.values()) == before
    assert not ParkedJob.objects.exists()
    assert statuses(definition.job_id) == ["queued"]
    assert GONE in caplog.text
    assert len(caplog.records) == 1
    other.delete()
    store.claiming.passed.forget(definition.job_id)
    assert claim_until_idle(store) == []
    assert ParkedJob.objects.get().error == GONE


def test_what_is_parked_is_not_looked_at_by_who_lacks_it() -> None:
    definition = function_job()
    ParkedJob.objects.update(error="It was parked by somebody.")
    knows_it(NOON + MINUTE)
    assert look_again(NOON + MINUTE) == []
    assert sync(NOON + MINUTE) == []
    assert ParkedJob.objects.get().error == "It was parked by somebody."
    assert row_of(definition).next_run_time is None


@pytest.mark.parametrize(
    "other",
    [
        {"heartbeat": NOON - timedelta(hours=1)},
        {"state": SchedulerNode.State.STOPPED},
        {"callees": None},
        {"callees": []},
    ],
    ids=str,
)
def test_nobody_else_counts(other: dict[str, Any], store: DatabaseJobStore) -> None:
    register(mail)
    definition = due_function_job()
    unregister()
    told = {"callees": [f"function {NAME}"], "heartbeat": NOON, **other}
    make_node(version=__version__, kinds=known_kinds(), **told)
    assert claim_until_idle(store) == []
    assert ParkedJob.objects.get().job_id == definition.job_id


def test_one_whose_arguments_do_not_fit_here_is_left_for_a_lease(store: DatabaseJobStore) -> None:
    """The other scheduler's function may take them. If it did, it would have taken the job."""
    register(mail)
    definition = due_function_job(arguments={"days": 1})
    takes_other_arguments()
    neighbour()
    assert claim_until_idle(store) == []
    assert not ParkedJob.objects.exists()
    store.claiming.passed.forget(definition.job_id)
    make_due(definition.job_id, NOON - MINUTE)
    assert claim_until_idle(store) == []
    assert ParkedJob.objects.get().job_id == definition.job_id


def test_a_request_for_such_a_one_fails_after_a_lease_also_if_it_is_due_much_later(
    store: DatabaseJobStore,
) -> None:
    register(mail)
    definition = function_job(arguments={"days": 1}, due=NOON + timedelta(days=1))
    takes_other_arguments()
    neighbour()
    request_run(definition)
    assert claim_until_idle(store) == []
    assert statuses(definition.job_id) == ["queued"]
    store.claiming.passed.forget(definition.job_id)
    Execution.objects.update(scheduled_at=NOON - MINUTE)
    assert claim_until_idle(store) == []
    assert statuses(definition.job_id) == ["failed"]


def test_a_retry_of_such_a_one_waits_since_it_is_ready(store: DatabaseJobStore) -> None:
    definition = function_job(arguments={"cc": 1}, due=None)
    register(mail)
    neighbour()
    ParkedJob.objects.all().delete()
    make_due(definition.job_id, NOON + timedelta(days=1))
    fields = {"scheduled_at": NOON - timedelta(hours=1), "not_before": NOON - SECOND}
    execution_of(definition, Status.QUEUED, trigger=Trigger.RETRY, attempt=2, **fields)
    assert claim_until_idle(store) == []
    assert statuses(definition.job_id) == ["queued"]


def test_a_scheduler_that_knows_another_name_of_it_runs_it(store: DatabaseJobStore) -> None:
    register(mail, name="new", aliases=[NAME])
    definition = due_function_job(arguments={"days": 1})
    make_node(NOON, version=__version__, kinds=known_kinds(), callees=["function new"])
    assert claim_until_idle(store) == [definition.job_id]
    assert f"function {NAME}" in known_callees()


def test_a_command_that_is_not_allowed_here_is_left_to_who_allows_it(
    store: DatabaseJobStore, settings: Any
) -> None:
    job = CommandJob.objects.create(name="clean", command="purgeexecutions")
    make_due(job.job_id, NOON)
    settings.COUNTJOBS = {"COMMANDS": []}
    other = neighbour("command purgeexecutions")
    assert claim_until_idle(store) == []
    assert not ParkedJob.objects.exists()
    other.delete()
    store.claiming.passed.forget(job.job_id)
    assert claim_until_idle(store) == []
    assert "is not among" in ParkedJob.objects.get().error
    assert row(job.job_id).next_run_time is None


# Queries


@pytest.mark.parametrize("state", ["whole", "gone", "left", "refused"])
def test_no_query_is_made_for_each_of_them(state: str) -> None:
    def queries(count: int) -> int:
        FunctionJob.objects.all().delete()
        unregister()
        register(mail)
        fields = {"function": NAME, "arguments": {"days": 1}}
        FunctionJob.objects.bulk_create(FunctionJob(name=str(i), **fields) for i in range(count))
        DjangoJob.objects.update(next_run_time=NOON)
        if state in {"gone", "left"}:
            unregister()
        elif state == "refused":
            takes_other_arguments()
        with CaptureQueriesContext(connection) as captured:
            claims = claim(NOON, limit=100, node="here:1:1", busy={})
        assert len(claims.jobs) == (count if state == "whole" else 0)
        assert len(claims.strange) == (count if state == "left" else 0)
        return len(captured)

    if state == "left":
        knows_it()
    assert queries(2) == queries(30)
