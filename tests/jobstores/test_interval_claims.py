"""What the preview of intervals and single moments shows is what is claimed.

Over clock changes in both hemispheres, restarts, edits of other fields, and downtimes of a month:
fire times never drift, and an edit that leaves the schedule alone never moves them.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import time_machine

from countjobs.jobstores.claims import claim
from countjobs.jobstores.rows import disagreeing
from countjobs.jobstores.sync import sync
from countjobs.models import CountJob, Execution, ParkedJob
from countjobs.models.executions import Status
from countjobs.triggers.upcoming import upcoming
from tests.support.job_rows import row
from tests.support.oracle import transitions

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONTH = 31 * DAY

ZONES = {
    "Europe/London": 2026,
    "America/New_York": 2026,
    "Australia/Sydney": 2026,
    "America/Santiago": 2026,
    "Australia/Lord_Howe": 2026,
    "Pacific/Apia": 2011,  # it left out a day
}
EVERY = [3_600, 7_000, 43_200, 86_400, 2 * 86_400, 7 * 86_400, 90_061]


class World:
    """A definition, a clock, and what was foretold when the definition was saved."""

    def __init__(self, chance: random.Random, clock: time_machine.Traveller, **fields: Any) -> None:
        self.chance = chance
        self.clock = clock
        definition = CountJob(name="job", max_instances=100, **fields)
        definition.full_clean()
        definition.save()
        self.pk, self.job_id = definition.pk, definition.job_id
        self.foretold = self.preview(5_000)
        assert self.foretold

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def definition(self) -> CountJob:
        return CountJob._base_manager.get(pk=self.pk)

    def preview(self, count: int) -> list[datetime]:
        trigger = self.definition().trigger()
        return [fire.astimezone(UTC) for fire in upcoming(trigger, self.now, count, clock=float)]

    def wait(self, most: timedelta) -> None:
        self.clock.shift(self.chance.random() * most)

    def claim(self) -> None:
        claim(self.now, limit=10, node="here:1:1", busy={})
        Execution.objects.active().update(status=Status.SUCCEEDED)

    def restart(self) -> None:
        assert sync(self.now) == [], "nothing is to be mended"

    def edit(self) -> None:
        fields = {"description": str(self.chance.random()), "group": "x", "retries": 2}
        definition = self.definition()
        for name, value in fields.items():
            setattr(definition, name, value)
        match self.chance.randrange(5):
            case 0:
                definition.save()
            case 1:
                definition.save(update_fields=[*fields])
            case 2:
                CountJob.objects.filter(pk=self.pk).update(**fields)
            case 3:
                CountJob.objects.bulk_update([definition], [*fields])
            case 4:
                CountJob.objects.filter(pk=self.pk).update(name=f"job {self.chance.random()}")

    def check(self) -> None:
        """Each foretold fire time that was claimed is a row, or is counted in a later one."""
        rows = Execution.objects.order_by("scheduled_at").values_list("scheduled_at", "folded")
        next_due = row(self.job_id).next_run_time
        claimed = [fire for fire in self.foretold if next_due is None or fire < next_due]
        assert sum(1 + folded for _, folded in rows) == len(claimed)
        assert {at for at, _ in rows} <= set(claimed)
        assert next_due is None or next_due == self.foretold[len(claimed)]
        assert not disagreeing(CountJob, [self.pk], self.now)
        ahead = [fire for fire in self.foretold if fire > self.now]
        assert self.preview(5) == ahead[:5]
        assert not ParkedJob.objects.exists()


def step(world: World) -> None:
    match world.chance.choices(
        ["wait", "long", "month", "claim", "restart", "edit"], [30, 10, 3, 40, 10, 25]
    )[0]:
        case "wait":
            world.wait(8 * HOUR)
        case "long":
            world.wait(3 * DAY)
        case "month":
            world.wait(MONTH)
        case "claim":
            world.claim()
        case "restart":
            world.restart()
        case "edit":
            world.edit()
    world.check()


def before_a_change(zone: str, chance: random.Random) -> datetime:
    """An instant in the days before a clock change, at about its time of day."""
    change = chance.choice(transitions(zone, ZONES[zone]))
    seconds = chance.randrange(-3_600, 3_600)
    return change - chance.randrange(1, 9) * DAY + timedelta(seconds=seconds)


@pytest.mark.parametrize("every", EVERY)
@pytest.mark.parametrize("zone", ZONES)
def test_promise_35_what_was_foretold_of_an_interval_is_what_is_claimed(
    zone: str, every: int
) -> None:
    chance = random.Random(f"{zone} {every}")
    begin = before_a_change(zone, chance)
    with time_machine.travel(begin, tick=False) as clock:
        start = chance.choice([None, None, begin + DAY, begin - 40 * DAY])
        world = World(
            chance,
            clock,
            schedule_type="interval",
            every=every,
            timezone=zone,
            start_date=start,
            coalesce=chance.random() < 0.5,
        )
        for _number in range(22):
            step(world)
        clock.shift(MONTH)
        world.claim()
        world.check()
    stored = CountJob.objects.get()
    assert stored.start_date == (start or begin.replace(microsecond=0))
    assert Execution.objects.exists()
    if every % 86_400:
        seconds = timedelta(seconds=every)
        assert all(after - before == seconds for before, after in pairwise(world.foretold))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("zone", ZONES)
def test_promise_35_a_single_moment_that_was_foretold_is_claimed_once(zone: str, seed: int) -> None:
    chance = random.Random(f"{zone} {seed}")
    begin = before_a_change(zone, chance)
    with time_machine.travel(begin, tick=False) as clock:
        moment = begin + chance.random() * 9 * DAY
        world = World(chance, clock, schedule_type="once", run_at=moment, timezone=zone)
        for _number in range(12):
            step(world)
        clock.shift(MONTH)
        world.restart()
        world.claim()
        world.check()
    assert [run.scheduled_at for run in Execution.objects.all()] == [moment]


@pytest.mark.parametrize("every", [3_600, 86_400])
def test_a_new_name_moves_only_the_jitter_and_neither_loses_nor_repeats_a_fire_time(
    every: int,
) -> None:
    begin = datetime(2026, 3, 27, 0, 30, tzinfo=UTC)
    chance = random.Random(every)
    with time_machine.travel(begin, tick=False) as clock:
        CountJob.objects.create(
            name="job", schedule_type="interval", every=every, jitter=3_000, max_instances=100
        )
        claims = 0
        for number in range(60):
            clock.shift(chance.random() * timedelta(seconds=every))
            CountJob.objects.update(name=f"job {number}")
            if chance.random() < 0.7:
                claims += 1
                claim(datetime.now(UTC), limit=10, node="here:1:1", busy={})
        assert claims > 20
        runs = Execution.objects.values_list("scheduled_at", "folded")
    places = sorted((at - begin) // timedelta(seconds=every) for at, _ in runs)
    assert len(set(places)) == len(places), "one for each fire time"
    assert sum(1 + folded for _, folded in runs) == places[-1] + 1, "and none was left out"
