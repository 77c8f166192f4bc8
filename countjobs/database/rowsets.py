"""Any number of rows in one statement: they are sent as one JSON document.

The ORM's bulk methods split the rows, because databases limit the number of parameters (SQLite to
999), and build every value one by one. Claims and outcomes are written thousands of times a minute,
so these two statements are the app's own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import lru_cache, partial
from typing import Any, TypeAlias

from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models

from countjobs.text import storable

Row = Mapping[str, Any]
_Field: TypeAlias = "models.Field[Any, Any]"
_Writer: TypeAlias = Callable[[Any], Any]


def insert_rows(
    model: type[models.Model],
    rows: Sequence[Row],
    returning: Sequence[str],
    shared: Row | None = None,
) -> list[tuple[Any, ...]]:
    """Insert rows, all with the same fields, except those that a unique constraint forbids.

    `shared` holds the values that all rows have in common. Returns the fields `returning` of the
    inserted rows, in any order; instants are the database's text. Fields that aren't given get the
    database's defaults, not the model's.
    """
    if not rows:
        return []
    shared = shared or {}
    sql = _insert_sql(connection.vendor, model, tuple(rows[0]), tuple(shared), tuple(returning))
    return _execute(sql, model, rows, shared)


def update_rows(
    model: type[models.Model],
    rows: Sequence[Row],
    where: str = "true",
    shared: Row | None = None,
) -> list[Any]:
    """Update rows that meet a condition. Each is given as its primary key and the fields to set.

    `shared` holds the values that all rows have in common. The condition is SQL on the table's own
    columns, with percent signs doubled. Returns the keys of the rows that were updated.
    """
    if not rows:
        return []
    shared = shared or {}
    sql = _update_sql(connection.vendor, model, tuple(rows[0]), tuple(shared), where)
    return [row[0] for row in _execute(sql, model, rows, shared)]


@lru_cache
def _insert_sql(
    vendor: str,
    model: type[models.Model],
    names: tuple[str, ...],
    shared: tuple[str, ...],
    returning: tuple[str, ...],
) -> str:
    fields = _fields(model, names + shared)
    table = _quote(model._meta.db_table)
    columns = ", ".join(_column(field) for field in fields)
    new = ", ".join(_new(field) for field in fields)
    back = ", ".join(_returned(field) for field in _fields(model, returning))
    # «WHERE true» tells SQLite's parser that ON CONFLICT does not belong to a join.
    return (
        f"INSERT INTO {table} ({columns}) SELECT {new} FROM {_given(vendor, model, names, shared)}"  # noqa: S608  # names only
        f" WHERE true ON CONFLICT DO NOTHING RETURNING {back}"
    )


@lru_cache
def _update_sql(
    vendor: str,
    model: type[models.Model],
    names: tuple[str, ...],
    shared: tuple[str, ...],
    where: str,
) -> str:
    fields = _fields(model, names + shared)
    (key,) = (field for field in fields if field.primary_key)
    sets = ", ".join(f"{_column(f)} = {_new(f)}" for f in fields if f is not key)
    table = _quote(model._meta.db_table)
    given = _given(vendor, model, names, shared)
    condition = f"{_column(key)} = {_new(key)} AND ({where}) RETURNING {_column(key)}"
    if vendor == "sqlite":
        return f"UPDATE {table} SET {sets} FROM {given} WHERE {condition}"  # noqa: S608  # names only
    # PostgreSQL's planner assumes 100 rows here, and would then read a whole table of a few
    # thousand rows. The keys of an array it always looks up.
    return (
        f"WITH given AS (SELECT * FROM {given}) UPDATE {table} SET {sets} FROM given"  # noqa: S608  # names only
        f" WHERE {_column(key)} = ANY (ARRAY (SELECT {_new(key)} FROM given)) AND {condition}"
    )


@lru_cache
def _fields(model: type[models.Model], names: tuple[str, ...]) -> tuple[_Field, ...]:
    fields = (model._meta.get_field(name) for name in names)
    return tuple(field for field in fields if isinstance(field, models.Field))


def _execute(
    sql: str, model: type[models.Model], rows: Sequence[Row], shared: Row
) -> list[tuple[Any, ...]]:
    documents = [_document(model, each) for each in (rows, [shared]) if each[0]]
    with connection.cursor() as cursor:
        cursor.execute(sql, documents)
        return list(cursor.fetchall())


def _given(
    vendor: str, model: type[models.Model], names: tuple[str, ...], shared: tuple[str, ...]
) -> str:
    """The rows, and the shared values as a table of one row."""
    own = f"{_rowset(vendor, _fields(model, names))} AS own"
    return f"{own}, {_rowset(vendor, _fields(model, shared))} AS shared" if shared else own


def _rowset(vendor: str, fields: Iterable[_Field]) -> str:
    """The document as a table; each database has its own function for that.

    Its columns have other names than the model's, because SQLite's RETURNING can't qualify names.
    """
    match vendor:
        case "postgresql":
            types = ", ".join(f"{_new(field)} {field.rel_db_type(connection)}" for field in fields)
            return f"ROWS FROM (json_to_recordset(%s::json) AS ({types}))"
        case "sqlite":
            values = ", ".join(
                f"json_extract(value, '$.new_{field.column}') AS {_new(field)}" for field in fields
            )
            return f"(SELECT {values} FROM json_each(%s))"  # noqa: S608  # names only
        case other:
            raise ImproperlyConfigured(f"countjobs runs on PostgreSQL and SQLite, not on {other}.")


def _document(model: type[models.Model], rows: Sequence[Row]) -> str:
    """The rows as JSON, each value as its column stores it."""
    writers = _writers(connection.vendor, connection.timezone, model, tuple(rows[0]))
    plain = [{new: write(row[name]) for new, name, write in writers} for row in rows]
    return _encode(plain)


_encode = json.JSONEncoder(check_circular=False).encode


@lru_cache
def _writers(
    vendor: str, zone: tzinfo | None, model: type[models.Model], names: tuple[str, ...]
) -> list[tuple[str, str, _Writer]]:
    return [
        (f"new_{field.column}", field.name, _writer(vendor, zone, field))
        for field in _fields(model, names)
    ]


def _writer(vendor: str, zone: tzinfo | None, field: _Field) -> _Writer:
    """Turns a field's values into what its column stores. SQLite's times are in `zone`."""
    if isinstance(field, models.JSONField):
        return lambda value: field.get_db_prep_value(value, connection)
    if isinstance(field, models.DateTimeField):
        # The same text as from the backends' own methods, in far less time.
        return _aware if vendor == "postgresql" else partial(_naive, zone)
    if isinstance(field, models.CharField | models.TextField):
        # One text that PostgreSQL refuses would fail the whole statement.
        return lambda value: storable(value) if isinstance(value, str) else value
    return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _aware(value: datetime | None) -> str | None:
    return None if value is None else str(value)


def _naive(zone: tzinfo | None, value: datetime | None) -> str | None:
    return None if value is None else str(value.astimezone(zone).replace(tzinfo=None))


def _column(field: _Field) -> str:
    return _quote(str(field.column))


def _returned(field: _Field) -> str:
    is_instant = isinstance(field, models.DateTimeField)
    return f"CAST({_column(field)} AS text)" if is_instant else _column(field)


def _new(field: _Field) -> str:
    return _quote(f"new_{field.column}")


def _quote(name: str) -> str:
    return connection.ops.quote_name(name)
