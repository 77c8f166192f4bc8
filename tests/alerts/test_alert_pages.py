"""The pages of alerts."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from countjobs.alerts.events import LASTING, Event
from countjobs.alerts.models import Alert
from tests.support.alert_people import alert_client
from tests.support.alerting import make_alert, make_channel
from tests.support.factories import execution_of, make_definition

pytestmark = pytest.mark.django_db

LIST = "admin:countjobs_alerts_alert_changelist"


@pytest.fixture
def client() -> Client:
    return alert_client("superuser")


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def page_of(alert: Alert) -> str:
    return reverse("admin:countjobs_alerts_alert_change", args=[alert.pk])


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_kind_of_alert_is_shown(language: str, client: Client) -> None:
    channel = make_channel()
    alerts = [make_alert(channel, event=event) for event in Event if event != "recovered"]
    alerts += [make_alert(channel, event=event, is_reminder=True) for event in LASTING]
    for event in LASTING:
        alerts.append(make_alert(channel, event="recovered", recovered_from=event))
    headers = {"accept-language": language}
    text_of(client.get(reverse(LIST), headers=headers))
    for alert in alerts:
        text_of(client.get(page_of(alert), headers=headers))


def test_an_alert_leads_to_its_job_its_run_and_its_channel(client: Client) -> None:
    definition, channel = make_definition(), make_channel()
    run = execution_of(definition)
    alert = make_alert(channel, job_id=definition.job_id, execution_id=run.pk, reason="no <b>")
    shown = text_of(client.get(page_of(alert)))
    for name, key in [
        ("countjobs_countjob", definition.pk),
        ("countjobs_execution", run.pk),
        ("countjobs_alerts_alertchannel", channel.pk),
    ]:
        assert reverse(f"admin:{name}_change", args=[key]) in shown
    assert "no &lt;b&gt;" in shown
    shown = text_of(alert_client("reader").get(page_of(alert)))
    assert reverse("admin:countjobs_execution_change", args=[run.pk]) not in shown
    assert reverse("admin:countjobs_alerts_alertchannel_change", args=[channel.pk]) not in shown


def test_an_alert_without_job_run_or_channel_is_shown(client: Client) -> None:
    alert = make_alert(None, event="test", job_id="", job_name="", since=None)
    assert "A test: messages arrive here." in text_of(client.get(page_of(alert)))
    text_of(client.get(reverse(LIST)))


@pytest.mark.parametrize(
    "query",
    [
        "state__exact=waiting",
        "event__exact=failed",
        "q=%00",
        "q=code",
        "channel__id__exact=nonsense",
        "channel__id__exact=" + "9" * 30,
        "channel__isnull=True",
        "state=nonsense",
        "o=nonsense",
        "p=999999",
        "e=1",
        "job_id=code",
    ],
)
def test_no_address_of_the_list_breaks_it(query: str, client: Client) -> None:
    make_alert(make_channel())
    assert client.get(f"{reverse(LIST)}?{query}").status_code in {200, 302, 400}


def send_again(client: Client, *alerts: Alert) -> str:
    data = {"action": "send_again", "_selected_action": [alert.pk for alert in alerts]}
    return text_of(client.post(reverse(LIST), data, follow=True))


def test_what_was_given_up_can_be_sent_again(client: Client) -> None:
    channel = make_channel()
    given_up = make_alert(channel, state="not_sent", tries=9, error="no")
    sent, orphan = make_alert(channel, state="sent"), make_alert(None, state="not_sent")
    assert "1 alert waits to be sent again." in send_again(client, given_up, sent, orphan)
    states = Alert.objects.order_by("pk").values_list("state", "tries", "error")
    assert list(states) == [("waiting", 0, ""), ("sent", 0, ""), ("not_sent", 0, "")]


def test_the_action_is_offered_to_whom_it_is_for() -> None:
    make_alert(make_channel(), state="not_sent")
    assert "send_again" in text_of(alert_client("changer").get(reverse(LIST)))
    assert "send_again" not in text_of(alert_client("viewer").get(reverse(LIST)))


def test_how_many_queries_the_list_takes_does_not_depend_on_its_length() -> None:
    client = alert_client("changer")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            text_of(client.get(reverse(LIST)))
        return len(captured)

    definition = make_definition("first", due=None)
    make_alert(make_channel("first"), job_id=definition.job_id)
    queries()  # the banner is kept for a while
    one = queries()
    for number in range(5):
        definition = make_definition(f"{number}", due=None)
        make_alert(make_channel(f"{number}"), job_id=definition.job_id)
    assert queries() == one
