"""Runs in each state, and what may happen to them: for the table in docs/states.md."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from countjobs.executors.at_work import AtWork
from countjobs.executors.side_by_side import Executors
from countjobs.history import lifecycle
from countjobs.history.recorder import record
from countjobs.history.requests import cancel_run
from countjobs.history.run_outcome import FollowUp, Outcome
from countjobs.jobstores.claimed import ClaimedJob
from countjobs.jobstores.claims import claim
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status, Trigger
from countjobs.run_context import Run, Stop
from countjobs.schedulers.lost_runs import settle
from countjobs.schedulers.run_watch import RunWatch
from tests.support.factories import NOON, SECOND, execution_of, make_definition

HERE, OTHER = "here:1:1", "other:2:2"
"""The scheduler that carries out the run, and another one."""
NOW = NOON + SECOND
LATER = NOON + timedelta(minutes=10)
"""When the retry that waits may begin."""


@dataclass
class World:
    """A run in one of the states, and its definition."""

    definition: CountJob
    run: Execution

    def stands(self) -> str:
        """Its status, and who has it."""
        self.run.refresh_from_db()
        return f"{self.run.status}, {self.run.node or 'nobody'}"

    def row(self) -> object:
        """All that the history knows of it."""
        return Execution.objects.filter(pk=self.run.pk).values().get()


# The states


def waits_for_a_scheduler(definition: CountJob) -> Execution:
    return execution_of(definition, Status.QUEUED)


def claimed(definition: CountJob) -> Execution:
    return execution_of(definition, Status.QUEUED, node=HERE, trigger=Trigger.SCHEDULE)


def running(definition: CountJob) -> Execution:
    return execution_of(
        definition, Status.RUNNING, node=HERE, trigger=Trigger.SCHEDULE, started_at=NOON
    )


def waits_for_its_time(definition: CountJob) -> Execution:
    ended = execution_of(definition, Status.FAILED, node=HERE, finished_at=NOON)
    lifecycle.retry([lifecycle.Again(ended, LATER)])
    return Execution.objects.get(first_attempt=ended.pk)


def ended(definition: CountJob) -> Execution:
    return execution_of(definition, node=HERE, started_at=NOON, finished_at=NOON)


STATES: dict[str, Callable[[CountJob], Execution]] = {
    "waits for a scheduler": waits_for_a_scheduler,
    "claimed": claimed,
    "running": running,
    "waits for its time": waits_for_its_time,
    "ended": ended,
}


# The events


def claims(world: World, now: Any = NOW) -> None:
    """Another scheduler claims whatever may be claimed."""
    claim(now, limit=10, node=OTHER, busy={})


def begins(world: World) -> list[int]:
    """The scheduler that is to carry it out marks it as started."""
    return lifecycle.begin(HERE, [world.run.pk], NOW)


def ends(world: World, status: Status = Status.SUCCEEDED) -> None:
    """Its job returns, or raises, and the outcome is written."""
    follow_up = FollowUp(world.run.job_id, world.run.attempt)
    record([Outcome(status, world.run.pk, NOON, NOW, error="It ended.", follow_up=follow_up)])


class Carries:
    """Instead of an executor: it carries out what is marked as started, and ends what is to end."""

    given_up, size = 0, 1

    def __init__(self, world: World) -> None:
        self.world = world

    def at_work(self) -> list[AtWork]:
        run = Run(self.world.run.pk, self.world.run.job_id, "", NOON, print, time_limit=1)
        going_on = Execution.objects.going_on().filter(pk=run.execution_id)
        since = time.monotonic() - 2
        return [AtWork(ClaimedJob("", "", "", [run]), run, since, 0) for _ in going_on]

    def stop(self, work: AtWork, stop: Stop) -> None:
        ends(self.world, Status(stop.status))


def passes_its_limit(world: World) -> None:
    """Two seconds pass, one more than its time limit, and the watch over runs looks."""
    carries: Any = Carries(world)
    RunWatch(Executors({"default": carries}), lambda: None).look()


def is_cancelled(world: World) -> bool:
    return cancel_run(world.run.pk, requested_by="Ann")


def is_killed(world: World) -> None:
    """Its scheduler is killed, and the lease is over."""
    settle(HERE, "It is gone.", NOW)


def freezes(world: World) -> None:
    """Its scheduler is frozen for longer than the lease, wakes, and goes on with what it did."""
    was = world.run.status
    settle(HERE, "It is gone.", NOW)
    if was == Status.QUEUED:
        assert begins(world) == []
    else:
        ends(world)


def drains(world: World) -> None:
    """Its scheduler is told to stop, and the deadline passes."""
    settle(HERE, "It had not finished.", NOW)


def is_paused(world: World) -> None:
    world.definition.enabled = False
    world.definition.save()


def is_deleted(world: World) -> None:
    world.definition.delete()


def comes_due(world: World) -> None:
    """The time for which a retry waits has come, and a scheduler claims."""
    claims(world, LATER)


EVENTS: dict[str, Callable[[World], object]] = {
    "claim": claims,
    "begin": begins,
    "end": ends,
    "limit": passes_its_limit,
    "cancel": is_cancelled,
    "kill": is_killed,
    "freeze": freezes,
    "drain": drains,
    "pause": is_paused,
    "delete": is_deleted,
    "retry due": comes_due,
}


def a_world(state: str, **fields: Any) -> World:
    definition = make_definition(due=None, time_limit=1, retries=1, **fields)
    return World(definition, STATES[state](definition))
