"""The outbox: alerts are written for whom they are, in the transaction of what they tell of."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from countjobs.alerts.events import Event
from countjobs.alerts.models import Alert
from countjobs.alerts.outbox import write, write_test
from countjobs.history.recorder import record
from countjobs.history.run_outcome import FollowUp, Outcome
from countjobs.history.silence import look_for_silence
from countjobs.history.watching import pause_failing
from countjobs.jobstores.parking import park, unpark
from countjobs.models import CountJob, Execution, FailingJob, ParkedJob
from countjobs.models.executions import Status
from countjobs.run_context import Run
from countjobs.signals import Change, job_failed
from tests.support.alerting import make_channel
from tests.support.factories import NOON, SECOND, execution_of, make_definition

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]


def ends(definition: CountJob, status: Status, **values: Any) -> Execution:
    run = execution_of(definition, Status.RUNNING, node="here", **values)
    about = Run(run.pk, run.job_id, run.job_name, run.scheduled_at, int, 1)
    follow_up = None if status == Status.SUCCEEDED else FollowUp(run.job_id, 1)
    record([Outcome(status, run.pk, NOON, NOON, error="no\nmore", run=about, follow_up=follow_up)])
    return run


def told() -> list[tuple[str, str]]:
    return list(Alert.objects.order_by("pk").values_list("event", "recovered_from"))


def test_an_alert_says_what_happened_to_which_job_since_when_and_why() -> None:
    channel = make_channel()
    definition = make_definition("Import", group="night")
    run = ends(definition, Status.FAILED)
    (alert,) = Alert.objects.all()
    assert (alert.channel, alert.channel_name) == (channel, "ops")
    assert (alert.event, alert.job_id, alert.job_name) == ("failed", definition.job_id, "Import")
    assert (alert.group, alert.execution_id, alert.reason) == ("night", run.pk, "no")
    assert (alert.since, alert.created_at, alert.state) == (NOON, NOON, "waiting")
    assert (alert.message, alert.tries, alert.is_reminder) == (None, 0, False)


def test_every_change_of_a_job_is_told() -> None:
    make_channel()
    definition = make_definition(most_silence=60, pause_after=2)
    look_for_silence(NOON + 61 * SECOND)
    ends(definition, Status.SUCCEEDED)
    Execution.objects.update(finished_at=NOON + 61 * SECOND)
    look_for_silence(NOON + 62 * SECOND)
    with transaction.atomic():
        park([ParkedJob(job_id=definition.job_id, error="broken\nmore", parked_at=NOON)])
        park([ParkedJob(job_id=definition.job_id, error="still", parked_at=NOON)])
        unpark([definition.job_id])
    ends(definition, Status.FAILED, scheduled_at=NOON + SECOND)
    ends(definition, Status.SUCCEEDED, scheduled_at=NOON + 2 * SECOND)
    for number in (3, 4):
        ends(definition, Status.FAILED, scheduled_at=NOON + number * SECOND)
    pause_failing([definition.job_id], NOON)
    assert told() == [
        ("silent", ""),
        ("recovered", "silent"),
        ("broke", ""),
        ("recovered", "broke"),
        ("failed", ""),
        ("recovered", "failed"),
        ("failed", ""),
        ("paused", ""),
    ]
    broke = Alert.objects.get(event="broke")
    assert (broke.reason, broke.job_name) == ("broken", "count")
    assert Alert.objects.get(event="paused").reason == "It failed 2 times in a row."


def test_channels_are_told_of_their_groups_and_events_only() -> None:
    make_channel("all")
    make_channel("night", groups=["night", "other"])
    make_channel("recovered", events=["recovered"])
    make_channel("failed by day", groups=["day"], events=["failed"])
    make_channel("off", enabled=False)
    for name, group in [("one", "night"), ("two", "day"), ("three", "")]:
        ends(make_definition(name, group=group), Status.FAILED)
    found = Alert.objects.order_by("job_name", "channel_name")
    assert list(found.values_list("job_name", "channel_name")) == [
        ("one", "all"),
        ("one", "night"),
        ("three", "all"),
        ("two", "all"),
        ("two", "failed by day"),
    ]


def test_nothing_is_told_of_a_paused_job_but_that_it_paused_itself() -> None:
    make_channel()
    definition = make_definition(enabled=False, due=None)
    changes = [Change(definition.job_id)]
    for event in Event:
        write(event, changes)
    assert told() == [("paused", "")]


def test_jobs_from_code_are_told_to_channels_for_all_groups() -> None:
    make_channel()
    make_channel("night", groups=["night"])
    write(Event.FAILED, [Change("code", "from code"), Change("nameless")])
    found = Alert.objects.order_by("pk").values_list("job_name", "channel_name")
    assert list(found) == [("from code", "ops"), ("nameless", "ops")]


HARD = ["a\nb\r\n", "\0", "\ud800", "<b>", "%(job)s", "名" * 255, "x" * 999]


@pytest.mark.parametrize("text", HARD, ids=range(len(HARD)))
def test_whatever_a_job_is_called_and_says_is_written(text: str) -> None:
    make_channel()
    write(Event.FAILED, [Change("code", text, reason=f"{text}\nmore")])
    (alert,) = Alert.objects.all()
    assert len(alert.job_name) <= 255
    assert len(alert.reason) <= 500


def test_an_alert_is_there_exactly_if_what_it_tells_of_is() -> None:
    make_channel()
    with transaction.atomic():
        ends(make_definition(), Status.FAILED)
        assert told()
        transaction.set_rollback(True)
    assert told() == []


def test_if_alerts_cannot_be_written_the_run_is_recorded_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_channel()

    def refuse(*_: Any, **__: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM there_is_no_such_table")

    monkeypatch.setattr("countjobs.alerts.receivers.write", refuse)
    run = ends(make_definition(), Status.FAILED)
    run.refresh_from_db()
    assert run.status == Status.FAILED
    assert FailingJob.objects.exists()


def test_without_channels_a_failure_costs_three_statements_more() -> None:
    def statements() -> int:
        definition = make_definition(str(NOON.timestamp() + Execution.objects.count()))
        with CaptureQueriesContext(connection) as captured:
            ends(definition, Status.FAILED)
        return len(captured)

    with_alerts = statements()
    receivers, job_failed.receivers = job_failed.receivers, []
    job_failed.sender_receivers_cache.clear()
    try:
        without = statements()
    finally:
        job_failed.receivers = receivers
        job_failed.sender_receivers_cache.clear()
    assert with_alerts - without == 3, "a savepoint, its end, and which channels there are"


def test_how_many_statements_take_many_alerts_does_not_depend_on_how_many() -> None:
    def statements(count: int) -> int:
        jobs = [make_definition(f"{count} {number}") for number in range(count)]
        with CaptureQueriesContext(connection) as captured:
            write(Event.FAILED, [Change(job.job_id) for job in jobs])
        return len(captured)

    make_channel()
    make_channel("other")
    assert statements(1) == statements(20)


def test_a_test_is_for_one_channel_and_is_sent_at_once() -> None:
    channel = make_channel(not_before=NOON + timedelta(hours=1), events=["failed"])
    make_channel("other")
    write_test(channel)
    channel.refresh_from_db()
    assert channel.not_before is None
    assert list(Alert.objects.values_list("event", "channel")) == [("test", channel.pk)]
