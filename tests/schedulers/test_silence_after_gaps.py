"""What came due while nobody could look isn't run yet when somebody can: that is no silence."""

from __future__ import annotations

import pytest
import time_machine

from countjobs.models import JobWatch, SchedulerNode
from countjobs.models.executions import Status
from countjobs.schedulers.upkeep import EVERY_SECONDS, LOOKS_LEFT_OUT, Upkeep
from tests.support.factories import NOON, SECOND, make_definition, make_node
from tests.support.past_runs import MINUTE, ended

pytestmark = pytest.mark.django_db


def look(upkeep: Upkeep, clock: time_machine.Traveller, seconds: float) -> bool:
    """Look at that time after noon. Returns whether a job is silent."""
    now = NOON + seconds * SECOND
    clock.move_to(now)
    SchedulerNode.objects.update(heartbeat=now)
    upkeep.look()
    return JobWatch.objects.filter(silent_since__isnull=False).exists()


def test_after_a_gap_jobs_have_time_to_catch_up(noon_clock: time_machine.Traveller) -> None:
    """The database was away, the machine was suspended, or its clock was set."""
    make_node(started=NOON - 60 * 24 * MINUTE)
    ended(make_definition(minute="*"), Status.SUCCEEDED)
    upkeep = Upkeep()
    assert not look(upkeep, noon_clock, 60)
    looks = [look(upkeep, noon_clock, 3600 + n * EVERY_SECONDS) for n in range(LOOKS_LEFT_OUT + 2)]
    assert looks == [*[False] * (LOOKS_LEFT_OUT + 1), True], "it isn't run all the same"
