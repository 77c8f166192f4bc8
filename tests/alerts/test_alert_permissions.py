"""Who may see and change channels and alerts, page by page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.urls import URLPattern, URLResolver
from django.views.generic import RedirectView

from countjobs.alerts.models import Alert
from tests.support.alert_people import ACTIONS, PAGES, ROLES, WRITES, AlertRows, alert_client

pytestmark = pytest.mark.django_db

PREFIX = "countjobs_alerts_"


def named(patterns: list[URLPattern | URLResolver], under: str = "") -> Iterator[str]:
    for each in patterns:
        address = f"{under}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from named(each.url_patterns, address)
        elif address.startswith("countjobs_alerts/") and not is_a_way_to_a_page(each):
            yield (each.name or address).removeprefix(PREFIX)


def is_a_way_to_a_page(pattern: URLPattern) -> bool:
    is_unnamed = pattern.name is None
    return is_unnamed and getattr(pattern.callback, "view_class", None) is RedirectView


def test_every_page_is_in_the_table_and_no_other() -> None:
    posted_to = {*WRITES} - {*ACTIONS}
    assert sorted({*PAGES, *posted_to}) == sorted(named(admin.site.urls[0]))


@pytest.mark.parametrize("role", ROLES)
def test_pages_are_shown_to_whom_they_are_for(role: str) -> None:
    rows, client = AlertRows(), alert_client(role)
    shown = {page for page in PAGES if client.get(rows.address(page)).status_code == 200}
    assert shown == {page for page, who in PAGES.items() if role in who}
    refusal = 302 if role == "anonymous" else 403
    for page in {*PAGES} - shown:
        assert client.get(rows.address(page)).status_code == refusal


@pytest.mark.parametrize("what", WRITES)
@pytest.mark.parametrize("role", ROLES)
def test_only_who_may_write_has_an_effect(role: str, what: str) -> None:
    rows, client = AlertRows(), alert_client(role)
    before = rows.state()
    response = rows.answer(client, what)
    assert response.status_code < 500
    assert (rows.state() != before) == (role in WRITES[what])


@pytest.mark.parametrize("what", ["alertchannel_change", "alertchannel_test", "send_again"])
def test_no_other_site_can_have_something_posted(what: str) -> None:
    rows, client = AlertRows(), alert_client("superuser", enforce_csrf_checks=True)
    before = rows.state()
    assert rows.answer(client, what).status_code == 403
    assert rows.state() == before


@pytest.mark.parametrize("method", ["get", "head", "put", "delete"])
def test_a_test_is_sent_by_a_post_only(method: str) -> None:
    rows, client = AlertRows(), alert_client("superuser")
    assert getattr(client, method)(rows.address("alertchannel_test")).status_code == 405
    assert Alert.objects.count() == 1
