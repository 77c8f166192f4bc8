"""Definitions as a file: what is in it, and how."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import connection
from django.http import FileResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from countjobs.admin.transfer.export import export_file
from countjobs.models import CountJob
from tests.app.models import Team, TeamJob
from tests.support.people import client_of
from tests.support.transfers import LIST, exported, model_admin_of, request_of_somebody

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return client_of("viewer")


def entries(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["definitions"]
    return found


def read(response: FileResponse) -> bytes:
    """A file that no client asked for; to close the response would close the connection."""
    assert response.file_to_stream
    with closing(response.file_to_stream):
        return b"".join(response)


def test_a_file_is_an_attachment_of_json_named_after_the_kind(client: Client) -> None:
    definition = CountJob.objects.create(name="a")
    response = client.post(LIST, {"action": "export", "_selected_action": [definition.pk]})
    assert response["Content-Type"] == "application/json"
    assert response["Content-Disposition"] == 'attachment; filename="countjobs.countjob.json"'
    assert b"".join(response).endswith(b"}\n")


def test_a_file_has_every_field_on_a_line_of_its_own_in_a_fixed_order(client: Client) -> None:
    definition = CountJob.objects.create(
        name="every five",
        second="*/5",
        messages={"z": "1", "a": "二"},
        start_date=datetime(2026, 3, 4, 21, tzinfo=timezone(timedelta(hours=9))),
    )
    assert exported(client, [definition]) == (
        """{
  "format": "countjobs",
  "version": 1,
  "definitions": [
    {
      "model": "countjobs.countjob",
      "name": "every five",
      "group": "",
      "description": "",
      "enabled": true,
      "schedule_type": "cron",
      "every": null,
      "run_at": null,
      "year": "*",
      "month": "*",
      "day": "*",
      "week": "*",
      "day_of_week": "*",
      "hour": "*",
      "minute": "*",
      "second": "*/5",
      "start_date": "2026-03-04T12:00:00+00:00",
      "end_date": null,
      "timezone": "UTC",
      "jitter": 0,
      "misfire_grace_time": null,
      "coalesce": true,
      "max_instances": 1,
      "overlap": "skip",
      "executor": "default",
      "time_limit": null,
      "retries": 0,
      "retry_delay": 60,
      "retry_backoff": "2",
      "rerun_if_lost": false,
      "pause_after": null,
      "most_silence": null,
      "keep_days": null,
      "messages": {
        "z": "1",
        "a": "二"
      },
      "count": 3
    }
  ]
}
"""
    )


def test_definitions_are_sorted_by_name_and_only_those_ticked_are_there(client: Client) -> None:
    c, _b, a = (CountJob.objects.create(name=name) for name in "cba")
    assert [each["name"] for each in entries(exported(client, [c, a]))] == ["a", "c"]


def test_all_that_the_list_has_found_can_be_exported_at_once(client: Client) -> None:
    CountJob.objects.bulk_create(CountJob(name=f"n{n:03}") for n in range(150))
    everything = exported(client, [CountJob.objects.latest("pk")], select_across="1", index="0")
    assert len(entries(everything)) == 150


def test_a_file_takes_as_many_queries_for_thirty_as_for_three(client: Client) -> None:
    definitions = CountJob.objects.bulk_create(CountJob(name=f"n{n}") for n in range(30))
    exported(client, definitions[:1])

    def queries(count: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert len(entries(exported(client, definitions[:count]))) == count
        return len(captured)

    assert queries(3) == queries(10) == queries(30)


@pytest.mark.parametrize("text", ["\u2028", "\x85", "\u202e", '"', "\\", "\n", "<b>", "😀", "\x1f"])
def test_any_letter_comes_through(client: Client, text: str) -> None:
    definition = CountJob.objects.create(name=f"a{text}b", messages={text: text})
    [entry] = entries(exported(client, [definition]))
    assert entry["name"] == f"a{text}b"
    assert entry["messages"] == {text: text}


@pytest.mark.parametrize("messages", [{"a": "\ud800"}, {"a": float("nan")}, [1, [2]], None])
def test_a_definition_that_nobody_validated_is_exported_as_json_all_the_same(
    client: Client, messages: Any
) -> None:
    definitions = CountJob.objects.bulk_create([CountJob(name="a", messages=messages)])
    [entry] = entries(exported(client, definitions))
    assert entry["messages"] == ("{'a': nan}" if "nan" in str(messages) else messages)


def test_a_reference_is_written_by_key_or_by_name_where_there_are_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = TeamJob.objects.create(name="a", team=Team.objects.create())
    model_admin, request = model_admin_of(TeamJob), request_of_somebody()

    def team() -> Any:
        file = read(export_file(model_admin, request, TeamJob.objects.all()))
        return entries(file.decode())[0]["team"]

    assert team() == job.team_id
    monkeypatch.setattr(Team, "natural_key", lambda self: ("team", self.pk), raising=False)
    manager = type(Team._default_manager)
    monkeypatch.setattr(manager, "get_by_natural_key", lambda *_: None, raising=False)
    assert team() == ["team", job.team_id]


def test_a_date_is_written_in_utc(client: Client) -> None:
    moment = datetime(2026, 3, 4, 12, 0, 0, 5, tzinfo=UTC)
    definition = CountJob.objects.create(name="a", end_date=moment)
    assert entries(exported(client, [definition]))[0]["end_date"] == (
        "2026-03-04T12:00:00.000005+00:00"
    )


def test_what_the_kinds_form_leaves_out_is_not_in_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    CountJob.objects.create(name="a", description="secret")
    model_admin, request = model_admin_of(CountJob), request_of_somebody()
    monkeypatch.setattr(model_admin, "exclude", ("description",))
    file = read(export_file(model_admin, request, CountJob.objects.all()))
    assert b"secret" not in file
    assert b'"hour"' in file
