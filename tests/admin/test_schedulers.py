"""The pages of schedulers and of broken jobs, and the banner that speaks of both."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from countjobs.models import CountJob, ParkedJob, SchedulerNode
from countjobs.models.nodes import State
from tests.app.models import Greeting
from tests.support.admin_pages import cell, field
from tests.support.factories import NOON
from tests.support.people import client_of

pytestmark = pytest.mark.django_db

NODES = "/admin/countjobs/schedulernode/"
PARKED = "/admin/countjobs/parkedjob/"
NO_SCHEDULER = "No scheduler is alive"
BROKEN = "These jobs are broken"


def make_node(age: timedelta = timedelta(), state: State = State.RUNNING) -> SchedulerNode:
    now = timezone.now()
    return SchedulerNode.objects.create(
        host="host",
        pid=7,
        version="1",
        started=now - timedelta(days=1),
        heartbeat=now - age,
        capacity=10,
        state=state,
    )


def break_one(name: str = "broken") -> CountJob:
    definition = CountJob.objects.create(name=name)
    CountJob.objects.filter(pk=definition.pk).update(timezone="Mars/Phobos")
    return definition


def page_of(role: str, url: str = "/admin/") -> str:
    return client_of(role).get(url).content.decode()


@pytest.mark.parametrize(
    ("age", "state", "word"),
    [
        (timedelta(), State.RUNNING, "alive"),
        (timedelta(), State.DRAINING, "alive"),
        (timedelta(hours=1), State.RUNNING, "dead"),
        (timedelta(), State.STOPPED, "stopped"),
    ],
)
def test_a_scheduler_is_alive_dead_or_stopped(age: timedelta, state: State, word: str) -> None:
    make_node(age, state)
    assert cell(page_of("viewer", NODES), "life").endswith(word)


def test_a_schedulers_heartbeat_is_told_by_its_age() -> None:
    node = make_node(timedelta(minutes=3, seconds=5))
    client = client_of("viewer")
    assert cell(client.get(NODES).content.decode(), "heard_of").startswith("3 min")
    assert "3 min" in client.get(f"{NODES}{node.pk}/change/").content.decode()


def test_threads_that_were_given_up_are_told_on_every_page_of_schedulers() -> None:
    node = make_node()
    client = client_of("viewer")
    overview = "/admin/countjobs/execution/overview/"
    assert "given up" not in client.get(overview).content.decode()
    SchedulerNode.objects.update(given_up=2)
    assert cell(client.get(NODES).content.decode(), "life") == "✓ alive ! 2 threads given up"
    page = client.get(f"{NODES}{node.pk}/change/").content.decode()
    assert "2" in field(page, "given_up").split()
    assert "2 threads given up" in client.get(overview).content.decode()


@pytest.mark.parametrize("url", [NODES, "/admin/countjobs/execution/overview/"])
def test_the_threads_of_one_that_is_dead_are_not_spoken_of(url: str) -> None:
    make_node(timedelta(hours=1))
    SchedulerNode.objects.update(given_up=1)
    assert "given up" not in page_of("viewer", url)


def test_a_broken_job_is_listed_with_its_error_and_its_definition() -> None:
    definition = break_one()
    page = page_of("viewer", PARKED)
    assert "Mars/Phobos" in cell(page, "error")
    assert f"/admin/countjobs/countjob/{definition.pk}/change/" in page


def test_the_name_of_a_broken_definition_is_told_only_to_who_may_see_it() -> None:
    greeting = Greeting.objects.create(name="secret greeting", greeted="x")
    Greeting.objects.update(timezone="Mars/Phobos")
    client = client_of("viewer")
    for url in (PARKED, f"{PARKED}app.greeting_3A{greeting.pk}/change/", "/admin/"):
        page = client.get(url).content.decode()
        assert greeting.job_id in page
        assert "secret greeting" not in page
    assert "secret greeting" in page_of("superuser", PARKED)


def test_a_broken_job_without_a_definition_is_listed_too() -> None:
    ParkedJob.objects.create(job_id="code/1", error="no module", parked_at=NOON)
    client = client_of("viewer")
    assert cell(client.get(PARKED).content.decode(), "definition") == "-"
    assert "no module" in client.get(f"{PARKED}code_2F1/change/").content.decode()


@pytest.mark.parametrize(
    "url",
    [
        "/admin/",
        "/admin/countjobs/",
        "/admin/countjobs/countjob/",
        "/admin/countjobs/execution/",
        NODES,
        PARKED,
    ],
)
def test_promise_04_the_banner_says_that_no_scheduler_is_alive(url: str) -> None:
    make_node(timedelta(hours=1))
    client = client_of("viewer")
    assert NO_SCHEDULER in client.get(url).content.decode()
    make_node()
    assert NO_SCHEDULER not in client.get(url).content.decode()


def test_the_banner_is_on_the_forms_of_every_kind_of_definition() -> None:
    client = client_of("superuser")
    for url in (
        "/admin/countjobs/countjob/add/",
        "/admin/app/greeting/",
        "/admin/app/greeting/add/",
    ):
        assert NO_SCHEDULER in client.get(url).content.decode()


def test_the_banner_names_and_links_to_what_is_broken() -> None:
    make_node()
    client = client_of("viewer")
    assert BROKEN not in client.get("/admin/").content.decode()
    definition = break_one("bad one")
    page = client.get("/admin/").content.decode()
    assert BROKEN in page
    assert f'<a href="/admin/countjobs/countjob/{definition.pk}/change/">bad one</a>' in page


def test_the_banner_is_short_however_much_is_broken() -> None:
    CountJob.objects.bulk_create(
        CountJob(name=f"broken {n}", timezone="Mars/Phobos") for n in range(20)
    )
    page = page_of("viewer")
    assert page.count('/change/">broken ') == 5
    assert f'<a href="{PARKED}">and more</a>' in page


def test_the_banner_tells_people_without_permissions_nothing() -> None:
    break_one()
    page = page_of("nobody")
    assert NO_SCHEDULER not in page
    assert BROKEN not in page


def test_the_banner_tells_of_broken_definitions_only_to_who_may_see_them() -> None:
    greeting = Greeting.objects.create(name="secret greeting", greeted="x")
    Greeting.objects.update(timezone="Mars/Phobos")
    client = client_of("viewer")
    user = client.get("/admin/").wsgi_request.user
    user.user_permissions.remove(*user.user_permissions.filter(codename="view_parkedjob"))  # type: ignore[union-attr]  # logged in
    page = client.get("/admin/").content.decode()
    assert NO_SCHEDULER in page
    assert "secret greeting" not in page
    assert ParkedJob.objects.filter(job_id=greeting.job_id).exists()


def test_the_login_page_has_no_banner() -> None:
    assert NO_SCHEDULER not in Client().get("/admin/login/").content.decode()
