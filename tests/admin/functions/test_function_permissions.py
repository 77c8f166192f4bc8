"""A function that needs a permission, and a person who has every permission but that one.

That person may look at its definitions, pause them and cancel their runs; nothing that makes the
function run, or run with other arguments, or at another time, gets through on any way.
"""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms import model_to_dict
from django.test import Client
from django.urls import reverse

from countjobs import job
from countjobs.functions.registry import Registry
from countjobs.jobstores.claims import claim
from countjobs.models import Execution, FunctionJob
from countjobs.models.executions import Status, Trigger
from tests.support.admin_pages import change_url, said, words
from tests.support.definition_form import Browser, errors_shown_at
from tests.support.factories import NOON, make_execution
from tests.support.shop_functions import (
    FUNCTION_JOBS,
    clerk,
    make_refund,
    refund,
    typed,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shop")]


@pytest.fixture
def client() -> Client:
    return clerk()


def url(definition: FunctionJob, page: str) -> str:
    return f"{FUNCTION_JOBS}{definition.pk}/{page}/"


def act(client: Client, action: str, definition: FunctionJob) -> list[str]:
    sent = {"action": action, "_selected_action": [str(definition.pk)]}
    return said(client.post(FUNCTION_JOBS, sent))


def imported(client: Client, **entry: object) -> str:
    """Import an entry as far as it gets. Returns what the dry run says."""
    whole = {"model": "countjobs.functionjob", "name": "pay", "hour": "3", **entry}
    text = json.dumps({"format": "countjobs", "version": 1, "definitions": [whole]})
    file = SimpleUploadedFile("jobs.json", text.encode())
    page = client.post(f"{FUNCTION_JOBS}import/", {"file": file}).content.decode()
    sent = Browser(page).sent
    if "carried" in sent or len(sent) > 1:
        client.post(f"{FUNCTION_JOBS}import/", {**sent, "leave_out": "on", "_apply": "1"})
    return words(page)


def unchanged(definition: FunctionJob) -> bool:
    before = model_to_dict(definition)
    definition.refresh_from_db()
    return before == model_to_dict(definition)


# --- Choosing it


@pytest.mark.parametrize("name", ["shop.refund", "shop.pay_back"])
def test_it_is_neither_offered_nor_taken_from_a_forged_form(client: Client, name: str) -> None:
    assert "shop.refund" not in client.get(f"{FUNCTION_JOBS}add/").content.decode()
    response = client.post(f"{FUNCTION_JOBS}add/", typed(name, order="5"))
    assert errors_shown_at("function", response.content.decode())
    assert not FunctionJob.objects.exists()


def test_its_inputs_are_not_told(client: Client) -> None:
    asked = {"function": "shop.refund", "arguments--of": "shop.refund"}
    assert client.post(f"{FUNCTION_JOBS}inputs/", asked).status_code == 403
    for page in (
        client.get(f"{FUNCTION_JOBS}add/", asked),
        client.post(f"{FUNCTION_JOBS}add/", {**asked, "arguments-order": "x"}),
    ):
        assert "arguments-order" not in page.content.decode()


@pytest.mark.parametrize("name", ["shop.refund", "shop.pay_back"])
def test_a_definition_of_another_function_cannot_be_changed_to_it(
    client: Client, name: str
) -> None:
    made = FunctionJob.objects.create(name="m", function="shop.rest", hour="3")
    sent = Browser(client.get(change_url(made)).content.decode()).sent
    forged = {**sent, "function": name, "arguments--of": name, "arguments-order": "5"}
    assert errors_shown_at("function", client.post(change_url(made), forged).content.decode())
    assert unchanged(made)


@pytest.mark.parametrize("name", ["shop.refund", "shop.pay_back"])
def test_it_cannot_be_imported(client: Client, name: str) -> None:
    told = imported(client, function=name, arguments={"order": 5})
    assert "needs a permission that you don&#x27;t have: auth.delete_user" in told
    assert not FunctionJob.objects.exists()


def test_what_is_there_cannot_be_changed_by_an_import(client: Client) -> None:
    made = make_refund()
    told = imported(client, function="shop.rest", arguments={})
    assert "you may not change it" in told
    imported(client, function="shop.refund", arguments={"order": 6})
    assert unchanged(made)


# --- An old definition of it


@pytest.mark.parametrize("stored", ["shop.refund", "shop.pay_back"])
def test_an_old_definition_can_be_looked_at_and_not_changed(client: Client, stored: str) -> None:
    made = make_refund(function=stored)
    page = client.get(change_url(made))
    assert page.status_code == 200
    assert "you need the permission “auth.delete_user”" in words(page.content.decode())
    assert 'name="hour"' not in page.content.decode()
    forged = {**typed("shop.refund", order="6"), "name": made.name}
    assert client.post(change_url(made), forged).status_code == 403
    assert unchanged(made)


def test_it_can_neither_be_run_nor_resumed_nor_copied(client: Client) -> None:
    made = make_refund(enabled=False)
    for page in ("run", "resume", "declared", "preview", "crontab", "inputs"):
        assert client.post(url(made, page), {"function": "shop.refund"}).status_code == 403, page
    assert client.post(url(made, "enabled"), {"enabled": "1"}).status_code == 403
    for action in ("run_now", "resume", "duplicate", "back_to_declaration"):
        assert act(client, action, made), action
    saved_as_new = {**typed("shop.refund", order="5"), "_saveasnew": "1"}
    assert client.post(change_url(made), saved_as_new).status_code in (200, 403)
    assert FunctionJob.objects.count() == 1
    assert not Execution.objects.exists()
    assert unchanged(made)


def test_it_can_be_paused(client: Client) -> None:
    made = make_refund()
    assert client.post(url(made, "pause")).status_code == 302
    made.refresh_from_db()
    assert not made.enabled


def test_the_list_has_a_switch_for_what_can_be_switched_only(client: Client) -> None:
    made = make_refund()
    assert f"{made.pk}/enabled/" in client.get(FUNCTION_JOBS).content.decode()
    FunctionJob.objects.update(enabled=False)
    assert f"{made.pk}/enabled/" not in client.get(FUNCTION_JOBS).content.decode()


def test_a_run_of_it_can_be_cancelled_and_not_be_run_again(client: Client) -> None:
    made = make_refund()
    failed = make_execution(Status.FAILED, job_id=made.job_id)
    again = reverse("admin:countjobs_execution_again", args=[failed.pk])
    assert (
        again
        not in client.get(
            reverse("admin:countjobs_execution_change", args=[failed.pk])
        ).content.decode()
    )
    assert client.post(again).status_code == 403
    assert Execution.objects.count() == 1


# --- Detours


def test_a_request_for_another_definition_cannot_name_the_function(client: Client) -> None:
    made = FunctionJob.objects.create(name="m", function="shop.rest", hour="3")
    forged = {"function": "shop.refund", "arguments--of": "shop.refund", "arguments-order": "5"}
    client.post(url(made, "run"), forged)
    assert all("function" not in run.parameters for run in Execution.objects.all())


def test_a_retry_runs_what_the_definition_says_now_with_its_own_arguments(client: Client) -> None:
    made = make_refund(name="of a person who may", retries=3)
    make_execution(Status.QUEUED, job_id=made.job_id, trigger=Trigger.RETRY, attempt=2)
    forged = {**typed("shop.refund", order="6"), "name": made.name}
    client.post(change_url(made), forged)
    [taken] = claim(NOON, limit=10, node="n", busy={}).jobs
    definition = taken.runs[0].call.__self__  # type: ignore[attr-defined]  # a bound method
    assert definition.arguments == {"order": 5}


def test_a_function_that_was_renamed_is_guarded_by_its_old_name_too(
    client: Client, isolated_registry: Registry
) -> None:
    made = make_refund(function="shop.older", enabled=False)
    for action in ("run_now", "resume", "duplicate"):
        assert act(client, action, made), action
    assert unchanged(made)
    job(name="shop.newest", aliases=["shop.older"], permission="auth.delete_user")(refund)
    assert client.post(url(made, "resume")).status_code == 403
    assert client.post(url(made, "run")).status_code == 403
    assert unchanged(made)


def test_who_has_the_permission_may_do_all_of_it() -> None:
    able = clerk("delete_user")
    made = make_refund(enabled=False)
    assert "shop.refund" in able.get(f"{FUNCTION_JOBS}add/").content.decode()
    assert able.post(url(made, "resume")).status_code == 302
    assert able.post(url(made, "run"), {"arguments--of": "shop.refund", "arguments-order": "5"})
    assert Execution.objects.count() == 1
    assert User.objects.get().has_perm("auth.delete_user")
