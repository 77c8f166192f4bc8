"""Pausing and resuming on the page of a definition: what they say, who may, and who did it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django_apscheduler.models import DjangoJob

from countjobs.models import CountJob
from tests.support.admin_pages import change_url, field, said
from tests.support.definition_form import form_values
from tests.support.people import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def definition() -> CountJob:
    return CountJob.objects.create(name="a", timezone="Asia/Tokyo")


def post(client: Client, definition: CountJob, name: str) -> Any:
    return client.post(reverse(f"admin:countjobs_countjob_{name}", args=[definition.pk]))


def test_pause_says_by_whom_and_when_and_resume_when_it_runs_next(
    client: Client, definition: CountJob
) -> None:
    response = post(client, definition, "pause")
    assert response["Location"] == change_url(definition)
    assert said(response) == [f"“{definition.name}” was paused."]
    assert DjangoJob.objects.get(id=definition.job_id).next_run_time is None
    page = client.get(change_url(definition)).content.decode()
    assert re.search(r"by superuser on \d{4}-\d\d-\d\d \d\d:\d\d:\d\d JST", field(page, "paused"))
    response = post(client, definition, "resume")
    assert any("was resumed. Next run: " in text for text in said(response))
    assert "field-paused" not in client.get(change_url(definition)).content.decode()
    assert LogEntry.objects.count() == 2


def test_pause_in_the_list_and_in_the_form_say_by_whom_too(
    client: Client, definition: CountJob
) -> None:
    ticked = {"action": "pause", "_selected_action": [definition.pk]}
    client.post("/admin/countjobs/countjob/", ticked)
    assert "by superuser" in field(client.get(change_url(definition)).content.decode(), "paused")
    client.post(change_url(definition), form_values({}))
    posted = form_values({})
    del posted["enabled"]
    LogEntry.objects.all().delete()
    client.post(change_url(definition), posted)
    assert "by superuser" in field(client.get(change_url(definition)).content.decode(), "paused")


def test_what_code_paused_is_paused_by_nobody(client: Client, definition: CountJob) -> None:
    CountJob.objects.update(enabled=False)
    page = client.get(change_url(definition)).content.decode()
    assert "field-paused" not in page
    assert "Resume" in page


def test_nobody_who_resumed_it_is_said_to_have_paused_what_code_paused(
    client: Client, definition: CountJob
) -> None:
    def paused_by() -> bool:
        CountJob.objects.update(enabled=False)
        return "field-paused" in client.get(change_url(definition)).content.decode()

    post(client, definition, "pause")
    post(client, definition, "resume")
    assert not paused_by()
    client.post(change_url(definition), form_values({"hour": "7"}))
    assert not paused_by()
    client.post(change_url(definition), form_values({"enabled": "on"}))
    assert not paused_by()


def test_pausing_what_is_paused_changes_nothing(client: Client, definition: CountJob) -> None:
    post(client, definition, "pause")
    assert post(client, definition, "pause").status_code == 302
    assert LogEntry.objects.count() == 1


def test_the_buttons_are_for_who_may_press_them(definition: CountJob) -> None:
    expected: dict[str, set[str]] = {"viewer": set(), "runner": {"run"}, "editor": {"pause"}}
    expected["superuser"] = {"run", "pause"}
    for role, names in expected.items():
        page = client_of(role).get(change_url(definition)).content.decode()
        shown = {name for name in ("run", "pause", "resume") if f"/{definition.pk}/{name}/" in page}
        assert shown == names, role


@pytest.mark.parametrize("key", ["999", "abc", "9" * 30])
@pytest.mark.parametrize("name", ["pause", "resume"])
def test_what_is_not_there_can_not_be_paused(name: str, key: str, client: Client) -> None:
    assert client.post(reverse(f"admin:countjobs_countjob_{name}", args=[key])).status_code == 404
