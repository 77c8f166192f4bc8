"""Nobody is shown where a channel leads, or its key, once these are saved."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.views.debug import SafeExceptionReporterFilter

from countjobs.alerts import channel_pages
from countjobs.alerts.models import AlertChannel
from tests.support.alert_people import PAGES, ROLES, WRITES, AlertRows, alert_client
from tests.support.alerting import SECRET, SECRET_KEY, make_channel

pytestmark = pytest.mark.django_db

SECRETS = (SECRET, SECRET_KEY, SECRET_KEY.removeprefix("whsec_"))


def text_of(response: Any) -> str:
    shown = b"".join(response) if response.streaming else response.content
    return str(shown.decode()) + str(response.headers)


def is_secret_free(response: Any) -> bool:
    return not any(secret in text_of(response) for secret in SECRETS)


@pytest.mark.parametrize("role", ROLES)
def test_no_page_shows_a_secret_to_anybody(role: str) -> None:
    rows, client = AlertRows(), alert_client(role)
    for page in PAGES:
        assert is_secret_free(client.get(rows.address(page))), page
    for what in WRITES:
        rows.channel.save()
        assert is_secret_free(rows.answer(client, what)), what


def test_who_may_not_change_a_channel_sees_nothing_of_where_it_leads() -> None:
    rows = AlertRows()
    shown = text_of(alert_client("viewer").get(rows.address("alertchannel_change")))
    assert "hooks.example.com" not in shown
    shown = text_of(alert_client("changer").get(rows.address("alertchannel_change")))
    assert "hooks.example.com/…" in shown


@pytest.fixture
def client() -> Client:
    return alert_client("superuser")


KEPT = {"name": "ops", "kind": "webhook", "enabled": "on"}


@pytest.mark.parametrize(
    "data",
    [
        KEPT,
        {**KEPT, "name": ""},
        {**KEPT, "kind": "mail"},
        {**KEPT, "kind": "apprise"},
        {**KEPT, "kind": "nonsense"},
        {**KEPT, "target": "nonsense"},
        {**KEPT, "target": "http://127.0.0.1/"},
        {**KEPT, "key": "whsec_%%%"},
        {**KEPT, "no_key": "on"},
        {**KEPT, "groups": "\0", "events": ["nonsense"]},
        {},
    ],
    ids=range(11),
)
def test_no_error_of_the_form_quotes_what_is_stored(data: dict[str, Any], client: Client) -> None:
    rows = AlertRows()
    response = client.post(rows.address("alertchannel_change"), data)
    assert response.status_code < 500
    assert is_secret_free(response)
    assert "whsec_%%%" not in text_of(response), "a key is not shown even to who has typed it"
    rows.channel.refresh_from_db()
    assert SECRET in rows.channel.target


def test_a_stored_target_that_is_not_allowed_any_more_is_not_quoted(client: Client) -> None:
    address = f"{SECRET}@nowhere"
    channel = make_channel("mail", kind="mail", target=address)
    url = reverse("admin:countjobs_alerts_alertchannel_change", args=[channel.pk])
    response = client.post(url, {**KEPT, "name": "mail", "kind": "mail"})
    assert response.status_code == 200
    assert "What is stored isn&#x27;t allowed any more. Enter another one." in text_of(response)
    assert is_secret_free(response)


def test_the_history_and_the_log_say_what_was_changed_and_not_to_what(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    rows = AlertRows()
    new = {**KEPT, "target": f"https://example.com/{SECRET}", "key": SECRET_KEY}
    client.post(rows.address("alertchannel_change"), new)
    rows.channel.refresh_from_db()
    assert rows.channel.target == new["target"]
    entry = LogEntry.objects.get()
    assert set(json.loads(entry.change_message)[0]["changed"]["fields"]) >= {"target", "key"}
    shown = client.get(rows.address("alertchannel_history"))
    assert is_secret_free(shown)
    for said in (entry.change_message, entry.object_repr, caplog.text, repr(rows.channel)):
        assert not any(secret in said for secret in SECRETS)


@pytest.mark.parametrize("lookup", ["target__startswith", "key", "key__startswith", "target"])
def test_lists_cannot_be_asked_what_the_secrets_begin_with(lookup: str, client: Client) -> None:
    rows = AlertRows()
    for address, name in [
        (rows.address("alertchannel_changelist"), lookup),
        (rows.address("alert_changelist"), f"channel__{lookup}"),
    ]:
        response = client.get(address, {name: "https"})
        assert response.status_code in {302, 400}
    shown = client.get(rows.address("alertchannel_changelist"), {"q": SECRET})
    assert "0 alert channels" in text_of(shown)


def test_an_error_report_holds_no_secrets(monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    rows, seen = AlertRows(), []

    def fail(model_admin: Any, request: Any, *_: Any, **__: Any) -> None:
        seen.append(request)
        raise ZeroDivisionError

    monkeypatch.setattr(channel_pages.ChannelAdmin, "save_model", fail)
    with pytest.raises(ZeroDivisionError):
        client.post(
            rows.address("alertchannel_change"), {**KEPT, "target": "https://x.y/z", "key": "abc"}
        )
    (request,) = seen
    told = SafeExceptionReporterFilter().get_post_parameters(request)
    assert "https://x.y/z" not in told.values()
    assert "abc" not in told.values()
    assert told["name"] == "ops"


def test_exported_definitions_hold_nothing_of_channels() -> None:
    make_channel(key=SECRET_KEY)
    out = StringIO()
    call_command("exportjobs", stdout=out)
    assert not any(secret in out.getvalue() for secret in (*SECRETS, "ops", "alertchannel"))


def test_a_channel_says_only_its_name() -> None:
    channel = AlertChannel(name="a\nb", target=SECRET)
    assert str(channel) == "a\\nb"
    assert SECRET not in repr(channel)
