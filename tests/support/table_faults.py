"""Faults of tables, as they really happen, for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

EXECUTIONS = "countjobs_execution"


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def poor_role() -> Iterator[str]:
    """A role of PostgreSQL's that may do all that a scheduler does, and can log in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if not cursor.fetchone()[0]:
            pytest.skip("Only a superuser can make roles and take rights away from them.")
    role = f"{connection.settings_dict['NAME']}_poor"
    sql(f"CREATE ROLE {role} LOGIN")
    try:
        sql(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
        sql(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}")
        yield role
    finally:
        sql(f"DROP OWNED BY {role}")
        sql(f"DROP ROLE {role}")


@contextmanager
def inserts_refused(table: str = EXECUTIONS) -> Iterator[None]:
    """Nothing can be inserted: on PostgreSQL the right to do so is taken away."""
    if connection.vendor != "postgresql":
        with refused("INSERT", table):
            yield
        return
    with poor_role() as role:
        sql(f"REVOKE INSERT ON {table} FROM {role}")
        sql(f"SET ROLE {role}")
        try:
            yield
        finally:
            sql("RESET ROLE")


@contextmanager
def refused(what: str, table: str, when: str = "true") -> Iterator[None]:
    """A trigger of the database's that refuses rows."""
    if connection.vendor == "postgresql":
        sql(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = 'check_violation'; END $$"
        )
        sql(
            f"CREATE TRIGGER refusing BEFORE {what} ON {table} FOR EACH ROW"
            f" WHEN ({when}) EXECUTE FUNCTION refuse()"
        )
    else:
        sql(
            f"CREATE TRIGGER refusing BEFORE {what} ON {table} WHEN {when}"
            " BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
    try:
        yield
    finally:
        on = f" ON {table}" if connection.vendor == "postgresql" else ""
        sql(f"DROP TRIGGER refusing{on}")
        if connection.vendor == "postgresql":
            sql("DROP FUNCTION refuse()")


@contextmanager
def renamed(table: str, column: str) -> Iterator[None]:
    """A column that this code knows is gone."""
    sql(f"ALTER TABLE {table} RENAME COLUMN {column} TO other")
    try:
        yield
    finally:
        sql(f"ALTER TABLE {table} RENAME COLUMN other TO {column}")


@contextmanager
def unknown_column(table: str = EXECUTIONS) -> Iterator[None]:
    """A column that this code doesn't know, and would have to fill."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite can't add such a column to a table.")
    sql(f"ALTER TABLE {table} ADD COLUMN newer text NOT NULL DEFAULT 'x'")
    sql(f"ALTER TABLE {table} ALTER COLUMN newer DROP DEFAULT")
    try:
        yield
    finally:
        sql(f"ALTER TABLE {table} DROP COLUMN newer")
