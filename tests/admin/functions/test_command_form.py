"""The form of a command job: the commands that are allowed, their arguments and their help."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from countjobs.models import CommandJob, Execution
from tests.support.admin_pages import cell, change_url, words
from tests.support.definition_form import Browser, errors_shown_at, form_values, save

pytestmark = pytest.mark.django_db

LIST = "/admin/countjobs/commandjob/"


def typed(**values: str) -> dict[str, Any]:
    return form_values(
        {"name": "typed", "hour": "3", "minute": "0", "command": "purgeexecutions", **values}
    )


def make(**fields: Any) -> CommandJob:
    values = {"name": "purge", "command": "purgeexecutions", "arguments": "--days 30", "hour": "3"}
    return CommandJob.objects.create(**{**values, **fields})


def test_only_the_commands_of_the_settings_are_offered(client: Client, settings: Any) -> None:
    offered = client.get(f"{LIST}add/").content.decode()
    assert 'value="purgeexecutions"' in offered
    assert 'value="flush"' not in offered
    settings.COUNTJOBS = {**getattr(settings, "COUNTJOBS", {}), "COMMANDS": ["check", "nonsense"]}
    offered = client.get(f"{LIST}add/").content.decode()
    assert 'value="check"' in offered
    assert 'value="nonsense"' not in offered
    assert 'value="purgeexecutions"' not in offered


def test_it_is_saved_with_its_arguments(client: Client) -> None:
    assert client.post(f"{LIST}add/", typed(arguments="--days 30 --keep 5")).status_code == 302
    assert CommandJob.objects.get().arguments == "--days 30 --keep 5"
    assert cell(client.get(LIST).content.decode(), "call") == "purgeexecutions --days 30 --keep 5"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("--days", "expected one argument"),
        ("--days ten", "must be a whole number"),
        ("--colour", "unrecognized arguments: --colour"),
        ("extra", "unrecognized arguments: extra"),
        ("--days 'one", "No closing quotation"),
        ("--help", "has no place in a job"),
        ("--settings=x", "has no place in a job"),
        ("-h", "has no place in a job"),
        ("--he", "ends the command before it does anything"),
        ("--sett x", "has no place in a job"),
    ],
)
def test_arguments_that_the_command_refuses_are_refused_at_their_field(
    client: Client, arguments: str, why: str
) -> None:
    response = client.post(f"{LIST}add/", typed(arguments=arguments))
    assert why in errors_shown_at("arguments", response.content.decode())
    assert not CommandJob.objects.exists()


@pytest.mark.parametrize("name", ["flush", "os.system", "../x", ""])
def test_a_command_that_is_not_allowed_is_refused(client: Client, name: str) -> None:
    page = client.post(f"{LIST}add/", typed(command=name)).content.decode()
    assert errors_shown_at("command", page)
    assert client.post(f"{LIST}inputs/", {"command": name}).status_code in (200, 403)
    assert not CommandJob.objects.exists()


def test_the_help_of_the_command_stands_beside_the_input(client: Client) -> None:
    page = client.get(change_url(make())).content.decode()
    assert "usage: manage.py purgeexecutions" in words(page)
    piece = client.post(f"{LIST}inputs/", {"command": "clearsessions"}).json()["html"]
    assert "usage: manage.py clearsessions" in words(piece)


def test_saving_it_unchanged_changes_nothing(client: Client) -> None:
    made = make(arguments='--days 30  --keep "5"')
    assert save(client, made).arguments == '--days 30  --keep "5"'


def test_a_run_can_be_asked_for_with_other_arguments_but_no_other_command(client: Client) -> None:
    made = make()
    url = f"{LIST}{made.pk}/run/"
    page = client.get(url).content.decode()
    assert 'name="command"' not in page
    assert "usage: manage.py purgeexecutions" in words(page)
    wrong = client.post(url, {**Browser(page).sent, "arguments": "--nonsense"})
    assert errors_shown_at("arguments", wrong.content.decode())
    client.post(url, {"arguments": "--days 3", "command": "clearsessions"})
    assert Execution.objects.get().parameters == {"arguments": "--days 3"}
