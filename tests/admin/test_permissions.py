"""Who may do what: every page and every action, for every role."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.urls import reverse

from countjobs.models import CountJob
from tests.support.definition_form import form_values
from tests.support.people import ROLES, client_of
from tests.support.permissions import (
    ACTIONS,
    ACTIONS_ON_RUNS,
    PAGES,
    QUESTIONS,
    VIEWERS,
    WRITES,
    Rows,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.mark.parametrize("role", ROLES)
def test_a_page_is_shown_only_to_who_may_see_it(role: str, rows: Rows) -> None:
    client = client_of(role)
    for page, roles in PAGES.items():
        response = client.get(rows.address(page))
        refused = 404 if page == "countjobs" else 403
        expected = 302 if role == "anonymous" else 200 if role in roles else refused
        assert response.status_code == expected, page
        if role == "anonymous":
            assert response["Location"].startswith(reverse("admin:login")), page


@pytest.mark.parametrize("role", ROLES)
def test_a_question_is_answered_only_to_who_may_ask_it(role: str, rows: Rows) -> None:
    client, before = client_of(role), rows.state()
    refused = 302 if role == "anonymous" else 403
    for what, roles in QUESTIONS.items():
        assert rows.post(client, what) == (200 if role in roles else refused), what
        assert rows.state() == before, what


@pytest.mark.parametrize("role", ROLES)
def test_definitions_are_exported_only_to_who_may_see_them(role: str, rows: Rows) -> None:
    answer = rows.answer(client_of(role), "export")
    is_file = answer.get("Content-Disposition", "").startswith("attachment")
    assert is_file is (role in ACTIONS["export"])


@pytest.mark.parametrize("role", ROLES)
def test_a_post_has_an_effect_only_for_who_may_do_it(role: str, rows: Rows) -> None:
    client, before = client_of(role), rows.state()
    for what, roles in WRITES.items():
        with transaction.atomic():
            status = rows.post(client, what)
            has_effect = rows.state() != before
            transaction.set_rollback(True)
        assert has_effect is (role in roles), what
        assert status in (200, 302, 403), what


def test_a_cross_site_post_is_refused(rows: Rows) -> None:
    before = rows.state()
    client = client_of("superuser", enforce_csrf_checks=True)
    for what in (*WRITES, *QUESTIONS):
        assert rows.post(client, what) == 403, what
    assert rows.state() == before


def test_an_action_by_get_does_nothing(rows: Rows) -> None:
    before = rows.state()
    query = f"action=run_now&_selected_action={rows.on.pk}&index=0"
    client_of("superuser").get(f"{rows.address('countjob_changelist')}?{query}")
    assert rows.state() == before


@pytest.mark.parametrize("role", sorted(VIEWERS))
def test_an_action_that_a_person_may_not_do_is_not_shown(role: str, rows: Rows) -> None:
    page = client_of(role).get(rows.address("countjob_changelist")).content.decode()
    offered = {name for name in ACTIONS if f'<option value="{name}"' in page}
    assert offered == {name for name, roles in ACTIONS.items() if role in roles}


@pytest.mark.parametrize("role", sorted(VIEWERS))
def test_so_it_is_with_the_actions_on_runs(role: str, rows: Rows) -> None:
    page = client_of(role).get(rows.address("execution_changelist")).content.decode()
    offered = {name for name in ACTIONS_ON_RUNS if f'<option value="{name}"' in page}
    assert offered == {name for name, roles in ACTIONS_ON_RUNS.items() if role in roles}
    assert ('name="_selected_action"' in page) is bool(offered)


def test_a_change_does_not_pause_for_who_may_not_pause(rows: Rows) -> None:
    client = client_of("changer")
    url = rows.address("countjob_change")
    assert 'name="enabled"' not in client.get(url).content.decode()
    for forged in ({}, {"enabled": ""}, {"enabled": "false"}):
        response = client.post(url, form_values({"description": str(forged), **forged}))
        assert response.status_code == 302
        rows.on.refresh_from_db()
        assert (rows.on.enabled, rows.on.description) == (True, str(forged))


def test_a_change_pauses_for_who_may_do_both(rows: Rows) -> None:
    client = client_of("editor")
    url = rows.address("countjob_change")
    assert 'name="enabled"' in client.get(url).content.decode()
    values = form_values({})
    values.pop("enabled", None)
    assert client.post(url, values).status_code == 302
    rows.on.refresh_from_db()
    assert not rows.on.enabled


def test_what_is_added_is_enabled_for_who_may_not_pause(rows: Rows) -> None:
    client = client_of("adder")
    values = form_values({"name": "added"})
    values.pop("enabled", None)
    assert client.post(rows.address("countjob_add"), values).status_code == 302
    assert CountJob.objects.get(name="added").enabled


def test_the_preview_of_who_may_not_pause_knows_whether_it_is_enabled(rows: Rows) -> None:
    client = client_of("changer")
    said = client.post(rows.address("countjob_preview"), {"minute": "5"}).content.decode()
    assert "It is not enabled" not in said
    CountJob.objects.update(enabled=False)
    said = client.post(rows.address("countjob_preview"), {"minute": "5"}).content.decode()
    assert "It is not enabled" in said


def test_nobody_is_offered_to_add_or_delete_history(rows: Rows) -> None:
    client = client_of("superuser")
    for page in ("execution_changelist", "execution_change"):
        content = client.get(rows.address(page)).content.decode()
        assert "addlink" not in content.split('id="content-main"')[1]
        assert "deletelink" not in content
