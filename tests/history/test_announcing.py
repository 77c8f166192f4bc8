"""Announcing: what receivers do is their own affair, and never the runs'."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.dispatch import Signal

from countjobs.executors.here import run_here
from countjobs.history.announcing import announce
from countjobs.history.recorder import record
from countjobs.history.run_outcome import FollowUp, Outcome
from countjobs.models import Execution, FailingJob, JobWatch, SchedulerNode
from countjobs.models.executions import Status
from countjobs.run_context import Run
from countjobs.signals import Change, RunEnd, job_failed, run_ended
from tests.support.factories import NOON, execution_of, make_definition, make_node
from tests.support.told import Told, told

__all__ = ["told"]

pytestmark = pytest.mark.django_db

CHANGES = [Change("code")]


@contextmanager
def heard_by(*receivers: Any, signal: Signal = job_failed) -> Iterator[None]:
    for receiver in receivers:
        signal.connect(receiver)
    try:
        yield
    finally:
        for receiver in receivers:
            signal.disconnect(receiver)


def write_node(**_: Any) -> None:
    make_node()


def write_and_raise(**_: Any) -> None:
    JobWatch.objects.create(job_id="written", counts_from=NOON)
    raise ValueError("a receiver's own fault")


def break_the_statement(**_: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM there_is_no_such_table")


def raise_as_if_away(**_: Any) -> None:
    raise OperationalError("a table of its own is missing")


def swallow_an_error(**_: Any) -> None:
    try:
        break_the_statement()
    except Exception:
        return


@pytest.mark.parametrize(
    "fault", [write_and_raise, break_the_statement, raise_as_if_away, swallow_an_error]
)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_receiver_that_raises_undoes_only_itself(fault: Any, is_first: bool) -> None:
    order = (fault, write_node) if is_first else (write_node, fault)
    with heard_by(*order), transaction.atomic():
        FailingJob.objects.create(job_id="code", since=NOON, noted_at=NOON, execution_id=1)
        announce(job_failed, CHANGES)
    assert FailingJob.objects.count() == SchedulerNode.objects.count() == 1
    assert not JobWatch.objects.exists()


def test_what_went_wrong_in_a_receiver_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with heard_by(write_and_raise), transaction.atomic():
        announce(job_failed, CHANGES)
    assert "What listens to a change of a job's state failed." in caplog.text
    assert "a receiver's own fault" in caplog.text


def test_if_the_transaction_is_lost_the_caller_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_gone(*_: Any) -> None:
        raise OperationalError("gone")

    def announce_it() -> None:
        with monkeypatch.context() as patched, transaction.atomic():
            patched.setattr(connection, "savepoint_rollback", is_gone)
            announce(job_failed, CHANGES)

    with heard_by(raise_as_if_away), transaction.atomic():
        with pytest.raises(OperationalError):
            announce_it()
        connection.needs_rollback = False  # the test's own transaction goes on


def test_each_receiver_has_a_list_of_its_own() -> None:
    seen: list[int] = []

    def empty_it(changes: list[Change], **_: Any) -> None:
        seen.append(len(changes))
        changes.clear()

    def empty_it_too(changes: list[Change], **_: Any) -> None:
        empty_it(changes)

    with heard_by(empty_it, empty_it_too), transaction.atomic():
        announce(job_failed, CHANGES)
    assert seen == [1, 1]


def outcome_of(run: Execution, status: Status, **values: Any) -> Outcome:
    about = Run(run.pk, run.job_id, run.job_name, run.scheduled_at, int, run.attempt)
    follow_up = FollowUp(run.job_id, run.attempt) if status != Status.SUCCEEDED else None
    return Outcome(status, run.pk, NOON, NOON, run=about, follow_up=follow_up, **values)


def test_the_end_of_a_run_is_told_once_and_only_if_it_was_recorded() -> None:
    ended: list[RunEnd] = []

    def hear(runs: Sequence[RunEnd], **_: Any) -> None:
        ended.extend(runs)

    definition = make_definition()
    run = execution_of(definition, Status.RUNNING, node="here")
    settled = execution_of(definition, Status.LOST, node="here", scheduled_at=NOON)
    with heard_by(write_and_raise, hear, signal=run_ended):
        record([outcome_of(run, Status.SUCCEEDED), outcome_of(settled, Status.SUCCEEDED)])
    assert [each.execution_id for each in ended] == [run.pk]
    assert ended[0].status == Status.SUCCEEDED
    assert ended[0].job_id == definition.job_id


def test_runjob_tells_of_its_run_as_a_scheduler_does(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = make_definition(messages={"a": "b"}, count=1)
    run_here(definition, requested_by="ann")
    assert told.names() == []
    monkeypatch.setattr(type(definition), "run", lambda self: 1 / 0)
    failed = run_here(definition, requested_by="ann")
    monkeypatch.undo()
    run_here(definition, requested_by="ann")
    assert told.names() == ["failed", "recovered"]
    assert told.of("failed")[0].execution_id == failed.pk
    assert told.of("failed")[0].reason == "ZeroDivisionError: division by zero"


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_that_record_failures_of_the_same_jobs_tell_each_once(told: Told) -> None:
    definitions = [make_definition(f"{number}") for number in range(20)]
    shares = [
        [execution_of(each, Status.RUNNING, node=node, scheduled_at=NOON) for each in definitions]
        for node in ("one", "two")
    ]
    shares[1].reverse()
    ready = threading.Barrier(2)
    errors: list[Exception] = []

    def record_all(runs: list[Execution], status: Status) -> None:
        with closing(connection):
            ready.wait(60)
            try:
                record([outcome_of(run, status) for run in runs])
            except Exception as error:
                errors.append(error)

    def together(status: Status) -> None:
        threads = [
            threading.Thread(target=record_all, args=(runs, status), daemon=True) for runs in shares
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not errors

    together(Status.FAILED)
    assert sorted(change.job_id for change in told.of("failed")) == sorted(
        each.job_id for each in definitions
    )
    Execution.objects.update(status=Status.RUNNING)
    together(Status.SUCCEEDED)
    assert sorted(change.job_id for change in told.of("recovered")) == sorted(
        each.job_id for each in definitions
    )
    assert not FailingJob.objects.exists()
