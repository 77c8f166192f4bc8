"""A history that is split by month, as docs/partition_by_month.sql does it on PostgreSQL.

All is undone after each test, so the script's own transactions are left out.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, connection, transaction

from countjobs.database.rowsets import insert_rows
from countjobs.executors.runs import carry_out
from countjobs.history.lifecycle import begin
from countjobs.history.purge import purge
from countjobs.history.recorder import record
from countjobs.history.requests import request_run
from countjobs.jobstores.claims import claim
from countjobs.models import Execution
from countjobs.models.executions import Status, Trigger
from tests.support.factories import (
    NOON,
    SECOND,
    chain_of,
    make_definition,
    make_due,
    make_execution,
    statuses,
)
from tests.support.paths import ROOT

DAY = timedelta(days=1)
NODE = "here:1:11111111"


def run_sql(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall()) if cursor.description else []


@pytest.fixture
def split(db: None) -> None:
    """The tables are split; so are the runs of the years before."""
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has partitions")
    make_execution(scheduled_at=NOON)
    text = (ROOT / "docs/partition_by_month.sql").read_text()
    run_sql(re.sub(r"^(BEGIN|COMMIT);$|CONCURRENTLY|^--.*$", "", text, flags=re.MULTILINE))


def in_a_new_month() -> datetime:
    """A time for which there is a partition. The script goes by the server's clock."""
    sql = (
        "SELECT min(pg_get_expr(relpartbound, oid)) FROM pg_class"
        " WHERE relname ~ '^countjobs_execution_[0-9]' AND relkind = 'r'"
    )
    found = re.search(r"FROM \('(\d{4}-\d{2}-\d{2})", str(run_sql(sql)[0][0]))
    assert found
    return datetime.fromisoformat(found[1]).replace(tzinfo=UTC) + 10 * DAY


def place_of(run: Execution) -> str:
    """The table that a run is in."""
    sql = "SELECT tableoid::regclass::text FROM countjobs_execution WHERE id = %s"
    with connection.cursor() as cursor:
        cursor.execute(sql, [run.pk])
        (place,) = cursor.fetchone()
    return str(place)


@pytest.mark.usefixtures("split")
def test_runs_are_claimed_carried_out_and_recorded() -> None:
    now = in_a_new_month()
    with time_machine.travel(now, tick=False):
        definition = make_definition("tick", due=now, max_instances=2)
        request_run(definition.job_id, definition.name)
        claims = claim(now + SECOND, limit=10, node=NODE, busy={})
        runs = [run for claimed in claims.jobs for run in claimed.runs]
        begin(NODE, [run.execution_id for run in runs], now)
        record([carry_out(run, 1_000) for run in runs])
        make_due(definition.job_id, now)  # as if the claim had been forgotten
        assert not [job.runs for job in claim(now + SECOND, limit=10, node=NODE, busy={}).jobs]
    assert set(statuses(definition.job_id)) == {"succeeded"}
    newest = Execution.objects.newest_first()[0]
    assert re.fullmatch(r"countjobs_execution_\d{4}_\d{2}", place_of(newest))


@pytest.mark.usefixtures("split")
def test_keys_go_on_and_unique_constraints_hold() -> None:
    old = Execution.objects.get()
    assert place_of(old) == "countjobs_execution_old"
    new = make_execution(scheduled_at=NOON + 2 * DAY, trigger=Trigger.SCHEDULE)
    assert new.pk > old.pk
    first, last = chain_of(Status.FAILED, Status.FAILED)
    values = {"job_id": "code", "job_name": "code", "trigger": "schedule", "status": "queued"}
    texts = dict.fromkeys(("node", "requested_by", "output", "error", "traceback"), "")
    rest = {"attempt": 1, "folded": 0, "parameters": {}, **texts}
    again = {**values, **rest, "scheduled_at": new.scheduled_at}
    assert insert_rows(Execution, [again], ["id"]) == []
    retry = {**again, "trigger": "retry", "scheduled_at": last.scheduled_at}
    retry |= {"first_attempt": first.pk, "attempt": 2}
    assert insert_rows(Execution, [retry], ["id"]) == []
    for taken in (again, retry):
        with pytest.raises(IntegrityError), transaction.atomic():
            Execution.objects.create(**taken)


@pytest.mark.usefixtures("split")
def test_troubles_are_found_and_what_fits_nowhere_has_a_place() -> None:
    failed = make_execution(Status.FAILED, scheduled_at=NOON + 3_650 * DAY)
    assert list(Execution.objects.with_status("failed")) == [failed]
    assert place_of(failed) == "countjobs_execution_rest"


@pytest.mark.usefixtures("split")
def test_the_purge_goes_through_all_partitions() -> None:
    for days in range(5):
        make_execution(scheduled_at=NOON - days * DAY)
    make_execution(scheduled_at=NOON + 3_650 * DAY)
    assert purge(NOON, days=2, keep=3) == 4
    assert Execution.objects.count() == 3


@pytest.mark.usefixtures("split")
def test_an_old_partition_is_dropped_unless_a_run_in_it_has_not_ended() -> None:
    later = make_execution(scheduled_at=NOON + 3_650 * DAY)
    waiting = make_execution(Status.QUEUED, scheduled_at=NOON)
    drop = "SELECT countjobs_drop_partition('countjobs_execution_old')"
    with pytest.raises(DatabaseError, match="1 of the runs"), transaction.atomic():
        run_sql(drop)
    waiting.status = Status.SUCCEEDED
    waiting.save()
    run_sql(drop)
    assert list(Execution.objects.all()) == [later]


@pytest.mark.usefixtures("split")
def test_a_month_is_added_once() -> None:
    for _ in range(2):
        run_sql("SELECT countjobs_add_month('2050-12-01')")
    at = NOON.replace(year=2050, month=12, day=31, hour=23)
    assert place_of(make_execution(scheduled_at=at)) == "countjobs_execution_2050_12"
