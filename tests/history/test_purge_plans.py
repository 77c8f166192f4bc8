"""What a purge asks the database for: an index answers, however long the history is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from countjobs.history.purge import purge
from countjobs.models import Execution
from countjobs.models.executions import Status
from tests.support.factories import NOON, SECOND, make_definition
from tests.support.plans import known_to_the_planner, plan_of

pytestmark = pytest.mark.django_db

TABLE = Execution._meta.db_table


def fill(jobs: int, each: int, job_id: str = "job") -> None:
    """So many runs of each job, in the seconds before noon."""
    with known_to_the_planner(Execution):
        Execution.objects.bulk_create(
            Execution(
                job_id=f"{job_id} {job}" if job else job_id,
                job_name="n",
                status=Status.SUCCEEDED,
                scheduled_at=NOON - (jobs * number + job) * SECOND,
                finished_at=NOON,
            )
            for number in range(each)
            for job in range(jobs)
        )


def whole_tables(captured: CaptureQueriesContext) -> list[str]:
    """The statements that read the whole history, or a whole index of it."""
    whole = f"Seq Scan on {TABLE}" if connection.vendor == "postgresql" else f"SCAN {TABLE}\n"
    statements = [query["sql"].replace("%", "%%") for query in captured.captured_queries]
    asked = [sql for sql in statements if TABLE in sql and not sql.startswith("EXPLAIN")]
    assert asked
    return [sql for sql in asked if whole in f"{plan_of(sql, [])}\n"]


def test_by_age_it_reads_the_oldest_runs_only() -> None:
    fill(jobs=30, each=200)
    with CaptureQueriesContext(connection) as captured:
        assert purge(NOON + timedelta(days=1), days=1, keep=1_000, batch=500) > 5_000
    assert whole_tables(captured) == []


def test_by_number_it_reads_no_more_of_each_job_than_is_kept() -> None:
    fill(jobs=30, each=200)
    with CaptureQueriesContext(connection) as captured:
        assert purge(NOON, days=9, keep=100, batch=500) == 3_000
    assert whole_tables(captured) == []


def test_for_a_definition_of_its_own_it_reads_that_jobs_runs() -> None:
    definition = make_definition(keep_days=2)
    fill(jobs=30, each=200, job_id=definition.job_id)
    with CaptureQueriesContext(connection) as captured:
        assert purge(NOON + timedelta(days=3), days=9, keep=1_000) == 200
    assert whole_tables(captured) == []
