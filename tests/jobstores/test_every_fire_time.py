"""Rule 1: every due instant is one row of the history, or is counted in the `folded` of one."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django_apscheduler.models import DjangoJob

from countjobs.history import lifecycle
from countjobs.history.recorder import record
from countjobs.history.requests import cancel_run, request_run
from countjobs.history.run_outcome import FollowUp, Outcome
from countjobs.jobstores.claims import claim
from countjobs.models import Execution
from countjobs.models.executions import ExecutionQuerySet, Status, Trigger
from countjobs.schedulers.lost_runs import settle
from tests.support.factories import NOON, make_definition

MINUTE = timedelta(minutes=1)
NODES = ("a:1:1", "b:2:2")

pytestmark = pytest.mark.django_db


class World:
    """Two schedulers, a job that is due each minute, and a clock."""

    def __init__(self, **fields: Any) -> None:
        self.now = NOON
        self.definition = make_definition(due=NOON, **fields)

    def wait(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    def claim(self, node: int, room: int) -> None:
        name = NODES[node % 2]
        busy = Counter(self._active(name).values_list("job_id", flat=True))
        rooms = {self.definition.executor: room}
        claim(self.now, limit=10, node=name, busy=busy, rooms=rooms)
        at_work = set(Execution.objects.active().exclude(node="").values_list("node", flat=True))
        # One scheduler may have taken several, to run them one after the other.
        assert len(at_work) <= self.definition.max_instances

    def begin(self, node: int) -> None:
        queued = self._active(NODES[node % 2]).filter(status=Status.QUEUED)
        lifecycle.begin(NODES[node % 2], list(queued.values_list("pk", flat=True)[:1]), self.now)

    def end(self, node: int, status: Status) -> None:
        running = self._active(NODES[node % 2]).filter(status=Status.RUNNING).first()
        if running is not None:
            follow_up = FollowUp(running.job_id, running.attempt)
            outcome = Outcome(status, running.pk, self.now, self.now, follow_up=follow_up)
            record([outcome])

    def die(self, node: int) -> None:
        settle(NODES[node % 2], "It is gone.", self.now)

    def cancel(self) -> None:
        waiting = Execution.objects.active().filter(node="").first()
        if waiting is not None:
            cancel_run(waiting.pk)

    def ask(self) -> None:
        run = request_run(self.definition)
        Execution.objects.filter(pk=run.pk).update(scheduled_at=self.now)

    def _active(self, node: str) -> ExecutionQuerySet:
        return Execution.objects.active().filter(node=node).order_by("pk")

    def check(self) -> None:
        """All fire times from noon to the last claim, each counted once."""
        rows = Execution.objects.filter(trigger=Trigger.SCHEDULE).order_by("scheduled_at")
        counted = sum(1 + row.folded for row in rows)
        due = self.next_due() - NOON
        assert counted == due // MINUTE
        waiting = Execution.objects.active().filter(node="", trigger=Trigger.SCHEDULE)
        if self.definition.coalesce and self.definition.max_instances == 1:
            assert waiting.count() <= 2, "one waits, and one may have been given back"
        seen: set[datetime] = set()
        for row in rows:
            assert row.scheduled_at not in seen
            seen.add(row.scheduled_at)
        chains = Execution.objects.exclude(next_attempt=None).values_list("next_attempt", "attempt")
        for following, attempt in chains:
            assert following is not None
            assert Execution.objects.get(pk=following).attempt == attempt + 1

    def next_due(self) -> datetime:
        at = DjangoJob.objects.get(id=self.definition.job_id).next_run_time
        assert isinstance(at, datetime)
        return at


ENDS = [Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT, Status.CANCELLED]


def step(world: World, chance: random.Random) -> None:
    """Something happens. Small examples, as hypothesis likes them, would seldom overlap."""
    node, name = chance.randrange(2), chance.choices(*zip(*CHANCES.items(), strict=True))[0]
    match name:
        case "wait":
            world.wait(chance.randrange(1, 4))
        case "claim":
            world.claim(node, chance.choice([0, 1, 2, 2]))
        case "begin":
            world.begin(node)
        case "end":
            world.end(node, chance.choice(ENDS))
        case "die":
            world.die(node)
        case "cancel":
            world.cancel()
        case "ask":
            world.ask()


CHANCES = {"wait": 30, "claim": 50, "begin": 30, "end": 30, "die": 4, "cancel": 3, "ask": 4}


@pytest.mark.parametrize("overlap", ["skip", "wait", "replace"])
@pytest.mark.parametrize("coalesce", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_each_due_instant_is_recorded_once(
    overlap: str, coalesce: bool, seed: int
) -> None:
    chance = random.Random(f"{overlap} {coalesce} {seed}")
    world = World(
        overlap=overlap,
        executor="processes",
        coalesce=coalesce,
        max_instances=chance.choice([1, 1, 2]),
        retries=chance.choice([0, 2]),
        retry_delay=60,
        rerun_if_lost=chance.random() < 0.5,
    )
    for _step in range(80):
        step(world, chance)
        world.check()
    assert Execution.objects.filter(trigger=Trigger.SCHEDULE).count() >= 2
