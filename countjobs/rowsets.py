"""Many rows in one statement, however many: they travel as one JSON document.

The ORM's bulk methods split what they send where a database limits the number of parameters (at
999 on SQLite), and build every value one by one. Claims and results are written thousands of times
a minute, so these two statements are the app's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models

Row = Mapping[str, Any]


def insert_rows(model: type[models.Model], rows: Sequence[Row], returning: Sequence[str]) -> list[tuple[Any, ...]]:
    """Insert rows, each with the same fields, but none that a unique constraint forbids.

    Returns the fields named of those inserted, in no promised order.
    """
    if not rows:
        return []
    fields = [model._meta.get_field(name) for name in rows[0]]
    table, columns = _quote(model._meta.db_table), _columns(fields)
    new = ", ".join(_new(field) for field in fields)
    back = ", ".join(_quote(name) for name in returning)
    # «WHERE true» tells SQLite's parser that ON CONFLICT does not belong to a join.
    return _execute(
        f"INSERT INTO {table} ({columns}) SELECT {new} FROM {_rowset(fields)} WHERE true"  # noqa: S608  # names only
        f" ON CONFLICT DO NOTHING RETURNING {back}",
        _document(rows, fields),
    )


def update_rows(model: type[models.Model], rows: Sequence[Row], where: str = "true") -> list[Any]:
    """Update rows, each a mapping of the primary key and the same fields, where a condition holds.

    Returns the keys of the rows that were there and met it. The condition is SQL on the table's own
    columns.
    """
    if not rows:
        return []
    fields = [model._meta.get_field(name) for name in rows[0]]
    key = model._meta.pk
    sets = ", ".join(f"{_quote(f.column)} = {_new(f)}" for f in fields if not f.primary_key)
    found = _execute(
        f"UPDATE {_quote(model._meta.db_table)} SET {sets} FROM {_rowset(fields)}"  # noqa: S608  # names only
        f" WHERE {_quote(key.column)} = {_new(key)} AND {where} RETURNING {_quote(key.column)}",
        _document(rows, fields),
    )
    return [row[0] for row in found]


def _execute(sql: str, document: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [document])
        return cursor.fetchall()


def _rowset(fields: Iterable[models.Field[Any, Any]]) -> str:
    """A table made of the document: each database has its own function for that.

    Its columns have names of their own, since SQLite can't return qualified ones.
    """
    match connection.vendor:
        case "postgresql":
            types = ", ".join(f"{_new(f)} {f.rel_db_type(connection)}" for f in fields)
            return f"json_to_recordset(%s::json) AS given ({types})"
        case "sqlite":
            values = ", ".join(f"value ->> 'new_{f.column}' AS {_new(f)}" for f in fields)
            return f"(SELECT {values} FROM json_each(%s)) AS given"  # noqa: S608  # names only
        case other:
            raise ImproperlyConfigured(f"countjobs runs on PostgreSQL and SQLite, not on {other}.")


def _document(rows: Sequence[Row], fields: Sequence[models.Field[Any, Any]]) -> str:
    """The rows as JSON, each value as its column stores it."""
    return json.dumps([{f"new_{f.column}": _plain(f, row[f.name]) for f in fields} for row in rows])


def _plain(field: models.Field[Any, Any], value: Any) -> Any:
    if isinstance(value, datetime):
        return str(connection.ops.adapt_datetimefield_value(value))
    if isinstance(field, models.JSONField):
        return field.get_db_prep_value(value, connection)
    return value


def _columns(fields: Iterable[models.Field[Any, Any]]) -> str:
    return ", ".join(_quote(field.column) for field in fields)


def _new(field: models.Field[Any, Any]) -> str:
    return _quote(f"new_{field.column}")


def _quote(name: str) -> str:
    return connection.ops.quote_name(name)
