"""The newest runs of each of many jobs, in one statement.

The ORM can't express this. A window function would read each job's whole history. These statements
read only as many entries of the index `countjobs_newest_of_job` as they return rows, and those of
earlier attempts between them. They make no model objects: lists show thousands of runs, and making
the objects would take longer than reading the rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class Past(NamedTuple):
    """What lists show of a run."""

    id: int
    job_id: str
    status: str
    scheduled_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def duration(self) -> timedelta | None:
        """How long the run took."""
        return self.finished_at - self.started_at if self.finished_at and self.started_at else None


def read_newest(
    connection: BaseDatabaseWrapper,
    model: type[models.Model],
    job_ids: Iterable[str],
    most: int,
    condition: str,
) -> list[Past]:
    """The newest runs of each job, newest first, at most `most` per job.

    A chain of attempts counts once, by its end. Only runs that meet the condition count. It is SQL
    on the table's own columns.
    """
    table = connection.ops.quote_name(model._meta.db_table)
    ids = list(job_ids)
    with connection.cursor() as cursor:
        given = json.dumps(ids) if connection.vendor == "sqlite" else ids
        cursor.execute(_sql(connection.vendor, table, condition), [given, most])
        rows = cursor.fetchall()
    moment = _moments(connection, model)
    found = [Past(*row[:3], *map(moment, row[3:])) for row in rows]
    return sorted(found, key=lambda past: (past.scheduled_at, past.id), reverse=True)


def _sql(vendor: str, table: str, condition: str) -> str:
    """Each database has its own way to take a list, and to look something up for each value."""
    names = ("id", "job_id", "status")
    moments = ("scheduled_at", "started_at", "finished_at")
    found = f"FROM {table} WHERE job_id = wanted.value AND next_attempt IS NULL AND {condition}"
    newest = "ORDER BY scheduled_at DESC, id DESC LIMIT %s"
    match vendor:
        case "postgresql":
            # As numbers: parsing datetimes in Django would take longer than everything else.
            columns = [*names, *(f"extract(epoch FROM {name})::float8" for name in moments)]
            rows = (
                "unnest(%s::text[]) AS wanted(value) CROSS JOIN LATERAL"
                f" (SELECT {', '.join(columns)} {found} {newest}) AS newest"
            )
            return f"SELECT newest.* FROM {rows}"  # noqa: S608  # names only
        case "sqlite":
            columns = [f"newest.{name}" for name in (*names, *moments)]
            rows = (  # in SQLite, CROSS JOIN keeps the order
                f"json_each(%s) AS wanted CROSS JOIN {table} AS newest"
                f" ON newest.id IN (SELECT id {found} {newest})"
            )
            return f"SELECT {', '.join(columns)} FROM {rows}"  # noqa: S608  # names only
        case other:
            raise ImproperlyConfigured(f"countjobs runs on PostgreSQL and SQLite, not on {other}.")


def _moments(
    connection: BaseDatabaseWrapper, model: type[models.Model]
) -> Callable[[Any], datetime | None]:
    """A function that makes a datetime of what the statement returns for one."""
    if connection.vendor == "postgresql":
        return lambda value: None if value is None else datetime.fromtimestamp(value, UTC)
    field: Any = model._meta.get_field("scheduled_at")
    column = field.get_col(model._meta.db_table)
    (convert,) = connection.ops.get_db_converters(column)
    return lambda value: convert(value, column, connection)
