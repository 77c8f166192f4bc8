"""The list of definitions: search, filters, what it costs, and what it says when it is empty."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from countjobs.admin import JobDefinitionAdmin
from countjobs.admin.definitions import changelist as definition_list
from countjobs.admin.definitions import filters as definition_filters
from countjobs.models import CountJob
from countjobs.models.executions import Status
from tests.app.models import Greeting
from tests.support.admin_pages import LIST, rows_before
from tests.support.factories import NOON, SECOND, make_execution
from tests.support.people import client_of

pytestmark = pytest.mark.django_db


def names(client: Client, query: str = "") -> list[str]:
    """What the list shows."""
    page = client.get(f"{LIST}?{query}", follow=True).content.decode()
    return re.findall(r'<th class="field-name"><a [^>]*>(.*?)</a>', page)


def make_last(name: str, *statuses: Status, enabled: bool = True) -> None:
    """A definition, and how its runs went, oldest first."""
    job_id = CountJob.objects.create(name=name, enabled=enabled).job_id
    for number, status in enumerate(statuses):
        make_execution(status, job_id=job_id, scheduled_at=NOON + number * SECOND)


QUERIES = [
    "",
    "q=n",
    "outcome=problem",
    "outcome=fine",
    "timezone=UTC",
    "enabled__exact=1",
    "enabled__exact=0",
    "executor=default",
    "o=3",
    "p=3",
    "q=nothing+here",
]


@pytest.mark.parametrize("query", QUERIES)
def test_promise_17_a_page_takes_as_many_queries_however_many_definitions(
    client: Client, query: str
) -> None:
    before = rows_before(query, JobDefinitionAdmin.list_per_page)

    def queries(count: int) -> int:
        for n in range(CountJob.objects.count(), before + count):
            is_even = n % 2 == 0
            ends = (Status.SUCCEEDED, Status.FAILED)
            make_last(f"n{n}", *ends[:: -1 if is_even else 1], Status.QUEUED, enabled=is_even)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"{LIST}?{query}").status_code == 200
        return len(captured)

    client.get(LIST)
    assert queries(2) == queries(30)


def test_a_search_finds_by_name_and_by_description_and_keeps_the_order(client: Client) -> None:
    CountJob.objects.create(name="Backup B")
    CountJob.objects.create(name="backup a", description="of Tōkyō")
    CountJob.objects.create(name="c", description="BACKUP, too")
    CountJob.objects.create(name="other")
    assert names(client, "q=backup") == ["Backup B", "backup a", "c"]
    assert names(client, "q=backup&o=-1") == ["c", "backup a", "Backup B"]
    assert names(client, "q=t%C5%8Dky%C5%8D") == ["backup a"]


def test_a_search_that_finds_too_many_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(definition_list, "_MOST_FOUND", 2)
    monkeypatch.setattr(definition_list.DefinitionChangeList, "most_found", 2)
    for name in "abc":
        CountJob.objects.create(name=f"job {name}")
    assert names(client, "q=job") == ["job a", "job b"]
    assert "Only the first 2 matches" in client.get(f"{LIST}?q=job").content.decode()
    assert "Only the first" not in client.get(f"{LIST}?q=job+a").content.decode()


def test_the_list_is_filtered_by_how_the_last_run_ended(client: Client) -> None:
    make_last("failing", Status.SUCCEEDED, Status.FAILED)
    make_last("failing and running", Status.FAILED, Status.RUNNING)
    make_last("mended", Status.FAILED, Status.SUCCEEDED)
    make_last("lost", Status.LOST)
    make_last("never ran")
    Greeting.objects.create(name="another kind", greeted="x")
    assert names(client, "outcome=failed") == ["failing", "failing and running"]
    assert names(client, "outcome=lost") == ["lost"]
    assert names(client, "outcome=problem") == ["failing", "failing and running", "lost"]
    assert names(client, "outcome=fine") == ["mended", "never ran"]
    assert names(client, "outcome=skipped") == []
    assert len(names(client, "outcome=rubbish")) == 5


def test_the_outcome_is_looked_up_for_a_bounded_number_of_jobs(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_last("older", Status.FAILED)
    make_last("newer", Status.SUCCEEDED, Status.FAILED)
    monkeypatch.setattr(definition_filters, "_MOST_JOBS", 1)
    assert names(client, "outcome=failed") == ["newer"]


def test_the_list_is_filtered_by_zone_and_offers_those_that_there_are(client: Client) -> None:
    CountJob.objects.create(name="a", timezone="Asia/Tokyo")
    CountJob.objects.create(name="b")
    assert names(client, "timezone=Asia/Tokyo") == ["a"]
    assert names(client, "timezone=Europe/London") == []
    page = client.get(LIST).content.decode()
    assert 'href="?timezone=Asia%2FTokyo"' in page
    assert "Europe%2FLondon" not in page


def test_the_list_is_filtered_by_enabled_and_executor(client: Client) -> None:
    CountJob.objects.create(name="on")
    CountJob.objects.create(name="off", enabled=False)
    assert names(client, "enabled__exact=0") == ["off"]
    assert names(client, "executor__exact=default") == ["off", "on"]
    assert names(client, "executor__exact=other") == []


@pytest.mark.parametrize("name", ["q", "outcome", "timezone", "enabled__exact", "executor__exact"])
@pytest.mark.parametrize(
    "value", ["%00", "%ED%A0%80", "%E2%80%AE", "%3Cscript%3Ealert", "9" * 5_000, "x" * 100_000, "'"]
)
def test_no_filter_is_too_odd(client: Client, name: str, value: str) -> None:
    CountJob.objects.create(name="a")
    page = client.get(f"{LIST}?{name}={value}", follow=True)
    assert page.status_code == 200
    assert "<script>alert" not in page.content.decode()


def test_a_search_for_hundreds_of_words_finds_what_has_them_all(client: Client) -> None:
    CountJob.objects.create(name="a b")
    assert names(client, "q=" + "a+b+" * 249) == ["a b"]


def test_an_empty_list_says_what_to_do(client: Client) -> None:
    page = client.get(LIST).content.decode()
    assert "There are no count jobs yet." in page
    assert '<a class="addlink" href="/admin/countjobs/countjob/add/">Add the first one</a>' in page
    assert "There are no" not in client.get(f"{LIST}?q=x").content.decode()


def test_an_empty_list_offers_nothing_that_a_person_may_not_do() -> None:
    page = client_of("viewer").get(LIST).content.decode()
    assert "There are no count jobs yet." in page
    assert "Add the first one" not in page


def test_where_nothing_matches_there_is_a_way_back(client: Client) -> None:
    CountJob.objects.create(name="a")
    for query in ("q=x", "enabled__exact=0"):
        page = client.get(f"{LIST}?{query}").content.decode()
        assert "Nothing matches the search and the filters." in page
    assert "Nothing matches" not in client.get(LIST).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "messages__contains=x",
        "start_date__date__year=-1",
        "start_date__day__in=" + "1" * 30 + "&q=one",
        "start_date__in=0001-01-01T00:00:00%2B23:00&q=one",
        "enabled__in=&q=one",
        "executor__date__year=1",
    ],
)
def test_what_can_not_be_asked_is_no_error(query: str, client: Client) -> None:
    assert client.get(f"{LIST}?{query}").status_code in {200, 302, 400}
    assert client.get(f"{LIST}?{query}", follow=True).status_code in {200, 400}


@pytest.mark.parametrize("name", ["start_date", "end_date"])
@pytest.mark.parametrize("text", ["0001-01-01T00:00:00%2B23:00", "9999-12-31T23:59:59-23:00"])
def test_a_date_at_the_border_of_the_calendar_is_no_error(
    name: str, text: str, client: Client
) -> None:
    assert client.get(f"{LIST}add/?{name}={text}").status_code == 200


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


def test_a_view_of_ones_own_gets_the_list_of_its_request_s_own_copy(
    rf: RequestFactory, admin_user: User
) -> None:
    CountJob.objects.create(name="count")
    request = rf.get(LIST)
    request.user = admin_user
    shared: Any = admin.site.get_model_admin(CountJob)
    shown = shared.get_changelist_instance(request)
    assert shown.model_admin is not shared
    assert 'role="switch"' in shown.model_admin.switch(shown.result_list[0])
