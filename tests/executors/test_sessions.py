"""What a job does to its database session ends with its run; other sessions are kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.backends.signals import connection_created
from django.test.utils import CaptureQueriesContext
from psycopg.sql import SQL, Identifier

from countjobs.executors import sessions
from countjobs.executors.runs import carry_out
from countjobs.executors.sessions import changes_session
from countjobs.models.executions import Status
from tests.support.executing import Call, run_of
from tests.support.factories import make_execution

CHANGES = {
    "postgresql": [
        "SET statement_timeout = '77s'",
        "set search_path to pg_catalog",
        "SET TIME ZONE 'Asia/Tokyo'",
        "SELECT set_config('application_name', 'job', false)",
        "/* why */ SET application_name = 'job'",
        "SELECT 1; SET application_name = 'job'",
        "SET ROLE pg_monitor",
        "CREATE TEMP TABLE left_behind (id int)",
        "SELECT pg_advisory_lock(7)",
        "PREPARE left_behind AS SELECT 1",
    ],
    "sqlite": [
        "PRAGMA foreign_keys = OFF",
        "pragma case_sensitive_like(1)",
        "CREATE TEMP TABLE left_behind (id int)",
        "ATTACH ':memory:' AS other",
    ],
}


def execute(sql: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.fixture
def _connections_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """By Django's default they end with each run, and with them all that a job did to them."""
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", None)


def sessions_of(*calls: Call) -> list[object]:
    """The driver's connection after each run, all of them in one thread that is no test's."""
    after: list[object] = []

    def target() -> None:
        for call in calls:
            outcome = carry_out(run_of(call), 10_000)
            assert outcome.status == Status.SUCCEEDED, outcome.traceback
            after.append(connection.connection)
        connection.close()

    thread = threading.Thread(target=target)
    thread.start()
    thread.join(30)
    assert len(after) == len(calls)
    return after


@contextmanager
def told_of_connections(receiver: Callable[..., None]) -> Iterator[None]:
    """Have a receiver told of each new connection, and before this app: it was there first."""
    connection_created.disconnect(dispatch_uid=sessions.__name__)
    sessions._listen.cache_clear()
    connection_created.connect(receiver)
    try:
        yield
    finally:
        connection_created.disconnect(receiver)


def use() -> None:
    execute("SELECT 1")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_connections_stay")
@pytest.mark.parametrize("change", CHANGES[connection.vendor])
def test_a_session_that_a_job_changed_ends_with_its_run(change: str) -> None:
    assert sessions_of(partial(execute, change)) == [None]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_connections_stay")
def test_the_next_job_meets_the_settings_of_the_project() -> None:
    found: list[object] = []
    sql = "SHOW statement_timeout" if connection.vendor == "postgresql" else "PRAGMA foreign_keys"

    def look() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            found.append(cursor.fetchone())

    change = CHANGES[connection.vendor][0]
    sessions_of(look, partial(execute, change), look)
    assert len(found) == 2
    assert found[0] == found[1]


def work_as_jobs_do() -> None:
    with transaction.atomic():
        execution = make_execution(output="set_ CONFIG; SET x = 1")
        with transaction.atomic():
            execution.error = "SET statement_timeout = 1"
            execution.save()
    connection.check_constraints()
    execution.delete()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_connections_stay")
def test_a_session_that_no_job_changed_is_kept() -> None:
    first, second, third = sessions_of(use, work_as_jobs_do, use)
    assert first is not None
    assert first is second is third


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_connections_stay")
def test_what_the_project_does_to_each_new_connection_is_no_change() -> None:
    """Tenants' search paths, SQLite's pragmas: set by a receiver of Django's own signal."""
    change = CHANGES[connection.vendor][0]

    def prepare(connection: Any, **_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(change)

    with told_of_connections(prepare):
        first, second = sessions_of(use, use)
    assert first is not None
    assert first is second


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_connections_stay")
def test_a_wrapper_that_the_project_put_there_stays() -> None:
    """As tools that measure do, on each new connection."""
    statements: list[str] = []

    def note(execute: Callable[..., object], sql: str, *args: object) -> object:
        statements.append(sql)
        return execute(sql, *args)

    def watch(connection: Any, **_: object) -> None:
        if note not in connection.execute_wrappers:
            connection.execute_wrappers.append(note)

    with told_of_connections(watch):
        sessions_of(use, use, use)
    assert statements == ["SELECT 1"] * 3


@pytest.mark.django_db(transaction=True)
def test_what_the_caller_of_a_run_has_put_there_stays() -> None:
    """`runjob` called from a program that watches its statements."""
    seen: list[str] = []

    def note(execute: Callable[..., object], sql: str, *args: object) -> object:
        seen.append(sql)
        return execute(sql, *args)

    with CaptureQueriesContext(connection) as queries, connection.execute_wrapper(note):
        carry_out(run_of(use), 1_000)
        use()
    assert seen == ["SELECT 1"] * 2
    assert [query["sql"] for query in queries].count("SELECT 1") == 2
    assert not connection.force_debug_cursor
    assert note not in connection.execute_wrappers


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_connections_stay")
def test_statements_that_are_no_text_are_looked_at_too() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only psycopg composes statements, and takes bytes")
    composed = SQL("SET ROLE {}").format(Identifier("pg_monitor"))
    for change in (composed, b"SET ROLE pg_monitor"):
        assert sessions_of(partial(execute, change)) == [None]
    kept, again = sessions_of(partial(execute, SQL("SELECT 1")), partial(execute, b"SELECT 1"))
    assert kept is not None
    assert kept is again


@pytest.mark.django_db
def test_a_transaction_of_the_callers_keeps_its_connection() -> None:
    before = connection.connection
    carry_out(run_of(partial(execute, CHANGES[connection.vendor][0])), 1_000)
    assert connections["default"].connection is before
    connection.needs_rollback = False
    if connection.vendor == "sqlite":
        execute("PRAGMA foreign_keys = ON")


@pytest.mark.parametrize(
    "sql",
    [
        'UPDATE "countjobs_execution" SET "error" = %s',
        "SELECT 1",
        "SET LOCAL statement_timeout = 1",
        "SET CONSTRAINTS ALL IMMEDIATE",
        "SET TRANSACTION READ ONLY",
        "PRAGMA data_version",
        "SELECT ';'",
        "DROP TABLE t",
        "CREATE TABLE temporary (id int)",
    ],
)
def test_ordinary_statements_change_no_session(sql: str) -> None:
    assert not changes_session(sql)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_connections_stay")
def test_what_django_keeps_beside_a_connection_is_put_back() -> None:
    found: list[object] = []

    def block(*_: object) -> object:
        raise AssertionError("blocked")

    def leave_things_behind() -> None:
        use()
        connection.force_debug_cursor = True
        use()
        connection.execute_wrapper(block).__enter__()

    def look() -> None:
        use()
        found.extend((connection.force_debug_cursor, list(connection.queries_log)))

    sessions_of(leave_things_behind, look)
    assert found == [False, []]
