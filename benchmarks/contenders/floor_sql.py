"""The statements of the floor, by hand for each database."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Statements:
    """What the floor asks of a database, and how it gets lists there."""

    create: tuple[str, ...]
    lock: str
    move: str
    insert: str
    record: str
    listed: Callable[[list[int]], Any]
    """Ids, as one parameter."""
    paired: Callable[[list[int], list[str]], list[Any]]
    """Ids and their outputs, as parameters."""
    define: str = "INSERT INTO floor_job (id, due_at, messages, count) VALUES (%s, %s, %s, %s)"


def _create(identity: str, instant: str) -> tuple[str, ...]:
    return (
        "CREATE TABLE floor_job (id bigint PRIMARY KEY,"
        f" due_at {instant} NOT NULL, messages text NOT NULL, count integer NOT NULL)",
        "CREATE INDEX floor_job_due ON floor_job (due_at)",
        f"CREATE TABLE floor_execution (id {identity},"
        f" job_id bigint NOT NULL, scheduled_at {instant} NOT NULL, started_at {instant} NOT NULL,"
        f" finished_at {instant}, status text NOT NULL, output text NOT NULL)",
    )


_LOCK = "SELECT id, messages, count FROM floor_job WHERE due_at <= %s ORDER BY due_at LIMIT %s"
_MOVE = "UPDATE floor_job SET due_at = %s WHERE id "
_INSERT = (
    "INSERT INTO floor_execution (job_id, scheduled_at, started_at, status, output)"
    " SELECT id, %s, %s, 'running', '' FROM floor_job WHERE id "
)
_RECORD = (
    "UPDATE floor_execution SET status = 'succeeded', finished_at = %s, output = done.output FROM "
)

_POSTGRESQL = Statements(
    create=_create("bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "timestamptz"),
    lock=f"{_LOCK} FOR UPDATE SKIP LOCKED",
    move=f"{_MOVE} = ANY(%s)",
    insert=f"{_INSERT} = ANY(%s) RETURNING id, job_id",
    record=f"{_RECORD} unnest(%s::bigint[], %s::text[]) AS done (id, output)"
    " WHERE floor_execution.id = done.id",
    listed=lambda ids: ids,
    paired=lambda ids, outputs: [ids, outputs],
)
_SQLITE = Statements(
    create=_create("integer PRIMARY KEY", "text"),
    lock=_LOCK,
    move=f"{_MOVE} IN (SELECT value FROM json_each(%s))",
    insert=f"{_INSERT} IN (SELECT value FROM json_each(%s)) RETURNING id, job_id",
    record=f"{_RECORD} (SELECT value ->> 0 AS id, value ->> 1 AS output FROM json_each(%s)) AS done"
    " WHERE floor_execution.id = done.id",
    listed=json.dumps,
    paired=lambda ids, outputs: [json.dumps(list(zip(ids, outputs, strict=True)))],
)
STATEMENTS = {"postgresql": _POSTGRESQL, "sqlite": _SQLITE}
