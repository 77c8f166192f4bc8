"""Issue 8, line 15: a router that reads from a replica; nothing of ours is read there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import models, router
from django.test import Client
from django.utils import timezone
from django_apscheduler.models import DjangoJob

from countjobs.history.requests import request_run
from countjobs.jobstores.sync import sync
from countjobs.models import CountJob, ParkedJob
from countjobs.models.countjob import CountJob as Kind
from countjobs.models.executions import Status
from countjobs.schedulers import create_scheduler
from countjobs.schedulers.lost_runs import settle
from tests.app.models import Team, TeamJob
from tests.support.admin_pages import ADD, LIST, change_url, form_of
from tests.support.factories import code_job, make_definition, make_execution
from tests.support.people import client_of
from tests.support.still_scheduler import NODE, Threads, make_scheduler, make_store
from tests.support.transfers import IMPORT, exported

pytestmark = pytest.mark.django_db

OURS = {"countjobs", "django_apscheduler", "app"}


class Replicas:
    """A router that notes what would be read from a replica, and sends nobody there."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def db_for_read(self, model: type[models.Model], **hints: Any) -> None:
        if model._meta.app_label in OURS and model is not Team:
            self.asked.append(model._meta.label)


@pytest.fixture
def replicas(monkeypatch: pytest.MonkeyPatch) -> Replicas:
    replicas = Replicas()
    monkeypatch.setitem(router.__dict__, "routers", [replicas])
    return replicas


@pytest.fixture
def client(replicas: Replicas) -> Iterator[Client]:
    """A superuser's. Whatever a test does with it, it reads nothing from a replica."""
    yield client_of("superuser")
    assert replicas.asked == []


def test_a_definition_is_added_changed_and_scheduled(client: Client) -> None:
    client.post(ADD, form_of(CountJob(name="a", messages={"a": "b"})))
    definition = Kind._base_manager.using("default").get(name="a")
    assert DjangoJob.objects.using("default").get(id=definition.job_id).next_run_time
    client.post(change_url(definition), form_of(definition) | {"hour": "3"})
    definition.refresh_from_db()
    assert definition.hour == "3"


def test_definitions_are_saved_by_code(client: Client) -> None:
    definition = CountJob.objects.create(name="a")
    definition.description = "b"
    definition.full_clean()
    definition.save()
    CountJob.objects.filter(name="a").update(hour="4")
    CountJob.objects.bulk_create([CountJob(name="b")])
    definition.refresh_from_db()
    assert definition.hour == "4"
    CountJob.objects.all().delete()
    assert sync(timezone.now()) == []


@pytest.mark.parametrize(
    "path",
    ["", "?q=a", "?o=1", "?enabled__exact=1", "{pk}/change/", "{pk}/run/"],
)
def test_the_pages_of_definitions(client: Client, path: str) -> None:
    definition = CountJob.objects.create(name="a")
    assert client.get(LIST + path.format(pk=definition.pk), follow=True).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["", "countjobs/execution/", "countjobs/execution/?q=a", "countjobs/schedulernode/",
     "countjobs/parkedjob/", "countjobs/execution/{pk}/change/"],
)  # fmt: skip
def test_the_other_pages(client: Client, path: str) -> None:
    definition = CountJob.objects.create(name="a")
    run = request_run(definition.job_id, "a")
    ParkedJob.objects.create(job_id="x", error="y", parked_at=timezone.now())
    assert client.get(f"/admin/{path.format(pk=run.pk)}", follow=True).status_code in {200, 404}


@pytest.mark.parametrize("action", ["run_now", "pause", "resume", "duplicate", "delete_selected"])
def test_actions(client: Client, action: str) -> None:
    definition = CountJob.objects.create(name="a")
    data = {"action": action, "_selected_action": [definition.pk], "post": "yes"}
    assert client.post(LIST, data, follow=True).status_code == 200


def test_files(client: Client) -> None:
    team = Team.objects.create()
    TeamJob.objects.create(name="a", team=team)
    definition = CountJob.objects.create(name="a")
    file = exported(client, [definition])
    response = client.post(IMPORT, {"text": file.replace('"hour": "*"', '"hour": "5"')})
    assert response.status_code == 200


def test_a_scheduler_claims_and_stores(client: Client) -> None:
    definition = make_definition()
    request_run(definition.job_id, "a")
    store = make_store(make_scheduler(), Threads())
    assert [job.id for job in store.get_due_jobs(timezone.now())] == [definition.job_id]
    store.add_job(code_job())
    assert store.lookup_job("code") in store.get_all_jobs()
    assert store.get_next_run_time()


def test_a_lost_run_of_one_that_bears_it_is_run_again(client: Client) -> None:
    definition = make_definition(rerun_if_lost=True)
    make_execution(job_id=definition.job_id, node=NODE, status=Status.RUNNING)
    assert settle(NODE, "gone", timezone.now()).again == 1


@pytest.mark.parametrize(
    "command", [["runjob", "a"], ["syncjobs"], ["purgeexecutions"], ["schedulerstatus"]]
)
def test_commands(client: Client, command: list[str]) -> None:
    CountJob.objects.create(name="a", count=1)
    with suppress(SystemExit):
        call_command(*command)


class Reading:
    """A router that reads from a replica."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str:
        return "replica"


class Writing(Reading):
    """A router that writes elsewhere, too."""

    db_for_write = Reading.db_for_read


def found_with(a_router: object, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setitem(router.__dict__, "routers", [a_router])
    messages = checks.run_checks(tags=["countjobs"])
    assert all(message.hint for message in messages)
    return {str(message.id): message.msg for message in messages}


def test_a_router_that_reads_elsewhere_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    found = found_with(Reading(), monkeypatch)
    assert set(found) == {"countjobs.W010"}
    for label in ("countjobs.CountJob", "app.Note", "django_apscheduler.DjangoJob"):
        assert f"{label} ('replica')" in found["countjobs.W010"]


def test_a_router_that_writes_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = found_with(Writing(), monkeypatch)
    assert set(found) == {"countjobs.E012", "countjobs.W010"}
    with pytest.raises(ImproperlyConfigured, match="A database router writes to databases"):
        create_scheduler()


def test_a_router_without_an_opinion_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found_with(object(), monkeypatch) == {}
