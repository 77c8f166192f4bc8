"""The history's list: who filters and searches it finds what is there, by an index."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from countjobs.admin.executions.search import MOST_JOBS, MOST_SUGGESTED, job_ids_like
from countjobs.models import CountJob
from countjobs.models.executions import Status, Trigger
from tests.app.models import Greeting
from tests.support.admin_pages import RUNS, names
from tests.support.factories import NOON, make_definition, make_execution
from tests.support.people import client_of

pytestmark = pytest.mark.django_db


# By status and trigger


@pytest.mark.parametrize("status", Status)
def test_each_status_is_found(status: Status, client: Client) -> None:
    for each in Status:
        make_execution(each, job_name=each)
    assert names(client, f"status__exact={status}") == [status]


@pytest.mark.parametrize("trigger", Trigger)
def test_each_trigger_is_found(trigger: Trigger, client: Client) -> None:
    for each in Trigger:
        make_execution(trigger=each, job_name=each)
    assert names(client, f"trigger__exact={trigger}") == [trigger]


def test_the_filter_by_time_goes_back_from_now(client: Client) -> None:
    now = timezone.now()
    make_execution(job_name="wanted", scheduled_at=now)
    make_execution(job_name="other", scheduled_at=now - timedelta(days=30))
    for since in ("hour", "day", "week"):
        assert names(client, f"since={since}") == ["wanted"], since
    assert len(names(client, "since=nonsense")) == 2


def test_filters_narrow_each_other(client: Client) -> None:
    definition = make_definition("a", due=None)
    for status in (Status.FAILED, Status.SUCCEEDED):
        for trigger in (Trigger.MANUAL, Trigger.SCHEDULE):
            for days in (0, 1):
                due = NOON + timedelta(days=days)
                name = f"{status} {trigger} {days}"
                make_execution(
                    status,
                    job_id=definition.job_id,
                    job_name=name,
                    trigger=trigger,
                    scheduled_at=due + timedelta(seconds=status == Status.FAILED),
                )
    query = "status__exact=failed&trigger__exact=manual&from=2026-03-05&job=a&q=a"
    assert names(client, query) == ["failed manual 1"]
    assert names(client, f"{query}&to=2026-03-04") == []


# By date


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("from=2026-03-04", ["end", "begin"]),
        ("to=2026-03-04", ["end", "begin", "before"]),
        ("from=2026-03-04&to=2026-03-04", ["end", "begin"]),
        ("from=2026-03-05", []),
        ("to=2026-03-03", ["before"]),
        ("from=", ["end", "begin", "before"]),
        ("from=x&to=y", ["end", "begin", "before"]),
        ("from=0001-01-01&to=9999-12-30", ["end", "begin", "before"]),
        ("to=9999-12-31", ["end", "begin", "before"]),
        ("from=99999-01-01", ["end", "begin", "before"]),
    ],
)
def test_days_are_those_of_the_sites_zone_from_the_first_to_the_last(
    query: str, found: list[str], client: Client, settings: Any
) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    midnight = datetime(2026, 3, 3, 15, tzinfo=UTC)
    microsecond = timedelta(microseconds=1)
    make_execution(job_name="before", scheduled_at=midnight - microsecond)
    make_execution(job_name="begin", scheduled_at=midnight)
    make_execution(job_name="end", scheduled_at=midnight + timedelta(days=1) - microsecond)
    assert names(client, query) == found


def test_what_is_no_date_is_told_and_not_put_into_the_input(client: Client) -> None:
    page = client.get(f"{RUNS}?from=x%3Cb%3E&to=2026-01-01").content.decode()
    assert "“x&lt;b&gt;” is not a date" in page
    assert 'name="from" value=""' in page
    assert 'name="to" value="2026-01-01"' in page


def test_a_form_keeps_what_else_is_filtered_by_and_nothing_of_its_own(client: Client) -> None:
    query = "from=2026-01-01&to=2026-12-31&status__exact=failed&q=x%22&job=a&p=2"
    page = client.get(f"{RUNS}?{query}").content.decode()
    dates, job = (
        next(
            form
            for form in re.findall(r"<form method=\"get\".*?</form>", page, re.S)
            if has in form
        )
        for has in ('name="to" value="2026-12-31" ', 'name="job" value="a"')
    )
    hidden = re.compile(r'type="hidden" name="(\w+)" value="([^"]*)"')
    assert dict(hidden.findall(dates)) == {"status__exact": "failed", "q": "x&quot;", "job": "a"}
    assert {"from", "to"} <= set(dict(hidden.findall(job)))


# By job


def test_a_job_is_found_by_its_name_or_its_id(client: Client) -> None:
    wanted, other = make_definition("wanted", due=None), make_definition("other", due=None)
    for definition in (wanted, other):
        make_execution(job_id=definition.job_id, job_name=definition.name)
    make_execution(job_id="from code", job_name="from code")
    for query in ("job=wanted", "job=+wanted+", f"job={wanted.job_id}", "q=WANT", "q=ted+ant"):
        assert names(client, query) == ["wanted"], query
    assert names(client, f"q={other.job_id}") == ["other"]
    assert names(client, "q=from+code") == names(client, "job=from+code") == ["from code"]
    for query in ("job=want", "q=wanted+other", "q=nobody", "job=nobody"):
        assert names(client, query) == [], query


def test_two_kinds_may_have_jobs_of_one_name(client: Client) -> None:
    for definition in (make_definition("same", due=None), Greeting.objects.create(name="same")):
        make_execution(job_id=definition.job_id, job_name=definition._meta.model_name)
    assert sorted(names(client, "job=same")) == ["countjob", "greeting"]
    assert sorted(names(client, "q=same")) == ["countjob", "greeting"]


def test_a_job_that_was_deleted_is_found_by_its_id(client: Client) -> None:
    definition = make_definition("gone", due=None)
    job_id = definition.job_id
    make_execution(job_id=job_id, job_name="gone")
    definition.delete()
    assert names(client, f"q={job_id}") == names(client, f"job={job_id}") == ["gone"]
    assert names(client, "q=gone") == []


@pytest.mark.parametrize("word", ["100%", "a_b", "a\\b", "'", '"', "%", "_", "\\"])
def test_a_word_is_a_word_and_no_pattern(word: str) -> None:
    wanted = make_definition(f"has {word} in it", due=None)
    make_definition("100 aab ab", due=None)
    assert job_ids_like(word, [CountJob]) == ([wanted.job_id], False)


def test_the_search_is_bounded_and_says_so(client: Client) -> None:
    CountJob.objects.bulk_create(CountJob(name=f"count {i:03}") for i in range(MOST_JOBS + 1))
    found, are_more = job_ids_like("count 0", [CountJob])
    assert (len(set(found)), are_more) == (MOST_JOBS, True)
    assert set(found) < {job.job_id for job in CountJob.objects.all()}
    assert f"Only the runs of {MOST_JOBS} of them" in client.get(f"{RUNS}?q=count").content.decode()
    assert "of them were searched" not in client.get(f"{RUNS}?q=count+001").content.decode()


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("from=%00", 302),
        ("job=%00", 302),
        ("q=%ED%A0%80", 200),
        ("job=%FF", 200),
        ("job=" + "x" * 5_000, 200),
        ("q=" + "x" * 5_000, 302),
        ("q=" + "x+" * 2_000, 302),
        ("status__exact=%3Cb%3E", 200),
        ("trigger__exact=" + "x" * 500, 200),
        ("job=a&job=b", 200),
        ("job__x=1", 400),
        ("from__gte=1", 400),
        ("trouble=failed", 400),
        ("p=200", 200),
        ("p=-1", 200),
        ("p=" + "9" * 50, 200),
        ("p=x", 200),
        ("o=1.2.3", 200),
        ("e=1", 200),
        ("job_id=%00", 302),
        ("job_name__regex=(", 400),
        ("output__contains=x", 400),
    ],
)
def test_a_rubbish_query_is_answered(query: str, status: int, client: Client) -> None:
    make_execution()
    response = client.get(f"{RUNS}?{query}")
    assert response.status_code == status
    assert b"<b>" not in response.content


# The names that are suggested


def suggested(client: Client, text: str) -> list[str]:
    response = client.get(f"{RUNS}jobs/", {"q": text})
    assert response.status_code == 200
    return [job["name"] for job in response.json()["jobs"]]


def test_names_are_suggested_by_their_words(client: Client) -> None:
    backup = make_definition("Nightly backup", due=None)
    Greeting.objects.create(name="backup of greetings")
    assert suggested(client, "BACK night") == ["Nightly backup"]
    assert suggested(client, "backup") == ["Nightly backup", "backup of greetings"]
    response = client.get(f"{RUNS}jobs/?q=nightly")
    assert response.json() == {"jobs": [{"id": backup.job_id, "name": backup.name}]}
    for nothing in ("x", "\0", "x" * 1_000, "\ud800"):
        assert suggested(client, nothing.encode(errors="replace").decode()) == []


def test_so_many_names_are_suggested_and_no_more(client: Client) -> None:
    given = {f"count {i:03}" for i in range(50)}
    CountJob.objects.bulk_create(CountJob(name=name) for name in given)
    names = suggested(client, "")
    assert len(set(names) & given) == len(names) == MOST_SUGGESTED
    assert names == sorted(names)  # any of them: to find the first ones, all would be sorted


def test_only_names_that_one_may_see_are_suggested() -> None:
    make_definition("seen", due=None)
    Greeting.objects.create(name="not seen")
    assert suggested(client_of("viewer"), "seen") == ["seen"]


def test_a_name_that_one_may_not_see_finds_nothing() -> None:
    greeting = Greeting.objects.create(name="secret now")
    make_execution(job_id=greeting.job_id, job_name="as it was")
    viewer, superuser = client_of("viewer"), client_of("superuser")
    for query in ("q=secret", "job=secret+now"):
        assert names(viewer, query) == [], query
        assert names(superuser, query) == ["as it was"], query
    assert names(viewer, f"job={greeting.job_id}") == ["as it was"]
