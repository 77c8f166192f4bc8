"""Heartbeats, and what becomes of a scheduler that fell silent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from pytest_django import Settings

from countjobs.models import Execution, SchedulerNode
from countjobs.models.executions import Status
from countjobs.models.nodes import State
from countjobs.schedulers import heartbeat as module
from countjobs.schedulers import lost_runs as settling
from countjobs.schedulers.heartbeat import Heartbeat
from countjobs.schedulers.lost_runs import settle_dead_nodes
from tests.support.factories import NOON, SECOND, make_execution, make_node

HOUR = timedelta(hours=1)
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


def beat(heartbeat: Heartbeat, clock: Clock, now: datetime) -> None:
    """The next heartbeat, at its time by the monotonic clock, and at any by the wall clock."""
    clock.seconds += 5
    assert heartbeat.beat_if_due(now)


def settle_dead(now: datetime, *dead: SchedulerNode) -> int:
    return settle_dead_nodes({node.uuid: node.heartbeat for node in dead}, now)


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
    assert settle_dead(NOON, node) == 1
    execution.refresh_from_db()
    assert (execution.status, execution.finished_at) == (Status.LOST, NOON)
    assert execution.error == (
        f"The scheduler {node.name} stopped without notice. "
        "Its last heartbeat was at 2026-03-04 11:59:45 UTC."
    )


def test_promise_09_what_it_had_not_begun_is_given_back() -> None:
    node = make_node(NOON - 15 * SECOND)
    execution = make_execution(Status.QUEUED, node=node.name)
    settle_dead(NOON, node)
    execution.refresh_from_db()
    assert (execution.status, execution.node) == (Status.QUEUED, "")
    assert list(Execution.objects.requested(NOON)) == [execution]


def test_it_is_settled_once() -> None:
    node = make_node(NOON - 15 * SECOND)
    assert settle_dead(NOON, node) == 1
    assert SchedulerNode.objects.get().state == State.STOPPED
    assert settle_dead(NOON, node) == 0


def test_one_that_beats_after_all_before_it_is_settled_lives() -> None:
    node = make_node(NOON)
    execution = make_execution(Status.RUNNING, node=node.name)
    SchedulerNode.objects.update(heartbeat=NOON + SECOND)
    assert settle_dead(NOON + SECOND, node) == 0
    execution.refresh_from_db()
    assert (SchedulerNode.objects.get().state, execution.status) == (State.RUNNING, Status.RUNNING)


def test_what_had_ended_and_what_others_run_is_left_alone() -> None:
    dead, alive = make_node(NOON - 15 * SECOND), make_node(NOON)
    ended = make_execution(Status.SUCCEEDED, node=dead.name)
    running = make_execution(Status.RUNNING, node=alive.name)
    waiting = make_execution(Status.QUEUED, node=alive.name)
    settle_dead(NOON, dead)
    for execution in (ended, running, waiting):
        before = execution.status, execution.node
        execution.refresh_from_db()
        assert (execution.status, execution.node) == before
    alive.refresh_from_db()
    assert alive.state == State.RUNNING


def test_promise_09_one_that_falls_silent_is_settled_after_a_lease(clock: Clock) -> None:
    execution = make_execution(Status.RUNNING, node=make_node(NOON).name)
    heartbeat = started()
    for seconds in (5, 10):
        beat(heartbeat, clock, NOON + seconds * SECOND)
        execution.refresh_from_db()
        assert execution.status == Status.RUNNING
    beat(heartbeat, clock, NOON + 15 * SECOND)
    execution.refresh_from_db()
    assert execution.status == Status.LOST


def test_promise_09_what_a_scheduler_finds_when_it_starts_it_settles_with_its_first_heartbeat(
    clock: Clock,
) -> None:
    execution = make_execution(Status.RUNNING, node=make_node(NOON - HOUR).name)
    beat(started(), clock, NOON + 5 * SECOND)
    execution.refresh_from_db()
    assert execution.status == Status.LOST


@pytest.mark.parametrize("step", [HOUR, -HOUR, 400 * DAY])
def test_promise_09_a_clock_that_steps_makes_nobody_dead_who_beats(
    step: timedelta, clock: Clock
) -> None:
    execution = make_execution(Status.RUNNING, node=make_node(NOON).name)
    heartbeat = started()
    for seconds in range(5, 60, 5):
        beat(heartbeat, clock, NOON + step + seconds * SECOND)
        SchedulerNode.objects.exclude(uuid=heartbeat.uuid).update(
            heartbeat=NOON + step + (seconds + 2) * SECOND  # a moment after ours
        )
    execution.refresh_from_db()
    assert execution.status == Status.RUNNING


def test_promise_09_a_heartbeat_from_the_future_keeps_nobody_alive(clock: Clock) -> None:
    execution = make_execution(Status.RUNNING, node=make_node(NOON + DAY).name)
    heartbeat = started()
    for seconds in (5, 10, 15):
        beat(heartbeat, clock, NOON + seconds * SECOND)
    execution.refresh_from_db()
    assert execution.status == Status.LOST


def test_after_an_outage_or_a_freeze_of_all_the_first_to_beat_waits_for_the_others(
    clock: Clock,
) -> None:
    execution = make_execution(Status.RUNNING, node=make_node(NOON).name)
    heartbeat = started()
    clock.seconds += 3_600
    heartbeat.beat_if_due(NOON + HOUR)
    execution.refresh_from_db()
    assert execution.status == Status.RUNNING


def test_it_never_settles_itself(clock: Clock) -> None:
    heartbeat = started()
    for _ in range(5):
        beat(heartbeat, clock, NOON)  # a wall clock that stands still
    assert SchedulerNode.objects.get().state == State.RUNNING


def test_one_that_was_taken_for_dead_lives_again_with_its_next_heartbeat(clock: Clock) -> None:
    heartbeat = started()
    assert settle_dead(NOON + 15 * SECOND, SchedulerNode.objects.get()) == 1
    beat(heartbeat, clock, NOON + 20 * SECOND)
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
    settle_dead(NOON)
    running.refresh_from_db()
    waiting.refresh_from_db()
    asked.refresh_from_db()
    assert (running.status, running.error) == (
        Status.LOST,
        f"The scheduler {node.name} no longer exists.",
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
        settling._settle_strays(NOON)
    runs[0].refresh_from_db()
    assert runs[0].status == Status.RUNNING


def test_those_that_stopped_are_forgotten_after_a_day() -> None:
    make_node(NOON - DAY - SECOND, state=State.STOPPED)
    recent = make_node(NOON - DAY, state=State.STOPPED)
    settle_dead(NOON)
    assert list(SchedulerNode.objects.all()) == [recent]


def test_one_that_fell_silent_days_ago_is_settled_before_it_is_forgotten() -> None:
    node = make_node(NOON - 3 * DAY)
    execution = make_execution(Status.RUNNING, node=node.name)
    settle_dead(NOON, node)
    execution.refresh_from_db()
    assert execution.status == Status.LOST
