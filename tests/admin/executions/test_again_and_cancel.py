"""Running again and cancelling: what they do, when they are offered, and to whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin import AdminSite
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from countjobs.admin.permits import Permits
from countjobs.history import lifecycle
from countjobs.history.lifecycle import begin
from countjobs.models import CountJob, Execution
from countjobs.models.executions import ACTIVE, Status, Trigger
from tests.support.admin_pages import run_url
from tests.support.factories import NOON, execution_of, make_definition, make_execution
from tests.support.people import client_of, user_of

pytestmark = pytest.mark.django_db


NODE = "here:1:1"


@pytest.fixture
def definition() -> CountJob:
    return make_definition(due=None)


def posted(client: Client, execution: Execution, page: str) -> str:
    """What the page says that a post leads to."""
    response = client.post(run_url(execution, page), follow=True)
    assert response.status_code == 200
    return " ".join(str(message) for message in response.context["messages"])


def test_run_again_asks_for_a_run_with_the_same_parameters_and_goes_to_it(
    client: Client, definition: CountJob
) -> None:
    old = execution_of(definition, Status.FAILED, parameters={"count": 7})
    CountJob.objects.update(name="renamed")
    response = client.post(run_url(old, "again"))
    new = Execution.objects.exclude(pk=old.pk).get()
    assert response["Location"] == run_url(new)
    assert (new.job_id, new.job_name, new.parameters) == (old.job_id, "renamed", {"count": 7})
    assert (new.status, new.trigger, new.node) == (Status.QUEUED, Trigger.MANUAL, "")
    assert new.requested_by == "superuser"


def test_a_job_that_was_deleted_is_not_run_again(client: Client, definition: CountJob) -> None:
    old = execution_of(definition)
    definition.delete()
    assertNotContains(client.get(run_url(old)), "Run again")
    assert "was deleted" in posted(client, old, "again")
    assert Execution.objects.count() == 1


def test_a_job_from_code_is_run_again_by_superusers_only(client: Client) -> None:
    old = make_execution()
    assertContains(client.get(run_url(old)), "Run again")
    assert "Run requested" in posted(client, old, "again")
    runner = client_of("runner")
    assertNotContains(runner.get(run_url(old)), "Run again")
    assert runner.post(run_url(old, "again")).status_code == 403


@pytest.mark.parametrize("status", ACTIVE)
def test_what_has_not_ended_is_not_run_again_even_if_it_is_asked_for(
    status: Status, client: Client, definition: CountJob
) -> None:
    active = execution_of(definition, status)
    said = "This run has not finished yet, so it can't be run again."
    assert posted(client, active, "again") == said
    assert Execution.objects.get() == active


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        (Status.QUEUED, "Cancel run"),
        (Status.RUNNING, "Cancel run"),
        (Status.SUCCEEDED, "Run again"),
        (Status.FAILED, "Run again"),
        (Status.MISSED, "Run again"),
        (Status.CANCELLED, "Run again"),
    ],
)
def test_what_can_be_done_depends_on_how_it_stands(
    status: Status, offered: str | None, definition: CountJob
) -> None:
    page = client_of("runner").get(run_url(execution_of(definition, status))).content.decode()
    assert [word for word in ("Cancel run", "Run again") if word in page] == [offered] * bool(
        offered
    )


@pytest.mark.parametrize("node", ["", NODE])
def test_what_is_queued_can_be_cancelled_and_says_who_did_it(
    node: str, client: Client, definition: CountJob
) -> None:
    queued = execution_of(definition, Status.QUEUED, node=node)
    assert posted(client, queued, "cancel") == "The run was cancelled."
    queued.refresh_from_db()
    assert (queued.status, queued.error) == (Status.CANCELLED, "Cancelled by superuser.")
    assert queued.finished_at is not None
    assert begin(node, [queued.pk], timezone.now()) == [], "no scheduler begins it any more"


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED, Status.CANCELLED])
def test_what_has_ended_is_not_cancelled(
    status: Status, client: Client, definition: CountJob
) -> None:
    execution = execution_of(definition, status, node=NODE, finished_at=NOON, error="why")
    assert "too late" in posted(client, execution, "cancel")
    execution.refresh_from_db()
    assert (execution.status, execution.error) == (status, "why")


def test_what_goes_on_is_asked_to_stop_once(client: Client, definition: CountJob) -> None:
    execution = execution_of(definition, Status.RUNNING, node=NODE, started_at=NOON)
    assert posted(client, execution, "cancel") == "The run was asked to stop."
    execution.refresh_from_db()
    assert (execution.status, execution.cancel_requested_by) == (Status.RUNNING, "superuser")
    assert execution.cancel_requested_at is not None
    assert "already asked to stop" in posted(client_of("runner"), execution, "cancel")
    execution.refresh_from_db()
    assert execution.cancel_requested_by == "superuser"


def test_a_run_that_begins_between_the_look_and_the_cancel_goes_on(definition: CountJob) -> None:
    queued = execution_of(definition, Status.QUEUED, node=NODE)
    assert begin(NODE, [queued.pk], NOON) == [queued.pk]
    assert not lifecycle.cancel([queued.pk], "too late", NOON)
    queued.refresh_from_db()
    assert (queued.status, queued.finished_at) == (Status.RUNNING, None)


@pytest.mark.parametrize("role", ["viewer", "editor"])
@pytest.mark.parametrize("status", Status)
def test_who_may_not_run_it_sees_no_buttons(
    role: str, status: Status, definition: CountJob
) -> None:
    page = client_of(role).get(run_url(execution_of(definition, status)))
    assertNotContains(page, "formaction")


def test_without_pages_of_its_own_a_kind_is_run_by_who_has_the_permission(rf: Any) -> None:
    request = rf.get("/")
    for role in ("runner", "viewer"):
        request.user = user_of(role)
        assert Permits(request, AdminSite()).may_run("countjobs.countjob:1") is (role == "runner")
