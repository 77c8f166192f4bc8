"""What “Running now” costs: as many queries whatever goes on, each by an index of few rows."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status, Trigger
from tests.support.people import client_of
from tests.support.plans import known_to_the_planner, plan_of
from tests.support.running_now import PARTS

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def fill(count: int, *, ended: int = 0) -> None:
    """So many jobs: of each one run goes on, one is queued, one attempt waits, some ended."""
    now = timezone.now()
    known = CountJob.objects.count()
    jobs = CountJob.objects.bulk_create(CountJob(name=f"{known + n}") for n in range(count))
    running = {"status": Status.RUNNING, "started_at": now, "node": "a:1:b", "output": "x\n" * 999}
    queued = {"status": Status.QUEUED, "trigger": Trigger.API}
    attempt = {**queued, "trigger": Trigger.RETRY, "not_before": now + 999 * SECOND}
    past = [
        {"scheduled_at": now - number * SECOND, "started_at": now, "finished_at": now}
        for number in range(1, ended + 1)
    ]
    states: list[dict[str, Any]] = [running, queued, attempt, *past]
    Execution.objects.bulk_create(
        Execution(
            **{
                "job_id": job.job_id,
                "job_name": job.name,
                "scheduled_at": now,
                "status": Status.SUCCEEDED,
                **state,
            }
        )
        for job in jobs
        for state in states
    )


@pytest.mark.parametrize("role", ["superuser", "viewer"])
def test_the_number_of_queries_does_not_depend_on_what_goes_on(role: str) -> None:
    client = client_of(role)

    def queries(count: int) -> int:
        fill(count, ended=25)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(PARTS).status_code == 200
        return len(captured)

    fill(1)
    client.get(PARTS)
    assert queries(2) == queries(40)


def test_no_query_reads_the_history_or_a_whole_output() -> None:
    client = client_of("superuser")
    with known_to_the_planner(Execution):
        fill(50, ended=60)
    client.get(PARTS)
    with CaptureQueriesContext(connection) as captured:
        client.get(PARTS)
    asked = [each["sql"] for each in captured if '"countjobs_execution"' in each["sql"]]
    assert len(asked) >= 5
    for sql in asked:
        cut = re.sub(r"(SUBSTR|RIGHT)\([^)]*\)", "", sql)
        assert not re.search(r'"output"|"traceback"', cut)
        plan = plan_of(sql.replace("%", "%%"), [])
        assert re.search("_active_of_job|_ready|_newest_of_job|execution_pkey|rowid=", plan)
        assert not re.search("Seq Scan on countjobs_execution", plan), plan
