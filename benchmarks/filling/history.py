"""Executions by the million: the server makes them itself, in batches, and indexes them after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from benchmarks.filling.history_sql import COLUMNS, ROWS
from benchmarks.own_process import say
from countjobs.models import Execution, SchedulerNode

BATCH = 500_000
DAY_SECONDS = 86_400
OLDER_SECONDS = 89 * DAY_SECONDS
LAST_DAY = 0.015
"""The share of the last day: a little more than that of one of ninety."""
MOST_ACTIVE = 40
SETTINGS = {"maintenance_work_mem": "'512MB'", "synchronous_commit": "off", "jit": "off"}
"""Of this session alone."""


def make(count: int, definitions: int) -> None:
    """Make so many of so many definitions, telling how far it is."""
    values = _values(count, definitions, timezone.now())
    with connection.cursor() as cursor:
        for name, value in SETTINGS.items():
            cursor.execute(f"SET {name} = {value}")
        cursor.execute("ANALYZE")
        cursor.execute("SELECT setseed(0.5)")
        with indexed_after(cursor):
            for first in range(0, count, BATCH):
                last = min(first + BATCH, count) - 1
                _insert(cursor, values | {"first": first, "last": last})
                say(f"  {last + 1:,} of {count:,} executions made")
        key = f"pg_get_serial_sequence('{_TABLE}', 'id')"
        cursor.execute(f"SELECT setval({key}, %s)", [count + 1])
        say("  vacuuming")
        cursor.execute("VACUUM (ANALYZE)")


def make_schedulers() -> None:
    """Three that lived a moment ago, and two that are gone."""
    now = timezone.now()
    common = {"version": "0.1", "capacity": 10, "started": now - timedelta(days=3)}
    SchedulerNode.objects.bulk_create(
        SchedulerNode(host=f"worker-{number}", pid=4711, heartbeat=now - age, **common)
        for number, age in enumerate([timedelta(), timedelta(), timedelta(), *[timedelta(1)] * 2])
    )


_TABLE = Execution._meta.db_table


def _values(count: int, definitions: int, now: datetime) -> dict[str, Any]:
    recent = max(1, int(count * LAST_DAY))
    often = max(1, definitions // 3_333)
    sometimes = max(1, definitions // 50)
    ever = max(often + sometimes, definitions * 95 // 100)
    deleted = max(1, definitions // 50)
    a_second = 2 * recent / DAY_SECONDS  # with room for the truncation
    return {
        "rows": count,
        "now": now.isoformat(),
        "queued": min(10, count // 20),
        "active": min(MOST_ACTIVE, count // 10),
        "day": DAY_SECONDS,
        "recent": recent,
        "older": max(1, count - recent),
        "older_seconds": OLDER_SECONDS,
        "often": often,
        "sometimes": sometimes,
        "seldom": ever - often - sometimes + deleted,
        "ever": ever,
        "never": definitions - ever,
        "often_unit": unit_of(a_second, often),
        "unit": unit_of(a_second, sometimes),
    }


def unit_of(a_second: float, jobs: int) -> str:
    """What fire times may be cut to, so that no two of a job are the same.

    As many jobs take turns, and so many rows a second are made.
    """
    units = {"minute": 60, "second": 1}
    return next((unit for unit, many in units.items() if a_second * many < jobs), "microseconds")


def _insert(cursor: Any, values: dict[str, Any]) -> None:
    """One batch. Columns that are unknown here are given their defaults."""
    names, chosen, defaults = [], [], []
    for field in Execution._meta.concrete_fields:
        if field.generated:
            continue
        column = str(field.column)
        names.append(f'"{column}"')
        if column not in COLUMNS:
            defaults.append(field.get_db_prep_save(field.get_default(), connection))
        chosen.append(COLUMNS.get(column, "{default}"))
    columns = ", ".join(chosen).replace("%", "%%").replace("{default}", "%s")
    rows = ROWS.format(**values).replace("%", "%%")
    cursor.execute(f"INSERT INTO {_TABLE} ({', '.join(names)}) SELECT {columns} {rows}", defaults)


@contextmanager
def indexed_after(cursor: Any) -> Iterator[None]:
    """The table has no indexes but its key's meanwhile: to make them at the end is far sooner."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND NOT EXISTS"
        " (SELECT 1 FROM pg_constraint WHERE conindid = to_regclass(quote_ident(indexname)))",
        [_TABLE],
    )
    indexes = cursor.fetchall()
    for name, _definition in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    yield
    for number, (name, definition) in enumerate(indexes, start=1):
        cursor.execute(definition)
        say(f"  {number} of {len(indexes)} indexes made: {name}")
