"""What the list of definitions tells of each: when it runs, and how it last went."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_apscheduler.models import DjangoJob

from countjobs.models import CountJob
from countjobs.models.executions import Status
from tests.support.admin_pages import LIST, cell, change_url, told
from tests.support.factories import NOON, make_due, make_execution

pytestmark = pytest.mark.django_db


def test_the_list_tells_the_schedule_in_words_and_its_fields_in_the_title(client: Client) -> None:
    CountJob.objects.create(name="a", hour="9", minute="30", day_of_week="mon-fri")
    page = client.get(LIST).content.decode()
    assert cell(page, "schedule") == "at 09:30, Monday to Friday"
    title = re.search(r'countjobs-schedule" title="([^"]*)"', page)
    assert title
    last = title[1].splitlines()[-4:]
    assert last == ["day of week: mon-fri", "hour: 9", "minute: 30", "second: 0"]


def test_the_list_tells_a_schedule_in_the_language_of_who_looks(client: Client) -> None:
    CountJob.objects.create(name="a", hour="9", minute="30", day_of_week="mon-fri")
    page = client.get(LIST, headers={"accept-language": "ja"}).content.decode()
    assert cell(page, "schedule") == "毎週月曜日\uff5e金曜日の09:30"


def test_the_list_shows_the_fields_of_a_schedule_that_can_not_be_read(client: Client) -> None:
    CountJob.objects.create(name="a")
    CountJob.objects.update(hour="99")
    assert told(client, "schedule") == "* * * * * 99 * 0"


def test_the_next_run_is_shown_in_the_definitions_zone(client: Client) -> None:
    definition = CountJob.objects.create(name="a", timezone="Asia/Tokyo")
    make_due(definition.job_id, NOON)
    assert told(client, "next_run") == "2026-03-04 21:00:00 JST"


def test_a_disabled_definition_is_shown_as_paused(client: Client) -> None:
    CountJob.objects.create(name="a", enabled=False)
    assert told(client, "next_run").endswith("paused")


def test_a_definition_whose_end_has_passed_is_shown_as_ended(client: Client) -> None:
    CountJob.objects.create(name="a")
    CountJob.objects.update(end_date=timezone.now() - timedelta(days=1))
    assert told(client, "next_run").endswith("ended")


def test_promise_02_a_definition_that_nobody_validated_is_shown_as_broken_with_the_error(
    client: Client,
) -> None:
    definition = CountJob.objects.create(name="a")
    CountJob.objects.update(timezone="Mars/Phobos")
    assert told(client, "next_run").endswith("broken")
    page = client.get(change_url(definition)).content.decode()
    assert "There is no time zone “Mars/Phobos”" in page


def test_a_definition_without_a_row_in_the_job_store_is_shown_as_broken(client: Client) -> None:
    CountJob.objects.create(name="a")
    DjangoJob.objects.all().delete()
    page = client.get(LIST).content.decode()
    assert cell(page, "next_run").endswith("broken")
    assert "syncjobs" in page


def test_the_last_run_is_the_newest_with_its_outcome_and_a_link(client: Client) -> None:
    definition = CountJob.objects.create(name="a")
    older = {"job_id": definition.job_id, "scheduled_at": NOON - timedelta(hours=1)}
    make_execution(Status.SUCCEEDED, **older)
    newest = make_execution(Status.FAILED, job_id=definition.job_id)
    make_execution(Status.LOST, job_id="countjobs.countjob:999")
    page = client.get(LIST).content.decode()
    assert cell(page, "last_run") == "✗ failed 2026-03-04 12:00:00 UTC"
    assert reverse("admin:countjobs_execution_change", args=[newest.pk]) in page


def test_a_job_that_never_ran_has_no_last_run(client: Client) -> None:
    CountJob.objects.create(name="a")
    assert told(client, "last_run") == "-"
