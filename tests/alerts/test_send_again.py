"""The action "Send again": who has it, and what it takes up."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from countjobs.alerts.models import Alert, AlertChannel, State

pytestmark = pytest.mark.django_db

URL = "/admin/countjobs_alerts/alert/"


@pytest.mark.parametrize(
    ("codenames", "state"),
    [
        (["view_alert", "change_alertchannel"], State.WAITING),
        (["view_alert", "view_alertchannel"], State.NOT_SENT),
        (["view_alert"], State.NOT_SENT),
    ],
)
def test_who_may_change_channels_has_alerts_sent_again(codenames: list[str], state: State) -> None:
    channel = AlertChannel.objects.create(name="ops", kind="mail", target="ops@example.com")
    alert = Alert.objects.create(
        channel=channel, event="failed", state=State.NOT_SENT, created_at=timezone.now()
    )
    user = User.objects.create_user("somebody", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    assert (b"Send again" in client.get(URL).content) == (state == State.WAITING)
    client.post(URL, {"action": "send_again", "_selected_action": [alert.pk]})
    alert.refresh_from_db()
    assert alert.state == state
