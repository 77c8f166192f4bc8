"""The overview: who gets there, its schedulers, what is coming, and at what cost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_apscheduler.models import DjangoJob

from countjobs.admin.overview import scheduler_rows as schedulers
from countjobs.admin.overview.spans import HOUR
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status
from countjobs.models.nodes import State
from tests.app.models import Greeting
from tests.support.factories import SECOND, code_job, make_definition, make_node, store_job
from tests.support.overviewing import NOW, OVERVIEW, PARTS, part, ran, rows_of
from tests.support.people import client_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("overview_clock")]


def test_it_is_linked_from_the_index_and_the_apps_page_for_who_may_view_it(viewer: Client) -> None:
    link = f'<a href="{OVERVIEW}">'
    for url in ("/admin/", "/admin/countjobs/"):
        assert link in viewer.get(url).content.decode()
    assert link not in client_of("nobody").get("/admin/").content.decode()


def test_the_sidebar_takes_it_for_no_list(viewer: Client) -> None:
    page = viewer.get(OVERVIEW).content.decode()
    assert "current-app" in page
    assert '<a href="/admin/countjobs/execution/">' in page
    assert "current-model" not in page
    assert page.count("aria-current") == 1  # on its own line of the way up


def test_there_is_a_page_for_who_has_nothing_yet(viewer: Client) -> None:
    page = viewer.get(OVERVIEW).content.decode()
    for words in (
        "No scheduler has been seen",
        "Nothing was due in the last 24 hours",
        "Nothing runs in the next 24 hours",
        "No job failed",
        "Nothing has run in the last 24 hours",
        "Updated at",
        "2026-03-04",
    ):
        assert words in page


def test_the_parts_alone_are_what_the_page_shows(viewer: Client) -> None:
    make_definition("a", due=NOW + SECOND)
    ran(Status.FAILED)
    page, parts = (viewer.get(url).content.decode() for url in (OVERVIEW, PARTS))
    begin = '<div class="countjobs-parts">'
    assert parts.split(begin)[1].strip() in page.split(begin)[1]
    assert "<html" not in parts
    for name in ("banner", "updated", "parts"):
        assert f'data-countjobs-fresh="{name}"' in page
        assert f'data-countjobs-fresh="{name}"' in parts


def test_a_rubbish_query_string_does_no_harm(viewer: Client) -> None:
    for query in ("?a=%00", "?_changelist_filters=%ff", "?" + "x" * 5_000, "?p=9" * 50):
        assert viewer.get(OVERVIEW + query).status_code == 200


# Schedulers


def test_a_scheduler_is_told_with_its_heartbeat_and_its_load(viewer: Client) -> None:
    node = make_node(NOW - 3 * SECOND, host="worker", capacity=4)
    for status in (Status.RUNNING, Status.RUNNING, Status.QUEUED, Status.SUCCEEDED):
        over = status is Status.SUCCEEDED
        ran(status, node=node.name, finished_at=NOW if over else None)
    (row,) = rows_of(viewer, "schedulers")
    assert row == "✓ alive worker:7 3.0 s ago 2 (4 threads) 1"


def test_those_that_were_heard_of_last_come_first(viewer: Client) -> None:
    make_node(NOW - timedelta(hours=2), host="dead")
    make_node(NOW - timedelta(hours=1), host="stopped", state=State.STOPPED)
    make_node(NOW, host="draining", state=State.DRAINING)
    rows = rows_of(viewer, "schedulers")
    assert [row.split(":")[0] for row in rows] == [
        "✓ alive draining draining",
        "■ stopped stopped",
        "✗ dead dead",
    ]


def test_so_many_schedulers_are_told_of_and_a_link_leads_to_the_others(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedulers, "MOST", 2)
    for age in range(3):
        make_node(NOW - age * SECOND)
    assert len(rows_of(viewer, "schedulers")) == 2
    assert "All schedulers" in part(viewer, "schedulers")


def test_who_may_not_view_schedulers_is_told_nothing_of_them() -> None:
    make_node(NOW, host="secret")
    client = client_of("viewer")
    user = User.objects.get(username="viewer")
    user.user_permissions.remove(*user.user_permissions.filter(codename="view_schedulernode"))
    page = client.get(OVERVIEW).content.decode()
    assert "secret" not in page
    assert "countjobs-schedulers" not in page


# What is coming


def test_the_next_runs_are_listed_with_how_soon_they_come(viewer: Client) -> None:
    make_definition("second", due=NOW + timedelta(hours=3, minutes=20))
    make_definition("first", due=NOW + 5 * SECOND, timezone="Asia/Tokyo")
    make_definition("paused", enabled=False, due=None)
    make_definition("far off", due=NOW + timedelta(days=2))
    store_job(code_job("from code"), NOW + 6 * SECOND)
    assert rows_of(viewer, "coming") == [
        "2026-03-04 21:30:05 JST in 5 s first",
        "2026-03-04 12:30:06 UTC in 6 s from code",
        "2026-03-04 15:50:00 UTC in 3 h 20 min second",
    ]
    said = part(viewer, "coming")
    assert "3 jobs will run in the next 24 hours." in said
    assert "busiest hour: 2" in said


def test_what_no_scheduler_takes_is_told(viewer: Client) -> None:
    make_definition("just now", due=NOW - SECOND)
    assert "waiting for a scheduler" not in part(viewer, "coming")
    make_definition("waits", due=NOW - timedelta(minutes=1))
    assert "1 job is due and waiting for a scheduler" in part(viewer, "coming")


def test_a_definition_that_a_person_may_not_see_is_not_listed(viewer: Client) -> None:
    greeting = Greeting.objects.create(name="secret", greeted="x")
    DjangoJob.objects.filter(id=greeting.job_id).update(next_run_time=NOW + SECOND)
    assert "secret" not in viewer.get(OVERVIEW).content.decode()
    assert greeting.job_id not in viewer.get(OVERVIEW).content.decode()
    assert "secret" in client_of("superuser").get(OVERVIEW).content.decode()


# All together


def fill(many: int) -> None:
    """So many of everything."""
    Execution.objects.all().delete()
    CountJob.objects.all().delete()
    CountJob.objects.bulk_create(CountJob(name=f"job {n}") for n in range(many))
    DjangoJob.objects.update(next_run_time=NOW + SECOND)
    for definition in CountJob.objects.all():
        fields: dict[str, Any] = {"job_id": definition.job_id, "started_at": NOW + HOUR}
        ran(Status.FAILED, **fields)
        ran(Status.RUNNING, node="x", **fields)
        ran(ago=5 * HOUR, **fields)
        make_node(NOW)


def test_promise_17_it_takes_as_many_queries_whatever_there_is_to_tell(viewer: Client) -> None:
    def queries(many: int) -> int:
        fill(many)
        with CaptureQueriesContext(connection) as captured:
            assert viewer.get(OVERVIEW).status_code == 200
        return len(captured)

    viewer.get(OVERVIEW)
    assert queries(1) == queries(5) == queries(60)


def test_hostile_names_are_shown_as_text() -> None:
    evil = "<script>alert('x')</script>\u202e\x07" + "x" * 150
    definition = make_definition(evil, due=NOW + SECOND)
    ran(Status.FAILED, job_id=definition.job_id, job_name=evil, started_at=NOW + HOUR)
    make_node(NOW, host=evil, version="<b>")
    page = client_of("superuser").get(OVERVIEW).content.decode()
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert") >= 4
    assert "style=" not in page
    assert "onclick" not in page
