"""Issue 13, line 3: the page `health/` says whether jobs can run, and names nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from countjobs.endpoints import health
from countjobs.history.holding import hold
from countjobs.models import ParkedJob
from countjobs.models.executions import Status
from tests.support.factories import NOON, make_definition, make_execution, make_node

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]

LONG_AGO = NOON - timedelta(minutes=10)
URL = "/health/"


def ask(client: Client) -> tuple[int, Any]:
    health.forget()
    response = client.get(URL)
    return response.status_code, response.json()


def problem(*names: str) -> tuple[int, Any]:
    return 503, {"status": "problem", "problems": [*names]}


def test_all_is_well(client: Client) -> None:
    make_node()
    assert reverse("countjobs:health") == URL
    assert ask(client) == (200, {"status": "ok"})


def test_it_has_the_problems_of_schedulerstatus(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(client) == problem("no_scheduler")

    node = make_node(capacity=1)
    make_definition("secret", due=LONG_AGO)
    make_execution(Status.RUNNING, node=node.name, started_at=LONG_AGO, job_name="secret")
    assert ask(client) == problem("no_room")

    ParkedJob.objects.create(job_id="secret", error="secret", parked_at=NOON)
    type(node).objects.update(cannot_claim="secret")
    assert ask(client) == problem("cannot_claim", "no_room", "broken")

    with pytest.raises(SystemExit):
        call_command("schedulerstatus", "--json")
    assert json.loads(capsys.readouterr().out)["problems"] == ask(client)[1]["problems"]


def test_a_hold_is_said_and_is_no_problem(client: Client) -> None:
    hold("secret", "secret")
    assert ask(client) == (503, {**problem("no_scheduler")[1], "held": True})
    make_node()
    assert ask(client) == (200, {"status": "ok", "held": True})


def test_it_is_never_kept_by_others(client: Client) -> None:
    assert "no-store" in client.get(URL)["Cache-Control"]
    assert not client.get(URL).cookies


def test_get_and_head_are_answered_and_nothing_else(client: Client) -> None:
    assert client.head(URL).status_code == 503
    assert client.head(URL).content == b""
    assert client.post(URL).status_code == 405


def test_many_who_ask_cost_a_few_queries(client: Client) -> None:
    make_node()
    make_definition(due=LONG_AGO)
    with CaptureQueriesContext(connection) as queries:
        for _ in range(20):
            assert client.get(URL).status_code == 200
    assert len(queries) <= 6


def test_without_the_database_it_says_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any) -> dict[str, Any]:
        raise OperationalError("secret")

    monkeypatch.setattr(health, "read_state", away)
    monkeypatch.setattr(health, "try_twice", lambda step: step())
    assert ask(client) == problem("database")


def test_with_wrong_settings_it_says_so(client: Client, settings: Any) -> None:
    settings.COUNTJOBS = {"LEASE_SECONDS": -1}
    assert ask(client) == problem("settings")


def test_a_public_site_answers_probes_that_come_past_its_proxy(
    client: Client, settings: Any
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(URL).status_code == 503
    assert client.get("/admin/").status_code == 301


def test_no_login_is_asked_for_where_a_project_asks_for_it_everywhere(
    client: Client, settings: Any
) -> None:
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    assert client.get(URL).status_code == 503
