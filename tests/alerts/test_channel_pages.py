"""The pages of channels."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from countjobs.alerts.models import Alert, AlertChannel
from tests.support.alert_people import alert_client
from tests.support.alerting import URL, make_alert, make_channel
from tests.support.factories import NOON, make_node

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return alert_client("superuser")


def address(page: str, *args: Any) -> str:
    return reverse(f"admin:countjobs_alerts_alertchannel_{page}", args=args)


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def test_the_list_says_what_each_is_told_and_whether_that_arrives(client: Client) -> None:
    make_channel("all")
    make_channel("some", events=["failed", "silent"], groups=["night", "a\nb"])
    make_channel("fails", last_error="The server <answered> 500.")
    make_alert(make_channel("works"), sent_at=NOON, state="sent")
    shown = text_of(client.get(address("changelist")))
    assert "all events" in shown
    assert "failed, silent; only night, a\\nb" in shown
    assert "The server &lt;answered&gt; 500." in shown
    assert "2026" in shown


def test_a_channel_is_added_and_changed(client: Client) -> None:
    data = {"name": "ops", "kind": "webhook", "enabled": "on", "target": URL}
    assert client.post(address("add"), data).status_code == 302
    channel = AlertChannel.objects.get()
    assert channel.target == URL
    changed = {**data, "name": "new", "target": "", "events": ["failed"]}
    assert client.post(address("change", channel.pk), changed).status_code == 302
    channel.refresh_from_db()
    assert (channel.name, channel.target, channel.events) == ("new", URL, ["failed"])


def test_saving_a_channel_does_not_undo_how_its_sending_goes(client: Client) -> None:
    until = timezone.now() + timedelta(minutes=1)
    channel = make_channel(leased_to="x", leased_until=until, not_before=until, tries_in_vain=3)
    data = {"name": "new", "kind": "webhook", "enabled": "on"}
    page = client.get(address("change", channel.pk))
    assert page.status_code == 200
    assert client.post(address("change", channel.pk), data).status_code == 302
    channel.refresh_from_db()
    assert (channel.leased_to, channel.leased_until, channel.tries_in_vain) == ("x", until, 3)


def test_a_test_is_written_and_the_page_says_whether_anybody_sends_it(client: Client) -> None:
    channel = make_channel()
    shown = text_of(client.post(address("test", channel.pk), follow=True))
    assert "The test waits: no scheduler is alive that could send it." in shown
    make_node(timezone.now())
    shown = text_of(client.post(address("test", channel.pk), follow=True))
    assert "A test is on its way." in shown
    assert list(Alert.objects.values_list("event", "channel")) == [("test", channel.pk)] * 2
    assert "A test: messages arrive here." in shown


def test_a_disabled_channel_is_not_tested(client: Client) -> None:
    channel = make_channel(enabled=False)
    shown = text_of(client.post(address("test", channel.pk), follow=True))
    assert "The channel is disabled. Enable it first." in shown
    assert not Alert.objects.exists()


@pytest.mark.parametrize("key", ["0", "99", "nonsense", "9" * 30, "a\0b", "-1", "1_2F"])
def test_what_is_not_there_is_answered_with_a_clear_no(key: str, client: Client) -> None:
    known = address("test", 1)
    for page in ("test", "change", "history", "delete"):
        url = known.replace("/1/test/", f"/{key}/{page}/")
        response = client.post(url) if page == "test" else client.get(url)
        assert response.status_code in {302, 404}


def test_the_page_lists_what_was_sent_lately(client: Client) -> None:
    channel = make_channel()
    for number in range(12):
        make_alert(channel, job_name=f"job <{number}>", error="no", state="not_sent")
    make_alert(make_channel("other"), job_name="of another")
    shown = text_of(client.get(address("change", channel.pk)))
    assert "Job “job &lt;11&gt;” failed" in shown
    assert "job &lt;1&gt;" not in shown, "no more than ten"
    assert "of another" not in shown
    all_url = (
        f"{reverse('admin:countjobs_alerts_alert_changelist')}?channel__id__exact={channel.pk}"
    )
    assert all_url in shown.replace("&amp;", "&")
    assert "of another" not in text_of(client.get(all_url))


def test_who_may_not_see_alerts_sees_none_on_the_page() -> None:
    channel = make_channel()
    make_alert(channel, job_name="secretive")
    shown = text_of(alert_client("deleter").get(address("change", channel.pk)))
    assert "secretive" not in shown
    assert "Sent lately" not in shown


def test_a_deleted_channel_leaves_its_alerts(client: Client) -> None:
    channel = make_channel()
    make_alert(channel)
    assert "ops" in text_of(client.get(address("delete", channel.pk)))
    assert client.post(address("delete", channel.pk), {"post": "yes"}).status_code == 302
    assert Alert.objects.get().channel_name == "ops"


def test_what_a_newer_version_or_raw_sql_left_breaks_no_page(client: Client) -> None:
    channel = make_channel(events=["unknown"], groups=[1, "x"], kind="unknown")
    for url in (address("changelist"), address("change", channel.pk)):
        text_of(client.get(url))


def test_how_many_queries_the_list_takes_does_not_depend_on_its_length(client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            text_of(client.get(address("changelist")))
        return len(captured)

    make_alert(make_channel("first"), sent_at=NOON)
    queries()  # the banner is kept for a while
    one = queries()
    for number in range(5):
        make_alert(make_channel(f"{number}"), sent_at=NOON)
    assert queries() == one
