"""Reminders: what has lasted for a day is told once more."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine

from countjobs.alerts.models import Alert
from countjobs.alerts.reminders import AFTER, write_reminders
from countjobs.models import CountJob, FailingJob, JobWatch, ParkedJob
from tests.support.alerting import make_alert, make_channel
from tests.support.factories import NOON, SECOND, execution_of, make_definition

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]

LATER = NOON + AFTER + SECOND


def remind(now: datetime = LATER) -> list[tuple[str, str]]:
    """The reminders that are written now, by event and job."""
    known = set(Alert.objects.values_list("pk", flat=True))
    with time_machine.travel(now, tick=False):
        write_reminders(now)
    new = Alert.objects.filter(is_reminder=True).exclude(pk__in=known).order_by("pk")
    return list(new.values_list("event", "job_name"))


def fails(definition: CountJob, since: datetime = NOON) -> None:
    run = execution_of(definition, error="ValueError: no\nmore")
    FailingJob.objects.create(
        job_id=definition.job_id, since=since, noted_at=since, execution_id=run.pk
    )


def test_what_has_lasted_for_a_day_is_told_once_more() -> None:
    make_channel()
    failing, silent, broken = map(make_definition, ("failing", "silent", "broken"))
    fails(failing)
    JobWatch.objects.create(job_id=silent.job_id, silent_since=NOON, counts_from=NOON)
    ParkedJob.objects.create(job_id=broken.job_id, error="broken\nmore", parked_at=NOON)
    assert remind(NOON + AFTER) == []
    assert remind() == [("failed", "failing"), ("silent", "silent"), ("broke", "broken")]
    assert remind(LATER + timedelta(days=3)) == []
    assert list(Alert.objects.order_by("pk").values_list("since", "reason")) == [
        (NOON, "ValueError: no"),
        (NOON, ""),
        (NOON, "broken"),
    ]


def test_a_silence_that_began_long_before_it_was_told_is_told_again_after_a_day() -> None:
    channel = make_channel()
    definition = make_definition()
    JobWatch.objects.create(
        job_id=definition.job_id, silent_since=NOON - timedelta(days=9), counts_from=NOON
    )
    make_alert(channel, event="silent", job_id=definition.job_id)
    assert remind(NOON + SECOND) == []
    assert remind() == [("silent", "count")]


def test_a_state_that_begins_anew_has_a_reminder_of_its_own() -> None:
    make_channel()
    definition = make_definition()
    fails(definition)
    assert remind() == [("failed", "count")]
    FailingJob.objects.all().delete()
    fails(definition, LATER)
    assert remind(LATER + AFTER) == []
    assert remind(LATER + AFTER + SECOND) == [("failed", "count")]


def test_paused_jobs_are_not_reminded_of() -> None:
    make_channel()
    definition = make_definition(enabled=False, due=None)
    fails(definition)
    assert remind() == []


def test_only_channels_that_want_the_event_are_reminded() -> None:
    make_channel("failed", events=["failed"])
    make_channel("recovered", events=["recovered"])
    make_channel("off", enabled=False)
    fails(make_definition())
    assert remind() == [("failed", "count")]
    assert Alert.objects.get().channel_name == "failed"


def test_without_channels_nothing_is_written() -> None:
    fails(make_definition())
    assert remind() == []


def test_many_are_reminded_of_at_once() -> None:
    make_channel()
    for number in range(7):
        fails(make_definition(f"{number}"))
    assert len(remind()) == 7
    assert remind() == []
