"""What the list of definitions tells of each: when it runs, how it last went; and its filters."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
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


def test_a_schedule_of_defaults_is_every_minute(client: Client) -> None:
    CountJob.objects.create(name="a")
    assert told(client, "schedule") == "every minute"


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


def test_promise_17_the_list_takes_as_many_queries_for_thirty_definitions_as_for_three(
    client: Client,
) -> None:
    def queries(count: int) -> int:
        for n in range(CountJob.objects.count(), count):
            definition = CountJob.objects.create(name=f"n{n}")
            make_execution(job_id=definition.job_id)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(LIST).content.decode().count("field-last_run") == min(count, 25)
        return len(captured)

    client.get(LIST)
    assert queries(3) == queries(30)


def test_the_list_can_be_searched_and_filtered(client: Client) -> None:
    CountJob.objects.create(name="here", description="find me")
    CountJob.objects.create(name="there", enabled=False, timezone="Asia/Tokyo")
    for query in ("q=find", "enabled__exact=1", "timezone=UTC"):
        page = client.get(f"{LIST}?{query}").content.decode()
        assert cell(page, "name") == "here"
        assert ">there<" not in page


@pytest.mark.parametrize(
    "query",
    [
        "name__startswith=a",
        "id__in=1",
        "enabledness=1",
        "name__regex=[",
        "enabled__iregex=(a%2B)%2B$",
    ],
)
def test_only_what_there_is_a_filter_for_can_be_filtered_by(client: Client, query: str) -> None:
    assert client.get(f"{LIST}?{query}").status_code == 400


def test_a_filter_by_a_number_that_no_database_holds_is_dropped(client: Client) -> None:
    CountJob.objects.create(name="a")
    response = client.get(f"{LIST}?enabled__exact=" + "9" * 30)
    assert response.status_code in (200, 302)
