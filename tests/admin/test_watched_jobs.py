"""Silent jobs, and jobs that paused themselves, on every page's banner and on the overview."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from countjobs.admin.overview import watched_jobs
from countjobs.admin.watched import PAUSED_ITSELF, SILENT, STATES
from countjobs.models import CountJob, JobWatch
from countjobs.models.kinds import concrete_definitions
from tests.app.models import Greeting
from tests.support.admin_pages import change_url, words
from tests.support.factories import NOON, SECOND
from tests.support.overviewing import OVERVIEW, part, rows_of
from tests.support.people import client_of
from tests.support.plans import known_to_the_planner, plans_of
from tests.support.watches import pause_itself, silence

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("overview_clock")]

_LINK = re.compile(r'<a href="([^"]+\?watch=[^"]+)">([\d,]+) ([^<]+)</a>')


def banner(page: str) -> str:
    found = re.search(
        r'<div class="countjobs-banner countjobs-cautions"[^>]*>(.*?)</div>', page, re.S
    )
    return found[1] if found else ""


@pytest.fixture
def jobs() -> list[CountJob]:
    """Two that are silent, one that paused itself, one that is well; and greetings."""
    jobs = [CountJob.objects.create(name=name, timezone="UTC") for name in "abcd"]
    silence(jobs[0])
    silence(jobs[1], NOON + SECOND)
    pause_itself(jobs[2])
    for number in range(3):
        greeting = Greeting.objects.create(name=f"secret {number}", greeted="x")
        silence(greeting) if number else pause_itself(greeting)
    return jobs


# The banner


@pytest.mark.usefixtures("jobs")
def test_the_banner_counts_them_and_each_count_leads_to_so_many(client: Client) -> None:
    told = banner(client.get("/admin/").content.decode())
    assert "Silent jobs: 2 count jobs , 2 greetings ." in words(told)
    assert "Jobs that paused themselves: 1 count job , 1 greeting ." in words(told)
    links = _LINK.findall(told)
    assert len(links) == 4
    for address, count, _kind in links:
        shown: Any = client.get(unescape(address)).context["cl"]
        assert shown.result_count == int(count), address


@pytest.mark.usefixtures("jobs")
def test_a_caution_is_no_alert() -> None:
    page = client_of("superuser").get("/admin/").content.decode()
    assert 'countjobs-cautions" role="status"' in page


@pytest.mark.parametrize("role", ["viewer", "nobody"])
@pytest.mark.usefixtures("jobs")
def test_nobody_is_told_of_kinds_that_they_may_not_see(role: str) -> None:
    told = banner(client_of(role).get("/admin/").content.decode())
    assert "greeting" not in told
    assert ("2 count jobs" in told) is (role == "viewer")


def test_where_all_are_well_nothing_is_said(client: Client) -> None:
    CountJob.objects.create(name="a", most_silence=60, pause_after=1)
    assert JobWatch.objects.exists()
    assert banner(client.get("/admin/").content.decode()) == ""
    assert "countjobs-watched" not in client.get(OVERVIEW).content.decode()


def test_the_banner_asks_twice_by_small_indexes() -> None:
    with known_to_the_planner(JobWatch):
        JobWatch.objects.bulk_create(
            JobWatch(job_id=f"countjobs.countjob:{n}", counts_from=NOON) for n in range(3_000)
        )
    with CaptureQueriesContext(connection) as captured:
        for state in STATES:
            assert not state.rows(concrete_definitions()).exists()
            assert state.keys(CountJob) == []
    plans = plans_of(captured)
    assert plans.count("countjobs_silent") >= 2
    assert plans.count("countjobs_paused_itself") >= 2
    assert "Seq Scan" not in plans


@pytest.mark.usefixtures("jobs")
def test_the_banner_takes_two_queries_however_many_there_are() -> None:
    links: Any = _NoLinks()
    with CaptureQueriesContext(connection) as captured:
        for state in (SILENT, PAUSED_ITSELF):
            assert len(state.counts([CountJob, Greeting], links)) == 2
    assert len(captured) == 2


class _NoLinks:
    """Links that lead nowhere."""

    def to_list(self, *_args: object, **_query: object) -> str:
        return ""


# The overview


def test_the_overview_lists_them_each_with_a_link(jobs: list[CountJob], viewer: Client) -> None:
    assert rows_of(viewer, "watched") == [
        "b ◌ silent 2026-03-04 12:00:01 UTC",
        "a ◌ silent 2026-03-04 12:00:00 UTC",
        "c ‖ paused itself after 3 failures in a row 2026-03-04 12:00:00 UTC",
    ]
    page = viewer.get(OVERVIEW).content.decode()
    for job in jobs[:3]:
        assert f'<a href="{change_url(job)}">{job.name}</a>' in page
    said = part(viewer, "watched")
    assert "silent 2 count jobs" in said
    assert "paused itself 1 count job" in said
    assert "greeting" not in said
    assert "secret" not in page


def test_only_the_newest_are_listed_and_all_are_counted(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched_jobs, "MOST_JOBS", 2)
    for number in range(4):
        definition = CountJob.objects.create(name=f"job {number}")
        silence(definition, NOON + timedelta(minutes=number))
    assert [row[:5] for row in rows_of(viewer, "watched")] == ["job 3", "job 2"]
    assert "4 count jobs" in part(viewer, "watched")


def test_the_overview_takes_as_many_queries_for_ten_as_for_two(viewer: Client) -> None:
    def queries(count: int) -> int:
        for number in range(CountJob.objects.count(), count):
            definition = CountJob.objects.create(name=f"job {number}")
            (silence if number % 2 else pause_itself)(definition)
        with CaptureQueriesContext(connection) as captured:
            viewer.get(OVERVIEW)
        return len(captured)

    queries(2)
    assert queries(2) == queries(10)
