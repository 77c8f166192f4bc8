"""The newest runs of each of many jobs, in one statement.

The ORM can't express this. A window function would read each job's whole history. These statements
read only as many entries of the index `countjobs_newest_of_job` as they return rows, and those of
earlier attempts between them. They make no model objects: lists show thousands of runs, and making
the objects would take longer than reading the rows.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from countjobs.models.statuses import UNFINISHED


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


def by_job(runs: Iterable[Past]) -> defaultdict[str, list[Past]]:
    """Runs by job, in the order in which they are given."""
    found: defaultdict[str, list[Past]] = defaultdict(list)
    for past in runs:
        found[past.job_id].append(past)
    return found


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
    source, given = _listed(connection, job_ids)
    return _read(connection, model, (source, [given]), most, condition)


def read_ended_before(
    connection: BaseDatabaseWrapper,
    model: type[models.Model],
    moments: Mapping[str, datetime],
    most: int,
) -> list[Past]:
    """The newest ended runs of each job that were due before a moment, which differs by job.

    Newest first, at most `most` per job.
    """
    if connection.vendor == "postgresql":
        source = "unnest(%s::text[], %s::timestamptz[]) AS wanted(value, moment)"
        given: list[Any] = [list(moments), list(moments.values())]
    else:
        source = (
            "(SELECT json_extract(value, '$[0]') AS value, json_extract(value, '$[1]') AS moment"
            " FROM json_each(%s)) AS wanted"
        )
        write: Any = connection.ops.adapt_datetimefield_value
        given = [json.dumps([(job_id, str(write(at))) for job_id, at in moments.items()])]
    condition = f"scheduled_at < wanted.moment AND NOT ({UNFINISHED})"
    return _read(connection, model, (source, given), most, condition)


def read_nth_newest(
    connection: BaseDatabaseWrapper, model: type[models.Model], job_ids: Iterable[str], number: int
) -> dict[str, int]:
    """The key of the newest run but so many of each job, counted from 1. Each attempt counts.

    Jobs with fewer runs are left out. It reads at most so many entries of an index for each job.
    """
    source, given = _listed(connection, job_ids)
    table = connection.ops.quote_name(model._meta.db_table)
    sql = (
        f"SELECT value, (SELECT id FROM {table} WHERE job_id = wanted.value"  # noqa: S608  # names only
        f" ORDER BY scheduled_at DESC, id DESC LIMIT 1 OFFSET %s) FROM {source}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [number - 1, given])
        return {job_id: key for job_id, key in cursor.fetchall() if key is not None}


def _listed(connection: BaseDatabaseWrapper, job_ids: Iterable[str]) -> tuple[str, Any]:
    """SQL for a list of jobs as a table, and its parameter."""
    ids = list(job_ids)
    if connection.vendor == "postgresql":
        return "unnest(%s::text[]) AS wanted(value)", ids
    return "json_each(%s) AS wanted", json.dumps(ids)


def _read(
    connection: BaseDatabaseWrapper,
    model: type[models.Model],
    wanted: tuple[str, list[Any]],
    most: int,
    condition: str,
) -> list[Past]:
    """`wanted` is the list of jobs: SQL for it as a table, and its parameters."""
    source, given = wanted
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(_sql(connection.vendor, table, source, condition), [*given, most])
        rows = cursor.fetchall()
    moment = _moments(connection, model)
    found = [Past(*row[:3], *map(moment, row[3:])) for row in rows]
    return sorted(found, key=lambda past: (past.scheduled_at, past.id), reverse=True)


def _sql(vendor: str, table: str, source: str, condition: str) -> str:
    """Each database has its own way to look something up for each value of a list.

    `source` is the list, as a table `wanted` with the job's id as `value`.
    """
    names = ("id", "job_id", "status")
    moments = ("scheduled_at", "started_at", "finished_at")
    found = f"FROM {table} WHERE job_id = wanted.value AND next_attempt IS NULL AND {condition}"
    newest = "ORDER BY scheduled_at DESC, id DESC LIMIT %s"
    match vendor:
        case "postgresql":
            # As numbers: parsing datetimes in Django would take longer than everything else.
            columns = [*names, *(f"extract(epoch FROM {name})::float8" for name in moments)]
            rows = (
                f"{source} CROSS JOIN LATERAL"
                f" (SELECT {', '.join(columns)} {found} {newest}) AS newest"
            )
            return f"SELECT newest.* FROM {rows}"  # noqa: S608  # names only
        case "sqlite":
            columns = [f"newest.{name}" for name in (*names, *moments)]
            rows = (  # in SQLite, CROSS JOIN keeps the order
                f"{source} CROSS JOIN {table} AS newest"
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
