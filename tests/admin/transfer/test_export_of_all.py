"""Definitions of several kinds as one file: which are in it, and which of their fields."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.http import FileResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from countjobs.admin.transfer.export import export_file_of_all
from countjobs.models import CommandJob, CountJob, FunctionJob, JobDefinition
from tests.app.models import Greeting, TeamJob
from tests.support.people import user_of
from tests.support.transfers import model_admin_of

pytestmark = pytest.mark.django_db

EVERYTHING: tuple[type[JobDefinition], ...] = (Greeting, CountJob, TeamJob, CommandJob, FunctionJob)


def file_of(role: str, *kinds: type[JobDefinition]) -> FileResponse:
    request = RequestFactory().get("/")
    request.user = user_of(role)
    chosen = {kind: kind._default_manager.all() for kind in kinds or EVERYTHING}
    return export_file_of_all(admin.site, request, chosen)


def entries(response: FileResponse) -> list[dict[str, Any]]:
    """What is in a file; to close the response would close the connection."""
    assert response.file_to_stream
    with closing(response.file_to_stream):
        found: list[dict[str, Any]] = json.loads(b"".join(response))["definitions"]
        return found


@pytest.fixture
def some() -> None:
    for name in "ba":
        CountJob.objects.create(name=name)
        Greeting.objects.create(name=name, greeted="you")
    CommandJob.objects.create(name="c", command="clearsessions")


@pytest.mark.usefixtures("some")
def test_a_file_has_kind_after_kind_and_each_is_sorted_by_name() -> None:
    response = file_of("superuser")
    assert response["Content-Disposition"] == 'attachment; filename="countjobs.json"'
    assert [(each["model"], each["name"]) for each in entries(response)] == [
        ("app.greeting", "a"),
        ("app.greeting", "b"),
        ("countjobs.commandjob", "c"),
        ("countjobs.countjob", "a"),
        ("countjobs.countjob", "b"),
    ]


@pytest.mark.usefixtures("some")
def test_each_entry_has_the_fields_of_the_form_of_its_own_kind() -> None:
    greeting, _, command, count, _ = entries(file_of("superuser"))
    assert "greeted" in greeting
    assert "greeted" not in count
    assert "messages" in count
    assert "messages" not in command
    assert command["command"] == "clearsessions"


@pytest.mark.usefixtures("some")
def test_only_what_was_chosen_is_there() -> None:
    request = RequestFactory().get("/")
    request.user = user_of("superuser")
    chosen = {CountJob: CountJob.objects.filter(name="b"), Greeting: Greeting.objects.none()}
    [entry] = entries(export_file_of_all(admin.site, request, chosen))
    assert (entry["model"], entry["name"]) == ("countjobs.countjob", "b")


@pytest.mark.usefixtures("some")
def test_kinds_that_the_user_may_not_view_are_left_out() -> None:
    assert {each["model"] for each in entries(file_of("viewer"))} == {"countjobs.countjob"}
    assert entries(file_of("nobody")) == []


@pytest.mark.usefixtures("some")
def test_rows_that_the_admin_of_the_kind_hides_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    theirs = type(admin.site.get_model_admin(CountJob))
    only_a = model_admin_of(CountJob).get_queryset(RequestFactory().get("/")).filter(name="a")
    monkeypatch.setattr(theirs, "get_queryset", lambda *_: only_a)
    assert [each["name"] for each in entries(file_of("viewer"))] == ["a"]


def test_kinds_without_pages_on_the_site_are_left_out() -> None:
    assert not admin.site.is_registered(TeamJob)
    assert entries(file_of("superuser", TeamJob)) == []


def test_a_file_takes_as_many_queries_for_thirty_as_for_three() -> None:
    request = RequestFactory().get("/")
    request.user = user_of("superuser")
    for kind in (CountJob, Greeting):
        kind._default_manager.bulk_create(kind(name=f"n{n}") for n in range(30))

    def queries(count: int) -> int:
        names = [f"n{n}" for n in range(count)]
        chosen: dict[type[JobDefinition], Any] = {
            kind: kind._default_manager.filter(name__in=names) for kind in (CountJob, Greeting)
        }
        with CaptureQueriesContext(connection) as captured:
            assert len(entries(export_file_of_all(admin.site, request, chosen))) == 2 * count
        return len(captured)

    assert queries(3) == queries(30)
