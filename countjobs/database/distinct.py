"""The distinct values of a column that has an index, however long the table."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

_MOST = 1_000


def distinct_values(
    connection: BaseDatabaseWrapper,
    table: str,
    column: str,
    after: str | None = None,
    most: int = _MOST,
) -> list[str]:
    """The values in order that are greater than `after`, at most so many.

    DISTINCT reads the whole index: for five values in 200,000 rows, PostgreSQL 15 took 80 ms. This
    reads one entry of the index for each value, then asks for the next greater one: 0.1 ms.
    """
    table, column = map(connection.ops.quote_name, (table, column))
    first = f"SELECT min({column}) FROM {table}"  # noqa: S608  # names only
    given: list[str | int] = []
    if after is not None:
        first += f" WHERE {column} > %s"
        given.append(after)
    sql = (
        f"WITH RECURSIVE each_value(value) AS ({first}"  # noqa: S608  # names only
        f" UNION ALL SELECT (SELECT min({column}) FROM {table} WHERE {column} > each_value.value)"
        " FROM each_value WHERE each_value.value IS NOT NULL)"
        " SELECT value FROM each_value WHERE value IS NOT NULL LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*given, most])
        return [row[0] for row in cursor.fetchall()]
