"""What the cells of the table in docs/states.md say besides what becomes of the run's status."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from countjobs.history import lifecycle
from countjobs.history.requests import cancel_run
from countjobs.history.run_outcome import Outcome
from countjobs.models import Execution
from countjobs.models.executions import Status, Trigger
from tests.support.factories import NOON, make_due
from tests.support.state_events import (
    NOW,
    OTHER,
    World,
    a_world,
    begins,
    claims,
    comes_due,
    ends,
    is_cancelled,
    is_deleted,
    is_paused,
    running,
)

pytestmark = pytest.mark.django_db

TAKEN, WAITS, CANCELLED = f"queued, {OTHER}", "queued, nobody", "cancelled, nobody"


def test_a_claimed_run_that_was_cancelled_does_not_begin() -> None:
    world = a_world("claimed")
    assert is_cancelled(world)
    assert begins(world) == []


def test_a_running_run_that_was_cancelled_is_asked_to_stop_once() -> None:
    world = a_world("running")
    assert is_cancelled(world)
    assert not cancel_run(world.run.pk, requested_by="Bob")
    world.run.refresh_from_db()
    assert world.run.cancel_requested_by == "Ann"


def test_a_run_that_has_ended_can_not_be_cancelled() -> None:
    assert not is_cancelled(a_world("ended"))


def test_the_attempt_before_a_retry_that_is_cancelled_ends_the_chain() -> None:
    for end in (is_cancelled, is_paused, is_deleted):
        world = a_world("waits for its time", name=end.__name__)
        end(world)
        ends_of_chain = Execution.objects.ends_of_chains().filter(job_id=world.run.job_id)
        assert ends_of_chain.filter(status=Status.FAILED).count() == 1


@pytest.mark.parametrize("status", [Status.FAILED, Status.TIMED_OUT])
def test_the_next_attempt_of_a_run_that_went_wrong_is_queued_with_its_outcome(
    status: Status,
) -> None:
    world = a_world("running")
    ends(world, status)
    retry = Execution.objects.get(trigger=Trigger.RETRY)
    assert (retry.status, retry.node, retry.attempt) == (Status.QUEUED, "", 2)
    world.run.refresh_from_db()
    assert world.run.error == "It ended. Attempt 2 of at most 2 follows."


@pytest.mark.parametrize(
    ("then", "sentence"),
    [(is_paused, " There is no next attempt: the job was paused."), (is_deleted, "")],
)
def test_no_attempt_follows_a_run_whose_job_was_paused_or_deleted_meanwhile(
    then: Callable[[World], None], sentence: str
) -> None:
    world = a_world("running")
    then(world)
    ends(world, Status.FAILED)
    world.run.refresh_from_db()
    assert (world.run.status, world.run.error) == (Status.FAILED, f"It ended.{sentence}")
    assert not Execution.objects.filter(trigger=Trigger.RETRY).exists()


def test_a_run_that_waits_is_taken_although_its_job_was_paused() -> None:
    world = a_world("waits for a scheduler")
    is_paused(world)
    claims(world)
    assert world.stands() == TAKEN


def test_a_run_that_waits_is_cancelled_once_a_scheduler_finds_its_job_deleted() -> None:
    world = a_world("waits for a scheduler")
    is_deleted(world)
    claims(world)
    assert world.stands() == f"cancelled, {OTHER}"


@pytest.mark.parametrize("then", [is_paused, is_deleted])
def test_a_claimed_run_begins_although_its_job_was_paused_or_deleted(
    then: Callable[[World], None],
) -> None:
    world = a_world("claimed")
    then(world)
    assert begins(world) == [world.run.pk]


def test_a_retry_that_is_due_waits_until_no_run_of_its_job_is_in_progress() -> None:
    world = a_world("waits for its time")
    other = running(world.definition)
    comes_due(world)
    assert world.stands() == WAITS
    lifecycle.finish([lifecycle.ended(Outcome(Status.SUCCEEDED, other.pk, NOON, NOW))])
    comes_due(world)
    assert world.stands() == TAKEN


@pytest.mark.parametrize(("coalesce", "stands"), [(True, CANCELLED), (False, WAITS)])
def test_a_retry_that_waits_is_cancelled_by_a_later_run_where_fire_times_coalesce(
    coalesce: bool, stands: str
) -> None:
    world = a_world("waits for its time", coalesce=coalesce)
    make_due(world.definition.job_id, NOON)
    claims(world)
    assert Execution.objects.filter(trigger=Trigger.SCHEDULE, node=OTHER).count() == 1
    assert world.stands() == stands


def test_the_next_attempt_of_a_lost_run_is_cancelled_once_a_scheduler_finds_its_job_paused() -> (
    None
):
    world = a_world("running")
    lifecycle.lose([(world.run, "It is gone.")], NOW)
    lifecycle.retry([lifecycle.Again(world.run, not_before=None)])
    is_paused(world)
    world.run = Execution.objects.get(trigger=Trigger.RETRY)
    assert world.stands() == WAITS
    claims(world)
    assert world.stands() == f"cancelled, {OTHER}"
