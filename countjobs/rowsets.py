"""Many rows in one statement, however many: they travel as one JSON document.

The ORM's bulk methods split what they send where a database limits the number of parameters (at
999 on SQLite), and build every value one by one. Claims and results are written thousands of times
a minute, so these two statements are the app's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias

from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models

from countjobs.models.fields import OrderedJSONField
from countjobs.text import storable

Row = Mapping[str, Any]
_Field: TypeAlias = "models.Field[Any, Any]"


def insert_rows(
    model: type[models.Model], rows: Sequence[Row], returning: Sequence[str]
) -> list[tuple[Any, ...]]:
    """Insert rows, each with the same fields, but none that a unique constraint forbids.

    Returns the fields named of those inserted, in no promised order. The database's own defaults
    hold for fields that aren't given, not the model's.
    """
    if not rows:
        return []
    names = tuple(rows[0])
    sql = _insert_sql(connection.vendor, model, names, tuple(returning))
    return _execute(sql, _document(rows, _fields(model, names)))


def update_rows(model: type[models.Model], rows: Sequence[Row], where: str = "true") -> list[Any]:
    """Update rows, each a mapping of the primary key and the same fields, where a condition holds.

    Returns the keys of the rows that were there and met it. The condition is SQL on the table's own
    columns; a percent sign in it is doubled.
    """
    if not rows:
        return []
    names = tuple(rows[0])
    sql = _update_sql(connection.vendor, model, names, where)
    return [row[0] for row in _execute(sql, _document(rows, _fields(model, names)))]


@lru_cache
def _insert_sql(
    vendor: str, model: type[models.Model], names: tuple[str, ...], returning: tuple[str, ...]
) -> str:
    fields = _fields(model, names)
    table = _quote(model._meta.db_table)
    columns = ", ".join(_column(field) for field in fields)
    new = ", ".join(_new(field) for field in fields)
    back = ", ".join(_column(field) for field in _fields(model, returning))
    # «WHERE true» tells SQLite's parser that ON CONFLICT does not belong to a join.
    return (
        f"INSERT INTO {table} ({columns}) SELECT {new} FROM {_rowset(vendor, fields)} WHERE true"  # noqa: S608  # names only
        f" ON CONFLICT DO NOTHING RETURNING {back}"
    )


@lru_cache
def _update_sql(vendor: str, model: type[models.Model], names: tuple[str, ...], where: str) -> str:
    fields = _fields(model, names)
    (key,) = (field for field in fields if field.primary_key)
    sets = ", ".join(f"{_column(f)} = {_new(f)}" for f in fields if f is not key)
    return (
        f"UPDATE {_quote(model._meta.db_table)} SET {sets} FROM {_rowset(vendor, fields)}"  # noqa: S608  # names only
        f" WHERE {_column(key)} = {_new(key)} AND ({where}) RETURNING {_column(key)}"
    )


@lru_cache
def _fields(model: type[models.Model], names: tuple[str, ...]) -> tuple[_Field, ...]:
    fields = (model._meta.get_field(name) for name in names)
    return tuple(field for field in fields if isinstance(field, models.Field))


def _execute(sql: str, document: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [document])
        return list(cursor.fetchall())


def _rowset(vendor: str, fields: Iterable[_Field]) -> str:
    """A table made of the document: each database has its own function for that.

    Its columns have names of their own, since SQLite can't return qualified ones.
    """
    match vendor:
        case "postgresql":
            types = ", ".join(f"{_new(field)} {field.rel_db_type(connection)}" for field in fields)
            return f"json_to_recordset(%s::json) AS given ({types})"
        case "sqlite":
            values = ", ".join(
                f"json_extract(value, '$.new_{field.column}') AS {_new(field)}" for field in fields
            )
            return f"(SELECT {values} FROM json_each(%s)) AS given"  # noqa: S608  # names only
        case other:
            raise ImproperlyConfigured(f"countjobs runs on PostgreSQL and SQLite, not on {other}.")


def _document(rows: Sequence[Row], fields: Sequence[_Field]) -> str:
    """The rows as JSON, each value as its column stores it."""
    named = [(f"new_{field.column}", field.name, field) for field in fields]
    plain = [{new: _plain(field, row[name]) for new, name, field in named} for row in rows]
    return json.dumps(plain)


def _plain(field: _Field, value: Any) -> Any:
    if isinstance(value, str) and not isinstance(field, OrderedJSONField):
        # One text that PostgreSQL refuses would take the others down with it.
        return value if value.isascii() and "\0" not in value else storable(value)
    if isinstance(value, datetime):
        return str(connection.ops.adapt_datetimefield_value(value))
    if isinstance(field, OrderedJSONField):
        return field.get_db_prep_value(value, connection)
    return value


def _column(field: _Field) -> str:
    return _quote(str(field.column))


def _new(field: _Field) -> str:
    return _quote(f"new_{field.column}")


def _quote(name: str) -> str:
    return connection.ops.quote_name(name)
