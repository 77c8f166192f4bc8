"""The page that imports definitions of all kinds: who gets there, and what they may import."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from countjobs.admin.definitions.admin import JobDefinitionAdmin
from countjobs.models import CommandJob, CountJob, FunctionJob
from tests.app.models import Greeting
from tests.support.admin_pages import said
from tests.support.people import client_of, user_of
from tests.support.registering import mail, register
from tests.support.transfers import IMPORT, confirmed, document, entry, names, packed, rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated_registry")]

GREETING = {"model": "app.greeting", "name": "hi", "greeted": "you"}
FUNCTION = {"model": "countjobs.functionjob", "name": "f", "function": "shop.jobs.mail"}
COMMAND = {"model": "countjobs.commandjob", "name": "c", "command": "clearsessions"}
IMPORT_ALL = reverse("admin:countjobs_import")
OF_FUNCTIONS = ("add_functionjob", "change_functionjob", "pause_functionjob")


def sent(client: Client, *entries: Any) -> str:
    response = client.post(IMPORT_ALL, {"text": document(*entries)})
    assert response.status_code == 200
    return response.content.decode()


def test_definitions_of_several_kinds_are_looked_at_and_imported_together() -> None:
    superuser = client_of("superuser")
    old = CountJob.objects.create(name="old", hour="5")
    page = sent(superuser, entry("old", hour="6"), GREETING, COMMAND)
    assert rows(page) == [
        '1 Count job old hour "5" "6"',
        '2 Greeting hi greeted "" "you"',
        '3 Command job c command "" "clearsessions"',
    ]
    assert not Greeting._default_manager.exists()
    response = confirmed(superuser, page, url=IMPORT_ALL)
    assert said(response) == ["Imported: 1 changed, 2 added."]
    assert superuser.get(response["Location"]).status_code == 200
    old.refresh_from_db()
    assert old.hour == "6"
    logged = dict(LogEntry.objects.values_list("content_type__model", "action_flag"))
    assert logged == {"countjob": CHANGE, "greeting": ADDITION, "commandjob": ADDITION}
    assert "There is nothing to import" in sent(superuser, entry("old", hour="6"), GREETING)


def test_nothing_is_imported_of_any_kind_while_something_is_refused() -> None:
    superuser = client_of("superuser")
    page = sent(superuser, GREETING, entry("bad", hour="25"))
    response = confirmed(superuser, page, url=IMPORT_ALL)
    assert "To import the others, tick" in response.content.decode()
    assert not Greeting._default_manager.exists()
    assert confirmed(superuser, page, url=IMPORT_ALL, leave_out="on").status_code == 302
    assert Greeting._default_manager.exists()


@pytest.mark.parametrize("role", ["nobody", "viewer", "writer", "pauser", "adder", "runner"])
def test_who_may_import_no_kind_is_refused(role: str) -> None:
    client = client_of(role)
    assert client.get(IMPORT_ALL).status_code == 403
    assert client.post(IMPORT_ALL, {"text": document(entry())}).status_code == 403


def test_entries_of_kinds_that_a_user_may_not_import_are_refused_as_unknown_ones_are(
    client: Client,
) -> None:
    page = sent(client, entry("mine"), GREETING, {**GREETING, "model": "app.nonsense"})
    theirs, unknown, mine = rows(page)
    told = "hi model There is no kind of definition “app.{}” here, or you may not import it"
    assert theirs.startswith(f"2 app.greeting {told.format('greeting')}")
    assert unknown.startswith(f"3 app.nonsense {told.format('nonsense')}")
    assert mine == "1 Count job mine"
    confirmed(client, page, url=IMPORT_ALL, leave_out="on")
    assert names() == ["mine"]
    assert not Greeting._default_manager.exists()


def test_a_permission_that_is_lost_in_between_counts(client: Client) -> None:
    user = user_of("superuser")
    client.force_login(user)
    page = sent(client, GREETING)
    user.is_superuser = False
    user.save()
    user.user_permissions.set(Permission.objects.filter(codename__endswith="_countjob"))
    response = confirmed(client, page, url=IMPORT_ALL)
    assert "something has changed meanwhile" in response.content.decode()
    assert not Greeting._default_manager.exists()


def test_a_function_may_need_a_permission_of_its_own() -> None:
    register(mail, permission="countjobs.view_parkedjob")
    user = user_of("nobody")
    user.user_permissions.set(Permission.objects.filter(codename__in=OF_FUNCTIONS))
    client = Client()
    client.force_login(user)
    [row] = rows(sent(client, FUNCTION))
    assert "permission" in row
    assert "countjobs.view_parkedjob" in row
    user.user_permissions.add(Permission.objects.get(codename="view_parkedjob"))
    confirmed(client, sent(client, FUNCTION), url=IMPORT_ALL)
    assert FunctionJob.objects.get().function == "shop.jobs.mail"


def test_only_the_fields_of_this_users_form_are_taken(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobDefinitionAdmin, "readonly_fields", ("executor",))
    [row] = rows(sent(client, entry("a", executor="processes")))
    assert row == "1 Count job a executor There is no such field."


def test_what_was_shown_on_one_page_is_not_applied_on_another() -> None:
    superuser = client_of("superuser")
    of_all = packed(sent(superuser, entry()))
    of_kind = packed(superuser.post(IMPORT, {"text": document(entry())}).content.decode())
    for url, given in ((IMPORT, of_all), (IMPORT_ALL, of_kind)):
        response = superuser.post(url, {"packed": given, "_confirm": "1"})
        assert "Choose it again" in response.content.decode()
    assert names() == []


@pytest.mark.parametrize(
    ("model", "name"),
    [("<script>alert(1)</script>", "<b>"), ("\ud800", "\u202e"), (7, 7), ([], {})],
)
def test_hostile_entries_are_shown_and_refused(model: Any, name: Any) -> None:
    page = sent(client_of("superuser"), {"model": model, "name": name, "<i>": 1})
    shown = page.partition('id="content-main"')[2].partition("<form")[0]
    assert len(rows(shown)) >= 1
    for each in (model, name, "<i>"):
        if isinstance(each, str):
            assert each not in shown or escape(each) == each
    assert 'name="packed"' not in page


@pytest.mark.parametrize("given", ["", "x", "\0", "e30:1xVCa3:Ym97p"])
def test_what_this_site_has_not_signed_is_not_applied(client: Client, given: str) -> None:
    response = client.post(IMPORT_ALL, {"packed": given, "_confirm": "1"})
    assert response.status_code == 200
    assert "Choose it again" in response.content.decode()


def test_the_page_speaks_the_language_of_who_looks() -> None:
    superuser = client_of("superuser")
    text = document({**GREETING, "model": "x.y"}, entry("a"))
    answer = superuser.post(IMPORT_ALL, {"text": text}, headers={"accept-language": "ja"})
    page = answer.content.decode()
    assert "x.y" in page
    assert "There is no kind" not in page
    asked = superuser.get(IMPORT_ALL, headers={"accept-language": "ja"}).content.decode()
    assert "Import definitions" not in asked


def test_commands_that_are_not_allowed_are_refused_here_too() -> None:
    [row, *_] = rows(sent(client_of("superuser"), {**COMMAND, "command": "flush"}))
    assert row.startswith("1 Command job c command")
    assert not CommandJob.objects.exists()
