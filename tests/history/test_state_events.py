"""What each event does to a run in each state: the table in docs/states.md, cell by cell."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

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
from tests.support.factories import NOON, SECOND, execution_of, make_definition, make_due
from tests.support.paths import ROOT

pytestmark = pytest.mark.django_db

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

NOTHING = ""
"""Not a value of its row changes."""
TAKEN = f"queued, {OTHER}"
GIVEN_BACK = "queued, nobody"
LOST = f"lost, {HERE}"
CANCELLED = "cancelled, nobody"
SUCCEEDED = "succeeded, nobody"

# In the order of STATES.
CELLS = {
    "claim": (TAKEN, NOTHING, NOTHING, NOTHING, NOTHING),
    "begin": (NOTHING, f"running, {HERE}", f"running, {HERE}", NOTHING, NOTHING),
    "end": (SUCCEEDED, f"succeeded, {HERE}", f"succeeded, {HERE}", SUCCEEDED, NOTHING),
    "limit": (NOTHING, NOTHING, f"timed_out, {HERE}", NOTHING, NOTHING),
    "cancel": (CANCELLED, f"cancelled, {HERE}", f"running, {HERE}", CANCELLED, NOTHING),
    "kill": (NOTHING, GIVEN_BACK, LOST, NOTHING, NOTHING),
    "freeze": (NOTHING, GIVEN_BACK, LOST, NOTHING, NOTHING),
    "drain": (NOTHING, GIVEN_BACK, LOST, NOTHING, NOTHING),
    "pause": (NOTHING, NOTHING, NOTHING, CANCELLED, NOTHING),
    "delete": (NOTHING, NOTHING, NOTHING, CANCELLED, NOTHING),
    "retry due": (TAKEN, NOTHING, NOTHING, TAKEN, NOTHING),
}


def a_world(state: str, **fields: Any) -> World:
    definition = make_definition(due=None, time_limit=1, retries=1, **fields)
    return World(definition, STATES[state](definition))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", EVENTS)
def test_what_an_event_does_to_a_run_in_a_state(event: str, state: str) -> None:
    world = a_world(state)
    before = world.row()
    EVENTS[event](world)
    expected = CELLS[event][list(STATES).index(state)]
    if expected == NOTHING:
        assert world.row() == before
    else:
        assert world.stands() == expected


# What the cells of the page say besides


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
    assert world.stands() == GIVEN_BACK
    lifecycle.finish([lifecycle.ended(Outcome(Status.SUCCEEDED, other.pk, NOON, NOW))])
    comes_due(world)
    assert world.stands() == TAKEN


@pytest.mark.parametrize(("coalesce", "stands"), [(True, CANCELLED), (False, GIVEN_BACK)])
def test_a_retry_that_waits_is_cancelled_by_a_later_run_where_fire_times_coalesce(
    coalesce: bool, stands: str
) -> None:
    world = a_world("waits for its time", coalesce=coalesce)
    make_due(world.definition.job_id, NOON)
    claims(world)
    assert Execution.objects.filter(trigger=Trigger.SCHEDULE, node=OTHER).count() == 1
    assert world.stands() == stands


# The page


def table() -> list[list[str]]:
    """The rows of the page's table, the header first."""
    text = (ROOT / "docs/states.md").read_text().partition("\n## What happens when …\n")[2]
    rows = re.findall(r"^\| (.+) \|$", text.partition("\n## ")[0], re.MULTILINE)
    return [row.split(" | ") for row in rows]


def test_the_page_has_every_cell() -> None:
    header, *rows = table()
    assert len(header) == 1 + len(STATES)
    assert [row[0].partition(":")[0].strip("*") for row in rows] == list(EVENTS)
    assert {len(row) for row in rows} == {len(header)}
    assert [cell for row in rows for cell in row if not cell.strip()] == []


def test_the_page_says_nothing_where_nothing_happens() -> None:
    _header, *rows = table()
    for event, row in zip(EVENTS, rows, strict=True):
        said = [cell.startswith("Nothing") for cell in row[1:]]
        assert said == [expected == NOTHING for expected in CELLS[event]], event
