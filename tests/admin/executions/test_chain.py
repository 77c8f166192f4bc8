"""The attempts of a run: on its page, in the list, and where somebody ends or begins a chain."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.asserts import assertContains, assertNotContains

from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status, Trigger
from tests.support.admin_pages import RUNS, cell, field, run_url, words
from tests.support.factories import NOON, SECOND, execution_of, make_definition
from tests.support.plans import known_to_the_planner, plan_of

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def definition() -> CountJob:
    return make_definition(due=None, retries=3)


def chain(definition: CountJob, *statuses: Status, **last: Any) -> list[Execution]:
    """Attempts two minutes apart, each of a second. Fields for the last one may be given."""
    runs: list[Execution] = []
    for number, status in enumerate(statuses, start=1):
        began = NOON + 2 * (number - 1) * MINUTE
        ended = status not in (Status.QUEUED, Status.RUNNING)
        fields: dict[str, Any] = {
            "trigger": Trigger.RETRY if runs else Trigger.SCHEDULE,
            "attempt": number,
            "first_attempt": runs[0].pk if runs else None,
            "not_before": began if runs else None,
            "started_at": None if status == Status.QUEUED else began,
            "finished_at": began + SECOND if ended else None,
        }
        if number == len(statuses):
            fields |= last
        runs.append(execution_of(definition, status, scheduled_at=NOON, **fields))
    for run, following in pairwise(runs):
        Execution.objects.filter(pk=run.pk).update(next_attempt=following.pk)
    return runs


def section(client: Client, run: Execution) -> str:
    """The words of the part about attempts; empty if there is none."""
    page = client.get(run_url(run)).content.decode()
    _before, there, after = page.partition('<h2 id="countjobs-attempts">')
    return words(after.partition("</section>")[0]) if there else ""


@time_machine.travel(NOON + 2 * MINUTE + 3 * SECOND, tick=False)
def test_each_page_of_a_chain_shows_all_of_it_and_when_it_goes_on(
    client: Client, definition: CountJob
) -> None:
    failed, again, waiting = chain(definition, Status.FAILED, Status.TIMED_OUT, Status.QUEUED)
    table = (
        "attempt status started took"
        " 1 ✗ failed 2026-03-04 12:00:00 UTC 1.0 s"
        " 2 ◷ timed out 2026-03-04 12:02:00 UTC 1.0 s"
        " 3 … queued 2026-03-04 12:04:00 UTC (in 1 min 57 s) -"
    )
    after = (
        "The next attempt may begin at 2026-03-04 12:04:00 UTC (in 1 min 57 s),"
        " 1 min 59 s after the previous one ended."
    )
    for number, run in enumerate((failed, again, waiting), start=1):
        said = section(client, run)
        assert said.startswith(f"Attempts Attempt {number} of 4. ")
        assert (after in said) is (run != waiting)
        assert said.endswith(table)
        page = client.get(run_url(run)).content.decode()
        for other in (failed, again, waiting):
            assert (f'<th scope="row"><a href="{run_url(other)}">' in page) is (other != run)


@time_machine.travel(NOON + 2 * MINUTE + 3 * SECOND, tick=False)
def test_an_attempt_that_waits_says_when_it_may_begin(client: Client, definition: CountJob) -> None:
    *_ended, waiting = chain(definition, Status.FAILED, Status.FAILED, Status.QUEUED)
    page = client.get(run_url(waiting)).content.decode()
    assert "This attempt may begin at 2026-03-04 12:04:00 UTC (in 1 min 57 s)." in words(page)
    assert field(page, "not_before_text").endswith("2026-03-04 12:04:00 UTC")
    with time_machine.travel(NOON + 5 * MINUTE, tick=False):
        assertNotContains(client.get(run_url(waiting)), "may begin")


def test_a_run_without_another_attempt_has_no_such_part(
    client: Client, definition: CountJob
) -> None:
    run = execution_of(definition)
    assert section(client, run) == ""
    page = client.get(run_url(run)).content.decode()
    assert field(page, "attempt_text").endswith("1 of 4")
    assertContains(client.get(run_url(run, "live")), 'data-countjobs-part="attempts"')


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"retries": 3}, "2 of 4"),
        ({"retries": 0}, "2"),
        ({"retries": 0, "rerun_if_lost": True}, "2 of 3"),
        ({"retries": 1, "rerun_if_lost": True}, "2 of 2"),
        (None, "2"),
    ],
)
def test_of_how_many_is_said_by_the_definition_as_it_is_now(
    fields: dict[str, Any] | None, expected: str, client: Client, definition: CountJob
) -> None:
    _first, second = chain(definition, Status.LOST, Status.SUCCEEDED)
    if fields is None:
        definition.delete()
    else:
        CountJob.objects.update(**fields)
    page = client.get(run_url(second)).content.decode()
    assert field(page, "attempt_text").split("Attempt: ")[1] == expected
    assert section(client, second).startswith(f"Attempts Attempt {expected}. ")


def test_more_attempts_than_are_allowed_now_are_counted_as_they_are(
    client: Client, definition: CountJob
) -> None:
    *_before, fourth = chain(definition, *[Status.FAILED] * 4)
    CountJob.objects.update(retries=1)
    assert section(client, fourth).startswith("Attempts Attempt 4. ")


def test_the_list_says_which_attempt_a_run_is(client: Client, definition: CountJob) -> None:
    first, second = chain(definition, Status.FAILED, Status.SUCCEEDED)
    for run, expected in ((second, "next attempt 2 of 4"), (first, "schedule 1 of 4")):
        page = client.get(f"{RUNS}?status__exact={run.status}").content.decode()
        assert cell(page, "cause") == expected
    Execution.objects.all().delete()
    execution_of(definition)
    assert cell(client.get(RUNS).content.decode(), "cause") == "by hand"


def test_attempts_cost_the_list_no_queries(client: Client, definition: CountJob) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(RUNS).status_code == 200
        return len(captured)

    execution_of(definition, scheduled_at=NOON - MINUTE)
    client.get(RUNS)
    without = queries()
    chain(definition, *[Status.FAILED] * 4)
    assert queries() == without


def test_run_again_of_any_attempt_begins_a_new_chain(client: Client, definition: CountJob) -> None:
    runs = chain(definition, *[Status.FAILED] * 4)
    for run in runs:
        known = set(Execution.objects.values_list("pk", flat=True))
        client.post(run_url(run, "again"))
        new = Execution.objects.exclude(pk__in=known).get()
        assert (new.attempt, new.first_attempt, new.trigger) == (1, None, Trigger.MANUAL)
    assert section(client, runs[0]).count("failed") == 4


def test_who_cancels_an_attempt_that_waits_ends_the_chain(
    client: Client, definition: CountJob
) -> None:
    first, waiting = chain(definition, Status.FAILED, Status.QUEUED)
    client.post(run_url(waiting, "cancel"))
    first.refresh_from_db()
    assert first.next_attempt is None
    assert "2 ⊘ cancelled" in section(client, first)


def test_a_chain_is_found_by_indexes(definition: CountJob) -> None:
    with known_to_the_planner(Execution):
        runs = [
            Execution(
                job_id="j",
                job_name="j",
                scheduled_at=NOON + number * SECOND,
                first_attempt=number // 2 + 1 if number % 2 else None,
                attempt=1 + number % 2,
                finished_at=NOON,
            )
            for number in range(4_000)
        ]
        Execution.objects.bulk_create(runs)
    found = Execution.objects.attempts_of(Execution.objects.filter(attempt=2)[500])
    plan = plan_of(*found.for_list().query.sql_with_params())
    assert "countjobs_one_run_per_attempt" in plan, plan
    assert "SCAN countjobs_execution" not in plan
    assert "Seq Scan" not in plan
