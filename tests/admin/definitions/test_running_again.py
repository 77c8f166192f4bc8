"""Definitions whose schedule has ended, and another moment for those that run once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from countjobs.models import CountJob
from tests.support.admin_pages import change_url
from tests.support.definition_form import errors_shown_at, form_values, save
from tests.support.job_rows import row
from tests.support.people import client_of

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 29, 12, 30, 15, 600_000, tzinfo=UTC)
LIST = "/admin/countjobs/countjob/"


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def said(response: Any) -> list[str]:
    return [str(each) for each in get_messages(response.wsgi_request)]


def over(**fields: Any) -> CountJob:
    """A definition whose only run was due a day ago."""
    passed = {"schedule_type": "once", "run_at": NOW - timedelta(days=1)}
    return CountJob.objects.create(name="over", **{**passed, **fields})


def again(client: Client, definition: CountJob, moment: str) -> Any:
    url = reverse("admin:countjobs_countjob_again", args=[definition.pk])
    return client.post(url, {"run_at": moment})


def test_a_definition_that_has_ended_says_so_and_offers_another_moment(
    admin_client: Client,
) -> None:
    definition = over()
    page = admin_client.get(change_url(definition)).content.decode()
    assert "It has ended:" in page
    assert "its only run was due at" in page
    assert "Run again at" in page
    assert "■</span> ended" in admin_client.get(LIST).content.decode()
    response = again(admin_client, definition, "2026-12-24T18:00")
    definition.refresh_from_db()
    assert definition.run_at == datetime(2026, 12, 24, 18, tzinfo=UTC)
    assert row(definition.job_id).next_run_time == definition.run_at
    assert said(response) == ["Next run: 2026-12-24 18:00:00 UTC"]
    assert LogEntry.objects.get().get_change_message() == "Changed run at."


@pytest.mark.parametrize(
    ("moment", "message"),
    [
        ("", "This field is required."),
        ("tomorrow", "Enter a valid date/time."),
        ("2026-11-29T12:30:15", "This moment has passed."),
        ("3000-01-01T00:00", "between 1970 and 2199"),
    ],
)
def test_a_moment_that_is_wrong_is_refused_with_the_reason(
    admin_client: Client, moment: str, message: str
) -> None:
    definition = over()
    (text,) = said(again(admin_client, definition, moment))
    assert text.startswith("It won't run again: ")
    assert message in text
    before = definition.run_at
    definition.refresh_from_db()
    assert definition.run_at == before


def test_one_whose_type_was_changed_meanwhile_stays_as_it_is(admin_client: Client) -> None:
    definition = over(schedule_type="cron")
    (text,) = said(again(admin_client, definition, "2026-12-24T18:00"))
    assert "another type now" in text


def test_an_unchanged_schedule_that_has_ended_does_not_keep_the_rest_from_being_saved(
    admin_client: Client,
) -> None:
    definition = over()
    assert save(admin_client, definition, description="done").description == "done"
    assert row(definition.job_id).next_run_time is None


@pytest.mark.parametrize("changed", [{"run_at_1": "01:00"}, {"timezone": "Asia/Tokyo"}])
def test_a_schedule_that_is_changed_to_one_that_has_ended_is_refused(
    admin_client: Client, changed: dict[str, str]
) -> None:
    definition = over()
    values = form_values({"name": "over", "schedule_type": "once", "minute": ""})
    values |= {"run_at_0": "2026-11-28", "run_at_1": "12:30:15.600000", **changed}
    page = admin_client.post(change_url(definition), values).content.decode()
    assert "This moment has passed." in errors_shown_at("run_at", page)


def test_the_preview_of_one_that_has_ended_says_so_and_calls_nothing_wrong(
    admin_client: Client,
) -> None:
    definition = over()
    url = reverse("admin:countjobs_countjob_preview", args=[definition.pk])
    sent = {"schedule_type": "once", "run_at_0": "2026-11-28", "timezone": "UTC", "enabled": "on"}
    stored = admin_client.post(url, sent | {"run_at_1": "12:30:15.600000"}).content.decode()
    assert "There are no more runs." in stored
    assert "errorlist" not in stored
    changed = admin_client.post(url, sent | {"run_at_1": "12:30"}).content.decode()
    assert "This moment has passed." in changed


def test_who_may_only_view_sees_that_it_has_ended_and_just_the_fields_of_its_type() -> None:
    definition = over()
    page = client_of("viewer").get(change_url(definition)).content.decode()
    assert "It has ended:" in page
    assert "Run again at" not in page
    assert "field-run_at" in page
    assert "field-hour" not in page
    assert "field-start_date" not in page


def test_a_schedule_with_an_end_that_has_passed_says_so(admin_client: Client) -> None:
    definition = CountJob.objects.create(name="a", end_date=NOW - timedelta(days=1))
    page = admin_client.get(change_url(definition)).content.decode()
    assert "its schedule has no more runs." in page
    assert "Run again at" not in page
