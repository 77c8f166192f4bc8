"""The banner says that a channel doesn't take its alerts."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from countjobs.alerts.models import AlertChannel

pytestmark = pytest.mark.django_db


def page(client: Client) -> str:
    return client.get(reverse("admin:countjobs_alerts_alert_changelist")).content.decode()


@pytest.mark.parametrize(("tries", "is_told"), [(0, False), (2, False), (3, True)])
def test_the_banner_names_channels_that_have_failed_three_times(
    admin_client: Client, tries: int, is_told: bool
) -> None:
    AlertChannel.objects.create(name="<ops>", target="a@example.com", tries_in_vain=tries)
    said = page(admin_client)
    assert ("Alerts can&#x27;t be sent:" in said) is is_told
    assert ("&lt;ops&gt;</a>. Their channels say why." in said) is is_told


def test_a_disabled_channel_is_no_caution(admin_client: Client) -> None:
    AlertChannel.objects.create(name="ops", target="a@b.example", tries_in_vain=9, enabled=False)
    assert "be sent:" not in page(admin_client)
