"""Heartbeats, and what becomes of a scheduler that fell silent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from pytest_django import Settings

from countjobs.models import Execution, SchedulerNode
from countjobs.models.executions import Status
from countjobs.models.nodes import State
from countjobs.schedulers import heartbeat as module
from countjobs.schedulers.heartbeat import Heartbeat, settle_dead_nodes
from tests.factories import NOON, SECOND, make_execution, make_node

DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


class Clock:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture(autouse=True)
def conf(settings: Settings) -> None:
    settings.COUNTJOBS = {"HEARTBEAT_SECONDS": 5, "LEASE_SECONDS": 15}


def started(capacity: int = 4) -> Heartbeat:
    heartbeat = Heartbeat(capacity)
    heartbeat.start(NOON)
    return heartbeat


def test_a_scheduler_that_starts_writes_its_row() -> None:
    heartbeat = started(capacity=4)
    node = SchedulerNode.objects.get()
    assert (node.name, node.capacity, node.state) == (heartbeat.name, 4, State.RUNNING)
    assert (node.started, node.heartbeat) == (NOON, NOON)


def test_two_schedulers_of_one_process_have_names_of_their_own() -> None:
    assert Heartbeat(1).name != Heartbeat(1).name


def test_it_beats_when_it_is_time_and_not_before(clock: Clock) -> None:
    heartbeat = started()
    clock.seconds += 4
    assert heartbeat.seconds_left == 1
    assert not heartbeat.beat_if_due(NOON + 4 * SECOND)
    assert SchedulerNode.objects.get().heartbeat == NOON
    clock.seconds += 1
    assert heartbeat.beat_if_due(NOON + 5 * SECOND)
    assert SchedulerNode.objects.get().heartbeat == NOON + 5 * SECOND
    assert heartbeat.seconds_left == 5


def test_a_new_state_is_written_at_once(clock: Clock) -> None:
    heartbeat = started()
    heartbeat.tell(State.DRAINING, NOON + SECOND)
    node = SchedulerNode.objects.get()
    assert (node.state, node.heartbeat) == (State.DRAINING, NOON + SECOND)


def test_a_row_that_was_deleted_is_written_again_as_it_was(clock: Clock) -> None:
    heartbeat = started(capacity=4)
    heartbeat.tell(State.DRAINING, NOON)
    SchedulerNode.objects.all().delete()
    clock.seconds += 5
    heartbeat.beat_if_due(NOON + 5 * SECOND)
    node = SchedulerNode.objects.get()
    assert (node.name, node.capacity, node.state) == (heartbeat.name, 4, State.DRAINING)


def test_promise_04_only_those_heard_of_within_the_lease_are_alive() -> None:
    heard = make_node(NOON - 14 * SECOND)
    make_node(NOON - 15 * SECOND)
    make_node(NOON, state=State.STOPPED)
    draining = make_node(NOON, state=State.DRAINING)
    assert set(SchedulerNode.objects.alive(NOON)) == {heard, draining}


def test_promise_09_what_a_dead_scheduler_ran_is_lost_with_the_reason() -> None:
    node = make_node(NOON - 15 * SECOND)
    execution = make_execution(Status.RUNNING, node=node.name)
    assert settle_dead_nodes(NOON) == 1
    execution.refresh_from_db()
    assert (execution.status, execution.finished_at) == (Status.LOST, NOON)
    assert execution.error == (
        f"The scheduler {node.name} stopped without a word; "
        "its last heartbeat was at 2026-03-04 11:59:45 UTC."
    )


def test_promise_09_what_it_had_not_begun_is_given_back() -> None:
    node = make_node(NOON - 15 * SECOND)
    execution = make_execution(Status.QUEUED, node=node.name)
    settle_dead_nodes(NOON)
    execution.refresh_from_db()
    assert (execution.status, execution.node) == (Status.QUEUED, "")
    assert list(Execution.objects.requested(NOON)) == [execution]


def test_it_is_settled_once() -> None:
    make_node(NOON - 15 * SECOND)
    assert settle_dead_nodes(NOON) == 1
    assert SchedulerNode.objects.get().state == State.STOPPED
    assert settle_dead_nodes(NOON) == 0


def test_what_had_ended_and_what_others_run_is_left_alone() -> None:
    dead, alive = make_node(NOON - 15 * SECOND), make_node(NOON)
    ended = make_execution(Status.SUCCEEDED, node=dead.name)
    running = make_execution(Status.RUNNING, node=alive.name)
    waiting = make_execution(Status.QUEUED, node=alive.name)
    settle_dead_nodes(NOON)
    for execution in (ended, running, waiting):
        before = execution.status, execution.node
        execution.refresh_from_db()
        assert (execution.status, execution.node) == before
    alive.refresh_from_db()
    assert alive.state == State.RUNNING


def test_a_heartbeat_settles_the_dead_too(clock: Clock) -> None:
    heartbeat = started()
    execution = make_execution(Status.RUNNING, node=make_node(NOON - 15 * SECOND).name)
    clock.seconds += 5
    heartbeat.beat_if_due(NOON + 5 * SECOND)
    execution.refresh_from_db()
    assert execution.status == Status.LOST


def test_one_that_was_taken_for_dead_lives_again_with_its_next_heartbeat(clock: Clock) -> None:
    heartbeat = started()
    settle_dead_nodes(NOON + 15 * SECOND)
    clock.seconds += 20
    heartbeat.beat_if_due(NOON + 20 * SECOND)
    assert SchedulerNode.objects.alive(NOON + 20 * SECOND).get().name == heartbeat.name


@pytest.mark.parametrize("state", [State.STOPPED, None])
def test_promise_09_what_was_claimed_while_its_scheduler_was_settled_is_settled_too(
    state: State | None,
) -> None:
    node = make_node(NOON, state=State.STOPPED)
    if state is None:
        node.delete()
    running = make_execution(Status.RUNNING, node=node.name)
    waiting = make_execution(Status.QUEUED, node=node.name)
    asked = make_execution(Status.QUEUED, node="")
    settle_dead_nodes(NOON)
    running.refresh_from_db()
    waiting.refresh_from_db()
    asked.refresh_from_db()
    assert (running.status, running.error) == (
        Status.LOST,
        f"The scheduler {node.name} is not there any more.",
    )
    assert (waiting.status, waiting.node) == (Status.QUEUED, "")
    assert asked.status == Status.QUEUED


def test_promise_09_what_a_scheduler_runs_that_starts_meanwhile_is_left_alone() -> None:
    runs: list[Execution] = []
    original = SchedulerNode.objects.exclude

    def start_one(**conditions: Any) -> Any:
        found = list(original(**conditions))
        runs.append(make_execution(Status.RUNNING, node=make_node().name))
        return found

    with patch.object(SchedulerNode.objects, "exclude", start_one):
        module._settle_strays(NOON)
    runs[0].refresh_from_db()
    assert runs[0].status == Status.RUNNING


def test_those_that_stopped_are_forgotten_after_a_day() -> None:
    make_node(NOON - DAY - SECOND, state=State.STOPPED)
    recent = make_node(NOON - DAY, state=State.STOPPED)
    settle_dead_nodes(NOON)
    assert list(SchedulerNode.objects.all()) == [recent]


def test_one_that_fell_silent_days_ago_is_settled_before_it_is_forgotten() -> None:
    node = make_node(NOON - 3 * DAY)
    execution = make_execution(Status.RUNNING, node=node.name)
    settle_dead_nodes(NOON)
    execution.refresh_from_db()
    assert execution.status == Status.LOST
