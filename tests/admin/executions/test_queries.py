"""What the history's list costs: as many queries whatever there is, each by an index."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import cycle
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from countjobs.admin.executions.admin import ExecutionAdmin
from countjobs.history.lifecycle import begin
from countjobs.history.output_so_far import Growth, record_growth
from countjobs.models import Execution
from countjobs.models.executions import TROUBLES, Status, Trigger
from tests.support.admin_pages import RUNS, rows_before
from tests.support.factories import NOON, make_definition, make_execution
from tests.support.people import client_of
from tests.support.plans import known_to_the_planner, plan_of

pytestmark = pytest.mark.django_db

QUERIES = [
    "",
    "status__exact=failed",
    "status__exact=running",
    "trigger__exact=manual",
    "job=a",
    "from=2026-03-04",
    "to=2026-03-04",
    "job=a&status__exact=failed&from=2026-01-01",
    "job_id=countjobs.countjob:1",
    "q=a",
    "p=3",
]


@pytest.mark.parametrize("query", QUERIES)
def test_promise_17_the_list_takes_as_many_queries_for_three_rows_as_for_many(
    query: str,
) -> None:
    client = client_of("superuser")
    definition = make_definition("a", due=None)

    def add(count: int) -> None:
        for number in range(count):
            status = Status.FAILED if "failed" in query else Status.RUNNING
            finished = None if status == Status.RUNNING else timezone.now()
            make_execution(
                status,
                job_id=f"countjobs.countjob:{1 if 'job_id' in query else definition.pk}",
                scheduled_at=NOON + timedelta(minutes=number),
                finished_at=finished,
            )

    def queries(count: int) -> int:
        add(count)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"{RUNS}?{query}").status_code == 200
        assert not [each for each in captured if re.search('"output"|"traceback"', each["sql"])]
        return len(captured)

    add(rows_before(query, ExecutionAdmin.list_per_page))
    client.get(RUNS)
    assert queries(3) == queries(60)


@pytest.fixture
def much() -> None:
    """So many executions that the planner has a choice; one in a hundred is in trouble."""
    troubles = cycle(TROUBLES)
    with known_to_the_planner(Execution):
        Execution.objects.bulk_create(
            Execution(
                job_id=f"job {number % 500}",
                job_name="job",
                scheduled_at=NOON - timedelta(seconds=number),
                status=Status.SUCCEEDED if number % 100 else next(troubles),
                trigger=Trigger.SCHEDULE if number % 70 else Trigger.MANUAL,
                finished_at=NOON,
                node="node",
            )
            for number in range(6_000)
        )


ASKED: dict[str, tuple[Callable[[], Any], str]] = {
    "newest": (Execution.objects.all, "countjobs_newest"),
    "status": (lambda: Execution.objects.with_status("failed"), "countjobs_newest_trouble"),
    "rare": (
        lambda: Execution.objects.with_status("lost"),
        "countjobs_newest_trouble|countjobs_troubles",
    ),
    "running": (lambda: Execution.objects.with_status("running"), "countjobs_active_of_job"),
    "job": (lambda: Execution.objects.of_jobs(["job 7"]), "countjobs_newest_of_job"),
    "jobs": (lambda: Execution.objects.of_jobs(["job 7", "x"]), "countjobs_newest_of_job"),
    "both": (
        lambda: Execution.objects.of_jobs(["job 7"]).with_status("failed"),
        "countjobs_trouble_of_job",
    ),
    "dates": (
        lambda: Execution.objects.due_between(NOON - timedelta(hours=2), NOON - timedelta(hours=1)),
        "countjobs_newest",
    ),
    "trigger": (lambda: Execution.objects.filter(trigger="manual"), "countjobs_newest_by_trigger"),
    "trigger and status": (
        lambda: Execution.objects.filter(trigger="manual").with_status("failed"),
        "countjobs_trouble_by_trigger|countjobs_newest_by_trigger",
    ),
}


@pytest.mark.usefixtures("much")
def test_each_filter_and_its_count_have_an_index() -> None:
    for name, (ask, index) in ASKED.items():
        if connection.vendor == "sqlite" and name in ("trigger", "trigger and status", "running"):
            continue  # it can't tell from a parameter that the index has it all, and hates to sort
        for found in (ask().newest_first().for_list()[:50], ask().order_by()[:10_001]):
            plan = plan_of(*found.query.sql_with_params())
            used = re.search(index, plan) or not_ordered(name, plan)
            assert used, f"{name}\n{plan}"


def not_ordered(name: str, plan: str) -> bool:
    """To count all, or many, from anywhere in the table is as good."""
    return name in ("newest", "dates", "status") and "Sort" not in plan and "TEMP" not in plan


def test_what_is_no_status_is_not_looked_for() -> None:
    with CaptureQueriesContext(connection) as captured:
        assert not Execution.objects.with_status("bogus").exists()
    assert not captured.captured_queries


@pytest.mark.usefixtures("much")
def test_the_neighbours_are_found_by_the_index_of_the_job() -> None:
    execution = Execution.objects.filter(job_id="job 7")[10]
    for found in (Execution.objects.before(execution), Execution.objects.after(execution)):
        plan = plan_of(*found.values("pk")[:1].query.sql_with_params())
        assert "countjobs_newest_of_job" in plan
        assert "Sort" not in plan
        assert "TEMP" not in plan


def test_a_run_begins_and_grows_without_any_index_being_touched() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL tells how it wrote a row")
    with connection.cursor() as cursor:
        # No index is touched while the page has room, which one full of rolled back rows lacks.
        cursor.execute("TRUNCATE countjobs_execution CASCADE")
    queued = make_execution(Status.QUEUED, node="here:1:1")

    def hot() -> int:
        with connection.cursor() as cursor:
            table = "'countjobs_execution'::regclass"
            cursor.execute(f"SELECT pg_stat_get_xact_tuples_hot_updated({table})")
            return int(cursor.fetchone()[0])

    before = hot()
    assert begin("here:1:1", [queued.pk], NOON) == [queued.pk]
    assert hot() == before + 1
    grown = Growth(id=queued.pk, output="said", progress_done=1, progress_total=2)
    assert record_growth("here:1:1", [grown]) == {queued.pk}
    assert hot() == before + 2


def test_no_index_depends_on_what_changes_when_a_run_begins() -> None:
    changed = {"status", "started_at"}
    for index in Execution._meta.indexes:
        fields = {name.lstrip("-") for name in index.fields}
        conditions = re.findall(r"\('(\w+?)(?:__\w+)?',", str(index.condition))
        assert not changed & {*fields, *conditions}, index.name
