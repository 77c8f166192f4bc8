"""Rows that no form has written: raw SQL's, or a newer release's. Pages and messages go on."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from countjobs.alerts.composing import compose
from countjobs.alerts.events import Event
from countjobs.alerts.models import Alert, AlertChannel
from countjobs.alerts.outbox import write
from countjobs.signals import Change

pytestmark = pytest.mark.django_db

CHANNELS = "/admin/countjobs_alerts/alertchannel/"
ALERTS = "/admin/countjobs_alerts/alert/"


@pytest.fixture
def channel() -> AlertChannel:
    return AlertChannel.objects.create(
        name="ops", kind="webhook", target="https://example.com/s3cret"
    )


@pytest.fixture
def alert(channel: AlertChannel) -> Alert:
    return Alert.objects.create(
        channel=channel,
        channel_name=channel.name,
        event=Event.FAILED,
        job_id="code",
        job_name="Import",
        created_at=timezone.now(),
    )


def superuser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    return client


def set_by_sql(table: str, **values: str | bool) -> None:
    columns = ", ".join(f"{name} = %s" for name in values)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {columns}", list(values.values()))


@pytest.mark.parametrize("value", ["5", "null", '"failed"', '[{"a": 1}]', "[1]", "{}"])
def test_a_list_that_is_none_limits_a_channel_to_nothing(
    value: str, channel: AlertChannel, alert: Alert
) -> None:
    set_by_sql("countjobs_alerts_alertchannel", events=value, groups=value)
    client = superuser()
    for path in (CHANNELS, f"{CHANNELS}{channel.pk}/change/", ALERTS):
        assert client.get(path).status_code == 200
    write(Event.SILENT, [Change("code", "Import")])
    assert Alert.objects.filter(event=Event.SILENT).count() == 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"event": "later"}, "Import: later"),
        ({"event": "later", "is_reminder": True}, "Import: later"),
        ({"event": "recovered"}, "Import: recovered"),
        ({"event": "recovered", "recovered_from": "later"}, "Import: recovered"),
        ({"event": "paused", "is_reminder": True}, "Job “Import” paused itself"),
    ],
)
def test_an_event_that_is_not_known_is_shown_and_sent(
    values: dict[str, str | bool], said: str, alert: Alert
) -> None:
    set_by_sql("countjobs_alerts_alert", **values)
    client = superuser()
    for path in (ALERTS, f"{ALERTS}{alert.pk}/change/", f"{CHANNELS}{alert.channel_id}/change/"):
        assert client.get(path).status_code == 200
    alert.refresh_from_db()
    message = compose([alert], UUID(int=1))
    assert message.subject.endswith(said)
    assert said in message.text
    alerts = [alert, Alert(event="later", job_id="other", job_name="B", created_at=timezone.now())]
    message = compose(alerts, UUID(int=1))
    assert "other event" in message.subject
    assert {"Import", "B"} <= {word.strip("“”:") for word in message.text.split()}


def test_a_state_or_a_kind_that_is_not_known_is_shown(alert: Alert) -> None:
    set_by_sql("countjobs_alerts_alert", state="later")
    set_by_sql("countjobs_alerts_alertchannel", kind="later")
    client = superuser()
    for path in (ALERTS, f"{ALERTS}{alert.pk}/change/", CHANNELS):
        assert client.get(path).status_code == 200
    assert b"s3cret" not in client.get(f"{CHANNELS}{alert.channel_id}/change/").content
