"""The plans of statements, on tables that hold what a test has put there and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, models
from django.test.utils import CaptureQueriesContext


@contextmanager
def known_to_the_planner(*filled: type[models.Model]) -> Iterator[None]:
    """The planner knows what is put into these tables inside, on emptied ones.

    PostgreSQL keeps the pages of rows that earlier tests rolled back, until a vacuum of its own
    choosing, and plans by how many pages there are.
    """
    tables = [model._meta.db_table for model in filled]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
        yield
        for table in tables:
            cursor.execute(f"ANALYZE {table}")


def plan_of(sql: str, params: Any) -> str:
    """What the planner would do, a step in each line."""
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {sql}", params)
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def plans_of(captured: CaptureQueriesContext) -> str:
    """The plans of all that was asked, one after the other."""
    queries = [query["sql"].replace("%", "%%") for query in captured.captured_queries]
    return "\n".join(plan_of(sql, []) for sql in queries)
