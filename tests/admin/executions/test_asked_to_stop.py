"""The page of a run that somebody cancels: what it says until the run has ended, and after that."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status
from tests.support.admin_pages import field, run_url, words
from tests.support.factories import NOON, SECOND, execution_of, make_definition, make_execution
from tests.support.people import client_of

pytestmark = pytest.mark.django_db

THREAD = "It runs in a thread, and stops only if its job checks whether it was cancelled."


@pytest.fixture
def definition() -> CountJob:
    return make_definition(due=None)


def running(definition: CountJob, **fields: object) -> Execution:
    return execution_of(
        definition, Status.RUNNING, scheduled_at=NOON, started_at=NOON, node="here:1:1", **fields
    )


def asked(definition: CountJob, by: str = "ann") -> Execution:
    return running(definition, cancel_requested_at=NOON + SECOND, cancel_requested_by=by)


@time_machine.travel(NOON + 13 * SECOND, tick=False)
@pytest.mark.parametrize("page", ["change", "live"])
def test_it_says_who_asked_it_to_stop_and_when_and_that_it_goes_on(
    page: str, definition: CountJob
) -> None:
    content = client_of("viewer").get(run_url(asked(definition), page)).content.decode()
    said = "ann asked it to stop at 2026-03-04 12:00:01 UTC , 12.0 s ago. It has not ended yet."
    assert said in words(content)
    assert field(content, "stop_asked").endswith("by ann on 2026-03-04 12:00:01 UTC")


def test_without_a_name_it_says_only_when(client: Client, definition: CountJob) -> None:
    page = words(client.get(run_url(asked(definition, by=""))).content.decode())
    assert "It was asked to stop at 2026-03-04 12:00:01 UTC" in page


def test_what_was_asked_to_stop_is_not_asked_again(client: Client, definition: CountJob) -> None:
    assertContains(client.get(run_url(running(definition))), "Cancel run")
    assertNotContains(client.get(run_url(asked(definition))), "Cancel run")


def test_of_a_thread_it_says_what_cancelling_means(client: Client, definition: CountJob) -> None:
    runs = [running(definition), asked(definition)]
    for run in runs:
        assertContains(client.get(run_url(run)), THREAD)
    assertNotContains(client_of("viewer").get(run_url(runs[0])), THREAD)  # who may not cancel it
    assertNotContains(client.get(run_url(execution_of(definition, Status.QUEUED))), THREAD)
    CountJob.objects.update(executor="processes")
    for run in runs:
        assertNotContains(client.get(run_url(run)), THREAD)


def test_of_a_job_from_code_it_says_nothing_about_threads(client: Client) -> None:
    assertNotContains(client.get(run_url(make_execution(Status.RUNNING))), THREAD)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (Status.TIMED_OUT, "It took longer than its limit of 5 s, and was ended."),
        (Status.CANCELLED, "Cancelled by ann."),
    ],
)
def test_what_was_ended_says_how_at_its_top(
    status: Status, error: str, client: Client, definition: CountJob
) -> None:
    run = execution_of(definition, status, error=f"{error}\nmore", finished_at=NOON)
    page = client.get(run_url(run))
    assert list(page.context["notes"]) == [error]
    assertNotContains(page, "It has not ended yet")


def test_a_reason_that_is_long_or_hostile_is_cut_and_escaped(
    client: Client, definition: CountJob
) -> None:
    run = execution_of(definition, Status.CANCELLED, error="<b>\u202e" + "x" * 5_000)
    page = client.get(run_url(run))
    assert len(page.context["notes"][0]) <= 310
    assertNotContains(page, "<b>")


def test_the_time_asked_may_lie_ahead_of_the_web_servers_clock(
    client: Client, definition: CountJob
) -> None:
    with time_machine.travel(NOON - timedelta(hours=1), tick=False):
        page = words(client.get(run_url(asked(definition))).content.decode())
    assert ", 0 ms ago." in page
