"""Which jobs are watched: what has a limit and is enabled, however it is written."""

from __future__ import annotations

from datetime import datetime

import pytest
import time_machine

from countjobs.history.watching import pause_failing
from countjobs.models import CountJob, JobDefinition, JobWatch
from countjobs.models.executions import Status
from tests.app.models import Team, TeamJob
from tests.support.factories import NOON, make_definition
from tests.support.past_runs import MINUTE, ended

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]

FAILED, LOST, TIMED_OUT = Status.FAILED, Status.LOST, Status.TIMED_OUT
GOOD = Status.SUCCEEDED


def paused(definition: JobDefinition, now: datetime = NOON + 60 * MINUTE) -> bool:
    """Whether it pauses itself now."""
    lines = pause_failing([definition.job_id], now)
    definition.refresh_from_db()
    assert bool(lines) == (not definition.enabled)
    return not definition.enabled


def watched() -> list[str]:
    return sorted(JobWatch.objects.values_list("job_id", flat=True))


def test_what_has_a_limit_and_is_enabled_is_watched_however_it_is_written(
    noon_clock: time_machine.Traveller,
) -> None:
    one, two, three = (make_definition(name) for name in ("one", "two", "three"))
    assert watched() == []
    one.pause_after = 3
    one.save()
    CountJob.objects.filter(pk=two.pk).update(most_silence=60)
    three.most_silence = 5
    CountJob.objects.bulk_update([three], ["most_silence"])
    CountJob.objects.bulk_create([CountJob(name="four", pause_after=1)])
    four = CountJob.objects.get(name="four")
    team = Team.objects.create()
    five = TeamJob.objects.create(name="five", team=team, pause_after=1)
    every = sorted(each.job_id for each in (one, two, three, four, five))
    assert watched() == every
    noon_clock.move_to(NOON + MINUTE)
    one.description = "changed"
    one.save()
    assert set(JobWatch.objects.values_list("counts_from", flat=True)) == {NOON}
    CountJob.objects.update(most_silence=None)
    assert watched() == sorted(each.job_id for each in (one, four, five))
    four.delete()
    team.delete()
    assert watched() == [one.job_id]
    CountJob.objects.all().delete()
    assert watched() == []


def test_a_person_who_pauses_a_job_ends_its_watch_and_resuming_begins_a_new_one(
    noon_clock: time_machine.Traveller,
) -> None:
    definition = make_definition(pause_after=3)
    CountJob.objects.update(enabled=False)
    assert watched() == []
    noon_clock.move_to(NOON + MINUTE)
    CountJob.objects.update(enabled=True)
    assert JobWatch.objects.get(job_id=definition.job_id).counts_from == NOON + MINUTE


def test_a_job_that_paused_itself_says_so_until_it_is_resumed() -> None:
    definition = make_definition(pause_after=1)
    ended(definition, FAILED)
    assert paused(definition)
    definition.description = "looked at"
    definition.save()
    assert JobWatch.objects.get().paused_at is not None
    CountJob.objects.update(pause_after=None)
    assert JobWatch.objects.get().paused_at is not None


def test_nor_does_it_say_so_any_more_when_it_is_resumed_without_a_limit() -> None:
    definition = make_definition(pause_after=1)
    ended(definition, FAILED)
    assert paused(definition)
    definition.pause_after, definition.enabled = None, True
    definition.save()
    assert watched() == []
