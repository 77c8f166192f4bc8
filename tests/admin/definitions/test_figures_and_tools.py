"""The page of one definition beside its form: runs in figures, pause and resume, and by whom."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from countjobs.admin.statistics import MOST, percentiles, statistics_of
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status, Trigger
from tests.support.admin_pages import change_url, field, said
from tests.support.definition_form import form_values
from tests.support.factories import NOON, SECOND, chain_of, executed, make_execution
from tests.support.people import user_of
from tests.support.plans import known_to_the_planner

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
HISTORY = "/admin/countjobs/execution/?job_id=countjobs.countjob%3A"


@pytest.fixture
def definition() -> CountJob:
    return CountJob.objects.create(name="a", timezone="Asia/Tokyo")


def make_runs(definition: CountJob, count: int, **fields: Any) -> None:
    runs = [executed(number, **fields) for number in range(count)]
    for run in runs:
        run.job_id = definition.job_id
    Execution.objects.bulk_create(runs)


# --- Figures


def test_percentiles_are_values_that_were_there() -> None:
    hundred = [number * SECOND for number in range(1, 101)]
    found = percentiles(reversed(hundred))
    assert found is not None
    assert (found.p50, found.p95) == (50 * SECOND, 95 * SECOND)
    one = percentiles([None, SECOND])
    assert one is not None
    assert (one.p50, one.p95) == (SECOND, SECOND)
    assert percentiles([None]) is None


def test_the_success_rate_is_of_runs_that_ended_and_never_rounded_up() -> None:
    runs = [executed(number) for number in range(999)]
    failed = executed(1, Status.FAILED)
    others = [executed(1, Status.MISSED, took=None), executed(1, Status.RUNNING)]
    statistics = statistics_of([*runs, *[failed] * 2, *others])
    assert (statistics.succeeded, statistics.ended) == (999, 1_001)
    assert statistics.success_percent == 99.8
    assert statistics_of(runs).success_percent == 100
    assert statistics_of(others).success_percent is None


def test_how_long_a_lost_run_took_counts_for_nothing() -> None:
    statistics = statistics_of([executed(1, took=2), executed(2, Status.LOST, took=999)])
    assert statistics.durations is not None
    assert statistics.durations.p95 == 2 * SECOND


def test_what_timed_out_has_failed_and_what_was_cancelled_has_neither() -> None:
    ends = (Status.SUCCEEDED, Status.TIMED_OUT, Status.CANCELLED)
    statistics = statistics_of([executed(1, status) for status in ends])
    assert (statistics.succeeded, statistics.ended) == (1, 2)


def test_a_retry_is_not_late() -> None:
    retry = executed(1, late=600)
    retry.trigger = Trigger.RETRY
    statistics = statistics_of([retry, executed(2, late=1)])
    assert statistics.latenesses is not None
    assert statistics.latenesses.p95 == SECOND


def test_a_chain_of_attempts_counts_once_on_the_page(client: Client, definition: CountJob) -> None:
    times = {"job_id": definition.job_id, "started_at": NOON, "finished_at": NOON + SECOND}
    chain_of(Status.FAILED, Status.FAILED, Status.SUCCEEDED, **times)
    page = client.get(change_url(definition)).content.decode()
    assert "100.0 % of 1 run" in field(page, "success")
    assert "failed" not in field(page, "success")
    assert page.split('class="countjobs-recent"')[1].count("countjobs-badge") == 1


def test_the_page_tells_the_figures_of_runs(client: Client, definition: CountJob) -> None:
    make_runs(definition, 18, late=0.25, took=2)
    make_execution(Status.FAILED, job_id=definition.job_id, started_at=NOON, finished_at=NOON)
    make_execution(Status.MISSED, job_id=definition.job_id, finished_at=NOON)
    page = client.get(change_url(definition)).content.decode()
    assert "94.7 % of 19 runs" in field(page, "success")
    assert "✗ failed 1 ! missed 1" in field(page, "success")
    assert f"{HISTORY}{definition.pk}&amp;status__exact=failed" in page
    figures = field(page, "figures")
    assert "took 2.0 s 2.0 s late by 250 ms 250 ms" in figures
    assert "Based on the newest 20 runs." in figures
    assert "The longest took 2.0 s." in field(page, "durations")
    assert "21:00:00 JST · ✓ succeeded · 2.0 s" in page


def test_the_last_ten_runs_are_listed_in_the_jobs_zone_with_links(
    client: Client, definition: CountJob
) -> None:
    make_runs(definition, 12, took=2)
    page = client.get(change_url(definition)).content.decode()
    recent = page.split('class="countjobs-recent"')[1]
    assert recent.count("✓") == 10
    assert "21:00:00 JST" in recent
    newest = Execution.objects.newest_of(definition.job_id, 1).get()
    assert reverse("admin:countjobs_execution_change", args=[newest.pk]) in recent


def test_only_the_newest_are_looked_at_and_only_this_jobs(definition: CountJob) -> None:
    make_runs(definition, MOST + 5)
    make_execution(Status.FAILED, scheduled_at=NOON + MINUTE)
    found = list(Execution.objects.newest_of(definition.job_id, MOST))
    assert len(found) == MOST
    assert found[0].scheduled_at == NOON
    assert {run.status for run in found} == {Status.SUCCEEDED}


def test_the_figures_come_from_the_index(definition: CountJob) -> None:
    other = CountJob.objects.create(name="other")
    with known_to_the_planner(Execution):
        make_runs(definition, 500)
        make_runs(other, 5_000)
    plan = Execution.objects.newest_of(definition.job_id, 20).explain()
    assert "countjobs_newest_of_job" in plan


def test_a_job_that_never_ran_tells_nothing_of_runs(client: Client, definition: CountJob) -> None:
    page = client.get(change_url(definition)).content.decode()
    assert "field-figures" not in page


def test_who_may_not_see_executions_is_told_nothing_of_them(definition: CountJob) -> None:
    make_runs(definition, 3)
    user = user_of("editor")
    user.user_permissions.remove(Permission.objects.get(codename="view_execution"))
    client = Client()
    client.force_login(user)
    assert "field-figures" not in client.get(change_url(definition)).content.decode()


def test_the_page_takes_as_many_queries_for_a_long_history_as_for_a_short_one(
    client: Client, definition: CountJob
) -> None:
    counts = []
    client.get(change_url(definition))
    for number in (2, 60, 500):
        Execution.objects.all().delete()
        make_runs(definition, number)
        with CaptureQueriesContext(connection) as captured:
            client.get(change_url(definition))
        counts.append(len(captured))
    assert len(set(counts)) == 1


# --- The drawing


# --- Pause and resume


# --- The history of changes


def test_the_history_names_what_was_changed(client: Client, definition: CountJob) -> None:
    client.post(change_url(definition), form_values({"hour": "3", "messages": '{"a": "b"}'}))
    page = client.get(reverse("admin:countjobs_countjob_history", args=[definition.pk]))
    assert re.search(r"Changed .*messages.*hour", page.content.decode())
    assert "countjobs/admin.css" in page.content.decode()


def test_saving_links_to_the_definition(client: Client, definition: CountJob) -> None:
    response = client.post(change_url(definition), form_values({}))
    assert any(f'href="{change_url(definition)}"' in text for text in said(response))
