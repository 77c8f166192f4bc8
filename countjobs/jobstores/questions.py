"""The queries that every claim makes, in SQL of the app's own.

The ORM would build each query anew, which takes longer than answering it. Queries that only some
claims make use the ORM.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection, models
from django_apscheduler.models import DjangoJob

from countjobs.database.primary import rows_of
from countjobs.jobstores.passed import NOTHING, PassedOver
from countjobs.models import Execution, Hold
from countjobs.models.executions import OWED, Trigger
from countjobs.models.kinds import concrete_definitions

_JOBS = DjangoJob._meta.db_table
_EXECUTIONS = Execution._meta.db_table
_NOT_HELD = f"NOT EXISTS (SELECT 1 FROM {Hold._meta.db_table})"  # noqa: S608  # names only
"""A condition of the queries that find what to claim: so a claim has no query more for it."""


class JobRow(NamedTuple):
    """A row of the job store, without the cost of a model object."""

    id: str
    next_run_time: datetime | None
    job_state: bytes


def due_rows(now: datetime, limit: int, passed: PassedOver = NOTHING) -> list[JobRow]:
    """The rows that have been due longest, locked; none while jobs are held.

    It skips rows that somebody else has locked.
    """
    lock = "FOR UPDATE SKIP LOCKED" if _skips_locked() else ""
    others, params = _others(passed, "id")
    rows = _ask(
        f"SELECT id, CAST(next_run_time AS text) AS due, job_state FROM {_JOBS}"  # noqa: S608  # names only
        f" WHERE next_run_time <= %s AND {_NOT_HELD}{others}"
        f" ORDER BY next_run_time LIMIT %s {lock}",
        [_moment(now), *params, limit],
    )
    return [JobRow(id, instant(due), bytes(state)) for id, due, state in rows]  # noqa: A001  # its name


def rows_from_code() -> models.QuerySet[DjangoJob]:
    """The rows of jobs from code: those whose ids are not of a definition, there or not."""
    rows = rows_of(DjangoJob)
    for model in concrete_definitions():
        rows = rows.exclude(id__startswith=model.job_id_of(""))
    return rows


def job_rows(queryset: models.QuerySet[DjangoJob]) -> list[JobRow]:
    """The rows of a query."""
    rows = queryset.values_list(*JobRow._fields)
    return [JobRow(id, due, bytes(state)) for id, due, state in rows]  # noqa: A001  # its name


def is_requested(now: datetime, passed: PassedOver = NOTHING) -> bool:
    """Whether any requested run is due. It may have to wait all the same."""
    others, params = _others(passed, "job_id")
    # In an index's order: otherwise the planner may choose the index of all active runs.
    return _is_there(
        f"SELECT 1 FROM {_EXECUTIONS} WHERE node = '' AND finished_at IS NULL"  # noqa: S608  # names only
        f" AND COALESCE(not_before, scheduled_at) <= %s AND {_NOT_HELD}{others}"
        " ORDER BY COALESCE(not_before, scheduled_at), id LIMIT 1",
        [_moment(now), *params],
    )


def is_active_elsewhere(job_ids: Iterable[str], node: str) -> bool:
    """Whether a run of any of these jobs has not ended in another scheduler, or was given back."""
    ids: Any = list(job_ids)
    among = "= ANY (%s)"
    if connection.vendor == "sqlite":
        ids, among = json.dumps(ids), "IN (SELECT value FROM json_each(%s))"
    return _is_there(
        f"SELECT 1 FROM {_EXECUTIONS} WHERE finished_at IS NULL AND node <> %s"  # noqa: S608  # names only
        f" AND (node <> '' OR trigger IN (%s, %s)) AND job_id {among} LIMIT 1",
        [node, *OWED, ids],
    )


class Busy(NamedTuple):
    """What goes on, or waits, of one job in other schedulers."""

    job_id: str
    runs: int
    """Runs that go on there, or that were given back."""
    owed: int
    """Those of them that wait for a scheduler. They go before what is due."""
    attempts: int
    """Retries that wait. They don't hold up the schedule."""


def busy_elsewhere(job_ids: Collection[str], asked: Collection[Execution], node: str) -> list[Busy]:
    """What other schedulers do, or have left, of these jobs. Jobs with nothing are left out.

    The runs in `asked` don't count.
    """
    if not is_active_elsewhere(job_ids, node):
        return []
    waits = models.Q(node="", trigger=Trigger.RETRY, not_before__isnull=False)
    owed = models.Q(node="", trigger__in=OWED) & ~waits
    counted = (
        Execution.objects.active()
        .filter(~models.Q(node="") | models.Q(trigger__in=OWED), job_id__in=list(job_ids))
        .exclude(node=node)
        .exclude(pk__in=[execution.pk for execution in asked])
        .values_list("job_id")
        .annotate(
            count=models.Count("pk", filter=~waits),
            owed=models.Count("pk", filter=owed),
            attempts=models.Count("pk", filter=waits),
        )
        .order_by()
    )
    return [Busy(*row) for row in counted]


def locked(queryset: Any) -> Any:
    """A query that locks what it finds, and skips what somebody else has locked."""
    return queryset.select_for_update(skip_locked=_skips_locked())


def instant(text: str) -> datetime:
    """An instant, from its text as the database has it. SQLite's is in the zone of its connection.

    Most rows of a claim are due at the same instants. The drivers would read each text anew.
    """
    return _instant(text, connection.timezone)


@lru_cache(maxsize=1_000)
def _instant(text: str, zone: tzinfo | None) -> datetime:
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=zone)


def _others(passed: PassedOver, column: str) -> tuple[str, list[Any]]:
    """SQL that leaves out jobs that are passed over; usually there are none."""
    if not passed:
        return "", []
    sql, params = passed.condition(column)
    return f" AND {sql}", params


def _skips_locked() -> bool:
    return bool(connection.features.has_select_for_update_skip_locked)


def _moment(value: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(value)


def _is_there(sql: str, params: list[Any]) -> bool:
    return bool(_ask(sql, params))


def _ask(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
