"""The history's pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from countjobs.admin import display
from countjobs.admin.executions.pagination import BoundedPaginator
from countjobs.models import CountJob
from countjobs.models.executions import Status
from tests.support.admin_pages import RUNS, cell, names, run_url
from tests.support.factories import NOON, make_execution

pytestmark = pytest.mark.django_db


def test_the_newest_comes_first(client: Client) -> None:
    make_execution(job_name="older", scheduled_at=NOON - timedelta(1))
    make_execution(job_name="newest", scheduled_at=NOON + timedelta(1))
    make_execution(job_name="middle")
    assert names(client) == ["newest", "middle", "older"]


@pytest.mark.parametrize("status", Status)
def test_each_status_is_shown_by_word_and_icon(status: Status, client: Client) -> None:
    execution = make_execution(status)
    badge = cell(client.get(RUNS).content.decode(), "outcome")
    assert badge == f"{display.ICONS[status]} {status.label}"
    assert client.get(run_url(execution)).status_code == 200


def test_the_page_of_a_run_has_the_words_of_the_list(client: Client) -> None:
    """Issue 8, line 39: one word for the same thing."""
    execution = make_execution(node="here:1:1", started_at=NOON)
    page = client.get(run_url(execution)).content.decode()
    for label in ("Due at:", "Started:", "Late by:", "Took:", "Scheduler:", "here:1:1"):
        assert label in page
    assert "Node:" not in page


def test_promise_22_lateness_and_duration_are_two_figures(client: Client) -> None:
    started = NOON + timedelta(milliseconds=250)
    make_execution(started_at=started, finished_at=started + timedelta(seconds=83))
    page = client.get(RUNS).content.decode()
    assert cell(page, "lateness") == "250 ms"
    assert cell(page, "duration") == "1 min 23 s"


@pytest.mark.parametrize(
    ("delta", "text"),
    [
        (None, "-"),
        (timedelta(0), "0 ms"),
        (timedelta(microseconds=1), "0.1 ms"),
        (timedelta(microseconds=420), "0.4 ms"),
        (timedelta(milliseconds=999), "999 ms"),
        (timedelta(seconds=1.29), "1.2 s"),
        (timedelta(seconds=59.99), "59.9 s"),
        (timedelta(seconds=60), "1 min 0 s"),
        (timedelta(hours=2, minutes=5, seconds=59), "2 h 5 min"),
        (timedelta(days=3, hours=4), "3 d 4 h"),
        (timedelta(milliseconds=-20), "-20 ms"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(delta: timedelta | None, text: str) -> None:
    assert display.duration(delta) == text


def test_times_are_shown_in_the_definitions_zone(client: Client) -> None:
    definition = CountJob.objects.create(name="a", timezone="Asia/Tokyo")
    execution = make_execution(job_id=definition.job_id)
    assert cell(client.get(RUNS).content.decode(), "scheduled") == "2026-03-04 21:00:00 JST"
    assert "21:00:00 JST" in client.get(run_url(execution)).content.decode()


@pytest.mark.parametrize(
    "job_id",
    [
        "code",
        "countjobs.countjob:999",
        "countjobs.countjob:99999999999999999999",
        "countjobs.countjob:x",
        "no.model:1",
        "auth.user:1",
        "a.b.c:1",
        ":",
    ],
)
def test_a_job_without_a_definition_is_a_name_in_the_sites_zone(
    job_id: str, client: Client
) -> None:
    execution = make_execution(job_id=job_id, job_name="that was")
    assert cell(client.get(RUNS).content.decode(), "scheduled") == "2026-03-04 12:00:00 UTC"
    page = client.get(run_url(execution)).content.decode()
    assert f"<bdi>that was</bdi> ({job_id})" in page


def test_promise_10_the_history_outlives_its_definition(client: Client) -> None:
    definition = CountJob.objects.create(name="a")
    execution = make_execution(job_id=definition.job_id, job_name="a")
    link = reverse("admin:countjobs_countjob_change", args=[definition.pk])
    assert f'<a href="{link}">a</a>' in client.get(run_url(execution)).content.decode()
    definition.delete()
    page = client.get(run_url(execution)).content.decode()
    assert link not in page
    assert names(client) == ["a"]


def test_the_detail_shows_what_was_said_and_what_went_wrong(client: Client) -> None:
    execution = make_execution(
        Status.FAILED,
        output="0\n1\n",
        error="ValueError: no",
        traceback="Traceback: here",
        requested_by="ada",
        parameters={"count": 7},
        node="host:1:abc",
        folded=41,
        attempt=3,
    )
    page = client.get(run_url(execution)).content.decode()
    for text in ("0\n1\n", "ValueError: no", "Traceback: here", "ada", "&quot;count&quot;: 7"):
        assert text in page
    for text in ("host:1:abc", "41", "3"):
        assert f">{text}<" in page


def test_a_run_without_an_error_shows_no_empty_boxes(client: Client) -> None:
    page = client.get(run_url(make_execution(output="fine"))).content.decode()
    assert "field-output_text" in page
    assert "field-traceback_text" not in page


def test_the_filter_by_job_names_it_and_can_be_taken_off(client: Client) -> None:
    make_execution(job_id="x", job_name="its name")
    off = '<a href="?">All</a></p>'
    page = client.get(f"{RUNS}?job_id=x").content.decode()
    assert 'name="job" value="x"' in page
    assert '<p class="countjobs-note">its name</p>' in page
    assert off in page
    assert off not in client.get(RUNS).content.decode()


def test_promise_17_nothing_counts_the_whole_table(client: Client) -> None:
    make_execution()
    with CaptureQueriesContext(connection) as captured:
        client.get(RUNS)
    counts = [query["sql"] for query in captured if "COUNT(" in query["sql"].upper()]
    ours = [sql for sql in counts if "countjobs_execution" in sql]
    assert ours
    assert all("LIMIT 10001" in sql for sql in ours)


def test_a_list_that_is_too_long_to_count_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        make_execution()
    assert "Only the newest" not in client.get(RUNS).content.decode()
    monkeypatch.setattr(BoundedPaginator, "most", 4)
    response = client.get(RUNS)
    assert response.context["cl"].result_count == 4
    assert "Only the newest 4 runs are listed" in response.content.decode()
