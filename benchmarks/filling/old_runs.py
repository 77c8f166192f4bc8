"""Runs that a purge deletes: copies of one row, by the million, of a thousand jobs."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from benchmarks.filling.history import SETTINGS, indexed_after
from benchmarks.own_process import say
from countjobs.models import Execution

BATCH = 500_000
DAYS = 90
"""The runs were due in so many days, and so many days ago."""
OUTPUT = "0\n1\n2\n2026-03-04 12:00:00 INFO 3 count finished.\nINFO one, one count.\n" * 2
_PARTS = {
    "postgresql": {
        "numbers": "generate_series(%s::bigint, %s::bigint) AS numbers(i)",
        "moment": "one.{name} + interval '1 second' * (i * {step})",
    },
    "sqlite": {
        "numbers": "(WITH RECURSIVE numbers(i) AS (SELECT %s UNION ALL SELECT i + 1 FROM numbers"
        " WHERE i < %s) SELECT i FROM numbers)",
        "moment": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', one.{name}, (i * {step}) || ' seconds')",
    },
}
_TABLE = Execution._meta.db_table


def make(count: int) -> int:
    """Make so many old runs. Every thirtieth failed. Returns how many runs there are."""
    on_postgresql = connection.vendor == "postgresql"
    due = timezone.now() - timedelta(days=2 * DAYS + 1)
    one = Execution.objects.create(
        job_id="old",
        job_name="old",
        status="succeeded",
        scheduled_at=due,
        started_at=due,
        finished_at=due,
        node="worker-1:4711:0c0ffee0",
        output=OUTPUT,
    )
    with connection.cursor() as cursor:
        for name, value in SETTINGS.items() if on_postgresql else ():
            cursor.execute(f"SET {name} = {value}")
        with indexed_after(cursor) if on_postgresql else nullcontext():
            for first in range(1, count, BATCH):
                last = min(first + BATCH, count) - 1
                cursor.execute(_sql(DAYS * 86_400 / count), [first, last, one.pk])
                say(f"  {last + 1:,} of {count:,} old runs made")
        cursor.execute("VACUUM (ANALYZE)" if on_postgresql else "ANALYZE")
    return Execution.objects.count()


def _sql(step: float) -> str:
    """Copies the row, once for each number."""
    parts = _PARTS[connection.vendor]
    own = {
        "job_id": "'old:' || (i %% 1000)",
        "status": "CASE WHEN i %% 30 = 0 THEN 'failed' ELSE 'succeeded' END",
    }
    for name in ("scheduled_at", "started_at", "finished_at"):
        own[name] = parts["moment"].format(name=name, step=step)
    columns: list[str] = []
    for field in Execution._meta.concrete_fields:
        kept: Any = field
        if not (kept.generated or kept.primary_key):
            columns.append(str(kept.column))
    values = ", ".join(own.get(column, f'one."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    return (
        f"INSERT INTO {_TABLE} ({names}) SELECT {values}"
        f" FROM {_TABLE} AS one, {parts['numbers']} WHERE one.id = %s"
    )
