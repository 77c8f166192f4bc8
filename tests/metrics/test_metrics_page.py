"""Issue 13, line 3: the web server's `metrics/`, for who has the token."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.support.factories import make_definition, make_node
from tests.support.open_metrics import read_open
from tests.support.people import client_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]

URL = "/metrics/"
TOKEN = "a-token-of-enough-signs"


@pytest.fixture(autouse=True)
def _token(settings: Any) -> None:
    settings.COUNTJOBS = {"METRICS_TOKEN": TOKEN}


def get(client: Client, authorization: str, **headers: str) -> Any:
    return client.get(URL, headers={"Authorization": authorization, **headers})


def test_who_has_the_token_is_told(client: Client) -> None:
    make_node()
    assert reverse("countjobs:metrics") == URL
    response = get(client, f"Bearer {TOKEN}", Accept="application/openmetrics-text;version=1.0.0")
    assert response.status_code == 200
    assert response["Content-Type"].startswith("application/openmetrics-text")
    assert "no-store" in response["Cache-Control"]
    families = {each.name for each in read_open(response.text)}
    assert {"countjobs_up", "countjobs_due", "countjobs_schedulers"} <= families
    assert get(client, f"bearer  {TOKEN}").status_code == 200


@pytest.mark.parametrize(
    "authorization",
    ["", TOKEN, "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer \xff", "x" * 9],
)
def test_others_are_not(client: Client, authorization: str) -> None:
    response = get(client, authorization)
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert b"countjobs_" not in response.content
    assert TOKEN not in response.text


def test_a_user_of_the_admin_is_no_exception() -> None:
    assert client_of("superuser").get(URL).status_code == 401


@pytest.mark.parametrize("given", [{}, {"METRICS_TOKEN": ""}, {"METRICS_TOKEN": "short"}])
@pytest.mark.parametrize("authorization", ["", "Bearer ", f"Bearer {TOKEN}", "Bearer short"])
def test_without_a_token_in_the_settings_there_is_no_such_page(
    client: Client, settings: Any, given: dict[str, str], authorization: str
) -> None:
    settings.COUNTJOBS = given
    assert get(client, authorization).status_code == 404


def test_it_only_reads(client: Client) -> None:
    assert client.post(URL).status_code == 405
    assert client.head(URL, headers={"Authorization": f"Bearer {TOKEN}"}).content == b""


def test_many_who_ask_cost_a_few_queries(client: Client) -> None:
    make_node()
    make_definition()
    with CaptureQueriesContext(connection) as queries:
        for _ in range(20):
            assert get(client, f"Bearer {TOKEN}").status_code == 200
    assert len(queries) <= 15
