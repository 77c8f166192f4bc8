"""Declared schedules on the pages: what a person has changed, and the way back."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from countjobs import declare, job
from countjobs.functions.registry import Registry
from countjobs.jobstores.declaring import sync_declared
from countjobs.models import FunctionJob
from tests.support.admin_pages import cell, change_url, field, said, words
from tests.support.factories import NOON
from tests.support.shop_functions import (
    FUNCTION_JOBS,
    NEEDED,
    clerk,
    mail,
    make_refund,
    refund,
)

pytestmark = pytest.mark.django_db

DECLARED = "Changed by hand In code Now"


@pytest.fixture
def definition(shop: Registry) -> FunctionJob:
    declare(mail, name="weekly", schedule={"day_of_week": "mon"}, arguments={"days": 7})
    sync_declared(NOON)
    return FunctionJob.objects.get()


def change(definition: FunctionJob) -> FunctionJob:
    definition.hour, definition.arguments = "5", {"days": 8}
    definition.save()
    return definition


def back(client: Client, definition: FunctionJob) -> list[str]:
    return said(client.post(f"{FUNCTION_JOBS}{definition.pk}/declared/"))


def test_the_list_and_the_page_say_that_code_declares_it(
    client: Client, definition: FunctionJob
) -> None:
    assert "declared in code" in cell(client.get(FUNCTION_JOBS).content.decode(), "call")
    page = client.get(change_url(definition)).content.decode()
    assert field(page, "declared").endswith("weekly It is as the code declares it.")
    assert "Back to the declaration" not in page  # there is nothing to set back


def test_one_that_a_person_made_says_nothing_of_it(client: Client, shop: Registry) -> None:
    page = client.get(change_url(make_refund())).content.decode()
    assert "declared" not in words(page)
    assert "Back to the declaration" not in page


def test_what_a_person_has_changed_stands_against_the_declaration(
    client: Client, definition: FunctionJob
) -> None:
    page = client.get(change_url(change(definition))).content.decode()
    assert "Back to the declaration" in page
    told = field(page, "declared")
    assert f"{DECLARED} Hour 0 5 Arguments" in told
    assert "{&quot;days&quot;: 7} {&quot;days&quot;: 8}" in told


def test_it_can_be_set_back_on_its_page_and_the_history_says_so(
    client: Client, definition: FunctionJob
) -> None:
    told = back(client, change(definition))
    assert told == ["“weekly” was set back to its declaration."]
    definition.refresh_from_db()
    assert (definition.hour, definition.arguments) == ("0", {"days": 7})
    assert "Changed" in str(LogEntry.objects.get())


def test_several_can_be_set_back_from_the_list(client: Client, definition: FunctionJob) -> None:
    change(definition)
    other = make_refund()
    sent = {"action": "back_to_declaration", "_selected_action": [definition.pk, other.pk]}
    told = said(client.post(FUNCTION_JOBS, sent))
    assert told == ["1 definition was set back to its declaration."]
    definition.refresh_from_db()
    assert definition.hour == "0"


def test_setting_back_fails_with_the_reason_if_the_name_is_taken(
    client: Client, definition: FunctionJob
) -> None:
    definition.name = "mine"
    definition.save()
    make_refund(name="weekly")
    assert "can't be set back" in back(client, definition)[0]
    definition.refresh_from_db()
    assert definition.name == "mine"


def test_what_code_no_longer_declares_is_disabled_and_says_why(
    client: Client, definition: FunctionJob, shop: Registry
) -> None:
    shop.declared.clear()
    sync_declared(NOON)
    assert "no longer declared" in cell(client.get(FUNCTION_JOBS).content.decode(), "call")
    definition.refresh_from_db()
    page = client.get(change_url(change(definition))).content.decode()
    told = field(page, "declared")
    assert "Code has not declared it since" in told
    assert DECLARED not in told
    assert "Back to the declaration" not in page
    assert not definition.enabled


def test_who_may_not_pause_may_not_set_back(definition: FunctionJob) -> None:
    client = clerk()
    client_user = LogEntry.user.field.related_model.objects.get()  # type: ignore[attr-defined]  # the user model
    client_user.user_permissions.remove(
        *client_user.user_permissions.filter(codename="pause_functionjob")
    )
    change(definition)
    assert client.post(f"{FUNCTION_JOBS}{definition.pk}/declared/").status_code == 403
    definition.refresh_from_db()
    assert definition.hour == "5"


def test_who_may_not_use_the_function_may_not_set_back(shop: Registry) -> None:
    job(name="shop.bonus", schedule="@daily", arguments={"order": 1}, permission=NEEDED)(refund)
    sync_declared(NOON)
    made = FunctionJob.objects.get()
    made.hour = "7"
    made.save()
    assert clerk().post(f"{FUNCTION_JOBS}{made.pk}/declared/").status_code == 403
    made.refresh_from_db()
    assert made.hour == "7"


def test_nor_may_who_would_set_it_back_to_a_function_that_is_not_for_everybody(
    shop: Registry,
) -> None:
    job(name="shop.bonus", schedule="@daily", arguments={"order": 1}, permission=NEEDED)(refund)
    sync_declared(NOON)
    made = FunctionJob.objects.get()
    made.function, made.arguments = "shop.rest", {}
    made.save()
    client = clerk()
    assert "Back to the declaration" not in client.get(change_url(made)).content.decode()
    assert client.post(f"{FUNCTION_JOBS}{made.pk}/declared/").status_code == 403
    sent = {"action": "back_to_declaration", "_selected_action": [made.pk]}
    assert said(client.post(FUNCTION_JOBS, sent))[0].startswith("1 definition was left out")
    made.refresh_from_db()
    assert (made.function, made.arguments) == ("shop.rest", {})


def test_a_page_of_one_that_is_not_declared_has_no_way_back(client: Client, shop: Registry) -> None:
    assert client.post(f"{FUNCTION_JOBS}{make_refund().pk}/declared/").status_code == 403
    assert client.post(f"{FUNCTION_JOBS}999/declared/").status_code == 404


def test_the_list_reads_declarations_in_one_query(client: Client, shop: Registry) -> None:
    for number in range(3):
        declare(mail, name=f"d{number}", schedule="@daily", arguments={"days": 7})
    sync_declared(NOON)
    few = _queries(client)
    for number in range(3, 9):
        declare(mail, name=f"d{number}", schedule="@daily", arguments={"days": 7})
    sync_declared(NOON)
    assert _queries(client) == few


def _queries(client: Client) -> int:
    client.get(FUNCTION_JOBS)
    with CaptureQueriesContext(connection) as captured:
        client.get(FUNCTION_JOBS)
    return len(captured)
