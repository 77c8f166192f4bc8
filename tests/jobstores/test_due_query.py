"""The plans of what schedulers ask all day long: each question has its index, none reads a table.

The statements are those that a claim, the loop's look ahead and the reaper really send, explained
with their own parameters on tables so big that the planner has a choice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django_apscheduler.models import DjangoJob

from countjobs.history.lifecycle import begin
from countjobs.jobstores.claims import claim
from countjobs.models import Execution
from countjobs.models.executions import Status
from countjobs.schedulers.lost_runs import settle_dead_nodes
from tests.support.factories import NOON, SECOND, make_definition, make_execution, make_node
from tests.support.plans import known_to_the_planner, plan_of
from tests.support.still_scheduler import NODE, Threads, make_scheduler, make_store

ROWS = 6_000
TABLES = ("django_apscheduler_djangojob", "countjobs_execution")
DUE = "django_apscheduler_djangojob_next_run_time_"
JOB_KEY = "django_apscheduler_djangojob_pkey|sqlite_autoindex_django_apscheduler_djangojob_1"
EXECUTION_KEY = "countjobs_execution_pkey|INTEGER PRIMARY KEY"
REQUESTED = "countjobs_ready"
ACTIVE = "countjobs_active_of_job"

BY_KEY = f"{EXECUTION_KEY}|{JOB_KEY}"

# What is looked for in a statement, and the index that its plan must name. The first one counts.
INDEXES = [
    (r'^SELECT .*\bnext_run_time"? (<= |IS NOT NULL)', DUE),
    (r"^SELECT .*\bCOALESCE\(", REQUESTED),
    (r'^UPDATE .* FROM |"django_apscheduler_djangojob"."id" IN', BY_KEY),
    (r'"next_attempt" IS NULL AND "countjobs_execution"."id" IN', BY_KEY),
    (r'^SELECT .*"status"|^SELECT .* node <> ', ACTIVE),
    (r'^UPDATE "countjobs_execution" ', f"{ACTIVE}|{REQUESTED}"),
]

pytestmark = pytest.mark.django_db


class Statements:
    """Records the statements on the two big tables, with their parameters."""

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {}

    def __call__(
        self, execute: Callable[..., object], sql: str, params: Any, many: bool, context: Any
    ) -> object:
        if re.match("SELECT|UPDATE", sql) and any(table in sql for table in TABLES):
            self.seen.setdefault(sql, params)
        return execute(sql, params, many, context)


def reads_whole_table(plan: str) -> bool:
    """PostgreSQL says «Seq Scan on», SQLite «SCAN», also of an index: a partial one is small."""
    tables = "|".join(TABLES)
    partial = rf"USING (COVERING )?INDEX ({ACTIVE}|{REQUESTED})"
    return bool(re.search(rf"Seq Scan on ({tables})|SCAN ({tables})(?! {partial})", plan))


def fill_the_tables() -> None:
    hour = timedelta(hours=1)
    with known_to_the_planner(DjangoJob, Execution):
        DjangoJob.objects.bulk_create(
            DjangoJob(
                id=f"job {number}", next_run_time=NOON + hour + number * SECOND, job_state=b""
            )
            for number in range(ROWS)
        )
        Execution.objects.bulk_create(
            Execution(
                job_id=f"job {number % 500}",
                job_name="job",
                scheduled_at=NOON - hour - number * SECOND,
                status=Status.SUCCEEDED,
                finished_at=NOON - hour,
                node=f"node {number % 7}",
            )
            for number in range(ROWS)
        )


@pytest.fixture
def asked() -> dict[str, Any]:
    """What a scheduler sends in one turn of everything that it does, by statement."""
    fill_the_tables()
    due, wanted = make_definition("due"), make_definition("wanted", due=None)
    make_execution(Status.QUEUED, job_id=wanted.job_id)
    dead = make_node(NOON - timedelta(hours=2))
    make_execution(Status.RUNNING, node=dead.name)
    make_execution(Status.QUEUED, node="gone", job_id=due.job_id, scheduled_at=NOON + SECOND)
    store = make_store(make_scheduler(), Threads())
    statements = Statements()
    with connection.execute_wrapper(statements):
        store.get_next_run_time()
        claims = claim(NOON, limit=10, node=NODE, busy={})
        begin(NODE, [run.execution_id for job in claims.jobs for run in job.runs], NOON)
        assert settle_dead_nodes({dead.uuid: dead.heartbeat}, NOON) == 1
        store.give_back_doubtful()
    assert len(statements.seen) >= 8
    return statements.seen


def index_of(sql: str) -> str:
    return next(name for pattern, name in INDEXES if re.search(pattern, sql))


def assert_indexes(asked: dict[str, Any], *names: str) -> None:
    found = {sql: params for sql, params in asked.items() if index_of(sql) in names}
    assert found
    for sql, params in found.items():
        plan = plan_of(sql, params)
        assert not reads_whole_table(plan), f"{sql}\n{plan}"
        assert re.search(index_of(sql), plan), f"{sql}\n{plan}"


def test_promise_16_what_is_due_and_what_was_asked_for_is_found_by_indexes(
    asked: dict[str, Any],
) -> None:
    assert_indexes(asked, DUE)
    assert_indexes(asked, REQUESTED)


def test_promise_16_what_has_not_ended_is_found_by_its_index(asked: dict[str, Any]) -> None:
    assert_indexes(asked, ACTIVE, f"{ACTIVE}|{REQUESTED}")


def test_rows_are_updated_by_their_keys(asked: dict[str, Any]) -> None:
    assert_indexes(asked, BY_KEY)


def test_what_is_passed_over_is_kept_out_of_the_same_indexes() -> None:
    """Issue 8, line 2: neither slower nor a walk through a table."""
    fill_the_tables()
    store = make_store(make_scheduler(), Threads())
    passed = store.claiming.passed
    passed.add_kind("newapp.report")
    for number in range(100):
        passed.add_job(f"foreign {number}")
    make_execution(Status.QUEUED, job_id=make_definition("due").job_id)
    statements = Statements()
    with connection.execute_wrapper(statements):
        store.get_next_run_time()
        assert store.get_due_jobs(NOON)
    asked = {sql: params for sql, params in statements.seen.items() if "substr" in sql}
    assert len(asked) == 5
    assert_indexes(asked, DUE)
    assert_indexes(asked, REQUESTED)


def test_a_statement_without_an_index_would_be_noticed() -> None:
    sql = "SELECT * FROM countjobs_execution WHERE job_name = 'job'"
    assert reads_whole_table(plan_of(sql, None))
