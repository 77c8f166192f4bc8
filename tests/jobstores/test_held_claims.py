"""While all jobs are held nothing is claimed; once they are released, it is as after a downtime."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from countjobs.history.holding import hold, release
from countjobs.history.requests import request_run
from countjobs.jobstores import claiming
from countjobs.jobstores.claims import Claims, claim
from countjobs.jobstores.room import look
from countjobs.jobstores.store import DatabaseJobStore
from countjobs.models import Execution
from countjobs.models.executions import Status, Trigger
from tests.support.factories import NOON, SECOND, make_definition, make_execution, make_node
from tests.support.job_rows import row
from tests.support.still_scheduler import Threads, make_scheduler, make_store

HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


def claim_at(now: datetime = NOON, only: str | None = None) -> Claims:
    return claim(now, limit=100, node="here:1:1", busy={}, only=only)


def test_nothing_that_is_due_is_claimed() -> None:
    definition = make_definition()
    hold("upgrade")
    assert claim_at().jobs == []
    assert claim_at(only=definition.job_id).jobs == []
    assert row(definition.job_id).next_run_time == NOON
    release()
    assert [job.id for job in claim_at().jobs] == [definition.job_id]


@pytest.mark.parametrize("trigger", [Trigger.MANUAL, Trigger.RETRY, Trigger.SCHEDULE])
def test_nor_anything_that_waits(trigger: Trigger) -> None:
    definition = make_definition(due=None)
    run = make_execution(Status.QUEUED, job_id=definition.job_id, trigger=trigger)
    hold("upgrade")
    for only in (None, definition.job_id):
        assert claim_at(NOON + HOUR, only).jobs == []
    run.refresh_from_db()
    assert (run.status, run.node) == (Status.QUEUED, "")
    release()
    [claimed] = claim_at(NOON + HOUR).jobs
    assert [each.execution_id for each in claimed.runs] == [run.pk]


def test_a_run_may_be_asked_for_meanwhile() -> None:
    definition = make_definition(due=None)
    hold("upgrade")
    with time_machine.travel(NOON, tick=False):
        run = request_run(definition)
    assert claim_at(NOON + SECOND).jobs == []
    release()
    [claimed] = claim_at(NOON + SECOND).jobs
    assert [each.execution_id for each in claimed.runs] == [run.pk]


def test_with_coalesce_one_run_stands_for_all_that_came_due_while_they_were_held() -> None:
    make_definition()  # every minute
    hold("upgrade")
    assert claim_at(NOON + HOUR).jobs == []
    release()
    claim_at(NOON + HOUR)
    run = Execution.objects.get()
    assert (run.status, run.scheduled_at, run.folded) == (Status.QUEUED, NOON + HOUR, 60)


def test_what_is_too_late_by_then_is_missed() -> None:
    make_definition(hour="12", minute="0", misfire_grace_time=60)
    hold("upgrade")
    release()
    claim_at(NOON + HOUR)
    run = Execution.objects.get()
    assert (run.status, run.scheduled_at) == (Status.MISSED, NOON)


# The loop


def test_the_loop_sleeps_and_claims_nothing(
    store: DatabaseJobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = make_definition()
    make_execution(Status.QUEUED, job_id=definition.job_id, trigger=Trigger.MANUAL)
    hold("upgrade")
    with monkeypatch.context() as patched:
        patched.setattr(claiming, "claim", None)
        assert store.get_due_jobs(NOON + HOUR) == []
    assert store.get_next_run_time() is None
    release()
    assert store.get_next_run_time() == NOON
    assert [job.id for job in store.get_due_jobs(NOON + HOUR)] == [definition.job_id]


def test_nor_does_it_spin_if_more_was_due_when_they_were_held() -> None:
    for name in "abc":
        make_definition(name)
    store = make_store(make_scheduler(), Threads(2))
    assert len(store.get_due_jobs(NOON)) == 2
    next_look = store.get_next_run_time()
    assert next_look is not None
    assert next_look <= timezone.now(), "more is due"
    hold("upgrade")
    assert store.get_due_jobs(NOON) == []
    assert store.get_next_run_time() is None


def test_nor_does_it_spin_for_jobs_that_wait_for_room_in_another_executor(
    store: DatabaseJobStore,
) -> None:
    make_definition()
    hold("upgrade")
    store.claiming.passed.wait_for_room("other", "code")
    for _turn in range(3):
        assert store.get_due_jobs(NOON) == []
    assert store.get_next_run_time() is None


def test_nothing_lacks_room_while_jobs_are_held() -> None:
    make_definition(due=NOON - HOUR)
    node = make_node(NOON, capacity=1)
    make_execution(Status.RUNNING, node=node.name, started_at=NOON - HOUR)
    assert look(NOON).taken_by
    hold("upgrade")
    assert not look(NOON).taken_by


# A claim that is under way


@pytest.mark.django_db(transaction=True)
def test_holding_waits_for_a_claim_that_is_under_way() -> None:
    if not connection.features.has_select_for_update:
        pytest.skip("On this database one transaction writes at a time.")
    make_definition()
    claimed, go_on, held = threading.Event(), threading.Event(), threading.Event()

    def claim_slowly() -> None:
        try:
            with transaction.atomic():
                assert len(claim_at().jobs) == 1
                claimed.set()
                assert go_on.wait(60)
        finally:
            connection.close()

    def hold_all() -> None:
        try:
            hold("upgrade")
            held.set()
        finally:
            connection.close()

    threads = [threading.Thread(target=claim_slowly), threading.Thread(target=hold_all)]
    threads[0].start()
    assert claimed.wait(60)
    threads[1].start()
    assert not held.wait(0.3)
    go_on.set()
    assert held.wait(60)
    assert Execution.objects.count() == 1
    for thread in threads:
        thread.join(60)


@pytest.mark.django_db(transaction=True)
def test_it_does_not_wait_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if not connection.features.has_select_for_update:
        pytest.skip("On this database one transaction writes at a time.")
    monkeypatch.setattr("countjobs.history.holding.WAIT_SECONDS", 0.05)
    make_definition()
    claimed, go_on = threading.Event(), threading.Event()

    def claim_slowly() -> None:
        try:
            with transaction.atomic():
                claim_at()
                claimed.set()
                assert go_on.wait(60)
        finally:
            connection.close()

    thread = threading.Thread(target=claim_slowly)
    thread.start()
    assert claimed.wait(60)
    assert hold("upgrade")
    go_on.set()
    thread.join(60)
    assert "it may still start runs" in caplog.text
